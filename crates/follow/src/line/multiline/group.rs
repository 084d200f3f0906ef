//! The lines of one service, container and stream, and the record that they are joined to.

use std::time::Instant;

use super::Multiline;
use super::forms::After;
use crate::line::Wrapping;
use crate::line::unwrap::Unwrapped;
use logmetrics_scan::plan::expect_line_feeds;

/// Longer names of services and containers are cut.
pub(super) const NAME_BYTES_MAX: usize = 4096;

/// Memory that a record has left is given back when it is larger than this, in bytes.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Where the lines of a group are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No record has begun.
    Nothing,
    /// Lines came that continue nothing, which was counted.
    Orphaned,
    /// A record has begun, and may go on.
    Open,
    /// The record was too long and was handed on; its further lines are skipped.
    Full,
    /// The record was handed on, as it had waited long enough; further lines of it come too late.
    Waited,
}

/// The lines of one service, container and stream.
#[derive(Debug)]
pub(super) struct Group {
    /// Whose lines they are: see [`write_key`].
    pub(super) key: Box<[u8]>,
    pub(super) state: State,
    /// The number of the form of its record; none where that is not known yet, or any more.
    pub(super) form: Option<usize>,
    /// The lines of an open record, with `\n` between them.
    pub(super) text: Vec<u8>,
    pub(super) lines: usize,
    /// Where its first line begins.
    pub(super) from: u64,
    /// The time that wraps its first line.
    pub(super) time: Option<Vec<u8>>,
    /// The time that is in its header.
    pub(super) header_time: Option<Vec<u8>>,
    /// When it was last changed, in lines of the joiner.
    pub(super) touched: u64,
    /// Since when it is known to wait; none if lines came since it was last looked at.
    pub(super) since: Option<Instant>,
    /// It was open when the last run ended, and nothing has come since.
    pub(super) is_restored: bool,
}

impl Group {
    pub(super) fn new(key: &[u8]) -> Group {
        Group {
            key: key.into(),
            state: State::Nothing,
            form: None,
            text: Vec::new(),
            lines: 0,
            from: 0,
            time: None,
            header_time: None,
            touched: 0,
            since: None,
            is_restored: false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// What a line of this group comes after. Finds out the form of its record where that is not known.
    pub(super) fn after(&mut self, settings: &Multiline) -> After {
        match self.state {
            State::Nothing | State::Orphaned => return After::Nothing,
            State::Open if self.form.is_none() => {
                let first = self.text.split(|byte| *byte == b'\n').next();
                self.form = settings.form_of(first.unwrap_or_default());
            }
            State::Open | State::Full | State::Waited => {}
        }
        self.form.map_or(After::Unknown, After::Form)
    }

    /// Begins a record, whose first line has these bytes.
    pub(super) fn begin(&mut self, offset: u64, text: &[u8], wrapping: &Wrapping<'_>) {
        self.state = State::Open;
        self.text.clear();
        self.text.extend_from_slice(text);
        self.lines = 1;
        self.from = offset;
        self.time = wrapping.time.map(<[u8]>::to_vec);
        self.header_time = wrapping.header_time.map(<[u8]>::to_vec);
        self.since = None;
        self.is_restored = false;
    }

    /// Adds a line to the record, up to so many bytes in all; whether all of it was added.
    pub(super) fn add(&mut self, text: &[u8], bytes_max: usize) -> bool {
        let room = bytes_max.saturating_sub(self.text.len());
        self.lines += 1;
        self.since = None;
        self.is_restored = false;
        if room > 0 {
            self.text.push(b'\n');
            let fits = text.len().min(room - 1);
            self.text.extend_from_slice(&text[..fits]);
        }
        room > text.len()
    }

    /// Hands on the record, and goes to `state`.
    pub(super) fn hand_on(&mut self, state: State, each: &mut impl FnMut(u64, &Unwrapped<'_>)) {
        if self.lines > 1 {
            expect_line_feeds();
        }
        let mut wrapping = names(&self.key);
        wrapping.time = self.time.as_deref();
        wrapping.header_time = self.header_time.as_deref();
        let text = &self.text[..];
        each(self.from, &Unwrapped { text, wrapping });
        self.state = state;
        self.text.clear();
        self.text.shrink_to(KEPT_BYTES_MAX);
        self.since = None;
        self.is_restored = false;
    }
}

/// Writes whose line this is: 1 for what a container wrote to its standard error (0 otherwise), the length
/// of the service's name in two bytes, and the names of service and container.
pub(super) fn write_key(wrapping: &Wrapping<'_>, key: &mut Vec<u8>) {
    let name =
        |name: Option<&'_ [u8]>| -> usize { name.map_or(0, <[u8]>::len).min(NAME_BYTES_MAX) };
    let (service, container) = (wrapping.service, wrapping.container);
    let length = name(service);
    key.clear();
    key.push(u8::from(wrapping.is_stderr));
    key.extend((length as u16).to_le_bytes());
    key.extend_from_slice(&service.unwrap_or_default()[..length]);
    key.extend_from_slice(&container.unwrap_or_default()[..name(container)]);
}

/// What a key says. A name without bytes is none.
fn names(key: &[u8]) -> Wrapping<'_> {
    let (is_stderr, service, container) = parts(key).unwrap_or_default();
    let named = |name: &'_ [u8]| !name.is_empty();
    Wrapping {
        service: Some(service).filter(|name| named(name)),
        container: Some(container).filter(|name| named(name)),
        is_stderr,
        ..Wrapping::default()
    }
}

fn parts(key: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let (&[stderr, low, high], names) = key.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (service, container) = names.split_at_checked(length)?;
    let is_known = stderr <= 1 && length <= NAME_BYTES_MAX && container.len() <= NAME_BYTES_MAX;
    is_known.then_some((stderr == 1, service, container))
}

/// Whether this is a key as [`write_key`] writes it.
pub(super) fn is_key(key: &[u8]) -> bool {
    parts(key).is_some()
}
