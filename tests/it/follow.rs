//! Files that are rotated, replaced, late or unreadable, and pipes. Every test writes lines that are
//! all different and looks for each of them, counted once: nothing lost, nothing twice.

use std::collections::BTreeMap;
use std::io::{Write, pipe};
use std::path::Path;

use crate::fixture::{Daemon, PATIENCE, Run, Scratch, wait_for};

/// Counts every line under its own text.
const EVERY_LINE: &str = r"
[[rule]]
match  = '^(?P<text>.*)$'
metric = [{ counter = 'lines_seen', by = ['text'] }]
";

fn rules(scratch: &Scratch) -> Run {
    Run::new().rules(scratch.write("rules/every-line.toml", EVERY_LINE))
}

fn follow(scratch: &Scratch, log: impl AsRef<Path>) -> Daemon {
    rules(scratch).arg(log.as_ref()).start()
}

/// Waits until exactly `lines` have been seen, each once.
#[track_caller]
fn sees<'a>(daemon: &Daemon, lines: impl IntoIterator<Item = &'a str>) {
    let lines: Vec<_> = lines
        .into_iter()
        .map(|line| format!("text=\"{line}\""))
        .collect();
    let expected: BTreeMap<_, _> = lines.iter().map(|line| (line.as_str(), 1.0)).collect();
    let page = daemon.until(|page| {
        let seen = page.series("lines_seen");
        seen.len() >= expected.len() || seen.values().any(|count| *count > 1.0)
    });
    assert_eq!(page.series("lines_seen"), expected, "{}", daemon.said());
}

#[test]
fn existing_and_new_lines() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntwo\n");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one", "two"]);
    scratch.append("gateway.log", "three\n");
    sees(&daemon, ["one", "two", "three"]);
    daemon.stop();
}

#[test]
fn from_end_leaves_out_what_was_there() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "old\n");
    let daemon = rules(&scratch).args("--from end").arg(log).start();
    daemon.until_ready();
    scratch.append("gateway.log", "new\n");
    sees(&daemon, ["new"]);
    // A file that appears later is new as a whole.
    scratch.rotate("gateway.log", "gateway.log.1");
    scratch.write("gateway.log", "newer\n");
    sees(&daemon, ["new", "newer"]);
    daemon.stop();
}

#[test]
fn a_last_line_without_an_end_is_held_until_it_ends() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntw");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one"]);
    scratch.append("gateway.log", "o\nthr");
    sees(&daemon, ["one", "two"]);
    scratch.append("gateway.log", "ee\n");
    sees(&daemon, ["one", "two", "three"]);
    daemon.stop();
}

#[test]
fn renamed_and_created_again() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\n");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one"]);
    for (round, [last, first]) in [["two", "three"], ["four", "five"]].iter().enumerate() {
        scratch.append("gateway.log", format!("{last}\n"));
        scratch.rotate("gateway.log", &format!("gateway.log.{round}"));
        scratch.write("gateway.log", format!("{first}\n"));
        daemon.until(|page| page.sum("lines_seen") >= 3.0 + 2.0 * round as f64);
    }
    sees(&daemon, ["one", "two", "three", "four", "five"]);
    daemon.stop();
}

#[test]
fn the_writer_goes_on_in_the_renamed_file() {
    let scratch = Scratch::new();
    let log = scratch.path("gateway.log");
    scratch.append("gateway.log", "one\n");
    let mut old = scratch.writer("gateway.log");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one"]);
    scratch.rotate("gateway.log", "gateway.log.1");
    scratch.write("gateway.log", "new 1\n");
    sees(&daemon, ["one", "new 1"]);
    old.write_all(b"old 2\n").unwrap();
    scratch.append("gateway.log", "new 2\n");
    sees(&daemon, ["one", "new 1", "old 2", "new 2"]);
    daemon.stop();
}

#[test]
fn copied_and_truncated() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntwo\nthree\n");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one", "two", "three"]);
    scratch.truncate("gateway.log");
    scratch.append("gateway.log", "four\n");
    sees(&daemon, ["one", "two", "three", "four"]);
    daemon.stop();
}

#[test]
fn truncated_and_at_once_longer_than_before() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\n");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one"]);
    // One write, so that no look at the file can fall between.
    scratch.write("gateway.log", "two, longer\nthree, longer\n");
    sees(&daemon, ["one", "two, longer", "three, longer"]);
    daemon.stop();
}

#[test]
fn deleted_and_created_again() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\n");
    let daemon = follow(&scratch, log);
    sees(&daemon, ["one"]);
    scratch.delete("gateway.log");
    scratch.write("gateway.log", "two\n");
    sees(&daemon, ["one", "two"]);
    daemon.stop();
}

#[test]
fn a_file_that_appears_later() {
    let scratch = Scratch::new();
    let log = scratch.path("gateway.log");
    let daemon = follow(&scratch, &log);
    daemon.until_said(&log.display().to_string());
    scratch.write("gateway.log", "one\n");
    sees(&daemon, ["one"]);
    daemon.stop();
}

#[test]
fn a_folder_that_appears_later() {
    let scratch = Scratch::new();
    let daemon = follow(&scratch, scratch.path("var/log/gateway.log"));
    daemon.until_said("gateway.log");
    scratch.write("var/log/gateway.log", "one\n");
    sees(&daemon, ["one"]);
    scratch.append("var/log/gateway.log", "two\n");
    sees(&daemon, ["one", "two"]);
    daemon.stop();
}

#[test]
fn a_glob_takes_files_that_appear_later_and_reads_none_twice() {
    let scratch = Scratch::new();
    scratch.write("gw/a.log", "a 1\n");
    scratch.write("gw/b.log", "b 1\n");
    scratch.write("gw/notes.txt", "no log\n");
    let daemon = follow(&scratch, scratch.path("gw/*.log"));
    sees(&daemon, ["a 1", "b 1"]);
    scratch.write("gw/c.log", "c 1\n");
    // Renamed to a name that still matches: the same file, read already.
    scratch.rotate("gw/a.log", "gw/a-1.log");
    scratch.write("gw/a.log", "a 2\n");
    sees(&daemon, ["a 1", "b 1", "c 1", "a 2"]);
    let page = daemon.metrics();
    let source = scratch.path("gw/*.log").display().to_string();
    let lines = format!("logmetrics_lines_total{{source=\"{source}\"}}");
    assert_eq!(page.value(&lines), Some(4.0), "{}", page.0);
    daemon.stop();
}

#[test]
fn bytes_read_are_bytes_written_and_nothing_lags() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntwo\n");
    let daemon = follow(&scratch, &log);
    let source = log.display();
    let page = daemon.until(|page| page.sum("lines_seen") == 2.0);
    let bytes = format!("logmetrics_bytes_total{{source=\"{source}\"}}");
    assert_eq!(page.value(&bytes), Some(8.0), "{}", page.0);
    let lag = format!("logmetrics_source_lag_bytes{{source=\"{source}\"}}");
    daemon.until(|page| page.value(&lag) == Some(0.0));
    daemon.stop();
}

#[test]
fn standard_input_that_ends_leaves_the_page_up() {
    let scratch = Scratch::new();
    let (reader, mut writer) = pipe().unwrap();
    let daemon = rules(&scratch).stdin_from(reader).start();
    writer.write_all(b"one\n").unwrap();
    sees(&daemon, ["one"]);
    writer.write_all(b"two\nlast, without an end").unwrap();
    drop(writer);
    sees(&daemon, ["one", "two", "last, without an end"]);
    daemon.stop();
}

#[test]
fn exit_on_eof_ends_with_standard_input() {
    let scratch = Scratch::new();
    let (reader, mut writer) = pipe().unwrap();
    let mut daemon = rules(&scratch)
        .arg("--exit-on-eof")
        .stdin_from(reader)
        .start();
    writer.write_all(b"one\n").unwrap();
    sees(&daemon, ["one"]);
    drop(writer);
    let status = daemon.ended(PATIENCE);
    assert!(status.success(), "{status}\n{}", daemon.said());
}

#[test]
fn standard_input_from_a_file() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntwo\n");
    let daemon = rules(&scratch).arg("-").stdin_file(log).start();
    sees(&daemon, ["one", "two"]);
    daemon.stop();
}

#[test]
fn once_counts_a_last_line_without_an_end() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "one\ntwo");
    for run in [
        rules(&scratch).arg("--once").arg(&log),
        rules(&scratch).arg("--once").stdin("one\ntwo"),
        rules(&scratch).args("--once -").stdin_file(&log),
    ] {
        assert_eq!(
            run.go().success().sorted("lines_seen{"),
            ["lines_seen{text=\"one\"} 1", "lines_seen{text=\"two\"} 1"]
        );
    }
}

#[test]
fn ten_thousand_lines_through_ten_rotations() {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "");
    let daemon = rules(&scratch).arg(log).start();
    daemon.until_ready();
    let mut written = 0;
    for file in 0..10 {
        for block in 0..10 {
            let lines: String = (0..100)
                .map(|line| format!("{file} {block} {line}\n"))
                .collect();
            scratch.append("gateway.log", lines);
            written += 100;
        }
        // A rotator that keeps its hands off until the file was found: what comes and goes between
        // two looks cannot be read by anybody.
        daemon.until(|page| page.sum("lines_seen") > f64::from(written - 1000));
        scratch.rotate("gateway.log", &format!("gateway.log.{file}"));
        scratch.write("gateway.log", "");
    }
    let page = daemon.until(|page| page.sum("lines_seen") >= f64::from(written));
    assert_eq!(page.sum("lines_seen"), f64::from(written));
    assert!(
        page.series("lines_seen")
            .values()
            .all(|count| *count == 1.0)
    );
    daemon.stop();
}

/// What only Unix has.
#[cfg(unix)]
mod unix {
    use std::fs::{File, Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn a_symbolic_link_that_swings() {
        let scratch = Scratch::new();
        scratch.write("a.log", "a 1\n");
        let log = scratch.path("current.log");
        symlink(scratch.path("a.log"), &log).unwrap();
        let daemon = follow(&scratch, &log);
        sees(&daemon, ["a 1"]);
        scratch.append("a.log", "a 2\n");
        scratch.write("b.log", "b 1\n");
        symlink(scratch.path("b.log"), scratch.path("next")).unwrap();
        scratch.rotate("next", "current.log");
        sees(&daemon, ["a 1", "a 2", "b 1"]);
        scratch.append("b.log", "b 2\n");
        sees(&daemon, ["a 1", "a 2", "b 1", "b 2"]);
        daemon.stop();
    }

    #[test]
    fn a_fifo_whose_writers_come_and_go() {
        let scratch = Scratch::new();
        let fifo = scratch.path("gateway.fifo");
        mkfifoat(CWD, &fifo, Mode::RUSR | Mode::WUSR).unwrap();
        let daemon = follow(&scratch, &fifo);
        for (round, seen) in [&["one"][..], &["one", "two"]].iter().enumerate() {
            let mut writer = File::options().write(true).open(&fifo).unwrap();
            writeln!(writer, "{}", seen[round]).unwrap();
            drop(writer);
            sees(&daemon, seen.iter().copied());
        }
        daemon.stop();
    }

    /// Nobody, on every system we know.
    const NOBODY: u32 = 65_534;

    #[test]
    fn permission_denied_for_a_while() {
        let scratch = Scratch::new();
        let log = scratch.write("gateway.log", "one\n");
        let deny = |mode| set_permissions(&log, Permissions::from_mode(mode)).unwrap();
        deny(0o000);
        let mut run = rules(&scratch).arg(&log);
        if File::open(&log).is_ok() {
            // Root may read everything; the program must then run as somebody else.
            set_permissions(scratch.path(""), Permissions::from_mode(0o755)).unwrap();
            run = run.user(NOBODY);
            if !can_run_as_nobody() {
                println!("left out: permission denied for a while (nobody cannot run the program)");
                return;
            }
        }
        let daemon = run.start();
        daemon.until_said("gateway.log");
        deny(0o644);
        sees(&daemon, ["one"]);
        // After a rotation that sets its permissions late, as logrotate does.
        scratch.rotate("gateway.log", "gateway.log.1");
        scratch.write("gateway.log.new", "two\n");
        set_permissions(
            scratch.path("gateway.log.new"),
            Permissions::from_mode(0o000),
        )
        .unwrap();
        scratch.rotate("gateway.log.new", "gateway.log");
        daemon.until_said("ermission denied");
        deny(0o644);
        sees(&daemon, ["one", "two"]);
        daemon.stop();
    }

    #[test]
    fn permission_denied_over_restarts() {
        let scratch = Scratch::new();
        let log = scratch.write("gateway.log", "one\n");
        let set = |name: &str, mode| {
            set_permissions(scratch.path(name), Permissions::from_mode(mode)).unwrap();
        };
        set("", 0o777);
        let is_root = rustix::process::geteuid().is_root();
        if is_root && !can_run_as_nobody() {
            println!("left out: permission denied over restarts (nobody cannot run the program)");
            return;
        }
        let start = || {
            let run = rules(&scratch).arg("--state").arg(scratch.path("state.db"));
            let run = run.arg("--state-interval").arg("20ms").arg(&log);
            if is_root { run.user(NOBODY) } else { run }.start()
        };
        let daemon = start();
        sees(&daemon, ["one"]);
        daemon.stop();
        // It may not be read when the next run begins, nor may what was rotated meanwhile.
        scratch.append("gateway.log", "two\n");
        scratch.rotate("gateway.log", "gateway.log.1");
        scratch.write("gateway.log", "three\n");
        set("gateway.log", 0o000);
        set("gateway.log.1", 0o000);
        let daemon = start();
        daemon.until_said("gateway.log.1");
        daemon.until_said("ermission denied");
        set("gateway.log", 0o644);
        sees(&daemon, ["one", "three"]);
        set("gateway.log.1", 0o644);
        sees(&daemon, ["one", "two", "three"]);
        daemon.stop();
        let daemon = start();
        daemon.until_ready();
        sees(&daemon, ["one", "two", "three"]);
        daemon.stop();
    }

    fn can_run_as_nobody() -> bool {
        use std::os::unix::process::CommandExt;
        Command::new(env!("CARGO_BIN_EXE_logmetrics"))
            .arg("--version")
            .uid(NOBODY)
            .output()
            .is_ok()
    }
}

/// A writer that finds a small pipe full waits for the reader line by line, which takes three times as long.
#[cfg(target_os = "linux")]
#[test]
fn whatever_reads_a_pipe_lets_it_hold_a_megabyte() {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};
    let megabyte = 1 << 20;
    if let (_reader, writer) = pipe().unwrap()
        && fcntl_setpipe_size(&writer, megabyte).is_err()
    {
        println!("left out: no pipe may hold a megabyte here");
        return;
    }
    for arguments in ["--exit-on-eof -", "--once -", "report -", "explain -"] {
        let (reader, mut writer) = pipe().unwrap();
        let run = Run::new().args(arguments).stdin_from(reader);
        let run = run.variable("LOGMETRICS_LISTEN", "127.0.0.1:0");
        let run = std::thread::spawn(move || run.go());
        writer.write_all(b"one\n").unwrap();
        let widened = wait_for(PATIENCE, || {
            (fcntl_getpipe_size(&writer).unwrap() == megabyte).then_some(())
        });
        assert!(widened.is_some(), "{arguments}");
        drop(writer);
        run.join().unwrap();
    }
}
