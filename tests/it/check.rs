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
