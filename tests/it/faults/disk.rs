//! A disk that is full for a while: reading goes on, messages are few, nothing is lost when there is
//! room again.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use super::gateway::{Gateway, Habits, LOG, Rotation};
use super::tally::{RULES, Tally};
use super::{dice, long};
use crate::fixture::{Daemon, PATIENCE, Run, Scratch};

const FAILURES: &str = "logmetrics_checkpoint_failures_total";
const LAST_SUCCESS: &str = "logmetrics_checkpoint_last_success_timestamp_seconds";

/// A small disk in memory, which is gone when the test ends.
struct Disk(PathBuf);

impl Disk {
    /// Nothing where nobody may mount.
    fn mount(at: PathBuf) -> Option<Disk> {
        std::fs::create_dir(&at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
        let mounted = mount.arg(&at).output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        is_mounted.then_some(Disk(at))
    }

    /// Writes until nothing more goes in.
    fn fill(&self) {
        for piece in [1 << 16, 1] {
            let mut filler = File::options()
                .create(true)
                .append(true)
                .open(self.filler())
                .unwrap();
            while filler.write_all(&vec![0; piece]).is_ok() {}
        }
    }

    fn empty(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, as a test that has failed may still have a program on it.
        _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn start(scratch: &Scratch, state: &Path) -> Daemon {
    Run::new()
        .rules(scratch.write("rules.toml", RULES))
        .arg("--state")
        .arg(state.join("state.db"))
        .args("--state-interval 10ms")
        .arg(scratch.path(LOG))
        .start()
}

fn kill(mut daemon: Daemon) -> String {
    daemon.signal(Signal::KILL);
    daemon.ended(PATIENCE);
    assert!(!daemon.said().contains("panicked"), "{}", daemon.said());
    daemon.said()
}

/// A full disk in the life of one run, which must go on counting; what it said, once it is killed.
fn full_for_a_while(daemon: Daemon, disk: &Disk, tally: &Tally) -> String {
    daemon.until(|page| page.value(LAST_SUCCESS) > Some(0.0));
    disk.fill();
    let before = daemon.metrics().value(FAILURES).unwrap();
    let refused = daemon.until(|page| page.value(FAILURES) > Some(before + 20.0));
    // What is written now is counted while nothing can be saved.
    let written = tally.lines() as f64;
    let counted = daemon.until(|page| page.sum("seen") >= written);
    assert_eq!(counted.value(LAST_SUCCESS), refused.value(LAST_SUCCESS));
    disk.empty();
    daemon.until(|page| page.value(LAST_SUCCESS) > refused.value(LAST_SUCCESS));
    daemon.until_said("the state is saved in");
    kill(daemon)
}

#[test]
fn a_full_disk_loses_nothing_and_stops_nobody() {
    let seed = dice::seed();
    let scratch = Scratch::new();
    let Some(disk) = Disk::mount(scratch.path("disk")) else {
        println!("left out: a full disk (mounting one is not allowed)");
        return;
    };
    println!("LOGMETRICS_FAULT_SEED={seed} repeats these actions");
    let (tally, stop) = (Tally::default(), AtomicBool::new(false));
    let habits = Habits {
        rate: if long().is_some() { 20_000 } else { 3_000 },
        rotations: &[Rotation::Rename],
        between_ms: 200..600,
        goes_on_ms: 0..100,
    };
    let gateway = Gateway::new(&scratch, &tally, habits, seed);
    let first = start(&scratch, &disk.0);
    first.until_ready();
    first.stop();
    std::thread::scope(|scope| {
        let stop_all = super::trial::StopAll(&stop);
        scope.spawn(|| gateway.run(&stop));
        for _ in 0..3 {
            let said = full_for_a_while(start(&scratch, &disk.0), &disk, &tally);
            let complaints = said.matches("cannot save the state").count();
            assert_eq!(complaints, 1, "{said}");
        }
        // Killed while it is full: what was saved before is there, and it goes on from that.
        let daemon = start(&scratch, &disk.0);
        daemon.until(|page| page.value(LAST_SUCCESS) > Some(0.0));
        disk.fill();
        let failures = daemon.metrics().value(FAILURES).unwrap();
        daemon.until(|page| page.value(FAILURES) > Some(failures));
        kill(daemon);
        let daemon = start(&scratch, &disk.0);
        daemon.until(|page| page.sum("seen") > 0.0);
        disk.empty();
        daemon.until(|page| page.value(LAST_SUCCESS) > Some(0.0));
        kill(daemon);
        drop(stop_all);
    });
    let last = start(&scratch, &disk.0);
    last.until_ready();
    let lines = tally.lines() as f64;
    let page = last.until(|page| page.sum("seen") >= lines);
    assert_eq!(tally.differences(&page), "", "{}", tally.journal());
    assert!(stop.load(Ordering::SeqCst));
    last.stop();
}
