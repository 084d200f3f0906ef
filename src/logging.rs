//! The program's own log on standard error, and a limiter for messages that could come often. No
//! metrics, and no answers to the user.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

use crate::clock::Clock;

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
        .with_writer(io::stderr);
    let started = match options.log_format {
        LogFormat::Plain => log
            .with_ansi(colour)
            .with_target(false)
            .with_timer(Time {
                clock,
                format: "%H:%M:%SZ",
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

/// The window in which messages are counted, in milliseconds.
const WINDOW_MS: u64 = 60_000;

/// Keys that are told apart; further ones share one.
const KEYS_MAX: usize = 1024;

/// Lets so many messages of one key through in a minute, and counts the rest.
///
/// ```text
/// if let Some(more) = limited.admit("accept") {
///     warn!("cannot accept a connection: {error}{more}");
/// }
/// ```
#[derive(Debug)]
pub struct Limited {
    clock: Clock,
    per_minute: u32,
    keys: Mutex<HashMap<Box<str>, Window>>,
}

/// How many messages were held back since the last one that was let through. Shown, it is nothing
/// or ` … and 1234 more like this`, to stand at a message's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held(pub u64);

#[derive(Debug)]
struct Window {
    began_ms: u64,
    said: u32,
    held: u64,
}

impl Window {
    fn is_over(&self, now_ms: u64) -> bool {
        // Time that went back ends the window too, lest it last until time has caught up.
        now_ms < self.began_ms || now_ms - self.began_ms >= WINDOW_MS
    }
}

impl Limited {
    /// Lets `per_minute` messages of each key through.
    pub fn new(clock: Clock, per_minute: u32) -> Self {
        Self {
            clock,
            per_minute,
            keys: Mutex::default(),
        }
    }

    /// Whether a message of this key may be said now; if so, how many were held back before it.
    pub fn admit(&self, key: &str) -> Option<Held> {
        let now_ms = self.clock.now_ms();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX && !keys.contains_key(key) {
            keys.retain(|_, window| window.held > 0 || !window.is_over(now_ms));
        }
        let key = if keys.len() >= KEYS_MAX && !keys.contains_key(key) {
            ""
        } else {
            key
        };
        let fresh = Window {
            began_ms: now_ms,
            said: 0,
            held: 0,
        };
        let window = match keys.get_mut(key) {
            Some(window) => window,
            None => keys.entry(key.into()).or_insert(fresh),
        };
        if window.is_over(now_ms) {
            (window.began_ms, window.said) = (now_ms, 0);
        }
        if window.said >= self.per_minute {
            window.held += 1;
            return None;
        }
        window.said += 1;
        Some(Held(std::mem::take(&mut window.held)))
    }

    /// Keys whose minute is over with messages held back and none let through since, with how
    /// many: what would otherwise never be told. They are told once; call it now and then.
    pub fn overdue(&self) -> Vec<(String, Held)> {
        let now_ms = self.clock.now_ms();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut overdue: Vec<_> = keys
            .extract_if(|_, window| window.is_over(now_ms))
            .filter(|(_, window)| window.held > 0)
            .map(|(key, window)| (key.into_string(), Held(window.held)))
            .collect();
        overdue.sort();
        overdue
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            held => write!(formatter, " … and {held} more like this"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_lets_so_many_through() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 2);
        let said = |key| limited.admit(key).map(|held| format!("gone{held}"));
        assert_eq!(said("a").as_deref(), Some("gone"));
        assert_eq!(said("a").as_deref(), Some("gone"));
        assert_eq!(said("a"), None);
        assert_eq!(said("b").as_deref(), Some("gone"));
        hand.advance_ms(WINDOW_MS - 1);
        assert_eq!(said("a"), None);
        hand.advance_ms(1);
        assert_eq!(said("a").as_deref(), Some("gone … and 2 more like this"));
        assert_eq!(said("a").as_deref(), Some("gone"));
    }

    #[test]
    fn what_was_held_back_last_is_told_too() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 1);
        for key in ["b", "b", "a", "a", "a", "quiet"] {
            limited.admit(key);
        }
        assert_eq!(limited.overdue(), []);
        hand.advance_ms(WINDOW_MS);
        assert_eq!(
            limited.overdue(),
            [("a".into(), Held(2)), ("b".into(), Held(1))]
        );
        assert_eq!(limited.overdue(), []);
        assert_eq!(limited.admit("a"), Some(Held(0)));
    }

    #[test]
    fn time_that_goes_back_silences_nobody() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 1);
        assert!(limited.admit("a").is_some());
        hand.set(0);
        assert!(limited.admit("a").is_some());
    }

    #[test]
    fn keys_are_bounded() {
        let (clock, hand) = Clock::by_hand(0);
        let limited = Limited::new(clock, 1);
        for key in 0..KEYS_MAX {
            assert!(limited.admit(&key.to_string()).is_some());
        }
        assert!(limited.admit("one more").is_some());
        assert!(limited.admit("and another").is_none());
        assert_eq!(limited.keys.lock().unwrap().len(), KEYS_MAX + 1);
        hand.advance_ms(WINDOW_MS);
        assert!(limited.admit("another minute").is_some());
        assert!(limited.keys.lock().unwrap().len() <= 2);
    }

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
    fn times_are_short_on_terminals_and_whole_in_json() {
        let told = |format| {
            let mut text = String::new();
            let time = Time {
                clock: Clock::by_hand(1_752_171_046_547).0,
                format,
            };
            time.format_time(&mut Writer::new(&mut text)).unwrap();
            text
        };
        assert_eq!(told("%H:%M:%SZ"), "18:10:46Z");
        assert_eq!(told("%Y-%m-%dT%H:%M:%S%.3fZ"), "2025-07-10T18:10:46.547Z");
    }
}
