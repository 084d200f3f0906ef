//! Reading a compressed file: its content as a stream, in bounded memory.
//!
//! Such a file is not followed: it is read to its end, once. What is noted of it counts bytes of its
//! content. No name is looked up here.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use memchr::memrchr;

use crate::compression::Compression;
use crate::files::identity::{
    FileId, Fingerprint, MARKER_BYTES_MAX, Position, SIGNATURE_BYTES_MAX, marker_length,
    without_nuls,
};
use crate::files::tail::{BLOCK_BYTES, Turn};
use crate::line::{LINE_BYTES_MAX, Origin};
use crate::{Sink, StreamId};

/// What a compressed file's content is.
#[derive(Debug)]
pub(crate) struct WholeContent {
    /// Behind all of it.
    pub end: Position,
    /// For each position that was asked for, whether it was taken in this content.
    pub holds: Vec<bool>,
}

fn decompress(file: &File, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    compression.decoder(file)
}

/// Reads until `room` is full or the content ends.
fn fill(reader: &mut impl Read, mut room: &mut [u8]) -> io::Result<usize> {
    let wanted = room.len();
    while !room.is_empty() {
        match reader.read(room) {
            Ok(0) => break,
            Ok(read) => room = room.get_mut(read..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(wanted - room.len())
}

/// Whether the content begins as that of one of `positions` does.
pub(crate) fn may_hold(
    file: &File,
    compression: Compression,
    positions: &[Position],
) -> io::Result<bool> {
    let mut head = [0; SIGNATURE_BYTES_MAX];
    let read = fill(&mut decompress(file, compression)?, &mut head)?;
    let hashes = Fingerprint::of_beginnings(head.get(..read).unwrap_or_default());
    Ok(positions.iter().any(|one| begins(one, &hashes)))
}

/// Whether a content with these beginnings, by their lengths, begins as the one of `position` does.
fn begins(position: &Position, hashes: &[u64]) -> bool {
    let begin = hashes.get(position.signature.length as usize);
    position.signature.length > 0 && begin == Some(&position.signature.hash)
}

/// Reads all of the content, which must be whole, and compares it with `positions`.
///
/// # Errors
/// Also where the file ends too early: it may still be written.
pub(crate) fn examine(
    file: &File,
    id: FileId,
    compression: Compression,
    positions: &[Position],
) -> io::Result<WholeContent> {
    let mut reader = decompress(file, compression)?;
    let mut buffer = vec![0; MARKER_BYTES_MAX + BLOCK_BYTES];
    let mut end = Position::start(id);
    let mut holds = vec![false; positions.len()];
    let mut before = 0;
    loop {
        let room = buffer.get_mut(before..).unwrap_or_default();
        let whole = room.len();
        let read = fill(&mut reader, room)?;
        let bytes = buffer.get(..before + read).unwrap_or_default();
        if end.offset == 0 {
            let head = bytes
                .get(..read.min(SIGNATURE_BYTES_MAX))
                .unwrap_or_default();
            end.signature = Fingerprint::of(without_nuls(head));
            let hashes = Fingerprint::of_beginnings(head);
            for (holds, one) in holds.iter_mut().zip(positions) {
                *holds = begins(one, &hashes);
            }
        }
        let reached = end.offset + read as u64;
        for (holds, one) in holds.iter_mut().zip(positions) {
            if *holds && one.offset > end.offset && one.offset <= reached {
                let to = before + usize::try_from(one.offset - end.offset).unwrap_or(read);
                let from = to.saturating_sub(one.marker.length as usize);
                *holds = one.marker.matches(bytes.get(from..to).unwrap_or_default());
            }
        }
        end.offset = reached;
        let from = bytes.len().saturating_sub(marker_length(end.offset));
        end.marker = Fingerprint::after_nuls(bytes.get(from..).unwrap_or_default());
        let length = bytes.len();
        buffer.copy_within(from..length, 0);
        before = length - from;
        if read < whole {
            break;
        }
    }
    for (holds, one) in holds.iter_mut().zip(positions) {
        *holds &= one.offset <= end.offset;
    }
    Ok(WholeContent { end, holds })
}

/// A compressed file that is being read.
pub(crate) struct CompressedReader {
    /// Where its log is, without links and under the name it has before a rotation.
    log: PathBuf,
    reader: Box<dyn Read + Send>,
    stream: StreamId,
    position: Position,
    buffer: Vec<u8>,
    /// How many bytes at the buffer's start are before the position.
    before: usize,
    filled: usize,
}

impl CompressedReader {
    /// Begins to read at `position`, of which the caller knows that it is in this content.
    pub(crate) fn begin(
        file: &File,
        compression: Compression,
        (origin, log): (Origin, PathBuf),
        position: Position,
        resume_state: &[u8],
        sink: &mut impl Sink,
    ) -> io::Result<CompressedReader> {
        let mut reader = decompress(file, compression)?;
        let before = marker_length(position.offset);
        let skipped = position.offset - before as u64;
        io::copy(&mut (&mut reader).take(skipped), &mut io::sink())?;
        let mut buffer = vec![0; MARKER_BYTES_MAX + LINE_BYTES_MAX + BLOCK_BYTES];
        fill(&mut reader, buffer.get_mut(..before).unwrap_or_default())?;
        Ok(CompressedReader {
            log,
            reader,
            stream: sink.open(origin, position.offset, resume_state),
            position,
            buffer,
            before,
            filled: before,
        })
    }

    /// Where reading is.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The stream under which the sink knows it.
    pub(crate) fn stream(&self) -> StreamId {
        self.stream
    }

    /// Where its log is.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Puts into `out` what the sink carries over from before the position.
    pub(crate) fn resume_state(&self, sink: &impl Sink, out: &mut Vec<u8>) {
        out.clear();
        sink.resume_state(self.stream, out);
    }

    /// Reads one block and offers its whole lines; at the end of the content there is no more.
    pub(crate) fn turn(&mut self, sink: &mut impl Sink) -> io::Result<Turn> {
        let begin = self.filled;
        let room = self.buffer.get_mut(begin..).unwrap_or_default();
        let wanted = room.len().min(BLOCK_BYTES);
        let read = fill(&mut self.reader, room.get_mut(..wanted).unwrap_or_default())?;
        self.filled += read;
        let more = if read == wanted {
            Turn::More
        } else {
            Turn::Idle
        };
        loop {
            let bytes = self
                .buffer
                .get(self.before..self.filled)
                .unwrap_or_default();
            if bytes.len() < LINE_BYTES_MAX && memrchr(b'\n', bytes).is_none() {
                return Ok(more);
            }
            let taken = sink
                .offer(self.stream, self.position.offset, bytes)
                .min(bytes.len());
            self.take(taken);
            if taken == 0 {
                return Ok(more);
            }
        }
    }

    fn take(&mut self, taken: usize) {
        let end = self.before + taken;
        let begin = end.saturating_sub(MARKER_BYTES_MAX);
        self.position.offset += taken as u64;
        self.position.marker =
            Fingerprint::after_nuls(self.buffer.get(begin..end).unwrap_or_default());
        self.buffer.copy_within(begin..self.filled, 0);
        self.before = end - begin;
        self.filled -= begin;
    }

    /// Leaves the file after its end: its last line counts even without one.
    pub(crate) fn finish(mut self, sink: &mut impl Sink) -> Position {
        let rest = self
            .buffer
            .get(self.before..self.filled)
            .unwrap_or_default();
        sink.close(self.stream, self.position.offset, rest);
        self.take(self.filled - self.before);
        self.position
    }
}
