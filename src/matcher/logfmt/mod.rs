//! `key=value` lines, as agentgateway and Go programs write them.
//!
//! [`pairs`] reads a text forward, whoever wrote it. [`tail`] knows how the gateway ends its
//! lines, and so finds the end of what strangers chose. Nothing here decides what a value means.

use super::fields::{Keys, Marks, Slots};

mod pairs;
mod tail;
#[cfg(test)]
mod tests;

pub use crate::line::escape::unescape;
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
/// With `marks`, what stands between the first `from=` and the last `to=` may hold anything, also
/// quotes that never close and pairs of a forger. So the line is cut into three texts that are read
/// each by itself: up to the end of the word that holds the first `from=`; the middle; and from the
/// last `to=` that only whole values follow, as the gateway writes them behind its own fields. No
/// forged `to=` is taken for that one: behind the middle strangers' texts stand in quotes only, and
/// the quote that closes such a text spoils what would follow a `to=` inside it. Where no `to=` is
/// like this, the last one counts that is read forward.
pub fn read(line: &[u8], keys: &Keys, marks: Option<&Marks>, slots: &mut Slots) -> bool {
    // Places on a line are u32; lines are far shorter.
    let line = line.get(..u32::MAX as usize).unwrap_or(line);
    let mut found = Found {
        line,
        keys,
        slots,
        any: false,
    };
    let mut pairs = Pairs::new(line, 0);
    if let Some(marks) = marks {
        while let Some(pair) = pairs.next() {
            if pair.key(line) != marks.from.as_bytes() {
                found.add(&pair, true);
                continue;
            }
            if let Some(cut) = Cut::find(line, &pair, &pairs, marks) {
                // Only a value of several words reads differently in a text that ends with the first.
                if pair.value.end as usize <= cut.middle {
                    found.add(&pair, true);
                } else {
                    found.add_all(Pairs::new(&line[..cut.middle], pair.start), true);
                }
                found.add_all(Pairs::new(&line[..cut.last], cut.middle), false);
                found.add_all(Pairs::new(line, cut.last), true);
                return true;
            }
            found.add(&pair, true);
            break;
        }
    }
    found.add_all(pairs, true);
    found.any
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
    fn find(line: &[u8], from: &Pair, rest: &Pairs<'_>, marks: &Marks) -> Option<Self> {
        let to = marks.to.as_bytes();
        let middle = pairs::blank(line, from.equals + 1)?;
        let last = tail::start(line, middle, to).or_else(|| {
            let same = rest.clone().filter(|pair| pair.key(line) == to);
            same.last().map(|pair| pair.start)
        })?;
        Some(Self { middle, last })
    }
}

/// What has been found so far.
struct Found<'a> {
    line: &'a [u8],
    keys: &'a Keys,
    slots: &'a mut Slots,
    any: bool,
}

impl Found<'_> {
    fn add_all(&mut self, pairs: Pairs<'_>, outside: bool) {
        for pair in pairs {
            self.add(&pair, outside);
        }
    }

    fn add(&mut self, pair: &Pair, outside: bool) {
        self.any = true;
        let slot = self.keys.slot(pair.key(self.line));
        let Some(slot) = slot.and_then(|slot| self.slots.fill(slot)) else {
            return;
        };
        slot.everywhere.add(pair.value);
        if outside {
            slot.outside.add(pair.value);
        }
    }
}
