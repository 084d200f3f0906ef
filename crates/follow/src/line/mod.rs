//! Lines: where they came from, where they begin and end, and what was wrapped around them.
//!
//! this crate holds the vocabulary that the others share. It opens no file, knows no rule and no
//! metric, and imports no other room.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

pub mod encoding;
pub mod framer;
pub mod multiline;
pub mod resume;
pub mod unwrap;

/// The longest line that is read whole, in bytes. A longer one is cut here and the rest of it is
/// skipped up to its end.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What bytes were read from. One per opened file, standard input or fifo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The input as the command line names it (`/var/log/gw/*.log`, `-`): the `source` label and
    /// the field `_source`.
    pub source: Arc<str>,
    /// The path of the file, as absolute as it is known; for standard input the same as `source`.
    pub file: Arc<str>,
}

impl Origin {
    /// The last part of the path (`_file`).
    pub fn base_name(&self) -> &str {
        let name = Path::new(&*self.file).file_name();
        name.and_then(OsStr::to_str).unwrap_or(&self.file)
    }
}

/// What was around a line, as slices of the bytes it was read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wrapping<'a> {
    /// The service, for `_service`: `agentgateway` of compose's `agentgateway-1  | `.
    pub service: Option<&'a [u8]>,
    /// The container, for `_container`: `agentgateway-1`.
    pub container: Option<&'a [u8]>,
    /// The time that the wrapping gives the line (RFC 3339).
    pub time: Option<&'a [u8]>,
    /// The time in a header of syslog or journald, as these write it: `Nov 26 15:42:14`.
    pub header_time: Option<&'a [u8]>,
    /// The line with all that was around it, without its end; nothing where that is the text, or where
    /// the line was joined of parts.
    pub whole: Option<&'a [u8]>,
    /// A container wrote the line to its standard error.
    pub is_stderr: bool,
}

impl Wrapping<'_> {
    /// Nothing was around the line.
    pub const NONE: Wrapping<'static> = Wrapping {
        service: None,
        container: None,
        time: None,
        header_time: None,
        whole: None,
        is_stderr: false,
    };
}

/// One log line: its text without line end and without wrapping, any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The text that rules see.
    pub text: &'a [u8],
    /// What was taken off. A reference, as it is large and nearly always empty.
    pub wrapping: &'a Wrapping<'a>,
    /// Where the line was read.
    pub origin: &'a Origin,
}
