//! Reading a file and noting how far, in one step: no save comes between the two.
//!
//! No name is known here, and no other file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::super::identity::{FileId, Position};
use super::super::packed::Packed;
use super::super::tail::{Shared, Tail, Turn};
use super::super::{Positions, SavedFile, Sink};
use crate::line::Origin;

/// The positions, and the buffers that all files share.
pub(super) struct Reading {
    pub(super) positions: Arc<Positions>,
    pub(super) shared: Shared,
    /// What a sink carries over, on its way to the positions.
    resume_state: Vec<u8>,
}

impl Reading {
    pub(super) fn new(positions: Arc<Positions>) -> Self {
        Reading {
            positions,
            shared: Shared::new(),
            resume_state: Vec::new(),
        }
    }

    /// Begins to read `file` where `saved` says. What was noted as `instead_of` is forgotten: this
    /// goes on with it.
    pub(super) fn begin(
        &mut self,
        file: File,
        origin: Origin,
        saved: SavedFile,
        instead_of: Option<FileId>,
        sink: &mut impl Sink,
    ) -> io::Result<Tail> {
        let step = self.positions.step();
        let tail = Tail::begin(file, origin, saved.position, &saved.resume_state, sink)?;
        instead_of.into_iter().for_each(|id| step.forget(id));
        step.note(SavedFile {
            position: tail.position(),
            ..saved
        });
        Ok(tail)
    }

    /// Goes on, in a file of which nothing was read, with what was noted as `before`.
    pub(super) fn go_on(
        &mut self,
        tail: &mut Tail,
        before: &SavedFile,
        sink: &mut impl Sink,
    ) -> io::Result<()> {
        let step = self.positions.step();
        tail.go_on(before.position, &before.resume_state, sink)?;
        if before.position.id != tail.id() {
            step.forget(before.position.id);
        }
        step.moved(tail.position(), &before.resume_state);
        Ok(())
    }

    /// One turn of a file.
    pub(super) fn turn(&mut self, tail: &mut Tail, sink: &mut impl Sink) -> io::Result<Turn> {
        let before = tail.position();
        let step = self.positions.step();
        let turn = tail.turn(&mut self.shared, sink);
        if tail.position() != before {
            tail.resume_state(sink, &mut self.resume_state);
            step.moved(tail.position(), &self.resume_state);
        }
        turn
    }

    /// One turn of a compressed file.
    pub(super) fn turn_of_packed(
        &mut self,
        packed: &mut Packed,
        sink: &mut impl Sink,
    ) -> io::Result<Turn> {
        let step = self.positions.step();
        let turn = packed.turn(sink);
        packed.resume_state(sink, &mut self.resume_state);
        step.moved(packed.position(), &self.resume_state);
        turn
    }

    /// Reads a file as a new one. What it held before may live on in a copy: that is noted by its
    /// content, in the same step, and returned.
    pub(super) fn restart(&mut self, tail: &mut Tail, sink: &mut impl Sink) -> Option<SavedFile> {
        let before = self.positions.file(tail.id());
        let step = self.positions.step();
        tail.restart(sink);
        step.moved(tail.position(), &[]);
        let before = before.filter(SavedFile::has_evidence)?;
        let position = before.position.of_content();
        let before = SavedFile { position, ..before };
        step.note(before.clone());
        Some(before)
    }

    /// Closes a file that holds other content now. What was read of it before is noted as left, under
    /// the identity that is returned.
    pub(super) fn leave_content(&mut self, tail: Tail, sink: &mut impl Sink) -> Option<FileId> {
        let before = self.positions.file(tail.id());
        let step = self.positions.step();
        step.forget(tail.abandon(sink).id);
        let before = before.filter(SavedFile::has_evidence)?;
        let position = before.position.of_content();
        step.note(SavedFile {
            position,
            resume_state: Vec::new(),
            left: true,
            ..before
        });
        Some(position.id)
    }

    /// Closes a file that has to be opened again, at the same place.
    pub(super) fn abandon(&mut self, tail: Tail, sink: &mut impl Sink) {
        let step = self.positions.step();
        step.moved(tail.abandon(sink), &[]);
    }

    /// Reads a file to its end and leaves it; `left` gives what is noted of it then.
    pub(super) fn finish(
        &mut self,
        mut tail: Tail,
        sink: &mut impl Sink,
        left: impl FnOnce(Position) -> SavedFile,
    ) -> FileId {
        let id = tail.id();
        let last = loop {
            match self.turn(&mut tail, sink) {
                Ok(Turn::More) => {}
                last => break last,
            }
        };
        let step = self.positions.step();
        let (position, _) = tail.finish(last, &mut self.shared.buffer, sink);
        step.forget(id);
        let left = left(position);
        let id = left.position.id;
        step.note(left);
        id
    }
}
