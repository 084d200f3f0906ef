//! What the server shows: the metrics page and the status page, gathered from the store and the
//! program's own metrics.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::mtail_pages::MtailPages;
use super::reload::RulesReloader;
use super::restore::CheckpointStatus;
use super::scrapers::Scrapers;
use crate::server::status_page::{self, Input, MetricRow, RuleRow};
use crate::server::{Content, Page, Pieces, Reloaded, Scrape};
use logmetrics_core::clock::Clock;
use logmetrics_core::exposition::Exposition;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::Active;
use logmetrics_core::pipeline::unmatched_samples::UnmatchedSamples;

/// The running program, as the server sees it.
pub struct AppState {
    /// The rules that run, and their series.
    pub active: Arc<ArcSwap<Active>>,
    /// Reads the rules again.
    pub reloader: Arc<RulesReloader>,
    /// The program's own metrics.
    pub self_metrics: Arc<SelfMetrics>,
    /// The last lines that no rule matched.
    pub samples: Arc<UnmatchedSamples>,
    /// The inputs as the command line names them.
    pub inputs: Vec<String>,
    /// In mtail's own command line, its pages.
    pub mtail: Option<MtailPages>,
    /// Whether a scraper that has scraped before is shown new series at zero first.
    pub zero_start: bool,
    /// The time.
    pub clock: Clock,
    /// Who has scraped before.
    pub scrapers: Arc<Scrapers>,
    /// The state of saving, where a checkpoint is kept.
    pub checkpoint: Option<CheckpointStatus>,
    /// When the program started, in milliseconds since 1970.
    pub started_ms: u64,
}

impl Content for AppState {
    fn scrape(&self, request: Scrape) -> Pieces {
        self.self_metrics.scrapes.inc();
        let now_ms = self.clock.now_ms();
        let active = self.active.load_full();
        let mut snapshot = active.store.snapshot(now_ms);
        let births = snapshot.births;
        if self.zero_start
            && let Some(scraper) = request.scraper
            && let Some(before) = self.scrapers.visit(scraper, births, now_ms)
        {
            snapshot.show_new_at_zero(before);
        }
        let mut self_metrics = self.self_metrics.gather(&active.store.counts());
        if let Some(mtail) = &self.mtail {
            self_metrics.extend(mtail.families(&self.self_metrics));
        }
        Box::new(Exposition::new(snapshot, self_metrics, request.format))
    }

    fn status_page(&self) -> String {
        let active = self.active.load_full();
        let since = |ms| Duration::from_millis(self.clock.now_ms().saturating_sub(ms));
        let mut last_unmatched = self.samples.lines();
        last_unmatched.reverse();
        status_page::Page {
            version: crate::VERSION.to_owned(),
            uptime: since(self.started_ms),
            state: self
                .checkpoint
                .as_ref()
                .map(|checkpoint| checkpoint.row(self.clock.now_ms())),
            inputs: self
                .inputs
                .iter()
                .map(|source| self.input(source))
                .collect(),
            rules: rules(&active),
            rules_loaded: since(active.loaded_ms),
            rules_outdated: !self.self_metrics.is_reload_well(),
            metrics: metrics(&active.store),
            lines_unmatched: self.self_metrics.lines_unmatched.get(),
            last_unmatched: last_unmatched
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect(),
        }
        .render()
    }

    fn other_page(&self, path: &str, query: Option<&str>) -> Option<Page> {
        let mtail = self.mtail.as_ref()?;
        let active = self.active.load_full();
        let snapshot = active.store.snapshot(self.clock.now_ms());
        mtail.page((path, query), &active.engine, &snapshot)
    }

    fn reload(&self) -> Reloaded {
        self.reloader.reload("POST /-/reload")
    }
}

impl AppState {
    fn input(&self, source: &str) -> Input {
        let counters = self.self_metrics.source(source);
        Input {
            source: source.to_owned(),
            lag_bytes: u64::try_from(counters.lag_bytes.get()).unwrap_or(0),
            lines: counters.lines.get(),
            bytes: counters.bytes.get(),
        }
    }
}

fn rules(active: &Active) -> Vec<RuleRow> {
    let rows = active.engine.rule_names().zip(active.counters.matches());
    rows.map(|(name, matches)| RuleRow {
        name: name.to_owned(),
        matches,
    })
    .collect()
}

fn metrics(store: &Store) -> Vec<MetricRow> {
    let counts = store.counts().into_iter();
    counts
        .zip(store.definitions().iter())
        .map(|(counts, definition)| MetricRow {
            name: definition.name.clone(),
            series: counts.series as u64,
            limit: definition.series_max as u64,
            limited: counts.series_limited_total,
        })
        .collect()
}
