//! The default command: follow logs and serve metrics. `--once` reads to the end instead.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, ValueEnum};

use super::exit::Exit;
use super::multiline_options::MultilineArgs;
use super::security_options::ProtectionArgs;
use super::{environment, jaeger_options, once, terminal};
use crate::daemon;
use crate::logging::LogOptions;
use crate::programs::MtailSettings;
use crate::pseudonym_secret::PseudonymSecret;
use crate::server::{Listen, parse_listen};
use crate::settings::{BeginAt, Format, Settings, Since, StateSettings};
use logmetrics_core::rules;

/// What a user types to run.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// A file, a quoted glob ('/var/log/gw/*.log'), a fifo, a socket (unix:///run/x.sock, unixgram://,
    /// tcp://HOST:PORT, udp://HOST:PORT), or - for standard input. With none and a
    /// pipe on standard input, standard input [env: LOGMETRICS_LOGS, separated like PATH]
    #[arg(value_name = "LOG")]
    logs: Vec<String>,

    /// A rules file, a program of mtail (.mtail), a folder of them, or builtin:NAME; repeatable; without
    /// it the built-in agentgateway rules
    /// [env: LOGMETRICS_RULES, separated like PATH]
    #[arg(short, long, value_name = "PATH")]
    rules: Vec<PathBuf>,

    /// Where to serve
    #[arg(short, long, value_name = "ADDR", env = "LOGMETRICS_LISTEN",
          default_value = "0.0.0.0:3903", value_parser = parse_listen)]
    listen: Listen,

    /// The port to serve on, at the address of --listen
    #[arg(short, long, value_name = "N", env = "LOGMETRICS_PORT")]
    port: Option<u16>,

    #[command(flatten)]
    protection: ProtectionArgs,

    /// Where to begin in a file that exists at the start
    #[arg(
        long,
        value_name = "WHERE",
        env = "LOGMETRICS_FROM",
        default_value = "start"
    )]
    from: FromArg,

    /// Remember positions and metric values in this file, so that a restart loses and repeats nothing
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_STATE")]
    state: Option<PathBuf>,

    /// How often to save to the file of --state
    #[arg(long, value_name = "DURATION", env = "LOGMETRICS_STATE_INTERVAL",
          default_value = "1s", value_parser = parse_interval)]
    state_interval: Duration,

    /// Read to the end, print the rules' metrics on standard output, exit
    #[arg(long, env = "LOGMETRICS_ONCE", action = ArgAction::SetTrue,
          value_parser = clap::builder::FalseyValueParser::new())]
    once: bool,

    /// How --once prints
    #[arg(long, env = "LOGMETRICS_FORMAT", default_value = "text")]
    format: FormatArg,

    /// Stop when standard input ends; without it, go on serving
    #[arg(long, env = "LOGMETRICS_EXIT_ON_EOF", action = ArgAction::SetTrue,
          value_parser = clap::builder::FalseyValueParser::new())]
    exit_on_eof: bool,

    /// How long a renamed file is read on for while nobody writes to it; a number is seconds
    #[arg(long, value_name = "DURATION", env = "LOGMETRICS_ROTATE_WAIT",
          default_value = "30s", value_parser = parse_wait)]
    rotate_wait: Duration,

    /// A folder into which logs are rotated (logrotate's `olddir`); a relative one is in each log's folder;
    /// repeatable [env: LOGMETRICS_ROTATED_DIR, separated like PATH]
    #[arg(long = "rotated-dir", value_name = "DIR")]
    rotated_dirs: Vec<PathBuf>,

    /// A file with the secret that keys pseudonyms (or LOGMETRICS_PSEUDONYM_SECRET)
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_PSEUDONYM_SECRET_FILE")]
    pseudonym_secret_file: Option<PathBuf>,

    /// Run programs of mtail with all its surprises, also those that lose lines
    #[arg(long, env = "LOGMETRICS_MTAIL_STRICT", action = ArgAction::SetTrue,
          value_parser = clap::builder::FalseyValueParser::new())]
    mtail_strict: bool,

    #[command(flatten)]
    multiline: MultilineArgs,

    #[command(flatten)]
    log: LogOptions,

    // Last, as its heading would be that of what follows.
    #[command(flatten)]
    jaeger: jaeger_options::JaegerArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FromArg {
    Start,
    End,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatArg {
    Text,
    Openmetrics,
    Json,
}

impl RunArgs {
    /// The first log that was named.
    pub fn first_log(&self) -> Option<&str> {
        self.logs.first().map(String::as_str)
    }
}

/// Runs until a signal, or to the end with `--once`.
pub fn execute(args: RunArgs) -> Exit {
    let once = args.once;
    let settings = match settings(args) {
        Ok(settings) => settings,
        Err(message) => return terminal::usage(&message),
    };
    if once {
        return once::execute(&settings);
    }
    match daemon::run(&settings) {
        Ok(()) => Exit::Done,
        Err(failure) => once::say(failure),
    }
}

/// What was typed becomes what the program runs with.
fn settings(args: RunArgs) -> Result<Settings, String> {
    let logs = environment::logs(args.logs);
    let rules = environment::rules(args.rules);
    let jaeger = args.jaeger.settings()?;
    if args.once && jaeger.as_ref().is_some_and(|one| one.since == Since::Now) {
        return Err(
            "`--once` with `--jaeger` needs to know from when on: `--jaeger-since 1h`".to_owned(),
        );
    }
    Ok(Settings {
        inputs: if jaeger.is_some() && logs.is_empty() {
            // Beside Jaeger, standard input is read only where `-` says so.
            logs
        } else {
            inputs(logs, "logmetrics")?
        },
        ignored: None,
        jaeger,
        rules,
        listen: Listen {
            port: args.port.unwrap_or(args.listen.port),
            ..args.listen
        },
        unix_socket: None,
        push: None,
        protection: args.protection.settings()?,
        from: match args.from {
            FromArg::Start => BeginAt::Start,
            FromArg::End => BeginAt::End,
        },
        format: match args.format {
            FormatArg::Text => Format::Text,
            FormatArg::Openmetrics => Format::OpenMetrics,
            FormatArg::Json => Format::Json,
        },
        exit_on_eof: args.exit_on_eof,
        rotate_wait: args.rotate_wait,
        rotated_dirs: environment::rotated_dirs(args.rotated_dirs),
        state: args.state.map(|file| StateSettings {
            file,
            interval: args.state_interval,
        }),
        secret: PseudonymSecret::from_options(args.pseudonym_secret_file)?,
        multiline: args.multiline.settings()?,
        mtail: MtailSettings::new(args.mtail_strict),
        zero_start: true,
    })
}

pub(super) fn parse_interval(text: &str) -> Result<Duration, String> {
    match rules::parse_duration(text) {
        Some(interval) if !interval.is_zero() => Ok(interval),
        _ => Err("a time such as `500ms`, `1s` or `1m` is wanted".to_owned()),
    }
}

/// A time that may be none; a number without a unit is seconds.
fn parse_wait(text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs);
    seconds
        .or_else(|| rules::parse_duration(text))
        .ok_or_else(|| "a time such as `5s` or `1m` is wanted".to_owned())
}

/// The logs that were named, otherwise what is piped in; `command` is what to type, for the message.
pub(super) fn inputs(mut logs: Vec<String>, command: &str) -> Result<Vec<String>, String> {
    if !logs.is_empty() {
        return Ok(logs);
    }
    if std::io::stdin().is_terminal() || !stdin_has_data() {
        let follow = if command == "logmetrics" { " -f" } else { "" };
        return Err(format!(
            "nothing to read: name a log file, or pipe one in\n\n  \
             docker-compose logs{follow} agentgateway | {command}\n  \
             {command} /var/log/gateway.log\n  \
             {command} --jaeger http://jaeger:16686\n\n\
             {command} --help says more"
        ));
    }
    logs.push("-".to_owned());
    Ok(logs)
}

/// A pipe, a socket or a file is on standard input; not /dev/null, which a service manager puts there.
#[cfg(unix)]
fn stdin_has_data() -> bool {
    use rustix::fs::{FileType, fstat};
    let Ok(stat) = fstat(std::io::stdin()) else {
        return false;
    };
    !matches!(
        FileType::from_raw_mode(stat.st_mode),
        FileType::CharacterDevice
    )
}

#[cfg(not(unix))]
fn stdin_has_data() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_takes_a_unit() {
        for (text, ms) in [
            ("5", 5000),
            ("5s", 5000),
            ("0", 0),
            ("1m30s", 90_000),
            ("250ms", 250),
        ] {
            assert_eq!(parse_wait(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "-1", "1.5", "5 apples"] {
            assert!(parse_wait(text).is_err(), "{text}");
        }
    }
}
