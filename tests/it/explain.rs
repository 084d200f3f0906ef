//! `explain`: why a line is not counted as meant, and what to write; and nothing counts 0 in silence.

use crate::fixture::{Run, Scratch, repository};

const NGINX: &str =
    "203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 23 \"-\" \"x\"\n";

#[track_caller]
fn explains(rules: &str, log: &str, words: &[&str]) {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", rules);
    let run = Run::new()
        .arg("explain")
        .rules(rules)
        .stdin(log)
        .go()
        .success();
    for word in words {
        assert!(run.stdout.contains(word), "{word}\n{}", run.stdout);
    }
}

#[test]
fn a_regex_of_another_log_is_told_from_this_one() {
    let log = repository("tests/data/agentgateway/text.log");
    let run = Run::new()
        .args("explain -r builtin:agentgateway-regex")
        .arg(log)
        .go();
    run.success().says(&[
        "rule agentgateway-regex matched none of",
        "likely: there is no `route.name` on the line; did you mean `route`?",
        "`http.status` comes before `http.header.x-user-email` on the line",
        "fields = \"logfmt\"",
        "user_email = \"http.header.x-user-email\"",
        "route = \"route\"  # there is no `route.name`",
        "look like agentgateway: try `-r builtin:agentgateway`",
    ]);
}

#[test]
fn keys_and_values_are_named() {
    let rules = "[[rule]]\nname = 'x'\nfields = 'logfmt'\n\
        metric = [{ counter = 'c', by = ['usr'] }, { counter = 'b', value = 'bytes' }]\n";
    explains(
        rules,
        "user=ann bytes=1,5\n",
        &[
            "`usr` is not on the line; did you mean `user`? (there are `user`, `bytes`)",
            "as field `bytes` is `1,5`, which",
        ],
    );
    let rules = "[[rule]]\nfields = 'json'\nmatch_json = { kind = 'a' }\nmetric = [{ counter = 'c', where = { n = '1' } }]\n";
    explains(
        rules,
        "{\"kind\":\"b\"}\n{\"kind\":\"a\",\"n\":2}\n",
        &["it is `b` here", "it is `2`"],
    );
    explains(rules, "{\"kind\":\"a\",}\n", &["JSON: ", "^"]);
    let rules = "[[rule]]\nmatch = '^took (?P<t>\\d+)s of'\nmetric = [{ counter = 'c' }]\n";
    explains(
        rules,
        "took 12ms of 3\n",
        &["    took 12ms of 3\n           ^\n"],
    );
    explains(rules, "Took 12s of 3\n", &["likely: only the case"]);
}

#[test]
fn one_rule_several_files_and_shapes() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nname = 'one'\nmatch = 'a'\nmetric = [{ counter = 'a' }]\n\
         [[rule]]\nname = 'two'\nmatch = 'b'\nmetric = [{ counter = 'b' }]\n",
    );
    let (first, second) = (
        scratch.write("1.log", "a\nGET /1\n"),
        scratch.write("2.log", "b\nGET /2\n"),
    );
    let run = |arguments: &str| {
        let run = Run::new()
            .args(arguments)
            .rules(&rules)
            .arg(&first)
            .arg(&second);
        run.go().success()
    };
    let all = run("explain");
    assert!(
        all.stdout
            .contains(&format!("{} line 1: b\n", second.display())),
        "{}",
        all.stdout
    );
    let two = run("explain --rule two");
    assert!(
        !two.stdout.contains("  one:") && two.stdout.contains("  two: match"),
        "{}",
        two.stdout
    );
    two.says(&["4 lines, 1 matched, 3 not"]);
    let summary = run("explain --summary");
    assert!(
        summary
            .stdout
            .starts_with("2 lines: GET …\n  such as: GET /1\n"),
        "{}",
        summary.stdout
    );
    let wrong = Run::new()
        .args("explain --rule tow")
        .rules(&rules)
        .arg(&first)
        .go();
    wrong.code(2).says(&["did you mean `two`?"]);
}

#[test]
fn a_log_of_which_nothing_matches_is_said_once() {
    let scratch = Scratch::new();
    let log = scratch.write("access.log", NGINX);
    let once = Run::new().arg("--once").arg(&log).go().success();
    let once = once.says(&[
        "the one line of",
        "access.log did not match a rule",
        "`-r builtin:nginx`",
    ]);
    assert_eq!(once.stderr.matches("match a rule").count(), 1);
    let log = scratch.write("many.log", NGINX.repeat(70));
    let both = Run::new()
        .arg("--once")
        .arg(&log)
        .arg(repository("examples/agentgateway.log"));
    let both = both
        .go()
        .success()
        .says(&["none of the 70 lines of", "many.log"]);
    assert!(!both.stderr.contains("agentgateway.log"), "{}", both.stderr);
    let daemon = Run::new().arg(&log).start();
    daemon.until_said("none of the 70 lines of");
    scratch.append("many.log", NGINX.repeat(70));
    daemon.until(|page| page.sum("logmetrics_lines_total") == 140.0);
    let said = daemon.stop();
    assert_eq!(said.matches("matched a rule").count(), 1, "{said}");
}

#[test]
fn what_no_line_has_is_answered_with_what_to_write() {
    let scratch = Scratch::new();
    let explain = |rules: &str, line: &str| {
        let rules = scratch.write("r.toml", rules);
        let run = Run::new().args("explain -r").arg(&rules).stdin(line).go();
        run.success().stdout
    };
    let time =
        "[[rule]]\nfields = 'json'\nmetric = [{ gauge = 'last_seconds', value = '_time' }]\n";
    let said = explain(time, "{\"time\":1772359200123}\n");
    assert!(
        said.contains("in the rule write `time = \"time\"`"),
        "{said}"
    );
    let label = "[[rule]]\nfields = 'json'\nmetric = [{ counter = 'c', by = ['status'] }]\n";
    let said = explain(label, "{\"msg\":\"listening\"}\n");
    assert!(
        said.contains("`match_json = { \"status\" = '.+' }`"),
        "{said}"
    );
}

#[test]
fn what_was_taken_off_a_line_is_said() {
    let scratch = Scratch::new();
    let rules = "[[rule]]\nname = 'x'\nmatch = '^gw-1 \\| GET (?P<path>\\S+)$'\nmetric = [{ counter = 'c' }]\n\
                 [[rule]]\nname = 'y'\nmatch = '^PUT'\nmetric = [{ counter = 'd' }]\n";
    let rules = scratch.write("r.toml", rules);
    let docker = r#"{"log":"PUT /\n","stream":"stdout","time":"2026-10-06T00:17:09.669794202Z"}"#;
    let log = format!("gw-1  | GET /a\n{docker}\nPOST /\n");
    let run = Run::new().args("explain -r").arg(&rules).stdin(log).go();
    let run = run.success();
    assert!(
        run.stdout.starts_with(
            "line 1: GET /a\n  \
             taken off: `gw-1  | `; rules see the line from its character 9 on (`_service` is `gw`, `_container` is `gw-1`)\n  \
             x: no match: not even the beginning of"
        ),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains(
            "line 2: PUT /\n  \
             taken off: docker's JSON record, of which rules see `log`\n"
        ),
        "{}",
        run.stdout
    );
    assert_eq!(
        run.stdout.matches("taken off: ").count(),
        2,
        "{}",
        run.stdout
    );
    run.says(&[
        "taken off 2 lines, such as `gw-1  | `; rules see the line from its character 9 on",
        "3 lines, 1 matched, 2 not",
    ]);
    // The pattern has one blank where compose writes two: what is before the bar is found all the same.
    let rules = "[[rule]]\nname = 'x'\nmatch = '^gw-1 +\\| GET (?P<path>\\S+)$'\nmetric = [{ counter = 'c' }]\n";
    let rules = scratch.write("r.toml", rules);
    for flag in ["", "--summary"] {
        let run = Run::new().args("explain").args(flag).arg("-r").arg(&rules);
        let run = run.stdin("gw-1  | GET /a\ngw-1  | GET /b\n").go().success();
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(
            all.contains(
                "likely: the pattern wants what was taken off the line, which rules do not see: leave that out"
            ),
            "{all}"
        );
    }
}
