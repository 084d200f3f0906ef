//! Reports as a whole: lines in, numbers and formats out.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

mod limits;
mod unknown;

use super::render::{Format, Options, render};
use super::{Collector, Period, Plan, Report};
use logmetrics_core::engine::Engine;
use logmetrics_core::engine::extract::{Dimension, Extractor};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules;
use logmetrics_follow::line::{Line, Origin, Wrapping};
use logmetrics_follow::to_end::PartSink;

const OPTIONS: Options = Options {
    by: Dimension::User,
    top: 3,
    width: 80,
    colours: false,
    now_ms: 1_790_000_000_000,
};

fn origin() -> Origin {
    Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    }
}

fn plan(period: Period, user: Option<&str>) -> Arc<Plan> {
    let set = rules::load(&[]).unwrap().set;
    let extractor = Extractor::new(&set, None).unwrap().unwrap();
    Arc::new(Plan::new(extractor, period, user.map(str::to_owned), 3))
}

/// Reads lines as one thread does that was given part number `part`.
fn collect<'l>(plan: &Arc<Plan>, part: u64, lines: impl IntoIterator<Item = &'l str>) {
    let mut collector = Collector::new(Arc::clone(plan));
    let origin = origin();
    collector.begin(part, &origin);
    for text in lines {
        collector.line(0, &line(text, &origin));
    }
    collector.end(0);
    collector.finish();
}

fn line<'l>(text: &'l str, origin: &'l Origin) -> Line<'l> {
    Line {
        text: text.as_bytes(),
        wrapping: &Wrapping::NONE,
        origin,
    }
}

fn report<'l>(plan: &Arc<Plan>, lines: impl IntoIterator<Item = &'l str>) -> Report {
    collect(plan, 0, lines);
    plan.report()
}

/// A small log that has everything, and names that want to be more than names.
const LOG: &str = r#"
2026-11-23T15:18:33.229071Z	info	request gateway=g route=default/claude http.status=200 trace.id=t1 protocol=llm gen_ai.provider.name=anthropic gen_ai.request.model=sonnet gen_ai.response.model=sonnet gen_ai.usage.input_tokens=336 gen_ai.usage.output_tokens=78 agw.ai.usage.cost.total=0.25 duration=409ms http.header.x-user-email="Alice@example.com"
2026-11-23T15:59:59.000001Z	info	request gateway=g route=default/claude http.status=200 trace.id=t2 protocol=llm gen_ai.provider.name=anthropic gen_ai.request.model=sonnet gen_ai.response.model=sonnet gen_ai.usage.input_tokens=64 gen_ai.usage.output_tokens=22 duration=1s http.header.x-user-email="alice@example.com"
2026-11-23T17:00:00.000001Z	info	request gateway=g route=default/gpt http.status=429 trace.id=t3 protocol=llm gen_ai.provider.name=openai gen_ai.request.model=gpt-5 gen_ai.usage.input_tokens=9 duration=2ms http.header.x-user-email="alice@example.com"
2026-11-23T17:00:01.000001Z	info	request gateway=g route=default/gpt http.status=503 trace.id=t4 protocol=llm gen_ai.request.model=gpt-5 duration=3ms http.header.x-user-email="=cmd|'/C calc'!A0"
2026-11-23T17:00:02.000001Z	info	request gateway=g route=default/gpt http.status=200 trace.id=t5 protocol=http duration=4ms http.header.x-user-email="<script>alert(1)</script>|**x**"
request gateway=g route=default/gpt http.status=200 http.header.x-user-email="[x](javascript:1)\u{1b}[31m,\""
{"level":"info","time":"2026-11-23T17:00:03.000000Z","scope":"request","route":"default/gpt","http.status":200,"duration":"46ms"}
2026-11-23T17:00:04.000001Z	info	state_manager	loaded config
"#;

fn log() -> impl Iterator<Item = &'static str> {
    LOG.trim().lines()
}

fn shown(format: Format) -> String {
    let report = report(&plan(Period::default(), None), log());
    String::from_utf8(render(&report, format, &OPTIONS)).unwrap()
}

#[test]
fn a_table_fits_into_80_columns() {
    let table = shown(Format::Table);
    insta::assert_snapshot!(table);
    assert!(table.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_format_of_the_same_report() {
    insta::assert_snapshot!("json", shown(Format::Json));
    insta::assert_snapshot!("csv", shown(Format::Csv));
    insta::assert_snapshot!("markdown", shown(Format::Markdown));
    let html = shown(Format::Html);
    let (head, body) = html.split_once("</style>").unwrap();
    assert!(head.contains("<title>Requests</title>"));
    insta::assert_snapshot!("html", body);
}

#[test]
fn json_is_json_and_has_all_users() {
    let json: serde_json::Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    assert_eq!(json["from"], "2026-11-23T15:18:33.229071Z");
    assert_eq!(json["total"]["requests"], 7);
    assert_eq!(json["users"].as_array().unwrap().len(), 5);
    let alice = &json["users"][0];
    assert_eq!(alice["user"], "alice@example.com");
    assert_eq!(alice["requests"], 3);
    assert_eq!(alice["errors_4xx"], 1);
    assert_eq!(alice["tokens_input"], 400);
    assert_eq!(alice["cost_usd"], 0.25);
    assert_eq!(alice["duration_seconds"]["p50"], 0.409);
    assert_eq!(alice["routes"]["default/claude"], 2);
    assert_eq!(json["hours"].as_array().unwrap().len(), 2);
    assert_eq!(json["total"]["without_hour"], 1);
}

#[test]
fn colours_are_only_where_they_were_asked_for() {
    let report = report(&plan(Period::default(), None), log());
    let table = |colours| {
        let options = Options { colours, ..OPTIONS };
        String::from_utf8(render(&report, Format::Table, &options)).unwrap()
    };
    assert!(!table(false).contains('\x1b'));
    let coloured = table(true);
    assert!(coloured.contains("\x1b["));
    assert!(coloured.contains("<script>alert(1)"));
}

#[test]
fn one_user_has_the_last_requests() {
    let report = report(&plan(Period::default(), Some("ALICE@example.com")), log());
    assert_eq!(report.total.requests, 3);
    assert_eq!(report.entries(Dimension::User).len(), 1);
    let traces: Vec<_> = report
        .requests
        .iter()
        .map(|one| one.trace.as_deref())
        .collect();
    assert_eq!(traces, [Some("t3"), Some("t2"), Some("t1")]);
    let table = String::from_utf8(render(&report, Format::Table, &OPTIONS)).unwrap();
    insta::assert_snapshot!(table);
    let json = render(&report, Format::Json, &OPTIONS);
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["requests"][0]["trace_id"], "t3");
}

#[test]
fn a_trace_id_is_whole_on_a_narrow_terminal() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let line = format!(
        "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=g route=default/anthropic-claude http.status=200 \
         trace.id={trace} protocol=llm gen_ai.request.model=claude-sonnet-4-5-20250929 duration=409ms user.email=a@x.com"
    );
    let report = report(&plan(Period::default(), Some("a@x.com")), [line.as_str()]);
    for (width, moment) in [(80, "11-23 15:18:33 "), (140, "2026-11-23 15:18:33.229 ")] {
        let options = Options { width, ..OPTIONS };
        let table = String::from_utf8(render(&report, Format::Table, &options)).unwrap();
        let row = table.lines().find(|line| line.ends_with(trace));
        assert!(row.is_some_and(|row| row.contains(moment)), "{table}");
        assert!(
            table
                .lines()
                .all(|line| line.chars().count() <= width as usize)
        );
    }
}

#[test]
fn a_short_time_is_shown_by_minutes_and_a_long_one_by_hours() {
    let line = |minute: u64| {
        let (day, hour, minute) = (minute / 1440 + 1, minute / 60 % 24, minute % 60);
        format!(
            "2026-11-{day:02}T{hour:02}:{minute:02}:30Z\tinfo\trequest gateway=g route=r http.status=200"
        )
    };
    for (minutes, step, rows) in [
        (vec![0, 1, 1, 3], "minute", 4),
        (vec![0, 100], "5 minutes", 21),
        ((0..240).collect(), "hour", 4),
        // Too many minutes, though they lie near each other at the end.
        ((0..3000).collect(), "3 hours", 17),
    ] {
        let lines: Vec<String> = minutes.iter().map(|minute| line(*minute)).collect();
        let plan = plan(Period::default(), None);
        // Two threads that share the lines in any way.
        let (one, two) = lines.split_at(lines.len() / 3);
        collect(&plan, 1, two.iter().map(String::as_str));
        collect(&plan, 0, one.iter().map(String::as_str));
        let report = plan.report();
        let table = String::from_utf8(render(&report, Format::Table, &OPTIONS)).unwrap();
        let (_, over_time) = table.split_once("Requests over time, by ").unwrap();
        let mut shown = over_time.lines();
        assert_eq!(shown.next(), Some(step), "{table}");
        assert_eq!(
            shown.skip(1).take_while(|line| !line.is_empty()).count(),
            rows,
            "{table}"
        );
        assert_eq!(
            report
                .hours
                .iter()
                .map(|(_, all)| all.requests)
                .sum::<u64>(),
            lines.len() as u64
        );
    }
}

#[test]
fn a_user_without_requests_leaves_who_there_is() {
    let report = report(&plan(Period::default(), Some("alise@example.com")), log());
    assert_eq!(report.total.requests, 0);
    assert_eq!(report.nearest, Some((1, "alice@example.com".to_owned())));
    assert_eq!(report.others, Some(5));
    // Nothing to divide by, nothing to draw.
    for format in [
        Format::Table,
        Format::Json,
        Format::Csv,
        Format::Markdown,
        Format::Html,
    ] {
        assert!(!render(&report, format, &OPTIONS).is_empty());
    }
}

#[test]
fn a_period_leaves_out_what_is_outside_and_what_has_no_time() {
    let moment = |text| Some(Period::moment(text, 0).unwrap());
    let period = Period {
        since: moment("2026-11-23T15:30"),
        until: moment("2026-11-23T17:00:02"),
    };
    let report = report(&plan(period, None), log());
    assert_eq!(
        (report.total.requests, report.outside, report.left_out),
        (3, 3, 1)
    );
    let table = String::from_utf8(render(&report, Format::Table, &OPTIONS)).unwrap();
    assert!(table.contains("note: 1 request left out"), "{table}");
}

/// Requests and tokens as the metrics of the same rules have them.
fn counted(lines: &[String]) -> (BTreeMap<(String, String, String), u64>, u64) {
    let set = rules::load(&[]).unwrap().set;
    let engine = Engine::new(&set, None).unwrap();
    let store = Store::new(set.metrics, 0);
    let mut batch = Batch::new(store.hasher());
    let mut runner = engine.runner();
    let origin = origin();
    for text in lines {
        engine.feed(&line(text, &origin), &mut runner, &mut batch);
    }
    store.apply(&batch, 0);
    let page = logmetrics_core::exposition::Exposition::new(
        store.snapshot(0),
        Vec::new(),
        logmetrics_core::exposition::Format::Text,
    );
    let page = String::from_utf8(page.into_bytes()).unwrap();
    let (mut requests, mut tokens) = (BTreeMap::new(), 0);
    for sample in page.lines() {
        let value = || sample.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64;
        if let Some(rest) = sample.strip_prefix("requests_by_user{") {
            let parts: Vec<&str> = rest.split('"').collect();
            // route="…",status="…",user_email="…"
            let key = (
                parts[5].to_owned(),
                parts[1].to_owned(),
                parts[3].to_owned(),
            );
            requests.insert(key, value());
        }
        let ours = sample.contains("type=\"input\"") || sample.contains("type=\"output\"");
        if sample.starts_with("ai_gateway_tokens_total{") && ours {
            tokens += value();
        }
    }
    (requests, tokens)
}

fn some_line() -> impl Strategy<Value = String> {
    let user = prop::sample::select(vec!["", "a@x.com", "A@x.com", "b", "c c"]);
    let route = prop::sample::select(vec!["", "r1", "r2"]);
    let status = prop::sample::select(vec!["", "200", "404", "500", "99", "201"]);
    let tokens = prop::sample::select(vec!["", "0", "7", "120", "x", "-3"]);
    (user, route, status, tokens, 0_u8..10).prop_map(|(user, route, status, tokens, kind)| {
        let field = |key: &str, value: &str| match value {
            "" => String::new(),
            value => format!(" {key}=\"{value}\""),
        };
        let json = |key: &str, value: &str| match value {
            "" => String::new(),
            value => format!(",\"{key}\":\"{value}\""),
        };
        let keys = [
            ("route", route),
            ("http.status", status),
            ("gen_ai.usage.input_tokens", tokens),
            ("duration", "3ms"),
            ("http.header.x-user-email", user),
        ];
        match kind {
            0 => format!("2026-11-23T15:18:33Z\tinfo\tother{}", field("route", route)),
            1..=4 => {
                let fields = keys.map(|(key, value)| json(key, value)).concat();
                format!("{{\"scope\":\"request\"{fields}}}")
            }
            _ => {
                let fields = keys.map(|(key, value)| field(key, value)).concat();
                format!("2026-11-23T15:18:33Z\tinfo\trequest gateway=g{fields}")
            }
        }
    })
}

proptest! {
    /// However the lines are shared among threads, and whatever else is on them.
    #[test]
    fn a_report_counts_what_the_metrics_count(
        lines in prop::collection::vec(some_line(), 0..60),
        cut in 0_usize..60,
    ) {
        let plan = plan(Period::default(), None);
        let (one, two) = lines.split_at(cut.min(lines.len()));
        collect(&plan, 1, two.iter().map(String::as_str));
        collect(&plan, 0, one.iter().map(String::as_str));
        let report = plan.report();
        let (requests, tokens) = counted(&lines);
        prop_assert_eq!(report.total.requests, requests.values().sum::<u64>());
        prop_assert_eq!(report.total.tokens_input + report.total.tokens_output, tokens);
        for (dimension, part) in [(Dimension::Route, 1), (Dimension::Status, 2)] {
            let mut expected = BTreeMap::new();
            for (key, count) in &requests {
                let part = if part == 1 { &key.1 } else { &key.2 };
                *expected.entry((key.0.clone(), part.clone())).or_insert(0) += count;
            }
            let mut found = BTreeMap::new();
            for user in report.entries(Dimension::User) {
                for (name, count) in &user.links[dimension as usize] {
                    found.insert((user.name.clone(), name.clone()), *count);
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
