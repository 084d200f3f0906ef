//! `logmetrics test`: runs the `[[test]]` cases that rules files carry, and those of programs, through the engine that
//! counts everywhere else.

mod coverage;
mod junit;

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

use coverage::Coverage;

/// What a user types to run rules' own tests.
#[derive(Debug, Clone, clap::Args)]
pub struct TestArgs {
    /// Rules files, files that name a program and its cases, folders of them, and builtin:NAME; without any the built-in
    /// agentgateway rules
    #[arg(value_name = "RULES")]
    rules: Vec<PathBuf>,

    /// Run only cases with this text in their name
    #[arg(short, long, value_name = "TEXT")]
    name: Option<String>,

    /// Also list the rules, metrics and conditions that no case exercises
    #[arg(long)]
    coverage: bool,

    /// Write the outcomes as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl TestArgs {
    fn takes(&self, name: &str) -> bool {
        self.name
            .as_ref()
            .is_none_or(|wanted| name.contains(wanted.as_str()))
    }
}

/// Runs every case and shows the differences.
pub fn execute(args: TestArgs) -> Exit {
    let (rules, program_tests) = split(&environment::rules(args.rules.clone()));
    let mut outcomes = Vec::new();
    let mut coverage = None;
    if !rules.is_empty() || program_tests.is_empty() {
        let loaded = match rules::load(&rules) {
            Ok(loaded) => loaded,
            Err(problems) => {
                terminal::say(&problems);
                return Exit::Usage;
            }
        };
        for (file, case) in loaded
            .cases
            .iter()
            .filter(|(_, case)| args.takes(&case.name))
        {
            let path = loaded.files[*file].path.as_str();
            let multiline = rules::multiline_of_cases(&loaded.multiline, *file);
            let result = run(&rules_of(&loaded, *file), case, multiline.as_ref());
            outcomes.push(Outcome::of(path, &case.name, result));
        }
        if args.coverage {
            coverage = match covered(&loaded) {
                Ok(coverage) => Some(coverage),
                Err(message) => return terminal::usage(&message),
            };
        }
    }
    for path in &program_tests {
        if let Err(message) = run_program_tests(path, &args, &mut outcomes) {
            return terminal::usage(&message.trim_end());
        }
    }
    let mut report: String = outcomes.iter().map(Outcome::shown).collect();
    report.extend(coverage.as_ref().map(|(lines, _)| lines.as_str()));
    let printed = terminal::print(report.as_bytes());
    let (total, failed) = (
        outcomes.len(),
        outcomes.iter().filter(|one| one.has_failed()).count(),
    );
    terminal::say(&match (total, &args.name) {
        (0, Some(name)) => format!("no case has `{name}` in its name"),
        (0, None) => "no [[test]] cases in these rules".to_owned(),
        _ => format!("{} of {total} cases passed", total - failed),
    });
    if let Some((_, total)) = coverage {
        terminal::say(&total);
    }
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::write(path, junit::document(&outcomes))
    {
        return terminal::fail(&format_args!("cannot write `{}`: {error}", path.display()));
    }
    match (failed, total, &args.name) {
        (0, 0, Some(_)) => Exit::Usage,
        (0, _, _) => printed,
        _ => Exit::Failed,
    }
}

/// What no case exercises, and how much is exercised.
fn covered(loaded: &Loaded) -> Result<(String, String), String> {
    let (mut out, mut exercised, mut all) = (String::new(), 0, 0);
    for (number, file) in loaded.files.iter().enumerate() {
        let set = rules_of(loaded, number);
        let own = loaded.cases.iter().filter(|(file, _)| *file == number);
        let cases: Vec<&Case> = own.map(|(_, case)| case).collect();
        let (lines, some, of) = Coverage::of(&set, &cases)?.report(&file.path);
        out.push_str(&lines);
        exercised += some;
        all += of;
    }
    let total =
        format!("{exercised} of {all} rules, metrics and conditions are exercised by cases");
    Ok((out, total))
}

/// What became of a case.
struct Outcome {
    path: String,
    name: String,
    /// What is other than expected.
    difference: Option<String>,
}

impl Outcome {
    fn of(path: &str, name: &str, outcome: Result<(), String>) -> Outcome {
        Outcome {
            path: path.to_owned(),
            name: name.to_owned(),
            difference: outcome.err(),
        }
    }

    fn has_failed(&self) -> bool {
        self.difference.is_some()
    }

    fn shown(&self) -> String {
        let (path, name) = (&self.path, &self.name);
        match &self.difference {
            None => format!("{path}: {name}: ok\n"),
            Some(difference) => format!("{path}: {name}: FAILED\n{difference}\n"),
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
fn run_program_tests(
    path: &Path,
    args: &TestArgs,
    outcomes: &mut Vec<Outcome>,
) -> Result<(), String> {
    let file = test_file::read(path)?;
    let settings = MtailSettings::new(file.strict);
    let programs = Programs::new(
        std::slice::from_ref(&file.program),
        &settings,
        &Clock::system(),
    );
    let checked = programs.check(programs.gather());
    let checked = checked.map_err(|problems| problems.to_string())?;
    for case in file.cases.iter().filter(|case| args.takes(&case.name)) {
        let runnable = programs.compile(&checked, None);
        let runnable = runnable.map_err(|error| error.to_string())?;
        let outcome = samples_of(&runnable.engine, runnable.definitions, &case.lines(), None);
        let outcome = outcome.and_then(|samples| compare(&samples, &case.expect, false));
        outcomes.push(Outcome::of(
            &path.display().to_string(),
            &case.name,
            outcome,
        ));
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
    compare(&samples, &case.expect, case.is_partial)
}

/// Every sample expected must be there, and, unless `is_partial`, no other sample of a metric that is named
/// there.
fn compare(samples: &str, expect: &[String], is_partial: bool) -> Result<(), String> {
    let expected: BTreeSet<&str> = expect.iter().map(|sample| sample.trim()).collect();
    let named: BTreeSet<&str> = expected.iter().map(|sample| name_of(sample)).collect();
    let found: BTreeSet<&str> = samples
        .lines()
        .filter(|sample| named.contains(name_of(sample)))
        .collect();
    let series = |sample: &&str| {
        sample
            .rsplit_once(' ')
            .map(|(series, _)| (*series).to_owned())
    };
    let missing: Vec<&str> = expected.difference(&found).copied().collect();
    let missed: BTreeSet<_> = missing.iter().filter_map(series).collect();
    // What has another value is shown next to what was expected, also where others are left out.
    let is_meant =
        |sample: &&&str| !is_partial || series(sample).is_some_and(|one| missed.contains(&one));
    let surplus = found.difference(&expected).filter(is_meant);
    let mut lines: Vec<(Option<String>, char, &str)> = Vec::new();
    lines.extend(missing.iter().map(|sample| (series(sample), '-', *sample)));
    lines.extend(surplus.map(|sample| (series(sample), '+', *sample)));
    if lines.is_empty() {
        return Ok(());
    }
    // What differs in its value alone comes together, the expected one first.
    lines.sort_by(|a, b| (&a.0, a.1 == '+', a.2).cmp(&(&b.0, b.1 == '+', b.2)));
    let difference: String = (lines.iter())
        .map(|(_, sign, sample)| format!("  {sign} {sample}\n"))
        .collect();
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
