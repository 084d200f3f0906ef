//! What the last run followed and this run has not opened yet.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::recently_closed::RecentlyClosed;
use super::rotated_names::{base_of, base_or_self};
use crate::files::identity::FileId;
use crate::{Positions, SavedFile};

/// What the last run has left.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Files that were followed and have not been opened yet.
    pub(super) files: BTreeMap<FileId, SavedFile>,
    /// Files that the last run had left.
    pub(super) left: HashSet<FileId>,
    /// Paths that were followed, with the files that were not left.
    followed: HashMap<PathBuf, Vec<FileId>>,
    /// The files that were not left, by their numbers.
    by_inode: HashMap<u64, Vec<FileId>>,
    /// Where the logs of followed paths were kept, by the names that the paths have before a rotation.
    logs: HashMap<PathBuf, BTreeSet<PathBuf>>,
    /// Those of them under which no file was surely followed when the last run ended.
    pub(super) without_file: HashSet<PathBuf>,
    /// Names whose rotated files were known by their number alone, which may be another file's by now.
    pub(super) by_number: HashSet<PathBuf>,
    /// Files that a glob found under the names that rotation gave them: what was rotated after them
    /// is new.
    pub(super) renamed: Vec<SavedFile>,
}

impl Pending {
    pub(super) fn new(positions: &Positions, recently_closed: &mut RecentlyClosed) -> Self {
        let mut pending = Pending::default();
        for file in positions.files() {
            let followed = pending.followed.entry(file.path.clone()).or_default();
            if file.left {
                pending.left.insert(file.position.id);
                recently_closed.keep(file.position.id, positions);
            } else {
                let id = file.position.id;
                followed.push(id);
                if let Some(log) = &file.log {
                    let logs = pending.logs.entry(base_or_self(&file.path));
                    logs.or_default().insert(log.clone());
                }
                pending.by_inode.entry(id.inode).or_default().push(id);
                pending.files.insert(file.position.id, file);
            }
        }
        pending.without_file = pending.followed.keys().cloned().collect();
        for file in pending.files.values() {
            pending.without_file.remove(&file.path);
        }
        pending
    }

    /// Whether the last run followed this path, or the one that this was before a rotation: then
    /// what is there is a continuation, wherever new inputs begin.
    pub(super) fn was_followed(&self, path: &Path) -> bool {
        let was_followed = |path: &Path| self.followed.contains_key(path);
        was_followed(path) || base_of(path).is_some_and(|(base, _)| was_followed(&base))
    }

    /// Where the log of this name was kept in the last run.
    pub(super) fn logs_of(&self, base: &Path) -> impl Iterator<Item = &PathBuf> {
        self.logs.get(base).into_iter().flatten()
    }

    /// The files that have not been opened yet and were followed under this path, or had this number on any
    /// device.
    pub(super) fn candidates(&self, path: &Path, inode: u64) -> impl Iterator<Item = FileId> {
        let of_path = self.followed.get(path).into_iter().flatten();
        let of_inode = self.by_inode.get(&inode).into_iter().flatten();
        let ids = of_path.chain(of_inode);
        let pending =
            ids.filter(|id| self.files.contains_key(id) && **id < FileId::FIRST_OF_CONTENT);
        pending.copied()
    }

    /// Whether there was a run before this one.
    pub(super) fn has_history(&self) -> bool {
        !self.followed.is_empty()
    }

    /// A file was found again under `path`, which is followed.
    pub(super) fn found(&mut self, path: &Path, id: FileId, known: &SavedFile) {
        if self.files.remove(&id).is_none() {
            return;
        }
        if !known.has_evidence() {
            self.without_file.insert(known.path.clone());
            self.by_number.insert(base_or_self(&known.path));
        } else if base_of(path).is_some_and(|(base, _)| base == known.path) {
            self.renamed.push(known.clone());
        }
    }
}
