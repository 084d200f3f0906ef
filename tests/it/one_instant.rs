//! A page is of one instant: what it says was read is what it counted, no more and no less, however
//! fast lines come while it is made.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::fixture::{PATIENCE, Page, Run, Scratch, wait_for};

/// Two of three lines match.
const RULES: &str = r"
[[rule]]
name   = 'even'
match  = '^number (?P<number>\d+) (?P<kind>a|b)$'
metric = [{ counter = 'seen', by = ['kind'] }, { counter = 'numbers', value = 'number' }]
";

/// Pages that must add up, of which so many differ.
const PAGES: usize = 60;

/// Lines for as long as somebody wants them. They come in pieces that are no whole lines.
fn write_lines(mut to: impl Write, wanted: &AtomicBool) {
    let lines: String = (0..3000)
        .map(|number| format!("number 1 {}\n", ["a", "b", "c"][number % 3]))
        .collect();
    for piece in lines.as_bytes().chunks(1013).cycle() {
        if !wanted.load(Ordering::Relaxed) || to.write_all(piece).is_err() {
            return;
        }
        // A megabyte a second, so that the disk is not filled.
        thread::sleep(Duration::from_millis(1));
    }
}

#[track_caller]
fn adds_up(page: &Page) -> f64 {
    let lines = page.sum("logmetrics_lines_total");
    let unmatched = page.sum("logmetrics_lines_unmatched_total");
    let matches = page.sum("logmetrics_rule_matches_total");
    let (seen, numbers) = (page.sum("seen"), page.sum("numbers"));
    assert_eq!((matches, numbers), (seen, seen), "of {lines} lines");
    assert_eq!(lines, seen + unmatched, "{unmatched} did not match");
    lines
}

/// Scrapes while lines come by `open`, which gives where they are written.
fn every_page_adds_up<W: Write + Send>(run: Run, open: impl FnOnce() -> W) {
    let wanted = Arc::new(AtomicBool::new(true));
    let daemon = run.start();
    let writer = open();
    thread::scope(|scope| {
        let _end = End(Arc::clone(&wanted));
        scope.spawn(|| write_lines(writer, &wanted));
        let mut lines = 0.0;
        let mut different = 0;
        let enough = wait_for(PATIENCE, || {
            let now = adds_up(&daemon.metrics());
            different += usize::from(now != lines);
            lines = now;
            (different == PAGES).then_some(())
        });
        assert!(enough.is_some(), "{different} pages: {}", daemon.said());
    });
    // The pipe's end may have ended the run.
    drop(daemon);
}

/// Ends the writing, also where a test fails.
struct End(Arc<AtomicBool>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn file(arguments: &str) {
    let scratch = Scratch::new();
    let log = scratch.write("gateway.log", "");
    let run = Run::new()
        .rules(scratch.write("rules/even.toml", RULES))
        .args(arguments)
        .arg(&log);
    let run = match arguments.is_empty() {
        true => run,
        false => run.arg("--state").arg(scratch.path("state.db")),
    };
    every_page_adds_up(run, || scratch.writer("gateway.log"));
}

#[test]
fn of_a_file() {
    file("");
}

#[test]
fn of_a_file_with_a_checkpoint() {
    file("--state-interval 1s");
}

#[test]
fn of_a_pipe() {
    let scratch = Scratch::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let run = Run::new()
        .rules(scratch.write("rules/even.toml", RULES))
        .stdin_from(reader);
    every_page_adds_up(run, || writer);
}

#[test]
fn of_a_pipe_with_a_checkpoint() {
    let scratch = Scratch::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let run = Run::new()
        .rules(scratch.write("rules/even.toml", RULES))
        .arg("--state")
        .arg(scratch.path("state.db"))
        .stdin_from(reader);
    every_page_adds_up(run, || writer);
}
