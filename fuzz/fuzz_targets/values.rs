//! Any text is a number or none, a time or none, with whatever a rule says of it; a comparison holds or
//! does not; nothing panics, and no number is infinite.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_core::number::{Comparison, Form, Reading, Unit};
use logmetrics_core::times;

#[derive(Debug, libfuzzer_sys::arbitrary::Arbitrary)]
struct Input {
    text: Vec<u8>,
    unit: Option<u8>,
    form: u8,
    marks: (char, Option<char>),
    scale: f64,
    invert: bool,
    condition: String,
    format: String,
}

fuzz_target!(|input: Input| {
    let form = match input.form % 4 {
        0 => Form::Plain,
        1 => Form::Hexadecimal,
        2 => Form::Prefixed { step: 1024.0 },
        _ => Form::Separated {
            decimal: input.marks.0,
            group: input.marks.1,
        },
    };
    let names: Vec<&str> = Unit::names().collect();
    let unit = input.unit.and_then(|unit| Unit::of_rule(names[usize::from(unit) % names.len()]));
    let reading = Reading {
        unit,
        form,
        scale: input.scale,
        invert: input.invert,
    };
    match reading.read(&input.text) {
        Ok(number) => assert!(number.is_finite()),
        Err(_) => assert!(!reading.why(&input.text).is_empty()),
    }
    if let Some(Ok(comparison)) = Comparison::parse(&input.condition, &reading) {
        let _ = comparison.holds(&input.text);
    }
    for unpadded in [false, true] {
        if let Some(seconds) = times::seconds(&input.text, unpadded) {
            assert!(seconds.is_finite());
        }
    }
    let _ = times::check_format(&input.format);
});
