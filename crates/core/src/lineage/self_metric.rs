//! The program's own metrics that count lines, as events of one line.

use crate::engine::{Counts, Engine};

/// What the names of the program's own metrics begin with.
pub const PREFIX: &str = "logmetrics_";

/// Each that counts lines: its name without the prefix, and its labels.
pub const NAMES: [(&str, &[&str]); 11] = [
    ("lines_total", &["source"]),
    ("lines_unmatched_total", &[]),
    ("rule_matches_total", &["rule"]),
    ("rule_unreadable_lines_total", &["rule"]),
    ("rule_missing_field_total", &["rule", "field"]),
    ("rule_bad_value_total", &["rule", "field"]),
    ("rule_ambiguous_field_total", &["rule", "field"]),
    ("rule_unreadable_times_total", &["rule", "field"]),
    ("invalid_utf8_lines_total", &["source"]),
    ("series_limited_total", &["metric"]),
    ("label_limited_total", &["metric", "label"]),
];

/// One of these metrics goes up by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Without the prefix.
    pub name: &'static str,
    pub labels: Vec<(&'static str, String)>,
}

impl Event {
    pub fn new(name: &'static str, labels: &[(&'static str, &str)]) -> Event {
        Event {
            name,
            labels: (labels.iter())
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
        }
    }

    /// As a page would show it.
    pub fn series(&self) -> String {
        let mut text = format!("{PREFIX}{}", self.name).into_bytes();
        for (number, (name, value)) in self.labels.iter().enumerate() {
            let mut escaped = Vec::new();
            crate::metrics::labels::escape(value.as_bytes(), &mut escaped);
            text.extend_from_slice(if number == 0 { b"{" } else { b"" });
            crate::metrics::labels::write(name.as_bytes(), &escaped, number == 0, &mut text);
        }
        text.extend_from_slice(if self.labels.is_empty() { b"" } else { b"}" });
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// What the counts of one line say.
pub(super) fn events(engine: &Engine, counts: &Counts, source: &str) -> Vec<Event> {
    let mut events = vec![Event::new("lines_total", &[("source", source)])];
    if counts.unmatched > 0 {
        events.push(Event::new("lines_unmatched_total", &[]));
    }
    if counts.invalid_utf8 > 0 {
        events.push(Event::new(
            "invalid_utf8_lines_total",
            &[("source", source)],
        ));
    }
    let names = engine.rule_names();
    for ((rule, matches), unreadable) in names.zip(&counts.matches).zip(&counts.unreadable) {
        if *matches > 0 {
            events.push(Event::new("rule_matches_total", &[("rule", rule)]));
        }
        if *unreadable > 0 {
            events.push(Event::new("rule_unreadable_lines_total", &[("rule", rule)]));
        }
    }
    for (error, count) in engine.field_errors().iter().zip(&counts.field_errors) {
        if *count > 0 {
            let labels = [("rule", &*error.rule), ("field", &*error.field)];
            events.push(Event::new(error.kind.metric(), &labels));
        }
    }
    events
}
