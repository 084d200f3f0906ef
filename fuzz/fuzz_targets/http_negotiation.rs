//! Any `Accept-Encoding` gives a coding that it names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_core::exposition::content_encoding;

fuzz_target!(|text: &str| {
    let chosen = content_encoding::negotiate(Some(text));
    if let Some(name) = chosen.name() {
        let lower = text.to_ascii_lowercase();
        assert!(lower.contains(name) || lower.contains('*'), "{name} for {text:?}");
    }
});
