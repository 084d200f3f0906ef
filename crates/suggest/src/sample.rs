//! The first lines of a log, as rules see them.

use std::fmt;
use std::sync::Arc;

use logmetrics_follow::line::{Line, Origin, Wrapping};
use logmetrics_follow::to_end::PartSink;

/// So many lines are looked at, unless the caller says otherwise.
pub const SAMPLE_LINES_MAX: usize = 5000;

/// Lines are looked at until they have so many bytes together.
const SAMPLE_BYTES_MAX: usize = 16 << 20;

/// One line, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleLine {
    /// The text that rules see, without broken bytes.
    pub text: String,
    /// The line as it is in the log, with what tools put around it.
    pub whole: String,
    service: Option<String>,
    container: Option<String>,
    time: Option<String>,
    header_time: Option<String>,
    is_stderr: bool,
    /// Bytes that are no UTF-8 were replaced, so that this is not the line that a test would need.
    pub is_repaired: bool,
}

/// The lines that a suggestion is made from.
#[derive(Debug)]
pub struct Sample {
    pub lines: Vec<SampleLine>,
    lines_max: usize,
    bytes: usize,
    /// Lines without any text.
    blank: usize,
    /// Lines with control bytes that no text has.
    binary: usize,
}

/// Why there is nothing to suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no line.
    Empty,
    /// All lines are blank.
    Blank,
    /// Most of it is no text.
    Binary,
    /// What was written would not run; it should never happen.
    Failed(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Empty => formatter.write_str(
                "the log has no lines yet: let its program write some, then ask again",
            ),
            Refusal::Blank => formatter
                .write_str("all lines of the log are blank: there is nothing to make rules from"),
            Refusal::Binary => formatter.write_str(
                "this is no text: most of its lines hold bytes that no text has. Name the log itself, or \
                 what prints it as text (`journalctl -o json`, for instance)",
            ),
            Refusal::Failed(why) => write!(formatter, "no rules could be made that hold: {why}"),
        }
    }
}

impl Sample {
    /// Keeps up to `lines_max` lines.
    pub fn new(lines_max: usize) -> Sample {
        Sample {
            lines: Vec::new(),
            lines_max,
            bytes: 0,
            blank: 0,
            binary: 0,
        }
    }

    /// Keeps a line, until there are enough.
    pub fn take(&mut self, line: &Line<'_>) {
        if self.is_full() {
            return;
        }
        let text = String::from_utf8_lossy(line.text);
        if text.trim().is_empty() {
            self.blank += 1;
            return;
        }
        let is_repaired = matches!(text, std::borrow::Cow::Owned(_));
        let is_odd = |c: char| c.is_control() && !matches!(c, '\t' | '\u{1b}' | '\r');
        let odd = text
            .chars()
            .filter(|c| is_odd(*c) || *c == char::REPLACEMENT_CHARACTER);
        if odd.count() * 8 > text.chars().count() {
            self.binary += 1;
            return;
        }
        let owned = |bytes: Option<&[u8]>| bytes.map(|it| String::from_utf8_lossy(it).into_owned());
        self.bytes += text.len();
        let Wrapping {
            service,
            container,
            time,
            header_time,
            whole,
            is_stderr,
        } = *line.wrapping;
        self.lines.push(SampleLine {
            whole: owned(whole).unwrap_or_else(|| text.clone().into_owned()),
            text: text.into_owned(),
            service: owned(service),
            container: owned(container),
            time: owned(time),
            header_time: owned(header_time),
            is_stderr,
            is_repaired,
        });
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= self.lines_max || self.bytes >= SAMPLE_BYTES_MAX
    }

    /// Why nothing can be suggested, if so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        if self.binary > self.lines.len() {
            return Some(Refusal::Binary);
        }
        match (self.lines.is_empty(), self.blank) {
            (false, _) => None,
            (true, 0) => Some(Refusal::Empty),
            (true, _) => Some(Refusal::Blank),
        }
    }
}

impl PartSink for Sample {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, _offset: u64, line: &Line<'_>) {
        self.take(line);
    }

    fn end(&mut self, _oversized: u64) -> bool {
        !self.is_full()
    }
}

impl SampleLine {
    /// A line that is nothing but its text.
    #[cfg(test)]
    pub(crate) fn plain(text: &str) -> SampleLine {
        SampleLine {
            text: text.to_owned(),
            whole: text.to_owned(),
            service: None,
            container: None,
            time: None,
            header_time: None,
            is_stderr: false,
            is_repaired: false,
        }
    }

    /// Whether it is of the same service, container and stream.
    pub(crate) fn is_of(&self, other: &SampleLine) -> bool {
        let whose =
            |line: &SampleLine| (line.service.clone(), line.container.clone(), line.is_stderr);
        whose(self) == whose(other)
    }

    /// The record that begins with it: all of its lines, and their text.
    pub(crate) fn with_further(&self, lines: &[&SampleLine], text: String) -> SampleLine {
        let whole: Vec<&str> = lines.iter().map(|line| line.whole.as_str()).collect();
        SampleLine {
            whole: whole.join("\n"),
            is_repaired: lines.iter().any(|line| line.is_repaired),
            text,
            ..self.clone()
        }
    }

    /// Its first line, where it is a record of several.
    pub(crate) fn first_line(&self) -> SampleLine {
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        SampleLine {
            text: first(&self.text),
            whole: first(&self.whole),
            ..self.clone()
        }
    }

    /// Calls `each` with the line as the engine takes it.
    pub(crate) fn with<T>(&self, origin: &Origin, each: impl FnOnce(&Line<'_>) -> T) -> T {
        let bytes = |text: &'_ Option<String>| text.clone().map(String::into_bytes);
        let (service, container) = (bytes(&self.service), bytes(&self.container));
        let (time, header_time) = (bytes(&self.time), bytes(&self.header_time));
        each(&Line {
            text: self.text.as_bytes(),
            wrapping: &Wrapping {
                service: service.as_deref(),
                container: container.as_deref(),
                time: time.as_deref(),
                header_time: header_time.as_deref(),
                whole: Some(self.whole.as_bytes()),
                is_stderr: self.is_stderr,
            },
            origin,
        })
    }

    /// The program that syslog, journald or a tool names.
    pub(crate) fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }
}

/// Where the lines of a trial come from.
pub(crate) fn origin() -> Origin {
    Origin {
        source: Arc::from("suggest"),
        file: Arc::from("suggest"),
    }
}
