//! Names that move on while they are looked at.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const FILES: usize = 12;

/// Every name moves on to the next, the last one to the first.
fn rotate(folder: &Path) {
    let name = |number: usize| folder.join(format!("x.log.{number}"));
    fs::rename(name(FILES), folder.join("aside")).unwrap();
    for number in (1..FILES).rev() {
        fs::rename(name(number), name(number + 1)).unwrap();
    }
    fs::rename(folder.join("aside"), name(1)).unwrap();
}

#[test]
fn names_that_move_on_while_they_are_looked_at_hide_no_file_and_show_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut missing = Vec::new();
    for number in 1..=FILES {
        let path = folder.path().join(format!("x.log.{number}"));
        fs::write(&path, format!("{number}\n")).unwrap();
        let file = File::open(&path).unwrap();
        let id = FileId::of(&path, &file.metadata().unwrap());
        missing.push(SavedFile {
            source: Arc::from("x.log"),
            path: folder.path().join("x.log"),
            log: None,
            position: Position::start(id).signed(&file).unwrap(),
            resume_state: Vec::new(),
            left: false,
            compressed: false,
        });
    }
    let done = AtomicBool::new(false);
    let look = || {
        let mut search = RotationSearch::new(missing.clone());
        let around = Surroundings {
            others: &Vec::new,
            is_skipped: &|_| false,
        };
        search.look(&[folder.path().join("x.log").into()], &around);
        search
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                rotate(folder.path());
                std::thread::yield_now();
            }
        });
        for _ in 0..300 {
            let search = look();
            let found = search.found().count();
            if !search.is_incomplete {
                assert_eq!((found, search.lost().count()), (FILES, 0));
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    let search = look();
    assert!(!search.is_incomplete);
    assert_eq!(search.found().count(), FILES);
}
