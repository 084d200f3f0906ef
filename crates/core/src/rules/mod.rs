//! Rules: TOML in, a checked [`RuleSet`] out, or every problem at once.
//!
//! Nothing here reads a log line or runs a rule. A rule set is plain data, immutable, and knows no
//! TOML any more, so that another language of rules can produce one too.

mod amounts;
mod check_rules;
mod conditions;
mod duration;
pub mod expectations;
mod factors;
mod field_parts;
mod foreign_patterns;
pub mod format;
mod grok;
mod input_section;
pub mod keys;
mod load;
mod lookup;
mod map_target;
mod metric_definitions;
mod metric_names;
mod named_patterns;
mod problem;
mod raw_rules;
mod reading;
mod report_section;
mod rule_metrics;
mod rule_patterns;
mod rule_time;
pub mod shipped;
mod test_cases;
#[cfg(test)]
mod tests;
mod toml_table;
mod unit_advice;
mod warnings;

pub use amounts::{AmountSource, NumberField, NumberSource};
pub use conditions::ConditionTest;
pub use duration::parse as parse_duration;
pub use factors::Factor;
pub use field_parts::{Decoding, FieldPart};
pub use input_section::{MultilineSection, multiline_by_file, multiline_of_cases, multiline_start};
pub use load::{
    BUILT_IN, BUILT_IN_NAME, FileSummary, Gathered, Loaded, SourceText, gather, load, load_lookup,
    load_text,
};
pub use lookup::LookupTable;
pub use map_target::{MapPiece, MapTarget};
pub use metric_names::{PARTS, Reserved, is_metric, reserved};
pub use problem::{Excerpt, Problem, Problems, Severity, escape};
pub use report_section::{ReportFields, ReportNumber};
pub use unit_advice::UnitQuestion;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::metrics::definition::{Definition, MetricId};
use crate::metrics::kind::Operation;
use crate::times::TimeReading;
use logmetrics_scan::untrusted::UntrustedRange;

/// The longest label value, in bytes, unless the rule says otherwise. Scrapers may refuse a whole target
/// because of one longer than their `label_value_length_limit`.
pub const LABEL_BYTES_MAX: usize = 256;

/// What a label becomes where its key is there twice and `take = "only"`.
pub const AMBIGUOUS: &str = "__ambiguous__";

/// Rules that have been checked as a whole.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// In the order of their files and of the places in them.
    pub rules: Vec<Rule>,
    /// Every metric that a rule updates, once, sorted by name. [`MetricId`] is the place here.
    pub metrics: Vec<Definition>,
}

#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, unique in the set; `rule-3` for the third rule of a file that names none.
    pub name: String,
    /// The line must match this; its named groups are fields.
    pub pattern: Option<regex::Regex>,
    /// Further patterns that it must match; their named groups are fields too.
    pub also: Vec<regex::Regex>,
    /// Patterns that it must not match.
    pub unless: Vec<regex::Regex>,
    /// What fields of a line of JSON must match, whole; otherwise it is of another kind.
    pub json_fields: Vec<(String, regex::Regex)>,
    /// How the line's own fields are read; none are where there is none.
    pub fields: Option<FieldsMode>,
    /// The field that holds the text in which they are read; the line itself where there is none.
    pub inside: Option<Field>,
    /// Whether each match of the pattern on a line counts, and not only the first.
    pub each: bool,
    /// Of [`FieldsMode::Csv`].
    pub columns: Option<CsvColumns>,
    /// What clients may have written, left out by the fields that ask for it (`untrusted_between`).
    pub untrusted: Option<UntrustedRange>,
    pub time: Option<TimeField>,
    /// The field that is put on exemplars as `trace_id`.
    pub trace: Option<Field>,
    /// Every label that a metric of this rule uses, by its name: those of `[rule.labels]`, and a
    /// plain one for each name in `by` that means the field of that name.
    pub labels: BTreeMap<String, LabelSource>,
    /// What is counted, in the order of the file.
    pub metrics: Vec<Action>,
    /// What a report reads a request from; `None` where nothing of the rule looks like one.
    pub report: Option<ReportFields>,
    /// Whether the rule says so itself, in `[rule.report]`.
    pub report_is_written: bool,
    /// Whether later rules do not see a line that this one matches.
    pub is_final: bool,
}

/// How a line's own fields are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldsMode {
    /// `key=value`.
    Logfmt,
    Json,
    /// JSON where the line begins with `{`, otherwise logfmt.
    Auto,
    /// Cells in the order of [`Rule::columns`].
    Csv,
}

/// What the cells of a line of CSV are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvColumns {
    /// In the order of the line; an empty one is passed over.
    pub names: Vec<String>,
    /// What is between two cells.
    pub delimiter: u8,
}

/// Which of several values of one key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Take {
    /// The only one; two are ambiguous.
    #[default]
    Only,
    First,
    Last,
}

/// A value on the line: the first of `from` that is present and not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Keys, named groups, or what every line has (`_time`, `_path` and so on), in order.
    pub from: Vec<String>,
    /// Which of several values of one key.
    pub take: Take,
    /// Whether values inside the rule's untrusted range are left out.
    pub trusted_only: bool,
    /// On a logfmt line only a value after the last one of this key is taken.
    pub after: Option<String>,
    /// What is taken out of the value that was found, one after the other.
    pub parts: Vec<FieldPart>,
}

impl Field {
    /// The field of this name, as it is on the line.
    pub fn plain(name: &str) -> Field {
        Field {
            from: vec![name.to_owned()],
            ..Field::default()
        }
    }

    /// The name it goes by in messages and metrics: the first key that its value comes from.
    pub fn name(&self) -> &str {
        let inner = self.parts.iter().find_map(|part| match part {
            FieldPart::Inside { from, .. } => from.first(),
            _ => None,
        });
        inner
            .or_else(|| self.from.first())
            .map_or("", String::as_str)
    }
}

/// Where the line's own time is found, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeField {
    pub field: Field,
    pub reading: TimeReading,
}

/// Where a label's value comes from and what is done to it, in this order: the field's parts, default,
/// lowercase, integer, length, replace, map, lookup, pseudonym.
#[derive(Debug, Clone)]
pub struct LabelSource {
    pub field: Field,
    /// Used where the field is absent or empty.
    pub default: Option<String>,
    pub lowercase: bool,
    /// Whether a number that is whole is written so: `200.0` and `2e2` as `200`.
    pub integer: bool,
    /// All that a pattern matches in the value becomes its text, one pattern after the other.
    pub replace: Vec<(regex::Regex, MapTarget)>,
    /// The first pattern that matches the whole value gives the new one.
    pub map: Vec<(regex::Regex, MapTarget)>,
    /// What the value is looked up in; where it is not there the default counts.
    pub lookup: Option<Arc<LookupTable>>,
    /// Whether the value is replaced by a keyed hash.
    pub pseudonym: bool,
    /// Longer values are cut at a character at or before so many bytes and end in `…`.
    pub bytes_max: usize,
}

impl LabelSource {
    /// A label for what `table` has for this one's value, in small letters where `lowercase`; `unlisted` for what
    /// is not there.
    pub fn looked_up(
        &self,
        table: &LookupTable,
        unlisted: Option<&str>,
        lowercase: bool,
    ) -> LabelSource {
        // The keys of a table of its own are as they are.
        let table = match &self.lookup {
            None => table.clone(),
            Some(own) => own.followed_by(|value| {
                let found = match lowercase {
                    true => table.find(&value.to_lowercase()),
                    false => table.find(value),
                };
                found.or(unlisted).unwrap_or("none").to_owned()
            }),
        };
        LabelSource {
            default: unlisted.map(str::to_owned),
            lowercase: self.lowercase || (lowercase && self.lookup.is_none()),
            lookup: Some(Arc::new(table)),
            // Pseudonyms are in no table.
            pseudonym: false,
            ..self.clone()
        }
    }
}

/// One update that a matching line makes.
#[derive(Debug, Clone)]
pub struct Action {
    pub metric: MetricId,
    /// The number that it has; without a `value` a counter counts 1.
    pub amount: AmountSource,
    /// What is done with it.
    pub operation: Operation,
    /// Labels of this action with a fixed value (`constant = { type = "input" }`).
    pub constant: BTreeMap<String, String>,
    /// All must hold; otherwise nothing is updated. The key is a label of the rule, or a field.
    pub conditions: Vec<(Condition, ConditionTest)>,
}

/// What a `where` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A label of the rule, after its tools. One without value or default matches nothing.
    Label(String),
    /// A field as it is on the line. A field that is absent matches nothing.
    Field(Field),
}

/// A rule's own test, from `[[test]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub name: String,
    /// The lines that are read.
    pub lines: Vec<String>,
    /// Samples that must come out, as the text format prints them.
    pub expect: Vec<String>,
    /// Whether other samples of the same names may come out too.
    pub is_partial: bool,
    /// Where the case is in the file, in bytes, for messages.
    pub offset: usize,
}

/// The smallest idle time that `expire` may ask for.
pub const EXPIRE_MIN: Duration = Duration::from_secs(1);
