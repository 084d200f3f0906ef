//! The logfmt reader finds what the plain one finds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_scan::{
    keys::{Form, Keys, Matches, Span},
    logfmt,
    slots::{FieldSlot, Slots},
    untrusted::UntrustedRange,
};

#[path = "../../crates/scan/src/logfmt/tests/reference.rs"]
mod reference;

fuzz_target!(|line: &[u8]| {
    let mut keys = Keys::default();
    // Short ones, which a fuzzer finds.
    for key in ["a", "b", "f", "t", "http.status", "é"] {
        keys.add(key);
    }
    let untrusted = UntrustedRange::new(["f"], "t", []);
    for untrusted in [None, Some(&untrusted)] {
        let mut slots = Slots::default();
        slots.clear(&keys);
        let any = logfmt::read(line, &keys, untrusted, &mut slots);
        assert_eq!((any, slots.all()), reference::read(line, &keys, untrusted));
    }
    let mut out = Vec::new();
    logfmt::unescape(line, &mut out);
    assert!(out.len() <= line.len());
});
