//! Runs that end without warning and begin again: every line is counted once, whatever happened to the
//! files meanwhile.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use super::Fixture;
use crate::testing::SKIPPING;

/// `x.log` with `a1` read and `a2` not.
fn half_read(argument: &str) -> Fixture {
    let mut fixture = Fixture::new(&[argument]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.append("x.log", "a2\n");
    fixture
}

#[track_caller]
fn restarts_to(mut fixture: Fixture, lines: &[&str]) {
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines);
    // And once more, with nothing new.
    let saved = fixture.save();
    fixture.saved_at = None;
    fixture.restart(saved);
    fixture.look();
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, lines, "read twice");
}

#[test]
fn what_was_appended_meanwhile_is_read_and_nothing_else() {
    restarts_to(half_read("x.log"), &["a1", "a2"]);
}

#[test]
fn rotated_several_times_meanwhile() {
    for argument in ["x.log", "x.log*"] {
        let fixture = half_read(argument);
        fixture.rename("x.log", "x.log.1");
        fixture.append("x.log", "b1\n");
        fixture.rename("x.log.1", "x.log.2");
        fixture.rename("x.log", "x.log.1");
        fixture.append("x.log", "c1\n");
        restarts_to(fixture, &["a1", "a2", "b1", "c1"]);
    }
}

#[test]
fn rotated_and_compressed_meanwhile() {
    for argument in ["x.log", "x.log*"] {
        let fixture = half_read(argument);
        fixture.append("x.log.9", "long ago\n");
        fixture.pack("x.log.9");
        fixture.rename("x.log", "x.log.3");
        fixture.pack("x.log.3");
        fixture.append("x.log.2", "b1\nb2");
        fixture.pack("x.log.2");
        fixture.append("x.log", "d1\n");
        restarts_to(fixture, &["a1", "a2", "b1", "b2", "d1"]);
    }
}

#[test]
fn one_that_began_meanwhile_is_rotated_and_compressed() {
    for argument in ["x.log", "x.log*"] {
        let fixture = half_read(argument);
        fixture.rename("x.log", "x.log.2");
        fixture.append("x.log.1", "b1\n");
        fixture.pack("x.log.1");
        fixture.append("x.log", "c1\n");
        restarts_to(fixture, &["a1", "a2", "b1", "c1"]);
    }
}

#[test]
fn rotated_by_date_meanwhile() {
    let fixture = half_read("x.log");
    fixture.append("x.log-20261006", "long ago\n");
    fixture.rename("x.log", "x.log-20261007");
    fixture.pack("x.log-20261007");
    fixture.append("x.log-20261008", "b1\n");
    fixture.append("x.log", "c1\n");
    restarts_to(fixture, &["a1", "a2", "b1", "c1"]);
}

#[test]
fn renamed_to_any_name_meanwhile() {
    let fixture = half_read("x.log");
    fixture.rename("x.log", "kept by hand");
    fixture.append("x.log", "b1\n");
    restarts_to(fixture, &["a1", "a2", "b1"]);
}

#[test]
fn copied_and_cut_short_meanwhile() {
    let fixture = half_read("x.log");
    fs::copy(fixture.path("x.log"), fixture.path("x.log.1")).unwrap();
    File::create(fixture.path("x.log")).unwrap();
    fixture.append("x.log", "b1\nb2\nb3\n");
    restarts_to(fixture, &["a1", "a2", "b1", "b2", "b3"]);
}

#[test]
fn emptied_and_refilled_with_the_same_first_line() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "head\na1\n");
    fixture.look();
    fs::write(fixture.path("x.log"), "head\nb1\nb2\n").unwrap();
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["head", "a1", "head", "b1", "b2"]);
}

#[test]
fn a_file_that_is_nowhere_is_said_to_be_lost_once() {
    let mut fixture = half_read("x.log");
    fixture.append("x.log.1", "before the last save\n");
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.append("x.log.new", "b1\n");
    fixture.rename("x.log.new", "x.log");
    fixture.saved_at = Some(SystemTime::now() + Duration::from_secs(60));
    for said in [vec!["lost x.log"], Vec::new()] {
        let saved = fixture.save();
        fixture.restart(saved);
        fixture.look();
        assert_eq!(fixture.lines.in_order, ["a1", "b1"]);
        let lost: Vec<_> = fixture.said.take();
        let lost: Vec<_> = lost
            .iter()
            .filter(|text| text.starts_with("lost"))
            .collect();
        assert_eq!(lost, said.iter().collect::<Vec<_>>());
    }
}

#[test]
fn where_a_file_is_nowhere_what_is_newer_than_the_save_is_read() {
    let mut fixture = half_read("x.log");
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.append("x.log.1", "b1\n");
    fixture.append("x.log", "c1\n");
    fixture.saved_at = Some(SystemTime::now() - Duration::from_secs(60));
    restarts_to(fixture, &["a1", "b1", "c1"]);
}

#[test]
fn half_a_compressed_file_is_never_read() {
    let mut fixture = half_read("x.log");
    fixture.rename("x.log", "x.log.1");
    fixture.pack("x.log.1");
    let whole = fs::read(fixture.path("x.log.1.gz")).unwrap();
    fs::write(fixture.path("x.log.1.gz"), &whole[..whole.len() - 3]).unwrap();
    fixture.append("x.log", "b1\n");
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["a1", "b1"]);
    let said = fixture.said.take();
    assert!(
        said.iter().any(|text| text == "skipped x.log.1.gz"),
        "{said:?}"
    );
    // Not yet, but soon; said once.
    fixture.pass(Duration::from_secs(2));
    assert_eq!(fixture.lines.in_order, ["a1", "b1"]);
    fs::write(fixture.path("x.log.1.gz"), &whole).unwrap();
    fixture.pass(Duration::from_secs(4));
    assert_eq!(fixture.lines.in_order, ["a1", "b1", "a2"]);
    assert_eq!(fixture.said.take(), Vec::<String>::new());
    restarts_to(fixture, &["a1", "b1", "a2"]);
}

#[test]
fn a_file_that_was_left_is_known_when_it_is_compressed() {
    let mut fixture = half_read("x.log");
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "b1\n");
    fixture.look();
    fixture.pass(Duration::from_secs(31));
    fixture.append("x.log", "b2\n");
    // a is x.log.1, then x.log.2.gz; b is x.log.3.gz, as if names had been mixed up.
    fixture.pack("x.log.1");
    fixture.rename("x.log.1.gz", "x.log.2.gz");
    fixture.rename("x.log", "x.log.3");
    fixture.pack("x.log.3");
    fixture.append("x.log", "c1\n");
    restarts_to(fixture, &["a1", "a2", "b1", "b2", "c1"]);
}

#[test]
fn the_writer_goes_on_in_the_file_that_was_renamed() {
    let mut fixture = half_read("x.log");
    let mut writer = File::options()
        .append(true)
        .open(fixture.path("x.log"))
        .unwrap();
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "b1\n");
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    writer.write_all(b"a3\na4").unwrap();
    fixture.pass(Duration::from_millis(100));
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    writer.write_all(b"!\n").unwrap();
    fixture.pass(Duration::from_millis(100));
    let mut lines = fixture.lines.in_order.clone();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "a3", "a4!", "b1"]);
    // A stop is no end of it either.
    fixture.drain();
    let saved = fixture.save();
    writer.write_all(b"a5\n").unwrap();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order.last().unwrap(), "a5");
}

#[test]
fn a_kill_at_any_block_of_a_compressed_rest() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    let mut expected = vec!["a1".to_owned()];
    for number in 0..60_000 {
        expected.push(format!("{number:05} {}", "x".repeat(20)));
    }
    let rest = expected[1..].join("\n") + "\n";
    fixture.append("x.log", &rest);
    fixture.rename("x.log", "x.log.1");
    fixture.pack("x.log.1");
    fixture.append("x.log", "b1\n");
    expected.push("b1".to_owned());
    let mut rounds = 0;
    loop {
        let saved = fixture.save();
        fixture.restart(saved);
        let lengths = fixture.begin_and_one_round();
        rounds += 1;
        if lengths == expected.len() {
            break;
        }
    }
    assert!(rounds > 4, "{rounds} rounds: nothing was cut short");
    fixture.look();
    assert!(fixture.lines.in_order == expected);
}

#[test]
fn new_inputs_begin_at_the_end_and_known_ones_where_they_were() {
    let mut fixture = Fixture::from_end(&["*.log"]);
    fixture.append("x.log", "a1\n");
    fixture.look();
    fixture.append("x.log", "a2\n");
    fixture.append("new.log", "n1\n");
    fixture.append("x.1.log", "later than x, by its name\n");
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["later than x, by its name", "a2"]);
}

#[test]
fn inside_a_line_that_is_too_long() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", &"x".repeat(3 << 20));
    fixture.look();
    let saved = fixture.save();
    assert!(saved.files.iter().any(|file| file.resume_state == SKIPPING));
    fixture.restart(saved);
    fixture.append("x.log", "rest\nnext\n");
    fixture.look();
    assert_eq!(fixture.lines.in_order[1..], ["next"]);
}

#[test]
fn compressed_between_the_first_look_and_the_search() {
    // The compressed one is younger than the last save, and the row of an empty file is missing.
    let mut fixture = Fixture::new(&["x.log*"]);
    fixture.append("x.log.1", "a1\na2\n");
    fixture.append("x.log.2", "");
    fixture.append("x.log", "b1\n");
    fixture.look();
    let saved = fixture.save();
    fs::remove_file(fixture.path("x.log.2")).unwrap();
    fixture.restart(saved);
    fixture.first_look_then(|fixture| fixture.pack("x.log.1"));
    fixture.look();
    fixture.pass(Duration::from_secs(31));
    let mut lines = fixture.lines.in_order.clone();
    lines.sort_unstable();
    assert_eq!(lines, ["a1", "a2", "b1"]);
}
