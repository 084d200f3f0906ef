//! Both forms, the recorded answers, and what servers get wrong.

use super::*;

const RECORDED: [(Interface, &[u8]); 2] = [
    (
        Interface::V3,
        include_bytes!("../../../../../tests/data/jaeger/api-v3-traces.json"),
    ),
    (
        Interface::V1,
        include_bytes!("../../../../../tests/data/jaeger/api-traces.json"),
    ),
];

#[test]
fn both_forms_give_the_same_lines() {
    let [v3, v1] = RECORDED.map(|(form, body)| {
        let mut answer = parse(body, form, "agentgateway").unwrap();
        assert_eq!(
            (answer.traces, answer.spans, answer.unreadable),
            (398, 398, 0)
        );
        answer
            .requests
            .sort_by_key(|request| (request.trace, request.span));
        answer.requests
    });
    assert_eq!(v3.len(), 398);
    for (one, other) in v3.iter().zip(&v1) {
        let read = |line| serde_json::from_slice::<serde_json::Value>(line).unwrap();
        assert_eq!(
            (one.start_us, read(&one.line)),
            (other.start_us, read(&other.line))
        );
    }
}

/// What agentgateway 1.4.1 sent for 517 requests, with 53 spans within those of MCP requests.
#[test]
fn a_span_of_a_message_within_a_request_is_no_request() {
    for (form, name) in [
        (Interface::V3, "api-v3-traces"),
        (Interface::V1, "api-traces"),
    ] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/jaeger-1.4");
        let file = std::fs::File::open(format!("{folder}/{name}.json.gz")).unwrap();
        let mut body = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(file), &mut body).unwrap();
        let answer = parse_keeping(&body, form, "agentgateway").unwrap();
        let counts = (answer.spans, answer.requests.len(), answer.others.len());
        assert_eq!(counts, (570, 517, 53), "{form:?}");
        assert_eq!(answer.unreadable, 0);
    }
}

#[test]
fn json_of_another_server_is_no_answer() {
    for (form, body) in [
        (Interface::V3, r#"{"status":"ok"}"#),
        (Interface::V3, r#"{"data":[],"errors":null}"#),
        (Interface::V1, r#"{"message":"Not Found"}"#),
        (Interface::V1, r#"{"result":{"resourceSpans":[]}}"#),
        (Interface::V1, "{}"),
    ] {
        let error = parse(body.as_bytes(), form, "a").unwrap_err();
        assert!(matches!(error, Unreadable::Foreign), "{form:?} {body}");
    }
}

#[test]
fn another_service_and_other_kinds_are_no_requests() {
    for (form, body) in RECORDED {
        let answer = parse(body, form, "open-webui").unwrap();
        assert_eq!(
            (answer.traces, answer.spans, answer.requests.len()),
            (398, 0, 0)
        );
        let text = std::str::from_utf8(body).unwrap();
        let client = text
            .replace("\"kind\":2", "\"kind\":3")
            .replace("\"server\"", "\"client\"");
        let answer = parse(client.as_bytes(), form, "agentgateway").unwrap();
        assert_eq!((answer.spans, answer.requests.len()), (398, 0));
    }
}

#[test]
fn an_answer_that_was_cut_short_is_no_answer() {
    for (form, body) in RECORDED {
        for end in [0, 1, 100, body.len() / 2, body.len() - 2] {
            assert!(
                parse(&body[..end], form, "agentgateway").is_err(),
                "{form:?} {end}"
            );
        }
    }
}

#[test]
fn empty_answers_and_errors() {
    let empty = Answer::default();
    for (form, body) in [
        (Interface::V3, r#"{"result":{"resourceSpans":[]}}"#),
        (Interface::V3, r#"{"result":{}}"#),
        (Interface::V1, r#"{"data":[],"total":0,"errors":null}"#),
        (Interface::V1, r#"{"data":null,"errors":[]}"#),
    ] {
        assert_eq!(parse(body.as_bytes(), form, "a").unwrap(), empty, "{body}");
    }
    for (form, body) in [
        (
            Interface::V3,
            r#"{"error":{"httpCode":500,"message":"too bad"}}"#,
        ),
        (
            Interface::V1,
            r#"{"data":[],"errors":[{"code":500,"msg":"too bad"}]}"#,
        ),
    ] {
        let error = parse(body.as_bytes(), form, "a").unwrap_err();
        assert_eq!(error.to_string(), "it says: too bad");
    }
}

#[test]
fn a_stream_of_documents_is_one_answer() {
    let (form, body) = RECORDED[0];
    let twice = [body, b"\n", body].concat();
    let answer = parse(&twice, form, "agentgateway").unwrap();
    assert_eq!((answer.traces, answer.requests.len()), (398, 796));
}

#[test]
fn a_span_without_id_or_start_hides_no_other() {
    let span = |id: &str, start: &str| {
        format!(
            r#"{{"traceId":"0a","spanId":{id},"kind":"SPAN_KIND_SERVER","startTimeUnixNano":{start},"attributes":[{{"key":"url.scheme","value":{{"stringValue":"http"}}}}]}}"#
        )
    };
    let spans = [
        span("\"0b\"", "\"1000\""),
        span("\"x\"", "\"1000\""),
        span("\"0c\"", "null"),
        span("7", "1"),
        span("\"0d\"", "18446744073709551615"),
    ];
    let body = format!(
        r#"{{"result":{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"gw"}}}}]}},"scopeSpans":[{{"spans":[{}]}}]}}]}}}}"#,
        spans.join(",")
    );
    let answer = parse(body.as_bytes(), Interface::V3, "gw").unwrap();
    assert_eq!((answer.requests.len(), answer.unreadable), (2, 3));
    assert_eq!(
        (answer.requests[0].trace, answer.requests[0].span),
        (10, 11)
    );
}

#[test]
fn ids_are_hexadecimal_or_base64() {
    assert_eq!(trace_id("AAAAAAAAAAAAAAAAAAAAAQ=="), Some(1));
    assert_eq!(span_id("AAAAAAAAAAE="), Some(1));
    assert_eq!(
        trace_id("4bf92f3577b34da6a3ce929d0e0e4736"),
        Some(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736)
    );
    for wrong in ["", "x", "+1", "4bf92f3577b34da6a3ce929d0e0e47361"] {
        assert_eq!(trace_id(wrong), None, "{wrong}");
    }
}

/// The line that an export has of a span, without its end.
fn kept(request: Option<&[u8]>, raw: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    logmetrics_follow::line::unwrap::span::write(request, raw, &mut line);
    assert_eq!(line.pop(), Some(b'\n'));
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    serde_json::from_slice::<serde_json::Value>(&line).unwrap();
    line
}

#[test]
fn every_span_is_kept_with_all_that_stands_around_it() {
    let span = |kind: &str| {
        format!(
            "{{\"traceId\":\"0a\",\r\n \"spanId\":\"0b\",\"kind\":{kind},\"startTimeUnixNano\":\"5000\",\"events\":[1],\"attributes\":[{{\"key\":\"http.method\"}}]}}"
        )
    };
    let resource = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"gw"}}],"x":1}"#;
    // Printed for people, as `prettyPrint` does.
    let body = format!(
        "{{\"result\":{{\"resourceSpans\":[{{\n\"resource\":{resource},\"schemaUrl\":\"s\",\"scopeSpans\":[{{\"scope\":{{\"name\":\"n\"}},\n\"spans\":[{},\n{}]}}]}}]}}}}",
        span("2"),
        span("3")
    );
    let answer = parse_keeping(body.as_bytes(), Interface::V3, "gw").unwrap();
    let (request, other) = (&answer.requests[0], &answer.others[0]);
    assert_eq!((other.trace, other.start_us), (Some(10), Some(5)));
    let read = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).unwrap();
    let line = read(&kept(Some(&request.line), &request.raw));
    assert_eq!(line["request"], read(&request.line));
    let around = &line["resourceSpans"][0];
    assert_eq!(around["resource"], read(resource.as_bytes()));
    assert_eq!(
        (
            &around["schemaUrl"],
            &around["scopeSpans"][0]["scope"]["name"]
        ),
        (&"s".into(), &"n".into())
    );
    assert_eq!(
        around["scopeSpans"][0]["spans"],
        serde_json::json!([read(span("2").as_bytes())])
    );
    let line = read(&kept(None, &other.raw));
    assert_eq!(line["request"], serde_json::Value::Null);
    assert_eq!(
        line["resourceSpans"][0]["scopeSpans"][0]["spans"],
        serde_json::json!([read(span("3").as_bytes())])
    );

    let span =
        r#"{"traceID":"0a","spanID":"0b","startTime":5,"processID":"p1","tags":[],"logs":[1]}"#;
    let body = format!(
        r#"{{"data":[{{"traceID":"0a","spans":[{span}],"processes":{{"p1":{{"serviceName":"gw","tags":[7]}},"p2":{{}}}},"warnings":["w"]}}]}}"#
    );
    let answer = parse_keeping(body.as_bytes(), Interface::V1, "gw").unwrap();
    let line = read(&kept(None, &answer.others[0].raw));
    let expected = serde_json::json!({
        "traceID": "0a", "spans": [read(span.as_bytes())],
        "processes": {"p1": {"serviceName": "gw", "tags": [7]}}, "warnings": ["w"],
    });
    assert_eq!(line["trace"], expected);
}

proptest::proptest! {
    /// What the fuzz target asserts, near answers that are right.
    #[test]
    fn a_changed_byte_makes_no_broken_line(at in 0_usize..1_500, byte: u8, v3: bool) {
        let (form, body) = RECORDED[usize::from(!v3)];
        // The first span alone, so that this is quick.
        let end = if v3 { "\"flags\":257}" } else { "\"processID\":\"p1\",\"warnings\":null}" };
        let rest = if v3 { "]}]}]}}" } else { "],\"processes\":{\"p1\":{\"serviceName\":\"agentgateway\"}}}]}" };
        let text = std::str::from_utf8(body).unwrap();
        let mut body = format!("{}{end}{rest}", text.split_once(end).unwrap().0).into_bytes();
        proptest::prop_assert_eq!(parse(&body, form, "agentgateway").unwrap().requests.len(), 1);
        body[at] = byte;
        for request in parse_keeping(&body, form, "agentgateway").unwrap_or_default().requests {
            let line = kept(Some(&request.line), &request.raw);
            let mut unwrapper = logmetrics_follow::line::unwrap::Unwrapper::default();
            proptest::prop_assert_eq!(unwrapper.unwrap(0, &line).unwrap().text, &request.line[..]);
            let line: serde_json::Value = serde_json::from_slice(&request.line).unwrap();
            proptest::prop_assert_eq!(&line["scope"], "request");
            proptest::prop_assert!(!request.line.contains(&b'\n'));
        }
    }
}
