//! Rules that change while the state is kept, and kills in between: a metric goes on as long as its
//! definition stays, and begins anew where it is another one or was gone.

use rustix::process::Signal;

use super::until_saved;
use crate::fixture::{Daemon, PATIENCE, Run, Scratch};

const USERS: &str = "{ counter = 'by_user', by = ['user'] }";
const OTHER: &str = "{ counter = 'other', by = ['user'] }";
const OTHER_BY_ROUTE: &str = "{ counter = 'other', by = ['route'] }";

fn write_rules(scratch: &Scratch, metrics: &[&str]) {
    let metrics = metrics.join(", ");
    let rule = r"match = 'user=(?P<user>\S+) route=(?P<route>\S+)'";
    scratch.write(
        "rules.toml",
        format!("[[rule]]\n{rule}\nmetric = [{metrics}]\n"),
    );
}

fn run(scratch: &Scratch) -> Run {
    Run::new()
        .rules(scratch.path("rules.toml"))
        .arg("--state")
        .arg(scratch.path("state.db"))
        .args("--state-interval 20ms")
}

/// So many lines of one user.
fn lines(count: usize) -> String {
    "user=ann route=a\n".repeat(count)
}

/// Waits for these sums; nothing stands for a metric that is not there.
#[track_caller]
fn shows(daemon: &Daemon, by_user: f64, other: Option<f64>) {
    let sum = |page: &crate::fixture::Page| {
        let series = page.series("other");
        (!series.is_empty()).then(|| series.values().sum())
    };
    let page = daemon.until(|page| page.sum("by_user") == by_user && sum(page) == other);
    assert_eq!(page.value("by_user{user=\"ann\"}"), Some(by_user));
}

fn kill(mut daemon: Daemon) {
    until_saved(&daemon);
    daemon.signal(Signal::KILL);
    daemon.ended(PATIENCE);
}

#[test]
fn a_metric_that_was_gone_begins_anew_and_the_others_go_on() {
    let scratch = Scratch::new();
    let start = || {
        let daemon = run(&scratch).arg(scratch.path("app.log")).start();
        daemon.until_ready();
        daemon
    };
    write_rules(&scratch, &[USERS, OTHER]);
    scratch.append("app.log", lines(10));
    let daemon = start();
    shows(&daemon, 10.0, Some(10.0));
    kill(daemon);

    // Gone while it is down, and the log is rotated.
    scratch.append("app.log", lines(3));
    scratch.rotate("app.log", "app.log.1");
    scratch.append("app.log", lines(2));
    write_rules(&scratch, &[USERS]);
    let daemon = start();
    shows(&daemon, 15.0, None);
    assert!(daemon.said().contains("dropped other"), "{}", daemon.said());
    kill(daemon);

    // Back again, and at once another one, and back to what it was, while it runs.
    write_rules(&scratch, &[OTHER, USERS]);
    scratch.append("app.log", lines(1));
    let daemon = start();
    shows(&daemon, 16.0, Some(1.0));
    write_rules(&scratch, &[USERS, OTHER_BY_ROUTE]);
    daemon.until(|page| page.series("other").is_empty());
    scratch.append("app.log", lines(4));
    shows(&daemon, 20.0, Some(4.0));
    kill(daemon);
    let daemon = start();
    shows(&daemon, 20.0, Some(4.0));
    write_rules(&scratch, &[USERS, OTHER]);
    daemon.until(|page| page.series("other").is_empty());
    scratch.rotate("app.log", "app.log.2");
    scratch.append("app.log", lines(5));
    shows(&daemon, 25.0, Some(5.0));
    kill(daemon);
    let daemon = start();
    shows(&daemon, 25.0, Some(5.0));
    daemon.stop();
}

#[test]
fn a_new_metric_counts_no_repeated_history() {
    let scratch = Scratch::new();
    // Each line of the history is another one, as a log with times has it.
    let history = |from: usize, to: usize| -> String {
        (from..to)
            .map(|number| format!("gw-1  | user=ann route=r{number}\n"))
            .collect()
    };
    write_rules(&scratch, &[USERS]);
    let daemon = run(&scratch).arg("-").stdin(history(0, 100)).start();
    shows(&daemon, 100.0, None);
    write_rules(&scratch, &[USERS, OTHER]);
    daemon.signal(Signal::HUP);
    daemon.until_said("new other");
    kill(daemon);
    let daemon = run(&scratch).arg("-").stdin(history(0, 130)).start();
    shows(&daemon, 130.0, Some(30.0));
    write_rules(&scratch, &[USERS, OTHER_BY_ROUTE]);
    daemon.signal(Signal::HUP);
    daemon.until(|page| page.series("other").is_empty());
    kill(daemon);
    let daemon = run(&scratch).arg("-").stdin(history(90, 140)).start();
    shows(&daemon, 140.0, Some(10.0));
    daemon.stop();
}
