//! `logmetrics convert x.mtail`: the program as rules in TOML, as far as rules can say it; with `--check`
//! both count a log, and their samples are compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::exit::Exit;
use super::terminal;
use crate::programs::{self, MtailSettings, Programs};
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::source::{ProgramSource, TomlRules};
use logmetrics_core::engine::{Engine, Runner};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{self, SourceText};
use logmetrics_follow::Specification;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::{self, Inputs, PartSink};
use logmetrics_mtail::convert::{Converted, LeftOut, convert};

/// Write a program of mtail as rules in TOML, on standard output. What rules cannot say is left out with a
/// comment that says why; a program that keeps state from line to line stays a program.
#[derive(Debug, Clone, clap::Args)]
pub struct ConvertArgs {
    /// The program, a file that ends in .mtail
    program: PathBuf,

    /// Count this log by the program and by the rules, and compare: nothing else is printed, and the exit
    /// code is 1 where they differ; repeatable
    #[arg(long, value_name = "LOG")]
    check: Vec<String>,
}

/// How many updates are applied at a time.
const UPDATES_MAX: usize = 4096;

/// How many differences are shown.
const SHOWN_MAX: usize = 100;

/// How far two numbers may be apart, as a part of them: sums are added up in another order.
const ROUNDING: f64 = 1e-12;

/// Converts, and compares where that is asked for.
pub fn execute(args: ConvertArgs) -> Exit {
    let converted = match read(&args.program) {
        Ok(converted) => converted,
        Err(message) => return terminal::usage(&message.trim_end()),
    };
    let path = args.program.display();
    if let Some(state) = &converted.state {
        let stays = format!(
            "{path} keeps state and stays a program ({}); run it as it is: logmetrics -r {path}",
            place(state)
        );
        return terminal::fail(&stays);
    }
    let Some(rules) = &converted.rules else {
        let left_out = converted.left_out.iter();
        let reasons: String = left_out
            .map(|left| format!("\n  {}", place(left)))
            .collect();
        let nothing = format!(
            "nothing of {path} can be said in rules; run it as it is: logmetrics -r {path}{reasons}"
        );
        return terminal::fail(&nothing);
    };
    if !args.check.is_empty() {
        return match compare(&args.program, rules, &args.check) {
            Ok(Comparison {
                samples,
                differences,
            }) if differences.is_empty() => {
                terminal::print(format!("equal: {samples} samples\n").as_bytes())
            }
            Ok(Comparison { differences, .. }) => {
                terminal::print(shown(&differences).as_bytes());
                Exit::Failed
            }
            Err(message) => terminal::usage(&message.trim_end()),
        };
    }
    let printed = terminal::print(rules.as_bytes());
    terminal::say(&summary(&args.program, &converted));
    printed
}

fn read(path: &Path) -> Result<Converted, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("expected UTF-8 text in `{shown}`, but found other bytes"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    convert(&name, &text).map_err(|problems| problems.render(&shown.to_string(), &text))
}

fn place(left: &LeftOut) -> String {
    let text =
        terminal::harmless(format!("line {}: {}: {}", left.line, left.text, left.why).as_bytes());
    text.replace('\n', " ")
}

fn summary(path: &Path, converted: &Converted) -> String {
    let actions = converted.actions;
    let s = if actions == 1 { "" } else { "s" };
    let mut text = format!("{}: {actions} action{s} converted", path.display());
    if converted.is_whole() {
        return text + "; whole: the rules count as the program does";
    }
    if !converted.left_out.is_empty() {
        let _ = write!(text, ", {} left out", converted.left_out.len());
    }
    if !converted.differences.is_empty() {
        text.push_str("; see the comments for what may come out otherwise");
    }
    text + "; `--check LOG` compares both on a log"
}

/// What came of comparing.
struct Comparison {
    /// How many samples the program has.
    samples: usize,
    differences: Vec<String>,
}

/// Counts the logs by the program and by the rules.
fn compare(program: &Path, rules: &str, logs: &[String]) -> Result<Comparison, String> {
    let mut settings = MtailSettings::new(false);
    // Rules have no such label.
    settings.page.has_program = false;
    let programs = Programs::new(&[program.to_owned()], &settings, &Clock::system());
    let checked = programs.check(programs.gather());
    let checked = checked.map_err(|problems| problems.to_string())?;
    let runnable = programs.compile(&checked, None);
    let runnable = runnable.map_err(|error| error.to_string())?;
    let of_program = samples(&runnable.engine, runnable.definitions, logs)?;

    let file = SourceText {
        path: "rules.toml".into(),
        text: rules.into(),
    };
    let loaded = rules::load_text(vec![file]).map_err(|problems| problems.to_string())?;
    let compiled = TomlRules::default().compile(&loaded, None);
    let compiled = compiled.map_err(|error| error.to_string())?;
    let (engine, definitions) = compiled.with_scripts(Vec::new());
    let of_rules = samples(&engine, definitions, logs)?;
    Ok(Comparison {
        samples: of_program.len(),
        differences: differences(&of_program, &of_rules),
    })
}

/// The samples of logs, by their series.
fn samples(
    engine: &Engine,
    definitions: Vec<Definition>,
    logs: &[String],
) -> Result<BTreeMap<String, f64>, String> {
    let specifications = Specification::parse_all(logs);
    let specifications = specifications.map_err(|errors| errors[0].to_string())?;
    let inputs = Inputs::of(&specifications);
    if let Some(error) = inputs.errors().first() {
        return Err(error.to_string());
    }
    let now_ms = Clock::system().now_ms();
    let store = Store::new(definitions, now_ms);
    programs::resume(engine, None, &[], (&store, now_ms));
    let counter = || Counter {
        engine,
        store: &store,
        runner: engine.runner(),
        batch: Batch::new(store.hasher()),
        now_ms,
    };
    let (_, errors) = to_end::read(inputs, 1, counter, &Arc::default());
    if let Some(error) = errors.first() {
        return Err(error.to_string());
    }
    let page = Exposition::new(store.snapshot(now_ms), Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8_lossy(&page);
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.to_owned(), value.parse().ok()?))
    };
    Ok(lines.filter_map(sample).collect())
}

/// Counts in the order of the lines.
struct Counter<'e> {
    engine: &'e Engine,
    store: &'e Store,
    runner: Runner,
    batch: Batch,
    now_ms: u64,
}

impl Counter<'_> {
    fn apply(&mut self) {
        self.store.apply(&self.batch, self.now_ms);
        self.batch.clear();
    }
}

impl PartSink for Counter<'_> {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, _offset: u64, line: &Line<'_>) {
        self.engine.feed(line, &mut self.runner, &mut self.batch);
        if self.batch.updates().len() >= UPDATES_MAX {
            self.apply();
        }
    }

    fn end(&mut self, _oversized: u64) -> bool {
        self.apply();
        true
    }
}

/// What one has and the other has not; a program shows a metric without labels before its first update.
fn differences(program: &BTreeMap<String, f64>, rules: &BTreeMap<String, f64>) -> Vec<String> {
    let is_born = |series: &str, value: f64| {
        let labels = series.split_once('{').map_or("", |(_, labels)| labels);
        value == 0.0
            && (labels.is_empty() || (labels.starts_with("le=") && !labels.contains("\",")))
    };
    let mut all: Vec<(&String, Option<f64>, Option<f64>)> = Vec::new();
    for (series, value) in program {
        all.push((series, Some(*value), rules.get(series).copied()));
    }
    let only_rules = rules
        .iter()
        .filter(|(series, _)| !program.contains_key(*series));
    all.extend(only_rules.map(|(series, value)| (series, None, Some(*value))));
    all.sort_by_key(|(series, ..)| *series);
    let mut differences = Vec::new();
    for (series, program, rules) in all {
        let same = match (program, rules) {
            (Some(one), Some(other)) => {
                one == other
                    || (one - other).abs() <= ROUNDING * one.abs().max(other.abs())
                    || (one.is_nan() && other.is_nan())
            }
            (Some(one), None) => is_born(series, one),
            (None, _) => false,
        };
        if !same {
            differences.extend(program.map(|value| format!("- {series} {value}")));
            differences.extend(rules.map(|value| format!("+ {series} {value}")));
        }
    }
    differences
}

fn shown(differences: &[String]) -> String {
    let mut text = String::new();
    for difference in differences.iter().take(SHOWN_MAX) {
        let _ = writeln!(text, "{difference}");
    }
    if differences.len() > SHOWN_MAX {
        let _ = writeln!(text, "and {} more", differences.len() - SHOWN_MAX);
    }
    text + "(- the program has it, + the rules have it)\n"
}
