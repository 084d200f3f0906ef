//! Tests of the recogniser as a whole.

use std::collections::BTreeMap;

use super::*;

mod cases;
mod model;
mod reference;

/// Rows as a store keeps them.
type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What tests use in place of half a MiB.
const SMALL: Sizes = Sizes {
    chunk: 8,
    recent: 32,
    landmark_zeros: 1,
};

/// Writes the changes as a store does.
fn save(recognizer: &mut Recognizer, rows: &mut Rows) {
    for (key, value) in recognizer.changes() {
        match value {
            Some(value) => _ = rows.insert(key, value),
            None => _ = rows.remove(&key),
        }
    }
}

fn restore(rows: &Rows, sizes: Sizes, limits: Limits) -> Recognizer {
    Recognizer::sized(sizes, limits).restored(rows.clone())
}

/// Runs `lines` through a recogniser that has the history of `rows`, to the end; what counted.
#[track_caller]
fn run(rows: &mut Rows, sizes: Sizes, lines: &[String]) -> (Vec<String>, Vec<Notice>) {
    let mut recognizer = restore(rows, sizes, HELD);
    let mut counted = Vec::new();
    for line in lines {
        recognizer.offer(0, line.as_bytes(), |raw| counted.push(text(raw)));
    }
    recognizer.finish(|raw| counted.push(text(raw)));
    assert_eq!(recognizer.held_lines(), 0);
    assert_eq!(recognizer.held_bytes, 0);
    save(&mut recognizer, rows);
    (counted, recognizer.take_notices())
}

fn text(raw: &[u8]) -> String {
    String::from_utf8(raw.to_vec()).unwrap()
}

/// Lines that are all different.
fn lines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("line {number}")).collect()
}
