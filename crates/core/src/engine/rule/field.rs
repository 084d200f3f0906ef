//! Fields: the value that a rule's `from` names, found on the line at hand.

use super::Times;
use super::file_path;
use super::parts::{Parts, Taken};
use super::pattern::Groups;
use crate::rules::Take;
use logmetrics_follow::line::Line;
use logmetrics_scan::escape::unescape;
use logmetrics_scan::keys::Form;
use logmetrics_scan::slots::{Slots, slot_bit};

/// The line at hand: its text, any bytes, and the rest of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Context<'l> {
    pub(in crate::engine) text: &'l [u8],
    pub(in crate::engine) line: &'l Line<'l>,
}

/// What was found on the line at hand by its rule's pattern and reader.
#[derive(Debug)]
pub(in crate::engine) struct Found<'s> {
    pub(in crate::engine) groups: &'s Groups,
    pub(in crate::engine) slots: &'s Slots,
    pub(in crate::engine) times: &'s Times,
}

/// One place that a value may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum ValueSource {
    /// A named group of the rule's pattern.
    Group(usize),
    /// A key of the rule's reader.
    Slot(usize),
    Time,
    /// The input as the command line names it.
    Source,
    /// The base name of the file.
    File,
    /// The whole path of the file.
    Path,
    /// From compose, docker or CRI wrapping.
    Service,
    /// From compose, docker or CRI wrapping, else from the path that Kubernetes gave the file.
    Container,
    /// From the path that Kubernetes gave the file.
    Pod,
    /// From the path that Kubernetes gave the file.
    Namespace,
}

/// A compiled [`crate::rules::Field`].
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct FieldProgram {
    pub(in crate::engine) from: Vec<ValueSource>,
    pub(in crate::engine) take: Take,
    pub(in crate::engine) trusted_only: bool,
    /// On a logfmt line a value counts only after the last one of this slot.
    pub(in crate::engine) after: Option<usize>,
    /// The bits of its slots, where it comes from nothing else.
    pub(in crate::engine) only_slots: Option<u64>,
    /// What is taken out of the value. A label has it among its tools instead, so that what is remembered
    /// of raw values is right.
    pub(in crate::engine) parts: Option<Box<Parts>>,
}

/// What a field turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Value<'a> {
    /// No key of it is on the line.
    Absent,
    /// A key of it occurs more than once, and only one may.
    Ambiguous,
    /// The bytes, without escapes; empty where every key that is there is empty.
    Bytes(&'a [u8]),
}

/// How the bytes that were found are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum ReadAs {
    /// As they are; where there are none, the value is absent.
    Plain,
    /// They are the inside of a quoted string that has escapes.
    Escaped,
    /// There are several values, of which none may be taken.
    Ambiguous,
}

impl FieldProgram {
    pub(in crate::engine) fn new(
        from: Vec<ValueSource>,
        take: Take,
        trusted_only: bool,
    ) -> FieldProgram {
        let bit = |place: &ValueSource| match place {
            ValueSource::Slot(slot) => Some(slot_bit(*slot)),
            _ => None,
        };
        let bits: Option<Vec<u64>> = from.iter().map(bit).collect();
        FieldProgram {
            only_slots: bits.map(|bits| bits.iter().fold(0, |all, bit| all | bit)),
            from,
            take,
            trusted_only,
            after: None,
            parts: None,
        }
    }

    /// Takes parts of the value. There is no usual value then that one look finds.
    pub(in crate::engine) fn with_parts(mut self, parts: Option<Box<Parts>>) -> FieldProgram {
        if parts.is_some() {
            self.only_slots = None;
        }
        self.parts = parts;
        self
    }

    /// The slot, where it comes from one slot and nothing else.
    pub(in crate::engine) fn only_slot(&self) -> Option<usize> {
        match *self.from.as_slice() {
            [ValueSource::Slot(slot)] => Some(slot),
            _ => None,
        }
    }

    /// What [`FieldProgram::value`] finds in the usual case, by one look: one key of it is on the line,
    /// once and without escapes. `None` says nothing.
    #[inline(always)]
    pub(in crate::engine) fn usual_value<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'_>,
    ) -> Option<&'a [u8]> {
        let slot = found.slots.only_one(self.only_slots?)?;
        if !self.is_in_place(found.slots, slot) {
            return None;
        }
        found
            .slots
            .matches(slot, self.trusted_only)?
            .only(context.text)
    }

    /// The first place that holds a value which is not empty decides. `scratch` is used where a
    /// value has escapes.
    #[inline]
    pub(in crate::engine) fn value<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'a>,
        scratch: &'a mut Vec<u8>,
    ) -> Value<'a> {
        if let Some(bytes) = self.usual_value(context, found) {
            return Value::Bytes(bytes);
        }
        if let Some(parts) = &self.parts {
            return self.part(parts, context, found, scratch);
        }
        let mut read_as = ReadAs::Plain;
        match (self.locate(context, found, &mut read_as), read_as) {
            (Some(bytes), ReadAs::Escaped) => {
                scratch.clear();
                unescape(bytes, scratch);
                Value::Bytes(scratch)
            }
            (Some(bytes), _) => Value::Bytes(bytes),
            (None, ReadAs::Ambiguous) => Value::Ambiguous,
            (None, _) => Value::Absent,
        }
    }

    /// [`FieldProgram::value`] where only a part of what is on the line is meant.
    #[cold]
    fn part<'a>(
        &self,
        parts: &Parts,
        context: &Context<'a>,
        found: &Found<'a>,
        scratch: &'a mut Vec<u8>,
    ) -> Value<'a> {
        let mut read_as = ReadAs::Plain;
        let Some(bytes) = self.locate(context, found, &mut read_as) else {
            return match read_as {
                ReadAs::Ambiguous => Value::Ambiguous,
                _ => Value::Absent,
            };
        };
        scratch.clear();
        match read_as {
            ReadAs::Escaped => unescape(bytes, scratch),
            _ => scratch.extend_from_slice(bytes),
        }
        match parts.take(scratch) {
            Taken::Part => Value::Bytes(scratch),
            Taken::Absent => Value::Absent,
            Taken::Ambiguous => Value::Ambiguous,
        }
    }

    /// [`FieldProgram::value`] with its escapes. `read_as` is written where it is not [`ReadAs::Plain`].
    ///
    /// What comes back fits in two registers. A value that went through memory would be written in
    /// parts and read as a whole, for which the processor waits.
    #[inline]
    pub(in crate::engine) fn locate<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'a>,
        read_as: &mut ReadAs,
    ) -> Option<&'a [u8]> {
        // What most rules with a pattern ask for.
        if let [ValueSource::Group(group)] = *self.from.as_slice() {
            return found.groups.bytes(group, context.text);
        }
        // Nearly all keys that a rule knows are missing on a line.
        if self.is_surely_absent(found) {
            return None;
        }
        self.first_of_several(context, found, read_as)
    }

    /// Whether the last value of one of its slots is where it may be.
    #[inline(always)]
    pub(in crate::engine) fn is_in_place(&self, slots: &Slots, slot: usize) -> bool {
        let is_behind = |after| slots.is_behind(slot, after);
        self.after.is_none_or(is_behind)
    }

    /// Whether none of its keys is on the line, which one look tells. False says nothing.
    #[inline(always)]
    pub(in crate::engine) fn is_surely_absent(&self, found: &Found<'_>) -> bool {
        let is_absent = |bits| !found.slots.has_any(bits);
        self.only_slots.is_some_and(is_absent)
    }

    fn first_of_several<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'a>,
        read_as: &mut ReadAs,
    ) -> Option<&'a [u8]> {
        let text = context.text;
        let mut empty = false;
        for place in &self.from {
            let span = match *place {
                ValueSource::Slot(slot) => {
                    let Some(seen) = found.slots.matches(slot, self.trusted_only) else {
                        continue;
                    };
                    if !self.is_in_place(found.slots, slot) {
                        continue;
                    }
                    match (seen.count, self.take) {
                        (2.., Take::Only) => {
                            *read_as = ReadAs::Ambiguous;
                            return None;
                        }
                        (_, Take::Last) => seen.last,
                        _ => seen.first,
                    }
                }
                other => match other.bytes(context, found) {
                    Some(b"") => {
                        empty = true;
                        continue;
                    }
                    Some(bytes) => return Some(bytes),
                    None => continue,
                },
            };
            if span.start == span.end {
                empty = true;
                continue;
            }
            if span.form == Form::Escaped {
                *read_as = ReadAs::Escaped;
            }
            return Some(span.bytes(text));
        }
        empty.then_some(b"")
    }
}

impl ValueSource {
    pub(super) fn bytes<'a>(self, context: &Context<'a>, found: &Found<'a>) -> Option<&'a [u8]> {
        match self {
            ValueSource::Group(group) => found.groups.bytes(group, context.text),
            ValueSource::Time => found.times.text(context, found),
            ValueSource::Source => Some(context.line.origin.source.as_bytes()),
            ValueSource::File => Some(context.line.origin.base_name().as_bytes()),
            ValueSource::Service => context.line.wrapping.service,
            ValueSource::Path => Some(context.line.origin.file.as_bytes()),
            ValueSource::Container => {
                let of_path = || file_path::Kubernetes::of(&context.line.origin.file);
                let wrapping = context.line.wrapping.container;
                wrapping.or_else(|| Some(of_path()?.container.as_bytes()))
            }
            ValueSource::Pod => Some(
                file_path::Kubernetes::of(&context.line.origin.file)?
                    .pod
                    .as_bytes(),
            ),
            ValueSource::Namespace => Some(
                file_path::Kubernetes::of(&context.line.origin.file)?
                    .namespace
                    .as_bytes(),
            ),
            // Slots have several values and are handled above.
            ValueSource::Slot(_) => None,
        }
    }
}
