//! Records of several lines: over rotations, restarts and pauses, each whole and once.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use regex::bytes::Regex;

use super::{Fixture, append};
use crate::line::multiline::Multiline;
use crate::stop::Stop;
use crate::{Events, Follower, Mode, Options, Positions, Specification};

const SECOND: Duration = Duration::from_secs(1);

/// Records begin with a digit.
pub(super) fn settings() -> Arc<Multiline> {
    Arc::new(Multiline::beginning_with(Regex::new("^[0-9]").unwrap()))
}

fn fixture(arguments: &[&str]) -> Fixture {
    let mut fixture = Fixture::new(arguments);
    fixture.lines.multiline = Some(settings());
    fixture
}

#[track_caller]
fn reads(fixture: &Fixture, records: &[&str]) {
    assert_eq!(fixture.lines.in_order, records);
}

#[test]
fn a_record_ends_where_the_next_begins_or_nothing_more_comes() {
    let mut fixture = fixture(&["x.log"]);
    fixture.append("x.log", "1 one\n  more\n2 two\n");
    fixture.look();
    reads(&fixture, &["1 one\n  more"]);
    let pause = fixture.follower.pause(fixture.waker.now);
    assert_eq!(pause, SECOND, "until it has waited long enough");
    fixture.append("x.log", "  of two\n");
    fixture.pass(SECOND / 2);
    fixture.pass(SECOND * 3 / 4);
    reads(&fixture, &["1 one\n  more"]);
    fixture.pass(SECOND / 4);
    reads(&fixture, &["1 one\n  more", "2 two\n  of two"]);
    assert!(
        fixture.follower.pause(fixture.waker.now) > SECOND,
        "nothing waits"
    );
    fixture.append("x.log", "  late\n3 three\n");
    fixture.look();
    reads(&fixture, &["1 one\n  more", "2 two\n  of two", "  late"]);
}

/// Whoever was away reads what was written meanwhile before a record is given up.
#[test]
fn what_was_written_in_time_is_joined_however_late_it_is_read() {
    let mut fixture = fixture(&["x.log"]);
    fixture.append("x.log", "1 one\n");
    fixture.look();
    fixture.append("x.log", "  more\n");
    fixture.pass(60 * SECOND);
    fixture.append("x.log", "  and more\n");
    fixture.look();
    fixture.pass(SECOND);
    reads(&fixture, &["1 one\n  more\n  and more"]);
}

/// The record is read or not when its file is rotated; a run ends before the rotation, after it or not at
/// all; and the rotated file is compressed or not.
#[test]
fn a_record_goes_on_in_the_next_file() {
    for argument in ["x.log", "x.log*"] {
        for first_is_read in [true, false] {
            for restarts in [None, Some(true), Some(false)] {
                for compresses in [false, true] {
                    let mut fixture = fixture(&[argument]);
                    fixture.append("x.log", "1 one\n");
                    fixture.look();
                    fixture.append("x.log", "2 two\n  a\n");
                    if first_is_read {
                        fixture.look();
                    }
                    let saved = fixture.save();
                    fixture.rename("x.log", "x.log.1");
                    if compresses && restarts == Some(false) {
                        fixture.pack("x.log.1");
                    }
                    if restarts == Some(true) {
                        fixture.restart(saved.clone());
                        fixture.look();
                    }
                    fixture.append("x.log", "  b\n  c\n3 three\n");
                    if restarts == Some(false) {
                        fixture.restart(saved);
                    }
                    fixture.look();
                    let records = ["1 one", "2 two\n  a\n  b\n  c"];
                    reads(&fixture, &records);
                    let saved = fixture.save();
                    fixture.restart(saved);
                    fixture.look();
                    fixture.pass(SECOND);
                    let records = ["1 one", "2 two\n  a\n  b\n  c", "3 three"];
                    reads(&fixture, &records);
                    fixture.pass(31 * SECOND);
                    reads(&fixture, &records);
                    let said = fixture.said.take();
                    assert!(
                        !said.iter().any(|text| text.starts_with("incomplete")),
                        "{said:?}"
                    );
                }
            }
        }
    }
}

/// The writer goes on in the file that was renamed, until it is told of the new one.
#[test]
fn a_record_is_written_on_in_the_file_that_was_renamed() {
    for restarts in [false, true] {
        let mut fixture = fixture(&["x.log"]);
        fixture.append("x.log", "1 one\n2 two\n");
        fixture.look();
        fixture.rename("x.log", "x.log.1");
        fixture.append("x.log", "");
        fixture.look();
        fixture.append("x.log.1", "  in the old one\n");
        fixture.look();
        if restarts {
            let saved = fixture.save();
            fixture.restart(saved);
            fixture.look();
        }
        fixture.append("x.log", "  in the new one\n3 three\n");
        fixture.look();
        reads(
            &fixture,
            &["1 one", "2 two\n  in the old one\n  in the new one"],
        );
    }
}

#[test]
fn a_record_goes_on_after_a_copy_and_a_cut() {
    for rest_is_in_copy in [false, true] {
        let mut fixture = fixture(&["x.log"]);
        fixture.append("x.log", "1 one\n2 two\n");
        fixture.look();
        if rest_is_in_copy {
            fixture.append("x.log", "  more\n");
        }
        fs::copy(fixture.path("x.log"), fixture.path("x.log.1")).unwrap();
        fs::File::create(fixture.path("x.log")).unwrap();
        if !rest_is_in_copy {
            fixture.append("x.log", "  more\n");
        }
        fixture.append("x.log", "3 three\n");
        fixture.look();
        fixture.pass(SECOND);
        reads(&fixture, &["1 one", "2 two\n  more", "3 three"]);
    }
}

/// Wherever a run is killed, what it had saved goes on.
#[test]
fn a_kill_between_two_lines_of_a_record() {
    for saves_after in 0..5 {
        let mut fixture = fixture(&["x.log"]);
        let mut saved = fixture.save();
        let lines = ["1 one\n", "  a\n", "  b\n", "2 two\n", "  c\n"];
        for (number, line) in lines.into_iter().enumerate() {
            fixture.append("x.log", line);
            fixture.look();
            if number == saves_after {
                saved = fixture.save();
            }
        }
        fixture.restart(saved);
        fixture.look();
        fixture.pass(SECOND);
        reads(&fixture, &["1 one\n  a\n  b", "2 two\n  c"]);
    }
}

/// What the time bound has counted is saved as counted.
#[test]
fn a_kill_after_a_record_has_waited() {
    let mut fixture = fixture(&["x.log"]);
    fixture.append("x.log", "1 one\n");
    fixture.look();
    fixture.pass(SECOND);
    reads(&fixture, &["1 one"]);
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    fixture.append("x.log", "  late\n2 two\n");
    fixture.look();
    fixture.pass(SECOND);
    reads(&fixture, &["1 one", "  late", "2 two"]);
}

#[test]
fn a_stop_counts_what_no_later_run_would() {
    for saves in [false, true] {
        let mut fixture = fixture(&["x.log"]);
        if saves {
            let saved = fixture.save();
            fixture.restart(saved);
        }
        fixture.append("x.log", "1 one\n2 two\n  more\n");
        fixture.look();
        fixture.drain();
        match saves {
            false => reads(&fixture, &["1 one", "2 two\n  more"]),
            true => {
                reads(&fixture, &["1 one"]);
                let saved = fixture.save();
                fixture.restart(saved);
                fixture.append("x.log", "  and more\n");
                fixture.look();
                fixture.pass(SECOND);
                reads(&fixture, &["1 one", "2 two\n  more\n  and more"]);
            }
        }
    }
}

#[test]
fn a_file_that_is_left_has_no_incomplete_record() {
    let mut fixture = fixture(&["x.log"]);
    fixture.append("x.log", "1 one\n  more\n");
    fixture.look();
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.renamed(&["x.log"]);
    fixture.pass(31 * SECOND);
    reads(&fixture, &["1 one\n  more"]);
    let said = fixture.said.take();
    assert!(
        !said.iter().any(|text| text.starts_with("incomplete")),
        "{said:?}"
    );
}

/// Read once, with positions that are saved: what was written just now is left to the next run.
#[test]
fn reading_once_counts_the_last_record_when_it_is_old() {
    struct Quiet;
    impl Events for Quiet {
        fn waiting(&self, _: &str) {}
        fn opened(&self, _: &str, _: &std::path::Path) {}
        fn rotated(&self, _: &str, _: &std::path::Path) {}
        fn truncated(&self, _: &str, _: &std::path::Path) {}
        fn left(&self, _: &str, _: &std::path::Path) {}
        fn unreadable(&self, _: &str, _: &std::path::Path, _: &std::io::Error) {}
        fn polling(&self, _: &str) {}
        fn lag(&self, _: &str, _: u64) {}
        fn caught_up(&self) {}
        fn ended(&self, _: &str) {}
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    let mut saved = Vec::new();
    let mut once = |text: &str, age: Duration| {
        append(&log, text);
        let file = fs::File::options().append(true).open(&log).unwrap();
        file.set_modified(std::time::SystemTime::now() - age)
            .unwrap();
        let positions = Arc::new(Positions::new(std::mem::take(&mut saved)));
        let options = Options {
            mode: Mode::Once,
            ..Options::default()
        };
        let inputs = Specification::parse_all([&log]).unwrap();
        let mut follower = Follower::new(inputs, options, Arc::clone(&positions));
        let mut lines = crate::testing::Lines {
            multiline: Some(settings()),
            ..Default::default()
        };
        follower.run(&mut lines, &Quiet, &Stop::new()).unwrap();
        saved = positions.files();
        lines.in_order
    };
    assert_eq!(once("1 one\n2 two\n", Duration::ZERO), ["1 one"]);
    assert_eq!(once("  more\n", 2 * SECOND), ["2 two\n  more"]);
    assert_eq!(once("3 three\n", 2 * SECOND), ["3 three"]);
    assert_eq!(once("4 four\n  unended", 2 * SECOND), Vec::<String>::new());
    assert_eq!(once("\n", 2 * SECOND), ["4 four\n  unended"]);
}

/// Two rotations at once, of files that a glob matches: what each holds is whole.
#[test]
fn records_of_several_files_are_kept_apart() {
    let mut fixture = fixture(&["x.log*"]);
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.append("x.log", "1 one\n  more\n");
    fixture.look();
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "2 two\n  more\n");
    fixture.rename("x.log.1", "x.log.2");
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "");
    fixture.look();
    fixture.drain();
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    fixture.pass(SECOND);
    fixture.lines.in_order.sort();
    reads(&fixture, &["1 one\n  more", "2 two\n  more"]);
}
