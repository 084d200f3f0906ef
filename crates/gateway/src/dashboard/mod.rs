//! A Grafana dashboard for whatever rules count: JSON to import, or for Grafana's provisioning.
//!
//! Made from the rules' metrics alone: what a counter or a histogram is called, its help and its
//! labels. No log is read, and no Grafana is talked to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use logmetrics_core::metrics::definition::{Definition, Kind};
use logmetrics_core::rules::RuleSet;

mod panel;
mod query;
mod self_metrics;
#[cfg(test)]
mod tests;

use panel::{Grid, Query};

/// What a user may choose.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the dashboard is called.
    pub title: String,
    /// Where Jaeger's pages are, as a browser reaches them; without it nothing leads there.
    pub jaeger: Option<String>,
    /// The tag of a span that holds the user; without it, the first field that the label is read
    /// from.
    pub jaeger_tag: Option<String>,
    /// The name of the service in Jaeger.
    pub jaeger_service: String,
}

/// Rows of a usual panel.
const ROWS: u64 = 8;

/// Labels of one metric that get a panel each.
const LABELS_MAX: usize = 3;

/// Numbers in the first line.
const NUMBERS_MAX: usize = 6;

/// The dashboard for a set of rules.
pub fn dashboard(set: &RuleSet, options: &Options) -> Value {
    let mut grid = Grid::default();
    overview(set, &mut grid);
    for definition in in_order(set) {
        let called = title(definition);
        grid.part(&called);
        match &definition.kind {
            Kind::Counter => counter(set, definition, options, &mut grid),
            Kind::Histogram => histogram(definition, &mut grid),
            Kind::Gauge => gauge(definition, &mut grid),
            // Prometheus has no texts.
            Kind::Text => {}
        }
    }
    self_metrics::part(&mut grid);
    json!({
        "title": options.title,
        "uid": uid(&options.title),
        "tags": ["logmetrics"],
        "schemaVersion": 39,
        "editable": true,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": variables(set)},
        "annotations": {"list": []},
        "panels": grid.into_panels(),
    })
}

/// The metrics in the order in which the rules name them first.
fn in_order(set: &RuleSet) -> Vec<&Definition> {
    let mut order: Vec<&Definition> = Vec::new();
    for action in set.rules.iter().flat_map(|rule| &rule.metrics) {
        let Some(definition) = set.metrics.get(action.metric.0 as usize) else {
            continue;
        };
        if !order.iter().any(|known| known.name == definition.name) {
            order.push(definition);
        }
    }
    order
}

/// The first line: what was counted in all, and by how many.
fn overview(set: &RuleSet, grid: &mut Grid) {
    let mut numbers = Vec::new();
    for definition in in_order(set) {
        if definition.kind != Kind::Counter {
            continue;
        }
        let total = query::total(definition, &[]);
        let called = words(&definition.name);
        numbers.push(panel::number(
            &called,
            unit(definition),
            Query::new(total, ""),
        ));
        if numbers.len() > 1 {
            continue;
        }
        // The first counter is the main one.
        if let Some(user) = user(definition) {
            let active = query::active(definition, user);
            let called = format!("{} active", words(user));
            numbers.push(panel::number(&called, "short", Query::new(active, "")));
        }
        if let Some(share) = query::error_share(definition, None) {
            let query = Query::new(share, "");
            numbers.push(panel::number("errors", "percentunit", query));
        }
    }
    numbers.truncate(NUMBERS_MAX);
    let columns = 24 / numbers.len().max(1) as u64;
    for number in numbers {
        grid.add(number, columns, 4);
    }
}

fn counter(set: &RuleSet, definition: &Definition, options: &Options, grid: &mut Grid) {
    let unit = unit(definition);
    let per_second = if unit == "short" { "reqps" } else { unit };
    let labels: Vec<&str> = label_names(definition).take(LABELS_MAX).collect();
    if labels.is_empty() {
        let query = Query::new(query::rate(definition, None), "all");
        grid.add(panel::lines("per second", per_second, &[query]), 24, ROWS);
    }
    let columns = 24 / labels.len().max(1) as u64;
    for label in &labels {
        let query = Query::new(query::rate(definition, Some(label)), &legend(label));
        let called = format!("per second, by {}", words(label));
        grid.add(panel::lines(&called, per_second, &[query]), columns, ROWS);
    }
    let Some(first) = user(definition).or(labels.first().copied()) else {
        return;
    };
    let share = query::error_share(definition, Some(first));
    let columns = if share.is_some() { 12 } else { 24 };
    let all: Vec<&str> = label_names(definition).collect();
    let top = Query::new(query::top(definition, &all, 50), "");
    let link = link(set, definition, options);
    let called = "in the time shown";
    grid.add(panel::table(called, unit, top, link), columns, ROWS + 2);
    if let Some(share) = share {
        let query = Query::new(share, &legend(first));
        let called = format!("share of errors, by {}", words(first));
        grid.add(
            panel::lines(&called, "percentunit", &[query]),
            columns,
            ROWS + 2,
        );
    }
}

fn histogram(definition: &Definition, grid: &mut Grid) {
    let unit = unit(definition);
    let quantiles =
        [(0.5, "median"), (0.95, "95 %"), (0.99, "99 %")].map(|(quantile, legend)| Query {
            exemplars: true,
            ..Query::new(query::quantile(definition, quantile, None), legend)
        });
    grid.add(panel::lines("all", unit, &quantiles), 12, ROWS);
    let heatmap = Query {
        exemplars: true,
        ..Query::new(query::buckets(definition), "{{le}}")
    };
    grid.add(panel::heatmap("how many, by size", unit, heatmap), 12, ROWS);
    let labels: Vec<&str> = label_names(definition).take(LABELS_MAX).collect();
    let columns = 24 / labels.len().max(1) as u64;
    for label in labels {
        let query = query::quantile(definition, 0.95, Some(label));
        let called = format!("95 % are below, by {}", words(label));
        let query = Query::new(query, &legend(label));
        grid.add(panel::lines(&called, unit, &[query]), columns, ROWS);
    }
}

fn gauge(definition: &Definition, grid: &mut Grid) {
    let legend: Vec<String> = label_names(definition).map(legend).collect();
    let legend = match legend.as_slice() {
        [] => definition.name.clone(),
        _ => legend.join(", "),
    };
    let query = Query::new(query::value(definition), &legend);
    grid.add(panel::lines("value", unit(definition), &[query]), 24, ROWS);
}

/// The choice of the data source, and one for each label.
fn variables(set: &RuleSet) -> Vec<Value> {
    let mut variables = vec![json!({
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
    })];
    // The metric that a label's values are asked of: the first that has it.
    let mut labels: BTreeMap<&str, &Definition> = BTreeMap::new();
    for definition in in_order(set) {
        for label in label_names(definition) {
            labels.entry(label).or_insert(definition);
        }
    }
    variables.extend(labels.iter().map(|(label, definition)| {
        let series = match definition.kind {
            Kind::Histogram => format!("{}_count", definition.name),
            Kind::Counter | Kind::Gauge | Kind::Text => definition.name.clone(),
        };
        json!({
            "name": label,
            "label": words(label),
            "type": "query",
            "datasource": panel::source(),
            "query": {"query": format!("label_values({series}, {label})"), "refId": "values"},
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        })
    }));
    variables
}

/// The way from a user to the traces of that user in Jaeger.
fn link<'d>(
    set: &RuleSet,
    definition: &'d Definition,
    options: &Options,
) -> Option<(&'d str, &'static str, String)> {
    let base = options.jaeger.as_ref()?.trim_end_matches('/');
    let user = user(definition)?;
    let tag = match &options.jaeger_tag {
        Some(tag) => tag.clone(),
        None => {
            let mut labels = set.rules.iter().filter_map(|rule| rule.labels.get(user));
            labels.next()?.field.from.first()?.clone()
        }
    };
    // A value that holds a quote finds nothing: Grafana has no way to write it as JSON.
    let tags = format!(
        "%7B%22{}%22%3A%22${{__value.raw:percentencode}}%22%7D",
        escape(&tag)
    );
    let service = escape(&options.jaeger_service);
    let window = "start=${__from}000&end=${__to}000";
    Some((
        user,
        "traces in Jaeger",
        format!("{base}/search?service={service}&tags={tags}&{window}"),
    ))
}

/// Percent-encodes what has a meaning in a query string.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn label_names(definition: &Definition) -> impl Iterator<Item = &str> {
    // Users first: the question is who.
    let labels = &definition.labels;
    let users = labels.iter().filter(|label| is_user(&label.name));
    let others = labels.iter().filter(|label| !is_user(&label.name));
    users.chain(others).map(|label| label.name.as_str())
}

fn user(definition: &Definition) -> Option<&str> {
    label_names(definition).find(|label| is_user(label))
}

fn is_user(label: &str) -> bool {
    label
        .split('_')
        .any(|word| matches!(word, "user" | "email" | "client" | "team"))
}

fn legend(label: &str) -> String {
    format!("{{{{{label}}}}}")
}

/// A name as people write it.
fn words(name: &str) -> String {
    let name = name.strip_suffix("_total").unwrap_or(name);
    name.replace('_', " ")
}

/// The first sentence of the help, otherwise the name.
fn title(definition: &Definition) -> String {
    let help = definition.help.split(". ").next().unwrap_or_default();
    let help = help.trim_end_matches('.');
    // Rules without a help say only which of them counts.
    if help.is_empty() || help.starts_with("Counted by rule ") {
        words(&definition.name)
    } else {
        help.to_owned()
    }
}

/// Grafana's unit, from the unit that a metric's name ends with.
fn unit(definition: &Definition) -> &'static str {
    let name = definition.name.trim_end_matches("_total");
    let ending = name.rsplit('_').next().unwrap_or_default();
    match ending {
        "seconds" => "s",
        "bytes" => "bytes",
        "usd" => "currencyUSD",
        "eur" => "currencyEUR",
        "ratio" => "percentunit",
        _ => "short",
    }
}

/// What Grafana knows the dashboard by: letters, digits and dashes, at most 40.
fn uid(title: &str) -> String {
    let dashed = title.to_lowercase();
    let mut uid = String::new();
    for character in dashed.chars() {
        match character {
            'a'..='z' | '0'..='9' => uid.push(character),
            _ if !uid.ends_with('-') && !uid.is_empty() => uid.push('-'),
            _ => {}
        }
    }
    uid.truncate(40);
    uid.trim_end_matches('-').to_owned()
}
