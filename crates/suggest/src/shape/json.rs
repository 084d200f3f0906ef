//! Lines of JSON: each path to a value is a column.

use serde_json::Value;

use super::{Columns, Layout, Table};
use crate::sample::SampleLine;

/// Objects are looked into so deep.
const DEPTH_MAX: usize = 5;

/// The table of the lines that are objects, and the others.
pub(super) fn table(lines: Vec<&SampleLine>) -> (Option<Table<'_>>, Vec<&SampleLine>) {
    let mut columns = Columns::default();
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for line in lines {
        let text = line.text.trim();
        let value = match text.starts_with('{') {
            true => serde_json::from_str(text).ok(),
            false => None,
        };
        match value {
            Some(Value::Object(object)) => {
                columns.begin_line();
                for (key, value) in &object {
                    add(&mut columns, key, value, 1);
                }
                taken.push(line);
            }
            _ => rest.push(line),
        }
    }
    let table = (!taken.is_empty()).then(|| Table {
        layout: Layout::Json,
        lines: taken,
        columns: columns.finish(),
    });
    (table, rest)
}

fn add(columns: &mut Columns, path: &str, value: &Value, depth: usize) {
    match value {
        Value::Null | Value::Array(_) => {}
        Value::String(text) => columns.add(path, text),
        Value::Bool(_) | Value::Number(_) => columns.add(path, &value.to_string()),
        Value::Object(object) if depth < DEPTH_MAX => {
            for (key, value) in object {
                add(columns, &format!("{path}.{key}"), value, depth + 1);
            }
        }
        Value::Object(_) => {}
    }
}
