//! `logmetrics test`: runs the `[[test]]` cases that rules files carry, and those of programs, through the engine that
//! counts everywhere else.

mod coverage;
mod junit;
mod update;

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
use logmetrics_core::rules::expectations::{name as name_of, series};
use logmetrics_core::rules::{self, Case, Loaded, RuleSet, shipped};
use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::Multiline;
use logmetrics_follow::to_end;
use logmetrics_mtail::test_file;

use coverage::Coverage;
use update::Note;

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

    /// Where a case expects something else than what comes out, write what comes out into its file; comments and
    /// the form of the file stay
    #[arg(long)]
    update: bool,

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
    let paths = environment::rules(args.rules.clone());
    if args.update
        && let Err(message) = check_writable(&paths)
    {
        return terminal::usage(&message);
    }
    let (rules, program_tests) = split(&paths);
    let mut cases = Vec::new();
    let mut coverage = None;
    if !rules.is_empty() || program_tests.is_empty() {
        let loaded = match rules::load(&rules) {
            Ok(loaded) => loaded,
            Err(problems) => {
                terminal::say(&problems);
                return Exit::Usage;
            }
        };
        run_rules_tests(&loaded, &args, &mut cases);
        if args.coverage {
            coverage = match covered(&loaded) {
                Ok(coverage) => Some(coverage),
                Err(message) => return terminal::usage(&message),
            };
        }
    }
    for path in &program_tests {
        if let Err(message) = run_program_tests(path, &args, &mut cases) {
            return terminal::usage(&message.trim_end());
        }
    }
    if args.update {
        update::update(&mut cases);
    }
    let outcomes: Vec<Outcome> = cases.into_iter().map(|case| case.outcome).collect();
    report(&outcomes, coverage, &args)
}

/// Prints what became of the cases.
fn report(outcomes: &[Outcome], coverage: Option<(String, String)>, args: &TestArgs) -> Exit {
    let mut report: String = outcomes.iter().map(Outcome::shown).collect();
    report.extend(coverage.as_ref().map(|(lines, _)| lines.as_str()));
    let printed = terminal::print(report.as_bytes());
    let (total, failed) = (
        outcomes.len(),
        outcomes.iter().filter(|one| one.has_failed()).count(),
    );
    let updated = outcomes.iter().filter(|one| one.was_updated).count();
    let updated = match updated {
        0 => String::new(),
        updated => format!(", {updated} of them updated: look at what changed before you keep it"),
    };
    terminal::say(&match (total, &args.name) {
        (0, Some(name)) => format!("no case has `{name}` in its name"),
        (0, None) => "no [[test]] cases in these rules".to_owned(),
        _ => format!("{} of {total} cases passed{updated}", total - failed),
    });
    if let Some((_, total)) = coverage {
        terminal::say(&total);
    }
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::write(path, junit::document(outcomes))
    {
        return terminal::fail(&format_args!("cannot write `{}`: {error}", path.display()));
    }
    match (failed, total, &args.name) {
        (0, 0, Some(_)) => Exit::Usage,
        (0, _, _) => printed,
        _ => Exit::Failed,
    }
}

/// Whether all rules are files, which may be updated.
fn check_writable(paths: &[PathBuf]) -> Result<(), String> {
    let shipped = paths.iter().find_map(|path| shipped::name_in(path));
    let shipped = shipped.or(paths.is_empty().then_some("agentgateway"));
    shipped.map_or(Ok(()), |name| {
        Err(format!(
            "shipped rules are in the program, and their cases stay: `logmetrics rules show {name} > my-rules.toml` \
             writes a copy, and `logmetrics test --update my-rules.toml` updates that"
        ))
    })
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

/// A case that was run.
struct Ran {
    outcome: Outcome,
    /// Its number in its file.
    number: usize,
    expect: Vec<String>,
    is_partial: bool,
    given: Result<Given, String>,
}

impl Ran {
    fn of(
        (path, name): (&str, &str),
        number: usize,
        (expect, is_partial): (&[String], bool),
        given: Result<Given, String>,
    ) -> Ran {
        let difference = match &given {
            Ok(given) => compare(given, expect, is_partial),
            Err(message) => Some(message.clone()),
        };
        Ran {
            outcome: Outcome {
                path: path.to_owned(),
                name: name.to_owned(),
                difference,
                was_updated: false,
                note: None,
            },
            number,
            expect: expect.to_vec(),
            is_partial,
            given,
        }
    }
}

/// The samples that come out of a case.
struct Given {
    samples: String,
    /// Those that are there before any line; asked where none is expected.
    idle: String,
}

impl Given {
    /// What the lines have counted, without the buckets of histograms: they are many, and the count says the same.
    fn counted(&self) -> impl Iterator<Item = &str> {
        let is_idle = |sample: &str| self.idle.lines().any(|idle| idle == sample);
        let is_bucket =
            |sample: &str| name_of(sample).ends_with("_bucket") && sample.contains("le=\"");
        let samples = self.samples.lines();
        samples.filter(move |sample| !is_idle(sample) && !is_bucket(sample))
    }
}

/// What the signs before samples say.
const LEGEND: &str = "  (- expected and not there, + there and not expected)";

/// The same once the file was written.
const UPDATED: &str = "  (- was expected, + is expected now)";

/// What became of a case.
struct Outcome {
    path: String,
    name: String,
    /// What is other than expected, or was before it was updated.
    difference: Option<String>,
    was_updated: bool,
    /// Why it was not updated.
    note: Option<String>,
}

impl Outcome {
    fn has_failed(&self) -> bool {
        self.difference.is_some() && (!self.was_updated || self.note.is_some())
    }

    fn note(&mut self, note: Note) {
        (self.was_updated, self.note) = match note {
            Note::Updated => (true, None),
            Note::Gone(why) => (true, Some(why)),
            Note::Left(why) => (false, Some(why)),
        };
    }

    fn shown(&self) -> String {
        let (path, name) = (&self.path, &self.name);
        let Some(difference) = &self.difference else {
            return format!("{path}: {name}: ok\n");
        };
        let word = match (self.was_updated, &self.note) {
            (true, None) => "updated",
            (true, Some(_)) => "updated in part, FAILED",
            (false, _) => "FAILED",
        };
        let difference = match word {
            "updated" => difference.replace(LEGEND, UPDATED),
            _ => difference.clone(),
        };
        let note = self.note.as_ref();
        let note = note.map_or(String::new(), |why| format!("  {why}\n"));
        format!("{path}: {name}: {word}\n{difference}\n{note}")
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

/// Runs the cases of rules files.
fn run_rules_tests(loaded: &Loaded, args: &TestArgs, cases: &mut Vec<Ran>) {
    let (mut last_file, mut number) = (None, 0);
    for (file, case) in &loaded.cases {
        number = if last_file == Some(*file) {
            number + 1
        } else {
            0
        };
        last_file = Some(*file);
        if !args.takes(&case.name) {
            continue;
        }
        let path = loaded.files[*file].path.as_str();
        let multiline = rules::multiline_of_cases(&loaded.multiline, *file);
        let given = run(&rules_of(loaded, *file), case, multiline.as_ref());
        let expected = (case.expect.as_slice(), case.is_partial);
        cases.push(Ran::of((path, &case.name), number, expected, given));
    }
}

/// Runs the cases of a program; an error is one of the files.
fn run_program_tests(path: &Path, args: &TestArgs, cases: &mut Vec<Ran>) -> Result<(), String> {
    let file = test_file::read(path)?;
    let settings = MtailSettings::new(file.strict);
    let programs = Programs::new(
        std::slice::from_ref(&file.program),
        &settings,
        &Clock::system(),
    );
    let checked = programs.check(programs.gather());
    let checked = checked.map_err(|problems| problems.to_string())?;
    let path = path.display().to_string();
    for (number, case) in file.cases.iter().enumerate() {
        if !args.takes(&case.name) {
            continue;
        }
        let samples = |lines: &[String]| {
            let runnable = programs.compile(&checked, None);
            let runnable = runnable.map_err(|error| error.to_string())?;
            samples_of(&runnable.engine, runnable.definitions, lines, None)
        };
        let given = given(&samples, &case.lines(), &case.expect);
        let expected = (case.expect.as_slice(), false);
        cases.push(Ran::of((&path, &case.name), number, expected, given));
    }
    Ok(())
}

/// What lines give, by a function that feeds them to fresh series.
fn given(
    samples: &dyn Fn(&[String]) -> Result<String, String>,
    lines: &[String],
    expect: &[String],
) -> Result<Given, String> {
    Ok(Given {
        samples: samples(lines)?,
        idle: match expect.is_empty() {
            true => samples(&[])?,
            false => String::new(),
        },
    })
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

/// Feeds the lines of a case to fresh series.
fn run(set: &RuleSet, case: &Case, multiline: Option<&Arc<Multiline>>) -> Result<Given, String> {
    let key = Secret::new(b"rule tests only: no secret").ok();
    let samples = |lines: &[String]| {
        let engine = Engine::new(set, key.as_ref()).map_err(|error| error.to_string())?;
        samples_of(&engine, set.metrics.clone(), lines, multiline)
    };
    given(&samples, &case.lines, &case.expect)
}

/// Every sample expected must be there, and, unless `is_partial`, no other sample of a metric that is named
/// there. Where none is expected, no line may count anything. Otherwise, what differs.
fn compare(given: &Given, expect: &[String], is_partial: bool) -> Option<String> {
    let expected: BTreeSet<&str> = expect.iter().map(|sample| sample.trim()).collect();
    let named: BTreeSet<&str> = expected.iter().map(|sample| name_of(sample)).collect();
    let found: BTreeSet<&str> = match expect.is_empty() && !is_partial {
        true => given.counted().collect(),
        false => (given.samples.lines())
            .filter(|sample| named.contains(name_of(sample)))
            .collect(),
    };
    let missing: Vec<&str> = expected.difference(&found).copied().collect();
    let missed: BTreeSet<&str> = missing.iter().map(|sample| series(sample)).collect();
    // What has another value is shown next to what was expected, also where others are left out.
    let is_meant = |sample: &&&str| !is_partial || missed.contains(series(sample));
    let surplus = found.difference(&expected).filter(is_meant);
    let mut lines: Vec<(&str, char, &str)> = Vec::new();
    lines.extend(missing.iter().map(|sample| (series(sample), '-', *sample)));
    lines.extend(surplus.map(|sample| (series(sample), '+', *sample)));
    if lines.is_empty() {
        return None;
    }
    // What differs in its value alone comes together, the expected one first.
    lines.sort_by(|a, b| (a.0, a.1 == '+', a.2).cmp(&(b.0, b.1 == '+', b.2)));
    let difference: String = (lines.iter())
        .map(|(_, sign, sample)| format!("  {sign} {sample}\n"))
        .collect();
    Some(difference + LEGEND)
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
