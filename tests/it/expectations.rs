//! `test --update`: what comes out becomes what is expected, and nothing else of a file changes.

use crate::fixture::{Run, Scratch};

const RULES: &str = r#"# My rules.
[[rule]]
match = 'ERROR (?P<who>\w+)'
metric = [{ counter = "errors_total", by = ["who"] }, { counter = "all_total" }]
"#;

fn test(scratch: &Scratch, flags: &str) -> Run {
    let path = scratch.path("r.toml");
    Run::new().arg("test").args(flags).arg(path)
}

/// The cases after an update, and what it said; the rules must be as they were.
#[track_caller]
fn updated(cases: &str, code: i32, says: &str) -> String {
    let scratch = Scratch::new();
    let path = scratch.write("r.toml", format!("{RULES}{cases}"));
    let run = test(&scratch, "--update").go().code(code);
    assert_eq!(
        run.stdout.replace(path.to_str().unwrap(), "r.toml"),
        says,
        "{}",
        run.stderr
    );
    let text = std::fs::read_to_string(&path).unwrap();
    if code == 0 {
        test(&scratch, "").go().success();
        // Nothing differs any more, so nothing is written.
        let time = || std::fs::metadata(&path).unwrap().modified().unwrap();
        let before = time();
        test(&scratch, "--update").go().success();
        assert_eq!(time(), before);
    }
    text.strip_prefix(RULES).unwrap().to_owned()
}

#[test]
fn values_and_series_are_written_where_they_belong() {
    let cases = r#"
[[test]]
name = "same"
lines = "ERROR ann"
expect = [ 'all_total 1' ]   # as it is

[[test]]
name = "values"
lines = ["ERROR ann", "ERROR bob", "ERROR ann"]
expect = [
  'errors_total{who="ann"} 1', # twice
  # carl is gone
  'errors_total{who="carl"} 1',
  "all_total 9"
]

[[test]]
name = "to be filled"
lines = "ERROR ann"
expect = []
"#;
    let says = r#"r.toml: same: ok
r.toml: values: updated
  - all_total 9
  + all_total 3
  - errors_total{who="ann"} 1
  + errors_total{who="ann"} 2
  + errors_total{who="bob"} 1
  - errors_total{who="carl"} 1
  (- was expected, + is expected now)
r.toml: to be filled: updated
  + all_total 1
  + errors_total{who="ann"} 1
  (- was expected, + is expected now)
"#;
    let now = updated(cases, 0, says);
    let expected = cases
        .replace(
            "'errors_total{who=\"ann\"} 1', # twice",
            "'errors_total{who=\"ann\"} 2', # twice",
        )
        .replace("who=\"carl\"", "who=\"bob\"")
        .replace("\"all_total 9\"", "\"all_total 3\"")
        .replace(
            "expect = []",
            "expect = [\n  'all_total 1',\n  'errors_total{who=\"ann\"} 1',\n]",
        );
    assert_eq!(now, expected);
}

#[test]
fn what_nothing_says_how_to_mend_stays_and_fails() {
    let cases = r#"
[[test]]
name = "part"
lines = ["ERROR ann", "ERROR bob", "ERROR ann"]
expect = ['errors_total{who="ann"} 1', 'errors_total{who="dan"} 7']
partial = true

[[test]]
name = "gone"
lines = ["ERROR ann"]
expect = ['gone_total 1']
"#;
    let says = r#"r.toml: part: updated in part, FAILED
  - errors_total{who="ann"} 1
  + errors_total{who="ann"} 2
  - errors_total{who="dan"} 7
  (- expected and not there, + there and not expected)
  `errors_total{who="dan"} 7` does not come out any more, and nothing says what a partial case is to expect instead: change it by hand, or take it out
r.toml: gone: FAILED
  - gone_total 1
  (- expected and not there, + there and not expected)
  nothing of what it expects comes out any more: mend the rules, or take the case out
"#;
    let now = updated(cases, 1, says);
    let expected = cases.replace(
        "'errors_total{who=\"ann\"} 1', ",
        "'errors_total{who=\"ann\"} 2', ",
    );
    assert_eq!(now, expected);
}

#[test]
fn only_named_cases_and_only_files_that_may_be_written() {
    let scratch = Scratch::new();
    let case = |name: &str, value: u32| {
        format!("[[test]]\nname = '{name}'\nlines = 'ERROR ann'\nexpect = ['all_total {value}']\n")
    };
    let text = |one: u32, two: u32| format!("{RULES}{}{}", case("one", one), case("two", two));
    let path = scratch.write("r.toml", text(5, 5));
    let read = || std::fs::read_to_string(&path).unwrap();
    let readonly = |is_readonly: bool| {
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(is_readonly);
        std::fs::set_permissions(&path, permissions).unwrap();
    };
    readonly(true);
    let run = test(&scratch, "--update").go().code(1);
    assert!(
        run.stdout.contains("nobody may write it (`chmod u+w`"),
        "{}",
        run.stdout
    );
    assert_eq!(read(), text(5, 5));
    readonly(false);
    let run = test(&scratch, "--update --name two").go().success();
    run.says(&["1 of 1 cases passed, 1 of them updated: look at what changed before you keep it"]);
    assert_eq!(read(), text(5, 1));
    for arguments in ["test --update", "test --update builtin:agentgateway"] {
        Run::new()
            .args(arguments)
            .go()
            .code(2)
            .says(&["`logmetrics rules show agentgateway > my-rules.toml` writes a copy"]);
    }
}

#[test]
fn cases_of_programs_are_updated_too() {
    let scratch = Scratch::new();
    scratch.write(
        "t/p.mtail",
        "counter seen by user\n/user=(\\w+)/ {\n  seen[$1]++\n}\n",
    );
    let case = |value: u32| {
        format!(
            "program = \"p.mtail\"\n\n[[test]]\nname = \"a user\"  # of two\n\
             lines = [\"user=ann\", \"user=ann\"]\n\
             expect = ['seen{{prog=\"p.mtail\",user=\"ann\"}} {value}']\n"
        )
    };
    let path = scratch.write("t/p.toml", case(7));
    let run = Run::new()
        .args("test --update")
        .arg(scratch.path("t"))
        .go()
        .success();
    assert!(run.stdout.contains("a user: updated\n"), "{}", run.stdout);
    assert_eq!(std::fs::read_to_string(path).unwrap(), case(2));
}

#[test]
fn an_empty_list_says_that_nothing_counts() {
    let scratch = Scratch::new();
    let case = |line: &str| format!("{RULES}[[test]]\nlines = '{line}'\nexpect = []\n");
    scratch.write("r.toml", case("INFO"));
    test(&scratch, "").go().success();
    scratch.write("r.toml", case("ERROR ann"));
    let run = test(&scratch, "").go().code(1);
    assert!(
        run.stdout.contains("  + errors_total{who=\"ann\"} 1\n"),
        "{}",
        run.stdout
    );
    // Of a histogram the sum and the count, and not each bucket.
    let rules = "[[rule]]\nmatch = 'took (?P<took>\\d+)'\nmetric = [{ histogram = 'took_seconds', value = 'took' }]\n";
    let path = scratch.write(
        "r.toml",
        format!("{rules}[[test]]\nlines = 'took 3'\nexpect = []\n"),
    );
    let run = test(&scratch, "--update").go().success();
    let lines: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "  + took_seconds_count 1",
            "  + took_seconds_sum 3",
            "  (- was expected, + is expected now)",
        ]
    );
    let text = std::fs::read_to_string(path).unwrap();
    assert!(
        text.ends_with("expect = [\n  'took_seconds_sum 3',\n  'took_seconds_count 1',\n]\n"),
        "{text}"
    );
}
