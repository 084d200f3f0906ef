//! Names that cannot be opened and files that cannot be read: tried again, with back-off.
//!
//! Every error is taken for one that may pass: a log's owner sets its permissions a moment after
//! creating it, a file server comes back. Nothing is opened here.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::discover::Found;
use super::super::identity::FileId;
use super::super::{Events, Sink};
use super::names::Name;
use super::{Follower, Outside};

/// A name that cannot be opened now.
#[derive(Debug)]
pub(super) struct Trouble {
    /// Said already.
    kind: io::ErrorKind,
    delay: Duration,
    retry_at: Instant,
}

const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

impl Trouble {
    /// What it was.
    pub(super) fn error(&self) -> io::Error {
        self.kind.into()
    }
}

impl Name {
    /// When to try again, if there is trouble.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|trouble| trouble.retry_at)
    }
}

impl Follower {
    /// Reading failed. A file that has a name is opened again; one that has none is tried again.
    pub(super) fn reading_failed<S: Sink>(
        &mut self,
        id: FileId,
        error: &io::Error,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if member.names == 0 {
            if member.said.replace(error.kind()) != Some(error.kind()) {
                let source = &self.specifications[member.source].source;
                outside.events.unreadable(source, &member.path, error);
            }
            return;
        }
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        let source = &mut self.sources[member.source];
        source.members -= 1;
        source.lag = source.lag.saturating_sub(member.lag);
        self.reading.abandon(member.tail, outside.sink);
        self.remembered.keep(id, &self.reading.positions);
        let names = self
            .names
            .iter_mut()
            .filter(|(_, name)| name.current == Some(id));
        let mut paths = Vec::new();
        for (path, name) in names {
            name.current = None;
            // It is the same file that will be opened again, as far as anyone knows.
            name.had_file = false;
            paths.push(Arc::clone(path));
        }
        paths
            .iter()
            .for_each(|path| self.in_trouble(path, error, outside));
    }

    pub(super) fn in_trouble<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        error: &io::Error,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(name) = self.names.get_mut(path) else {
            return;
        };
        let kind = error.kind();
        let said = name.trouble.as_ref().map(|trouble| trouble.kind) == Some(kind);
        let delay = name.trouble.as_ref().map_or(RETRY_DELAY_MIN, |trouble| {
            (trouble.delay * 2).min(RETRY_DELAY_MAX)
        });
        name.trouble = Some(Trouble {
            kind,
            delay,
            retry_at: outside.waker.now() + delay,
        });
        if self.troubled.insert(Arc::clone(path)) {
            self.sources[name.source].troubles += 1;
        }
        if !said {
            let source = &self.specifications[name.source].source;
            outside.events.unreadable(source, path, error);
        }
    }

    pub(super) fn clear_trouble(&mut self, path: &Path) {
        if self.troubled.remove(path)
            && let Some(name) = self.names.get_mut(path)
        {
            name.trouble = None;
            self.sources[name.source].troubles -= 1;
        }
    }

    /// Looks again at the names whose time has come.
    pub(super) fn retry<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        for path in self.troubled.iter().cloned().collect::<Vec<_>>() {
            self.look_at(&path, false, outside);
        }
    }

    /// Says of each folder that could not be read, unless it was so at the look before.
    pub(super) fn say_unreadable_folders(&mut self, found: &Found, events: &dyn Events) {
        let mut now = HashSet::new();
        for (source, path, error) in &found.problems {
            let key = (path.clone(), error.kind());
            if !self.unreadable_folders.contains(&key) && !now.contains(&key) {
                events.unreadable(&self.specifications[*source].source, path, error);
            }
            now.insert(key);
        }
        self.unreadable_folders = now;
    }
}
