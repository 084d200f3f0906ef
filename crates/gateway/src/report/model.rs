//! A finished report: plain data, sorted, with names instead of numbers.

use std::cmp::{Ordering, Reverse};

use hashbrown::HashMap;

use super::collect::Plan;
use super::name_table::{Group, NONE, OTHER};
use super::per::PerRows;
use super::period::Period;
use super::sums::Sums;
use super::timeline::Outliers;
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
    pub groups: [Vec<Entry>; Dimension::COUNT],
    /// Dimensions with more names than are distinguished.
    pub limited: Vec<Limited>,
    /// What the rules say of a request at all: what they do not is unknown, and not zero.
    pub says: Says,
    /// Hours that have requests, as hours since 1970, oldest first.
    pub hours: Vec<(i64, Figures)>,
    /// Minutes that have requests, in the same way; none where they are too many.
    pub minutes: Vec<(i64, Figures)>,
    /// Lines read, requests or not.
    pub lines: u64,
    /// Requests that are in no hour: without a time, or with one that can hardly be right.
    pub without_hour: u64,
    /// Those with a time that is far from all others.
    pub outliers: Option<Outliers>,
    /// Requests left out, because their lines have no time and the report is of a period.
    pub left_out: u64,
    /// Requests before or after the period.
    pub outside: u64,
    /// The tables of prices that costs come from; none where costs are logged.
    pub price_tables: Vec<String>,
    /// Sums of each month or day, where that was asked.
    pub per: Option<PerRows>,
    /// The team of users that no table of teams has.
    pub unlisted_team: Option<String>,
    /// The last requests of the one user, newest first.
    pub requests: Vec<SingleRequest>,
    /// How many other users there are than the wanted one; none where they are too many to know.
    pub others: Option<u64>,
    /// The other user whose name is most like the wanted one's, and how many letters differ.
    pub nearest: Option<(usize, String)>,
}

/// What the rules say of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says {
    /// With what result.
    pub status: bool,
    /// Tokens that went in.
    pub tokens_input: bool,
    /// Tokens that came out.
    pub tokens_output: bool,
}

impl Says {
    /// Tokens of either kind.
    pub fn tokens(self) -> bool {
        self.tokens_input || self.tokens_output
    }
}

/// A dimension of which not all names are distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// Which.
    pub dimension: Dimension,
    /// How many names are.
    pub names_max: usize,
    /// A name that is not shown has no more requests than this, and one that is shown has no more
    /// than this beyond what is shown.
    pub missed: u64,
}

/// What is said of one name.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The user, route, model, provider or status.
    pub name: String,
    /// Its requests.
    pub figures: Figures,
    /// How many users a team has; nothing for other dimensions.
    pub users: Option<u64>,
    /// Its requests by the names of the other dimensions, most first.
    pub links: [Vec<(String, u64)>; Dimension::COUNT],
}

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct SingleRequest {
    /// When, in seconds since 1970.
    pub time_seconds: Option<f64>,
    /// Part and line: what is further on is later.
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

pub(super) fn finish(plan: &Plan, mut sums: Sums) -> Report {
    sums.keep_last(plan.requests_max);
    sums.requests.reverse();
    let mut groups: [Vec<Entry>; Dimension::COUNT] = Default::default();
    let mut limited = Vec::new();
    for dimension in Dimension::ALL {
        let place = dimension as usize;
        if !plan.extractor.has(dimension) {
            continue;
        }
        groups[place] = entries(plan, &sums.groups, place);
        if sums.groups[place].missed > 0 {
            limited.push(Limited {
                dimension,
                names_max: plan.names_max[place],
                missed: sums.groups[place].missed,
            });
        }
    }
    count_users(&mut groups);
    let per = plan.per.clone().map(|per| {
        let cells = sums.cells.take().map(|(_, cells)| cells);
        let group = &sums.groups[per.by as usize];
        cells.unwrap_or_default().finish(per, group)
    });
    let time = sums.timeline.finish();
    let (tokens_input, tokens_output) = plan.extractor.has_tokens();
    let outliers = time.outliers.map_or(0, |outliers| outliers.requests);
    Report {
        first_seconds: time.ends.map(|ends| ends.0),
        last_seconds: time.ends.map(|ends| ends.1),
        period: plan.period,
        user: plan.user.clone(),
        total: sums.all,
        groups,
        limited,
        says: Says {
            status: plan.extractor.has(Dimension::Status),
            tokens_input,
            tokens_output,
        },
        hours: time.hours,
        minutes: time.minutes,
        lines: sums.lines,
        without_hour: sums.without_time + time.left_out + outliers,
        outliers: time.outliers,
        left_out: sums.left_out,
        outside: sums.outside,
        per,
        unlisted_team: plan.extractor.unlisted_team().map(str::to_owned),
        price_tables: plan.extractor.price_tables(),
        requests: sums.requests,
        others: sums.strangers.count(),
        nearest: sums.strangers.nearest(),
    }
}

/// Counts the users of each team, by what each user's requests have to do with teams.
fn count_users(groups: &mut [Vec<Entry>; Dimension::COUNT]) {
    let mut users: HashMap<&str, u64> = HashMap::new();
    let of_team = Dimension::Team as usize;
    let of_user = Dimension::User as usize;
    let mut teams = std::mem::take(&mut groups[of_team]);
    let known = groups[of_user].iter();
    let known = known.filter(|user| user.name != NONE && user.name != OTHER);
    for (team, _) in known.flat_map(|user| &user.links[of_team]) {
        *users.entry(team).or_default() += 1;
    }
    if !groups[of_user].is_empty() {
        for team in &mut teams {
            team.users = Some(users.get(team.name.as_str()).copied().unwrap_or(0));
        }
    }
    drop(users);
    groups[of_team] = teams;
}

/// What is said of each name of a dimension, most requests first.
fn entries(plan: &Plan, groups: &[Group; Dimension::COUNT], place: usize) -> Vec<Entry> {
    let name = |dimension: usize, number: u32| {
        let name = groups[dimension].names.get(number as usize);
        name.map_or_else(String::new, ToString::to_string)
    };
    let items = groups[place].items.iter().zip(0..);
    let items = items.filter(|(item, _)| item.figures.requests > 0);
    let entries = items.map(|(item, number)| {
        let mut links: [Vec<(String, u64)>; Dimension::COUNT] = Default::default();
        for (other, number, requests) in item.links.iter() {
            if plan.extractor.has(Dimension::ALL[other]) {
                links[other].push((name(other, number), requests));
            }
        }
        for links in &mut links {
            links.sort_by(|a, b| (Reverse(a.1), &a.0).cmp(&(Reverse(b.1), &b.0)));
        }
        Entry {
            name: name(place, number),
            figures: item.figures.clone(),
            users: None,
            links,
        }
    });
    let mut entries: Vec<Entry> = entries.collect();
    entries.sort_by(|a, b| {
        let order = b.figures.requests.cmp(&a.figures.requests);
        order.then_with(|| a.name.cmp(&b.name))
    });
    entries
}
