//! Files of the last run that are not under their names any more: rotated while nobody looked.
//!
//! Each is looked for beside its name: by identity under any name, else by content among the names
//! that rotation gives, compressed or copied. Its rest is read, then whatever was rotated after it,
//! the oldest first, then the file that has the name now. Happens once, at the start.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::identity::{FileId, ID_IS_EXACT, Position, link_count};
use super::super::packed::{self, Packed};
use super::super::rotated::{Age, Packing, Rotated};
use super::super::{Ledger, SavedFile, Sink};
use super::backlog::Waiting;
use super::beside::{Candidate, Match, Search};
use super::remembered::Remembered;
use super::{Fleet, Outside};

/// What the last run has left.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// Files that were followed and have not been opened yet.
    pending: BTreeMap<FileId, SavedFile>,
    /// Names that were followed.
    followed: HashSet<PathBuf>,
    /// Those of them under which no file was surely followed when the last run ended.
    between: HashSet<PathBuf>,
}

impl Unseen {
    pub(super) fn new(ledger: &Ledger, remembered: &mut Remembered) -> Self {
        let mut unseen = Unseen::default();
        for file in ledger.files() {
            unseen.followed.insert(file.path.clone());
            if file.left {
                remembered.keep(file.position.id, ledger);
            } else {
                unseen.pending.insert(file.position.id, file);
            }
        }
        unseen.between = unseen.followed.clone();
        for file in unseen.pending.values() {
            unseen.between.remove(&file.path);
        }
        unseen
    }

    /// Whether the last run followed this name, or the one that this was before a rotation: then
    /// what is there is a continuation, wherever new inputs begin.
    pub(super) fn is_followed(&self, path: &Path) -> bool {
        self.followed.contains(path)
            || base_of(path).is_some_and(|(base, _)| self.followed.contains(&base))
    }
}

/// The path that a rotated file had, if its name is such a name.
fn base_of(path: &Path) -> Option<(PathBuf, Rotated)> {
    let rotated = Rotated::of(path.file_name()?.to_str()?)?;
    Some((path.with_file_name(&rotated.base), rotated))
}

/// The name under which a file and those rotated before and after it are looked for.
fn of_relatives(path: &Path) -> PathBuf {
    base_of(path).map_or_else(|| path.to_owned(), |(base, _)| base)
}

/// Files of one name, to be put in order: those of unknown age come first.
type Relatives = Vec<(Option<Age>, Waiting)>;

impl Fleet {
    /// What the ledger knows of a file that is being opened, if it still holds that content.
    pub(super) fn known(&mut self, id: FileId, file: &File) -> io::Result<Option<SavedFile>> {
        let ledger = Arc::clone(&self.reading.ledger);
        let Some(known) = ledger.file(id).filter(|known| !known.packed) else {
            return Ok(None);
        };
        let pending = self.unseen.pending.contains_key(&id);
        if known.position.still_in(file)? {
            if self.unseen.pending.remove(&id).is_some() && known.position.signature.length == 0 {
                // An empty file has nothing but its number, which may have been given to a new one.
                self.unseen.between.insert(known.path.clone());
            }
            return Ok(Some(known));
        }
        if pending || known.left {
            // Its number was given to another file, or it was copied and cut short.
            let position = known.position.of_content();
            let known = SavedFile { position, ..known };
            let step = ledger.step();
            step.forget(id);
            step.note(known.clone());
            drop(step);
            self.unseen.pending.remove(&id);
            self.remembered.forget(id);
            if known.left {
                self.remembered.keep(position.id, &ledger);
            } else {
                self.unseen.pending.insert(position.id, known);
            }
        }
        Ok(None)
    }

    /// Whether the next run will find this file, though it has lost its name.
    pub(super) fn is_found_again(&self, id: FileId) -> bool {
        let linked = |member: &super::Member| {
            member
                .tail
                .metadata()
                .is_ok_and(|metadata| link_count(&metadata) > 0)
        };
        self.reading.ledger.saves() && ID_IS_EXACT && self.members.get(&id).is_some_and(linked)
    }

    /// Looks for what was followed and is not open, and puts relatives in order.
    pub(super) fn search<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        let mut missing: BTreeMap<PathBuf, Vec<SavedFile>> = BTreeMap::new();
        for path in std::mem::take(&mut self.unseen.between) {
            if self.names.contains_key(path.as_path()) {
                missing.entry(of_relatives(&path)).or_default();
            }
        }
        for (id, file) in std::mem::take(&mut self.unseen.pending) {
            if self.is_in_trouble(&file, id) {
                continue;
            }
            missing
                .entry(of_relatives(&file.path))
                .or_default()
                .push(file);
        }
        let mut relatives: BTreeMap<PathBuf, Relatives> = BTreeMap::new();
        for (path, files) in missing {
            let found = self.search_beside(&path, files, outside);
            relatives.insert(path, found);
        }
        for (path, name) in &self.names {
            if let (Some(id), Some((base, rotated))) = (name.current, base_of(path))
                && (self.names.contains_key(base.as_path()) || relatives.contains_key(&base))
            {
                let relative = (Some(rotated.age), Waiting::Member(id));
                relatives.entry(base).or_default().push(relative);
            }
        }
        for (path, mut files) in relatives {
            files.sort_by_key(|(age, _)| *age);
            let mut files: Vec<Waiting> = files.into_iter().map(|(_, file)| file).collect();
            let current = self.names.get(path.as_path()).and_then(|name| name.current);
            if !files.is_empty() {
                files.extend(current.map(Waiting::Member));
            }
            self.put_in_order(files);
        }
    }

    /// Whether a file is where it was, but cannot be opened now.
    fn is_in_trouble(&self, file: &SavedFile, id: FileId) -> bool {
        let is_closed = self
            .names
            .get(file.path.as_path())
            .is_some_and(|name| name.current.is_none());
        let there = || std::fs::metadata(&file.path);
        is_closed && there().is_ok_and(|there| FileId::of(&file.path, &there) == id)
    }

    fn search_beside<S: Sink>(
        &mut self,
        path: &Path,
        missing: Vec<SavedFile>,
        outside: &mut Outside<'_, S>,
    ) -> Relatives {
        let first = missing.first().map(|file| Arc::clone(&file.source));
        let by_name = self.names.get(path).map(|name| name.source);
        let by_source = first.and_then(|first| {
            self.specifications
                .iter()
                .position(|one| one.source == first)
        });
        let Some(source) = by_name.or(by_source) else {
            // An input of another run with the same state.
            let ledger = &self.reading.ledger;
            missing
                .iter()
                .for_each(|file| self.remembered.keep(file.position.id, ledger));
            return Vec::new();
        };
        let ledger = Arc::clone(&self.reading.ledger);
        let left = ledger
            .files()
            .into_iter()
            .filter(|file| file.left && file.path.parent() == path.parent());
        let mut search = Search::new(missing, left.collect());
        search.look(path);
        let name = Arc::clone(&self.specifications[source].source);
        for (path, error) in search.problems.drain(..) {
            outside.events.skipped(&name, &path, &error);
        }
        for file in search.lost() {
            if search.doubtful {
                self.remembered.keep(file.position.id, &ledger);
            } else {
                ledger.step().forget(file.position.id);
            }
            if file.position.signature.length > 0 {
                outside.events.lost(&name, path);
            }
        }
        let mut relatives = Vec::new();
        for (candidate, found) in search.into_unread(ledger.last_save()) {
            let age = candidate.age;
            if self.members.contains_key(&candidate.id) {
                continue;
            }
            let candidate_path = candidate.path.clone();
            match self.take_up(path, source, candidate, found, outside) {
                Ok(waiting) => relatives.extend(waiting.map(|waiting| (age, waiting))),
                Err(error) => outside.events.skipped(&name, &candidate_path, &error),
            }
        }
        relatives
    }

    /// Begins to read a file that was found, or one that was rotated after it.
    fn take_up<S: Sink>(
        &mut self,
        path: &Path,
        source: usize,
        candidate: Candidate,
        found: Option<Match>,
        outside: &mut Outside<'_, S>,
    ) -> io::Result<Option<Waiting>> {
        let id = candidate.id;
        let (position, carried, before) = match found {
            Some(Match::Missing(file)) | Some(Match::Left(file)) => {
                let before = file.position.id;
                (
                    Position {
                        id,
                        ..file.position
                    },
                    file.carried,
                    Some(before),
                )
            }
            None => (Position::start(id), Vec::new(), None),
        };
        let origin = self.origin(source, path);
        let mut saved = SavedFile {
            source: Arc::clone(&origin.source),
            path: path.to_path_buf(),
            position,
            carried,
            left: false,
            packed: candidate.packing.is_some(),
        };
        let waiting = if let Some(packing) = candidate.packing {
            if position.signature.length == 0 {
                // Only a whole one is read; half of it could not be told from all.
                let content = packed::examine(&candidate.file, id, packing, &[])?;
                saved.position.signature = content.end.signature;
            }
            self.take_up_packed(&candidate.file, packing, saved, origin, outside)?
        } else {
            let tail = self
                .reading
                .begin(candidate.file, origin, saved, outside.sink)?;
            self.enlist_orphan(Arc::from(path), source, tail, outside.waker.now());
            Waiting::Member(id)
        };
        self.remembered.forget(id);
        if let Some(before) = before.filter(|before| *before != id) {
            self.remembered.forget(before);
            self.reading.ledger.step().forget(before);
        }
        Ok(Some(waiting))
    }

    fn take_up_packed<S: Sink>(
        &self,
        file: &File,
        packing: Packing,
        saved: SavedFile,
        origin: crate::line::Origin,
        outside: &mut Outside<'_, S>,
    ) -> io::Result<Waiting> {
        let step = self.reading.ledger.step();
        let (position, carried) = (saved.position, &saved.carried);
        let packed = Packed::begin(file, packing, origin, position, carried, outside.sink)?;
        step.note(saved.clone());
        Ok(Waiting::Packed(Box::new(packed), saved))
    }
}
