//! `[input]`: which lines are one record.

use std::time::Duration;

use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::{Matching, Multiline};

use super::super::{multiline_by_file, multiline_of_cases, multiline_start};
use super::{load, load_files, refused, refused_files};

const RULE: &str = "\n[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'xs' }]\n";

fn settings(input: &str) -> Multiline {
    let loaded = load(&format!("{input}{RULE}")).unwrap();
    let section = loaded.multiline.first().unwrap();
    section.settings.as_ref().clone()
}

#[test]
fn a_table_says_all_of_it() {
    let found = settings(
        "[input.multiline]\nstart = '^a'\nlines_max = 7\nbytes_max = 9\nwait = '2s'\nfiles = 'a.log'",
    );
    assert_eq!(found.pattern.as_str(), "^a");
    assert_eq!(found.matching, Matching::Begins);
    assert_eq!((found.lines_max, found.bytes_max), (7, 9));
    assert_eq!(found.wait, Duration::from_secs(2));
    let found = settings("[input.multiline]\ncontinue = '^ '");
    assert_eq!(found.matching, Matching::Continues);
    assert_eq!((found.lines_max, found.bytes_max), (500, 1 << 20));
    assert_eq!(found.wait, Duration::from_secs(1));
}

/// Whether a line continues a record.
fn continues(preset: &str, line: &str) -> bool {
    let settings = settings(&format!("[input]\nmultiline = '{preset}'"));
    let matches = settings.pattern.is_match(line.as_bytes());
    matches == (settings.matching == Matching::Continues)
}

#[test]
fn presets_know_what_programs_write() {
    let further = [
        ("java", "\tat com.example.Shop.place(Shop.java:88)"),
        ("java", "java.lang.IllegalStateException: stock is empty"),
        ("java", "com.example.StockError"),
        ("java", "Caused by: java.sql.SQLException: closed"),
        ("java", "... 42 more"),
        ("java", "\t... 42 common frames omitted"),
        ("python", "Traceback (most recent call last):"),
        ("python", "  File \"a.py\", line 1, in <module>"),
        ("python", "KeyError: 'apple'"),
        ("python", "shop.errors.OutOfStockError: none"),
        ("python", "KeyboardInterrupt"),
        ("python", ""),
        (
            "python",
            "During handling of the above exception, another exception occurred:",
        ),
        ("postgresql", "\tWHERE id = 1"),
        (
            "postgresql",
            "2026-11-27 10:12:02.000 UTC [2212] app@shop DETAIL:  Key (id)=(1) already exists.",
        ),
        ("postgresql", "STATEMENT:  INSERT INTO users VALUES (1)"),
        ("timestamp", "  whatever"),
        ("timestamp", "java.lang.NullPointerException"),
        ("timestamp", "} 2026"),
        ("timestamp", ""),
    ];
    for (preset, line) in further {
        assert!(continues(preset, line), "{preset}: {line}");
    }
    let first = [
        ("java", "2026-11-27 10:12:01,123 ERROR [main] c.e.Shop - no"),
        ("java", "ERROR com.example.Shop: no"),
        ("python", "ERROR:root:no"),
        ("python", "2026-11-27 10:12:01,123 ERROR shop: no"),
        (
            "postgresql",
            "2026-11-27 10:12:02.000 UTC [2212] ERROR:  no",
        ),
        (
            "postgresql",
            "2026-11-27 10:12:02.000 UTC [2212] LOG:  statement: SELECT 'a HINT:  b'",
        ),
        ("timestamp", "2026-11-27 10:12:01,123 ERROR no"),
        ("timestamp", "[2026-11-27T10:12:01Z] no"),
        ("timestamp", "2026/11/27 10:12:01 no"),
        ("timestamp", "27/Nov/2026:10:12:01 +0000 no"),
        ("timestamp", "27.11.2026 10:12 no"),
        ("timestamp", "10:12:01.123 [main] no"),
        ("timestamp", "Nov 27 10:12:01 no"),
        ("timestamp", "Nov  7 10:12:01 no"),
        ("timestamp", "Fri Nov 27 10:12:01 2026 no"),
        ("timestamp", "1764171734.301 no"),
        ("timestamp", "ERROR:root:no"),
        ("timestamp", "INFO  10:12 no"),
    ];
    for (preset, line) in first {
        assert!(!continues(preset, line), "{preset}: {line}");
    }
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let wrong = [
        (
            "multiline = 'jvav'",
            "expected `java`, `python`, `postgresql` or `timestamp`",
        ),
        (
            "multiline = 7",
            "expected `\"java\"`, `\"python\"`, `\"postgresql\"`, `\"timestamp\"`, a table or a list of tables",
        ),
        (
            "multiline = {}",
            "one of `start`, `continue` and `preset` here, but found none",
        ),
        (
            "multiline = { preset = 'java', continue = '^b' }",
            "one of `continue` and `preset` here, but found two",
        ),
        (
            "multiline = { start = '^a', preset = 'timestamp' }",
            "the preset `timestamp` says itself which lines begin a record",
        ),
        (
            "multiline = { start = '^a', continue = '^\\s*' }",
            "every line continues the one before",
        ),
        (
            "multiline = { start = '^', preset = 'java' }",
            "every line begins a record",
        ),
        ("multiline = { start = '(' }", "unclosed group"),
        ("multiline = { start = '^' }", "every line begins a record"),
        (
            "multiline = { continue = '^\\s*' }",
            "every line continues the one before",
        ),
        ("multiline = { start = 'a', lines_max = 1 }", "at least 2"),
        (
            "multiline = { start = 'a', bytes_max = 1048577 }",
            "at most 1048576",
        ),
        (
            "multiline = { start = 'a', wait = '1ms' }",
            "at least `10ms`",
        ),
        (
            "multiline = { start = 'a', wait = 'soon' }",
            "expected a duration",
        ),
        (
            "multiline = { start = 'a', files = 'a[' }",
            "expected a glob of file names",
        ),
        ("multiline = { begin = 'a' }", "unknown key `begin`"),
        ("multilines = 'java'", "did you mean `multiline`?"),
    ];
    for (input, words) in wrong {
        let said = refused(&format!("[input]\n{input}\n{RULE}"));
        assert!(said.contains(words), "{input}: {said}");
        assert!(said.contains("rules.toml:2:"), "{input}: {said}");
    }
}

#[test]
fn two_files_must_agree_or_be_for_different_logs() {
    let other = RULE.replace("xs", "ys");
    let one = format!("[input]\nmultiline = 'java'\n{RULE}");
    let two = |input: &str| format!("{input}\n{other}");
    let python = two("[input]\nmultiline = 'python'");
    let said = refused_files(&[("one.toml", &one), ("two.toml", &python)]);
    for words in [
        "the lines of all files are joined in two ways",
        "one.toml:2",
        "two.toml:2",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let same = two("[input]\nmultiline = 'java'");
    let apart = two("[input.multiline]\npreset = 'python'\nfiles = 'py.log'");
    for second in [same, apart] {
        let loaded = load_files(&[("one.toml", &one), ("two.toml", &second)]).unwrap();
        assert_eq!(loaded.multiline.len(), 2);
        let by_file = multiline_by_file(&loaded.multiline);
        let of = |file: &str| {
            let origin = Origin {
                source: "x".into(),
                file: file.into(),
            };
            by_file.of(&origin).cloned()
        };
        assert_eq!(
            of("/log/java.log"),
            Some(loaded.multiline[0].settings.clone())
        );
        assert_eq!(
            of("/log/py.log"),
            Some(loaded.multiline[1].settings.clone())
        );
    }
}

#[test]
fn a_pattern_of_the_command_line_is_for_all_inputs() {
    assert!(multiline_start(r"^\d{4}-").is_ok_and(|all| all.first().is_some()));
    assert_eq!(multiline_start("("), Err("unclosed group".to_owned()));
    assert!(multiline_start("^").unwrap_err().contains("every line"));
}

#[test]
fn a_start_besides_says_whose_records_are_meant() {
    let found = settings("[input.multiline]\nstart = '^%{YEAR}-'\ncontinue = '^\\s'");
    let start = found.start.as_ref().unwrap();
    assert!(start.is_match(b"2026-11-27") && !start.is_match(b"x"));
    assert_eq!(found.matching, Matching::Continues);
    let one = format!("[input.multiline]\nstart = '^a'\npreset = 'java'\n{RULE}");
    let two = format!(
        "[input.multiline]\nstart = '^b'\npreset = 'python'\n{}",
        RULE.replace("xs", "ys")
    );
    let all = format!("[input]\nmultiline = 'java'\n{}", RULE.replace("xs", "zs"));
    let files = [("one.toml", &*one), ("two.toml", &two), ("all.toml", &all)];
    let loaded = load_files(&files).unwrap();
    let together = multiline_by_file(&loaded.multiline);
    let first = together.first().unwrap();
    let second = first.others.as_ref().unwrap();
    let third = second.others.as_ref().unwrap();
    assert_eq!(**third, *loaded.multiline[2].settings);
    assert_eq!(third.others, None);
    // A file's own cases are joined as it says itself.
    let of_cases = multiline_of_cases(&loaded.multiline, 1).unwrap();
    assert_eq!(of_cases, loaded.multiline[1].settings);
}
