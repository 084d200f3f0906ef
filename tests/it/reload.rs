//! Rules that change while everything runs.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::fixture::{Daemon, Run, Scratch};

/// A rule that counts lines by their user, with these keys of its metric; a second counter of its own
/// name for each of `others`.
fn rules(keys: &str, others: &[&str]) -> String {
    let mut text = format!(
        "[[rule]]\nname = 'users'\nmatch = 'user=(?P<user>\\S+)'\n\
         [[rule.metric]]\ncounter = 'seen_total'\nby = ['user']\n{keys}\n"
    );
    for other in others {
        text += &format!("[[rule.metric]]\ncounter = '{other}'\n");
    }
    text
}

fn start(scratch: &Scratch, run: Run) -> Daemon {
    let daemon = run
        .rules(scratch.path("rules.toml"))
        .arg(scratch.path("app.log"))
        .start();
    daemon.until_ready();
    daemon
}

const SUCCESS: &str = "logmetrics_rules_reload_success";
const ANN: &str = "seen_total{user=\"ann\"}";

#[test]
fn a_changed_file_takes_over_and_values_stay() {
    let scratch = Scratch::new();
    scratch.write("rules.toml", rules("", &["old_total"]));
    scratch.write("app.log", "user=ann\nuser=ann\n");
    let daemon = start(&scratch, Run::new());
    let before = daemon.until(|page| page.value(ANN) == Some(2.0));
    assert_eq!(before.value("old_total"), Some(2.0));
    assert_eq!(before.value(SUCCESS), Some(1.0));
    let loaded = "logmetrics_rules_reload_last_success_timestamp_seconds";
    let since = before.value(loaded).unwrap();

    scratch.write("rules.toml", rules("help = 'Other words.'", &["new_total"]));
    let after = daemon.until(|page| page.value("new_total") == Some(0.0));
    assert_eq!(after.value(ANN), Some(2.0));
    assert_eq!(after.value("old_total"), None);
    assert!(
        after.0.contains("# HELP seen_total Other words."),
        "{}",
        after.0
    );
    assert!(after.value(loaded).unwrap() > since);
    // The rule is the same one and keeps its own count.
    let matches = "logmetrics_rule_matches_total{rule=\"users\"}";
    assert_eq!(after.value(matches), Some(2.0));
    scratch.append("app.log", "user=ann\n");
    let counted = daemon.until(|page| page.value(matches) == Some(3.0));
    assert_eq!(counted.value("new_total"), Some(1.0));
    assert_eq!(counted.value(ANN), Some(3.0));
    daemon.until_said("kept seen_total; new new_total; gone old_total");
    let page = daemon.get("/").text().to_owned();
    assert!(page.contains("new_total"), "{page}");
    assert!(!page.contains("old_total"), "{page}");
    daemon.stop();
}

#[test]
fn wrong_rules_change_nothing_and_say_why() {
    let scratch = Scratch::new();
    scratch.write("rules.toml", rules("", &[]));
    scratch.write("app.log", "user=ann\n");
    let daemon = start(&scratch, Run::new().arg("--enable-lifecycle"));
    daemon.until(|page| page.value(ANN) == Some(1.0));

    scratch.write("rules.toml", rules("limits = 3", &[]));
    daemon.until(|page| page.value(SUCCESS) == Some(0.0));
    daemon.until_said("the previous ones stay in use");
    daemon.until_said("rules.toml:7:1");
    let answer = daemon.request("POST", "/-/reload", &[]);
    assert_eq!(answer.status, 422);
    assert!(
        answer.text().contains("did you mean `limit`"),
        "{}",
        answer.text()
    );
    assert!(
        answer.text().contains("rules.toml:7:1"),
        "{}",
        answer.text()
    );
    let page = daemon.get("/").text().to_owned();
    assert!(page.contains("Newer rules are wrong"), "{page}");
    scratch.append("app.log", "user=ann\n");
    daemon.until(|page| page.value(ANN) == Some(2.0));

    // A file that is gone, and one that is right again.
    scratch.delete("rules.toml");
    assert_eq!(daemon.request("POST", "/-/reload", &[]).status, 422);
    scratch.write("rules.toml", rules("limit = 3", &[]));
    let answer = daemon.request("POST", "/-/reload", &[]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.text(), "rules reloaded: 1 rule; kept seen_total\n");
    let page = daemon.metrics();
    assert_eq!(page.value(SUCCESS), Some(1.0));
    assert_eq!(page.value(ANN), Some(2.0));
    daemon.stop();
}

#[test]
fn a_hangup_reloads_and_ends_nothing() {
    let scratch = Scratch::new();
    scratch.write("rules.toml", rules("", &[]));
    scratch.write("app.log", "user=ann\n");
    let daemon = start(&scratch, Run::new());
    daemon.signal(Signal::HUP);
    daemon.until_said("rules reloaded (SIGHUP): 1 rule; kept seen_total");
    assert_eq!(daemon.metrics().value(ANN), Some(1.0));
    // Without the option nobody reloads by HTTP.
    let answer = daemon.request("POST", "/-/reload", &[]);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("--enable-lifecycle"));
    daemon.stop();
}

#[test]
fn folders_editors_and_mounted_volumes_are_noticed() {
    let scratch = Scratch::new();
    let text = |counter: &str| {
        format!("[[rule]]\nmatch = 'user'\nmetric = [{{ counter = '{counter}' }}]\n")
    };
    // A ConfigMap as Kubernetes mounts it: files are links through `..data`, which swings.
    scratch.write("volume/..first/map.toml", text("map_one_total"));
    scratch.write("volume/..second/map.toml", text("map_two_total"));
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, scratch.path(name)).unwrap();
    };
    link("..first", "volume/..data");
    link("..data/map.toml", "volume/map.toml");
    scratch.write("folder/one.toml", text("one_total"));
    scratch.write("app.log", "user\n");
    let daemon = Run::new()
        .rules(scratch.path("volume"))
        .rules(scratch.path("folder"))
        .arg(scratch.path("app.log"))
        .start();
    daemon.until(|page| page.value("one_total") == Some(1.0));
    assert_eq!(daemon.metrics().value("map_one_total"), Some(1.0));

    // Another file in a folder.
    scratch.write("folder/two.toml", text("two_total"));
    daemon.until(|page| page.value("two_total") == Some(0.0));
    // An editor writes a new file and renames it over the old one.
    scratch.write("folder/.one.toml.swp", text("edited_total"));
    scratch.rotate("folder/.one.toml.swp", "folder/one.toml");
    daemon.until(|page| page.value("edited_total") == Some(0.0));
    // The volume swings.
    link("..second", "volume/..tmp");
    scratch.rotate("volume/..tmp", "volume/..data");
    daemon.until(|page| page.value("map_two_total") == Some(0.0));
    assert_eq!(daemon.metrics().value("map_one_total"), None);
    // A file goes.
    scratch.delete("folder/two.toml");
    daemon.until(|page| page.value("two_total").is_none());
    daemon.stop();
}

/// Says that it is over, also where a test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Rounds of reloads, each to rules that differ, while lines come in as fast as they can.
const RELOADS: usize = 100;

#[test]
fn nothing_is_lost_or_doubled_while_rules_change_all_the_time() {
    let scratch = Scratch::new();
    scratch.write("rules.toml", rules("", &["even_total"]));
    scratch.write("app.log", "");
    let (reading, mut writing) = std::io::pipe().unwrap();
    let run = Run::new()
        .arg("--enable-lifecycle")
        .arg("-")
        .stdin_from(reading);
    let daemon = start(&scratch, run);
    let done = AtomicBool::new(false);
    let lines = std::thread::scope(|scope| {
        let write = |mut out: Box<dyn Write + Send>, user: &'static str| {
            let done = &done;
            move || {
                // A partial line stands at the end of most blocks.
                let line = format!("user={user} {}\n", "x".repeat(90));
                let mut lines = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    let block = line.repeat(50);
                    out.write_all(&block.as_bytes()[..77]).unwrap();
                    out.write_all(&block.as_bytes()[77..]).unwrap();
                    lines += 50;
                    // Much faster than a gateway; faster still only makes the end far.
                    std::thread::sleep(Duration::from_micros(100));
                }
                lines
            }
        };
        let to_file = scope.spawn(write(Box::new(scratch.writer("app.log")), "file"));
        let to_pipe = scope.spawn(write(Box::new(writing.try_clone().unwrap()), "pipe"));
        // Whatever happens here, the writers end: the scope waits for them.
        let ends = Ends(&done);
        let mut last = 0.0;

        for reload in 0..RELOADS {
            let other = ["odd_total", "even_total"][reload % 2];
            let limit = format!("limit = {}", 1000 + reload);
            scratch.write("rules.toml", rules(&limit, &[other]));
            // By HTTP only a few begin within a second.
            daemon.signal(Signal::HUP);
            daemon.until(|page| page.value(other).is_some());
            // Scrapes go on, and what they show never goes down.
            let now = daemon.metrics().sum("seen_total");
            assert!(now >= last, "{last} became {now} at reload {reload}");
            last = now;
        }

        drop(ends);
        [to_file.join().unwrap(), to_pipe.join().unwrap()]
    });
    writing.write_all(b"user=end\n").unwrap();
    let page = daemon.until(|page| {
        let value = |user: &str| page.value(&format!("seen_total{{user=\"{user}\"}}"));
        value("end") == Some(1.0) && page.sum("seen_total") > (lines[0] + lines[1]) as f64
    });
    let value = |user: &str| page.value(&format!("seen_total{{user=\"{user}\"}}"));
    assert_eq!(value("file"), Some(lines[0] as f64));
    assert_eq!(value("pipe"), Some(lines[1] as f64));
    // Told last, when a block is done.
    let matches = "logmetrics_rule_matches_total{rule=\"users\"}";
    daemon.until(|page| page.value(matches) == Some((lines[0] + lines[1] + 1) as f64));
    daemon.stop();
}

#[test]
fn a_changed_lookup_table_counts_as_changed_rules() {
    let scratch = Scratch::new();
    let rules = "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\n\
                 labels.team = { from = 'user', lookup = 'teams.csv', default = 'unknown' }\n\
                 metric = [{ counter = 'seen_total', by = ['team'] }]\n";
    scratch.write("rules.toml", rules);
    scratch.write("teams.csv", "user,team\nann,red\n*@sales,sales\n");
    scratch.write("app.log", "user=ann\nuser=x@sales\nuser=eve\n");
    let daemon = start(&scratch, Run::new());
    let red = "seen_total{team=\"red\"}";
    let before = daemon.until(|page| page.value(red) == Some(1.0));
    assert_eq!(before.value("seen_total{team=\"sales\"}"), Some(1.0));
    assert_eq!(before.value("seen_total{team=\"unknown\"}"), Some(1.0));
    let misses = "logmetrics_rule_lookup_misses_total{field=\"team\",rule=\"rule-1\"}";
    assert_eq!(before.value(misses), Some(1.0), "{}", before.0);

    scratch.write("teams.csv", "user,team\nann,blue\n");
    let blue = "seen_total{team=\"blue\"}";
    let after = daemon.until(|page| {
        scratch.append("app.log", "user=ann\n");
        page.value(blue).is_some()
    });
    assert!(after.value(red) >= Some(1.0), "{}", after.0);
}
