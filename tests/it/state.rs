//! `--state`: a restart loses nothing and repeats nothing, whatever ended the run before.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::fixture::{PATIENCE, Run, Scratch};

const RULES: &str = r"[[rule]]
match = 'user=(?P<user>\S+)'
metric = [{ counter = 'seen', by = ['user'] }]
";

/// A run with these rules that saves often.
fn run(scratch: &Scratch) -> Run {
    let state = scratch.path("state.db");
    Run::new()
        .rules(scratch.write("rules.toml", RULES))
        .arg("--state")
        .arg(state)
        .arg("--state-interval")
        .arg("20ms")
}

#[test]
fn a_daemon_that_is_killed_again_and_again_counts_each_line_once() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "");
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&log).unwrap();
            while !stop.load(Ordering::SeqCst) {
                let first = written.load(Ordering::SeqCst);
                let lines: String = (first..first + 50)
                    .map(|line| format!("user=u{}\n", line % 7))
                    .collect();
                // Now and then a line is there in part only.
                let (one, two) = lines.split_at(lines.len() - 5);
                file.write_all(one.as_bytes()).unwrap();
                thread::sleep(Duration::from_millis(1));
                file.write_all(two.as_bytes()).unwrap();
                written.fetch_add(50, Ordering::SeqCst);
            }
        });
        for _ in 0..6 {
            let mut daemon = run(&scratch).arg(&log).start();
            let before = daemon.metrics().sum("seen");
            daemon.until(|page| page.sum("seen") > before + 500.0);
            daemon.signal(Signal::KILL);
            daemon.ended(PATIENCE);
        }
        stop.store(true, Ordering::SeqCst);
    });
    let daemon = run(&scratch).arg(&log).start();
    let total = written.load(Ordering::SeqCst);
    daemon.until_ready();
    let page = daemon.until(|page| page.sum("seen") >= total as f64);
    for user in 0..7 {
        let expected = (0..total).filter(|line| line % 7 == user).count();
        let series = format!("seen{{user=\"u{user}\"}}");
        assert_eq!(page.value(&series), Some(expected as f64));
    }
    daemon.stop();
}

#[test]
fn what_is_written_meanwhile_is_counted_and_nothing_twice() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\nuser=bob\nuser=a");
    let daemon = run(&scratch).arg(&log).start();
    daemon.until(|page| page.sum("seen") == 2.0);
    daemon.stop();
    scratch.append("gateway.log", "nn\nuser=eve\n");
    let daemon = run(&scratch).arg(&log).start();
    daemon.until_ready();
    let page = daemon.until(|page| page.sum("seen") == 4.0);
    assert_eq!(page.value("seen{user=\"ann\"}"), Some(2.0));
    assert!(page.value("logmetrics_checkpoint_bytes").unwrap() >= 0.0);
    assert_eq!(page.value("logmetrics_checkpoint_damaged"), Some(0.0));
    daemon.until(|page| {
        page.value("logmetrics_checkpoint_last_success_timestamp_seconds") > Some(1e9)
    });
    assert!(daemon.get("/").text().contains("state.db, saved 0 s ago"));
    daemon.stop();
}

#[test]
fn once_counts_what_is_new() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\nuser=a");
    let once = || {
        let run = run(&scratch).arg("--once").arg(&log).go().success();
        run.sorted("seen{").join(", ")
    };
    // The line without an end is left to the next run: its writer may not be done with it.
    assert_eq!(once(), "seen{user=\"ann\"} 1");
    assert_eq!(once(), "seen{user=\"ann\"} 1");
    scratch.append("gateway.log", "nn\nuser=bob\n");
    assert_eq!(once(), "seen{user=\"ann\"} 2, seen{user=\"bob\"} 1");
}

#[test]
fn once_counts_what_was_rotated_since() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\n");
    let once = || {
        let run = run(&scratch).arg("--once").arg(&log).go().success();
        run.sorted("seen{").join(", ")
    };
    assert_eq!(once(), "seen{user=\"ann\"} 1");
    scratch.append("gateway.log", "user=bob\n");
    scratch.rotate("gateway.log", "gateway.log.2");
    scratch.write("gateway.log.1", "user=cid\n");
    scratch.write("gateway.log", "user=dan\n");
    let all = r#"seen{user="ann"} 1, seen{user="bob"} 1, seen{user="cid"} 1, seen{user="dan"} 1"#;
    assert_eq!(once(), all);
    // Copied and cut short.
    scratch.append("gateway.log", "user=dan\n");
    let copied = std::fs::read(&log).unwrap();
    scratch.rotate("gateway.log.2", "gateway.log.3");
    scratch.rotate("gateway.log.1", "gateway.log.2");
    scratch.write("gateway.log.1", copied);
    scratch.write("gateway.log", "user=eve\n");
    let all = all.replace("dan\"} 1", "dan\"} 2") + r#", seen{user="eve"} 1"#;
    assert_eq!(once(), all);
    assert_eq!(once(), all);
}

#[test]
fn a_state_belongs_to_one_process() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\n");
    let daemon = run(&scratch).arg(&log).start();
    daemon.until_ready();
    let second = run(&scratch).arg("--once").arg(&log).go();
    second.code(1).says(&["in use by another process"]);
    daemon.stop();
}

#[test]
fn a_damaged_state_is_set_aside_and_said() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\n");
    run(&scratch).arg("--once").arg(&log).go().success();
    let state = scratch.path("state.db");
    let mut bytes = std::fs::read(&state).unwrap();
    bytes[100..].fill(7);
    _ = std::fs::remove_file(scratch.path("state.db-wal"));
    std::fs::write(&state, bytes).unwrap();
    let daemon = run(&scratch).arg(&log).start();
    let page = daemon.until(|page| page.sum("seen") == 1.0);
    assert_eq!(page.value("logmetrics_checkpoint_damaged"), Some(1.0));
    assert!(daemon.get("/").text().contains("was damaged"));
    let said = daemon.stop();
    assert!(said.contains("state.db.damaged-"), "{said}");
}

#[test]
fn counting_goes_on_while_the_disk_says_no() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\n");
    let folder = scratch.path("kept");
    std::fs::create_dir(&folder).unwrap();
    let run = || {
        let rules = scratch.write("rules.toml", RULES);
        let run = Run::new().rules(rules).arg("--state-interval").arg("20ms");
        run.arg("--state").arg(folder.join("state.db")).arg(&log)
    };
    let daemon = run().start();
    daemon.until_ready();
    std::fs::remove_dir_all(&folder).unwrap();
    let failures = "logmetrics_checkpoint_failures_total";
    daemon.until(|page| page.value(failures) > Some(2.0));
    scratch.append("gateway.log", "user=bob\n");
    daemon.until(|page| page.sum("seen") == 2.0);
    std::fs::create_dir(&folder).unwrap();
    daemon.until_said("again");
    let said = daemon.stop();
    assert_eq!(said.matches("cannot save the state").count(), 1, "{said}");
    let daemon = run().start();
    daemon.until_ready();
    assert_eq!(daemon.metrics().sum("seen"), 2.0);
}

#[test]
fn a_state_that_cannot_be_kept_is_said_at_once() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "user=ann\n");
    let missing = scratch.path("missing").join("state.db");
    let run = Run::new().arg("--state").arg(missing).arg(&log).go();
    run.code(1).says(&["missing` does not exist"]);
}

/// A note that is saved under another name in a later version is lost without a word.
#[test]
fn the_names_of_what_is_remembered_stay() {
    let scratch = Scratch::new();
    let program =
        "gauge open by n\nhidden gauge last\n/(?P<n>\\d+)/ { last = $n\n open[$n] = last }\n";
    let program = scratch.write("sessions.mtail", program);
    let run = run(&scratch).rules(program).arg("-");
    let (reader, mut writer) = std::io::pipe().unwrap();
    let daemon = run.stdin_from(reader).start();
    writer.write_all(b"user=ann 7\nuser=bob 8\n").unwrap();
    daemon.until(|page| page.sum("seen") == 2.0);
    let prometheus = ("X-Prometheus-Scrape-Timeout-Seconds", "10");
    for _ in 0..2 {
        let answer = daemon
            .try_request("GET", "/metrics", &[prometheus])
            .unwrap();
        assert_eq!(answer.status, 200);
    }
    drop(writer);
    daemon.stop();
    let state = rusqlite::Connection::open(scratch.path("state.db")).unwrap();
    let mut query = state
        .prepare("SELECT DISTINCT source FROM note ORDER BY source")
        .unwrap();
    let names = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let names: Vec<String> = names.map(Result::unwrap).collect();
    assert_eq!(names, ["mtail", "scrapers", "stdin"]);
}
