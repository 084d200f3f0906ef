//! `logmetrics convert`: programs as rules, compared on a log.

use crate::fixture::{Run, Scratch};

const WEB: &str = "counter requests by method, code\ncounter errors\n\
    /^(?P<method>[A-Z]+) \\S+ (?P<code>[1-5]\\d\\d)$/ {\n  requests[$method][$code]++\n  \
    / 5\\d\\d$/ {\n    errors++\n  }\n}\n";

const LOG: &str = "GET /a 200\nGET /b 503\nPUT /c 201\nnothing\n";

#[test]
fn a_program_becomes_rules_that_count_the_same() {
    let scratch = Scratch::new();
    let program = scratch.write("web.mtail", WEB);
    let log = scratch.write("a.log", LOG);
    let run = Run::new().arg("convert").arg(&program).go().success();
    run.says(&["2 actions converted", "whole"]);
    let run = Run::new().arg("convert").arg(&program).go().success();
    let rules = scratch.write("web.toml", &run.stdout);
    Run::new().arg("check").arg(&rules).go().success();
    let once = Run::new()
        .rules(&rules)
        .arg("--once")
        .arg(&log)
        .go()
        .success();
    assert_eq!(once.sorted("errors"), ["errors 1"]);
    assert_eq!(
        once.sorted("requests{code=\"503\""),
        ["requests{code=\"503\",method=\"GET\"} 1"]
    );
    let check = Run::new()
        .arg("convert")
        .arg(&program)
        .arg("--check")
        .arg(&log);
    assert_eq!(check.go().success().stdout, "equal: 4 samples\n");
}

#[test]
fn differences_are_shown() {
    let scratch = Scratch::new();
    // A program prints the number again, a rule keeps its text.
    let program = scratch.write(
        "n.mtail",
        "counter c by n\n/^(?P<n>\\d\\.\\d\\d)$/ {\n  c[$n]++\n}\n",
    );
    let log = scratch.write("a.log", "1.50\n1.23\n");
    let run = Run::new().arg("convert").arg(&program).go().success();
    assert!(
        run.stdout.contains("What may come out otherwise"),
        "{}",
        run.stdout
    );
    let check = Run::new()
        .arg("convert")
        .arg(&program)
        .arg("--check")
        .arg(&log)
        .go();
    let check = check.code(1);
    assert!(
        check.stdout.contains("- c{n=\"1.5\"} 1\n"),
        "{}",
        check.stdout
    );
    assert!(
        check.stdout.contains("+ c{n=\"1.50\"} 1\n"),
        "{}",
        check.stdout
    );
}

#[test]
fn what_stays_a_program_is_said() {
    let scratch = Scratch::new();
    let state = scratch.write(
        "s.mtail",
        "gauge g by id\ncounter c\n/(\\d+) (\\S+)/ {\n  g[$2] > 5 {\n    c++\n  }\n  g[$2] = $1\n}\n",
    );
    let run = Run::new().arg("convert").arg(&state).go().code(1);
    run.says(&["keeps state", "line 4", "`g`", "-r "]);
    let none = scratch.write("d.mtail", "gauge g by k\n/(\\S+)/ {\n  del g[$1]\n}\n");
    Run::new()
        .arg("convert")
        .arg(&none)
        .go()
        .code(1)
        .says(&["nothing of", "never delete"]);
    let wrong = scratch.write("w.mtail", "counter c\n/(/ {\n  c++\n}\n");
    Run::new()
        .arg("convert")
        .arg(&wrong)
        .go()
        .code(2)
        .says(&["w.mtail:2:1"]);
}
