//! Jaeger as an input: the recorded traces give the counts of an independent reading, however the
//! service behaves.

use std::time::{Duration, Instant};

use crate::fixture::{Daemon, Page, Run, Scratch, text};
use crate::report;

mod doctor;
mod export;
mod guarded;
mod killed;
mod service;

use service::{Jaeger, Manner};

const REQUESTS: f64 = 398.0;

/// The program, about to read the last hour of `jaeger`.
fn once(jaeger: &Jaeger) -> Run {
    Run::new()
        .args("--once --jaeger-since 1h --jaeger")
        .arg(&jaeger.url)
}

#[track_caller]
fn assert_complete(run: Run, how: &str) {
    assert_expected(run, "tests/data/jaeger", how);
}

#[track_caller]
fn assert_expected(run: Run, recording: &str, how: &str) {
    let expected = text(&format!("{recording}/expected"));
    let mut expected: Vec<_> = expected.lines().collect();
    expected.sort_unstable();
    let finished = run.go().success().calm();
    assert_eq!(finished.sorted("requests_by_user{"), expected, "{how}");
}

#[test]
fn each_interface_gives_the_counts_of_an_independent_reading() {
    for (how, v3, v1) in [
        ("both", true, true),
        ("v3", true, false),
        ("v1", false, true),
    ] {
        let jaeger = Jaeger::start(Manner {
            v3,
            v1,
            ..Manner::default()
        });
        assert_complete(once(&jaeger), how);
    }
}

#[test]
fn a_span_of_a_message_within_a_request_does_not_count() {
    let recording = "tests/data/jaeger-1.4";
    for v3 in [true, false] {
        let jaeger = Jaeger::start(Manner {
            v3,
            v1: !v3,
            recording,
            ..Manner::default()
        });
        assert_expected(once(&jaeger), recording, &format!("v3: {v3}"));
        let report = Run::new().args("report --format json --since 1h --jaeger");
        let report = report.arg(&jaeger.url).go().success();
        let found: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
        assert_eq!(found["total"]["requests"], 517);
    }
}

#[test]
fn the_older_interface_is_found_whatever_is_answered_in_the_place_of_the_newer() {
    for (services, unknown) in [
        (true, (404, "{\"error\":\"not found\"}")),
        (
            true,
            (
                404,
                "{\"error\":{\"httpCode\":404,\"message\":\"no such route\"}}",
            ),
        ),
        (
            false,
            (
                404,
                "{\"error\":{\"httpCode\":404,\"message\":\"no such route\"}}",
            ),
        ),
        (false, (404, "{\"message\":\"no Route matched\"}")),
        (false, (404, "page not found")),
        (true, (200, "ok")),
        (false, (200, "{\"status\":\"ok\"}")),
        (true, (400, "{\"error\":\"bad request\"}")),
        (true, (503, "no such service")),
    ] {
        let jaeger = Jaeger::start(Manner {
            v3: false,
            lists_services: services,
            unknown,
            ..Manner::default()
        });
        assert_complete(once(&jaeger), &format!("{unknown:?}"));
        let report = Run::new().args("report --since 1h --format json --jaeger");
        let report = report.arg(&jaeger.url).go().success();
        assert!(
            report.stdout.contains("\"requests\": 398")
                || report.stdout.contains("\"requests\":398")
        );
    }
}

#[test]
fn a_cap_that_the_server_keeps_to_itself_hides_nothing() {
    for (v3, cap) in [(true, 100), (false, 20)] {
        let jaeger = Jaeger::start(Manner {
            v3,
            cap,
            ..Manner::default()
        });
        assert_complete(once(&jaeger), &format!("cap {cap}"));
        assert!(jaeger.asked() < 300, "{} requests", jaeger.asked());
    }
}

#[test]
fn failing_now_and_then_loses_nothing() {
    let jaeger = Jaeger::start(Manner {
        fault_every: 3,
        cap: 60,
        ..Manner::default()
    });
    assert_complete(once(&jaeger), "every third request fails");
}

#[test]
fn mistakes_are_said_with_the_next_step() {
    let jaeger = Jaeger::start(Manner {
        base: "/jaeger",
        ..Manner::default()
    });
    let no_base = jaeger.url.replace("/jaeger", "");
    let run = |url: &str| {
        Run::new()
            .args("--once --jaeger-since 1h --jaeger")
            .arg(url)
            .go()
    };
    run(&no_base).code(1).says(&["base path"]);
    run("ftp://jaeger").code(2).says(&["http://jaeger:16686"]);
    Run::new()
        .args("--once --jaeger http://j")
        .go()
        .code(2)
        .says(&["--jaeger-since 1h"]);
    Run::new()
        .args("--once --jaeger-since 1h --jaeger http://j --jaeger-ca /nowhere.pem")
        .go()
        .code(2)
        .says(&["/nowhere.pem"]);
}

#[test]
fn a_report_of_jaeger_has_the_counts_of_an_independent_reading() {
    let report = |jaeger: &Jaeger, more: &str| {
        let run = Run::new().args("report --format json --jaeger");
        run.arg(&jaeger.url).args(more).go()
    };
    let expected = report::expected_in("tests/data/jaeger/expected");
    for v3 in [true, false] {
        let jaeger = Jaeger::start(Manner {
            v3,
            cap: 100,
            fault_every: 4,
            delay: Duration::from_millis(2),
            ..Manner::default()
        });
        let finished = report(&jaeger, "--since 1h").success().calm();
        let found: serde_json::Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(found["total"]["requests"], 398);
        // By user, by user and route, by user and status.
        assert_eq!(report::counts(&found), expected);
    }
    let jaeger = Jaeger::start(Manner::default());
    report(&jaeger, "").success().says(&["last 24 hours"]);
    jaeger.behave(|manner| manner.authorization = Some("nobody"));
    let refused = report(&jaeger, "--since 1h").code(1);
    refused.says(&["401", "--jaeger-user"]);
}

/// A daemon that polls often.
fn follow(jaeger: &Jaeger, late: &str) -> Run {
    Run::new()
        .args("--jaeger-since 1h --jaeger-interval 50ms --jaeger-late")
        .arg(late)
        .arg("--jaeger")
        .arg(&jaeger.url)
}

#[track_caller]
fn assert_followed(daemon: &Daemon, page: &Page) {
    let expected = text("tests/data/jaeger/expected");
    for line in expected.lines() {
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert_eq!(
            page.value(series),
            value.parse().ok(),
            "{series}\n{}",
            daemon.said()
        );
    }
    assert_eq!(page.sum("requests_by_user"), REQUESTS);
}

fn spans(page: &Page) -> f64 {
    page.value("logmetrics_jaeger_spans_total").unwrap()
}

/// Waits until Jaeger was asked so many times more.
#[track_caller]
fn until_asked(daemon: &Daemon, more: f64) {
    let asked = |page: &Page| page.sum("logmetrics_jaeger_requests_total");
    let before = asked(&daemon.metrics());
    daemon.until(|page| asked(page) >= before + more);
}

#[test]
fn spans_that_come_late_count_once() {
    let jaeger = Jaeger::start(Manner::default());
    jaeger.show(0);
    let daemon = follow(&jaeger, "1h").start();
    daemon.until_ready();
    for shown in [1, 150, 151, 398] {
        jaeger.show(shown);
        daemon.until(|page| spans(page) == shown as f64);
    }
    until_asked(&daemon, 10.0);
    let page = daemon.metrics();
    assert_followed(&daemon, &page);
    assert_eq!(page.value("logmetrics_jaeger_up"), Some(1.0));
    let lines = format!("logmetrics_lines_total{{source=\"{}\"}}", jaeger.url);
    assert_eq!(page.value(&lines), Some(REQUESTS));
    daemon.stop();
}

#[test]
fn beside_a_log_with_exemplars() {
    let jaeger = Jaeger::start(Manner::default());
    let scratch = Scratch::new();
    let log = scratch.write(
        "gateway.log",
        "request route=only.in.the.log http.status=200 http.header.x-user-email=ann\n",
    );
    let daemon = follow(&jaeger, "1h").arg(&log).start();
    let page = daemon.until(|page| page.sum("requests_by_user") == REQUESTS + 1.0);
    let of_log = "requests_by_user{route=\"only.in.the.log\",status=\"200\",user_email=\"ann\"}";
    assert_eq!(page.value(of_log), Some(1.0));
    let accept = [("accept", "application/openmetrics-text; version=1.0.0")];
    let open = daemon.request("GET", "/metrics", &accept);
    assert!(open.text().contains("# {trace_id=\""), "{}", open.text());
    daemon.stop();
}

#[test]
fn while_jaeger_is_away_it_is_said_and_made_up_for() {
    let jaeger = Jaeger::start(Manner {
        authorization: Some("nobody"),
        ..Manner::default()
    });
    let daemon = follow(&jaeger, "1h").start();
    daemon.until_said("401");
    let page = daemon.until(|page| page.value("logmetrics_jaeger_lag_seconds") > Some(0.0));
    assert_eq!(page.value("logmetrics_jaeger_up"), Some(0.0));
    daemon.until_ready();
    jaeger.behave(|manner| manner.authorization = None);
    let page = daemon.until(|page| page.value("logmetrics_jaeger_up") == Some(1.0));
    assert_followed(&daemon, &page);
    daemon.stop();
}

#[test]
fn a_slow_answer_does_not_hold_up_the_end() {
    let jaeger = Jaeger::start(Manner {
        delay: Duration::from_secs(20),
        ..Manner::default()
    });
    let daemon = follow(&jaeger, "1h").start();
    while jaeger.asked() == 0 {
        std::thread::yield_now();
    }
    let began = Instant::now();
    daemon.stop();
    assert!(began.elapsed() < Duration::from_secs(5));
}
