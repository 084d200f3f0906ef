//! Searching again, with back-off, where something that may be missing could not be read.
//!
//! A rotated file may be denied for a while, or be compressed or copied just now. The search finds what
//! a start would find at that moment; files that are open are left alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Recovery;
use super::rotated_names::base_or_self;
use crate::Sink;
use crate::files::follower::Outside;
use crate::files::open_files::OpenFiles;
use crate::files::paths::PathTable;

/// When to search again.
#[derive(Debug)]
pub(super) struct Retry {
    delay: Duration,
    pub(super) at: Instant,
}

const RETRY_DELAY_MIN: Duration = Duration::from_secs(1);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(60);

impl Recovery {
    /// The siblings of `path` are searched again, later each time.
    pub(super) fn retry_later(&mut self, path: &Path, now: Instant) {
        let before = self.retries.get(path).map(|retry| retry.delay);
        let delay = before.map_or(RETRY_DELAY_MIN, |delay| (delay * 2).min(RETRY_DELAY_MAX));
        let at = now + delay;
        self.retries.insert(path.to_owned(), Retry { delay, at });
    }

    /// Searches again where the time has come.
    pub(crate) fn search_due<S: Sink>(
        &mut self,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let now = outside.waker.now();
        let due = self.retries.iter().filter(|(_, retry)| retry.at <= now);
        let due: Vec<PathBuf> = due.map(|(path, _)| path.clone()).collect();
        for path in due {
            let current = paths.current(&path);
            let noted = open.reader.positions.files().into_iter();
            let missing = noted.filter(|file| {
                let is_current = current == Some(file.position.id);
                !file.left && !is_current && base_or_self(&file.path) == path
            });
            let missing = missing.collect();
            let siblings = self.search_siblings(&path, missing, paths, open, outside);
            open.queue_before(None, siblings, outside.sink);
        }
    }
}
