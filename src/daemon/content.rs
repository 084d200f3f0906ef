//! What the server shows: the metrics page and the status page, gathered from the store and the
//! program's own metrics.

use std::sync::Arc;
use std::time::Duration;

use super::scrapers::Scrapers;
use crate::clock::Clock;
use crate::exposition::Exposition;
use crate::metrics::own::Own;
use crate::metrics::store::Store;
use crate::pipeline::samples::Samples;
use crate::server::page::{Input, MetricRow, Page, RuleRow};
use crate::server::{Content, Pieces, Scrape};

/// The running program, as the server sees it.
pub struct Running {
    /// The series of the rules.
    pub store: Arc<Store>,
    /// The program's own metrics.
    pub own: Arc<Own>,
    /// The last lines that no rule matched.
    pub samples: Arc<Samples>,
    /// The inputs as the command line names them.
    pub inputs: Vec<String>,
    /// The names of the rules.
    pub rules: Vec<String>,
    /// The time.
    pub clock: Clock,
    /// Who has scraped before.
    pub scrapers: Scrapers,
    /// When the program started, in milliseconds since 1970.
    pub started_ms: u64,
}

impl Content for Running {
    fn scrape(&self, request: Scrape) -> Pieces {
        self.own.scrapes.inc();
        let now_ms = self.clock.now_ms();
        let mut snapshot = self.store.snapshot(now_ms);
        let births = snapshot.births;
        if let Some(scraper) = request.scraper
            && let Some(before) = self.scrapers.visit(scraper, births, now_ms)
        {
            snapshot.show_new_at_zero(before);
        }
        let own = self.own.gather(&self.store.counts());
        Box::new(Exposition::new(snapshot, own, request.format))
    }

    fn status_page(&self) -> String {
        let uptime = self.clock.now_ms().saturating_sub(self.started_ms);
        let mut last_unmatched = self.samples.lines();
        last_unmatched.reverse();
        Page {
            version: crate::VERSION.to_owned(),
            uptime: Duration::from_millis(uptime),
            inputs: self
                .inputs
                .iter()
                .map(|source| self.input(source))
                .collect(),
            rules: self.rules(),
            metrics: self.metrics(),
            lines_unmatched: self.own.lines_unmatched.get(),
            last_unmatched: last_unmatched
                .iter()
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect(),
        }
        .render()
    }
}

impl Running {
    fn input(&self, source: &str) -> Input {
        let counters = self.own.source(source);
        Input {
            source: source.to_owned(),
            lag_bytes: u64::try_from(counters.lag_bytes.get()).unwrap_or(0),
            lines: counters.lines.get(),
            bytes: counters.bytes.get(),
        }
    }

    fn rules(&self) -> Vec<RuleRow> {
        let matches = self.own.rule_matches();
        let rows = self.rules.iter().zip(matches);
        rows.map(|(name, matches)| RuleRow {
            name: name.clone(),
            matches,
        })
        .collect()
    }

    fn metrics(&self) -> Vec<MetricRow> {
        let counts = self.store.counts();
        let definitions = self.store.definitions();
        let row = |(counts, definition): (_, &crate::metrics::definition::Definition)| {
            let counts: crate::metrics::store::SeriesCounts = counts;
            MetricRow {
                name: definition.name.clone(),
                series: counts.series as u64,
                limit: definition.series_max as u64,
                limited: counts.series_limited_total,
            }
        };
        counts
            .into_iter()
            .zip(definitions.iter())
            .map(row)
            .collect()
    }
}
