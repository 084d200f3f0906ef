//! Reading a file and noting how far, under one read guard: no save comes between the two.
//!
//! No name is known here, and no other file.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::identity::{FileId, Position};
use super::tail::{ReadBuffer, Tail, Turn};
use crate::line::{Origin, resume};
use crate::recovery::compressed::CompressedReader;
use crate::{Positions, SavedFile, Sink, StreamId};

/// The positions, and the buffers that all files share.
pub(crate) struct NotedReader {
    pub(crate) positions: Arc<Positions>,
    pub(crate) buffer: ReadBuffer,
    /// What a sink carries over, on its way to the positions.
    resume_state: Vec<u8>,
}

impl NotedReader {
    pub(crate) fn new(positions: Arc<Positions>) -> Self {
        NotedReader {
            positions,
            buffer: ReadBuffer::new(),
            resume_state: Vec::new(),
        }
    }

    /// Begins to read `file` where `saved` says. What was noted as `instead_of` is forgotten: this
    /// goes on with it.
    pub(crate) fn begin(
        &mut self,
        file: File,
        origin: Origin,
        saved: SavedFile,
        instead_of: Option<FileId>,
        sink: &mut impl Sink,
    ) -> io::Result<Tail> {
        let guard = self.positions.read_guard();
        let tail = Tail::begin(file, origin, saved.position, &saved.resume_state, sink)?;
        instead_of.into_iter().for_each(|id| guard.forget(id));
        guard.note(SavedFile {
            position: tail.position(),
            ..saved
        });
        Ok(tail)
    }

    /// Goes on, in a file of which nothing was read, with what was noted as `before`.
    pub(crate) fn go_on(
        &mut self,
        tail: &mut Tail,
        before: &SavedFile,
        sink: &mut impl Sink,
    ) -> io::Result<()> {
        let guard = self.positions.read_guard();
        tail.go_on(before.position, &before.resume_state, sink)?;
        if before.position.id != tail.id() {
            guard.forget(before.position.id);
        }
        guard.moved(tail.position(), &before.resume_state);
        Ok(())
    }

    /// One turn of a file.
    pub(crate) fn turn(&mut self, tail: &mut Tail, sink: &mut impl Sink) -> io::Result<Turn> {
        let before = tail.position();
        let guard = self.positions.read_guard();
        let turn = tail.turn(&mut self.buffer, sink);
        if tail.position() != before {
            tail.resume_state(sink, &mut self.resume_state);
            guard.moved(tail.position(), &self.resume_state);
        }
        turn
    }

    /// One turn of a compressed file.
    pub(crate) fn turn_of_compressed(
        &mut self,
        compressed: &mut CompressedReader,
        sink: &mut impl Sink,
    ) -> io::Result<Turn> {
        let guard = self.positions.read_guard();
        let turn = compressed.turn(sink);
        compressed.resume_state(sink, &mut self.resume_state);
        guard.moved(compressed.position(), &self.resume_state);
        turn
    }

    /// Reads a file as a new one. What it held before may live on in a copy: that is noted by its
    /// content, in the same step, and returned.
    pub(crate) fn restart(&mut self, tail: &mut Tail, sink: &mut impl Sink) -> Option<SavedFile> {
        let before = self.positions.file(tail.id());
        let guard = self.positions.read_guard();
        tail.restart(sink);
        tail.resume_state(sink, &mut self.resume_state);
        guard.moved(tail.position(), &self.resume_state);
        let before = before.filter(SavedFile::has_evidence)?;
        let position = before.position.of_content();
        let before = SavedFile {
            position,
            // Its records are held of the file that was cut short; they go to the copy once that is found.
            resume_state: resume::without_records(before.resume_state),
            ..before
        };
        guard.note(before.clone());
        Some(before)
    }

    /// Closes a file that holds other content now. What was read of it before is noted as left, under
    /// the identity that is returned.
    pub(crate) fn close_content(&mut self, tail: Tail, sink: &mut impl Sink) -> Option<FileId> {
        let before = self.positions.file(tail.id());
        let guard = self.positions.read_guard();
        guard.forget(tail.abandon(sink).id);
        let before = before.filter(SavedFile::has_evidence)?;
        let position = before.position.of_content();
        guard.note(SavedFile {
            position,
            resume_state: Vec::new(),
            left: true,
            ..before
        });
        Some(position.id)
    }

    /// Closes a file that has to be opened again, at the same place.
    pub(crate) fn abandon(&mut self, tail: Tail, sink: &mut impl Sink) {
        let guard = self.positions.read_guard();
        guard.moved(tail.abandon(sink), &[]);
    }

    /// A log goes on in another file: so do the parts of records that are held of it.
    pub(crate) fn carry_over(
        &mut self,
        from: (StreamId, Position),
        to: (StreamId, Position),
        sink: &mut impl Sink,
    ) {
        // What the next one holds may have come from this one before.
        if !self.has_parts(from.0, sink) {
            return;
        }
        let guard = self.positions.read_guard();
        sink.carry_over(from.0, to.0);
        for (stream, position) in [from, to] {
            self.resume_state.clear();
            sink.resume_state(stream, &mut self.resume_state);
            guard.moved(position, &self.resume_state);
        }
    }

    /// Whether the sink holds the first part of a record of this stream.
    pub(crate) fn has_parts(&mut self, stream: StreamId, sink: &impl Sink) -> bool {
        self.resume_state.clear();
        sink.resume_state(stream, &mut self.resume_state);
        resume::has_parts(&self.resume_state)
    }

    /// Whether the sink holds the first part of a line in parts of this stream.
    pub(crate) fn has_part_of_line(&mut self, stream: StreamId, sink: &impl Sink) -> bool {
        self.has_parts(stream, sink) && resume::has_part_of_line(&self.resume_state)
    }

    /// Hands on the records of a file that have waited long enough by `now`; when to look again.
    pub(crate) fn settle_records(
        &mut self,
        tail: &Tail,
        now: Instant,
        sink: &mut impl Sink,
    ) -> Option<Instant> {
        let guard = self.positions.read_guard();
        let next = sink.settle_records(tail.stream(), now);
        tail.resume_state(sink, &mut self.resume_state);
        guard.moved(tail.position(), &self.resume_state);
        next
    }

    /// Hands on all records of a file as they are.
    pub(crate) fn finish_records(&mut self, tail: &Tail, sink: &mut impl Sink) {
        let guard = self.positions.read_guard();
        sink.finish_records(tail.stream());
        tail.resume_state(sink, &mut self.resume_state);
        guard.moved(tail.position(), &self.resume_state);
    }

    /// A file of the last run is found nowhere. Records that were read of it count.
    pub(crate) fn give_up(&mut self, file: &SavedFile, sink: &mut impl Sink) {
        let guard = self.positions.read_guard();
        if resume::has_records(&file.resume_state) {
            let origin = Origin {
                source: Arc::clone(&file.source),
                file: Arc::from(file.path.to_string_lossy()),
            };
            let offset = file.position.offset;
            let stream = sink.open(origin, offset, &file.resume_state);
            sink.close(stream, offset, b"");
        }
        guard.forget(file.position.id);
    }

    /// Reads a file to its end and leaves it; `left` gives what is noted of it then.
    pub(crate) fn finish(
        &mut self,
        mut tail: Tail,
        sink: &mut impl Sink,
        left: impl FnOnce(Position) -> SavedFile,
    ) -> (FileId, bool) {
        let id = tail.id();
        tail.settle_all_holes();
        let last = loop {
            match self.turn(&mut tail, sink) {
                Ok(Turn::More) => {}
                last => break last,
            }
        };
        let is_incomplete = self.has_part_of_line(tail.stream(), sink);
        let guard = self.positions.read_guard();
        let (position, _) = tail.finish(last, &mut self.buffer.0, sink);
        guard.forget(id);
        let left = left(position);
        let id = left.position.id;
        guard.note(left);
        (id, is_incomplete)
    }
}
