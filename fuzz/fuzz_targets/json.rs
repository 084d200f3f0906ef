//! The JSON reader takes what `serde_json` takes, and finds what a tree of it holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_scan::{
    keys::{Form, Keys, Span},
    json,
    slots::Slots,
};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

#[path = "../../crates/scan/src/json/tests/reference.rs"]
mod reference;

const WANTED: [&str; 8] = ["a", "a.b", "a.b.c", "b.c", "", ".", "a.0", "a.1.b"];

fuzz_target!(|line: &[u8]| {
    let mut keys = Keys::default();
    for key in WANTED {
        keys.add(key);
    }
    // What was learned from the lines before changes nothing.
    let mut warm = Slots::default();
    for line in line.split(|byte| *byte == b'\n') {
        for _ in 0..2 {
            warm.clear(&keys);
            let object = json::read(line, &keys, &mut warm);
            let mut slots = Slots::default();
            slots.clear(&keys);
            assert_eq!(object, json::read(line, &keys, &mut slots));
            assert_eq!(warm.all(), slots.all());
        }
    }
    let mut slots = Slots::default();
    slots.clear(&keys);
    let object = json::read(line, &keys, &mut slots);
    assert_eq!(object, reference::accepts(line));
    let Ok(members) = serde_json::from_slice::<Members>(line) else {
        return;
    };
    for (path, slot) in WANTED.iter().zip(&slots.all()) {
        let mut found = Vec::new();
        if lookup(&members, path, 0, &mut found).is_none() {
            return;
        }
        let fewest = found.iter().map(|(objects, _)| *objects).min();
        found.retain(|(objects, _)| Some(*objects) == fewest);
        assert_eq!(slot.everywhere, slot.trusted);
        assert_eq!(slot.everywhere.count as usize, found.len());
        if let (Some((_, first)), Some((_, last))) = (found.first(), found.last()) {
            assert_eq!(written(slot.everywhere.first, line), first.as_bytes());
            assert_eq!(written(slot.everywhere.last, line), last.as_bytes());
        }
    }
});

/// The value as it is written, with its quotes.
fn written(span: Span, line: &[u8]) -> &[u8] {
    let quote = usize::from(span.form != Form::Plain);
    &line[span.start as usize - quote..span.end as usize + quote]
}

/// The members of an object, also those whose keys stand twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// All values at `path`, each with the number of objects around it. `None` where `serde_json` keeps no
/// such object, as one of its keys holds half a surrogate pair: the reader reads on over that.
fn lookup(
    members: &Members,
    path: &str,
    objects: usize,
    found: &mut Vec<(usize, String)>,
) -> Option<()> {
    for (key, value) in &members.0 {
        let value = value.get();
        if key == path && value != "null" {
            found.push((objects, value.into()));
        }
        let rest = path
            .strip_prefix(key.as_str())
            .and_then(|rest| rest.strip_prefix('.'));
        let Some(rest) = rest else { continue };
        if value.starts_with('{') {
            let members = serde_json::from_str::<Members>(value).ok()?;
            lookup(&members, rest, objects + 1, found)?;
        } else if value.starts_with('[') {
            let items = serde_json::from_str::<Vec<Box<RawValue>>>(value).ok()?;
            let items = items.into_iter().enumerate();
            let members = items.map(|(index, item)| (index.to_string(), item)).collect();
            lookup(&Members(members), rest, objects + 1, found)?;
        }
    }
    Some(())
}
