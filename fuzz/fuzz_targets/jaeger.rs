//! Whatever Jaeger answers: no panic, and every request's line is one JSON object of one line that
//! says whose it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics::jaeger::{Form, parse};
use logmetrics::line::LINE_BYTES_MAX;

fuzz_target!(|body: &[u8]| {
    for form in [Form::V3, Form::V1] {
        let Ok(answer) = parse(body, form, "a") else {
            continue;
        };
        assert!(answer.requests.len() + answer.unreadable <= answer.spans + body.len());
        for request in answer.requests {
            assert!(request.line.len() < LINE_BYTES_MAX && !request.line.contains(&b'\n'));
            let line: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&request.line).expect("a JSON object");
            assert_eq!(line["scope"], "request");
            assert_eq!(line["trace.id"], format!("{:032x}", request.trace));
            assert_eq!(line["span.id"], format!("{:016x}", request.span));
        }
    }
});
