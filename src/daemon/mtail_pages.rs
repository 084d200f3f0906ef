//! What only mtail's users ask for: its own metrics in addition to ours, and its other pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

use super::push::PushCounts;
use crate::server::Page;
use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_mtail::pages;
use logmetrics_mtail::source::Loads;

/// In mtail's own command line.
pub struct MtailPages {
    pub loads: Arc<Loads>,
    /// Whether there are other pages than `/metrics`.
    pub has_pages: bool,
    /// The inputs as the command line names them.
    pub inputs: Vec<String>,
    /// What is counted of pushing.
    pub pushes: Vec<Arc<PushCounts>>,
}

const PLAIN: &str = "text/plain; charset=utf-8";

impl MtailPages {
    /// The page at a path, if there is one.
    pub fn page(
        &self,
        (path, query): (&str, Option<&str>),
        engine: &Engine,
        snapshot: &Snapshot,
    ) -> Option<Page> {
        if !self.has_pages {
            return None;
        }
        let (content_type, text) = match path {
            "/json" => ("application/json", pages::json(engine, snapshot)),
            "/varz" => (PLAIN, pages::varz(engine, snapshot, &host_name())),
            "/graphite" => (PLAIN, pages::graphite(engine, snapshot)),
            "/progz" => {
                let mut parts = query.unwrap_or("").split('&');
                match parts.find_map(|part| part.strip_prefix("prog=")) {
                    None => ("text/html; charset=utf-8", pages::programs(engine)),
                    Some(name) => (PLAIN, pages::program(engine, &decoded(name))?),
                }
            }
            _ => return None,
        };
        Some(Page { content_type, text })
    }

    /// mtail's metrics about itself, as far as dashboards use them.
    pub fn families(&self, own: &SelfMetrics) -> Vec<MetricFamily> {
        let sources = self.inputs.iter();
        let of_sources =
            |pick: fn(&logmetrics_core::metrics::self_metrics::SourceCounters) -> u64| {
                let count = |source: &String| (source.clone(), pick(&own.source(source)));
                sources.clone().map(count).collect::<Vec<_>>()
            };
        let files = own.file_lines.counts();
        let files = files.iter().map(|(name, lines)| (name.to_string(), *lines));
        let programs = self.loads.programs();
        let of_programs = |pick: fn(&logmetrics_mtail::source::LoadedProgram) -> u64| {
            let count = |(name, loaded): (&String, &_)| (name.clone(), pick(loaded));
            programs.iter().map(count).collect::<Vec<_>>()
        };
        let of_pushes = |pick: fn(&PushCounts) -> &AtomicU64| {
            let count = |one: &Arc<PushCounts>| {
                (one.protocol.to_owned(), pick(one).load(Ordering::Relaxed))
            };
            self.pushes.iter().map(count).collect::<Vec<_>>()
        };
        let pushes = [
            counter(
                "logmetrics_pushed_samples_total",
                "target",
                of_pushes(|one| &one.samples),
            ),
            counter(
                "logmetrics_push_errors_total",
                "target",
                of_pushes(|one| &one.errors),
            ),
        ];
        let mut families = vec![
            counter(
                "mtail_lines_total",
                "",
                vec![(String::new(), own.lines_read())],
            ),
            counter("mtail_log_lines_total", "logfile", files.collect()),
            counter(
                "mtail_log_rotations_total",
                "logfile",
                of_sources(|one| one.rotations.get()),
            ),
            counter(
                "mtail_log_truncates_total",
                "logfile",
                of_sources(|one| one.truncations.get()),
            ),
            counter(
                "mtail_prog_loads_total",
                "prog",
                of_programs(|one| one.loads),
            ),
            counter(
                "mtail_prog_load_errors_total",
                "prog",
                of_programs(|one| one.load_errors),
            ),
            counter(
                "mtail_prog_runtime_errors_total",
                "prog",
                of_programs(|one| one.counts.runtime_errors.load(Ordering::Relaxed)),
            ),
            build_info(),
        ];
        if !self.pushes.is_empty() {
            families.extend(pushes);
        }
        families
    }
}

fn counter(name: &str, label: &str, values: Vec<(String, u64)>) -> MetricFamily {
    let metric = |(value, count): (String, u64)| {
        let mut metric = Metric::default();
        if !label.is_empty() {
            metric.label.push(pair(label, &value));
        }
        let counter = Counter {
            value: Some(count as f64),
            ..Counter::default()
        };
        metric.counter = Some(counter).into();
        metric
    };
    let mut family = family(name, MetricType::COUNTER);
    family.metric = values.into_iter().map(metric).collect();
    family
}

fn build_info() -> MetricFamily {
    let mut metric = Metric::default();
    for (name, value) in [
        ("branch", "logmetrics"),
        ("goarch", std::env::consts::ARCH),
        ("goos", std::env::consts::OS),
        ("goversion", ""),
        ("revision", env!("LOGMETRICS_REVISION")),
        ("version", env!("CARGO_PKG_VERSION")),
    ] {
        metric.label.push(pair(name, value));
    }
    let gauge = Gauge {
        value: Some(1.0),
        ..Gauge::default()
    };
    metric.gauge = Some(gauge).into();
    let mut family = family("mtail_build_info", MetricType::GAUGE);
    family.metric.push(metric);
    family
}

fn family(name: &str, kind: MetricType) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help("As mtail names it.".to_owned());
    family.set_field_type(kind);
    family
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

/// The name of this machine.
pub fn host_name() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = kernel.or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// A value of a query without its escapes.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let hex = rest.get(..2).and_then(|two| str::from_utf8(two).ok());
        match (first, hex.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = rest.get(2..).unwrap_or_default();
            }
            (b'+', _) => out.push(b' '),
            (other, _) => out.push(*other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn queries_have_escapes() {
        for (text, expected) in [
            ("a.mtail", "a.mtail"),
            ("a%20b+c", "a b c"),
            ("50%", "50%"),
            ("%zz%C3%A9", "%zzé"),
        ] {
            assert_eq!(decoded(text), expected);
        }
    }
}
