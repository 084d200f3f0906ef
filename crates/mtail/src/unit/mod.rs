//! A compiled program as a unit of the engine: it sees every line as it was written, and its updates
//! go to the store. What it reads back is remembered apart ([`shadow`]), behind one lock for all
//! threads; a program that reads nothing back has no lock at all.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::script::{
    Changes, Past, RequiredTexts, Script, ScriptOutcome, ScriptOutput, ScriptRunner,
};
use logmetrics_core::engine::script_patterns::{PatternState, ScriptPattern, ScriptPatterns};
use logmetrics_core::engine::source::Compiled;
use logmetrics_core::rate_limit::Limited;
use logmetrics_follow::line::Line;
use regex::Regex;

use crate::layout::Time;
use crate::script::code::{Pattern, Program};
use crate::script::{self, Matcher, RuntimeError, Settings, Spans};

mod known_series;
mod layout;
mod notes;
mod reads;
mod required;
mod resume;
mod shadow;
#[cfg(test)]
mod tests;
mod updates;

use known_series::KnownSeries;
pub use layout::Metric;
use shadow::Family;
use updates::Updates;

/// How often what has expired is looked for at most, in seconds: until then it is only left out.
const SWEEP_SECONDS: i64 = 60;

/// How many messages about programs that stop half-way are written in a minute, for each program.
pub const MESSAGES_PER_MINUTE: u32 = 3;

/// How the metrics of programs are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOptions {
    /// Whether each series has the label `prog`: `--emit_prog_label`.
    pub has_program: bool,
    /// Whether each sample has the time of its series: `--emit_metric_timestamp`.
    pub shows_time: bool,
    /// Whether numbers are written as mtail writes them, and its other pages are served.
    pub is_mtails: bool,
    /// Whether limits and expiry are those of mtail 3.0.9: only at a sweep.
    pub strict: bool,
}

impl Default for PageOptions {
    fn default() -> Self {
        PageOptions {
            has_program: true,
            shows_time: false,
            is_mtails: false,
            strict: false,
        }
    }
}

/// What all programs share.
#[derive(Debug, Clone)]
pub struct UnitOptions {
    pub page: PageOptions,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// Whether a time without a year is of the current one.
    pub assumes_year: bool,
    /// How often strict mode sweeps, in seconds.
    pub sweep_seconds: i64,
    /// Whether it is said why a program stopped half-way.
    pub says_errors: bool,
    pub clock: Clock,
    pub messages: Arc<Limited>,
}

/// What is counted of one program, over all its versions.
#[derive(Debug, Default)]
pub struct ProgramCounts {
    /// Lines on which it stopped half-way.
    pub runtime_errors: AtomicU64,
}

/// A program as a unit.
#[derive(Debug)]
pub struct ProgramScript {
    shared: Arc<Shared>,
    /// What it remembers; none where it reads nothing back.
    state: Option<Arc<Mutex<State>>>,
}

/// What all threads know of a program.
#[derive(Debug)]
struct Shared {
    program: Arc<Program>,
    patterns: Arc<ScriptPatterns>,
    metrics: Vec<Metric>,
    /// The program's text.
    text: Box<str>,
    options: UnitOptions,
    counts: Arc<ProgramCounts>,
}

/// What a program remembers from line to line.
#[derive(Debug)]
struct State {
    interpreter: Interpreter,
    families: Vec<Option<Family>>,
    /// When it was swept last, in seconds.
    swept: i64,
}

type Interpreter = script::Script<PlanMatcher>;

impl Shared {
    fn interpreter(&self) -> Interpreter {
        let matcher = PlanMatcher {
            patterns: Arc::clone(&self.patterns),
            state: PatternState::default(),
        };
        let settings = Settings {
            zone: self.options.zone.clone(),
            assumes_year: self.options.assumes_year,
            strict: self.options.page.strict,
        };
        script::Script::new(Arc::clone(&self.program), matcher, settings)
    }

    /// Lines of the program with their numbers.
    fn lines(&self, numbers: &[usize]) -> Vec<Box<str>> {
        let line = |number: &usize| {
            let text = self.text.lines().nth(number.saturating_sub(1));
            format!("line {number}: {}", text.unwrap_or("").trim()).into()
        };
        numbers.iter().map(line).collect()
    }

    fn now(&self) -> Time {
        let now_ms = self.options.clock.now_ms();
        Time {
            seconds: (now_ms / 1000) as i64,
            nanoseconds: (now_ms % 1000) as u32 * 1_000_000,
        }
    }

    fn failed(&self, error: &RuntimeError, text: &[u8]) -> Box<str> {
        self.counts.runtime_errors.fetch_add(1, Ordering::Relaxed);
        let name = &self.program.name;
        if self.options.says_errors
            && let Some(more) = self.options.messages.admit(name)
        {
            let text: String = String::from_utf8_lossy(text).chars().take(200).collect();
            tracing::warn!("{name}: {error}; the line: {text:?}{more}");
        }
        error.to_string().into()
    }
}

/// A program as a unit, and the definitions of its metrics.
///
/// # Errors
/// When a regex is too large.
pub fn unit(
    program: Program,
    text: &str,
    options: &UnitOptions,
    counts: Arc<ProgramCounts>,
) -> Result<Compiled, regex::Error> {
    let strict = options.page.strict;
    let remembered = reads::remembered(&program, strict);
    let (metrics, definitions) = Metric::all(&program, &remembered, &options.page);
    let pattern = |(number, one): (usize, &Pattern)| {
        let mut sites = program.sites.iter().filter(|site| site.pattern == number);
        Ok(ScriptPattern {
            regex: Regex::new(&one.regex)?,
            captures: !one.needed.is_empty(),
            is_of_line: sites.any(|site| site.on_line),
        })
    };
    let patterns = program.patterns.iter().enumerate().map(pattern);
    let patterns = patterns.collect::<Result<_, regex::Error>>()?;
    let keeps_state = remembered.contains(&true) || (strict && !program.layouts.is_empty());
    let shared = Arc::new(Shared {
        program: Arc::new(program),
        patterns: Arc::new(ScriptPatterns::new(patterns)),
        metrics,
        text: text.into(),
        options: options.clone(),
        counts,
    });
    let family = |metric: &Metric| metric.is_remembered.then(|| Family::new(&metric.code));
    let state = keeps_state.then(|| State {
        interpreter: shared.interpreter(),
        families: shared.metrics.iter().map(family).collect(),
        swept: shared.now().seconds,
    });
    let script = ProgramScript {
        state: state.map(|state| Arc::new(Mutex::new(state))),
        shared,
    };
    Ok(Compiled::of_script(Box::new(script), definitions))
}

impl ProgramScript {
    /// The script as a program, if it is one.
    pub fn of(script: &dyn Script) -> Option<&ProgramScript> {
        (script as &dyn Any).downcast_ref()
    }

    pub fn program(&self) -> &Program {
        &self.shared.program
    }

    /// Its metrics in the order of the program.
    pub fn metrics(&self) -> &[Metric] {
        &self.shared.metrics
    }

    /// How many lines stopped it half-way.
    pub fn runtime_errors(&self) -> u64 {
        self.shared.counts.runtime_errors.load(Ordering::Relaxed)
    }

    fn state(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state.as_ref()?;
        Some(state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Script for ProgramScript {
    fn name(&self) -> &str {
        &self.shared.program.name
    }

    fn keeps_state(&self) -> bool {
        self.state.is_some()
    }

    fn required_texts(&self) -> Option<Vec<RequiredTexts>> {
        // In strict mode whatever has expired goes when a line comes, of whatever kind.
        let is_strict = self.shared.options.page.strict;
        let texts = || required::required(&self.shared.program, &self.shared.patterns);
        (!is_strict).then(texts).flatten()
    }

    fn runner(&self) -> Box<dyn ScriptRunner> {
        let shared = Arc::clone(&self.shared);
        match &self.state {
            Some(state) => Box::new(SharedRunner {
                block: Block::default(),
                state: Arc::clone(state),
                shared,
            }),
            None => Box::new(OwnRunner {
                block: Block::default(),
                interpreter: shared.interpreter(),
                shared,
            }),
        }
    }

    fn metric(&self, number: usize) -> Option<&str> {
        let mut metrics = self.shared.metrics.iter();
        let metric = metrics.find(|metric| metric.exported == Some(number as u32))?;
        Some(&metric.code.exported)
    }

    fn resume(&self, past: &Past<'_>, out: &mut ScriptOutput<'_>) {
        resume::resume(self, past, out);
    }

    fn changes(&self) -> Changes {
        let Some(mut state) = self.state() else {
            return Changes::new();
        };
        let name = self.name();
        let State {
            interpreter,
            families,
            ..
        } = &mut *state;
        let mut changes = Changes::new();
        for (metric, family) in self.shared.metrics.iter().zip(families) {
            let Some(family) = family else { continue };
            let identity = metric.identity();
            for (labels, series) in family.changes() {
                let key = notes::key(name, &identity, &labels);
                changes.push((key, series.map(notes::value)));
            }
        }
        if self.shared.options.page.strict {
            changes.push(notes::times(name, interpreter.times()));
        }
        changes
    }
}

/// What one thread knows while it runs one block of lines after the other.
#[derive(Debug, Default)]
struct Block {
    /// When the lines of the block at hand were read.
    read: Option<Time>,
    series: KnownSeries,
}

/// Runs a program that remembers something.
#[derive(Debug)]
struct SharedRunner {
    shared: Arc<Shared>,
    block: Block,
    state: Arc<Mutex<State>>,
}

/// Runs a program that remembers nothing.
#[derive(Debug)]
struct OwnRunner {
    shared: Arc<Shared>,
    block: Block,
    interpreter: Interpreter,
}

impl ScriptRunner for SharedRunner {
    fn run(&mut self, line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            interpreter,
            families,
            swept,
            ..
        } = &mut *state;
        let read = self.block.read.unwrap_or_else(|| self.shared.now());
        let strict = self.shared.options.page.strict;
        let wait = match strict {
            true => self.shared.options.sweep_seconds,
            false => self.shared.options.sweep_seconds.min(SWEEP_SECONDS),
        };
        if read.seconds.saturating_sub(*swept) >= wait {
            *swept = read.seconds;
            updates(&self.shared, families, out, (read, &mut self.block.series)).sweep();
        }
        let mut updates = updates(&self.shared, families, out, (read, &mut self.block.series));
        run(&self.shared, interpreter, line, &mut updates)
    }

    fn begin_block(&mut self) {
        self.block.read = Some(self.shared.now());
    }

    fn has_repaired(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.interpreter.has_repaired()
    }

    fn held(&self) -> Vec<Box<str>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.lines(state.interpreter.held())
    }
}

impl ScriptRunner for OwnRunner {
    fn run(&mut self, line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome {
        let read = self.block.read.unwrap_or_else(|| self.shared.now());
        let mut updates = updates(&self.shared, &mut [], out, (read, &mut self.block.series));
        run(&self.shared, &mut self.interpreter, line, &mut updates)
    }

    fn begin_block(&mut self) {
        self.block.read = Some(self.shared.now());
    }

    fn has_repaired(&self) -> bool {
        self.interpreter.has_repaired()
    }

    fn held(&self) -> Vec<Box<str>> {
        self.shared.lines(self.interpreter.held())
    }
}

fn updates<'u, 'b>(
    shared: &'u Shared,
    families: &'u mut [Option<Family>],
    out: &'u mut ScriptOutput<'b>,
    (read, known): (Time, &'u mut KnownSeries),
) -> Updates<'u, 'b> {
    Updates {
        metrics: &shared.metrics,
        families,
        out,
        known,
        read,
        strict: shared.options.page.strict,
        count: 0,
    }
}

#[inline(always)]
fn run(
    shared: &Shared,
    interpreter: &mut Interpreter,
    line: &Line<'_>,
    updates: &mut Updates<'_, '_>,
) -> ScriptOutcome {
    let text = line.wrapping.whole.unwrap_or(line.text);
    let of_log = script::Line {
        text,
        source: &line.origin.file,
        read: updates.read,
    };
    match interpreter.run(&of_log, updates) {
        Err(error) => ScriptOutcome::Failed(shared.failed(&error, text)),
        Ok(()) if updates.count > 0 || !interpreter.held().is_empty() => ScriptOutcome::Matched,
        Ok(()) => ScriptOutcome::NotMatched,
    }
}

/// Patterns through the plans of the engine.
#[derive(Debug)]
struct PlanMatcher {
    patterns: Arc<ScriptPatterns>,
    state: PatternState,
}

impl Matcher for PlanMatcher {
    #[inline]
    fn begin_line(&mut self, line: &str) {
        self.patterns.begin_line(line, &mut self.state);
    }

    #[inline]
    fn find(&mut self, pattern: usize, line: &str, spans: &mut Spans) -> bool {
        self.state.exchange(spans.room());
        let is_match = self.patterns.find_on_line(pattern, line, &mut self.state);
        self.state.exchange(spans.room());
        is_match
    }

    fn find_in(&mut self, pattern: usize, text: &str, spans: &mut Spans) -> bool {
        self.state.exchange(spans.room());
        let is_match = self.patterns.find(pattern, text, &mut self.state);
        self.state.exchange(spans.room());
        is_match
    }

    fn replace(&mut self, pattern: usize, text: &str, new: &str, out: &mut String) {
        self.patterns.replace(pattern, text, new, out);
    }
}
