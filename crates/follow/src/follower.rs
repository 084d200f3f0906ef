//! All files of all inputs, read by one thread in fair turns: one block of each file at a time.
//!
//! This file has the loop: turns, pauses, the end. Which name is which file is decided in
//! `names.rs`, and when to look in the waker. No bytes are read here but through a tail.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::identity::FileId;
use super::specification::Specification;
use super::stop::Stop;
use super::tail::{Tail, Turn};
use super::wake::{FileEvents, Waker, Woken};
use super::{Events, Mode, Options, Positions, Sink, Unreadable};
use crate::line::Origin;

mod backlog;
mod beside;
mod copies;
mod doubts;
mod members;
mod missing;
mod names;
mod once;
mod reading;
mod remembered;
mod trouble;

use backlog::Backlog;
use missing::Unseen;
use names::Name;
use reading::Reading;
use remembered::Remembered;

/// Reads all files of some inputs. Standard input and fifos are no part of it: see
/// [`Stream`](super::Stream).
pub struct Follower {
    specifications: Vec<Specification>,
    options: Options,
    /// One for each specification, in the same order.
    sources: Vec<Source>,
    names: BTreeMap<Arc<Path>, Name>,
    members: HashMap<FileId, Member>,
    /// Files whose turn comes.
    ready: VecDeque<FileId>,
    /// Files that have lost their last name and are read until they are idle.
    orphans: BTreeSet<FileId>,
    /// Names that could not be opened, to be tried again.
    troubled: BTreeSet<Arc<Path>>,
    /// Names beside which something could not be read that may be missing.
    doubts: BTreeMap<PathBuf, doubts::Doubt>,
    /// Folders that could not be read when names were last looked up, so that each is said once.
    unreadable_folders: HashSet<(PathBuf, io::ErrorKind)>,
    remembered: Remembered,
    /// How far each file that existed at the start has to be read; none once that is done.
    catching_up: Option<HashMap<FileId, u64>>,
    /// Whether the first look is over.
    started: bool,
    /// Whether symlinks are among the names, so that an event may carry another name.
    links: bool,
    reading: Reading,
    /// Files of the last run that are not found yet.
    unseen: Unseen,
    backlog: Backlog,
}

/// What the files of one specification have in common.
#[derive(Debug, Default)]
struct Source {
    /// How many files are open.
    members: usize,
    /// How many names are in trouble.
    troubles: usize,
    /// Whether some of its files belong to a source before it.
    shared: bool,
    /// How many bytes are not read yet.
    lag: u64,
    said_lag: Option<u64>,
    said_waiting: bool,
    said_ignored: bool,
}

/// One file in the follower.
#[derive(Debug)]
struct Member {
    tail: Tail,
    /// The name under which it is known: the latest that was found.
    path: Arc<Path>,
    source: usize,
    /// How many names lead to it now.
    names: usize,
    /// Whether it stands in the queue.
    ready: bool,
    /// Whether it waits for files before it, in the backlog.
    waits: bool,
    /// Since when it has had no name.
    orphaned: Option<Instant>,
    /// When it was last seen to grow, once it had no name.
    grew: Option<Instant>,
    /// Whether another file has its name.
    replaced: bool,
    /// Whether it was empty when it was opened under the name of a rotated one: it may become a copy.
    suspect: bool,
    /// The reading error that was said.
    said: Option<io::ErrorKind>,
    /// What it adds to its source's lag.
    lag: u64,
}

/// Everything outside that one look or turn needs.
struct Outside<'a, S> {
    sink: &'a mut S,
    events: &'a dyn Events,
    waker: &'a mut dyn Waker,
}

/// Files without a name have events no longer; this is how often they are looked at.
const ORPHAN_LOOK: Duration = Duration::from_millis(100);

impl Follower {
    /// A follower for the files and globs among `specifications`, which goes on where `positions` say.
    pub fn new(
        specifications: Vec<Specification>,
        options: Options,
        positions: Arc<Positions>,
    ) -> Self {
        let mut remembered = Remembered::default();
        let unseen = Unseen::new(&positions, &mut remembered);
        let sources = specifications.iter().map(|_| Source::default()).collect();
        Follower {
            specifications,
            options,
            sources,
            names: BTreeMap::new(),
            members: HashMap::new(),
            ready: VecDeque::new(),
            orphans: BTreeSet::new(),
            troubled: BTreeSet::new(),
            doubts: BTreeMap::new(),
            unreadable_folders: HashSet::new(),
            remembered,
            catching_up: Some(HashMap::new()),
            started: false,
            links: false,
            unseen,
            reading: Reading::new(positions),
            backlog: Backlog::new(),
        }
    }

    /// Reads until `stop` is requested, or in [`Mode::Once`] to the end of every file.
    ///
    /// When stopped, what exists at that moment is read to its end. The last line of a file that is
    /// still followed is not handed over then if it has no end: its stream is simply not closed.
    ///
    /// # Errors
    ///
    /// In [`Mode::Once`] alone: every file that is missing or cannot be read. Nothing has been read
    /// then, unless reading itself failed.
    pub fn run<S: Sink>(
        &mut self,
        sink: &mut S,
        events: &dyn Events,
        stop: &Stop,
    ) -> Result<(), Vec<Unreadable>> {
        match self.options.mode {
            Mode::Once => self.once_in_turn(sink, events, stop),
            Mode::Follow => {
                raise_descriptor_limit();
                let mut waker = FileEvents::new(stop);
                self.follow(
                    &mut Outside {
                        sink,
                        events,
                        waker: &mut waker,
                    },
                    stop,
                );
                Ok(())
            }
        }
    }

    fn follow<S: Sink>(&mut self, outside: &mut Outside<'_, S>, stop: &Stop) {
        self.begin(outside);
        while !stop.is_requested() {
            self.round(outside);
            self.report(outside.events);
            let pause = self.pause(outside.waker.now());
            let woken = outside.waker.wait(pause);
            self.look(woken, outside);
        }
        self.drain(outside);
    }

    /// The first look: opens what is there, and finds what was rotated since the last run.
    fn begin<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.look(Woken::all(), outside);
        self.started = true;
        self.search(outside);
    }

    /// One turn for each file that is ready, and for the first that waits.
    fn round<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.turn_of_backlog(outside);
        for _ in 0..self.ready.len() {
            let Some(id) = self.ready.pop_front() else {
                return;
            };
            if self.turn_of(id, outside) {
                self.ready.push_back(id);
            } else if let Some(member) = self.members.get_mut(&id) {
                member.ready = false;
            }
        }
    }

    /// One turn of a file; says whether there may be more.
    fn turn_of<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) -> bool {
        if self.is_made_a_copy(id) {
            self.leave_copy(id, outside);
            return false;
        }
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        let before = member.tail.read_to();
        let turn = self.reading.turn(&mut member.tail, outside.sink);
        if member.tail.read_to() != before {
            member.grew = Some(outside.waker.now());
        }
        let more = match turn {
            Ok(Turn::Idle) => false,
            Ok(Turn::More) => true,
            Ok(Turn::NewContent) => self.read_anew(id, outside),
            Err(error) => {
                self.reading_failed(id, &error, outside);
                false
            }
        };
        self.settle(id);
        more
    }

    /// Brings a file's part of its source's lag up to date.
    fn settle(&mut self, id: FileId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let lag = member.tail.lag();
        let source = &mut self.sources[member.source];
        source.lag = source.lag.saturating_sub(member.lag) + lag;
        member.lag = lag;
        if let Some(targets) = &mut self.catching_up
            && targets
                .get(&id)
                .is_some_and(|target| member.tail.read_to() >= *target)
        {
            targets.remove(&id);
        }
    }

    /// Says what has changed since it was last said.
    fn report(&mut self, events: &dyn Events) {
        for (source, specification) in self.sources.iter_mut().zip(&self.specifications) {
            if source.said_lag != Some(source.lag) {
                source.said_lag = Some(source.lag);
                events.lag(&specification.source, source.lag);
            }
        }
        let members = &self.members;
        if let Some(targets) = &mut self.catching_up {
            // What was cut short or cannot be read is not waited for.
            targets.retain(|id, _| {
                members
                    .get(id)
                    .is_some_and(|member| member.ready || member.waits)
            });
            if targets.is_empty() && self.backlog.is_empty() {
                self.catching_up = None;
                events.caught_up();
            }
        }
    }

    /// How long nothing will happen by itself.
    fn pause(&self, now: Instant) -> Duration {
        if !self.ready.is_empty() || !self.backlog.is_empty() {
            return Duration::ZERO;
        }
        let orphans = (!self.orphans.is_empty()).then_some(ORPHAN_LOOK);
        let retries = self
            .troubled
            .iter()
            .filter_map(|path| self.names.get(path)?.retry_at());
        let retries = retries.chain(self.doubts.values().map(|doubt| doubt.retry_at));
        let retry = retries.min().map(|at| at.saturating_duration_since(now));
        orphans
            .into_iter()
            .chain(retry)
            .min()
            .unwrap_or(Duration::from_secs(3600))
    }

    /// Reads what exists now to its end. A writer that goes on writing is not waited for.
    fn drain<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.look(Woken::all(), outside);
        self.hurry_backlog(outside);
        let mut targets = HashMap::new();
        for (id, member) in &self.members {
            targets.insert(
                *id,
                member.tail.metadata().map_or(0, |metadata| metadata.len()),
            );
        }
        targets.keys().for_each(|id| self.mark_ready(*id));
        while !self.ready.is_empty() {
            self.round(outside);
            let members = &self.members;
            self.ready.retain(|id| {
                let read_to = members.get(id).map(|member| member.tail.read_to());
                // Nothing read at all: new content was found, which has a size of its own.
                read_to.is_some_and(|read_to| read_to == 0 || targets.get(id) > Some(&read_to))
            });
        }
        // Where nothing leads back to these after a restart, their last lines count now.
        for id in std::mem::take(&mut self.orphans) {
            if !self.is_found_again(id) {
                self.leave(id, outside);
            }
        }
        self.report(outside.events);
    }

    fn mark_ready(&mut self, id: FileId) {
        if let Some(member) = self.members.get_mut(&id)
            && !member.ready
            && !member.waits
        {
            member.ready = true;
            self.ready.push_back(id);
        }
    }

    fn origin(&self, source: usize, path: &Path) -> Origin {
        let source = Arc::clone(&self.specifications[source].source);
        let name = path.file_name().unwrap_or(path.as_os_str());
        Origin {
            source,
            file: Arc::from(name.to_string_lossy()),
        }
    }
}

/// Every followed file holds a descriptor, and the usual limit of 1 024 is a courtesy to programs
/// that use `select`. Failing leaves the limit as it was.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

#[cfg(test)]
mod tests;
