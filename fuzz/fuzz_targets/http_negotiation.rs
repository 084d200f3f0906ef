//! Any `Accept-Encoding` gives a coding that it names, and any `--listen` an address or a reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics::server::{encoding, parse_listen};

fuzz_target!(|text: &str| {
    let chosen = encoding::negotiate(Some(text));
    if let Some(name) = chosen.name() {
        let lower = text.to_ascii_lowercase();
        assert!(lower.contains(name) || lower.contains('*'), "{name} for {text:?}");
    }
    match parse_listen(text) {
        // What is shown is read as the same address again.
        Ok(listen) => assert_eq!(parse_listen(&listen.to_string()), Ok(listen)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
