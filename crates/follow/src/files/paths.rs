//! Which file each followed path leads to now: opening, renaming, replacing, losing and closing. Which
//! paths there are is in `discovered_paths.rs`.
//!
//! Paths come and go; a file stays the same as long as its descriptor is open. No bytes are read here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::descriptors;
use super::follower::Outside;
use super::identity::{self, FileId, ID_IS_EXACT, Position};
use super::open_errors::OpenError;
use super::open_files::OpenFiles;
use super::specification::InputKind;
use super::tail::line_start_before;
use crate::compression::Compression;
use crate::recovery::{Opened, Recovery};
use crate::{Begin, Events, Options, SavedFile, Sink};

/// All followed paths, and what is known of opening them.
pub(crate) struct Paths {
    pub(crate) table: PathTable,
    /// Paths that could not be opened, to be tried again.
    pub(super) with_errors: BTreeSet<Arc<Path>>,
    /// Folders that could not be read at the last discovery, so that each is reported once.
    pub(super) unreadable_folders: HashSet<(PathBuf, io::ErrorKind)>,
    /// Whether symlinks are among the paths, so that an event may carry another path.
    pub(super) links: bool,
    /// Folders into which files are rotated, whether they are there or not.
    pub(super) rotated: BTreeSet<PathBuf>,
    begin: Begin,
    /// How long a path that leads nowhere is kept.
    pub(super) keep_lost: Duration,
    /// How many files may be open at once.
    pub(super) files_max: usize,
}

/// The followed paths, by name.
#[derive(Debug, Default)]
pub(crate) struct PathTable(pub(super) BTreeMap<Arc<Path>, FollowedPath>);

/// A path to follow.
#[derive(Debug)]
pub(crate) struct FollowedPath {
    /// The number of its input.
    pub(crate) input: usize,
    /// The file it leads to, if that is open.
    pub(crate) current: Option<FileId>,
    /// The file it led to last, if it leads to none or to another now.
    pub(crate) before: Option<FileId>,
    /// Whether it ever led to a file that was not reported as left.
    pub(super) had_file: bool,
    /// When it ceased to lead to a file.
    pub(super) lost_at: Option<Instant>,
    /// For `--from end`: how many bytes the file had at the start, as far as that could be told.
    from_end: Option<u64>,
    pub(super) error: Option<OpenError>,
}

impl FollowedPath {
    pub(super) fn new(input: usize) -> Self {
        FollowedPath {
            input,
            current: None,
            before: None,
            had_file: false,
            lost_at: None,
            from_end: None,
            error: None,
        }
    }
}

impl PathTable {
    pub(crate) fn get(&self, path: &Path) -> Option<&FollowedPath> {
        self.0.get(path)
    }

    pub(crate) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }

    /// The file that this path leads to, if that is open.
    pub(crate) fn current(&self, path: &Path) -> Option<FileId> {
        self.get(path)?.current
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<Path>, &FollowedPath)> {
        self.0.iter()
    }

    /// No path leads to this file any more.
    pub(super) fn detach(&mut self, id: FileId) {
        let paths = self.0.values_mut();
        for path in paths.filter(|path| path.current == Some(id)) {
            path.current = None;
        }
    }
}

/// The metadata of `file`, if it is one that can be followed.
pub(super) fn regular(file: &File) -> io::Result<Metadata> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok(metadata);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "expected a file, but found something else",
    ))
}

impl Paths {
    pub(super) fn new(options: &Options) -> Self {
        Paths {
            table: PathTable::default(),
            with_errors: BTreeSet::new(),
            unreadable_folders: HashSet::new(),
            files_max: usize::MAX,
            links: false,
            rotated: BTreeSet::new(),
            begin: options.begin,
            keep_lost: options.rotate_wait,
        }
    }

    /// Looks which file a path leads to now. `asked` means that something is known to have changed:
    /// then neither back-off nor an unchanged size prevents a look.
    pub(super) fn look_at<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        asked: bool,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(followed) = self.table.0.get_mut(path) else {
            return;
        };
        if !asked && (followed.retry_at()).is_some_and(|at| outside.waker.now() < at) {
            return;
        }
        #[cfg(test)]
        crate::testing::count_work(1);
        let current = followed.current;
        let first_look = !open.started && self.begin == Begin::End;
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => {
                followed.from_end = None;
                self.clear_error(path, open);
                return self.lose(path, open, outside.waker.now());
            }
            Err(error) => {
                // Of unknown size: it is read from where it ends when it is opened.
                if first_look {
                    followed.from_end = Some(u64::MAX);
                }
                current.into_iter().for_each(|id| open.mark_ready(id));
                return self.open_failed(path, &error, open, outside);
            }
        };
        if first_look {
            followed.from_end = Some(metadata.len());
        }
        let id = FileId::of(path, &metadata);
        if current != Some(id) {
            self.lose(path, open, outside.waker.now());
            return self.attach(path, id, open, recovery, outside);
        }
        self.clear_error(path, open);
        let Some(file) = open.files.get_mut(&id) else {
            return;
        };
        if !ID_IS_EXACT && metadata.len() < file.tail.position().offset {
            // Cut short, or another file with the same creation time: opened again either way.
            self.close(id, open, recovery, outside);
            return self.attach(path, id, open, recovery, outside);
        }
        if file.tail.note(&metadata) || asked {
            open.mark_ready(id);
        }
        open.settle(id);
    }

    /// The path leads to no file any more, or to another.
    fn lose(&mut self, path: &Path, open: &mut OpenFiles, now: Instant) {
        let Some(followed) = self.table.0.get_mut(path) else {
            return;
        };
        let Some(id) = followed.current.take() else {
            return;
        };
        followed.before = Some(id);
        followed.from_end = None;
        followed.lost_at = Some(now);
        let Some(file) = open.files.get_mut(&id) else {
            return;
        };
        file.paths -= 1;
        if file.paths == 0 {
            file.nameless_since = Some(now);
            open.nameless.insert(id);
            open.mark_ready(id);
        } else if *file.path == *path {
            let other = self.table.iter().find(|(_, one)| one.current == Some(id));
            if let Some((path, _)) = other {
                let path = Arc::clone(path);
                open.rename(id, &path);
            }
        }
    }

    /// The path leads to the file `id`, which is open or has to be opened.
    fn attach<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        id: FileId,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        if self.adopt(path, id, open) {
            return;
        }
        match self.open(path, open, recovery, outside) {
            Ok(()) => self.clear_error(path, open),
            Err(error) if is_absence(&error) => self.clear_error(path, open),
            Err(error) => self.open_failed(path, &error, open, outside),
        }
    }

    /// Gives the path to a file that is open already.
    fn adopt(&mut self, path: &Arc<Path>, id: FileId, open: &mut OpenFiles) -> bool {
        let Some(file) = open.files.get_mut(&id) else {
            return false;
        };
        let Some(followed) = self.table.0.get_mut(path) else {
            return false;
        };
        followed.current = Some(id);
        followed.had_file = true;
        let was_nameless = file.paths == 0;
        file.paths += 1;
        if was_nameless {
            file.nameless_since = None;
            file.is_replaced = false;
            open.nameless.remove(&id);
            open.rename(id, path);
        }
        self.clear_error(path, open);
        open.mark_ready(id);
        true
    }

    fn open<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) -> io::Result<()> {
        // What replaces a file may be open at the same time for a while.
        let is_replacement = self.table.get(path).is_some_and(|path| path.had_file);
        if open.files.len() >= descriptors::places(self.files_max, is_replacement) {
            return Err(descriptors::exhausted(self.files_max));
        }
        let file = identity::open(path)?;
        let metadata = regular(&file)?;
        // What was opened counts, not what the path led to a moment ago.
        let id = FileId::of(path, &metadata);
        if self.adopt(path, id, open) {
            return Ok(());
        }
        let Some(followed) = self.table.get(path) else {
            return Ok(());
        };
        let input = followed.input;
        let source = Arc::clone(open.inputs.source(input));
        if let Err(error) = not_compressed(&file) {
            let is_named = matches!(open.inputs.specifications[input].kind, InputKind::File(_));
            if !is_named {
                open.inputs.report_ignored(input, path, outside.events);
            }
            return if is_named { Err(error) } else { Ok(()) };
        }
        let opened = recovery.of_opened(path, id, &file, open, outside.events)?;
        let (position, resume_state) = match opened {
            Opened::Copy => {
                outside.events.copy_found(&source, path);
                return Ok(());
            }
            Opened::Known(known) => (known.position, known.resume_state),
            Opened::New => (
                start_of_new(&file, id, followed.from_end, metadata.len())?,
                Vec::new(),
            ),
            Opened::Continuation => (Position::start(id), Vec::new()),
        };
        let origin = open.inputs.origin(input, path);
        let saved = SavedFile {
            source: Arc::clone(&origin.source),
            path: path.to_path_buf(),
            log: open.inputs.log_to_note(path),
            position,
            resume_state,
            left: false,
            compressed: false,
        };
        let tail = (open.reader).begin(file, origin, saved, None, outside.sink)?;
        recovery.reopened(id);
        open.add(Arc::clone(path), input, tail, true);
        self.opened(path, id, open, outside.events);
        if open.started {
            recovery.search_after_replacement(path, id, &self.table, open, outside);
        }
        Ok(())
    }

    /// Notes and reports that the path leads to a file that was just opened.
    fn opened(&mut self, path: &Arc<Path>, id: FileId, open: &mut OpenFiles, events: &dyn Events) {
        let Some(followed) = self.table.0.get_mut(path) else {
            return;
        };
        followed.current = Some(id);
        followed.from_end = None;
        let replaces = std::mem::replace(&mut followed.had_file, true);
        let source = open.inputs.source(followed.input);
        events.opened(source, path);
        if replaces {
            events.rotated(source, path);
            for nameless in &open.nameless {
                if let Some(file) = open.files.get_mut(nameless) {
                    file.is_replaced |= file.path == *path;
                }
            }
        }
    }

    /// Closes a file for good; its last line counts even without an end.
    pub(super) fn close<S: Sink>(
        &mut self,
        id: FileId,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let Some((closed, left)) = open.finish(id, outside) else {
            return;
        };
        recovery.closed(left, &open.reader.positions);
        if !closed.is_replaced {
            let source = open.inputs.source(closed.input);
            outside.events.left(source, &closed.path);
            if let Some(followed) = self.table.0.get_mut(&closed.path) {
                followed.had_file = false;
            }
        }
        self.drop_lost(&closed.path, open, outside.waker.now());
    }

    /// Reports each input that has no file and waits for one. While an old file is still read after a
    /// rotation, the new one is expected any moment and nothing is reported.
    pub(super) fn report_waiting(&self, open: &mut OpenFiles, events: &dyn Events) {
        let inputs = open.inputs.states.iter_mut().enumerate();
        for (index, state) in inputs {
            let has_reason = state.open > 0 || state.errors > 0 || state.shares_files;
            if has_reason || state.reported_waiting {
                continue;
            }
            // A file may belong to another input, under another path.
            let mut paths = self.table.0.values();
            if !paths.any(|path| path.input == index && path.current.is_some()) {
                state.reported_waiting = true;
                events.waiting(&open.inputs.specifications[index].source);
            }
        }
    }
}

/// Fails for a compressed file: it is not followed, whatever it is called.
pub(super) fn not_compressed(file: &File) -> io::Result<()> {
    match Compression::of_file(file)? {
        None => Ok(()),
        Some(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is compressed, and only plain files are followed; `--once` without `--state` reads it",
        )),
    }
}

/// Where a file that no run has read begins: at its start, or where `--from end` says.
fn start_of_new(file: &File, id: FileId, from_end: Option<u64>, size: u64) -> io::Result<Position> {
    let Some(end) = from_end else {
        return Ok(Position::start(id));
    };
    let start = line_start_before(file, end.min(size))?;
    Position::at(file, id, start)
}

/// Whether an error means that there is no file of that name, now.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
