//! Programs with what mtail 3.0.9 made of them. In strict mode the samples, types, runtime errors and
//! the verdict of the compiler must be the same; every deviation is listed with its reason.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::deviations::{BETTER, DEVIATIONS, Deviation};
use crate::script::{ExpositionOptions, Line, Memory, RegexMatcher, Script, Settings};
use crate::{Options, Time, compile};

#[derive(Deserialize)]
pub struct Case {
    name: String,
    pub program: String,
    pub log: String,
    flags: Vec<String>,
    compiles: bool,
    runtime_errors: usize,
    metrics: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Outcome {
    compiles: bool,
    runtime_errors: usize,
    metrics: Vec<String>,
}

pub fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../tests/data/cases.json")).unwrap()
}

fn run(case: &Case, strict: bool) -> Outcome {
    let options = if strict {
        Options::strict()
    } else {
        Options::default()
    };
    let Ok(compiled) = compile("p.mtail", &case.program, &options) else {
        return Outcome {
            compiles: false,
            runtime_errors: 0,
            metrics: Vec::new(),
        };
    };
    let mut settings = Settings {
        strict,
        ..Settings::default()
    };
    let mut page = ExpositionOptions::default();
    for flag in &case.flags {
        if flag == "--emit_metric_timestamp" {
            page.has_time = true;
        } else if let Some(zone) = flag.strip_prefix("--override_timezone=") {
            settings.zone = TimeZone::get(zone).unwrap();
        } else {
            panic!("the flag {flag} of {} is not known", case.name);
        }
    }
    let program = Arc::new(compiled.program);
    let matcher = RegexMatcher::new(&program.patterns).unwrap();
    let mut memory = Memory::new(&program);
    if strict {
        memory = memory.lazy();
    }
    let mut script = Script::new(program, matcher, settings);
    let read = Time::from_seconds(1_790_000_000);
    let mut runtime_errors = 0;
    script.begin(read, &mut memory).unwrap();
    for line in case.log.split_terminator('\n') {
        let text = line.strip_suffix('\r').unwrap_or(line).as_bytes();
        memory.advance(read);
        let line = Line {
            text,
            source: "/tmp/in.log",
            read,
        };
        runtime_errors += usize::from(script.run(&line, &mut memory).is_err());
    }
    let metrics = memory.exposition(page);
    let metrics = metrics
        .split_terminator(['\n', '\r'])
        .map(str::to_owned)
        .collect();
    Outcome {
        compiles: true,
        runtime_errors,
        metrics,
    }
}

fn expected(case: &Case, deviation: Option<&Deviation>) -> Outcome {
    match deviation {
        None => Outcome {
            compiles: case.compiles,
            runtime_errors: case.runtime_errors,
            metrics: case.metrics.clone(),
        },
        Some(deviation) => Outcome {
            compiles: deviation.compiles,
            runtime_errors: deviation.runtime_errors,
            metrics: deviation
                .metrics
                .iter()
                .map(|line| (*line).to_owned())
                .collect(),
        },
    }
}

#[test]
fn strict_mode_is_mtail() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let deviation = DEVIATIONS
            .iter()
            .find(|deviation| deviation.name == case.name);
        let (found, expected) = (run(case, true), self::expected(case, deviation));
        if found != expected {
            wrong.push(format!(
                "{}\n{}\nlog: {:?}\nexpected {expected:#?}\nfound {found:#?}",
                case.name, case.program, case.log
            ));
        }
        if let Some(deviation) = deviation {
            let same = self::expected(case, None);
            assert!(
                found != same,
                "{} does not deviate: {}",
                case.name,
                deviation.reason
            );
        }
    }
    let known = |name: &str| cases.iter().any(|case| case.name == name);
    assert!(DEVIATIONS.iter().all(|deviation| known(deviation.name)));
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_better_mode_differs_only_where_it_says_so() {
    for case in &cases() {
        let (strict, better) = (run(case, true), run(case, false));
        match BETTER.iter().find(|deviation| deviation.name == case.name) {
            None => assert_eq!(strict, better, "{}", case.name),
            Some(deviation) => {
                assert_eq!(better, expected(case, Some(deviation)), "{}", case.name);
                assert_ne!(strict, better, "{}: {}", case.name, deviation.reason);
            }
        }
    }
}
