//! Times of rules: what is refused, and in which words.

use insta::assert_snapshot;

use super::{load, refused};

fn rule(time: &str) -> String {
    format!("[[rule]]\nfields = 'logfmt'\ntime = {time}\nmetric = [{{ counter = 'a' }}]\n")
}

#[test]
fn what_may_be_said_of_a_time() {
    for time in [
        "'ts'",
        "['ts', 'time']",
        "{ from = 'ts', format = '%d/%b/%Y:%H:%M:%S %z' }",
        "{ from = 'ts', format = ['%s', '%Y-%m-%d %H:%M:%S'], zone = '+01:00' }",
        "{ from = 'ts', zone = 'Europe/Berlin' }",
        "{ from = 'ts', unit = 'ms', take = 'last' }",
    ] {
        assert!(load(&rule(time)).is_ok(), "{time}");
    }
}

#[test]
fn what_may_not() {
    assert_snapshot!(refused(&rule("{ from = 'ts', format = 'yyyy-MM-dd HH:mm' }")), @r"
    error: `yyyy-MM-dd HH:mm` is no format that a time can be read by: it has no `%`; a time such as `2026-03-01 10:00:00` is `%Y-%m-%d %H:%M:%S`
     --> rules.toml:3:32
      |
    3 | time = { from = 'ts', format = 'yyyy-MM-dd HH:mm' }
      |                                ^^^^^^^^^^^^^^^^^^
      = hint: as in `strptime`: `%d/%b/%Y:%H:%M:%S %z`; `%.f` is a fraction, if there is one

    1 problem in the rules
    ");
    for (time, words) in [
        ("{ from = 'ts', format = '%H:%M' }", "it says no day"),
        ("{ from = 'ts', format = '%Y-%m-%d %Z' }", "no format"),
        (
            "{ from = 'ts', zone = 'Europe/Berlino' }",
            "no time zone `Europe/Berlino`",
        ),
        (
            "{ from = 'ts', unit = 'min' }",
            "expected `s`, `ms`, `us` or `ns`",
        ),
        (
            "{ from = 'ts', unit = 'ms', format = '%s' }",
            "a `unit` is of a number",
        ),
        ("{ from = 'ts', formats = '%s' }", "did you mean `format`?"),
    ] {
        let said = refused(&rule(time));
        assert!(said.contains(words), "{time}: {said}");
    }
}
