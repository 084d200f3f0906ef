//! What a key takes, in words for whoever wrote something else after it, and an example of it.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::{Key, KeyTable, Shape, TABLES, reference};

/// A longer example, in characters, is none for a message.
const EXAMPLE_MAX: usize = 72;

/// What may be written after a key of this shape. `None` where the reader has better words: these are tables and
/// lists of them.
pub(in crate::rules) fn expected(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Table(_) | Shape::Tables(_) | Shape::SomeTables(_) => None,
        Shape::Numbers | Shape::Samples | Shape::Range => None,
        Shape::Names(what, _) | Shape::Labels(what, _) | Shape::Some(what, _) => {
            Some((*what).to_owned())
        }
        Shape::Count(least) => Some(format!("a whole number of at least {least}")),
        Shape::Regex => Some("a string with a pattern".to_owned()),
        Shape::Regexes => Some("a string with a pattern or a list of such strings".to_owned()),
        Shape::MetricName => Some("a string with the name of a metric".to_owned()),
        Shape::Duration => Some("a string with a number and its unit".to_owned()),
        Shape::LabelNames => Some("a list of strings".to_owned()),
        Shape::Word(words) if words.len() > 6 => Some("a string".to_owned()),
        Shape::Either(shapes) => Some(of_several(shapes)),
        other => Some(reference::words(other)),
    }
}

/// One of several shapes.
fn of_several(shapes: &[Shape]) -> String {
    let is_field = |table: &KeyTable| table.has("from");
    let names_field = |shape: &Shape| matches!(shape, Shape::Table(table) if is_field(table));
    let is_of_fields = shapes.iter().any(names_field);
    let has_list = shapes.iter().any(|shape| matches!(shape, Shape::Some(..)));
    let mut words: Vec<String> = Vec::new();
    for shape in shapes {
        match shape {
            Shape::TextOrTexts if is_of_fields => {
                words.push("the name of a field".to_owned());
                if !has_list {
                    words.push("a list of names".to_owned());
                }
            }
            Shape::Some(..) if is_of_fields => words.push("a list of these".to_owned()),
            Shape::Word(all) => words.extend(all.iter().map(|word| format!("`\"{word}\"`"))),
            Shape::Table(_) => words.push("a table".to_owned()),
            Shape::Tables(_) | Shape::SomeTables(_) => words.push("a list of tables".to_owned()),
            Shape::Names(what, _) | Shape::Labels(what, _) => words.push((*what).to_owned()),
            Shape::Either(shapes) => words.push(of_several(shapes)),
            other => words.extend(expected(other)),
        }
    }
    reference::either(&words)
}

/// A key as its example has it: `limit = 1000`, or `[[rule]]`. `None` where that takes several lines.
pub(in crate::rules) fn example(key: &Key) -> Option<String> {
    let value = key.example.get(place(key)?)?;
    if is_header(value) {
        return value.lines().next().map(str::to_owned);
    }
    let is_short = value.chars().count() <= EXAMPLE_MAX && !value.contains('\n');
    is_short.then(|| format!("{} = {value}", key.name))
}

/// Whether this is a table that has a line of its own before it.
pub(super) fn is_header(value: &str) -> bool {
    let name = value.trim_start_matches('[');
    value.starts_with('[') && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Where the key's value is in its example.
pub(super) fn place(key: &Key) -> Option<Range<usize>> {
    let document = DeTable::parse(key.example).ok()?;
    let mut found = Vec::new();
    places(document.get_ref(), key.name, 0, &mut found);
    // The keys of a field, a label or a number are deep within; those of a rule or a case are not.
    let is_deep = TABLES.iter().any(|table| {
        let has = table.keys.iter().any(|one| std::ptr::eq(one, key));
        has && !["", "input", "rule", "test"].contains(&table.path)
    });
    let depth = |(depth, _): &&(usize, Range<usize>)| *depth;
    let found = match is_deep {
        true => found.iter().max_by_key(depth),
        false => found.iter().min_by_key(depth),
    };
    found.map(|(_, place)| place.clone())
}

/// Where the values of this key are, and how deep within tables.
fn places(table: &DeTable<'_>, name: &str, depth: usize, found: &mut Vec<(usize, Range<usize>)>) {
    for (key, value) in table.iter() {
        if key.get_ref() == name {
            found.push((depth, value.span()));
        }
        in_value(value.get_ref(), name, depth + 1, found);
    }
}

fn in_value(value: &DeValue<'_>, name: &str, depth: usize, found: &mut Vec<(usize, Range<usize>)>) {
    match value {
        DeValue::Table(table) => places(table, name, depth, found),
        DeValue::Array(array) => {
            for one in array.iter() {
                in_value(one.get_ref(), name, depth, found);
            }
        }
        _ => {}
    }
}
