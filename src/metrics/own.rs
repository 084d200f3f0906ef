//! logmetrics' metrics about itself, by the `prometheus` crate. All begin `logmetrics_`, but for
//! the usual `process_*`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::store::SeriesCounts;

/// The program's own metrics.
pub struct Own {
    registry: Registry,
    vectors: Vectors,
    sources: Mutex<HashMap<Box<str>, SourceCounters>>,
    rule_matches: Vec<IntCounter>,
    troubles: Vec<IntCounter>,
    /// Lines that no rule matched.
    pub lines_unmatched: IntCounter,
    /// Answered scrapes.
    pub scrapes: IntCounter,
}

/// What is counted for one input, as the command line names it. Clones share the counts.
#[derive(Debug, Clone)]
pub struct SourceCounters {
    /// Lines read, matched or not.
    pub lines: IntCounter,
    /// Bytes read.
    pub bytes: IntCounter,
    /// Lines that were cut because they were longer than a line may be.
    pub oversized: IntCounter,
    /// Files that were replaced by a new one.
    pub rotations: IntCounter,
    /// Files that were cut short.
    pub truncations: IntCounter,
    /// Bytes that exist and are not read yet.
    pub lag_bytes: IntGauge,
}

/// Which kind of trouble a field of a rule can make; each is a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldTrouble {
    /// `logmetrics_rule_missing_field_total`
    Missing,
    /// `logmetrics_rule_bad_value_total`
    BadValue,
    /// `logmetrics_rule_ambiguous_field_total`
    Ambiguous,
}

/// What the program is about to run, so that everything shows from the start, at 0.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The inputs as the command line names them.
    pub sources: Vec<&'a str>,
    /// The names of the rules, in the order that [`Own::count_matches`] counts them.
    pub rules: Vec<&'a str>,
    /// Rule, field and trouble, in the order that [`Own::count_troubles`] counts them.
    pub troubles: Vec<(&'a str, &'a str, FieldTrouble)>,
    /// The commit that the binary was built from.
    pub revision: &'a str,
    /// The compiler that built it.
    pub rustc: &'a str,
}

struct Vectors {
    lines: IntCounterVec,
    bytes: IntCounterVec,
    oversized: IntCounterVec,
    rotations: IntCounterVec,
    truncations: IntCounterVec,
    lag_bytes: IntGaugeVec,
}

impl Own {
    /// Registers everything.
    ///
    /// # Errors
    /// Never with the names that stand here; the registry's own error is handed on all the same.
    pub fn new(known: &Known<'_>) -> prometheus::Result<Own> {
        let registry = Registry::new();
        let counters = Counters(&registry);
        let vectors = Vectors {
            lines: counters.by(
                "lines_total",
                "Lines read, matched or not, after wrappings were joined.",
                &["source"],
            )?,
            bytes: counters.by("bytes_total", "Bytes read.", &["source"])?,
            oversized: counters.by(
                "oversized_lines_total",
                "Lines cut at 1 MiB; the rest of them was skipped.",
                &["source"],
            )?,
            rotations: counters.by(
                "rotations_total",
                "Files that were replaced by a new one of the same name.",
                &["source"],
            )?,
            truncations: counters.by(
                "truncations_total",
                "Files that were cut short and read again from their start.",
                &["source"],
            )?,
            lag_bytes: counters.gauge_by(
                "source_lag_bytes",
                "Bytes that exist and are not read yet.",
                &["source"],
            )?,
        };
        let matches = counters.by(
            "rule_matches_total",
            "Lines that a rule matched.",
            &["rule"],
        )?;
        let troubles = counters.troubles()?;
        let of_trouble = |(rule, field, trouble): &(&str, &str, FieldTrouble)| {
            troubles[*trouble as usize].with_label_values(&[*rule, *field])
        };
        let lines_unmatched =
            counters.one("lines_unmatched_total", "Lines that no rule matched.")?;
        let scrapes = counters.one("scrapes_total", "Scrapes that were answered.")?;
        counters.build_info(known)?;
        counters.process()?;
        let own = Own {
            rule_matches: known
                .rules
                .iter()
                .map(|rule| matches.with_label_values(&[*rule]))
                .collect(),
            troubles: known.troubles.iter().map(of_trouble).collect(),
            registry,
            vectors,
            sources: Mutex::default(),
            lines_unmatched,
            scrapes,
        };
        for source in &known.sources {
            own.source(source);
        }
        Ok(own)
    }

    /// The counters of an input. Not for every line: keep what it gives.
    pub fn source(&self, source: &str) -> SourceCounters {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = sources.get(source) {
            return counters.clone();
        }
        let label = &[source];
        let counters = SourceCounters {
            lines: self.vectors.lines.with_label_values(label),
            bytes: self.vectors.bytes.with_label_values(label),
            oversized: self.vectors.oversized.with_label_values(label),
            rotations: self.vectors.rotations.with_label_values(label),
            truncations: self.vectors.truncations.with_label_values(label),
            lag_bytes: self.vectors.lag_bytes.with_label_values(label),
        };
        sources.insert(source.into(), counters.clone());
        counters
    }

    /// Lines read so far, of all inputs.
    pub fn lines_read(&self) -> u64 {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.values().map(|counters| counters.lines.get()).sum()
    }

    /// Adds lines matched, for each rule in the order it is known.
    pub fn count_matches(&self, matches: &[u64]) {
        add(&self.rule_matches, matches);
    }

    /// Adds lines with trouble, for each field in the order it is known.
    pub fn count_troubles(&self, troubles: &[u64]) {
        add(&self.troubles, troubles);
    }

    /// Lines matched so far, for each rule.
    pub fn rule_matches(&self) -> Vec<u64> {
        self.rule_matches.iter().map(IntCounter::get).collect()
    }

    /// All of them, sorted by name; `counts` is what the store says of its series.
    pub fn gather(&self, counts: &[SeriesCounts]) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        // Made anew each time: the store knows the truth. The names are fixed, so this cannot fail.
        if let Ok(of_store) = store_families(counts) {
            families.extend(of_store);
        }
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families
    }
}

fn add(counters: &[IntCounter], counts: &[u64]) {
    for (counter, &count) in counters.iter().zip(counts) {
        if count > 0 {
            counter.inc_by(count);
        }
    }
}

fn store_families(counts: &[SeriesCounts]) -> prometheus::Result<Vec<MetricFamily>> {
    let registry = Registry::new();
    let counters = Counters(&registry);
    let series = counters.gauge_by("series", "Series of a metric.", &["metric"])?;
    let series_limited = counters.by(
        "series_limited_total",
        "Updates that went to the series for all others, as the metric is at its limit.",
        &["metric"],
    )?;
    let label_limited = counters.by(
        "label_limited_total",
        "Updates in which a label became `__other__`, as it has its most values.",
        &["metric", "label"],
    )?;
    for count in counts {
        let metric = &[count.metric.as_str()];
        series.with_label_values(metric).set(count.series as i64);
        series_limited
            .with_label_values(metric)
            .inc_by(count.series_limited_total);
        for (label, limited) in &count.label_limited_total {
            label_limited
                .with_label_values(&[&count.metric, label])
                .inc_by(*limited);
        }
    }
    Ok(registry.gather())
}

/// Registers metrics under our prefix.
struct Counters<'r>(&'r Registry);

impl Counters<'_> {
    fn register<C: Collector + Clone + 'static>(&self, metric: C) -> prometheus::Result<C> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn by(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.register(IntCounterVec::new(options(name, help), labels)?)
    }

    fn gauge_by(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(options(name, help), labels)?)
    }

    fn one(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.register(IntCounter::with_opts(options(name, help))?)
    }

    /// In the order of [`FieldTrouble`].
    fn troubles(&self) -> prometheus::Result<[IntCounterVec; 3]> {
        let labels = &["rule", "field"];
        Ok([
            self.by(
                "rule_missing_field_total",
                "Lines on which a field had neither value nor default, so that a metric was not updated.",
                labels,
            )?,
            self.by(
                "rule_bad_value_total",
                "Lines on which a value was no number that its metric can take.",
                labels,
            )?,
            self.by(
                "rule_ambiguous_field_total",
                "Lines on which a key stood more than once where only one is taken.",
                labels,
            )?,
        ])
    }

    fn build_info(&self, known: &Known<'_>) -> prometheus::Result<()> {
        let labels = ["version", "revision", "rustc"];
        let help = "Always 1; the labels say which build this is.";
        let info = self.gauge_by("build_info", help, &labels)?;
        let version = env!("CARGO_PKG_VERSION");
        info.with_label_values(&[version, known.revision, known.rustc])
            .set(1);
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn process(&self) -> prometheus::Result<()> {
        let collector = prometheus::process_collector::ProcessCollector::for_self();
        self.0.register(Box::new(collector))
    }

    /// The library reads /proc, which only Linux has.
    #[cfg(not(target_os = "linux"))]
    fn process(&self) -> prometheus::Result<()> {
        Ok(())
    }
}

fn options(name: &str, help: &str) -> Opts {
    Opts::new(format!("logmetrics_{name}"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(families: &[MetricFamily]) -> String {
        prometheus::TextEncoder::new()
            .encode_to_string(families)
            .unwrap()
    }

    #[test]
    fn what_is_known_shows_at_zero() {
        let own = Own::new(&Known {
            sources: vec!["-"],
            rules: vec!["web"],
            troubles: vec![("web", "user", FieldTrouble::Missing)],
            revision: "abc",
            rustc: "rustc 1",
        })
        .unwrap();
        let page = text(&own.gather(&[]));
        for sample in [
            "logmetrics_lines_total{source=\"-\"} 0\n",
            "logmetrics_source_lag_bytes{source=\"-\"} 0\n",
            "logmetrics_rule_matches_total{rule=\"web\"} 0\n",
            "logmetrics_rule_missing_field_total{field=\"user\",rule=\"web\"} 0\n",
            "logmetrics_lines_unmatched_total 0\n",
        ] {
            assert!(page.contains(sample), "{sample} is not on\n{page}");
        }
        assert!(page.contains("revision=\"abc\""));
    }

    #[test]
    fn counts_go_where_they_belong() {
        let troubles = vec![
            ("a", "x", FieldTrouble::BadValue),
            ("b", "y", FieldTrouble::Ambiguous),
        ];
        let rules = vec!["a", "b"];
        let own = Own::new(&Known {
            rules,
            troubles,
            ..Known::default()
        })
        .unwrap();
        own.count_matches(&[3, 0]);
        own.count_matches(&[1, 2]);
        own.count_troubles(&[0, 5]);
        own.source("x.log").lines.inc_by(7);
        own.source("x.log").lines.inc();
        let counts = SeriesCounts {
            metric: "m".into(),
            series: 4,
            series_limited_total: 2,
            label_limited_total: vec![("user".into(), 9)],
        };
        let page = text(&own.gather(&[counts]));
        assert_eq!(own.rule_matches(), [4, 2]);
        for sample in [
            "logmetrics_rule_bad_value_total{field=\"x\",rule=\"a\"} 0\n",
            "logmetrics_rule_ambiguous_field_total{field=\"y\",rule=\"b\"} 5\n",
            "logmetrics_lines_total{source=\"x.log\"} 8\n",
            "logmetrics_series{metric=\"m\"} 4\n",
            "logmetrics_series_limited_total{metric=\"m\"} 2\n",
            "logmetrics_label_limited_total{label=\"user\",metric=\"m\"} 9\n",
        ] {
            assert!(page.contains(sample), "{sample} is not on\n{page}");
        }
    }
}
