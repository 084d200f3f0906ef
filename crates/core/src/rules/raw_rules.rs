//! A rules file as it was written: what each key holds, and where it is.
//!
//! Only shapes are judged here (keys, types, choices). No pattern is compiled, no name is looked
//! up, no default is filled in that depends on another key.

mod factor;
mod field;
mod label;
mod metric;
mod time;
mod value;

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::factors::plain_name;
use super::input_section::{self, MultilineSpec};
use super::keys::{self, KeyTable};
use super::problem::{At, ProblemPlace, messages};
use super::report_section::{self, ReportSpec};
use super::toml_table::{LIST_OF_TABLES, Reader, Table, TomlValue};
use super::{Case, FieldsMode};
use field::{read_field, take_range};
use metric::read_metric;
use time::read_time;

pub(super) use factor::FactorSpec;
pub(super) use field::{FieldSpec, RangeSpec, read_field_table, read_from};
pub(super) use label::{LabelSpec, read_label};
pub(super) use metric::{MetricSpec, ValueKey};
pub(super) use time::TimeSpec;
pub(super) use value::{NumberSpec, ValueSpec, read_value, read_value_table};

#[derive(Debug, Default)]
pub(super) struct FileSpec {
    /// Patterns that others may refer to by these names.
    pub patterns: Vec<(At<String>, At<String>)>,
    pub rules: Vec<RuleSpec>,
    pub cases: Vec<Case>,
    pub multiline: Vec<MultilineSpec>,
}

/// A `[[rule]]`.
#[derive(Debug)]
pub(super) struct RuleSpec {
    pub place: ProblemPlace,
    pub name: Option<At<String>>,
    pub pattern: Option<At<String>>,
    /// Further patterns that the line must match.
    pub also: Vec<At<String>>,
    /// Patterns that the line must not match.
    pub unless: Vec<At<String>>,
    pub json_fields: Vec<(At<String>, At<String>)>,
    pub fields: Option<FieldsMode>,
    /// The field that holds the text in which `fields` are read.
    pub inside: Option<At<FieldSpec>>,
    /// Whether each match of the pattern on a line counts.
    pub each: Option<At<bool>>,
    pub columns: Option<Vec<At<String>>>,
    pub delimiter: Option<At<String>>,
    pub untrusted_between: Option<At<RangeSpec>>,
    pub raw: Vec<(At<String>, At<String>)>,
    pub time: Option<TimeSpec>,
    pub trace: Option<FieldSpec>,
    pub labels: Vec<LabelSpec>,
    pub metrics: Vec<MetricSpec>,
    pub report: Option<ReportSpec>,
    pub is_final: bool,
    /// Whether `match` and `fields` could be read, so that it is known what fields there may be.
    pub names_known: bool,
    /// Whether a key or a value could not be read, so that what seems to be missing may be that.
    pub broken: bool,
}

/// The file as TOML; notes where it is none.
pub(super) fn parse<'t>(text: &'t str, reader: &mut Reader) -> Option<DeTable<'t>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let is_escape = is_at_escape(text, &span);
        let place = reader.place(span);
        reader.note(messages::invalid_toml(place, error.message(), is_escape));
    }
    errors.is_empty().then(|| document.into_inner())
}

/// Reads one file. What could be read is given even where there were problems.
pub(super) fn read(text: &str, reader: &mut Reader) -> FileSpec {
    let Some(document) = parse(text, reader) else {
        return FileSpec::default();
    };
    let document = DeValue::Table(document);
    let DeValue::Table(document) = &document else {
        return FileSpec::default();
    };
    let mut table = Table::new(document, &keys::FILE, reader.place(0..0), reader);
    let rules = tables(table.take("rule"), &keys::RULE, reader);
    let tests = tables(table.take("test"), &keys::TEST, reader);
    let patterns = table.take("patterns").map(|value| value.pairs(reader));
    let multiline = input_section::read(table.take("input"), reader);
    table.finish(reader);
    FileSpec {
        patterns: patterns.unwrap_or_default(),
        rules: rules
            .into_iter()
            .map(|rule| read_rule(rule, reader))
            .collect(),
        cases: super::test_cases::read(tests, reader),
        multiline,
    }
}

/// Whether a mistake is a backslash that means something else than was meant.
fn is_at_escape(text: &str, span: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let at = |place: Option<usize>| place.and_then(|place| bytes.get(place)) == Some(&b'\\');
    at(Some(span.start)) || at(span.start.checked_sub(1))
}

fn tables<'t>(
    value: Option<TomlValue<'t>>,
    keys: &'static KeyTable,
    reader: &mut Reader,
) -> Vec<Table<'t>> {
    let values = value.and_then(|value| value.list(LIST_OF_TABLES, reader));
    let values = values.unwrap_or_default();
    values
        .iter()
        .filter_map(|value| value.table("a table", keys, reader))
        .collect()
}

fn read_rule(mut table: Table<'_>, reader: &mut Reader) -> RuleSpec {
    let before = reader.drafts.len();
    let name = table.take("name").and_then(|value| value.text(reader));
    let read_before = reader.drafts.len();
    let mut patterns = take_patterns("match", &mut table, reader).into_iter();
    let pattern = patterns.next();
    let also = patterns.collect();
    let unless = take_patterns("unless", &mut table, reader);
    let fields = table
        .take("fields")
        .and_then(|value| choice(&value, FIELDS_MODES, reader));
    let names_known = reader.drafts.len() == read_before;
    let json_fields = table.take("match_json").map(|value| value.pairs(reader));
    let inside = take_placed("inside", &mut table, reader, read_field);
    let each = take_placed("each", &mut table, reader, TomlValue::flag);
    let columns = table
        .take("columns")
        .and_then(|value| value.text_or_texts(reader));
    let delimiter = table.take("delimiter").and_then(|value| value.text(reader));
    let untrusted_between = take_range(&mut table, reader);
    let raw = table.take("raw").map(|value| value.pairs(reader));
    let time = table
        .take("time")
        .and_then(|value| read_time(&value, reader));
    let trace = table
        .take("trace")
        .and_then(|value| read_field(&value, reader));
    let labels = table.take("labels");
    let labels = labels.map_or_else(Vec::new, |value| value.names("a table of labels", reader));
    let labels = labels
        .into_iter()
        .filter_map(|(name, value)| {
            let name = At::new(name.value.to_string(), name.place);
            read_label(name, &value, reader)
        })
        .collect();
    let metrics = tables(table.take("metric"), &keys::METRIC, reader)
        .into_iter()
        .filter_map(|metric| read_metric(metric, reader))
        .collect();
    let report = table
        .take("report")
        .and_then(|value| value.table("a table of what a report shows", &keys::REPORT, reader))
        .map(|table| report_section::read(table, reader));
    let is_final = table.take("final").and_then(|value| value.flag(reader));
    let place = table.place;
    table.finish(reader);
    RuleSpec {
        place,
        name,
        pattern,
        also,
        unless,
        json_fields: json_fields.unwrap_or_default(),
        fields,
        inside,
        each,
        columns,
        delimiter,
        untrusted_between,
        raw: raw.unwrap_or_default(),
        time,
        trace,
        labels,
        metrics,
        report,
        is_final: is_final.unwrap_or(false),
        names_known,
        broken: reader.drafts.len() > before,
    }
}

const FIELDS_MODES: &[(&str, FieldsMode)] = &[
    ("logfmt", FieldsMode::Logfmt),
    ("json", FieldsMode::Json),
    ("auto", FieldsMode::Auto),
    ("csv", FieldsMode::Csv),
];

/// What is read of a key, and where its value is.
fn take_placed<'t, T>(
    key: &'static str,
    table: &mut Table<'t>,
    reader: &mut Reader,
    read: impl FnOnce(&TomlValue<'t>, &mut Reader) -> Option<T>,
) -> Option<At<T>> {
    let value = table.take(key)?;
    read(&value, reader).map(|read| At::new(read, value.place))
}

/// One pattern, or a list of them.
fn take_patterns(key: &'static str, table: &mut Table<'_>, reader: &mut Reader) -> Vec<At<String>> {
    let value = table.take(key);
    let patterns = value.and_then(|value| value.text_or_texts(reader));
    patterns.unwrap_or_default()
}

/// One of a few words.
fn choice<T: Copy>(value: &TomlValue<'_>, choices: &[(&str, T)], reader: &mut Reader) -> Option<T> {
    let word = value.text(reader)?;
    let chosen = choices.iter().find(|(name, _)| *name == word.value);
    if chosen.is_none() {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        reader.note(messages::unknown_choice(&word, &names));
    }
    chosen.map(|(_, choice)| *choice)
}

impl RuleSpec {
    /// All patterns that the line must match, whose named groups are fields.
    pub fn patterns(&self) -> impl Iterator<Item = &At<String>> {
        self.pattern.iter().chain(&self.also)
    }

    /// Every field that the rule reads by its own keys, other than through `by` and `where`.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        let labels = self.labels.iter().map(|label| &label.field);
        let values = self
            .metrics
            .iter()
            .filter_map(|metric| metric.value.as_ref());
        let time = self.time.iter().map(|time| &time.field);
        let values = values.flat_map(|value| value.value.fields());
        let report = self.report.iter().flat_map(ReportSpec::fields);
        let factors = self.factors().map(|factor| &factor.key.field);
        let inside = self.inside.iter().map(|inside| &inside.value);
        let own = labels.chain(values).chain(time).chain(&self.trace);
        own.chain(report).chain(inside).chain(factors)
    }

    /// What numbers of metrics and of the report are multiplied by.
    pub fn factors(&self) -> impl Iterator<Item = &FactorSpec> {
        let metrics = self.metrics.iter();
        let values = metrics.filter_map(|metric| metric.value.as_ref());
        let values = values.map(|value| &value.value);
        let report = self.report.iter().flat_map(|report| &report.numbers);
        values
            .chain(report.map(|number| &number.value))
            .flat_map(ValueSpec::factors)
    }

    /// Whether a metric or the report names this label.
    pub fn names_label(&self, name: &str) -> bool {
        let mut report = self.report.iter().flat_map(ReportSpec::names);
        let mut factors = self.factors().filter_map(|factor| plain_name(&factor.key));
        let values = self
            .metrics
            .iter()
            .filter_map(|metric| metric.value.as_ref());
        let mut values = values.flat_map(|value| value.value.fields());
        self.uses_label(name)
            || report.any(|used| used.value == name)
            || self.report.iter().any(|report| report.reads(name))
            || factors.any(|used| used.value == name)
            || values.any(|field| field.from.iter().any(|key| key.value == name))
    }

    /// Whether a metric's `by` or `where` names this label.
    pub fn uses_label(&self, name: &str) -> bool {
        self.metrics.iter().any(|metric| {
            let conditions = metric.conditions.iter().map(|(name, _)| name);
            metric
                .by
                .iter()
                .chain(conditions)
                .any(|used| used.value == name)
        })
    }
}
