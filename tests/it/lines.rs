//! `logmetrics lines`: as many lines as the series say, as they are in the log.

use crate::fixture::{Run, Scratch, repository};

/// The text log of a real gateway.
fn gateway_log() -> std::path::PathBuf {
    repository("tests/data/agentgateway/text.log")
}

#[test]
fn each_series_has_as_many_lines_as_it_counts() {
    let log = gateway_log();
    let page = Run::new().arg("--once").arg(&log).go().success();
    let text = std::fs::read_to_string(&log).unwrap();
    let samples = page.sorted("requests_by_user{");
    assert!(samples.len() > 3);
    // Each reads the whole log.
    for sample in samples.iter().step_by(samples.len() / 8 + 1) {
        let (series, value) = sample.rsplit_once(' ').unwrap();
        let found = Run::new().arg("lines").arg(series).arg(&log).go().success();
        assert_eq!(found.stdout.lines().count().to_string(), value, "{series}");
        for line in found.stdout.lines() {
            assert!(text.lines().any(|one| one == line), "{line}");
        }
        let count = Run::new()
            .args("lines -c")
            .arg(series)
            .arg(&log)
            .go()
            .success();
        assert_eq!(count.stdout.trim(), value);
    }
    // A selector of several.
    let sum: usize = samples
        .iter()
        .filter(|sample| sample.contains("status=\"429\""))
        .map(|sample| sample.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap())
        .sum();
    let selector = "requests_by_user{status=\"429\"}";
    let found = Run::new()
        .arg("lines")
        .arg(selector)
        .arg(&log)
        .go()
        .success();
    assert_eq!(found.stdout.lines().count(), sum);
    let unmatched = Run::new()
        .args("lines --unmatched -c")
        .arg(&log)
        .go()
        .success();
    let all = text.lines().count();
    let matched = Run::new()
        .args("lines -c logmetrics_rule_matches_total")
        .arg(&log)
        .go();
    let number = |run: &str| run.trim().parse::<usize>().unwrap();
    assert_eq!(
        number(&unmatched.stdout) + number(&matched.success().stdout),
        all
    );
}

const RULES: &str = "[[rule]]\nfields = 'logfmt'\ntime = 'ts'\nlabels.user = { max_values = 1 }\n\
    metric = [{ counter = 'seen', by = ['user'] }]\n";

#[test]
fn places_are_shown_where_there_are_several_files_or_when_asked() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let one = scratch.write("a.log", "nothing\nuser=ann ts=2026-03-01T12:00:00Z\n");
    let two = scratch.write("b.log", "user=ann ts=2026-03-01T13:00:00Z\n");
    let lines = |more: &str| {
        let run = Run::new().args("lines seen{user=\"ann\"}").args(more);
        run.rules(&rules)
    };
    let (first, second) = (
        "user=ann ts=2026-03-01T12:00:00Z",
        "user=ann ts=2026-03-01T13:00:00Z",
    );
    let alone = lines("").arg(&one).go().success();
    assert_eq!(alone.stdout, format!("{first}\n"));
    let (a, b) = (one.display(), two.display());
    let asked = lines("--place").arg(&one).go().success();
    assert_eq!(asked.stdout, format!("{a}:8:{first}\n"));
    let both = lines("").arg(&one).arg(&two).go().success();
    assert_eq!(both.stdout, format!("{a}:8:{first}\n{b}:0:{second}\n"));
    let glob = lines("").arg(scratch.path("*.log")).go().success();
    assert_eq!(glob.stdout, both.stdout);
    let bare = lines("--no-place").arg(&one).arg(&two).go().success();
    assert_eq!(bare.stdout, format!("{first}\n{second}\n"));

    let since = lines("--since 2026-03-01T12:30")
        .arg(&one)
        .arg(&two)
        .go()
        .success();
    assert_eq!(since.stdout, format!("{b}:0:{second}\n"));
    let until = lines("--until 2026-03-01T13:00 -c")
        .arg(&one)
        .arg(&two)
        .go()
        .success();
    assert_eq!(until.stdout, "1\n");

    let json = lines("--json").arg(&one).go().success();
    let object: serde_json::Value = serde_json::from_str(json.stdout.trim()).unwrap();
    let expected = serde_json::json!({
        "file": one,
        "offset": 8,
        "time": 1_772_366_400.0,
        "line": first,
        "changes": [{ "series": "seen{user=\"ann\"}", "value": 1.0 }],
    });
    assert_eq!(object, expected);
}

#[test]
fn limits_and_broken_lines_are_found() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let log = "user=ann\nuser=bob\n{\"a\":1}\nuser=cec\n";
    let run = |arguments: &str| {
        Run::new()
            .args(arguments)
            .rules(&rules)
            .stdin(log)
            .go()
            .success()
    };
    assert_eq!(run("lines --limited").stdout, "user=bob\nuser=cec\n");
    assert_eq!(
        run("lines seen{user=\"__other__\"}").stdout,
        "user=bob\nuser=cec\n"
    );
    let json =
        "{\"scope\":\"request\",\"http.status\":200\n{\"scope\":\"request\",\"http.status\":200}\n";
    let unreadable = Run::new()
        .args("lines --unreadable")
        .stdin(json)
        .go()
        .success();
    assert_eq!(
        unreadable.stdout,
        "{\"scope\":\"request\",\"http.status\":200\n"
    );
}

#[test]
fn what_is_around_a_line_is_printed_with_it() {
    let wrapped = "agentgateway-1  | 2026-11-23T15:18:33.229071Z\tinfo\trequest route=a http.status=200 duration=1ms\n";
    let run = Run::new()
        .args("lines requests_by_user")
        .stdin(wrapped)
        .go();
    assert_eq!(run.success().stdout, wrapped);
}

#[test]
fn mistakes_say_the_way_out() {
    let log = gateway_log();
    for (arguments, words) in [
        ("", &["name a series", "--help"][..]),
        ("request_by_user", &["did you mean `requests_by_user`?"]),
        (
            "requests_by_user{usr=\"x\"}",
            &["no series that is meant has the label `usr`", "user_email"],
        ),
        (
            "requests_by_user{status=429}",
            &["expected a value in quotes", "^"],
        ),
        (
            "--since yesterday requests_by_user",
            &["--since", "expected a time"],
        ),
        ("--limited --unmatched", &["cannot be used with"]),
    ] {
        let run = Run::new().arg("lines").args(arguments).arg(&log);
        let run = if arguments.is_empty() {
            Run::new().arg("lines")
        } else {
            run
        };
        run.go().code(2).says(words).calm();
    }
    let none = Run::new()
        .arg("lines")
        .arg("requests_by_user{status=\"999\"}")
        .arg(log);
    let none = none
        .go()
        .success()
        .says(&["no line is such a one", "requests_by_user{"]);
    assert_eq!(none.stdout, "");
}

#[test]
fn lines_of_another_time_are_said() {
    let scratch = Scratch::new();
    let log = scratch.write(
        "a.log",
        "203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 23 \"-\" \"x\"\n",
    );
    let lines = |since: &str| {
        let run = Run::new().args("lines -r builtin:nginx --since").arg(since);
        run.arg("nginx_http_requests_total")
            .arg(&log)
            .go()
            .success()
    };
    assert_eq!(lines("2025-10-10").stdout.lines().count(), 1);
    let run = lines("2027-01-01").says(&["no line of that time: 1 more"]);
    assert_eq!(run.stdout, "");
}
