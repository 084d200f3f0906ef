//! The labels' text of a series: how it is written, taken apart and sorted.
//!
//! The form is that of the Prometheus text format, without braces: `route="a",status="200"`. The
//! only place besides the engine that knows its quotes and escapes. No values, no limits.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::definition::{Label, OTHER};

/// The labels of a series in the order of the text: name, value as it is written there (escaped).
pub fn pairs(mut text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let equals = memchr::memchr(b'=', text)?;
        let (name, rest) = text.split_at(equals);
        let rest = rest.strip_prefix(b"=\"")?;
        let value = rest.get(..value_end(rest)?)?;
        // The quote, and the comma where another label follows.
        text = rest.get(value.len() + 2..).unwrap_or_default();
        Some((name, value))
    })
}

/// The place of the quote that ends a value.
fn value_end(text: &[u8]) -> Option<usize> {
    let mut place = 0;
    loop {
        place += memchr::memchr2(b'"', b'\\', text.get(place..)?)?;
        if text[place] == b'"' {
            return Some(place);
        }
        place += 2;
    }
}

/// Appends a value with the escapes of the text format: backslash, quote and line feed.
pub fn escape(value: &[u8], out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(place) = memchr::memchr3(b'\\', b'"', b'\n', rest) {
        out.extend_from_slice(&rest[..place]);
        out.push(b'\\');
        out.push(match rest[place] {
            b'\n' => b'n',
            other => other,
        });
        rest = &rest[place + 1..];
    }
    out.extend_from_slice(rest);
}

/// A value without escapes.
pub fn unescape(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', value) else {
        return Cow::Borrowed(value);
    };
    let mut out = value[..first].to_vec();
    let mut bytes = value[first..].iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            // A backslash at the end escapes nothing; no such text is ever written.
            b'\\' => out.push(bytes.next().map_or(b'\\', |&escaped| meant(escaped))),
            other => out.push(other),
        }
    }
    Cow::Owned(out)
}

/// The byte that follows a backslash, for the byte itself.
fn meant(escaped: u8) -> u8 {
    match escaped {
        b'n' => b'\n',
        other => other,
    }
}

/// Appends one label; a comma goes before it where it is not the first.
pub fn write(name: &[u8], escaped_value: &[u8], is_first: bool, out: &mut Vec<u8>) {
    if !is_first {
        out.push(b',');
    }
    out.extend_from_slice(name);
    out.extend_from_slice(b"=\"");
    out.extend_from_slice(escaped_value);
    out.push(b'"');
}

/// The text of the one series whose labels are all [`OTHER`].
pub(crate) fn all_other(labels: &[Label]) -> Vec<u8> {
    let mut text = Vec::new();
    for (number, label) in labels.iter().enumerate() {
        let name = label.name.as_bytes();
        write(name, OTHER.as_bytes(), number == 0, &mut text);
    }
    text
}

/// Compares two texts of the same metric by their values without escapes, label by label, as bytes.
///
/// The names are the same, so where the texts differ first, they differ in a value, or one value
/// ends there; nothing before that place matters but whether it ends inside an escape.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let Some(place) = first_difference(a, b) else {
        return a.len().cmp(&b.len());
    };
    let backslashes = a[..place].iter().rev();
    let is_escaped = backslashes.take_while(|&&byte| byte == b'\\').count() % 2 == 1;
    let byte = |text: &[u8]| match text[place] {
        escaped if is_escaped => Some(meant(escaped)),
        // The end of a value comes before every byte.
        b'"' => None,
        b'\\' => text.get(place + 1).map(|&escaped| meant(escaped)),
        other => Some(other),
    };
    byte(a).cmp(&byte(b))
}

/// Where two texts differ first, within the shorter one.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    // Texts of one metric have long beginnings in common: those are compared by the vector.
    let ((chunks, _), (others, _)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let same = chunks.iter().zip(others).take_while(|(a, b)| a == b);
    let start = same.count() * 16;
    let mut rest = a[start..].iter().zip(&b[start..]);
    Some(start + rest.position(|(a, b)| a != b)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(values: &[String]) -> Vec<u8> {
        let mut text = Vec::new();
        for (number, value) in values.iter().enumerate() {
            let mut escaped = Vec::new();
            escape(value.as_bytes(), &mut escaped);
            let name = format!("label_{number}");
            write(name.as_bytes(), &escaped, number == 0, &mut text);
        }
        text
    }

    #[test]
    fn texts_are_taken_apart() {
        let text = br#"a="x\"y,b=\"",b="",c="\\""#;
        let found: Vec<_> = pairs(text).collect();
        assert_eq!(found[0], (&b"a"[..], &br#"x\"y,b=\""#[..]));
        assert_eq!(found[1..], [(&b"b"[..], &b""[..]), (b"c", br"\\")]);
        assert_eq!(&*unescape(found[0].1), br#"x"y,b=""#);
        assert_eq!(&*unescape(found[2].1), br"\");
        assert_eq!(pairs(b"").count(), 0);
    }

    #[test]
    fn what_is_no_text_ends_the_walk() {
        for broken in [
            &b"a"[..],
            b"a=",
            b"a=\"",
            b"a=\"x",
            b"a=\"x\\",
            b"a=\"x\\\"",
            b"=x",
        ] {
            assert_eq!(pairs(broken).count(), 0, "{broken:?}");
        }
        assert_eq!(pairs(b"a=\"\",b=").count(), 1);
    }

    proptest! {
        #[test]
        fn a_text_gives_back_its_values(values in prop::collection::vec(any::<String>(), 0..4)) {
            let text = text(&values);
            let found: Vec<_> = pairs(&text).map(|(_, value)| unescape(value).into_owned()).collect();
            let values: Vec<_> = values.iter().map(|value| value.clone().into_bytes()).collect();
            prop_assert_eq!(found, values);
        }

        #[test]
        fn texts_sort_as_their_values(
            a in prop::array::uniform2("[ab!\"\\\\\n é]{0,4}"),
            b in prop::array::uniform2("[ab!\"\\\\\n é]{0,4}"),
        ) {
            prop_assert_eq!(compare(&text(&a), &text(&b)), a.cmp(&b));
            // The same after a long beginning, whatever place it is at among vectors.
            for length in 0..40 {
                let behind = |values: &[String; 2]| {
                    let first = "\\".repeat(length % 3) + &"x".repeat(length) + &values[0];
                    [first, values[1].clone()]
                };
                let (a, b) = (behind(&a), behind(&b));
                prop_assert_eq!(compare(&text(&a), &text(&b)), a.cmp(&b));
            }
        }
    }
}
