//! When to look again: file events where they can be had, a poll where not, and a slow safety look.
//!
//! Knows folders, never files' contents. The real waker is here; its hand-cranked twin is with
//! the tests of the follower.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::Events;
use crate::files::identity::FileId;
use crate::stop::Stop;

mod filesystem;

/// What to look at after a sleep.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Woken {
    /// Every known path: something may have been missed.
    pub everything: bool,
    /// Which files there are: names may have come or gone.
    pub discover: bool,
    /// Paths whose content or attributes changed.
    pub changed: HashSet<PathBuf>,
    /// Paths that were created, removed or renamed.
    pub renamed: HashSet<PathBuf>,
}

impl Woken {
    /// Look at everything.
    pub(crate) fn all() -> Self {
        Woken {
            everything: true,
            discover: true,
            ..Woken::default()
        }
    }

    fn is_empty(&self) -> bool {
        !self.everything && !self.discover && self.changed.is_empty() && self.renamed.is_empty()
    }
}

/// Tells the follower when to look, and what time it is.
pub(crate) trait Waker {
    /// The present, by which waits are measured.
    fn now(&self) -> Instant;

    /// Makes `places` the folders (and single files) whose changes wake. Returns whether one was
    /// added: what changed in it before was not seen, so look again.
    fn watch(&mut self, places: &BTreeSet<PathBuf>, events: &dyn Events) -> bool;

    /// Sleeps until something changed, a stop was requested, or `at_most` has passed.
    fn wait(&mut self, at_most: Duration) -> Woken;
}

/// A look at everything this often catches events that never came.
const SAFETY_LOOK: Duration = Duration::from_secs(2);
/// A look at everything this often where there are no events.
const POLL_LOOK: Duration = Duration::from_millis(250);
/// Names are looked up again this often where events tell of new ones.
const SAFETY_DISCOVERY: Duration = Duration::from_secs(30);
/// Names are looked up again this often where nothing does.
const POLL_DISCOVERY: Duration = Duration::from_secs(1);
/// A writer that writes each line by itself wakes the reader at most once in this time.
const WAKE_INTERVAL: Duration = Duration::from_millis(1);

/// Events by the platform's own means, with a poll where they cannot be had.
pub(crate) struct FileEvents {
    bell: Arc<Bell>,
    /// None where the platform refused.
    watcher: Option<RecommendedWatcher>,
    /// The same folder under two names is one watch to the system; so it is here.
    watched: HashMap<FileId, PathBuf>,
    /// Whether looks at everything have to replace events.
    polling: bool,
    /// Why the platform refused a watcher, until it was said.
    refused: Option<String>,
    next_look: Instant,
    next_discovery: Instant,
    last_wake: Instant,
}

/// Where the watcher's thread, the stop and the follower meet.
#[derive(Default)]
struct Bell {
    pending: Mutex<Pending>,
    rung: Condvar,
}

#[derive(Default)]
struct Pending {
    woken: Woken,
    /// What is watched now.
    places: HashSet<PathBuf>,
    /// Watched places that were removed or renamed: the system watches something else now.
    lost: HashSet<PathBuf>,
    stopped: bool,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, event: notify::Result<notify::Event>) {
        let mut pending = self.lock();
        match event {
            Ok(event) if event.need_rescan() => pending.woken = Woken::all(),
            Ok(event) => match event.kind {
                EventKind::Access(_) => return,
                EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => {
                    pending.woken.changed.extend(event.paths);
                }
                EventKind::Create(_) => pending.woken.renamed.extend(event.paths),
                _ => {
                    for path in event.paths {
                        if let Some(place) = pending.places.take(&path) {
                            pending.lost.insert(place);
                        }
                        pending.woken.renamed.insert(path);
                    }
                }
            },
            Err(_) => pending.woken = Woken::all(),
        }
        drop(pending);
        self.rung.notify_one();
    }
}

impl FileEvents {
    /// A waker that also wakes when `stop` is requested.
    pub(crate) fn new(stop: &Stop) -> Self {
        let bell = Arc::new(Bell::default());
        let handler = Arc::clone(&bell);
        let watcher = notify::recommended_watcher(move |event| handler.hear(event));
        let listener = Arc::clone(&bell);
        stop.on_request(move || {
            listener.lock().stopped = true;
            listener.rung.notify_one();
        });
        let now = Instant::now();
        let refused = watcher.as_ref().err().map(explain);
        FileEvents {
            bell,
            watcher: watcher.ok(),
            watched: HashMap::new(),
            polling: false,
            refused,
            next_look: now + SAFETY_LOOK,
            next_discovery: now + SAFETY_DISCOVERY,
            last_wake: now,
        }
    }

    fn start_polling(&mut self, why: String, events: &dyn Events) {
        if !self.polling {
            events.polling(&why);
            self.polling = true;
            self.next_look = Instant::now() + POLL_LOOK;
            self.next_discovery = Instant::now() + POLL_DISCOVERY;
        }
    }

    fn forget(&mut self, id: FileId) {
        if let (Some(path), Some(watcher)) = (self.watched.remove(&id), &mut self.watcher) {
            // It may be gone by itself, with the folder.
            let _ = watcher.unwatch(&path);
        }
    }

    fn add(&mut self, id: FileId, place: &Path, events: &dyn Events) -> bool {
        if let Some(kind) = filesystem::without_events(place) {
            let place = place.display();
            self.start_polling(
                format!("{place} is on {kind}, which tells of no changes"),
                events,
            );
        }
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        match watcher.watch(place, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(id, place.to_owned());
                true
            }
            // It went away meanwhile; the folder above it is watched and will tell of its return.
            Err(error) if is_absence(&error) => false,
            Err(error) => {
                let why = format!("{} cannot be watched: {}", place.display(), explain(&error));
                self.start_polling(why, events);
                false
            }
        }
    }
}

impl Waker for FileEvents {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn watch(&mut self, places: &BTreeSet<PathBuf>, events: &dyn Events) -> bool {
        if let Some(why) = self.refused.take() {
            self.start_polling(why, events);
        }
        let lost = std::mem::take(&mut self.bell.lock().lost);
        let mut wanted: HashMap<FileId, &Path> = HashMap::new();
        for place in places {
            if let Ok(metadata) = std::fs::metadata(place) {
                wanted.entry(FileId::of(place, &metadata)).or_insert(place);
            }
        }
        let stale: Vec<FileId> = self
            .watched
            .iter()
            .filter(|(id, path)| !wanted.contains_key(id) || lost.contains(*path))
            .map(|(id, _)| *id)
            .collect();
        stale.into_iter().for_each(|id| self.forget(id));
        wanted.retain(|id, _| !self.watched.contains_key(id));
        let mut added = false;
        for (id, place) in wanted {
            added |= self.add(id, place, events);
        }
        self.bell.lock().places = self.watched.values().cloned().collect();
        added
    }

    fn wait(&mut self, at_most: Duration) -> Woken {
        let mut now = Instant::now();
        let until = self.next_look.min(now + at_most);
        // Only a wait that may sleep is spaced out; between two reads there is no time to lose.
        let spaced = if at_most.is_zero() {
            now
        } else {
            self.last_wake + WAKE_INTERVAL
        };
        let mut pending = self.bell.lock();
        while !pending.stopped {
            let wake = if pending.woken.is_empty() {
                until
            } else {
                spaced.min(until)
            };
            let Some(rest) = wake
                .checked_duration_since(now)
                .filter(|rest| !rest.is_zero())
            else {
                break;
            };
            let waited = self.bell.rung.wait_timeout(pending, rest);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
            now = Instant::now();
        }
        let mut woken = std::mem::take(&mut pending.woken);
        drop(pending);
        let (look, discovery) = match self.polling {
            true => (POLL_LOOK, POLL_DISCOVERY),
            false => (SAFETY_LOOK, SAFETY_DISCOVERY),
        };
        if now >= self.next_look {
            self.next_look = now + look;
            woken.everything = true;
        }
        if now >= self.next_discovery {
            self.next_discovery = now + discovery;
            woken.discover = true;
        }
        self.last_wake = now;
        woken
    }
}

fn is_absence(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn explain(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the limit of watches is reached (on Linux: sysctl fs.inotify.max_user_watches)".into()
        }
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(24) => {
            "too many watchers (on Linux: sysctl fs.inotify.max_user_instances)".into()
        }
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::Generic(text) => text.clone(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
