//! The platform's events and the poll that replaces them, in real time with deadlines.

use std::fs;

use super::*;
use crate::testing::Said;

/// Waits until something was woken for, ten seconds at most.
fn until(waker: &mut FileEvents, wanted: impl Fn(&Woken) -> bool) -> Woken {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let woken = waker.wait(Duration::from_secs(10));
        if wanted(&woken) {
            return woken;
        }
        assert!(
            Instant::now() < deadline,
            "waited in vain; last was {woken:?}"
        );
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

#[test]
fn changes_in_watched_folders_wake() {
    let (_scratch, folder) = scratch();
    let (mut waker, said) = (FileEvents::new(&Stop::new()), Said::default());
    let places = BTreeSet::from([folder.clone()]);
    assert!(waker.watch(&places, &said), "a folder was added");
    assert!(!waker.watch(&places, &said), "none was added");
    fs::write(folder.join("x"), "one").unwrap();
    until(&mut waker, |woken| {
        woken.renamed.contains(&folder.join("x"))
    });
    fs::write(folder.join("x"), "two").unwrap();
    until(&mut waker, |woken| {
        woken.changed.contains(&folder.join("x"))
    });
    assert!(said.take().is_empty());
}

#[test]
fn a_folder_that_was_replaced_is_watched_again() {
    let (_scratch, folder) = scratch();
    let inner = folder.join("inner");
    fs::create_dir(&inner).unwrap();
    let (mut waker, said) = (FileEvents::new(&Stop::new()), Said::default());
    let places = BTreeSet::from([folder, inner.clone()]);
    waker.watch(&places, &said);
    fs::remove_dir(&inner).unwrap();
    fs::create_dir(&inner).unwrap();
    until(&mut waker, |woken| woken.renamed.contains(&inner));
    assert!(waker.watch(&places, &said), "whatever its inode is now");
    fs::write(inner.join("x"), "").unwrap();
    until(&mut waker, |woken| woken.renamed.contains(&inner.join("x")));
}

#[test]
fn a_stop_ends_a_sleep() {
    let stop = Stop::new();
    let mut waker = FileEvents::new(&stop);
    let thread = std::thread::spawn(move || {
        let start = Instant::now();
        waker.next_look = start + Duration::from_secs(60);
        waker.wait(Duration::from_secs(60));
        start.elapsed()
    });
    stop.drain();
    assert!(thread.join().unwrap() < Duration::from_secs(30));
}

#[test]
fn without_events_the_poll_takes_over_and_says_so_once() {
    let (mut waker, said) = (FileEvents::new(&Stop::new()), Said::default());
    waker.watcher = None;
    waker.refused = Some("too many watchers".into());
    waker.watch(&BTreeSet::new(), &said);
    waker.watch(&BTreeSet::new(), &said);
    assert_eq!(said.take(), ["polling: too many watchers"]);
    let start = Instant::now();
    let woken = waker.wait(Duration::from_secs(60));
    assert!(woken.everything);
    assert!(start.elapsed() < SAFETY_LOOK);
    until(&mut waker, |woken| woken.discover);
    assert!(start.elapsed() < SAFETY_DISCOVERY);
}
