//! The loop over all files of all inputs: looks, fair turns of one block for each file, pauses, the end.
//!
//! [`OpenFiles`] holds the open files and their turns, [`Paths`] knows which path leads to which file,
//! and [`Recovery`] everything about files that were rotated while nobody looked. This file joins
//! them; each of them works without the ones above it: paths → recovery → open files.

use std::collections::HashMap;
#[cfg(test)]
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::descriptors;
use super::identity::FileId;
use super::open_files::OpenFiles;
use super::paths::Paths;
use super::specification::Specification;
use super::tail::Turn;
use crate::recovery::Recovery;
use crate::recovery::places::RotatedFolders;
use crate::recovery::read_order::Queued;
use crate::stop::Stop;
use crate::watch::{FileEvents, Waker, Woken};
use crate::{Events, Mode, Options, Positions, Sink, Unreadable};

/// Reads all files of some inputs. Standard input and fifos are no part of it: see
/// [`Stream`](crate::Stream).
pub struct Follower {
    pub(super) options: Options,
    pub(crate) open: OpenFiles,
    pub(crate) paths: Paths,
    pub(crate) recovery: Recovery,
    /// When files without a name are looked at next.
    nameless_look: Option<Instant>,
}

/// Everything outside that one look or turn needs.
pub(crate) struct Outside<'a, S> {
    pub(crate) sink: &'a mut S,
    pub(crate) events: &'a dyn Events,
    pub(crate) waker: &'a mut dyn Waker,
}

/// Files without a name may have no events any more; they are looked at this often, and not at each event
/// of others.
const NAMELESS_LOOK: Duration = Duration::from_millis(100);

impl Follower {
    /// A follower for the files and globs among `specifications`, which goes on where `positions` say.
    pub fn new(
        specifications: Vec<Specification>,
        options: Options,
        positions: Arc<Positions>,
    ) -> Self {
        Follower {
            recovery: Recovery::new(&positions),
            paths: Paths::new(&options),
            open: OpenFiles::new(
                specifications,
                RotatedFolders(options.rotated_dirs.clone()),
                positions,
            ),
            options,
            nameless_look: None,
        }
    }

    /// Reads until `stop` is requested, or in [`Mode::Once`] to the end of every file, on from where
    /// the last run ended.
    ///
    /// When stopped, what exists at that moment is read to its end. The last line of a file that is
    /// still followed is not handed over then if it has no end: its stream is not closed.
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
            Mode::Once => self.once(sink, events, stop),
            Mode::Follow => {
                self.paths.files_max = descriptors::files_max();
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

    pub(crate) fn follow<S: Sink>(&mut self, outside: &mut Outside<'_, S>, stop: &Stop) {
        self.begin(outside);
        while !stop.is_requested() {
            self.round(outside);
            self.open.report(outside.events);
            let pause = self.pause(outside.waker.now());
            let woken = outside.waker.wait(pause);
            self.look(woken, outside);
        }
        self.drain(outside);
    }

    /// The first look: opens what is there, and finds what was rotated since the last run.
    pub(crate) fn begin<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.look(Woken::all(), outside);
        self.search_after_start(outside);
    }

    /// The first look is over: what the last run followed and no path leads to is searched now.
    pub(crate) fn search_after_start<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.open.started = true;
        self.recovery
            .search_after_start(&self.paths.table, &mut self.open, outside);
    }

    /// Looks at what `woken` names.
    pub(crate) fn look<S: Sink>(&mut self, woken: Woken, outside: &mut Outside<'_, S>) {
        let Follower {
            options,
            open,
            paths,
            recovery,
            nameless_look,
        } = self;
        let looks_at_all = woken.everything;
        paths.look(woken, open, recovery, outside);
        recovery.search_waiting(false, &paths.table, open, outside);
        recovery.search_due(&paths.table, open, outside);
        open.settle_holes(outside.waker.now());
        open.read_waiting_records(outside.waker.now());
        let now = outside.waker.now();
        if !looks_at_all && nameless_look.is_some_and(|at| now < at) {
            return self.paths.report_waiting(&mut self.open, outside.events);
        }
        *nameless_look = Some(now + NAMELESS_LOOK);
        let closing = open.tend_nameless(options, now);
        if closing.are_renamed {
            // The new name of one may match, and no event has told.
            paths.discover(open, recovery, outside);
        }
        for id in closing.files {
            if self.open.nameless.remove(&id) {
                self.close(id, outside);
            }
        }
        self.paths.report_waiting(&mut self.open, outside.events);
    }

    /// One turn for each file that is ready, and for the first that waits in an order.
    pub(crate) fn round<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.turn_of_first_queued(outside);
        for _ in 0..self.open.ready.len() {
            let Some(id) = self.open.ready.pop_front() else {
                return;
            };
            if self.turn_of(id, outside) {
                self.open.ready.push_back(id);
            } else if let Some(file) = self.open.files.get_mut(&id) {
                file.is_ready = false;
            }
        }
    }

    /// One turn of a file; says whether there may be more.
    pub(super) fn turn_of<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) -> bool {
        if self.recovery.is_made_a_copy(id, &mut self.open) {
            self.close_copy(id, outside);
            return false;
        }
        if self.begin_next_file(id, outside) {
            return true;
        }
        let more = match self.open.read_block(id, outside) {
            None => return false,
            Some(Ok(Turn::Idle)) => {
                self.open.settle_records(id, outside);
                false
            }
            Some(Ok(Turn::More)) => true,
            Some(Ok(Turn::NewContent)) => self.read_again(id, outside),
            Some(Err(error)) => {
                self.paths
                    .reading_failed(id, &error, &mut self.open, &mut self.recovery, outside);
                false
            }
        };
        self.open.settle(id);
        more
    }

    /// One turn of the first file that waits in an order.
    fn turn_of_first_queued<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        match self.open.order.pop_front() {
            None => {}
            Some(Queued::Plain(id)) => {
                if self.turn_of(id, outside) {
                    return self.open.order.push_front(Queued::Plain(id));
                }
                // Its turn may have found others that come before it.
                if !self.open.is_queued(id) {
                    self.open.release(id);
                    self.open.carry_to_next(id, outside.sink);
                }
            }
            Some(Queued::Compressed(file, saved)) => {
                self.recovery
                    .turn_of_compressed(file, saved, &mut self.open, outside);
            }
        }
    }

    /// A file holds other content than it did: it was cut short, or has become another file's copy.
    /// Says whether it may be read on now.
    fn read_again<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) -> bool {
        if self.recovery.has_become_a_copy(id, &self.open) {
            self.close_copy(id, outside);
            return false;
        }
        let Follower {
            open,
            paths,
            recovery,
            ..
        } = self;
        for path in recovery.search_after_truncation(id, &paths.table, open, outside) {
            paths.look_at(&path, true, open, recovery, outside);
        }
        let file = self.open.files.get(&id);
        file.is_some_and(|file| !file.is_queued)
    }

    /// Closes a file for good; its last line counts even without an end.
    pub(super) fn close<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) {
        self.paths
            .close(id, &mut self.open, &mut self.recovery, outside);
    }

    /// Closes a copy of another file. What it holds is not counted here.
    fn close_copy<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) {
        self.paths.table.detach(id);
        self.recovery.close_copy(id, &mut self.open, outside);
    }

    /// How long nothing will happen by itself.
    pub(crate) fn pause(&self, now: Instant) -> Duration {
        if !self.open.ready.is_empty() || !self.open.order.is_empty() {
            return Duration::ZERO;
        }
        let nameless = (!self.open.nameless.is_empty()).then_some(NAMELESS_LOOK);
        let retries = self.paths.retry_times().chain(self.recovery.retry_times());
        let retry = retries.min().map(|at| at.saturating_duration_since(now));
        let (hole, record) = (self.open.hole_wait(), self.open.record_waits.next());
        let waits = hole.into_iter().chain(record);
        let wait = waits.min().map(|at| at.saturating_duration_since(now));
        nameless
            .into_iter()
            .chain(retry)
            .chain(wait)
            .min()
            .unwrap_or(Duration::from_secs(3600))
    }

    /// Reads what exists now to its end. A writer that goes on writing is not waited for.
    pub(crate) fn drain<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        self.look(Woken::all(), outside);
        self.recovery
            .search_waiting(true, &self.paths.table, &mut self.open, outside);
        self.read_queued_now(outside);
        if !self.open.reader.positions.saves() {
            self.open.waits_for_holes = false;
        }
        let mut targets = HashMap::new();
        for (id, file) in &self.open.files {
            let size = file.tail.metadata().map_or(0, |metadata| metadata.len());
            targets.insert(*id, size);
        }
        targets.keys().for_each(|id| self.open.mark_ready(*id));
        while !self.open.ready.is_empty() {
            self.round(outside);
            let files = &self.open.files;
            self.open.ready.retain(|id| {
                let read_to = files.get(id).map(|file| file.tail.read_to());
                // Nothing read at all: new content was found, which has a size of its own.
                read_to.is_some_and(|read_to| read_to == 0 || targets.get(id) > Some(&read_to))
            });
        }
        // Where nothing leads back to these after a restart, their last lines count now.
        for id in std::mem::take(&mut self.open.nameless) {
            if !self.open.is_found_again(id) {
                self.close(id, outside);
            }
        }
        if !self.open.reader.positions.saves() {
            self.open.finish_records(outside.sink);
        }
        self.open.report(outside.events);
    }

    /// A stop: all may be read in any order. What is compressed will be there at the next start, if
    /// positions are saved.
    fn read_queued_now<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        while let Some(first) = self.open.order.front() {
            match first {
                Queued::Plain(id) => {
                    let id = *id;
                    self.open.order.pop_front();
                    self.open.release(id);
                }
                Queued::Compressed(..) if self.open.reader.positions.saves() => {
                    self.open.order.pop_front();
                }
                Queued::Compressed(..) => self.turn_of_first_queued(outside),
            }
        }
    }

    /// Lets every open file fail as if reading it had.
    #[cfg(test)]
    fn fail_reading<S: Sink>(&mut self, error: &io::Error, outside: &mut Outside<'_, S>) {
        for id in self.open.files.keys().copied().collect::<Vec<_>>() {
            self.paths
                .reading_failed(id, error, &mut self.open, &mut self.recovery, outside);
        }
    }
}

#[cfg(test)]
mod tests;
