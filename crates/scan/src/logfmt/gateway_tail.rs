//! The end of a line as the gateway writes it: whole values, each after one blank.
//!
//! Behind its own fields agentgateway puts those that its operator added. Strings among them are
//! always quoted and escaped (Rust's `{:?}`), lists and maps are written `["a", 1]` and
//! `{"k": "v"}`, and all else is one word. A text that a client chose cannot imitate such an end
//! from inside its quotes: every value here holds an even number of quotes, and after a place
//! inside a quoted text an odd number follows.

use memchr::memchr3;

use super::pairs::{self, Brackets, is_word_end, string_end};
use crate::slots::KeyStart;

/// The last place after `from` where ` key=` begins a series of whole pairs that runs to the end
/// of `line`. `key_starts` are those of the line.
pub(super) fn start(
    line: &[u8],
    key_starts: &[KeyStart],
    from: usize,
    key: &[u8],
) -> Option<usize> {
    let rest = line.get(from..)?;
    memchr::memchr_iter(b'=', rest).rev().find_map(|equals| {
        let before = rest[..equals].strip_suffix(key)?;
        let (b' ' | b'\t') = before.last()? else {
            return None;
        };
        let at = from + before.len();
        is_series(line, pairs::from(key_starts, at), at, key).then_some(at)
    })
}

/// Whether whole pairs, the first of which has the key `first`, are from `start` to the end. `key_starts` are those
/// from there on.
fn is_series(line: &[u8], key_starts: &[KeyStart], start: usize, first: &[u8]) -> bool {
    let mut key_starts = key_starts.iter();
    let mut at = start;
    loop {
        let mut behind = key_starts
            .by_ref()
            .skip_while(|head| (head.start as usize) < at);
        let Some(equals) = behind
            .next()
            .filter(|head| head.start as usize == at)
            .map(|head| head.equals as usize)
        else {
            return false;
        };
        // The series that begins there was looked at before this one, and is none. Without this
        // a line of nothing but the mark would take quadratic time.
        if at > start && &line[at..equals] == first {
            return false;
        }
        match value_end(line, equals + 1) {
            None => return false,
            Some(end) if end == line.len() => return true,
            Some(end) => at = end + 1,
        }
    }
}

/// Where the value that starts at `start` ends; there is a blank or the end of the line.
fn value_end(line: &[u8], start: usize) -> Option<usize> {
    let end = match line.get(start) {
        Some(b'"') => string_end(line, start + 1)? + 1,
        Some(b'[' | b'{') => match list_end(line, start)? {
            end if is_word_end(line, end) => end,
            // `[::1]:49904` begins with brackets and is a word.
            _ => word_end(line, start)?,
        },
        _ => word_end(line, start)?,
    };
    is_word_end(line, end).then_some(end)
}

/// A word ends before a blank, and has no quote.
fn word_end(line: &[u8], start: usize) -> Option<usize> {
    match memchr3(b' ', b'\t', b'"', line.get(start..)?) {
        Some(length) if line[start + length] == b'"' => None,
        Some(length) => Some(start + length),
        None => Some(line.len()),
    }
}

/// One past the end of a list or map. Outside of its strings blanks are only after `,` and `:`,
/// and `=` and `\` nowhere; so reading stops at the next ` key=` that is not in a string.
fn list_end(line: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Brackets::default();
    let mut before = 0;
    loop {
        let byte = *line.get(at)?;
        match byte {
            b'"' => at = string_end(line, at + 1)?,
            b'[' | b']' | b'{' | b'}' => open.step(byte)?,
            b' ' if matches!(before, b',' | b':') => {}
            0..=0x20 | 0x7f | b'=' | b'\\' => return None,
            _ => {}
        }
        at += 1;
        if open.depth == 0 {
            return Some(at);
        }
        before = byte;
    }
}
