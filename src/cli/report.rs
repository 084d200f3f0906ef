//! `logmetrics report`: who asked what, with what result, how slowly, from logs or from Jaeger.
//!
//! Arguments, the progress line, and where the report goes; what is in it is the report room's.

mod advice;

use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;

use super::exit::Exit;
use super::multiline_options::MultilineArgs;
use super::{environment, jaeger_options, run, terminal};
use crate::progress_bar::Progress;
use crate::pseudonym_secret::PseudonymSecret;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::Secret;
use logmetrics_core::engine::extract::{Dimension, Extractor};
use logmetrics_core::rules;
use logmetrics_core::times::{self, UnknownZone};
use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::MultilineByFile;
use logmetrics_follow::to_end::{self, Inputs};
use logmetrics_follow::{Specification, existing};
use logmetrics_gateway::jaeger::{self as traces, Export, Query, RequestLines, Window};
use logmetrics_gateway::output_file::{OutputFile, OutputOptions};
use logmetrics_gateway::report::render::{Format, Options, render};
use logmetrics_gateway::report::{Collector, Per, Period, PeriodLength, Plan, Report};

/// Characters in a line where it is not known how many there are.
const WIDTH_DEFAULT: u16 = 80;

/// How far back Jaeger is asked without `--since`, in seconds.
const JAEGER_SECONDS: f64 = 24.0 * 3_600.0;

/// The team of users that the table of `--teams` does not have.
const UNLISTED_TEAM: &str = "unknown";

const NO_TEAMS: &str = "nothing says which team a user is of\n\n\
    name a table of users and teams:\n\n  \
    logmetrics report --by team --teams teams.csv gateway.log\n\n\
    with lines such as\n\n  \
    user,team\n  ann@example.com,search\n  *@sales.example.com,sales\n\n\
    or say it in the rule that counts requests:\n\n  \
    [rule.report]\n  team = { from = \"user_email\", lookup = \"teams.csv\", default = \"unknown\" }";

const NOTES: &str = "\
Examples:
  logmetrics report gateway.log
  logmetrics report '/var/log/gw/*.log' /var/log/gw/old.log.gz --since 24h
  docker-compose logs agentgateway | logmetrics report --user sarah.johnson@example.com
  logmetrics report gateway.log --format html -o report.html
  logmetrics report --by team --teams teams.csv gateway.log
  logmetrics report --by team --teams teams.csv --per month --format csv gateway.log -o chargeback.csv
  logmetrics report --jaeger http://jaeger:16686 --since 7d
  logmetrics report --jaeger http://jaeger:16686 --export spans.jsonl.gz; logmetrics report spans.jsonl.gz
  logmetrics report gateway.log --format json | jq '.users[] | {user, requests}'

Percentiles are right to 1 %. A million users, and 100 000 routes, models, providers and statuses
each, are told apart exactly; a million users take about 2 GB of memory. Of more, the busiest are kept
and the rest is added up as __other__: totals are right, and the report says how many requests one may
have beyond what is shown, at most a millionth of all (Misra-Gries). --user is exact whatever there
is. The same input gives the same report, however many threads read it.

Which fields are the user, the route and the status is what [rule.report] in the rules says.

JSON: from, to (of the first and the last request, RFC 3339, UTC), total, users, routes, models,
providers, statuses, teams, hours. Every element has requests, errors_4xx, errors_5xx, duration_seconds
{avg, p50, p95, p99}, tokens_input, tokens_output and cost_usd (null where none is logged, or the rules do
not say where it is); those of a name also have the requests of each routes, models, providers and status_counts. With --user there
are its last requests too.

CSV of --per month: month (2026-11; unknown without a time), then what --by says (team, user, ...), requests,
errors, tokens_input, tokens_output, cost_usd, requests_without_price; sorted by month and name, a million rows
at most, and the rest of each month as __other__. JSON has them as per.rows.

Exit codes: 0 done, 1 a log could not be read whole (what was read is reported), 2 the command line
or the rules are wrong.";

/// What a user types for a report.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = NOTES)]
pub struct ReportArgs {
    /// A file (compressed ones too), a quoted glob, or - for standard input; with no LOG and a pipe on
    /// standard input, that
    #[arg(value_name = "LOG")]
    logs: Vec<String>,

    /// A rules file, a folder of them, or builtin:NAME; repeatable; without it the
    /// built-in agentgateway rules
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Leave out what is older: 24h ago, 2026-10-08, 2026-10-08T14:00 (UTC), or
    /// 2026-10-08T14:00[Europe/Berlin]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Leave out what is as new or newer
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// What comes first, and what the rows of CSV are; team: see --teams
    #[arg(long, default_value = "user")]
    by: By,

    /// A table of users and teams, CSV with a header or TOML, FILE or FILE#COLUMN; * in a
    /// key is any text, and who is not there is of the team unknown. Instead of the team in [rule.report]
    #[arg(long, value_name = "FILE")]
    teams: Option<String>,

    /// Sums of each day or month of the names of --by, first of all in the report; with --format csv
    /// a row for each
    #[arg(long, value_name = "PERIOD")]
    per: Option<PerArg>,

    /// Where days and months of --per begin: UTC, Europe/Berlin, +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "per")]
    zone: String,

    /// Only this user, with the last requests one by one
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,

    /// Rows of each list, and requests of --user; JSON and CSV have all users
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    top: u32,

    /// How the report is written
    #[arg(long, default_value = "table")]
    format: FormatArg,

    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// A file with the secret that keys pseudonyms (or LOGMETRICS_PSEUDONYM_SECRET)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_PSEUDONYM_SECRET_FILE")]
    pseudonym_secret_file: Option<PathBuf>,

    #[command(flatten)]
    multiline: MultilineArgs,

    // Last, as its heading would be that of what follows.
    #[command(flatten)]
    jaeger: jaeger_options::JaegerServer,

    /// Keep all spans of Jaeger in this new file, one a line (packed where it is named .gz or .zst);
    /// what reads logs reads it again
    #[arg(long, value_name = "FILE", requires = "jaeger")]
    export: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    User,
    Route,
    Model,
    Status,
    Team,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PerArg {
    Day,
    Month,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Table,
    Json,
    Csv,
    Markdown,
    Html,
}

impl By {
    fn dimension(self) -> Dimension {
        match self {
            By::User => Dimension::User,
            By::Route => Dimension::Route,
            By::Model => Dimension::Model,
            By::Status => Dimension::Status,
            By::Team => Dimension::Team,
        }
    }
}

impl ReportArgs {
    /// Without the Jaeger of the environment where logs are named: their numbers would be added up.
    pub fn of_logs_alone(mut self) -> ReportArgs {
        if !self.logs.is_empty() {
            self.jaeger.forget();
        }
        self
    }
}

/// Reads the logs and writes the report.
pub fn execute(args: ReportArgs) -> Exit {
    let args = ReportArgs {
        logs: environment::logs(args.logs),
        rules: environment::rules(args.rules),
        ..args
    };
    let secret = PseudonymSecret::from_options(args.pseudonym_secret_file.clone())
        .and_then(|source| source.map(|source| source.read()).transpose());
    let secret = match secret {
        Ok(secret) => secret,
        Err(message) => return terminal::usage(&message),
    };
    let (extractor, multiline) = match extractor(&args, secret.as_ref()) {
        Ok(extractor) => extractor,
        Err(exit) => return exit,
    };
    let now_ms = Clock::system().now_ms();
    let planned = args.jaeger.clone().query().and_then(|query| {
        let period = period(args.since.as_deref(), args.until.as_deref(), now_ms)?;
        let inputs = inputs(&args, query.is_some())?;
        let mut work = Inputs::of(&inputs);
        work.multiline = multiline;
        let asked = match query {
            Some(query) => Some(add_jaeger(&mut work, query, &args, period, now_ms)?),
            None => None,
        };
        Ok((work, asked, period))
    });
    let output = match output_file(&args) {
        Ok(output) => output,
        Err(message) => return terminal::usage(&message),
    };
    let (work, asked, period) = match planned {
        Ok(planned) => planned,
        Err(message) => return terminal::usage(&message),
    };
    // As everywhere: what was named and is not there is a mistake of the command line.
    if let Some(error) = work.errors().first() {
        return terminal::usage(error);
    }
    let per = match per(&args) {
        Ok(per) => per,
        Err(message) => return terminal::usage(&message),
    };
    let plan = Plan::new(extractor, period, args.user.clone(), args.top as usize);
    let plan = Arc::new(plan.per(per));
    let (report, failed) = read(&plan, work, asked);
    for message in &failed {
        terminal::say(&format_args!("error: {message}"));
    }
    if !failed.is_empty() && report.lines == 0 {
        return Exit::Failed;
    }
    advice::advise(&report, period, &args);
    let (format, options) = rendering(&args, now_ms);
    let written = match output {
        None => terminal::print(&render(&report, format, &options)),
        Some(output) => terminal::write_file(output, &render(&report, format, &options)),
    };
    if written == Exit::Done && !failed.is_empty() {
        return Exit::Failed;
    }
    written
}

/// The months or days that have sums of their own.
fn per(args: &ReportArgs) -> Result<Option<Per>, String> {
    let length = match args.per {
        None => return Ok(None),
        Some(PerArg::Day) => PeriodLength::Day,
        Some(PerArg::Month) => PeriodLength::Month,
    };
    let name = args.zone.as_str();
    let zone = times::zone_of_rule(name).map_err(|error| match error {
        UnknownZone::Name => format!(
            "--zone: expected a zone such as `UTC`, `Europe/Berlin` or `+02:00`, but found `{name}`"
        ),
        UnknownZone::NoZones => format!(
            "--zone: no zones are installed, so that `{name}` is not known; `UTC` and `+02:00` are"
        ),
    })?;
    Ok(Some(Per {
        length,
        zone,
        zone_name: name.into(),
        by: args.by.dimension(),
    }))
}

/// How the report is written.
fn rendering(args: &ReportArgs, now_ms: u64) -> (Format, Options) {
    let options = Options {
        by: args.by.dimension(),
        top: args.top as usize,
        width: width(args.output.is_some()),
        colours: args.output.is_none() && has_colours(),
        now_ms,
    };
    let format = match args.format {
        FormatArg::Table => Format::Table,
        FormatArg::Json => Format::Json,
        FormatArg::Csv => Format::Csv,
        FormatArg::Markdown => Format::Markdown,
        FormatArg::Html => Format::Html,
    };
    (format, options)
}

/// What reads requests of lines, and which logs have records of several lines.
fn extractor(
    args: &ReportArgs,
    secret: Option<&Secret>,
) -> Result<(Extractor, MultilineByFile), Exit> {
    let multiline = (args.multiline.settings()).map_err(|message| terminal::usage(&message))?;
    let refused = |problems: rules::Problems| {
        terminal::say(&problems);
        Exit::Usage
    };
    let mut loaded = rules::load(&args.rules).map_err(refused)?;
    if let Some(name) = &args.teams {
        let teams = rules::load_lookup("--teams", name, "team").map_err(refused)?;
        let reports = loaded.set.rules.iter_mut();
        for report in reports.filter_map(|rule| rule.report.as_mut()) {
            report.look_up_teams(&teams, UNLISTED_TEAM);
        }
    }
    match Extractor::new(&loaded.set, secret) {
        Ok(Some(extractor)) if !extractor.has(Dimension::Team) && args.teams.is_some() => {
            Err(terminal::usage(
                &"--teams says whose team a user is of, and no rule says who the user is\n\n\
                  add this to the rule that counts requests, with its own label or field:\n\n  \
                  [rule.report]\n  user = \"user_email\"",
            ))
        }
        Ok(Some(extractor)) if matches!(args.by, By::Team) && !extractor.has(Dimension::Team) => {
            Err(terminal::usage(&NO_TEAMS))
        }
        Ok(Some(extractor)) => {
            let of_rules = || rules::multiline_by_file(&loaded.multiline);
            let multiline = multiline.map_or_else(of_rules, |all| all.as_ref().clone());
            Ok((extractor, multiline))
        }
        Ok(None) => Err(terminal::usage(
            &"no rule says who asked, where to, or with what result\n\n\
              add this to the rule that counts requests, with its own labels or fields:\n\n  \
              [rule.report]\n  user = \"user_email\"\n  route = \"route\"\n  status = \"status\"\n  \
              duration = \"duration\"",
        )),
        Err(error) => Err(terminal::usage(&error)),
    }
}

/// Beside Jaeger, standard input is read only where `-` says so.
fn inputs(args: &ReportArgs, has_jaeger: bool) -> Result<Vec<Specification>, String> {
    if has_jaeger && args.logs.is_empty() {
        return Ok(Vec::new());
    }
    let logs = run::inputs(args.logs.clone(), "logmetrics report")?;
    Specification::parse_all(&logs).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        errors.join("\nerror: ")
    })
}

/// Begins to ask for the requests that began within the period.
fn add_jaeger(
    work: &mut Inputs,
    query: Query,
    args: &ReportArgs,
    period: Period,
    now_ms: u64,
) -> Result<Arc<traces::FetchProgress>, String> {
    let now_seconds = now_ms as f64 / 1e3;
    let since = period.since.unwrap_or_else(|| {
        terminal::say(&"note: jaeger is asked for the last 24 hours; `--since 7d` asks for more");
        period.until.unwrap_or(now_seconds) - JAEGER_SECONDS
    });
    let until = period.until.unwrap_or(now_seconds).min(now_seconds);
    // A float's times before 1970 become 1970.
    let micros = |seconds: f64| (seconds * 1e6) as u64;
    // A float may be half a microsecond off; the report looks again at each time.
    let window = Window {
        start_us: micros(since).saturating_sub(1),
        end_us: micros(until) + 1,
    };
    let export = args.export.as_deref().map(export).transpose()?;
    let source: Arc<str> = query.address.to_string().into();
    let origin = Origin {
        file: Arc::clone(&source),
        source,
    };
    let progress = Arc::new(traces::FetchProgress::new(window));
    let lines = RequestLines::fetch(query, export, Arc::clone(&progress));
    work.add_bytes(origin, lines.map_err(|error| error.to_string())?);
    Ok(progress)
}

fn export(path: &Path) -> Result<Export, String> {
    Export::create(path).map_err(|error| {
        let path = path.display();
        match error.kind() {
            ErrorKind::AlreadyExists => format!(
                "`{path}` exists already, and nothing is written over: name a new file with `--export`"
            ),
            _ => format!("cannot write `{path}`: {error}"),
        }
    })
}

/// The file of `--output`, where there is one; none of the files that are read.
fn output_file(args: &ReportArgs) -> Result<Option<OutputFile>, String> {
    let Some(path) = &args.output else {
        return Ok(None);
    };
    let specifications = Specification::parse_all(&args.logs).unwrap_or_default();
    let logs = existing(&specifications)
        .0
        .into_iter()
        .map(|(_, path)| path);
    let teams = args.teams.iter().filter_map(|name| name.split('#').next());
    let inputs = logs.chain(args.rules.iter().cloned());
    let inputs: Vec<PathBuf> = inputs.chain(teams.map(PathBuf::from)).collect();
    let options = OutputOptions {
        replaces: true,
        is_private: true,
        inputs: &inputs,
    };
    let output = OutputFile::create(path, &options);
    output
        .map(Some)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// From when, and until when, as users type it.
pub(super) fn period(
    since: Option<&str>,
    until: Option<&str>,
    now_ms: u64,
) -> Result<Period, String> {
    let moment = |option: &str, text: Option<&str>| {
        let moment = text.map(|text| Period::moment(text, now_ms)).transpose();
        moment.map_err(|error| format!("{option}: {error}"))
    };
    let period = Period {
        since: moment("--since", since)?,
        until: moment("--until", until)?,
    };
    match (period.since, period.until) {
        (Some(since), Some(until)) if since >= until => {
            Err("expected `--since` to be before `--until`".into())
        }
        _ => Ok(period),
    }
}

/// Reads with as many threads as there are processors, and shows how far it is.
fn read(
    plan: &Arc<Plan>,
    work: Inputs,
    jaeger: Option<Arc<traces::FetchProgress>>,
) -> (Report, Vec<String>) {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let progress = Progress {
        bytes: work.bytes,
        read: Arc::default(),
        jaeger,
    };
    let collector = || Collector::new(Arc::clone(plan));
    let read = || to_end::read(work, threads, collector, &progress.read);
    let (collectors, errors) = progress.during(read);
    collectors.into_iter().for_each(Collector::finish);
    let errors = errors.iter().map(ToString::to_string);
    (plan.report(), errors.collect())
}

/// The terminal's columns; `COLUMNS` says otherwise.
fn width(to_file: bool) -> u16 {
    let said = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let own = || {
        let own = comfy_table::Table::new().width();
        own.filter(|_| !to_file && std::io::stdout().is_terminal())
    };
    said.or_else(own).unwrap_or(WIDTH_DEFAULT)
}

fn has_colours() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && !no_color
}
