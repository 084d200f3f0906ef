//! `logmetrics explain`: line by line, which rule matched and which part of which pattern did not.
//!
//! Only shows verdicts; the engine decides them, in the same code that counts.

mod places;
mod summary;
mod words;

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::environment;
use super::exit::Exit;
use super::multiline_options::MultilineArgs;
use super::terminal::{self, harmless};
use crate::programs::{MtailSettings, Programs};
use logmetrics_core::clock::Clock;
use logmetrics_core::did_you_mean::nearest;
use logmetrics_core::engine::verdict::Verdict;
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::pipeline::{warn_of_cuts, warn_of_incomplete_record};
use logmetrics_core::rules::Rule;
use logmetrics_core::unknown_prefix::{self, PrefixSearch};
use logmetrics_follow::Specification;
use logmetrics_follow::line::multiline::Cuts;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::{self, Inputs, PartSink};
use places::Places;
use summary::Summary;

/// What a user types to have lines explained.
#[derive(Debug, Clone, clap::Args)]
pub struct ExplainArgs {
    /// Files, quoted globs, or - for standard input; without any, standard input
    #[arg(value_name = "LOG")]
    logs: Vec<String>,

    /// A rules file, a program of mtail (.mtail), a folder of them, or builtin:NAME; repeatable; without
    /// it the built-in agentgateway rules
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Run programs of mtail with all its surprises
    #[arg(long)]
    mtail_strict: bool,

    #[command(flatten)]
    multiline: MultilineArgs,

    /// Show only the lines that no rule matched
    #[arg(short, long)]
    unmatched: bool,

    /// Show only what this rule says; its name as `logmetrics check -v` lists it
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,

    /// Instead of every line, the lines that no rule matched by their shape, with one sample of each
    #[arg(short, long, conflicts_with = "unmatched")]
    summary: bool,
}

/// Characters of a line that are shown; the rest is cut.
const SHOWN_CHARACTERS_MAX: usize = 240;

/// Explains every line of the log.
pub fn execute(args: ExplainArgs) -> Exit {
    let mut logs = environment::logs(args.logs);
    if logs.is_empty() {
        logs.push("-".to_owned());
    }
    let mtail = MtailSettings::new(args.mtail_strict);
    let multiline = match args.multiline.settings() {
        Ok(multiline) => multiline,
        Err(message) => return terminal::usage(&message),
    };
    let programs = Programs::new(&environment::rules(args.rules), &mtail, &Clock::system())
        .with_multiline(multiline);
    let checked = match programs.check(programs.gather()) {
        Ok(checked) => checked,
        Err(problems) => {
            terminal::say(&problems);
            return Exit::Usage;
        }
    };
    // Pseudonyms are shown under a key of no meaning: the real one is for the running program.
    let key = Secret::new(b"explain only: no secret").ok();
    let engine = match programs.compile(&checked, key.as_ref()) {
        Ok(runnable) => runnable.engine,
        Err(error) => return terminal::usage(&error),
    };
    if let Some(name) = &args.rule
        && let Err(message) = check_name(name, &engine)
    {
        return terminal::usage(&message);
    }
    if logs.iter().any(|log| log == "-") && std::io::stdin().is_terminal() {
        terminal::say(&"reading standard input: paste lines, end with control-D");
    }
    let mut inputs = match Specification::parse_all(&logs) {
        Ok(specifications) => Inputs::of(&specifications),
        Err(errors) => return terminal::usage(&errors[0]),
    };
    if let Some(error) = inputs.errors().first() {
        return terminal::usage(error);
    }
    inputs.multiline = programs.multiline(&checked).as_ref().clone();
    let is_joined = !inputs.multiline.is_empty();
    let rules = checked
        .toml
        .map_or_else(Vec::new, |loaded| loaded.set.rules);
    let chosen = Chosen {
        engine: &engine,
        rules: &rules,
        rule: args.rule.as_deref(),
        unmatched_only: args.unmatched,
        is_summary: args.summary,
        names_files: logs.len() > 1 || logs.iter().any(|log| log.contains(['*', '?', '['])),
        is_joined,
    };
    explain_all(&chosen, inputs)
}

/// Whether there is such a rule; otherwise what there is.
fn check_name(name: &str, engine: &Engine) -> Result<(), String> {
    if engine.rule_names().any(|one| one == name) {
        return Ok(());
    }
    let meant = nearest(name, engine.rule_names());
    let meant = meant.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    let names: Vec<&str> = engine.rule_names().collect();
    Err(format!(
        "no rule is called `{}`{meant}\n\nthere are {}",
        harmless(name.as_bytes()),
        names.join(", ")
    ))
}

/// What is explained, and how.
struct Chosen<'e> {
    engine: &'e Engine,
    /// What is known of the rules in TOML.
    rules: &'e [Rule],
    /// The only rule that is asked.
    rule: Option<&'e str>,
    unmatched_only: bool,
    is_summary: bool,
    /// Several files may be read: lines are numbered in each.
    names_files: bool,
    /// Several lines may be one record.
    is_joined: bool,
}

/// Shows what the engine says of each line.
struct Explainer<'e> {
    chosen: &'e Chosen<'e>,
    search: PrefixSearch<'e>,
    file: Arc<str>,
    /// The lines of this file so far.
    places: Places,
    /// The lines of the files before.
    lines_before: u64,
    summary: Summary,
    written: std::io::Result<()>,
}

impl PartSink for Explainer<'_> {
    fn begin(&mut self, _part: u64, origin: &Origin) {
        if *self.file != *origin.file {
            self.file = Arc::clone(&origin.file);
            self.lines_before += self.places.lines();
            self.places = Places::default();
        }
    }

    fn raw_line(&mut self, offset: u64, raw: &[u8]) {
        self.places.add(offset, raw);
    }

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        if self.written.is_err() {
            return;
        }
        let chosen = self.chosen;
        let (number, taken_off) = self.places.of(offset, chosen.is_joined);
        if let Some(words) = &taken_off {
            self.summary.was_taken_off(words);
        }
        let mut verdicts = chosen.engine.explain(line);
        if let Some(rule) = chosen.rule {
            verdicts.retain(|verdict| *verdict.rule == *rule);
        }
        let hit = self.summary.add(line, &verdicts);
        if chosen.is_summary || (hit && chosen.unmatched_only) {
            return;
        }
        let mut place = match chosen.names_files {
            true => format!("{} line {number}", harmless(self.file.as_bytes())),
            false => format!("line {number}"),
        };
        let lines = line.text.split(|byte| *byte == b'\n').count();
        if chosen.is_joined && lines > 1 {
            let _ = write!(place, ", a record of {lines} lines");
        }
        let mut text = describe(
            &place,
            (line, taken_off.as_deref()),
            &verdicts,
            chosen.rules,
        );
        if !hit && let Some(prefix) = self.search.find(line) {
            let shown = shorten(&harmless(prefix));
            let _ = writeln!(text, "  {}", unknown_prefix::words(&shown));
        }
        self.written = std::io::stdout().lock().write_all(text.as_bytes());
    }

    fn incomplete_record(&mut self, origin: &Origin) {
        warn_of_incomplete_record(origin);
    }

    fn records_cut(&mut self, origin: &Origin, cuts: Cuts) {
        warn_of_cuts(origin, cuts);
    }

    fn end(&mut self, _oversized: u64) -> bool {
        self.written.is_ok()
    }
}

fn explain_all(chosen: &Chosen<'_>, mut inputs: Inputs) -> Exit {
    inputs.is_prompt = true;
    let explainer = || Explainer {
        chosen,
        search: PrefixSearch::new(chosen.engine),
        file: Arc::from(""),
        places: Places::default(),
        lines_before: 0,
        summary: Summary::default(),
        written: Ok(()),
    };
    let (explainers, errors) = to_end::read(inputs, 1, explainer, &Arc::default());
    for mut explainer in explainers {
        if chosen.is_summary && explainer.written.is_ok() {
            let text = explainer.summary.shapes(chosen);
            explainer.written = std::io::stdout().lock().write_all(text.as_bytes());
        }
        match explainer.written {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Exit::Done,
            Err(error) => {
                return terminal::fail(&format_args!("cannot write to standard output: {error}"));
            }
        }
        let lines = explainer.lines_before + explainer.places.lines();
        terminal::say(&explainer.summary.total(chosen, lines).trim_end());
    }
    match errors.first() {
        None => Exit::Done,
        Some(error) => terminal::fail(error),
    }
}

/// A line and what each rule says of it; and what was taken off it.
fn describe(
    place: &str,
    (line, taken_off): (&Line<'_>, Option<&str>),
    verdicts: &[Verdict],
    rules: &[Rule],
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{place}: {}", shorten(&harmless(line.text)));
    if let Some(words) = taken_off {
        let fields = places::fields(line);
        let fields = if fields.is_empty() {
            fields
        } else {
            format!(" ({fields})")
        };
        let _ = writeln!(out, "  taken off: {words}{fields}");
    }
    let is_match = verdicts.iter().any(|verdict| verdict.outcome.is_match());
    for verdict in verdicts {
        let rule = rules.iter().find(|rule| *rule.name == *verdict.rule);
        words::verdict(verdict, line, (rule, is_match), &mut out);
    }
    out
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
