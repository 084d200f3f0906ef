//! The order in which rotated files are read: the oldest first, then the file that has the name now.
//!
//! One of them is read to its end before the next one's turn comes; all other files have their turns
//! meanwhile. Which files these are is decided elsewhere.

use std::collections::VecDeque;
use std::path::Path;

use super::compressed::CompressedReader;
use super::rotated_names::Age;
use crate::files::identity::{FileId, Position};
use crate::files::open_files::OpenFiles;
use crate::{SavedFile, Sink, StreamId};

/// A file that waits for those before it.
pub(crate) enum Queued {
    /// An open file.
    Plain(FileId),
    /// A compressed file, with what is noted of it.
    Compressed(Box<CompressedReader>, SavedFile),
}

/// Files in the order in which they are read.
pub(crate) type ReadOrder = VecDeque<Queued>;

/// Files of one name, to be put in order: those of unknown age come first.
pub(crate) type ByAge = Vec<(Option<Age>, Queued)>;

impl OpenFiles {
    /// Lets files wait, each for those before it in `files`.
    pub(crate) fn queue_in_order(&mut self, files: Vec<Queued>) {
        for file in &files {
            if let Queued::Plain(id) = file {
                self.hold(*id);
            }
        }
        self.order.extend(files);
    }

    /// Lets a file wait until it is released.
    pub(crate) fn hold(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.is_queued = true;
            if std::mem::replace(&mut file.is_ready, false) {
                self.ready.retain(|ready| *ready != id);
            }
        }
    }

    /// Lets a file wait for its rotated siblings, and those for each other.
    pub(crate) fn queue_before(&mut self, current: Option<FileId>, mut siblings: ByAge) {
        siblings.sort_by_key(|(age, _)| *age);
        let mut files: Vec<Queued> = siblings.into_iter().map(|(_, file)| file).collect();
        if !files.is_empty() {
            files.extend(current.map(Queued::Plain));
        }
        self.queue_in_order(files);
    }

    /// Whether this plain file waits.
    pub(crate) fn is_queued(&self, id: FileId) -> bool {
        let is_it = |one: &Queued| matches!(one, Queued::Plain(queued) if *queued == id);
        self.order.iter().any(is_it)
    }

    /// Whether this compressed file waits for its turn, or is being read.
    pub(crate) fn is_compressed_queued(&self, id: FileId) -> bool {
        let is_it =
            |one: &Queued| matches!(one, Queued::Compressed(_, saved) if saved.position.id == id);
        self.order.iter().any(is_it)
    }

    /// A plain file was read to its end: what is held of it goes on in the next file of its log.
    pub(crate) fn carry_to_next(&mut self, id: FileId, sink: &mut impl Sink) {
        let Some(file) = self.files.get(&id).filter(|file| file.tail.lag() == 0) else {
            return;
        };
        let from = (file.tail.stream(), file.tail.position());
        let log = file.log.clone();
        self.carry_from(from, &log, sink);
    }

    /// The same for any file of the log that is kept as `log`.
    pub(super) fn carry_from(
        &mut self,
        from: (StreamId, Position),
        log: &Path,
        sink: &mut impl Sink,
    ) {
        let next = match self.order.front() {
            Some(Queued::Plain(id)) => (self.files.get(id))
                .filter(|file| file.log == log && file.tail.is_at_start())
                .map(|file| (file.tail.stream(), file.tail.position())),
            Some(Queued::Compressed(file, _)) => Some((file.stream(), file.position()))
                .filter(|_| file.log() == log && file.position().offset == 0),
            None => None,
        };
        if let Some(next) = next {
            self.reader.carry_over(from, next, sink);
        }
    }

    /// A file has been read to its end once: it has turns like all others now.
    pub(crate) fn release(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.is_queued = false;
        }
        self.mark_ready(id);
    }
}
