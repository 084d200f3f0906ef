//! Any bytes for what a stream carries over a restart: nothing panics, and what is taken for whole is
//! written again as it was.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use logmetrics_follow::line::multiline::Multiline;
use logmetrics_follow::line::resume;

fuzz_target!(|bytes: &[u8]| {
    let settings = Multiline::beginning_with(regex::bytes::Regex::new("^[0-9]").unwrap());
    let stream = resume::read(bytes, Some(&Arc::new(settings)));
    let (framer, mut unwrapper) = (stream.framer, stream.unwrapper);
    let mut again = Vec::new();
    resume::write(&framer, &unwrapper, stream.joiner.as_deref(), &mut again);
    assert!(again.is_empty() || again == bytes);
    _ = unwrapper.unwrap(0, b"2016-10-06T00:17:09.669794202Z stdout P part");
    while unwrapper.flush().is_some() {}
});
