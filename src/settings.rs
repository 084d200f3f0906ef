//! What the program runs with, as plain values: no command line, no I/O, no rules.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::programs::MtailSettings;
use crate::pseudonym_secret::PseudonymSecret;
use crate::server::{Listen, Protection};
use logmetrics_follow::NameFilter;
use logmetrics_follow::line::multiline::MultilineByFile;
use logmetrics_gateway::jaeger::{Query, Schedule};
use logmetrics_mtail::pages::push::Protocol;

/// Everything that a run needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Files, globs, fifos and `-`, as they were named.
    pub inputs: Vec<String>,
    /// Files of globs that are left out by their base names.
    pub ignored: Option<NameFilter>,
    /// The Jaeger whose spans count like lines.
    pub jaeger: Option<JaegerSettings>,
    /// Files and folders of rules and programs; the built-in rules where there is none.
    pub rules: Vec<PathBuf>,
    /// Where to serve.
    pub listen: Listen,
    /// A socket in the file system to serve on instead.
    pub unix_socket: Option<PathBuf>,
    /// Who gets the metrics without asking, where somebody does.
    pub push: Option<PushSettings>,
    /// Who may ask, and over what.
    pub protection: Protection,
    /// Where to begin in a file that exists at the start.
    pub from: BeginAt,
    /// How `--once` prints.
    pub format: Format,
    /// Whether the end of standard input is the end of the run.
    pub exit_on_eof: bool,
    /// How long a renamed file is read on for while nobody writes to it.
    pub rotate_wait: Duration,
    /// Folders into which files are rotated, besides their own; relative ones are in each file's folder.
    pub rotated_dirs: Vec<PathBuf>,
    /// Where positions and values are kept, and how often.
    pub state: Option<StateSettings>,
    /// The key of pseudonyms.
    pub secret: Option<PseudonymSecret>,
    /// Which logs have records of several lines, whatever the rules say.
    pub multiline: Option<Arc<MultilineByFile>>,
    /// How programs of mtail run.
    pub mtail: MtailSettings,
    /// Whether a scraper that has scraped before is shown new series at zero first.
    pub zero_start: bool,
}

/// Collectors that metrics are pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushSettings {
    pub targets: Vec<PushTarget>,
    /// The time between two pushes.
    pub interval: Duration,
    /// How long connecting and one write may take.
    pub deadline: Duration,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushTarget {
    pub protocol: Protocol,
    /// `HOST:PORT`; of collectd the path of its socket.
    pub address: String,
    /// What is put before each name.
    pub prefix: String,
}

/// Where positions and values are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The file.
    pub file: PathBuf,
    /// The time between two saves.
    pub interval: Duration,
}

/// Jaeger as an input.
#[derive(Clone)]
pub struct JaegerSettings {
    /// Whom to ask, and for what.
    pub query: Query,
    /// When to ask.
    pub schedule: Schedule,
    /// Spans that start at this time or later count.
    pub since: Since,
}

impl std::fmt::Debug for JaegerSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No credentials.
        write!(formatter, "Jaeger({})", self.query.address)
    }
}

/// Which spans count, by their start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// When the program starts.
    Now,
    /// So long before.
    Ago(Duration),
    /// Microseconds since 1970.
    At(u64),
}

/// Where reading begins in a file that exists at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeginAt {
    /// At its first byte.
    Start,
    /// At its end: only what is written from now on counts.
    End,
}

/// How `--once` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// One JSON document.
    Json,
}
