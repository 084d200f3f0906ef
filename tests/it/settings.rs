//! Environment variables are settings of every subcommand, and a first word that is no subcommand is not
//! taken for a log without a second thought.

use crate::fixture::{Run, Scratch, repository};

const RULES: &str = "[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'seen' }]\n\
    [[test]]\nname = 'one'\nlines = ['x', 'x']\nexpect = ['seen 3']\n";

#[test]
fn rules_and_logs_of_the_environment_hold_for_every_subcommand() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULES);
    let log = scratch.write("app.log", "x\n");
    let run = |name: &str| {
        let run = Run::new().arg(name).variable("LOGMETRICS_RULES", &rules);
        run.variable("LOGMETRICS_LOGS", &log).go()
    };
    assert!(run("check").success().stdout.contains("rules.toml: ok"));
    assert!(run("explain").success().stdout.contains("seen 1"));
    assert!(run("dashboard").success().stdout.contains("seen"));
    assert!(run("test").code(1).stdout.contains("+ seen 2"));
    let report = Run::new().arg("report");
    let sample = repository("tests/data/agentgateway/text.log");
    let report = report.variable("LOGMETRICS_LOGS", sample).go().success();
    assert!(report.stdout.contains("requests"), "{}", report.stdout);
}

#[test]
fn a_report_of_a_log_does_not_ask_the_jaeger_of_the_environment() {
    let sample = repository("tests/data/agentgateway/text.log");
    let report = Run::new().arg("report").arg(sample);
    let report = report.variable("LOGMETRICS_JAEGER", "http://127.0.0.1:1");
    report.go().success();
}

#[test]
fn empty_variables_are_unset_but_a_token() {
    let mut run = Run::new().args("--once").stdin("x\n");
    for name in [
        "PORT",
        "FROM",
        "FORMAT",
        "STATE",
        "JAEGER",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "RULES",
    ] {
        run = run.variable(&format!("LOGMETRICS_{name}"), "");
    }
    run.clone().go().success();
    let token = Run::new().variable("LOGMETRICS_BEARER_TOKEN", "").arg("-");
    token
        .go()
        .code(2)
        .says(&["LOGMETRICS_BEARER_TOKEN", "empty"]);
    // Kubernetes sets it for a service of that name.
    run.variable("LOGMETRICS_PORT", "tcp://10.0.0.1:3903")
        .go()
        .success();
}

#[test]
fn a_mistyped_variable_is_warned_of() {
    let run = Run::new().args("check").variable("LOGMETRICS_LISTN", "x");
    run.go()
        .success()
        .says(&["LOGMETRICS_LISTN", "did you mean `LOGMETRICS_LISTEN`"]);
    let service = Run::new()
        .args("check")
        .variable("LOGMETRICS_SERVICE_HOST", "10.0.0.1");
    assert!(!service.go().success().stderr.contains("SERVICE_HOST"));
}

#[test]
fn a_mistyped_subcommand_is_refused() {
    for (line, meant) in [
        ("chekc", "did you mean `logmetrics check`"),
        ("help", "`logmetrics --help`"),
        ("version", "`logmetrics --version`"),
        ("reprot gateway.log", "`logmetrics report`"),
    ] {
        Run::new().args(line).go().code(2).says(&[meant]).calm();
    }
    let daemon = Run::new().arg("./chekc").start();
    daemon.until_said("chekc");
    daemon.stop();
}
