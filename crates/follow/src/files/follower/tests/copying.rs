//! Copied and cut short, with lines that were not read before; and renames that come in a row.

use std::fs::{self, File};
use std::time::Duration;

use super::Fixture;

/// `x.log` with `a1` read and `a2` not.
fn half_read(argument: &str) -> Fixture {
    let mut fixture = Fixture::new(&[argument]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.append("x.log", "a2\n");
    fixture
}

/// Every line once, now and after everything idle was left and a run begun again.
#[track_caller]
fn reads(mut fixture: Fixture, lines: &[&str]) {
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines);
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, lines, "read again when left");
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines, "read again after a restart");
}

/// Files that a glob finds while it is followed have their turns side by side.
fn in_order_unless_named(fixture: &mut Fixture, argument: &str) {
    fixture.look();
    if argument.contains('*') {
        fixture.lines.in_order.sort_unstable();
    }
}

fn copy(fixture: &Fixture, to: &str) {
    fs::copy(fixture.path("x.log"), fixture.path(to)).unwrap();
}

fn cut_short(fixture: &Fixture) {
    File::create(fixture.path("x.log")).unwrap();
}

#[test]
fn what_was_not_read_before_the_cut_is_read_from_the_copy() {
    for (argument, to) in [
        ("x.log", "x.log.1"),
        ("x.log", "x.log-20261124"),
        ("x.log*", "x.log.1"),
        ("x*log*", "x-20261124.log"),
    ] {
        let fixture = half_read(argument);
        copy(&fixture, to);
        cut_short(&fixture);
        fixture.append("x.log", "b1\n");
        reads(fixture, &["a1", "a2", "b1"]);
    }
}

#[test]
fn several_copies_between_two_looks() {
    for argument in ["x.log", "x.log*"] {
        let mut fixture = half_read(argument);
        copy(&fixture, "x.log.2");
        cut_short(&fixture);
        fixture.append("x.log", "b1\nb2\n");
        copy(&fixture, "x.log.1");
        cut_short(&fixture);
        fixture.append("x.log", "c1\n");
        in_order_unless_named(&mut fixture, argument);
        reads(fixture, &["a1", "a2", "b1", "b2", "c1"]);
    }
}

#[test]
fn a_copy_within_a_glob_counts_once_however_often_it_is_looked_at() {
    let mut fixture = half_read("x.log*");
    fixture.look();
    File::create(fixture.path("x.log.1")).unwrap();
    fixture.look();
    fixture.append("x.log.1", "a1");
    fixture.look();
    fixture.append("x.log.1", "\na2\n");
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["a1", "a2"]);
    fixture.append("x.log", "a3\n");
    fixture.append("x.log.1", "a3\n");
    cut_short(&fixture);
    fixture.append("x.log", "b1\n");
    reads(fixture, &["a1", "a2", "a3", "b1"]);
}

#[test]
fn what_the_copy_lacks_is_not_missed() {
    // The writer does not wait for the cut: what it adds is in the original alone.
    for looked_at in [true, false] {
        for argument in ["x.log", "x.log*"] {
            let mut fixture = Fixture::new(&[argument]);
            let long = "long ".repeat(300);
            fixture.append("x.log", &format!("{long}\n"));
            fixture.look();
            copy(&fixture, "x.log.1");
            if looked_at {
                fixture.look();
            }
            fixture.append("x.log", "a2\n");
            let mut saved = fixture.save();
            if looked_at {
                fixture.look();
                saved = fixture.save();
            }
            cut_short(&fixture);
            fixture.append("x.log", "b1\n");
            fixture.restart(saved);
            let lines = [long.as_str(), "a2", "b1"];
            let lines: Vec<&str> = lines
                .into_iter()
                .filter(|line| looked_at || *line != "a2")
                .collect();
            reads(fixture, &lines);
        }
    }
}

#[test]
fn copied_over_the_file_that_held_the_copy_before() {
    let mut fixture = half_read("x.log*");
    copy(&fixture, "x.log.1");
    cut_short(&fixture);
    fixture.append("x.log", "b1 is longer\n");
    fixture.look();
    fixture.append("x.log", "b2\n");
    copy(&fixture, "x.log.1");
    fixture.look();
    cut_short(&fixture);
    fixture.append("x.log", "c1\n");
    reads(fixture, &["a1", "a2", "b1 is longer", "b2", "c1"]);
}

#[test]
fn a_backup_beside_the_log_is_not_counted() {
    let mut fixture = half_read("x.log*");
    copy(&fixture, "x.log.1");
    fixture.look();
    fixture.append("x.log", "a3\n");
    reads(fixture, &["a1", "a2", "a3"]);
}

#[test]
fn a_rotated_file_that_is_no_copy_counts_though_it_is_new() {
    let mut fixture = half_read("x.log*");
    fixture.look();
    fixture.append("x.log.1", "");
    fixture.look();
    fixture.append("x.log.1", "b1\n");
    fixture.append("x.log.2", "c1\n");
    fixture.look();
    let mut lines = fixture.lines.in_order.clone();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "b1", "c1"]);
}

#[test]
fn renamed_several_times_between_two_looks() {
    for argument in ["x.log", "x.log*"] {
        let mut fixture = half_read(argument);
        fixture.append("x.log.1", "b1\nb2\n");
        fixture.rename("x.log", "x.log.2");
        fixture.append("x.log", "c1\n");
        in_order_unless_named(&mut fixture, argument);
        reads(fixture, &["a1", "a2", "b1", "b2", "c1"]);
    }
}

#[test]
fn cut_short_without_a_copy_is_read_from_its_start() {
    let mut fixture = half_read("x.log");
    fixture.append("x.log.1", "long ago\n");
    fixture.look();
    cut_short(&fixture);
    fixture.append("x.log", "b1\n");
    reads(fixture, &["a1", "a2", "b1"]);
}

/// A copy has any name, and its original may have several.
#[test]
fn a_copy_of_any_name_counts_once() {
    let long = |letter: &str| format!("{letter} {}", letter.repeat(200));
    for link in ["", "a.log", "z.log", "hard.log"] {
        for copy in [
            "x.log.bak",
            "x.old",
            "x.log~",
            "x-1.log",
            "Copy of x.log",
            "sub/x.log",
            "y.log",
        ] {
            let mut fixture = Fixture::new(&["**/*"]);
            fs::create_dir(fixture.path("sub")).unwrap();
            let first = long("a");
            fixture.append("x.log", &format!("{first}\n"));
            match link {
                "" => {}
                "hard.log" => fs::hard_link(fixture.path("x.log"), fixture.path(link)).unwrap(),
                #[cfg(unix)]
                _ => std::os::unix::fs::symlink("x.log", fixture.path(link)).unwrap(),
                #[cfg(not(unix))]
                _ => continue,
            }
            fixture.look();
            // Made in steps, and looked at meanwhile.
            File::create(fixture.path(copy)).unwrap();
            fixture.look();
            fixture.append(copy, &first[..150]);
            fixture.look();
            fixture.append(copy, &format!("{}\n", &first[150..]));
            fixture.look();
            assert_eq!(fixture.lines.in_order, [first.as_str()], "{copy} {link}");
            fixture.append("x.log", "b1\n");
            fixture.look();
            fixture.append("x.log", "b2\n");
            copy_to(&fixture, copy);
            cut_short(&fixture);
            fixture.append("x.log", "c1\n");
            fixture.look();
            fixture.look();
            let mut lines = fixture.lines.in_order.clone();
            lines.sort_unstable();
            assert_eq!(lines, [first.as_str(), "b1", "b2", "c1"], "{copy} {link}");
            let saved = fixture.save();
            fixture.restart(saved);
            fixture.look();
            fixture.pass(Duration::from_secs(31));
            assert_eq!(
                fixture.lines.in_order.len(),
                4,
                "{copy} {link}: after a restart"
            );
        }
    }
}

fn copy_to(fixture: &Fixture, to: &str) {
    fs::copy(fixture.path("x.log"), fixture.path(to)).unwrap();
}

#[test]
fn a_file_that_begins_like_another_counts_as_soon_as_it_differs() {
    let header = "#fields ".repeat(40);
    let mut fixture = Fixture::new(&["*.log"]);
    fixture.append("x.log", &format!("{header}\na1\n"));
    fixture.look();
    fixture.append("y.log", &format!("{header}\n"));
    fixture.look();
    fixture.append("y.log", "b1\n");
    fixture.look();
    let lines = fixture.lines.in_order.clone();
    assert_eq!(lines, [header.as_str(), "a1", header.as_str(), "b1"]);
}

#[test]
fn short_files_of_the_same_content_are_two() {
    let mut fixture = Fixture::new(&["**/*.log"]);
    fixture.append("a/x.log", "a1\n");
    fixture.append("b.log", "a1\n");
    fixture.look();
    fixture.append("b/x.log", "a1\n");
    fixture.append("c.log", "a1\n");
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["a1"; 4]);
}
