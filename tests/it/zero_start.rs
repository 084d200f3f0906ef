//! What a scraper is shown of new series: zero first, then the value, however soon the series expires
//! and whoever else scrapes.

use std::time::{Duration, Instant};

use crate::fixture::{Client, Daemon, PATIENCE, Page, Run, Scratch, wait_for};

const RULE: &str = "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\n";
const ANN: &str = "seen{user=\"ann\"}";

fn start(scratch: &Scratch, metric: &str) -> Daemon {
    scratch.write("rules.toml", format!("{RULE}metric = [{metric}]\n"));
    scratch.write("app.log", "");
    let run = Run::new().rules(scratch.path("rules.toml"));
    let daemon = run.arg(scratch.path("app.log")).start();
    daemon.until_ready();
    daemon
}

fn scrape(client: &Client) -> Page {
    let header = [("X-Prometheus-Scrape-Timeout-Seconds", "10")];
    Page(client.request("GET", "/metrics", &header).text().to_owned())
}

/// Until the program has read so many lines.
fn until_read(daemon: &Daemon, lines: f64) {
    daemon.until(|page| page.sum("logmetrics_lines_total") == lines);
}

/// Until so much time has passed: an expiry has to do with time alone.
fn pass(time: Duration) {
    let begun = Instant::now();
    wait_for(PATIENCE, || (begun.elapsed() >= time).then_some(()));
}

#[test]
fn a_series_does_not_expire_before_its_value_was_scraped() {
    let scratch = Scratch::new();
    let daemon = start(
        &scratch,
        "{ counter = 'seen', by = ['user'], expire = '1s' }",
    );
    scrape(&daemon);
    for round in 1..3 {
        scratch.append("app.log", "user=ann\n".repeat(20));
        until_read(&daemon, 20.0 * f64::from(round));
        assert_eq!(scrape(&daemon).value(ANN), Some(0.0));
        pass(Duration::from_millis(2500));
        assert_eq!(scrape(&daemon).value(ANN), Some(20.0));
        // Shown, and nothing came since.
        pass(Duration::from_millis(2500));
        assert_eq!(scrape(&daemon).value(ANN), None);
    }
    daemon.stop();
}

#[test]
fn two_scrapers_behind_one_address_each_see_a_new_series_at_zero() {
    let scratch = Scratch::new();
    let daemon = start(&scratch, "{ counter = 'seen', by = ['user'] }");
    let scrapers = [(); 2].map(|()| Client::new(daemon.url.clone()));
    scrapers.iter().for_each(|scraper| _ = scrape(scraper));
    scratch.append("app.log", "user=ann\n".repeat(7));
    until_read(&daemon, 7.0);
    for expected in [0.0, 7.0] {
        for scraper in &scrapers {
            assert_eq!(scrape(scraper).value(ANN), Some(expected));
        }
    }
    daemon.stop();
}
