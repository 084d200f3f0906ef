//! Programs of another language than that of rules, as the engine sees them.
//!
//! The engine knows no such language. A program is whatever implements [`Script`]; it keeps its own
//! variables, sees every line in turn, and hands its updates to a [`ScriptOutput`].

use std::fmt::Debug;

use crate::metrics::batch::{Batch, Exemplar, SeriesId};
use crate::metrics::definition::MetricId;
use crate::metrics::kind::Operation;
use logmetrics_follow::line::Line;

/// A program that is run for each line. One instance serves all reading threads, so what it remembers
/// from line to line is behind a lock of its own.
pub trait Script: Debug + Send + Sync {
    /// The name that its matches are counted under.
    fn name(&self) -> &str;

    fn run(&self, line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome;
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
}

/// Takes the updates of one script.
#[derive(Debug)]
pub struct ScriptOutput<'b> {
    batch: &'b mut Batch,
    first_metric: u32,
}

impl Unit {
    pub(super) fn new(script: Box<dyn Script>, first_metric: u32) -> Unit {
        Unit {
            script,
            first_metric,
        }
    }

    pub(super) fn run(&self, line: &Line<'_>, batch: &mut Batch) -> ScriptOutcome {
        let mut out = ScriptOutput {
            batch,
            first_metric: self.first_metric,
        };
        self.script.run(line, &mut out)
    }
}

impl ScriptOutput<'_> {
    /// The series of the script's metric with this number, whose labels `write` writes: see
    /// [`Batch::labels`].
    pub fn series(&mut self, metric: u32, write: impl FnOnce(&mut Vec<u8>)) -> SeriesId {
        write(self.batch.labels());
        self.batch.series(MetricId(self.first_metric + metric))
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
