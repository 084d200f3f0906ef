//! A table as a `[[rule]]`: how its lines are read, labels, and metrics.

use std::fmt::Write as _;

use logmetrics_core::times;

use super::metric_names::{MetricNames, label};
use super::numbers::{self, NUMBERS_MAX, Shared};
use super::report::Report;
use super::toml_text::{basic, comment, list, string};
use crate::shape::column::Column;
use crate::shape::role::{Label, Role, role};
use crate::shape::{Layout, Part, Table};

/// A counter has at most so many labels.
const LABELS_MAX: usize = 4;
/// The labels of a counter have at most so many sets of values in the sample.
const SERIES_MAX: usize = 2000;
/// So many fields that are no label are explained.
const LEFT_OUT_MAX: usize = 20;

/// A column that is a label, and its name.
struct Chosen<'t> {
    column: &'t Column,
    name: String,
    values_max: Option<usize>,
}

impl Chosen<'_> {
    /// Whether its values are people, who are many.
    fn is_person(&self) -> bool {
        self.values_max.is_some_and(|most| most > 100)
    }
}

/// The rule of a table. `name` is the rule's, `prefix` what its metrics begin with; `total` is how many lines
/// were looked at.
pub(crate) fn rule(
    table: &Table<'_>,
    (name, prefix): (&str, &str),
    total: usize,
    names: &mut MetricNames,
) -> String {
    let roles = roles(&table.columns);
    let chosen = labels(&table.columns, &roles);
    let report = report(table, &roles, &chosen);
    let mut out = head(table, name, total);
    out.push_str(&reading(table, &roles, &chosen, &report));
    out.push_str(&left_out(&table.columns, &roles, &chosen));
    if !chosen.is_empty() {
        out.push_str("\n[rule.labels]\n");
        for label in &chosen {
            let from = basic(&label.column.key);
            let most = label
                .values_max
                .map_or(String::new(), |most| format!(", max_values = {most}"));
            let _ = writeln!(
                out,
                "{} = {{ from = {from}, default = \"none\"{most} }}",
                label.name
            );
        }
    }
    out.push_str(&report.text());
    out.push_str(&counter(table, prefix, &chosen, names));
    let by = chosen.iter().find(|label| !label.is_person());
    let mut shared = Shared {
        prefix,
        names,
        by: by.map(|label| label.name.as_str()),
    };
    let mut written = 0;
    for (column, role) in table.columns.iter().zip(&roles) {
        let metric = match written < NUMBERS_MAX {
            true => numbers::metric(column, role, &mut shared),
            false => String::new(),
        };
        written += usize::from(!metric.is_empty());
        out.push_str(&metric);
    }
    out
}

fn report<'t>(table: &'t Table<'_>, roles: &[Role], chosen: &[Chosen<'_>]) -> Report<'t> {
    // What else a log says is no request.
    if matches!(table.part, Part::Without(_)) {
        return Report::default();
    }
    let labels: Vec<(&str, &str, bool)> = (chosen.iter())
        .map(|label| {
            (
                label.column.key.as_str(),
                label.name.as_str(),
                label.is_person(),
            )
        })
        .collect();
    Report::of(&table.columns, roles, &labels)
}

fn roles(columns: &[Column]) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for column in columns {
        let next = role(column, roles.contains(&Role::Time));
        let is_second_trace = next == Role::Trace && roles.contains(&Role::Trace);
        roles.push(match is_second_trace {
            true => Role::LeftOut("is an id".to_owned()),
            false => next,
        });
    }
    roles
}

/// The labels of the rule: the most wanted, while their values together are few enough.
fn labels<'t>(columns: &'t [Column], roles: &[Role]) -> Vec<Chosen<'t>> {
    let mut candidates: Vec<(&Column, &Label)> = columns
        .iter()
        .zip(roles)
        .filter_map(|(column, role)| match role {
            Role::Label(label) => Some((column, label)),
            _ => None,
        })
        .collect();
    // A stable sort: of equals, the first on the line.
    candidates.sort_by_key(|(_, label)| std::cmp::Reverse(label.worth));
    let (mut chosen, mut names, mut series) = (Vec::new(), Vec::new(), 1);
    for (column, wanted) in candidates {
        let more = series * column.distinct().max(1);
        if chosen.len() == LABELS_MAX || (more > SERIES_MAX && !chosen.is_empty()) {
            continue;
        }
        series = more;
        let name = label(&column.key, &names);
        names.push(name.clone());
        chosen.push(Chosen {
            column,
            name,
            values_max: wanted.values_max,
        });
    }
    chosen
}

/// What the lines are, and the rule's name.
fn head(table: &Table<'_>, name: &str, total: usize) -> String {
    let what = table.what();
    let (is, lines) = (
        if table.lines.len() == 1 { "is" } else { "are" },
        table.lines.len(),
    );
    let which = match &table.part {
        Part::All => String::new(),
        Part::With(sign) => format!(
            " with `{}`, and only these are counted here: it tells them from what else the log says",
            sign.key
        ),
        Part::Without(sign) => format!(" without `{}`: what else the log says", sign.key),
    };
    let mut out = comment(&format!("{lines} of {total} lines {is} {what}{which}."));
    let _ = writeln!(out, "[[rule]]\nname = {}", basic(name));
    out
}

/// `match`, `fields`, `time`, `trace`.
fn reading(
    table: &Table<'_>,
    roles: &[Role],
    chosen: &[Chosen<'_>],
    report: &Report<'_>,
) -> String {
    let mut out = String::new();
    let of_role = |wanted: &Role| {
        let mut found = table.columns.iter().zip(roles);
        found.find(|(_, role)| *role == wanted).map(|(it, _)| it)
    };
    let time = of_role(&Role::Time).filter(|time| {
        let reads = |text: &str| times::seconds(text.as_bytes(), false).is_some();
        time.values().take(5).all(reads)
    });
    let trace = of_role(&Role::Trace);
    let mut used = used_numbers(&table.columns, roles);
    used.extend(chosen.iter().map(|it| it.column.key.as_str()));
    used.extend(&report.columns);
    used.extend(time.iter().chain(&trace).map(|it| it.key.as_str()));
    let is_used = |name: &str| used.contains(&name);
    let _ = match &table.layout {
        Layout::Json => writeln!(out, "fields = \"json\"{}", match_json(&table.part)),
        Layout::Logfmt { key, prefix } => {
            let prefix = prefix.as_ref().filter(|it| it.groups().any(is_used));
            let prefix = prefix.map(|prefix| prefix.expression(is_used));
            let sign = match &table.part {
                Part::With(sign) => Some(table.with(sign)),
                _ => None,
            };
            let pairs = match (&prefix, sign) {
                (_, Some(sign)) => Some(sign),
                (None, None) => Some(format!("(?:^|[ \\t]){}=", regex::escape(key))),
                (Some(_), None) => None,
            };
            let patterns: Vec<String> = prefix.into_iter().chain(pairs).collect();
            let patterns = match patterns.as_slice() {
                [one] => string(one),
                all => format!(
                    "[{}]",
                    all.iter()
                        .map(|one| string(one))
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            };
            writeln!(out, "match = {patterns}\nfields = \"logfmt\"")
        }
        Layout::Pattern(pattern) => {
            writeln!(out, "match = {}", string(&pattern.expression(is_used)))
        }
        Layout::Csv { columns, delimiter } => {
            let columns = list(columns.iter().map(String::as_str));
            let delimiter = match delimiter {
                ',' => String::new(),
                other => format!("delimiter = {}\n", basic(&other.to_string())),
            };
            write!(out, "fields = \"csv\"\ncolumns = {columns}\n{delimiter}")
        }
    };
    if let Part::Without(sign) = &table.part {
        let _ = writeln!(out, "unless = {}", string(&table.with(sign)));
    }
    if let Some(time) = time {
        let _ = writeln!(out, "time = {}", basic(&time.key));
    }
    if let Some(trace) = trace {
        let _ = writeln!(out, "trace = {}", basic(&trace.key));
    }
    out
}

/// What a line of JSON must have to be of the rule.
fn match_json(part: &Part) -> String {
    match part {
        Part::With(sign) => format!(
            "\nmatch_json = {{ {} = '{}' }}",
            basic(&sign.key),
            sign.value.pattern()
        ),
        Part::All | Part::Without(_) => String::new(),
    }
}

/// The columns that become metrics of numbers.
fn used_numbers<'t>(columns: &'t [Column], roles: &[Role]) -> Vec<&'t str> {
    let is_number = |role: &Role| {
        matches!(
            role,
            Role::Duration(_) | Role::Bytes | Role::Total | Role::Measure
        )
    };
    let numbers = columns.iter().zip(roles);
    let numbers = numbers.filter(|(column, role)| is_number(role) && column.numbers.is_some());
    let keys = numbers.map(|(column, _)| column.key.as_str());
    keys.take(NUMBERS_MAX).collect()
}

/// Why the other fields are no labels.
fn left_out(columns: &[Column], roles: &[Role], chosen: &[Chosen<'_>]) -> String {
    let mut out = String::new();
    let mut others = Vec::new();
    let mut count = 0;
    for (column, role) in columns.iter().zip(roles) {
        match role {
            Role::LeftOut(why) if count < LEFT_OUT_MAX => {
                count += 1;
                out.push_str(&comment(&format!("  `{}` {why}.", column.key)));
            }
            Role::Label(_) if !chosen.iter().any(|one| one.column.key == column.key) => {
                others.push(format!("`{}`", column.key));
            }
            _ => {}
        }
    }
    if !out.is_empty() {
        out.insert_str(0, "\n# Fields that are no labels here:\n");
    }
    if !others.is_empty() {
        others.truncate(LEFT_OUT_MAX);
        out.push_str(&comment(&format!(
            "Other fields of few values, by which one can count, too: {}.",
            others.join(", ")
        )));
    }
    out
}

/// The counter of all lines.
fn counter(
    table: &Table<'_>,
    prefix: &str,
    chosen: &[Chosen<'_>],
    names: &mut MetricNames,
) -> String {
    let labels: Vec<&str> = chosen.iter().map(|label| label.name.as_str()).collect();
    let is_http = |label: &&str| label.contains("method") || label.contains("status");
    let is_other = matches!(table.part, Part::Without(_));
    let what = match labels.iter().any(is_http) && !is_other {
        true => "requests",
        false => "lines",
    };
    let name = names.give(prefix, &[what.to_owned()], "_total");
    let mut out = format!("\n[[rule.metric]]\ncounter = {name:?}\n");
    let what = match what {
        "requests" => "Requests",
        _ => "Lines",
    };
    if labels.is_empty() {
        let _ = writeln!(out, "help = \"{what}.\"");
    } else {
        let _ = writeln!(out, "help = \"{what} by {}.\"", labels.join(", "));
        let _ = writeln!(out, "by = {}", list(labels));
    }
    out
}
