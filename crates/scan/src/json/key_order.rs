//! The order in which a program writes its keys: learned from its lines, so that the next line's
//! keys are compared instead of read and looked up.
//!
//! A guess, never an answer: a key counts as the one that is expected only where the very bytes
//! `"key":` are there, which can mean nothing else.

use crate::keys::Span;
use crate::short_bytes::begins;
use crate::slots::Slots;

/// More keys are read the plain way.
const KEYS_MAX: usize = 128;

/// Longer ones too.
const KEY_BYTES_MAX: usize = 120;

/// How many keys that other lines have may be missing on a line, between two that are there.
const AHEAD_MAX: usize = 4;

/// More sets of keys, each of a rule, are read the plain way.
const ORDERS_MAX: usize = 16;

/// What was learned for each of some sets of keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders(Vec<Order>);

impl Orders {
    /// What was learned with the keys of this number. With those that are one set too many nothing is.
    pub(super) fn of(&mut self, keys: u64) -> Option<&mut Order> {
        // Rules are few, and most often there is one.
        if let Some(place) = self.0.iter().position(|order| order.keys == keys) {
            return self.0.get_mut(place);
        }
        if self.0.len() == ORDERS_MAX {
            return None;
        }
        self.0.push(Order {
            keys,
            ..Order::default()
        });
        self.0.last_mut()
    }
}

/// Keys without escapes, in the order of the lines that had them.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    /// The keys that were numbered the slots below.
    keys: u64,
    expected: Vec<Expected>,
    /// Each as it is written: `"key":`.
    text: Vec<u8>,
}

/// A key that is expected, as it is written: `"key":`.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// The first bytes of its text, the rest zero, and which of these bits are the text's.
    head: u128,
    mask: u128,
    /// The last bytes of its text, where it is longer than the first ones.
    tail: u128,
    /// Where its text is among all, and how long it is.
    start: u32,
    bytes: u32,
    /// The slot of its value, or [`NO_SLOT`].
    slot: u32,
}

/// No rule wants the value.
const NO_SLOT: u32 = u32::MAX;

/// How many bytes are compared at once: nearly all keys are told by the first of them.
const HEAD_BYTES: usize = size_of::<u128>();

/// A byte and the longest key that is compared in two parts.
const BEFORE_AND_KEY_BYTES: usize = 1 + 2 * HEAD_BYTES;

impl Expected {
    fn new(written: &[u8], start: usize, slot: Option<usize>) -> Self {
        let mut head = [0; HEAD_BYTES];
        let mut mask = [0; HEAD_BYTES];
        for ((byte, head), mask) in written.iter().zip(&mut head).zip(&mut mask) {
            (*head, *mask) = (*byte, u8::MAX);
        }
        Expected {
            head: u128::from_ne_bytes(head),
            mask: u128::from_ne_bytes(mask),
            tail: written
                .last_chunk()
                .map_or(0, |tail| u128::from_ne_bytes(*tail)),
            start: start as u32,
            bytes: written.len() as u32,
            slot: slot.map_or(NO_SLOT, |slot| slot as u32),
        }
    }

    /// What follows the byte `before` and this key, if `rest` begins with them. `None` says nothing: the
    /// key may be long, or there is too little after it.
    #[inline(always)]
    pub(super) fn behind<'r>(&self, before: u8, rest: &'r [u8]) -> Option<&'r [u8]> {
        let (first, written) = rest.first_chunk::<BEFORE_AND_KEY_BYTES>()?.split_first()?;
        let (head, _) = written.split_first_chunk()?;
        if *first != before || (u128::from_ne_bytes(*head) ^ self.head) & self.mask != 0 {
            return None;
        }
        let bytes = self.bytes as usize;
        let (taken, behind) = rest.split_at_checked(1 + bytes)?;
        if bytes > HEAD_BYTES {
            let tail = u128::from_ne_bytes(*taken.last_chunk()?);
            if tail != self.tail || bytes > 2 * HEAD_BYTES {
                return None;
            }
        }
        Some(behind)
    }

    /// Notes the value of this key, which is in the line's own object. False where it is not the first
    /// of its key, or that is not known.
    #[inline(always)]
    pub(super) fn note(&self, value: Span, slots: &mut Slots) -> bool {
        self.slot == NO_SLOT || slots.fill_first(self.slot as usize, value)
    }

    /// Its slot, and the bytes it takes.
    #[inline(always)]
    fn found(&self) -> (Option<usize>, usize) {
        let slot = (self.slot != NO_SLOT).then_some(self.slot as usize);
        (slot, self.bytes as usize)
    }
}

impl Order {
    /// The keys that are expected from a place on.
    #[inline]
    pub(super) fn from(&self, place: usize) -> &[Expected] {
        self.expected.get(place..).unwrap_or_default()
    }

    /// The slot of the key that `rest` begins with and how many bytes it takes, colon included,
    /// where it is one of the next that are expected. `at` is the place in the order, and moves on.
    #[inline(always)]
    pub(super) fn expect(&self, at: &mut usize, rest: &[u8]) -> Option<(Option<usize>, usize)> {
        let next = self.expected.get(*at)?;
        if self.stands_at(next, rest) {
            *at += 1;
            return Some(next.found());
        }
        self.expect_further(at, rest)
    }

    #[inline(never)]
    fn expect_further(&self, at: &mut usize, rest: &[u8]) -> Option<(Option<usize>, usize)> {
        let ahead = self.expected.get(*at..)?.iter().take(AHEAD_MAX);
        for (skipped, expected) in ahead.enumerate().skip(1) {
            if self.stands_at(expected, rest) {
                *at += skipped + 1;
                return Some(expected.found());
            }
        }
        None
    }

    /// Whether `rest` begins with this key.
    #[inline(always)]
    fn stands_at(&self, expected: &Expected, rest: &[u8]) -> bool {
        let start = expected.start as usize;
        let text = start..start + expected.bytes as usize;
        let Some((head, behind)) = rest.split_first_chunk::<HEAD_BYTES>() else {
            return begins(rest, self.text.get(text).unwrap_or_default());
        };
        if (u128::from_ne_bytes(*head) ^ expected.head) & expected.mask != 0 {
            return false;
        }
        let more = self.text.get(text.start + HEAD_BYTES..text.end);
        more.is_none_or(|more| begins(behind, more))
    }

    /// Takes note of a key that was not expected at `at`, as it is written, and moves on after it.
    #[inline(never)]
    pub(super) fn learn(&mut self, at: &mut usize, key: &[u8], slot: Option<usize>) {
        if self.expected.len() >= KEYS_MAX || key.len() > KEY_BYTES_MAX {
            return;
        }
        let start = self.text.len();
        self.text.push(b'"');
        self.text.extend_from_slice(key);
        self.text.extend_from_slice(b"\":");
        let written = self.text.get(start..).unwrap_or_default();
        let expected = Expected::new(written, start, slot);
        let place = (*at).min(self.expected.len());
        self.expected.insert(place, expected);
        *at = place + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_missing_now_and_then_are_passed_over() {
        let mut orders = Orders::default();
        let order = orders.of(1).unwrap();
        let mut at = 0;
        for (slot, key) in ["a", "b", "c"].iter().enumerate() {
            assert_eq!(order.expect(&mut at, b"\"x\":1"), None);
            order.learn(&mut at, key.as_bytes(), Some(slot));
        }
        let mut at = 0;
        assert_eq!(order.expect(&mut at, b"\"a\":1"), Some((Some(0), 4)));
        assert_eq!(order.expect(&mut at, b"\"c\":1"), Some((Some(2), 4)));
        assert_eq!(at, 3);
        assert_eq!(order.expect(&mut at, b"\"a\":1"), None);
        // A new key takes its place, and what follows it is expected all the same.
        let mut at = 1;
        order.learn(&mut at, b"aa", None);
        assert_eq!(order.expect(&mut at, b"\"b\":"), Some((Some(1), 4)));
        let other = orders.of(2).unwrap();
        assert_eq!(other.expect(&mut 0, b"\"a\":1"), None);
        let known = (0..100).filter(|keys| orders.of(*keys).is_some());
        assert_eq!(known.count(), ORDERS_MAX);
        let order = orders.of(1).unwrap();
        assert_eq!(order.expect(&mut 0, b"\"a\":1"), Some((Some(0), 4)));
    }

    #[test]
    fn keys_of_any_length_are_compared_to_their_last_byte() {
        for length in 0..50 {
            let mut order = Order::default();
            let key = &b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOP"[..length];
            order.learn(&mut 0, key, Some(7));
            let written = [b"\"", key, b"\":"].concat();
            for behind in [
                &b""[..],
                b"1",
                b"\"a value that is longer than sixteen bytes\"",
            ] {
                let mut line = [&written[..], behind].concat();
                let found = order.expect(&mut 0, &line);
                assert_eq!(found, Some((Some(7), written.len())));
                for place in 0..written.len() {
                    assert_eq!(order.expect(&mut 0, &written[..place]), None);
                    line[place] ^= 1;
                    assert_eq!(order.expect(&mut 0, &line), None, "{length} {place}");
                    line[place] ^= 1;
                }
            }
            let [expected] = order.from(0) else {
                panic!("{:?}", order.expected);
            };
            let rest = &[b' '; 2 * HEAD_BYTES][..];
            let mut line = [b",", &written[..], rest].concat();
            let bytes = 1 + written.len();
            let found = (written.len() <= 2 * HEAD_BYTES).then_some(rest);
            assert_eq!(expected.behind(b',', &line), found);
            assert_eq!(expected.behind(b'{', &line), None);
            for place in 0..bytes {
                assert_eq!(expected.behind(b',', &line[..place]), None);
                line[place] ^= 1;
                assert_eq!(expected.behind(b',', &line), None, "{length} {place}");
                line[place] ^= 1;
            }
        }
    }

    #[test]
    fn what_is_learned_is_bounded() {
        let mut order = Order::default();
        let mut at = 0;
        for number in 0..10 * KEYS_MAX {
            order.learn(&mut at, number.to_string().as_bytes(), None);
        }
        order.learn(&mut at, &[b'x'; 1000], None);
        assert_eq!(order.expected.len(), KEYS_MAX);
        assert!(order.text.len() < KEYS_MAX * (KEY_BYTES_MAX + 3));
    }
}
