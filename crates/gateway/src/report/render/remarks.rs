//! Remarks: what must be known to read the figures of a report rightly.

use std::cmp::Reverse;

use super::format::{self, harmless};
use super::word;
use crate::report::{Outliers, ROWS_MAX, Report};
use logmetrics_core::engine::extract::Dimension;

/// Models and users that are named.
const NAMED_MAX: usize = 5;

/// What must be known to read the figures rightly.
pub fn remarks(report: &Report) -> Vec<String> {
    let mut remarks = Vec::new();
    let requests = |count: u64| format::counted(count, "request", "requests");
    if report.left_out > 0 {
        remarks.push(format!(
            "{} left out: without a time on the line nobody knows whether it belongs to the period",
            requests(report.left_out)
        ));
    }
    let far = report.outliers.map_or(0, |outliers| outliers.requests);
    let without = report.without_hour.saturating_sub(far);
    let counts = |count: u64| if count == 1 { "counts" } else { "count" };
    if without > 0 && !report.hours.is_empty() {
        remarks.push(format!(
            "{} without a time {} everywhere but over time",
            requests(without),
            counts(without)
        ));
    }
    if let Some(Outliers {
        requests: far,
        ends,
    }) = report.outliers
    {
        let (first, last) = (format::minute(ends.0), format::minute(ends.1));
        let when = match first == last {
            true => first,
            false => format!("{first} to {last}"),
        };
        remarks.push(format!(
            "{} at {when} UTC, far from all others (a wrong clock?), {} everywhere but over time",
            requests(far),
            counts(far)
        ));
    }
    remarks.extend(report.limited.iter().map(|limited| {
        let (one, many) = word(limited.dimension);
        format!(
            "more than {} {many}: the busiest are kept, the rest is added up as __other__; a {one} may have up to {} \
             more than shown, and with no more than these may be missing",
            format::count(limited.names_max as u64),
            requests(limited.missed)
        )
    }));
    if report.per.as_ref().is_some_and(|per| per.is_limited) {
        remarks.push(format!(
            "more than {} rows: those with the most requests are kept, the rest of each period is added up as __other__",
            format::count(ROWS_MAX as u64)
        ));
    }
    remarks.extend(without_price(report));
    remarks.extend(without_team(report));
    remarks
}

/// How many requests have no cost because a table of prices has none for them, and of which models they are.
pub fn without_price(report: &Report) -> Option<String> {
    let unpriced = report.total.unpriced;
    if unpriced == 0 {
        return None;
    }
    let have = if unpriced == 1 { "has" } else { "have" };
    let models = report.entries(Dimension::Model).iter();
    let models = models.map(|entry| (entry.figures.unpriced, entry.name.as_str()));
    let of = match named(models) {
        names if names.is_empty() => names,
        names => format!(" of {names}"),
    };
    Some(format!(
        "{} {have} no cost, as there is no price in {} for what they used{of}",
        format::counted(unpriced, "request", "requests"),
        harmless(&report.price_tables.join(", "))
    ))
}

/// How many users are in no table of teams, and who they are.
pub fn without_team(report: &Report) -> Option<String> {
    let unlisted = report.unlisted_team.as_deref()?;
    let teams = report.entries(Dimension::Team);
    let team = teams.iter().find(|team| team.name == unlisted)?;
    let requests = format::counted(team.figures.requests, "request", "requests");
    let of_team = |user: &crate::report::Entry| {
        let links = &user.links[Dimension::Team as usize];
        let link = links.iter().find(|(team, _)| team == unlisted);
        link.map_or(0, |(_, requests)| *requests)
    };
    let users = report.entries(Dimension::User).iter();
    let names = named(users.map(|user| (of_team(user), user.name.as_str())));
    let (are, count) = match team.users {
        Some(1) => ("1 user is".to_owned(), "counts"),
        Some(users) if users > 0 => (format!("{} users are", format::count(users)), "count"),
        _ => {
            return Some(format!(
                "{requests} of no known user count as team {}",
                harmless(unlisted)
            ));
        }
    };
    Some(format!(
        "{are} in no table of teams and {count} as team {}, with {requests}: {names}",
        harmless(unlisted)
    ))
}

/// The names with the most requests, each with how many; those with none are left out.
fn named<'n>(all: impl Iterator<Item = (u64, &'n str)>) -> String {
    let mut all: Vec<(u64, &str)> = all.filter(|(count, _)| *count > 0).collect();
    all.sort_by_key(|(count, name)| (Reverse(*count), *name));
    let shown = all.iter().take(NAMED_MAX);
    let mut named: Vec<String> = shown
        .map(|(count, name)| format!("{} {}", harmless(name), format::count(*count)))
        .collect();
    if let Some(more) = all.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}
