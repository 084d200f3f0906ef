//! An entry of `[rule.labels]`: where its value comes from, and what is done to it.

use super::field::{FieldSpec, read_field_table, read_from};
use crate::rules::keys;
use crate::rules::lookup::LookupSpec;
use crate::rules::problem::At;
use crate::rules::toml_table::{Reader, TomlValue};

/// An entry of `[rule.labels]`.
#[derive(Debug, Clone)]
pub(in crate::rules) struct LabelSpec {
    pub name: At<String>,
    pub field: FieldSpec,
    pub default: Option<String>,
    pub lowercase: bool,
    pub integer: bool,
    pub replace: Vec<(At<String>, At<String>)>,
    pub map: Vec<(At<String>, At<String>)>,
    pub lookup: Option<LookupSpec>,
    pub pseudonym: bool,
    pub bytes_max: Option<usize>,
    pub values_max: Option<usize>,
}

pub(in crate::rules) fn read_label(
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
        replace: Vec::new(),
        map: Vec::new(),
        lookup: None,
        pseudonym: false,
        bytes_max: None,
        values_max: None,
    };
    if !value.is_table() {
        return read_from(value, reader).map(|field| plain(name, field));
    }
    let mut table = value.table("", &keys::LABEL, reader)?;
    let field = read_field_table(&mut table, Some(&name), reader);
    let default = table.take("default").and_then(|value| value.text(reader));
    let lowercase = table.take("lowercase").and_then(|value| value.flag(reader));
    let integer = table.take("integer").and_then(|value| value.flag(reader));
    let replace = table.take("replace").map(|value| value.pairs(reader));
    let map = table.take("map").map(|value| value.pairs(reader));
    let lookup = table
        .take("lookup")
        .and_then(|value| match value.is_table() {
            true => {
                let pairs = value.pairs(reader).into_iter();
                let pairs = pairs.map(|(key, to)| (key, to.value));
                Some(LookupSpec::Inline(pairs.collect()))
            }
            false => value.text(reader).map(LookupSpec::File),
        });
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
        replace: replace.unwrap_or_default(),
        map: map.unwrap_or_default(),
        lookup,
        pseudonym: pseudonym.unwrap_or(false),
        bytes_max: bytes_max.map(|count| count.value),
        values_max: values_max.map(|count| count.value),
        ..plain(name, field)
    })
}
