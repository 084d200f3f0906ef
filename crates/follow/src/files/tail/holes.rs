//! NULs in a file: bytes that are not written yet, or that never will be.
//!
//! A file's size may come before its bytes: on file servers, in files that are preallocated, after a
//! crash. NULs up to the end of a file are no content. NULs with something after them are waited for a
//! while, as they may be filled in any order; then they separate lines.

use std::fs::File;
use std::io;

use memchr::memchr;

use super::Tail;
use crate::files::identity::read_at;

/// NULs in what was read of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nuls {
    /// There are none that matter.
    None,
    /// From this byte of the block on, there is nothing else up to the end of the file.
    AtEnd(usize),
    /// From this byte of the block on, up to this offset of the file, where something else comes.
    Between(usize, u64),
}

/// What is known of a file's NULs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holes {
    /// NULs before this offset stay as they are.
    settled_to: u64,
    /// A writer that does not append goes on here after a cut: NULs from the start up to here will never be
    /// filled.
    writer_at: u64,
    /// How many bytes at the end of the file are no content.
    pub(super) at_end: u64,
    /// NULs with something after them may still be filled; how large the file was when that was noticed.
    waiting: Option<u64>,
    /// For how much of the file it is known, from which offset on, that there is nothing but NULs.
    searched: Option<(u64, u64)>,
}

impl Holes {
    /// Holes of a file that was cut short when its writer was at `offset`.
    pub(super) fn after_cut(offset: u64) -> Self {
        Holes {
            writer_at: offset,
            ..Holes::default()
        }
    }
}

impl Tail {
    /// Whether reading waits for bytes that are not written yet, with others after them.
    pub(crate) fn waits_for_hole(&self) -> bool {
        self.holes.waiting.is_some()
    }

    /// The bytes that are waited for will not come: their NULs separate lines now.
    pub(crate) fn settle_holes(&mut self) {
        if let Some(size) = self.holes.waiting.take() {
            self.holes.settled_to = self.holes.settled_to.max(size);
        }
    }

    /// None of the NULs that are there now will be filled, as far as lines follow them.
    pub(crate) fn settle_all_holes(&mut self) {
        self.holes.waiting = None;
        self.holes.settled_to = u64::MAX;
    }

    /// Looks for NULs in `bytes`, which begin at the offset, as far as they were not looked at before.
    pub(super) fn nuls(&mut self, bytes: &[u8], is_end: bool) -> io::Result<Nuls> {
        self.holes.at_end = 0;
        self.holes.waiting = None;
        let offset = self.position.offset;
        let settled = usize::try_from(self.holes.settled_to.saturating_sub(offset));
        let from = settled
            .unwrap_or(usize::MAX)
            .max(self.scanned)
            .min(bytes.len());
        if let Some(at) = run_of_nuls(bytes, from) {
            return self.nuls_from(bytes, at, is_end);
        }
        if bytes.last() != Some(&0) {
            return Ok(Nuls::None);
        }
        let text = bytes.iter().rposition(|byte| *byte != 0);
        self.nuls_from(bytes, text.map_or(0, |at| at + 1), is_end)
    }

    #[cold]
    fn nuls_from(&mut self, bytes: &[u8], at: usize, is_end: bool) -> io::Result<Nuls> {
        let begin = self.position.offset + at as u64;
        let run = bytes[at..].iter().position(|byte| *byte != 0);
        let end = match run {
            Some(length) => Some(begin + length as u64),
            None if is_end => None,
            None => self.data_after(self.position.offset + bytes.len() as u64)?,
        };
        let Some(end) = end else {
            self.holes.at_end = self.size.saturating_sub(begin);
            return Ok(Nuls::AtEnd(at));
        };
        let is_left = begin == 0 && self.holes.writer_at > 0 && end >= self.holes.writer_at;
        if begin >= self.holes.settled_to && !is_left {
            self.holes.waiting = Some(self.size.max(end));
        }
        Ok(Nuls::Between(at, end))
    }

    /// Where something else than NULs comes at or after `from`. What was searched and has not changed
    /// is not searched again.
    fn data_after(&mut self, from: u64) -> io::Result<Option<u64>> {
        let from = match self.holes.searched {
            Some((begin, end)) if begin <= from && from <= end => end,
            _ => from,
        };
        let found = data_from(&self.file, from)?;
        let end = found.unwrap_or(self.size).max(from);
        self.holes.searched = Some((from, end)).filter(|_| found.is_none());
        Ok(found)
    }

    /// Forgets what was searched: the file has changed.
    pub(super) fn search_holes_again(&mut self) {
        self.holes.searched = None;
    }
}

/// Where the first run of NULs begins at or after `from`. One NUL inside a line is a character of it.
fn run_of_nuls(bytes: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr(0, bytes.get(from..)?)?;
        if matches!(bytes.get(at + 1), None | Some(0)) || at == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

/// The first offset from `from` on where a byte is not NUL.
fn data_from(file: &File, mut from: u64) -> io::Result<Option<u64>> {
    let mut block = vec![0; 64 << 10];
    loop {
        // A file system that knows its holes spares reading them.
        let Some(data) = next_data(file, from) else {
            return Ok(None);
        };
        from = data;
        let read = read_at(file, &mut block, from)?;
        let bytes = block.get(..read).unwrap_or_default();
        if let Some(at) = bytes.iter().position(|byte| *byte != 0) {
            return Ok(Some(from + at as u64));
        }
        if read == 0 {
            return Ok(None);
        }
        from += read as u64;
    }
}

/// Where the file system says that data begins: none when all is hole, `from` where it cannot say.
fn next_data(file: &File, from: u64) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from)) {
            Ok(offset) => Some(offset),
            Err(rustix::io::Errno::NXIO) => None,
            Err(_) => Some(from),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        Some(from)
    }
}

/// Where the content of a file ends that is `end` bytes long: NULs at its end are none.
pub(super) fn content_end(file: &File, mut end: u64) -> io::Result<u64> {
    let mut block = vec![0; 64 << 10];
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        let length = usize::try_from(end - begin).unwrap_or(block.len());
        let Some(room) = block.get_mut(..length) else {
            break;
        };
        let read = read_at(file, room, begin)?;
        let bytes = room.get(..read).unwrap_or_default();
        if let Some(at) = bytes.iter().rposition(|byte| *byte != 0) {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(end)
}
