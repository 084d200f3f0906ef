//! Files whose number, birth and content disagree after a restart.

use std::fs;
use std::time::Duration;

use super::{Fixture, SavedRun};
use crate::{FileId, Position, SavedFile};

/// A saved run in which `x.log`, with `content`, was read, and more was written since.
fn read_and_written(argument: &str, content: &str) -> (Fixture, SavedRun) {
    let mut fixture = Fixture::new(&[argument]);
    fixture.append("x.log", content);
    fixture.look();
    let saved = fixture.save();
    fixture.saved_at = Some(std::time::SystemTime::now());
    fixture.append("x.log", "a2\n");
    (fixture, saved)
}

fn long() -> String {
    (0..1000).map(|number| format!("line {number}\n")).collect()
}

/// The content under a new number, made after the save.
fn make_again(fixture: &Fixture, name: &str) {
    fixture.saved_before_now();
    fs::copy(fixture.path(name), fixture.path("copy")).unwrap();
    fixture.rename("copy", name);
}

impl Fixture {
    /// Waits until a file that is made now is younger than the save.
    fn saved_before_now(&self) {
        let wanted = self.saved_at.unwrap() + Duration::from_millis(30);
        while std::time::SystemTime::now() < wanted {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_long_content_under_a_new_number_is_the_same_file() {
    for argument in ["x.log", "x*"] {
        let content = long();
        let (mut fixture, saved) = read_and_written(argument, &content);
        make_again(&fixture, "x.log");
        fixture.restart(saved);
        fixture.look();
        assert_eq!(fixture.lines.in_order.len(), 1001);
        assert_eq!(fixture.lines.in_order[1000], "a2");
        assert!(
            fixture
                .said
                .take()
                .contains(&"same content x.log".to_owned())
        );
    }
}

#[test]
fn a_device_number_is_no_identity() {
    let (mut fixture, mut saved) = read_and_written("x.log", "a1\n");
    let moved = |file: &SavedFile| {
        let id = FileId {
            device: file.position.id.device + 1,
            ..file.position.id
        };
        let position = Position {
            id,
            ..file.position
        };
        SavedFile {
            position,
            ..file.clone()
        }
    };
    saved.files = saved.files.iter().map(moved).collect();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["a1", "a2"]);
}

#[test]
fn a_short_content_under_a_new_number_is_a_header() {
    let (mut fixture, saved) = read_and_written("x.log", "header\n");
    fixture.saved_before_now();
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "header\nb1\n");
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["header", "a2", "header", "b1"]);
}

/// The number of a removed file is often given to the next one.
#[test]
fn a_file_made_again_with_its_number_and_its_first_lines_is_new() {
    let (mut fixture, saved) = read_and_written("x.log", "header\n");
    fixture.saved_before_now();
    let id = |fixture: &Fixture| {
        let path = fixture.path("x.log");
        FileId::of(&path, &fs::metadata(&path).unwrap())
    };
    let before = id(&fixture);
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.append("x.log", "header\nb1\n");
    if fs::metadata(fixture.path("x.log"))
        .unwrap()
        .created()
        .is_err()
        || id(&fixture) != before
    {
        println!("not tested: this file system gives no birth time, or another number");
        return;
    }
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["header", "header", "b1"]);
    assert!(
        fixture
            .said
            .take()
            .contains(&"other content x.log".to_owned())
    );
}
