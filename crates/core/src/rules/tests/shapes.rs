//! Files that are no TOML, or TOML with other keys and types than rules have.

use insta::assert_snapshot;

use super::{load, refused};

#[test]
fn invalid_toml_is_pointed_at() {
    assert_snapshot!(refused("[[rule]]\nname = \"x\nmatch = tru\n"), @r#"
    error: invalid TOML: invalid basic string, expected `"`
     --> rules.toml:2:10
      |
    2 | name = "x
      |          ^

    error: invalid TOML: invalid boolean, expected `true`
     --> rules.toml:3:9
      |
    3 | match = tru
      |         ^^^

    2 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nname = 'a'\nname = 'b'\n"), @r"
    error: invalid TOML: duplicate key
     --> rules.toml:3:1
      |
    3 | name = 'b'
      | ^^^^

    1 problem in the rules
    ");
}

#[test]
fn unknown_keys_suggest_the_one_that_was_meant() {
    assert_snapshot!(refused("[[rule]]\nmatch = 'request'\n\n[[rule.metric]]\ncountr = \"requests_by_user\"\n"), @r#"
    error: unknown key `countr`
     --> rules.toml:5:1
      |
    5 | countr = "requests_by_user"
      | ^^^^^^
      = hint: did you mean `counter`?

    1 problem in the rules
    "#);
    assert_snapshot!(refused("[[rules]]\nmatch = 'request'\n"), @r"
    error: unknown key `rules`
     --> rules.toml:1:3
      |
    1 | [[rules]]
      |   ^^^^^
      = hint: did you mean `rule`?

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmtach = 'a'\nlabels.u = { form = 'x', colour = 1 }\nmetric = [{ counter = 'c' }]\n"), @r#"
    error: unknown key `mtach`
     --> rules.toml:2:1
      |
    2 | mtach = 'a'
      | ^^^^^
      = hint: did you mean `match`?

    error: unknown key `form`
     --> rules.toml:3:14
      |
    3 | labels.u = { form = 'x', colour = 1 }
      |              ^^^^
      = hint: did you mean `from`?

    error: unknown key `colour`
     --> rules.toml:3:26
      |
    3 | labels.u = { form = 'x', colour = 1 }
      |                          ^^^^^^
      = hint: known here: from, take, untrusted_between, trusted, after, inside, match, decode, default, lowercase, integer, replace, map, lookup, pseudonym, max_length, max_values

    3 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nfields = 'auto'\ntime = { from = 't', unpaded_micros = true }\nmetric = [{ histogram = 'h', value = { from = 'd', tke = 'last' } }]\n"), @r"
    error: unknown key `unpaded_micros`
     --> rules.toml:3:22
      |
    3 | time = { from = 't', unpaded_micros = true }
      |                      ^^^^^^^^^^^^^^
      = hint: did you mean `unpadded_micros`?

    error: unknown key `tke`
     --> rules.toml:4:52
      |
    4 | metric = [{ histogram = 'h', value = { from = 'd', tke = 'last' } }]
      |                                                    ^^^
      = hint: did you mean `take`?

    2 problems in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c' }]\n[[test]]\nline = 'a'\nexpect = []\n"), @r"
    error: unknown key `line`
     --> rules.toml:5:1
      |
    5 | line = 'a'
      | ^^^^
      = hint: did you mean `lines`?

    1 problem in the rules
    ");
}

#[test]
fn wrong_types_say_what_was_expected_and_found() {
    assert_snapshot!(refused("[[rule]]\nname = 3\nmatch = 4\nfields = true\nmetric = [{ counter = 1.5, by = 'x', limit = '9', help = 2020-01-01 }]\n"), @r#"
    error: expected a string for `name`, but found the number `3`
     --> rules.toml:2:8
      |
    2 | name = 3
      |        ^
      = hint: for example `name = "logins"`

    error: expected a string with a pattern or a list of such strings for `match`, but found the number `4`
     --> rules.toml:3:9
      |
    3 | match = 4
      |         ^
      = hint: for example `match = '^(?P<level>[A-Z]+) .* took (?P<seconds>[\d.]+)s'`

    error: expected `"logfmt"`, `"json"`, `"auto"` or `"csv"` for `fields`, but found `true`
     --> rules.toml:4:10
      |
    4 | fields = true
      |          ^^^^
      = hint: for example `fields = "json"`

    error: expected a string with the name of a metric for `counter`, but found the number `1.5`
     --> rules.toml:5:23
      |
    5 | metric = [{ counter = 1.5, by = 'x', limit = '9', help = 2020-01-01 }]
      |                       ^^^
      = hint: for example `counter = "errors_total"`

    error: expected a list of strings for `by`, but found the string `x`
     --> rules.toml:5:33
      |
    5 | metric = [{ counter = 1.5, by = 'x', limit = '9', help = 2020-01-01 }]
      |                                 ^^^
      = hint: write `by = ["x"]`

    error: expected a whole number of at least 1 for `limit`, but found the string `9`
     --> rules.toml:5:46
      |
    5 | metric = [{ counter = 1.5, by = 'x', limit = '9', help = 2020-01-01 }]
      |                                              ^^^
      = hint: for example `limit = 1`

    error: expected a string for `help`, but found the time `2020-01-01`
     --> rules.toml:5:58
      |
    5 | metric = [{ counter = 1.5, by = 'x', limit = '9', help = 2020-01-01 }]
      |                                                          ^^^^^^^^^^
      = hint: for example `help = "Lines with an error."`

    7 problems in the rules
    "#);
}

#[test]
fn wrong_types_of_tables_and_labels() {
    assert_snapshot!(refused("rule = 'a'\ntest = [1]\n"), @r"
    error: expected a list of tables for `rule`, but found the string `a`
     --> rules.toml:1:8
      |
    1 | rule = 'a'
      |        ^^^
      = hint: for example `[[rule]]`

    error: expected a table for `test`, but found the number `1`
     --> rules.toml:2:9
      |
    2 | test = [1]
      |         ^
      = hint: for example `[[test]]`

    2 problems in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\nlabels.u = { from = 3, lowercase = 'yes', map = 'x' }\nlabels.v = []\nmetric = [{ counter = 'c', where = { status = 200 } }]\n"), @r#"
    error: expected a string or a list of strings for `from`, but found the number `3`
     --> rules.toml:3:21
      |
    3 | labels.u = { from = 3, lowercase = 'yes', map = 'x' }
      |                     ^
      = hint: for example `from = ["email", "user", "_service"]`

    error: expected `true` or `false` for `lowercase`, but found the string `yes`
     --> rules.toml:3:36
      |
    3 | labels.u = { from = 3, lowercase = 'yes', map = 'x' }
      |                                    ^^^^^
      = hint: for example `lowercase = true`

    error: expected a table of patterns and texts for `map`, but found the string `x`
     --> rules.toml:3:49
      |
    3 | labels.u = { from = 3, lowercase = 'yes', map = 'x' }
      |                                                 ^^^
      = hint: for example `map = { '2..' = "good", '[45]..' = "bad", '(.)..' = "${1}xx" }`

    error: expected at least one string for `v`, but found none
     --> rules.toml:4:12
      |
    4 | labels.v = []
      |            ^^

    error: expected a string for `status`, but found the number `200`
     --> rules.toml:5:47
      |
    5 | metric = [{ counter = 'c', where = { status = 200 } }]
      |                                               ^^^

    5 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\nmetric = { counter = 'c' }\n"), @r"
    error: expected a list of tables for `metric`, but found a table
     --> rules.toml:3:10
      |
    3 | metric = { counter = 'c' }
      |          ^^^^^^^^^^^^^^^^^
      = hint: write `[[rule.metric]]`: there may be several of them

    1 problem in the rules
    ");
}

#[test]
fn choices_and_pairs() {
    assert_snapshot!(refused("[[rule]]\nfields = 'logfmtt'\nlabels.u = { take = 'frist' }\nlabels.v = { take = 'all' }\nmetric = [{ counter = 'c', by = ['u', 'v'] }]\n"), @r#"
    error: expected `logfmt`, `json`, `auto` or `csv`, but found `logfmtt`
     --> rules.toml:2:10
      |
    2 | fields = 'logfmtt'
      |          ^^^^^^^^^
      = hint: did you mean `logfmt`?

    error: expected `only`, `first` or `last`, but found `frist`
     --> rules.toml:3:21
      |
    3 | labels.u = { take = 'frist' }
      |                     ^^^^^^^
      = hint: did you mean `first`?

    error: expected `only`, `first` or `last`, but found `all`
     --> rules.toml:4:21
      |
    4 | labels.v = { take = 'all' }
      |                     ^^^^^

    3 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nfields = 'logfmt'\nlabels.u = { untrusted_between = ['a'] }\nlabels.v = { untrusted_between = ['a', 2] }\nmetric = [{ counter = 'c', by = ['u', 'v'] }]\n"), @r#"
    error: expected two keys for `untrusted_between`, but found 1
     --> rules.toml:3:34
      |
    3 | labels.u = { untrusted_between = ['a'] }
      |                                  ^^^^^
      = hint: `untrusted_between = ["a", "b"]` leaves out what is between the first `a=` and the last `b=`

    error: expected a string for `untrusted_between`, but found the number `2`
     --> rules.toml:4:40
      |
    4 | labels.v = { untrusted_between = ['a', 2] }
      |                                        ^
      = hint: for example `untrusted_between = ["model", "duration"]`

    2 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nfields = 'logfmt'\nmetric = [{ counter = 'c', value = { take = 'last' } }]\n"), @r"
    error: expected the key `from` here, but found none
     --> rules.toml:3:36
      |
    3 | metric = [{ counter = 'c', value = { take = 'last' } }]
      |                                    ^^^^^^^^^^^^^^^^^

    1 problem in the rules
    ");
}

#[test]
fn numbers_and_durations_out_of_range() {
    assert_snapshot!(refused("[[rule]]\nmatch = '(?P<u>a)'\nlabels.u = { max_length = 7, max_values = 0 }\nmetric = [{ counter = 'c', by = ['u'], limit = 0 }, { counter = 'd', limit = -5 }]\n"), @r"
    error: expected `max_length` to be at least 8, but found `7`
     --> rules.toml:3:27
      |
    3 | labels.u = { max_length = 7, max_values = 0 }
      |                           ^

    error: expected `max_values` to be at least 1, but found `0`
     --> rules.toml:3:43
      |
    3 | labels.u = { max_length = 7, max_values = 0 }
      |                                           ^

    error: expected `limit` to be at least 1, but found `0`
     --> rules.toml:4:48
      |
    4 | metric = [{ counter = 'c', by = ['u'], limit = 0 }, { counter = 'd', limit = -5 }]
      |                                                ^

    error: expected `limit` to be at least 1, but found `-5`
     --> rules.toml:4:78
      |
    4 | metric = [{ counter = 'c', by = ['u'], limit = 0 }, { counter = 'd', limit = -5 }]
      |                                                                              ^^

    4 problems in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c', expire = '1 day' }, { counter = 'd', expire = '500ms' }, { counter = 'e', expire = '-1h' }]\n"), @r"
    error: expected a duration, but found `1 day`
     --> rules.toml:3:37
      |
    3 | metric = [{ counter = 'c', expire = '1 day' }, { counter = 'd', expire = '500ms' }, { counter = 'e', expire = '-1h' }]
      |                                     ^^^^^^^
      = hint: write it like `24h`, `90s` or `1h30m`

    error: expected `expire` to be at least `1s`, but found `500ms`
     --> rules.toml:3:74
      |
    3 | metric = [{ counter = 'c', expire = '1 day' }, { counter = 'd', expire = '500ms' }, { counter = 'e', expire = '-1h' }]
      |                                                                          ^^^^^^^

    error: expected a duration, but found `-1h`
     --> rules.toml:3:111
      |
    3 | metric = [{ counter = 'c', expire = '1 day' }, { counter = 'd', expire = '500ms' }, { counter = 'e', expire = '-1h' }]
      |                                                                                                               ^^^^^
      = hint: write it like `24h`, `90s` or `1h30m`

    3 problems in the rules
    ");
}

#[test]
fn cases_have_lines_and_samples() {
    let rule = "[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c' }]\n";
    let with = |case: &str| refused(&format!("{rule}[[test]]\n{case}\n"));
    assert_snapshot!(with("name = 'x'"), @r"
    error: expected the key `lines` here, but found none
     --> rules.toml:4:1
      |
    4 | [[test]]
      | ^^^^^^^^

    error: expected the key `expect` here, but found none
     --> rules.toml:4:1
      |
    4 | [[test]]
      | ^^^^^^^^

    2 problems in the rules
    ");
    assert_snapshot!(with("lines = 'a'\nexpect = ['c', 'c{a=b} 1', 'c 1']"), @r#"
    error: expected a sample, but found `c`
     --> rules.toml:6:11
      |
    6 | expect = ['c', 'c{a=b} 1', 'c 1']
      |           ^^^
      = hint: write it as /metrics prints it: `name{label="value"} 1`

    error: expected a sample, but found `c{a=b} 1`
     --> rules.toml:6:16
      |
    6 | expect = ['c', 'c{a=b} 1', 'c 1']
      |                ^^^^^^^^^^
      = hint: write it as /metrics prints it: `name{label="value"} 1`

    2 problems in the rules
    "#);
    assert_snapshot!(with("lines = []\nexpect = 'c 1'"), @r#"
    error: expected at least one string for `lines`, but found none
     --> rules.toml:5:9
      |
    5 | lines = []
      |         ^^

    error: expected a list of strings for `expect`, but found the string `c 1`
     --> rules.toml:6:10
      |
    6 | expect = 'c 1'
      |          ^^^^^
      = hint: write `expect = ["c 1"]`

    2 problems in the rules
    "#);
}

#[test]
fn control_characters_of_a_file_never_reach_the_terminal() {
    let text = refused(
        "[[rule]]\n\"a\u{202e}\t\\u001b[31m\" = 1 # \u{9b}\u{7f}\nmatch = 'a'\nmetric = [{ counter = 'c' }]\n",
    );
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
    let text = refused(
        "[[rule]]\nmatch = 'a'\n\"k\\u001b[31m\\u202e\" = 1\nmetric = [{ counter = 'c' }]\n",
    );
    assert_snapshot!(text, @r#"
    error: unknown key `k\u{1b}[31m\u{202e}`
     --> rules.toml:3:1
      |
    3 | "k\u001b[31m\u202e" = 1
      | ^^^^^^^^^^^^^^^^^^^
      = hint: known here: name, match, unless, fields, match_json, inside, each, columns, delimiter, untrusted_between, raw, time, trace, labels, metric, report, final

    1 problem in the rules
    "#);
}

#[test]
fn long_lines_are_cut_around_the_carets_and_tabs_keep_them_in_place() {
    let pattern = format!("{}(b{}", "a".repeat(200), "c".repeat(200));
    assert_snapshot!(refused(&format!("[[rule]]\nmatch = '{pattern}'\nmetric = [{{ counter = 'c' }}]\n")), @r"
    error: invalid pattern: unclosed group
     --> rules.toml:2:210
      |
    2 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa(bccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc…
      |                                          ^

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[rule]]\n\tmatch\t=\t'é(b'\nmetric = [{ counter = 'c' }]\n"), @r"
    error: invalid pattern: unclosed group
     --> rules.toml:2:12
      |
    2 |     match    =    'é(b'
      |                     ^

    1 problem in the rules
    ");
}

#[test]
fn colours_are_the_same_text_with_escapes() {
    let problems = load("[[rule]]\nmatch = 'a'\n").unwrap_err();
    let coloured = problems.render(true);
    assert!(coloured.contains("\u{1b}[1;31merror\u{1b}[0m"));
    let mut plain = coloured;
    for escape in ["[1m", "[1;31m", "[1;34m", "[0m"] {
        plain = plain.replace(&format!("\u{1b}{escape}"), "");
    }
    assert_eq!(plain, problems.to_string());
}

#[test]
fn many_problems_are_counted_and_the_first_are_shown() {
    let text: String = (0..60).map(|key| format!("k{key:02} = 1\n")).collect();
    let problems = load(&text).unwrap_err();
    assert_eq!(problems.errors, 60);
    assert_eq!(problems.list.len(), 50);
    assert!(
        problems
            .to_string()
            .ends_with("60 problems in the rules, of which the first 50 are shown\n")
    );
}
