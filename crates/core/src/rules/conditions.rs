//! What `where` asks: patterns, and comparisons with numbers.

use super::check_rules::Scope;
use super::problem::{At, messages};
use super::raw_rules::{NumberSpec, ValueSpec};
use crate::number::{Comparison, Reading};

/// What must hold of a value.
#[derive(Debug, Clone)]
pub enum ConditionTest {
    /// It matches, whole.
    Pattern(regex::Regex),
    /// It is above a number, or equal to a text, and so on.
    Comparison(Comparison),
}

/// The test that a condition on this label or field asks; `value` is the number of its metric, which is
/// read in the same way.
pub(super) fn test(
    name: &At<String>,
    text: &At<String>,
    value: Option<&ValueSpec>,
    scope: &mut Scope<'_>,
) -> Option<ConditionTest> {
    let reading = reading(&name.value, value, scope);
    match Comparison::parse(&text.value, &reading) {
        None => scope.whole(text).map(ConditionTest::Pattern),
        Some(Ok(comparison)) => Some(ConditionTest::Comparison(comparison)),
        Some(Err(error)) => {
            scope
                .drafts
                .push(messages::bad_comparison(text, &error, reading.unit));
            None
        }
    }
}

/// How the numbers in a field are read: as its own metric says, or as another one of the rule does.
fn reading(name: &str, value: Option<&ValueSpec>, scope: &Scope<'_>) -> Reading {
    let key = match scope.label(name) {
        // A label of one field is read as that.
        Some(label) => match label.field.from.as_slice() {
            [key] => key.value.as_str(),
            _ => return Reading::default(),
        },
        None => name,
    };
    let metrics = scope.spec.metrics.iter();
    let values = metrics.filter_map(|metric| metric.value.as_ref());
    let report = scope.spec.report.iter();
    let report = report.flat_map(|report| &report.numbers);
    let all = value
        .into_iter()
        .chain(values.map(|value| &value.value))
        .chain(report.map(|number| &number.value));
    let is_of_key = |number: &&NumberSpec| number.field.from.iter().any(|from| from.value == key);
    let mut numbers = all.flat_map(ValueSpec::numbers).filter(is_of_key);
    let said = numbers.find(|number| !number.reading.is_plain());
    said.map_or_else(Reading::default, |number| number.reading.clone())
}
