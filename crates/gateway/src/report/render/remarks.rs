//! Remarks: what must be known to read the figures of a report rightly.

use std::cmp::Reverse;

use super::format::{self, harmless};
use super::word;
use crate::report::{Outliers, Report};
use logmetrics_core::engine::extract::Dimension;

/// Models that are named.
const MODELS_MAX: usize = 5;

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
    remarks.extend(without_price(report));
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
    let mut models: Vec<(u64, &str)> = models
        .map(|entry| (entry.figures.unpriced, entry.name.as_str()))
        .filter(|(count, _)| *count > 0)
        .collect();
    models.sort_by_key(|(count, name)| (Reverse(*count), *name));
    let more = models.len().saturating_sub(MODELS_MAX);
    let mut named: Vec<String> = models
        .iter()
        .take(MODELS_MAX)
        .map(|(count, name)| format!("{} {}", harmless(name), format::count(*count)))
        .collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    let of = match named.is_empty() {
        true => String::new(),
        false => format!(" of {}", named.join(", ")),
    };
    Some(format!(
        "{} {have} no cost, as there is no price in {} for what they used{of}",
        format::counted(unpriced, "request", "requests"),
        harmless(&report.price_tables.join(", "))
    ))
}
