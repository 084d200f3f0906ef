//! In which text a rule reads, how often it looks at it, and what the cells of a table are called.

use super::check_rules::Scope;
use super::problem::{At, messages};
use super::{CsvColumns, Field, FieldsMode, field_parts};

/// The field that holds the text in which the rule's fields are read.
pub(super) fn inside(scope: &mut Scope<'_>) -> Option<Field> {
    let spec = scope.spec;
    let At { value, place } = spec.inside.as_ref()?;
    if spec.fields.is_none() && spec.names_known {
        scope.drafts.push(messages::inside_without_fields(*place));
    }
    // Its keys are those of the line, of which nothing is known.
    let empty = value.keys().iter().filter(|key| key.value.is_empty());
    let empty: Vec<_> = empty
        .map(|key| messages::empty_field_name(key.place))
        .collect();
    scope.drafts.extend(empty);
    let problems = field_parts::problems(value, scope.sources);
    scope.drafts.extend(problems);
    Some(scope.unchecked_field(value))
}

/// Whether each match of the pattern counts.
pub(super) fn each(scope: &mut Scope<'_>) -> bool {
    let spec = scope.spec;
    let Some(each) = spec.each.as_ref().filter(|each| each.value) else {
        return false;
    };
    if spec.pattern.is_none() && spec.names_known {
        scope
            .drafts
            .push(messages::each_without_pattern(each.place));
    }
    if !spec.also.is_empty() {
        scope
            .drafts
            .push(messages::each_of_several_patterns(each.place));
    }
    true
}

/// The columns of CSV.
pub(super) fn columns(scope: &mut Scope<'_>) -> Option<CsvColumns> {
    let spec = scope.spec;
    let first = spec.columns.as_ref().and_then(|columns| columns.first());
    if spec.fields != Some(FieldsMode::Csv) {
        let of_csv = first.map(|column| (column.place, "columns"));
        let delimiter = spec.delimiter.as_ref();
        let of_csv = of_csv.or(delimiter.map(|delimiter| (delimiter.place, "delimiter")));
        if let Some((place, key)) = of_csv.filter(|_| spec.names_known) {
            scope.drafts.push(messages::key_of_csv(place, key));
        }
        return None;
    }
    let Some(columns) = &spec.columns else {
        if !spec.broken {
            scope.drafts.push(messages::csv_without_columns(spec.place));
        }
        return None;
    };
    for (number, column) in columns.iter().enumerate() {
        let mut earlier = columns.iter().take(number);
        let twice = earlier.find(|earlier| earlier.value == column.value);
        if let Some(earlier) = twice.filter(|_| !column.value.is_empty()) {
            let draft = messages::column_twice(column, earlier.place);
            scope.drafts.push(draft);
        }
    }
    let delimiter = match &spec.delimiter {
        None => Some(b','),
        Some(text) => {
            let byte = match text.value.as_bytes() {
                [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
                _ => None,
            };
            if byte.is_none() {
                scope.drafts.push(messages::bad_delimiter(text));
            }
            byte
        }
    };
    Some(CsvColumns {
        names: columns.iter().map(|column| column.value.clone()).collect(),
        delimiter: delimiter?,
    })
}
