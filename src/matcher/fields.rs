//! Wanted keys, and where on a line their values were found.

use std::collections::HashMap;

/// The keys that a rule reads, each with the number of its slot.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    names: Vec<Box<str>>,
    slots: HashMap<Box<str>, usize>,
}

impl Keys {
    /// The slot of `name`, which is added where it is new.
    pub fn add(&mut self, name: &str) -> usize {
        if let Some(&slot) = self.slots.get(name) {
            return slot;
        }
        self.names.push(name.into());
        self.slots.insert(name.into(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The slot of a key as it stands on a line.
    pub fn slot(&self, key: &[u8]) -> Option<usize> {
        // Keys on a line may be any bytes; those that are no UTF-8 are no wanted key.
        std::str::from_utf8(key)
            .ok()
            .and_then(|key| self.slots.get(key).copied())
    }

    /// All names, in the order of their slots.
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// How the bytes of a value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// As they are.
    #[default]
    Plain,
    /// The inside of a double-quoted string, with JSON's and Rust's escapes still in it
    /// (`\"`, `\\`, `\n`, `\t`, `\r`, `\0`, `\/`, `\b`, `\f`, `\u00e9`, `\u{1b}`).
    Quoted,
}

/// A value on a line, by its place, so that slots can be kept from line to line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// How the bytes are written.
    pub form: Form,
}

impl Span {
    /// The bytes of this value on the line it was found on.
    pub fn bytes<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        &line[self.start as usize..self.end as usize]
    }

    /// The value itself: without escapes. `scratch` is used only where there are some.
    pub fn decode<'a>(&self, line: &'a [u8], scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let bytes = self.bytes(line);
        if self.form == Form::Plain || memchr::memchr(b'\\', bytes).is_none() {
            return bytes;
        }
        scratch.clear();
        super::logfmt::unescape(bytes, scratch);
        scratch
    }
}

/// All that a reader says of one key: how often it stands on the line, and its first and last value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// How often the key was found.
    pub count: u32,
    /// The first value; meaningful where `count` is not 0.
    pub first: Span,
    /// The last value; meaningful where `count` is not 0.
    pub last: Span,
}

impl Seen {
    /// Notes one more value.
    pub fn add(&mut self, span: Span) {
        if self.count == 0 {
            self.first = span;
        }
        self.last = span;
        self.count += 1;
    }
}

/// What was found for one key on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Slot {
    /// On the whole line.
    pub everywhere: Seen,
    /// Outside the [`Marks`], where the rule has some; otherwise the same as `everywhere`.
    pub outside: Seen,
}

/// The slots of one line, kept and cleared from line to line.
#[derive(Debug, Clone, Default)]
pub struct Slots(pub Vec<Slot>);

impl Slots {
    /// Empties all slots and makes room for `keys`.
    pub fn clear(&mut self, keys: &Keys) {
        self.0.clear();
        self.0.resize(keys.len(), Slot::default());
    }
}

/// Two keys of a logfmt line between which stands what strangers chose: whatever is between the
/// first `from=` and the last `to=` is not `outside`. Where either is missing, all is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The key that begins the part that is left out.
    pub from: Box<str>,
    /// The key that ends it; it and its value are outside again.
    pub to: Box<str>,
}
