//! What goes wrong around a daemon: folders of rules that are littered or block, too few descriptors.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::fixture::{DRAIN, Run, Scratch};

const RULE: &str = "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\n\
                    metric = [{ counter = 'seen_total', by = ['user'] }]\n";

const ANN: &str = "seen_total{user=\"ann\"}";

const RELOADED: &str = "logmetrics_rules_reload_success";

fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
}

#[test]
fn a_littered_folder_of_rules_blocks_nothing() {
    let scratch = Scratch::new();
    scratch.write("rules/a.toml", RULE);
    scratch.write("app.log", "user=ann\n");
    let litter = |name: &str| scratch.path(&format!("rules/{name}"));
    symlink("somebody@host.17", litter(".#a.toml")).unwrap();
    for name in ["._a.toml", ".a.toml", "a.toml~", ".a.toml.swp"] {
        std::fs::write(litter(name), "no rules\n").unwrap();
    }
    symlink("nowhere.toml", litter("dangling.toml")).unwrap();
    fifo(&litter("f.toml"));
    fifo(&litter("p.mtail"));
    let checked = Run::new()
        .arg("check")
        .arg(scratch.path("rules"))
        .go()
        .success();
    for name in [
        ".#a.toml",
        "._a.toml",
        ".a.toml",
        "a.toml~",
        "dangling.toml",
        "f.toml",
        "p.mtail",
    ] {
        let words = format!("{name}` is passed over: ");
        assert!(
            checked.stderr.contains(&words),
            "{name}: {}",
            checked.stderr
        );
    }
    Run::new().arg("test").arg(scratch.path("rules")).go();

    let daemon = Run::new()
        .rules(scratch.path("rules"))
        .arg("--enable-lifecycle")
        .arg(scratch.path("app.log"))
        .start();
    daemon.until(|page| page.value(ANN) == Some(1.0));
    daemon.until_said("f.toml` is passed over: it is no file");
    // More of it appears while the program runs.
    fifo(&litter("g.toml"));
    let reloaded = daemon.request("POST", "/-/reload", &[]);
    assert_eq!(reloaded.status, 200, "{}", reloaded.text());
    daemon.signal(Signal::HUP);
    daemon.until_said("rules reloaded (SIGHUP)");
    assert_eq!(daemon.metrics().value(RELOADED), Some(1.0));
    scratch.append("app.log", "user=ann\n");
    daemon.until(|page| page.value(ANN) == Some(2.0));
    let said = daemon.stop();
    let told = said.matches("/f.toml` is passed over").count();
    assert_eq!(told, 1, "said once, not at each reload: {said}");
}

#[test]
fn a_pipe_for_a_rules_file_holds_up_neither_reload_nor_end() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULE);
    scratch.write("app.log", "user=ann\n");
    let daemon = Run::new()
        .rules(&rules)
        .arg(scratch.path("app.log"))
        .start();
    daemon.until(|page| page.value(ANN) == Some(1.0));
    scratch.delete("rules.toml");
    fifo(&rules);
    daemon.until(|page| page.value(RELOADED) == Some(0.0));
    scratch.append("app.log", "user=ann\n");
    daemon.until(|page| page.value(ANN) == Some(2.0));
    daemon.stop();
}

#[test]
fn too_few_descriptors_leave_server_and_rules_working() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", RULE);
    for number in 0..200 {
        scratch.write(&format!("logs/{number:03}.log"), "user=ann\n");
    }
    let source = scratch.path("logs/*.log").display().to_string();
    let mut daemon = Run::new()
        .descriptors(64)
        .rules(&rules)
        .arg("--state")
        .arg(scratch.path("state.db"))
        .arg("--enable-lifecycle")
        .arg(&source)
        .start();
    daemon.until_ready();
    let unreadable = format!("logmetrics_source_unreadable_files{{source=\"{source}\"}}");
    let page = daemon.until(|page| page.value(ANN).is_some_and(|seen| seen >= 32.0));
    let missing = page.value(&unreadable).unwrap();
    assert_eq!(page.value(ANN).unwrap() + missing, 200.0);
    assert!(missing > 100.0, "{missing}");
    assert_eq!(
        page.value(&format!("logmetrics_source_up{{source=\"{source}\"}}")),
        Some(0.0)
    );
    daemon.until_said("raise the limit of open files");
    assert_eq!(daemon.get("/healthz").status, 200);
    let reloaded = daemon.request("POST", "/-/reload", &[]);
    assert_eq!(reloaded.status, 200, "{}", reloaded.text());
    // Those that wait take the places of those that go.
    for number in 0..200 {
        let name = format!("logs/{number:03}.log");
        if number < 190 {
            scratch.delete(&name);
        }
    }
    daemon.until(|page| page.value(&unreadable) == Some(0.0));
    assert_eq!(daemon.metrics().value(RELOADED), Some(1.0));
    daemon.signal(Signal::TERM);
    assert!(
        daemon.ended(DRAIN + Duration::from_secs(5)).success(),
        "{}",
        daemon.said()
    );
}
