//! `logmetrics suggest`: first rules for a log, made of its own lines.
//!
//! Reads the log's beginning, as `--once` would, and writes the rules; what they are is decided elsewhere.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::Exit;
use super::{environment, terminal};
use logmetrics_follow::to_end::{self, Inputs};
use logmetrics_follow::{InputKind, Specification};
use logmetrics_gateway::output_file::{OutputFile, OutputOptions};
use logmetrics_suggest::{SAMPLE_LINES_MAX, Sample, suggest};

/// Write first rules for a log, made of its own lines.
///
/// Recognises the logs of known programs, and takes all others apart: JSON, key=value, CSV, access logs of
/// any design. The rules that it prints pass `check` and `test`, and count something on this log.
#[derive(Debug, Clone, clap::Args)]
pub struct SuggestArgs {
    /// Files, quoted globs, or - for standard input; without any, standard input
    #[arg(value_name = "LOG")]
    logs: Vec<String>,

    /// Write to this file, which must not exist yet, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How many lines are looked at
    #[arg(long, value_name = "N", default_value_t = SAMPLE_LINES_MAX, value_parser = at_least_one)]
    lines: usize,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least one line is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// Reads the beginning of the log and prints rules for it.
pub fn execute(args: SuggestArgs) -> Exit {
    let mut logs = environment::logs(args.logs);
    if logs.is_empty() {
        logs.push("-".to_owned());
    }
    if logs.iter().any(|log| log == "-") && std::io::stdin().is_terminal() {
        terminal::say(&"reading standard input: paste lines, end with control-D");
    }
    let specifications = match Specification::parse_all(&logs) {
        Ok(specifications) => specifications,
        Err(errors) => {
            let first = errors.first().map_or_else(String::new, ToString::to_string);
            return terminal::usage(&first);
        }
    };
    let inputs = Inputs::of(&specifications);
    if let Some(error) = inputs.errors().first() {
        return terminal::usage(error);
    }
    let sample = || Sample::new(args.lines);
    let (samples, errors) = to_end::read(inputs, 1, sample, &Arc::default());
    let Some(sample) = samples.first() else {
        return terminal::fail(&"nothing was read");
    };
    if let Some(error) = errors.first() {
        if sample.lines.is_empty() {
            return terminal::fail(error);
        }
        terminal::say(&format_args!("warning: {error}"));
    }
    let suggestion = match suggest(sample, &name(&specifications)) {
        Ok(suggestion) => suggestion,
        Err(refusal) => return terminal::fail(&refusal),
    };
    terminal::say(&format_args!(
        "{} of {} {} counted: {}",
        suggestion.matched,
        suggestion.lines,
        if suggestion.joins { "records" } else { "lines" },
        suggestion.what
    ));
    print(args.output, suggestion.rules.as_bytes(), &specifications)
}

/// What the log is called.
fn name(specifications: &[Specification]) -> String {
    let path = specifications.first().and_then(|first| match &first.kind {
        InputKind::StandardInput | InputKind::Socket(_) => None,
        InputKind::File(path) | InputKind::Fifo(path) => Some(path.clone()),
        InputKind::Glob(_) => {
            let fixed = first.source.split(['*', '?', '[', '{']).next();
            fixed.map(PathBuf::from)
        }
    });
    let name = path.as_deref().and_then(|path| path.file_name());
    name.map_or_else(
        || "log".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn print(output: Option<PathBuf>, rules: &[u8], logs: &[Specification]) -> Exit {
    let Some(path) = output else {
        return terminal::print(rules);
    };
    let inputs: Vec<PathBuf> = logs
        .iter()
        .filter_map(|log| match &log.kind {
            InputKind::File(path) | InputKind::Fifo(path) => Some(path.clone()),
            InputKind::StandardInput | InputKind::Socket(_) | InputKind::Glob(_) => None,
        })
        .collect();
    let options = OutputOptions {
        replaces: false,
        is_private: false,
        inputs: &inputs,
    };
    match OutputFile::create(&path, &options) {
        Ok(output) => terminal::write_file(output, rules),
        Err(error) => terminal::usage(&format_args!("cannot write `{}`: {error}", path.display())),
    }
}
