//! A finished report: plain data, sorted, with names instead of numbers.

use std::cmp::{Ordering, Reverse};

use super::collect::{Plan, Totals};
use super::name_table::{NAMES_MAX, USERS_MAX};
use super::period::Period;
use super::totals::Figures;
use logmetrics_core::engine::extract::Dimension;

/// All that a report says.
#[derive(Debug)]
pub struct Report {
    /// When the first and the last of the requests were made, in seconds since 1970; `None` where no
    /// line has a time.
    pub first_seconds: Option<f64>,
    /// See `first_seconds`.
    pub last_seconds: Option<f64>,
    /// What was asked for.
    pub period: Period,
    /// The only user that it is about.
    pub user: Option<String>,
    /// All requests.
    pub total: Figures,
    /// By dimension in the order of [`Dimension::ALL`], most requests first. Empty where no rule
    /// says what it is.
    pub groups: [Vec<Entry>; 5],
    /// Dimensions with more names than are told apart, and how many are.
    pub limited: Vec<(Dimension, usize)>,
    /// Hours that have requests, as hours since 1970, oldest first.
    pub hours: Vec<(i64, Figures)>,
    /// Minutes that have requests, in the same way; none where they are too many.
    pub minutes: Vec<(i64, Figures)>,
    /// Lines read, requests or not.
    pub lines: u64,
    /// Requests that are in no hour, because their lines have no time.
    pub without_hour: u64,
    /// Requests left out, because their lines have no time and the report is of a period.
    pub left_out: u64,
    /// Requests before or after the period.
    pub outside: u64,
    /// The last requests of the one user, newest first.
    pub requests: Vec<SingleRequest>,
    /// Users that there are, where the wanted one has no request.
    pub users_seen: Vec<String>,
}

/// What is said of one name.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The user, route, model, provider or status.
    pub name: String,
    /// Its requests.
    pub figures: Figures,
    /// Its requests by the names of the other dimensions, most first.
    pub links: [Vec<(String, u64)>; 5],
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct SingleRequest {
    /// When, in seconds since 1970.
    pub time_seconds: Option<f64>,
    /// Part and line: what stands further on is later.
    pub place: (u64, u64),
    /// Where to.
    pub route: String,
    /// The model.
    pub model: String,
    /// Who runs it.
    pub provider: String,
    /// With what result.
    pub status: String,
    /// How long it took.
    pub duration_seconds: Option<f64>,
    /// Tokens that went in.
    pub tokens_input: u64,
    /// Tokens that came out.
    pub tokens_output: u64,
    /// In US dollars.
    pub cost_usd: Option<f64>,
    /// Its id in a tracing system.
    pub trace: Option<String>,
}

impl SingleRequest {
    /// Oldest first; those without a time before all others.
    pub(super) fn by_time(&self, other: &SingleRequest) -> Ordering {
        let time = |one: &SingleRequest| one.time_seconds.unwrap_or(f64::NEG_INFINITY);
        let order = time(self).total_cmp(&time(other));
        order.then(self.place.cmp(&other.place))
    }
}

impl Report {
    /// What is said of a dimension's names.
    pub fn entries(&self, dimension: Dimension) -> &[Entry] {
        &self.groups[dimension as usize]
    }

    /// Whether the names of a dimension say anything: it is on lines at all.
    pub fn tells(&self, dimension: Dimension) -> bool {
        match self.entries(dimension) {
            [] => false,
            [only] => only.name != "none",
            _ => true,
        }
    }
}

pub(super) fn finish(plan: &Plan, mut totals: Totals) -> Report {
    totals.keep_last(plan.requests_max);
    totals.requests.reverse();
    let lists = Dimension::ALL.map(|dimension| plan.names.list(dimension));
    let name = |dimension: usize, number: u32| {
        let name = lists[dimension].get(number as usize);
        name.map_or_else(String::new, ToString::to_string)
    };
    let mut groups: [Vec<Entry>; 5] = Default::default();
    let mut limited = Vec::new();
    for dimension in Dimension::ALL {
        let place = dimension as usize;
        if !plan.extractor.has(dimension) {
            continue;
        }
        let items = totals.items[place].iter().zip(0..);
        let items = items.filter(|(item, _)| item.figures.requests > 0);
        let entries = items.map(|(item, number)| Entry {
            name: name(place, number),
            figures: item.figures.clone(),
            links: std::array::from_fn(|other| {
                let links = item.links[other].iter();
                if !plan.extractor.has(Dimension::ALL[other]) {
                    return Vec::new();
                }
                let mut links: Vec<(String, u64)> = links
                    .map(|(number, requests)| (name(other, *number), *requests))
                    .collect();
                links.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
                links
            }),
        });
        groups[place] = entries.collect();
        groups[place].sort_by(|a, b| {
            let order = b.figures.requests.cmp(&a.figures.requests);
            order.then_with(|| a.name.cmp(&b.name))
        });
        if groups[place].iter().any(|entry| entry.name == super::OTHER) {
            let names_max = match dimension {
                Dimension::User => USERS_MAX,
                _ => NAMES_MAX,
            };
            limited.push((dimension, names_max));
        }
    }
    let users = &lists[Dimension::User as usize];
    let users_seen = if plan.user.is_some() && totals.all.requests == 0 {
        users.iter().skip(2).map(ToString::to_string).collect()
    } else {
        Vec::new()
    };
    Report {
        first_seconds: totals.first_seconds,
        last_seconds: totals.last_seconds,
        period: plan.period,
        user: plan.user.clone(),
        total: totals.all,
        groups,
        limited,
        hours: totals.timeline.hours.into_iter().collect(),
        minutes: totals.timeline.minutes.into_iter().flatten().collect(),
        lines: totals.lines,
        without_hour: totals.without_time + totals.timeline.left_out,
        left_out: totals.left_out,
        outside: totals.outside,
        requests: totals.requests,
        users_seen,
    }
}
