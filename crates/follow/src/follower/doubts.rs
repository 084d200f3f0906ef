//! Folders in which something that may be missing could not be read: looked at again, with back-off.
//!
//! A rotated file may be denied for a while, or be compressed or copied just now. What such a look
//! finds is what a start would find at that moment; files that are open are left alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::super::Sink;
use super::missing::of_relatives;
use super::{Follower, Outside};

/// When to look again.
#[derive(Debug)]
pub(super) struct Doubt {
    delay: Duration,
    pub(super) retry_at: Instant,
}

const RETRY_DELAY_MIN: Duration = Duration::from_secs(1);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(60);

impl Follower {
    /// What stands beside `path` is looked at again, later each time.
    pub(super) fn doubt(&mut self, path: &Path, now: Instant) {
        let before = self.doubts.get(path).map(|doubt| doubt.delay);
        let delay = before.map_or(RETRY_DELAY_MIN, |delay| (delay * 2).min(RETRY_DELAY_MAX));
        let retry_at = now + delay;
        self.doubts
            .insert(path.to_owned(), Doubt { delay, retry_at });
    }

    /// Looks again where the time has come.
    pub(super) fn look_again<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        let now = outside.waker.now();
        let due = self
            .doubts
            .iter()
            .filter(|(_, doubt)| doubt.retry_at <= now);
        let due: Vec<PathBuf> = due.map(|(path, _)| path.clone()).collect();
        for path in due {
            let current = self.names.get(path.as_path()).and_then(|name| name.current);
            let noted = self.reading.positions.files().into_iter();
            let missing = noted.filter(|file| {
                let is_current = current == Some(file.position.id);
                !file.left && !is_current && of_relatives(&file.path) == path
            });
            let missing = missing.collect();
            let relatives = self.search_beside(&path, missing, outside);
            self.put_before(None, relatives);
        }
    }
}
