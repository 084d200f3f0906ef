//! When rotated files are searched, for which names, and what follows from what was found.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Recovery;
use super::places::{Place, places_of};
use super::read_order::{AgeInLog, ByAge, Queued};
use super::rotated_names::{base_of, base_or_self};
use super::rotation_search::{RotationSearch, Surroundings};
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
                let sibling = (AgeInLog::Present(rotated.age), Queued::Plain(id));
                found.entry(base).or_default().push(sibling);
            }
        }
        for (path, siblings) in found {
            open.queue_before(paths.current(&path), siblings, outside.sink);
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
        // A link may lead to another folder now.
        let former = missing.iter().filter_map(|file| file.log.as_ref());
        let former = former.chain(self.pending.logs_of(path));
        let former = former.cloned().map(Place::former).collect();
        let mut search = look_at_siblings(path, former, missing, open);
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
                open.reader.give_up(file, outside.sink);
            }
            if file.has_evidence() && !search.is_incomplete {
                outside.events.lost(&name, path);
            }
        }
        self.go_on_in_copies(&search, open, outside);
        let unread = search.into_unread(positions.last_save());
        self.take_up_all(path, input, unread, open, outside)
    }
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

/// Looks at the rotated siblings of `path`, and which of them is what is missing. `more` is where else
/// the log is or was.
pub(super) fn look_at_siblings(
    path: &Path,
    more: Vec<Place>,
    missing: Vec<SavedFile>,
    open: &OpenFiles,
) -> RotationSearch {
    look_at(path, more, missing, open, &|_| false)
}

/// The same where some of the siblings, unless they are missing, need not be looked at.
pub(super) fn look_at(
    path: &Path,
    more: Vec<Place>,
    missing: Vec<SavedFile>,
    open: &OpenFiles,
    is_skipped: &dyn Fn(FileId) -> bool,
) -> RotationSearch {
    let mut logs: Vec<Place> = places_of(path).into_iter().map(Place::from).collect();
    logs.extend(more);
    let places = open.inputs.rotated.places(logs);
    let folder = |place: &'_ Place| place.path.parent().map(Path::to_owned);
    let folders: HashSet<PathBuf> = places.iter().filter_map(folder).collect();
    let is_near = |file: &SavedFile| {
        let folder = file.path.parent();
        folder.is_some_and(|folder| folders.contains(folder))
    };
    let around = Surroundings {
        others: &|| open.reader.positions.files_where(is_near),
        is_skipped,
    };
    let mut search = RotationSearch::new(missing);
    search.look(&places, &around);
    search
}

/// Whether a file is where it was, but cannot be opened now.
fn is_there_but_closed(file: &SavedFile, id: FileId, paths: &PathTable) -> bool {
    let followed = paths.get(&file.path);
    let is_closed = followed.is_some_and(|followed| followed.current.is_none());
    let there = || std::fs::metadata(&file.path);
    is_closed && there().is_ok_and(|there| FileId::of(&file.path, &there) == id)
}
