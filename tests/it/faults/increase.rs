//! What Prometheus makes of the pages that it scrapes: no series may ever fall, and what `increase()`
//! adds up, which takes a fall for a reset to zero, must be what was written.

use std::collections::BTreeMap;

use crate::fixture::{Client, Page};

/// The header that a Prometheus server sends.
const PROMETHEUS: (&str, &str) = ("X-Prometheus-Scrape-Timeout-Seconds", "10");

/// A Prometheus server that scrapes one target through all its lives.
#[derive(Default)]
pub struct Prometheus {
    last: BTreeMap<String, f64>,
    increase: f64,
}

impl Prometheus {
    /// Scrapes; nothing where there is no answer.
    pub fn scrape(&mut self, client: &Client) -> Option<Page> {
        let answer = client.try_request("GET", "/metrics", &[PROMETHEUS]).ok()?;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = Page(answer.text().to_owned());
        for (series, value) in page.series("seen") {
            // A series' first sample adds nothing.
            let before = self.last.insert(series.to_owned(), value).unwrap_or(value);
            assert!(value >= before, "{series} fell from {before} to {value}");
            self.increase += value - before;
        }
        Some(page)
    }

    /// Asserts that the increase over all scrapes is `lines`, after two more, since what is new is
    /// shown as 0 first.
    #[track_caller]
    pub fn assert_increase(&mut self, client: &Client, lines: u64) {
        for _ in 0..2 {
            assert!(self.scrape(client).is_some(), "no answer");
        }
        assert_eq!(self.increase, lines as f64, "increase() over all scrapes");
    }
}
