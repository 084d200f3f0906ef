//! Whatever Jaeger answers: no panic, and every request's line is one JSON object of one line that
//! says whose it is. What an export keeps of it is one line too, from which the same is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_gateway::jaeger::{Interface, parse, parse_keeping};
use logmetrics_follow::line::LINE_BYTES_MAX;
use logmetrics_follow::line::unwrap::{Unwrapper, span};

fuzz_target!(|body: &[u8]| {
    for form in [Interface::V3, Interface::V1] {
        let Ok(answer) = parse(body, form, "a") else {
            continue;
        };
        assert!(answer.requests.len() + answer.unreadable <= answer.spans + body.len());
        let kept = parse_keeping(body, form, "a").expect("the same answer");
        for request in &kept.requests {
            let mut line = Vec::new();
            span::write(Some(&request.line), &request.raw, &mut line);
            let _: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&line).expect("a JSON object");
            line.pop();
            assert!(!line.contains(&b'\n'));
            let mut unwrapper = Unwrapper::default();
            let read = unwrapper.unwrap(0, &line).expect("a line");
            assert_eq!(read.text, request.line);
        }
        assert_eq!(kept.requests.len(), answer.requests.len());
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
