//! Wanted keys, and values by their places on a line.

use std::sync::atomic::{AtomicU64, Ordering};

use super::short_bytes::same;

/// The number of the next keys. 0 is that of none.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// The keys that a rule reads, each with the number of its slot.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// Another one after each change, of all that there are.
    number: u64,
    names: Vec<Box<str>>,
    /// A name is at the first place from its [`Digest::mix`] on that was free. The length is
    /// a power of two, at least four times the names, so that most keys of a line, which no rule
    /// wants, meet an empty place at once.
    places: Vec<KeySlot>,
    /// For each [`ending`] the slot plus one of the only name that has it, [`SEVERAL`], or 0.
    endings: Endings,
    /// The greatest number that is a part of a name between dots, or its first or last: which element
    /// of a list it may be.
    index_max: Option<usize>,
    /// The same from the end, where the last element is -1: how far from it; 0 where no name has one.
    index_from_end_max: usize,
}

/// What is known of each ending. Nearly all keys of a line are told by one look, and one comparison.
#[derive(Debug, Clone)]
struct Endings([u16; 256]);

impl Default for Endings {
    fn default() -> Self {
        Endings([0; 256])
    }
}

/// More than one name has this ending, or the one that has it has a great number.
const SEVERAL: u16 = u16::MAX;

/// A number for the length of a key and its last byte, which tell most keys of a log apart.
#[inline]
fn ending(key: &[u8]) -> usize {
    let last = key.last().copied().unwrap_or_default();
    usize::from(last.wrapping_mul(37).wrapping_add(key.len() as u8))
}

/// A place in the table of names.
#[derive(Debug, Clone, Copy, Default)]
struct KeySlot {
    digest: Digest,
    /// The slot plus one; 0 for an empty place.
    slot: u32,
}

impl Keys {
    /// The slot of `name`, which is added where it is new.
    pub fn add(&mut self, name: &str) -> usize {
        if let Some(slot) = self.slot(name.as_bytes()) {
            return slot;
        }
        self.names.push(name.into());
        self.number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        let indexes = name.split('.').filter_map(list_index);
        self.index_max = self.index_max.max(indexes.max());
        let from_end = name
            .split('.')
            .filter_map(|part| list_index(part.strip_prefix('-')?));
        self.index_from_end_max = self
            .index_from_end_max
            .max(from_end.max().unwrap_or_default());
        let ending = ending(name.as_bytes());
        let number = u16::try_from(self.names.len()).unwrap_or(SEVERAL);
        let known = &mut self.endings.0[ending];
        *known = if *known == 0 { number } else { SEVERAL };
        if self.places.len() < 4 * self.names.len() {
            let length = (8 * self.names.len()).next_power_of_two();
            self.places = vec![KeySlot::default(); length];
            (0..self.names.len()).for_each(|slot| self.place(slot));
        } else {
            self.place(self.names.len() - 1);
        }
        self.names.len() - 1
    }

    /// Puts `slot` at the first free place for its name.
    fn place(&mut self, slot: usize) {
        let digest = Digest::new(self.names[slot].as_bytes());
        let mask = self.places.len() - 1;
        let mut at = digest.mix() & mask;
        while self.places[at].slot != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = KeySlot {
            digest,
            slot: slot as u32 + 1,
        };
    }

    /// The slot of a key as it is on a line.
    #[inline(always)]
    pub fn slot(&self, key: &[u8]) -> Option<usize> {
        match self.endings.0[ending(key)] {
            0 => None,
            SEVERAL => self.known_slot(key),
            number => {
                let slot = usize::from(number) - 1;
                same(self.names.get(slot)?.as_bytes(), key).then_some(slot)
            }
        }
    }

    /// [`Keys::slot`] for a key that may well have one.
    #[inline(never)]
    fn known_slot(&self, key: &[u8]) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let digest = Digest::new(key);
        let mut at = digest.mix() & mask;
        loop {
            let place = self.places[at];
            let slot = (place.slot as usize).checked_sub(1)?;
            if place.digest == digest
                && (key.len() <= Digest::WHOLE_BYTES || self.names[slot].as_bytes() == key)
            {
                return Some(slot);
            }
            at = (at + 1) & mask;
        }
    }

    /// The number that these very keys have and no others.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// The greatest number that is a part of a name between dots; `None` where no name has one.
    #[inline(always)]
    pub(super) fn index_max(&self) -> Option<usize> {
        self.index_max
    }

    /// How far from the end of a list an element may be that is counted from there; 0 where none is.
    pub(super) fn index_from_end_max(&self) -> usize {
        self.index_from_end_max
    }

    /// Whether a name may lead into a list.
    #[inline(always)]
    pub(super) fn lead_into_lists(&self) -> bool {
        self.index_max.is_some() || self.index_from_end_max > 0
    }

    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The number that a part of a name is, written as it is counted: `0`, `12`, but not `007`.
fn list_index(part: &str) -> Option<usize> {
    let number: usize = part.parse().ok()?;
    (number.to_string() == part).then_some(number)
}

/// The length of a key and its first and last bytes: short keys are the same where these are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Digest {
    length: u32,
    head: u64,
    tail: u64,
}

impl Digest {
    /// The longest key that is in its digest as a whole.
    const WHOLE_BYTES: usize = 16;

    #[inline]
    fn new(key: &[u8]) -> Self {
        let (head, tail) = if let (Some(head), Some(tail)) = (key.first_chunk(), key.last_chunk()) {
            (u64::from_le_bytes(*head), u64::from_le_bytes(*tail))
        } else if let (Some(head), Some(tail)) = (key.first_chunk(), key.last_chunk()) {
            (
                u32::from_le_bytes(*head).into(),
                u32::from_le_bytes(*tail).into(),
            )
        } else {
            let head = key
                .iter()
                .fold(0, |head, byte| head << 8 | u64::from(*byte));
            (head, 0)
        };
        Self {
            length: key.len() as u32,
            head,
            tail,
        }
    }

    /// Strangers' keys may collide as they like: only rules' names are ever in the table.
    #[inline]
    fn mix(self) -> usize {
        // Fibonacci hashing: the factor carries every bit upwards, so the upper half is used.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let bits = self.head ^ self.tail.rotate_left(23) ^ u64::from(self.length);
        (bits.wrapping_mul(FACTOR) >> 32) as usize
    }
}

/// How the bytes of a value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As they are.
    #[default]
    Plain,
    /// The inside of a double-quoted string that has no escapes.
    Quoted,
    /// The inside of one that has some of JSON's and Rust's escapes, still in it
    /// (`\"`, `\\`, `\n`, `\t`, `\r`, `\0`, `\/`, `\b`, `\f`, `\u00e9`, `\u{1b}`).
    Escaped,
}

impl Form {
    /// That of a quoted string.
    #[inline]
    pub fn quoted(has_escapes: bool) -> Form {
        match has_escapes {
            true => Form::Escaped,
            false => Form::Quoted,
        }
    }
}

/// A value on a line, by its place, so that slots can be kept from line to line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    pub form: Form,
}

impl Span {
    /// The value from `start` to `end`.
    #[inline]
    pub(super) fn new(start: usize, end: usize, form: Form) -> Span {
        Span {
            start: start as u32,
            end: end as u32,
            form,
        }
    }

    /// The bytes of this value on the line it was found on.
    pub fn bytes<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start as usize..self.end as usize]
    }

    /// The value itself: without escapes. `scratch` is used only where there are some.
    pub fn decode<'a>(&self, line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let bytes = self.bytes(line);
        if self.form != Form::Escaped {
            return bytes;
        }
        scratch.clear();
        super::logfmt::unescape(bytes, scratch);
        scratch
    }
}

/// All that a reader says of one key: how often it is on the line, and its first and last value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Matches {
    /// How often the key was found.
    pub count: u32,
    /// The first value; meaningful where `count` is not 0.
    pub first: Span,
    /// The last value; meaningful where `count` is not 0.
    pub last: Span,
}

impl Matches {
    /// A key that is there, of which no value can be relied on: not one, and every one of them empty.
    pub(super) const UNKNOWN: Matches = Matches {
        count: 2,
        first: Span {
            start: 0,
            end: 0,
            form: Form::Plain,
        },
        last: Span {
            start: 0,
            end: 0,
            form: Form::Plain,
        },
    };

    /// The one value as it is meant; `None` where there are several, or it is empty or has escapes.
    #[inline(always)]
    pub fn only<'l>(&self, line: &'l [u8]) -> Option<&'l [u8]> {
        let span = self.first;
        let is_simple = self.count == 1 && span.start < span.end && span.form != Form::Escaped;
        is_simple.then(|| span.bytes(line))
    }

    /// Notes one more value.
    #[inline]
    pub fn add(&mut self, span: Span) {
        if self.count == 0 {
            self.first = span;
        }
        self.last = span;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_found_as_in_a_map(
            names in proptest::collection::vec("[ab.é]{0,3}|http\\.header\\.x-[ab]{1,9}", 0..40),
            others in proptest::collection::vec("[ab.é]{0,3}|http\\.header\\.x-[ab]{1,9}", 0..40),
        ) {
            let mut keys = Keys::default();
            let mut map = HashMap::new();
            for name in &names {
                let new = map.len();
                prop_assert_eq!(keys.add(name), *map.entry(name.as_str()).or_insert(new));
            }
            prop_assert_eq!(keys.len(), map.len());
            for key in names.iter().chain(&others) {
                let slot = map.get(key.as_str()).copied();
                prop_assert_eq!(keys.slot(key.as_bytes()), slot);
            }
            prop_assert_eq!(keys.slot(b"a\xff"), None);
        }
    }
}
