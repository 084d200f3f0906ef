//! `--jaeger --state`, killed at any moment while spans come: each is counted once.

use std::time::Duration;

use rustix::process::Signal;

use super::service::{Jaeger, Manner};
use super::{REQUESTS, assert_followed, follow, until_asked};
use crate::fixture::{PATIENCE, Run, Scratch, wait_for};

/// A series for every span, so that a sum cannot hide one that is lost and one that is doubled.
const RULES: &str = "
[[rule]]
fields = 'auto'
[rule.labels]
span = 'span.id'
[[rule.metric]]
counter = 'seen'
by = ['span']
";

fn saving(run: Run, scratch: &Scratch) -> Run {
    let state = scratch.path("state.db");
    run.args("--state-interval 20ms --state").arg(state)
}

/// Waits until so many more requests have come.
#[track_caller]
fn until_comes(jaeger: &Jaeger, more: usize) {
    let before = jaeger.asked();
    let come = wait_for(PATIENCE, || (jaeger.asked() >= before + more).then_some(()));
    assert!(come.is_some(), "it asks no more");
}

/// Shows all spans by and by, in no order of their time, and kills the program each time at another
/// moment: before it asks, between the parts of a search, after them.
fn kill_while_spans_come(jaeger: &Jaeger, run: &Run) {
    jaeger.show(0);
    for round in 0..20 {
        let mut daemon = run.clone().start();
        until_comes(jaeger, round % 7);
        jaeger.show((round + 1) * 398 / 20);
        until_comes(jaeger, round * 3 % 11);
        daemon.signal(Signal::KILL);
        daemon.ended(PATIENCE);
    }
}

#[test]
fn each_span_counts_once() {
    for (v3, cap, late) in [
        (true, usize::MAX, "1h"),
        (false, 60, "1h"),
        (true, 60, "10m"),
    ] {
        let scratch = Scratch::new();
        let jaeger = Jaeger::start(Manner {
            v3,
            cap,
            delay: Duration::from_millis(3),
            ..Manner::default()
        });
        let rules = scratch.write("rules.toml", RULES);
        let run = saving(follow(&jaeger, late), &scratch).rules(&rules);
        kill_while_spans_come(&jaeger, &run);
        let daemon = run.start();
        daemon.until(|page| page.sum("seen") >= REQUESTS);
        // Asked for all of it again, nothing more comes.
        until_asked(&daemon, 20.0);
        let page = daemon.metrics();
        let seen = page.series("seen");
        assert_eq!(seen.len(), 398, "{}", daemon.said());
        assert!(seen.values().all(|count| *count == 1.0), "{seen:?}");
        daemon.stop();
    }
}

#[test]
fn the_built_in_counts_are_those_of_an_independent_reading() {
    let scratch = Scratch::new();
    let jaeger = Jaeger::start(Manner {
        cap: 100,
        fault_every: 9,
        ..Manner::default()
    });
    let run = saving(follow(&jaeger, "1h"), &scratch);
    kill_while_spans_come(&jaeger, &run);
    let daemon = run.start();
    daemon.until(|page| page.sum("requests_by_user") >= REQUESTS);
    until_asked(&daemon, 10.0);
    assert_followed(&daemon, &daemon.metrics());
    daemon.stop();
}

#[test]
fn what_came_while_nobody_looked_is_counted_after_the_start() {
    let scratch = Scratch::new();
    let jaeger = Jaeger::start(Manner::default());
    jaeger.show(100);
    // Default beginning: now, so nothing of the past counts at first.
    let run = |more: &str| {
        let run = Run::new().args("--jaeger-interval 50ms").args(more);
        saving(run.arg("--jaeger").arg(&jaeger.url), &scratch)
    };
    let daemon = run("--jaeger-since 1h").start();
    daemon.until(|page| page.sum("requests_by_user") == 100.0);
    daemon.stop();
    jaeger.show(398);
    // Where it begins is known from the state, whatever is said now.
    let daemon = run("--jaeger-since now").start();
    daemon.until(|page| page.sum("requests_by_user") >= REQUESTS);
    until_asked(&daemon, 10.0);
    assert_followed(&daemon, &daemon.metrics());
    daemon.stop();
}
