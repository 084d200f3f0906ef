//! The test cases that rules files carry: read, and their shape checked. Nothing runs here.

use super::problem::messages;
use super::toml_table::{Reader, Table};
use super::{Case, metric_names};

pub(super) fn read(tables: Vec<Table<'_>>, reader: &mut Reader) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        cases.extend(read_case(index, table, reader));
    }
    cases
}

fn read_case(index: usize, mut table: Table<'_>, reader: &mut Reader) -> Option<Case> {
    let name = table.take("name").and_then(|value| value.text(reader));
    let lines = table.take("lines");
    let expect = table.take("expect");
    let partial = table.take("partial").and_then(|value| value.flag(reader));
    let place = table.place;
    let whole = table.finish(reader);
    if whole && lines.is_none() {
        reader.note(messages::missing_key(place, "lines"));
    }
    if whole && expect.is_none() {
        reader.note(messages::missing_key(place, "expect"));
    }
    let lines = lines.and_then(|value| value.text_or_texts(reader));
    let expect = expect.and_then(|value| value.texts(reader));
    let (lines, expect) = (lines?, expect?);
    for sample in &expect {
        if !is_sample(&sample.value) {
            reader.note(messages::not_a_sample(sample));
        }
    }
    Some(Case {
        name: name.map_or_else(|| format!("test-{}", index + 1), |name| name.value),
        lines: lines
            .iter()
            .flat_map(|text| text.value.lines().map(str::to_string))
            .collect(),
        expect: expect.into_iter().map(|sample| sample.value).collect(),
        is_partial: partial.unwrap_or(false),
        offset: place.start,
    })
}

/// Whether this is a line as the text format prints them: `name{label="value"} 1`.
fn is_sample(text: &str) -> bool {
    let name_end = text.find(['{', ' ']).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    let value = match rest.strip_prefix('{') {
        Some(labels) => after_labels(labels).and_then(|rest| rest.strip_prefix(' ')),
        None => rest.strip_prefix(' '),
    };
    let number = |value: &str| value == value.trim() && value.parse::<f64>().is_ok();
    metric_names::is_metric(name) && value.is_some_and(number)
}

/// What follows the brace that closes a list of labels.
fn after_labels(mut rest: &str) -> Option<&str> {
    if let Some(after) = rest.strip_prefix('}') {
        return Some(after);
    }
    loop {
        let (name, after) = rest.split_once("=\"")?;
        if !metric_names::is_label(name) {
            return None;
        }
        let mut escaped = false;
        let end = after.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        rest = after.get(end + 1..)?;
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => return rest.strip_prefix('}'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_the_shape_of_the_text_format() {
        let good = [
            "up 1",
            "up{} 0",
            r#"requests_by_user{route="a",status="200",user_email="b"} 1"#,
            r#"a{b="x\"}{ \\"} +Inf"#,
            r#"d_bucket{le="0.05"} 3"#,
            "a -1.5e-3",
        ];
        let bad = [
            "",
            "up",
            "up one",
            "up  1",
            "up 1 ",
            "1up 1",
            r#"a{b="x" 1"#,
            r#"a{b="x\"} 1"#,
            r#"a{b='x'} 1"#,
            r#"a{b="x",} 1"#,
            r#"a{b="x"}1"#,
        ];
        for text in good {
            assert!(is_sample(text), "{text}");
        }
        for text in bad {
            assert!(!is_sample(text), "{text}");
        }
    }
}
