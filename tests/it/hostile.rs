//! Lines that nobody would write on purpose. The program stays calm, the lines around them count,
//! and the page stays one that Prometheus can read.

use crate::fixture::{Run, Scratch};

const RULES: &str = r"
[[rule]]
match  = 'user=(?P<user>\S+)'
metric = [{ counter = 'seen', by = ['user'] }]
";

/// Counts users in `log`, which is read from standard input and from a file.
#[track_caller]
fn counts(log: impl AsRef<[u8]>, expected: &[&str]) {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let path = scratch.write("gateway.log", &log);
    let run = Run::new().arg("--once").rules(rules);
    for run in [run.clone().stdin(&log), run.arg(path)] {
        let run = run.go().success().calm();
        assert_eq!(run.sorted("seen{"), expected);
    }
}

#[test]
fn nothing_and_empty_lines() {
    counts("", &[]);
    counts("\n\n\r\n\n", &[]);
    counts("\n\nuser=ann\n\n", &["seen{user=\"ann\"} 1"]);
}

#[test]
fn broken_utf8_becomes_the_replacement_character() {
    counts(
        b"user=ann\xff\nuser=\xc3\x28\nuser=bob\n",
        &[
            "seen{user=\"ann\u{fffd}\"} 1",
            "seen{user=\"bob\"} 1",
            "seen{user=\"\u{fffd}(\"} 1",
        ],
    );
}

#[test]
fn names_in_latin_1_are_counted_and_said() {
    let log = b"2026-03-01 10:00:00 benutzer=M\xfcller ort=K\xf6ln status=200\n\
        2026-03-01 10:00:00 benutzer=M\xf6ller ort=K\xf6ln status=200\n\
        2026-03-01 10:00:01 benutzer=Meier ort=K\xf6ln status=200\n";
    let scratch = Scratch::new();
    let rules = "[[rule]]\nfields = 'logfmt'\nmetric = [{ counter = 'seen', by = ['benutzer'] }]\n";
    let rules = scratch.write("rules.toml", rules);
    let path = scratch.write("gateway.log", log);
    let run = Run::new().rules(rules).arg(&path);
    let once = run.clone().arg("--once").go().success();
    let once = once.says(&["not valid UTF-8", "iconv -f ISO-8859-1"]);
    // One name of two: this is what the message and the metric are about.
    assert_eq!(
        once.sorted("seen{"),
        [
            "seen{benutzer=\"Meier\"} 1",
            "seen{benutzer=\"M\u{fffd}ller\"} 2",
        ]
    );

    let daemon = run.start();
    let page = daemon.until(|page| page.sum("seen") == 3.0);
    assert_eq!(page.sum("logmetrics_invalid_utf8_lines_total"), 2.0);
    scratch.append("gateway.log", log);
    let page = daemon.until(|page| page.sum("seen") == 6.0);
    let series = page.series("logmetrics_invalid_utf8_lines_total");
    assert_eq!(series.into_values().collect::<Vec<_>>(), [4.0]);
    let said = daemon.stop();
    assert_eq!(said.matches("is not valid UTF-8").count(), 1, "{said}");
    assert!(said.contains("iconv"), "{said}");
}

#[test]
fn control_characters_become_the_replacement_character() {
    counts(
        b"user=a\0b\nuser=a\x1b[31mb\nuser=a\x7fb\nuser=a\xc2\x9bb\nuser=bob\n",
        &[
            // Not the line's own colours, since they stand behind a `=`: part of the value.
            "seen{user=\"a\u{fffd}[31mb\"} 1",
            "seen{user=\"a\u{fffd}b\"} 3",
            "seen{user=\"bob\"} 1",
        ],
    );
}

#[test]
fn quotes_and_backslashes_are_escaped_on_the_page() {
    counts("user=a\"b\\c{}=,\n", &["seen{user=\"a\\\"b\\\\c{}=,\"} 1"]);
}

#[test]
fn a_line_of_five_megabytes_is_cut_and_counted() {
    let mut log = b"user=ann\nuser=bob ".to_vec();
    log.extend(std::iter::repeat_n(b'x', 5 << 20));
    log.extend(b" user=never\nuser=ann\n");
    counts(&log, &["seen{user=\"ann\"} 2", "seen{user=\"bob\"} 1"]);

    let scratch = Scratch::new();
    let path = scratch.write("gateway.log", &log);
    let daemon = Run::new()
        .rules(scratch.write("rules.toml", RULES))
        .arg(&path)
        .start();
    let page = daemon.until(|page| page.sum("seen") == 3.0);
    assert_eq!(page.sum("logmetrics_oversized_lines_total"), 1.0);
    assert_eq!(page.sum("logmetrics_lines_total"), 3.0);
    daemon.stop();
}

#[test]
fn a_file_of_nothing_but_one_byte_or_no_line_end() {
    counts(vec![0; 3 << 20], &[]);
    counts(vec![b'{'; 3 << 20], &[]);
    counts("{\"log\":\"".repeat(100_000), &[]);
    counts("a=\"".repeat(500_000), &[]);
}

#[test]
fn a_label_value_of_a_megabyte_is_cut() {
    let log = format!("user={}\n", "é".repeat(400_000));
    let cut = format!("seen{{user=\"{}…\"}} 1", "é".repeat(128));
    counts(log, &[&cut]);
}

#[test]
fn a_file_that_vanishes_while_it_is_read() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let log = scratch.write("gateway.log", "user=ann\n".repeat(300_000));
    let daemon = Run::new().rules(rules).arg(&log).start();
    daemon.until(|page| page.sum("logmetrics_bytes_total") > 0.0);
    scratch.delete("gateway.log");
    daemon.until(|page| page.value("seen{user=\"ann\"}") == Some(300_000.0));
    scratch.write("gateway.log", "user=bob\n");
    daemon.until(|page| page.value("seen{user=\"bob\"}") == Some(1.0));
    daemon.stop();
}

#[test]
fn more_users_than_the_limit_fold_and_the_total_stays_right() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        RULES.replace("by = ['user']", "by = ['user'], limit = 100"),
    );
    let log: String = (0..1000).map(|user| format!("user=u{user}\n")).collect();
    let daemon = Run::new()
        .rules(rules)
        .arg(scratch.write("gateway.log", log))
        .start();
    let page = daemon.until(|page| page.sum("seen") == 1000.0);
    assert!(page.series("seen").len() <= 101, "{}", page.0);
    assert!(
        page.value("seen{user=\"__other__\"}")
            .is_some_and(|n| n >= 899.0)
    );
    assert!(page.sum("logmetrics_series_limited_total") >= 1.0);
    daemon.stop();
}
