//! `docker-compose logs -f` prints the log again each time it starts: with `--state` each line
//! counts once all the same.

use crate::fixture::{Run, Scratch};

const RULES: &str = "[[rule]]\nmatch = 'user=(?P<user>\\S+) number=(?P<number>\\d+)'\n\
    metric = [{ counter = 'seen', by = ['user', 'number'] }]\n";

/// What compose prints of two containers, from the given lines on; in another order each round.
fn printed(round: usize, from: [usize; 2], to: usize) -> String {
    let lines = |name: &str, user: &str, from: usize| -> Vec<String> {
        (from..to)
            .map(|number| format!("{name}  | user={user} number={number}\n"))
            .collect()
    };
    let (gateway, other) = (
        lines("gw-1", "ann", from[0]),
        lines("web-1", "bob", from[1]),
    );
    let (mut gateway, mut other) = (gateway.into_iter(), other.into_iter());
    let mut log = String::new();
    while gateway.len() + other.len() > 0 {
        log.extend(gateway.by_ref().take(1 + round % 3));
        log.extend(other.by_ref().take(1 + round % 2));
    }
    log
}

#[test]
fn a_history_that_grows_counts_each_line_once() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let state = scratch.path("state.db");
    let mut total = 0_usize;
    for round in 0..20 {
        let to = total + 10;
        // All of it, the end of it (`--tail`), or a later part of one container alone (a rotated
        // log).
        let from = match round % 3 {
            0 => [0, 0],
            1 => [total.saturating_sub(7); 2],
            _ => [total / 2, 0],
        };
        let daemon = Run::new()
            .rules(&rules)
            .arg("--state")
            .arg(&state)
            .arg("-")
            .stdin(printed(round, from, to))
            .start();
        let repeated = (2 * total - from[0] - from[1]) as f64;
        daemon.until(|page| {
            page.sum("seen") >= 2.0 * to as f64
                && page.value("logmetrics_stdin_repeated_lines_total") == Some(repeated)
        });
        let page = daemon.metrics();
        let twice = page
            .series("seen")
            .into_values()
            .filter(|seen| *seen != 1.0);
        assert_eq!(twice.count(), 0, "in round {round}");
        assert_eq!(page.series("seen").len(), 2 * to);
        assert_eq!(page.value("logmetrics_stdin_held_lines"), Some(0.0));
        daemon.stop();
        total = to;
    }
}
