//! Lines that cannot be read: nobody is counted for them, and they are said to be unreadable.

use proptest::prelude::*;

use super::*;
use crate::engine::extract::{Extractor, Reading};
use crate::engine::verdict::Outcome as Says;

const RULES: &str = r#"
[[rule]]
match = '^\{.*"scope":"request"|^request '
fields = "auto"
match_json = { scope = "request" }
labels.user = { from = "user", default = "anonymous" }
metric = [
  { counter = "requests", by = ["user"] },
  { counter = "tokens_total", value = "tokens", where = { tokens = '\d+' } },
]
"#;

fn says(line: &[u8]) -> Says {
    let (engine, _) = engine(RULES);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let line = Line {
        text: line,
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    engine.explain(&line).remove(0).outcome
}

#[test]
fn what_breaks_counts_for_nobody() {
    let deep = format!(
        "{{\"scope\":\"request\",\"a\":{}",
        "[".repeat(200) + &"]".repeat(200) + "}"
    );
    let whole = r#"{"scope":"request","user":"ann","tokens":5}"#;
    let broken = [
        &whole[..whole.len() - 1],
        &whole[..24],
        &format!("{whole} x"),
        &format!("{whole}{whole}"),
        &deep,
        r#"{"scope":"request",user:"ann"}"#,
        r#"{"scope":"request","user":"ann",}"#,
    ];
    for line in broken {
        let outcome = run(RULES, &[line.as_bytes(), whole.as_bytes()]);
        assert_eq!(
            outcome.samples, "requests{user=\"ann\"} 1\ntokens_total 5\n",
            "{line}"
        );
        assert_eq!((outcome.unmatched, outcome.unreadable), (1, 1), "{line}");
    }
    let line_end = whole.len() - 1;
    assert_eq!(
        says(&whole.as_bytes()[..line_end]),
        Says::Unreadable { line_end }
    );
    let says = says(format!("{whole} x").as_bytes());
    assert_eq!(
        says.to_string(),
        "the line cannot be read, as its JSON breaks at byte 44"
    );
}

#[test]
fn a_line_without_its_last_brace_counts_where_no_default_speaks_for_it() {
    for (line, expected) in [
        (
            r#"{"scope":"request","user":"ann""#,
            "requests{user=\"ann\"} 1\n",
        ),
        (
            r#"{"scope":"request","user":"ann","more":[1]"#,
            "requests{user=\"ann\"} 1\n",
        ),
        // The user may have been on what is gone.
        (r#"{"scope":"request","route":"r""#, ""),
        (
            r#"{"scope":"request","user":"""#,
            "requests{user=\"anonymous\"} 1\n",
        ),
        // The number may have been longer.
        (r#"{"scope":"request","user":"ann","tokens":5"#, ""),
        (r#"{"scope":"request","user":"ann","tok"#, ""),
        (r#"{"scope":"request","user":"an"#, ""),
        (r#"{"user":"ann","a":{"b":"c""#, ""),
    ] {
        let outcome = run(RULES, &[line.as_bytes()]);
        assert_eq!(
            outcome.samples,
            format!("{expected}tokens_total 0\n"),
            "{line}"
        );
        let (unreadable, unmatched) = (outcome.unreadable, outcome.unmatched);
        let is_other = !line.starts_with(r#"{"scope":"request""#);
        assert_eq!(unmatched, u64::from(expected.is_empty()), "{line}");
        assert_eq!(
            unreadable,
            u64::from(expected.is_empty() && !is_other),
            "{line}"
        );
    }
}

#[test]
fn a_line_is_of_a_kind_by_its_own_field() {
    for other in [
        r#"{"scope":"audit","b":[{"scope":"request"}]}"#,
        r#"{"scope":"audit","b":{"scope":"request"}}"#,
        r#"{"b":{"scope":"request"}}"#,
        r#"{"b":[{"scope":"request"}]}"#,
        r#"{"scope":"audit","scope":"request"}"#,
        r#"{"scope":null,"b":[{"scope":"request"}]}"#,
        r#"{"scope":["request"],"b":[{"scope":"request"}]}"#,
        r#"{"scope":"requests","b":[{"scope":"request"}]}"#,
    ] {
        let outcome = run(RULES, &[other.as_bytes()]);
        assert_eq!(outcome.samples, "tokens_total 0\n", "{other}");
        assert_eq!((outcome.unmatched, outcome.unreadable), (1, 0), "{other}");
        let text = says(other.as_bytes()).to_string();
        assert_eq!(text, "`match_json` asks that `scope` is `request`");
    }
    // Whatever is on a line that is no JSON.
    let outcome = run(RULES, &[b"request user=ann scope=other"]);
    assert_eq!(
        outcome.samples,
        "requests{user=\"ann\"} 1\ntokens_total 0\n"
    );
}

#[test]
fn a_pattern_alone_still_counts_where_there_are_no_fields() {
    let rules = "[[rule]]\nmatch = 'up (?P<name>\\S+)'\nfields = 'json'\nmetric = [{ counter = 'ups', by = ['name'] }]";
    let outcome = run(rules, &[b"up one", b"{\"a\": up two"]);
    assert_eq!(outcome.samples, "ups{name=\"one\"} 1\n");
    assert_eq!((outcome.unmatched, outcome.unreadable), (1, 1));
}

proptest! {
    /// However a record is cut, it counts for its own user or not at all.
    #[test]
    fn no_part_of_a_record_is_a_request(
        cut in 0_usize..200,
        user in "[a-z\"\\\\é]{0,9}",
        nested in "[a-z{}\\[\\]\", :]{0,9}",
    ) {
        let record = serde_json::json!({ "scope": "request", "x": nested, "user": format!("u{user}") });
        let whole = record.to_string();
        let cut = whole.floor_char_boundary(cut.min(whole.len()));
        let part = &whole[..cut];
        let outcome = run(RULES, &[part.as_bytes()]);
        let as_whole = run(RULES, &[whole.as_bytes()]).samples;
        let is_nobody = !outcome.samples.contains("requests{");
        prop_assert!(is_nobody || outcome.samples == as_whole, "{}", part);
        prop_assert!(cut < whole.len() || !is_nobody);
        prop_assert!(!outcome.samples.contains("anonymous"));
    }
}

#[test]
fn a_value_that_would_make_a_counter_infinite_is_a_bad_one() {
    let line = format!(
        "{{\"scope\":\"request\",\"user\":\"a\",\"tokens\":{}}}",
        f64::MAX
    );
    let outcome = run(RULES, &[line.as_bytes(), line.as_bytes()]);
    assert!(outcome.samples.starts_with("requests{user=\"a\"} 2\n"));
    assert!(!outcome.samples.contains("Inf"), "{}", outcome.samples);
    assert_eq!(
        outcome.field_errors,
        [("tokens".to_owned(), FieldErrorKind::BadValue, 1)]
    );
}

/// Wherever a crash cuts a record, a report has the requests that are counted.
#[test]
fn a_report_takes_and_refuses_what_counting_does() {
    let shipped = include_str!("../../../../../rules/agentgateway.toml");
    let record = r#"{"level":"info","time":"2026-11-23T14:51:29.183611Z","scope":"request","route":"default/r","http.status":200,"protocol":"llm","gen_ai.request.model":"m","duration":"46ms","user":"ann","http.header.x-user-email":"ann@example.com","more":{"a":[1,"b"]}}"#;
    let early = r#"{"scope":"request","user":"ann","route":"r","http.status":200,"a":"b"}"#;
    let mut reported = 0;
    for (rules, record) in [(shipped, record), (shipped, early), (RULES, early)] {
        let (engine, store) = engine(rules);
        let file = SourceText {
            path: "test.toml".into(),
            text: rules.into(),
        };
        let set = load_text(vec![file]).unwrap().set;
        let extractor = Extractor::new(&set, None).unwrap().unwrap();
        let mut reading = Reading::default();
        let mut runner = engine.runner();
        let mut batch = Batch::new(store.hasher());
        let origin = Origin {
            source: Arc::from("-"),
            file: Arc::from("-"),
        };
        for end in 0..=record.len() {
            let line = Line {
                text: &record.as_bytes()[..end],
                wrapping: &Wrapping::NONE,
                origin: &origin,
            };
            let is_counted = engine.feed(&line, &mut runner, &mut batch);
            let is_reported = extractor.read(&line, &mut reading).is_some();
            assert_eq!(is_reported, is_counted, "{}", &record[..end]);
            reported += usize::from(is_reported && end < record.len());
        }
    }
    assert!(reported > 0, "no cut record is a request");
}
