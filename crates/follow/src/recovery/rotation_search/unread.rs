//! What is to be read of what a search has met: what was missing, and whatever is newer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::RotationSearch;
use crate::recovery::recognized::Recognized;
use crate::recovery::rotated_names::Age;
use crate::recovery::siblings::Sibling;

/// File systems' clocks are that coarse. What was written so shortly before a save and is known to
/// nobody was not read.
const CLOCK_STEP: Duration = Duration::from_secs(2);

impl RotationSearch {
    /// What is to be read, the oldest first: what was missing, and whatever was rotated after it. Where
    /// names do not tell that, it is what was written to after the last save; that too where one that was
    /// empty may be any of those.
    pub(crate) fn into_unread(
        self,
        last_save: Option<SystemTime>,
    ) -> impl Iterator<Item = (Sibling, Option<Recognized>)> {
        let ages = |wanted: fn(&Recognized) -> bool| {
            let matching = self
                .siblings
                .iter()
                .filter(move |(_, found)| found.as_ref().is_some_and(wanted));
            matching.filter_map(|(sibling, _)| Some((sibling.age?, Arc::clone(&sibling.log))))
        };
        let is_missing =
            |found: &Recognized| matches!(found, Recognized::Missing(file) if file.has_evidence());
        let oldest = ages(is_missing).min();
        let newest_left = ages(|found| matches!(found, Recognized::Left(_))).max();
        let known = oldest.or(newest_left);
        let is_new = move |sibling: &Sibling| {
            let after = |saved| sibling.modified.map(|at| at + CLOCK_STEP) > Some(saved);
            last_save.is_some_and(after)
        };
        self.siblings
            .into_iter()
            .filter(move |(sibling, found)| match (found, &known) {
                (Some(Recognized::Missing(_)), _) => true,
                (Some(Recognized::Counted(_) | Recognized::Open(_)), _) => false,
                // Its writer has gone on in it after it was left.
                (Some(Recognized::Left(file)), _) => {
                    sibling.compression.is_none()
                        && file.position.id == sibling.id
                        && sibling.size > file.position.offset
                }
                (None, Some((known, log))) => {
                    let is_newer = sibling.age.is_some_and(|age| age.is_newer_than(*known));
                    // Ages are those of one log. Where a link leads now is another one.
                    let is_of_log = *log == sibling.log;
                    (is_newer && is_of_log) || ((self.uncertain || !is_of_log) && is_new(sibling))
                }
                (None, None) => is_new(sibling),
            })
    }

    /// What was rotated after the newest of those that were searched, the oldest first.
    pub(crate) fn into_newer(self) -> impl Iterator<Item = (Sibling, Option<Recognized>)> {
        let (newest, newest_before) = (self.newest(), self.newest_where(true));
        let is_newer = move |sibling: &Sibling| {
            let newest = if sibling.is_of_former_log {
                newest_before
            } else {
                newest
            };
            let ages = sibling.age.zip(newest);
            ages.is_some_and(|(age, newest)| age.is_newer_than(newest))
        };
        self.siblings
            .into_iter()
            .filter(move |(sibling, found)| found.is_none() && is_newer(sibling))
    }

    /// The age of the newest of those that were searched and found where the log is now.
    pub(crate) fn newest(&self) -> Option<Age> {
        self.newest_where(false)
    }

    fn newest_where(&self, is_of_former_log: bool) -> Option<Age> {
        let found = self.siblings.iter();
        let missing = found.filter(|(sibling, found)| {
            sibling.is_of_former_log == is_of_former_log
                && matches!(found, Some(Recognized::Missing(_)))
        });
        missing.filter_map(|(sibling, _)| sibling.age).max()
    }
}
