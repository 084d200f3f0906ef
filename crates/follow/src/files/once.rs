//! Reading every file to its end, once, where the last run ended, with what was rotated since.
//!
//! Nothing is followed. A line without an end is left to the next run, and so is a record of several lines
//! to whose file something was written just now.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::discover::{Discovery, discover};
use super::discovered_paths::report_ignored;
use super::follower::{Follower, Outside};
use super::identity::{self, FileId};
use super::open_files::TailedFile;
use super::paths::{not_compressed, regular};
use super::specification::InputKind;
use crate::recovery::read_order::Queued;
use crate::stop::Stop;
use crate::watch::{Waker, Woken};
use crate::{Events, Sink, Unreadable};

/// For a follower that is read once: nobody wakes it, and it never sleeps.
struct NeverWakes;

impl Waker for NeverWakes {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn watch(&mut self, _: &BTreeSet<PathBuf>, _: &dyn Events) -> bool {
        false
    }

    fn wait(&mut self, _: Duration) -> Woken {
        Woken::default()
    }
}

impl Follower {
    /// Reads on where the last run ended, and whatever was rotated since.
    ///
    /// # Errors
    /// Every file that is missing or cannot be read. Nothing has been read then, unless reading itself
    /// failed.
    pub(super) fn once<S: Sink>(
        &mut self,
        sink: &mut S,
        events: &dyn Events,
        stop: &Stop,
    ) -> Result<(), Vec<Unreadable>> {
        let found = discover(&self.open.inputs.specifications, &self.open.inputs.rotated);
        self.all_open(&found, events)?;
        self.open.waits_for_holes = false;
        let waker = &mut NeverWakes;
        let mut outside = Outside {
            sink,
            events,
            waker,
        };
        self.begin(&mut outside);
        let in_turn = self.paths.table.iter().filter_map(|(_, one)| one.current);
        let files = &self.open.files;
        let in_turn = in_turn.filter(|id| files.get(id).is_some_and(|file| !file.is_queued));
        let in_turn: Vec<FileId> = in_turn.collect();
        self.open
            .queue_in_order(in_turn.into_iter().map(Queued::Plain).collect());
        while !self.open.order.is_empty() || !self.open.ready.is_empty() {
            if stop.is_requested() {
                return Ok(());
            }
            self.round(&mut outside);
            self.open.report(events);
        }
        for id in self.open.nameless.clone() {
            // What is still being written in it is found at the next run.
            let is_read = |file: &TailedFile| {
                let end = file.tail.position().offset;
                file.tail.lag() == 0 && file.tail.read_to() == end
            };
            let file = self.open.files.get(&id);
            if file.is_some_and(is_read) && self.open.nameless.remove(&id) {
                self.close(id, &mut outside);
            }
        }
        self.open.settle_old_records(&mut outside);
        let unreadable = self.paths.table.iter().filter_map(|(path, followed)| {
            Some(Unreadable {
                path: path.to_path_buf(),
                error: followed.error.as_ref()?.error(),
            })
        });
        let unreadable: Vec<Unreadable> = unreadable.collect();
        if unreadable.is_empty() {
            return Ok(());
        }
        Err(unreadable)
    }

    /// Whether every input has a file, and every file can be opened.
    fn all_open(&mut self, found: &Discovery, events: &dyn Events) -> Result<(), Vec<Unreadable>> {
        let mut problems = Vec::new();
        for (path, source) in &found.paths {
            let kind = &self.open.inputs.specifications[*source].kind;
            let opened = identity::open(path).and_then(|file| {
                regular(&file)?;
                match kind {
                    InputKind::File(_) => not_compressed(&file),
                    // What a glob matches and is compressed is left out, and reported.
                    _ => Ok(()),
                }
            });
            if let Err(error) = opened {
                let path = path.clone();
                problems.push(Unreadable { path, error });
            }
        }
        report_ignored(found, &mut self.open, events);
        for (_, path, error) in &found.problems {
            let error = io::Error::new(error.kind(), error.to_string());
            problems.push(Unreadable {
                path: path.clone(),
                error,
            });
        }
        for (index, specification) in self.open.inputs.specifications.iter().enumerate() {
            let InputKind::Glob(_) = specification.kind else {
                continue;
            };
            let matches = found.shared.contains(&index)
                || found.paths.values().any(|source| *source == index);
            if !matches && found.problems.is_empty() {
                let error = io::Error::new(io::ErrorKind::NotFound, "no file matches");
                problems.push(Unreadable {
                    path: (*specification.source).into(),
                    error,
                });
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }
}
