//! What is not known is not said to be zero, and what can hardly be right is set apart.

use super::*;
use logmetrics_core::rules::{SourceText, load_text};

fn report_by(rules: &str, lines: &[&str]) -> Report {
    let text = SourceText {
        path: "a.toml".to_owned(),
        text: rules.to_owned(),
    };
    let set = load_text(vec![text]).unwrap().set;
    let extractor = Extractor::new(&set, None).unwrap().unwrap();
    let plan = Arc::new(Plan::new(extractor, Period::default(), None, 3));
    report(&plan, lines.iter().copied())
}

fn written(report: &Report, format: Format) -> String {
    String::from_utf8(render(report, format, &OPTIONS)).unwrap()
}

#[test]
fn rules_without_a_status_or_tokens_say_neither() {
    let rules = "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\nmetric = [{ counter = 'a_total', by = ['user'] }]\n";
    let report = report_by(rules, &["user=ann", "user=ann", "user=bob"]);
    let json: serde_json::Value = serde_json::from_str(&written(&report, Format::Json)).unwrap();
    for element in [&json["total"], &json["users"][0]] {
        for member in [
            "errors_4xx",
            "errors_5xx",
            "tokens_input",
            "tokens_output",
            "cost_usd",
        ] {
            assert!(element[member].is_null(), "{member}: {element}");
        }
    }
    assert_eq!(json["users"][0]["requests"], 2);
    for format in [Format::Table, Format::Markdown, Format::Html] {
        let text = written(&report, format).replace('\u{a0}', " ");
        for wrong in ["0 errors", "errors 4xx", "error rate", "tokens"] {
            assert!(!text.contains(wrong), "{wrong}\n{text}");
        }
        assert!(text.contains('–'), "{text}");
    }
    let csv = written(&report, Format::Csv);
    assert!(csv.starts_with("user,requests,errors_4xx"), "{csv}");
    assert!(csv.contains("\r\nann,2,,,,,,,,,,"), "{csv}");
}

#[test]
fn a_status_that_is_known_and_good_is_zero_errors() {
    let line = "request gateway=g route=r http.status=200 user.email=a@x.com";
    let report = report(&plan(Period::default(), None), [line]);
    let json: serde_json::Value = serde_json::from_str(&written(&report, Format::Json)).unwrap();
    assert_eq!(json["total"]["errors_4xx"], 0);
    assert_eq!(json["total"]["tokens_input"], 0);
    assert!(written(&report, Format::Table).contains("0 errors 4xx"));
}

#[test]
fn a_wrong_clock_does_not_stretch_the_timeline() {
    let at = |time: &str| format!("{time}\tinfo\trequest gateway=g route=r http.status=200");
    let mut lines: Vec<String> = (0..9)
        .map(|minute| at(&format!("2026-11-23T15:0{minute}:30Z")))
        .collect();
    lines.insert(4, at("1969-12-31T23:59:59Z"));
    let plan = plan(Period::default(), None);
    let report = report(&plan, lines.iter().map(String::as_str));
    let table = written(&report, Format::Table);
    assert!(
        table.contains("2026-11-23 15:00 to 2026-11-23 15:08 UTC"),
        "{table}"
    );
    assert!(table.contains("Requests over time, by minute"), "{table}");
    assert!(
        table.contains("note: 1 request at 1969-12-31 23:59 UTC, far from all others (a wrong clock?), counts everywhere but over time"),
        "{table}"
    );
    let json: serde_json::Value = serde_json::from_str(&written(&report, Format::Json)).unwrap();
    assert_eq!(json["total"]["requests"], 10);
    assert_eq!(json["total"]["without_hour"], 1);
    assert_eq!(json["hours"].as_array().unwrap().len(), 1);
    assert_eq!(json["outliers"]["requests"], 1);
    assert_eq!(json["outliers"]["from"], "1969-12-31T23:59:59Z");
    assert_eq!(json["from"], "2026-11-23T15:00:30Z");
}

#[test]
fn one_is_one_and_what_is_measured_stands_behind_its_name() {
    let request = |user: &str, ms: u64| {
        format!("request gateway=g route=r http.status=200 duration={ms}ms user.email={user}")
    };
    let lines = ["a", "b", "c", "d"].map(|user| request(user, 123_420_000));
    let plan = plan(Period::default(), None);
    let report = report(&plan, lines.iter().map(String::as_str));
    let table = written(&report, Format::Table);
    assert!(
        table.contains("and 1 more user with 1 request (--top"),
        "{table}"
    );
    assert!(table.contains("p50 34h17m"), "{table}");
    assert!(!table.contains("34h17m p50"), "{table}");
}
