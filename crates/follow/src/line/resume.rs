//! What a stream needs besides its bytes to go on after a restart, as bytes and back.
//!
//! That is little: whether the rest of a line is to be skipped, the parts of lines that are not
//! whole yet, and the records of several lines that may go on. Most streams need nothing, and nothing is written for them. What is read may have been
//! spoiled: everything is checked, and what is not whole gives a fresh stream.
//!
//! The form: the version, 1 if the rest of a line is to be skipped (0 otherwise), then for each held
//! line its place, 1 if it was cut, where it begins, and its time and text with their lengths before
//! them. Numbers are little endian. Where records are held, another version comes first, then the length of
//! all that (four bytes), that, and the records.

use std::sync::Arc;

use super::LINE_BYTES_MAX;
use super::encoding::Encoding;
use super::framer::Framer;
use super::multiline::{Joiner, Multiline, saved};
use super::unwrap::{Held, Unwrapper};

/// Another form gets another number; one that is not known is not read.
const VERSION: u8 = 1;

/// The form of a stream that is not UTF-8: this number and which encoding it is.
const VERSION_OF_ENCODING: u8 = 2;

/// The form of a stream with records of several lines: this number, and what the other forms have.
const VERSION_OF_RECORDS: u8 = 3;

/// A stream that goes on.
#[derive(Debug, Default)]
pub struct Resumed {
    pub framer: Framer,
    pub unwrapper: Unwrapper,
    /// Where lines are joined, or were before. Boxed, as most streams have none.
    pub joiner: Option<Box<Joiner>>,
}

/// Appends what a stream holds.
pub fn write(framer: &Framer, unwrapper: &Unwrapper, joiner: Option<&Joiner>, out: &mut Vec<u8>) {
    let Some(joiner) = joiner.filter(|joiner| joiner.holds_anything()) else {
        return write_line(framer, unwrapper, out);
    };
    out.push(VERSION_OF_RECORDS);
    let begin = out.len();
    out.extend([0; 4]);
    write_line(framer, unwrapper, out);
    // Parts of four lines at most.
    let length = u32::try_from(out.len() - begin - 4).unwrap_or(u32::MAX);
    out[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    saved::write(joiner, out);
}

/// What is needed for a line.
fn write_line(framer: &Framer, unwrapper: &Unwrapper, out: &mut Vec<u8>) {
    if let Some(encoding) = framer.encoding() {
        let number = u8::from(encoding == Encoding::Utf16BigEndian);
        return out.extend([VERSION_OF_ENCODING, number]);
    }
    if !framer.is_skipping() && unwrapper.held_from().is_none() {
        return;
    }
    out.extend([VERSION, u8::from(framer.is_skipping())]);
    for (place, held) in (0..).zip(unwrapper.held()) {
        let Some(from) = held.from else {
            continue;
        };
        out.extend([place, u8::from(held.cut)]);
        out.extend(from.to_le_bytes());
        for bytes in [&held.time, &held.text] {
            // Both are parts of lines, and far shorter than that.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            out.extend(length.to_le_bytes());
            out.extend_from_slice(bytes);
        }
    }
}

/// A stream that goes on where `bytes` were written, and whose lines are joined as `settings` say; a fresh
/// one if `bytes` holds nothing, or anything else than [`write()`] writes. Records that are held are there
/// also where nothing is to be joined any more.
pub fn read(bytes: &[u8], settings: Option<&Arc<Multiline>>) -> Resumed {
    let held = match parted(bytes) {
        Some((line, records)) => checked_parts(line, records, settings),
        None => checked(bytes).map(|line| (line, None)),
    };
    let ((framer, unwrapper), joiner) = held.unwrap_or_default();
    let joiner = joiner.or_else(|| settings.map(Joiner::new));
    Resumed {
        framer,
        unwrapper,
        joiner: joiner.map(Box::new),
    }
}

type Line = (Framer, Unwrapper);

/// All of it, or nothing.
fn checked_parts(
    line: &[u8],
    records: &[u8],
    settings: Option<&Arc<Multiline>>,
) -> Option<(Line, Option<Joiner>)> {
    let line = match line {
        [] => Line::default(),
        line => checked(line)?,
    };
    let joiner = saved::read(records, settings)?;
    joiner.holds_anything().then_some((line, Some(joiner)))
}

/// What is written of a line, and of records, where there are some.
fn parted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[VERSION_OF_RECORDS, ref length @ ..], rest) = bytes.split_first_chunk::<5>()? else {
        return None;
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.split_at_checked(length)
}

/// Whether what [`write()`] wrote holds parts of a line, or records.
pub fn has_parts(bytes: &[u8]) -> bool {
    has_part_of_line(bytes) || parted(bytes).is_some()
}

/// Whether what [`write()`] wrote holds records.
pub fn has_records(bytes: &[u8]) -> bool {
    parted(bytes).is_some()
}

/// The same without records: these are held elsewhere.
pub fn without_records(bytes: Vec<u8>) -> Vec<u8> {
    parted(&bytes)
        .map(|(line, _)| line.to_vec())
        .unwrap_or(bytes)
}

/// Whether what [`write()`] wrote holds parts of a line.
pub fn has_part_of_line(bytes: &[u8]) -> bool {
    let line = parted(bytes).map_or(bytes, |(line, _)| line);
    matches!(line, [VERSION, _, _, ..])
}

fn checked(bytes: &[u8]) -> Option<Line> {
    if let [VERSION_OF_ENCODING, number] = bytes {
        let encoding = match flag(*number)? {
            false => Encoding::Utf16LittleEndian,
            true => Encoding::Utf16BigEndian,
        };
        return Some((Framer::resumed_in(encoding), Unwrapper::default()));
    }
    let [VERSION, skipping, rest @ ..] = bytes else {
        return None;
    };
    let mut unwrapper = Unwrapper::default();
    let mut rest = Rest(rest);
    // Written in the order of their places, so that no place is there twice.
    for (place, held) in (0..).zip(unwrapper.held_mut()) {
        if rest.0.first() != Some(&place) {
            continue;
        }
        rest.array::<1>()?;
        *held = Held {
            cut: flag(u8::from_le_bytes(rest.array()?))?,
            from: Some(u64::from_le_bytes(rest.array()?)),
            time: rest.bytes()?,
            text: rest.bytes()?,
        };
    }
    rest.0.is_empty().then_some(())?;
    Some((Framer::resumed(flag(*skipping)?), unwrapper))
}

fn flag(byte: u8) -> Option<bool> {
    (byte <= 1).then_some(byte == 1)
}

/// What is left to read. Every method takes what it names, or says `None`.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl Rest<'_> {
    pub(super) fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(u32::from_le_bytes(self.array()?)).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        (length <= LINE_BYTES_MAX).then(|| bytes.to_vec())
    }
}

#[cfg(test)]
mod tests;
