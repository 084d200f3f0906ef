//! The number of a metric or of a report: a constant, or what the line says and how that is read.

use super::choice;
use super::field::{FieldSpec, read_field_table, read_from};
use crate::number::{Form, Reading, Unit};
use crate::rules::keys;
use crate::rules::problem::{At, ProblemPlace, messages};
use crate::rules::toml_table::{Reader, Table, TomlValue};

/// `value = …`
#[derive(Debug, Clone)]
pub(in crate::rules) enum ValueSpec {
    /// The same number each time.
    Constant(f64),
    /// The first of them that is on the line.
    Fields(Vec<NumberSpec>),
}

/// A field, and how its number is read.
#[derive(Debug, Clone)]
pub(in crate::rules) struct NumberSpec {
    pub field: FieldSpec,
    pub reading: Reading,
    /// Numbers for texts.
    pub map: Vec<(At<String>, f64)>,
    /// The first key that says how the text is read, which leaves no room for a `map`.
    pub form_key: Option<(ProblemPlace, &'static str)>,
}

impl ValueSpec {
    /// Everything that it reads.
    pub fn numbers(&self) -> &[NumberSpec] {
        match self {
            ValueSpec::Constant(_) => &[],
            ValueSpec::Fields(numbers) => numbers,
        }
    }

    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        self.numbers().iter().map(|number| &number.field)
    }
}

impl NumberSpec {
    fn plain(field: FieldSpec) -> NumberSpec {
        NumberSpec {
            field,
            reading: Reading::default(),
            map: Vec::new(),
            form_key: None,
        }
    }
}

/// A number, a field, a table that says more of a field, or a list of these.
pub(in crate::rules) fn read_value(
    value: &TomlValue<'_>,
    reader: &mut Reader,
) -> Option<ValueSpec> {
    if value.is_number() {
        return read_constant(value, reader).map(ValueSpec::Constant);
    }
    let items = match value.is_list() {
        true => value.list("a list", reader)?,
        false => Vec::new(),
    };
    if !items.iter().any(TomlValue::is_table) {
        return Some(ValueSpec::Fields(vec![read_number(value, reader)?]));
    }
    let mut numbers: Vec<NumberSpec> = Vec::new();
    let mut is_after_name = false;
    for item in &items {
        let number = read_number(item, reader)?;
        // Names that follow each other are read in the same way, and looked for at once.
        match numbers.last_mut() {
            Some(last) if is_after_name && !item.is_table() => {
                last.field.from.extend(number.field.from);
            }
            _ => numbers.push(number),
        }
        is_after_name = !item.is_table();
    }
    Some(ValueSpec::Fields(numbers))
}

fn read_constant(value: &TomlValue<'_>, reader: &mut Reader) -> Option<f64> {
    let number = value.number(reader)?;
    if !number.value.is_finite() {
        reader.note(messages::value_not_finite(number.place));
        return None;
    }
    Some(number.value)
}

fn read_number(value: &TomlValue<'_>, reader: &mut Reader) -> Option<NumberSpec> {
    if !value.is_table() {
        let field = read_from(value, reader)?;
        return not_quoted(&field, reader).then(|| NumberSpec::plain(field));
    }
    let mut table = value.table("", &keys::VALUE, reader)?;
    let number = read_number_table(&mut table, reader);
    table.finish(reader);
    number
}

/// Whether no number was put in quotes, where it would be the name of a field.
fn not_quoted(field: &FieldSpec, reader: &mut Reader) -> bool {
    let mut numbers = field
        .from
        .iter()
        .filter(|key| key.value.parse::<f64>().is_ok());
    let quoted = numbers.next();
    if let Some(key) = quoted {
        reader.note(messages::number_in_quotes(key));
    }
    quoted.is_none()
}

/// The keys of a table that says where a number comes from and how it is read.
pub(in crate::rules) fn read_number_table(
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<NumberSpec> {
    let before = reader.drafts.len();
    let mut number = Reading::default();
    let mut form_key = None;
    if let Some((place, value)) = table.take_entry("unit") {
        form_key = Some((place, "unit"));
        number.unit = read_unit(&value, reader);
    }
    if let Some((place, value)) = table.take_entry("number") {
        form_key = form_key.or(Some((place, "number")));
        number.form = read_form(&value, reader).unwrap_or(Form::Plain);
    }
    if let Some(value) = table.take("scale") {
        number.scale = read_scale(&value, reader).unwrap_or(1.0);
    }
    let invert = table.take("invert").and_then(|value| value.flag(reader));
    number.invert = invert.unwrap_or(false);
    let map = table.take_entry("map");
    let map = map.map_or_else(Vec::new, |(place, value)| {
        if let Some((form_place, key)) = form_key {
            reader.note(messages::map_and_form(place, form_place, key));
        }
        let pairs = value.number_pairs(reader);
        if pairs.as_ref().is_some_and(Vec::is_empty) {
            reader.note(messages::map_empty(place));
        }
        pairs.unwrap_or_default()
    });
    let field = read_field_table(table, None, reader)?;
    (reader.drafts.len() == before).then_some(NumberSpec {
        field,
        reading: number,
        map,
        form_key,
    })
}

fn read_unit(value: &TomlValue<'_>, reader: &mut Reader) -> Option<Unit> {
    let word = value.text(reader)?;
    let unit = Unit::of_rule(&word.value);
    if unit.is_none() {
        let names: Vec<&str> = Unit::names().collect();
        let meant = Unit::of_other_word(&word.value).map(|unit| unit.name);
        reader.note(messages::unknown_unit(&word, &names, meant));
    }
    unit
}

fn read_scale(value: &TomlValue<'_>, reader: &mut Reader) -> Option<f64> {
    let scale = value.number(reader)?;
    if !scale.value.is_normal() {
        reader.note(messages::bad_scale(scale.place));
        return None;
    }
    Some(scale.value)
}

const FORMS: &[(&str, Form)] = &[
    ("hex", Form::Hexadecimal),
    ("hexadecimal", Form::Hexadecimal),
    ("si", Form::Prefixed { step: 1e3 }),
    ("binary", Form::Prefixed { step: 1024.0 }),
];

/// A word, or `{ decimal, group }`, or `{ hexadecimal = true }`.
fn read_form(value: &TomlValue<'_>, reader: &mut Reader) -> Option<Form> {
    if !value.is_table() {
        return choice(value, FORMS, reader);
    }
    let mut table = value.table("", &keys::NUMBER_FORM, reader)?;
    let place = table.place;
    let hexadecimal = table
        .take("hexadecimal")
        .and_then(|value| value.flag(reader));
    let mut sign = |key| table.take(key).map(|value| read_sign(&value, reader));
    let (decimal, group) = (sign("decimal"), sign("group"));
    let is_known = table.finish(reader);
    match (hexadecimal, decimal, group) {
        (Some(true), None, None) => Some(Form::Hexadecimal),
        (Some(true), ..) => {
            reader.note(messages::hexadecimal_with_others(place));
            None
        }
        (_, None, None) => {
            if is_known && hexadecimal.is_none() {
                reader.note(messages::form_without_keys(place));
            }
            None
        }
        (_, decimal, group) => {
            let decimal = decimal.map_or(Some('.'), |sign| sign)?;
            let group = match group {
                Some(sign) => Some(sign?),
                None => None,
            };
            if group == Some(decimal) {
                reader.note(messages::same_signs(place, decimal));
                return None;
            }
            Some(Form::Separated { decimal, group })
        }
    }
}

/// One character that is no digit, letter or sign.
fn read_sign(value: &TomlValue<'_>, reader: &mut Reader) -> Option<char> {
    let text = value.text(reader)?;
    let mut characters = text.value.chars();
    let sign = characters.next().filter(|_| characters.next().is_none());
    let sign = sign.filter(|sign| !sign.is_alphanumeric() && !matches!(sign, '-' | '+'));
    if sign.is_none() {
        reader.note(messages::bad_sign(&text));
    }
    sign
}
