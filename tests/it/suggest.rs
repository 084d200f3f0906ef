//! `suggest`: for every log there are rules that pass `check` and `test` and count something on it.

use std::path::{Path, PathBuf};

use crate::fixture::{Run, Scratch, repository};

/// The suggestion for a log, taken through `check` and `test`; and what it counts.
#[track_caller]
fn counted(log: &Path) -> (String, Vec<String>) {
    let scratch = Scratch::new();
    let suggested = Run::new().arg("suggest").arg(log).go().success();
    let rules = scratch.write("suggested.toml", &suggested.stdout);
    let checked = Run::new().arg("check").arg(&rules).go().success();
    assert!(
        !checked.stderr.contains("warning"),
        "{}: {}",
        log.display(),
        checked.stderr
    );
    let tested = Run::new().arg("test").arg(&rules).go().success();
    assert!(
        tested.stderr.contains("1 of 1 cases passed"),
        "{}",
        tested.stderr
    );
    let page = Run::new()
        .arg("--once")
        .rules(&rules)
        .arg(log)
        .go()
        .success();
    let samples = page.stdout.lines();
    let samples = samples.filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
    let samples: Vec<String> = samples.map(str::to_owned).collect();
    assert!(
        !samples.is_empty(),
        "{}: {}",
        log.display(),
        suggested.stdout
    );
    (suggested.stdout, samples)
}

fn log(name: &str) -> PathBuf {
    repository("tests/data/suggest").join(name)
}

#[test]
fn every_log_gets_rules_that_hold() {
    let mut logs: Vec<PathBuf> = Vec::new();
    for folder in ["tests/data/suggest", "tests/data/agentgateway"] {
        let entries = std::fs::read_dir(repository(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        logs.extend(paths.filter(|path| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            matches!(ending, Some("log" | "json" | "csv"))
        }));
    }
    assert!(logs.len() > 25, "{logs:?}");
    for log in logs {
        println!("{}", log.display());
        counted(&log);
    }
}

#[test]
fn the_first_rules_say_what_a_person_would_count() {
    let (_, samples) = counted(&log("pino.log"));
    let wanted = "pino_requests_total{level=\"30\",method=\"GET\",status_code=\"200\"} 1";
    assert!(
        samples.iter().any(|sample| sample == wanted),
        "{samples:#?}"
    );
    let (rules, samples) = counted(&log("trades.csv"));
    let wanted = "trades_lines_total{desk=\"eq\",side=\"buy\"} 1";
    assert!(
        samples.iter().any(|sample| sample == wanted),
        "{samples:#?}"
    );
    let wanted = "trades_latency_seconds_count{desk=\"eq\"} 2";
    assert!(
        samples.iter().any(|sample| sample == wanted),
        "{samples:#?}"
    );
    assert!(
        rules.contains("`symbol` has 3 values on 3 lines"),
        "{rules}"
    );
}

#[test]
fn a_file_is_written_once_and_never_over_a_log() {
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "level=info user=ann\nlevel=warn user=bob\n");
    let rules = scratch.path("app.toml");
    let suggest = |to: &Path| Run::new().arg("init").arg(&log).arg("-o").arg(to).go();
    suggest(&rules).success().says(&["2 of 2 lines counted"]);
    Run::new().arg("check").arg(&rules).go().success();
    suggest(&rules).code(2).says(&["app.toml"]);
    suggest(&log).code(2).says(&["read by the same command"]);
    assert!(
        std::fs::read_to_string(&log)
            .unwrap()
            .starts_with("level=info")
    );
}

#[test]
fn what_is_wrapped_piped_or_compressed_is_read_as_everywhere() {
    let lines = "app-1  | level=info user=ann\napp-1  | level=warn user=bob\n";
    let piped = Run::new().arg("suggest").stdin(lines).go().success();
    assert!(
        piped.stdout.contains("fields = \"logfmt\""),
        "{}",
        piped.stdout
    );
    assert!(
        piped.stdout.contains("app-1  | level=info"),
        "{}",
        piped.stdout
    );
}

#[test]
fn a_log_without_lines_is_answered_in_a_sentence() {
    let scratch = Scratch::new();
    let empty = scratch.write("empty.log", "");
    let run = Run::new().arg("suggest").arg(empty).go();
    run.code(1).says(&["the log has no lines yet"]);
    let binary: Vec<u8> = (0..4000_u32).map(|n| (n * 37 % 256) as u8).collect();
    let binary = scratch.write("binary.log", binary);
    let run = Run::new().arg("suggest").arg(binary).go();
    run.code(1).says(&["this is no text"]);
    let wide: Vec<u8> = "level=info user=ann status=200\n"
        .repeat(5)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let wide = scratch.write("wide.log", [&[0xff, 0xfe], wide.as_slice()].concat());
    let run = Run::new().arg("suggest").arg(wide).go();
    run.code(1).says(&["UTF-16"]);
}
