//! The sample logs of a real agentgateway (`tests/data/agentgateway`), read with the built-in rules.

use crate::fixture::{Run, read, text};
use crate::wrapping;

const SAMPLES: [&str; 4] = ["text", "json", "text-edge", "json-edge"];

fn sample(name: &str) -> String {
    text(&format!("tests/data/agentgateway/{name}.log"))
}

/// Reads `log` on standard input and compares `requests_by_user` with `NAME.expected`.
#[track_caller]
fn assert_counts(name: &str, log: impl AsRef<[u8]>, how: &str) {
    let expected = text(&format!("tests/data/agentgateway/{name}.expected"));
    let mut expected: Vec<_> = expected.lines().collect();
    expected.sort_unstable();
    let run = Run::new().arg("--once").stdin(log).go().success().calm();
    let found = run.sorted("requests_by_user{");
    let missing: Vec<_> = expected.iter().filter(|l| !found.contains(l)).collect();
    let surplus: Vec<_> = found.iter().filter(|l| !expected.contains(l)).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{name}.log, {how}\nmissing: {missing:#?}\nnot expected: {surplus:#?}"
    );
}

#[test]
fn samples_give_the_counts_of_an_independent_reading() {
    for name in SAMPLES {
        assert_counts(name, sample(name), "as it is");
    }
}

#[test]
fn a_file_gives_the_same_as_a_pipe() {
    let run = Run::new()
        .arg("--once")
        .arg(crate::fixture::repository(
            "tests/data/agentgateway/text.log",
        ))
        .go()
        .success();
    let piped = Run::new().arg("--once").stdin(sample("text")).go();
    assert_eq!(
        run.sorted("requests_by_user{"),
        piped.sorted("requests_by_user{")
    );
}

#[test]
fn no_wrapping_changes_a_count() {
    for name in SAMPLES {
        for (how, wrap) in wrapping::ALL {
            assert_counts(name, wrap(&sample(name)), how);
        }
    }
}

#[test]
fn a_request_of_40_kilobytes_is_put_together_again() {
    let agent = "a".repeat(40_000);
    let line = format!(
        "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=default/default route=default/long \
         http.status=200 duration=4ms http.header.x-user-email=\"long@example.com\" \
         http.header.user-agent=\"{agent}\"\n"
    );
    let expected =
        "requests_by_user{route=\"default/long\",status=\"200\",user_email=\"long@example.com\"} 2";
    let twice = line.repeat(2);
    for (how, log) in [
        ("plain", twice.clone()),
        ("docker json-file", wrapping::docker_json(&twice)),
        ("CRI", wrapping::cri(&twice)),
    ] {
        let run = Run::new().arg("--once").stdin(&log).go().success();
        assert_eq!(run.sorted("requests_by_user{"), [expected], "{how}");
    }
}

#[test]
fn tokens_and_durations_are_counted_too() {
    let run = Run::new()
        .arg("--once")
        .stdin(sample("text"))
        .go()
        .success();
    let answered = 398;
    let requests: u64 = run
        .sorted("requests_by_user{")
        .iter()
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(requests, answered, "{}", run.stdout);
    let timed: u64 = run
        .sorted("ai_gateway_request_duration_seconds_count")
        .iter()
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(timed, answered, "{}", run.stdout);
}

#[test]
fn the_same_traffic_as_text_and_as_json_is_the_same() {
    assert_eq!(
        read("tests/data/agentgateway/text.expected"),
        read("tests/data/agentgateway/json.expected")
    );
    let [text, json] = ["text", "json"].map(|name| {
        let run = Run::new().arg("--once").stdin(sample(name)).go().success();
        run.sorted("requests_by_user{").join("\n")
    });
    assert_eq!(text, json);
}
