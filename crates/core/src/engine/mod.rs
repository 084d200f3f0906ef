//! The engine: compiled rules. A line in, updates out.
//!
//! [`Engine::feed`] cannot fail: what is odd about a line becomes a count in the [`Tally`], and
//! `explain` shows the same as [`verdict::Verdict`]s. Nothing here does I/O, knows TOML, or touches
//! the store; another language of rules would compile to the same [`program::Program`].

use crate::metrics::batch::Batch;
use crate::rules::RuleSet;
use logmetrics_follow::line::Line;

mod compile;
pub mod convert;
pub mod extract;
mod field;
mod label;
mod memo;
pub mod pattern;
mod prefilter;
mod program;
pub mod pseudonym;
mod recipe;
mod shape;
pub mod tally;
pub mod timestamp;
pub mod verdict;

use field::Context;
use prefilter::Prefilter;
use program::{Program, Scratch};
pub use pseudonym::Secret;
pub use tally::{Reason, Tally, Trouble};

/// Rules in the form that runs. Shared by all reading threads.
#[derive(Debug)]
pub struct Engine {
    programs: Vec<Program>,
    reasons: Vec<Reason>,
    prefilter: Prefilter,
}

/// What one thread needs to run an engine: buffers kept from line to line.
#[derive(Debug)]
pub struct Runner {
    scratch: Scratch,
    tally: Tally,
    candidates: prefilter::Candidates,
}

/// A rule asks for pseudonyms and no secret was given.
#[derive(Debug, thiserror::Error)]
#[error(
    "rule `{rule}` writes label `{label}` as a pseudonym, which needs a secret: \
     set LOGMETRICS_PSEUDONYM_SECRET or --pseudonym-secret-file"
)]
pub struct SecretMissing {
    rule: String,
    label: String,
}

impl Engine {
    /// Compiles checked rules. `secret` keys the pseudonyms.
    ///
    /// # Errors
    /// When a label is to be a pseudonym and there is no secret.
    pub fn new(set: &RuleSet, secret: Option<&Secret>) -> Result<Engine, SecretMissing> {
        compile::compile(set, secret)
    }

    /// The names of the rules, in their order.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.programs.iter().map(|program| &*program.name)
    }

    /// What can go wrong with a field, in the order that [`Tally::troubles`] counts it.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    pub fn runner(&self) -> Runner {
        Runner {
            scratch: Scratch::default(),
            tally: Tally::new(self.programs.len(), self.reasons.len()),
            candidates: prefilter::Candidates::default(),
        }
    }

    /// Buffers for one thread that remembers at most so many labels' values from line to line.
    #[cfg(test)]
    fn runner_remembering(&self, values_max: usize) -> Runner {
        Runner {
            scratch: Scratch::remembering(values_max),
            ..self.runner()
        }
    }

    /// Runs every rule over one line; `false` where none matches. Updates go to `batch`, what was
    /// counted to the runner's tally.
    pub fn feed(&self, line: &Line, runner: &mut Runner, batch: &mut Batch) -> bool {
        let context = Context {
            text: line.text,
            line,
        };
        let Runner {
            scratch,
            tally,
            candidates,
        } = runner;
        let mut matched = false;
        let mut try_rule = |number: usize, program: &Program| {
            if program.matches(number, &context, scratch).is_ok() {
                matched = true;
                tally.matches[number] += 1;
                program.act(&context, scratch, batch, tally);
            }
        };
        if self.prefilter.lets_all_through() {
            let programs = self.programs.iter().enumerate();
            programs.for_each(|(number, program)| try_rule(number, program));
        } else {
            self.prefilter.candidates(line.text, candidates);
            (candidates.iter()).for_each(|number| try_rule(number, &self.programs[number]));
        }
        if !matched {
            tally.unmatched += 1;
        }
        matched
    }

    /// What every rule says of one line, and why.
    pub fn explain(&self, line: &Line) -> Vec<verdict::Verdict> {
        let context = Context {
            text: line.text,
            line,
        };
        let programs = self.programs.iter().enumerate();
        programs
            .map(|(number, program)| verdict::explain(number, program, self, &context))
            .collect()
    }
}

impl Runner {
    /// What was counted since the last [`Tally::clear`].
    pub fn tally(&mut self) -> &mut Tally {
        &mut self.tally
    }
}

#[cfg(test)]
mod tests;
