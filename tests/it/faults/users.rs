//! More distinct users than any limit allows: memory stays small, the total stays right, and the
//! metric and label that were too much are named.

use std::io::{BufWriter, Write};

use super::long;
use crate::fixture::{Run, Scratch};

/// How many values a label may have, and how many series a metric, where rules say nothing else.
const VALUES_MAX: u64 = 10_000;
const SERIES_MAX: u64 = 50_000;

const RULES: &str = r"[[rule]]
match = 'user=(?P<user>\S+) route=(?P<route>\S+)'
metric = [{ counter = 'requests', by = ['user', 'route'] }]
";

/// What the process may hold in all. Measured with 1 000 000 users: see the test's output.
const RESIDENT_BYTES_MAX: f64 = 64e6;

#[test]
fn a_million_users_fold_into_others_and_memory_stays_small() {
    let users = if long().is_some() { 1_000_000 } else { 60_000 };
    let routes = 7;
    let scratch = Scratch::new();
    let mut log = BufWriter::new(scratch.writer("app.log"));
    for user in 0..users {
        let route = user % routes;
        writeln!(log, "user=user-{user}@corp.example route=route-{route}").unwrap();
    }
    log.flush().unwrap();
    let daemon = || {
        let daemon = Run::new()
            .rules(scratch.write("rules.toml", RULES))
            .arg("--state")
            .arg(scratch.path("state.db"))
            .arg(scratch.path("app.log"))
            .start();
        daemon.until_ready();
        daemon
    };
    let running = daemon();
    let page = running.until(|page| page.sum("requests") >= users as f64);
    let check = |page: &crate::fixture::Page| {
        assert_eq!(page.sum("requests"), users as f64);
        // Those who came first have their own series; the others share one for each route.
        let series = page.series("requests");
        assert_eq!(series.len() as u64, VALUES_MAX + routes);
        assert!(series.len() as u64 <= SERIES_MAX);
        let others: f64 = (0..routes)
            .map(|route| series[&*format!("route=\"route-{route}\",user=\"__other__\"")])
            .sum();
        assert_eq!(others, (users - VALUES_MAX) as f64);
        let limited = "logmetrics_label_limited_total{label=\"user\",metric=\"requests\"}";
        assert_eq!(page.value(limited), Some((users - VALUES_MAX) as f64));
    };
    check(&page);
    let resident = page.value("process_resident_memory_bytes");
    println!("{users} users: {resident:?} bytes resident");
    assert!(
        resident.is_none_or(|bytes| bytes < RESIDENT_BYTES_MAX),
        "{resident:?}"
    );
    running.stop();
    let again = daemon();
    check(&again.metrics());
    again.stop();
}

#[test]
fn a_metric_of_too_many_series_is_named_too() {
    let users: u64 = 60_000;
    let scratch = Scratch::new();
    let rules = RULES
        .replace("by = [", "limit = 1000, by = [")
        .replace("match", "name = 'requests'\nmatch");
    let log: String = (0..users)
        .map(|number| format!("user=u{} route=r{}\n", number % 100, number % 211))
        .collect();
    let run = Run::new()
        .rules(scratch.write("rules.toml", rules))
        .arg(scratch.write("app.log", log))
        .start();
    run.until_ready();
    let page = run.metrics();
    assert_eq!(page.sum("requests"), users as f64);
    assert_eq!(page.series("requests").len(), 1001);
    let others = page.value("requests{route=\"__other__\",user=\"__other__\"}");
    let limited = page.value("logmetrics_series_limited_total{metric=\"requests\"}");
    assert_eq!(limited, others);
    assert!(limited > Some(0.0));
    run.stop();
}
