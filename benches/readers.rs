//! The readers on lines as the gateway writes them: `cargo bench --bench readers`.
//!
//! The framer, logfmt and JSON, each in bytes a second over the same sixty-four lines.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use logmetrics_follow::line::framer::Framer;
use logmetrics_follow::line::unwrap::Unwrapper;
use logmetrics_scan::keys::Keys;
use logmetrics_scan::slots::Slots;
use logmetrics_scan::untrusted::UntrustedRange;
use logmetrics_scan::{json, logfmt};

/// Keys that rules ask for. The last two are on no line.
const KEYS: [&str; 9] = [
    "http.header.x-user-email",
    "route",
    "http.status",
    "protocol",
    "duration",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "jwt.sub",
    "error",
];

fn main() {
    divan::main();
}

/// What stands on a line, in the gateway's order.
fn members(number: usize) -> Vec<(&'static str, String)> {
    let model = ["gpt-5-mini", "claude-sonnet-4-5-20250929", "grok-4"][number % 3];
    vec![
        ("gateway", "default/default".to_owned()),
        ("listener", "llm".to_owned()),
        ("route", format!("default/{model}")),
        ("src.addr", format!("10.1.2.3:{}", 30_000 + number)),
        ("http.method", "POST".to_owned()),
        ("http.host", "gateway.example.com".to_owned()),
        ("http.path", format!("/{model}/v1/chat/completions")),
        ("http.status", (200 + number % 5 * 75).to_string()),
        ("trace.id", format!("{number:032x}")),
        ("protocol", "llm".to_owned()),
        ("gen_ai.request.model", model.to_owned()),
        ("gen_ai.usage.input_tokens", (number * 37).to_string()),
        ("duration", format!("{}ms", number * 101 % 4000)),
        (
            "http.header.x-user-email",
            format!("user{number}@example.com"),
        ),
        ("http.header.user-agent", "OpenAI/Python 1.35.7".to_owned()),
    ]
}

fn logfmt_line(number: usize) -> String {
    let mut line = format!("2026-04-09T15:18:33.{number:06}Z\tinfo\trequest");
    for (key, value) in members(number) {
        // The gateway quotes headers.
        if key.starts_with("http.header.") {
            line.push_str(&format!(" {key}={value:?}"));
        } else {
            line.push_str(&format!(" {key}={value}"));
        }
    }
    line
}

fn json_line(number: usize) -> String {
    let mut line = r#"{"level":"info","scope":"request""#.to_owned();
    for (key, value) in members(number) {
        line.push_str(&format!(",{key:?}:{value:?}"));
    }
    line.push('}');
    line
}

fn block(line: fn(usize) -> String) -> Vec<u8> {
    let lines: Vec<String> = (0..64).map(|number| line(number) + "\n").collect();
    lines.concat().into_bytes()
}

/// Cuts a block and takes the wrapping off, of which there is none.
#[divan::bench]
fn framer(bencher: Bencher) {
    let block = block(logfmt_line);
    let mut framer = Framer::default();
    let mut unwrapper = Unwrapper::default();
    bencher
        .counter(BytesCount::of_slice(&block))
        .bench_local(|| {
            framer.cut(black_box(&block), |at, raw| {
                black_box(unwrapper.unwrap(at as u64, raw));
            })
        });
}

/// Reads the keys of every line of a block.
fn read(
    bencher: Bencher,
    line: fn(usize) -> String,
    read: impl Fn(&[u8], &Keys, &mut Slots) -> bool,
) {
    let block = block(line);
    let lines: Vec<&[u8]> = (block.split(|byte| *byte == b'\n')).collect();
    let mut keys = Keys::default();
    KEYS.iter().for_each(|key| {
        keys.add(key);
    });
    let mut slots = Slots::default();
    bencher
        .counter(BytesCount::of_slice(&block))
        .bench_local(|| {
            for line in &lines {
                slots.clear(&keys);
                black_box(read(black_box(line), &keys, &mut slots));
            }
        });
}

#[divan::bench]
fn logfmt_fields(bencher: Bencher) {
    let untrusted = UntrustedRange::new(["protocol"], "duration", []);
    read(bencher, logfmt_line, |line, keys, slots| {
        logfmt::read(line, keys, Some(&untrusted), slots)
    });
}

#[divan::bench]
fn json_fields(bencher: Bencher) {
    read(bencher, json_line, json::read);
}
