//! `times = …`: what a number is multiplied by, as it was written.

use super::label::{LabelSpec, read_label};
use crate::rules::keys;
use crate::rules::lookup::LookupSpec;
use crate::rules::problem::{At, messages};
use crate::rules::toml_table::{Reader, TomlValue};

/// A table of numbers, and what is looked up in it.
#[derive(Debug, Clone)]
pub(in crate::rules) struct FactorSpec {
    pub lookup: LookupSpec<f64>,
    /// As a label is written; a plain name may be that of one.
    pub key: LabelSpec,
    pub default: Option<f64>,
}

pub(super) fn read_factor(value: &TomlValue<'_>, reader: &mut Reader) -> Option<FactorSpec> {
    if value.is_number() {
        reader.note(messages::times_a_number(value.place));
        return None;
    }
    let mut table = value.table("a table of a lookup and its key", &keys::FACTOR, reader)?;
    let place = table.place;
    let lookup = table
        .take("lookup")
        .map(|value| read_lookup(&value, reader));
    let key = table.take_entry("key").map(|(place, value)| {
        let name = At::new("key".to_owned(), place);
        let before = reader.drafts.len();
        let label = read_label(name, &value, reader)?;
        // A label without `from` is the field of its own name, which this one has not.
        let has_from = label.field.from.iter().all(|from| from.place != place);
        if !has_from && reader.drafts.len() == before {
            reader.note(messages::factor_key_without_from(value.place));
        }
        has_from.then_some(label)
    });
    let default = table.take("default").map(|value| {
        let number = value.number(reader)?;
        if !number.value.is_finite() {
            reader.note(messages::value_not_finite(number.place));
            return None;
        }
        Some(number.value)
    });
    if table.finish(reader) {
        let missing = [("lookup", lookup.is_none()), ("key", key.is_none())];
        let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.for_each(|(key, _)| reader.note(messages::missing_key(place, key)));
    }
    let default = match default {
        Some(default) => Some(default?),
        None => None,
    };
    Some(FactorSpec {
        lookup: lookup??,
        key: key??,
        default,
    })
}

/// A file, or keys and numbers.
fn read_lookup(value: &TomlValue<'_>, reader: &mut Reader) -> Option<LookupSpec<f64>> {
    if !value.is_table() {
        return value.text(reader).map(LookupSpec::File);
    }
    let pairs = value.number_pairs(reader)?;
    if let Some((key, _)) = pairs.iter().find(|(_, number)| !number.is_finite()) {
        reader.note(messages::value_not_finite(key.place));
        return None;
    }
    Some(LookupSpec::Inline(pairs))
}
