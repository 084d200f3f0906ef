//! Files of the last run that are not under their names any more: rotated while nobody looked.
//!
//! Each is looked for beside its name: by identity under any name, else by content among the names
//! that rotation gives, compressed or copied. Its rest is read, then whatever was rotated after it,
//! the oldest first, then the file that has the name now. Happens once, at the start.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::identity::{FileId, ID_IS_EXACT, Position, link_count};
use super::super::packed::{self, Packed};
use super::super::rotated::{Age, Packing, Rotated};
use super::super::{Positions, SavedFile, Sink};
use super::backlog::Waiting;
use super::beside::{Candidate, Match, Search};
use super::remembered::Remembered;
use super::{Follower, Outside};

/// What the last run has left.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// Files that were followed and have not been opened yet.
    pending: BTreeMap<FileId, SavedFile>,
    /// Names that were followed.
    followed: HashSet<PathBuf>,
    /// Those of them under which no file was surely followed when the last run ended.
    between: HashSet<PathBuf>,
    /// Names whose relatives were known by their number alone, which may be another file's by now.
    by_number: HashSet<PathBuf>,
    /// Files that a glob found under the names that rotation gave them: what was rotated after them
    /// is new.
    moved: Vec<SavedFile>,
}

impl Unseen {
    pub(super) fn new(positions: &Positions, remembered: &mut Remembered) -> Self {
        let mut unseen = Unseen::default();
        for file in positions.files() {
            unseen.followed.insert(file.path.clone());
            if file.left {
                remembered.keep(file.position.id, positions);
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
pub(super) fn base_of(path: &Path) -> Option<(PathBuf, Rotated)> {
    let rotated = Rotated::of(path.file_name()?.to_str()?)?;
    Some((path.with_file_name(&rotated.base), rotated))
}

/// The name under which a file and those rotated before and after it are looked for.
pub(super) fn of_relatives(path: &Path) -> PathBuf {
    base_of(path).map_or_else(|| path.to_owned(), |(base, _)| base)
}

/// Files of one name, to be put in order: those of unknown age come first.
pub(super) type Relatives = Vec<(Option<Age>, Waiting)>;

impl Follower {
    /// What the positions know of a file that is being opened, if it still holds that content.
    pub(super) fn known(
        &mut self,
        path: &Path,
        id: FileId,
        file: &File,
    ) -> io::Result<Option<SavedFile>> {
        let positions = Arc::clone(&self.reading.positions);
        let Some(known) = positions.file(id).filter(|known| !known.packed) else {
            return Ok(None);
        };
        if known.position.still_in(file)? {
            if self.unseen.pending.remove(&id).is_some() {
                if !known.has_evidence() {
                    self.unseen.between.insert(known.path.clone());
                    self.unseen.by_number.insert(of_relatives(&known.path));
                } else if base_of(path).is_some_and(|(base, _)| base == known.path) {
                    self.unseen.moved.push(known.clone());
                }
            }
            return Ok(Some(known));
        }
        self.free_number(known);
        Ok(None)
    }

    /// The number of a file was given to another, or it was copied and cut short: it is known by its
    /// content from now on.
    fn free_number(&mut self, known: SavedFile) {
        let (id, position) = (known.position.id, known.position.of_content());
        let known = SavedFile { position, ..known };
        let step = self.reading.positions.step();
        step.forget(id);
        step.note(known.clone());
        drop(step);
        self.unseen.pending.remove(&id);
        self.remembered.forget(id);
        if known.left {
            self.remembered.keep(position.id, &self.reading.positions);
        } else {
            self.unseen.pending.insert(position.id, known);
        }
    }

    /// Under which identity a position is noted: its number may have been another file's meanwhile.
    fn noted_as(&self, position: &Position) -> Option<FileId> {
        let ids = [position.id, position.of_content().id];
        ids.into_iter().find(|id| {
            let noted = self.reading.positions.file(*id).map(|noted| noted.position);
            noted
                == Some(Position {
                    id: *id,
                    ..*position
                })
        })
    }

    /// Whether the next run will find this file, though it has lost its name.
    pub(super) fn is_found_again(&self, id: FileId) -> bool {
        let linked = |member: &super::Member| {
            member
                .tail
                .metadata()
                .is_ok_and(|metadata| link_count(&metadata) > 0)
        };
        self.reading.positions.saves() && ID_IS_EXACT && self.members.get(&id).is_some_and(linked)
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
        for file in std::mem::take(&mut self.unseen.moved) {
            missing.entry(file.path.clone()).or_default().push(file);
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
        for (path, files) in relatives {
            let current = self.names.get(path.as_path()).and_then(|name| name.current);
            self.put_before(current, files);
        }
    }

    /// Lets a file wait for its relatives, and those for each other.
    pub(super) fn put_before(&mut self, current: Option<FileId>, mut relatives: Relatives) {
        relatives.sort_by_key(|(age, _)| *age);
        let mut files: Vec<Waiting> = relatives.into_iter().map(|(_, file)| file).collect();
        if !files.is_empty() {
            files.extend(current.map(Waiting::Member));
        }
        self.put_in_order(files);
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

    pub(super) fn search_beside<S: Sink>(
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
            self.doubts.remove(path);
            // An input of another run with the same state.
            let positions = &self.reading.positions;
            missing
                .iter()
                .for_each(|file| self.remembered.keep(file.position.id, positions));
            return Vec::new();
        };
        let positions = Arc::clone(&self.reading.positions);
        let mut search = self.look_beside(path, missing);
        search.uncertain |= self.unseen.by_number.contains(path);
        let name = Arc::clone(&self.specifications[source].source);
        let was_said = self.doubts.contains_key(path);
        for (path, error) in search.problems.drain(..).filter(|_| !was_said) {
            outside.events.skipped(&name, &path, &error);
        }
        if search.doubtful {
            self.doubt(path, outside.waker.now());
        } else {
            self.doubts.remove(path);
        }
        for file in search.lost() {
            if self.members.contains_key(&file.position.id) {
                continue;
            }
            if search.doubtful {
                self.remembered.keep(file.position.id, &positions);
            } else {
                positions.step().forget(file.position.id);
            }
            if file.has_evidence() && !search.doubtful {
                outside.events.lost(&name, path);
            }
        }
        self.go_on_in_copies(&search, outside);
        self.take_up_all(
            path,
            source,
            search.into_unread(positions.last_save()),
            outside,
        )
    }

    /// Looks what stands beside `path`, and which of it is what is missing.
    pub(super) fn look_beside(&self, path: &Path, missing: Vec<SavedFile>) -> Search {
        let files = self.reading.positions.files().into_iter();
        let others = files.filter(|file| file.path.parent() == path.parent());
        let mut search = Search::new(missing, others.collect());
        search.look(path);
        search
    }

    /// A file has taken another's name. Whatever had that name between the two is read before it.
    pub(super) fn search_between<S: Sink>(
        &mut self,
        path: &Path,
        source: usize,
        current: FileId,
        outside: &mut Outside<'_, S>,
    ) {
        let orphans = self.orphans.iter().filter(|id| {
            let member = self.members.get(*id);
            member.is_some_and(|member| *member.path == *path)
        });
        // A glob may have found it under its new name.
        let last = self.names.get(path).and_then(|name| name.before);
        let last = last.filter(|id| self.members.contains_key(id));
        let before: BTreeSet<FileId> = orphans.copied().chain(last).collect();
        let positions = &self.reading.positions;
        let missing: Vec<SavedFile> = before.iter().filter_map(|id| positions.file(*id)).collect();
        if missing.is_empty() {
            return;
        }
        let mut search = self.look_beside(path, missing);
        if search.doubtful {
            self.doubt(path, outside.waker.now());
        }
        let newest = search.newest();
        for (path, error) in search.problems.drain(..) {
            let age = base_of(&path).map(|(_, rotated)| rotated.age);
            if age
                .zip(newest)
                .is_some_and(|(age, newest)| age.is_newer_than(newest))
            {
                let name = &self.specifications[source].source;
                outside.events.skipped(name, &path, &error);
            }
        }
        let found = search.found();
        let before: Relatives = found
            .filter(|(candidate, _)| before.contains(&candidate.id))
            .map(|(candidate, _)| (candidate.age, Waiting::Member(candidate.id)))
            .collect();
        let mut relatives = self.take_up_all(path, source, search.into_newer(), outside);
        if !relatives.is_empty() {
            relatives.extend(before);
        }
        self.put_before(Some(current), relatives);
    }

    /// Begins to read what was found and is not open.
    pub(super) fn take_up_all<S: Sink>(
        &mut self,
        path: &Path,
        source: usize,
        unread: impl Iterator<Item = (Candidate, Option<Match>)>,
        outside: &mut Outside<'_, S>,
    ) -> Relatives {
        let name = Arc::clone(&self.specifications[source].source);
        let mut relatives = Vec::new();
        for (candidate, found) in unread {
            let age = candidate.age;
            let is_open = self.members.contains_key(&candidate.id) || self.is_waiting(candidate.id);
            let is_known = found
                .as_ref()
                .is_some_and(|found| found.file().has_evidence());
            if is_open || (!is_known && self.is_copied(&candidate)) {
                let number = found.filter(|_| !is_open && !is_known);
                number.into_iter().for_each(|found| {
                    self.reading
                        .positions
                        .step()
                        .forget(found.file().position.id);
                });
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
        let is_found = found
            .as_ref()
            .is_some_and(|found| found.file().position.id == id);
        let other = self.reading.positions.file(id).filter(|_| !is_found);
        other.into_iter().for_each(|other| self.free_number(other));
        let (position, resume_state, before) = match found {
            Some(found) => {
                let file = found.into_file();
                let before = self.noted_as(&file.position).filter(|noted| *noted != id);
                let position = Position {
                    id,
                    ..file.position
                };
                (position, file.resume_state, before)
            }
            None => (Position::start(id), Vec::new(), None),
        };
        let origin = self.origin(source, path);
        let mut saved = SavedFile {
            source: Arc::clone(&origin.source),
            path: path.to_path_buf(),
            position,
            resume_state,
            left: false,
            packed: candidate.packing.is_some(),
        };
        let waiting = if let Some(packing) = candidate.packing {
            if position.signature.length == 0 {
                // Only a whole one is read; half of it could not be told from all.
                let content = packed::examine(&candidate.file, id, packing, &[])?;
                saved.position.signature = content.end.signature;
            }
            self.take_up_packed(&candidate.file, packing, saved, origin, before, outside)?
        } else {
            let tail = self
                .reading
                .begin(candidate.file, origin, saved, before, outside.sink)?;
            self.enlist_orphan(Arc::from(path), source, tail, outside.waker.now());
            Waiting::Member(id)
        };
        self.remembered.forget(id);
        before.into_iter().for_each(|id| self.remembered.forget(id));
        Ok(Some(waiting))
    }

    fn take_up_packed<S: Sink>(
        &self,
        file: &File,
        packing: Packing,
        saved: SavedFile,
        origin: crate::line::Origin,
        instead_of: Option<FileId>,
        outside: &mut Outside<'_, S>,
    ) -> io::Result<Waiting> {
        let step = self.reading.positions.step();
        let (position, resume_state) = (saved.position, &saved.resume_state);
        let packed = Packed::begin(file, packing, origin, position, resume_state, outside.sink)?;
        instead_of.into_iter().for_each(|id| step.forget(id));
        step.note(saved.clone());
        Ok(Waiting::Packed(Box::new(packed), saved))
    }
}
