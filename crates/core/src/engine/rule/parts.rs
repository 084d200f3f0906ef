//! Parts of values, compiled: what `inside`, `match` and `decode` take out of what is on the line.
//!
//! Each is a function of the value's bytes and of nothing else, so what is remembered by raw values
//! stays right.

use regex::Regex;

use super::reader::{FieldReader, ReadOutcome, ReaderMode};
use crate::rules::{Decoding, FieldPart, Take};
use logmetrics_scan::escape::unescape;
use logmetrics_scan::keys::{Form, Keys};
use logmetrics_scan::percent;
use logmetrics_scan::slots::Slots;

/// The steps from a value to the part of it that is meant.
#[derive(Debug)]
pub(in crate::engine) struct Parts {
    steps: Vec<Step>,
    /// What they were made of.
    source: Vec<FieldPart>,
}

#[derive(Debug)]
enum Step {
    /// The value is a text with fields of its own.
    Inside {
        reader: Box<FieldReader>,
        /// Its slots, in the order in which they are looked at.
        slots: Vec<usize>,
        take: Take,
    },
    /// What a pattern finds.
    Match {
        regex: Regex,
        /// The groups of which the first that took part is meant.
        groups: Vec<usize>,
    },
    Decode {
        plus_is_blank: bool,
    },
}

/// What a part of a value turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Taken {
    /// It is in the buffer.
    Part,
    /// There is no such part.
    Absent,
    /// Its key occurs more than once in the value, and only one may.
    Ambiguous,
}

impl PartialEq for Parts {
    fn eq(&self, other: &Parts) -> bool {
        self.source == other.source
    }
}

impl Eq for Parts {}

impl Parts {
    /// `None` where the value is taken as it is.
    pub(in crate::engine) fn new(parts: &[FieldPart]) -> Option<Box<Parts>> {
        let steps: Vec<Step> = parts.iter().map(Step::new).collect();
        (!steps.is_empty()).then(|| {
            Box::new(Parts {
                steps,
                source: parts.to_vec(),
            })
        })
    }

    /// Replaces a value, without escapes, by the part of it that is meant.
    pub(in crate::engine) fn take(&self, value: &mut Vec<u8>) -> Taken {
        let mut out = Vec::new();
        for step in &self.steps {
            // An empty value has no parts; a default may speak for it.
            if value.is_empty() {
                return Taken::Part;
            }
            out.clear();
            match step.take(value, &mut out) {
                Taken::Part => std::mem::swap(value, &mut out),
                other => return other,
            }
        }
        Taken::Part
    }
}

impl Step {
    fn new(part: &FieldPart) -> Step {
        match part {
            FieldPart::Inside { from, take } => {
                let mut keys = Keys::default();
                let slots = from.iter().map(|name| keys.add(name)).collect();
                Step::Inside {
                    reader: Box::new(FieldReader {
                        mode: ReaderMode::Auto,
                        keys,
                        untrusted: None,
                    }),
                    slots,
                    take: *take,
                }
            }
            FieldPart::Match(regex) => Step::Match {
                groups: meant_groups(regex),
                regex: regex.clone(),
            },
            FieldPart::Decode(decoding) => Step::Decode {
                plus_is_blank: *decoding == Decoding::Url,
            },
        }
    }

    fn take(&self, value: &[u8], out: &mut Vec<u8>) -> Taken {
        match self {
            Step::Inside {
                reader,
                slots,
                take,
            } => inside(reader, slots, *take, value, out),
            Step::Match { regex, groups } => {
                let text = String::from_utf8_lossy(value);
                let Some(captures) = regex.captures(&text) else {
                    return Taken::Absent;
                };
                let Some(found) = groups.iter().find_map(|group| captures.get(*group)) else {
                    return Taken::Absent;
                };
                out.extend_from_slice(found.as_str().as_bytes());
                Taken::Part
            }
            Step::Decode { plus_is_blank } => {
                percent::decode(value, *plus_is_blank, out);
                Taken::Part
            }
        }
    }
}

/// The named groups, or else all, or else the whole match.
fn meant_groups(regex: &Regex) -> Vec<usize> {
    let named = regex.capture_names().enumerate();
    let named: Vec<usize> = named
        .filter_map(|(number, name)| name.map(|_| number))
        .collect();
    match (named.is_empty(), regex.captures_len()) {
        (false, _) => named,
        (true, 1) => vec![0],
        (true, groups) => (1..groups).collect(),
    }
}

/// The first of some keys that is in a text and not empty.
fn inside(
    reader: &FieldReader,
    wanted: &[usize],
    take: Take,
    text: &[u8],
    out: &mut Vec<u8>,
) -> Taken {
    let mut slots = Slots::default();
    slots.clear(&reader.keys);
    match reader.read(text, &mut slots) {
        ReadOutcome::Pairs | ReadOutcome::Json => {}
        ReadOutcome::NoFields | ReadOutcome::Broken | ReadOutcome::Elsewhere => {
            return Taken::Absent;
        }
    }
    let mut taken = Taken::Absent;
    for &slot in wanted {
        let Some(seen) = slots.matches(slot, false) else {
            continue;
        };
        let span = match (seen.count, take) {
            (2.., Take::Only) => return Taken::Ambiguous,
            (_, Take::Last) => seen.last,
            _ => seen.first,
        };
        taken = Taken::Part;
        match span.form {
            _ if span.start == span.end => continue,
            Form::Escaped => unescape(span.bytes(text), out),
            _ => out.extend_from_slice(span.bytes(text)),
        }
        break;
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(parts: &[FieldPart], value: &[u8]) -> Result<String, Taken> {
        let mut value = value.to_vec();
        match Parts::new(parts).unwrap().take(&mut value) {
            Taken::Part => Ok(String::from_utf8_lossy(&value).into_owned()),
            other => Err(other),
        }
    }

    fn pattern(text: &str) -> FieldPart {
        FieldPart::Match(Regex::new(text).unwrap())
    }

    fn inside(from: &[&str], take: Take) -> FieldPart {
        FieldPart::Inside {
            from: from.iter().map(|name| (*name).to_owned()).collect(),
            take,
        }
    }

    #[test]
    fn a_pattern_takes_its_group() {
        let first = [pattern(r"^/api/(?P<first>\w+)")];
        assert_eq!(taken(&first, b"/api/users/7").as_deref(), Ok("users"));
        assert_eq!(taken(&first, b"/static/a.js"), Err(Taken::Absent));
        assert_eq!(taken(&[pattern(r"\d+")], b"ab12c").as_deref(), Ok("12"));
        let either = [pattern(r"a(\d)|b(\d)")];
        assert_eq!(taken(&either, b"xb2").as_deref(), Ok("2"));
        // A named group is meant, wherever others are.
        assert_eq!(
            taken(&[pattern(r"(a)(?P<x>b)(c)?")], b"abc").as_deref(),
            Ok("b")
        );
        assert_eq!(taken(&[pattern(r"a(?:(b)|c)")], b"ac"), Err(Taken::Absent));
        assert_eq!(
            taken(&[pattern("K.ln")], b"in K\xf6ln").as_deref(),
            Ok("K\u{fffd}ln")
        );
    }

    #[test]
    fn escapes_of_urls_are_decoded_after_the_pattern() {
        let query = [
            pattern("(?:^|[?&])q=([^&]*)"),
            FieldPart::Decode(Decoding::Url),
        ];
        assert_eq!(taken(&query, b"/s?q=a%26b+c&z=1").as_deref(), Ok("a&b c"));
        let percent = [FieldPart::Decode(Decoding::Percent)];
        assert_eq!(taken(&percent, b"a+b%20c%").as_deref(), Ok("a+b c%"));
    }

    #[test]
    fn a_text_has_fields_of_its_own() {
        let id = [inside(&["user.id", "uid"], Take::Only)];
        assert_eq!(
            taken(&id, br#"{"user":{"id":"a\"b"}}"#).as_deref(),
            Ok("a\"b")
        );
        assert_eq!(taken(&id, b"level=info uid=7 x=y").as_deref(), Ok("7"));
        assert_eq!(taken(&id, b"user.id=\"\" uid=7").as_deref(), Ok("7"));
        assert_eq!(taken(&id, b"user.id=\"\"").as_deref(), Ok(""));
        assert_eq!(taken(&id, b"uid=7 uid=8"), Err(Taken::Ambiguous));
        assert_eq!(taken(&id, b"{\"uid\":7"), Err(Taken::Absent));
        assert_eq!(taken(&id, b"nothing"), Err(Taken::Absent));
        let last = [inside(&["uid"], Take::Last), pattern(r"\d$")];
        assert_eq!(taken(&last, b"uid=7 uid=18").as_deref(), Ok("8"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(value in prop::collection::vec(any::<u8>(), 0..60)) {
            let parts = [
                inside(&["a", "b.0"], Take::First),
                pattern(r"(\w+)=?(x)?"),
                FieldPart::Decode(Decoding::Url),
            ];
            for used in [&parts[..], &parts[1..], &parts[2..]] {
                let _ = taken(used, &value);
            }
        }
    }
}
