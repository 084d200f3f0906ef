//! The prefixes of docker compose: `agentgateway-1  | text`, and the older `agentgateway_1  | `.
//!
//! The name is padded with blanks to the longest of its project, may be coloured together with
//! the bar, and with `--timestamps` docker's time and a blank are before the text. A service
//! that sets `container_name` has any name.

use super::{Wrapping, ansi, cri, time};

/// A prefix, and the text after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefix<'a> {
    container: &'a [u8],
    time: Option<&'a [u8]>,
    pub(super) text: &'a [u8],
}

impl<'a> Prefix<'a> {
    pub(super) fn wrapping(&self) -> Wrapping<'a> {
        Wrapping {
            service: Some(service(self.container)),
            container: Some(self.container),
            time: self.time,
            whole: None,
        }
    }
}

/// Names that programs write before a bar as the level of a line: no containers.
const LEVELS: [&[u8]; 9] = [
    b"INFO",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"DEBUG",
    b"TRACE",
    b"FATAL",
    b"NOTICE",
    b"CRITICAL",
];

/// docker's times always have nine digits (`RFC3339NanoFixed`). The gateway's own, at most six
/// and a tab after them, belong to the text.
const FRACTION_DIGITS: usize = 9;

/// The prefix of `line`, if it has one.
#[inline]
pub(super) fn prefix(line: &[u8]) -> Option<Prefix<'_>> {
    // Most lines begin with a time, whose first colon ends what could be a name; blanks or a bar
    // cannot follow then. Or they begin with what begins no name.
    let is_time = time::has_colon(line) && !time::has_blank(line, 0) && !time::has_blank(line, 5);
    if is_time || line.first() == Some(&b'{') {
        return None;
    }
    any_prefix(line)
}

fn any_prefix(line: &[u8]) -> Option<Prefix<'_>> {
    let coloured = line.first() == Some(&ansi::ESCAPE);
    // Before, inside and after the prefix at most one sequence is at a place; what colours
    // the text itself belongs to it.
    let uncolour = |bytes| {
        if coloured {
            after_sequence(bytes)
        } else {
            bytes
        }
    };

    let rest = uncolour(line);
    let (container, rest) = rest.split_at(name_length(rest));
    if container.is_empty() {
        return None;
    }
    let padded = uncolour(rest);
    let bar = padded.iter().position(|byte| *byte != b' ')?;
    let rest = uncolour(&padded[bar..]).strip_prefix(b"|")?;
    if bar == 0 || LEVELS.contains(&container) {
        return None;
    }
    let reset = uncolour(rest);
    let text = match reset {
        [] | [b'\r'] => reset,
        // A reset after the bar has been taken off already; otherwise it is after the blank.
        [b' ', text @ ..] if reset.len() == rest.len() => uncolour(text),
        [b' ', text @ ..] => text,
        _ => return None,
    };
    let time = time::stamp(text)
        .filter(|stamp| stamp.fraction_digits == FRACTION_DIGITS)
        .filter(|stamp| text.get(stamp.length) == Some(&b' '))
        // A record of Kubernetes begins with a time like that as well, and needs it.
        .filter(|_| cri::record(text).is_none());
    Some(match time {
        Some(stamp) => Prefix {
            container,
            time: Some(&text[..stamp.length]),
            text: &text[stamp.length + 1..],
        },
        None => Prefix {
            container,
            time: None,
            text,
        },
    })
}

/// `[A-Za-z0-9][A-Za-z0-9_.-]*`, as docker names containers.
fn name_length(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(u8::is_ascii_alphanumeric) {
        return 0;
    }
    (bytes.iter())
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        .count()
}

fn after_sequence(bytes: &[u8]) -> &[u8] {
    &bytes[ansi::sequence(bytes)..]
}

/// A container's name without its number: `agentgateway` of `agentgateway-1`.
fn service(container: &[u8]) -> &[u8] {
    let digits = (container.iter().rev())
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match container.split_at(container.len() - digits) {
        ([service @ .., b'-' | b'_'], [_, ..]) if !service.is_empty() => service,
        _ => container,
    }
}
