//! `key=value` lines, as agentgateway and Go programs write them.
//!
//! [`pairs`] reads a text forward, whoever wrote it. [`gateway_tail`] knows how the gateway ends its
//! lines, and so finds the end of what strangers chose. Nothing here decides what a value means.

use std::num::NonZeroUsize;

use super::keys::{Form, Keys, Matches, Span};
use super::slots::{KeyStart, Slots};
use super::untrusted::UntrustedRange;

mod gateway_tail;
mod pairs;
#[cfg(test)]
mod tests;

pub use crate::escape::unescape;
use pairs::{Pair, Pairs};

/// Finds the wanted keys of a logfmt line, and writes their places to `slots`, which the caller
/// has cleared. Returns whether any `key=` was seen at all.
///
/// A pair is `key=value` at the start of the line or after a blank (space or tab). A key is any
/// bytes but blanks, control bytes, `=`, `"`, `[`, `]`, `{` and `}`. A value that starts with `"`
/// is a quoted string; one that starts with `[` or `{` runs to its closing bracket, strings inside
/// respected; any other runs to the next blank that a `key=` follows, or to the end, without blanks
/// at its end. A quoted or bracketed value that is not closed, or whose close is followed by
/// neither blank nor end, is read like any other; so are all after the sixteenth such list.
///
/// With `untrusted`, a part of the line may hold anything, also quotes that never close and pairs of a
/// forger. So the line is cut into three texts that are read each by itself: up to the end of the word
/// that holds the first key of the [`UntrustedRange`]; the middle; and from the last `to=` that only
/// whole values follow, as the gateway writes them after its own fields. No forged `to=` is taken for
/// that one: after the middle strangers' texts are in quotes only, and the quote that closes such a
/// text spoils what would follow a `to=` inside it. Where no `to=` is like this, the last one counts
/// that is read forward. A `to=` that is followed by a key of the middle with a bare word is not the
/// program's own either: after its own it writes words in quotes.
///
/// Where no `to=` is left, all after the first text is unfenced. A key that is there and not in the first
/// text has no trusted value, which is not the same as being absent: its slot says `count` 2, and both
/// values are empty.
///
/// The value of a raw key is all up to the one key that it runs to. Where that is not there, or more than
/// once, the value is as one in the unfenced part, unless nothing but the end of the range follows.
pub fn read(
    line: &[u8],
    keys: &Keys,
    untrusted: Option<&UntrustedRange>,
    slots: &mut Slots,
) -> bool {
    // Places on a line are u32; lines are far shorter.
    let line = line.get(..u32::MAX as usize).unwrap_or(line);
    let mut key_starts = std::mem::take(&mut slots.key_starts);
    pairs::find_key_starts(line, &mut key_starts);
    LineParts { line, keys, slots }.read(&key_starts, untrusted);
    let any = !key_starts.is_empty();
    slots.key_starts = key_starts;
    any
}

/// Where a line is cut in three.
struct Cut {
    /// The blank after the first text, where the middle begins.
    middle: usize,
    /// The key that ends the range, where the last text begins; `None` where there is none.
    last: Option<usize>,
}

impl Cut {
    /// `from` is the pair that begins the range, and `rest` what forward reading finds after it.
    fn find(
        line: &[u8],
        key_starts: &[KeyStart],
        (from, rest): (&Pair, &Pairs<'_>),
        untrusted: &UntrustedRange,
    ) -> Option<Self> {
        let to = untrusted.to();
        let middle = pairs::blank(line, from.equals + 1)?;
        let last = gateway_tail::start(line, key_starts, middle, to).or_else(|| {
            let same = rest.clone().filter(|pair| pair.key(line) == to);
            same.last().map(|pair| pair.start)
        });
        let is_own = |last: &usize| is_own_end(line, key_starts, *last, untrusted);
        let last = last.filter(is_own);
        Some(Self { middle, last })
    }
}

/// Whether nothing after a `to=` shows that a client wrote it: the program writes no words without
/// quotes there.
fn is_own_end(
    line: &[u8],
    key_starts: &[KeyStart],
    last: usize,
    untrusted: &UntrustedRange,
) -> bool {
    let mut after = Pairs::new(line, key_starts, last);
    let is_inner = |key: &[u8]| untrusted.begins_with(key).then_some(());
    while let Some((pair, ())) = after.next_of(is_inner) {
        let value = pair.value.bytes(line);
        let is_literal = matches!(value, b"" | b"true" | b"false")
            || matches!(value[0], b'[' | b'{' | b'-' | b'0'..=b'9');
        if pair.value.form == Form::Plain && !is_literal {
            return false;
        }
    }
    true
}

/// What is known of a key of the first text that is wanted or begins the range, in one number: this is
/// asked for each key of a line.
#[derive(Clone, Copy)]
struct FirstTextKey(NonZeroUsize);

impl FirstTextKey {
    /// `None` for a key that is neither.
    #[inline(always)]
    fn of(slot: Option<usize>, begins_range: bool) -> Option<FirstTextKey> {
        let slot = slot.map_or(0, |slot| slot + 1);
        NonZeroUsize::new(slot << 1 | usize::from(begins_range)).map(FirstTextKey)
    }

    #[inline(always)]
    fn slot(self) -> Option<usize> {
        (self.0.get() >> 1).checked_sub(1)
    }

    #[inline(always)]
    fn begins_range(self) -> bool {
        self.0.get() & 1 == 1
    }
}

/// Whether a value can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Trusted,
    Untrusted,
    /// Nobody can say who wrote it.
    Unfenced,
}

/// What has been found so far.
struct LineParts<'a> {
    line: &'a [u8],
    keys: &'a Keys,
    slots: &'a mut Slots,
}

impl LineParts<'_> {
    /// Adds the pairs of the line, which has these keys.
    fn read(&mut self, key_starts: &[KeyStart], untrusted: Option<&UntrustedRange>) {
        let mut pairs = Pairs::new(self.line, key_starts, 0);
        if let Some(untrusted) = untrusted {
            let keys = self.keys;
            let wanted = |key: &[u8]| FirstTextKey::of(keys.slot(key), untrusted.begins_with(key));
            while let Some((pair, key)) = pairs.next_of(wanted) {
                if key.begins_range() {
                    let rest = (&pair, &pairs);
                    return self.read_in_parts(key_starts, untrusted, rest, key.slot());
                }
                self.add(key.slot(), &pair, Trust::Trusted);
            }
            return;
        }
        self.add_all(pairs, Trust::Trusted);
    }

    /// Adds the pairs of a line from the one on that begins the untrusted range.
    fn read_in_parts(
        &mut self,
        key_starts: &[KeyStart],
        untrusted: &UntrustedRange,
        (pair, rest): (&Pair, &Pairs<'_>),
        slot: Option<usize>,
    ) {
        let line = self.line;
        let Some(mut cut) = Cut::find(line, key_starts, (pair, rest), untrusted) else {
            return self.add(slot, pair, Trust::Trusted);
        };
        if let Some(until) = untrusted.until(pair.key(line)) {
            let value = raw_value(line, key_starts, (pair, until), &cut);
            let trust = match value {
                Some(_) => Trust::Trusted,
                None => Trust::Unfenced,
            };
            let value = value.unwrap_or(pair.value);
            // What is in the value is no pair.
            cut.middle = cut.middle.max(value.end as usize);
            self.add(slot, &Pair { value, ..*pair }, trust);
        } else if pair.value.end as usize <= cut.middle {
            self.add(slot, pair, Trust::Trusted);
        } else {
            // Only a value of several words reads differently in a text that ends with the first.
            let first = Pairs::new(&line[..cut.middle], key_starts, pair.start);
            self.add_all(first, Trust::Trusted);
        }
        let Some(last) = cut.last.map(|last| last.max(cut.middle)) else {
            let unfenced = Pairs::new(line, key_starts, cut.middle);
            return self.add_all(unfenced, Trust::Unfenced);
        };
        let middle = Pairs::new(&line[..last], key_starts, cut.middle);
        self.add_all(middle, Trust::Untrusted);
        self.add_all(Pairs::new(line, key_starts, last), Trust::Trusted);
    }

    fn add_all(&mut self, mut pairs: Pairs<'_>, trust: Trust) {
        let keys = self.keys;
        while let Some((pair, slot)) = pairs.next_of(|key| keys.slot(key)) {
            self.add(Some(slot), &pair, trust);
        }
    }

    #[inline]
    fn add(&mut self, slot: Option<usize>, pair: &Pair, trust: Trust) {
        let Some(slot) = slot.and_then(|slot| self.slots.fill(slot)) else {
            return;
        };
        slot.everywhere.add(pair.value);
        match trust {
            Trust::Trusted => slot.trusted.add(pair.value),
            Trust::Untrusted => {}
            Trust::Unfenced if slot.trusted.count == 0 => slot.trusted = Matches::UNKNOWN,
            Trust::Unfenced => {}
        }
    }
}

/// The value of a raw key, up to the one `until=` after it; where there is none, up to the end of the
/// range or of the line, if that follows as the next key. `None` where its end cannot be told.
fn raw_value(
    line: &[u8],
    key_starts: &[KeyStart],
    (pair, until): (&Pair, &[u8]),
    cut: &Cut,
) -> Option<Span> {
    let after = pairs::from(key_starts, pair.equals);
    let is_until = |key: &&KeyStart| line[key.start as usize..key.equals as usize] == *until;
    let mut ends = after.iter().filter(is_until).map(|key| key.start as usize);
    let end = match (ends.next(), ends.next()) {
        (Some(end), None) => end,
        (Some(_), Some(_)) => return None,
        (None, _) => match (after.first(), cut.last) {
            (None, _) => line.len(),
            (Some(next), Some(last)) if next.start as usize == last => last,
            _ => return None,
        },
    };
    let value = line.get(pair.equals + 1..end)?.trim_ascii_end();
    let start = pair.equals + 1;
    Some(Span::new(start, start + value.len(), Form::Plain))
}
