//! However a stream is cut into blocks, the framer gives the lines of a plain split.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_follow::line::{LINE_BYTES_MAX, encoding::Encoding, framer::Framer};

#[path = "../../crates/follow/src/line/framer/tests/reference.rs"]
mod reference;

/// Stands for nearly a greatest line, which no fuzzer would write by itself; at most so many.
const LONG: u8 = 0xff;
const LONG_MAX: usize = 4;

fuzz_target!(|input: (Vec<u16>, Vec<u8>)| {
    let (blocks, bytes) = input;
    let mut stream = Vec::new();
    let mut long = 0;
    for byte in bytes {
        if byte == LONG && long < LONG_MAX {
            long += 1;
            stream.resize(stream.len() + LINE_BYTES_MAX - 2, b'x');
        } else {
            stream.push(byte);
        }
    }
    // Small blocks as they are, great ones great enough to reach the greatest length.
    let blocks: Vec<usize> = (blocks.iter().take(64))
        .map(|block| match usize::from(*block) {
            small @ 0..0x100 => small,
            great => great * 31,
        })
        .collect();
    let first = reference::first_block(&stream, &blocks);
    assert!(reference::framed(&stream, &blocks) == reference::reference(&stream, first));
});
