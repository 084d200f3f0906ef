//! Any rows and any lines: nothing panics, each line counts at most once and in its order, nothing
//! is held at the end, and what was counted is recognised in the next run.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use logmetrics_core::history::Recognizer;

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What counts of `stream` with the history of `rows`, which is brought up to date.
fn run(rows: &mut Rows, stream: &[u8], paces_ms: &[u16]) -> usize {
    let mut recognizer = Recognizer::restore(rows.clone());
    let (mut offered, mut counted, mut now_ms) = (0, 0, 0);
    for (number, line) in stream.split(|byte| *byte == b'\n').enumerate() {
        now_ms += u64::from(paces_ms.get(number).copied().unwrap_or_default());
        recognizer.idle(now_ms, |_| counted += 1);
        offered += 1;
        recognizer.offer(now_ms, line, |_| counted += 1);
        assert!(counted + recognizer.held_lines() <= offered);
    }
    recognizer.finish(|_| counted += 1);
    assert_eq!(recognizer.held_lines(), 0);
    let repeated: u64 = (recognizer.take_notices().iter())
        .map(|notice| notice.repeated_lines())
        .sum();
    assert_eq!(counted as u64 + repeated, offered as u64);
    for (key, value) in recognizer.changes() {
        match value {
            Some(value) => _ = rows.insert(key, value),
            None => _ = rows.remove(&key),
        }
    }
    counted
}

fuzz_target!(|input: (Vec<(Vec<u8>, Vec<u8>)>, Vec<Vec<u8>>, Vec<u16>)| {
    let (rows, streams, paces_ms) = input;
    let mut rows: Rows = rows.into_iter().collect();
    for stream in &streams {
        run(&mut rows, stream, &paces_ms);
    }
    // A first run, and the same again, as fast as history comes.
    if let Some(stream) = streams.last() {
        let mut rows = Rows::new();
        run(&mut rows, stream, &[]);
        let names = stream.split(|byte| *byte == b'\n').count();
        assert!(names > 200 || run(&mut rows, stream, &[]) == 0);
    }
});
