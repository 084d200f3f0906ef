//! Whether a file is one of the last run, where its number and its content disagree.
//!
//! A number of a device means nothing after a reboot, a number of an inode is given to the next file, and
//! a file that was copied and moved, edited in place or restored has another one. What is before the saved
//! offset is the evidence then: a long content is the same file, a short one may be a header that many
//! files share. Each decision is reported.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::Recovery;
use super::copytruncate::is_related;
use crate::files::identity::{self, FileId, Fingerprint};
use crate::{Events, Positions, SavedFile};

/// So much of the same content before the offset is the same file, whatever its number and its age.
const LONG_BYTES: u64 = 4096;

/// So much is, where the content was lost under our eyes: it is where a copy was made of it.
const CUT_BYTES: u64 = 128;

/// A save knows its time to the millisecond, and file systems have clocks of their own.
const CLOCK_SLACK: Duration = Duration::from_millis(20);

impl Recovery {
    /// Whether a file of the last run was recreated since, with its number and its first lines.
    pub(super) fn is_recreated(
        &self,
        known: &SavedFile,
        file: &File,
        positions: &Positions,
    ) -> io::Result<bool> {
        let id = known.position.id;
        if !self.pending.files.contains_key(&id) && !self.pending.left.contains(&id) {
            return Ok(false);
        }
        Ok(known.has_evidence() && is_made_since(file, positions)?)
    }

    /// What is noted of the content of a file that is being opened and whose number is not known.
    pub(super) fn known_by_content(
        &self,
        path: &Path,
        id: FileId,
        file: &File,
        positions: &Positions,
        events: &dyn Events,
    ) -> io::Result<Option<SavedFile>> {
        let hashes = Fingerprint::of_beginnings(&identity::head(file)?);
        let may_be = |one: &SavedFile| {
            let begin = hashes.get(one.position.signature.length as usize);
            !one.compressed
                && one.position.offset > 0
                && begin == Some(&one.position.signature.hash)
        };
        // An empty file has only its number, and holds what goes on from the files before it.
        let candidates = || {
            let ids = self.pending.candidates(path, id.inode);
            ids.filter_map(|id| positions.file(id))
        };
        let mut empty = candidates().filter(|one| !one.has_evidence() && one.position.offset == 0);
        if let Some(one) = empty.find(|one| one.position.id.inode == id.inode)
            && !is_made_since(file, positions)?
        {
            return Ok(Some(one));
        }
        // What was cut short in the run before is searched with its rotated siblings.
        let contents = positions.contents_where(|one| one.left && may_be(one));
        for one in candidates().filter(may_be).chain(contents) {
            if !one.position.still_in(file)? {
                continue;
            }
            let offset = one.position.offset;
            if one.position.is_of_content() {
                if offset >= CUT_BYTES || is_related(path, &one.path) {
                    return Ok(Some(one));
                }
                continue;
            }
            let is_moved_device = one.position.id.inode == id.inode;
            if (is_moved_device && !is_made_since(file, positions)?) || offset >= LONG_BYTES {
                events.same_content(&one.source, path);
                return Ok(Some(one));
            }
            events.other_content(&one.source, path);
        }
        Ok(None)
    }
}

/// Reports and decides whether a file that was made after the last save is the same by its content.
pub(super) fn is_same_though_recreated(
    known: &SavedFile,
    path: &Path,
    events: &dyn Events,
) -> bool {
    let is_long = known.position.offset >= LONG_BYTES;
    if is_long {
        events.same_content(&known.source, path);
    } else {
        events.other_content(&known.source, path);
    }
    is_long
}

/// Whether a file was made after the last save of the run before. Where a file system does not tell, it
/// was not.
fn is_made_since(file: &File, positions: &Positions) -> io::Result<bool> {
    let (Ok(made), Some(saved)) = (file.metadata()?.created(), positions.last_save()) else {
        return Ok(false);
    };
    Ok(made > saved + CLOCK_SLACK)
}
