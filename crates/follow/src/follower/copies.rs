//! Files that are copied and cut short.
//!
//! Lines are counted from the original. What of it was not read when it was cut short is read from the
//! copy, which stands beside it under a name that rotation gives. Where a glob names the copy too, it is
//! not opened before that: whatever it holds is in the original as well.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::super::identity::FileId;
use super::super::{SavedFile, Sink};
use super::beside::{Candidate, Match, Search};
use super::missing::{base_of, of_relatives};
use super::{Follower, Outside};

impl Follower {
    /// Whether the file that `path` leads to is a copy of one that is followed, whole or being made.
    pub(super) fn is_copy(&self, path: &Path, file: &File) -> io::Result<bool> {
        let Some((base, _)) = base_of(path) else {
            return Ok(false);
        };
        self.is_copy_of(&base, file, FileId::of(path, &file.metadata()?))
    }

    /// The same for one that was found beside a followed name.
    pub(super) fn is_copied(&self, candidate: &Candidate) -> bool {
        // What cannot be compared is read: rather twice than not at all.
        self.is_copy(&candidate.path, &candidate.file)
            .unwrap_or(false)
    }

    fn is_copy_of(&self, base: &Path, copy: &File, copy_id: FileId) -> io::Result<bool> {
        let stem = base.with_extension("");
        let stem = stem.as_os_str().as_encoded_bytes();
        for (id, original) in &self.members {
            let path = &*original.path;
            if *id != copy_id
                && path.as_os_str().as_encoded_bytes().starts_with(stem)
                && of_relatives(path) == *base
                && is_younger(&copy.metadata()?, &original.tail.metadata()?)
                && original.tail.is_copied_in(copy)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A file holds other content than it did: it was cut short, or has become another file's copy.
    /// Says whether it may be read on now.
    pub(super) fn read_anew<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) -> bool {
        if self.has_become_a_copy(id) {
            self.leave_copy(id, outside);
            return false;
        }
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        let source = &self.specifications[member.source].source;
        outside.events.truncated(source, &member.path);
        member.suspect = member.tail.lag() == 0 && base_of(&member.path).is_some();
        if let Some(before) = self.reading.restart(&mut member.tail, outside.sink) {
            self.search_copy(id, before, outside);
        }
        self.members.get(&id).is_some_and(|member| !member.waits)
    }

    /// Finds the copy of what `id` held before it was cut short, and whatever was rotated since.
    fn search_copy<S: Sink>(
        &mut self,
        id: FileId,
        before: SavedFile,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(member) = self.members.get(&id) else {
            return;
        };
        let (path, source) = (member.path.to_path_buf(), member.source);
        // It may have been renamed since it was copied.
        let base = of_relatives(&path);
        let mut search = self.look_beside(&base, vec![before.clone()]);
        if search.lost().next().is_some() && base != path {
            search = self.look_beside(&path, vec![before.clone()]);
        }
        self.go_on_in_copies(&search, outside);
        if search.lost().next().is_none() {
            let unread = search.into_unread(None);
            let relatives = self.take_up_all(&base, source, unread, outside);
            self.put_before(Some(id), relatives);
        } else {
            for (path, error) in search.problems.drain(..) {
                let name = &self.specifications[source].source;
                outside.events.skipped(name, &path, &error);
            }
            // Known again when it shows up, unless it is there and cannot be read: then it is looked for.
            let left = !search.doubtful;
            if search.doubtful {
                self.doubt(&base, outside.waker.now());
            }
            self.remember(SavedFile { left, ..before });
        }
        let closed = self.names.iter().filter(|(one, name)| {
            name.current.is_none()
                && base_of(one).is_some_and(|(one, _)| one == base || one == path)
        });
        for path in closed.map(|(path, _)| Arc::clone(path)).collect::<Vec<_>>() {
            self.look_at(&path, true, outside);
        }
    }

    fn remember(&mut self, file: SavedFile) {
        let id = file.position.id;
        self.reading.positions.step().note(file);
        self.remembered.keep(id, &self.reading.positions);
    }

    /// Where a copy was found open already, and nothing of it is read, it goes on where its original
    /// was read to.
    pub(super) fn go_on_in_copies<S: Sink>(
        &mut self,
        search: &Search,
        outside: &mut Outside<'_, S>,
    ) {
        for (candidate, found) in search.found() {
            let is_counted = matches!(found, Match::Counted(_));
            let file = match found {
                Match::Open(_) => continue,
                found => found.file(),
            };
            let Some(member) = self.members.get_mut(&candidate.id) else {
                if is_counted {
                    self.remember(file.clone());
                }
                continue;
            };
            if member.tail.read_to() > 0 || (file.position.id == candidate.id && !is_counted) {
                continue;
            }
            member.suspect = false;
            match self.reading.go_on(&mut member.tail, file, outside.sink) {
                Ok(()) => self.remembered.forget(file.position.id),
                Err(error) => {
                    let source = &self.specifications[member.source].source;
                    outside.events.skipped(source, &candidate.path, &error);
                }
            }
        }
    }

    /// Whether a file under the name of a rotated one holds now what another does.
    fn has_become_a_copy(&self, id: FileId) -> bool {
        let Some(member) = self.members.get(&id) else {
            return false;
        };
        let base = base_of(&member.path).map(|(base, _)| base);
        // One without a name was found beside this one.
        let found_beside = || (member.names == 0).then(|| member.path.to_path_buf());
        let Some(base) = base.or_else(found_beside) else {
            return false;
        };
        // What cannot be compared is read: rather twice than not at all.
        self.is_copy_of(&base, member.tail.file(), id)
            .unwrap_or(false)
    }

    /// Whether a file that was empty when it was opened now holds what another does.
    pub(super) fn is_made_a_copy(&mut self, id: FileId) -> bool {
        let Some(member) = self.members.get_mut(&id).filter(|member| member.suspect) else {
            return false;
        };
        let is_empty = (member.tail.metadata()).is_ok_and(|metadata| metadata.len() == 0);
        member.suspect = is_empty;
        !is_empty && self.has_become_a_copy(id)
    }

    /// Closes a copy. What it holds now is not read here.
    pub(super) fn leave_copy<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        let names = self.names.values_mut();
        for name in names.filter(|name| name.current == Some(id)) {
            name.current = None;
        }
        let source = &mut self.sources[member.source];
        source.members -= 1;
        source.lag = source.lag.saturating_sub(member.lag);
        let left = self.reading.leave_content(member.tail, outside.sink);
        left.into_iter()
            .for_each(|left| self.remembered.keep(left, &self.reading.positions));
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
