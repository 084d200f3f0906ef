//! Records in parts (of Kubernetes and docker) with a rotation between the parts.

use std::fs;
use std::time::Duration;

use super::Fixture;

fn cri(flag: &str, text: &str) -> String {
    format!(
        "2026-11-27T10:11:12.{:09}Z stdout {flag} {text}\n",
        text.len()
    )
}

fn docker(flag: &str, text: &str) -> String {
    let end = if flag == "F" { r"\n" } else { "" };
    format!("{{\"log\":\"{text}{end}\",\"stream\":\"stdout\",\"time\":\"t\"}}\n")
}

type Record = fn(&str, &str) -> String;
const RECORDS: [Record; 2] = [cri, docker];

#[track_caller]
fn reads(mut fixture: Fixture, lines: &[&str]) {
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines);
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, lines, "the first part is no line");
    let said = fixture.said.take();
    assert!(
        !said.iter().any(|text| text.starts_with("incomplete")),
        "{said:?}"
    );
    let saved = fixture.save();
    fixture.restart(saved);
    fixture.look();
    assert_eq!(fixture.lines.in_order, lines, "after a restart");
}

/// The first part is read or not, a run ends before the rotation, after it or not at all, and the rotated
/// file is compressed or not.
#[test]
fn a_record_goes_on_in_the_next_file() {
    for record in RECORDS {
        for argument in ["x.log", "x.log*"] {
            for first_is_read in [true, false] {
                for restarts in [None, Some(true), Some(false)] {
                    for compresses in [false, true] {
                        let mut fixture = Fixture::new(&[argument]);
                        fixture.append("x.log", &record("F", "a1"));
                        fixture.look();
                        fixture.append("x.log", &record("P", "one, "));
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
                        fixture.append("x.log", &(record("F", "two") + &record("F", "b1")));
                        if restarts == Some(false) {
                            fixture.restart(saved);
                        }
                        reads(fixture, &["a1", "one, two", "b1"]);
                    }
                }
            }
        }
    }
}

#[test]
fn a_record_over_several_files() {
    for restarts in [false, true] {
        let mut fixture = Fixture::new(&["x.log"]);
        fixture.append("x.log", &(cri("F", "a1") + &cri("P", "one, ")));
        fixture.look();
        let saved = fixture.save();
        fixture.rename("x.log", "x.log.2");
        fixture.append("x.log.1", &cri("P", "two, "));
        fixture.append("x.log", &(cri("F", "three") + &cri("F", "b1")));
        if restarts {
            fixture.restart(saved);
        }
        reads(fixture, &["a1", "one, two, three", "b1"]);
    }
}

#[test]
fn a_record_over_a_copy_and_a_cut() {
    for rest_is_in_copy in [false, true] {
        let mut fixture = Fixture::new(&["x.log"]);
        fixture.append("x.log", &(cri("F", "a1") + &cri("P", "one, ")));
        fixture.look();
        if rest_is_in_copy {
            fixture.append("x.log", &cri("F", "two"));
        }
        fs::copy(fixture.path("x.log"), fixture.path("x.log.1")).unwrap();
        fs::File::create(fixture.path("x.log")).unwrap();
        if !rest_is_in_copy {
            fixture.append("x.log", &cri("F", "two"));
        }
        fixture.append("x.log", &cri("F", "b1"));
        reads(fixture, &["a1", "one, two", "b1"]);
    }
}

#[test]
fn a_part_whose_rest_never_comes_is_reported() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", &(cri("F", "a1") + &cri("P", "one, ")));
    fixture.look();
    fs::remove_file(fixture.path("x.log")).unwrap();
    fixture.renamed(&["x.log"]);
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, ["a1", "one, "]);
    let said = fixture.said.take();
    assert!(
        said.contains(&"incomplete record x.log".to_owned()),
        "{said:?}"
    );
}

#[cfg(unix)]
#[test]
fn a_container_that_starts_again_does_not_go_on_in_a_record() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("pod/0.log", &(cri("F", "a1") + &cri("P", "one, ")));
    std::os::unix::fs::symlink("pod/0.log", fixture.path("x.log")).unwrap();
    fixture.look();
    fixture.append("pod/1.log", &cri("F", "b1"));
    fs::remove_file(fixture.path("x.log")).unwrap();
    std::os::unix::fs::symlink("pod/1.log", fixture.path("x.log")).unwrap();
    fixture.look();
    fixture.pass(Duration::from_secs(31));
    assert_eq!(fixture.lines.in_order, ["a1", "b1", "one, "]);
    let said = fixture.said.take();
    assert!(
        said.contains(&"incomplete record x.log".to_owned()),
        "{said:?}"
    );
}

/// Two rotations between two looks, and the first part in the file between: by a glob that matches rotated names
/// too, that file is met as a new one.
#[test]
fn a_record_that_begins_in_a_file_nobody_saw_under_its_name() {
    for record in RECORDS {
        for argument in ["x.log", "x.log*", "*"] {
            for restarts in [false, true] {
                let mut fixture = Fixture::new(&[argument]);
                fixture.append("x.log", "");
                fixture.look();
                let saved = fixture.save();
                fixture.append("x.log", &record("F", "a1"));
                fixture.rename("x.log", "x.log.2");
                fixture.append("x.log.1", &record("P", "one, "));
                fixture.append("x.log", &(record("F", "two") + &record("F", "b1")));
                if restarts {
                    fixture.restart(saved);
                }
                reads(fixture, &["a1", "one, two", "b1"]);
            }
        }
    }
}
