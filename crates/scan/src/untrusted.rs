//! The part of a logfmt line in which a program writes, without quotes, what its clients chose.

use crate::short_bytes::{begins, same};

/// Where that part begins and ends. It begins after the word of the first key on the line that is one of
/// `from`, and ends before the last `to=` that can be the program's own. What is not in it is trusted:
/// all of the line where no key begins it. Where one does and nothing ends it, the rest of the line is
/// unfenced: nobody can say which part of it a client wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedRange {
    from: Vec<KeyPattern>,
    to: Box<str>,
    raw: Vec<RawKey>,
    /// A bit for the first two bytes of each pattern: a look that refuses most other keys.
    beginnings: u64,
}

/// A key, or with `*` at its end all keys that begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeyPattern {
    text: Box<str>,
    is_prefix: bool,
}

/// A key whose value is written raw, whatever is in it, and the key that follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RawKey {
    key: Box<str>,
    until: Box<str>,
}

/// The number of the bit for a key.
#[inline(always)]
fn beginning(key: &[u8]) -> u32 {
    let Some(two) = key.first_chunk::<2>() else {
        return 0;
    };
    // The upper six bits of a product that all of both bytes reach.
    u32::from(u16::from_le_bytes(*two).wrapping_mul(0x9E37) >> 10)
}

impl UntrustedRange {
    /// `raw` are pairs of a key whose value runs, blanks and all, to the one ` until=` after it.
    pub fn new<'k>(
        from: impl IntoIterator<Item = &'k str>,
        to: &str,
        raw: impl IntoIterator<Item = (&'k str, &'k str)>,
    ) -> UntrustedRange {
        let pattern = |text: &str| match text.strip_suffix('*') {
            Some(prefix) => KeyPattern {
                text: prefix.into(),
                is_prefix: true,
            },
            None => KeyPattern {
                text: text.into(),
                is_prefix: false,
            },
        };
        let from: Vec<KeyPattern> = from.into_iter().map(pattern).collect();
        let bit = |one: &KeyPattern| match one.text.len() {
            // Any key may begin with less than the two bytes that are looked at.
            0 | 1 => u64::MAX,
            _ => 1 << beginning(one.text.as_bytes()),
        };
        UntrustedRange {
            beginnings: from.iter().map(bit).fold(0, |all, bit| all | bit),
            from,
            to: to.into(),
            raw: raw
                .into_iter()
                .map(|(key, until)| RawKey {
                    key: key.into(),
                    until: until.into(),
                })
                .collect(),
        }
    }

    /// Whether a key begins the part, or can only be within it.
    #[inline(always)]
    pub fn begins_with(&self, key: &[u8]) -> bool {
        self.beginnings >> beginning(key) & 1 != 0 && self.is_among(key)
    }

    #[inline(never)]
    fn is_among(&self, key: &[u8]) -> bool {
        self.from.iter().any(|one| match one.is_prefix {
            true => begins(key, one.text.as_bytes()),
            false => same(key, one.text.as_bytes()),
        })
    }

    /// The key that ends the part.
    pub fn to(&self) -> &[u8] {
        self.to.as_bytes()
    }

    /// The key that the raw value of `key` runs to, where it has one.
    pub fn until(&self, key: &[u8]) -> Option<&[u8]> {
        let raw = self.raw.iter().find(|raw| raw.key.as_bytes() == key)?;
        Some(raw.until.as_bytes())
    }
}
