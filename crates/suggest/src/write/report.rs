//! `[rule.report]`: which fields of a request a report shows.

use super::toml_text::basic;
use crate::shape::column::Column;
use crate::shape::role::{DurationUnit, Role};

/// What a report reads from the lines of a table.
#[derive(Default)]
pub(super) struct Report<'t> {
    entries: Vec<(&'static str, String)>,
    /// The columns that it reads itself, and not through a label.
    pub columns: Vec<&'t str>,
}

const ROUTES: [&str; 8] = [
    "route", "endpoint", "handler", "path", "uri", "url", "resource", "target",
];
const STATUSES: [&str; 5] = ["status", "statuscode", "httpcode", "responsecode", "code"];

impl<'t> Report<'t> {
    /// What is known of these columns. `labels` are the columns that are labels, with their names; of people
    /// where the flag says so.
    pub fn of(columns: &'t [Column], roles: &[Role], labels: &[(&str, &str, bool)]) -> Report<'t> {
        let mut report = Report::default();
        let has_word = |key: &str, wanted: &[&str]| {
            let words = crate::shape::column::words(key);
            let last = words.last().map_or("", String::as_str);
            // A `code` among other words is of whatever these say.
            let is_last = last != "code" && wanted.contains(&last);
            let last_two = words
                .get(words.len().saturating_sub(2)..)
                .unwrap_or_default();
            is_last || wanted.contains(&last_two.concat().as_str())
        };
        let label = |wanted: &dyn Fn(&str, bool) -> bool| {
            let mut found = labels
                .iter()
                .filter(|(key, _, person)| wanted(key, *person));
            found.next().map(|(_, name, _)| basic(name))
        };
        let user = label(&|_, is_person| is_person);
        let status = label(&|key, _| has_word(key, &STATUSES));
        let route = label(&|key, _| has_word(key, &ROUTES));
        let is_route = |column: &&Column| has_word(&column.key, &ROUTES);
        let path = columns
            .iter()
            .find(|column| is_route(column) && column.present > 0);
        let path = path.filter(|_| route.is_none());
        let durations = columns.iter().zip(roles);
        let duration = durations
            .filter_map(|(column, role)| match role {
                Role::Duration(unit) if column.numbers.is_some() => Some((column, *unit)),
                _ => None,
            })
            .next();
        if user.is_none() && status.is_none() && route.is_none() && path.is_none() {
            return report;
        }
        report.entries.extend(user.map(|user| ("user", user)));
        report.entries.extend(route.map(|route| ("route", route)));
        if let Some(path) = path {
            let from = basic(&path.key);
            // What comes after `?` differs from request to request.
            let route = format!("{{ from = {from}, match = '^[^?]*', default = \"none\" }}");
            report.entries.push(("route", route));
            report.columns.push(&path.key);
        }
        report
            .entries
            .extend(status.map(|status| ("status", status)));
        if let Some((column, unit)) = duration {
            let from = basic(&column.key);
            let value = match unit {
                DurationUnit::Written => from,
                unit => format!("{{ from = {from}, unit = \"{}\" }}", unit.name()),
            };
            report.entries.push(("duration", value));
            report.columns.push(&column.key);
        }
        report
    }

    /// The section; nothing where nothing is known.
    pub fn text(&self) -> String {
        if self.entries.is_empty() {
            return String::new();
        }
        let entries = self.entries.iter();
        let lines = entries.map(|(key, value)| format!("{key} = {value}\n"));
        format!("\n[rule.report]\n{}", lines.collect::<String>())
    }
}
