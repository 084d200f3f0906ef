//! What mtail 3.0.9 made of 181 programs, and what the built program makes of them by mtail's own
//! command line: the same samples, the same types, the same end.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::deviations::{BETTER, DEVIATIONS};
use crate::fixture::{Run, Scratch, repository};

#[derive(Deserialize)]
struct Case {
    name: String,
    program: String,
    log: String,
    flags: Vec<String>,
    exit: i32,
    compiles: bool,
    metrics: Vec<String>,
}

fn cases() -> Vec<Case> {
    let path = repository("crates/mtail/tests/data/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The end of a run and the lines of its page, whose order says nothing.
type Outcome = (i32, BTreeSet<String>);

fn run(case: &Case) -> Outcome {
    let scratch = Scratch::new();
    scratch.write("p.mtail", &case.program);
    scratch.write("in.log", &case.log);
    let progs = format!("-progs={}", scratch.path("p.mtail").display());
    let mut run = Run::new()
        .arg(progs)
        .arg("-logs")
        .arg(scratch.path("in.log"))
        .args("-one_shot -one_shot_format prometheus --mtail-strict");
    for flag in &case.flags {
        run = run.arg(flag);
    }
    let finished = run.go().calm();
    let folder = scratch.path("").display().to_string();
    let page = finished.stdout.replace(&folder, "/tmp/");
    let code = i32::from(finished.status != Some(0));
    // The cases were recorded by lines that end at a carriage return too.
    let lines = page.split_terminator(['\n', '\r']);
    (code, lines.map(str::to_owned).collect())
}

#[test]
fn every_recorded_case_comes_out_as_mtail_has_it() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let deviation = DEVIATIONS.iter().find(|one| one.name == case.name);
        let expected = match deviation {
            None => (
                i32::from(case.exit != 0 || !case.compiles),
                case.metrics.iter().cloned().collect(),
            ),
            Some(deviation) => (
                i32::from(!deviation.compiles),
                deviation
                    .metrics
                    .iter()
                    .map(|line| (*line).to_owned())
                    .collect(),
            ),
        };
        let found = run(case);
        if found != expected {
            let reason = deviation.map_or("", |deviation| deviation.reason);
            wrong.push(format!(
                "{} {reason}\n{}\nlog: {:?}\nexpected {expected:#?}\nfound {found:#?}",
                case.name, case.program, case.log
            ));
        }
    }
    let known = |name: &str| cases.iter().any(|case| case.name == name);
    assert!(DEVIATIONS.iter().all(|deviation| known(deviation.name)));
    let (wrong_ones, all) = (wrong.len(), cases.len());
    assert!(
        wrong.is_empty(),
        "{wrong_ones} of {all}:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_document_names_every_deviation() {
    let document = std::fs::read_to_string(repository("docs/coming-from-mtail.md")).unwrap();
    let rows: BTreeSet<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .filter(|name| cases().iter().any(|case| case.name == **name))
        .collect();
    let all = DEVIATIONS.iter().chain(BETTER);
    for deviation in all.clone() {
        let reason = deviation.reason;
        assert!(document.contains(reason), "{}: {reason}", deviation.name);
    }
    assert_eq!(rows, all.map(|deviation| deviation.name).collect());
}
