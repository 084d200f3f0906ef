//! Any text is a number or none, a time or none, with whatever a rule says of it; a comparison holds or
//! does not; nothing panics, and no number is infinite.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_core::number::{Comparison, Form, Reading, Unit};
use logmetrics_core::times;

/// A text, the number of a unit, a form with its two marks, a factor and whether the value is inverted; a condition, and
/// the format of a time.
type Input = (
    Vec<u8>,
    Option<u8>,
    u8,
    (char, Option<char>),
    (f64, bool),
    (String, String),
);

fuzz_target!(|input: Input| {
    let (text, unit, form, marks, (scale, invert), (condition, format)) = input;
    let form = match form % 4 {
        0 => Form::Plain,
        1 => Form::Hexadecimal,
        2 => Form::Prefixed { step: 1024.0 },
        _ => Form::Separated {
            decimal: marks.0,
            group: marks.1,
        },
    };
    let names: Vec<&str> = Unit::names().collect();
    let unit = unit.and_then(|unit| Unit::of_rule(names[usize::from(unit) % names.len()]));
    let reading = Reading {
        unit,
        form,
        scale,
        invert,
    };
    match reading.read(&text) {
        Ok(number) => assert!(number.is_finite()),
        Err(_) => assert!(!reading.why(&text).is_empty()),
    }
    if let Some(Ok(comparison)) = Comparison::parse(&condition, &reading) {
        let _ = comparison.holds(&text);
    }
    for unpadded in [false, true] {
        if let Some(seconds) = times::seconds(&text, unpadded) {
            assert!(seconds.is_finite());
        }
    }
    let _ = times::check_format(&format);
});
