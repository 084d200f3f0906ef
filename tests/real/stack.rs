//! What stands in `examples/` for other programs, judged by those programs.

use std::path::Path;
use std::process::Command;

use crate::docker::succeed;
use crate::fixture::{Run, Scratch, repository};

/// promtool's opinion of a file of rules.
fn promtool(arguments: &[&str], file: &Path) -> String {
    let folder = file.parent().unwrap();
    let name = file.file_name().unwrap();
    succeed(
        Command::new("promtool")
            .args(arguments)
            .arg(name)
            .current_dir(folder),
    )
}

#[test]
#[ignore = "needs promtool"]
fn promtool_accepts_the_rules_and_their_tests_hold() {
    let rules = repository("examples/prometheus/logmetrics.rules.yml");
    promtool(&["check", "rules"], &rules);
    let tests = repository("examples/prometheus/logmetrics.rules.test.yml");
    promtool(&["test", "rules"], &tests);
    // Each alert is shown to fire.
    let (rules, tests) = (
        std::fs::read_to_string(rules).unwrap(),
        std::fs::read_to_string(tests).unwrap(),
    );
    for line in rules.lines() {
        if let Some(alert) = line.trim().strip_prefix("- alert: ") {
            assert!(tests.contains(&format!("alertname: {alert}\n")), "{alert}");
        }
    }
}

#[test]
#[ignore = "needs promtool"]
fn promtool_accepts_the_configuration_of_the_example() {
    let scratch = Scratch::new();
    scratch.write(
        "rules/logmetrics.rules.yml",
        std::fs::read(repository("examples/prometheus/logmetrics.rules.yml")).unwrap(),
    );
    let configuration = scratch.write(
        "prometheus.yml",
        std::fs::read(repository("examples/compose/prometheus.yml")).unwrap(),
    );
    promtool(&["check", "config"], &configuration);
}

/// Every query of a dashboard as Grafana would send it.
pub fn queries(dashboard: &serde_json::Value) -> Vec<String> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .filter_map(|panel| panel["targets"].as_array());
    let queries = targets.flatten().map(|target| {
        let mut query = target["expr"].as_str().unwrap().to_owned();
        for name in ["$__range", "$__rate_interval"] {
            query = query.replace(name, "5m");
        }
        for variable in dashboard["templating"]["list"].as_array().unwrap() {
            let name = variable["name"].as_str().unwrap();
            query = query.replace(&format!("${name}\""), ".*\"");
        }
        assert!(!query.contains('$'), "a variable is left: {query}");
        query
    });
    queries.collect()
}

#[test]
#[ignore = "needs promtool"]
fn promtool_accepts_every_query_of_every_dashboard() {
    let scratch = Scratch::new();
    for rules in ["agentgateway.toml", "nginx.toml", "json-http.toml"] {
        let rules = repository("rules").join(rules);
        let run = Run::new().arg("dashboard").rules(&rules).go().success();
        let dashboard: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let queries = queries(&dashboard);
        assert!(queries.len() > 5, "{}", rules.display());
        let rules = queries.iter().enumerate().map(|(number, query)| {
            let query = serde_json::to_string(query).unwrap();
            format!("  - record: query:{number}\n    expr: {query}\n")
        });
        let file = format!(
            "groups:\n- name: all\n  rules:\n{}",
            rules.collect::<String>()
        );
        let file = scratch.write("queries.yml", file);
        promtool(&["check", "rules"], &file);
    }
}

#[test]
#[ignore = "needs systemd-analyze"]
fn systemd_accepts_the_units() {
    let scratch = Scratch::new();
    // Units are judged together with the programs that they start.
    let program = env!("CARGO_BIN_EXE_logmetrics");
    for name in [
        "logmetrics.service",
        "logmetrics-report.service",
        "logmetrics-report.timer",
    ] {
        let unit = std::fs::read_to_string(repository("examples/systemd").join(name)).unwrap();
        let unit = unit
            .replace("/usr/local/bin/logmetrics", program)
            .replace("Documentation=man:logmetrics(1)\n", "");
        scratch.write(name, unit);
    }
    for name in ["logmetrics.service", "logmetrics-report.timer"] {
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(scratch.path(name))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // It also judges the units of this machine that ours want.
        let ours: Vec<_> = said
            .lines()
            .filter(|line| line.contains("logmetrics"))
            .collect();
        assert!(ours.is_empty(), "{said}");
    }
}

#[test]
#[ignore = "needs kubernetes-validate"]
fn kubernetes_accepts_the_manifests() {
    let validate = std::env::var("KUBERNETES_VALIDATE").unwrap();
    for name in ["sidecar.yaml", "daemonset.yaml"] {
        let manifest = repository("examples/kubernetes").join(name);
        succeed(Command::new(&validate).arg("--strict").arg(manifest));
    }
}
