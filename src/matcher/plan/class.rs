//! Byte classes: which bytes a run may take, as a table of 256. No places on a line, no order of
//! preference.

use regex_syntax::hir;

/// Whether a byte belongs to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Member {
    /// It does, whatever stands around it. Zero, so that several bytes are asked at once.
    In = 0,
    /// It does not, whatever stands around it.
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
        Class { table, until }
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
    #[inline]
    pub(super) fn run(&self, bytes: &[u8]) -> Stretch {
        if let Some(until) = self.until {
            let found = memchr::memchr(until, bytes).unwrap_or(bytes.len());
            return Stretch {
                bytes: found,
                asks: false,
            };
        }
        let belongs = |byte: &&u8| self.member(**byte) == Member::In;
        self.end(bytes, bytes.iter().take_while(belongs).count())
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
