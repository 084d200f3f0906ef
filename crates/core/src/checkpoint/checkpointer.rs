//! Saves again and again, on a thread of its own.
//!
//! Only the snapshot is taken while reading pauses, and that copies references. A disk that is slow,
//! full or gone holds up this thread alone: what it did not take is in the next save.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use prometheus::proto::MetricFamily;

use super::save::{ConsistentSnapshot, SaveError, Saver};
use crate::clock::Clock;
use crate::metrics::self_metrics::Checkpoint;
use crate::metrics::snapshot::Snapshot;
use crate::metrics::store::{Store, UnsortedSnapshot};
use crate::rate_limit::Limited;
use logmetrics_follow::Positions;

/// How soon the second save follows the first one where files are read. From there each waits four times
/// as long, up to the interval: a file that was rotated before it was in any save cannot be
/// recognised. Pipes need no such thing.
const SECOND_SAVE: Duration = Duration::from_millis(10);

/// Something else that must be saved together with the counts.
pub struct NoteSource {
    /// Keeps its notes apart from those of others.
    pub prefix: &'static str,
    /// Gives what changed since its last call: keys and values, nothing as a value removes. Called
    /// while reading pauses: it must be quick.
    pub changes: Changes,
}

/// See [`NoteSource::changes`].
pub type Changes = Box<dyn FnMut() -> Vec<(Vec<u8>, Option<Vec<u8>>)> + Send>;

/// What a save holds, to be shown: a page that shows only what is saved never shows less after a crash.
#[derive(Debug)]
pub struct SavedPage {
    pub snapshot: Snapshot,
    /// What the program said of itself at the same instant.
    pub own: Vec<MetricFamily>,
    /// When the save began: everything counted before is in it.
    pub begun: Instant,
    /// Whether the disk took it.
    pub is_saved: bool,
}

/// Takes the page of each save.
pub type PublishPage = Box<dyn FnMut(SavedPage) + Send>;

/// See [`Source::own`].
pub type GatherOwn = Box<dyn Fn(&Store) -> Vec<MetricFamily> + Send>;

/// Where everything that is saved comes from.
pub struct Source {
    /// Whether files are read: they may be rotated before they are in any save.
    pub has_files: bool,
    /// The positions, and the lock that pauses reading.
    pub positions: Arc<Positions>,
    /// The store that counts now; asked while reading pauses.
    pub store: Box<dyn Fn() -> Arc<Store> + Send>,
    /// What the program says of itself; asked while reading pauses.
    pub own: GatherOwn,
    /// What else there is.
    pub notes: Vec<NoteSource>,
    pub publish: PublishPage,
}

/// A page at the instant of a save.
struct PageCut {
    store: Arc<Store>,
    unsorted: UnsortedSnapshot,
    own: Vec<MetricFamily>,
}

impl Source {
    /// Everything at one instant.
    fn take(&mut self, now_ms: u64) -> (ConsistentSnapshot, PageCut) {
        let Source {
            positions,
            store,
            own,
            notes,
            ..
        } = self;
        positions.snapshot(|files| {
            let store = store();
            let unsorted = store.unsorted(now_ms);
            let own = own(&store);
            let mut changes = Vec::new();
            for source in notes {
                let prefix = source.prefix;
                let changed = (source.changes)().into_iter();
                changes.extend(changed.map(|(key, value)| ((prefix.to_owned(), key), value)));
            }
            let saved = ConsistentSnapshot {
                files: files.clone(),
                image: store.image(),
                notes: changes,
            };
            let page = PageCut {
                store,
                unsorted,
                own,
            };
            (saved, page)
        })
    }
}

/// The thread that saves.
#[derive(Debug)]
pub struct Checkpointer {
    requests: mpsc::Sender<Request>,
    thread: JoinHandle<Result<(), SaveError>>,
}

/// What the thread is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Request {
    Save,
    Finish,
}

/// Asks for saves between the regular ones.
#[derive(Debug, Clone)]
pub struct SaveTrigger(mpsc::Sender<Request>);

impl SaveTrigger {
    /// Lets the next save begin as soon as the running one ends. `false` where no more are made.
    pub fn save(&self) -> bool {
        self.0.send(Request::Save).is_ok()
    }
}

/// One save after the other.
struct Round {
    saver: Saver,
    source: Source,
    clock: Clock,
    checkpoint: Checkpoint,
    limited: Limited,
    has_failed: bool,
}

impl Checkpointer {
    /// Saves at once, some times soon after if files are read, and then every `interval`.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(
        saver: Saver,
        source: Source,
        interval: Duration,
        clock: Clock,
        checkpoint: Checkpoint,
    ) -> std::io::Result<Checkpointer> {
        let (requests, requested) = mpsc::channel();
        let mut round = Round {
            saver,
            source,
            checkpoint,
            limited: Limited::new(clock.clone(), 1),
            clock,
            has_failed: false,
        };
        let mut wait = match round.source.has_files {
            true => SECOND_SAVE,
            false => interval,
        };
        let body = move || {
            loop {
                let saved = round.save();
                let now = wait.min(interval);
                wait = now.saturating_mul(4);
                match requested.recv_timeout(now) {
                    Err(RecvTimeoutError::Timeout) => drop(saved),
                    // One save answers all requests that were made before it begins.
                    Ok(Request::Save) if requested.try_iter().all(|one| one == Request::Save) => {
                        drop(saved);
                    }
                    // Also where the other end is gone.
                    Ok(_) | Err(RecvTimeoutError::Disconnected) => return round.save(),
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("state".into())
            .spawn(body)?;
        Ok(Checkpointer { requests, thread })
    }

    /// Asks for saves between the regular ones.
    pub fn trigger(&self) -> SaveTrigger {
        SaveTrigger(self.requests.clone())
    }

    /// Saves a last time: call it when nothing is read any more.
    ///
    /// # Errors
    /// When the last save fails, with the reason.
    pub fn finish(self) -> Result<(), String> {
        // The thread may have ended by itself; joining shows that.
        _ = self.requests.send(Request::Finish);
        match self.thread.join() {
            Ok(saved) => saved.map_err(|error| error.to_string()),
            Err(_) => Err("the thread that saves has failed".to_owned()),
        }
    }
}

impl Round {
    fn save(&mut self) -> Result<(), SaveError> {
        let begun = Instant::now();
        let now_ms = self.clock.now_ms();
        let (snapshot, page) = self.source.take(now_ms);
        // Noted as of after the snapshot: every file that is in it was made before.
        let saved = self.saver.save(snapshot, self.clock.now_ms());
        (self.source.publish)(SavedPage {
            snapshot: page.store.sorted(page.unsorted),
            own: page.own,
            begun,
            is_saved: saved.is_ok(),
        });
        let path = self.saver.path().display();
        match &saved {
            Ok(()) => {
                let bytes = self.saver.bytes();
                self.checkpoint.succeeded(now_ms, begun.elapsed(), bytes);
                if std::mem::take(&mut self.has_failed) {
                    tracing::info!("the state is saved in {path} again");
                }
            }
            Err(error) => {
                self.checkpoint.failures.inc();
                self.has_failed = true;
                if let Some(more) = self.limited.admit("save") {
                    tracing::error!(
                        "cannot save the state in {path}: {error}; counting goes on, and saving is \
                         tried again{more}"
                    );
                }
            }
        }
        saved
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::open::open;
    use super::*;
    use crate::metrics::self_metrics::{KnownSources, SelfMetrics};

    #[test]
    fn what_is_found_in_the_first_moments_is_saved_long_before_the_interval_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let opened = open(&folder.path().join("state.db"), Vec::new(), 1).unwrap();
        let known = KnownSources {
            sources: Vec::new(),
            revision: "",
            rustc: "",
        };
        let checkpoint = SelfMetrics::new(&known).unwrap().checkpoint().unwrap();
        let (cuts, store) = (Arc::new(AtomicU32::new(0)), Arc::new(opened.store));
        let counted = Arc::clone(&cuts);
        let source = Source {
            has_files: true,
            positions: Arc::default(),
            store: Box::new(move || Arc::clone(&store)),
            own: Box::new(|_| Vec::new()),
            notes: vec![NoteSource {
                prefix: "counts cuts",
                changes: Box::new(move || {
                    counted.fetch_add(1, Ordering::SeqCst);
                    Vec::new()
                }),
            }],
            publish: Box::new(drop),
        };
        let hour = Duration::from_secs(3600);
        let keeper = Checkpointer::start(opened.saver, source, hour, Clock::system(), checkpoint);
        let begun = Instant::now();
        while cuts.load(Ordering::SeqCst) < 4 {
            assert!(begun.elapsed() < Duration::from_secs(30));
            std::thread::yield_now();
        }
        keeper.unwrap().finish().unwrap();
    }
}
