//! `logmetrics test`: runs the `[[test]]` cases that rules files carry, and those of programs, through the engine that
//! counts everywhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::Exit;
use super::{environment, terminal};
use crate::programs::{self, MtailSettings, Programs};
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{self, Case, Loaded, RuleSet};
use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::Multiline;
use logmetrics_follow::to_end;
use logmetrics_mtail::test_file;

/// What a user types to run rules' own tests.
#[derive(Debug, Clone, clap::Args)]
pub struct TestArgs {
    /// Rules files, files that name a program and its cases, folders of them, and builtin:NAME; without any the built-in
    /// agentgateway rules
    #[arg(value_name = "RULES")]
    rules: Vec<PathBuf>,
}

/// Runs every case and shows the differences.
pub fn execute(args: TestArgs) -> Exit {
    let (rules, program_tests) = split(&environment::rules(args.rules));
    let mut outcomes = Outcomes::default();
    if !rules.is_empty() || program_tests.is_empty() {
        let loaded = match rules::load(&rules) {
            Ok(loaded) => loaded,
            Err(problems) => {
                terminal::say(&problems);
                return Exit::Usage;
            }
        };
        for (file, case) in &loaded.cases {
            let path = loaded.files[*file].path.as_str();
            let multiline = (loaded.multiline.iter()).find(|section| section.file == *file);
            let multiline = multiline.map(|section| &section.settings);
            let outcome = run(&rules_of(&loaded, *file), case, multiline);
            outcomes.add(path, &case.name, outcome);
        }
    }
    for path in &program_tests {
        if let Err(message) = run_program_tests(path, &mut outcomes) {
            return terminal::usage(&message.trim_end());
        }
    }
    let Outcomes {
        total,
        failed,
        report,
    } = outcomes;
    let printed = terminal::print(report.as_bytes());
    terminal::say(&match total {
        0 => "no [[test]] cases in these rules".to_owned(),
        _ => format!("{} of {total} cases passed", total - failed),
    });
    if failed == 0 { printed } else { Exit::Failed }
}

/// What became of all cases.
#[derive(Default)]
struct Outcomes {
    total: usize,
    failed: usize,
    report: String,
}

impl Outcomes {
    fn add(&mut self, path: &str, name: &str, outcome: Result<(), String>) {
        self.total += 1;
        match outcome {
            Ok(()) => self.report.push_str(&format!("{path}: {name}: ok\n")),
            Err(difference) => {
                self.failed += 1;
                let text = format!("{path}: {name}: FAILED\n{difference}\n");
                self.report.push_str(&text);
            }
        }
    }
}

/// Rules, and files of test cases for programs.
fn split(paths: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut all_rules, mut all_tests) = (Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            let list = match test_file::is_test_file(path) {
                true => &mut all_tests,
                false => &mut all_rules,
            };
            list.push(path.clone());
            continue;
        }
        let (rules, tests) = programs::toml_files(path);
        match tests.is_empty() {
            true => all_rules.push(path.clone()),
            false => all_rules.extend(rules),
        }
        all_tests.extend(tests);
    }
    (all_rules, all_tests)
}

/// Runs the cases of a program; an error is one of the files.
fn run_program_tests(path: &Path, outcomes: &mut Outcomes) -> Result<(), String> {
    let file = test_file::read(path)?;
    let settings = MtailSettings::new(file.strict);
    let programs = Programs::new(
        std::slice::from_ref(&file.program),
        &settings,
        &Clock::system(),
    );
    let checked = programs.check(programs.gather());
    let checked = checked.map_err(|problems| problems.to_string())?;
    for case in &file.cases {
        let runnable = programs.compile(&checked, None);
        let runnable = runnable.map_err(|error| error.to_string())?;
        let outcome = samples_of(&runnable.engine, runnable.definitions, &case.lines(), None);
        let outcome = outcome.and_then(|samples| compare(&samples, &case.expect));
        outcomes.add(&path.display().to_string(), &case.name, outcome);
    }
    Ok(())
}

/// The rules of one file: a case says what its own file does, whatever else is loaded with it.
fn rules_of(loaded: &Loaded, file: usize) -> RuleSet {
    let before = loaded.files[..file].iter().map(|file| file.rules).sum();
    let own = loaded
        .set
        .rules
        .iter()
        .skip(before)
        .take(loaded.files[file].rules);
    RuleSet {
        rules: own.cloned().collect(),
        metrics: loaded.set.metrics.clone(),
    }
}

/// Feeds the lines of a case to fresh series; every sample expected must come out, and no other
/// sample of a metric that is named there. Where none is expected, no line may count anything.
fn run(set: &RuleSet, case: &Case, multiline: Option<&Arc<Multiline>>) -> Result<(), String> {
    let key = Secret::new(b"rule tests only: no secret").ok();
    let engine = Engine::new(set, key.as_ref()).map_err(|error| error.to_string())?;
    let samples = samples_of(&engine, set.metrics.clone(), &case.lines, multiline)?;
    compare(&samples, &case.expect)
}

/// Every sample expected must be there, and no other sample of a metric that is named there.
fn compare(samples: &str, expect: &[String]) -> Result<(), String> {
    let expected: BTreeSet<&str> = expect.iter().map(|sample| sample.trim()).collect();
    let named: BTreeSet<&str> = expected.iter().map(|sample| name_of(sample)).collect();
    let found: BTreeSet<&str> = samples
        .lines()
        .filter(|sample| named.contains(name_of(sample)))
        .collect();
    let mut difference = String::new();
    for missing in expected.difference(&found) {
        difference.push_str(&format!("  - {missing}\n"));
    }
    for surplus in found.difference(&expected) {
        difference.push_str(&format!("  + {surplus}\n"));
    }
    if difference.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{difference}  (- expected and not there, + there and not expected)"
    ))
}

fn samples_of(
    engine: &Engine,
    definitions: Vec<Definition>,
    lines: &[String],
    multiline: Option<&Arc<Multiline>>,
) -> Result<String, String> {
    let store = Store::new(definitions, 0);
    programs::resume(engine, None, &[], (&store, 0));
    let mut batch = Batch::new(store.hasher());
    let mut runner = engine.runner();
    let origin = Origin {
        source: Arc::from("test"),
        file: Arc::from("test"),
    };
    // Where lines are joined, a case is one log.
    let texts = match multiline {
        None => lines.to_vec(),
        Some(_) => vec![lines.join("\n")],
    };
    for text in texts {
        let bytes = std::io::Cursor::new(text);
        to_end::read_records(&origin, bytes, multiline, |_, line| {
            engine.feed(line, &mut runner, &mut batch);
            true
        })
        .map_err(|error| error.to_string())?;
    }
    store.apply(&batch, 0);
    let mut out = Vec::new();
    for piece in Exposition::new(store.snapshot(0), Vec::new(), Format::Text) {
        out.extend_from_slice(&piece);
    }
    let text = String::from_utf8(out).map_err(|error| error.to_string())?;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect())
}

/// The metric's name of a sample line.
fn name_of(sample: &str) -> &str {
    let end = sample.find(['{', ' ']).unwrap_or(sample.len());
    &sample[..end]
}
