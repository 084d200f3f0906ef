//! Paths that cannot be opened and files that cannot be read: tried again, with back-off.
//!
//! Every error is taken for one that may pass: a log's owner sets its permissions a moment after
//! creating it, a file server comes back. Nothing is opened here.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::discover::Discovery;
use super::follower::Outside;
use super::identity::FileId;
use super::open_files::OpenFiles;
use super::paths::{FollowedPath, Paths};
use crate::recovery::Recovery;
use crate::{Events, Sink};

/// Why a path cannot be opened now.
#[derive(Debug)]
pub(super) struct OpenError {
    /// Reported already.
    kind: io::ErrorKind,
    delay: Duration,
    retry_at: Instant,
}

const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(10);

impl OpenError {
    pub(super) fn error(&self) -> io::Error {
        self.kind.into()
    }
}

impl FollowedPath {
    /// When to try again, if it could not be opened.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.error.as_ref().map(|error| error.retry_at)
    }
}

impl Paths {
    /// When paths that could not be opened are tried again.
    pub(super) fn retry_times(&self) -> impl Iterator<Item = Instant> {
        let paths = self.with_errors.iter();
        paths.filter_map(|path| self.table.get(path)?.retry_at())
    }

    /// Reading failed. A file that a path leads to is opened again; another one is read again.
    pub(super) fn reading_failed<S: Sink>(
        &mut self,
        id: FileId,
        error: &io::Error,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(file) = open.files.get_mut(&id) else {
            return;
        };
        if file.paths == 0 {
            if file.reported.replace(error.kind()) != Some(error.kind()) {
                let source = open.inputs.source(file.input);
                outside.events.unreadable(source, &file.path, error);
            }
            return;
        }
        let Some(file) = open.remove(id) else {
            return;
        };
        open.reader.abandon(file.tail, outside.sink);
        recovery.closed(id, &open.reader.positions);
        let followed = self.table.0.iter_mut();
        let mut paths = Vec::new();
        for (path, followed) in followed.filter(|(_, path)| path.current == Some(id)) {
            followed.current = None;
            // It is the same file that will be opened again, as far as anyone knows.
            followed.had_file = false;
            paths.push(Arc::clone(path));
        }
        for path in &paths {
            self.open_failed(path, error, open, outside);
        }
    }

    /// Opening failed: it is reported once for each kind of error, and tried again later.
    pub(super) fn open_failed<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        error: &io::Error,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(followed) = self.table.0.get_mut(path) else {
            return;
        };
        let kind = error.kind();
        let before = followed.error.as_ref();
        let is_reported = before.map(|error| error.kind) == Some(kind);
        let delay = before.map_or(RETRY_DELAY_MIN, |error| {
            (error.delay * 2).min(RETRY_DELAY_MAX)
        });
        followed.error = Some(OpenError {
            kind,
            delay,
            retry_at: outside.waker.now() + delay,
        });
        if self.with_errors.insert(Arc::clone(path)) {
            open.inputs.states[followed.input].errors += 1;
        }
        if !is_reported {
            let source = open.inputs.source(followed.input);
            outside.events.unreadable(source, path, error);
        }
    }

    pub(super) fn clear_error(&mut self, path: &Path, open: &mut OpenFiles) {
        if self.with_errors.remove(path)
            && let Some(followed) = self.table.0.get_mut(path)
        {
            followed.error = None;
            open.inputs.states[followed.input].errors -= 1;
        }
    }

    /// Looks again at the paths whose time has come.
    pub(super) fn retry<S: Sink>(
        &mut self,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        for path in self.with_errors.iter().cloned().collect::<Vec<_>>() {
            self.look_at(&path, false, open, recovery, outside);
        }
    }

    /// Reports each folder that could not be read, unless it was so at the last discovery.
    pub(super) fn report_unreadable_folders(
        &mut self,
        found: &Discovery,
        open: &mut OpenFiles,
        events: &dyn Events,
    ) {
        let mut now = HashSet::new();
        (open.inputs.states.iter_mut()).for_each(|state| state.unreadable_folders = 0);
        for (input, path, error) in &found.problems {
            open.inputs.states[*input].unreadable_folders += 1;
            let key = (path.clone(), error.kind());
            if !self.unreadable_folders.contains(&key) && !now.contains(&key) {
                events.unreadable(open.inputs.source(*input), path, error);
            }
            now.insert(key);
        }
        self.unreadable_folders = now;
    }
}
