//! The state file as a whole: what goes in comes out, in every state of the store and of the disk.

mod broken;
mod model;
mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::open::{OpenError, Opened, open};
use super::save::ConsistentSnapshot;
use crate::metrics::definition::{Definition, Kind};
use crate::metrics::store::Store;
use crate::metrics::testing::{Updates, definition, histogram};
use logmetrics_follow::{FileId, Fingerprint, Position, SavedFile};

/// A folder with a state file's path in it.
fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    (folder, path)
}

/// One metric of each type; the gauge expires, the counter has narrow limits.
fn definitions() -> Vec<Definition> {
    let mut counter = definition("requests", Kind::Counter, &["route", "user"]);
    counter.series_max = 6;
    counter.labels[1].values_max = 3;
    let mut gauge = definition("depth", Kind::Gauge, &["queue"]);
    gauge.expire = Some(Duration::from_secs(10));
    vec![
        counter,
        gauge,
        definition("seconds", histogram(&[0.5, 2.0]), &["route"]),
        definition("lines", Kind::Counter, &[]),
    ]
}

fn file(inode: u64, offset: u64) -> SavedFile {
    SavedFile {
        source: Arc::from("/var/log/*.log"),
        path: PathBuf::from(format!("/var/log/{inode}.log")),
        log: inode
            .is_multiple_of(3)
            .then(|| PathBuf::from(format!("/elsewhere/{inode}.log"))),
        position: Position {
            id: FileId { device: 1, inode },
            offset,
            signature: Fingerprint::of(b"the first bytes"),
            marker: Fingerprint::of(b"the last bytes"),
        },
        resume_state: vec![7; inode as usize % 3],
        left: inode.is_multiple_of(2),
        compressed: inode == 2,
    }
}

fn cut(store: &Store, files: &[SavedFile]) -> ConsistentSnapshot {
    let files = files.iter().map(|file| (file.position.id, file.clone()));
    ConsistentSnapshot {
        files: files.collect(),
        image: store.image(),
        notes: Vec::new(),
    }
}

#[track_caller]
fn opened(path: &Path) -> Opened {
    let opened = open(path, definitions(), 1_000_000).unwrap();
    assert_eq!(opened.outcome.damaged, None);
    opened
}

/// Everything that has to survive, in words.
fn content(store: &Store) -> Vec<String> {
    let image = store.image();
    let mut lines = vec![format!("births {}", image.series_created)];
    for family in &image.families {
        let name = &family.definition.name;
        lines.push(format!("{name} {:?}", family.limited));
        for (slot, series) in family.series() {
            lines.push(format!("{name} {slot} {series:?}"));
        }
    }
    lines
}

/// A saved state with everything in it; gives what it holds.
fn filled(path: &Path) -> Vec<String> {
    filled_for(path, 3)
}

/// The same after so many saves.
fn filled_for(path: &Path, rounds: u8) -> Vec<String> {
    let Opened {
        store, mut saver, ..
    } = opened(path);
    let mut updates = Updates::new(&store);
    for round in 0..rounds {
        for user in ["ann", "bob", "\"eve\"\n", "dan"] {
            updates.push(0, &["chat", user], 1.5);
            updates.push(0, &["embed", user], 1.0);
        }
        updates.push(1, &["in"], -0.0);
        updates.push(1, &["out"], f64::NAN);
        updates.push(2, &["chat"], f64::from(round));
        updates.push(3, &[], 1.0);
        updates.apply(1_000_000 + u64::from(round));
        let mut cut = cut(&store, &[file(1, 100), file(2, 7 + u64::from(round))]);
        let note = (("jaeger".to_owned(), b"last".to_vec()), Some(vec![round]));
        cut.notes.push(note);
        saver.save(cut, 1_000_000).unwrap();
    }
    content(&store)
}

#[test]
fn what_is_saved_is_there_again() {
    let (_folder, path) = scratch();
    let expected = filled(&path);
    for _ in 0..3 {
        let opened = opened(&path);
        assert_eq!(content(&opened.store), expected);
        assert_eq!(opened.files, [file(1, 100), file(2, 9)]);
        assert_eq!(opened.notes.of("jaeger"), [(b"last".to_vec(), vec![2])]);
        assert!(opened.notes.of("stdin").is_empty());
        assert_eq!(opened.outcome.saved_ms, Some(1_000_000));
        assert!(opened.outcome.dropped.is_empty() && opened.outcome.new.is_empty());
    }
}

#[test]
fn a_restart_writes_nothing_anew() {
    let (_folder, path) = scratch();
    filled(&path);
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let log = super::open::companion(&path, "-wal");
    let Opened {
        store, mut saver, ..
    } = opened(&path);
    let before = size(&log);
    saver
        .save(cut(&store, &[file(1, 100), file(2, 9)]), 2_000_000)
        .unwrap();
    assert_eq!(size(&log), before);
}

#[test]
fn a_restored_store_goes_on() {
    let (_folder, path) = scratch();
    filled(&path);
    let Opened { store, .. } = opened(&path);
    let before = store.counts()[0].clone();
    let mut updates = Updates::new(&store);
    updates.push(0, &["chat", "ann"], 1.0);
    updates.push(0, &["chat", "zoe"], 1.0);
    updates.apply(1_000_003);
    let after = store.counts()[0].clone();
    assert_eq!(after.series, before.series);
    assert_eq!(
        after.label_limited_total[1].1,
        before.label_limited_total[1].1 + 1
    );
    let snapshot = store.snapshot(1_000_003);
    let ann = snapshot.families[0]
        .series()
        .find(|series| series.labels() == br#"route="chat",user="ann""#);
    assert_eq!(ann.map(|series| series.value()), Some(5.5));
    // The gauges are idle for ten seconds then.
    assert_eq!(store.snapshot(1_020_000).families[1].len(), 0);
}

#[test]
fn a_metric_that_is_another_begins_anew() {
    let (_folder, path) = scratch();
    filled(&path);
    let mut other = definitions();
    other[0].help = "Other words.".to_owned();
    other[2].buckets = vec![0.5];
    other.remove(1);
    let first = open(&path, other.clone(), 5).unwrap();
    let names = |names: &[String]| names.join(" ");
    assert_eq!(names(&first.outcome.kept), "requests lines");
    assert_eq!(names(&first.outcome.new), "seconds");
    let mut dropped = first.outcome.dropped.clone();
    dropped.sort();
    assert_eq!(names(&dropped), "depth seconds");
    let expected = content(&first.store);
    let mut saver = first.saver;
    saver.save(cut(&first.store, &[]), 6).unwrap();
    drop(saver);
    let second = open(&path, other, 7).unwrap();
    assert_eq!(content(&second.store), expected);
    assert_eq!(second.outcome.damaged, None);
    assert!(second.outcome.dropped.is_empty() && second.outcome.new.is_empty());
}

#[test]
fn rules_may_change_while_it_runs() {
    let (_folder, path) = scratch();
    filled(&path);
    let Opened { mut saver, .. } = opened(&path);
    // Another store, as after a reload that keeps nothing: it created other series.
    let store = Store::new(definitions()[..3].to_vec(), 9);
    let mut updates = Updates::new(&store);
    updates.push(0, &["chat", "new"], 1.0);
    updates.apply(9);
    saver.save(cut(&store, &[]), 10).unwrap();
    drop(saver);
    let second = open(&path, definitions()[..3].to_vec(), 11).unwrap();
    assert_eq!(second.outcome.damaged, None);
    assert_eq!(content(&second.store), content(&store));
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = scratch();
    let opened = opened(&path);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(opened);
}
