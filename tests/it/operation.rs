//! What goes wrong around a daemon: folders of rules that are littered or block, too few descriptors,
//! inputs that cannot be read or match nothing.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::fixture::{DRAIN, Daemon, Run, Scratch};

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

/// Waits until `/readyz` says these words, and looks for them on the status page.
#[track_caller]
fn shown(daemon: &Daemon, words: &str) {
    daemon.until(|_| daemon.get("/readyz").text().contains(words));
    let page = daemon.get("/").text().to_owned();
    let warning = page
        .split("class=\"warn\"")
        .any(|part| part.contains(words));
    assert!(warning, "{words}: {page}");
}

fn up(source: &Path) -> String {
    format!("logmetrics_source_up{{source=\"{}\"}}", source.display())
}

#[test]
fn inputs_that_cannot_be_read_are_said_everywhere() {
    let scratch = Scratch::new();
    let missing = scratch.path("missing.log");
    let daemon = Run::new().arg(&missing).start();
    shown(&daemon, "nothing is there to read");
    assert_eq!(daemon.metrics().value(&up(&missing)), Some(0.0));
    scratch.write("missing.log", "something else\n");
    daemon.until(|page| page.value(&up(&missing)) == Some(1.0));
    daemon.until(|_| {
        let text = daemon.get("/readyz").text().to_owned();
        !text.contains("nothing is there") && text.contains("no rule matches any of the 1 lines")
    });
    assert!(daemon.get("/").text().contains("1 (all)"));
    daemon.stop();
}

#[test]
fn a_log_without_permission_is_said_everywhere() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::getuid().is_root() {
        return;
    }
    let scratch = Scratch::new();
    let log = scratch.write("app.log", "user=ann\n");
    let mode = |mode| std::fs::set_permissions(&log, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o600);
    let daemon = Run::new().user(NOBODY).arg(&log).start();
    shown(&daemon, "1 file cannot be opened or read");
    let page = daemon.metrics();
    assert_eq!(page.value(&up(&log)), Some(0.0));
    assert_eq!(page.sum("logmetrics_source_unreadable_files"), 1.0);
    mode(0o644);
    daemon.until(|page| page.value(&up(&log)) == Some(1.0));
    assert!(!daemon.get("/readyz").text().contains("cannot be opened"));
    daemon.stop();
}

/// A file that is mounted on another, until the test ends.
struct Mounted(PathBuf);

impl Mounted {
    /// Nothing where nobody may mount.
    fn new(original: &Path, at: &Path) -> Option<Mounted> {
        let mut mount = Command::new("mount");
        let mounted = mount.arg("--bind").arg(original).arg(at).output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        is_mounted.then(|| Mounted(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, as a test that has failed may still have a program on it.
        _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_mounted_file_whose_original_was_renamed_is_said_everywhere() {
    let scratch = Scratch::new();
    let original = scratch.write("host/app.log", "user=ann\n");
    let log = scratch.write("container/app.log", "");
    let Some(_mounted) = Mounted::new(&original, &log) else {
        return;
    };
    let rules = scratch.write("rules.toml", RULE);
    let daemon = Run::new().rules(&rules).arg(&log).start();
    daemon.until(|page| page.value(ANN) == Some(1.0));
    assert_eq!(daemon.metrics().value(&up(&log)), Some(1.0));
    scratch.rotate("host/app.log", "host/app.log.1");
    daemon.until(|page| page.value(&up(&log)) == Some(0.0));
    shown(&daemon, "its original was renamed to `app.log.1`");
    daemon.until_said("mount its folder instead of the file");
    daemon.stop();
}
