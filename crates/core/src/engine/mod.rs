//! The engine: compiled rules and programs. A line in, updates out.
//!
//! [`Engine::feed`] cannot fail: what is odd about a line becomes a count in [`Counts`], and `explain`
//! shows the same as [`verdict::Verdict`]s. Nothing here does I/O or touches the store.
//!
//! An engine is a list of [`Unit`]s. A [`rule`] is one pattern, one reader of fields and a list of
//! updates. A [`script`] is a program of another language, which sees every line. How a language comes
//! to its units is said by [`source::ProgramSource`].

use crate::metrics::batch::Batch;
use crate::rules::RuleSet;
use logmetrics_follow::line::Line;

pub use crate::number as convert;
pub mod counts;
pub mod extract;
mod line_time;
mod prefilter;
pub mod pseudonym;
pub mod rule;
pub mod script;
pub mod script_patterns;
pub mod source;
pub use crate::times as timestamp;
pub mod unit_advice;
pub mod verdict;

pub use counts::{Counts, FieldError, FieldErrorKind};
use prefilter::{Candidates, Prefilter};
pub use pseudonym::Secret;
use rule::field::Context;
pub use rule::pattern;
use rule::{Mismatch, Program, Scratch};
use script::{ScriptOutcome, ScriptRunner};

/// Rules in the form that runs. Shared by all reading threads.
#[derive(Debug)]
pub struct Engine {
    units: Vec<Unit>,
    field_errors: Vec<FieldError>,
    prefilter: Prefilter,
    /// The units that are scripts.
    scripts: Candidates,
    order: Order,
    block_order: script::BlockOrder,
}

/// Which units see a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// All of them.
    All,
    /// Those whose texts are on it.
    Candidates,
    /// The same, up to a final one that matches.
    UntilFinal,
}

/// What looks at a line and makes updates of it.
#[derive(Debug)]
enum Unit {
    Rule(Box<Program>),
    /// A rule that looks at another text than the line, or several times at it.
    SpecialRule(Box<Program>),
    Script(script::Unit),
}

impl Unit {
    fn of_rule(program: Program) -> Unit {
        match program.special {
            None => Unit::Rule(Box::new(program)),
            Some(_) => Unit::SpecialRule(Box::new(program)),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Unit::Rule(program) | Unit::SpecialRule(program) => &program.name,
            Unit::Script(unit) => unit.script.name(),
        }
    }

    fn is_final(&self) -> bool {
        match self {
            Unit::Rule(program) | Unit::SpecialRule(program) => program.is_final,
            Unit::Script(_) => false,
        }
    }

    fn runner(&self) -> Option<Box<dyn ScriptRunner>> {
        match self {
            Unit::Rule(_) | Unit::SpecialRule(_) => None,
            Unit::Script(unit) => Some(unit.script.runner()),
        }
    }
}

/// What a unit made of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    Matched,
    /// The line says what others hold: neither a match nor unknown.
    Header,
    Passed,
}

impl Unit {
    #[inline]
    fn run(
        &self,
        number: usize,
        context: &Context<'_>,
        (scratch, script): (&mut Scratch, &mut Option<Box<dyn ScriptRunner>>),
        batch: &mut Batch,
        counts: &mut Counts,
    ) -> Ran {
        let matches = match self {
            Unit::Rule(program) => {
                let matches = program.matches(number, context, scratch);
                if matches.is_ok() {
                    program.act(context, scratch, batch, counts);
                }
                matches
            }
            Unit::SpecialRule(program) => {
                let matches = program.matches_specially(number, context, scratch);
                if matches.is_ok() {
                    program.act_specially(context, scratch, batch, counts);
                }
                matches
            }
            Unit::Script(unit) => {
                let Some(runner) = script else {
                    return Ran::Passed;
                };
                let outcome = unit.run(runner.as_mut(), context.line, batch);
                if outcome != ScriptOutcome::Matched {
                    return Ran::Passed;
                }
                if runner.has_repaired() {
                    counts.broken_label();
                }
                return Ran::Matched;
            }
        };
        match matches {
            Ok(()) => Ran::Matched,
            Err(Mismatch::Header) => Ran::Header,
            Err(Mismatch::Unreadable) => {
                counts.unreadable[number] += 1;
                Ran::Passed
            }
            Err(Mismatch::OtherHeader) => {
                counts.unreadable[number] += 1;
                if let Unit::SpecialRule(program) = self {
                    let why = program.why_other_header(context, scratch);
                    counts.other_header(number, why.unwrap_or_default());
                }
                Ran::Passed
            }
            Err(_) => Ran::Passed,
        }
    }
}

/// What one thread needs to run an engine: buffers kept from line to line.
#[derive(Debug)]
pub struct Runner {
    scratch: Scratch,
    counts: Counts,
    candidates: Candidates,
    /// The same for a line as it was written, where scripts see another text than rules.
    script_candidates: Candidates,
    /// For each unit that is a script, what this thread runs it by.
    scripts: Vec<Option<Box<dyn ScriptRunner>>>,
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
        let (programs, field_errors) = rule::build::programs(set, secret)?;
        let units = programs.into_iter().map(Unit::of_rule);
        Ok(Engine::of(units.collect(), field_errors))
    }

    fn of(units: Vec<Unit>, field_errors: Vec<FieldError>) -> Engine {
        let prefilter = Prefilter::of_texts(units.iter().map(|unit| match unit {
            Unit::Rule(program) | Unit::SpecialRule(program) => {
                Some(vec![program.pattern.as_ref()?.required()])
            }
            Unit::Script(unit) => unit.script.required_texts(),
        }));
        let is_script = |unit: &Unit| matches!(unit, Unit::Script(_));
        let scripts = units.iter().enumerate().filter(|(_, unit)| is_script(unit));
        let scripts = Candidates::of(units.len(), scripts.map(|(number, _)| number));
        let order = match prefilter.lets_all_through() {
            _ if units.iter().any(Unit::is_final) => Order::UntilFinal,
            true => Order::All,
            false => Order::Candidates,
        };
        Engine {
            units,
            field_errors,
            prefilter,
            scripts,
            order,
            block_order: script::BlockOrder::default(),
        }
    }

    /// The names of the rules, in their order.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.units.iter().map(Unit::name)
    }

    /// What can go wrong with a field, in the order that [`Counts::field_errors`] counts it.
    pub fn field_errors(&self) -> &[FieldError] {
        &self.field_errors
    }

    /// Buffers for one thread.
    pub fn runner(&self) -> Runner {
        Runner {
            scratch: Scratch::default(),
            counts: Counts::new(self.units.len(), self.field_errors.len()),
            candidates: Candidates::default(),
            script_candidates: Candidates::default(),
            scripts: self.units.iter().map(Unit::runner).collect(),
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

    /// Runs every unit over one line; `false` where none matches. Updates go to `batch`, what was
    /// counted to the runner's counts.
    pub fn feed(&self, line: &Line, runner: &mut Runner, batch: &mut Batch) -> bool {
        let context = Context {
            text: line.text,
            line,
        };
        let Runner {
            scratch,
            counts,
            candidates,
            script_candidates,
            scripts,
        } = runner;
        if self.order != Order::All {
            self.prefilter.candidates(line.text, candidates);
            // Scripts see a line as it was written.
            if let Some(whole) = line.wrapping.whole
                && !std::ptr::eq(whole, line.text)
                && !self.scripts.is_empty()
            {
                self.prefilter.candidates(whole, script_candidates);
                candidates.take(&self.scripts, script_candidates);
            }
        }
        let mut matched = false;
        let mut try_unit = |number: usize, unit: &Unit| {
            let script = &mut scripts[number];
            let ran = unit.run(number, &context, (scratch, script), batch, counts);
            let is_match = ran == Ran::Matched;
            matched |= ran != Ran::Passed;
            counts.matches[number] += u64::from(is_match);
            is_match
        };
        match self.order {
            Order::All => {
                let units = self.units.iter().enumerate();
                units.for_each(|(number, unit)| {
                    try_unit(number, unit);
                });
            }
            Order::Candidates => {
                (candidates.iter()).for_each(|number| {
                    try_unit(number, &self.units[number]);
                });
            }
            Order::UntilFinal => {
                let _ = (candidates.iter())
                    .map(|number| (number, &self.units[number]))
                    .any(|(number, unit)| try_unit(number, unit) && unit.is_final());
            }
        }
        if !matched {
            counts.unmatched += 1;
        }
        counts.end_line();
        matched
    }

    /// Counts the updates of a batch that the store refused, by their places in it: each is a bad value
    /// of the first rule that updates this metric.
    #[cold]
    pub fn count_refused(&self, batch: &Batch, places: &[usize], counts: &mut Counts) {
        let refused = places
            .iter()
            .filter_map(|&place| batch.updates().get(place));
        for metric in refused.map(|update| batch.metric_of(update)) {
            let mut rules = self.units.iter().filter_map(|unit| match unit {
                Unit::Rule(program) | Unit::SpecialRule(program) => program.bad_value_of(metric),
                Unit::Script(_) => None,
            });
            if let Some(error) = rules.next() {
                counts.field_errors[error] += 1;
            }
        }
    }

    /// What every rule says of one line, and why.
    pub fn explain(&self, line: &Line) -> Vec<verdict::Verdict> {
        let mut verdicts: Vec<verdict::Verdict> = Vec::new();
        let mut last: Option<Box<str>> = None;
        for (number, unit) in self.units.iter().enumerate() {
            let verdict = match &last {
                Some(rule) => verdict::Verdict {
                    rule: unit.name().into(),
                    outcome: verdict::Outcome::AfterFinal(rule.clone()),
                },
                None => verdict::explain(number, unit, self, line),
            };
            if unit.is_final() && verdict.outcome.is_match() {
                last = Some(unit.name().into());
            }
            verdicts.push(verdict);
        }
        verdicts
    }
}

impl Runner {
    /// What was counted since the last [`Counts::clear`].
    pub fn counts(&mut self) -> &mut Counts {
        &mut self.counts
    }
}

#[cfg(test)]
mod tests;
