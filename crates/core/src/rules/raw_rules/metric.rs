//! A `[[rule.metric]]`: its name and kind, what it counts, and when.

use std::time::Duration;

use super::value::{ValueSpec, read_value};
use crate::metrics::kind::Kind;
use crate::rules::problem::{At, messages};
use crate::rules::toml_table::{Reader, Table, TomlValue};
use crate::rules::{EXPIRE_MIN, duration};

/// A `[[rule.metric]]`.
#[derive(Debug)]
pub(in crate::rules) struct MetricSpec {
    pub kind: Kind,
    pub name: At<String>,
    pub help: Option<At<String>>,
    pub by: Vec<At<String>>,
    pub value: Option<At<ValueSpec>>,
    pub operation: ValueKey,
    /// Whether any of the keys for a value is there, even where it could not be read.
    pub has_value_key: bool,
    pub buckets: Option<At<Vec<At<f64>>>>,
    pub conditions: Vec<(At<String>, At<String>)>,
    pub limit: Option<At<usize>>,
    pub expire: Option<At<Duration>>,
    pub constant: Vec<(At<String>, At<String>)>,
}

/// The key that a metric's number is under, and with that what is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::rules) enum ValueKey {
    /// What is usual for the type.
    #[default]
    Value,
    Set,
    Add,
    Subtract,
}

const VALUE_KEYS: [(&str, ValueKey); 4] = [
    ("value", ValueKey::Value),
    ("set", ValueKey::Set),
    ("add", ValueKey::Add),
    ("subtract", ValueKey::Subtract),
];

pub(super) fn read_metric(mut table: Table<'_>, reader: &mut Reader) -> Option<MetricSpec> {
    let named = read_name(&mut table, reader);
    let help = table.take("help").and_then(|value| value.text(reader));
    let by = table.take("by").and_then(|value| value.texts(reader));
    let kind = match &named {
        Named::One(kind, _) => Some(*kind),
        Named::None | Named::Wrong => None,
    };
    let has_value_key = VALUE_KEYS.iter().any(|(word, _)| table.has(word));
    let (operation, value) = read_amount(&mut table, kind, reader);
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
        operation,
        has_value_key,
        buckets,
        conditions: conditions.unwrap_or_default(),
        limit,
        expire,
        constant: constant.unwrap_or_default(),
    })
}

/// The number, and the key that it is under.
fn read_amount(
    table: &mut Table<'_>,
    kind: Option<Kind>,
    reader: &mut Reader,
) -> (ValueKey, Option<At<ValueSpec>>) {
    let found: Vec<_> = VALUE_KEYS
        .into_iter()
        .filter_map(|(word, key)| Some((word, key, table.take_entry(word)?)))
        .collect();
    if let [(one, _, (first, _)), (two, _, (second, _)), ..] = found.as_slice() {
        reader.note(messages::two_value_keys((*first, one), (*second, two)));
    }
    let Some((word, key, (place, value))) = found.into_iter().next() else {
        return (ValueKey::Value, None);
    };
    let fits = match kind {
        Some(Kind::Counter) => matches!(key, ValueKey::Value | ValueKey::Add),
        Some(Kind::Histogram) => key == ValueKey::Value,
        _ => true,
    };
    if let Some(kind) = kind.filter(|_| !fits) {
        reader.note(messages::value_key_of_gauge(place, word, kind.word()));
    }
    let spec = read_value(&value, reader).map(|spec| At::new(spec, value.place));
    (key, spec)
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
        Some(duration) if duration >= EXPIRE_MIN => Some(At::new(duration, text.place)),
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
