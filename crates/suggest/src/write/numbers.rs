//! Metrics for the numbers of a table: histograms of durations and measures, counters of what adds up.

use std::fmt::Write as _;

use super::buckets;
use super::metric_names::MetricNames;
use super::toml_text::{basic, comment, list};
use crate::shape::column::{Column, Numbers};
use crate::shape::role::{DurationUnit, Role};

/// A rule has at most so many metrics of numbers.
pub(super) const NUMBERS_MAX: usize = 12;

/// What the metrics of one rule have in common.
pub(super) struct Shared<'w> {
    pub prefix: &'w str,
    pub names: &'w mut MetricNames,
    /// The label by which numbers are told apart.
    pub by: Option<&'w str>,
}

/// The `[[rule.metric]]` of a column of numbers; empty for any other.
pub(super) fn metric(column: &Column, role: &Role, shared: &mut Shared<'_>) -> String {
    let (Some(numbers), Role::Duration(_) | Role::Bytes | Role::Total | Role::Measure) =
        (column.numbers, role)
    else {
        return String::new();
    };
    let mut out = String::from("\n");
    if let Role::Duration(DurationUnit::Guessed(unit)) = role {
        out.push_str(&guess(numbers, unit));
    }
    out.push_str("[[rule.metric]]\n");
    let words = column.words();
    let key = basic(&column.key);
    let (kind, ending, unit, help) = match role {
        Role::Duration(unit) => {
            let help = "How long it took, as";
            ("histogram", "_seconds", Some(unit.name()), help)
        }
        Role::Bytes => (
            "counter",
            "_bytes_total",
            Some(size_unit(&words)),
            "Bytes, as",
        ),
        Role::Total => ("counter", "_total", None, "The sum of"),
        _ => ("histogram", "", None, "Values of"),
    };
    let numbers = match role {
        Role::Duration(unit) => numbers.times(unit.seconds()),
        _ => numbers,
    };
    let value = match unit {
        Some(unit) => format!("{{ from = {key}, unit = \"{unit}\" }}"),
        None => key.clone(),
    };
    let name = shared.names.give(shared.prefix, &words, ending);
    let field = column.key.replace('`', "'");
    let help = basic(&match role {
        Role::Duration(_) | Role::Bytes => format!("{help} `{field}` says."),
        _ => format!("{help} `{field}`."),
    });
    let _ = writeln!(out, "{kind} = {name:?}\nhelp = {help}");
    if let Some(by) = shared.by {
        let _ = writeln!(out, "by = {}", list([by]));
    }
    let _ = writeln!(out, "value = {value}");
    if kind == "histogram" {
        let _ = writeln!(
            out,
            "buckets = {}",
            buckets::text(&buckets::buckets(numbers))
        );
    }
    if !column.is_number_on_all_lines() {
        let _ = writeln!(out, "where = {{ {key} = '[-+.\\d].*' }}");
    }
    out
}

/// In what a size is written, as its name says.
fn size_unit(words: &[String]) -> &'static str {
    let last = words.last().map_or("", String::as_str);
    match last {
        "kb" | "kbytes" | "kilobytes" => "kB",
        "kib" => "KiB",
        "mb" | "mbytes" | "megabytes" => "MB",
        "mib" => "MiB",
        _ => "bytes",
    }
}

fn guess(numbers: Numbers, unit: &str) -> String {
    let unit = match unit {
        "ns" => "nanoseconds",
        "us" => "microseconds",
        "ms" => "milliseconds",
        _ => "seconds",
    };
    let range = match numbers.least == numbers.most {
        true => format!("{}", numbers.least),
        false => format!("{} to {}", numbers.least, numbers.most),
    };
    comment(&format!(
        "The line does not say the unit; {range} looks like {unit}. Where it is another, \
         change `unit`."
    ))
}
