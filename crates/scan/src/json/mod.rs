//! JSON lines: flat dotted keys first, then nested paths.
//!
//! [`grammar`] knows the grammar; here the wanted keys are looked for. No tree is built, and nothing
//! is decoded: a value is a range of the line.

use super::keys::{Form, Keys, Span};
use super::slots::Slots;

mod expected_members;
mod grammar;
pub(crate) mod key_order;
#[cfg(test)]
mod tests;

use crate::escape::unescape;
use grammar::Scan;
use key_order::Order;

/// Finds the wanted keys of one JSON object, and writes their places to `slots`, which the caller
/// has cleared. Returns false where the line is not a JSON object; all slots are empty then.
///
/// A key is the path to its value: the keys of the objects around it, joined by dots. Any of them
/// may hold dots itself, so `http.status` is found in `{"http.status":200}` and in
/// `{"http":{"status":200}}`. The value that the fewest objects are around counts, wherever it
/// is, and those with more do not; as often as there is one with the fewest, the key is seen.
///
/// Strings are [`Form::Quoted`] or [`Form::Escaped`] spans; numbers, booleans, lists and objects are as they are
/// written; `null` is as if it were not there. An object is what RFC 8259 calls so, nested at most
/// 127 deep like in `serde_json`. Bytes that are no UTF-8, half a surrogate pair and numbers
/// without end do not spoil a line, although `serde_json` refuses them in a value it keeps: it
/// reads on over them in one it skips.
///
/// The elements of a list are counted from 0: `roles.0` is the first of `{"roles":["a","b"]}`, and
/// `errors.1.code` is found in the second object of a list; -1 is the last element, -2 the one before it.
pub fn read(line: &[u8], keys: &Keys, slots: &mut Slots) -> bool {
    read_from(line, 0, keys, slots)
}

/// Where the first `{` of a text is that does not begin with one, and whether a key or the end of the
/// object follows it, so that it surely begins one.
pub fn first_brace(text: &[u8]) -> Option<(usize, bool)> {
    let start = memchr::memchr(b'{', text)?;
    let rest = text.get(start + 1..).unwrap_or_default().trim_ascii_start();
    Some((start, matches!(rest.first(), Some(b'"' | b'}'))))
}

/// [`read`] for an object that begins at or after the byte `start` of the line.
pub fn read_from(line: &[u8], start: usize, keys: &Keys, slots: &mut Slots) -> bool {
    let mut scan = Scan::new(line, start);
    // Places on a line are u32; lines are far shorter.
    if scan.peek() != Some(b'{') || u32::try_from(line.len()).is_err() {
        return false;
    }
    let mut orders = std::mem::take(&mut slots.orders);
    let mut reader = Reader {
        scan,
        keys,
        slots,
        order: orders.of(keys.number()),
        key: Vec::new(),
    };
    let whole = reader.object(b"").and_then(|()| reader.scan.end());
    slots.orders = orders;
    match whole {
        Some(()) => slots.all_trusted(),
        None => slots.empty(),
    }
    whole.is_some()
}

/// Where a text stops to be one whole object of JSON, which begins at or after `start`; `None` where it
/// is one.
pub fn broken_at(text: &[u8], start: usize) -> Option<usize> {
    let mut scan = Scan::new(text, start);
    let whole = match scan.peek() {
        Some(b'{') => scan.value().and_then(|()| scan.end()),
        _ => None,
    };
    whole.is_none().then(|| scan.at().min(text.len()))
}

struct Reader<'a> {
    scan: Scan<'a>,
    keys: &'a Keys,
    /// While a line is read, `trusted.count` of a slot is how many objects are around the values
    /// in `everywhere`; 0 as long as there is none.
    slots: &'a mut Slots,
    /// The keys that are expected of the whole line's own members.
    order: Option<&'a mut Order>,
    /// The last key that had escapes, without them.
    key: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// The object that starts here. `path` is the part of a wanted key that led to it, with the
    /// dot; empty for the whole line.
    fn object(&mut self, path: &'a [u8]) -> Option<()> {
        let mut place = 0;
        let is_outermost = path.is_empty();
        if is_outermost {
            self.usual_members(&mut place, b'{');
        }
        let mut more = if place > 0 {
            self.scan.deepen()?;
            self.scan.goes_on(b'}')?
        } else {
            self.scan.enter()?;
            let more = self.scan.peek()? != b'}';
            if !more {
                self.scan.take(b'}')?;
            }
            more
        };
        while more {
            if !is_outermost || self.expected(&mut place)?.is_none() {
                self.member(path, &mut place)?;
            }
            if is_outermost {
                self.usual_members(&mut place, b',');
            }
            more = self.scan.goes_on(b'}')?;
        }
        self.scan.leave();
        Some(())
    }

    /// A member of the line's own whose key is expected; `Some(None)` where it is another.
    #[inline(always)]
    fn expected(&mut self, place: &mut usize) -> Option<Option<()>> {
        let expected = match &self.order {
            Some(order) => order.expect(place, self.scan.rest()),
            None => None,
        };
        let Some((slot, key_bytes)) = expected else {
            return Some(None);
        };
        let key = self.scan.rest();
        self.scan.pass(key_bytes);
        let first = self.scan.peek()?;
        let start = self.scan.at();
        let (slot, has_escapes) = match first {
            b'"' => (slot, self.scan.string()?.1),
            b'{' => {
                let written = &key[1..key_bytes - 2];
                self.rare_value((written, false), b"", first)?
            }
            b'[' if self.keys.lead_into_lists() => {
                let written = &key[1..key_bytes - 2];
                self.rare_value((written, false), b"", first)?
            }
            _ => {
                self.scan.value()?;
                (slot, false)
            }
        };
        if let Some(slot) = slot {
            self.found(slot, (first, has_escapes), start, self.scan.at());
        }
        Some(Some(()))
    }

    #[inline(always)]
    fn member(&mut self, path: &'a [u8], place: &mut usize) -> Option<()> {
        let (written, escapes) = self.scan.string()?;
        self.scan.take(b':')?;
        let first = self.scan.peek()?;
        let start = self.scan.at();
        // What most members are needs no more than this.
        let (slot, has_escapes) = if first == b'"' && path.is_empty() && !escapes {
            let (_, has_escapes) = self.scan.string()?;
            (self.keys.slot(written), has_escapes)
        } else {
            self.rare_value((written, escapes), path, first)?
        };
        if let Some(order) = &mut self.order
            && path.is_empty()
            && !escapes
        {
            order.learn(place, written, slot);
        }
        if let Some(slot) = slot {
            self.found(slot, (first, has_escapes), start, self.scan.at());
        }
        Some(())
    }

    /// The slot of any key, after its value, which begins with `first`, has been taken; and whether that
    /// is a string with escapes.
    fn rare_value(
        &mut self,
        (written, escapes): (&[u8], bool),
        path: &[u8],
        first: u8,
    ) -> Option<(Option<usize>, bool)> {
        let key = if escapes {
            self.key.clear();
            unescape(written, &mut self.key);
            &self.key
        } else {
            written
        };
        let names = || self.keys.names().iter().map(|name| name.as_bytes());
        let slot = if path.is_empty() {
            self.keys.slot(key)
        } else {
            names().position(|name| name.strip_prefix(path) == Some(key))
        };
        // Of an object in which wanted keys can be, the part of their names that leads there; likewise
        // of a list, where a name counts elements.
        let is_entered = first == b'{' || (first == b'[' && self.keys.lead_into_lists());
        let below = match is_entered {
            true => names().find_map(|name| {
                let rest = name.strip_prefix(path)?.strip_prefix(key)?;
                let rest = rest.strip_prefix(b".")?;
                Some(&name[..name.len() - rest.len()])
            }),
            false => None,
        };
        let has_escapes = match (below, first) {
            (Some(path), b'[') => {
                self.list(path)?;
                false
            }
            (Some(path), _) => {
                self.object(path)?;
                false
            }
            (None, b'"') => self.scan.string()?.1,
            (None, _) => {
                self.scan.value()?;
                false
            }
        };
        Some((slot, has_escapes))
    }

    /// The list that starts here. `path` is the part of a wanted key that led to it, with the dot. The
    /// key of an element is its number, from the start or, below zero, from the end.
    #[cold]
    fn list(&mut self, path: &'a [u8]) -> Option<()> {
        let from_end_max = self.keys.index_from_end_max();
        let length = match from_end_max {
            0 => None,
            _ => Some(self.scan.elements()?),
        };
        self.scan.enter()?;
        let mut more = self.scan.peek()? != b']';
        if !more {
            self.scan.take(b']')?;
        }
        let mut index = 0;
        while more {
            let is_counted = self.keys.index_max().is_some_and(|most| index <= most);
            let from_end = length.and_then(|length| length.checked_sub(index));
            let from_end = from_end.filter(|number| *number <= from_end_max);
            let start = self.scan.at();
            if is_counted {
                self.element(&index.to_string(), path)?;
            }
            if let Some(number) = from_end {
                // It may be wanted by both of its numbers.
                self.scan.go_back(start);
                self.element(&format!("-{number}"), path)?;
            } else if !is_counted {
                self.scan.value()?;
            }
            index += 1;
            more = self.scan.goes_on(b']')?;
        }
        self.scan.leave();
        Some(())
    }

    /// The element that is here, by one of its numbers.
    fn element(&mut self, key: &str, path: &'a [u8]) -> Option<()> {
        let first = self.scan.peek()?;
        let start = self.scan.at();
        let (slot, has_escapes) = self.rare_value((key.as_bytes(), false), path, first)?;
        if let Some(slot) = slot {
            self.found(slot, (first, has_escapes), start, self.scan.at());
        }
        Some(())
    }

    /// Notes the value that is written from `start` to `end` and begins with the byte `first`; whether
    /// it is a string with escapes.
    fn found(&mut self, slot: usize, (first, has_escapes): (u8, bool), start: usize, end: usize) {
        let (start, end) = (start as u32, end as u32);
        let value = match first {
            b'n' => return,
            b'"' => Span {
                start: start + 1,
                end: end - 1,
                form: Form::quoted(has_escapes),
            },
            _ => Span {
                start,
                end,
                form: Form::Plain,
            },
        };
        let Some(slot) = self.slots.fill(slot) else {
            return;
        };
        let objects = self.scan.depth();
        let fewest = &mut slot.trusted.count;
        if *fewest == 0 || objects < *fewest {
            *fewest = objects;
            slot.everywhere = Default::default();
        }
        if objects == *fewest {
            slot.everywhere.add(value);
        }
    }
}
