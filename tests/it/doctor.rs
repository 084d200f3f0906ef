//! `doctor`: whatever is given is looked at, the first broken link is named, and the exit code says
//! the worst.

use crate::fixture::{Run, Scratch, repository};

fn doctor() -> Run {
    Run::new().arg("doctor")
}

#[test]
fn a_log_with_users_is_well() {
    let log = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    let run = doctor().arg("-").stdin(log).go().success();
    for said in [
        "ok       log         standard input: 529 lines, 398 requests, text\n",
        "328 of 398 requests name a user, under `http.header.x-user-email` (247)",
        "rule `agentgateway-request` matches 398 lines",
        "the chain is whole, as far as it was looked at",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }
}

#[test]
fn json_says_the_same_to_programs() {
    let log = std::fs::read(repository("tests/data/agentgateway/json.log")).unwrap();
    let run = doctor().args("- --json").stdin(log).go().success();
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["worst"], "ok");
    assert_eq!(document["findings"][0]["link"], "log");
    let saw = document["findings"][0]["saw"].as_str().unwrap();
    assert!(saw.contains("398 requests, JSON"), "{saw}");
}

#[test]
fn each_broken_link_has_its_next_step() {
    let scratch = Scratch::new();
    let old = scratch.write("old.log", "no request\n");
    let env = scratch.write("webui.env", "ENABLE_FORWARD_USER_INFO_HEADERS=yes\n");
    let rules = repository("rules/nginx.toml");
    let gone = scratch.path("gone.log");
    let configuration = repository("examples/compose/agentgateway.yaml");
    for (arguments, saw, next) in [
        (
            vec![gone.as_os_str()],
            "cannot read",
            "docker-compose logs agentgateway 2>&1 | logmetrics doctor -",
        ),
        (
            vec![rules.as_os_str()],
            "is a rules file, not a log",
            "logmetrics doctor --rules",
        ),
        (
            vec![configuration.as_os_str()],
            "is the gateway's configuration, not a log",
            "logmetrics doctor --gateway-config",
        ),
        (
            vec![env.as_os_str()],
            "is Open WebUI's environment, not a log",
            "logmetrics doctor --webui-env",
        ),
        (
            vec![old.as_os_str()],
            "1 line, and none is what the rules count",
            "logmetrics explain",
        ),
        (
            vec!["--webui-env".as_ref(), env.as_os_str()],
            "only `true` counts",
            "set ENABLE_FORWARD_USER_INFO_HEADERS=true",
        ),
        (
            vec!["--prometheus".as_ref(), "http://127.0.0.1:1".as_ref()],
            "http://127.0.0.1:1 does not answer",
            "as seen from here",
        ),
    ] {
        // A log that is not there is a mistake of the command line.
        let code = if saw == "cannot read" { 2 } else { 1 };
        let run = arguments.iter().fold(doctor(), Run::arg).go().code(code);
        for said in ["failed ", saw, "next:", next, "the chain is broken"] {
            assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
        }
        assert_eq!(run.stderr, "");
    }
    doctor().go().code(2).says(&["nothing to look at"]);
}

#[test]
fn warnings_alone_are_exit_3_and_a_file_left_alone_is_one() {
    let scratch = Scratch::new();
    let sample = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    let log = scratch.write("gateway.log", sample);
    doctor().arg(&log).go().success();
    let file = std::fs::File::options().write(true).open(&log).unwrap();
    let hours = std::time::Duration::from_secs(3 * 3600);
    file.set_modified(std::time::SystemTime::now() - hours)
        .unwrap();
    let run = doctor().arg(&log).go().code(3);
    assert!(
        run.stdout.contains("was last written to 3 hours ago"),
        "{}",
        run.stdout
    );
}

#[test]
fn globs_and_packed_logs_are_looked_at() {
    let scratch = Scratch::new();
    let sample = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    scratch.write("gw.log", &sample);
    scratch.write("gw.log.1.zst", zstd::encode_all(&sample[..], 1).unwrap());
    let run = doctor().arg(scratch.path("gw.log*")).go().success();
    for name in ["gw.log", "gw.log.1.zst"] {
        let said = format!("{name}: 529 lines, 398 requests, text\n");
        assert!(run.stdout.contains(&said), "{said}\n{}", run.stdout);
    }
    let none = doctor().arg(scratch.path("*.txt")).go().code(2);
    assert!(none.stdout.contains("cannot read"), "{}", none.stdout);
}

#[test]
fn the_configuration_is_held_against_the_header_that_is_sent() {
    let scratch = Scratch::new();
    let env = scratch.write(
        "webui.env",
        "ENABLE_FORWARD_USER_INFO_HEADERS=true\nFORWARD_USER_INFO_HEADER_USER_EMAIL=X-Mail\n",
    );
    let run = doctor()
        .arg("--webui-env")
        .arg(&env)
        .arg("--gateway-config")
        .arg(repository("examples/compose/agentgateway.yaml"))
        .go()
        .code(1);
    assert!(
        run.stdout.contains("never holds the header `X-Mail`"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("user.email: 'request.headers[\"x-mail\"]'"),
        "{}",
        run.stdout
    );
}
