//! The labels' text of a series, taken apart: for births, for sorting, and for forms of exposition
//! that print it differently. Everything else only copies it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::definition::{Label, OTHER};

/// The labels of a series in the order of the text: name, value as it is written there (escaped).
pub fn pairs(mut text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        // `name="value",`: the store is only given texts of this form; anything else ends the walk.
        let equals = memchr::memchr(b'=', text)?;
        let name = &text[..equals];
        let value_start = equals + 2;
        let mut end = value_start;
        while *text.get(end)? != b'"' {
            end += if text[end] == b'\\' { 2 } else { 1 };
        }
        let value = &text[value_start..end];
        text = text.get(end + 2..).unwrap_or_default();
        Some((name, value))
    })
}

/// A value without escapes.
pub fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter();
    while let Some(&byte) = bytes.next() {
        match (byte, byte == b'\\') {
            (_, true) => match bytes.next() {
                Some(b'n') => out.push(b'\n'),
                Some(&other) => out.push(other),
                None => out.push(b'\\'),
            },
            (other, false) => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// How many values each label of a metric has, and may have.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// For each label: how many series use each value.
    seen: Vec<HashMap<Box<[u8]>, u32>>,
}

impl Values {
    /// None for each label.
    pub(crate) fn new(labels: usize) -> Values {
        Values {
            seen: (0..labels).map(|_| HashMap::new()).collect(),
        }
    }

    /// The text with [`OTHER`] for every value that is one too many, and which labels those are.
    /// `None` where every value may stay.
    pub(crate) fn limited(&self, text: &[u8], labels: &[Label]) -> Option<(Vec<u8>, Vec<usize>)> {
        let full = |(number, (_, value)): (usize, (&[u8], &[u8]))| {
            let label = labels.get(number)?;
            let seen = self.seen.get(number)?;
            let fits = seen.len() < label.values_max
                || value == OTHER.as_bytes()
                || seen.contains_key(value);
            (!fits).then_some(number)
        };
        let folded: Vec<usize> = pairs(text).enumerate().filter_map(full).collect();
        if folded.is_empty() {
            return None;
        }
        let values = pairs(text).enumerate().map(|(number, (name, value))| {
            (
                name,
                if folded.contains(&number) {
                    OTHER.as_bytes()
                } else {
                    value
                },
            )
        });
        Some((join(values), folded))
    }

    /// Bytes allocated.
    pub(crate) fn capacity_bytes(&self) -> usize {
        let seen = |seen: &HashMap<Box<[u8]>, u32>| {
            let texts: usize = seen.keys().map(|value| value.len()).sum();
            texts + seen.capacity() * size_of::<(Box<[u8]>, u32)>()
        };
        self.seen.iter().map(seen).sum()
    }

    /// A series with these labels was born.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for (seen, (_, value)) in self.seen.iter_mut().zip(pairs(text)) {
            if value != OTHER.as_bytes() {
                *seen.entry(value.into()).or_insert(0) += 1;
            }
        }
    }

    /// A series with these labels was forgotten.
    pub(crate) fn remove(&mut self, text: &[u8]) {
        for (seen, (_, value)) in self.seen.iter_mut().zip(pairs(text)) {
            if let Some(uses) = seen.get_mut(value) {
                *uses -= 1;
                if *uses == 0 {
                    seen.remove(value);
                }
            }
        }
    }
}

/// The text of the one series whose labels are all [`OTHER`].
pub(crate) fn all_other(labels: &[Label]) -> Vec<u8> {
    join(
        labels
            .iter()
            .map(|label| (label.name.as_bytes(), OTHER.as_bytes())),
    )
}

fn join<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(name);
        text.extend_from_slice(b"=\"");
        text.extend_from_slice(value);
        text.push(b'"');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let text = br#"a="x\"y,b=\"",b="",c="\\""#;
        let found: Vec<_> = pairs(text).collect();
        assert_eq!(
            found,
            [
                (&b"a"[..], &br#"x\"y,b=\""#[..]),
                (b"b", b""),
                (b"c", br"\\")
            ]
        );
        assert_eq!(&*unescape(found[0].1), br#"x"y,b=""#);
        assert_eq!(&*unescape(found[2].1), br"\");
        assert_eq!(pairs(b"").count(), 0);
    }
}
