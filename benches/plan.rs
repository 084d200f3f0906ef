//! Planned patterns against the regex crate, on lines made here: `cargo bench --bench plan`.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use logmetrics_scan::plan::{Hint, Outcome, Plan};
use regex::Regex;

/// Three groups with greedy gaps, as most people write it.
const GATEWAY: &str = concat!(
    r"http\.header\.x-user-email=(?P<user_email>\S+) .* route\.name=(?P<route>\S+) .* ",
    r"http\.status=(?P<status>\d+)",
);
/// The same with lazy gaps.
const GATEWAY_LAZY: &str = concat!(
    r"http\.header\.x-user-email=(?P<user_email>\S+) .*? route\.name=(?P<route>\S+) .*? ",
    r"http\.status=(?P<status>\d+)",
);
const REQUEST: &str = r#"^(?:\S+[\t ]+[A-Za-z]+[\t ]+)?request[\t ]|^\{.*"scope":"request""#;
const NGINX: &str = concat!(
    r#"^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) "#,
    r#"(?P<path>[^ "]+) [^"]+" (?P<status>\d{3}) (?P<bytes>\d+) "(?P<referer>[^"]*)" "#,
    r#""(?P<agent>[^"]*)"$"#,
);

const PATTERNS: &[(&str, &str)] = &[
    ("gateway", GATEWAY),
    ("gateway_lazy", GATEWAY_LAZY),
    ("nginx", NGINX),
];

fn main() {
    divan::main();
}

/// Lines of about 600 bytes as the gateway writes them, no two alike.
fn gateway_lines() -> Vec<String> {
    let routes = [
        "anthropic-claude",
        "openai-gpt",
        "google-gemini",
        "xai-grok",
    ];
    (0..256usize)
        .map(|number| {
            let route = routes[number % routes.len()];
            let (status, duration) = (200 + number % 5 * 75, number * 37 % 4000);
            format!(
                "2026-04-09T15:18:{:02}.{number:06}Z\tinfo\trequest gateway=default/default listener=llm \
                 endpoint=127.0.0.1:9001 src.addr=127.0.0.1:{} http.method=POST http.host=127.0.0.1 \
                 http.header.x-user-email=user{number}@example.com http.path=/{route}/v1/chat/completions \
                 http.version=HTTP/1.1 trace.id={number:032x} span.id={number:016x} protocol=llm \
                 route.name={route} gen_ai.operation.name=chat gen_ai.provider.name=openai \
                 gen_ai.request.model=gpt-5-mini gen_ai.response.model=gpt-5-mini \
                 gen_ai.usage.input_tokens={} gen_ai.usage.output_tokens={} http.status={status} \
                 duration={duration}ms",
                number % 60,
                30000 + number,
                number * 3,
                number * 2,
            )
        })
        .collect()
}

fn nginx_lines() -> Vec<String> {
    (0..256usize)
        .map(|number| {
            format!(
                "192.0.2.{number} - user{number} [10/Oct/2025:13:55:{:02} +0200] \
                 \"GET /shop/item/{number}?page={number} HTTP/1.1\" {} {} \
                 \"https://example.com/start/{number}\" \"Mozilla/5.0 (X11; Linux x86_64) \
                 AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\"",
                number % 60,
                200 + number % 4 * 100,
                number * 97,
            )
        })
        .collect()
}

fn lines_of(name: &str) -> Vec<String> {
    if name == "nginx" {
        nginx_lines()
    } else {
        gateway_lines()
    }
}

/// Runs `work` on one line after another.
fn each_line(bencher: Bencher, lines: &[String], mut work: impl FnMut(&[u8])) {
    let bytes: usize = lines.iter().map(String::len).sum();
    let mut turn = lines.iter().cycle();
    bencher
        .counter(BytesCount::new(bytes / lines.len()))
        .bench_local(|| {
            if let Some(line) = turn.next() {
                work(black_box(line.as_bytes()));
            }
        });
}

fn pattern_of(name: &str) -> &'static str {
    PATTERNS
        .iter()
        .find(|(other, _)| *other == name)
        .map_or(GATEWAY, |(_, pattern)| pattern)
}

#[divan::bench(args = ["gateway", "gateway_lazy", "nginx"], sample_size = 2048)]
fn captures_by_plan(bencher: Bencher, name: &str) {
    let plan = Plan::new(pattern_of(name)).expect("a planned pattern");
    let mut groups = Vec::new();
    each_line(bencher, &lines_of(name), |line| {
        assert_eq!(plan.run(line, &mut groups), Outcome::Match);
        black_box(&groups);
    });
}

#[divan::bench(args = ["gateway", "gateway_lazy", "nginx"], sample_size = 256)]
fn captures_by_regex(bencher: Bencher, name: &str) {
    let regex = Regex::new(pattern_of(name)).expect("a pattern");
    let mut places = regex.capture_locations();
    each_line(bencher, &lines_of(name), |line| {
        let text = str::from_utf8(line).expect("text");
        assert!(regex.captures_read(&mut places, text).is_some());
        black_box(&places);
    });
}

#[divan::bench(args = ["gateway", "request"], sample_size = 2048)]
fn rejection_by_plan(bencher: Bencher, name: &str) {
    let plan = Plan::new(if name == "request" { REQUEST } else { GATEWAY }).expect("planned");
    let lines = gateway_lines();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("x-user", "y-user").replace("request ", "x "))
        .collect();
    let mut hint = Hint::default();
    each_line(bencher, &lines, |line| {
        assert_eq!(plan.is_match(line, &mut hint), Outcome::NoMatch)
    });
}

#[divan::bench(args = ["gateway", "request"], sample_size = 2048)]
fn rejection_by_regex(bencher: Bencher, name: &str) {
    let regex = Regex::new(if name == "request" { REQUEST } else { GATEWAY }).expect("a pattern");
    let lines = gateway_lines();
    let lines: Vec<String> = lines
        .iter()
        .map(|line| line.replace("x-user", "y-user").replace("request ", "x "))
        .collect();
    each_line(bencher, &lines, |line| {
        assert!(!regex.is_match(str::from_utf8(line).expect("text")));
    });
}

#[divan::bench(args = ["gateway", "request"], sample_size = 2048)]
fn is_match_by_plan(bencher: Bencher, name: &str) {
    let plan = Plan::new(if name == "request" { REQUEST } else { GATEWAY }).expect("planned");
    let mut hint = Hint::default();
    each_line(bencher, &gateway_lines(), |line| {
        assert_eq!(plan.is_match(line, &mut hint), Outcome::Match)
    });
}

#[divan::bench(args = ["gateway", "request"], sample_size = 2048)]
fn is_match_by_regex(bencher: Bencher, name: &str) {
    let regex = Regex::new(if name == "request" { REQUEST } else { GATEWAY }).expect("a pattern");
    each_line(bencher, &gateway_lines(), |line| {
        assert!(regex.is_match(str::from_utf8(line).expect("text")));
    });
}
