//! Whether the log next to a state file is as SQLite wrote it.
//!
//! SQLite reads its write-ahead log up to the first frame that is not as written and takes that for
//! the end. That is right after a crash, where nothing follows, and hides damage: the state
//! would silently be an earlier one. So if a whole save follows the first wrong frame, it
//! knows that the log was damaged. The form is SQLite's own (<https://sqlite.org/fileformat2.html>).

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const PAGE_BYTES_MAX: usize = 1 << 16;

/// A running checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum(u32, u32);

/// How this log is written.
struct Form {
    is_big_endian: bool,
    page_bytes: usize,
    /// What each frame of this log carries; frames of earlier ones carry others.
    salts: [u8; 8],
}

/// Why the log at `path` is damaged; nothing where it is not, where a crash has interrupted its last
/// write, and where there is none.
///
/// Reads all of it, so call it when no other process can write to it.
///
/// # Errors
/// When it cannot be read.
pub(super) fn damage(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let is_long = file.metadata()?.len() > (HEADER_BYTES + FRAME_HEADER_BYTES) as u64;
    let mut log = BufReader::with_capacity(1 << 16, file);
    let mut header = [0; HEADER_BYTES];
    if !is_long || !is_filled(&mut log, &mut header)? {
        return Ok(None);
    }
    let Some((form, mut sum)) = form(&header) else {
        return Ok(Some("the head of its log is not as written".into()));
    };
    let mut frame = vec![0; FRAME_HEADER_BYTES + form.page_bytes];
    let (mut number, mut first_wrong) = (0_u64, None);
    while is_filled(&mut log, &mut frame)? {
        number += 1;
        let stored = stored_sum(&frame);
        let is_of_this_log = frame[8..16] == form.salts;
        let is_as_written = is_of_this_log && form.sum_of(sum, &frame) == stored;
        // What follows a wrong frame is compared with what that frame records of itself.
        sum = stored;
        if !is_as_written {
            first_wrong.get_or_insert(number);
        } else if let Some(wrong) = first_wrong
            && number_at(&frame, 4) > 0
        {
            let why = format!("frame {wrong} of its log is not as written");
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Reads the log's head and sums it up; nothing if it is not as written.
fn form(header: &[u8; HEADER_BYTES]) -> Option<(Form, Sum)> {
    let magic = number_at(header, 0);
    let page_bytes = number_at(header, 8) as usize;
    let form = Form {
        is_big_endian: magic & 1 == 1,
        page_bytes,
        salts: header[16..24].try_into().ok()?,
    };
    let sum = form.sum(Sum(0, 0), &header[..24]);
    let is_sound = magic & !1 == 0x377f_0682
        && page_bytes.is_power_of_two()
        && (512..=PAGE_BYTES_MAX).contains(&page_bytes)
        && sum == Sum(number_at(header, 24), number_at(header, 28));
    is_sound.then_some((form, sum))
}

impl Form {
    /// What a frame's sum must be, where that of the one before it is `before`.
    fn sum_of(&self, before: Sum, frame: &[u8]) -> Sum {
        let head = self.sum(before, &frame[..8]);
        self.sum(head, &frame[FRAME_HEADER_BYTES..])
    }

    fn sum(&self, before: Sum, bytes: &[u8]) -> Sum {
        let number = |bytes: &[u8]| {
            let bytes = bytes.try_into().unwrap_or_default();
            match self.is_big_endian {
                true => u32::from_be_bytes(bytes),
                false => u32::from_le_bytes(bytes),
            }
        };
        let mut sum = before;
        for pair in bytes.chunks_exact(8) {
            sum.0 = sum.0.wrapping_add(number(&pair[..4])).wrapping_add(sum.1);
            sum.1 = sum.1.wrapping_add(number(&pair[4..])).wrapping_add(sum.0);
        }
        sum
    }
}

fn stored_sum(frame: &[u8]) -> Sum {
    Sum(number_at(frame, 16), number_at(frame, 20))
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_be_bytes(bytes.unwrap_or_default())
}

/// Fills the buffer; false where the file ends before.
fn is_filled(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    /// A log of some transactions, as SQLite leaves it in a crash; where each of its frames begins.
    fn log() -> (Vec<u8>, Vec<usize>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        let run = |text| connection.execute_batch(text).unwrap();
        run("PRAGMA page_size = 512; PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
        // A log that was merged and begun again has old frames after the new ones.
        for _ in 0..30 {
            run("INSERT INTO t VALUES (randomblob(300))");
        }
        run("PRAGMA wal_checkpoint(RESTART)");
        for _ in 0..4 {
            run("INSERT INTO t VALUES (randomblob(1500))");
        }
        let bytes = std::fs::read(folder.path().join("a.db-wal")).unwrap();
        let frames = (HEADER_BYTES..bytes.len()).step_by(FRAME_HEADER_BYTES + 512);
        let frames = frames.filter(|at| bytes[at + 8..at + 16] == bytes[16..24]);
        let frames: Vec<_> = frames.collect();
        assert!(frames.len() > 12 && bytes.len() > frames.len() * 600);
        (bytes, frames)
    }

    fn damage_of(bytes: &[u8]) -> bool {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        damage(file.path()).unwrap().is_some()
    }

    #[test]
    fn what_a_crash_leaves_is_no_damage() {
        let (bytes, frames) = log();
        assert!(!damage_of(&bytes));
        assert!(!damage_of(&[]));
        for length in (0..=bytes.len()).step_by(97) {
            assert!(!damage_of(&bytes[..length]), "{length}");
        }
        // The last frame was begun: its head is there, its page not yet.
        let mut begun = bytes.clone();
        let last = frames[frames.len() - 1];
        begun[last + FRAME_HEADER_BYTES..last + FRAME_HEADER_BYTES + 512].fill(3);
        assert!(!damage_of(&begun));
        let none = Path::new("/nowhere/a.db-wal");
        assert!(damage(none).unwrap().is_none());
    }

    #[test]
    fn a_wrong_bit_before_the_last_save_is_damage() {
        let (bytes, frames) = log();
        let commits = frames.iter().filter(|at| number_at(&bytes, **at + 4) > 0);
        let last_save: Vec<_> = commits.rev().take(2).collect();
        // Everything before the frame that ends the last save but one.
        for at in (0..*last_save[1]).step_by(41) {
            let mut wrong = bytes.clone();
            wrong[at] ^= 0x10;
            assert!(damage_of(&wrong), "at {at} of {}", bytes.len());
        }
    }

    #[test]
    fn zeros_in_place_of_the_head_are_damage() {
        let (mut bytes, _) = log();
        bytes[..HEADER_BYTES].fill(0);
        assert!(damage_of(&bytes));
    }
}
