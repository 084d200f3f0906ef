//! `--once`: everything that is there is read to its end, and nothing is served.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::own_metrics::OwnMetrics;
use super::restore;
use super::{Built, Failure, build, finished, jaeger_input, options, with_history};
use crate::progress_bar::Progress;
use crate::settings::Settings;
use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_core::pipeline::{HistorySink, PartCounter, Shared, Turns, Worker};
use logmetrics_follow::to_end::{self, Inputs};
use logmetrics_follow::{Events, Mode, Specification};

/// What was counted.
pub struct Counted {
    /// The rules' metrics.
    pub snapshot: Snapshot,
    /// What could not be read to its end.
    pub errors: Vec<String>,
    /// What counted.
    pub engine: Arc<Engine>,
}

/// Reads everything that is there and gives the rules' metrics.
///
/// # Errors
/// When the rules or the command line are wrong, or an input cannot be read at all.
pub fn once(settings: &Settings) -> Result<Counted, Failure> {
    let built = build(settings)?;
    let errors = match settings.state {
        None => read_all(built.inputs, &built.shared)?,
        Some(_) => return once_with_state(settings, built),
    };
    let mut worker = Worker::of_whole_lines(built.shared.clone());
    if let Some(jaeger) = &settings.jaeger {
        jaeger_input::once(jaeger, &mut worker, &built.shared.clock)?;
    }
    Ok(counted(&built.shared, errors))
}

fn counted(shared: &Shared, errors: Vec<String>) -> Counted {
    let now_ms = shared.clock.now_ms();
    let active = shared.active.load();
    for said in shared.samples.never.rest(&active.engine) {
        tracing::warn!("{said}");
    }
    Counted {
        snapshot: active.store.snapshot(now_ms),
        engine: Arc::clone(&active.engine),
        errors,
    }
}

/// Reads inputs by as many threads as there are processors; what could not be read to its end.
fn read_all(specifications: Vec<Specification>, shared: &Shared) -> Result<Vec<String>, Failure> {
    let mut inputs = Inputs::of(&specifications);
    inputs.multiline = shared.active.load().multiline.as_ref().clone();
    if !inputs.errors().is_empty() {
        let errors: Vec<String> = inputs.errors().iter().map(ToString::to_string).collect();
        return Err(Failure::Usage(errors.join("\nerror: ")));
    }
    // Knows of affinity and of control groups.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let needs_order = shared.active.load().engine.needs_order();
    let threads = if needs_order { 1 } else { processors };
    let progress = Progress {
        bytes: inputs.bytes,
        read: Arc::default(),
        jaeger: None,
    };
    let turns = Turns::default();
    let counter = || PartCounter::new(shared.clone(), &turns);
    let (_, errors) = progress.during(|| to_end::read(inputs, threads, counter, &progress.read));
    Ok(errors.iter().map(ToString::to_string).collect())
}

/// Goes on where the last run ended, on this thread alone: what is saved while several threads read
/// would be read again in part.
fn once_with_state(settings: &Settings, built: Built) -> Result<Counted, Failure> {
    let Built {
        inputs,
        shared,
        restored,
        ..
    } = built;
    let positions = Arc::clone(&restored.positions);
    let history = restored.history();
    let notes = history.iter().map(restore::history_notes);
    let notes = notes.chain([restored.program_notes(&shared)]).collect();
    let own = OwnMetrics {
        self_metrics: Arc::clone(&shared.self_metrics),
        mtail: None,
    };
    let saving = restored.start_saving(&shared, &Arc::new(own), notes)?;
    let stop = logmetrics_follow::Stop::new();
    let (follower, streams) =
        logmetrics_follow::readers(inputs, options(settings, Mode::Once), &positions);
    if let Some(mut follower) = follower {
        let mut worker = HistorySink::without(Worker::new(shared.clone()));
        let read = follower.run(&mut worker, &OnlyErrors, &stop);
        read.map_err(|errors| {
            let errors = errors
                .iter()
                .map(|error| format!("{error}: {}", error.error));
            Failure::Usage(errors.collect::<Vec<_>>().join("\nerror: "))
        })?;
    }
    let mut worker = with_history(Worker::new(shared.clone()), history.as_ref());
    for stream in streams {
        let name = stream.source().to_owned();
        let read = stream.run(&mut worker, &OnlyErrors, &stop);
        read.map_err(|error| Failure::Run(format!("cannot read {name}: {error}")))?;
    }
    if let Some(jaeger) = &settings.jaeger {
        let mut worker = Worker::of_whole_lines(shared.clone());
        jaeger_input::once(jaeger, &mut worker, &shared.clock)?;
    }
    if let Some(saving) = saving {
        finished(settings, saving.checkpointer.finish())?;
    }
    Ok(counted(&shared, Vec::new()))
}

/// Reading once ends by itself, and what goes wrong is returned: there is little to report.
struct OnlyErrors;

impl Events for OnlyErrors {
    fn waiting(&self, _source: &str) {}
    fn opened(&self, _source: &str, _path: &Path) {}
    fn rotated(&self, _source: &str, _path: &Path) {}
    fn truncated(&self, _source: &str, _path: &Path) {}
    fn left(&self, _source: &str, _path: &Path) {}
    fn unreadable(&self, source: &str, path: &Path, error: &io::Error) {
        tracing::warn!("cannot read {} (of {source}): {error}", path.display());
    }
    fn ignored(&self, source: &str, path: &Path) {
        let path = path.display();
        tracing::warn!("{path} (of {source}) is compressed and not read");
    }
    fn incomplete_record(&self, source: &str, path: &Path) {
        let path = path.display();
        tracing::warn!(
            "{path} (of {source}) ends in a record whose rest never came; its part counts as a line"
        );
    }
    fn polling(&self, _why: &str) {}
    fn lag(&self, _source: &str, _bytes: u64) {}
    fn caught_up(&self) {}
    fn ended(&self, _source: &str) {}
}
