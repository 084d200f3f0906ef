//! Whole suggestions: of lines that programs write, and of designs that nobody has.

use logmetrics_core::rules::{self, SourceText};

use crate::sample::{Refusal, Sample, SampleLine, origin};
use crate::suggestion::{Suggestion, suggest};
use crate::trial::Trial;
use logmetrics_follow::to_end;

mod designs;

/// The lines of a log, read as everywhere.
fn sample(text: &str) -> Sample {
    let mut sample = Sample::new(1000);
    let bytes = std::io::Cursor::new(text.to_owned());
    to_end::read_lines(&origin(), bytes, |_, line| {
        sample.take(line);
        true
    })
    .unwrap();
    sample
}

/// The suggestion for a log, which must hold: it loads without advice, its cases pass, and it counts.
#[track_caller]
fn suggested(text: &str, log: &str) -> Suggestion {
    let suggestion = suggest(&sample(text), log).unwrap();
    holds(&suggestion).unwrap_or_else(|why| panic!("{why}\n{}", suggestion.rules));
    suggestion
}

fn holds(suggestion: &Suggestion) -> Result<(), String> {
    let trial = Trial::of(&suggestion.rules)?;
    if let Some(advice) = trial.advice.first() {
        return Err(format!("{advice:?}"));
    }
    let source = SourceText {
        path: "suggested".to_owned(),
        text: suggestion.rules.clone(),
    };
    let loaded = rules::load_text(vec![source]).map_err(|problems| problems.to_string())?;
    let (_, case) = loaded.cases.first().ok_or("there is no test")?;
    let samples = trial.samples(case.lines.iter().map(String::as_str));
    match samples == case.expect && !samples.is_empty() && suggestion.matched > 0 {
        true => Ok(()),
        false => Err(format!("{samples:#?}\nare not\n{:#?}", case.expect)),
    }
}

#[test]
fn objects_of_json_are_counted_by_their_fields_of_few_values() {
    let log = r#"{"ts":"2026-01-01T00:00:00Z","level":"info","req":{"method":"GET","url":"/a"},"took_ms":12}
{"ts":"2026-01-01T00:00:01Z","level":"warn","req":{"method":"PUT","url":"/b"},"took_ms":480}"#;
    let suggestion = suggested(log, "shop.log");
    assert_eq!((suggestion.lines, suggestion.matched), (2, 2));
    for wanted in [
        "time = \"ts\"",
        "counter = \"shop_requests_total\"\nhelp = \"Requests by method, level.\"\nby = [\"method\", \"level\"]",
        "histogram = \"shop_took_seconds\"",
        "value = { from = \"took_ms\", unit = \"ms\" }",
        "#   `req.url` may have another value on each line",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
}

#[test]
fn pairs_are_read_in_any_order() {
    let log = "level=info user=ann status=200 dur=3ms path=/a\nuser=bob level=error status=500 dur=1.5s path=/b\n";
    let suggestion = suggested(log, "api.log");
    for wanted in [
        "fields = \"logfmt\"",
        "by = [\"status\", \"level\", \"user\"]",
        "histogram = \"api_dur_seconds\"",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
}

#[test]
fn a_log_of_own_design_is_aligned() {
    let log = "2026-01-01 10:00:00 [INFO] alice called billing, took 12 ms, status 200\n\
               2026-01-01 10:00:01 [WARN] bob called orders, took 9 ms, status 404\n\
               2026-01-01 10:00:02 [INFO] alice called orders, took 1200 ms, status 200\n";
    let suggestion = suggested(log, "own.log");
    assert_eq!(suggestion.matched, 3);
    for wanted in [
        r"took (?P<took>\S+) ms",
        r"status (?P<status>\S+)",
        r"\[(?P<level>",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
}

#[test]
fn a_text_at_the_end_of_lines_is_no_column() {
    let log = "2025-11-27 10:12:01,123 ERROR [http-3] c.e.Orders - Could not place order 4711\n\
               java.lang.IllegalStateException: stock is empty\n\tat com.example.Orders.place(Orders.java:88)\n\
               2025-11-27 10:12:02,000 INFO  [main] c.e.Cleanup - Removed 17 carts in 23 ms\n";
    let suggestion = suggested(log, "java.log");
    assert!(
        suggestion.rules.contains("(?P<level>"),
        "{}",
        suggestion.rules
    );
    assert!(
        !suggestion.rules.contains("histogram"),
        "{}",
        suggestion.rules
    );
}

#[test]
fn traces_are_joined_to_what_they_belong_to() {
    let log = "2025/11/27 10:12:01 web-7 failed with E4711, took 12 ms\n\
               java.lang.IllegalStateException: stock is empty\n\tat com.example.Orders.place(Orders.java:88)\n\
               2025/11/27 10:12:02 web-8 failed with E4712, took 9 ms\n\
               2025/11/27 10:12:03 web-7 failed with E4713, took 8 ms\n";
    let suggestion = suggested(log, "own.log");
    assert!(suggestion.joins);
    assert_eq!((suggestion.lines, suggestion.matched), (3, 3));
    for wanted in [
        "[input]\nmultiline = \"java\"\n\n",
        "3 records in its first 5 lines, 3 of which",
        "at com.example.Orders.place(Orders.java:88)',\n",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
}

#[test]
fn shipped_rules_join_the_records_of_their_programs() {
    let java = "2025-11-27 10:12:01,123 ERROR [main] c.e.Orders - no\n\
                java.lang.IllegalStateException: stock is empty\n\tat com.example.Orders.place(Orders.java:88)\n";
    let postgres = "2025-11-27 10:12:02.000 UTC [2212] app@shop ERROR:  no\n\
                    2025-11-27 10:12:02.000 UTC [2212] app@shop STATEMENT:  SELECT\n\t1\n";
    let suggestion = suggested(java, "app.log");
    assert_eq!(
        (suggestion.lines, suggestion.matched, suggestion.joins),
        (1, 1, true)
    );
    let suggestion = suggested(&format!("{java}{postgres}"), "both.log");
    assert_eq!(
        (suggestion.lines, suggestion.matched, suggestion.joins),
        (2, 2, true)
    );
    let sections = suggestion.rules.matches("[[input.multiline]]").count();
    assert_eq!(sections, 2, "{}", suggestion.rules);
}

#[test]
fn a_report_knows_user_route_status_and_duration() {
    let log = "user=ann path=/a?x=1 status=200 took=12ms\nuser=bob path=/b status=500 took=1s\n";
    let suggestion = suggested(log, "api.log");
    let wanted = "[rule.report]\nuser = \"user\"\n\
                  route = { from = \"path\", match = '^[^?]*', default = \"none\" }\n\
                  status = \"status\"\nduration = \"took\"\n";
    assert!(suggestion.rules.contains(wanted), "{}", suggestion.rules);
    let plain = suggested(
        "level=info err_code=1\nlevel=warn err_code=2\n",
        "plain.log",
    );
    assert!(!plain.rules.contains("report"), "{}", plain.rules);
}

#[test]
fn tables_with_a_line_of_names_have_their_names() {
    let log = "ts,desk,qty,latency_us\n2026-01-01T00:00:00Z,fx,100,152\n2026-01-01T00:00:01Z,eq,20,1201\n";
    let suggestion = suggested(log, "trades.csv");
    for wanted in [
        "columns = [\"ts\", \"desk\", \"qty\", \"latency_us\"]",
        "value = { from = \"latency_us\", unit = \"us\" }",
        "counter = \"trades_lines_total\"",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
    assert_eq!(suggestion.matched, 2);
}

#[test]
fn what_holds_nothing_is_said_in_words() {
    assert_eq!(suggest(&sample(""), "x"), Err(Refusal::Empty));
    assert_eq!(suggest(&sample(" \n\t\n"), "x"), Err(Refusal::Blank));
    let bytes = "\u{1}\u{2}\u{3}a\u{7f}\u{4}\n".repeat(5);
    assert_eq!(suggest(&sample(&bytes), "x"), Err(Refusal::Binary));
    for refusal in [Refusal::Empty, Refusal::Blank, Refusal::Binary] {
        assert!(refusal.to_string().len() > 40);
    }
}

#[test]
fn lines_that_have_nothing_in_common_are_counted_all_the_same() {
    let suggestion = suggested("hello\nsomething else entirely\n!!\n", "-");
    assert_eq!(suggestion.matched, 3);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_the_lines_are_the_suggestion_holds(
        lines in proptest::collection::vec("(\\PC|[ =\"\\[\\]|,;:{}0-9a-c/-]){0,30}", 1..12),
    ) {
        let text = lines.join("\n");
        match suggest(&sample(&text), "any.log") {
            Ok(suggestion) => {
                let result = holds(&suggestion);
                proptest::prop_assert!(result.is_ok(), "{}\n{}", result.unwrap_err(), suggestion.rules);
            }
            Err(Refusal::Failed(why)) => proptest::prop_assert!(false, "{}", why),
            Err(_) => {}
        }
    }
}

#[test]
fn a_line_without_wrapping_is_its_own_whole() {
    assert_eq!(sample("a").lines, [SampleLine::plain("a")]);
}

/// The samples that the rules give of a whole log, without those of numbers.
#[track_caller]
fn counters(log: &str, name: &str) -> Vec<String> {
    let suggestion = suggested(log, name);
    let trial = Trial::of(&suggestion.rules).unwrap();
    let samples = trial.samples(log.lines());
    let counters = samples
        .into_iter()
        .filter(|sample| sample.contains("_total"));
    counters.collect()
}

#[test]
fn only_requests_count_as_requests() {
    // Fastify writes a line for what comes and another one for the answer.
    let pino = r#"{"level":30,"time":1772359200001,"pid":7,"msg":"Server listening at http://127.0.0.1:3000"}
{"level":30,"time":1772359200002,"pid":7,"msg":"routes are ready"}
{"level":30,"time":1772359200123,"pid":7,"reqId":"req-1","req":{"method":"GET","url":"/a"},"msg":"incoming request"}
{"level":30,"time":1772359200125,"pid":7,"reqId":"req-1","res":{"statusCode":200},"responseTime":2.1,"msg":"request completed"}
{"level":30,"time":1772359200323,"pid":7,"reqId":"req-2","req":{"method":"GET","url":"/b"},"msg":"incoming request"}
{"level":50,"time":1772359200325,"pid":7,"reqId":"req-2","res":{"statusCode":500},"responseTime":9.7,"msg":"request completed"}"#;
    assert_eq!(
        counters(pino, "pino.log"),
        [
            r#"pino_other_lines_total{level="30",method="GET"} 2"#,
            r#"pino_other_lines_total{level="30",method="none"} 2"#,
            r#"pino_requests_total{level="30",status_code="200"} 1"#,
            r#"pino_requests_total{level="50",status_code="500"} 1"#,
        ]
    );
    let logfmt = "ts=2026-01-01T00:00:00Z level=info msg=\"status is good\" version=1.2\n\
                  ts=2026-01-01T00:00:01Z level=info method=GET status=200 took=12ms path=/a\n\
                  ts=2026-01-01T00:00:02Z level=info method=PUT status=404 took=2ms path=/b\n";
    assert_eq!(
        counters(logfmt, "api.log"),
        [
            r#"api_requests_total{level="info",method="GET",status="200"} 1"#,
            r#"api_requests_total{level="info",method="PUT",status="404"} 1"#,
        ]
    );
    let suggestion = suggested(logfmt, "api.log");
    for wanted in [
        r#"match = '(?:^|[ \t])status="?\d'"#,
        "# 2 of 3 lines are pairs of `key=value` with `status`, and only these are counted here",
        "# Not counted: 1 lines, such as ts=2026-01-01T00:00:00Z",
    ] {
        assert!(
            suggestion.rules.contains(wanted),
            "{wanted}\n{}",
            suggestion.rules
        );
    }
    // Two fields with a dot in the name, and a status in words.
    let flat = r#"{"time":"2026-01-01T00:00:00Z","msg":"ready"}
{"time":"2026-01-01T00:00:01Z","msg":"done","job.status":"ok","job.name":"a"}
{"time":"2026-01-01T00:00:02Z","msg":"stopping"}
{"time":"2026-01-01T00:00:03Z","msg":"done","job.status":"failed","job.name":"a"}"#;
    let suggestion = suggested(flat, "jobs.log");
    assert!(
        suggestion
            .rules
            .contains("match_json = { \"job.status\" = '.+' }"),
        "{}",
        suggestion.rules
    );
    assert_eq!(suggestion.matched, 4);
}
