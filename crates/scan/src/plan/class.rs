//! Byte classes: which bytes a run may take, as a table of 256. No places on a line, no order of
//! preference.

use regex_syntax::hir;
use wide::u8x16;

/// Whether a byte belongs to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Member {
    /// It does, whatever surrounds it. Zero, so that several bytes are asked at once.
    In = 0,
    /// It does not, whatever surrounds it.
    Out = 1,
    /// It is part of a character beyond ASCII, and only some of those belong.
    Ask = 2,
}

/// What a run over a class found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// How many bytes belong, one after another.
    pub(super) bytes: usize,
    /// Whether the byte that ended it is [`Member::Ask`].
    pub(super) asks: bool,
}

/// A class of characters, seen byte by byte.
///
/// Bytes from 0x80 on are all of one kind: `In` where the class holds every character beyond ASCII
/// (`[^"]`), `Out` where it holds none (`[0-9]`), `Ask` where it holds some (`\S`, `\d`).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Class {
    table: Box<[Member; 256]>,
    /// The one byte of a line that does not belong, where there is just one: then a vector search
    /// finds the end of a run.
    until: Option<u8>,
    /// The most bytes in a row that belong, all ASCII: most runs hold no other.
    row: Option<Row>,
}

/// Bytes one after the other, so that sixteen are compared at once.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    /// The first of them, sixteen times.
    first: u8x16,
    /// How far from that the last one is.
    most: u8x16,
}

impl std::fmt::Debug for Class {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |kind| {
            let bytes: Vec<u8> = (0..=0x7F)
                .filter(|byte| self.member(*byte) == kind)
                .collect();
            bytes.escape_ascii().to_string()
        };
        write!(
            formatter,
            "[{}, beyond ASCII: {:?}]",
            of(Member::In),
            self.beyond()
        )
    }
}

impl Class {
    /// The class of `class`.
    pub(super) fn new(class: &hir::Class) -> Class {
        let ranges: Vec<(u32, u32)> = match class {
            hir::Class::Unicode(class) => class
                .ranges()
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
            hir::Class::Bytes(class) => class
                .ranges()
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
        };
        // Ranges are merged where they touch, so all of U+0080.. is one range or it is not all.
        let all = |&(start, end): &(u32, u32)| start <= 0x80 && end == u32::from(char::MAX);
        let beyond = if ranges.iter().any(all) {
            Member::In
        } else if ranges.iter().all(|&(_, end)| end < 0x80) {
            Member::Out
        } else {
            Member::Ask
        };
        let mut table = Box::new([Member::Out; 256]);
        for (byte, member) in (0u32..).zip(table.iter_mut()) {
            if byte >= 0x80 {
                *member = beyond;
            } else if ranges
                .iter()
                .any(|&(start, end)| (start..=end).contains(&byte))
            {
                *member = Member::In;
            }
        }
        Class::of_table(table)
    }

    /// The class of one ASCII byte.
    pub(super) fn of_byte(byte: u8) -> Class {
        let mut table = Box::new([Member::Out; 256]);
        table[usize::from(byte)] = Member::In;
        Class::of_table(table)
    }

    fn of_table(table: Box<[Member; 256]>) -> Class {
        // There are 128 bytes beyond ASCII and they are of one kind, so a lone one is ASCII.
        let mut outside =
            (0..=u8::MAX).filter(|byte| *byte != b'\n' && table[usize::from(*byte)] != Member::In);
        let until = match (outside.next(), outside.next()) {
            (Some(byte), None) => Some(byte),
            _ => None,
        };
        let row = longest_row(&table).map(|(first, last)| Row {
            first: u8x16::splat(first),
            most: u8x16::splat(last - first),
        });
        Class { table, until, row }
    }

    /// This class where characters, not bytes, are counted: those beyond ASCII have to be asked.
    pub(super) fn counted(mut self) -> Class {
        for member in self.table.iter_mut().skip(0x80) {
            if *member == Member::In {
                *member = Member::Ask;
            }
        }
        Class::of_table(self.table)
    }

    /// Whether `byte` belongs.
    pub(super) fn member(&self, byte: u8) -> Member {
        self.table[usize::from(byte)]
    }

    /// What the bytes from 0x80 on are.
    fn beyond(&self) -> Member {
        self.member(0x80)
    }

    /// Whether every character of a line belongs (a line has no line feed).
    pub(super) fn is_any(&self) -> bool {
        (0..=u8::MAX).all(|byte| byte == b'\n' || self.member(byte) == Member::In)
    }

    /// How far `bytes` belong, from their start.
    #[inline(always)]
    pub(super) fn run(&self, bytes: &[u8]) -> Stretch {
        if let Some(until) = self.until {
            let found = memchr::memchr(until, bytes).unwrap_or(bytes.len());
            return Stretch {
                bytes: found,
                asks: false,
            };
        }
        let mut place = 0;
        if let Some(row) = &self.row {
            while let Some(sixteen) = bytes.get(place..).and_then(<[u8]>::first_chunk) {
                let outside = row.outside(sixteen);
                place += outside;
                if outside < 16 {
                    if self.member(bytes[place]) != Member::In {
                        return self.end(bytes, place);
                    }
                    place += 1;
                }
            }
        }
        let belongs = |byte: &&u8| self.member(**byte) == Member::In;
        let rest = bytes.get(place..).unwrap_or_default();
        self.end(bytes, place + rest.iter().take_while(belongs).count())
    }

    /// The stretch of `bytes` that ends at `place`.
    #[inline]
    fn end(&self, bytes: &[u8], place: usize) -> Stretch {
        let asks = bytes
            .get(place)
            .is_some_and(|byte| self.member(*byte) == Member::Ask);
        Stretch { bytes: place, asks }
    }

    /// How far `bytes` belong, from their end.
    pub(super) fn run_back(&self, bytes: &[u8]) -> Stretch {
        let belongs = |byte: &&u8| self.member(**byte) == Member::In;
        let count = bytes.iter().rev().take_while(belongs).count();
        let before = bytes
            .len()
            .checked_sub(count + 1)
            .and_then(|place| bytes.get(place));
        Stretch {
            bytes: count,
            asks: before.is_some_and(|byte| self.member(*byte) == Member::Ask),
        }
    }
}

/// The first and the last of the most ASCII bytes in a row that belong.
fn longest_row(table: &[Member; 256]) -> Option<(u8, u8)> {
    let belongs = |byte: &u8| table[usize::from(*byte)] == Member::In;
    let starts = (0..=0x7f).filter(belongs);
    let rows = starts.filter_map(|first| {
        let last = (first..=0x7f).take_while(belongs).last()?;
        Some((first, last))
    });
    rows.max_by_key(|(first, last)| last - first)
}

impl Row {
    /// The place of the first byte that is not in the row; 16 where there is none.
    #[inline]
    fn outside(&self, sixteen: &[u8; 16]) -> usize {
        // Below the first, an unsigned difference is larger than all in the row.
        let differences = u8x16::new(*sixteen) - self.first;
        let inside = differences.max(self.most).simd_eq(self.most).to_bitmask();
        (!inside).trailing_zeros() as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_ends_at_the_first_byte_that_does_not_belong(
            members in proptest::sample::select(vec!["", "a", "0-9", "!-~", "a-cx-z", "\\x00-\\x08!-~", "é", "^ ", "^\"", "^a\"é"]),
            bytes in proptest::collection::vec(
                prop_oneof![20 => 0x61u8..0x64, 3 => 0x20u8..0x7f, 1 => any::<u8>()], 0..60,
            ),
        ) {
            let pattern = if members.is_empty() { r"[a&&b]".to_owned() } else { format!("[{members}]") };
            let hir = regex_syntax::parse(&pattern).unwrap();
            let class = match hir.kind() {
                hir::HirKind::Class(class) => Class::new(class),
                _ => Class::of_byte(pattern.as_bytes()[1]),
            };
            let belongs = |byte: &&u8| class.member(**byte) == Member::In;
            let place = bytes.iter().take_while(belongs).count();
            prop_assert_eq!(class.run(&bytes), class.end(&bytes, place));
        }
    }
}
