//! Any bytes for what a stream carries over a restart: nothing panics, and what is taken for whole is
//! written again as it was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_follow::line::resume;

fuzz_target!(|bytes: &[u8]| {
    let (framer, mut unwrapper) = resume::read(bytes);
    let mut again = Vec::new();
    resume::write(&framer, &unwrapper, &mut again);
    assert!(again.is_empty() || again == bytes);
    _ = unwrapper.unwrap(0, b"2016-10-06T00:17:09.669794202Z stdout P part");
    while unwrapper.flush().is_some() {}
});
