//! What wraps a line is taken off, by looking at the line.
//!
//! [`prefix`] knows what tools write before a line ([`compose`], [`kubernetes`], [`syslog`],
//! [`details`]), [`docker`] the records of docker's json-file driver, [`cri`] those of Kubernetes,
//! [`ansi`] colours, [`span`] what an export kept of a trace; here they are put one after the other, and records that hold a part of a line are joined. Nothing here knows what is in a line, and
//! no option changes what is done: a line says itself how it is wrapped.

use super::{LINE_BYTES_MAX, Wrapping};

mod ansi;
mod compose;
pub mod container_name;
mod cri;
mod details;
mod docker;
mod kubernetes;
mod prefix;
mod removed;
pub mod span;
mod syslog;
#[cfg(test)]
mod tests;
mod time;

pub use removed::{Removed, removed};

/// Takes the wrapping off the lines of one stream. Holds the parts that wait for their rest.
#[derive(Debug, Default)]
pub struct Unwrapper {
    /// A record in a record is as deep as it goes; a compose prefix may be around both.
    depths: [Depth; 2],
    /// The last line without its colours.
    uncoloured: Vec<u8>,
    oversized: u64,
}

/// A line without its wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unwrapped<'a> {
    /// The text that rules see.
    pub text: &'a [u8],
    /// What was taken off.
    pub wrapping: Wrapping<'a>,
}

impl Unwrapper {
    /// Takes off what wraps `raw`, a line without its `\n` that begins `offset` bytes into its
    /// stream. `None`: the record is a part and is held until the rest comes, or it is no line of a
    /// log at all.
    ///
    /// A joined line has the time of its first part. A line inside a record keeps the innermost
    /// time. One `\r` at the end is taken off.
    #[inline(always)]
    pub fn unwrap<'a>(&'a mut self, offset: u64, raw: &'a [u8]) -> Option<Unwrapped<'a>> {
        // Nearly every line is bare: in the caller, so that it takes no call.
        if (prefix::is_none(raw) || docker::is_other_json(raw)) && is_bare(raw) {
            let wrapping = Wrapping::default();
            return Some(Unwrapped {
                text: raw,
                wrapping,
            });
        }
        self.any_unwrapped(offset, raw)
    }

    #[inline(never)]
    fn any_unwrapped<'a>(&'a mut self, offset: u64, raw: &'a [u8]) -> Option<Unwrapped<'a>> {
        let mut text = raw;
        let mut begins = offset;
        let mut is_joined = false;
        let mut wrapping = Wrapping::default();
        if let Some(record) = span::read(raw) {
            wrapping.whole = Some(without_end(raw));
            return match record {
                span::SpanRecord::Request(text) => Some(Unwrapped { text, wrapping }),
                span::SpanRecord::Other => None,
            };
        }
        if let Some(prefix) = prefix::prefix(raw) {
            text = prefix.text;
            wrapping = prefix.wrapping();
        }
        for Depth { decoded, held } in &mut self.depths {
            let Some(record) = Record::read(text, decoded) else {
                break;
            };
            wrapping.service = record.service.or(wrapping.service);
            wrapping.container = record.container.or(wrapping.container);
            wrapping.is_stderr = record.stream == Stream::Stderr;
            let held = &mut held[record.stream as usize];
            if held.from.is_none() && record.whole {
                text = record.text;
                wrapping.time = Some(record.time);
                continue;
            }
            held.add(begins, &record, &mut self.oversized);
            if !record.whole {
                return None;
            }
            begins = held.from.take().unwrap_or(begins);
            is_joined = true;
            text = &held.text;
            wrapping.time = Some(&held.time);
        }
        // What a service writes for systemd, it writes in a container as well.
        if text.first() == Some(&b'<') {
            text = syslog::after_priority(text).unwrap_or(text);
        }
        let text = bare(text, &mut self.uncoloured);
        if text.len() < raw.len() && !is_joined {
            wrapping.whole = Some(without_end(raw));
        }
        Some(Unwrapped { text, wrapping })
    }

    /// Where the oldest held part begins: a saved position may not lie after it.
    pub fn held_from(&self) -> Option<u64> {
        self.held().filter_map(|held| held.from).min()
    }

    /// The stream has been left: hands over what is held, one after the other, until `None`.
    pub fn flush(&mut self) -> Option<Unwrapped<'_>> {
        let oldest = self.held_from()?;
        let held = (self.depths.iter_mut())
            .flat_map(|depth| &mut depth.held)
            .find(|held| held.from == Some(oldest))?;
        held.from = None;
        Some(Unwrapped {
            text: bare(&held.text, &mut self.uncoloured),
            wrapping: Wrapping {
                time: Some(&held.time),
                ..Wrapping::default()
            },
        })
    }

    /// Lines cut because their joined parts were longer than [`LINE_BYTES_MAX`], since the last
    /// call.
    pub fn take_oversized(&mut self) -> u64 {
        std::mem::take(&mut self.oversized)
    }

    /// Every place for a line in parts, always the same ones in the same order.
    pub(super) fn held(&self) -> impl Iterator<Item = &Held> {
        self.depths.iter().flat_map(|depth| &depth.held)
    }

    /// The same, to be filled.
    pub(super) fn held_mut(&mut self) -> impl Iterator<Item = &mut Held> {
        self.depths.iter_mut().flat_map(|depth| &mut depth.held)
    }
}

/// How far into a line [`inner_starts`] looks, in bytes.
const INNER_BYTES_MAX: usize = 512;

/// How many places [`inner_starts`] names.
const INNER_STARTS_MAX: usize = 8;

/// Where in `text` another line may begin: with a time, or as an object of JSON. So it is where an
/// unknown prefix is before it. Nothing in a line of JSON, which is whole.
pub fn inner_starts(text: &[u8]) -> impl Iterator<Item = usize> {
    let is_json = text.trim_ascii_start().first() == Some(&b'{');
    let end = if is_json {
        0
    } else {
        text.len().min(INNER_BYTES_MAX)
    };
    (1..end)
        .filter(|start| !text[start - 1].is_ascii_digit() && prefix::begins(&text[*start..]))
        .take(INNER_STARTS_MAX)
}

/// The text without colours, if it is coloured, and without one `\r` and a colour's end at its end.
#[inline]
fn bare<'a>(text: &'a [u8], uncoloured: &'a mut Vec<u8>) -> &'a [u8] {
    match is_bare(text) {
        true => text,
        false => any_bare(text, uncoloured),
    }
}

/// The line without one `\r` at its end.
fn without_end(raw: &[u8]) -> &[u8] {
    raw.strip_suffix(b"\r").unwrap_or(raw)
}

/// Whether nothing is to be taken off; its last byte says that nothing is at its end.
#[inline]
fn is_bare(text: &[u8]) -> bool {
    !matches!(text.last(), Some(b'\r' | b'm')) && !ansi::is_coloured(text)
}

fn any_bare<'a>(text: &'a [u8], uncoloured: &'a mut Vec<u8>) -> &'a [u8] {
    let line = text.strip_suffix(b"\r").unwrap_or(text);
    let text = ansi::without_reset(line).unwrap_or(text);
    let text = if ansi::is_coloured(text) {
        ansi::remove(text, uncoloured);
        uncoloured
    } else {
        text
    };
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// What is kept for one of the records that are in each other.
#[derive(Debug, Default)]
struct Depth {
    /// The text of the last record, where it had escapes.
    decoded: Vec<u8>,
    /// By [`Stream`].
    held: [Held; 2],
}

/// The joined parts of a line that is not whole yet.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Where the first part begins; `None` if nothing is held.
    pub(super) from: Option<u64>,
    /// At most [`LINE_BYTES_MAX`] bytes.
    pub(super) text: Vec<u8>,
    /// The time of the first part.
    pub(super) time: Vec<u8>,
    /// The line was too long, and its rest is left out.
    pub(super) cut: bool,
}

impl Held {
    /// Adds a part that begins at `offset`. What goes beyond [`LINE_BYTES_MAX`] is left out, and
    /// counted once a line.
    fn add(&mut self, offset: u64, part: &Record<'_>, oversized: &mut u64) {
        if self.from.is_none() {
            self.from = Some(offset);
            self.cut = false;
            self.text.clear();
            self.time.clear();
            self.time.extend_from_slice(part.time);
        }
        let room = LINE_BYTES_MAX - self.text.len();
        let fits = part.text.len().min(room);
        self.text.extend_from_slice(&part.text[..fits]);
        if fits < part.text.len() && !self.cut {
            self.cut = true;
            *oversized += 1;
        }
    }
}

/// Which of its two streams a container wrote a record to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Stdout),
            b"stderr" => Some(Self::Stderr),
            _ => None,
        }
    }
}

/// What docker or Kubernetes wrote around a line, or around a part of one.
#[derive(Debug, PartialEq, Eq)]
struct Record<'a> {
    text: &'a [u8],
    /// The line ends with this record.
    whole: bool,
    stream: Stream,
    /// RFC 3339.
    time: &'a [u8],
    service: Option<&'a [u8]>,
    container: Option<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// `decoded` takes the text where it has escapes.
    fn read(line: &'a [u8], decoded: &'a mut Vec<u8>) -> Option<Self> {
        match line.first()? {
            b'{' => docker::record(line, decoded),
            b'0'..=b'9' => cri::record(line),
            _ => None,
        }
    }
}
