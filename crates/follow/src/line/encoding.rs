//! Text in other encodings than UTF-8, known by its first bytes.

use std::fmt;

/// An encoding in which lines are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As Windows programs write it.
    Utf16LittleEndian,
    Utf16BigEndian,
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Encoding::Utf16LittleEndian => "UTF-16 (little endian)",
            Encoding::Utf16BigEndian => "UTF-16 (big endian)",
        })
    }
}

/// How many bytes are looked at, at most.
const LOOK_BYTES: usize = 512;
/// Fewer bytes show no pattern.
const PATTERN_BYTES_MIN: usize = 16;

impl Encoding {
    /// The encoding of a stream that begins with `bytes`, if that is surely not UTF-8: by its mark, or by
    /// its pattern, as every other byte of Latin text is NUL.
    pub fn of(bytes: &[u8]) -> Option<Encoding> {
        match bytes {
            [0xff, 0xfe, ..] => return Some(Encoding::Utf16LittleEndian),
            [0xfe, 0xff, ..] => return Some(Encoding::Utf16BigEndian),
            _ => {}
        }
        let looked_at = &bytes[..bytes.len().min(LOOK_BYTES) & !1];
        // Nearly every stream has no NUL here.
        if looked_at.len() < PATTERN_BYTES_MIN || memchr::memchr(0, looked_at).is_none() {
            return None;
        }
        let (mut first, mut second) = (0, 0);
        for pair in looked_at.chunks_exact(2) {
            first += usize::from(pair[0] == 0);
            second += usize::from(pair[1] == 0);
        }
        let pairs = looked_at.len() / 2;
        let is_pattern = |nuls: usize, others: usize| nuls * 4 >= pairs * 3 && others * 16 <= pairs;
        if is_pattern(second, first) {
            Some(Encoding::Utf16LittleEndian)
        } else if is_pattern(first, second) {
            Some(Encoding::Utf16BigEndian)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_by_mark_or_pattern() {
        let text = "GET /v1/models 200\r\nPOST /v1/chat 500\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Encoding::of(&little), Some(Encoding::Utf16LittleEndian));
        assert_eq!(Encoding::of(&big), Some(Encoding::Utf16BigEndian));
        assert_eq!(
            Encoding::of(b"\xff\xfea"),
            Some(Encoding::Utf16LittleEndian)
        );
        assert_eq!(Encoding::of(b"\xfe\xff"), Some(Encoding::Utf16BigEndian));
        for other in [
            text.as_bytes(),
            &[0; 100],
            b"\0\0\0\0\0\0\0\0\0\0\0\0GET /v1/models 200\n",
            b"a\0b\0c\0",
            b"",
        ] {
            assert_eq!(Encoding::of(other), None, "{other:?}");
        }
    }
}
