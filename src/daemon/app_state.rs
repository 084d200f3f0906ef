//! What the server shows: the metrics page and the status page, gathered from the store and the
//! program's own metrics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use prometheus::proto::MetricFamily;

use super::mounted_files::MountedFiles;
use super::own_metrics::OwnMetrics;
use super::reload::RulesReloader;
use super::restore::ShownCheckpoint;
use super::saved_pages::SavedPages;
use super::scrapers::Scrapers;
use crate::server::status_page::{self, Input, MetricRow, RuleRow, UnmatchedRow};
use crate::server::{Backend, Page, PendingPieces, Pieces, Reloaded, Scrape, Scraper};
use logmetrics_core::clock::Clock;
use logmetrics_core::exposition::Exposition;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::Active;
use logmetrics_core::pipeline::unmatched_samples::UnmatchedSamples;
use logmetrics_core::unknown_prefix::{self, PrefixSearch};
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// A page that was saved so long ago will do for those who are no scraper: asking again and again
/// does not keep the disk busy.
const PEOPLE_WAIT_LESS: Duration = Duration::from_millis(100);

/// The running program, as the server sees it.
pub struct AppState {
    /// The rules that run, and their series.
    pub active: Arc<ArcSwap<Active>>,
    /// Reads the rules again.
    pub reloader: Arc<RulesReloader>,
    /// The program's own metrics.
    pub self_metrics: Arc<SelfMetrics>,
    /// The same as a page shows them.
    pub own: Arc<OwnMetrics>,
    /// The last lines that no rule matched.
    pub samples: Arc<UnmatchedSamples>,
    /// The inputs as the command line names them.
    pub inputs: Vec<String>,
    /// Whether a scraper that has scraped before is shown new series at zero first.
    pub zero_start: bool,
    /// The time.
    pub clock: Clock,
    /// Who has scraped before.
    pub scrapers: Arc<Scrapers>,
    /// What is shown of saving, where a checkpoint is kept.
    pub saving: Option<ShownCheckpoint>,
    /// Inputs that are single files.
    pub mounted: Arc<MountedFiles>,
    /// When the program started, in milliseconds since 1970.
    pub started_ms: u64,
}

impl Backend for AppState {
    fn scrape(&self, request: Scrape) -> PendingPieces<'_> {
        Box::pin(async move {
            self.self_metrics.scrapes.inc();
            let scraper = request.scraper.as_ref().filter(|_| self.zero_start);
            let (snapshot, self_metrics) = match &self.saving {
                None => self.current(scraper),
                Some(saving) => self.saved(&saving.pages, scraper).await,
            };
            let exposition = Exposition::new(snapshot, self_metrics, request.format);
            Box::new(exposition) as Pieces
        })
    }

    fn status_page(&self) -> String {
        let active = self.active.load_full();
        let since = |ms| Duration::from_millis(self.clock.now_ms().saturating_sub(ms));
        let (inputs, rules, metrics, lines_unmatched) = self.self_metrics.between_blocks(|| {
            let inputs: Vec<Input> = self.inputs.iter().map(|one| self.input(one)).collect();
            let unmatched = self.self_metrics.lines_unmatched.get();
            (inputs, rules(&active), metrics(&active.store), unmatched)
        });
        status_page::Page {
            version: crate::VERSION.to_owned(),
            uptime: since(self.started_ms),
            state: self
                .saving
                .as_ref()
                .map(|saving| saving.status.row(self.clock.now_ms())),
            inputs,
            rules,
            rules_loaded: since(active.loaded_ms),
            rules_outdated: !self.self_metrics.is_reload_well(),
            metrics,
            lines_unmatched,
            last_unmatched: self.last_unmatched(&active),
        }
        .render()
    }

    fn other_page(&self, path: &str, query: Option<&str>) -> Option<Page> {
        let mtail = self.own.mtail.as_ref()?;
        let active = self.active.load_full();
        let snapshot = active.store.snapshot(self.clock.now_ms());
        mtail.page((path, query), &active.engine, &snapshot)
    }

    fn reload(&self) -> Reloaded {
        self.reloader.reload("POST /-/reload")
    }

    fn troubles(&self) -> Vec<String> {
        let of_input = |source: &String| {
            let trouble = self.trouble(source)?;
            Some(format!("{source}: {trouble}"))
        };
        let mut troubles: Vec<String> = self.inputs.iter().filter_map(of_input).collect();
        let own = &self.self_metrics;
        // Lines that come in between would make it look as if none had matched.
        let (lines, unmatched) =
            own.between_blocks(|| (own.lines_read(), own.lines_unmatched.get()));
        if lines > 0 && unmatched >= lines {
            troubles.push(format!(
                "no rule matches any of the {lines} lines that were read; `logmetrics explain LOG` \
                 says why, line by line"
            ));
        }
        if !self.self_metrics.is_reload_well() {
            troubles.push("newer rules are wrong and not in use; the log says why".to_owned());
        }
        troubles
    }
}

impl AppState {
    /// What is counted now.
    fn current(&self, scraper: Option<&Scraper>) -> (Snapshot, Vec<MetricFamily>) {
        let now_ms = self.clock.now_ms();
        let store = Arc::clone(&self.active.load().store);
        let (mut snapshot, own) = self.own.with_counts(&store, now_ms);
        if let Some(scraper) = scraper {
            let zero_from = self
                .scrapers
                .visit(scraper, snapshot.series_created, now_ms);
            snapshot.show_new_at_zero(zero_from);
            store.keep_unshown(self.scrapers.unshown(now_ms));
        }
        (snapshot, own)
    }

    /// What is counted and saved. The save holds that this scraper is shown it.
    async fn saved(
        &self,
        pages: &SavedPages,
        scraper: Option<&Scraper>,
    ) -> (Snapshot, Vec<MetricFamily>) {
        let key = scraper.map(|scraper| self.scrapers.announce(scraper));
        let now = Instant::now();
        let since = match key {
            Some(_) => now,
            None => now.checked_sub(PEOPLE_WAIT_LESS).unwrap_or(now),
        };
        let Some(page) = pages.page(since).await else {
            return self.current(scraper);
        };
        let mut snapshot = page.snapshot.clone();
        if let Some(zero_from) = key.and_then(|key| self.scrapers.zero_from(key)) {
            snapshot.show_new_at_zero(zero_from);
        }
        (snapshot, page.own.clone())
    }

    /// Why an input cannot be read, or not whole.
    fn trouble(&self, source: &str) -> Option<String> {
        if let Some(reason) = self.mounted.reason(source) {
            return Some(reason);
        }
        let counters = self.self_metrics.source(source);
        match (counters.unreadable_files.get(), counters.up.get()) {
            (1, _) => Some("1 file cannot be opened or read; the log says why".to_owned()),
            (2.., _) => {
                let files = counters.unreadable_files.get();
                Some(format!(
                    "{files} files cannot be opened or read; the log says why"
                ))
            }
            (_, 0) => Some("nothing is there to read".to_owned()),
            _ => None,
        }
    }

    /// The last lines that no rule matched, newest first.
    fn last_unmatched(&self, active: &Active) -> Vec<UnmatchedRow> {
        let mut search = PrefixSearch::new(&active.engine);
        let origin = Origin {
            source: Arc::from(""),
            file: Arc::from(""),
        };
        let row = |text: &Vec<u8>| {
            let prefix = search.find(&Line {
                text,
                wrapping: &Wrapping::NONE,
                origin: &origin,
            });
            UnmatchedRow {
                line: String::from_utf8_lossy(text).into_owned(),
                note: prefix.map(|prefix| unknown_prefix::words(&String::from_utf8_lossy(prefix))),
            }
        };
        self.samples.lines().iter().rev().map(row).collect()
    }

    fn input(&self, source: &str) -> Input {
        let counters = self.self_metrics.source(source);
        Input {
            source: source.to_owned(),
            lag_bytes: u64::try_from(counters.lag_bytes.get()).unwrap_or(0),
            lines: counters.lines.get(),
            bytes: counters.bytes.get(),
            trouble: self.trouble(source),
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
