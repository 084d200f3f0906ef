//! What mtail sends to collectors that do not scrape: collectd, Graphite and StatsD. Texts are not sent.

use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::kind::Reading;
use logmetrics_core::metrics::snapshot::{Series, Snapshot};

use super::{Shown, shown, value};
use crate::ast::Kind;
use crate::number::float_text;
use crate::unit::Metric;

/// Where pushed metrics go, by how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Collectd,
    Graphite,
    Statsd,
}

/// What a pushed line says besides the sample.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'s> {
    pub protocol: Protocol,
    /// The name of this machine.
    pub host: &'s str,
    /// What is put before each name.
    pub prefix: &'s str,
    /// The time between two pushes, in seconds.
    pub interval_seconds: u64,
}

/// All samples, each as one message: a line, or more of a histogram for Graphite.
pub fn messages(engine: &Engine, snapshot: &Snapshot, sender: &Sender<'_>) -> Vec<String> {
    let mut messages = Vec::new();
    for one in shown(engine, snapshot) {
        if one.code().kind == Kind::Text {
            continue;
        }
        let series = one.family.series();
        messages.extend(series.map(|series| message(&one, &series, sender)));
    }
    messages
}

fn message(one: &Shown<'_>, series: &Series<'_>, sender: &Sender<'_>) -> String {
    let code = one.code();
    let (host, prefix, program) = (sender.host, sender.prefix, one.program);
    let seconds = series.time_ms().unwrap_or_default().div_euclid(1000);
    let number = value(code, series);
    match sender.protocol {
        Protocol::Collectd => {
            let kind = match code.kind {
                Kind::Timer => "gauge",
                kind => kind.keyword(),
            };
            let name = path(one.metric, series, '-', '-');
            let interval = sender.interval_seconds;
            format!(
                "PUTVAL \"{host}/{prefix}mtail-{program}/{kind}-{name}\" interval={interval} {seconds}:{number}\n"
            )
        }
        Protocol::Graphite => {
            let path = format!("{prefix}{program}.{}", path(one.metric, series, '.', '.'));
            graphite(&path, &number, seconds, series)
        }
        Protocol::Statsd => {
            let kind = match code.kind {
                Kind::Counter => "c",
                Kind::Timer => "ms",
                _ => "g",
            };
            let path = path(one.metric, series, '.', '.');
            format!("{prefix}{program}.{path}:{number}|{kind}")
        }
    }
}

/// The lines of one series in Graphite's plain text.
pub(super) fn graphite(path: &str, number: &str, seconds: i64, series: &Series<'_>) -> String {
    let mut out = String::new();
    if let Reading::Distribution(distribution) = series.reading() {
        let bounds = distribution.bounds.iter().copied();
        for (bound, count) in bounds.chain([f64::INFINITY]).zip(distribution.counts) {
            let bound = match bound.is_finite() {
                true => float_text(bound),
                false => "inf".to_owned(),
            };
            out += &format!("{path}.bin_{bound} {count} {seconds}\n");
        }
        out += &format!("{path}.count {} {seconds}\n", distribution.count());
    }
    out + &format!("{path} {number} {seconds}\n")
}

/// The name and the labels, sorted by their names, as one path.
pub(super) fn path(metric: &Metric, series: &Series<'_>, of_key: char, between: char) -> String {
    let code = &metric.code;
    let part = |text: &str| {
        // A blank or a line's end would begin another field or message.
        text.replace([of_key, between, ' ', '\n', '\r', '"'], "_")
    };
    let labels = metric.read_labels(series.labels());
    let mut pairs: Vec<(&String, &str)> = code.labels.iter().zip(labels.values()).collect();
    pairs.sort();
    let mut out = code.name.clone();
    for (name, value) in pairs {
        out.push(between);
        out += &part(name);
        out.push(of_key);
        out += &part(value);
    }
    out
}
