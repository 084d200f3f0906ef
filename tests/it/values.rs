//! Numbers as programs write them: read where a rule says how, refused with a reason otherwise.

use crate::fixture::{Run, Scratch, repository};

fn data(name: &str) -> std::path::PathBuf {
    repository("tests/data/values").join(name)
}

/// A rule for `numbers.log` with this `value`.
fn numbers(value: &str) -> String {
    format!(
        "[[rule]]\nname = 'num'\nmatch = '^(?P<case>\\S+) v=(?P<v>.*)$'\n\
         [[rule.metric]]\ngauge = 'g'\nvalue = {value}\nby = ['case']\n"
    )
}

/// What becomes of the cases of `numbers.log`: `case value` for each that is read.
fn read(value: &str) -> Vec<(String, f64)> {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", &numbers(value));
    let run = Run::new()
        .rules(rules)
        .arg("--once")
        .arg(data("numbers.log"));
    let samples = run.go().success().sorted("g{");
    let case = |sample: &String| {
        let (case, number) = sample.strip_prefix("g{case=\"")?.split_once("\"} ")?;
        Some((case.to_owned(), number.parse().ok()?))
    };
    samples.iter().map(|sample| case(sample).unwrap()).collect()
}

#[track_caller]
fn reads(value: &str, cases: &[(&str, f64)]) {
    let all = read(value);
    for (case, expected) in cases {
        let found = all.iter().find(|(name, _)| name == case);
        assert_eq!(
            found.map(|(_, number)| *number),
            Some(*expected),
            "{value}: {case}"
        );
    }
}

#[test]
fn without_a_word_only_what_is_certain() {
    let names: Vec<String> = read("'v'").into_iter().map(|(name, _)| name).collect();
    let expected = [
        "big",
        "day",
        "dot",
        "dotend",
        "mib_space",
        "micro",
        "minutes",
        "negative",
        "plus",
        "sci",
        "scicap",
        "unicode_minus",
        "us",
    ];
    assert_eq!(names, expected);
}

#[test]
fn with_a_unit_whatever_is_of_its_kind() {
    reads(
        "{ from = 'v', unit = 's' }",
        &[
            ("secs", 3.5),
            ("seconds", 2.0),
            ("minutes", 120.0),
            ("msec", 0.015),
            ("micro", 0.00025),
            ("clock", 79.2291584),
            ("hms", 3723.0),
            ("iso", 90.0),
            ("day", 93_600.0),
            ("unicode_minus", -5.0),
        ],
    );
    reads(
        "{ from = 'v', unit = 'bytes' }",
        &[
            ("mib_space", 12_928_942.08),
            ("mb_lower", 12e6),
            ("k", 12e3),
            ("M", 12e6),
            ("gb", 3.4e9),
            ("bytes", 512.0),
        ],
    );
    reads(
        "{ from = 'v', unit = 'percent' }",
        &[("percent", 0.125), ("plus", 0.035)],
    );
    reads(
        "{ from = 'v', number = 'si' }",
        &[("k", 12e3), ("G", 3.4e9)],
    );
    reads("{ from = 'v', number = 'hex' }", &[("hex", 31.0)]);
    reads(
        "{ from = 'v', number = { group = ',' } }",
        &[("thousands", 1_234_567.0)],
    );
    reads(
        "{ from = 'v', number = { group = '_' } }",
        &[("underscore", 1000.0)],
    );
    reads(
        "{ from = 'v', number = { decimal = ',', group = '.' } }",
        &[("thousands_dot", 1_234_567.0), ("comma_dec", 3.14)],
    );
    reads(
        "{ from = 'v', map = { true = 1, '-' = 0 } }",
        &[("bool", 1.0), ("dash", 0.0)],
    );
}

#[test]
fn explain_says_why_a_text_is_no_number() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", &numbers("'v'"));
    let run = Run::new()
        .args("explain -r")
        .arg(rules)
        .arg(data("numbers.log"));
    let said = run.go().success().stdout;
    for (text, why) in [
        ("`0x1F`", "`number = \"hex\"` reads it"),
        ("`3,14`", "`number = { decimal = \",\" }` reads it"),
        ("`1,234,567`", "`number = { group = \",\" }` reads it"),
        ("`12.5%`", "`unit = \"percent\"` reads it"),
        (
            "`12K`",
            "`number = \"si\"` or `unit = \"bytes\"` says which",
        ),
        ("`PT1M30S`", "`unit = \"s\"` reads it"),
        ("`NaN`", "is no finite number"),
        ("`true`", "`map = { true = 1 }` gives it a number"),
        ("`\"0.004\"`", "has quotes around it"),
        ("`0.000, 0.016`", "is several numbers"),
        ("`-`", "says that there is none"),
        ("`(-5)`", "has brackets around it"),
    ] {
        let line = format!("field `v` is {text}, which ");
        let found = said.lines().find(|said| said.contains(&line));
        assert!(
            found.is_some_and(|found| found.contains(why)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn milliseconds_become_seconds() {
    let rules = repository("rules/json-http.toml");
    let once = || {
        Run::new()
            .rules(&rules)
            .arg("--once")
            .arg(data("pino.log"))
            .go()
            .success()
    };
    assert_eq!(
        once().sorted("http_request_duration_seconds_sum"),
        [
            "http_request_duration_seconds_sum{method=\"GET\"} 0.012",
            "http_request_duration_seconds_sum{method=\"POST\"} 0.048",
        ]
    );
    let report = Run::new().args("report --format json -r").arg(&rules);
    let report = report.arg(data("pino.log")).go().success().stdout;
    assert!(report.contains("2026-03-01T"), "{report}");
    assert!(report.contains("0.048"), "{report}");
}

#[test]
fn a_state_is_one_or_zero() {
    let scratch = Scratch::new();
    let first = scratch.write("up.log", "link up\n");
    for value in ["{ from = 'state', map = { up = 1, down = 0 } }", "'up'"] {
        let rules = format!(
            "[[rule]]\nmatch = 'link (?P<state>up|down)'\n\
             [rule.labels]\nup = {{ from = 'state', map = {{ up = '1', down = '0' }} }}\n\
             [[rule.metric]]\ngauge = 'link_up'\nvalue = {value}\n"
        );
        let rules = scratch.write("rules.toml", &rules);
        let once = |log: &std::path::Path| {
            let run = Run::new().rules(&rules).arg("--once").arg(log);
            run.go().success().sorted("link_up ")
        };
        assert_eq!(once(&first), ["link_up 1"], "{value}");
        assert_eq!(once(&data("link-up-down.log")), ["link_up 0"], "{value}");
    }
    // Set by an event, and down again.
    let rules = "[[rule]]\nmatch = 'link up'\nmetric = [{ gauge = 'links', add = 1 }, { gauge = 'last_up', set = 1 }]\n\
                 [[rule]]\nmatch = 'link down'\nmetric = [{ gauge = 'links', subtract = 1 }]\n";
    let rules = scratch.write("events.toml", rules);
    let run = Run::new()
        .rules(rules)
        .arg("--once")
        .arg(data("link-up-down.log"));
    assert_eq!(run.go().success().sorted("l"), ["last_up 1", "links 0"]);
}

#[test]
fn check_warns_of_numbers_in_another_unit() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nfields = 'json'\n\
         metric = [{ histogram = 'a_seconds', value = 'duration_ms' }, { histogram = 'b_seconds', value = 'took' }]\n\
         [[test]]\nlines = '{\"duration_ms\":12,\"took\":25000}'\nexpect = []\n",
    );
    let check = Run::new().arg("check").arg(rules).go().success();
    check.says(&[
        "duration_ms",
        "unit = \"ms\"",
        "the numbers for `b_seconds` look like ms",
    ]);
}
