//! What a run remembers of the one before it: with `--state` all of it, else nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use super::Failure;
use crate::server::status_page::StateRow;
use crate::settings::{Settings, State};
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
    /// Where reading stands; there is always one.
    pub positions: Arc<Positions>,
    /// What others had noted.
    pub notes: Notes,
    saver: Option<(Saver, State)>,
    has_files: bool,
    is_damaged: bool,
}

/// What is told of the state while it is kept.
#[derive(Debug, Clone)]
pub struct Told {
    file: String,
    checkpoint: Checkpoint,
}

impl Restored {
    /// Opens the state, if one is to be kept, and begins the store with it.
    pub fn open(
        settings: &Settings,
        definitions: Vec<Definition>,
        now_ms: u64,
    ) -> Result<(Store, Restored), Failure> {
        let has_files = settings.inputs.iter().any(|input| input != "-");
        let Some(wanted) = &settings.state else {
            let memory = Restored {
                positions: Arc::default(),
                notes: Notes::default(),
                saver: None,
                has_files,
                is_damaged: false,
            };
            return Ok((Store::new(definitions, now_ms), memory));
        };
        let opened = checkpoint::open(&wanted.file, definitions, now_ms)
            .map_err(|error| Failure::Run(error.to_string()))?;
        say(&opened.news, wanted);
        let mut positions = Positions::new(opened.files);
        if let Some(saved_ms) = opened.news.saved_ms {
            positions = positions.saved_at(UNIX_EPOCH + Duration::from_millis(saved_ms));
        }
        let memory = Restored {
            positions: Arc::new(positions),
            notes: opened.notes,
            saver: Some((opened.saver, wanted.clone())),
            has_files,
            is_damaged: opened.news.damaged.is_some(),
        };
        Ok((opened.store, memory))
    }

    /// What standard input is known again by: only where it outlives the run.
    pub fn replay(&self) -> Option<Arc<Mutex<Recognizer>>> {
        self.saver.as_ref()?;
        let recognizer = Recognizer::restore(self.notes.of(REPLAY));
        Some(Arc::new(Mutex::new(recognizer)))
    }

    /// Begins to save, if a state is to be kept.
    pub fn keep(
        self,
        parts: &Shared,
        notes: Vec<NoteSource>,
    ) -> Result<Option<(Checkpointer, Told)>, Failure> {
        let Some((saver, wanted)) = self.saver else {
            return Ok(None);
        };
        let checkpoint = register(&parts.self_metrics)?;
        checkpoint.damaged.set(self.is_damaged.into());
        let live = Arc::clone(&parts.active);
        let source = Source {
            has_files: self.has_files,
            positions: self.positions,
            store: Box::new(move || Arc::clone(&live.load().store)),
            notes,
        };
        let clock = parts.clock.clone();
        let keeper = Checkpointer::start(saver, source, wanted.interval, clock, checkpoint.clone())
            .map_err(|error| Failure::Run(format!("cannot start a thread: {error}")))?;
        let file = wanted.file.display().to_string();
        Ok(Some((keeper, Told { file, checkpoint })))
    }
}

/// The notes of what standard input said.
const REPLAY: &str = "stdin";

/// Lets what standard input said be saved.
pub fn notes_of(recognizer: &Arc<Mutex<Recognizer>>) -> NoteSource {
    let recognizer = Arc::clone(recognizer);
    let changes = move || {
        let mut recognizer = recognizer.lock().unwrap_or_else(PoisonError::into_inner);
        recognizer.changes()
    };
    NoteSource {
        prefix: REPLAY,
        changes: Box::new(changes),
    }
}

impl Told {
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

fn register(own: &SelfMetrics) -> Result<Checkpoint, Failure> {
    own.checkpoint()
        .map_err(|error| Failure::Run(error.to_string()))
}

fn say(news: &OpenOutcome, wanted: &State) {
    let file = wanted.file.display();
    if let Some((why, aside)) = &news.damaged {
        tracing::error!(
            "the state in {file} is damaged ({why}); it is kept as {}, and counting begins anew",
            aside.display()
        );
    }
    if !news.dropped.is_empty() {
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        tracing::warn!(
            "the rules are others than when {file} was saved: kept {}; dropped {}; new {}",
            list(&news.kept),
            list(&news.dropped),
            list(&news.new)
        );
    }
}
