//! The number of a metric or of a report: a constant, or what the line says and how that is read.

use std::iter;

use super::choice;
use super::factor::{FactorSpec, read_factor};
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
    /// What it is multiplied by.
    pub times: Option<FactorSpec>,
    /// Whether it is the first of a sum.
    pub is_sum: bool,
    /// Further numbers that are added to it.
    pub plus: Vec<NumberSpec>,
    /// What the sum is multiplied by.
    pub sum_scale: f64,
}

impl ValueSpec {
    /// Everything that it reads.
    pub fn numbers(&self) -> impl Iterator<Item = &NumberSpec> {
        let numbers = match self {
            ValueSpec::Constant(_) => &[],
            ValueSpec::Fields(numbers) => numbers.as_slice(),
        };
        numbers
            .iter()
            .flat_map(|number| iter::once(number).chain(&number.plus))
    }

    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        self.numbers().map(|number| &number.field)
    }

    /// What its numbers are multiplied by.
    pub fn factors(&self) -> impl Iterator<Item = &FactorSpec> {
        self.numbers().filter_map(|number| number.times.as_ref())
    }
}

impl NumberSpec {
    fn plain(field: FieldSpec) -> NumberSpec {
        NumberSpec {
            field,
            reading: Reading::default(),
            map: Vec::new(),
            form_key: None,
            times: None,
            is_sum: false,
            plus: Vec::new(),
            sum_scale: 1.0,
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
    if let Some(other) = items
        .iter()
        .find(|item| !item.is_text() && !item.is_table())
    {
        other.wrong("the name of a field or a table", reader);
        return None;
    }
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
    let number = read_table(&mut table, reader);
    table.finish(reader);
    number
}

/// A table that says where a number comes from and how it is read, or which ones are added up.
pub(in crate::rules) fn read_value_table(
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<ValueSpec> {
    let number = read_table(table, reader)?;
    Some(ValueSpec::Fields(vec![number]))
}

fn read_table(table: &mut Table<'_>, reader: &mut Reader) -> Option<NumberSpec> {
    match table.take_entry("sum") {
        Some((place, value)) => read_sum(place, &value, table, reader),
        None => read_number_table(table, reader),
    }
}

/// Numbers that are added up.
fn read_sum(
    place: ProblemPlace,
    value: &TomlValue<'_>,
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<NumberSpec> {
    let scale = table.take("scale");
    let sum_scale = scale.and_then(|value| read_scale(&value, reader));
    for key in keys::VALUE.names() {
        if let Some((other, _)) = table.take_entry(key) {
            reader.note(messages::sum_with_other(other, key, place));
        }
    }
    let items = value.list("a list of strings and tables", reader)?;
    if items.is_empty() {
        reader.note(messages::empty_list(value.place, "sum"));
    }
    let mut numbers = Vec::new();
    for item in &items {
        if !item.is_text() && !item.is_table() {
            // A list in it would say that the first one counts.
            item.wrong("a string or a table", reader);
            return None;
        }
        let number = read_number(item, reader)?;
        if number.is_sum {
            reader.note(messages::sum_in_sum(item.place));
            return None;
        }
        if let Some(time) = number.field.from.iter().find(|key| key.value == "_time") {
            reader.note(messages::time_in_sum(time.place));
            return None;
        }
        numbers.push(number);
    }
    let mut numbers = numbers.into_iter();
    let first = numbers.next()?;
    Some(NumberSpec {
        is_sum: true,
        plus: numbers.collect(),
        sum_scale: sum_scale.unwrap_or(1.0),
        ..first
    })
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
fn read_number_table(table: &mut Table<'_>, reader: &mut Reader) -> Option<NumberSpec> {
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
    let times = table.take("times");
    let times = times.and_then(|value| read_factor(&value, reader));
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
        times,
        is_sum: false,
        plus: Vec::new(),
        sum_scale: 1.0,
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
