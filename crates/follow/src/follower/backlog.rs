//! What was there at the start in an order: rotated relatives, the oldest first.
//!
//! One of them is read to its end before the next one's turn comes; all other files have their turns
//! meanwhile. Which files these are is decided elsewhere.

use std::collections::VecDeque;
use std::sync::Arc;

use super::super::identity::FileId;
use super::super::packed::Packed;
use super::super::tail::Turn;
use super::super::{SavedFile, Sink};
use super::{Follower, Outside};

/// One that waits for those before it.
pub(super) enum Waiting {
    /// A file of the follower.
    Member(FileId),
    /// A compressed file, with what is noted of it.
    Packed(Box<Packed>, SavedFile),
}

/// Files in the order in which they are read.
pub(super) type Backlog = VecDeque<Waiting>;

impl Follower {
    /// Lets files wait, each for those before it in `files`.
    pub(super) fn put_in_order(&mut self, files: Vec<Waiting>) {
        for file in &files {
            if let Waiting::Member(id) = file
                && let Some(member) = self.members.get_mut(id)
            {
                member.waits = true;
                member.ready = false;
                self.ready.retain(|ready| ready != id);
            }
        }
        self.backlog.extend(files);
    }

    /// Whether this compressed file waits for its turn, or is being read.
    pub(super) fn is_waiting(&self, id: FileId) -> bool {
        let is_it =
            |one: &Waiting| matches!(one, Waiting::Packed(_, saved) if saved.position.id == id);
        self.backlog.iter().any(is_it)
    }

    /// One turn of the first that waits.
    pub(super) fn turn_of_backlog<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        match self.backlog.pop_front() {
            None => {}
            Some(Waiting::Member(id)) => {
                if self.turn_of(id, outside) {
                    return self.backlog.push_front(Waiting::Member(id));
                }
                // Its turn may have found others that come before it.
                let waits =
                    |one: &Waiting| matches!(one, Waiting::Member(waiting) if *waiting == id);
                if !self.backlog.iter().any(waits) {
                    self.release(id);
                }
            }
            Some(Waiting::Packed(mut packed, saved)) => {
                match self.reading.turn_of_packed(&mut packed, outside.sink) {
                    Ok(Turn::More) => self.backlog.push_front(Waiting::Packed(packed, saved)),
                    Ok(_) => self.finish_packed(*packed, saved, outside),
                    // It was whole a moment ago. What is not read yet is found at the next start.
                    Err(error) => {
                        let (source, path) = (&saved.source, &saved.path);
                        outside.events.skipped(source, path, &error);
                    }
                }
            }
        }
    }

    fn finish_packed<S: Sink>(
        &mut self,
        packed: Packed,
        saved: SavedFile,
        outside: &mut Outside<'_, S>,
    ) {
        let positions = Arc::clone(&self.reading.positions);
        let step = positions.step();
        let position = packed.finish(outside.sink);
        step.note(SavedFile {
            position,
            resume_state: Vec::new(),
            left: true,
            ..saved
        });
        drop(step);
        self.remembered.keep(position.id, &positions);
    }

    fn release(&mut self, id: FileId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.waits = false;
        }
        self.mark_ready(id);
    }

    /// A stop: all may be read in any order. What is compressed will be there at the next start, if
    /// there is one that knows.
    pub(super) fn hurry_backlog<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        while let Some(first) = self.backlog.front() {
            match first {
                Waiting::Member(id) => {
                    let id = *id;
                    self.backlog.pop_front();
                    self.release(id);
                }
                Waiting::Packed(..) if self.reading.positions.saves() => {
                    self.backlog.pop_front();
                }
                Waiting::Packed(..) => self.turn_of_backlog(outside),
            }
        }
    }
}
