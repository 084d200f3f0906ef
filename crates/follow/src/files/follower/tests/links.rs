//! Logs behind symbolic links: what is rotated next to a link's target, links that lead nowhere yet, and
//! folders that move.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::Fixture;

/// How `x.log` leads to `real/y.log`.
fn link(fixture: &Fixture, kind: &str) {
    match kind {
        "relative" => symlink("real/y.log", fixture.path("x.log")).unwrap(),
        "absolute" => symlink(fixture.path("real/y.log"), fixture.path("x.log")).unwrap(),
        "chain" => {
            fs::create_dir_all(fixture.path("hop")).unwrap();
            symlink("../real/y.log", fixture.path("hop/z.log")).unwrap();
            symlink("hop/z.log", fixture.path("x.log")).unwrap();
        }
        _ => {
            symlink("real", fixture.path("folder")).unwrap();
            symlink("folder/y.log", fixture.path("x.log")).unwrap();
        }
    }
}

const KINDS: [&str; 4] = ["relative", "absolute", "chain", "folder"];

/// `x.log` with `a1` read and `a2` not.
fn half_read(argument: &str, kind: &str) -> Fixture {
    let mut fixture = Fixture::new(&[argument]);
    fixture.append("real/y.log", "a1\n");
    link(&fixture, kind);
    fixture.look();
    assert_eq!(fixture.lines.in_order, ["a1"]);
    fixture.append("real/y.log", "a2\n");
    fixture
}

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

#[test]
fn rotated_next_to_the_target() {
    for restarts in [true, false] {
        for kind in KINDS {
            for argument in ["x.log", "*.log"] {
                let mut fixture = half_read(argument, kind);
                fixture.rename("real/y.log", "real/y.log.2");
                fixture.append("real/y.log.1", "b1\n");
                fixture.append("real/y.log", "c1\n");
                if restarts {
                    let saved = fixture.save();
                    fixture.restart(saved);
                }
                reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
            }
        }
    }
}

#[test]
fn rotated_and_compressed_next_to_the_target() {
    for kind in KINDS {
        let mut fixture = half_read("x.log", kind);
        fixture.rename("real/y.log", "real/y.log.2");
        fixture.pack("real/y.log.2");
        fixture.append("real/y.log.1", "b1\n");
        let saved = fixture.save();
        fixture.restart(saved);
        // The new file comes later.
        fixture.look();
        fixture.append("real/y.log", "c1\n");
        reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
    }
}

#[test]
fn copied_and_cut_short_next_to_the_target() {
    for restarts in [true, false] {
        for kind in KINDS {
            let mut fixture = half_read("x.log", kind);
            fs::copy(fixture.path("real/y.log"), fixture.path("real/y.log.1")).unwrap();
            fs::File::create(fixture.path("real/y.log")).unwrap();
            fixture.append("real/y.log", "b1 is long enough\n");
            if restarts {
                let saved = fixture.save();
                fixture.restart(saved);
            }
            reads(&mut fixture, &["a1", "a2", "b1 is long enough"]);
        }
    }
}

#[test]
fn a_link_that_leads_to_another_folder_now() {
    let mut fixture = half_read("x.log", "relative");
    fixture.rename("real/y.log", "real/y.log.2");
    fixture.append("real/y.log.1", "b1\n");
    fixture.append("other/y.log", "c1\n");
    symlink("other/y.log", fixture.path("new")).unwrap();
    fixture.rename("new", "x.log");
    reads(&mut fixture, &["a1", "a2", "b1", "c1"]);
}

/// The link of `kind` leads to `other/y.log` from now on.
fn swing(fixture: &Fixture, kind: &str) {
    let (link, target) = match kind {
        "chain" => ("hop/z.log", "../other/y.log"),
        "folder" => ("folder", "other"),
        _ => ("x.log", "other/y.log"),
    };
    symlink(target, fixture.path("new")).unwrap();
    fixture.rename("new", link);
}

#[test]
fn a_link_that_was_led_to_another_folder_while_nobody_looked() {
    for kind in KINDS {
        for argument in ["x.log", "*.log"] {
            // What the link led to is where it was, was rotated, or was rotated and followed by another file.
            for rotated in 0..3 {
                let mut fixture = half_read(argument, kind);
                let saved = fixture.save();
                let mut lines = vec!["a1", "a2"];
                if rotated > 0 {
                    fixture.rename("real/y.log", "real/y.log.1");
                }
                if rotated > 1 {
                    fixture.append("real/y.log", "b1\n");
                    lines.push("b1");
                }
                fixture.append("other/y.log", "c1\n");
                lines.push("c1");
                swing(&fixture, kind);
                fixture.restart(saved);
                reads(&mut fixture, &lines);
            }
        }
    }
}

#[test]
fn a_link_before_its_file_and_its_folder() {
    for argument in ["x.log", "*.log", "names/x.log", "*/x.log", "**/x.log"] {
        for target in ["later/y.log", "later/deep/y.log"] {
            let mut fixture = Fixture::new(&[argument]);
            fs::create_dir(fixture.path("names")).unwrap();
            let name = if argument.contains('/') {
                "names/x.log"
            } else {
                "x.log"
            };
            symlink(fixture.path(target), fixture.path(name)).unwrap();
            fixture.look();
            let near = |fixture: &Fixture| {
                let mut folders = fixture.path(target);
                while folders.pop() {
                    if folders.is_dir() {
                        break;
                    }
                }
                fixture
                    .waker
                    .watched
                    .iter()
                    .any(|one| one.canonicalize().unwrap() == folders)
            };
            assert!(near(&fixture), "{argument} {:?}", fixture.waker.watched);
            fixture.append(target, "a1\n");
            fixture.renamed(&["later"]);
            assert!(near(&fixture), "{argument} {:?}", fixture.waker.watched);
            assert_eq!(fixture.lines.in_order, ["a1"], "{argument}");
        }
    }
}

#[test]
fn a_linked_folder_before_it_is_there() {
    for argument in ["now/x.log", "*/x.log", "no*/*.log"] {
        let mut fixture = Fixture::new(&[argument]);
        symlink("versions/2", fixture.path("now")).unwrap();
        fixture.look();
        assert!(
            fixture.waker.watched.contains(&fixture.folder),
            "{argument}"
        );
        fixture.append("versions/2/x.log", "a1\n");
        fixture.renamed(&["versions"]);
        assert_eq!(fixture.lines.in_order, ["a1"], "{argument}");
    }
}

#[test]
fn a_folder_that_is_moved_away_and_made_again() {
    for argument in ["logs/x.log", "logs/*.log", "link/*.log", "l*k/x.log"] {
        let mut fixture = Fixture::new(&[argument]);
        symlink("logs", fixture.path("link")).unwrap();
        fixture.append("logs/x.log", "a1\n");
        fixture.look();
        fixture.append("logs/x.log", "a2\n");
        fixture.rename("logs", "logs.old");
        fixture.append("logs/x.log", "b1\n");
        fixture.renamed(&["logs"]);
        fixture.append("logs.old/x.log", "a3\n");
        fixture.pass(Duration::from_secs(1));
        let mut lines = fixture.lines.in_order.clone();
        lines.sort_unstable();
        assert_eq!(lines, ["a1", "a2", "a3", "b1"], "{argument}");
    }
}

/// A link leads elsewhere after a rotation in the middle of a record, all while nobody looks.
#[test]
fn a_record_that_went_on_where_a_link_led_before() {
    let record =
        |flag: &str, text: &str| format!("2026-11-27T10:11:12.123456789Z stdout {flag} {text}\n");
    for kind in KINDS {
        for begins in [false, true] {
            let mut fixture = Fixture::new(&["x.log"]);
            let begin = if begins {
                record("F", "a0")
            } else {
                String::new()
            };
            fixture.append("real/y.log", &begin);
            // It led to an empty one before, with a name between those of the other two.
            fixture.append("p/y.log", "");
            symlink("p/y.log", fixture.path("x.log")).unwrap();
            fixture.look();
            fs::remove_file(fixture.path("x.log")).unwrap();
            link(&fixture, kind);
            fixture.look();
            let saved = fixture.save();
            fixture.append("real/y.log", &record("P", "one, "));
            fixture.rename("real/y.log", "real/y.log.1");
            fixture.append("real/y.log", &record("F", "two"));
            fixture.append("other/y.log", &record("F", "b1"));
            swing(&fixture, kind);
            fixture.restart(saved);
            let mut lines = vec!["one, two", "b1"];
            if begins {
                lines.insert(0, "a0");
            }
            reads(&mut fixture, &lines);
        }
    }
}
