//! A span as the line that the gateway's log would hold: flat JSON, tags under their own names.
//!
//! Beside the tags it has `time` (when the span began), `scope`, `trace.id`, `span.id`, and the
//! span's `duration` where no tag gives one. A tag cannot change the former four.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;

use serde_json::value::RawValue;

/// A longer text is cut, in bytes: prompts may be in tags, and no label is so long.
const TEXT_BYTES_MAX: usize = 16 << 10;

/// Tags after so many bytes are left out, so that a line stays shorter than a line may be.
const LINE_BYTES_MAX: usize = 512 << 10;

/// Lists deeper than this are left out.
const DEPTH_MAX: usize = 8;

/// A tag's value as raw JSON.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute<'a> {
    /// As OTLP writes values: `{"intValue":"200"}`.
    Otlp(&'a str),
    /// The value itself.
    Plain(&'a str),
}

/// The line. `None` where the time is none that a calendar has.
pub(super) fn of_span<'a>(
    (trace, span): (u128, u64),
    start_us: u64,
    duration_us: Option<u64>,
    attributes: impl Iterator<Item = (&'a str, Attribute<'a>)>,
) -> Option<Vec<u8>> {
    let time = jiff::Timestamp::from_microsecond(i64::try_from(start_us).ok()?).ok()?;
    let mut out = Vec::with_capacity(1_024);
    // Writing to memory cannot fail. Six digits: without leading zeros or with, they mean the same.
    _ = write!(
        out,
        "{{\"time\":\"{time:.6}\",\"scope\":\"request\",\"trace.id\":\"{trace:032x}\",\"span.id\":\"{span:016x}\""
    );
    let mut known = HashSet::from(["time", "scope", "trace.id", "span.id"]);
    for (key, value) in attributes {
        if out.len() > LINE_BYTES_MAX || !known.insert(key) {
            continue;
        }
        let start = out.len();
        out.push(b',');
        write_text(key, &mut out);
        out.push(b':');
        let written = match value {
            Attribute::Otlp(value) => write_otlp(value, 0, &mut out),
            Attribute::Plain(value) => write_plain(value, &mut out),
        };
        if written.is_none() || out.len() > 2 * LINE_BYTES_MAX - 1_024 {
            out.truncate(start);
            known.remove(key);
        }
    }
    if let Some(duration_us) = duration_us.filter(|_| !known.contains("duration")) {
        let (ms, us) = (duration_us / 1_000, duration_us % 1_000);
        _ = write!(out, ",\"duration\":\"{ms}.{us:03}ms\"");
    }
    out.push(b'}');
    Some(out)
}

/// The text of an OTLP value that is one; otherwise nothing.
pub(super) fn otlp_text(value: &str) -> Cow<'_, str> {
    let text = serde_json::from_str::<Value<'_>>(value).ok();
    let text = text.and_then(|value| serde_json::from_str(value.string?.get()).ok());
    text.map_or(Cow::Borrowed(""), Cow::Owned)
}

#[derive(serde::Deserialize)]
struct Value<'a> {
    #[serde(borrow, rename = "stringValue")]
    string: Option<&'a RawValue>,
    #[serde(borrow, rename = "intValue")]
    int: Option<&'a RawValue>,
    #[serde(borrow, rename = "doubleValue")]
    double: Option<&'a RawValue>,
    #[serde(borrow, rename = "boolValue")]
    bool: Option<&'a RawValue>,
    #[serde(borrow, rename = "bytesValue")]
    bytes: Option<&'a RawValue>,
    #[serde(borrow, rename = "arrayValue")]
    array: Option<Values<'a>>,
}

#[derive(serde::Deserialize)]
struct Values<'a> {
    #[serde(borrow)]
    values: Option<Vec<&'a RawValue>>,
}

fn write_otlp(value: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    if depth > DEPTH_MAX {
        return None;
    }
    let value: Value<'_> = serde_json::from_str(value).ok()?;
    if let Some(list) = value.array {
        out.push(b'[');
        for (at, value) in list.values.iter().flatten().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_otlp(value.get(), depth + 1, out)?;
        }
        out.push(b']');
        return Some(());
    }
    if let Some(number) = value.int {
        // 64 bits are written as a text; on the line they are a number.
        return write_number(number.get(), out);
    }
    let plain = [value.string, value.double, value.bool, value.bytes];
    write_plain(plain.into_iter().flatten().next()?.get(), out)
}

fn write_number(value: &str, out: &mut Vec<u8>) -> Option<()> {
    let digits = value.trim_matches('"');
    match digits.parse::<i64>() {
        Ok(number) => write!(out, "{number}").ok(),
        Err(_) => write_plain(value, out),
    }
}

/// Texts, numbers and truth values as they are; nothing else has one form only.
fn write_plain(value: &str, out: &mut Vec<u8>) -> Option<()> {
    match value.bytes().next()? {
        b'"' if value.len() > TEXT_BYTES_MAX => {
            let text: String = serde_json::from_str(value).ok()?;
            write_text(&text[..text.floor_char_boundary(TEXT_BYTES_MAX)], out);
        }
        b'"' | b'-' | b'0'..=b'9' | b't' | b'f' => out.extend_from_slice(value.as_bytes()),
        _ => return None,
    }
    Some(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(attributes: &[(&str, Attribute<'_>)]) -> String {
        let line = of_span(
            (0xab, 0xcd),
            1_795_447_112_818_208,
            Some(410_748),
            attributes.iter().copied(),
        );
        String::from_utf8(line.unwrap()).unwrap()
    }

    #[test]
    fn a_span_has_what_a_line_has() {
        assert_eq!(
            line(&[
                ("http.status", Attribute::Otlp(r#"{"intValue":"200"}"#)),
                ("a", Attribute::Otlp(r#"{"stringValue":"x\"y"}"#)),
                (
                    "b",
                    Attribute::Otlp(
                        r#"{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":0.5}]}}"#
                    )
                ),
                ("kv", Attribute::Otlp(r#"{"kvlistValue":{"values":[]}}"#)),
            ]),
            "{\"time\":\"2026-11-23T15:18:32.818208Z\",\"scope\":\"request\",\
             \"trace.id\":\"000000000000000000000000000000ab\",\"span.id\":\"00000000000000cd\",\
             \"http.status\":200,\"a\":\"x\\\"y\",\"b\":[true,0.5],\"duration\":\"410.748ms\"}"
        );
    }

    #[test]
    fn a_tag_forges_nothing_and_a_logged_duration_wins() {
        let found = line(&[
            ("scope", Attribute::Plain("\"x\"")),
            ("time", Attribute::Plain("1")),
            ("trace.id", Attribute::Plain("\"x\"")),
            ("duration", Attribute::Plain("\"409ms\"")),
            ("user", Attribute::Plain("\"first\"")),
            ("user", Attribute::Plain("\"second\"")),
        ]);
        assert!(
            found.ends_with("cd\",\"duration\":\"409ms\",\"user\":\"first\"}"),
            "{found}"
        );
    }

    #[test]
    fn a_long_text_is_cut_and_a_huge_list_left_out() {
        let prompt = format!("\"{}\"", "é".repeat(100_000));
        let list = format!(
            "{{\"arrayValue\":{{\"values\":[{}{{\"intValue\":1}}]}}}}",
            "{\"stringValue\":\"0123456789\"},".repeat(100_000)
        );
        let found = line(&[
            ("prompt", Attribute::Plain(&prompt)),
            ("list", Attribute::Otlp(&list)),
            ("user", Attribute::Plain("\"ann\"")),
        ]);
        assert!(found.len() < 20_000 && found.contains("\"user\":\"ann\""));
        assert!(!found.contains("list"));
    }

    proptest! {
        #[test]
        fn every_value_comes_back(values in prop::collection::btree_map(".{0,12}", (".{0,20}", any::<i64>(), 0..4), 0..8)) {
            let raw: Vec<_> = values.iter().map(|(key, (text, number, which))| {
                let text = serde_json::to_string(text).unwrap();
                (key.as_str(), match which {
                    0 => format!("{{\"stringValue\":{text}}}"),
                    1 => format!("{{\"intValue\":\"{number}\"}}"),
                    2 => format!("{{\"intValue\":{number}}}"),
                    _ => format!("{{\"boolValue\":{}}}", number % 2 == 0),
                })
            }).collect();
            let attributes: Vec<_> = raw.iter().map(|(key, value)| (*key, Attribute::Otlp(value))).collect();
            let line = line(&attributes);
            prop_assert!(!line.contains('\n'));
            let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
            for (key, (text, number, which)) in &values {
                if ["time", "scope", "trace.id", "span.id"].contains(&key.as_str()) {
                    continue;
                }
                let expected = match which {
                    0 => serde_json::json!(text),
                    1 | 2 => serde_json::json!(number),
                    _ => serde_json::json!(number % 2 == 0),
                };
                prop_assert_eq!(&read[key], &expected);
            }
        }
    }
}
