//! The files that are open, whose turn comes next, and how much of each input is not read yet.
//!
//! Which path leads to which file is decided in `paths.rs`; what was rotated while nobody looked is
//! found in `recovery/`.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::beginnings::{Beginnings, ByBeginning};
use super::file_names::FileNames;
use super::follower::Outside;
use super::identity::{FileId, ID_IS_EXACT, link_count};
use super::noted_reader::NotedReader;
use super::record_waits::RecordWaits;
use super::specification::Specification;
use super::tail::{Tail, Turn};
use crate::line::Origin;
use crate::recovery::places::RotatedFolders;
use crate::recovery::read_order::ReadOrder;
use crate::recovery::rotated_names::base_or_self;
use crate::{Events, Options, Positions, SavedFile, Sink};

/// All open files and their turns.
pub(crate) struct OpenFiles {
    pub(crate) inputs: Inputs,
    pub(crate) files: HashMap<FileId, TailedFile>,
    pub(crate) by_beginning: ByBeginning,
    /// Open files by the names of their paths and their logs.
    pub(crate) names: FileNames,
    /// Open files by where their logs are.
    by_log: HashMap<PathBuf, BTreeSet<FileId>>,
    /// Files whose turn comes.
    pub(crate) ready: VecDeque<FileId>,
    /// Files that no path leads to any more; read until they are idle.
    pub(crate) nameless: BTreeSet<FileId>,
    /// Files that are read one after the other.
    pub(crate) order: ReadOrder,
    pub(crate) reader: NotedReader,
    /// How far each file that existed at the start has to be read; none once that is done.
    catching_up: Option<HashMap<FileId, u64>>,
    /// Whether the first look is over.
    pub(crate) started: bool,
    /// Files that wait for bytes which are not written yet, and until when.
    hole_waits: BTreeMap<FileId, Instant>,
    /// Whether they are waited for at all: only while files are followed.
    pub(crate) waits_for_holes: bool,
    pub(crate) record_waits: RecordWaits,
}

/// How long bytes that are not written yet are waited for while others after them are there.
const HOLE_WAIT: Duration = Duration::from_secs(2);

/// The inputs, and the state of each.
pub(crate) struct Inputs {
    pub(crate) specifications: Vec<Specification>,
    /// One for each specification, in the same order.
    pub(crate) states: Vec<InputState>,
    /// Into which folders their files are rotated.
    pub(crate) rotated: RotatedFolders,
}

/// What the files of one input have in common.
#[derive(Debug, Default)]
pub(crate) struct InputState {
    /// How many files are open.
    pub(crate) open: usize,
    /// How many paths cannot be opened.
    pub(crate) errors: usize,
    /// How many folders with such paths cannot be read.
    pub(crate) unreadable_folders: usize,
    /// Whether some of its files belong to an input before it.
    pub(crate) shares_files: bool,
    /// How many bytes are not read yet.
    lag: u64,
    reported_lag: Option<u64>,
    reported_files: Option<(usize, usize)>,
    pub(crate) reported_waiting: bool,
    reported_ignored: bool,
}

/// One open file.
#[derive(Debug)]
pub(crate) struct TailedFile {
    pub(crate) tail: Tail,
    /// The path under which it is known: the latest that was found.
    pub(crate) path: Arc<Path>,
    /// Where its log is, without links and under the name it has before a rotation.
    pub(crate) log: PathBuf,
    /// The number of its input.
    pub(crate) input: usize,
    /// How many followed paths lead to it now.
    pub(crate) paths: usize,
    /// Whether it is in the queue of turns.
    pub(crate) is_ready: bool,
    /// Whether it waits for files before it, in the read order.
    pub(crate) is_queued: bool,
    /// Since when no path has led to it.
    pub(crate) nameless_since: Option<Instant>,
    /// When it was last seen to grow, once no path led to it.
    pub(crate) grew: Option<Instant>,
    /// Whether another file has its path.
    pub(crate) is_replaced: bool,
    /// Whether it was empty when it was opened under the name of a rotated file: it may become a copy.
    pub(crate) is_possible_copy: bool,
    /// The reading error that was reported.
    pub(crate) reported: Option<io::ErrorKind>,
    /// What it adds to its input's lag.
    lag: u64,
    /// By which it is found among those that begin alike.
    beginnings: Beginnings,
}

/// Files without a name that have been idle long enough.
pub(crate) struct Closing {
    pub(crate) files: Vec<FileId>,
    /// Whether some of them have a name that is not followed.
    pub(crate) are_renamed: bool,
}

impl Inputs {
    fn new(specifications: Vec<Specification>, rotated: RotatedFolders) -> Self {
        let states = specifications.iter().map(|_| InputState::default());
        Inputs {
            states: states.collect(),
            specifications,
            rotated,
        }
    }

    /// The input as the command line names it.
    pub(crate) fn source(&self, input: usize) -> &Arc<str> {
        &self.specifications[input].source
    }

    /// Reports the first compressed file of an input that a glob matched.
    pub(crate) fn report_ignored(&mut self, input: usize, path: &Path, events: &dyn Events) {
        if !std::mem::replace(&mut self.states[input].reported_ignored, true) {
            events.ignored(self.source(input), path);
        }
    }

    /// Where the log of `path` is kept, if the path does not tell that.
    pub(crate) fn log_to_note(&self, path: &Path) -> Option<PathBuf> {
        Some(self.rotated.log_of(path)).filter(|log| *log != base_or_self(path))
    }

    pub(crate) fn origin(&self, input: usize, path: &Path) -> Origin {
        Origin {
            source: Arc::clone(self.source(input)),
            file: Arc::from(path.to_string_lossy()),
        }
    }
}

impl OpenFiles {
    pub(crate) fn new(
        specifications: Vec<Specification>,
        rotated: RotatedFolders,
        positions: Arc<Positions>,
    ) -> Self {
        OpenFiles {
            inputs: Inputs::new(specifications, rotated),
            files: HashMap::new(),
            by_beginning: ByBeginning::default(),
            names: FileNames::default(),
            by_log: HashMap::new(),
            ready: VecDeque::new(),
            nameless: BTreeSet::new(),
            order: ReadOrder::new(),
            reader: NotedReader::new(positions),
            catching_up: Some(HashMap::new()),
            started: false,
            hole_waits: BTreeMap::new(),
            waits_for_holes: true,
            record_waits: RecordWaits::default(),
        }
    }

    /// Takes in a file that one path leads to.
    pub(crate) fn add(&mut self, path: Arc<Path>, input: usize, tail: Tail, possible_copy: bool) {
        let id = tail.id();
        if let (false, Some(targets)) = (self.started, &mut self.catching_up) {
            targets.insert(id, tail.read_to() + tail.lag());
        }
        let beginnings = *tail.beginnings();
        self.by_beginning.insert(id, &beginnings);
        let log = self.inputs.rotated.log_of(&path);
        self.by_log.entry(log.clone()).or_default().insert(id);
        self.names.insert(id, &path);
        self.names.insert(id, &log);
        let is_empty = tail.lag() == 0 && tail.read_to() == 0;
        let file = TailedFile {
            tail,
            log,
            path,
            input,
            paths: 1,
            is_ready: false,
            is_queued: false,
            nameless_since: None,
            grew: None,
            is_replaced: false,
            is_possible_copy: is_empty && possible_copy,
            reported: None,
            lag: 0,
            beginnings,
        };
        self.files.insert(id, file);
        let state = &mut self.inputs.states[input];
        state.open += 1;
        state.reported_waiting = false;
        self.mark_ready(id);
        self.settle(id);
    }

    /// Takes in a rotated file that was found under a path that is not followed.
    pub(crate) fn add_nameless(
        &mut self,
        path: Arc<Path>,
        input: usize,
        tail: Tail,
        log: PathBuf,
        now: Instant,
    ) {
        let id = tail.id();
        self.add(path, input, tail, true);
        if let Some(file) = self.files.get_mut(&id) {
            let before = std::mem::replace(&mut file.log, log);
            take(&mut self.by_log, &before, id);
            self.names.remove(id, &before);
            self.names.insert(id, &file.path);
            self.names.insert(id, &file.log);
            self.by_log.entry(file.log.clone()).or_default().insert(id);
            (file.paths, file.nameless_since, file.is_replaced) = (0, Some(now), true);
            self.nameless.insert(id);
        }
    }

    /// Another path leads to a file now.
    pub(crate) fn rename(&mut self, id: FileId, path: &Arc<Path>) {
        if let Some(file) = self.files.get_mut(&id) {
            self.names.remove(id, &file.path);
            file.path = Arc::clone(path);
            self.names.insert(id, &file.path);
            self.names.insert(id, &file.log);
        }
    }

    /// Takes a file out. Its tail still has to be finished or abandoned.
    pub(crate) fn remove(&mut self, id: FileId) -> Option<TailedFile> {
        let file = self.files.remove(&id)?;
        self.by_beginning.remove(id, &file.beginnings);
        take(&mut self.by_log, &file.log, id);
        self.names.remove(id, &file.path);
        self.names.remove(id, &file.log);
        let state = &mut self.inputs.states[file.input];
        state.open -= 1;
        state.lag = state.lag.saturating_sub(file.lag);
        Some(file)
    }

    /// Reads one block of a file; none if it is not open.
    pub(crate) fn read_block<S: Sink>(
        &mut self,
        id: FileId,
        outside: &mut Outside<'_, S>,
    ) -> Option<io::Result<Turn>> {
        let file = self.files.get_mut(&id)?;
        let before = file.tail.read_to();
        let turn = self.reader.turn(&mut file.tail, outside.sink);
        if file.tail.read_to() != before {
            file.grew = Some(outside.waker.now());
        }
        if *file.tail.beginnings() != file.beginnings {
            self.by_beginning.remove(id, &file.beginnings);
            file.beginnings = *file.tail.beginnings();
            self.by_beginning.insert(id, &file.beginnings);
        }
        if let Some(encoding) = file.tail.take_encoding() {
            let source = self.inputs.source(file.input);
            outside.events.not_utf8_text(source, &file.path, encoding);
        }
        if !file.tail.waits_for_hole() {
            if !self.hole_waits.is_empty() {
                self.hole_waits.remove(&id);
            }
            return Some(turn);
        }
        // Where nobody has written for a while, nobody is about to fill anything.
        let modified = file.tail.modified();
        let age = modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        if !self.waits_for_holes || age.is_some_and(|age| age >= HOLE_WAIT) {
            file.tail.settle_holes();
            return Some(turn.map(|_| Turn::More));
        }
        let until = outside.waker.now() + HOLE_WAIT;
        self.hole_waits.entry(id).or_insert(until);
        Some(turn)
    }

    /// When the next wait for bytes that are not written yet is over.
    pub(crate) fn hole_wait(&self) -> Option<Instant> {
        self.hole_waits.values().min().copied()
    }

    /// Goes on in the files that have waited long enough.
    pub(crate) fn settle_holes(&mut self, now: Instant) {
        let due = self.hole_waits.iter().filter(|(_, until)| **until <= now);
        for id in due.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.hole_waits.remove(&id);
            if let Some(file) = self.files.get_mut(&id) {
                file.tail.settle_holes();
            }
            self.mark_ready(id);
        }
    }

    /// Brings a file's part of its input's lag up to date.
    pub(crate) fn settle(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else {
            return;
        };
        let lag = file.tail.lag();
        let state = &mut self.inputs.states[file.input];
        state.lag = state.lag.saturating_sub(file.lag) + lag;
        file.lag = lag;
        if let Some(targets) = &mut self.catching_up
            && targets
                .get(&id)
                .is_some_and(|target| file.tail.read_to() >= *target)
        {
            targets.remove(&id);
        }
    }

    /// Reports what has changed since the last report.
    pub(crate) fn report(&mut self, events: &dyn Events) {
        let inputs = self.inputs.states.iter_mut();
        for (state, specification) in inputs.zip(&self.inputs.specifications) {
            if state.reported_lag != Some(state.lag) {
                state.reported_lag = Some(state.lag);
                events.lag(&specification.source, state.lag);
            }
            let files = (state.open, state.errors + state.unreadable_folders);
            if state.reported_files != Some(files) {
                state.reported_files = Some(files);
                events.files(&specification.source, files.0, files.1);
            }
        }
        let files = &self.files;
        if let Some(targets) = &mut self.catching_up {
            // What was cut short or cannot be read is not waited for.
            targets.retain(|id, _| {
                files
                    .get(id)
                    .is_some_and(|file| file.is_ready || file.is_queued)
            });
            if targets.is_empty() && self.order.is_empty() {
                self.catching_up = None;
                events.caught_up();
            }
        }
    }

    /// The open files of the log that is kept as `log`.
    pub(crate) fn of_log(&self, log: &Path) -> impl Iterator<Item = (FileId, &TailedFile)> {
        let ids = self.by_log.get(log).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.files.get(id)?)))
    }

    pub(crate) fn mark_ready(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id)
            && !file.is_ready
            && !file.is_queued
        {
            file.is_ready = true;
            self.ready.push_back(id);
        }
    }

    /// Looks at the files without a name; gives those that have been idle long enough.
    pub(crate) fn tend_nameless(&mut self, options: &Options, now: Instant) -> Closing {
        let mut closing = Closing {
            files: Vec::new(),
            are_renamed: false,
        };
        #[cfg(test)]
        crate::testing::count_work(self.nameless.len());
        for id in self.nameless.iter().copied().collect::<Vec<_>>() {
            let Some(file) = self.files.get_mut(&id) else {
                continue;
            };
            let Ok(metadata) = file.tail.metadata() else {
                continue;
            };
            if file.tail.note(&metadata) {
                file.grew = Some(now);
            }
            if file.is_queued {
                continue;
            }
            let is_deleted = link_count(&metadata) == 0;
            let wait: Duration = if is_deleted {
                options.deleted_wait
            } else {
                options.rotate_wait
            };
            let since = file.nameless_since.max(file.grew).unwrap_or(now);
            if now.saturating_duration_since(since) >= wait {
                closing.files.push(id);
                closing.are_renamed |= !is_deleted;
            } else if file.tail.lag() > 0 {
                self.mark_ready(id);
                self.settle(id);
            }
        }
        closing
    }

    /// Reads a file to its end and closes it; its last line counts even without an end. Returns the file
    /// without its tail, and under which identity it is noted as left.
    pub(crate) fn finish<S: Sink>(
        &mut self,
        id: FileId,
        outside: &mut Outside<'_, S>,
    ) -> Option<(Closed, FileId)> {
        self.carry_records_on(id, outside.sink);
        let file = self.remove(id)?;
        // A file without a name gives its number to the next one: only its content is known then.
        let by_number = ID_IS_EXACT && file.is_linked();
        let source = Arc::clone(self.inputs.source(file.input));
        let closed = Closed {
            path: file.path,
            input: file.input,
            is_replaced: file.is_replaced,
        };
        let path = closed.path.to_path_buf();
        let log = Some(file.log).filter(|log| *log != base_or_self(&path));
        let (left, is_incomplete) =
            self.reader
                .finish(file.tail, outside.sink, |position| SavedFile {
                    source,
                    path,
                    log,
                    position: if by_number {
                        position
                    } else {
                        position.of_content()
                    },
                    resume_state: Vec::new(),
                    left: true,
                    compressed: false,
                });
        if is_incomplete {
            let source = self.inputs.source(closed.input);
            outside.events.incomplete_record(source, &closed.path);
        }
        Some((closed, left))
    }

    /// Whether the next run will find this file, though no path leads to it.
    pub(crate) fn is_found_again(&self, id: FileId) -> bool {
        let is_linked = self.files.get(&id).is_some_and(TailedFile::is_linked);
        self.reader.positions.saves() && ID_IS_EXACT && is_linked
    }
}

fn take(by_log: &mut HashMap<PathBuf, BTreeSet<FileId>>, log: &Path, id: FileId) {
    if let Some(files) = by_log.get_mut(log) {
        files.remove(&id);
        if files.is_empty() {
            by_log.remove(log);
        }
    }
}

impl TailedFile {
    /// Whether it still has a name somewhere.
    fn is_linked(&self) -> bool {
        let metadata = self.tail.metadata();
        metadata.is_ok_and(|metadata| link_count(&metadata) > 0)
    }
}

/// What was known of a file that is closed now.
pub(crate) struct Closed {
    pub(crate) path: Arc<Path>,
    pub(crate) input: usize,
    pub(crate) is_replaced: bool,
}
