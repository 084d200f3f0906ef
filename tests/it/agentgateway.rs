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

/// The samples whose lines one reads differently: what is forged in them, or torn.
const HOSTILE: &str = "tests/data/agentgateway-hostile";

#[test]
fn nobody_is_counted_for_what_a_client_forged() {
    let forge = text(&format!("{HOSTILE}/forge.log"));
    let run = Run::new().arg("--once").stdin(forge).go().success();
    let expected = text(&format!("{HOSTILE}/forge.expected"));
    let mut expected: Vec<_> = expected.lines().collect();
    expected.sort_unstable();
    assert_eq!(run.sorted("requests_by_user{"), expected);
    for forged in [
        " 1000\n",
        "7000000",
        "7.0000",
        "} 99\n",
        "_sum{model=\"cheap\"}",
    ] {
        assert!(!run.stdout.contains(forged), "{forged}: {}", run.stdout);
    }
    // What the gateway wrote itself is there.
    assert!(run.stdout.contains("ai_gateway_cost_usd_total{"));
    for name in ["jwtsub", "nodur", "v09"] {
        let log = text(&format!("{HOSTILE}/{name}.log"));
        let lines = log.lines().count();
        let run = Run::new().arg("--once").stdin(&log).go().success();
        let requests = run.sorted("requests_by_user{");
        let counted: usize = requests
            .iter()
            .filter_map(|sample| sample.rsplit(' ').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(counted, lines, "{name}: {}", run.stdout);
        assert!(
            !run.stdout.contains("user_email=\"ceo@x.com\""),
            "{name}: {}",
            run.stdout
        );
    }
    let log = text(&format!("{HOSTILE}/v09.log"));
    let run = Run::new().arg("--once").stdin(log).go().success();
    let tool = "ai_gateway_mcp_calls_total{target=\"everything\",tool=\"echo\",user_email=\"anonymous\"} 1";
    assert!(run.stdout.contains(tool), "{}", run.stdout);
}

#[test]
fn a_torn_record_is_nobodys_request() {
    let torn = text(&format!("{HOSTILE}/torn.log"));
    let run = Run::new().arg("--once").stdin(&torn).go().success();
    assert_eq!(
        run.sorted("requests_by_user{"),
        [
            "requests_by_user{route=\"default/r\",status=\"200\",user_email=\"ok@x.org\"} 1",
            // Only its last brace is missing, and it names its user, route and status itself.
            "requests_by_user{route=\"default/r\",status=\"200\",user_email=\"torn2@x.org\"} 1"
        ]
    );
    let run = Run::new().arg("explain").stdin(&torn).go().success();
    assert!(
        run.stdout
            .contains("no match: the line cannot be read, as its JSON breaks at byte 120"),
        "{}",
        run.stdout
    );
    let run = Run::new()
        .arg("--once")
        .stdin(text(&format!("{HOSTILE}/docker-nonl.log")))
        .go()
        .success();
    assert!(!run.stdout.contains("anonymous"), "{}", run.stdout);
}

#[test]
fn whole_numbers_may_be_written_with_a_fraction() {
    let log = text(&format!("{HOSTILE}/odd.log"));
    let run = Run::new().arg("--once").stdin(log).go().success();
    for sample in [
        "requests_by_user{route=\"default/r\",status=\"200\",user_email=\"stf@x.org\"} 1\n",
        "ai_gateway_tokens_total{model=\"m\",type=\"input\",user_email=\"tokf@x.org\"} 5\n",
        "ai_gateway_tokens_total{model=\"m\",type=\"input\",user_email=\"toke@x.org\"} 1000\n",
    ] {
        assert!(run.stdout.contains(sample), "{sample}{}", run.stdout);
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
