//! What a run restores from the checkpoint of the one before it: nothing without `--state`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use super::Failure;
use super::own_metrics::OwnMetrics;
use super::saved_pages::{Publisher, SavedPages};
use super::scrapers::{self, Scrapers};
use crate::programs;
use crate::server::status_page::StateRow;
use crate::settings::{Settings, StateSettings};
use logmetrics_core::checkpoint::{
    self, Checkpointer, NoteSource, Notes, OpenOutcome, Saver, Source,
};
use logmetrics_core::history::Recognizer;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::self_metrics::{Checkpoint, SelfMetrics};
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::Shared;
use logmetrics_follow::Positions;

/// Where reading begins, and what is to be saved.
pub struct Restored {
    /// How far each file was read.
    pub positions: Arc<Positions>,
    /// What other parts of the program had saved.
    pub notes: Notes,
    saver: Option<(Saver, StateSettings)>,
    has_files: bool,
    is_damaged: bool,
}

/// A checkpoint that is kept.
pub struct Saving {
    pub checkpointer: Checkpointer,
    pub shown: ShownCheckpoint,
}

/// What the server shows of it.
pub struct ShownCheckpoint {
    pub pages: SavedPages,
    pub status: CheckpointStatus,
}

/// How saving goes.
#[derive(Debug, Clone)]
pub struct CheckpointStatus {
    file: String,
    checkpoint: Checkpoint,
}

impl Restored {
    /// Opens the checkpoint, where one is kept, and makes the store from it.
    pub fn open(
        settings: &Settings,
        definitions: Vec<Definition>,
        now_ms: u64,
    ) -> Result<(Store, Restored), Failure> {
        let has_files = settings.inputs.iter().any(|input| input != "-");
        let Some(wanted) = &settings.state else {
            let restored = Restored {
                positions: Arc::default(),
                notes: Notes::default(),
                saver: None,
                has_files,
                is_damaged: false,
            };
            return Ok((Store::new(definitions, now_ms), restored));
        };
        let opened = checkpoint::open(&wanted.file, definitions, now_ms)
            .map_err(|error| Failure::Run(error.to_string()))?;
        log_outcome(&opened.outcome, wanted);
        let mut positions = Positions::new(opened.files);
        if let Some(saved_ms) = opened.outcome.saved_ms {
            positions = positions.saved_at(UNIX_EPOCH + Duration::from_millis(saved_ms));
        }
        let restored = Restored {
            positions: Arc::new(positions),
            notes: opened.notes,
            saver: Some((opened.saver, wanted.clone())),
            has_files,
            is_damaged: opened.outcome.damaged.is_some(),
        };
        Ok((opened.store, restored))
    }

    /// The history of standard input; only where it is kept for the next run.
    pub fn history(&self) -> Option<Arc<Mutex<Recognizer>>> {
        self.saver.as_ref()?;
        let recognizer = Recognizer::restore(self.notes.of(HISTORY));
        Some(Arc::new(Mutex::new(recognizer)))
    }

    /// Who has scraped before. What was not shown to them does not expire.
    pub fn scrapers(&self, shared: &Shared) -> Arc<Scrapers> {
        let scrapers = Scrapers::restored(&self.notes.of(scrapers::PREFIX));
        let unshown = scrapers.unshown(shared.clock.now_ms());
        shared.active.load().store.keep_unshown(unshown);
        Arc::new(scrapers)
    }

    /// What mtail's programs remember, to be saved.
    pub fn program_notes(&self, shared: &Shared) -> NoteSource {
        programs::notes(&shared.active, &self.notes.of(programs::NOTES))
    }

    /// Begins to save, where a checkpoint is kept.
    pub fn start_saving(
        self,
        shared: &Shared,
        own: &Arc<OwnMetrics>,
        notes: Vec<NoteSource>,
    ) -> Result<Option<Saving>, Failure> {
        let Some((saver, wanted)) = self.saver else {
            return Ok(None);
        };
        let checkpoint = register(&shared.self_metrics)?;
        checkpoint.damaged.set(self.is_damaged.into());
        let publisher = Publisher::default();
        let published = publisher.subscribe();
        let active = Arc::clone(&shared.active);
        let own = Arc::clone(own);
        let source = Source {
            has_files: self.has_files,
            positions: self.positions,
            store: Box::new(move || Arc::clone(&active.load().store)),
            own: Box::new(move |store| own.families(store)),
            notes,
            publish: Box::new(move |page| _ = publisher.send(Some(Arc::new(page)))),
        };
        let clock = shared.clock.clone();
        let checkpointer =
            Checkpointer::start(saver, source, wanted.interval, clock, checkpoint.clone())
                .map_err(|error| Failure::Run(format!("cannot start a thread: {error}")))?;
        let file = wanted.file.display().to_string();
        Ok(Some(Saving {
            shown: ShownCheckpoint {
                pages: SavedPages::new(checkpointer.trigger(), published),
                status: CheckpointStatus { file, checkpoint },
            },
            checkpointer,
        }))
    }
}

/// Marks the notes of standard input's history.
const HISTORY: &str = "stdin";

/// Lets the history of standard input be saved.
pub fn history_notes(recognizer: &Arc<Mutex<Recognizer>>) -> NoteSource {
    let recognizer = Arc::clone(recognizer);
    let changes = move || {
        let mut recognizer = recognizer.lock().unwrap_or_else(PoisonError::into_inner);
        recognizer.changes()
    };
    NoteSource {
        prefix: HISTORY,
        changes: Box::new(changes),
    }
}

impl CheckpointStatus {
    /// For the status page.
    pub fn row(&self, now_ms: u64) -> StateRow {
        let last = self.checkpoint.last_success_ms();
        StateRow {
            file: self.file.clone(),
            saved_ago: last.map(|at| Duration::from_millis(now_ms.saturating_sub(at))),
            failures: self.checkpoint.failures.get(),
            is_damaged: self.checkpoint.damaged.get() != 0,
        }
    }
}

fn register(self_metrics: &SelfMetrics) -> Result<Checkpoint, Failure> {
    self_metrics
        .checkpoint()
        .map_err(|error| Failure::Run(error.to_string()))
}

fn log_outcome(outcome: &OpenOutcome, wanted: &StateSettings) {
    let file = wanted.file.display();
    if let Some((why, aside)) = &outcome.damaged {
        tracing::error!(
            "the state in {file} is damaged ({why}); it is kept as {}, and counting restarts from zero",
            aside.display()
        );
    }
    if !outcome.dropped.is_empty() {
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        tracing::warn!(
            "the rules changed since {file} was saved: kept {}; dropped {}; new {}",
            list(&outcome.kept),
            list(&outcome.dropped),
            list(&outcome.new)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::{jaeger_input, scrapers};

    #[test]
    fn notes_are_found_under_the_names_that_state_files_have() {
        let names = [
            HISTORY,
            programs::NOTES,
            jaeger_input::PREFIX,
            scrapers::PREFIX,
        ];
        // Another name would lose what is saved under the one before, without a word.
        assert_eq!(names, ["stdin", "mtail", "jaeger", "scrapers"]);
    }
}
