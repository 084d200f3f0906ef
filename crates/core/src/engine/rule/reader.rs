//! Which reader of fields a line gets, and what came of it.

use crate::rules::FieldsMode;
use logmetrics_scan::keys::Keys;
use logmetrics_scan::slots::Slots;
use logmetrics_scan::untrusted::UntrustedRange;
use logmetrics_scan::{json, logfmt};

/// How a line's own fields are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum ReaderMode {
    Logfmt,
    Json,
    Auto,
    /// They are not on the line as it is, but in another text: see [`super::special`].
    Elsewhere,
}

impl From<FieldsMode> for ReaderMode {
    fn from(mode: FieldsMode) -> ReaderMode {
        match mode {
            FieldsMode::Logfmt => ReaderMode::Logfmt,
            FieldsMode::Json => ReaderMode::Json,
            FieldsMode::Auto => ReaderMode::Auto,
            FieldsMode::Csv => ReaderMode::Elsewhere,
        }
    }
}

/// Reads a line's own fields.
#[derive(Debug)]
pub(in crate::engine) struct FieldReader {
    pub(in crate::engine) mode: ReaderMode,
    pub(in crate::engine) keys: Keys,
    pub(in crate::engine) untrusted: Option<UntrustedRange>,
}

/// What became of reading a line's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// `key=value`.
    Pairs,
    Json,
    /// The line has no fields of this kind.
    NoFields,
    /// It begins as an object of JSON, or one begins on it, and there is none.
    Broken,
    /// The fields are in another text.
    Elsewhere,
}

impl FieldReader {
    pub(super) fn read(&self, text: &[u8], slots: &mut Slots) -> ReadOutcome {
        let is_json = || text.trim_ascii_start().starts_with(b"{");
        match self.mode {
            ReaderMode::Json | ReaderMode::Auto if is_json() => {
                match json::read(text, &self.keys, slots) {
                    true => ReadOutcome::Json,
                    false => ReadOutcome::Broken,
                }
            }
            ReaderMode::Json => self.read_behind_prefix(text, slots),
            ReaderMode::Elsewhere => ReadOutcome::Elsewhere,
            ReaderMode::Logfmt | ReaderMode::Auto => {
                match logfmt::read(text, &self.keys, self.untrusted.as_ref(), slots) {
                    true => ReadOutcome::Pairs,
                    false => ReadOutcome::NoFields,
                }
            }
        }
    }

    /// Reads an object of JSON that comes after other text. Text in braces that is none is common.
    #[cold]
    fn read_behind_prefix(&self, text: &[u8], slots: &mut Slots) -> ReadOutcome {
        match json::first_brace(text) {
            Some((start, _)) if json::read_from(text, start, &self.keys, slots) => {
                ReadOutcome::Json
            }
            Some((_, true)) => ReadOutcome::Broken,
            _ => ReadOutcome::NoFields,
        }
    }
}
