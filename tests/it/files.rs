//! Several files read once by several threads: the page is the one of the same lines in one pipe, in
//! the order of the files' names.

use std::path::PathBuf;

use crate::fixture::{Run, Scratch};

const COUNTS: &str = r"
[[rule]]
match  = '^(?P<user>\S+) (?P<tokens>\d+)$'
metric = [
  { counter = 'lines_total' },
  { counter = 'tokens_by_user', value = 'tokens', by = ['user'] },
  { histogram = 'tokens_each', value = 'tokens', buckets = [10, 1000], by = ['user'] },
]
";

/// Twenty files of very different lengths, and what they hold in one.
fn files(scratch: &Scratch) -> (Vec<PathBuf>, String) {
    let (mut paths, mut whole) = (Vec::new(), String::new());
    for file in 0..20 {
        let lines = if file % 7 == 0 { 20_000 } else { 500 };
        let line = |number: usize| format!("user-{:03} {number}\n", (number + file * 13) % 200);
        let text: String = (0..lines).map(line).collect();
        paths.push(scratch.write(&format!("{file:02}.log"), &text));
        whole += &text;
    }
    (paths, whole)
}

/// Both ways give the same page, however often.
fn same(scratch: &Scratch, rules: &str) -> String {
    let rules = scratch.write("rules/rules.toml", rules);
    let (paths, whole) = files(scratch);
    let run = || Run::new().rules(&rules).arg("--once");
    let expected = run().stdin(&whole).go().success().stdout;
    for _ in 0..3 {
        let run = paths.iter().fold(run(), Run::arg);
        assert_eq!(run.go().success().calm().stdout, expected);
    }
    expected
}

#[test]
fn every_line_of_every_file_is_counted_once() {
    let page = same(&Scratch::new(), COUNTS);
    assert!(page.contains("lines_total 68500\n"), "{page}");
}

#[test]
fn limits_let_in_who_comes_first_in_the_order_of_the_files() {
    let limited = COUNTS.replace("by = ['user']", "by = ['user'], limit = 150");
    let page = same(&Scratch::new(), &limited);
    assert!(page.contains("__other__"), "{page}");
}

#[test]
fn a_gauge_keeps_what_the_last_file_says() {
    let gauge = COUNTS.replace("counter = 'tokens_by_user'", "gauge = 'tokens_last'");
    let page = same(&Scratch::new(), &gauge);
    // The last line of the last file.
    assert!(
        page.contains("tokens_last{user=\"user-146\"} 499\n"),
        "{page}"
    );
}
