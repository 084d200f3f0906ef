//! What a joiner holds as bytes, and back.
//!
//! For each group in the order in which they were touched, and before them for each record that is whole: its state (1 open, 2 skipping, 3 waited), its key
//! with its length before it, and for an open one where it begins, its number of lines, its two times (none
//! has the length 2^32 - 1) and its text. Numbers are little endian, lengths four bytes.

use std::sync::Arc;

use super::group::{Group, State, is_key};
use super::{Joiner, Multiline};
use crate::line::LINE_BYTES_MAX;
use crate::line::resume::Rest;

const NO_TIME: u32 = u32::MAX;

/// Appends what the next run must know.
pub(in crate::line) fn write(joiner: &Joiner, out: &mut Vec<u8>) {
    for group in joiner.carried() {
        out.push(match group.state {
            State::Full => 2,
            State::Waited => 3,
            _ => 1,
        });
        write_bytes(&group.key, out);
        if !group.is_open() {
            continue;
        }
        out.extend(group.from.to_le_bytes());
        out.extend((group.lines as u64).to_le_bytes());
        for time in [&group.time, &group.header_time] {
            match time {
                Some(time) => write_bytes(time, out),
                None => out.extend(NO_TIME.to_le_bytes()),
            }
        }
        write_bytes(&group.text, out);
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    // Names, a time and a record: all far shorter.
    let length = u32::try_from(bytes.len()).unwrap_or(NO_TIME - 1);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// The joiner that goes on where `bytes` were written; `None` if they are anything else.
pub(in crate::line) fn read(bytes: &[u8], settings: Option<&Arc<Multiline>>) -> Option<Joiner> {
    let mut joiner = Joiner::default();
    joiner.set(settings);
    let mut rest = Rest(bytes);
    while !rest.0.is_empty() {
        let [state] = rest.array()?;
        let key = rest.bytes()?;
        is_key(&key).then_some(())?;
        let mut group = Group::new(&key);
        group.state = match state {
            1 => State::Open,
            2 => State::Full,
            3 => State::Waited,
            _ => return None,
        };
        if group.is_open() {
            group.from = u64::from_le_bytes(rest.array()?);
            group.lines = usize::try_from(u64::from_le_bytes(rest.array()?)).ok()?;
            for time in [&mut group.time, &mut group.header_time] {
                *time = match rest.0.get(..4)? == NO_TIME.to_le_bytes() {
                    true => rest.array::<4>().map(|_| None)?,
                    false => Some(rest.bytes()?),
                };
            }
            group.text = rest.bytes()?;
            group.is_restored = true;
            (group.lines > 0 && group.text.len() <= LINE_BYTES_MAX).then_some(())?;
        }
        joiner.read(group);
    }
    Some(joiner)
}
