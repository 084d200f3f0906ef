//! The readers on logs of agentgateway, against counts that were made independently of them.
//!
//! The rule of the counts: who (`http.header.x-user-email`), which route, which result.

use std::collections::BTreeMap;

use super::keys::Keys;
use super::slots::{FieldSlot, Slots};
use super::untrusted::UntrustedRange;
use super::{json, logfmt};

const KEYS: [&str; 4] = [
    "http.header.x-user-email",
    "http.header.x-openwebui-user-email",
    "route",
    "http.status",
];

/// The label that a slot gives: `__ambiguous__` for a key that occurs twice, nothing if empty.
fn label(slot: &FieldSlot, line: &[u8]) -> Option<String> {
    let mut scratch = Vec::new();
    let value = match slot.trusted.count {
        0 => return None,
        1 => slot.trusted.first.decode(line, &mut scratch),
        _ => b"__ambiguous__",
    };
    let value = String::from_utf8_lossy(value).replace(char::is_control, "\u{fffd}");
    (!value.is_empty()).then_some(value)
}

/// `requests_by_user` as it is exposed, without its limit on the length of labels.
fn counted<'l>(
    lines: impl Iterator<Item = &'l str>,
    read: impl Fn(&[u8], &Keys, &mut Slots) -> bool,
) -> String {
    let mut keys = Keys::default();
    for key in KEYS {
        keys.add(key);
    }
    let mut slots = Slots::default();
    let mut counts = BTreeMap::new();
    for line in lines {
        let line = line.as_bytes();
        slots.clear(&keys);
        assert!(read(line, &keys, &mut slots));
        let found = slots.all();
        let value = |slot: usize| label(&found[slot], line);
        let user = value(0).or(value(1)).map(|user| user.to_lowercase());
        let escaped = |value: Option<String>, default: &str| {
            let value = value.unwrap_or(default.into());
            value.replace('\\', "\\\\").replace('"', "\\\"")
        };
        let series = format!(
            "requests_by_user{{route=\"{}\",status=\"{}\",user_email=\"{}\"}}",
            escaped(value(2), "none"),
            escaped(value(3), "none"),
            escaped(user, "anonymous"),
        );
        *counts.entry(series).or_insert(0) += 1;
    }
    let lines = counts
        .iter()
        .map(|(series, count)| format!("{series} {count}\n"));
    lines.collect()
}

fn text(log: &str) -> String {
    let untrusted = UntrustedRange::new(["protocol"], "duration", []);
    let lines = log.lines().filter(|line| line.contains("\tinfo\trequest "));
    counted(lines, |line, keys, slots| {
        logfmt::read(line, keys, Some(&untrusted), slots)
    })
}

fn json(log: &str) -> String {
    let lines = log
        .lines()
        .filter(|line| line.contains("\"scope\":\"request\""));
    counted(lines, json::read)
}

/// The one label longer than a label may be is cut in the expected counts.
fn uncut(expected: &str, log: &str) -> String {
    let long = log
        .split('"')
        .find(|part| part.starts_with("lllll"))
        .unwrap_or_default();
    let mut lines: Vec<String> = (expected.lines())
        .map(|line| match line.split_once("lllll") {
            Some((before, after)) => {
                let (_, after) = after.split_once('…').unwrap();
                format!("{before}{long}{after}\n")
            }
            None => format!("{line}\n"),
        })
        .collect();
    lines.sort();
    lines.concat()
}

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../tests/data/agentgateway/", $name))
    };
}

#[test]
fn text_log() {
    let log = sample!("text.log");
    assert_eq!(text(log), uncut(sample!("text.expected"), log));
}

#[test]
fn json_log() {
    let log = sample!("json.log");
    assert_eq!(json(log), uncut(sample!("json.expected"), log));
}

#[test]
fn text_log_with_forged_fields() {
    let log = sample!("text-edge.log");
    assert_eq!(text(log), uncut(sample!("text-edge.expected"), log));
}

#[test]
fn json_log_with_forged_fields() {
    let log = sample!("json-edge.log");
    assert_eq!(json(log), uncut(sample!("json-edge.expected"), log));
}
