//! Which reader of fields a line gets, and what came of it.

use crate::rules::FieldsMode;
use logmetrics_scan::keys::Keys;
use logmetrics_scan::slots::Slots;
use logmetrics_scan::untrusted::UntrustedRange;
use logmetrics_scan::{json, logfmt};

/// Reads a line's own fields.
#[derive(Debug)]
pub(in crate::engine) struct FieldReader {
    pub(in crate::engine) mode: FieldsMode,
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
    /// It begins as an object of JSON, and is none.
    Broken,
}

impl FieldReader {
    pub(super) fn read(&self, text: &[u8], slots: &mut Slots) -> ReadOutcome {
        let is_json = || text.trim_ascii_start().starts_with(b"{");
        match self.mode {
            FieldsMode::Json | FieldsMode::Auto if is_json() => {
                match json::read(text, &self.keys, slots) {
                    true => ReadOutcome::Json,
                    false => ReadOutcome::Broken,
                }
            }
            FieldsMode::Json => ReadOutcome::NoFields,
            FieldsMode::Logfmt | FieldsMode::Auto => {
                match logfmt::read(text, &self.keys, self.untrusted.as_ref(), slots) {
                    true => ReadOutcome::Pairs,
                    false => ReadOutcome::NoFields,
                }
            }
        }
    }
}
