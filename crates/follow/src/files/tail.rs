//! One open file: read from an offset, a block at a time, and told from other content.
//!
//! Knows no other file, no path and no time of its own. A line that is not whole yet is not kept
//! but read again, so an idle file costs a descriptor and no buffer.

use std::fs::File;
use std::io;
use std::time::SystemTime;

use memchr::{memchr, memrchr};

use super::beginnings::Beginnings;
use super::identity::{
    FileId, Fingerprint, MARKER_BYTES_MAX, Position, SIGNATURE_BYTES_MAX, head, marker_before,
    read_at, without_nuls,
};
use crate::line::encoding::Encoding;
use crate::line::{LINE_BYTES_MAX, Origin};
use crate::{Sink, StreamId};

mod holes;

use holes::{Holes, Nuls, content_end};

/// How much of one file is read in one turn, in bytes.
pub(crate) const BLOCK_BYTES: usize = 256 << 10;

/// A line that is not whole yet is read again with what follows it while it is shorter than this;
/// beyond, only what follows is read until there is something to offer.
const SCAN_ON_BYTES_MIN: usize = 64 << 10;

/// Room for the marker, the longest line that may be waiting, and a block. All files share one.
#[derive(Debug)]
pub(crate) struct ReadBuffer(pub(crate) Vec<u8>);

impl ReadBuffer {
    pub(crate) fn new() -> Self {
        ReadBuffer(vec![0; MARKER_BYTES_MAX + LINE_BYTES_MAX + BLOCK_BYTES])
    }
}

/// What one turn found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The end, for now.
    Idle,
    /// There may be more.
    More,
    /// What was before the offset is not there any more: see [`Tail::restart`].
    NewContent,
}

/// One open file.
#[derive(Debug)]
pub(crate) struct Tail {
    file: File,
    origin: Origin,
    stream: StreamId,
    position: Position,
    /// How many bytes from the offset on are known to hold no line end.
    scanned: usize,
    /// The size when last looked at, in bytes.
    size: u64,
    modified: Option<SystemTime>,
    holes: Holes,
    /// Of the content that the signature covers.
    beginnings: Beginnings,
    /// The encoding of the file, if that is not UTF-8, until it is reported.
    encoding: Option<Encoding>,
}

impl Tail {
    /// Begins to read `file` at `position`, of which the caller knows that it is in this content, with
    /// what the sink carries over from before it.
    pub(crate) fn begin(
        file: File,
        origin: Origin,
        position: Position,
        resume_state: &[u8],
        sink: &mut impl Sink,
    ) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let (position, beginnings) = signed(position, &file)?;
        let stream = sink.open(origin.clone(), position.offset, resume_state);
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        Ok(Tail {
            file,
            origin,
            stream,
            position,
            scanned: 0,
            size,
            modified,
            holes: Holes::default(),
            beginnings,
            encoding: None,
        })
    }

    /// The stream under which the sink knows it.
    pub(crate) fn stream(&self) -> StreamId {
        self.stream
    }

    /// Device and inode.
    pub(crate) fn id(&self) -> FileId {
        self.position.id
    }

    /// The file itself.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where reading is, with the evidence that goes with it.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Puts into `out` what the sink carries over from before the position.
    pub(crate) fn resume_state(&self, sink: &impl Sink, out: &mut Vec<u8>) {
        out.clear();
        sink.resume_state(self.stream, out);
    }

    /// How far the file has been read, in bytes: a line that is not whole yet included.
    pub(crate) fn read_to(&self) -> u64 {
        self.position.offset + self.scanned as u64
    }

    /// How many bytes there are and have not been read.
    pub(crate) fn lag(&self) -> u64 {
        let content = self.size.saturating_sub(self.holes.at_end);
        content.saturating_sub(self.read_to())
    }

    /// Takes note of the file's size and time; says whether they are others than before.
    pub(crate) fn note(&mut self, metadata: &std::fs::Metadata) -> bool {
        let (size, modified) = (metadata.len(), metadata.modified().ok());
        let changed = (size, modified) != (self.size, self.modified);
        if changed {
            self.search_holes_again();
        }
        (self.size, self.modified) = (size, modified);
        changed
    }

    /// The file as it is now, whatever names it has.
    pub(crate) fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.file.metadata()
    }

    /// Reads one block and offers its whole lines.
    ///
    /// New content is told by what is before the offset. Where a file was cut short and filled
    /// beyond the offset again between two turns, with the same first KiB and the same 256 bytes
    /// before the offset, nobody can tell: what is beyond the offset is read as if it was appended.
    pub(crate) fn turn(
        &mut self,
        ReadBuffer(buffer): &mut ReadBuffer,
        sink: &mut impl Sink,
    ) -> io::Result<Turn> {
        if !self.is_same_content()? {
            return Ok(Turn::NewContent);
        }
        if self.scanned >= SCAN_ON_BYTES_MIN
            && let Some(turn) = self.scan_on(buffer)?
        {
            return Ok(turn);
        }
        let offset = self.position.offset;
        let before = self.position.marker.length as usize;
        let wanted = before + self.scanned + BLOCK_BYTES;
        let Some(room) = buffer.get_mut(..wanted) else {
            return Ok(Turn::Idle);
        };
        // The marker is read together with what follows it, so that a file cut short and filled
        // again just now cannot pass off its new bytes as the old ones' continuation.
        let read = read_at(&self.file, room, offset - before as u64)?;
        let Some((marker, bytes)) = room
            .get(..read)
            .and_then(|read| read.split_at_checked(before))
        else {
            return Ok(Turn::NewContent);
        };
        if !self.position.marker.matches(marker) {
            return Ok(Turn::NewContent);
        }
        let is_end = read < wanted;
        let (mut bytes, mut more) = (bytes, if is_end { Turn::Idle } else { Turn::More });
        match self.nuls(bytes, is_end)? {
            Nuls::None => {}
            Nuls::Between(at, end) if !self.waits_for_hole() => {
                let begin = offset + at as u64;
                if end - begin >= JUMP_BYTES_MIN && memrchr(b'\n', &bytes[..at]).is_none() {
                    let rest = before..before + at;
                    return self.jump(end, room.get(rest).unwrap_or_default(), sink);
                }
                if end - begin >= JUMP_BYTES_MIN {
                    bytes = &bytes[..at];
                }
            }
            Nuls::AtEnd(at) | Nuls::Between(at, _) => {
                (bytes, more) = (&bytes[..at], Turn::Idle);
            }
        }
        if offset == 0 && self.scanned == 0 {
            self.encoding = Encoding::of(bytes);
        }
        let fresh = bytes.get(self.scanned..).unwrap_or_default();
        if bytes.len() < LINE_BYTES_MAX && memrchr(b'\n', fresh).is_none() {
            self.scanned = bytes.len();
            return Ok(more);
        }
        let taken = sink.offer(self.stream, offset, bytes).min(bytes.len());
        let rest = bytes.get(taken..).unwrap_or_default();
        // Whole lines that the sink left are offered again at the next turn.
        let left_lines = memchr(b'\n', rest).is_some();
        self.scanned = if left_lines {
            0
        } else {
            rest.len().min(LINE_BYTES_MAX)
        };
        let end = before + taken;
        self.position.offset += taken as u64;
        let begin = end.saturating_sub(MARKER_BYTES_MAX);
        self.position.marker = Fingerprint::after_nuls(room.get(begin..end).unwrap_or_default());
        Ok(if left_lines && taken > 0 {
            Turn::More
        } else {
            more
        })
    }

    /// Reads on after a line that has no end yet. None means: now there is something to offer.
    fn scan_on(&mut self, buffer: &mut [u8]) -> io::Result<Option<Turn>> {
        let Some(room) = buffer.get_mut(..BLOCK_BYTES) else {
            return Ok(None);
        };
        let read = read_at(&self.file, room, self.read_to())?;
        let bytes = room.get(..read).unwrap_or_default();
        if memchr(b'\n', bytes).is_some() || (read > 0 && self.scanned + read >= LINE_BYTES_MAX) {
            return Ok(None);
        }
        self.scanned += read;
        Ok(Some(if read == BLOCK_BYTES {
            Turn::More
        } else {
            Turn::Idle
        }))
    }

    /// Whether the file still begins as it did and reaches to the offset.
    fn is_same_content(&mut self) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        self.note(&metadata);
        if self.size < self.position.offset {
            return Ok(false);
        }
        if self.size < self.read_to() {
            self.scanned = 0;
        }
        let mut head = [0; SIGNATURE_BYTES_MAX];
        let read = read_at(&self.file, &mut head, 0)?;
        let head = without_nuls(head.get(..read).unwrap_or_default());
        if !self.position.signature.begins(head) {
            return Ok(false);
        }
        if head.len() > self.position.signature.length as usize {
            self.position.signature = Fingerprint::of(head);
            self.beginnings = Beginnings::of(head);
        }
        Ok(true)
    }

    /// Goes on at another position in the same file, with what the sink carries over from before it.
    pub(crate) fn go_on(
        &mut self,
        position: Position,
        resume_state: &[u8],
        sink: &mut impl Sink,
    ) -> io::Result<()> {
        let id = self.id();
        let (position, beginnings) = signed(Position { id, ..position }, &self.file)?;
        self.beginnings = beginnings;
        sink.close(self.stream, self.position.offset, b"");
        self.position = position;
        self.scanned = 0;
        self.stream = sink.open(self.origin.clone(), position.offset, resume_state);
        Ok(())
    }

    /// Whether `copy` holds what was read of this file, or as much of what it holds now as was copied.
    pub(crate) fn is_copied_in(&self, copy: &File) -> io::Result<bool> {
        let length = copy.metadata()?.len();
        let read = self.position.signature.length > 0 && self.position.still_in(copy)?;
        if read || length == 0 || self.file.metadata()?.len() < length {
            return Ok(read);
        }
        let (mut one, mut other) = ([0; SIGNATURE_BYTES_MAX], [0; SIGNATURE_BYTES_MAX]);
        let begins = read_at(copy, &mut one, 0)?;
        let begins = begins.min(read_at(&self.file, &mut other, 0)?);
        Ok(one.get(..begins) == other.get(..begins)
            && marker_before(copy, length)? == marker_before(&self.file, length)?)
    }

    /// Reads the file as a new one, from its start. A line that had no end before is gone.
    pub(crate) fn restart(&mut self, sink: &mut impl Sink) {
        let before = (self.stream, self.position.offset);
        self.holes = Holes::after_cut(self.read_to());
        self.position = Position::start(self.position.id);
        self.beginnings = Beginnings::default();
        self.scanned = 0;
        self.stream = sink.open(self.origin.clone(), 0, &[]);
        sink.carry_over(before.0, self.stream);
        sink.close(before.0, before.1, b"");
    }

    /// Goes on after a large hole that will not be filled, without reading it. `rest` is the line before.
    #[cold]
    fn jump(&mut self, to: u64, rest: &[u8], sink: &mut impl Sink) -> io::Result<Turn> {
        sink.close(self.stream, self.position.offset, rest);
        let signature = self.position.signature;
        self.position = Position {
            signature,
            ..Position::at(&self.file, self.id(), to)?
        };
        self.scanned = 0;
        self.stream = sink.open(self.origin.clone(), to, &[]);
        Ok(Turn::More)
    }

    /// The encoding of the file, once, if that is not UTF-8.
    pub(crate) fn take_encoding(&mut self) -> Option<Encoding> {
        self.encoding.take()
    }

    /// Hashes of the beginnings of what is known of the content.
    pub(crate) fn beginnings(&self) -> &Beginnings {
        &self.beginnings
    }

    /// When the file was last written, as far as is known.
    pub(crate) fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    /// Leaves the file, of which `last` was the last turn: its last line counts even without an end.
    /// Returns the position after all of it.
    pub(crate) fn finish(
        mut self,
        last: io::Result<Turn>,
        buffer: &mut [u8],
        sink: &mut impl Sink,
    ) -> (Position, io::Result<()>) {
        let rest = match last {
            // Cut short while it was left: what it holds now is nobody's continuation.
            Ok(Turn::NewContent) => Ok(None),
            Ok(_) => self.rest(buffer),
            Err(error) => Err(error),
        };
        let (rest, result) = match rest {
            Ok(rest) => (rest, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let (length, marker) = rest.map_or((0, self.position.marker), |(before, end)| {
            let begin = end.saturating_sub(MARKER_BYTES_MAX);
            let marker = Fingerprint::after_nuls(buffer.get(begin..end).unwrap_or_default());
            buffer.copy_within(before..end, 0);
            (end - before, marker)
        });
        let rest = buffer.get(..length).unwrap_or_default();
        sink.close(self.stream, self.position.offset, rest);
        self.position.offset += length as u64;
        self.position.marker = marker;
        (self.position, result)
    }

    /// Leaves the file as it is, to be opened again at the position that is returned.
    pub(crate) fn abandon(self, sink: &mut impl Sink) -> Position {
        sink.close(self.stream, self.position.offset, b"");
        self.position
    }

    /// Reads what is before the offset, and the line without an end after it; returns where that
    /// begins and ends in the buffer. None if other content has taken the place.
    fn rest(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, usize)>> {
        let before = self.position.marker.length as usize;
        let Some(room) = buffer.get_mut(..before + self.scanned) else {
            return Ok(None);
        };
        let read = read_at(&self.file, room, self.position.offset - before as u64)?;
        let marker = room.get(..before).filter(|_| read >= before);
        let same = marker.is_some_and(|marker| self.position.marker.matches(marker));
        Ok(same.then_some((before, read)))
    }
}

/// The position with a signature, and the beginnings of what that covers.
fn signed(position: Position, file: &File) -> io::Result<(Position, Beginnings)> {
    let head = head(file)?;
    let mut position = position;
    if position.signature.length == 0 {
        position.signature = Fingerprint::of(&head);
    }
    let covered = head.len().min(position.signature.length as usize);
    Ok((position, Beginnings::of(&head[..covered])))
}

/// A hole of fewer bytes is read like everything else.
const JUMP_BYTES_MIN: u64 = 64 << 10;

/// The start of the line in which `end` falls: after the last line end before it, so that a line
/// that is being written is read whole. NULs at the end are no line. `end` itself if that line is longer than any line may be.
pub(crate) fn line_start_before(file: &File, end: u64) -> io::Result<u64> {
    let end = content_end(file, end)?;
    let mut block = vec![0; 64 << 10];
    let lowest = end.saturating_sub(LINE_BYTES_MAX as u64);
    let mut high = end;
    while high > lowest {
        let low = high.saturating_sub(block.len() as u64).max(lowest);
        let length = usize::try_from(high - low).unwrap_or(block.len());
        let Some(room) = block.get_mut(..length) else {
            break;
        };
        let read = read_at(file, room, low)?;
        if let Some(at) = memrchr(b'\n', room.get(..read).unwrap_or_default()) {
            return Ok(low + at as u64 + 1);
        }
        high = low;
    }
    Ok(if lowest == 0 { 0 } else { end })
}

#[cfg(test)]
mod tests;
