//! Records of several lines over a rotation.
//!
//! Its writer may take a while to go on in the next file, and until then writes to the one that was renamed.
//! So a record stays with the file that it began in until there is something in the next one: that is read
//! after the one before, and the record goes on there.

use super::follower::{Follower, Outside};
use super::identity::FileId;
use super::open_files::{OpenFiles, TailedFile};
use crate::Sink;
use crate::recovery::rotated_names::base_of;

impl Follower {
    /// A file is about to be read. Where it is the next one of its log and nothing of it is read, the one
    /// before is read to its end, and what is held of that goes on here. Says whether there is more in the
    /// one before.
    pub(super) fn begin_next_file<S: Sink>(
        &mut self,
        id: FileId,
        outside: &mut Outside<'_, S>,
    ) -> bool {
        let Some(file) = self.open.files.get(&id) else {
            return false;
        };
        let to = (file.tail.stream(), file.tail.position());
        if !outside.sink.joins_lines(to.0) || to.1.offset > 0 || !has_more(file) {
            return false;
        }
        // A file that was renamed before it was read comes after those that were read and written before it.
        let is_before = |other: &TailedFile| {
            let is_read = other.tail.position().offset > 0;
            !is_former(file) || (is_read && other.tail.modified() <= file.tail.modified())
        };
        let others = self.open.of_log(&file.log);
        let former = others
            .filter(|(other, file)| *other != id && is_former(file) && !file.is_queued)
            .filter(|(_, other)| is_before(other))
            .filter(|(_, file)| outside.sink.holds_records(file.tail.stream()) || has_more(file))
            .max_by_key(|(_, file)| file.tail.modified());
        let Some((former, file)) = former else {
            return false;
        };
        if has_more(file) && self.turn_of(former, outside) {
            return true;
        }
        let from = self.open.files.get(&former);
        let from = from.map(|file| (file.tail.stream(), file.tail.position()));
        if let Some(from) = from.filter(|(stream, _)| outside.sink.holds_records(*stream)) {
            self.open.reader.carry_over(from, to, outside.sink);
        }
        false
    }
}

impl OpenFiles {
    /// A file is about to be left. Where there is something in its log's next file already, what is held goes
    /// on there.
    pub(super) fn carry_records_on(&mut self, id: FileId, sink: &mut impl Sink) {
        let Some(file) = self.files.get(&id) else {
            return;
        };
        let from = (file.tail.stream(), file.tail.position());
        if !sink.holds_records(from.0) {
            return;
        }
        let next = self.next_of(id, file);
        if let Some(to) = next.map(|file| (file.tail.stream(), file.tail.position())) {
            self.reader.carry_over(from, to, sink);
        }
    }

    /// The file in which the log of a file goes on, if there is something in it and nothing was read of that.
    pub(super) fn next_of(&self, id: FileId, file: &TailedFile) -> Option<&TailedFile> {
        let others = self.of_log(&file.log);
        let mut others = others
            .filter(|(other, _)| *other != id)
            .map(|(_, file)| file);
        others.find(|file| file.tail.position().offset == 0 && has_more(file))
    }
}

/// Whether another file may have the log's name now.
fn is_former(file: &TailedFile) -> bool {
    file.paths == 0 || base_of(&file.path).is_some()
}

/// Whether there is something to read.
pub(crate) fn has_more(file: &TailedFile) -> bool {
    let metadata = file.tail.metadata();
    metadata.is_ok_and(|metadata| metadata.len() > file.tail.read_to())
}
