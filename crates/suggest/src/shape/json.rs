//! Lines of JSON: each path to a value is a column.

use serde_json::Value;

use super::kinds::{Sign, SignValue};
use super::{Columns, Layout, Part, Table};
use crate::sample::SampleLine;

/// Objects are looked into so deep.
const DEPTH_MAX: usize = 5;

/// The fields of a line: paths and values.
type Fields = Vec<(String, String)>;

/// The tables of the lines that are objects, the requests before all others; and the lines that are none.
pub(super) fn tables(lines: Vec<&SampleLine>) -> (Vec<Table<'_>>, Vec<&SampleLine>) {
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for line in lines {
        match fields(line.text.trim()) {
            Some(fields) => taken.push((line, fields)),
            None => rest.push(line),
        }
    }
    if taken.is_empty() {
        return (Vec::new(), rest);
    }
    let all = table(&taken, Part::All);
    let Some(sign) = Sign::of(&all.columns) else {
        return (vec![all], rest);
    };
    let is_request = |(_, fields): &(&SampleLine, Fields)| {
        let pairs = fields.iter();
        sign.is_on(pairs.map(|(key, value)| (key.as_str(), value.as_str())))
    };
    let (requests, others): (Vec<_>, Vec<_>) = taken.iter().cloned().partition(is_request);
    // A rule for the others has to know the requests by their text.
    let is_on = regex::Regex::new(&with(&sign));
    let is_told = is_on.is_ok_and(|is_on| {
        requests.iter().all(|(line, _)| is_on.is_match(&line.text))
            && !others.iter().any(|(line, _)| is_on.is_match(&line.text))
    });
    let mut tables = vec![table(&requests, Part::With(sign.clone()))];
    tables.extend(is_told.then(|| table(&others, Part::Without(sign))));
    (tables, rest)
}

/// A pattern for the text of a line that has the field of a sign, which may be in an object or have dots in its
/// name.
pub(crate) fn with(sign: &Sign) -> String {
    let key = sign.key.rsplit('.').next().unwrap_or(&sign.key);
    let key = regex::escape(key);
    match sign.value {
        SignValue::Status => format!(r#"[".]{key}"\s*:\s*"?\d"#),
        SignValue::Method => format!(r#"[".]{key}"\s*:\s*"[A-Z]"#),
        SignValue::Anything => format!(r#"[".]{key}"\s*:"#),
    }
}

fn fields(text: &str) -> Option<Fields> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(object)) = serde_json::from_str(text) else {
        return None;
    };
    let mut fields = Vec::new();
    for (key, value) in &object {
        add(&mut fields, key, value, 1);
    }
    Some(fields)
}

fn table<'s>(lines: &[(&'s SampleLine, Fields)], part: Part) -> Table<'s> {
    let mut columns = Columns::default();
    for (_, fields) in lines {
        columns.begin_line();
        for (path, value) in fields {
            columns.add(path, value);
        }
    }
    Table {
        layout: Layout::Json,
        lines: lines.iter().map(|(line, _)| *line).collect(),
        columns: columns.finish(),
        part,
    }
}

fn add(fields: &mut Fields, path: &str, value: &Value, depth: usize) {
    let mut field = |value: String| fields.push((path.to_owned(), value));
    match value {
        Value::Null | Value::Array(_) => {}
        Value::String(text) => field(text.clone()),
        Value::Bool(_) | Value::Number(_) => field(value.to_string()),
        Value::Object(object) if depth < DEPTH_MAX => {
            for (key, value) in object {
                add(fields, &format!("{path}.{key}"), value, depth + 1);
            }
        }
        Value::Object(_) => {}
    }
}
