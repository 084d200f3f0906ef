//! Files that are copied and then cut short (logrotate's copytruncate).
//!
//! Lines are counted from the original. What of it was not read when it was cut short is read from the
//! copy, which has a name that rotation gives. Where a glob matches the copy too, it is not opened
//! before that: whatever it holds is in the original as well.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Recovery;
use super::rotated_names::{base_of, base_or_self};
use super::rotation_search::{Recognized, RotationSearch};
use super::search::look_at_siblings;
use super::siblings::Sibling;
use crate::files::follower::Outside;
use crate::files::identity::FileId;
use crate::files::open_files::OpenFiles;
use crate::files::paths::PathTable;
use crate::{SavedFile, Sink};

/// Whether the file that `path` leads to is a copy of one that is followed, whole or being made.
pub(super) fn is_copy(path: &Path, file: &File, open: &OpenFiles) -> io::Result<bool> {
    let Some((base, _)) = base_of(path) else {
        return Ok(false);
    };
    is_copy_of(&base, file, FileId::of(path, &file.metadata()?), open)
}

/// The same for a rotated sibling that was found.
pub(super) fn is_copied(sibling: &Sibling, open: &OpenFiles) -> bool {
    // What cannot be compared is read: rather twice than not at all.
    is_copy(&sibling.path, &sibling.file, open).unwrap_or(false)
}

fn is_copy_of(base: &Path, copy: &File, copy_id: FileId, open: &OpenFiles) -> io::Result<bool> {
    let stem = base.with_extension("");
    let stem = stem.as_os_str().as_encoded_bytes();
    for (id, original) in &open.files {
        let path = &*original.path;
        if *id != copy_id
            && path.as_os_str().as_encoded_bytes().starts_with(stem)
            && base_or_self(path) == *base
            && is_younger(&copy.metadata()?, &original.tail.metadata()?)
            && original.tail.is_copied_in(copy)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file may have been made after another: a copy is, while a file that was renamed is older
/// than the one that took its name. Where a file system does not tell, it may.
fn is_younger(copy: &Metadata, original: &Metadata) -> bool {
    match (copy.created(), original.created()) {
        (Ok(copy), Ok(original)) => copy >= original,
        _ => true,
    }
}

impl Recovery {
    /// A file was cut short: it is read from its start, and the copy of what it held is searched, and
    /// whatever was rotated since. Returns the paths to look at again.
    pub(crate) fn search_after_truncation<S: Sink>(
        &mut self,
        id: FileId,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) -> Vec<Arc<Path>> {
        let Some(file) = open.files.get_mut(&id) else {
            return Vec::new();
        };
        let source = open.inputs.source(file.input);
        outside.events.truncated(source, &file.path);
        file.is_possible_copy = file.tail.lag() == 0 && base_of(&file.path).is_some();
        let (path, input) = (file.path.to_path_buf(), file.input);
        let logs = [file.log.clone()];
        let Some(before) = open.reader.restart(&mut file.tail, outside.sink) else {
            return Vec::new();
        };
        // It may have been renamed since it was copied.
        let base = base_or_self(&path);
        let mut search = look_at_siblings(&base, &logs, vec![before.clone()], open);
        if search.lost().next().is_some() && base != path {
            search = look_at_siblings(&path, &logs, vec![before.clone()], open);
        }
        self.go_on_in_copies(&search, open, outside);
        if search.lost().next().is_none() {
            let unread = search.into_unread(None);
            let siblings = self.take_up_all(&base, input, unread, open, outside);
            open.queue_before(Some(id), siblings);
        } else {
            for (path, error) in search.problems.drain(..) {
                outside
                    .events
                    .skipped(open.inputs.source(input), &path, &error);
            }
            // Known again when it shows up, unless it is there and cannot be read: then it is searched.
            let left = !search.is_incomplete;
            if search.is_incomplete {
                self.retry_later(&base, outside.waker.now());
            }
            self.remember(SavedFile { left, ..before }, open);
        }
        let is_sibling =
            |one: &Path| base_of(one).is_some_and(|(one, _)| one == base || one == path);
        let closed = paths
            .iter()
            .filter(|(one, followed)| followed.current.is_none() && is_sibling(one));
        closed.map(|(path, _)| Arc::clone(path)).collect()
    }

    fn remember(&mut self, file: SavedFile, open: &OpenFiles) {
        let (id, positions) = (file.position.id, &open.reader.positions);
        positions.read_guard().note(file);
        self.recently_closed.keep(id, positions);
    }

    /// Where a copy is open already, and nothing of it is read, it goes on where its original was read
    /// to.
    pub(super) fn go_on_in_copies<S: Sink>(
        &mut self,
        search: &RotationSearch,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        for (sibling, found) in search.found() {
            let is_counted = matches!(found, Recognized::Counted(_));
            let saved = match found {
                Recognized::Open(_) => continue,
                found => found.file(),
            };
            let Some(file) = open.files.get_mut(&sibling.id) else {
                if is_counted {
                    self.remember(saved.clone(), open);
                }
                continue;
            };
            if file.tail.read_to() > 0 || (saved.position.id == sibling.id && !is_counted) {
                continue;
            }
            file.is_possible_copy = false;
            match open.reader.go_on(&mut file.tail, saved, outside.sink) {
                Ok(()) => self.recently_closed.forget(saved.position.id),
                Err(error) => {
                    let source = open.inputs.source(file.input);
                    outside.events.skipped(source, &sibling.path, &error);
                }
            }
        }
    }

    /// Whether a file under the name of a rotated one holds now what another does.
    pub(crate) fn has_become_a_copy(&self, id: FileId, open: &OpenFiles) -> bool {
        let Some(file) = open.files.get(&id) else {
            return false;
        };
        let base = base_of(&file.path).map(|(base, _)| base);
        // A file that no path leads to was found next to this path.
        let found_next_to = || (file.paths == 0).then(|| file.path.to_path_buf());
        let Some(base) = base.or_else(found_next_to) else {
            return false;
        };
        // What cannot be compared is read: rather twice than not at all.
        is_copy_of(&base, file.tail.file(), id, open).unwrap_or(false)
    }

    /// Whether a file that was empty when it was opened now holds what another does.
    pub(crate) fn is_made_a_copy(&self, id: FileId, open: &mut OpenFiles) -> bool {
        let file = open.files.get_mut(&id);
        let Some(file) = file.filter(|file| file.is_possible_copy) else {
            return false;
        };
        let is_empty = (file.tail.metadata()).is_ok_and(|metadata| metadata.len() == 0);
        file.is_possible_copy = is_empty;
        !is_empty && self.has_become_a_copy(id, open)
    }

    /// Closes a copy. What it holds now is not read here.
    pub(crate) fn close_copy<S: Sink>(
        &mut self,
        id: FileId,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(file) = open.remove(id) else {
            return;
        };
        if let Some(left) = open.reader.close_content(file.tail, outside.sink) {
            self.recently_closed.keep(left, &open.reader.positions);
        }
    }
}
