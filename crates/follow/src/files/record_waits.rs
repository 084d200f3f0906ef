//! Files that hold a record of several lines: until when it waits for another line.
//!
//! A record is only ever given up by time after everything that is there was read, so that a program that
//! was slow, or away, joins what was written meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::follower::Outside;
use super::identity::FileId;
use super::open_files::{OpenFiles, TailedFile};
use crate::Sink;

/// How soon a record that could not be given up is looked at again: its log may go on in a file that is not
/// known yet.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// When each file that holds a record is looked at again.
#[derive(Debug, Default)]
pub(crate) struct RecordWaits(BTreeMap<FileId, RecordWait>);

#[derive(Debug, Clone, Copy)]
struct RecordWait {
    look_at: Instant,
    /// When the first record has waited long enough.
    over_at: Instant,
}

impl RecordWaits {
    /// When the next one is.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|wait| wait.look_at).min()
    }

    fn set(&mut self, id: FileId, over_at: Instant) {
        let look_at = over_at;
        self.0.insert(id, RecordWait { look_at, over_at });
    }

    fn is_over(&self, id: FileId, now: Instant) -> bool {
        self.0.get(&id).is_some_and(|wait| wait.over_at <= now)
    }
}

impl OpenFiles {
    /// A file was read to where it ends now: records that have waited long enough are handed on.
    pub(super) fn settle_records<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) {
        let Some(file) = self.files.get(&id) else {
            return;
        };
        if !outside.sink.holds_records(file.tail.stream()) {
            if !self.record_waits.0.is_empty() {
                self.record_waits.0.remove(&id);
            }
            return;
        }
        // A file that is read in an order may have a next one, where its record goes on.
        if file.is_queued || file.tail.waits_for_hole() {
            return;
        }
        let now = outside.waker.now();
        // What is in the log's next file was written before that is known here.
        let goes_on = || is_replaced(file) || self.next_of(id, file).is_some();
        if self.record_waits.is_over(id, now) && goes_on() {
            return;
        }
        match self.reader.settle_records(&file.tail, now, outside.sink) {
            Some(next) => self.record_waits.set(id, next),
            None => _ = self.record_waits.0.remove(&id),
        }
    }

    /// Lets the files be read whose records have waited long enough: there may be more of them.
    pub(crate) fn read_waiting_records(&mut self, now: Instant) {
        let mut due = Vec::new();
        self.record_waits.0.retain(|id, wait| {
            if wait.look_at <= now {
                wait.look_at = now + LOOK_AGAIN;
                due.push(*id);
            }
            self.files.contains_key(id)
        });
        due.into_iter().for_each(|id| self.mark_ready(id));
    }

    /// Nothing is read any more, and no later run goes on here.
    pub(crate) fn finish_records(&mut self, sink: &mut impl Sink) {
        for file in self.files.values() {
            self.reader.finish_records(&file.tail, sink);
        }
    }

    /// Everything was read once: records to whose files nothing was written for as long as they wait are
    /// whole. The others are left to the next run.
    pub(super) fn settle_old_records<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        let now = outside.waker.now();
        for file in self.files.values() {
            let is_read =
                file.tail.read_to() == file.tail.position().offset && file.tail.lag() == 0;
            let age = file
                .tail
                .modified()
                .map(|at| SystemTime::now().duration_since(at));
            if let (true, Some(Ok(age))) = (is_read, age) {
                self.reader.settle_records(&file.tail, now, outside.sink);
                self.reader
                    .settle_records(&file.tail, now + age, outside.sink);
            }
        }
    }
}

/// Whether the path of a file leads elsewhere now, which is not known yet.
fn is_replaced(file: &TailedFile) -> bool {
    let there = std::fs::metadata(&file.path).map(|there| FileId::of(&file.path, &there));
    file.paths > 0 && there.ok() != Some(file.tail.id())
}
