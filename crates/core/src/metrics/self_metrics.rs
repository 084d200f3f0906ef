//! logmetrics' metrics about itself, by the `prometheus` crate. All begin `logmetrics_`, but for
//! the usual `process_*`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use super::store::SeriesCounts;

mod as_snapshot;
mod checkpoint;
mod file_lines;
mod invalid_utf8;
mod multiline;
mod rules;

pub use as_snapshot::as_snapshot;
pub use checkpoint::Checkpoint;
pub use file_lines::FileLines;
pub use invalid_utf8::InvalidUtf8Lines;
pub use multiline::{MultilineCuts, warn_of_cuts};
use rules::OfRules;
pub use rules::{FieldErrorKind, KnownRules, RuleCounters};

pub struct SelfMetrics {
    registry: Registry,
    vectors: Vectors,
    sources: Mutex<HashMap<Box<str>, SourceCounters>>,
    of_rules: OfRules,
    reload_success: IntGauge,
    reload_last_success: Gauge,
    /// Lines that no rule matched.
    pub lines_unmatched: IntCounter,
    pub scrapes: IntCounter,
    /// What became of history that standard input repeated.
    pub replay: ReplayCounters,
    /// Lines of each file, which no page of ours shows.
    pub file_lines: FileLines,
    /// See [`SelfMetrics::counting_block`].
    blocks: RwLock<()>,
}

/// What is counted of standard input that repeats history.
#[derive(Debug, Clone)]
pub struct ReplayCounters {
    /// Lines that were left out, as an earlier run counted them.
    pub repeated_lines: IntCounter,
    /// Containers that have a history which what came does not join.
    pub no_overlap: IntCounter,
    /// Lines of which it is not known yet whether they are new.
    pub held_lines: IntGauge,
}

/// What is counted for one input, as the command line names it. Clones share the counts.
#[derive(Debug, Clone)]
pub struct SourceCounters {
    /// Lines read, matched or not.
    pub lines: IntCounter,
    pub bytes: IntCounter,
    /// Lines that were cut because they were longer than a line may be.
    pub oversized: IntCounter,
    /// Files that were replaced by a new one.
    pub rotations: IntCounter,
    /// Files that were cut short.
    pub truncations: IntCounter,
    /// Files in another encoding than UTF-8.
    pub not_utf8_files: IntCounter,
    /// Lines of which a label's value is not valid UTF-8.
    pub invalid_utf8_lines: InvalidUtf8Lines,
    /// Records of several lines that came apart.
    pub multiline_cuts: MultilineCuts,
    /// Records of containers whose rest never came.
    pub incomplete_records: IntCounter,
    /// Files that hold what a followed file holds.
    pub copies_ignored: IntCounter,
    /// Files with another identity and the same content, taken for the file that was followed.
    pub same_content: IntCounter,
    /// Files that begin like the one that was followed, and were taken for new ones.
    pub other_content: IntCounter,
    /// Bytes that exist and are not read yet.
    pub lag_bytes: IntGauge,
    /// 1 while it can be read, as far as was last seen; 0 while nothing is there, or it is refused.
    pub up: IntGauge,
    /// Files that cannot be opened or read now.
    pub unreadable_files: IntGauge,
}

/// What the program is about to run, so that everything shows from the start, at 0.
#[derive(Debug, Default)]
pub struct KnownSources<'a> {
    /// The inputs as the command line names them.
    pub sources: Vec<&'a str>,
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
    not_utf8_files: IntCounterVec,
    invalid_utf8_lines: IntCounterVec,
    multiline_cuts: IntCounterVec,
    incomplete_records: IntCounterVec,
    copies_ignored: IntCounterVec,
    identity_decisions: IntCounterVec,
    lag_bytes: IntGaugeVec,
    up: IntGaugeVec,
    unreadable_files: IntGaugeVec,
}

impl Vectors {
    fn new(counters: &Counters<'_>) -> prometheus::Result<Vectors> {
        Ok(Vectors {
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
            not_utf8_files: counters.by(
                "not_utf8_files_total",
                "Files in another encoding than UTF-8 (UTF-16, mostly); nothing of them is counted.",
                &["source"],
            )?,
            invalid_utf8_lines: InvalidUtf8Lines::registered(counters)?,
            multiline_cuts: MultilineCuts::registered(counters)?,
            incomplete_records: counters.by(
                "incomplete_records_total",
                "Records of containers in parts whose rest never came; the part counts as a line.",
                &["source"],
            )?,
            copies_ignored: counters.by(
                "copies_ignored_total",
                "Files that hold what a followed file holds, and are not counted again.",
                &["source"],
            )?,
            identity_decisions: counters.by(
                "identity_decisions_total",
                "Files that were told by their content where their identity says otherwise: same (read on) or new (read from the start).",
                &["source", "decision"],
            )?,
            lag_bytes: counters.gauge_by(
                "source_lag_bytes",
                "Bytes that exist and are not read yet.",
                &["source"],
            )?,
            up: counters.gauge_by(
                "source_up",
                "Whether the input can be read: 0 while nothing is there, or a file of it cannot be opened or read.",
                &["source"],
            )?,
            unreadable_files: counters.gauge_by(
                "source_unreadable_files",
                "Files of the input that cannot be opened or read now.",
                &["source"],
            )?,
        })
    }
}

impl SelfMetrics {
    /// Registers everything.
    ///
    /// # Errors
    /// Never with the names that are here; the registry's own error is handed on all the same.
    pub fn new(known: &KnownSources<'_>) -> prometheus::Result<SelfMetrics> {
        let registry = Registry::new();
        let counters = Counters(&registry);
        let vectors = Vectors::new(&counters)?;
        let reload_success = counters.register(IntGauge::with_opts(options(
            "rules_reload_success",
            "Whether the rules that were last to be loaded are the ones that run.",
        ))?)?;
        let reload_last_success = counters.register(Gauge::with_opts(options(
            "rules_reload_last_success_timestamp_seconds",
            "When the rules that run were loaded, in seconds since 1970.",
        ))?)?;
        let lines_unmatched =
            counters.one("lines_unmatched_total", "Lines that no rule matched.")?;
        let scrapes = counters.one("scrapes_total", "Scrapes that were answered.")?;
        let replay = counters.replay()?;
        counters.build_info(known)?;
        counters.process()?;
        let own = SelfMetrics {
            of_rules: OfRules::new(&counters)?,
            reload_success,
            reload_last_success,
            registry,
            vectors,
            sources: Mutex::default(),
            lines_unmatched,
            scrapes,
            replay,
            file_lines: FileLines::default(),
            blocks: RwLock::default(),
        };
        for source in &known.sources {
            own.source(source);
        }
        Ok(own)
    }

    /// Where other parts of the program register metrics of their own.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The counters of an input. Not for every line: keep what it gives.
    pub fn source(&self, source: &str) -> SourceCounters {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = sources.get(source) {
            return counters.clone();
        }
        let label = &[source];
        let decisions = &self.vectors.identity_decisions;
        let counters = SourceCounters {
            lines: self.vectors.lines.with_label_values(label),
            bytes: self.vectors.bytes.with_label_values(label),
            oversized: self.vectors.oversized.with_label_values(label),
            rotations: self.vectors.rotations.with_label_values(label),
            truncations: self.vectors.truncations.with_label_values(label),
            not_utf8_files: self.vectors.not_utf8_files.with_label_values(label),
            invalid_utf8_lines: InvalidUtf8Lines::of(&self.vectors.invalid_utf8_lines, source),
            multiline_cuts: MultilineCuts::of(&self.vectors.multiline_cuts, source),
            incomplete_records: self.vectors.incomplete_records.with_label_values(label),
            copies_ignored: self.vectors.copies_ignored.with_label_values(label),
            same_content: decisions.with_label_values(&[source, "same"]),
            other_content: decisions.with_label_values(&[source, "new"]),
            lag_bytes: self.vectors.lag_bytes.with_label_values(label),
            up: self.vectors.up.with_label_values(label),
            unreadable_files: self.vectors.unreadable_files.with_label_values(label),
        };
        counters.up.set(1);
        sources.insert(source.into(), counters.clone());
        counters
    }

    /// Lines read so far, of all inputs.
    pub fn lines_read(&self) -> u64 {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.values().map(|counters| counters.lines.get()).sum()
    }

    /// While this lives [`SelfMetrics::between_blocks`] waits: hold it while the updates of a block are
    /// made in the store and its lines are counted here, and never while anything else is waited for.
    pub fn counting_block(&self) -> RwLockReadGuard<'_, ()> {
        self.blocks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `take` while no block is half counted. What it takes of the store and of these metrics
    /// belongs together: a page that says so many lines were read shows what they counted, no more
    /// and no less.
    pub fn between_blocks<T>(&self, take: impl FnOnce() -> T) -> T {
        let _no_block = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        take()
    }

    /// Shows the counters of these rules, and of no others, from now on. Rules that were shown before
    /// keep their counts.
    pub fn follow_rules(&self, known: &KnownRules<'_>) -> RuleCounters {
        self.of_rules.follow(known)
    }

    /// Notes how a reload of the rules went; after a good one, when, in milliseconds since 1970.
    pub fn reloaded(&self, success_ms: Option<u64>) {
        self.reload_success.set(i64::from(success_ms.is_some()));
        if let Some(now_ms) = success_ms {
            self.reload_last_success.set(now_ms as f64 / 1000.0);
        }
    }

    /// Whether the rules that were last to be loaded are the ones that run.
    pub fn is_reload_well(&self) -> bool {
        self.reload_success.get() == 1
    }

    /// All of them, sorted by name; `counts` is what the store says of its series.
    pub fn gather(&self, counts: &[SeriesCounts]) -> Vec<MetricFamily> {
        let mut families = self.registry.gather();
        // Made again each time: the store knows the truth. The names are fixed, so this cannot fail.
        if let Ok(of_store) = store_families(counts) {
            families.extend(of_store);
        }
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families
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

    fn replay(&self) -> prometheus::Result<ReplayCounters> {
        let help = "Lines of standard input held until it is known whether they repeat history.";
        let held_lines = IntGauge::with_opts(options("stdin_held_lines", help))?;
        Ok(ReplayCounters {
            repeated_lines: self.one(
                "stdin_repeated_lines_total",
                "Lines of standard input left out, as an earlier run counted them.",
            )?,
            no_overlap: self.one(
                "stdin_no_overlap_total",
                "Containers whose lines did not join what an earlier run counted of them.",
            )?,
            held_lines: self.register(held_lines)?,
        })
    }

    fn build_info(&self, known: &KnownSources<'_>) -> prometheus::Result<()> {
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
mod tests;
