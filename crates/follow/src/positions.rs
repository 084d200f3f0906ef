//! Where reading is in every input, kept so that it can be taken at one instant together with
//! what was counted.
//!
//! A reader makes a [`ReadGuard`] for each block: it reads, offers, and notes the new position, and only
//! then ends the guard. A cut waits until no reader is in a step and keeps new ones out for as long
//! as it takes to copy what is in memory. Nothing here is written to a disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use crate::files::identity::{FileId, Position};

/// All positions, and the gate that keeps them and the counts together.
#[derive(Debug, Default)]
pub struct Positions {
    gate: RwLock<()>,
    files: Mutex<BTreeMap<FileId, SavedFile>>,
    saves: bool,
    saved_at: Option<SystemTime>,
}

/// What has to be known of a file to read on in it after a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// The input as the command line names it.
    pub source: Arc<str>,
    /// The name under which the file was last known to be followed; the file itself may be found
    /// next to it after a rotation.
    pub path: PathBuf,
    /// Where the log of the file is kept, without links and under the name that it has before a rotation,
    /// if that is not told by `path`. A link may lead elsewhere at the next start.
    pub log: Option<PathBuf>,
    /// How far it was read, with the evidence of what it is.
    pub position: Position,
    /// What the sink carries over from before the position, in its own form: parts of a line that
    /// is not whole yet, or that the rest of a line is to be skipped. Empty almost always.
    pub resume_state: Vec<u8>,
    /// It was read to its end and left; kept in order to know it again.
    pub left: bool,
    /// The file is compressed: the position counts bytes of its content, and so do signature and
    /// marker.
    pub compressed: bool,
}

impl SavedFile {
    /// Whether there is more to know it by than its number, which is given to another file once this one
    /// is gone. An empty file has nothing else.
    pub(crate) fn has_evidence(&self) -> bool {
        self.position.signature.length > 0 || self.position.marker.length > 0
    }
}

/// While this lives no cut is taken. Hold it for one block, never while waiting.
#[derive(Debug)]
pub struct ReadGuard<'l> {
    positions: &'l Positions,
    _gate: RwLockReadGuard<'l, ()>,
}

impl Positions {
    /// Positions that begin with what was saved, and will be saved. Where nothing is ever saved use
    /// the default: then what a restart cannot come back to is counted before it is left.
    pub fn new(saved: Vec<SavedFile>) -> Positions {
        let files = saved.into_iter().map(|file| (file.position.id, file));
        Positions {
            gate: RwLock::default(),
            files: Mutex::new(files.collect()),
            saves: true,
            saved_at: None,
        }
    }

    /// The same, with the time of the last save: where a file cannot be found again, those of its
    /// rotated siblings that were written to later are new.
    #[must_use]
    pub fn saved_at(self, at: SystemTime) -> Positions {
        Positions {
            saved_at: Some(at),
            ..self
        }
    }

    /// Whether positions outlive the run.
    pub fn saves(&self) -> bool {
        self.saves
    }

    /// When it was last saved before this run.
    pub fn last_save(&self) -> Option<SystemTime> {
        self.saved_at
    }

    /// What is noted of this file.
    pub fn file(&self, id: FileId) -> Option<SavedFile> {
        self.lock().get(&id).cloned()
    }

    /// What is noted of every file now; at a start, what was saved.
    pub fn files(&self) -> Vec<SavedFile> {
        self.lock().values().cloned().collect()
    }

    /// What is noted of contents whose files are gone.
    pub(crate) fn contents_where(&self, wanted: impl Fn(&SavedFile) -> bool) -> Vec<SavedFile> {
        let files = self.lock();
        let contents = files.range(FileId::FIRST_OF_CONTENT..);
        let contents = contents.map(|(_, file)| file);
        contents.filter(|file| wanted(file)).cloned().collect()
    }

    /// What is noted of the files that are wanted.
    pub(crate) fn files_where(&self, wanted: impl Fn(&SavedFile) -> bool) -> Vec<SavedFile> {
        let files = self.lock();
        #[cfg(test)]
        crate::testing::count_work(files.len());
        files
            .values()
            .filter(|file| wanted(file))
            .cloned()
            .collect()
    }

    /// Begins a step; waits while a cut is taken.
    pub fn read_guard(&self) -> ReadGuard<'_> {
        ReadGuard {
            positions: self,
            _gate: self.gate.read().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Calls `take` while no reader is in a guard. It must be quick: reading waits for it.
    pub fn snapshot<T>(&self, take: impl FnOnce(&BTreeMap<FileId, SavedFile>) -> T) -> T {
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        take(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<FileId, SavedFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadGuard<'_> {
    /// Notes where reading is in a file.
    pub fn note(&self, file: SavedFile) {
        self.positions.lock().insert(file.position.id, file);
    }

    /// Notes a new position in a file that is known already; cheaper than [`ReadGuard::note`].
    pub fn moved(&self, position: Position, resume_state: &[u8]) {
        if let Some(file) = self.positions.lock().get_mut(&position.id) {
            file.position = position;
            file.resume_state.clear();
            file.resume_state.extend_from_slice(resume_state);
        }
    }

    /// Forgets a file.
    pub fn forget(&self, id: FileId) {
        self.positions.lock().remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(inode: u64) -> SavedFile {
        SavedFile {
            source: Arc::from("a.log"),
            path: PathBuf::from("a.log"),
            log: None,
            position: Position::start(FileId { device: 1, inode }),
            resume_state: Vec::new(),
            left: false,
            compressed: false,
        }
    }

    #[test]
    fn a_cut_sees_whole_steps_only() {
        let positions = Positions::new(vec![file(1)]);
        std::thread::scope(|scope| {
            let (begun, wait) = std::sync::mpsc::channel();
            let positions = &positions;
            scope.spawn(move || {
                let guard = positions.read_guard();
                begun.send(()).unwrap();
                guard.note(file(2));
                guard.note(file(3));
                guard.forget(FileId {
                    device: 1,
                    inode: 1,
                });
            });
            wait.recv().unwrap();
            let inodes =
                positions.snapshot(|files| files.keys().map(|id| id.inode).collect::<Vec<_>>());
            assert_eq!(inodes, [2, 3]);
        });
    }

    #[test]
    fn a_file_that_moves_keeps_what_else_is_known_of_it() {
        let positions = Positions::new(vec![file(1)]);
        let moved = Position {
            offset: 9,
            ..file(1).position
        };
        positions.read_guard().moved(moved, b"part");
        let noted = SavedFile {
            position: moved,
            resume_state: b"part".to_vec(),
            ..file(1)
        };
        assert_eq!(positions.files(), [noted]);
    }
}
