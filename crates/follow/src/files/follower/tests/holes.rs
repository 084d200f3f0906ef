//! Sizes that come before the bytes: file servers, preallocated files, crashes.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use super::Fixture;

/// Writes at a place of `x.log`, which need not be its end.
fn write_at(fixture: &Fixture, offset: u64, text: &str) {
    let path = fixture.path("x.log");
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn set_size(fixture: &Fixture, size: u64) {
    let path = fixture.path("x.log");
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap();
    file.set_len(size).unwrap();
}

#[track_caller]
fn read(fixture: &mut Fixture, lines: &[&str]) {
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines);
}

#[track_caller]
fn restart(fixture: &mut Fixture) {
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
}

#[test]
fn a_preallocated_file_is_read_as_it_is_filled() {
    for size in [4096, 1 << 20, 1 << 24] {
        for restarts in [false, true] {
            let mut fixture = Fixture::new(&["x.log"]);
            set_size(&fixture, size);
            read(&mut fixture, &[]);
            write_at(&fixture, 0, "a1\na2\nha");
            read(&mut fixture, &["a1", "a2"]);
            if restarts {
                restart(&mut fixture);
            }
            write_at(&fixture, 8, "lf\nb1\n");
            if restarts {
                restart(&mut fixture);
            }
            read(&mut fixture, &["a1", "a2", "half", "b1"]);
            fixture.pass(Duration::from_secs(3));
            set_size(&fixture, 14);
            read(&mut fixture, &["a1", "a2", "half", "b1"]);
            assert_eq!(fixture.said.lag(), Some(0));
        }
    }
}

#[test]
fn a_size_before_its_bytes_is_no_line_and_no_identity() {
    for restarts in [false, true] {
        let mut fixture = Fixture::new(&["x.log"]);
        write_at(&fixture, 0, "a1\n");
        set_size(&fixture, 9);
        read(&mut fixture, &["a1"]);
        write_at(&fixture, 3, "a2\n");
        read(&mut fixture, &["a1", "a2"]);
        if restarts {
            restart(&mut fixture);
        }
        write_at(&fixture, 6, "a3\n");
        read(&mut fixture, &["a1", "a2", "a3"]);
    }
}

#[test]
fn holes_that_are_filled_in_any_order() {
    let mut fixture = Fixture::new(&["x.log"]);
    write_at(&fixture, 0, "a1\n");
    write_at(&fixture, 6, "a3\n");
    read(&mut fixture, &["a1"]);
    write_at(&fixture, 12, "a5\n");
    write_at(&fixture, 9, "a4\n");
    fixture.pass(Duration::from_secs(1));
    read(&mut fixture, &["a1"]);
    write_at(&fixture, 3, "a2\n");
    read(&mut fixture, &["a1", "a2", "a3", "a4", "a5"]);
}

#[test]
fn a_hole_that_stays_separates_lines() {
    for length in [2, 300, 1 << 16, 3 << 20] {
        let mut fixture = Fixture::new(&["x.log"]);
        write_at(&fixture, 0, "a1\na2");
        write_at(&fixture, 5 + length, "b1\nb2\n");
        read(&mut fixture, &["a1"]);
        fixture.pass(Duration::from_secs(3));
        read(&mut fixture, &["a1", "a2", "b1", "b2"]);
        // Filled too late: nothing is read twice.
        write_at(&fixture, 5, &"\n".repeat(usize::try_from(length).unwrap()));
        write_at(&fixture, 5 + length + 6, "c1\n");
        read(&mut fixture, &["a1", "a2", "b1", "b2", "c1"]);
        restart(&mut fixture);
        fixture.pass(Duration::from_secs(31));
        assert_eq!(fixture.lines.in_order, ["a1", "a2", "b1", "b2", "c1"]);
    }
}

#[test]
fn a_file_that_begins_with_nuls() {
    let mut fixture = Fixture::new(&["x.log"]);
    write_at(&fixture, 40, "a1\n");
    read(&mut fixture, &[]);
    fixture.pass(Duration::from_secs(3));
    read(&mut fixture, &["a1"]);
    restart(&mut fixture);
    fixture.append("x.log", "a2\n");
    read(&mut fixture, &["a1", "a2"]);
}

#[test]
fn nobody_waits_where_nobody_writes() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n\0\0\0\0a2\n\0\0");
    let file = File::options()
        .write(true)
        .open(fixture.path("x.log"))
        .unwrap();
    let before = std::time::SystemTime::now() - Duration::from_secs(60);
    file.set_modified(before).unwrap();
    read(&mut fixture, &["a1", "a2"]);
}

#[test]
fn from_the_end_is_from_the_end_of_what_is_written() {
    let mut fixture = Fixture::from_end(&["x.log"]);
    write_at(&fixture, 0, "a1\na2\n");
    set_size(&fixture, 1 << 20);
    read(&mut fixture, &[]);
    write_at(&fixture, 6, "a3\n");
    read(&mut fixture, &["a3"]);
}

#[test]
fn a_preallocated_file_that_is_rotated() {
    let mut fixture = Fixture::new(&["x.log"]);
    write_at(&fixture, 0, "a1\n");
    set_size(&fixture, 4096);
    fixture.look();
    write_at(&fixture, 3, "a2\nno end");
    fs::rename(fixture.path("x.log"), fixture.path("x.log.1")).unwrap();
    write_at(&fixture, 0, "b1\n");
    set_size(&fixture, 4096);
    read(&mut fixture, &["a1", "a2", "b1"]);
    fixture.pass(Duration::from_secs(31));
    read(&mut fixture, &["a1", "a2", "b1", "no end"]);
}

#[test]
fn text_in_another_encoding_is_reported_and_not_read() {
    let mut fixture = Fixture::new(&["x.log"]);
    let wide = |text: &str| {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut file = File::options()
            .append(true)
            .create(true)
            .open(fixture.path("x.log"))
            .unwrap();
        file.write_all(&bytes).unwrap();
    };
    wide("\u{feff}one\ntwo\n");
    fixture.look();
    assert!(
        fixture
            .said
            .take()
            .contains(&"not UTF-8 but UTF-16 (little endian) x.log".to_owned())
    );
    let wide = "three\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<u8>>();
    let mut file = File::options()
        .append(true)
        .open(fixture.path("x.log"))
        .unwrap();
    file.write_all(&wide).unwrap();
    fixture.look();
    assert_eq!(fixture.lines.in_order, Vec::<String>::new());
    assert_eq!(fixture.said.take(), Vec::<String>::new());
}
