//! Answers of Prometheus, and what is made of them. A server in the test answers as Prometheus does.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use serde_json::json;

use super::*;
use crate::doctor::LinkState;

/// Answers as Prometheus does: who is ours, which targets there are, and how many series.
struct Answers {
    ours: Value,
    targets: Value,
    status: u16,
}

/// Serves `answers` and gives the address; the thread ends with the test.
fn serve(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            reader.read_line(&mut first).unwrap();
            let mut header = String::new();
            while reader.read_line(&mut header).unwrap() > 2 {
                header.clear();
            }
            let number = |value: &str| json!({"result": [{"value": [0, value]}]});
            let data = if first.contains("/targets") {
                json!({"activeTargets": answers.targets})
            } else if first.contains("build_info") {
                json!({"result": answers.ours})
            } else {
                number("3")
            };
            let body = json!({"status": "success", "data": data}).to_string();
            let head = format!(
                "HTTP/1.1 {} x\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                answers.status,
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    address
}

fn target(job: &str, address: &str, health: &str, error: &str) -> Value {
    json!({
        "labels": {"job": job, "instance": address},
        "scrapeUrl": format!("http://{address}/metrics"),
        "health": health,
        "lastError": error,
    })
}

fn ours(job: &str, instance: &str) -> Value {
    json!({"metric": {"job": job, "instance": instance}, "value": [0, "1"]})
}

#[track_caller]
fn judged(ours: Value, targets: Value) -> Vec<Finding> {
    let address = serve(Answers {
        ours,
        targets,
        status: 200,
    });
    examine(&address, Access::default(), None)
}

#[test]
fn a_target_is_ours_by_what_it_serves_not_by_its_port() {
    // mtail on its usual port, and another exporter on a port that begins in the same way.
    let foreign = [
        target("mtail", "web-1:3903", "down", "connection refused"),
        target("x", "web-1:39039", "down", "connection refused"),
    ];
    let us = target("gateway-users", "gw:8080", "up", "");
    let all = json!([foreign[0], foreign[1], us]);
    let findings = judged(json!([ours("gateway-users", "gw:8080")]), all);
    assert!(
        findings.iter().all(|one| one.state == LinkState::Ok),
        "{findings:?}"
    );
    assert_eq!(findings[1].saw, "1 target of logmetrics up");

    // Without us, the one on our port may be meant; the other is not even named.
    let findings = judged(json!([]), json!(foreign));
    let last = findings.last().unwrap();
    assert_eq!(last.state, LinkState::Failed);
    assert!(
        last.saw.contains("none of its 2 targets is logmetrics"),
        "{last:?}"
    );
    assert!(
        last.saw.contains("http://web-1:3903/metrics is down"),
        "{last:?}"
    );
    assert!(!last.saw.contains("39039"), "{last:?}");
    let findings = judged(
        json!([]),
        json!([target("x", "web-1:39039", "down", "refused")]),
    );
    assert!(!findings.last().unwrap().saw.contains("39039"));
}

#[test]
fn a_target_of_ours_that_is_down_is_said_with_a_command() {
    let down = target(
        "logmetrics",
        "gw:3903",
        "down",
        "Get \"http://u:hunter2@gw:3903/metrics\": refused",
    );
    for ours in [json!([ours("logmetrics", "gw:3903")]), json!([])] {
        let findings = judged(ours, json!([down]));
        let last = findings.last().unwrap();
        assert_eq!(last.state, LinkState::Failed);
        assert!(
            last.saw
                .starts_with("the target http://gw:3903/metrics is down: "),
            "{last:?}"
        );
        assert!(!last.saw.contains("hunter2"), "{last:?}");
        let next = last.next.as_deref().unwrap();
        assert!(next.contains("curl -sS http://gw:3903/metrics"), "{next}");
    }
}

#[test]
fn passwords_are_not_shown_and_the_token_has_a_name() {
    let address = serve(Answers {
        ours: json!([]),
        targets: json!([]),
        status: 401,
    });
    let findings = examine(
        &format!("http://ann:hunter2@{address}/"),
        Access::default(),
        None,
    );
    let text = format!("{findings:?}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(text.contains("LOGMETRICS_PROMETHEUS_TOKEN="), "{text}");
    assert!(text.contains("401"), "{text}");
    let nobody = examine("http://ann:hunter2@127.0.0.1:1", Access::default(), None);
    let text = format!("{nobody:?}");
    assert!(
        text.contains("http://127.0.0.1:1 does not answer") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(text.contains("as seen from here"), "{text}");
}

#[test]
fn certificates_that_are_none_are_refused_by_their_option() {
    let access = Access {
        authorities: Some(b"nothing"),
        ..Access::default()
    };
    let findings = examine("https://127.0.0.1:1", access, None);
    assert!(findings[0].saw.contains("--prometheus-ca"), "{findings:?}");
}
