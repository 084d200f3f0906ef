//! The order in which rotated files are read: the oldest first, then the file that has the name now.
//!
//! One of them is read to its end before the next one's turn comes; all other files have their turns
//! meanwhile. Which files these are is decided elsewhere.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compressed::CompressedReader;
use super::rotated_names::Age;
use crate::files::identity::{FileId, Position};
use crate::files::open_files::OpenFiles;
use crate::files::records_over_files::has_more;
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

/// Files of one name, to be put in order.
pub(crate) type ByAge = Vec<(AgeInLog, Queued)>;

/// How old a file is among those of its log. Those of unknown age come first; then what was written before a link
/// led elsewhere, log by log, and last what is where the log is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AgeInLog {
    Unknown,
    Former(Arc<Path>, Age),
    Present(Age),
}

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
    pub(crate) fn queue_before(
        &mut self,
        current: Option<FileId>,
        siblings: ByAge,
        sink: &mut impl Sink,
    ) {
        let files = self.in_order(current, siblings, sink);
        self.queue_in_order(files);
    }

    /// The same before all that wait: others may wait for this file.
    pub(super) fn queue_first(&mut self, current: FileId, siblings: ByAge, sink: &mut impl Sink) {
        let files = self.in_order(Some(current), siblings, sink);
        let others = std::mem::take(&mut self.order);
        self.queue_in_order(files);
        self.order.extend(others);
    }

    fn in_order(
        &mut self,
        current: Option<FileId>,
        mut siblings: ByAge,
        sink: &mut impl Sink,
    ) -> Vec<Queued> {
        siblings.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut files: Vec<Queued> = siblings.into_iter().map(|(_, file)| file).collect();
        if !files.is_empty() {
            files.extend(current.map(Queued::Plain));
        }
        self.hand_back(&files, sink);
        files
    }

    /// What a file holds of which nothing was read came from one before it: it goes on in the next one after
    /// that.
    fn hand_back(&mut self, files: &[Queued], sink: &mut impl Sink) {
        let places: Vec<_> = files.iter().map(|one| self.place_of(one)).collect();
        // Where the parts belong that a later file may hold: the last that was read, if it holds them
        // too, or the first after it.
        let mut owner: Option<&(PathBuf, StreamId, Position)> = None;
        for place in places.iter().flatten() {
            let (log, stream, position) = place;
            let holds = self.reader.has_parts(*stream, sink);
            match owner {
                _ if position.offset > 0 => {
                    let may_hold = holds || sink.joins_lines(*stream);
                    owner = Some(place).filter(|_| may_hold);
                }
                Some((of, to, at)) if holds && of == log => {
                    self.reader
                        .carry_over((*stream, *position), (*to, *at), sink);
                }
                Some(_) => {}
                None => owner = Some(place),
            }
        }
    }

    /// The log of a file that waits, the stream under which the sink knows it, and where reading is.
    fn place_of(&self, queued: &Queued) -> Option<(PathBuf, StreamId, Position)> {
        match queued {
            Queued::Plain(id) => {
                let file = self.files.get(id)?;
                Some((file.log.clone(), file.tail.stream(), file.tail.position()))
            }
            Queued::Compressed(file, _) => {
                Some((file.log().to_owned(), file.stream(), file.position()))
            }
        }
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
        if !sink.joins_lines(from.0) {
            return self.carry_from(from, &log, sink);
        }
        // A record stays where it is until it goes on: see `records_over_files.rs`.
        let next = self.order.iter().find(|next| self.is_begun(next));
        let next = next.and_then(|next| self.place_of(next));
        self.carry_to(next, from, &log, sink);
    }

    /// The same for any file of the log that is kept as `log`, whatever there is in the next one.
    pub(super) fn carry_from(
        &mut self,
        from: (StreamId, Position),
        log: &Path,
        sink: &mut impl Sink,
    ) {
        let begun = self.order.iter().find(|next| self.is_begun(next));
        let begun = begun.filter(|_| sink.joins_lines(from.0));
        let next = begun.or_else(|| self.order.front());
        let next = next.and_then(|next| self.place_of(next));
        self.carry_to(next, from, log, sink);
    }

    fn carry_to(
        &mut self,
        next: Option<(PathBuf, StreamId, Position)>,
        from: (StreamId, Position),
        log: &Path,
        sink: &mut impl Sink,
    ) {
        if let Some((_, stream, position)) =
            next.filter(|(of, _, position)| of == log && position.offset == 0)
        {
            self.reader.carry_over(from, (stream, position), sink);
        }
    }

    /// Whether there is anything in a file that waits.
    fn is_begun(&self, queued: &Queued) -> bool {
        match queued {
            Queued::Plain(id) => self.files.get(id).is_some_and(has_more),
            Queued::Compressed(..) => true,
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
