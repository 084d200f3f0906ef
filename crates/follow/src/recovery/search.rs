//! When rotated files are searched, for which names, and what follows from what was found.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Recovery;
use super::places::{places_of, without_repeats};
use super::read_order::{ByAge, Queued};
use super::rotated_names::{base_of, base_or_self};
use super::rotation_search::RotationSearch;
use crate::files::follower::Outside;
use crate::files::identity::FileId;
use crate::files::open_files::OpenFiles;
use crate::files::paths::PathTable;
use crate::{SavedFile, Sink};

impl Recovery {
    /// Searches for what the last run followed and is not open, and puts rotated files in order.
    pub(crate) fn search_after_start<S: Sink>(
        &mut self,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let mut found: BTreeMap<PathBuf, ByAge> = BTreeMap::new();
        for (path, missing) in self.missing_by_name(paths) {
            let siblings = self.search_siblings(&path, missing, paths, open, outside);
            found.insert(path, siblings);
        }
        for (path, followed) in paths.iter() {
            if let (Some(id), Some((base, rotated))) = (followed.current, base_of(path))
                && (paths.contains(&base) || found.contains_key(&base))
            {
                let sibling = (Some(rotated.age), Queued::Plain(id));
                found.entry(base).or_default().push(sibling);
            }
        }
        for (path, siblings) in found {
            open.queue_before(paths.current(&path), siblings);
        }
    }

    /// The files to search for, by the name that they had before a rotation.
    fn missing_by_name(&mut self, paths: &PathTable) -> BTreeMap<PathBuf, Vec<SavedFile>> {
        let mut missing: BTreeMap<PathBuf, Vec<SavedFile>> = BTreeMap::new();
        for path in std::mem::take(&mut self.pending.without_file) {
            if paths.contains(&path) {
                missing.entry(base_or_self(&path)).or_default();
            }
        }
        for (id, file) in std::mem::take(&mut self.pending.files) {
            if !is_there_but_closed(&file, id, paths) {
                let files = missing.entry(base_or_self(&file.path));
                files.or_default().push(file);
            }
        }
        for file in std::mem::take(&mut self.pending.renamed) {
            missing.entry(file.path.clone()).or_default().push(file);
        }
        missing
    }

    /// Searches for `missing` among the rotated siblings of `path`, and begins to read what is found.
    pub(super) fn search_siblings<S: Sink>(
        &mut self,
        path: &Path,
        missing: Vec<SavedFile>,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) -> ByAge {
        let positions = Arc::clone(&open.reader.positions);
        let Some(input) = input_of(path, &missing, paths, open) else {
            self.retries.remove(path);
            // An input of another run with the same state.
            for file in &missing {
                self.recently_closed.keep(file.position.id, &positions);
            }
            return ByAge::new();
        };
        let mut search = look_at_siblings(path, &[], missing, open);
        search.uncertain |= self.pending.by_number.contains(path);
        let name = Arc::clone(open.inputs.source(input));
        let was_reported = self.retries.contains_key(path);
        for (path, error) in search.problems.drain(..).filter(|_| !was_reported) {
            outside.events.skipped(&name, &path, &error);
        }
        if search.is_incomplete {
            self.retry_later(path, outside.waker.now());
        } else {
            self.retries.remove(path);
        }
        for file in search.lost() {
            if open.files.contains_key(&file.position.id) {
                continue;
            }
            if search.is_incomplete {
                self.recently_closed.keep(file.position.id, &positions);
            } else {
                positions.read_guard().forget(file.position.id);
            }
            if file.has_evidence() && !search.is_incomplete {
                outside.events.lost(&name, path);
            }
        }
        self.go_on_in_copies(&search, open, outside);
        let unread = search.into_unread(positions.last_save());
        self.take_up_all(path, input, unread, open, outside)
    }

    /// A file has replaced another under `path`. What was rotated between the two is read before it.
    pub(crate) fn search_after_replacement<S: Sink>(
        &mut self,
        path: &Path,
        current: FileId,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(followed) = paths.get(path) else {
            return;
        };
        let nameless = open.nameless.iter().filter(|id| {
            let file = open.files.get(*id);
            file.is_some_and(|file| *file.path == *path)
        });
        // A glob may have found it under its new name.
        let last = followed.before;
        let last = last.filter(|id| open.files.contains_key(id));
        let mut before: BTreeSet<FileId> = nameless.copied().chain(last).collect();
        if before.is_empty() {
            before.extend(newest_of_log(current, open));
        }
        let positions = &open.reader.positions;
        let missing: Vec<SavedFile> = before.iter().filter_map(|id| positions.file(*id)).collect();
        if missing.is_empty() {
            return;
        }
        // A link may lead to another folder now.
        let more: Vec<PathBuf> = before
            .iter()
            .filter_map(|id| Some(open.files.get(id)?.log.clone()))
            .collect();
        let mut search = look_at_siblings(path, &more, missing, open);
        if search.is_incomplete {
            self.retry_later(path, outside.waker.now());
        }
        let newest = search.newest();
        for (path, error) in search.problems.drain(..) {
            let age = base_of(&path).map(|(_, rotated)| rotated.age);
            if age
                .zip(newest)
                .is_some_and(|(age, newest)| age.is_newer_than(newest))
            {
                let name = open.inputs.source(followed.input);
                outside.events.skipped(name, &path, &error);
            }
        }
        let age_of = |id: &FileId| {
            let mut found = search.found();
            found.find(|(sibling, _)| sibling.id == *id)?.0.age
        };
        let before = before.iter().map(|id| (age_of(id), Queued::Plain(*id)));
        let before: ByAge = before.collect();
        let newer = search.into_newer();
        let mut siblings = self.take_up_all(path, followed.input, newer, open, outside);
        siblings.extend(before);
        open.queue_before(Some(current), siblings);
    }
}

/// The newest open file that was rotated in the log of `current`.
fn newest_of_log(current: FileId, open: &OpenFiles) -> Option<FileId> {
    let log = &open.files.get(&current)?.log;
    let others = open
        .files
        .iter()
        .filter(|(id, file)| **id != current && file.log == *log);
    let ages = others.filter_map(|(id, file)| Some((base_of(&file.path)?.1.age, *id)));
    ages.max_by_key(|(age, _)| *age).map(|(_, id)| id)
}

/// The input to which what is found next to `path` belongs.
fn input_of(
    path: &Path,
    missing: &[SavedFile],
    paths: &PathTable,
    open: &OpenFiles,
) -> Option<usize> {
    let by_path = paths.get(path).map(|followed| followed.input);
    let by_source = || {
        let source = &missing.first()?.source;
        let mut specifications = open.inputs.specifications.iter();
        specifications.position(|one| one.source == *source)
    };
    by_path.or_else(by_source)
}

/// Looks at the rotated siblings of `path`, and which of them is what is missing. `more` are paths at
/// which the log was before.
pub(super) fn look_at_siblings(
    path: &Path,
    more: &[PathBuf],
    missing: Vec<SavedFile>,
    open: &OpenFiles,
) -> RotationSearch {
    let mut places = places_of(path);
    places.extend(more.iter().cloned());
    let places = without_repeats(places);
    let folders: HashSet<&Path> = places.iter().filter_map(|place| place.parent()).collect();
    let is_near = |file: &SavedFile| {
        let folder = file.path.parent();
        folder.is_some_and(|folder| folders.contains(folder))
    };
    let others = open.reader.positions.files_where(is_near);
    let mut search = RotationSearch::new(missing, others);
    search.look(&places);
    search
}

/// Whether a file is where it was, but cannot be opened now.
fn is_there_but_closed(file: &SavedFile, id: FileId, paths: &PathTable) -> bool {
    let followed = paths.get(&file.path);
    let is_closed = followed.is_some_and(|followed| followed.current.is_none());
    let there = || std::fs::metadata(&file.path);
    is_closed && there().is_ok_and(|there| FileId::of(&file.path, &there) == id)
}
