//! The records of docker's json-file driver:
//! `{"log":"text\n","stream":"stdout","attrs":{"tag":"x"},"time":"2016-10-06T00:17:09.669794202Z"}`.
//!
//! The form is that of `jsonlog.JSONLogs` in moby: no other keys, and attributes are strings. A
//! line longer than 16 KiB is split over several records, and only the last of them ends in `\n`.
//! An application's own JSON line is no record, even if it has a `log` of its own.

use memchr::{memchr, memchr2};

use super::{Record, Stream};
use logmetrics_scan::escape::unescape;

/// Whether `line` begins with a key of JSON that no record has, neither docker's nor a span's that `report`
/// kept. Most lines of JSON are told by that. False says nothing.
#[inline(always)]
pub(super) fn is_other_json(line: &[u8]) -> bool {
    const KEYS: [&[u8; 2]; 5] = [b"lo", b"st", b"ti", b"at", b"re"];
    match line {
        [b'{', b'"', one, two, ..] => !KEYS.contains(&&[*one, *two]),
        _ => false,
    }
}

/// The record that is `line`, if it is one. `decoded` takes the text where it has escapes.
pub(super) fn record<'a>(line: &'a [u8], decoded: &'a mut Vec<u8>) -> Option<Record<'a>> {
    let mut log = None;
    let mut stream = None;
    let mut time = None;
    let mut attributes = Attributes::default();
    let mut rest = Rest(line.strip_suffix(b"\r").unwrap_or(line));
    rest.open()?;
    loop {
        match rest.key()? {
            b"log" => log = Some(rest.string()?),
            b"stream" => stream = Some(Stream::named(rest.string()?)?),
            b"time" => time = Some(rest.string()?),
            b"attrs" => attributes = Attributes::read(&mut rest)?,
            _ => return None,
        }
        if rest.closes()? {
            break;
        }
    }
    if !rest.0.is_empty() {
        return None;
    }
    let (written, whole) = without_line_end(log?);
    let text = if memchr(b'\\', written).is_some() {
        decoded.clear();
        unescape(written, decoded);
        decoded
    } else {
        written
    };
    Some(Record {
        text,
        whole,
        stream: stream?,
        time: time?,
        service: attributes.service,
        container: attributes.container,
    })
}

/// The text without the escape `\n` at its end, and whether it was there.
fn without_line_end(log: &[u8]) -> (&[u8], bool) {
    let Some(text) = log.strip_suffix(b"n") else {
        return (log, false);
    };
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 {
        (&text[..text.len() - 1], true)
    } else {
        (log, false)
    }
}

/// What a record's attributes say of its container (docker's log options `labels` and `tag`).
#[derive(Default)]
struct Attributes<'a> {
    service: Option<&'a [u8]>,
    container: Option<&'a [u8]>,
}

impl<'a> Attributes<'a> {
    fn read(rest: &mut Rest<'a>) -> Option<Self> {
        let mut attributes = Self::default();
        rest.open()?;
        if rest.take(b'}').is_some() {
            return Some(attributes);
        }
        loop {
            let key = rest.key()?;
            let value = rest.string()?;
            // Names need no escapes; what has some is no name.
            let name = (!value.is_empty() && memchr(b'\\', value).is_none()).then_some(value);
            match key {
                b"com.docker.compose.service" => attributes.service = name,
                b"tag" => attributes.container = name,
                _ => {}
            }
            if rest.closes()? {
                return Some(attributes);
            }
        }
    }
}

/// What is left of a JSON text. Every method takes what it names, or says `None`.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, byte: u8) -> Option<()> {
        let blanks = self.0.iter().take_while(|byte| **byte == b' ').count();
        self.0 = self.0[blanks..].strip_prefix(&[byte])?;
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        self.take(b'{')
    }

    /// A key and its colon.
    fn key(&mut self) -> Option<&'a [u8]> {
        let key = self.string()?;
        self.take(b':')?;
        Some(key)
    }

    /// The inside of a string, with its escapes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let mut at = 0;
        loop {
            at += memchr2(b'"', b'\\', self.0.get(at..)?)?;
            if self.0[at] == b'"' {
                let (inside, rest) = self.0.split_at(at);
                self.0 = &rest[1..];
                return Some(inside);
            }
            at += 2;
        }
    }

    /// Whether the object ends here; otherwise there is a comma.
    fn closes(&mut self) -> Option<bool> {
        if self.take(b'}').is_some() {
            return Some(true);
        }
        self.take(b',').map(|()| false)
    }
}
