//! `logmetrics check`: rules that are right pass, rules that are wrong are pointed at, all at once,
//! and start nothing.

use crate::fixture::{Run, Scratch, repository};

#[track_caller]
fn says(rules: &str, words: &[&str]) {
    let scratch = Scratch::new();
    let path = scratch.write("broken.toml", rules);
    let check = Run::new().arg("check").arg(&path).go();
    check.code(2).says(&["broken.toml"]).says(words).calm();
    // The same rules never start anything.
    let once = Run::new().rules(&path).arg("--once").stdin("x\n").go();
    assert_eq!(once.code(2).says(words).calm().stdout, "");
}

#[test]
fn our_own_rules_are_right() {
    Run::new().arg("check").go().success();
    Run::new()
        .arg("check")
        .arg(repository("rules"))
        .go()
        .success();
}

#[test]
fn errors_point_at_line_and_column() {
    says("[[rule]]\nmatch = 'x'\nmatch = 'y'\n", &["3:1"]);
    says("[[rule]\n", &["1:"]);
    says(
        "[[rule]]\nmatch = '(unclosed'\nmetric = [{ counter = 'seen' }]\n",
        &["2:10", "unclosed"],
    );
}

#[test]
fn a_misspelt_key_gets_a_suggestion() {
    says(
        "[[rule]]\nmacth = 'x'\nmetric = [{ counter = 'seen' }]\n",
        &["2:1", "macth", "match"],
    );
    says(
        "[[rule]]\nmatch = 'x'\n[[rule.metric]]\ncounter = 'seen'\nlimits = 3\n",
        &["5:1", "limits", "limit"],
    );
}

#[test]
fn every_problem_is_told_at_once() {
    says(
        "[[rule]]\nmacth = 'x'\nmetric = [{ counter = 'seen' }]\n\n\
         [[rule]]\nmatch = '['\nmetric = [{ counter = 'not a name' }]\n",
        &["macth", "6:10", "not a name"],
    );
}

#[test]
fn what_could_make_a_scrape_fail_is_refused() {
    for (metric, words) in [
        ("counter = '9lives'", &["9lives"][..]),
        ("counter = 'logmetrics_lines_total'", &["logmetrics_"]),
        ("counter = 'a', by = ['__name__']", &["__name__"]),
        ("counter = 'a', gauge = 'b'", &["counter", "gauge"]),
        ("histogram = 'a', value = 'v', buckets = []", &["buckets"]),
        (
            "histogram = 'a', value = 'v', buckets = [2, 1]",
            &["buckets"],
        ),
        ("histogram = 'a', value = 'v', by = ['le']", &["le"]),
    ] {
        let rules =
            format!("[[rule]]\nmatch = '(?P<v>x)'\nfields = 'auto'\nmetric = [{{ {metric} }}]\n");
        says(&rules, words);
    }
}

#[test]
fn one_name_two_types_is_refused_across_files() {
    let scratch = Scratch::new();
    for (file, kind) in [("a.toml", "counter"), ("b.toml", "gauge")] {
        scratch.write(
            &format!("rules/{file}"),
            format!(
                "[[rule]]\nmatch = '(?P<v>x)'\nmetric = [{{ {kind} = 'seen', value = 'v' }}]\n"
            ),
        );
    }
    let run = Run::new().arg("check").arg(scratch.path("rules")).go();
    run.code(2).says(&["seen", "b.toml"]).calm();
}

const MISTYPED: &str = "[rule]\nmach = \"\\d+ ms\"\nmetric = [{ countr = 'a' }]\n";

#[test]
fn problems_are_shown_to_programs() {
    let scratch = Scratch::new();
    let path = scratch.write(
        "a b.toml",
        "[[rule]]\nmatch = 'x'\nmetrc = 1\nmetric = [{ counter = 'a' }]\n",
    );
    let run = |format: &str| {
        let run = Run::new()
            .args("check --format")
            .arg(format)
            .arg(&path)
            .go();
        run.code(2).stdout
    };
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["errors"], 1, "{json:#}");
    let problem = &json["problems"][0];
    assert_eq!(problem["line"], 3);
    assert_eq!(
        (&problem["column"], &problem["end_column"]),
        (&1.into(), &6.into())
    );
    assert_eq!(problem["hint"], "did you mean `metric`?");
    let github = run("github");
    assert!(github.starts_with("::error file="), "{github}");
    assert!(
        github.contains(",line=3,col=1,endColumn=6::unknown key `metrc`%0Adid you"),
        "{github}"
    );
    let sarif: serde_json::Value = serde_json::from_str(&run("sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 3);
    let right = scratch.write(
        "right.toml",
        "[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'a' }]\n",
    );
    let right = Run::new()
        .args("check --format json")
        .arg(right)
        .go()
        .success();
    assert!(right.stdout.contains("\"errors\": 0"), "{}", right.stdout);
}

#[test]
fn what_needs_no_decision_is_mended_in_the_file() {
    let scratch = Scratch::new();
    let path = scratch.write("rules.toml", MISTYPED);
    let run = Run::new().args("check --fix").arg(&path).go().success();
    run.says(&["rules.toml:2", "now: match = '\\d+ ms'"]);
    let mended = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        mended,
        "[[rule]]\nmatch = '\\d+ ms'\nmetric = [{ counter = 'a' }]\n"
    );
}
