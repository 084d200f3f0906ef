//! `report --export`: what is kept gives the same numbers again, wherever logs are read.

use std::collections::BTreeSet;

use serde_json::Value;

use super::service::{Jaeger, Manner};
use super::{assert_complete, once};
use crate::fixture::{Run, Scratch};

/// The report as JSON.
#[track_caller]
fn numbers(run: Run) -> Value {
    let run = run.args("--format json").go().success().calm();
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    // What was asked for, not what was found.
    report.as_object_mut().unwrap().remove("since");
    report
}

fn report() -> Run {
    Run::new().arg("report")
}

#[test]
fn what_is_kept_gives_the_same_numbers_from_both_interfaces() {
    let scratch = Scratch::new();
    for (name, v3) in [
        ("v3.jsonl", true),
        ("v1.jsonl", false),
        ("v3.jsonl.gz", true),
        ("v1.jsonl.zst", false),
    ] {
        let jaeger = Jaeger::start(Manner {
            v3,
            // Asked in many parts.
            cap: 60,
            ..Manner::default()
        });
        let kept = scratch.path(name);
        let asked = report().args("--since 1h --jaeger").arg(&jaeger.url);
        let fetched = numbers(asked.arg("--export").arg(&kept));
        assert_eq!(fetched["total"]["requests"], 398, "{name}");
        assert_eq!(numbers(report().arg(&kept)), fetched, "{name}");
        if name.ends_with("jsonl") {
            // The main job counts what an independent reading of the traces counted.
            assert_complete(Run::new().arg("--once").arg(&kept), name);
            let piped = Run::new().args("--once -").stdin_file(&kept);
            assert_complete(piped, name);
        }
    }
}

#[test]
fn each_span_is_kept_once_and_as_it_came() {
    let scratch = Scratch::new();
    for v3 in [true, false] {
        let jaeger = Jaeger::start(Manner {
            v3,
            cap: 60,
            ..Manner::default()
        });
        let kept = scratch.path(if v3 { "v3" } else { "v1" });
        let asked = report().args("--since 1h --jaeger").arg(&jaeger.url);
        numbers(asked.arg("--export").arg(&kept));
        let (mut spans, mut ids) = (Vec::new(), BTreeSet::new());
        for line in std::fs::read_to_string(&kept).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let span = if v3 {
                let resource = &line["resourceSpans"][0];
                let service = &resource["resource"]["attributes"][0]["value"]["stringValue"];
                assert_eq!(service, "agentgateway");
                &resource["scopeSpans"][0]["spans"][0]
            } else {
                let trace = &line["trace"];
                assert_eq!(trace["processes"]["p1"]["serviceName"], "agentgateway");
                &trace["spans"][0]
            };
            let id = span[if v3 { "spanId" } else { "spanID" }].as_str().unwrap();
            assert_eq!(line["request"]["span.id"], id);
            assert!(ids.insert(id.to_owned()), "{id} stands twice");
            spans.push(span.clone());
        }
        let mut recorded = jaeger.spans(v3);
        for list in [&mut spans, &mut recorded] {
            list.sort_by_key(ToString::to_string);
        }
        assert_eq!(spans, recorded);
    }
}

#[test]
fn nothing_is_written_over_and_nothing_half_is_left() {
    let scratch = Scratch::new();
    let jaeger = Jaeger::start(Manner::default());
    let there = scratch.write("there", "mine\n");
    let asked = |to: &std::path::Path| {
        let asked = report().args("--since 1h --jaeger").arg(&jaeger.url);
        asked.arg("--export").arg(to).go()
    };
    asked(&there)
        .code(2)
        .says(&["exists already", "`--export`"]);
    assert_eq!(std::fs::read(&there).unwrap(), b"mine\n");
    let nowhere = scratch.path("no/folder/spans");
    asked(&nowhere).code(2).says(&["cannot write", "no/folder"]);
    asked(std::path::Path::new("/dev/full"))
        .code(1)
        .says(&["cannot write `/dev/full`"]);

    let half = scratch.path("half");
    jaeger.behave(|manner| manner.authorization = Some("nobody"));
    asked(&half).code(1).says(&["401"]);
    let left = std::fs::read_dir(half.parent().unwrap()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["there"]);
    let alone = report().args("--export x gateway.log").go().code(2);
    alone.says(&["--jaeger"]);
}

#[test]
fn a_followed_export_counts_as_a_log_does() {
    let scratch = Scratch::new();
    let jaeger = Jaeger::start(Manner::default());
    let kept = scratch.path("kept");
    let asked = report().args("--since 1h --jaeger").arg(&jaeger.url);
    numbers(asked.arg("--export").arg(&kept));
    let daemon = Run::new().arg(&kept).start();
    daemon.until(|page| page.sum("requests_by_user") == 398.0);
    daemon.stop();
    // What reads it once has the same as what asks.
    assert_complete(once(&jaeger), "asked");
}
