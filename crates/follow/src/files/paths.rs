//! Which file each followed path leads to now: opening, renaming, replacing, losing and closing.
//!
//! Paths come and go; a file stays the same as long as its descriptor is open. No bytes are read here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::discover::{Discovery, discover, is_compressed};
use super::follower::Outside;
use super::identity::{self, FileId, ID_IS_EXACT, Position};
use super::open_errors::OpenError;
use super::open_files::OpenFiles;
use super::specification::InputKind;
use super::tail::line_start_before;
use crate::recovery::rotated_names::base_of;
use crate::recovery::{Opened, Recovery};
use crate::watch::Woken;
use crate::{Begin, Events, Options, SavedFile, Sink};

/// All followed paths, and what is known of opening them.
pub(crate) struct Paths {
    pub(crate) table: PathTable,
    /// Paths that could not be opened, to be tried again.
    pub(super) with_errors: BTreeSet<Arc<Path>>,
    /// Folders that could not be read at the last discovery, so that each is reported once.
    pub(super) unreadable_folders: HashSet<(PathBuf, io::ErrorKind)>,
    /// Whether symlinks are among the paths, so that an event may carry another path.
    links: bool,
    begin: Begin,
    /// How long a path that leads nowhere is kept.
    keep_lost: Duration,
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
    lost_at: Option<Instant>,
    /// For `--from end`: how many bytes the file had at the start, as far as that could be told.
    from_end: Option<u64>,
    pub(super) error: Option<OpenError>,
}

/// Watching a new folder calls for another discovery, which may find another new folder in it.
const DISCOVERIES_MAX: usize = 8;

impl FollowedPath {
    fn new(input: usize) -> Self {
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
            links: false,
            begin: options.begin,
            keep_lost: options.rotate_wait,
        }
    }

    /// Looks at what `woken` names.
    pub(super) fn look<S: Sink>(
        &mut self,
        mut woken: Woken,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        for path in &woken.renamed {
            let mut specifications = open.inputs.specifications.iter();
            if !specifications.any(|one| one.concerns(path)) {
                woken.discover |= self.links;
                woken.everything |= self.links;
            } else if !self.is_settled_by_name(path, open) {
                woken.discover = true;
            }
        }
        if woken.discover {
            self.discover(open, recovery, outside);
        }
        if woken.everything {
            let paths: Vec<Arc<Path>> = self.table.0.keys().cloned().collect();
            for path in &paths {
                self.look_at(path, false, open, recovery, outside);
            }
        }
        // A copy is known by its original, so originals are opened first.
        let named = woken.changed.iter().chain(&woken.renamed);
        let (originals, rotated): (Vec<_>, Vec<_>) =
            named.partition(|path| base_of(path).is_none());
        for path in originals.into_iter().chain(rotated) {
            match self.table.0.get_key_value(path.as_path()) {
                Some((path, _)) => {
                    let path = Arc::clone(path);
                    self.look_at(&path, true, open, recovery, outside);
                    self.drop_lost(&path, open, outside.waker.now());
                }
                None => {
                    let discover = !woken.discover;
                    self.look_at_unfollowed(path, discover, open, recovery, outside);
                }
            }
        }
        self.retry(open, recovery, outside);
    }

    /// Whether this path alone came or went, so that no folder has to be read to know it: most files come
    /// and go like this, and each of them costs the same however many others there are.
    fn is_settled_by_name(&mut self, path: &Path, open: &mut OpenFiles) -> bool {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return self.table.contains(path);
        };
        if !metadata.is_file() {
            return false;
        }
        if !self.table.contains(path) && !is_compressed(path) {
            let specifications = &open.inputs.specifications;
            let named =
                (0..specifications.len()).filter(|input| specifications[*input].names(path));
            let mut named = named.collect::<Vec<_>>().into_iter();
            let Some(input) = named.next() else {
                return true;
            };
            named.for_each(|other| open.inputs.states[other].shares_files = true);
            self.table
                .0
                .insert(Arc::from(path), FollowedPath::new(input));
        }
        true
    }

    /// A path that is not followed changed. It may be a followed file under another name (after a
    /// symlink, or renamed), or a folder that can be read now.
    fn look_at_unfollowed<S: Sink>(
        &mut self,
        path: &Path,
        discover: bool,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        if !metadata.is_dir() {
            return open.mark_ready(FileId::of(path, &metadata));
        }
        let mut specifications = open.inputs.specifications.iter();
        if discover && specifications.any(|one| one.concerns(path)) {
            self.discover(open, recovery, outside);
        }
        let with_errors = self.with_errors.iter();
        let below = with_errors.filter(|one| one.starts_with(path));
        for below in below.cloned().collect::<Vec<_>>() {
            self.look_at(&below, true, open, recovery, outside);
        }
    }

    /// Finds out which paths there are, and which folders tell of new ones.
    pub(super) fn discover<S: Sink>(
        &mut self,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let mut found = discover(&open.inputs.specifications);
        for _ in 0..DISCOVERIES_MAX {
            if !outside.waker.watch(&found.watched, outside.events) {
                break;
            }
            found = discover(&open.inputs.specifications);
        }
        self.links = found.links;
        report_ignored(&found, open, outside.events);
        self.report_unreadable_folders(&found, open, outside.events);
        for (path, input) in &found.paths {
            if !self.table.contains(path) {
                let followed = FollowedPath::new(*input);
                self.table.0.insert(Arc::from(path.as_path()), followed);
            }
        }
        for (index, state) in open.inputs.states.iter_mut().enumerate() {
            state.shares_files = found.shared.contains(&index);
        }
        let unsettled: Vec<Arc<Path>> = self
            .table
            .iter()
            .filter(|(path, one)| one.current.is_none() || !found.paths.contains_key(&***path))
            .map(|(path, _)| Arc::clone(path))
            .collect();
        // A copy is known by its original, so originals are opened first.
        let (unsettled, rotated): (Vec<_>, Vec<_>) = unsettled
            .into_iter()
            .partition(|path| base_of(path).is_none());
        for path in unsettled.into_iter().chain(rotated) {
            self.look_at(&path, false, open, recovery, outside);
            self.drop_lost(&path, open, outside.waker.now());
        }
    }

    /// Forgets a path that a glob found once and that leads nowhere now. For a while it is kept, to
    /// know a file that replaces the one it had from a new file.
    fn drop_lost(&mut self, path: &Path, open: &mut OpenFiles, now: Instant) {
        let Some(followed) = self.table.get(path) else {
            return;
        };
        let is_expired = followed
            .lost_at
            .is_none_or(|at| now.saturating_duration_since(at) >= self.keep_lost);
        let specification = &open.inputs.specifications[followed.input];
        let is_glob = matches!(specification.kind, InputKind::Glob(_));
        let leads_nowhere = followed.current.is_none() && fs::symlink_metadata(path).is_err();
        if is_glob && leads_nowhere && (is_expired || !followed.had_file) {
            self.clear_error(path, open);
            self.table.0.remove(path);
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
                file.path = Arc::clone(path);
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
        if file.paths == 0 {
            file.path = Arc::clone(path);
            file.nameless_since = None;
            file.is_replaced = false;
            open.nameless.remove(&id);
        }
        file.paths += 1;
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
        let (position, resume_state) = match recovery.of_opened(path, id, &file, open)? {
            Opened::Copy => return Ok(()),
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
            position,
            resume_state,
            left: false,
            compressed: false,
        };
        let tail = (open.reader).begin(file, origin, saved, None, outside.sink)?;
        recovery.reopened(id);
        open.add(Arc::clone(path), input, tail, base_of(path).is_some());
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
        let Some((closed, left)) = open.finish(id, outside.sink) else {
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

/// Where a file that no run has read begins: at its start, or where `--from end` says.
fn start_of_new(file: &File, id: FileId, from_end: Option<u64>, size: u64) -> io::Result<Position> {
    let Some(end) = from_end else {
        return Ok(Position::start(id));
    };
    let start = line_start_before(file, end.min(size))?;
    Position::at(file, id, start)
}

/// Reports the first compressed file of each input that a glob matched.
pub(super) fn report_ignored(found: &Discovery, open: &mut OpenFiles, events: &dyn Events) {
    for (input, path) in &found.compressed {
        let state = &mut open.inputs.states[*input];
        if !std::mem::replace(&mut state.reported_ignored, true) {
            events.ignored(open.inputs.source(*input), path);
        }
    }
}

/// Whether an error means that there is no file of that name, now.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
