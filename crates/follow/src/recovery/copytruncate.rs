//! Files that are copied and then cut short (logrotate's copytruncate).
//!
//! Lines are counted from the original. What of it was not read when it was cut short is read from the
//! copy. Where a glob matches the copy too, it is not opened before that: whatever it holds is in the
//! original as well.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Recovery;
use super::places::{Place, log_of};
use super::recognized::Recognized;
use super::rotated_names::{base_of, base_or_self};
use super::rotation_search::RotationSearch;
use super::search::look_at_siblings;
use super::siblings::{self, Sibling};
use crate::files::beginnings::Beginnings;
use crate::files::follower::Outside;
use crate::files::identity::{self, FileId, Fingerprint, read_at};
use crate::files::open_files::{OpenFiles, TailedFile};
use crate::files::paths::PathTable;
use crate::{SavedFile, Sink};

/// Whether the file that `path` leads to is a copy of one that is followed, whole or being made. Content
/// decides: a copy has any name. Files of unrelated names that are met together for the first time
/// (without `history`) are not compared.
pub(super) fn is_copy(
    path: &Path,
    file: &File,
    open: &OpenFiles,
    history: bool,
) -> io::Result<bool> {
    let log = base_of(path).map(|_| open.inputs.rotated.log_of(path));
    is_copy_in(path, log, file, open, history)
}

fn is_copy_in(
    path: &Path,
    log: Option<PathBuf>,
    file: &File,
    open: &OpenFiles,
    history: bool,
) -> io::Result<bool> {
    let copy = PossibleCopy::new(path, log, file)?;
    if copy.metadata.len() == 0 {
        return Ok(false);
    }
    let unrelated_too = open.started || history;
    let originals = copy.originals(open, unrelated_too);
    #[cfg(test)]
    crate::testing::count_work(originals.len());
    let originals = originals.iter().filter(|id| **id != copy.id);
    for original in originals.filter_map(|id| open.files.get(id)) {
        if copy.is_of(original, unrelated_too)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The same for a rotated sibling that was found.
pub(super) fn is_copied(sibling: &Sibling, open: &OpenFiles) -> bool {
    // What cannot be compared is read: rather twice than not at all.
    let log = sibling.age.map(|_| log_of(&sibling.log));
    is_copy_in(&sibling.path, log, &sibling.file, open, true).unwrap_or(false)
}

/// So much of the same content in files with unrelated names is no coincidence. More of it may still be a
/// header; but then the files differ as soon as one of them grows.
const UNRELATED_BYTES_MIN: u64 = 128;

/// So many files that begin alike are compared, whatever they are called.
const ALIKE_FEW: usize = 64;

/// How much before the end of a copy is compared.
const COMPARED_BYTES: usize = 4096;

/// A file that is compared with those that are open.
struct PossibleCopy<'a> {
    path: &'a Path,
    file: &'a File,
    id: FileId,
    /// Where its log would be, if its name is one that rotation gives.
    log: Option<PathBuf>,
    metadata: Metadata,
    head: Vec<u8>,
    /// The hash of each beginning of the head, by length.
    hashes: Vec<u64>,
}

impl<'a> PossibleCopy<'a> {
    fn new(path: &'a Path, log: Option<PathBuf>, file: &'a File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let head = identity::head(file)?;
        Ok(PossibleCopy {
            path,
            file,
            id: FileId::of(path, &metadata),
            log,
            metadata,
            hashes: Fingerprint::of_beginnings(&head),
            head,
        })
    }

    /// The open files that it may be a copy of.
    fn originals(&self, open: &OpenFiles, unrelated_too: bool) -> BTreeSet<FileId> {
        let of_log = self.log.iter().flat_map(|log| open.of_log(log));
        let of_log = of_log.map(|(id, _)| id);
        // Where the beginning is not written yet, only those of the same log are compared.
        if self.head.is_empty() {
            return of_log.collect();
        }
        // Both the content and the name choose few of many files, each where the other does not.
        let beginnings = Beginnings::of(&self.head);
        let is_by_content = unrelated_too && self.metadata.len() >= UNRELATED_BYTES_MIN;
        if is_by_content || open.by_beginning.count_alike(&beginnings) <= ALIKE_FEW {
            return open.by_beginning.alike(&beginnings).collect();
        }
        of_log.chain(open.names.related(self.path)).collect()
    }

    fn is_of(&self, original: &TailedFile, unrelated_too: bool) -> io::Result<bool> {
        let position = original.tail.position();
        if self.log.as_ref() == Some(&original.log) {
            let is_younger = is_younger(&self.metadata, &original.tail.metadata()?);
            return Ok(is_younger && original.tail.is_copied_in(self.file)?);
        }
        // What differs is refused before names are compared: many small files may be asked about.
        let length = position.signature.length as usize;
        let by_hash = self.hashes.get(length);
        let by_hash = by_hash.map(|hash| length > 0 && *hash == position.signature.hash);
        if self.head.is_empty() || by_hash == Some(false) {
            return Ok(false);
        }
        let size = self.metadata.len();
        let is_related =
            is_related(self.path, &original.path) || is_related(self.path, &original.log);
        let is_enough = is_related || (unrelated_too && size >= UNRELATED_BYTES_MIN);
        if !is_enough {
            return Ok(false);
        }
        let begins_alike = match by_hash {
            Some(begins_alike) => begins_alike,
            None => identity::head(original.tail.file())?.starts_with(&self.head),
        };
        if !begins_alike || !is_younger(&self.metadata, &original.tail.metadata()?) {
            return Ok(false);
        }
        let of_original = original.tail.file();
        if !position.still_in(of_original)? {
            // Cut short just now: what was read of it is in the copy.
            return Ok(position.offset > 0 && position.still_in(self.file)?);
        }
        if size > original.tail.metadata()?.len() {
            return Ok(false);
        }
        let from = size.saturating_sub(COMPARED_BYTES as u64);
        let (mut one, mut other) = (vec![0; COMPARED_BYTES], vec![0; COMPARED_BYTES]);
        let read = read_at(self.file, &mut one, from)?;
        let length = usize::try_from(size - from).unwrap_or(read).min(read);
        let read = read_at(of_original, &mut other, from)?;
        Ok(length <= read && one[..length] == other[..length])
    }
}

/// Whether a copy's name says of what it is one: it has the other name in it, or begins as that does.
pub(super) fn is_related(copy: &Path, original: &Path) -> bool {
    match (copy.file_name(), original.file_name()) {
        (Some(copy), Some(original)) => copy != original && siblings::is_related(copy, original),
        _ => false,
    }
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
        // Every name of a file may be the one that is copied.
        let names = paths.iter().filter(|(_, one)| one.current == Some(id));
        let mut logs: Vec<Place> = names.map(|(path, _)| path.to_path_buf().into()).collect();
        logs.push(file.log.clone().into());
        let Some(before) = open.reader.restart(&mut file.tail, outside.sink) else {
            return Vec::new();
        };
        // It may have been renamed since it was copied.
        let base = base_or_self(&path);
        let mut search = look_at_siblings(&base, logs.clone(), vec![before.clone()], open);
        if search.lost().next().is_some() && base != path {
            search = look_at_siblings(&path, logs, vec![before.clone()], open);
        }
        self.go_on_in_copies(&search, open, outside);
        if search.lost().next().is_none() {
            let unread = search.into_unread(None);
            let siblings = self.take_up_all(&base, input, unread, open, outside);
            open.queue_first(id, siblings, outside.sink);
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
        // What was taken for a copy so far is looked at again.
        let closed = paths.iter().filter(|(_, one)| one.current.is_none());
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

    /// Whether an open file holds now what another does.
    pub(crate) fn has_become_a_copy(&self, id: FileId, open: &OpenFiles) -> bool {
        let Some(file) = open.files.get(&id) else {
            return false;
        };
        // What cannot be compared is read: rather twice than not at all.
        let is_rotated = file.paths == 0 || base_of(&file.path).is_some();
        let log = is_rotated.then(|| file.log.clone());
        is_copy_in(&file.path, log, file.tail.file(), open, true).unwrap_or(false)
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
