//! The logfmt reader in its plainest form: every rule as it is stated, one byte at a time, with
//! no regard for speed.
//!
//! Read by the tests and by the fuzz target, which has the same names in scope.

use super::{FieldSlot, Form, Keys, Matches, Span, UntrustedRange};

/// A pair: where its key starts, where its `=` is, its value, and where that ends on the line.
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
    let mut found: Vec<(Pair, Trust)> = Vec::new();
    let mut add = |pairs: Vec<Pair>, trust| found.extend(pairs.into_iter().map(|p| (p, trust)));
    let part = |start, end| pairs(line, start, end).collect::<Vec<_>>();
    match untrusted.and_then(|untrusted| Some((untrusted, cut(line, untrusted)?))) {
        None => add(part(0, line.len()), Trust::Trusted),
        Some((untrusted, (from, mut middle, last))) => {
            add(part(0, from.start), Trust::Trusted);
            match untrusted.until(&line[from.start..from.equals]) {
                None => add(part(from.start, middle), Trust::Trusted),
                Some(until) => match raw(line, from, until, last) {
                    Some(end) => {
                        let start = from.equals + 1;
                        let length = line[start..end].trim_ascii_end().len();
                        let value = Span {
                            start: start as u32,
                            end: (start + length) as u32,
                            form: Form::Plain,
                        };
                        middle = middle.max(start + length);
                        add(vec![Pair { value, ..from }], Trust::Trusted);
                    }
                    None => {
                        middle = middle.max(from.value.end as usize);
                        add(vec![from], Trust::Unfenced);
                    }
                },
            }
            match last.map(|last| last.max(middle)) {
                None => add(part(middle, line.len()), Trust::Unfenced),
                Some(last) => {
                    add(part(middle, last), Trust::Untrusted);
                    add(part(last, line.len()), Trust::Trusted);
                }
            }
        }
    }
    for (pair, trust) in &found {
        for (slot, name) in slots.iter_mut().zip(keys.names()) {
            if name.as_bytes() == &line[pair.start..pair.equals] {
                slot.everywhere.add(pair.value);
                match trust {
                    Trust::Trusted => slot.trusted.add(pair.value),
                    Trust::Untrusted => {}
                    Trust::Unfenced if slot.trusted.count > 0 => {}
                    Trust::Unfenced => {
                        slot.trusted = Matches {
                            count: 2,
                            ..Matches::default()
                        };
                    }
                }
            }
        }
    }
    (!found.is_empty(), slots)
}

#[derive(Clone, Copy)]
enum Trust {
    Trusted,
    Untrusted,
    Unfenced,
}

/// The pair that begins the range, where the middle starts, and where the last text does.
fn cut(line: &[u8], untrusted: &UntrustedRange) -> Option<(Pair, usize, Option<usize>)> {
    let forward: Vec<Pair> = pairs(line, 0, line.len()).collect();
    let key = |pair: &Pair| &line[pair.start..pair.equals];
    let from = forward
        .iter()
        .position(|pair| untrusted.begins_with(key(pair)))?;
    let value = forward[from].equals + 1;
    let middle = value + line[value..].iter().position(|byte| blank(*byte))?;
    let strict = (middle + 1..line.len()).rev().find(|at| {
        let named = line[*at..].starts_with(&[untrusted.to(), b"="].concat());
        named && blank(line[*at - 1]) && series(&line[*at..])
    });
    let last = strict.or_else(|| {
        let to = forward[from + 1..]
            .iter()
            .rfind(|pair| key(pair) == untrusted.to());
        to.map(|pair| pair.start)
    });
    let is_own = |last: &usize| {
        pairs(line, *last, line.len())
            .filter(|pair| untrusted.begins_with(key(pair)))
            .all(|pair| {
                let value = &line[pair.value.start as usize..pair.value.end as usize];
                pair.value.form != Form::Plain
                    || value.is_empty()
                    || value == b"true"
                    || value == b"false"
                    || b"[{-0123456789".contains(&value[0])
            })
    };
    Some((forward[from], middle, last.filter(is_own)))
}

/// Where the raw value of `from` ends.
fn raw(line: &[u8], from: Pair, until: &[u8], last: Option<usize>) -> Option<usize> {
    let starts = |at: &usize| blank(line[*at - 1]) && equals(line, *at).is_some();
    let keys: Vec<usize> = (from.equals + 2..line.len()).filter(starts).collect();
    let is_until = |at: &&usize| line[**at..].starts_with(&[until, b"="].concat());
    let ends: Vec<&usize> = keys.iter().filter(is_until).collect();
    match (ends.as_slice(), keys.first()) {
        ([end], _) => Some(**end),
        ([], None) => Some(line.len()),
        ([], Some(next)) if Some(*next) == last => last,
        _ => None,
    }
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
