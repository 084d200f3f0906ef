//! HTTP as scrapers, orchestrators and people use it, and the end of a daemon's life.

use std::io::{Read, Write};

use rustix::process::Signal;

use crate::fixture::{Daemon, Run, Scratch, read, text};

/// A daemon that has read the text sample.
fn daemon() -> Daemon {
    let daemon = Run::new()
        .arg(crate::fixture::repository(
            "tests/data/agentgateway/text.log",
        ))
        .start();
    daemon.until(|page| page.sum("requests_by_user") == 398.0);
    daemon
}

const TEXT: &str = "text/plain; version=0.0.4";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0";
const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

#[test]
fn every_path_has_its_answer() {
    let daemon = daemon();
    for (method, path, status, words) in [
        ("GET", "/metrics", 200, "requests_by_user{"),
        ("GET", "/metrics?name[]=up", 200, "requests_by_user{"),
        ("GET", "/healthz", 200, "ok"),
        ("GET", "/readyz", 200, "ok"),
        ("GET", "/", 200, "logmetrics"),
        ("GET", "/nothing", 404, "/metrics"),
        ("GET", "/metrics/", 404, ""),
        ("POST", "/metrics", 405, ""),
        ("DELETE", "/", 405, ""),
        ("PUT", "/healthz", 405, ""),
    ] {
        let response = daemon.request(method, path, &[]);
        assert_eq!(response.status, status, "{method} {path}");
        assert!(
            response.text().contains(words),
            "{method} {path}: {}",
            response.text()
        );
        if status == 405 {
            assert!(response.header("allow").contains("GET"), "{method} {path}");
        }
    }
    daemon.stop();
}

#[test]
fn head_gives_the_headers_alone() {
    let daemon = daemon();
    for path in ["/metrics", "/healthz", "/readyz", "/"] {
        let get = daemon.get(path);
        let head = daemon.request("HEAD", path, &[]);
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.body.is_empty(), "{path}");
    }
    daemon.stop();
}

#[test]
fn accept_chooses_the_format() {
    let daemon = daemon();
    for (accept, expected) in [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        (TEXT, TEXT),
        ("application/json", TEXT),
        (OPENMETRICS, OPENMETRICS),
        (PROTOBUF, PROTOBUF),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            OPENMETRICS,
        ),
        (
            "application/openmetrics-text;version=1.0.0;q=0.2,text/plain;version=0.0.4;q=0.9",
            TEXT,
        ),
    ] {
        let response = daemon.request("GET", "/metrics", &[("accept", accept)]);
        assert_eq!(response.status, 200, "{accept}");
        let (found, wanted) = (plain(response.header("content-type")), plain(expected));
        assert!(found.starts_with(&wanted), "{accept}: {found}");
    }
    daemon.stop();
}

/// A content type without the blanks that mean nothing.
fn plain(content_type: &str) -> String {
    content_type.replace(' ', "").to_lowercase()
}

#[test]
fn openmetrics_ends_with_its_mark_and_keeps_the_counters_name() {
    let daemon = daemon();
    let response = daemon.request("GET", "/metrics", &[("accept", OPENMETRICS)]);
    let page = response.text();
    assert!(page.ends_with("# EOF\n"), "{page}");
    assert!(page.contains("# TYPE requests_by_user unknown\n"), "{page}");
    assert!(page.contains("\nrequests_by_user{"), "{page}");
    assert!(!page.contains("requests_by_user_total"), "{page}");
    daemon.stop();
}

#[test]
fn protobuf_holds_the_same_series_as_text() {
    use protobuf::{CodedInputStream, Message};
    let daemon = daemon();
    let response = daemon.request("GET", "/metrics", &[("accept", PROTOBUF)]);
    let mut stream = CodedInputStream::from_bytes(&response.body);
    let mut requests = 0.0;
    while !stream.eof().unwrap() {
        let bytes = stream.read_bytes().unwrap();
        let family = prometheus::proto::MetricFamily::parse_from_bytes(&bytes).unwrap();
        if family.name() == "requests_by_user" {
            let metrics = family.get_metric().iter();
            requests += metrics.map(|m| m.get_counter().value()).sum::<f64>();
        }
    }
    assert_eq!(requests, 398.0);
    daemon.stop();
}

#[test]
fn accept_encoding_chooses_the_packing() {
    let daemon = daemon();
    let ask = |encoding| daemon.request("GET", "/metrics", &[("accept-encoding", encoding)]);
    for (asked, given) in [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("identity", ""),
        ("br", ""),
        ("gzip;q=0", ""),
        ("gzip;q=0.1, zstd;q=0.9", "zstd"),
    ] {
        let response = ask(asked);
        assert_eq!(response.header("content-encoding"), given, "{asked}");
        assert!(
            response.header("vary").to_lowercase().contains("accept"),
            "{asked}: a cache must know that the answer varies"
        );
        let page = match given {
            "gzip" => {
                let mut page = String::new();
                let mut reader = flate2::read::GzDecoder::new(&response.body[..]);
                reader.read_to_string(&mut page).unwrap();
                page
            }
            "zstd" => String::from_utf8(zstd::decode_all(&response.body[..]).unwrap()).unwrap(),
            _ => response.text().to_owned(),
        };
        let lines = page.lines().filter(|l| l.starts_with("requests_by_user{"));
        assert_eq!(lines.count(), 86, "{asked}");
    }
    daemon.stop();
}

#[test]
fn the_page_is_sorted_and_scrapes_can_be_compared() {
    let daemon = daemon();
    let page = daemon.metrics();
    let expected = text("tests/data/agentgateway/text.expected");
    let found: Vec<_> = page
        .0
        .lines()
        .filter(|line| line.starts_with("requests_by_user{"))
        .collect();
    assert!(found.is_sorted(), "{found:#?}");
    assert_eq!(found.len(), expected.lines().count());
    daemon.stop();
}

#[test]
fn a_new_series_starts_at_zero_for_a_scraper_and_never_for_people() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nmatch = '^(?P<user>.*)$'\nmetric = [{ counter = 'seen', by = ['user'] }]\n",
    );
    let log = scratch.write("gateway.log", "ann\n");
    let daemon = Run::new().rules(rules).arg(log).start();
    let scrape = || {
        let headers = [("x-prometheus-scrape-timeout-seconds", "10")];
        let response = daemon.request("GET", "/metrics", &headers);
        crate::fixture::Page(response.text().to_owned())
    };
    daemon.until(|page| page.sum("seen") == 1.0);
    let [ann, bob] = ["seen{user=\"ann\"}", "seen{user=\"bob\"}"];
    assert_eq!(scrape().value(ann), Some(1.0), "a first visit sees it all");
    scratch.append("gateway.log", "bob\nbob\nann\n");
    daemon.until(|page| page.value(bob) == Some(2.0) && page.value(ann) == Some(2.0));
    let second = scrape();
    assert_eq!(
        (second.value(ann), second.value(bob)),
        (Some(2.0), Some(0.0))
    );
    let third = scrape();
    assert_eq!((third.value(ann), third.value(bob)), (Some(2.0), Some(2.0)));
    daemon.stop();
}

#[test]
fn it_speaks_of_itself() {
    let daemon = daemon();
    let page = daemon.metrics();
    for metric in [
        "logmetrics_lines_total",
        "logmetrics_bytes_total",
        "logmetrics_lines_unmatched_total",
        "logmetrics_rule_matches_total",
        "logmetrics_series",
        "logmetrics_source_lag_bytes",
        "logmetrics_build_info",
        "process_start_time_seconds",
    ] {
        let described = page.0.contains(&format!("# TYPE {metric} "));
        assert!(described && !page.series(metric).is_empty(), "{metric}");
    }
    let lines = read("tests/data/agentgateway/text.log");
    let lines = lines.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(page.sum("logmetrics_lines_total"), lines as f64);
    assert_eq!(page.sum("logmetrics_series"), page_series(&page.0) as f64);
    daemon.stop();
}

/// How many series the rules made: a histogram is one, however many lines it takes.
fn page_series(page: &str) -> usize {
    let own = ["#", "logmetrics_", "process_"];
    let parts = ["_bucket{", "_sum{", "_sum "];
    page.lines()
        .filter(|line| !own.iter().any(|prefix| line.starts_with(prefix)))
        .filter(|line| !parts.iter().any(|part| line.contains(part)))
        .count()
}

#[test]
fn a_port_in_use_is_one_line_and_exit_1() {
    let daemon = daemon();
    let address = daemon.address().to_owned();
    let run = Run::new().args("--listen").arg(&address).arg("-").go();
    let run = run.code(1).says(&[&address, "in use"]).calm();
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    daemon.stop();
}

#[test]
fn readiness_comes_when_what_existed_is_read() {
    let scratch = Scratch::new();
    let lines = text("tests/data/agentgateway/text.log").repeat(20);
    let log = scratch.write("gateway.log", lines);
    let daemon = Run::new().arg(log).start();
    let deadline = std::time::Instant::now() + crate::fixture::PATIENCE;
    loop {
        let ready = daemon.get("/readyz");
        match ready.status {
            200 => break,
            503 => assert!(std::time::Instant::now() < deadline, "{}", ready.text()),
            other => panic!("/readyz: {other}"),
        }
        assert_eq!(daemon.get("/healthz").status, 200);
    }
    assert_eq!(daemon.metrics().sum("requests_by_user"), 398.0 * 20.0);
    daemon.stop();
}

#[test]
fn healthcheck_asks_a_running_daemon() {
    let daemon = daemon();
    let address = daemon.address().to_owned();
    let ask = || {
        Run::new()
            .arg("healthcheck")
            .variable("LOGMETRICS_LISTEN", &address)
            .go()
    };
    ask().success();
    daemon.stop();
    ask().code(1);
}

#[test]
fn sigterm_comes_after_the_lines_that_were_written_before_it() {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let daemon = Run::new().stdin_from(reader.try_clone().unwrap()).start();
    // Asleep, it finds the lines and the signal at the same moment.
    daemon.signal(Signal::STOP);
    writer.write_all(&b"a line\n".repeat(5000)).unwrap();
    daemon.stop();
    drop(writer);
    let mut left = Vec::new();
    reader.read_to_end(&mut left).unwrap();
    assert_eq!(left.len(), 0, "bytes that nobody read");
}

#[test]
fn sigterm_ends_it_while_it_waits_for_everything() {
    let scratch = Scratch::new();
    for log in ["missing.log", "missing/*.log"] {
        Run::new().arg(scratch.path(log)).start().stop();
    }
    let (reader, _writer) = std::io::pipe().unwrap();
    Run::new().arg("-").stdin_from(reader).start().stop();
}

/// Lines are counted before they are said to be read, and every page keeps to that order.
#[test]
fn no_page_says_of_a_line_that_it_was_read_and_leaves_out_what_it_counted() {
    const LINES: u32 = 30_000;
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nname = 'users'\nmatch = 'user='\nmetric = [{ counter = 'seen_total' }]\n",
    );
    let log = scratch.write("app.log", "");
    let daemon = Run::new().rules(&rules).arg(&log).start();
    daemon.until_ready();
    let writer = std::thread::spawn(move || {
        let mut file = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        for _ in 0..LINES / 10 {
            file.write_all("user=ann\n".repeat(10).as_bytes()).unwrap();
        }
    });
    daemon.until(|page| {
        let of = |series: &str| page.value(series).unwrap_or(0.0);
        let (seen, matches) = (
            of("seen_total"),
            of("logmetrics_rule_matches_total{rule=\"users\"}"),
        );
        assert!(seen >= matches, "{seen} are counted of {matches} lines");
        seen == f64::from(LINES)
    });
    writer.join().unwrap();
    daemon.stop();
}
