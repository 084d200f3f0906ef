//! What is shipped for Prometheus and Grafana, in a running Prometheus: the alerts fire on what they are for,
//! and every query of the dashboard returns what the log says.

use std::os::unix::fs::PermissionsExt;

use regex::Regex;

use crate::fixture::{Daemon, PATIENCE, Run, Scratch, repository, wait_for};
use crate::prometheus::Prometheus;
use crate::stack::queries;

const NOBODY: u32 = 65_534;

/// The shipped rules, with waits and ranges of seconds where they have minutes.
fn quick_rules(scratch: &Scratch) {
    let rules = repository("examples/prometheus/logmetrics.rules.yml");
    let rules = std::fs::read_to_string(rules).unwrap();
    let waits = Regex::new(r"for: \d+[mh]").unwrap();
    let ranges = Regex::new(r"(\[|offset )1[05]m").unwrap();
    let rules = waits.replace_all(&rules, "for: 1s");
    let quick = ranges.replace_all(&rules, "${1}15s");
    assert_ne!(quick, rules);
    scratch.write("quick.rules.yml", quick.as_bytes());
}

impl Prometheus {
    /// Which alerts about logmetrics itself fire now. That no lines come is true of most of these tests.
    fn firing(&self) -> Vec<String> {
        let alerts = self.query(
            "ALERTS{alertstate='firing',alertname=~'Logmetrics.*',alertname!='LogmetricsNoLines'}",
        );
        let alerts = alerts.as_array().unwrap().iter();
        let name =
            |alert: &serde_json::Value| alert["metric"]["alertname"].as_str().map(str::to_owned);
        alerts.filter_map(name).collect()
    }

    /// Waits until an alert fires with this label.
    #[track_caller]
    fn until_fires(&self, alert: &str, label: &str, value: &str) {
        let query = format!("ALERTS{{alertstate='firing',alertname='{alert}',{label}='{value}'}}");
        self.until(&query, "1");
    }

    /// Waits until the rules were evaluated a few times, and asserts that nothing fires.
    #[track_caller]
    fn stays_quiet(&self) {
        self.until("up{job='logmetrics'}", "1");
        self.until("count_over_time(up{job='logmetrics'}[1m]) >= bool 5", "1");
        assert_eq!(self.firing(), [""; 0]);
    }
}

const REQUEST: &str = "2026-11-23T15:19:33.229071Z\tinfo\trequest gateway=default/default \
                       route=default/openai-gpt http.status=200 duration=4ms \
                       http.header.x-user-email=\"USER@example.com\"\n";

fn request(user: &str) -> String {
    REQUEST.replace("USER", user)
}

#[test]
#[ignore = "needs Prometheus"]
fn an_alert_fires_on_an_input_that_cannot_be_read() {
    let scratch = Scratch::new();
    quick_rules(&scratch);
    let good = scratch.write("good.log", request("ann"));
    let denied = scratch.write("denied.log", request("bob"));
    let permit = |mode| {
        std::fs::set_permissions(&denied, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let folder = good.parent().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&good, std::fs::Permissions::from_mode(0o644)).unwrap();
    permit(0o644);
    let run = Run::new().arg(&good).arg(&denied);
    let is_root = rustix::process::geteuid().is_root();
    let daemon = if is_root { run.user(NOBODY) } else { run }.start();
    daemon.until_ready();
    let prometheus = Prometheus::start(&scratch, &daemon, &[]);
    prometheus.stays_quiet();

    // Rotated, and the new file is root's alone.
    std::fs::rename(&denied, scratch.path("denied.log.1")).unwrap();
    std::fs::write(&denied, request("bob")).unwrap();
    permit(0o000);
    prometheus.until_fires(
        "LogmetricsInputUnreadable",
        "source",
        denied.to_str().unwrap(),
    );
    assert_eq!(prometheus.firing(), ["LogmetricsInputUnreadable"]);
    permit(0o644);
    let over = wait_for(PATIENCE, || prometheus.firing().is_empty().then_some(()));
    assert!(over.is_some(), "{:?}", prometheus.firing());
    daemon.stop();
}

#[test]
#[ignore = "needs Prometheus"]
fn an_alert_fires_where_nothing_matches() {
    let scratch = Scratch::new();
    quick_rules(&scratch);
    let log = scratch.write("gateway.log", request("ann"));
    let daemon = Run::new().arg(&log).start();
    daemon.until_ready();
    let prometheus = Prometheus::start(&scratch, &daemon, &[]);
    prometheus.stays_quiet();
    let fired = wait_for(PATIENCE, || {
        // A log of another program, line by line.
        scratch.append("gateway.log", "nothing that any rule knows\n".repeat(5));
        prometheus
            .firing()
            .contains(&"LogmetricsNothingMatches".to_owned())
            .then_some(())
    });
    assert!(fired.is_some(), "{:?}", prometheus.firing());
    assert_eq!(prometheus.firing(), ["LogmetricsNothingMatches"]);
    daemon.stop();
}

#[test]
#[ignore = "needs Prometheus"]
fn an_alert_fires_on_labels_that_are_folded() {
    let scratch = Scratch::new();
    quick_rules(&scratch);
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\n\
         [rule.labels]\nuser = { from = 'user', max_values = 3 }\n\
         [[rule.metric]]\ncounter = 'seen'\nby = ['user']\n",
    );
    let log = scratch.write("users.log", "user=a\nuser=b\nuser=c\n");
    let daemon = Run::new().rules(&rules).arg(&log).start();
    daemon.until_ready();
    let prometheus = Prometheus::start(&scratch, &daemon, &[]);
    prometheus.stays_quiet();
    scratch.append("users.log", "user=d\nuser=e\n");
    prometheus.until_fires("LogmetricsSeriesLimited", "label", "user");
    prometheus.until("seen{user='__other__'}", "2");
    assert_eq!(prometheus.firing(), ["LogmetricsSeriesLimited"]);
    daemon.stop();
}

/// Whether the page has a sample for each metric that a query names.
fn has_data(daemon: &Daemon, query: &str) -> bool {
    let names = Regex::new(r"([a-z_]+)\{").unwrap();
    let page = daemon.metrics();
    names.captures_iter(query).all(|name| {
        let name = format!("{}{{", &name[1]);
        page.0.lines().any(|line| line.starts_with(&name))
    })
}

#[test]
#[ignore = "needs Prometheus"]
fn every_query_of_the_dashboard_returns_what_the_log_says() {
    let scratch = Scratch::new();
    let sample = std::fs::read_to_string(repository("tests/data/agentgateway/text.log")).unwrap();
    let log = scratch.write("gateway.log", "");
    let daemon = Run::new().arg(&log).start();
    daemon.until_ready();
    let prometheus = Prometheus::start(&scratch, &daemon, &[]);
    prometheus.until("up{job='logmetrics'}", "1");
    scratch.append("gateway.log", &sample);
    prometheus.until("sum(requests_by_user)", "398");
    // Each series was shown at 0 first, so all of them have grown.
    prometheus.until("sum(increase(requests_by_user[5m])) >= bool 398", "1");

    let run = Run::new().arg("dashboard").go().success();
    let dashboard: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let (mut with_data, mut without) = (0, Vec::new());
    for query in queries(&dashboard) {
        let result = prometheus.query(&query);
        let samples = result.as_array().unwrap();
        if samples.is_empty() {
            // What shows only where something is wrong.
            let is_limit = query.ends_with("> 0");
            assert!(
                is_limit || !has_data(&daemon, &query),
                "{query} returns nothing"
            );
            without.push(query);
            continue;
        }
        with_data += 1;
        for sample in samples {
            let value = sample["value"][1].as_str().unwrap();
            assert_ne!(value, "NaN", "{query}: {sample}");
        }
    }
    assert!(
        with_data > 10 && with_data > without.len(),
        "without data: {without:#?}"
    );
    // Prometheus extrapolates: by less, the more samples there are.
    let growth = "sum(increase(requests_by_user{job=~'.*'}[5m]))";
    prometheus.until(&format!("round({growth} / 398, 0.1)"), "1");
    daemon.stop();
}
