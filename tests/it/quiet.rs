//! The program's own log stays short, whatever happens how often.

use crate::fixture::{Run, Scratch};

/// Lines that make every kind of trouble a line can make, again and again.
fn bad_lines(count: usize) -> Vec<u8> {
    let kinds: [&[u8]; 5] = [
        b"no rule matches this\n",
        b"request user= status=abc\n",
        b"request user=a user=b status=1\n",
        b"{\"request\": \"broken\n",
        b"request \xff\xfe\x1b[31m status=-1\n",
    ];
    let lines = kinds.iter().cycle().take(count);
    lines.copied().flatten().copied().collect()
}

const RULES: &str = r#"
[[rule]]
match  = 'request'
fields = "auto"

[rule.labels]
user = "user"

[[rule.metric]]
counter = "seen_total"
value   = "status"
by      = ["user"]
"#;

#[test]
fn a_million_bad_lines_write_a_handful_of_messages() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let log = scratch.write("bad.log", bad_lines(1_000_000));
    for format in ["plain", "json"] {
        let daemon = Run::new()
            .rules(&rules)
            .arg("--log-format")
            .arg(format)
            .variable("LOGMETRICS_LOG_LEVEL", "debug")
            .arg(&log)
            .start();
        let lines = format!("logmetrics_lines_total{{source=\"{}\"}}", log.display());
        daemon.until(|page| page.value(&lines) == Some(1_000_000.0));
        let page = daemon.metrics();
        assert!(page.sum("logmetrics_rule_bad_value_total") > 100_000.0);
        assert!(page.sum("logmetrics_rule_ambiguous_field_total") > 100_000.0);
        let said = daemon.stop();
        assert!(said.lines().count() < 20, "{said}");
        if format == "json" {
            for line in said.lines() {
                serde_json::from_str::<serde_json::Value>(line).expect(line);
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_short_all_the_time_is_told_a_few_times() {
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "");
    let rules = scratch.write("rules.toml", RULES);
    let daemon = Run::new().rules(&rules).arg(&log).start();
    let truncations = format!(
        "logmetrics_truncations_total{{source=\"{}\"}}",
        log.display()
    );
    daemon.until_ready();
    for round in 1..=40_u32 {
        scratch.append("app.log", format!("line of round {round}\n"));
        let lines = f64::from(round);
        daemon.until(|page| page.sum("logmetrics_lines_total") == lines);
        scratch.truncate("app.log");
        daemon.until(|page| page.value(&truncations) == Some(lines));
    }
    let said = daemon.stop();
    let told = said.lines().filter(|line| line.contains("was cut short"));
    assert!((1..20).contains(&told.count()), "{said}");
}
