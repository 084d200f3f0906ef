//! Records of several lines: stack traces and statements are one record each, whatever reads the log, and
//! whatever happens to it between their lines.

use std::io::Write;

use rustix::process::Signal;

use crate::fixture::{Daemon, PATIENCE, Run, Scratch, repository};

/// Counts exceptions by what a record ends in, and all records.
const RULES: &str = r#"
[[rule]]
match = '(?s)^(?P<first>[^\n]*)(?:\n.*)?\n\s*(?P<last>[^\n]+)$'
metric = [{ counter = "records", by = ["first", "last"] }]

[[rule]]
match = '(?s)'
metric = [{ counter = "all_records" }]
"#;

fn with_preset(preset: &str, rules: &str) -> String {
    format!("[input]\nmultiline = \"{preset}\"\n{rules}")
}

/// Whatever reads a log to its end says the same.
#[track_caller]
fn reads(log: &str, preset: &str, rules: &str, expected: &[&str]) {
    let scratch = Scratch::new();
    let log = repository(&format!("tests/data/multiline/{log}"));
    let plain = scratch.write("plain.toml", rules);
    let preset = scratch.write("rules.toml", with_preset(preset, rules));
    let once = |run: Run| run.arg("--once").go().success();
    for finished in [
        once(Run::new().rules(&preset).arg(&log)),
        once(Run::new().rules(&preset).arg("-").stdin_file(&log)),
        once(
            Run::new()
                .rules(&preset)
                .arg("--state")
                .arg(scratch.path("state"))
                .arg(&log),
        ),
        once(
            Run::new()
                .rules(&plain)
                .arg("--multiline-start")
                .arg(r"^\d{4}-")
                .arg(&log),
        ),
        once(
            Run::new()
                .rules(&plain)
                .variable("LOGMETRICS_MULTILINE_START", r"^\d{4}-")
                .arg(&log),
        ),
    ] {
        assert_eq!(finished.sorted("lines"), expected);
    }
    let records = expected.len();
    let lines = std::fs::read_to_string(&log).unwrap().lines().count();
    let explained = Run::new().arg("explain").rules(&preset).arg(&log).go();
    explained.success().says(&[&format!(
        "{records} records in {lines} lines, {records} matched"
    )]);
}

#[test]
fn a_trace_of_java_is_one_record() {
    let rules = r#"
[[rule]]
match = '(?s)^\S+ \S+ (?P<level>\w+) +[^\n]*(?:\n(?P<exception>[\w.]+): .*)?$'
metric = [{ counter = "lines", by = ["level", "exception"] }]
[rule.labels]
level = "level"
exception = { from = "exception", default = "none" }
"#;
    reads(
        "java.log",
        "java",
        rules,
        &[
            r#"lines{exception="java.lang.IllegalStateException",level="ERROR"} 1"#,
            r#"lines{exception="java.lang.NullPointerException",level="ERROR"} 1"#,
            r#"lines{exception="none",level="INFO"} 1"#,
        ],
    );
}

#[test]
fn a_statement_of_postgresql_is_one_record() {
    let rules = r#"
[[rule]]
match = '(?s) (?P<level>[A-Z]+): .*?(?P<relation>(?:FROM|INTO) \w+|$)'
metric = [{ counter = "lines", by = ["level", "relation"] }]
[rule.labels]
level = "level"
relation = { from = "relation", default = "none", max_values = 9 }
"#;
    let scratch = Scratch::new();
    let log = repository("tests/data/multiline/postgres.log");
    let rules = scratch.write("rules.toml", with_preset("postgresql", rules));
    let run = Run::new()
        .rules(&rules)
        .arg("--once")
        .arg(&log)
        .go()
        .success();
    assert_eq!(
        run.sorted("lines"),
        [
            r#"lines{level="ERROR",relation="INTO users"} 1"#,
            r#"lines{level="LOG",relation="FROM facts"} 1"#,
            r#"lines{level="LOG",relation="FROM orders"} 1"#,
            r#"lines{level="LOG",relation="none"} 1"#,
        ]
    );
    let explained = Run::new().arg("explain").rules(&rules).arg(&log).go();
    explained
        .success()
        .says(&["4 records in 8 lines, 4 matched"]);
}

#[test]
fn a_traceback_of_python_is_one_record() {
    let rules = r#"
[[rule]]
match = '(?s)^\S+ \S+ (?P<level>\w+) .*?(?:\n(?P<exception>[\w.]+): [^\n]*)?$'
metric = [{ counter = "lines", by = ["level", "exception"] }]
[rule.labels]
level = "level"
exception = { from = "exception", default = "none" }
"#;
    for preset in ["python", "timestamp"] {
        reads(
            "python.log",
            preset,
            rules,
            &[
                r#"lines{exception="ZeroDivisionError",level="ERROR"} 1"#,
                r#"lines{exception="none",level="INFO"} 1"#,
                r#"lines{exception="shop.errors.OutOfStockError",level="ERROR"} 1"#,
            ],
        );
    }
}

/// A daemon that joins lines that begin with `start`, and keeps a state.
fn follow(scratch: &Scratch, wait: &str) -> Run {
    let rules = format!("[input.multiline]\nstart = '^start'\nwait = \"{wait}\"\n{RULES}");
    let rules = scratch.write("rules.toml", rules);
    Run::new()
        .rules(rules)
        .arg("--state")
        .arg(scratch.path("state.db"))
        .args("--state-interval 50ms")
}

fn kill(mut daemon: Daemon) {
    daemon.signal(Signal::KILL);
    daemon.ended(PATIENCE);
}

fn record(first: &str, last: &str) -> String {
    format!("records{{first=\"{first}\",last=\"{last}\"}}")
}

#[test]
fn a_kill_and_a_rotation_between_the_lines_of_a_record() {
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "start 0\n  end 0\n");
    let mut writer = scratch.writer("app.log");
    for round in 1..6 {
        // The last record waits for long, so that only what follows ends it.
        let daemon = follow(&scratch, "1h").arg(&log).start();
        let before = format!("{}", round - 1);
        writeln!(writer, "start {round}\n  middle {round}").unwrap();
        let whole = record(&format!("start {before}"), &format!("end {before}"));
        daemon.until(|page| page.value(&whole) == Some(1.0));
        kill(daemon);
        if round % 2 == 0 {
            scratch.rotate("app.log", "app.log.1");
            writer = scratch.writer("app.log");
        }
        writeln!(writer, "  more {round}\n  end {round}").unwrap();
    }
    let daemon = follow(&scratch, "100ms").arg(&log).start();
    let page = daemon.until(|page| page.value(&record("start 5", "end 5")) == Some(1.0));
    assert_eq!(page.series("records").len(), 6);
    assert_eq!(page.sum("records"), 6.0);
    assert_eq!(page.value("all_records"), Some(6.0));
    daemon.stop();
}

#[test]
fn a_record_that_has_waited_counts_and_what_comes_later_is_counted_apart() {
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "start a\n  b\n");
    let cut = format!(
        "logmetrics_multiline_cut_total{{reason=\"wait\",source=\"{}\"}}",
        log.display()
    );
    let daemon = follow(&scratch, "50ms").arg(&log).start();
    daemon.until(|page| page.value(&record("start a", "b")) == Some(1.0));
    kill(daemon);
    let daemon = follow(&scratch, "50ms").arg(&log).start();
    daemon.until_ready();
    scratch.append("app.log", "  late\nstart b\n  c\n");
    let page = daemon.until(|page| page.value(&record("start b", "c")) == Some(1.0));
    assert_eq!(page.value(&record("start a", "b")), Some(1.0));
    assert_eq!(page.value("all_records"), Some(3.0));
    assert_eq!(page.value(&cut), Some(1.0));
    daemon.until_said("went on after it had waited");
    daemon.stop();
}

#[test]
fn standard_input_that_repeats_itself_goes_on_within_a_record() {
    let scratch = Scratch::new();
    let log = |to: usize| -> String {
        let lines = (0..to).flat_map(|number| {
            [
                format!("web-1  | start w{number}\n"),
                format!("app-1  | start a{number}\n"),
                format!("web-1  |   end w{number}\n"),
                format!("app-1  |   end a{number}\n"),
            ]
        });
        lines.collect()
    };
    let whole = log(9);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    // It ends after the first line of the records of both.
    let first: String = lines[..18].concat();
    let (read, write) = std::io::pipe().unwrap();
    let mut write = std::fs::File::from(std::os::fd::OwnedFd::from(write));
    let daemon = follow(&scratch, "1h").arg("-").stdin_from(read).start();
    write.write_all(first.as_bytes()).unwrap();
    daemon.until(|page| page.sum("records") == 8.0);
    kill(daemon);
    let daemon = follow(&scratch, "100ms").arg("-").stdin(&whole).start();
    let page = daemon.until(|page| page.sum("records") == 18.0);
    assert_eq!(page.series("records").len(), 18);
    assert_eq!(page.value("all_records"), Some(18.0));
    daemon.stop();
}

#[test]
fn new_settings_take_effect_between_two_blocks() {
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "start a\n  b\nother\n");
    let daemon = follow(&scratch, "1h").arg(&log).start();
    daemon.until_ready();
    scratch.write("rules.toml", RULES);
    daemon.until_said("rules reloaded");
    scratch.append("app.log", "start c\n  d\n");
    // What was held is whole, and each line after it a record.
    let page = daemon.until(|page| page.value("all_records") == Some(3.0));
    assert_eq!(page.value(&record("start a", "other")), Some(1.0));
    daemon.stop();
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let scratch = Scratch::new();
    let one = scratch.write("one.toml", with_preset("java", RULES));
    let two = scratch.write(
        "two.toml",
        with_preset("python", &RULES.replace("records", "others")),
    );
    let run = Run::new().arg("check").arg(&one).arg(&two).go().code(2);
    run.says(&[
        "joined in two ways",
        "one.toml:2",
        "two.toml:2",
        "`files` says",
    ]);
    let apart = RULES.replace("records", "others");
    let apart = format!("[input.multiline]\npreset = \"python\"\nfiles = \"py*.log\"\n{apart}");
    let two = scratch.write("two.toml", apart);
    Run::new().arg("check").arg(&one).arg(&two).go().success();
    let run = Run::new()
        .args("--once --multiline-start ( x.log")
        .go()
        .code(2);
    run.says(&["--multiline-start", "unclosed group"]);
    let run = Run::new()
        .args("--once --multiline-start ^ x.log")
        .go()
        .code(2);
    run.says(&["matches every line"]);
}

#[test]
fn each_file_is_joined_as_it_is_asked() {
    let scratch = Scratch::new();
    let rules = format!(
        "[[input.multiline]]\nstart = '^start'\nfiles = 'a*.log'\n\n\
         [[input.multiline]]\ncontinue = '^more'\nfiles = ['b.log']\n{RULES}"
    );
    let rules = scratch.write("rules.toml", rules);
    for name in ["a.log", "b.log", "c.log"] {
        scratch.write(name, "start\nother\nmore\n");
    }
    let counts = ["a.log", "b.log", "c.log"].map(|name| {
        let log = scratch.path(name);
        let run = Run::new()
            .rules(&rules)
            .arg("--once")
            .arg(log)
            .go()
            .success();
        run.page().value("all_records")
    });
    assert_eq!(counts, [Some(1.0), Some(2.0), Some(3.0)]);
}

/// What a log counts by some rules, without the samples that are 0, and how many of its records matched.
#[track_caller]
fn counted(log: &std::path::Path, rules: &[&str]) -> (Vec<String>, String) {
    let mut run = Run::new().arg("--once").arg(log);
    let mut explained = Run::new().arg("explain").arg(log);
    for rules in rules {
        run = run.arg("-r").arg(rules);
        explained = explained.arg("-r").arg(rules);
    }
    let run = run.go().success();
    let samples = run.sorted("").into_iter();
    let samples = samples.filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
    let explained = explained.go();
    let matched = explained.stderr.lines().last().unwrap_or_default();
    (samples.map(str::to_owned).collect(), matched.to_owned())
}

#[test]
fn explained_records_are_numbered_by_their_lines() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[input.multiline]\nstart = '^\\d'\n[[rule]]\nname = 'r'\nmatch = '^\\d'\nmetric = [{ counter = 'c' }]\n",
    );
    // Two services whose records stand in each other.
    let log = "a-1  | 1 one\nb-1  | 2 two\na-1  |   more\na-1  |   still more\nb-1  | 3 three\na-1  | 4 four\n";
    let run = Run::new().arg("explain").rules(&rules).stdin(log).go();
    let run = run.success();
    let mut places: Vec<&str> = (run.stdout.lines())
        .filter(|line| line.starts_with("line"))
        .collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            r"line 1, a record of 3 lines: 1 one\n  more\n  still more",
            "line 2: 2 two",
            "line 5: 3 three",
            "line 6: 4 four",
        ]
    );
    assert!(
        run.stdout
            .contains("  taken off: `a-1  | `; rules see the line from its character 8 on"),
        "{}",
        run.stdout
    );
    run.says(&["4 records in 6 lines, 4 matched, 0 not"]);
}

#[test]
fn shipped_rules_join_the_records_of_their_programs_and_no_others() {
    let scratch = Scratch::new();
    let data = |name: &str| repository(&format!("tests/data/multiline/{name}"));
    let all = repository("rules");
    let all = all.to_str().unwrap();
    let java = counted(&data("java.log"), &["builtin:log4j"]);
    assert!(
        java.1.starts_with("3 records in 11 lines, 3 matched"),
        "{}",
        java.1
    );
    let postgres = counted(&data("postgres.log"), &["builtin:postgres"]);
    assert!(
        postgres.1.starts_with("4 records in 8 lines, 4 matched"),
        "{}",
        postgres.1
    );
    // All rules together count the same.
    assert_eq!(counted(&data("java.log"), &[all]), java);
    assert_eq!(counted(&data("postgres.log"), &[all]), postgres);
    // And both programs in one log are told apart by their lines.
    let both = [data("java.log"), data("postgres.log")].map(|path| std::fs::read(path).unwrap());
    let both = scratch.write("both.log", String::from_utf8(both.concat()).unwrap());
    let (samples, matched) = counted(&both, &["builtin:postgres", "builtin:log4j"]);
    assert!(
        matched.starts_with("7 records in 19 lines, 7 matched"),
        "{matched}"
    );
    let mut expected = [java.0, postgres.0].concat();
    expected.sort();
    assert_eq!(samples, expected);
    // Lines of others are no records of several, whatever they begin with.
    let other = scratch.write("other.log", "GET /\n  indented\n\tmore\nCaused by: x\n");
    let (_, matched) = counted(&other, &[all]);
    assert!(matched.starts_with("4 lines, 0 matched"), "{matched}");
    // Own rules may say how all other lines are joined.
    let own = scratch.write("own.toml", with_preset("java", RULES));
    let (samples, _) = counted(&other, &["builtin:postgres", own.to_str().unwrap()]);
    assert!(samples.contains(&"all_records 1".to_owned()), "{samples:?}");
}
