//! Rotation of every kind: what is read, from where, and what is said.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use super::Fixture;

const ROTATE_WAIT: Duration = Duration::from_secs(30);

#[test]
fn a_line_is_handed_over_when_it_is_whole() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "one\ntw");
    fixture.look();
    fixture.expect(&["one"]);
    assert_eq!(
        fixture.said.lag(),
        Some(0),
        "what waits for its end has been read"
    );
    fixture.append("x.log", "o\n");
    fixture.changed(&["x.log"]);
    fixture.expect(&["two"]);
}

#[test]
fn renamed_and_created_anew_both_are_read_while_the_writer_goes_on() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    let mut writer = File::options()
        .append(true)
        .open(fixture.path("x.log"))
        .unwrap();
    fixture.append("x.log", "a2\n");
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "b1\n");
    fixture.renamed(&["x.log", "x.log.1"]);
    fixture.expect(&["a1", "a2", "b1"]);
    assert_eq!(
        fixture.said.take(),
        [
            "opened x.log",
            "caught up ",
            "opened x.log",
            "rotated x.log"
        ]
    );
    writer.write_all(b"a3\na4").unwrap();
    fixture.changed(&["x.log.1"]);
    fixture.append("x.log", "b2\n");
    fixture.changed(&["x.log"]);
    fixture.expect(&["a3", "b2"]);
    fixture.pass(ROTATE_WAIT - Duration::from_secs(1));
    writer.write_all(b"\n").unwrap();
    fixture.pass(ROTATE_WAIT - Duration::from_secs(2));
    fixture.pass(Duration::from_secs(1));
    fixture.expect(&["a4"]);
    writer.write_all(b"no end").unwrap();
    fixture.look();
    fixture.pass(ROTATE_WAIT);
    fixture.expect(&["no end"]);
    assert!(fixture.follower.open.nameless.is_empty());
    assert!(
        fixture.said.take().is_empty(),
        "a replaced file is not said to be left"
    );
}

#[test]
fn several_rotations_between_two_looks_within_a_glob() {
    let mut fixture = Fixture::new(&["x.log*"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.append("x.log", "a2\n");
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "b1\n");
    fixture.rename("x.log.1", "x.log.2");
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "c1\n");
    fixture.renamed(&["x.log", "x.log.1", "x.log.2"]);
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "b1", "c1"]);
    assert!(
        fixture.follower.open.nameless.is_empty(),
        "every file has a name that matches"
    );
}

#[test]
fn rotated_and_compressed_between_two_looks() {
    for argument in ["x.log", "x.log*"] {
        let mut fixture = Fixture::new(&[argument]);
        fixture.append("x.log", "a1\n");
        fixture.look();
        fixture.rename("x.log", "x.log.1");
        fixture.renamed(&["x.log", "x.log.1"]);
        fixture.rename("x.log.1", "x.log.2");
        fixture.append("x.log.1", "b1\n");
        fixture.pack("x.log.1");
        fixture.append("x.log", "c1\n");
        fixture.renamed(&["x.log", "x.log.1", "x.log.1.gz", "x.log.2"]);
        assert_eq!(fixture.lines.in_order, ["a1", "b1", "c1"]);
    }
}

#[test]
fn a_file_renamed_within_the_glob_keeps_its_place() {
    let mut fixture = Fixture::new(&["x.log*"]);
    fixture.append("x.log", "a1\na2\n");
    fixture.look();
    fixture.rename("x.log", "x.log.1");
    fixture.renamed(&["x.log", "x.log.1"]);
    fixture.append("x.log.1", "a3\n");
    fixture.append("x.log", "b1\n");
    fixture.renamed(&["x.log"]);
    fixture.changed(&["x.log.1"]);
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "a3", "b1"]);
    fixture.pass(ROTATE_WAIT * 2);
    fixture.look();
    assert_eq!(fixture.lines.all().len(), 4, "nothing is read twice");
    assert_eq!(
        fixture.said.take(),
        [
            "opened x.log",
            "caught up ",
            "opened x.log",
            "rotated x.log"
        ]
    );
}

#[test]
fn a_file_that_comes_back_after_it_was_left_goes_on_where_it_was() {
    let mut fixture = Fixture::new(&["x*.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.rename("x.log", "away");
    fixture.look();
    fixture.pass(ROTATE_WAIT);
    assert_eq!(fixture.said.take()[2..], ["left x.log", "waiting x*.log"]);
    fixture.append("away", "a2\n");
    fixture.rename("away", "x2.log");
    fixture.look();
    fixture.expect(&["a1", "a2"]);
}

#[test]
fn copied_and_cut_short() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\na2\n");
    fixture.look();
    let writer = File::options()
        .append(true)
        .open(fixture.path("x.log"))
        .unwrap();
    writer.set_len(0).unwrap();
    (&writer).write_all(b"b1\n").unwrap();
    fixture.changed(&["x.log"]);
    fixture.expect(&["a1", "a2", "b1"]);
    assert_eq!(
        fixture.said.take(),
        ["opened x.log", "caught up ", "truncated x.log"]
    );
}

#[test]
fn cut_short_and_filled_beyond_the_offset_between_two_looks() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fs::write(fixture.path("x.log"), "b1\nb2\nb3\n").unwrap();
    fixture.look();
    fixture.expect(&["a1", "b1", "b2", "b3"]);
    // The same first KiB, other bytes before the offset.
    let head = format!("{}\n", "h".repeat(1500));
    fs::write(fixture.path("x.log"), format!("{head}c1\n")).unwrap();
    fixture.look();
    fs::write(fixture.path("x.log"), format!("{head}d1\nd2\n")).unwrap();
    fixture.look();
    fixture.expect(&[head.trim(), "c1", head.trim(), "d1", "d2"]);
    assert_eq!(fixture.said.take()[2..], ["truncated x.log"; 3]);
}

#[test]
fn cut_short_to_the_same_size() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fs::write(fixture.path("x.log"), "b1\n").unwrap();
    fixture.changed(&["x.log"]);
    fixture.expect(&["a1", "b1"]);
}

#[test]
fn a_hole_left_by_a_writer_that_does_not_append_is_no_line() {
    let mut fixture = Fixture::new(&["x.log"]);
    let mut writer = File::create(fixture.path("x.log")).unwrap();
    let filler = "a".repeat(99_999) + "\n";
    for _ in 0..20 {
        writer.write_all(filler.as_bytes()).unwrap();
    }
    fixture.look();
    fixture.lines.streams[0].lines.clear();
    File::options()
        .write(true)
        .open(fixture.path("x.log"))
        .unwrap()
        .set_len(0)
        .unwrap();
    fixture.look();
    writer.write_all(b"b1\nb2\n").unwrap();
    fixture.look();
    writer.write_all(b"b3\n").unwrap();
    fixture.look();
    fixture.expect(&["b1", "b2", "b3"]);
    assert_eq!(fixture.said.lag(), Some(0));
}

#[test]
fn deleted_and_created_anew() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    let mut writer = File::options()
        .append(true)
        .open(fixture.path("x.log"))
        .unwrap();
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.renamed(&["x.log"]);
    writer.write_all(b"a2\n").unwrap();
    fixture.append("x.log", "b1\n");
    fixture.renamed(&["x.log"]);
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "b1"]);
    fixture.pass(Duration::from_secs(5));
    assert!(
        fixture.follower.open.nameless.is_empty(),
        "its space on the disk is given back"
    );
    let said = fixture.said.take();
    assert_eq!(
        said,
        [
            "opened x.log",
            "caught up ",
            "opened x.log",
            "rotated x.log"
        ]
    );
}

#[test]
fn deleted_and_not_created_anew() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\nno end");
    fixture.look();
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.look();
    fixture.expect(&["a1"]);
    fixture.pass(Duration::from_secs(5));
    fixture.expect(&["no end"]);
    let said = fixture.said.take();
    assert_eq!(
        said,
        ["opened x.log", "caught up ", "left x.log", "waiting x.log"]
    );
    fixture.append("x.log", "b1\n");
    fixture.look();
    fixture.expect(&["b1"]);
    assert_eq!(fixture.said.take(), ["opened x.log"]);
}

/// What the file system may do after a deletion, done here for certain: the same inode, another
/// content, under a name that matches. The position that was remembered fits the number alone.
#[test]
fn an_inode_given_to_another_file_is_another_file() {
    let mut fixture = Fixture::new(&["x*.log"]);
    fixture.append("x.log", "a1\na2\n");
    fixture.look();
    fixture.rename("x.log", "away");
    fixture.look();
    fixture.pass(ROTATE_WAIT);
    fs::write(fixture.path("away"), "b1\nb2\nb3\n").unwrap();
    fixture.rename("away", "x1.log");
    fixture.look();
    fixture.expect(&["a1", "a2", "b1", "b2", "b3"]);
}

#[cfg(unix)]
#[test]
fn a_symlink_swung_to_another_file() {
    use std::os::unix::fs::symlink;
    let mut fixture = Fixture::new(&["current.log"]);
    fixture.append("real/a", "a1\n");
    symlink("real/a", fixture.path("current.log")).unwrap();
    fixture.look();
    assert!(fixture.waker.watched.contains(&fixture.path("real")));
    fixture.append("real/a", "a2\n");
    fixture.changed(&["real/a"]);
    fixture.expect(&["a1", "a2"]);
    fixture.append("real/b", "b1\n");
    symlink("real/b", fixture.path("new")).unwrap();
    fixture.append("real/a", "a3\n");
    fixture.rename("new", "current.log");
    fixture.renamed(&["new", "current.log"]);
    fixture.append("real/a", "a4\n");
    fixture.look();
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["a3", "a4", "b1"]);
}

#[cfg(unix)]
#[test]
fn a_folder_behind_a_symlink_swung_to_another() {
    use std::os::unix::fs::symlink;
    let mut fixture = Fixture::new(&["current/*.log"]);
    fixture.append("one/x.log", "a1\n");
    fixture.append("two/x.log", "b1\n");
    symlink("one", fixture.path("current")).unwrap();
    fixture.look();
    symlink("two", fixture.path("new")).unwrap();
    fixture.rename("new", "current");
    fixture.renamed(&["new", "current"]);
    fixture.expect(&["a1", "b1"]);
}

#[test]
fn two_names_of_one_file_are_read_once() {
    let mut fixture = Fixture::new(&["x.log", "*.log"]);
    fixture.append("x.log", "a1\n");
    fs::hard_link(fixture.path("x.log"), fixture.path("y.log")).unwrap();
    fixture.look();
    fixture.append("y.log", "a2\n");
    fixture.changed(&["y.log"]);
    fixture.expect(&["a1", "a2"]);
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.look();
    fixture.append("y.log", "a3\n");
    fixture.look();
    fixture.expect(&["a3"]);
    assert!(fixture.follower.open.nameless.is_empty());
}
