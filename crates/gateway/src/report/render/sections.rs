//! What the forms for people show, as titles and rows of cells; how they look is each form's own.

use super::bars::{bins, step_words};
use super::format::{self, harmless};
use super::{Options, periods, word};
use crate::report::{Entry, Figures, Report};
use logmetrics_core::engine::extract::Dimension;

/// A list under a title.
#[derive(Debug)]
pub struct Section {
    /// What it shows.
    pub title: String,
    /// The columns' names.
    pub header: Vec<&'static str>,
    /// As many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// What is left out.
    pub note: Option<String>,
}

/// One cell, harmless to a terminal, but not escaped for a format.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A name from the log.
    Name(String),
    /// A number, to the right.
    Number(String),
    /// A number that is bad unless it is zero.
    Errors(String, bool),
    /// A part of the largest, from 0 to 1.
    Bar(f64),
    /// Names with counts, which may be cut.
    List(String),
    /// A moment, `2026-10-08 14:00:01.250`; the year and the fraction may be left out.
    Moment(String),
    /// What is of use only as a whole.
    Id(String),
}

impl Cell {
    /// Whether it is at the right of its column.
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Number(_) | Cell::Errors(..) | Cell::Moment(_))
    }
}

/// Names in a list.
const LIST_MAX: usize = 3;

/// The title: what is reported on, and of when.
pub fn title(report: &Report) -> String {
    match &report.user {
        Some(user) => format!("Requests of {}", harmless(user)),
        None => "Requests".into(),
    }
}

/// From when to when.
pub fn when(report: &Report) -> String {
    match (report.first_seconds, report.last_seconds) {
        (Some(first), Some(last)) => {
            format!("{} to {} UTC", format::minute(first), format::minute(last))
        }
        _ => "at unknown times".into(),
    }
}

/// One of the figures of all requests.
#[derive(Debug)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub text: String,
    /// Whether its name is before it: `p95 3.4s`, but `12 users`.
    pub leads: bool,
}

/// The figures of all requests.
pub fn summary(report: &Report) -> Vec<Figure> {
    let total = &report.total;
    let durations = &total.durations;
    let number = |count: u64, one: &'static str, many: &'static str| Figure {
        name: if count == 1 { one } else { many },
        text: format::count(count),
        leads: false,
    };
    let named = |name: &'static str, text: String| Figure {
        name,
        text,
        leads: true,
    };
    let mut summary = vec![number(total.requests, "request", "requests")];
    let counted = [
        Dimension::User,
        Dimension::Team,
        Dimension::Route,
        Dimension::Model,
    ];
    for dimension in counted {
        if report.tells(dimension) && !(dimension == Dimension::User && report.user.is_some()) {
            let names = report.entries(dimension).len() as u64;
            let (one, many) = word(dimension);
            summary.push(number(names, one, many));
        }
    }
    if report.says.status {
        summary.push(number(total.errors_4xx, "error 4xx", "errors 4xx"));
        summary.push(number(total.errors_5xx, "error 5xx", "errors 5xx"));
        summary.push(named("error rate", format::percent(total.error_rate())));
    } else {
        summary.push(named("errors", UNKNOWN.into()));
    }
    if durations.count() > 0 {
        let average = format::duration(durations.average());
        summary.push(named("average", average));
        for (name, quantile) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let duration = format::duration(durations.quantile(quantile));
            summary.push(named(name, duration));
        }
    }
    if total.tokens_input + total.tokens_output > 0 {
        let says = report.says;
        summary.push(named(
            "tokens in",
            tokens(says.tokens_input, total.tokens_input),
        ));
        summary.push(named(
            "tokens out",
            tokens(says.tokens_output, total.tokens_output),
        ));
    }
    if total.priced + total.unpriced > 0 {
        summary.push(named("cost", cost(total)));
    }
    summary
}

/// What the rules do not say.
pub(super) const UNKNOWN: &str = "–";

/// What requests cost; at least, where some have no price.
pub(super) fn cost(figures: &Figures) -> String {
    let at_least = match figures.priced > 0 && figures.unpriced > 0 {
        true => "≥",
        false => "",
    };
    format!("{at_least}{}", format::money(figures.cost_usd()))
}

pub(super) fn tokens(is_known: bool, count: u64) -> String {
    match is_known {
        true => format::short_count(count),
        false => UNKNOWN.into(),
    }
}

/// All lists, in their order.
pub fn sections(report: &Report, options: &Options, bins_max: usize) -> Vec<Section> {
    let by = match (&report.user, options.by) {
        (Some(_), Dimension::User) => Dimension::Route,
        (_, by) => by,
    };
    let mut sections = Vec::new();
    let others = [
        Dimension::User,
        Dimension::Team,
        Dimension::Route,
        Dimension::Model,
        Dimension::Provider,
    ];
    sections.extend(periods::section(report, options.top));
    if report.tells(by) {
        sections.push(by_requests(report, by, options.top));
        sections.extend(used(report, by, options.top));
    }
    for other in others.into_iter().filter(|other| *other != by) {
        let is_the_user = other == Dimension::User && report.user.is_some();
        if report.tells(other) && !is_the_user {
            sections.push(by_requests(report, other, options.top));
        }
    }
    let failing = if by == Dimension::Status {
        Dimension::User
    } else {
        by
    };
    sections.extend(errors(report, failing, options.top));
    sections.extend(over_time(report, bins_max));
    sections.extend(singles(report));
    sections
}

fn by_requests(report: &Report, by: Dimension, top: usize) -> Section {
    let entries = report.entries(by);
    let most = entries.iter().map(|entry| entry.figures.requests).max();
    let mut header = vec![word(by).0, "requests", ""];
    if by == Dimension::Team {
        header.insert(1, "users");
    }
    header.extend(FIGURES);
    let row = |entry: &Entry| {
        let mut row = vec![
            Cell::Name(harmless(&entry.name)),
            Cell::Number(format::count(entry.figures.requests)),
            Cell::Bar(part(entry.figures.requests, most)),
        ];
        if by == Dimension::Team {
            let users = entry.users.map_or_else(|| UNKNOWN.into(), format::count);
            row.insert(1, Cell::Number(users));
        }
        row.extend(figures(&entry.figures, report.says.status));
        row
    };
    Section {
        title: format!("{} by requests", capital(word(by).1)),
        header,
        rows: entries.iter().take(top).map(row).collect(),
        note: rest(entries, top, by),
    }
}

const FIGURES: [&str; 7] = ["4xx", "5xx", "errors", "avg", "p50", "p95", "p99"];

fn figures(figures: &Figures, has_status: bool) -> [Cell; 7] {
    let durations = &figures.durations;
    let quantile = |quantile| Cell::Number(format::duration(durations.quantile(quantile)));
    let known = |text: String, is_bad: bool| match has_status {
        true => Cell::Errors(text, is_bad),
        false => Cell::Errors(UNKNOWN.into(), false),
    };
    let errors = |errors: u64| known(format::short_count(errors), errors > 0);
    let rate = figures.error_rate();
    [
        errors(figures.errors_4xx),
        errors(figures.errors_5xx),
        known(format::percent(rate), rate > 0.0),
        Cell::Number(format::duration(durations.average())),
        quantile(0.5),
        quantile(0.95),
        quantile(0.99),
    ]
}

/// What the names have to do with: tokens, cost, and other names.
fn used(report: &Report, by: Dimension, top: usize) -> Option<Section> {
    let total = &report.total;
    let has_tokens = total.tokens_input + total.tokens_output > 0;
    let others = [
        Dimension::User,
        Dimension::Team,
        Dimension::Route,
        Dimension::Model,
    ];
    let others = others.map(|other| {
        (
            other,
            report.tells(other)
                && other != by
                && !(other == Dimension::User && report.user.is_some()),
        )
    });
    let has_cost = total.priced + total.unpriced > 0;
    if !has_tokens && !has_cost && others.iter().all(|(_, tells)| !tells) {
        return None;
    }
    let mut header = vec![word(by).0];
    if has_tokens {
        header.extend(["tokens in", "out"]);
    }
    if has_cost {
        header.push("cost");
    }
    let lists = others.iter().filter(|(_, tells)| *tells);
    header.extend(lists.map(|(other, _)| word(*other).1));
    let entries = report.entries(by);
    let row = |entry: &Entry| {
        let figures = &entry.figures;
        let mut row = vec![Cell::Name(harmless(&entry.name))];
        if has_tokens {
            let says = report.says;
            row.push(Cell::Number(tokens(
                says.tokens_input,
                figures.tokens_input,
            )));
            row.push(Cell::Number(tokens(
                says.tokens_output,
                figures.tokens_output,
            )));
        }
        if has_cost {
            row.push(Cell::Number(cost(figures)));
        }
        for (other, tells) in others {
            if tells {
                row.push(Cell::List(list(&entry.links[other as usize])));
            }
        }
        row
    };
    Some(Section {
        title: format!("What {} used", word(by).1),
        header,
        rows: entries.iter().take(top).map(row).collect(),
        note: rest(entries, top, by),
    })
}

/// `gpt-5 12, claude 3, 2 more`
fn list(links: &[(String, u64)]) -> String {
    let shown = links.iter().take(LIST_MAX);
    let mut parts: Vec<String> = shown
        .map(|(name, requests)| format!("{} {}", harmless(name), format::short_count(*requests)))
        .collect();
    if links.len() > LIST_MAX {
        parts.push(format!("{} more", links.len() - LIST_MAX));
    }
    parts.join(", ")
}

fn errors(report: &Report, by: Dimension, top: usize) -> Option<Section> {
    let mut failing: Vec<&Entry> = report.entries(by).iter().collect();
    failing.retain(|entry| entry.figures.error_rate() > 0.0);
    let errors = |entry: &Entry| entry.figures.errors_4xx + entry.figures.errors_5xx;
    failing.sort_by(|a, b| errors(b).cmp(&errors(a)).then_with(|| a.name.cmp(&b.name)));
    let most = errors(failing.first()?);
    let row = |entry: &&Entry| {
        let links = &entry.links[Dimension::Status as usize];
        let is_error =
            |(status, _): &&(String, u64)| status.len() == 3 && status.starts_with(['4', '5']);
        let statuses: Vec<_> = links.iter().filter(is_error).cloned().collect();
        vec![
            Cell::Name(harmless(&entry.name)),
            Cell::Errors(format::count(errors(entry)), true),
            Cell::Bar(part(errors(entry), Some(most))),
            Cell::List(list(&statuses)),
        ]
    };
    let more = failing.len().saturating_sub(top);
    Some(Section {
        title: format!("Errors by {} and status", word(by).0),
        header: vec![word(by).0, "errors", "", "statuses"],
        rows: failing.iter().take(top).map(row).collect(),
        note: (more > 0).then(|| format!("and {more} more with errors")),
    })
}

fn over_time(report: &Report, bins_max: usize) -> Option<Section> {
    let (step, bins) = bins(report, bins_max);
    let most = bins.iter().map(|(_, figures)| figures.requests).max();
    most?;
    let mut header = vec!["from (UTC)", "requests", ""];
    header.extend(FIGURES);
    let row = |(moment, all): &(f64, Figures)| {
        let mut row = vec![
            Cell::Name(format::minute(*moment)),
            Cell::Number(format::count(all.requests)),
            Cell::Bar(part(all.requests, most)),
        ];
        row.extend(figures(all, report.says.status));
        row
    };
    Some(Section {
        title: format!("Requests over time, by {}", step_words(step)),
        header,
        rows: bins.iter().map(row).collect(),
        note: None,
    })
}

fn singles(report: &Report) -> Option<Section> {
    report.user.as_ref()?;
    let row = |request: &crate::report::SingleRequest| {
        let is_bad = request.status.starts_with(['4', '5']);
        vec![
            Cell::Moment(format::moment(request.time_seconds)),
            Cell::Errors(harmless(&request.status), is_bad),
            Cell::Number(format::duration(request.duration_seconds)),
            Cell::Name(harmless(&request.route)),
            Cell::Name(harmless(&request.model)),
            Cell::Id(
                request
                    .trace
                    .as_deref()
                    .map_or_else(|| "–".into(), harmless),
            ),
        ]
    };
    let rows: Vec<_> = report.requests.iter().map(row).collect();
    (!rows.is_empty()).then(|| Section {
        title: "Last requests, newest first".into(),
        header: vec!["time (UTC)", "status", "took", "route", "model", "trace id"],
        rows,
        note: None,
    })
}

fn part(count: u64, most: Option<u64>) -> f64 {
    count as f64 / most.unwrap_or(1).max(1) as f64
}

fn rest(entries: &[Entry], top: usize, by: Dimension) -> Option<String> {
    let more = entries.get(top..).filter(|more| !more.is_empty())?;
    let requests: u64 = more.iter().map(|entry| entry.figures.requests).sum();
    let (one, many) = word(by);
    Some(format!(
        "and {} with {} (--top shows more)",
        format::counted(
            more.len() as u64,
            &format!("more {one}"),
            &format!("more {many}")
        ),
        format::counted(requests, "request", "requests")
    ))
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
