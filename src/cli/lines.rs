//! `logmetrics lines`: the lines of a log that made a series what it is, as they are in the log.
//!
//! Only finds and prints; [`Lineage`] counts the lines and knows where limits sent them.

use std::collections::BTreeSet;
use std::io::{ErrorKind, IsTerminal, Stdout, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::exit::Exit;
use super::multiline_options::MultilineArgs;
use super::terminal::{self, harmless};
use super::{environment, report, run};
use crate::programs::{self, MtailSettings, Programs, Runnable};
use crate::pseudonym_secret::PseudonymSecret;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::{Engine, Runner};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::lineage::{Change, Lineage, Selector};
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::warn_of_cuts;
use logmetrics_follow::line::multiline::{Cuts, MultilineByFile};
use logmetrics_follow::line::{Line, Origin};
use logmetrics_follow::to_end::{self, Inputs, PartSink};
use logmetrics_follow::{InputKind, Specification, existing};
use logmetrics_gateway::report::Period;

const EXAMPLES: &str = "\
Examples:
  logmetrics lines 'requests_by_user{user_email=\"bob@example.com\",status=~\"5..\"}' gateway.log
  logmetrics lines --count 'requests_by_user{status=\"429\"}' gateway.log
  logmetrics lines 'app_duration_seconds_bucket{le=\"0.1\"}' -r app.toml app.log
  logmetrics lines 'logmetrics_rule_missing_field_total{field=\"user\"}' -r app.toml app.log
  logmetrics lines --unmatched '/var/log/gw/*.log' --since 1h";

/// Print the lines that made a series what it is.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = "logmetrics lines [OPTIONS] SELECTOR [LOG]...\n       \
                      logmetrics lines [OPTIONS] <--unmatched|--unreadable|--limited> [LOG]...",
)]
pub struct LinesArgs {
    /// A selector of series as Prometheus writes it (`name{label="value",other=~"regex"}`), also of the program's own
    /// metrics about lines; then files, quoted globs, or - for standard input
    #[arg(value_name = "SELECTOR [LOG]")]
    words: Vec<String>,

    /// The lines that no rule matched; there is no selector then
    #[arg(short, long, group = "kind")]
    unmatched: bool,

    /// The lines that are for a rule and break off or go wrong
    #[arg(long, group = "kind")]
    unreadable: bool,

    /// The lines that a limit sent to `__other__`
    #[arg(long, group = "kind")]
    limited: bool,

    /// A rules file, a program of mtail (.mtail), a folder of them, or builtin:NAME; repeatable; without it the
    /// built-in agentgateway rules
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Only lines from this time on: `24h` (so long ago), `2026-10-08`, `2026-10-08T14:00` (UTC)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only lines before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Print only how many lines there are
    #[arg(short, long, conflicts_with_all = ["json", "place"])]
    count: bool,

    /// Print a JSON object for each line: its file, offset, time and text, and what it changed
    #[arg(long, conflicts_with = "place")]
    json: bool,

    /// Put FILE:OFFSET: before each line (as it is where there are several files)
    #[arg(short, long, overrides_with = "no_place")]
    place: bool,

    /// Print the lines alone, also of several files
    #[arg(long)]
    no_place: bool,

    /// A file with the secret that keys pseudonyms (or LOGMETRICS_PSEUDONYM_SECRET)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_PSEUDONYM_SECRET_FILE")]
    pseudonym_secret_file: Option<PathBuf>,

    #[command(flatten)]
    multiline: MultilineArgs,

    /// Run programs of mtail with all its surprises
    #[arg(long)]
    mtail_strict: bool,
}

/// How found lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    WithPlace,
    Json,
    Count,
}

/// Finds the lines and prints them.
pub fn execute(args: LinesArgs) -> Exit {
    match found(args) {
        Ok(exit) => exit,
        Err(message) => terminal::usage(&message),
    }
}

fn found(args: LinesArgs) -> Result<Exit, String> {
    let (selector, logs) = selector(&args)?;
    let period = report::period(
        args.since.as_deref(),
        args.until.as_deref(),
        Clock::system().now_ms(),
    )?;
    let secret = PseudonymSecret::from_options(args.pseudonym_secret_file.clone())
        .and_then(|source| source.map(|source| source.read()).transpose())?;
    let mtail = MtailSettings::new(args.mtail_strict);
    let rules = environment::rules(args.rules.clone());
    let programs =
        Programs::new(&rules, &mtail, &Clock::system()).with_multiline(args.multiline.settings()?);
    let checked = match programs.check(programs.gather()) {
        Ok(checked) => checked,
        Err(problems) => {
            terminal::say(&problems);
            return Ok(Exit::Usage);
        }
    };
    let runnable = programs.compile(&checked, secret.as_ref());
    let Runnable {
        engine,
        definitions,
        ..
    } = runnable.map_err(|error| error.to_string())?;
    let store = Store::new(definitions.clone(), 0);
    programs::resume(&engine, None, &[], (&store, 0));
    let lineage = Lineage::new(&engine, (&store, &definitions), selector.clone());
    let lineage = lineage.map_err(|unknown| unknown.to_string())?;
    for label in lineage.passed_over() {
        terminal::say(&format_args!(
            "note: `{label}` is a label that Prometheus adds; it is passed over here"
        ));
    }
    let logs = run::inputs(environment::logs(logs), "logmetrics lines SELECTOR")?;
    let specifications = Specification::parse_all(&logs);
    let specifications = specifications.map_err(|errors| match errors.first() {
        Some(error) => error.to_string(),
        None => String::new(),
    })?;
    let inputs = joined(&specifications, &programs.multiline(&checked))?;
    let printer = Printer {
        form: form(&args, &specifications),
        globs: globs(&specifications),
        is_terminal: std::io::stdout().is_terminal(),
        out: std::io::BufWriter::new(std::io::stdout()),
        error: None,
    };
    let finder = Finder {
        lineage,
        engine: &engine,
        times: engine.runner(),
        period,
        printer,
        found: 0,
        without_time: 0,
        outside: 0,
    };
    Ok(read(inputs, finder, &store, &selector))
}

/// What is looked for, and the logs.
fn selector(args: &LinesArgs) -> Result<(Selector, Vec<String>), String> {
    let mut words = args.words.iter().cloned();
    let fixed = match (args.unmatched, args.unreadable, args.limited) {
        (true, _, _) => "logmetrics_lines_unmatched_total",
        (_, true, _) => "logmetrics_rule_unreadable_lines_total",
        (_, _, true) => "{__name__=~\"logmetrics_(series|label)_limited_total\"}",
        _ => "",
    };
    let text = match fixed {
        "" => words.next().ok_or(
            "which lines? name a series as Prometheus writes it, and then logs:\n\n  \
             logmetrics lines 'requests_by_user{status=\"429\"}' gateway.log\n\n\
             logmetrics lines --help says more",
        )?,
        fixed => fixed.to_owned(),
    };
    let selector = Selector::parse(&text).map_err(|error| error.to_string())?;
    Ok((selector, words.collect()))
}

fn form(args: &LinesArgs, specifications: &[Specification]) -> Form {
    let (files, _) = existing(specifications);
    let is_stream =
        |one: &&Specification| matches!(one.kind, InputKind::StandardInput | InputKind::Fifo(_));
    let streams = specifications.iter().filter(is_stream).count();
    match files.len() + streams {
        _ if args.count => Form::Count,
        _ if args.json => Form::Json,
        _ if args.place => Form::WithPlace,
        0 | 1 => Form::Line,
        _ if args.no_place => Form::Line,
        _ => Form::WithPlace,
    }
}

/// The sources that are many files: each is shown by its own name.
fn globs(specifications: &[Specification]) -> BTreeSet<Arc<str>> {
    let is_glob = |one: &&Specification| matches!(one.kind, InputKind::Glob(_));
    let globs = specifications.iter().filter(is_glob);
    globs.map(|one| Arc::clone(&one.source)).collect()
}

/// Finds lines and prints them as they come.
struct Finder<'e> {
    lineage: Lineage<'e>,
    engine: &'e Engine,
    /// For the times of lines alone.
    times: Runner,
    period: Period,
    printer: Printer,
    found: u64,
    /// Lines that were left out, as nobody knows when they were written.
    without_time: u64,
    /// Lines that were left out, as they are of another time.
    outside: u64,
}

impl Finder<'_> {
    fn line(&mut self, offset: u64, line: &Line<'_>) {
        let changes = self.lineage.line(line);
        if changes.is_empty() {
            return;
        }
        let needs_time = self.period.is_bounded() || self.printer.form == Form::Json;
        let time = match needs_time {
            true => self.engine.time_of(line, &mut self.times),
            false => None,
        };
        if self.period.is_bounded() {
            match time {
                None => {
                    self.without_time += 1;
                    return;
                }
                Some(seconds) if !self.period.contains(seconds) => {
                    self.outside += 1;
                    return;
                }
                Some(_) => {}
            }
        }
        self.found += 1;
        self.printer.print(offset, line, (time, &changes));
    }
}

struct Printer {
    form: Form,
    globs: BTreeSet<Arc<str>>,
    is_terminal: bool,
    out: std::io::BufWriter<Stdout>,
    error: Option<std::io::Error>,
}

impl Printer {
    fn print(&mut self, offset: u64, line: &Line<'_>, what: (Option<f64>, &[Change])) {
        if self.error.is_some() || self.form == Form::Count {
            return;
        }
        // As it is in the log, with what was around it.
        let raw = line.wrapping.whole.unwrap_or(line.text);
        let name = self.name(line.origin);
        let written = match self.form {
            Form::Json => {
                let object = json(name, offset, raw, what);
                writeln!(self.out, "{object}")
            }
            Form::WithPlace => write!(self.out, "{}:{offset}:", harmless(name.as_bytes()))
                .and_then(|()| self.raw(raw)),
            _ => self.raw(raw),
        };
        self.error = written.err();
    }

    /// The bytes themselves, but for a terminal, which some of them may harm.
    fn raw(&mut self, raw: &[u8]) -> std::io::Result<()> {
        match self.is_terminal {
            true => self.out.write_all(harmless(raw).as_bytes())?,
            false => self.out.write_all(raw)?,
        }
        self.out.write_all(b"\n")
    }

    fn name<'o>(&self, origin: &'o Origin) -> &'o str {
        match self.globs.contains(&origin.source) {
            true => &origin.file,
            false => &origin.source,
        }
    }
}

fn json(
    name: &str,
    offset: u64,
    raw: &[u8],
    (time, changes): (Option<f64>, &[Change]),
) -> serde_json::Value {
    let changes: Vec<_> = changes
        .iter()
        .map(|change| serde_json::json!({ "series": change.series, "value": change.value }))
        .collect();
    serde_json::json!({
        "file": name,
        "offset": offset,
        "time": time,
        "line": String::from_utf8_lossy(raw),
        "changes": changes,
    })
}

/// What is read, with its records of several lines.
fn joined(specifications: &[Specification], multiline: &MultilineByFile) -> Result<Inputs, String> {
    let mut inputs = Inputs::of(specifications);
    inputs.multiline = multiline.clone();
    match inputs.errors().first() {
        None => Ok(inputs),
        Some(error) => Err(error.to_string()),
    }
}

/// One thread reads, so that limits are those of the log's order.
struct Sink<'f, 'e> {
    finder: &'f Mutex<Finder<'e>>,
}

impl PartSink for Sink<'_, '_> {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        let mut finder = self.finder.lock().unwrap_or_else(PoisonError::into_inner);
        finder.line(offset, line);
    }

    fn records_cut(&mut self, origin: &Origin, cuts: Cuts) {
        warn_of_cuts(origin, cuts);
    }

    fn end(&mut self, _oversized: u64) -> bool {
        let finder = self.finder.lock().unwrap_or_else(PoisonError::into_inner);
        finder.printer.error.is_none()
    }
}

fn read(inputs: Inputs, finder: Finder<'_>, store: &Store, selector: &Selector) -> Exit {
    let finder = Mutex::new(finder);
    let sink = || Sink { finder: &finder };
    let (_, errors) = to_end::read(inputs, 1, sink, &Arc::default());
    let mut finder = finder.into_inner().unwrap_or_else(PoisonError::into_inner);
    let printer = &mut finder.printer;
    let written = match (printer.error.take(), printer.form) {
        (Some(error), _) => Err(error),
        (None, Form::Count) => writeln!(printer.out, "{}", finder.found),
        (None, _) => Ok(()),
    };
    match written.and_then(|()| printer.out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Exit::Done,
        Err(error) => {
            return terminal::fail(&format_args!("cannot write to standard output: {error}"));
        }
    }
    if finder.without_time > 0 {
        terminal::say(&format_args!(
            "note: {} lines were left out, as it is not known when they were written",
            finder.without_time
        ));
    }
    match (finder.found, finder.outside) {
        (0, 0) => terminal::say(&nothing(store, selector)),
        (0, outside) => terminal::say(&format_args!(
            "no line of that time: {outside} more are before --since, or not before --until"
        )),
        _ => {}
    }
    match errors.first() {
        None => Exit::Done,
        Some(error) => terminal::fail(error),
    }
}

/// Why there may be nothing: the series that there are.
fn nothing(store: &Store, selector: &Selector) -> String {
    let page = Exposition::new(store.snapshot(0), Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8_lossy(&page);
    let name = |sample: &str| {
        sample
            .split(['{', ' '])
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    let of_metric: Vec<&str> = samples
        .filter(|line| selector.takes_name(&name(line)))
        .collect();
    let shown: Vec<String> = (of_metric.iter().take(SERIES_SHOWN_MAX))
        .map(|sample| format!("\n  {}", harmless(sample.as_bytes())))
        .collect();
    match of_metric.len() {
        0 => "no line is such a one".to_owned(),
        count => format!(
            "no line is such a one; of {count} series there are{}",
            shown.concat()
        ),
    }
}

/// How many series are shown where no line was found.
const SERIES_SHOWN_MAX: usize = 5;
