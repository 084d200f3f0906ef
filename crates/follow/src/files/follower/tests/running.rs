//! The whole loop: stopping, reading once, and the platform's own events.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Fixture, append};
use crate::files::follower::{Follower, Outside};
use crate::testing::{HandWaker, Lines, Said, SharedLines};
use crate::watch::Woken;
use crate::{Mode, Options, Positions, Specification, Stop};

fn follower(folder: &Path, arguments: &[&str], mode: Mode) -> Follower {
    let full = arguments.iter().map(|argument| folder.join(argument));
    let options = Options {
        mode,
        ..Options::default()
    };
    let positions = match mode {
        Mode::Follow => Arc::default(),
        Mode::Once => Arc::new(Positions::new(Vec::new())),
    };
    Follower::new(Specification::parse_all(full).unwrap(), options, positions)
}

#[test]
fn the_loop_looks_when_woken_and_drains_when_stopped() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "one\n");
    let stop = Stop::new();
    let mut waker = HandWaker::new(&stop);
    let path = fixture.path("x.log");
    let write = |text: &'static str| {
        let path = path.clone();
        move || {
            append(&path, text);
            Woken {
                changed: [path].into(),
                ..Woken::default()
            }
        }
    };
    waker.cranks.push_back(Box::new(write("two\n")));
    waker.cranks.push_back(Box::new(write("three\nno e")));
    // Written during the last sleep, and nobody tells: the drain looks for itself.
    let (last, now) = (path.clone(), stop.clone());
    waker.cranks.push_back(Box::new(move || {
        append(&last, "nd\nfour\nno end");
        now.drain();
        Woken::default()
    }));
    let Fixture {
        follower,
        lines,
        said,
        ..
    } = &mut fixture;
    follower.follow(
        &mut Outside {
            sink: lines,
            events: said,
            waker: &mut waker,
        },
        &stop,
    );
    assert!(waker.cranks.is_empty());
    fixture.expect(&["one", "two", "three", "no end", "four"]);
    assert!(
        !fixture.lines.streams[0].closed,
        "half a line is not handed over"
    );
    assert_eq!(fixture.said.take(), ["opened x.log", "caught up "]);
}

#[test]
fn a_drain_hands_over_the_rest_of_what_nothing_leads_back_to() {
    let mut fixture = Fixture::new(&["x.log"]);
    fixture.append("x.log", "one\nno end");
    fixture.look();
    fixture.rename("x.log", "x.log.1");
    fixture.append("x.log", "two\nno end either");
    fixture.drain();
    let mut lines = fixture.lines.all();
    lines.sort_unstable();
    assert_eq!(lines, ["no end", "one", "two"]);
}

#[test]
fn once_reads_every_file_to_its_end() {
    let fixture = Fixture::new(&[]);
    fixture.append("a.log", "a1\n");
    fixture.append("b.log", "b1\nno end");
    fixture.append("a.log.gz", "compressed");
    fs::hard_link(fixture.path("a.log"), fixture.path("c.log")).unwrap();
    let mut follower = follower(&fixture.folder, &["b.log", "*.log", "a.log*"], Mode::Once);
    let (mut lines, said) = (Lines::default(), Said::default());
    follower.run(&mut lines, &said, &Stop::new()).unwrap();
    assert_eq!(
        lines.in_order,
        ["a1", "b1"],
        "half a line is left to the next run"
    );
    let said = said.take();
    assert_eq!(
        said,
        [
            "ignored a.log.gz",
            "opened a.log",
            "opened b.log",
            "caught up "
        ]
    );
}

#[test]
fn once_says_all_that_is_missing_and_reads_nothing() {
    let fixture = Fixture::new(&[]);
    fixture.append("a.log", "a1\n");
    let mut follower = follower(&fixture.folder, &["a.log", "b.log", "none*"], Mode::Once);
    let mut lines = Lines::default();
    let problems = follower
        .run(&mut lines, &Said::default(), &Stop::new())
        .unwrap_err();
    let names: Vec<PathBuf> = problems
        .iter()
        .map(|problem| problem.path.clone())
        .collect();
    assert_eq!(names, [fixture.path("b.log"), fixture.path("none*")]);
    assert_eq!(problems[1].error.to_string(), "no file matches");
    assert!(lines.streams.is_empty());
}

/// The platform's own events, in real time. A safety look comes every two seconds, so a line that
/// takes less than one came by an event.
#[test]
fn a_written_line_arrives_at_once() {
    let fixture = Fixture::new(&[]);
    fixture.append("gw/x.log", "one\n");
    let mut follower = follower(&fixture.folder, &["*/x.log*"], Mode::Follow);
    let (lines, said, stop) = (
        SharedLines::default(),
        Arc::new(Said::default()),
        Stop::new(),
    );
    let thread = {
        let (mut lines, said, stop) = (lines.clone(), Arc::clone(&said), stop.clone());
        std::thread::spawn(move || follower.run(&mut lines, &*said, &stop))
    };
    lines.until(|lines| lines.all() == ["one"]);
    said.until("caught up");
    let count = |wanted: usize| lines.until(|lines| lines.all().len() == wanted);
    let mut took = Vec::new();
    let mut step = |act: &dyn Fn()| {
        act();
        took.push(count(took.len() + 2));
    };
    step(&|| fixture.append("gw/x.log", "two\n"));
    step(&|| fixture.append("gw/x.log", "three\n"));
    step(&|| {
        fixture.rename("gw/x.log", "gw/x.log.1");
        fixture.append("gw/x.log", "four\n");
    });
    step(&|| fixture.append("gw/x.log.1", "five\n"));
    step(&|| fixture.append("new/x.log", "six\n"));
    step(&|| fixture.append("new/x.log", "seven\n"));
    println!("the lines took {took:?}");
    assert!(
        took.iter().all(|one| *one < Duration::from_secs(1)),
        "the lines took {took:?}"
    );
    stop.drain();
    thread.join().unwrap().unwrap();
}

/// As many rotations as there can be, under the platform's events: within a glob no line is out of
/// reach, however late the reader looks.
#[test]
fn a_writer_that_rotates_without_pause_loses_nothing() {
    let fixture = Fixture::new(&[]);
    let mut follower = follower(&fixture.folder, &["x.log*"], Mode::Follow);
    let (lines, said, stop) = (
        SharedLines::default(),
        Arc::new(Said::default()),
        Stop::new(),
    );
    let thread = {
        let (mut lines, said, stop) = (lines.clone(), Arc::clone(&said), stop.clone());
        std::thread::spawn(move || follower.run(&mut lines, &*said, &stop))
    };
    let path = fixture.path("x.log");
    let mut expected = Vec::new();
    let mut rotated: Option<fs::File> = None;
    for number in 0..3000 {
        let line = format!("line {number}\n");
        match &mut rotated {
            // The first lines after a rotation still go into the old file.
            Some(old) if number % 100 < 5 => old.write_all(line.as_bytes()).unwrap(),
            _ => append(&path, &line),
        }
        expected.push(line.trim().to_owned());
        if number % 100 == 99 {
            rotated = Some(fs::File::options().append(true).open(&path).unwrap());
            fs::rename(&path, fixture.path(&format!("x.log.{number}"))).unwrap();
        }
    }
    stop.drain();
    thread.join().unwrap().unwrap();
    let mut all: Vec<String> =
        lines.with(|lines| lines.all().into_iter().map(str::to_owned).collect());
    all.sort_unstable();
    expected.sort_unstable();
    assert_eq!(all, expected);
}
