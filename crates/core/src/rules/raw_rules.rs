//! A rules file as it was written: what each key holds, and where it stands.
//!
//! Only shapes are judged here (keys, types, choices). No pattern is compiled, no name is looked
//! up, no default is filled in that depends on another key.

use std::ops::Range;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::duration;
use super::problem::{At, ProblemPlace, messages};
use super::report_section::{self, ReportSpec};
use super::toml_table::{LIST_OF_TABLES, Reader, Table, TomlValue};
use super::{Case, FieldsMode, Take};
use crate::metrics::kind::Kind;

#[derive(Debug, Default)]
pub(super) struct FileSpec {
    pub rules: Vec<RuleSpec>,
    pub cases: Vec<Case>,
}

/// A `[[rule]]`.
#[derive(Debug)]
pub(super) struct RuleSpec {
    pub place: ProblemPlace,
    pub name: Option<At<String>>,
    pub pattern: Option<At<String>>,
    pub json_fields: Vec<(At<String>, At<String>)>,
    pub fields: Option<FieldsMode>,
    pub untrusted_between: Option<At<RangeSpec>>,
    pub raw: Vec<(At<String>, At<String>)>,
    pub time: Option<(FieldSpec, bool)>,
    pub trace: Option<FieldSpec>,
    pub labels: Vec<LabelSpec>,
    pub metrics: Vec<MetricSpec>,
    pub report: Option<ReportSpec>,
    /// Whether `match` and `fields` could be read, so that it is known what fields there may be.
    pub names_known: bool,
    /// Whether a key or a value could not be read, so that what seems to be missing may be that.
    pub broken: bool,
}

/// A string, a list of strings, or `{ from, take, trusted, untrusted_between, after }`.
#[derive(Debug, Clone)]
pub(super) struct FieldSpec {
    pub from: Vec<At<String>>,
    pub take: Take,
    /// That only trusted values are taken; with the range that they are outside of, where the field
    /// says it and not its rule.
    pub trusted: Option<At<Option<RangeSpec>>>,
    /// The key that comes before it.
    pub after: Option<At<String>>,
}

/// `[from, to]` or `[[from, …], to]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RangeSpec {
    pub from: Vec<String>,
    pub to: String,
}

/// An entry of `[rule.labels]`.
#[derive(Debug)]
pub(super) struct LabelSpec {
    pub name: At<String>,
    pub field: FieldSpec,
    pub default: Option<String>,
    pub lowercase: bool,
    pub integer: bool,
    pub map: Vec<(At<String>, At<String>)>,
    pub pseudonym: bool,
    pub bytes_max: Option<usize>,
    pub values_max: Option<usize>,
}

/// A `[[rule.metric]]`.
#[derive(Debug)]
pub(super) struct MetricSpec {
    pub kind: Kind,
    pub name: At<String>,
    pub help: Option<At<String>>,
    pub by: Vec<At<String>>,
    pub value: Option<At<FieldSpec>>,
    pub buckets: Option<At<Vec<At<f64>>>>,
    pub conditions: Vec<(At<String>, At<String>)>,
    pub limit: Option<At<usize>>,
    pub expire: Option<At<Duration>>,
    pub constant: Vec<(At<String>, At<String>)>,
}

/// Reads one file. What could be read is given even where there were problems.
pub(super) fn read(text: &str, reader: &mut Reader) -> FileSpec {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let is_escape = is_at_escape(text, &span);
        let place = reader.place(span);
        reader.note(messages::invalid_toml(place, error.message(), is_escape));
    }
    if !errors.is_empty() {
        return FileSpec::default();
    }
    let document = DeValue::Table(document.into_inner());
    let DeValue::Table(document) = &document else {
        return FileSpec::default();
    };
    let mut table = Table::new(document, reader.place(0..0), reader);
    let rules = tables(table.take("rule"), reader);
    let tests = tables(table.take("test"), reader);
    table.finish(reader);
    FileSpec {
        rules: rules
            .into_iter()
            .map(|rule| read_rule(rule, reader))
            .collect(),
        cases: super::test_cases::read(tests, reader),
    }
}

/// Whether a mistake is a backslash that means something else than was meant.
fn is_at_escape(text: &str, span: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let at = |place: Option<usize>| place.and_then(|place| bytes.get(place)) == Some(&b'\\');
    at(Some(span.start)) || at(span.start.checked_sub(1))
}

fn tables<'t>(value: Option<TomlValue<'t>>, reader: &mut Reader) -> Vec<Table<'t>> {
    let values = value.and_then(|value| value.list(LIST_OF_TABLES, reader));
    let values = values.unwrap_or_default();
    values
        .iter()
        .filter_map(|value| value.table("a table", reader))
        .collect()
}

fn read_rule(mut table: Table<'_>, reader: &mut Reader) -> RuleSpec {
    let before = reader.drafts.len();
    let name = table.take("name").and_then(|value| value.text(reader));
    let read_before = reader.drafts.len();
    let pattern = table.take("match").and_then(|value| value.text(reader));
    let fields = table
        .take("fields")
        .and_then(|value| choice(&value, FIELDS_MODES, reader));
    let names_known = reader.drafts.len() == read_before;
    let json_fields = table.take("match_json").map(|value| value.pairs(reader));
    let untrusted_between = take_range(&mut table, reader);
    let raw = table.take("raw").map(|value| value.pairs(reader));
    let time = table
        .take("time")
        .and_then(|value| read_time(&value, reader));
    let trace = table
        .take("trace")
        .and_then(|value| read_field(&value, reader));
    let labels = table
        .take("labels")
        .and_then(|value| value.table("a table of labels", reader));
    let labels = labels.map_or_else(Vec::new, |mut labels| labels.rest());
    let labels = labels
        .into_iter()
        .filter_map(|(name, value)| {
            let name = At::new(name.value.to_string(), name.place);
            read_label(name, &value, reader)
        })
        .collect();
    let metrics = tables(table.take("metric"), reader)
        .into_iter()
        .filter_map(|metric| read_metric(metric, reader))
        .collect();
    let report = table
        .take("report")
        .and_then(|value| value.table("a table of what a report shows", reader))
        .map(|table| report_section::read(table, reader));
    let place = table.place;
    table.finish(reader);
    RuleSpec {
        place,
        name,
        pattern,
        json_fields: json_fields.unwrap_or_default(),
        fields,
        untrusted_between,
        raw: raw.unwrap_or_default(),
        time,
        trace,
        labels,
        metrics,
        report,
        names_known,
        broken: reader.drafts.len() > before,
    }
}

const FIELDS_MODES: &[(&str, FieldsMode)] = &[
    ("logfmt", FieldsMode::Logfmt),
    ("json", FieldsMode::Json),
    ("auto", FieldsMode::Auto),
];

const TAKES: &[(&str, Take)] = &[
    ("only", Take::Only),
    ("first", Take::First),
    ("last", Take::Last),
];

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

fn read_time(value: &TomlValue<'_>, reader: &mut Reader) -> Option<(FieldSpec, bool)> {
    if !value.is_table() {
        return read_field(value, reader).map(|field| (field, false));
    }
    let mut table = value.table("", reader)?;
    let unpadded = table
        .take("unpadded_micros")
        .and_then(|value| value.flag(reader));
    let field = read_field_table(&mut table, None, reader);
    table.finish(reader);
    field.map(|field| (field, unpadded.unwrap_or(false)))
}

fn read_field(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FieldSpec> {
    if !value.is_table() {
        return read_from(value, reader);
    }
    let mut table = value.table("", reader)?;
    let field = read_field_table(&mut table, None, reader);
    table.finish(reader);
    field
}

fn read_from(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FieldSpec> {
    value.text_or_texts(reader).map(|from| FieldSpec {
        from,
        take: Take::default(),
        trusted: None,
        after: None,
    })
}

/// What a field is; without `from` the one of the name that is given.
pub(super) fn read_field_table(
    table: &mut Table<'_>,
    name: Option<&At<String>>,
    reader: &mut Reader,
) -> Option<FieldSpec> {
    let from = table.take("from");
    let take = table
        .take("take")
        .and_then(|value| choice(&value, TAKES, reader));
    let range = take_range(table, reader);
    let trusted = table.take("trusted").and_then(|value| {
        let is_trusted = value.flag(reader)?;
        is_trusted.then(|| At::new(None, value.place))
    });
    let after = table.take("after").and_then(|value| value.text(reader));
    let from = match (from, name) {
        (Some(value), _) => value.text_or_texts(reader)?,
        (None, Some(name)) => vec![name.clone()],
        (None, None) => {
            reader.note(messages::missing_key(table.place, "from"));
            return None;
        }
    };
    Some(FieldSpec {
        from,
        take: take.unwrap_or_default(),
        trusted: range
            .map(|At { value, place }| At::new(Some(value), place))
            .or(trusted),
        after,
    })
}

fn take_range(table: &mut Table<'_>, reader: &mut Reader) -> Option<At<RangeSpec>> {
    if let Some(place) = table.take_renamed("outside") {
        reader.note(messages::renamed_key(place, "outside", "untrusted_between"));
    }
    let value = table.take("untrusted_between")?;
    let keys = value.list("a list of two", reader)?;
    let [from, to] = keys.as_slice() else {
        reader.note(messages::untrusted_pair(value.place, keys.len()));
        return None;
    };
    let (from, to) = (from.text_or_texts(reader), to.text(reader));
    let range = RangeSpec {
        from: from?.into_iter().map(|key| key.value).collect(),
        to: to?.value,
    };
    Some(At::new(range, value.place))
}

pub(super) fn read_label(
    name: At<String>,
    value: &TomlValue<'_>,
    reader: &mut Reader,
) -> Option<LabelSpec> {
    let plain = |name, field| LabelSpec {
        name,
        field,
        default: None,
        lowercase: false,
        integer: false,
        map: Vec::new(),
        pseudonym: false,
        bytes_max: None,
        values_max: None,
    };
    if !value.is_table() {
        return read_from(value, reader).map(|field| plain(name, field));
    }
    let mut table = value.table("", reader)?;
    let field = read_field_table(&mut table, Some(&name), reader);
    let default = table.take("default").and_then(|value| value.text(reader));
    let lowercase = table.take("lowercase").and_then(|value| value.flag(reader));
    let integer = table.take("integer").and_then(|value| value.flag(reader));
    let map = table.take("map").map(|value| value.pairs(reader));
    let pseudonym = table.take("pseudonym").and_then(|value| value.flag(reader));
    let bytes_max = table
        .take("max_length")
        .and_then(|value| value.count(8, reader));
    let values_max = table
        .take("max_values")
        .and_then(|value| value.count(1, reader));
    let whole = table.finish(reader);
    let mut field = field?;
    if !whole {
        // The unknown key may be the one that says where the value comes from.
        field.from.clear();
    }
    Some(LabelSpec {
        default: default.map(|default| default.value),
        lowercase: lowercase.unwrap_or(false),
        integer: integer.unwrap_or(false),
        map: map.unwrap_or_default(),
        pseudonym: pseudonym.unwrap_or(false),
        bytes_max: bytes_max.map(|count| count.value),
        values_max: values_max.map(|count| count.value),
        ..plain(name, field)
    })
}

fn read_metric(mut table: Table<'_>, reader: &mut Reader) -> Option<MetricSpec> {
    let named = read_name(&mut table, reader);
    let help = table.take("help").and_then(|value| value.text(reader));
    let by = table.take("by").and_then(|value| value.texts(reader));
    let value = table
        .take("value")
        .and_then(|value| read_field(&value, reader).map(|field| At::new(field, value.place)));
    let buckets = table.take("buckets").and_then(|value| {
        let values = value.list("a list of numbers", reader)?;
        let numbers: Vec<_> = values
            .iter()
            .filter_map(|number| number.number(reader))
            .collect();
        (numbers.len() == values.len()).then(|| At::new(numbers, value.place))
    });
    let conditions = table.take("where").map(|value| value.pairs(reader));
    let limit = table.take("limit").and_then(|value| value.count(1, reader));
    let expire = table
        .take("expire")
        .and_then(|value| read_expire(&value, reader));
    let constant = table.take("constant").map(|value| value.pairs(reader));
    let place = table.place;
    let whole = table.finish(reader);
    let named = match named {
        Named::One(kind, name) => Some((kind, name)),
        Named::None if whole => {
            reader.note(messages::metric_without_kind(place));
            None
        }
        Named::None | Named::Wrong => None,
    };
    let (kind, name) = named?;
    Some(MetricSpec {
        kind,
        name,
        help,
        by: by.unwrap_or_default(),
        value,
        buckets,
        conditions: conditions.unwrap_or_default(),
        limit,
        expire,
        constant: constant.unwrap_or_default(),
    })
}

/// What the keys `counter`, `gauge` and `histogram` say.
enum Named {
    None,
    One(Kind, At<String>),
    Wrong,
}

fn read_name(table: &mut Table<'_>, reader: &mut Reader) -> Named {
    let found: Vec<_> = Kind::IN_RULES
        .into_iter()
        .filter_map(|kind| Some((kind.word(), kind, table.take_entry(kind.word())?)))
        .collect();
    match found.as_slice() {
        [] => Named::None,
        [(_, kind, (_, value))] => value
            .text(reader)
            .map_or(Named::Wrong, |name| Named::One(*kind, name)),
        [(one, _, (first, _)), (two, _, (second, _)), ..] => {
            reader.note(messages::two_kinds((*first, one), (*second, two)));
            Named::Wrong
        }
    }
}

fn read_expire(value: &TomlValue<'_>, reader: &mut Reader) -> Option<At<Duration>> {
    let hint = |number: &str| format!("a number needs a unit: `expire = \"{number}s\"`");
    let text = value.text_not_number(hint, reader)?;
    match duration::parse(&text.value) {
        Some(duration) if duration >= super::EXPIRE_MIN => Some(At::new(duration, text.place)),
        Some(_) => {
            reader.note(messages::expire_too_short(&text));
            None
        }
        None => {
            reader.note(messages::not_a_duration(&text));
            None
        }
    }
}

impl RuleSpec {
    /// Every field that the rule reads by its own keys, other than through `by` and `where`.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        let labels = self.labels.iter().map(|label| &label.field);
        let values = self
            .metrics
            .iter()
            .filter_map(|metric| metric.value.as_ref());
        let time = self.time.iter().map(|(field, _)| field);
        let values = values.map(|value| &value.value);
        let report = self.report.iter().flat_map(ReportSpec::fields);
        let own = labels.chain(values).chain(time).chain(&self.trace);
        own.chain(report)
    }

    /// Whether a metric or the report names this label.
    pub fn names_label(&self, name: &str) -> bool {
        let mut report = self.report.iter().flat_map(ReportSpec::names);
        self.uses_label(name) || report.any(|used| used.value == name)
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
