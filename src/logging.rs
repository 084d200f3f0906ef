//! The program's own log on standard error. No metrics, and no answers to the user.

use std::fmt;
use std::io::{self, IsTerminal};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::log_queue;
use logmetrics_core::clock::Clock;

/// The least message that is written unless something else is asked for.
const LEVEL: &str = "info";

/// Options of the log, for every subcommand that runs for long.
#[derive(Debug, Clone, Args)]
pub struct LogOptions {
    /// How the program's own messages are written
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "LOGMETRICS_LOG_FORMAT",
        global = true
    )]
    pub log_format: LogFormat,
    /// The least message that is written: error, warn, info, debug, trace, or one per module
    #[arg(long, value_name = "LEVEL", default_value = LEVEL, env = "LOGMETRICS_LOG_LEVEL", global = true)]
    pub log_level: String,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// A line for people; in colour on a terminal, unless `NO_COLOR` is set.
    #[default]
    Plain,
    /// One JSON object a line.
    Json,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level makes no sense.
    #[error("expected a level such as `info` or `logmetrics=debug`, but found `{}`", .0.escape_debug())]
    Level(String),
    /// There is a log already.
    #[error("the log was set up twice")]
    Twice,
}

/// Sends messages of the whole process to standard error. Called once, before the first message.
pub fn start(options: &LogOptions, clock: Clock) -> Result<(), LogError> {
    let filter = filter(&options.log_level)?;
    let colour = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| log_queue::QueueWriter);
    log_queue::start();
    let started = match options.log_format {
        LogFormat::Plain => log
            .with_ansi(colour)
            .with_target(false)
            .with_timer(Time {
                clock,
                format: "%Y-%m-%d %H:%M:%SZ",
            })
            .try_init(),
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_timer(Time {
                clock,
                format: "%Y-%m-%dT%H:%M:%S%.3fZ",
            })
            .try_init(),
    };
    started.map_err(|_| LogError::Twice)
}

/// What is written at this level. A level that is empty, as containers leave it, is the default.
fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let level = if level.is_empty() { LEVEL } else { level };
    let wrong = || LogError::Level(level.into());
    // Taken by itself a word that is no level is a module's name, and turns everything in it on.
    if !level.contains(['=', ',']) && level.parse::<LevelFilter>().is_err() {
        return Err(wrong());
    }
    EnvFilter::builder().parse(level).map_err(|_| wrong())
}

/// The time of a message, UTC.
struct Time {
    clock: Clock,
    format: &'static str,
}

impl FormatTime for Time {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now_ms = i64::try_from(self.clock.now_ms()).unwrap_or(i64::MAX);
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::MAX);
        write!(writer, "{}", now.strftime(self.format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        let shown = |level| filter(level).map_or_else(|e| e.to_string(), |f| f.to_string());
        assert_eq!(shown("debug"), "debug");
        assert_eq!(shown("WARN"), "warn");
        assert_eq!(shown(""), "info");
        assert_eq!(shown("logmetrics::input=debug"), "logmetrics::input=debug");
        let wrong = |level| {
            format!("expected a level such as `info` or `logmetrics=debug`, but found `{level}`")
        };
        assert_eq!(shown("loud"), wrong("loud"));
        assert_eq!(shown("logmetrics=loud"), wrong("logmetrics=loud"));
    }

    #[test]
    fn times_have_their_date() {
        let told = |format| {
            let mut text = String::new();
            let time = Time {
                clock: Clock::by_hand(1_752_171_046_547).0,
                format,
            };
            time.format_time(&mut Writer::new(&mut text)).unwrap();
            text
        };
        assert_eq!(told("%Y-%m-%d %H:%M:%SZ"), "2025-07-10 18:10:46Z");
        assert_eq!(told("%Y-%m-%dT%H:%M:%S%.3fZ"), "2025-07-10T18:10:46.547Z");
    }
}
