//! `key=value` lines, as agentgateway and Go programs write them.
//!
//! [`pairs`] reads a text forward, whoever wrote it. [`tail`] knows how the gateway ends its
//! lines, and so finds the end of what strangers chose. Nothing here decides what a value means.

use super::keys::{Keys, UntrustedRange};
use super::short_bytes::same;
use super::slots::{KeyStart, Slots};

mod gateway_tail;
mod pairs;
#[cfg(test)]
mod tests;

pub use crate::escape::unescape;
use pairs::{Pair, Pairs};

/// Finds the wanted keys of a logfmt line, and writes their places to `slots`, which the caller
/// has cleared. Returns whether any `key=` was seen at all.
///
/// A pair is `key=value` at the start of the line or behind a blank (space or tab). A key is any
/// bytes but blanks, control bytes, `=`, `"`, `[`, `]`, `{` and `}`. A value that starts with `"`
/// is a quoted string; one that starts with `[` or `{` runs to its closing bracket, strings inside
/// respected; any other runs to the next blank that a `key=` follows, or to the end, without blanks
/// at its end. A quoted or bracketed value that is not closed, or whose close is followed by
/// neither blank nor end, is read like any other; so are all behind the sixteenth such list.
///
/// With `untrusted`, what stands between the first `from=` and the last `to=` may hold anything, also
/// quotes that never close and pairs of a forger. So the line is cut into three texts that are read
/// each by itself: up to the end of the word that holds the first `from=`; the middle; and from the
/// last `to=` that only whole values follow, as the gateway writes them behind its own fields. No
/// forged `to=` is taken for that one: behind the middle strangers' texts stand in quotes only, and
/// the quote that closes such a text spoils what would follow a `to=` inside it. Where no `to=` is
/// like this, the last one counts that is read forward.
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
    /// The blank behind the word of the first mark, where the middle begins.
    middle: usize,
    /// The key of the last mark, where the last text begins.
    last: usize,
}

impl Cut {
    /// `from` is the pair of the first mark, and `rest` what forward reading finds behind it.
    fn find(
        line: &[u8],
        key_starts: &[KeyStart],
        (from, rest): (&Pair, &Pairs<'_>),
        untrusted: &UntrustedRange,
    ) -> Option<Self> {
        let to = untrusted.to.as_bytes();
        let middle = pairs::blank(line, from.equals + 1)?;
        let last = gateway_tail::start(line, key_starts, middle, to).or_else(|| {
            let same = rest.clone().filter(|pair| pair.key(line) == to);
            same.last().map(|pair| pair.start)
        })?;
        Some(Self { middle, last })
    }
}

/// What has been found so far.
struct LineParts<'a> {
    line: &'a [u8],
    keys: &'a Keys,
    slots: &'a mut Slots,
}

impl LineParts<'_> {
    /// Adds the pairs of the line, which has these key_starts.
    fn read(&mut self, key_starts: &[KeyStart], untrusted: Option<&UntrustedRange>) {
        let line = self.line;
        let mut pairs = Pairs::new(line, key_starts, 0);
        if let Some(untrusted) = untrusted {
            let from = untrusted.from.as_bytes();
            let keys = self.keys;
            while let Some((pair, (slot, is_from))) =
                pairs.next_of(|key| match (keys.slot(key), same(key, from)) {
                    (None, false) => None,
                    wanted => Some(wanted),
                })
            {
                if !is_from {
                    self.add(slot, &pair, true);
                    continue;
                }
                let Some(cut) = Cut::find(line, key_starts, (&pair, &pairs), untrusted) else {
                    self.add(slot, &pair, true);
                    break;
                };
                // Only a value of several words reads differently in a text that ends with the first.
                if pair.value.end as usize <= cut.middle {
                    self.add(slot, &pair, true);
                } else {
                    self.add_all(
                        Pairs::new(&line[..cut.middle], key_starts, pair.start),
                        true,
                    );
                }
                self.add_all(Pairs::new(&line[..cut.last], key_starts, cut.middle), false);
                self.add_all(Pairs::new(line, key_starts, cut.last), true);
                return;
            }
        }
        self.add_all(pairs, true);
    }

    fn add_all(&mut self, mut pairs: Pairs<'_>, trusted: bool) {
        let keys = self.keys;
        while let Some((pair, slot)) = pairs.next_of(|key| keys.slot(key)) {
            self.add(Some(slot), &pair, trusted);
        }
    }

    #[inline]
    fn add(&mut self, slot: Option<usize>, pair: &Pair, trusted: bool) {
        let Some(slot) = slot.and_then(|slot| self.slots.fill(slot)) else {
            return;
        };
        slot.everywhere.add(pair.value);
        if trusted {
            slot.trusted.add(pair.value);
        }
    }
}
