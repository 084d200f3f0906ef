//! One update as a rule would say it, before it is text.

use std::collections::BTreeMap;

/// A group of a pattern, which becomes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Field {
    pub(super) pattern: usize,
    pub(super) group: usize,
}

/// What must be on the line, and what must not; patterns by their numbers, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    pub(super) all: Vec<usize>,
    pub(super) none: Vec<usize>,
}

/// An update of one metric.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The line of the program's text.
    pub(super) line: usize,
    pub(super) patterns: Patterns,
    pub(super) metric: usize,
    pub(super) labels: BTreeMap<String, LabelText>,
    pub(super) constants: BTreeMap<String, String>,
    pub(super) amount: Amount,
    pub(super) conditions: Vec<(Subject, Test)>,
    /// The idle time of `del … after`, in words.
    pub(super) expire: Option<String>,
}

/// Where a label comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LabelText {
    pub(super) source: Source,
    pub(super) lowercase: bool,
    /// Whether it is empty where the field is absent.
    pub(super) may_be_absent: bool,
    /// Whether zeros before a number are left out, as a program prints it.
    pub(super) strips_zeros: bool,
}

impl LabelText {
    /// Whether it is the text of its source and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        !self.lowercase && !self.may_be_absent && !self.strips_zeros
    }
}

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Field(Field),
    /// The path of the file.
    Path,
}

/// What a condition asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    /// As a pattern of the whole text.
    pub(super) pattern: String,
    /// As a comparison of numbers, where it is one that a pattern says only at length.
    pub(super) comparison: Option<String>,
}

impl Test {
    pub(super) fn of(pattern: String) -> Test {
        // What begins as a comparison is one for the reader of rules.
        let pattern = match pattern.trim_start().starts_with(['<', '>', '=', '!']) {
            true => format!("(?:{pattern})"),
            false => pattern,
        };
        Test {
            pattern,
            comparison: None,
        }
    }
}

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    Text(Source),
    /// A label for this condition alone, which says `yes` where the text matches this pattern.
    Matches(Source, String),
}

/// The number of an update, and what is done with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Amount {
    /// A counter counts one.
    One,
    /// This number under this key.
    Constant(&'static str, f64),
    /// The number in a field under this key.
    Field {
        key: &'static str,
        field: Field,
        unit: Option<&'static str>,
        scale: Option<f64>,
    },
}

impl Draft {
    /// The field of the number.
    pub(super) fn number(&self) -> Option<Field> {
        match self.amount {
            Amount::Field { field, .. } => Some(field),
            _ => None,
        }
    }

    /// All fields that it reads, each as often as it does.
    pub(super) fn fields(&self) -> Vec<Field> {
        let of_labels = self.labels.values().map(|label| label.source);
        let of_conditions = self.conditions.iter().map(|(subject, _)| match subject {
            Subject::Text(source) | Subject::Matches(source, _) => *source,
        });
        let texts = of_labels
            .chain(of_conditions)
            .filter_map(|source| match source {
                Source::Field(field) => Some(field),
                Source::Path => None,
            });
        texts.chain(self.number()).collect()
    }
}
