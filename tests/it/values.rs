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
    let rules = scratch.write("rules.toml", numbers(value));
    let run = Run::new()
        .rules(rules)
        .arg("--once")
        .arg(data("numbers.log"));
    let run = run.go().success();
    let case = |sample: &str| {
        let (case, number) = sample.strip_prefix("g{case=\"")?.split_once("\"} ")?;
        Some((case.to_owned(), number.parse().ok()?))
    };
    let samples = run.sorted("g{");
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
        &[("thousands_dot", 1_234_567.0), ("comma_dec", 314.0 / 100.0)],
    );
    reads(
        "{ from = 'v', map = { true = 1, '-' = 0 } }",
        &[("bool", 1.0), ("dash", 0.0)],
    );
}

#[test]
fn explain_says_why_a_text_is_no_number() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", numbers("'v'"));
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
            Run::new()
                .rules(&rules)
                .arg("--once")
                .arg(log)
                .go()
                .success()
        };
        assert_eq!(once(&first).sorted("link_up "), ["link_up 1"], "{value}");
        let both = once(&data("link-up-down.log"));
        assert_eq!(both.sorted("link_up "), ["link_up 0"], "{value}");
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

/// The rules that people wrote for `times.log`.
const TIMES: &str = r#"
[[rule]]
name = "t"
match = '^\[(?P<ts>[^\]]+)\] job=(?P<job>\S+)'
time = "ts"
[[rule.metric]]
counter = "jobs_total"
by = ["job"]
[[rule.metric]]
gauge = "job_last_seconds"
value = "_time"
by = ["job"]
[[rule.metric]]
gauge = "job_last2_seconds"
value = "ts"
by = ["job"]
[rule.report]
user = "job"
"#;

#[test]
fn times_are_read_in_every_usual_form() {
    let scratch = Scratch::new();
    let rules = scratch.write("times.toml", TIMES);
    let once = Run::new()
        .rules(&rules)
        .arg("--once")
        .arg(data("times.log"))
        .go()
        .success();
    assert_eq!(once.sorted("jobs_total{").len(), 17);
    for (metric, lead) in [
        ("job_last_seconds", "job_last_seconds{"),
        ("job_last2_seconds", "job_last2_seconds{"),
    ] {
        let samples = once.sorted(lead);
        assert_eq!(samples.len(), 17, "{metric}");
        for sample in samples
            .iter()
            .filter(|sample| !sample.contains("\"syslog\""))
        {
            let seconds: f64 = sample.rsplit(' ').next().unwrap().parse().unwrap();
            assert!((seconds - 1_772_359_200.0).abs() <= 7200.0, "{sample}");
        }
    }
    let explain = Run::new()
        .args("explain -r")
        .arg(&rules)
        .arg(data("times.log"))
        .go()
        .success();
    assert!(
        !explain.stdout.contains("cannot be read"),
        "{}",
        explain.stdout
    );
}

#[test]
fn a_report_knows_when_in_other_programs_logs() {
    let scratch = Scratch::new();
    for (name, early, late) in [
        (
            "clf",
            "a [27/Nov/2025:10:12:01 +0000] x",
            "a [27/Nov/2025:13:12:01 +0000] x",
        ),
        (
            "haproxy",
            "a [27/Nov/2025:10:12:01.655] x",
            "a [27/Nov/2025:13:12:01.655] x",
        ),
        (
            "apache-error",
            "a [Thu Nov 27 10:12:01.123456 2025] x",
            "a [Thu Nov 27 13:12:01.123456 2025] x",
        ),
        (
            "log4j",
            "a [2025-11-27 10:12:01,123] x",
            "a [2025-11-27 13:12:01,123] x",
        ),
        (
            "postgres",
            "a [2025-11-27 10:12:01.123 UTC] x",
            "a [2025-11-27 13:12:01.123 UTC] x",
        ),
        (
            "nginx-error",
            "a [2025/11/27 10:12:01] x",
            "a [2025/11/27 13:12:01] x",
        ),
    ] {
        let log = scratch.write("a.log", format!("{early}\n{late}\n"));
        let rules = scratch.write(
            "a.toml",
            "[[rule]]\nmatch = '^(?P<user>a) \\[(?P<ts>[^\\]]+)\\]'\ntime = 'ts'\n\
             [[rule.metric]]\ncounter = 'seen_total'\nby = ['user']\n",
        );
        let report = |since: &str| {
            let run = Run::new()
                .args("report --format json --since")
                .arg(since)
                .arg("-r")
                .arg(&rules);
            run.arg(&log).go().success().stdout
        };
        assert!(
            report("2025-11-27T12:00Z").contains("\"requests\":1"),
            "{name}: {}",
            report("2025-11-27T12:00Z")
        );
        assert!(
            report("2025-11-27T09:00Z").contains("\"requests\":2"),
            "{name}"
        );
    }
}

#[test]
fn a_report_knows_when_by_what_syslog_writes_before_a_line() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "ssh.toml",
        "[[rule]]\nmatch = '^(?P<what>Failed|Accepted) \\S+ for (?P<user>\\S+)'\n\
         [[rule.metric]]\ncounter = 'logins_total'\nby = ['what', 'user']\n",
    );
    let now = jiff::Timestamp::now().to_string();
    let year = now.get(..4).unwrap();
    let line =
        |time: &str| format!("{time} web1 sshd[2345]: Failed password for root from 203.0.113.7\n");
    let log = scratch.write(
        "auth.log",
        &(line("Jan  1 10:12:01") + &line("Jan  1 13:12:01")),
    );
    let since = format!("{year}-01-01T12:00Z");
    let run = Run::new()
        .args("report --format json --since")
        .arg(since)
        .arg("-r")
        .arg(rules)
        .arg(log);
    let report = run.go().success().stdout;
    assert!(report.contains("\"requests\":1,"), "{report}");
    // The rules that are shipped know nginx's.
    let nginx = scratch.write(
        "access.log",
        "a - - [27/Nov/2025:10:12:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n\
         a - - [27/Nov/2025:13:12:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n",
    );
    let run = Run::new().args("report --format json --since 2025-11-27T12:00Z -r");
    let report = run
        .arg(repository("rules/nginx.toml"))
        .arg(nginx)
        .go()
        .success()
        .stdout;
    assert!(report.contains("\"requests\":1,"), "{report}");
}

#[test]
fn lines_whose_time_cannot_be_read_still_count_and_are_said() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nname = 'jobs'\nfields = 'logfmt'\ntime = 'at'\n\
         [[rule.metric]]\ncounter = 'jobs_total'\n",
    );
    let log = scratch.write(
        "a.log",
        "at=2026-03-01T10:00:00Z\nat=yesterday\nat=27/13/2026\njob=1\n",
    );
    let daemon = Run::new()
        .rules(&rules)
        .args("--from start")
        .arg(&log)
        .start();
    daemon.until(|page| page.value("jobs_total") == Some(4.0));
    let name = "logmetrics_rule_unreadable_times_total{field=\"at\",rule=\"jobs\"}";
    daemon.until(|page| page.value(name) == Some(2.0));
    daemon.stop();
    let explain = Run::new()
        .args("explain -r")
        .arg(&rules)
        .arg(&log)
        .go()
        .success();
    assert!(
        explain.stdout.contains("time: `yesterday` cannot be read"),
        "{}",
        explain.stdout
    );
}

#[test]
fn conditions_compare_and_a_final_rule_keeps_its_lines() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nname = 'probe'\nmatch = 'GET /healthz (?P<status>\\d+)'\nfinal = true\n\
         metric = [{ counter = 'probes_total', where = { status = '< 400' } }]\n\
         [[rule]]\nname = 'web'\nmatch = 'GET (?P<path>\\S+) (?P<status>\\d+) (?P<took>\\S+) (?P<user>\\S+)'\n\
         labels.path = { max_values = 10 }\n\
         [[rule.metric]]\ncounter = 'requests_total'\nby = ['path']\n\
         [[rule.metric]]\ncounter = 'slow_errors_total'\n\
         where = { status = '>= 500', took = '> 1s', user = '!= anonymous' }\n\
         [rule.report]\nuser = 'user'\n",
    );
    let log = scratch.write(
        "a.log",
        "GET /healthz 200 1ms probe\nGET /a 500 2s ann\nGET /a 500 2s anonymous\nGET /a 499 2s ann\n\
         GET /a 503 900ms ann\n",
    );
    let once = Run::new()
        .rules(&rules)
        .arg("--once")
        .arg(&log)
        .go()
        .success();
    assert_eq!(
        [
            once.sorted("probes"),
            once.sorted("requests"),
            once.sorted("slow")
        ]
        .concat(),
        [
            "probes_total 1",
            "requests_total{path=\"/a\"} 4",
            "slow_errors_total 1"
        ]
    );
    let explain = Run::new()
        .args("explain -r")
        .arg(&rules)
        .arg(&log)
        .go()
        .success()
        .stdout;
    assert!(
        explain.contains("another rule's turn: `probe` is `final`"),
        "{explain}"
    );
    assert!(
        explain.contains("`where` asks that `took` is `> 1s`"),
        "{explain}"
    );
    let report = Run::new()
        .args("report --format json -r")
        .arg(&rules)
        .arg(&log)
        .go()
        .success();
    assert!(
        report.stdout.contains("\"requests\":4"),
        "{}",
        report.stdout
    );
    Run::new().arg("check").arg(&rules).go().success();
}
