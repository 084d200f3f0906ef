//! `logmetrics explain`: line by line, which rule matched and which part of which pattern did not.
//!
//! Only shows verdicts; the engine decides them, in the same code that counts.

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
use logmetrics_core::engine::verdict::{Outcome, SkipReason, Update, Verdict};
use logmetrics_core::engine::{Engine, FieldErrorKind, Secret};
use logmetrics_core::pipeline::{warn_of_cuts, warn_of_incomplete_record};
use logmetrics_core::unknown_prefix::{self, PrefixSearch};
use logmetrics_follow::Specification;
use logmetrics_follow::line::multiline::Cuts;
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::{self, Inputs, PartSink};

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
    explain_all(&engine, inputs, args.unmatched)
}

/// Shows what the engine says of each line.
struct Explainer<'e> {
    engine: &'e Engine,
    search: PrefixSearch<'e>,
    unmatched_only: bool,
    lines: u64,
    matched: u64,
    written: std::io::Result<()>,
}

impl PartSink for Explainer<'_> {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, _offset: u64, line: &Line<'_>) {
        if self.written.is_err() {
            return;
        }
        self.lines += 1;
        let verdicts = self.engine.explain(line);
        let hit = verdicts.iter().any(|verdict| verdict.outcome.is_match());
        self.matched += u64::from(hit);
        if !hit || !self.unmatched_only {
            let mut text = describe(self.lines, line, &verdicts);
            if !hit && let Some(prefix) = self.search.find(line) {
                let shown = shorten(&harmless(prefix));
                let _ = writeln!(text, "  {}", unknown_prefix::words(&shown));
            }
            self.written = std::io::stdout().lock().write_all(text.as_bytes());
        }
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

fn explain_all(engine: &Engine, mut inputs: Inputs, unmatched_only: bool) -> Exit {
    inputs.is_prompt = true;
    let explainer = || Explainer {
        engine,
        search: PrefixSearch::new(engine),
        unmatched_only,
        lines: 0,
        matched: 0,
        written: Ok(()),
    };
    let (explainers, errors) = to_end::read(inputs, 1, explainer, &Arc::default());
    for explainer in explainers {
        match explainer.written {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Exit::Done,
            Err(error) => {
                return terminal::fail(&format_args!("cannot write to standard output: {error}"));
            }
        }
        let (lines, matched) = (explainer.lines, explainer.matched);
        terminal::say(&format_args!(
            "{lines} lines, {matched} matched, {} not",
            lines - matched
        ));
    }
    match errors.first() {
        None => Exit::Done,
        Some(error) => terminal::fail(error),
    }
}

fn describe(number: u64, line: &Line, verdicts: &[Verdict]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "line {number}: {}", shorten(&harmless(line.text)));
    for verdict in verdicts {
        let _ = match &verdict.outcome {
            Outcome::Matched(updates) => {
                let _ = writeln!(out, "  {}: match", verdict.rule);
                updates
                    .iter()
                    .try_for_each(|update| writeln!(out, "    {}", show(update)))
            }
            Outcome::ScriptMatched { held, updates } => {
                let _ = writeln!(out, "  {}: match", verdict.rule);
                held.iter().chain(updates).try_for_each(|text| {
                    writeln!(out, "    {}", shorten(&harmless(text.as_bytes())))
                })
            }
            other => writeln!(out, "  {}: no match: {other}", verdict.rule),
        };
    }
    out
}

fn show(update: &Update) -> String {
    let metric = &update.metric;
    match &update.result {
        Ok((labels, value)) if labels.is_empty() => format!("{metric} {value}"),
        Ok((labels, value)) => format!("{metric}{{{labels}}} {value}"),
        Err(SkipReason::Where { name, pattern }) => {
            format!("{metric}: left out, as `where` asks that `{name}` is `{pattern}`")
        }
        Err(SkipReason::MissingLabel { label }) => {
            format!("{metric}: not counted, as label `{label}` has neither value nor default")
        }
        Err(SkipReason::BadValue { field, text, why }) => {
            let text = shorten(&harmless(text));
            format!("{metric}: not counted, as field `{field}` is `{text}`, which {why}")
        }
        Err(SkipReason::UnreadableTime { text }) => {
            let text = shorten(&harmless(text));
            format!(
                "time: `{text}` cannot be read; `time = {{ from = …, format = … }}` says how it is written"
            )
        }
        Err(SkipReason::Value(error)) => {
            let why = match error.kind {
                FieldErrorKind::Missing => "is not on the line",
                FieldErrorKind::BadValue => "is no number that this metric can take",
                FieldErrorKind::UnreadableTime => "is no time that can be read",
                FieldErrorKind::Ambiguous => "stands more than once, and the rule takes only one",
                FieldErrorKind::TooMany => "has more matches than are counted of one line",
                FieldErrorKind::LookupMiss => "is not in its table",
            };
            format!("{metric}: not counted, as field `{}` {why}", error.field)
        }
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
