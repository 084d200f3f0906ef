//! `report`: its numbers are those of the metrics, it reads whatever holds lines, and every format
//! is what it says it is.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::Value;

use crate::fixture::{Run, Scratch, repository, text};
use crate::wrapping;

const SAMPLES: [&str; 4] = ["text", "json", "text-edge", "json-edge"];

fn sample(name: &str) -> String {
    text(&format!("tests/data/agentgateway/{name}.log"))
}

fn report() -> Run {
    Run::new().arg("report")
}

fn json(run: Run) -> Value {
    let run = run.args("--format json").go().success();
    serde_json::from_str(&run.stdout).unwrap()
}

/// By user, and by user with a route or a status: `["ann", "200"] → 3`.
pub fn counts(report: &Value) -> BTreeMap<Vec<String>, u64> {
    let mut counts = BTreeMap::new();
    for user in report["users"].as_array().unwrap() {
        let name = user["user"].as_str().unwrap().to_owned();
        counts.insert(vec![name.clone()], user["requests"].as_u64().unwrap());
        for links in ["routes", "status_counts"] {
            for (other, count) in user[links].as_object().unwrap() {
                let key = vec![name.clone(), links.to_owned(), other.clone()];
                counts.insert(key, count.as_u64().unwrap());
            }
        }
    }
    counts
}

/// The same from the counts that an independent reading of the sample gave.
fn expected(name: &str) -> BTreeMap<Vec<String>, u64> {
    expected_in(&format!("tests/data/agentgateway/{name}.expected"))
}

/// The same from a file of such counts.
pub fn expected_in(path: &str) -> BTreeMap<Vec<String>, u64> {
    let mut counts = BTreeMap::new();
    for sample in text(path).lines() {
        let (labels, count) = sample.rsplit_once(' ').unwrap();
        let labels = labels.replace("\\\"", "\u{1}").replace("\\\\", "\\");
        let parts: Vec<String> = labels
            .split('"')
            .map(|part| part.replace('\u{1}', "\""))
            .collect();
        let (route, status, user) = (&parts[1], &parts[3], &parts[5]);
        for key in [
            vec![user.clone()],
            vec![user.clone(), "routes".into(), route.clone()],
            vec![user.clone(), "status_counts".into(), status.clone()],
        ] {
            *counts.entry(key).or_insert(0) += count.parse::<u64>().unwrap();
        }
    }
    counts
}

#[test]
fn its_counts_are_those_of_an_independent_reading() {
    for name in SAMPLES {
        let found = json(report().stdin(sample(name)));
        assert_eq!(counts(&found), expected(name), "{name}");
    }
}

#[test]
fn no_wrapping_changes_a_count() {
    for name in ["text", "json-edge"] {
        for (how, wrap) in wrapping::ALL {
            let found = json(report().stdin(wrap(&sample(name))));
            assert_eq!(counts(&found), expected(name), "{name}, {how}");
        }
    }
}

#[test]
fn totals_are_the_sums_of_their_parts() {
    let report = json(report().arg(repository("tests/data/agentgateway/text.log")));
    for member in [
        "requests",
        "errors_4xx",
        "errors_5xx",
        "tokens_input",
        "tokens_output",
    ] {
        let total = report["total"][member].as_u64().unwrap();
        assert!(total > 0, "{member}");
        for list in [
            "users",
            "routes",
            "models",
            "providers",
            "statuses",
            "hours",
        ] {
            let list_of = report[list].as_array().unwrap();
            let sum: u64 = list_of
                .iter()
                .map(|one| one[member].as_u64().unwrap())
                .sum();
            assert_eq!(sum, total, "{member} of {list}");
        }
    }
    assert_eq!(report["from"], "2026-11-23T15:18:33.229071Z");
}

#[test]
fn files_globs_and_compressed_ones_are_read_together() {
    let scratch = Scratch::new();
    let log = sample("text");
    scratch.write("gw.log", &log);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(log.as_bytes()).unwrap();
    // As logrotate leaves them, and two streams one after the other.
    let gzip = gzip.finish().unwrap();
    scratch.write("gw.log.2.gz", [gzip.clone(), gzip].concat());
    scratch.write("gw.log.1.zst", zstd::encode_all(log.as_bytes(), 1).unwrap());
    let one = expected("text");
    let glob = json(report().arg(scratch.path("gw.log*")));
    let four = |count: &u64| count * 4;
    assert_eq!(
        counts(&glob).into_values().collect::<Vec<_>>(),
        one.values().map(four).collect::<Vec<_>>()
    );
    // A file that has two names counts once; a pipe may be compressed too.
    std::os::unix::fs::symlink(scratch.path("gw.log"), scratch.path("link.log")).unwrap();
    let twice = report()
        .arg(scratch.path("gw.log"))
        .arg(scratch.path("*.log"));
    assert_eq!(counts(&json(twice)), one);
    let piped = report().arg("-").stdin_file(scratch.path("gw.log.1.zst"));
    assert_eq!(counts(&json(piped)), one);
}

#[test]
fn a_file_cut_short_counts_as_far_as_it_goes() {
    let scratch = Scratch::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    for number in 0..5000 {
        writeln!(
            gzip,
            "request gateway=g route=r http.status=200 number={number}"
        )
        .unwrap();
    }
    let gzip = gzip.finish().unwrap();
    let half = scratch.write("half.gz", &gzip[..gzip.len() / 2]);
    let run = report().arg(&half).args("--format json").go().code(1);
    let run = run.says(&["half.gz", "is damaged or cut short", "lines count"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let requests = found["total"]["requests"].as_u64().unwrap();
    assert!((2000..3000).contains(&requests), "{requests}");
    // Nothing to read at all is no report.
    let run = report().arg(scratch.path("missing.log")).go().code(2);
    assert_eq!(run.says(&["missing.log"]).stdout, "");
    let run = report().arg(scratch.path("missing*")).go().code(2);
    run.says(&["no file matches"]);
}

/// Beyond the size at which a file is read in parts by several threads.
#[test]
fn a_large_file_read_in_parts_loses_and_doubles_nothing() {
    let scratch = Scratch::new();
    let filler = "x".repeat(900);
    let mut log = String::new();
    let lines = 80_000_u64;
    for number in 0..lines {
        log += &format!(
            "request gateway=g route=r{} http.status=200 duration={}ms agent={}{filler} user.email=u{}@x\n",
            number % 7,
            number % 100,
            number * 7,
            number % 11
        );
    }
    // Records that may be parts of lines are read in one go.
    let records = scratch.write("records.log", wrapping::cri(&log));
    let plain = scratch.write("plain.log", log);
    let plain = json(report().arg(plain));
    assert_eq!(plain["total"]["requests"], lines);
    assert_eq!(plain["total"]["lines"], lines);
    let records = json(report().arg(records));
    assert_eq!(counts(&plain), counts(&records));
}

#[test]
fn a_period_and_a_user_are_picked_out() {
    let scratch = Scratch::new();
    let line = |time: &str, user: &str| {
        format!(
            "{time}\tinfo\trequest gateway=g route=r http.status=200 trace.id=t-{user} user.email={user}\n"
        )
    };
    let log = [
        line("2026-10-07T23:59:59.0Z", "ann"),
        line("2026-10-08T00:00:00.0Z", "ben"),
        line("2026-10-08T12:00:00.0Z", "cyd"),
        "request gateway=g route=r http.status=200 user.email=dan\n".to_owned(),
    ];
    let log = scratch.write("gw.log", log.concat());
    let run = report()
        .arg(&log)
        .args("--format json --since 2026-10-08T00:00 --until 2026-10-08T12:00");
    let run = run
        .go()
        .success()
        .says(&["1 request has no time on its line"]);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(found["total"]["requests"], 1);
    assert_eq!(found["users"][0]["user"], "ben");
    let run = report().arg(&log).args("--user CYD").go().success();
    assert!(
        run.stdout.contains("t-cyd") && !run.stdout.contains("t-ben"),
        "{}",
        run.stdout
    );
    let run = report().arg(&log).args("--user ban").go().success();
    run.says(&["did you mean `ben`?"]);
    let run = report().arg(&log).args("--since 1h").go().success();
    run.says(&["outside of the period"]);
}

#[test]
fn every_format_is_what_it_says() {
    let log = repository("tests/data/agentgateway/text-edge.log");
    let go = |format: &str| {
        report()
            .arg(&log)
            .args("--format")
            .arg(format)
            .go()
            .success()
            .stdout
    };
    let csv = go("csv");
    assert!(csv.starts_with("user,requests,errors_4xx,"));
    assert_eq!(
        csv.lines().count(),
        1 + json(report().arg(&log))["users"].as_array().unwrap().len()
    );
    let html = go("html");
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    for banned in ["<script", "http://", "https://", "@import", "url("] {
        assert!(!html.contains(banned), "{banned}");
    }
    assert!(go("markdown").starts_with("# Requests"));
    for (columns, variable) in [(80, ""), (80, "80"), (120, "120"), (60, "20")] {
        let run = report()
            .arg(&log)
            .variable("COLUMNS", variable)
            .go()
            .success();
        assert!(!run.stdout.contains('\u{1b}'));
        for line in run.stdout.lines().filter(|line| !line.starts_with("note:")) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
    let scratch = Scratch::new();
    let page = scratch.path("report.html");
    let run = report()
        .arg(&log)
        .args("--format html -o")
        .arg(&page)
        .go()
        .success();
    assert_eq!(run.stdout, "");
    assert!(std::fs::read_to_string(page).unwrap().contains("</html>"));
}

#[test]
fn by_and_top_choose_what_is_shown() {
    let log = repository("tests/data/agentgateway/text.log");
    let run = report()
        .arg(&log)
        .args("--by status --format csv")
        .go()
        .success();
    assert!(run.stdout.starts_with("status,requests"), "{}", run.stdout);
    let run = report().arg(&log).args("--by route --top 2").go().success();
    let place = |title: &str| run.stdout.find(title).unwrap();
    assert!(place("Routes by requests") < place("Users by requests"));
    assert!(run.stdout.contains("and 8 more routes"), "{}", run.stdout);
}

#[test]
fn any_rules_with_a_user_a_route_or_a_status_will_do() {
    let scratch = Scratch::new();
    let rules = |body: &str| {
        let metric = "[[rule.metric]]\ncounter = 'n'\nby = ['shop']\n";
        scratch.write(
            "rules.toml",
            format!("[[rule]]\nmatch = '(?P<who>\\S+) bought in (?P<shop>\\S+)'\n{body}{metric}"),
        )
    };
    let log = scratch.write(
        "shop.log",
        "ann bought in x\nben bought in x\nann bought in y\nelse\n",
    );
    let run = report().arg(&log).rules(rules("")).go().code(2);
    run.says(&["no rule says who asked", "[rule.report]"]);
    let found = json(
        report()
            .arg(&log)
            .rules(rules("[rule.report]\nuser = 'who'\nroute = 'shop'\n")),
    );
    assert_eq!(found["users"][0]["user"], "ann");
    assert_eq!(found["users"][0]["routes"]["y"], 1);
    assert_eq!(found["total"]["lines"], 4);
    assert_eq!(found["from"], Value::Null);
    let nginx = text("rules/nginx.toml");
    let line = nginx
        .lines()
        .find(|line| line.contains("203.0.113.7 - alice"))
        .unwrap();
    let line = line.trim().trim_matches(|c| c == '\'' || c == ',');
    let run = report().rules(repository("rules/nginx.toml")).stdin(line);
    assert_eq!(json(run)["routes"][0]["route"], "GET");
}

#[test]
fn mistakes_say_what_to_type() {
    let log = repository("tests/data/agentgateway/text.log");
    for (line, words) in [
        ("--since yesterday", "but found `yesterday`"),
        ("--since 1h --until 2h", "`--since` to be before `--until`"),
        ("--top 0", "0 is not in 1..=10000"),
        ("--by shop", "possible values: user, route, model, status"),
    ] {
        report().arg(&log).args(line).go().code(2).says(&[words]);
    }
    report()
        .go()
        .code(2)
        .says(&["logmetrics report /var/log/gateway.log"]);
    report()
        .stdin("")
        .go()
        .success()
        .says(&["the log is empty"]);
    report()
        .stdin("x\n")
        .go()
        .success()
        .says(&["no request among 1 line", "logmetrics explain"]);
    let scratch = Scratch::new();
    let nginx = scratch.write(
        "access.log",
        "203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 23 \"-\" \"x\"\n",
    );
    let run = report().arg(&nginx).go().success();
    run.says(&["they look like nginx: try `-r builtin:nginx`"]);
}

#[test]
fn a_zone_behind_a_time_is_understood_or_refused() {
    let scratch = Scratch::new();
    let line = |hour: u32| {
        format!(
            "2026-10-08T{hour:02}:30:00.000000Z\tinfo\trequest gateway=g route=r http.status=200 user.email=h{hour}\n"
        )
    };
    let log = scratch.write("gw.log", (10..16).map(line).collect::<String>());
    // Noon in Berlin is ten o'clock in UTC that day.
    for (since, first) in [
        ("2026-10-08T14:00", "h14"),
        ("2026-10-08T14:00[Europe/Berlin]", "h12"),
        ("2026-10-08T14:00+02:00[Europe/Berlin]", "h12"),
    ] {
        let found = json(report().arg(&log).arg("--since").arg(since));
        let mut users: Vec<_> = counts(&found)
            .into_keys()
            .map(|key| key[0].clone())
            .collect();
        users.sort();
        assert_eq!(users[0], first, "{since}");
    }
    for wrong in [
        "2026-10-08T14:00[Mars/Base]",
        "2026-10-08T14:00+05:00[Europe/Berlin]",
    ] {
        let run = report().arg(&log).arg("--until").arg(wrong).go().code(2);
        run.says(&["--until", "Europe/Berlin"]);
        let run = Run::new()
            .args("--jaeger http://127.0.0.1:1 --jaeger-since")
            .arg(wrong);
        run.go().code(2);
    }
}

#[test]
fn the_busiest_user_is_first_however_late_and_nobody_else_is_said_rightly() {
    let scratch = Scratch::new();
    let line =
        |user: u32| format!("request gateway=g route=r http.status=200 user.email=u{user}@x.com\n");
    let crowd: String = (0..30_000).chain([77_777; 5_000]).map(line).collect();
    let log = scratch.write("gw.log", crowd);
    let found = json(report().arg(&log));
    assert_eq!(found["users"][0]["user"], "u77777@x.com");
    assert_eq!(found["users"][0]["requests"], 5_000);
    assert_eq!(found["users"].as_array().unwrap().len(), 30_001);
    let run = report()
        .arg(&log)
        .args("--user w77777@x.com")
        .go()
        .success();
    run.says(&["did you mean `u77777@x.com`?"]);
    let none = scratch.write("none.log", "nothing\n");
    let run = report().arg(&none).args("--user bob").go().success();
    run.says(&["no request of `bob`, nor of anybody else, among 1 line"]);
}

#[cfg(unix)]
#[test]
fn an_output_is_private_and_never_one_of_the_files_that_are_read() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", sample("text"));
    std::os::unix::fs::symlink(&log, scratch.path("link")).unwrap();
    for output in ["gateway.log", "link"] {
        let refused = report().arg(&log).arg("-o").arg(scratch.path(output)).go();
        refused.code(2).says(&["is read by the same command"]);
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap(), sample("text"));
    let output = scratch.write("report", "old");
    report().arg(&log).arg("-o").arg(&output).go().success();
    let mode = std::fs::metadata(&output).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let full = report().arg(&log).args("-o /dev/full").go();
    full.code(1).says(&["cannot write `/dev/full`"]);
}
