//! Labels: what is done to a value before it is one, and how it is written for the store.

use std::borrow::Cow;
use std::sync::Arc;

use regex::Regex;

use super::field::{FieldProgram, Value};
use super::parts::{Parts, Taken};
use super::pattern::Pattern;
use crate::engine::convert;
use crate::engine::pseudonym::Secret;
use crate::rules::{AMBIGUOUS, LookupTable, MapTarget};

/// A compiled [`crate::rules::LabelSource`].
#[derive(Debug)]
pub(in crate::engine) struct LabelProgram {
    pub(in crate::engine) name: Box<str>,
    /// Its place among the labels of all rules.
    pub(in crate::engine) number: u32,
    pub(in crate::engine) field: FieldProgram,
    /// What is taken out of the field's value.
    pub(in crate::engine) parts: Option<Box<Parts>>,
    pub(in crate::engine) default: Option<Box<str>>,
    pub(in crate::engine) lowercase: bool,
    pub(in crate::engine) integer: bool,
    /// What is replaced wherever it is in the value.
    pub(in crate::engine) replace: Vec<(Regex, MapTarget)>,
    pub(in crate::engine) map: Vec<MapEntry>,
    pub(in crate::engine) lookup: Option<Lookup>,
    pub(in crate::engine) pseudonym: Option<Secret>,
    pub(in crate::engine) bytes_max: usize,
    /// Counted in the counts where the label is missing.
    pub(in crate::engine) error_missing: usize,
    /// Counted where its key occurs twice.
    pub(in crate::engine) error_ambiguous: usize,
}

/// What a label became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum LabelOutcome {
    /// It has a value.
    Written,
    /// It has neither value nor default.
    Missing,
    /// Its key occurs twice, and it says so.
    Ambiguous,
    /// It has its default, as the value is not in its table.
    NotListed,
    /// It has no default either.
    MissingAsNotListed,
}

impl LabelOutcome {
    /// Whether the label has neither value nor default.
    pub(in crate::engine) fn is_missing(self) -> bool {
        matches!(
            self,
            LabelOutcome::Missing | LabelOutcome::MissingAsNotListed
        )
    }
}

/// What a label's value is looked up in.
#[derive(Debug)]
pub(in crate::engine) struct Lookup {
    pub(in crate::engine) table: Arc<LookupTable>,
    /// What a value that is not there is counted as.
    pub(in crate::engine) error_miss: usize,
}

/// An entry of a label's `map`.
#[derive(Debug)]
pub(in crate::engine) struct MapEntry {
    pub(in crate::engine) pattern: Pattern,
    pub(in crate::engine) target: MapTarget,
    /// The same pattern with its groups, where the target asks for some.
    pub(in crate::engine) groups: Option<Regex>,
}

impl MapEntry {
    pub(in crate::engine) fn new(regex: &Regex, target: &MapTarget) -> MapEntry {
        MapEntry {
            pattern: Pattern::new(regex.clone(), false),
            target: target.clone(),
            groups: target.as_plain().is_none().then(|| regex.clone()),
        }
    }

    /// Puts what the entry makes of the value in its place, which is `out` from `start` on.
    fn replace(&self, out: &mut Vec<u8>, start: usize) {
        let Some(regex) = &self.groups else {
            out.truncate(start);
            let text = self.target.as_plain().unwrap_or_default();
            return out.extend_from_slice(text.as_bytes());
        };
        let value = String::from_utf8_lossy(&out[start..]).into_owned();
        out.truncate(start);
        if let Some(captures) = regex.captures(&value) {
            self.target.write(&captures, out);
        }
    }
}

/// Puts what the target says in the place of each match in the value, which is `out` from `start` on.
fn replace(pattern: &Regex, target: &MapTarget, out: &mut Vec<u8>, start: usize) {
    let value = String::from_utf8_lossy(&out[start..]).into_owned();
    let mut matches = pattern.captures_iter(&value).peekable();
    if matches.peek().is_none() {
        return;
    }
    out.truncate(start);
    let mut end = 0;
    for captures in matches {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.extend_from_slice(&value.as_bytes()[end..whole.start()]);
        target.write(&captures, out);
        end = whole.end();
    }
    out.extend_from_slice(&value.as_bytes()[end..]);
}

impl LabelProgram {
    /// Writes the label's value to `out`.
    pub(in crate::engine) fn write(&self, value: Value<'_>, out: &mut Vec<u8>) -> LabelOutcome {
        match (value, &self.parts) {
            (Value::Bytes(bytes), Some(parts)) => {
                let mut part = bytes.to_vec();
                match parts.take(&mut part) {
                    Taken::Part => self.write_whole(Value::Bytes(&part), out),
                    Taken::Absent => self.write_whole(Value::Absent, out),
                    Taken::Ambiguous => self.write_whole(Value::Ambiguous, out),
                }
            }
            _ => self.write_whole(value, out),
        }
    }

    fn write_whole(&self, value: Value<'_>, out: &mut Vec<u8>) -> LabelOutcome {
        match value {
            Value::Ambiguous => {
                out.extend_from_slice(AMBIGUOUS.as_bytes());
                return LabelOutcome::Ambiguous;
            }
            Value::Absent => match &self.default {
                Some(default) => out.extend_from_slice(default.as_bytes()),
                None => return LabelOutcome::Missing,
            },
            Value::Bytes(b"") => {
                out.extend_from_slice(self.default.as_deref().unwrap_or_default().as_bytes());
            }
            Value::Bytes(bytes) => return self.tools(bytes, out),
        }
        LabelOutcome::Written
    }

    fn tools(&self, bytes: &[u8], out: &mut Vec<u8>) -> LabelOutcome {
        let start = out.len();
        clean(bytes, out);
        if self.lowercase {
            lowercase(out, start);
        }
        if self.integer {
            integer(out, start);
        }
        // Cut before the patterns see it: a value of a megabyte is no error to run them over it.
        if out.len() - start > self.bytes_max {
            cut(out, start, self.bytes_max);
        }
        for (pattern, target) in &self.replace {
            replace(pattern, target, out, start);
            if out.len() - start > self.bytes_max {
                cut(out, start, self.bytes_max);
            }
        }
        let value = &out[start..];
        if let Some(entry) = self.map.iter().find(|entry| entry.pattern.is_match(value)) {
            entry.replace(out, start);
            // A target may have a group more than once.
            if entry.groups.is_some() && out.len() - start > self.bytes_max {
                cut(out, start, self.bytes_max);
            }
        }
        if let Some(lookup) = &self.lookup
            && let Some(outcome) = self.look_up(lookup, out, start)
        {
            return outcome;
        }
        if let Some(secret) = &self.pseudonym {
            let word = secret.pseudonym(&out[start..]);
            out.truncate(start);
            out.extend_from_slice(word.as_bytes());
        }
        LabelOutcome::Written
    }

    /// Puts what the table says of the value in its place; the outcome where it is not in the table.
    fn look_up(&self, lookup: &Lookup, out: &mut Vec<u8>, start: usize) -> Option<LabelOutcome> {
        let found = (str::from_utf8(&out[start..]).ok()).and_then(|value| lookup.table.find(value));
        out.truncate(start);
        match (found, &self.default) {
            (Some(found), _) => {
                clean(found.as_bytes(), out);
                if out.len() - start > self.bytes_max {
                    cut(out, start, self.bytes_max);
                }
                None
            }
            (None, Some(default)) => {
                out.extend_from_slice(default.as_bytes());
                Some(LabelOutcome::NotListed)
            }
            (None, None) => Some(LabelOutcome::MissingAsNotListed),
        }
    }
}

/// Whether a value holds U+FFFD.
#[cold]
pub(in crate::engine) fn has_replacement(value: Value<'_>) -> bool {
    let replacement = "\u{fffd}".as_bytes();
    matches!(value, Value::Bytes(bytes) if memchr::memmem::find(bytes, replacement).is_some())
}

/// Appends `bytes` as valid UTF-8 in which every control character (C0, C1, DEL) and every broken
/// byte is U+FFFD.
pub(in crate::engine) fn clean(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        out.extend_from_slice(bytes);
        return;
    }
    for character in String::from_utf8_lossy(bytes).chars() {
        let character = if character.is_control() {
            '\u{fffd}'
        } else {
            character
        };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn lowercase(out: &mut Vec<u8>, start: usize) {
    if out[start..].is_ascii() {
        out[start..].make_ascii_lowercase();
    } else if let Cow::Owned(lower) = lower_unicode(&out[start..]) {
        out.truncate(start);
        out.extend_from_slice(lower.as_bytes());
    }
}

/// Writes a whole number without fraction and exponent.
fn integer(out: &mut Vec<u8>, start: usize) {
    let text = &out[start..];
    let is_plain = text.iter().all(u8::is_ascii_digit);
    let Some(number) = convert::plain_number(text).filter(|_| !is_plain) else {
        return;
    };
    // Beyond these a float is no exact count.
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        out.truncate(start);
        out.extend_from_slice((number as i64).to_string().as_bytes());
    }
}

fn lower_unicode(bytes: &[u8]) -> Cow<'_, str> {
    Cow::Owned(String::from_utf8_lossy(bytes).to_lowercase())
}

/// Cuts at a character at or before `bytes_max`, and says so with `…`.
fn cut(out: &mut Vec<u8>, start: usize, bytes_max: usize) {
    let mut end = start + bytes_max;
    // A continuation byte of UTF-8 is 0b10xx_xxxx: go back to where its character begins.
    while end > start && out[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    out.truncate(end);
    out.extend_from_slice("…".as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        clean(bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_and_broken_bytes_are_replaced() {
        assert_eq!(cleaned(b"plain text"), "plain text");
        assert_eq!(
            cleaned(b"a\tb\x1b[31m\x00\x7f"),
            "a\u{fffd}b\u{fffd}[31m\u{fffd}\u{fffd}"
        );
        assert_eq!(cleaned("Zo\u{eb}\u{85}".as_bytes()), "Zoë\u{fffd}");
        assert_eq!(cleaned(b"latin \xeb!"), "latin \u{fffd}!");
    }

    #[test]
    fn long_values_are_cut_at_a_character() {
        let mut out = "aé".repeat(4).into_bytes();
        cut(&mut out, 0, 5);
        assert_eq!(String::from_utf8(out).unwrap(), "aéa…");
        let mut out = b"12345678".to_vec();
        cut(&mut out, 2, 3);
        assert_eq!(String::from_utf8(out).unwrap(), "12345…");
    }

    #[test]
    fn whole_numbers_are_written_as_integers() {
        for (text, expected) in [
            ("200.0", "200"),
            ("2e2", "200"),
            ("007", "007"),
            ("200.5", "200.5"),
            ("-1.0", "-1"),
            ("2xx.0", "2xx.0"),
            ("1e300", "1e300"),
            ("", ""),
            ("200ms", "200ms"),
        ] {
            let mut out = format!("x{text}").into_bytes();
            integer(&mut out, 1);
            assert_eq!(&out[1..], expected.as_bytes());
        }
    }

    #[test]
    fn values_are_lowered() {
        let mut out = "x: ÉA".as_bytes().to_vec();
        lowercase(&mut out, 3);
        assert_eq!(String::from_utf8(out).unwrap(), "x: éa");
    }
}
