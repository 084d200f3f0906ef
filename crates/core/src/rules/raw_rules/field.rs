//! What says where a value comes from: names of fields, and what is asked of them.

use super::choice;
use crate::rules::problem::{At, messages};
use crate::rules::toml_table::{Reader, Table, TomlValue};
use crate::rules::{Decoding, Take, keys};

/// A string, a list of strings, or `{ from, take, trusted, untrusted_between, after, inside, match,
/// decode }`.
#[derive(Debug, Clone, Default)]
pub(in crate::rules) struct FieldSpec {
    pub from: Vec<At<String>>,
    pub take: Take,
    /// That only trusted values are taken; with the range that they are outside of, where the field
    /// says it and not its rule.
    pub trusted: Option<At<Option<RangeSpec>>>,
    /// The key that comes before it.
    pub after: Option<At<String>>,
    /// The field that holds a text of its own, in which `from` is looked for.
    pub inside: Option<Vec<At<String>>>,
    /// What is taken out of the value.
    pub part: Option<At<String>>,
    pub decode: Option<Decoding>,
}

impl FieldSpec {
    /// Whether the value is taken as it is on the line.
    pub fn is_whole(&self) -> bool {
        self.inside.is_none() && self.part.is_none() && self.decode.is_none()
    }

    /// The keys of the line that it reads.
    pub fn keys(&self) -> &[At<String>] {
        self.inside.as_deref().unwrap_or(&self.from)
    }
}

/// `[from, to]` or `[[from, …], to]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rules) struct RangeSpec {
    pub from: Vec<String>,
    pub to: String,
}

const DECODINGS: &[(&str, Decoding)] = &[("url", Decoding::Url), ("percent", Decoding::Percent)];

const TAKES: &[(&str, Take)] = &[
    ("only", Take::Only),
    ("first", Take::First),
    ("last", Take::Last),
];

pub(super) fn read_field(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FieldSpec> {
    if !value.is_table() {
        return read_from(value, reader);
    }
    let mut table = value.table("", &keys::FIELD, reader)?;
    let field = read_field_table(&mut table, None, reader);
    table.finish(reader);
    field
}

pub(in crate::rules) fn read_from(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FieldSpec> {
    value.text_or_texts(reader).map(|from| FieldSpec {
        from,
        ..FieldSpec::default()
    })
}

/// What a field is; without `from` the one of the name that is given.
pub(in crate::rules) fn read_field_table(
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
    let inside = table.take("inside");
    let inside = inside.and_then(|value| value.text_or_texts(reader));
    let part = table.take("match").and_then(|value| value.text(reader));
    let decode = table
        .take("decode")
        .and_then(|value| choice(&value, DECODINGS, reader));
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
        inside,
        part,
        decode,
    })
}

pub(super) fn take_range(table: &mut Table<'_>, reader: &mut Reader) -> Option<At<RangeSpec>> {
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
