//! Logs that are rotated into another folder (logrotate's `olddir`).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::Fixture;
use crate::testing::COMPRESSIONS;
use crate::{Options, SavedFile};

/// `logs/x.log` with `a1` read and `a2` not; files are rotated into `rotated`.
fn half_read(argument: &str, rotated: &str) -> Fixture {
    let options = Options {
        rotated_dirs: vec![PathBuf::from(rotated)],
        ..Options::default()
    };
    let mut fixture = Fixture::with(&[argument], options);
    fixture.append("logs/x.log", "a1\n");
    fixture.look();
    fixture.append("logs/x.log", "a2\n");
    fixture
}

/// What is named, and where that is from the scratch folder.
const FOLDERS: [(&str, &str); 3] = [
    ("old", "logs/old"),
    ("../old/logs", "old/logs"),
    (".", "logs"),
];

#[track_caller]
fn reads(fixture: &mut Fixture, lines: &[&str]) {
    fixture.look();
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, lines);
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines, "read again after a restart");
}

fn restart(fixture: &mut Fixture) {
    let saved = fixture.save();
    fixture.restart(saved);
}

#[test]
fn rotated_into_another_folder_while_down() {
    for (rotated, folder) in FOLDERS {
        for argument in ["logs/x.log", "logs/*.log", "**/x.log*"] {
            let mut fixture = half_read(argument, rotated);
            fs::create_dir_all(fixture.path(folder)).unwrap();
            fixture.append(&format!("{folder}/y.log.1"), "another log's\n");
            if argument.starts_with("**") {
                fs::remove_file(fixture.path(&format!("{folder}/y.log.1"))).unwrap();
            }
            fixture.rename("logs/x.log", &format!("{folder}/x.log.2"));
            fixture.append(&format!("{folder}/x.log.1"), "b1\n");
            fixture.append("logs/x.log", "c1\n");
            restart(&mut fixture);
            fixture.look();
            if argument.starts_with("**") {
                // Files that the glob names in other folders have their turns side by side.
                fixture.lines.in_order.sort_unstable();
            }
            reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
        }
    }
}

#[test]
fn rotated_into_another_folder_and_compressed_while_down() {
    for (rotated, folder) in FOLDERS {
        for (ending, _) in COMPRESSIONS {
            for [first, second] in [["x.log.2", "x.log.1"], ["x-W48.log", "x-W49.log"]] {
                let mut fixture = half_read("logs/*.log", rotated);
                if folder == "logs" && first.ends_with(".log") {
                    // Compressed at once: these names match the glob.
                    continue;
                }
                fs::create_dir_all(fixture.path(folder)).unwrap();
                let [first, second] = [first, second].map(|name| format!("{folder}/{name}"));
                fixture.rename("logs/x.log", &first);
                fixture.pack_as(&first, ending);
                fixture.append("logs/x.log", "b1\n");
                fixture.rename("logs/x.log", &second);
                fixture.pack_as(&second, ending);
                fixture.append("logs/x.log", "c1\n");
                restart(&mut fixture);
                reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
            }
        }
    }
}

#[test]
fn rotated_into_another_folder_under_its_own_name() {
    let mut fixture = half_read("logs/x.log", "old");
    fs::create_dir(fixture.path("logs/old")).unwrap();
    fixture.rename("logs/x.log", "logs/old/x.log");
    fixture.append("logs/x.log", "b1\n");
    restart(&mut fixture);
    reads(&mut fixture, &["a1", "a2", "b1"]);
}

#[test]
fn rotated_twice_into_another_folder_between_two_looks() {
    for (rotated, folder) in FOLDERS {
        let mut fixture = half_read("logs/x.log", rotated);
        fs::create_dir_all(fixture.path(folder)).unwrap();
        fixture.rename("logs/x.log", &format!("{folder}/x.log.2"));
        fixture.append(&format!("{folder}/x.log.1"), "b1\n");
        fixture.append("logs/x.log", "c1\n");
        reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
    }
}

#[test]
fn copied_into_another_folder_and_cut_short() {
    for restarts in [true, false] {
        for (rotated, folder) in FOLDERS {
            let mut fixture = half_read("logs/x.log", rotated);
            fs::create_dir_all(fixture.path(folder)).unwrap();
            let copy = fixture.path(&format!("{folder}/x.log.1"));
            fs::copy(fixture.path("logs/x.log"), copy).unwrap();
            fs::File::create(fixture.path("logs/x.log")).unwrap();
            fixture.append("logs/x.log", "b1 is long enough\n");
            if restarts {
                restart(&mut fixture);
            }
            reads(&mut fixture, &["a1", "a2", "b1 is long enough"]);
        }
    }
}

#[test]
fn an_absolute_folder_and_several() {
    let other = tempfile::tempdir().unwrap();
    let options = Options {
        rotated_dirs: vec!["nowhere".into(), other.path().to_owned()],
        ..Options::default()
    };
    let mut fixture = Fixture::with(&["logs/x.log"], options);
    fixture.append("logs/x.log", "a1\n");
    fixture.look();
    assert!(fixture.waker.watched.contains(other.path()));
    fixture.append("logs/x.log", "a2\n");
    fs::copy(fixture.path("logs/x.log"), other.path().join("x.log.1")).unwrap();
    fs::remove_file(fixture.path("logs/x.log")).unwrap();
    fixture.append("logs/x.log", "b1\n");
    restart(&mut fixture);
    reads(&mut fixture, &["a1", "a2", "b1"]);
}

#[test]
fn the_folder_is_watched_when_it_comes() {
    for (rotated, folder) in [("old/logs", "logs/old/logs"), ("../old", "old")] {
        let mut fixture = half_read("logs/x.log", rotated);
        fixture.look();
        fs::create_dir_all(fixture.path(folder)).unwrap();
        let first = fixture.path(folder);
        let below = if folder == "old" {
            fixture.folder.clone()
        } else {
            fixture.path("logs")
        };
        let first = first.strip_prefix(&below).unwrap().iter().next().unwrap();
        let come = below.join(first);
        let come = come.strip_prefix(&fixture.folder).unwrap().to_owned();
        // The event has the path under which its folder is watched.
        let named = match folder {
            "old" => "logs/../old".to_owned(),
            _ => come.to_str().unwrap().to_owned(),
        };
        fixture.renamed(&[&named]);
        let watched = |fixture: &Fixture| {
            let mut watched = fixture.waker.watched.iter();
            watched.any(|one| one.canonicalize().unwrap() == fixture.path(folder))
        };
        assert!(watched(&fixture), "{rotated}: {:?}", fixture.waker.watched);
        // Its writer goes on: an event from there is enough.
        let rotated = format!("{folder}/x.log.1");
        fixture.rename("logs/x.log", &rotated);
        fixture.append("logs/x.log", "b1\n");
        fixture.renamed(&["logs/x.log"]);
        fixture.append(&rotated, "a3\n");
        fixture.changed(&[&rotated]);
        let mut lines = fixture.lines.in_order.clone();
        lines.sort_unstable();
        assert_eq!(lines, ["a1", "a2", "a3", "b1"]);
    }
}

/// The first part of a record is in a file that was rotated into the folder, its rest in the next file.
#[test]
fn a_record_in_parts_goes_on_over_the_rotation() {
    for ending in ["", ".gz"] {
        let options = Options {
            rotated_dirs: vec![PathBuf::from("old")],
            ..Options::default()
        };
        let mut fixture = Fixture::with(&["x.log"], options);
        let part =
            |flag: &str, text: &str| format!("2026-11-27T10:00:00.1Z stdout {flag} {text}\n");
        fixture.append("x.log", &part("F", "a1"));
        fixture.look();
        fixture.append("x.log", &part("P", "a2 "));
        fs::create_dir(fixture.path("old")).unwrap();
        fixture.rename("x.log", "old/x.log-2026-11-27");
        if !ending.is_empty() {
            fixture.pack_as("old/x.log-2026-11-27", ending);
        }
        fixture.append("x.log", &part("F", "goes on"));
        restart(&mut fixture);
        reads(&mut fixture, &["a1", "a2 goes on"]);
        let files = fixture.save().files;
        let is_empty = |file: &SavedFile| file.resume_state.is_empty();
        assert!(files.iter().all(is_empty), "{files:?}");
    }
}
