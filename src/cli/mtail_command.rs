//! mtail's own command line: `logmetrics -progs DIR -logs FILE …`, also when the program is called by the
//! name `mtail`. Everything that `mtail --help` of 3.0 to 3.4 names is understood; what has no meaning
//! here is taken and named once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::exit::Exit;
use super::run::parse_interval;
use super::{once, terminal};
use crate::daemon::{self, Counted};
use crate::logging::{self, LogFormat, LogOptions};
use crate::programs::{MtailSettings, Programs};
use crate::server::{Listen, Protection};
use crate::settings::{BeginAt, Format, Settings, StateSettings};
use logmetrics_core::clock::Clock;
use logmetrics_core::exposition::{Exposition, Format as Page};
use logmetrics_follow::NameFilter;
use logmetrics_mtail::Options;
use logmetrics_mtail::unit::PageOptions;

mod flags;
mod push;

use flags::Flags;

const HELP: &str = "\
logmetrics as mtail: turns log lines into metrics by mtail's programs.

Usage: logmetrics -progs DIR -logs FILE[,FILE] [-logs …] [FLAGS]

Flags have one or two dashes; a value follows after = or a blank.
  -progs PATH                  a program, or a folder of *.mtail files
  -logs LIST                   files, globs, fifos or -, and sockets (unix:///run/x, unixgram:///run/x,
                               tcp://HOST:PORT, udp://HOST:PORT), with commas between; repeatable
  -address HOST, -port N       where to serve; all addresses, and port 3903
  -unix_socket PATH            serve on a socket in the file system instead
  -one_shot                    read the logs from start to end, print the metrics, exit
  -one_shot_format FORMAT      json (the default) or prometheus
  -compile_only                only check the programs
  -emit_prog_label=false       leave the label `prog` out
  -emit_metric_timestamp       show the time of each series
  -override_timezone ZONE      the zone of times that name none; UTC
  -syslog_use_current_year=false   times without a year are in year 0
  -ignore_filename_regex_pattern REGEX   leave files with such base names out
  -expired_metrics_gc_interval D   how often --mtail-strict looks for what has expired; 1h
  -max_regexp_length N, -max_recursion_depth N   limits of programs
  -vm_logs_runtime_errors=false    do not say why a program stopped half-way
  -http_info_endpoint=false    no /json, /varz, /graphite and /progz
  -collectd_socketpath PATH, -graphite_host_port HOST:PORT, -statsd_hostport HOST:PORT
                               push there too, each with a -…_prefix
  -metric_push_interval D, -metric_push_write_deadline D   how often, and how long one may take; 1m, 10s
  -v N                         say more from 1 on
  -version, -help

Beyond mtail:
  --mtail-strict               copy also those surprises of mtail that lose lines
  --zero-start                 show a scraper new series at zero first
  --from start|end             where to begin in files that exist at the start; end
  --state FILE                 remember positions and values over restarts
  --state-interval D           how often to save them; 1s

All other flags of mtail are taken and do nothing. `logmetrics --help` has what else there is.
";

/// The schemes of sockets that are logs.
const SOCKETS: [&str; 4] = ["unix", "unixgram", "tcp", "udp"];

/// How often mtail looks for what has expired.
const SWEEP: Duration = Duration::from_secs(3600);

/// What was typed, if it is mtail's command line.
pub fn arguments() -> Option<Vec<String>> {
    let mut all = std::env::args_os();
    let name = all.next().unwrap_or_default();
    let name = Path::new(&name).file_stem().unwrap_or_default();
    let arguments: Vec<String> = all.map(|one| one.to_string_lossy().into_owned()).collect();
    (name == "mtail" || flags::are_mtails(&arguments)).then_some(arguments)
}

/// Does what mtail's command line says.
pub fn execute(arguments: &[String]) -> Exit {
    let flags = match Flags::parse(arguments) {
        Ok(flags) => flags,
        Err(message) => return terminal::usage(&message),
    };
    if flags.is_set("help") || flags.is_set("h") {
        return terminal::print(HELP.as_bytes());
    }
    if flags.is_set("version") {
        let version = format!("logmetrics {} as mtail 3.2\n", crate::VERSION);
        return terminal::print(version.as_bytes());
    }
    if let Err(error) = logging::start(&log_options(&flags), Clock::system()) {
        return terminal::usage(&error);
    }
    let ignored: Vec<String> = flags.ignored().map(|name| format!("-{name}")).collect();
    if !ignored.is_empty() {
        tracing::warn!("these flags do nothing here: {}", ignored.join(", "));
    }
    match settings(&flags) {
        Err(message) => terminal::fail(&message),
        Ok(settings) if flags.is_set("compile_only") => compile_only(&settings),
        Ok(settings) if flags.is_set("one_shot") => one_shot(&flags, &settings),
        Ok(settings) => match daemon::run(&settings) {
            Ok(()) => Exit::Done,
            Err(failure) => failed(failure),
        },
    }
}

/// mtail ends with 1, whatever went wrong.
fn failed(failure: daemon::Failure) -> Exit {
    once::say(failure);
    Exit::Failed
}

/// One shot ends at the first wrong program, as in mtail.
fn compile_only(settings: &Settings) -> Exit {
    let programs = Programs::new(&settings.rules, &settings.mtail, &Clock::system());
    match programs.check(programs.gather()) {
        Ok(checked) => {
            for advice in &checked.mtail.advice {
                terminal::say(&advice.render(false));
            }
            Exit::Done
        }
        Err(problems) => {
            terminal::say(&problems);
            Exit::Failed
        }
    }
}

fn one_shot(flags: &Flags, settings: &Settings) -> Exit {
    let format = flags.value("one_shot_format").unwrap_or("json");
    if !matches!(format, "json" | "prometheus") {
        let message = format!("-one_shot_format is json or prometheus, not `{format}`");
        return terminal::fail(&message);
    }
    let Counted {
        snapshot,
        errors,
        engine,
    } = match daemon::once(settings) {
        Ok(counted) => counted,
        Err(failure) => return failed(failure),
    };
    let page = match format {
        "prometheus" => Exposition::new(snapshot, Vec::new(), Page::Text).into_bytes(),
        _ => logmetrics_mtail::pages::one_shot_json(&engine, &snapshot).into_bytes(),
    };
    let printed = terminal::print(&page);
    for error in &errors {
        terminal::say(&format_args!("error: {error}"));
    }
    match errors.is_empty() {
        true => printed,
        false => Exit::Failed,
    }
}

fn log_options(flags: &Flags) -> LogOptions {
    let is_verbose = flags.value("v").is_some_and(|level| level != "0");
    LogOptions {
        log_format: LogFormat::default(),
        log_level: if is_verbose { "debug" } else { "info" }.to_owned(),
    }
}

fn settings(flags: &Flags) -> Result<Settings, String> {
    let Some(programs) = flags.value("progs").filter(|path| !path.is_empty()) else {
        return Err("no programs: name a folder of them with -progs DIR".to_owned());
    };
    let only_compiles = flags.is_set("compile_only");
    let inputs = inputs(flags)?;
    if inputs.is_empty() && !only_compiles {
        return Err("no logs: name them with -logs FILE, which may be repeated".to_owned());
    }
    let one_shot = flags.is_set("one_shot");
    let from = match flags.value("from") {
        None | Some("end") => BeginAt::End,
        Some("start") => BeginAt::Start,
        Some(other) => return Err(format!("--from is start or end, not `{other}`")),
    };
    Ok(Settings {
        inputs,
        ignored: ignored(flags)?,
        jaeger: None,
        rules: vec![PathBuf::from(programs)],
        listen: listen(flags)?,
        unix_socket: flags
            .value("unix_socket")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
        push: push::settings(flags)?,
        protection: Protection::default(),
        from: if one_shot { BeginAt::Start } else { from },
        format: Format::Text,
        exit_on_eof: false,
        rotate_wait: Duration::from_secs(30),
        rotated_dirs: Vec::new(),
        state: state(flags)?,
        secret: None,
        multiline: None,
        mtail: mtail(flags, one_shot || only_compiles)?,
        zero_start: flags.is_set("zero-start"),
    })
}

fn mtail(flags: &Flags, stops_at_wrong: bool) -> Result<MtailSettings, String> {
    let strict = flags.is_set("mtail-strict");
    let mut options = if strict {
        Options::strict()
    } else {
        Options::default()
    };
    if let Some(length) = flags.number("max_regexp_length")? {
        options.pattern_length_max = length;
    }
    if let Some(depth) = flags.number("max_recursion_depth")? {
        options.depth_max = depth;
    }
    let zone = match flags.value("override_timezone") {
        None | Some("") => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| format!("-override_timezone: there is no time zone `{name}`"))?,
    };
    let sweep = flags.duration("expired_metrics_gc_interval")?;
    let sweep = sweep.unwrap_or(SWEEP).as_secs();
    Ok(MtailSettings {
        page: PageOptions {
            has_program: !flags.is_unset("emit_prog_label"),
            shows_time: flags.is_set("emit_metric_timestamp"),
            is_mtails: true,
            strict,
        },
        options,
        zone,
        assumes_year: !flags.is_unset("syslog_use_current_year"),
        sweep_seconds: i64::try_from(sweep).unwrap_or(i64::MAX).max(1),
        says_errors: !flags.is_unset("vm_logs_runtime_errors"),
        skips_wrong: !stops_at_wrong,
        has_pages: !flags.is_unset("http_info_endpoint"),
    })
}

fn listen(flags: &Flags) -> Result<Listen, String> {
    let port = flags.value("port").unwrap_or("3903");
    let host = flags.value("address").filter(|host| !host.is_empty());
    let host = host.unwrap_or("0.0.0.0");
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok(Listen {
        host: host.to_owned(),
        port: port
            .parse()
            .map_err(|_| format!("-port: expected a number, but found `{port}`"))?,
    })
}

fn state(flags: &Flags) -> Result<Option<StateSettings>, String> {
    let interval = match flags.value("state-interval") {
        Some(text) => parse_interval(text)?,
        None => Duration::from_secs(1),
    };
    Ok(flags.value("state").map(|file| StateSettings {
        file: PathBuf::from(file),
        interval,
    }))
}

/// Files that are left out by their base names.
fn ignored(flags: &Flags) -> Result<Option<NameFilter>, String> {
    const FLAG: &str = "ignore_filename_regex_pattern";
    let Some(pattern) = flags.value(FLAG).filter(|pattern| !pattern.is_empty()) else {
        return Ok(None);
    };
    let translated = logmetrics_mtail::translate(pattern);
    let translated = translated.map_err(|why| format!("-{FLAG}: {why}"))?;
    let regex = regex::Regex::new(&translated.regex);
    let regex = regex.map_err(|error| format!("-{FLAG}: {error}"))?;
    Ok(Some(NameFilter::new(move |name| regex.is_match(name))))
}

/// The logs as mtail names them.
fn inputs(flags: &Flags) -> Result<Vec<String>, String> {
    let lists = flags.values("logs");
    let names = lists.iter().flat_map(|list| list.split(','));
    let mut inputs = Vec::new();
    for name in names.filter(|name| !name.is_empty()) {
        let name = name.strip_prefix("file://").unwrap_or(name);
        if let Some((scheme, _)) = name.split_once("://")
            && !SOCKETS.contains(&scheme)
        {
            return Err(format!(
                "-logs {name}: logmetrics reads files, pipes, standard input and the sockets unix://, \
                 unixgram://, tcp:// and udp://, but no {scheme}://"
            ));
        }
        inputs.push(match name {
            "/dev/stdin" => "-".to_owned(),
            name => name.to_owned(),
        });
    }
    Ok(inputs)
}
