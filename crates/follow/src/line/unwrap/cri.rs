//! The records of a Kubernetes container runtime: `2016-10-06T00:17:09.669794202Z stdout F text`.
//!
//! The form is fixed in the design proposal "CRI: Log management for container stdout/stderr
//! streams": a time, a stream, tags divided by `:` of which the first says whether the line goes
//! on in the next record of the stream (`P`) or ends here (`F`), and the text, which may be empty.

use super::{Record, Stream, time};

/// A time without a fraction has 20 bytes: where the blank after it is at least.
pub(super) const TIME_BYTES_MIN: usize = 20;

/// A time with nine digits and an offset has 35 bytes: where the blank after it is at most.
pub(super) const TIME_BYTES_MAX: usize = 35;

/// The record that is `line`, if it is one.
#[inline]
pub(super) fn record(line: &[u8]) -> Option<Record<'_>> {
    // The cheapest way to refuse most lines, which begin with a time as well.
    let blank = |start| time::has_blank(line, start);
    if !blank(TIME_BYTES_MIN) && !blank(TIME_BYTES_MAX + 1 - 8) {
        return None;
    }
    any_record(line)
}

/// Whether a stream is named after the blank that ends what may be a time.
pub(super) fn is_likely(line: &[u8], blank: usize) -> bool {
    let rest = line.get(blank + 1..).unwrap_or_default();
    rest.starts_with(b"stdout ") || rest.starts_with(b"stderr ")
}

fn any_record(line: &[u8]) -> Option<Record<'_>> {
    let head = line.get(..=TIME_BYTES_MAX).unwrap_or(line);
    let blank = memchr::memchr(b' ', head)?;
    let (name, rest) = line[blank + 1..].split_at_checked(6)?;
    let stream = Stream::named(name)?;
    if time::stamp(line)?.length != blank {
        return None;
    }
    let (whole, rest) = match rest {
        [b' ', b'F', rest @ ..] => (true, rest),
        [b' ', b'P', rest @ ..] => (false, rest),
        _ => return None,
    };
    let text = match rest {
        // What follows the flag may be cut off where the text is empty.
        [] => rest,
        [b'\r'] => rest,
        [b' ', text @ ..] => text,
        [b':', tags @ ..] => match memchr::memchr(b' ', tags) {
            Some(end) => &tags[end + 1..],
            None => &[],
        },
        _ => return None,
    };
    Some(Record {
        text,
        whole,
        stream,
        time: &line[..blank],
        service: None,
        container: None,
    })
}
