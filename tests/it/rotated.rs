//! Rotated and compressed files: wherever they are and whatever they are called, each line counts once.

#![allow(clippy::print_stdout)] // what is not tested

use std::fs;
use std::path::{Path, PathBuf};

use crate::fixture::{Run, Scratch};

const EVERY_LINE: &str = r"
[[rule]]
match  = '^(?P<text>.*)$'
metric = [{ counter = 'lines_seen', by = ['text'] }]
";

/// A run to the end with a state in the scratch folder.
fn once(scratch: &Scratch) -> Run {
    Run::new()
        .rules(scratch.write("rules/every-line.toml", EVERY_LINE))
        .arg("--once")
        .arg("--state")
        .arg(scratch.path("state.db"))
        .arg(scratch.path("logs/x.log"))
}

#[track_caller]
fn sees(run: Run, lines: &[&str]) {
    let page = run.go().success().page();
    let expected = lines.iter().map(|line| format!("text=\"{line}\""));
    let expected: Vec<String> = expected.collect();
    let seen = page.series("lines_seen");
    assert!(seen.values().all(|count| *count == 1.0), "{seen:?}");
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), expected);
}

/// A program that compresses; its output takes the place of the file.
fn compress(program: &str, path: &Path) {
    let status = std::process::Command::new(program).arg(path).status();
    assert!(status.unwrap().success(), "{program}");
}

fn is_there(program: &str) -> bool {
    let run = std::process::Command::new(program)
        .arg("--version")
        .output();
    let is_there = run.is_ok_and(|run| run.status.success());
    if !is_there {
        println!("not tested: there is no {program}");
    }
    is_there
}

#[test]
fn rotated_into_another_folder_by_option_and_by_variable() {
    for by_variable in [false, true] {
        for program in ["", "gzip", "xz", "bzip2"] {
            if !program.is_empty() && !is_there(program) {
                continue;
            }
            let scratch = Scratch::new();
            let with_folder = |run: Run| match by_variable {
                false => run.args("--rotated-dir nowhere --rotated-dir old"),
                true => run.variable("LOGMETRICS_ROTATED_DIR", "nowhere:old"),
            };
            scratch.write("logs/x.log", "a1\n");
            sees(with_folder(once(&scratch)), &["a1"]);
            scratch.append("logs/x.log", "a2\n");
            fs::create_dir(scratch.path("logs/old")).unwrap();
            for (to, line) in [("logs/old/x.log.2", "b1\n"), ("logs/old/x.log.1", "c1\n")] {
                scratch.rotate("logs/x.log", to);
                scratch.append("logs/x.log", line);
                if !program.is_empty() {
                    compress(program, &scratch.path(to));
                }
            }
            sees(with_folder(once(&scratch)), &["a1", "a2", "b1", "c1"]);
            sees(with_folder(once(&scratch)), &["a1", "a2", "b1", "c1"]);
        }
    }
}

#[test]
fn rotated_into_another_folder_while_running() {
    let scratch = Scratch::new();
    let log = scratch.write("logs/x.log", "a1\n");
    let daemon = Run::new()
        .rules(scratch.write("rules/every-line.toml", EVERY_LINE))
        .args("--rotated-dir ../old")
        .arg(log)
        .start();
    daemon.until(|page| page.sum("lines_seen") == 1.0);
    fs::create_dir(scratch.path("old")).unwrap();
    let mut lines = 1.0;
    for number in 0..20 {
        // Two rotations at once: the first file's lines, too, are found where it is now.
        for second in [1, 2] {
            scratch.append("logs/x.log", format!("{number} {second}\n"));
            scratch.rotate(
                "logs/x.log",
                &format!("old/x.log-20261127-{number:02}{second}"),
            );
            scratch.write("logs/x.log", "");
            lines += 1.0;
        }
        daemon.until(|page| page.sum("lines_seen") >= lines);
    }
    let page = daemon.until(|page| page.sum("lines_seen") >= lines);
    assert_eq!(page.sum("lines_seen"), lines, "{}", daemon.said());
    daemon.stop();
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/compressed")
        .join(name)
}

/// What xz and bzip2 themselves have written, two streams in each, is known by its bytes in every command.
#[test]
fn xz_and_bzip2_are_read_like_the_plain_file() {
    let text = fs::read_to_string(sample("text.log")).unwrap();
    let scratch = Scratch::new();
    for name in ["text.log.xz", "text.log.bz2"] {
        // The name says nothing.
        let plain = scratch.write("gw/access.log", &text);
        let commands: [fn(Run) -> Run; 4] = [
            |run| run.arg("--once"),
            |run| run.args("report --format json"),
            |run| run.arg("explain"),
            |run| run.arg("doctor"),
        ];
        let said = |path: &Path| {
            commands.map(|command| {
                let run = command(Run::new()).arg(path).go();
                (run.status, run.stdout)
            })
        };
        let expected = said(&plain);
        assert!(expected[0].1.contains("requests_by_user"), "{expected:?}");
        fs::copy(sample(name), &plain).unwrap();
        assert_eq!(said(&plain), expected, "{name}");
        let piped = Run::new()
            .args("--once -")
            .stdin_file(&plain)
            .go()
            .success();
        assert_eq!(piped.stdout, expected[0].1, "{name}");
        // Followed it is not, and says why.
        let state = Run::new()
            .args("--once --state")
            .arg(scratch.path("state.db"));
        state.arg(&plain).go().code(2).says(&["it is compressed"]);
    }
}

#[test]
fn a_record_in_parts_goes_on_in_the_next_file() {
    let scratch = Scratch::new();
    let record = |stream: &str, tag: &str, text: &str| {
        format!("2026-10-06T00:17:09.669794202Z {stream} {tag} {text}\n")
    };
    let old = record("stdout", "F", "user=ann ") + &record("stdout", "P", "user=b");
    let new = record("stdout", "F", "ob x") + &record("stderr", "P", "user=cid");
    let docker = |log: &str| {
        format!("{{\"log\":\"{log}\",\"stream\":\"stdout\",\"time\":\"2026-10-06T00:17:09Z\"}}\n")
    };
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\nmetric = [{ counter = 'seen', by = ['user'] }]\n",
    );
    let once = |names: [&str; 2], contents: [&str; 2]| {
        let paths = [0, 1].map(|number| scratch.write(names[number], contents[number]));
        let run = Run::new().arg("--once").rules(&rules);
        paths.iter().fold(run, Run::arg).go().success()
    };
    let run = once(["0.log.20261006-001800", "0.log"], [&old, &new]);
    let joined = [
        "seen{user=\"ann\"} 1",
        "seen{user=\"bob\"} 1",
        "seen{user=\"cid\"} 1",
    ];
    assert_eq!(run.sorted("seen{"), joined);
    // The last one has no end; the one before has.
    let run = run.says(&["0.log ends in a record whose rest never came"]);
    assert!(!run.stderr.contains("001800"), "{}", run.stderr);

    let run = once(["a.log", "other.log"], [&old, &new]);
    let apart = [
        "seen{user=\"ann\"} 1",
        "seen{user=\"b\"} 1",
        "seen{user=\"cid\"} 1",
    ];
    assert_eq!(run.sorted("seen{"), apart);
    run.says(&["a.log ends in a record", "other.log ends in a record"]);

    let rules = scratch.write(
        "report.toml",
        "[[rule]]\nmatch = 'user=(?P<user_email>\\S+)'\n\
         metric = [{ counter = 'requests_by_user', by = ['user_email'] }]\n",
    );
    for command in ["explain", "report"] {
        let run = Run::new().arg(command).rules(&rules);
        let run = run.arg(scratch.path("0.log.20261006-001800"));
        let run = run.arg(scratch.path("0.log")).go().success();
        let run = run.says(&["0.log ends in a record whose rest never came"]);
        assert!(!run.stderr.contains("001800 ends"), "{}", run.stderr);
    }

    let names = ["x-json.log.1", "x-json.log"];
    let run = once(names, [&docker("user=d"), &docker("an\\n")]).calm();
    assert_eq!(run.sorted("seen{"), ["seen{user=\"dan\"} 1"]);
}
