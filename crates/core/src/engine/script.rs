//! Programs of another language than that of rules, as the engine sees them.
//!
//! The engine knows no such language. A program is whatever implements [`Script`]. Each reading thread
//! runs it by a [`ScriptRunner`] of its own, which sees every line and hands its updates to a
//! [`ScriptOutput`]. What a program remembers from line to line is one thing for all its runners, behind
//! a lock of its own; such a program must see the lines in their order.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::{Condvar, Mutex, PoisonError};

use super::{Engine, Runner, Unit as EngineUnit};
use crate::metrics::batch::{Batch, Exemplar, SeriesId, Update};
use crate::metrics::definition::MetricId;
use crate::metrics::kind::Operation;
use crate::metrics::snapshot::{FamilySnapshot, Snapshot};
use logmetrics_follow::line::Line;
pub use logmetrics_scan::plan::Required as RequiredTexts;

/// Keys and values of what is remembered, to be saved with the counts; nothing as a value removes.
pub type Changes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// A program that is run for each line.
pub trait Script: Any + Debug + Send + Sync {
    /// The name that its matches are counted under.
    fn name(&self) -> &str;

    /// Whether it remembers anything from line to line, so that it must see the lines in their order.
    fn keeps_state(&self) -> bool {
        false
    }

    /// What must be on a line, as it was written, that the program does anything for: what one of these
    /// requires. Nothing where it must see every line.
    fn required_texts(&self) -> Option<Vec<RequiredTexts>> {
        None
    }

    /// What one thread runs it by.
    fn runner(&self) -> Box<dyn ScriptRunner>;

    /// The name of its metric with this number, for people.
    fn metric(&self, number: usize) -> Option<&str> {
        _ = number;
        None
    }

    /// Called once, before any line: goes on from what there was, and does what is done at the start.
    fn resume(&self, past: &Past<'_>, out: &mut ScriptOutput<'_>) {
        _ = (past, out);
    }

    /// What of its memory has changed since the last call. The caller sees to it that no line is read
    /// meanwhile.
    fn changes(&self) -> Changes {
        Changes::new()
    }
}

/// What was there before a script was loaded.
#[derive(Debug, Clone, Copy)]
pub struct Past<'p> {
    /// The script of the same name that ran until now.
    pub predecessor: Option<&'p dyn Script>,
    /// What an earlier run of the program has saved: of all scripts.
    pub notes: &'p [(Vec<u8>, Vec<u8>)],
    /// The series of its metrics, which the store has kept.
    pub families: &'p [FamilySnapshot],
}

/// Runs a script on one thread.
pub trait ScriptRunner: Debug + Send {
    /// Lines follow that were read at once, now.
    fn begin_block(&mut self) {}

    fn run(&mut self, line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome;

    /// Whether bytes of the line that was run last had to be replaced, as it is not valid UTF-8.
    fn has_repaired(&self) -> bool {
        false
    }

    /// What held on the line that was run last, for people: a text each.
    fn held(&self) -> Vec<Box<str>> {
        Vec::new()
    }
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptOutcome {
    Matched,
    NotMatched,
    /// It stopped half-way, for this reason. What it had done stays.
    Failed(Box<str>),
}

/// A script among the units of an engine.
#[derive(Debug)]
pub struct Unit {
    pub(super) script: Box<dyn Script>,
    /// The number of its first metric among those of all units.
    first_metric: u32,
    /// How many metrics it has.
    metrics: usize,
}

/// Takes the updates of one script.
#[derive(Debug)]
pub struct ScriptOutput<'b> {
    batch: &'b mut Batch,
    first_metric: u32,
}

/// Lets one block of lines after the other be counted, each to its end, where the order matters.
#[derive(Debug, Default)]
pub(super) struct BlockOrder {
    is_busy: Mutex<bool>,
    freed: Condvar,
}

impl BlockOrder {
    fn acquire(&self) {
        let busy = self.is_busy.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_while(busy, |busy| *busy);
        *waited.unwrap_or_else(PoisonError::into_inner) = true;
    }

    fn release(&self) {
        *self.is_busy.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.freed.notify_one();
    }
}

impl Unit {
    pub(super) fn new(script: Box<dyn Script>, first_metric: u32, metrics: usize) -> Unit {
        Unit {
            script,
            first_metric,
            metrics,
        }
    }

    pub(super) fn run(
        &self,
        runner: &mut dyn ScriptRunner,
        line: &Line<'_>,
        batch: &mut Batch,
    ) -> ScriptOutcome {
        runner.run(line, &mut self.output(batch))
    }

    /// The updates of a batch in words.
    pub(super) fn describe(&self, batch: &Batch) -> Vec<Box<str>> {
        let describe = |update: &Update| {
            let number = batch.metric_of(update).0 - self.first_metric;
            let name = self.script.metric(number as usize).unwrap_or("?");
            let labels = String::from_utf8_lossy(batch.labels_of(update));
            let labels = match labels.is_empty() {
                true => String::new(),
                false => format!("{{{labels}}}"),
            };
            let value = update.value;
            let deed = match update.operation() {
                Operation::Usual | Operation::Add => format!("+ {value}"),
                Operation::Set => format!("= {value}"),
                Operation::Observe => format!("observes {value}"),
                Operation::SetText => {
                    format!("= {:?}", String::from_utf8_lossy(batch.text_of(update)))
                }
                Operation::Delete => "is deleted".to_owned(),
                Operation::ExpireAfter => format!("expires {value} s after its last update"),
                Operation::Create => "is there".to_owned(),
            };
            format!("{name}{labels} {deed}").into()
        };
        batch.updates().iter().map(describe).collect()
    }

    fn output<'b>(&self, batch: &'b mut Batch) -> ScriptOutput<'b> {
        ScriptOutput {
            batch,
            first_metric: self.first_metric,
        }
    }
}

impl Engine {
    fn scripts(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter().filter_map(|unit| match unit {
            EngineUnit::Script(unit) => Some(unit),
            EngineUnit::Rule(_) | EngineUnit::SpecialRule(_) => None,
        })
    }

    /// The scripts, each with the numbers of its metrics.
    pub fn scripts_with_metrics(&self) -> impl Iterator<Item = (&dyn Script, Range<usize>)> {
        self.scripts().map(|unit| {
            let first = unit.first_metric as usize;
            (&*unit.script, first..first + unit.metrics)
        })
    }

    /// Whether lines must be read one after the other, by one thread.
    pub fn needs_order(&self) -> bool {
        self.scripts().any(|unit| unit.script.keeps_state())
    }

    /// Begins a block of lines whose updates are applied before [`Engine::end_block`]: where a script
    /// keeps state, no other thread has one meanwhile.
    pub(crate) fn begin_block(&self, runner: &mut Runner) {
        if self.needs_order() {
            self.block_order.acquire();
        }
        let scripts = runner.scripts.iter_mut().flatten();
        scripts.for_each(|script| script.begin_block());
    }

    /// Ends a block that was begun.
    pub(crate) fn end_block(&self) {
        if self.needs_order() {
            self.block_order.release();
        }
    }

    /// Whether any unit is a script.
    pub fn has_scripts(&self) -> bool {
        self.scripts().next().is_some()
    }

    /// Lets the scripts go on from those of the engine before, from what was saved, and from the series
    /// that the store has kept. Call it once, before any line; what they do goes to `batch`.
    pub fn resume_scripts(
        &self,
        old: Option<&Engine>,
        notes: &[(Vec<u8>, Vec<u8>)],
        kept: &Snapshot,
        batch: &mut Batch,
    ) {
        for unit in self.scripts() {
            let name = unit.script.name();
            let mut before = old.into_iter().flat_map(Engine::scripts);
            let predecessor = before.find(|other| other.script.name() == name);
            let first = unit.first_metric as usize;
            let families = kept.families.get(first..first + unit.metrics);
            let past = Past {
                predecessor: predecessor.map(|other| &*other.script),
                notes,
                families: families.unwrap_or_default(),
            };
            unit.script.resume(&past, &mut unit.output(batch));
        }
    }

    /// What of the scripts' memories has changed since the last call, while no line is read.
    pub fn script_changes(&self) -> Changes {
        let units = self.scripts();
        units.flat_map(|unit| unit.script.changes()).collect()
    }
}

impl ScriptOutput<'_> {
    /// The series of the script's metric with this number, whose labels `write` writes: see
    /// [`Batch::labels`].
    pub fn series(&mut self, metric: u32, write: impl FnOnce(&mut Vec<u8>)) -> SeriesId {
        write(self.batch.labels());
        self.batch.series(MetricId(self.first_metric + metric))
    }

    /// Changes whenever the numbers of series do: see [`Batch::memory`].
    pub fn memory(&self) -> u64 {
        self.batch.memory()
    }

    /// Updates a series; `seconds` is the time of the update since 1970, where it is not now.
    pub fn update(
        &mut self,
        series: SeriesId,
        operation: Operation,
        value: f64,
        seconds: Option<f64>,
    ) {
        let time = self.time(seconds);
        self.batch.update(series, operation, value, time);
    }

    /// Makes a text the value of a series.
    pub fn set_text(&mut self, series: SeriesId, text: &[u8], seconds: Option<f64>) {
        let time = self.time(seconds);
        self.batch.set_text(series, text, time);
    }

    fn time(&mut self, seconds: Option<f64>) -> Option<u32> {
        let exemplar = seconds.map(|seconds| Exemplar {
            trace_id: b"",
            time_seconds: Some(seconds),
        });
        exemplar.map(|exemplar| self.batch.exemplar(exemplar))
    }
}
