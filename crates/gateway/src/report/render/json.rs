//! A report as one JSON document with everything: all users, whatever `--top` says.
//!
//! Every element has `requests`, `errors_4xx`, `errors_5xx`, `duration_seconds` (`avg`, `p50`, `p95`,
//! `p99`; null where no duration is logged), `tokens_input`, `tokens_output`, `cost_usd` (null where
//! none is known; where it comes from a table of prices, `requests_without_price` says for how many requests
//! the table has none), and the requests by name of each other dimension. Errors are null where the rules
//! do not say what the status is, tokens where they do not say where those are.

use super::format;
use crate::report::{Entry, Figures, PerRows, RELATIVE_ERROR, Report};
use logmetrics_core::engine::extract::Dimension;

/// Writes the document, indented by nothing but line ends between elements.
pub fn render(report: &Report) -> String {
    let mut document = Object::default();
    document.value("from", &time(report.first_seconds));
    document.value("to", &time(report.last_seconds));
    document.value("since", &time(report.period.since));
    document.value("until", &time(report.period.until));
    if let Some(user) = &report.user {
        document.value("user", &string(user));
    }
    document.value("total", &total(report));
    for (dimension, name) in [
        (Dimension::User, "users"),
        (Dimension::Route, "routes"),
        (Dimension::Model, "models"),
        (Dimension::Provider, "providers"),
        (Dimension::Status, "statuses"),
        (Dimension::Team, "teams"),
    ] {
        let entries = report.entries(dimension).iter();
        let entries = entries.map(|one| entry(dimension, one, report));
        document.value(name, &list(entries));
    }
    let hours = report.hours.iter().map(|(hour, figures)| {
        let mut object = Object::default();
        object.value("hour", &string(&format::rfc_3339(*hour as f64 * 3600.0)));
        object.figures(figures, report);
        object.finish()
    });
    document.value("hours", &list(hours));
    if let Some(per) = &report.per {
        document.value("per", &of_periods(report, per));
    }
    document.value("outliers", &outliers(report));
    document.value("limited", &limited(report));
    if report.user.is_some() {
        let requests = report.requests.iter().map(|request| {
            let mut object = Object::default();
            object.value("time", &time(request.time_seconds));
            object.value("route", &string(&request.route));
            object.value("model", &string(&request.model));
            object.value("provider", &string(&request.provider));
            object.value("status", &string(&request.status));
            object.value("duration_seconds", &number(request.duration_seconds));
            let (tokens_input, tokens_output) = (request.tokens_input, request.tokens_output);
            object.value(
                "tokens_input",
                &known(report.says.tokens_input, tokens_input),
            );
            object.value(
                "tokens_output",
                &known(report.says.tokens_output, tokens_output),
            );
            object.value("cost_usd", &number(request.cost_usd));
            let trace = request.trace.as_deref();
            object.value("trace_id", &trace.map_or_else(|| "null".into(), string));
            object.finish()
        });
        document.value("requests", &list(requests));
    }
    document.finish() + "\n"
}

fn total(report: &Report) -> String {
    let mut object = Object::default();
    object.figures(&report.total, report);
    object.value("lines", &report.lines.to_string());
    object.value("without_hour", &report.without_hour.to_string());
    object.value("left_out_without_time", &report.left_out.to_string());
    object.value("outside_period", &report.outside.to_string());
    object.value("percentiles_relative_error", &RELATIVE_ERROR.to_string());
    object.finish()
}

/// Sums of each month or day and name.
fn of_periods(report: &Report, per: &PerRows) -> String {
    let (length, by) = (per.per.length.word(), super::word(per.per.by).0);
    let rows = per.rows.iter().map(|row| {
        let period = row.period.as_deref();
        let mut object = Object::default();
        object.value(length, &period.map_or_else(|| "null".into(), string));
        object.value(by, &string(&row.name));
        object.counts(&row.figures, report);
        object.finish()
    });
    let mut object = Object::default();
    object.value("period", &string(length));
    object.value("zone", &string(&per.per.zone_name));
    object.value("by", &string(by));
    object.value("rows", &list(rows));
    object.finish()
}

/// Requests whose time can hardly be right.
fn outliers(report: &Report) -> String {
    report.outliers.map_or_else(
        || "null".into(),
        |outliers| {
            let mut object = Object::default();
            object.value("requests", &outliers.requests.to_string());
            object.value("from", &time(Some(outliers.ends.0)));
            object.value("to", &time(Some(outliers.ends.1)));
            object.finish()
        },
    )
}

/// Lists that have not all names, and how many requests one may have more.
fn limited(report: &Report) -> String {
    let mut all = Object::default();
    for limited in &report.limited {
        let mut object = Object::default();
        object.value("names_max", &limited.names_max.to_string());
        object.value("requests_missed_max", &limited.missed.to_string());
        all.value(super::word(limited.dimension).1, &object.finish());
    }
    all.finish()
}

fn entry(dimension: Dimension, entry: &Entry, report: &Report) -> String {
    let mut object = Object::default();
    object.value(super::word(dimension).0, &string(&entry.name));
    if let Some(users) = entry.users {
        object.value("users", &users.to_string());
    }
    object.figures(&entry.figures, report);
    for other in Dimension::ALL {
        // What a route's users are would be the whole list again for each route.
        let is_empty = other == Dimension::Team && report.entries(other).is_empty();
        if other == dimension || other == Dimension::User || is_empty {
            continue;
        }
        let mut links = Object::default();
        for (name, requests) in &entry.links[other as usize] {
            links.value(name, &requests.to_string());
        }
        let name = match other {
            Dimension::Status => "status_counts",
            other => super::word(other).1,
        };
        object.value(name, &links.finish());
    }
    object.finish()
}

/// An object whose members keep their order.
#[derive(Default)]
struct Object {
    text: String,
}

impl Object {
    fn value(&mut self, name: &str, value: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push_str(&string(name));
        self.text.push(':');
        self.text.push_str(value);
    }

    fn figures(&mut self, figures: &Figures, report: &Report) {
        let durations = &figures.durations;
        let mut seconds = Object::default();
        seconds.value("avg", &number(durations.average()));
        for (name, quantile) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            seconds.value(name, &number(durations.quantile(quantile)));
        }
        self.errors(figures, report);
        self.value("duration_seconds", &seconds.finish());
        self.used(figures, report);
    }

    /// All but the durations.
    fn counts(&mut self, figures: &Figures, report: &Report) {
        self.errors(figures, report);
        self.used(figures, report);
    }

    fn errors(&mut self, figures: &Figures, report: &Report) {
        let is_known = report.says.status;
        self.value("requests", &figures.requests.to_string());
        self.value("errors_4xx", &known(is_known, figures.errors_4xx));
        self.value("errors_5xx", &known(is_known, figures.errors_5xx));
    }

    fn used(&mut self, figures: &Figures, report: &Report) {
        let says = report.says;
        self.value(
            "tokens_input",
            &known(says.tokens_input, figures.tokens_input),
        );
        self.value(
            "tokens_output",
            &known(says.tokens_output, figures.tokens_output),
        );
        self.value("cost_usd", &number(figures.cost_usd()));
        if !report.price_tables.is_empty() {
            self.value("requests_without_price", &figures.unpriced.to_string());
        }
    }

    fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text + "}"
    }
}

/// A count, where the rules say what is counted.
fn known(is_known: bool, count: u64) -> String {
    match is_known {
        true => count.to_string(),
        false => "null".into(),
    }
}

fn list(elements: impl Iterator<Item = String>) -> String {
    let elements: Vec<String> = elements.collect();
    if elements.is_empty() {
        return "[]".into();
    }
    format!("[\n{}\n]", elements.join(",\n"))
}

fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn time(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "null".into(),
        |seconds| string(&format::rfc_3339(seconds)),
    )
}

/// Nine digits: more than a duration or a price has, and none that are only noise of floats.
fn number(value: Option<f64>) -> String {
    let rounded = |value: f64| {
        let text = format!("{value:.8e}");
        serde_json::Value::from(text.parse().unwrap_or(value)).to_string()
    };
    value.map_or_else(|| "null".into(), rounded)
}
