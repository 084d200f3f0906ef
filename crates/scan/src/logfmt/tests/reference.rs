//! The logfmt reader in its plainest form: every rule as it is stated, one byte at a time, with
//! no regard for speed.
//!
//! Read by the tests and by the fuzz target, which has the same names in scope.

use super::{FieldSlot, Form, Keys, Span, UntrustedRange};

/// A pair: where its key starts, where its `=` stands, its value, and where that ends on the line.
#[derive(Clone, Copy)]
struct Pair {
    start: usize,
    equals: usize,
    value: Span,
}

pub(super) fn read(
    line: &[u8],
    keys: &Keys,
    untrusted: Option<&UntrustedRange>,
) -> (bool, Vec<FieldSlot>) {
    let mut slots = vec![FieldSlot::default(); keys.len()];
    let texts = untrusted.and_then(|untrusted| cut(line, untrusted));
    let pairs: Vec<(Pair, bool)> = match texts {
        None => pairs(line, 0, line.len())
            .map(|pair| (pair, true))
            .collect(),
        Some((middle, last)) => pairs(line, 0, middle)
            .map(|pair| (pair, true))
            .chain(pairs(line, middle, last).map(|pair| (pair, false)))
            .chain(pairs(line, last, line.len()).map(|pair| (pair, true)))
            .collect(),
    };
    for (pair, trusted) in &pairs {
        for (slot, name) in slots.iter_mut().zip(keys.names()) {
            if name.as_bytes() == &line[pair.start..pair.equals] {
                slot.everywhere.add(pair.value);
                if *trusted {
                    slot.trusted.add(pair.value);
                }
            }
        }
    }
    (!pairs.is_empty(), slots)
}

/// Where the middle and the last text start.
fn cut(line: &[u8], untrusted: &UntrustedRange) -> Option<(usize, usize)> {
    let forward: Vec<Pair> = pairs(line, 0, line.len()).collect();
    let key = |pair: &Pair| &line[pair.start..pair.equals];
    let from = forward
        .iter()
        .position(|pair| key(pair) == untrusted.from.as_bytes())?;
    let value = forward[from].equals + 1;
    let middle = value + line[value..].iter().position(|byte| blank(*byte))?;
    let strict = (middle + 1..line.len()).rev().find(|at| {
        let named = line[*at..].starts_with(&[untrusted.to.as_bytes(), b"="].concat());
        named && blank(line[*at - 1]) && series(&line[*at..])
    });
    let last = strict.or_else(|| {
        let to = forward[from + 1..]
            .iter()
            .rfind(|pair| key(pair) == untrusted.to.as_bytes());
        to.map(|pair| pair.start)
    })?;
    Some((middle, last))
}

fn blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The `=` of the key that starts at `start`.
fn equals(text: &[u8], start: usize) -> Option<usize> {
    let trusted = |byte: &u8| *byte <= b' ' || b"\x7f=\"[]{}".contains(byte);
    let equals = start + text[start..].iter().position(trusted)?;
    (equals > start && text[equals] == b'=').then_some(equals)
}

/// The pairs of `line[start..end]`.
fn pairs(line: &[u8], start: usize, end: usize) -> impl Iterator<Item = Pair> {
    let text = &line[..end];
    let mut found = Vec::new();
    let mut at = start;
    let mut unclosed = 0;
    while at < end {
        let word = at == start || blank(text[at - 1]);
        let Some(equals) = equals(text, at).filter(|_| word) else {
            at += 1;
            continue;
        };
        let value = equals + 1;
        let closed = match text.get(value) {
            Some(b'"') => quoted(text, value),
            Some(b'[' | b'{') if unclosed < 16 => {
                let closed = bracketed(text, value);
                let closed = closed.filter(|end| text.get(*end).is_none_or(|byte| blank(*byte)));
                unclosed += usize::from(closed.is_none());
                closed
            }
            _ => None,
        };
        let closed = closed.filter(|end| text.get(*end).is_none_or(|byte| blank(*byte)));
        let (first, last, form, next) = match closed {
            Some(end) if text[value] == b'"' => {
                let has_escapes = text[value + 1..end - 1].contains(&b'\\');
                (value + 1, end - 1, Form::quoted(has_escapes), end)
            }
            Some(end) => (value, end, Form::Plain, end),
            None => {
                let next = (value..end)
                    .find(|at| blank(text[*at]) && self::equals(text, at + 1).is_some())
                    .unwrap_or(end);
                let mut last = next;
                while last > value && blank(text[last - 1]) {
                    last -= 1;
                }
                (value, last, Form::Plain, next)
            }
        };
        found.push(Pair {
            start: at,
            equals,
            value: Span {
                start: first as u32,
                end: last as u32,
                form,
            },
        });
        at = next;
    }
    found.into_iter()
}

/// One past the string that starts at `at`.
fn quoted(text: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    while *text.get(at)? != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    Some(at + 1)
}

/// One past the list or map that starts at `at`.
fn bracketed(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = Vec::new();
    loop {
        match *text.get(at)? {
            b'"' => at = quoted(text, at)? - 1,
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            close @ (b']' | b'}') if open.pop() != Some(close) => return None,
            _ => {}
        }
        at += 1;
        if open.is_empty() {
            return Some(at);
        }
        if open.len() > 128 {
            return None;
        }
    }
}

/// Whether `text` is whole pairs, as the gateway writes them, with one blank between.
fn series(text: &[u8]) -> bool {
    let Some(equals) = equals(text, 0) else {
        return false;
    };
    let value = &text[equals + 1..];
    let word = value
        .iter()
        .position(|byte| blank(*byte))
        .unwrap_or(value.len());
    let ends = |end: &usize| value.get(*end).is_none_or(|byte| blank(*byte));
    let word = Some(word).filter(|end| !value[..*end].contains(&b'"'));
    let end = match value.first() {
        Some(b'"') => quoted(value, 0),
        Some(b'[' | b'{') => list(value).and_then(|end| if ends(&end) { Some(end) } else { word }),
        _ => word,
    };
    match end.filter(ends) {
        None => false,
        Some(end) if end == value.len() => true,
        Some(end) => series(&value[end + 1..]),
    }
}

/// The length of the list or map at the start, if only its strings hold what would be no list.
fn list(value: &[u8]) -> Option<usize> {
    let end = bracketed(value, 0)?;
    let mut at = 0;
    while at < end {
        match value[at] {
            b'"' => at = quoted(value, at)? - 1,
            b' ' if b",:".contains(&value[at - 1]) => {}
            byte if byte <= b' ' || b"\x7f=\\".contains(&byte) => return None,
            _ => {}
        }
        at += 1;
    }
    Some(end)
}
