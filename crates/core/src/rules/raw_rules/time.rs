//! `time`: the field with the line's own time, and how that is written.

use super::choice;
use super::field::{FieldSpec, read_field, read_field_table};
use crate::rules::keys;
use crate::rules::problem::{At, messages};
use crate::rules::toml_table::{Reader, TomlValue};

/// `time = …`
#[derive(Debug)]
pub(in crate::rules) struct TimeSpec {
    pub field: FieldSpec,
    pub unpadded_micros: bool,
    pub formats: Vec<At<String>>,
    pub zone: Option<At<String>>,
    /// How many of a number are a second.
    pub per_second: Option<u64>,
}

const UNITS: &[(&str, u64)] = &[
    ("s", 1),
    ("ms", 1_000),
    ("us", 1_000_000),
    ("ns", 1_000_000_000),
];

pub(in crate::rules) fn read_time(value: &TomlValue<'_>, reader: &mut Reader) -> Option<TimeSpec> {
    if !value.is_table() {
        return read_field(value, reader).map(|field| TimeSpec {
            field,
            unpadded_micros: false,
            formats: Vec::new(),
            zone: None,
            per_second: None,
        });
    }
    let mut table = value.table("", &keys::TIME, reader)?;
    let unpadded = table
        .take("unpadded_micros")
        .and_then(|value| value.flag(reader));
    let formats = table.take_entry("format");
    let place = formats.as_ref().map(|(place, _)| *place);
    let formats = formats.and_then(|(_, value)| value.text_or_texts(reader));
    let zone = table.take("zone").and_then(|value| value.text(reader));
    let unit = table.take_entry("unit");
    if let (Some(format), Some((unit, _))) = (place, &unit) {
        reader.note(messages::format_and_unit(format, *unit));
    }
    let per_second = unit.and_then(|(_, value)| choice(&value, UNITS, reader));
    let field = read_field_table(&mut table, None, reader);
    table.finish(reader);
    Some(TimeSpec {
        field: field?,
        unpadded_micros: unpadded.unwrap_or(false),
        formats: formats.unwrap_or_default(),
        zone,
        per_second,
    })
}
