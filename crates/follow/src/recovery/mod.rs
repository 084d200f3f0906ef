//! Files that were rotated while nobody looked: finding them, and reading what was not read of them.
//!
//! [`Recovery`] is the entry point. It is asked what a file is that is being opened
//! ([`Recovery::of_opened`]), and it searches for rotated files: after the start, when another file has
//! replaced a followed one, when a file was cut short, and again after errors. What it finds it opens
//! and puts in the order in which it was written. A file is known by its identity under any name, else
//! by its content among the names that rotation gives, compressed or copied.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::files::identity::{FileId, Position};
use crate::files::open_files::OpenFiles;
use crate::{Events, Positions, SavedFile};

pub(crate) mod compressed;
mod copytruncate;
mod pending;
pub(crate) mod places;
pub(crate) mod read_order;
mod recently_closed;
mod recognized;
mod replacements;
mod retry;
pub(crate) mod rotated_names;
mod rotation_search;
mod same_content;
mod search;
pub(crate) mod siblings;
mod take_up;

use pending::Pending;
use recently_closed::RecentlyClosed;
use replacements::Replacements;
use retry::Retry;

/// What is known of files that no path leads to.
pub(crate) struct Recovery {
    /// Files of the last run that are not found yet.
    pending: Pending,
    /// Names next to which something could not be read that may be missing.
    retries: BTreeMap<PathBuf, Retry>,
    recently_closed: RecentlyClosed,
    /// Paths whose files were replaced.
    replaced: HashMap<PathBuf, Replacements>,
}

/// What a file is that is being opened.
pub(crate) enum Opened {
    /// A file that was read before, to this position.
    Known(SavedFile),
    /// A copy of an open file: it is not read.
    Copy,
    /// New content under a name that was followed before: read from its start.
    Continuation,
    /// A file of which nothing is known.
    New,
}

impl Recovery {
    /// Begins with what the last run has left.
    pub(crate) fn new(positions: &Positions) -> Self {
        let mut recently_closed = RecentlyClosed::default();
        Recovery {
            pending: Pending::new(positions, &mut recently_closed),
            retries: BTreeMap::new(),
            recently_closed,
            replaced: HashMap::new(),
        }
    }

    /// What the file is that `path` leads to.
    pub(crate) fn of_opened(
        &mut self,
        path: &Path,
        id: FileId,
        file: &File,
        open: &OpenFiles,
        events: &dyn Events,
    ) -> io::Result<Opened> {
        let known = self.known(path, id, file, &open.reader.positions, events)?;
        let has_evidence = known.as_ref().is_some_and(SavedFile::has_evidence);
        if !has_evidence && copytruncate::is_copy(path, file, open, self.pending.has_history())? {
            open.reader.positions.read_guard().forget(id);
            return Ok(Opened::Copy);
        }
        Ok(match known {
            Some(known) => Opened::Known(known),
            None if self.pending.was_followed(path) => Opened::Continuation,
            None => Opened::New,
        })
    }

    /// What the positions know of a file that is being opened, if it still holds that content.
    fn known(
        &mut self,
        path: &Path,
        id: FileId,
        file: &File,
        positions: &Positions,
        events: &dyn Events,
    ) -> io::Result<Option<SavedFile>> {
        let known = positions.file(id).filter(|known| !known.compressed);
        let Some(known) = known else {
            return self.taken_over(path, id, file, positions, events);
        };
        let is_it = known.position.still_in(file)?
            && (!self.is_recreated(&known, file, positions)?
                || same_content::is_same_though_recreated(&known, path, events));
        if is_it {
            self.pending.found(path, id, &known);
            return Ok(Some(known));
        }
        self.free_number(known, positions);
        self.taken_over(path, id, file, positions, events)
    }

    /// A file that is known by its content: what was noted of it is noted under its number now.
    fn taken_over(
        &mut self,
        path: &Path,
        id: FileId,
        file: &File,
        positions: &Positions,
        events: &dyn Events,
    ) -> io::Result<Option<SavedFile>> {
        let Some(known) = self.known_by_content(path, id, file, positions, events)? else {
            return Ok(None);
        };
        positions.read_guard().forget(known.position.id);
        self.pending.found(path, known.position.id, &known);
        self.recently_closed.forget(known.position.id);
        let position = Position {
            id,
            ..known.position
        };
        Ok(Some(SavedFile { position, ..known }))
    }

    /// The number of a file was given to another, or it was copied and cut short: it is known by its
    /// content from now on.
    fn free_number(&mut self, known: SavedFile, positions: &Positions) {
        let (id, position) = (known.position.id, known.position.of_content());
        let known = SavedFile { position, ..known };
        let guard = positions.read_guard();
        guard.forget(id);
        guard.note(known.clone());
        drop(guard);
        self.pending.files.remove(&id);
        self.recently_closed.forget(id);
        if known.left {
            self.recently_closed.keep(position.id, positions);
        } else {
            self.pending.files.insert(position.id, known);
        }
    }

    /// Whether the last run followed this file under this path.
    pub(crate) fn is_expected(&self, path: &Path, id: FileId) -> bool {
        let file = self.pending.files.get(&id);
        file.is_some_and(|file| file.path == path)
    }

    /// A file that was closed is open again.
    pub(crate) fn reopened(&mut self, id: FileId) {
        self.recently_closed.forget(id);
    }

    /// A file was closed; what is noted of it is kept for a while.
    pub(crate) fn closed(&mut self, id: FileId, positions: &Arc<Positions>) {
        self.recently_closed.keep(id, positions);
    }

    /// When to search again.
    pub(crate) fn retry_times(&self) -> impl Iterator<Item = Instant> {
        let retries = self.retries.values().map(|retry| retry.at);
        retries.chain(self.replacement_times())
    }
}

/// Under which identity a position is noted: its number may have been another file's meanwhile.
fn noted_as(position: &Position, positions: &Positions) -> Option<FileId> {
    let ids = [position.id, position.of_content().id];
    ids.into_iter().find(|id| {
        let noted = positions.file(*id).map(|noted| noted.position);
        let id = *id;
        noted == Some(Position { id, ..*position })
    })
}
