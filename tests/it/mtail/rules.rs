//! Programs of mtail among rules: `--rules x.mtail`, `check`, reload, `--state`.

use crate::fixture::{Run, Scratch};

const JOBS: &str = "hidden gauge start by id\ngauge took by id\ncounter done\n\
    /^(\\d+) begin (\\S+)/ {\n  start[$2] = $1\n}\n\
    /^(\\d+) end (\\S+)/ {\n  took[$2] = $1 - start[$2]\n  del start[$2]\n  done++\n}\n";

#[test]
fn a_program_counts_beside_rules() {
    let scratch = Scratch::new();
    scratch.write("r/jobs.mtail", JOBS);
    scratch.write("r/.hidden.mtail", "not a program");
    scratch.write(
        "r/users.toml",
        "[[rule]]\nmatch = 'end (?P<id>\\S+)'\nmetric = [{ counter = 'ended', by = ['id'] }]\n",
    );
    let log = scratch.write("a.log", "5 begin a\n7 begin b\n9 end a\n10 end b\n");
    let run = Run::new()
        .rules(scratch.path("r"))
        .arg("--once")
        .arg(&log)
        .go()
        .success();
    assert_eq!(run.sorted("took{").len(), 2);
    assert_eq!(
        run.sorted("took{id=\"a\""),
        ["took{id=\"a\",prog=\"jobs.mtail\"} 4"]
    );
    assert_eq!(run.sorted("done"), ["done{prog=\"jobs.mtail\"} 2"]);
    assert_eq!(run.sorted("ended{id=\"a\""), ["ended{id=\"a\"} 1"]);
}

#[test]
fn a_program_sees_lines_with_all_that_is_around_them() {
    let scratch = Scratch::new();
    let program = scratch.write(
        "p.mtail",
        "counter c by s\n/^(\\S+)-1  \\| hello$/ {\n  c[$1]++\n}\n",
    );
    let run = Run::new().rules(&program).arg("--once");
    let run = run.stdin("gw-1  | hello\r\nhello\n").go().success();
    assert_eq!(run.sorted("c{"), ["c{prog=\"p.mtail\",s=\"gw\"} 1"]);
}

#[test]
fn problems_are_pointed_at() {
    let scratch = Scratch::new();
    let path = scratch.write("x.mtail", "counter c\n/(\\d+)/ {\n  c += $2\n}\n");
    let check = Run::new().arg("check").arg(&path).go().code(2);
    check.says(&["x.mtail:3:8", "$2", "^^", "hint:"]);
    let once = Run::new().rules(&path).arg("--once").stdin("1\n").go();
    assert_eq!(once.code(2).says(&["x.mtail:3:8"]).stdout, "");
    let good = scratch.write("good.mtail", JOBS);
    let check = Run::new().arg("check").arg(&good).go().success();
    assert!(
        check
            .stdout
            .contains("good.mtail: ok, 1 program, 3 metrics"),
        "{}",
        check.stdout
    );
}

#[test]
fn explain_says_what_held_and_what_was_done() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", JOBS);
    let log = scratch.write("a.log", "5 begin a\n9 end a\nx\n");
    let run = Run::new().args("explain -r").arg(&program).arg(&log).go();
    let run = run.success().says(&["3 lines, 2 matched, 1 not"]);
    for words in [
        "line 7: /^(\\d+) end (\\S+)/ {",
        "took{id=\"a\",prog=\"p.mtail\"} = 4",
        "p.mtail: no match: no condition of the program holds",
    ] {
        assert!(run.stdout.contains(words), "{words}:\n{}", run.stdout);
    }
}

#[test]
fn cases_beside_a_program_are_run() {
    let scratch = Scratch::new();
    scratch.write("t/jobs.mtail", JOBS);
    let case = |took: u32| {
        format!(
            "program = \"jobs.mtail\"\n[[test]]\nname = \"a job\"\n\
             lines = [\"5 begin a\", \"9 end a\"]\n\
             expect = ['took{{id=\"a\",prog=\"jobs.mtail\"}} {took}']\n"
        )
    };
    scratch.write("t/jobs.toml", case(4));
    let test = || Run::new().arg("test").arg(scratch.path("t")).go();
    test().success().says(&["1 of 1 cases passed"]);
    // The file of cases is no rules file.
    let check = Run::new().arg("check").arg(scratch.path("t")).go();
    check.success();
    scratch.write("t/jobs.toml", case(5));
    let failed = test().code(1).says(&["0 of 1 cases passed"]);
    assert!(failed.stdout.contains("} 4\n") || failed.stderr.contains("} 4\n"));
    scratch.write("t/jobs.toml", "program = \"none.mtail\"\ntest = []\n");
    test().code(2).says(&["none.mtail"]);
}

#[test]
fn names_that_cannot_stand_on_one_page_are_refused() {
    let scratch = Scratch::new();
    scratch.write("r/a.mtail", "counter c\n/x/ {\n  c++\n}\n");
    scratch.write("r/b.mtail", "gauge c\n/x/ {\n  c = 1\n}\n");
    let check = Run::new().arg("check").arg(scratch.path("r")).go();
    check.code(2).says(&["b.mtail:1:7", "counter", "as"]);
    scratch.write("s/a.mtail", "counter c\n/x/ {\n  c++\n}\n");
    scratch.write(
        "s/a.toml",
        "[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'c' }]\n",
    );
    let check = Run::new().arg("check").arg(scratch.path("s")).go();
    check
        .code(2)
        .says(&["a.mtail:1:9", "a rule has a metric `c`"]);
}

#[test]
fn a_broken_program_changes_nothing_and_a_good_one_keeps_values() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", JOBS);
    let log = scratch.write("a.log", "5 begin a\n7 begin b\n9 end a\n");
    let daemon = Run::new().rules(&program).arg(&log).start();
    daemon.until(|page| page.value("done{prog=\"p.mtail\"}") == Some(1.0));
    scratch.write("p.mtail", "counter done\n/x/ {\n");
    daemon.until(|page| page.value("logmetrics_rules_reload_success") == Some(0.0));
    scratch.append("a.log", "12 end b\n");
    daemon.until(|page| page.value("took{id=\"b\",prog=\"p.mtail\"}") == Some(5.0));
    scratch.append("a.log", "20 begin c\n");
    // The declaration moves; its values stay, also those that no page shows.
    scratch.write("p.mtail", format!("\n{JOBS}"));
    daemon.until(|page| page.value("logmetrics_rules_reload_success") == Some(1.0));
    scratch.append("a.log", "30 end c\n");
    daemon.until(|page| page.value("took{id=\"c\",prog=\"p.mtail\"}") == Some(10.0));
    daemon.until(|page| page.value("done{prog=\"p.mtail\"}") == Some(3.0));
    daemon.stop();
}

#[test]
fn what_a_program_remembers_survives_a_restart() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", JOBS);
    let log = scratch.write("a.log", "5 begin a\n7 begin b\n9 end a\n");
    let run = || {
        let run = Run::new().rules(&program).arg("--state");
        run.arg(scratch.path("state.db")).arg(&log)
    };
    let daemon = run().start();
    daemon.until(|page| page.value("done{prog=\"p.mtail\"}") == Some(1.0));
    daemon.stop();
    scratch.append("a.log", "17 end b\n");
    let daemon = run().start();
    daemon.until(|page| page.value("took{id=\"b\",prog=\"p.mtail\"}") == Some(10.0));
    daemon.until(|page| page.value("done{prog=\"p.mtail\"}") == Some(2.0));
    daemon.stop();
    scratch.append("a.log", "20 begin c\n21 end c\n");
    let once = run().arg("--once").go().success();
    assert_eq!(once.sorted("done"), ["done{prog=\"p.mtail\"} 3"]);
}
