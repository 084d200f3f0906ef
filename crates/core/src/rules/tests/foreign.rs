//! What was written for another language: each is told, with its cause and the right spelling.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::{advice, load, refused};

fn rule_of(pattern: &str) -> String {
    format!("[[rule]]\nmatch = {pattern}\nmetric = [{{ counter = 'c' }}]\n")
}

fn rule_with(labels: &str, condition: &str) -> String {
    format!(
        "[[rule]]\nfields = 'auto'\n[rule.labels]\n{labels}\n[[rule.metric]]\ncounter = 'c'\n\
         by = ['a']\n{condition}\n"
    )
}

#[test]
fn escapes_of_toml() {
    assert_snapshot!(advice(&rule_of(r#""\bERROR\b""#)), @r#"
    warning: this pattern looks for a backspace: in double quotes TOML makes one of `\b`
     --> rules.toml:2:9
      |
    2 | match = "\bERROR\b"
      |         ^^^^^^^^^^^
      = hint: in single quotes it is the edge of a word: '\bERROR\b'
    "#);
    assert_snapshot!(refused(&rule_of(r#""\d+""#)), @r#"
    error: invalid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
     --> rules.toml:2:11
      |
    2 | match = "\d+"
      |           ^
      = hint: in double quotes TOML reads backslashes itself; write a pattern in single quotes: '\d+'

    1 problem in the rules
    "#);
    // As TOML has them, they are as meant.
    for pattern in [r#""\tx""#, r#""\\bERROR\\b""#, r"'\bERROR\b'", r#""a\"b""#] {
        assert_eq!(advice(&rule_of(pattern)), "", "{pattern}");
    }
}

#[test]
fn patterns_that_never_match() {
    assert_snapshot!(refused(&rule_of("'/^ERROR$/'")), @r"
    error: this pattern can never match: the slashes around it are a part of it
     --> rules.toml:2:9
      |
    2 | match = '/^ERROR$/'
      |         ^^^^^^^^^^^
      = hint: write '^ERROR$', and `(?i)` before it where case does not matter

    1 problem in the rules
    ");
    assert_snapshot!(refused(&rule_of("'/^error/i'")), @r"
    error: this pattern can never match: the slashes around it are a part of it
     --> rules.toml:2:9
      |
    2 | match = '/^error/i'
      |         ^^^^^^^^^^^
      = hint: write '^error', and `(?i)` before it where case does not matter

    1 problem in the rules
    ");
    assert_snapshot!(refused(&rule_of("'level ^ERROR'")), @r"
    error: this pattern can never match
     --> rules.toml:2:9
      |
    2 | match = 'level ^ERROR'
      |         ^^^^^^^^^^^^^^
      = hint: `^` is the line's beginning and `$` its end, wherever they stand; `\^` and `\$` are the characters

    1 problem in the rules
    ");
    for dead in [
        r"x^",
        r"$x",
        r"a+(?:^b|\Ac)",
        r"(?:a$|b$)c?d",
        r"a(?P<x>^b)",
        r"[^\s\S]",
        r"(?:x^){2}",
        r"\w\A",
    ] {
        let said = refused(&rule_of(&format!("'{dead}'")));
        assert!(said.contains("can never match"), "{dead}: {said}");
    }
    for part in [r"a|b^c", r"(?:x^)?y", r"(a|$b)c"] {
        let said = advice(&rule_of(&format!("'{part}'")));
        assert!(
            said.contains("an alternative of this pattern can never match"),
            "{part}: {said}"
        );
    }
    for alive in [
        r"^a$",
        r"(?:^|\s)a(?:\s|$)",
        r"\s*^a",
        r"a$\s*",
        r"a\^b\$c",
        r"[$^]x[$^]",
        r"(?m)a\n^b",
        r"(?:^)?a",
        r"/api/",
        r"^/api/$",
        r"/a|b/",
    ] {
        assert_eq!(advice(&rule_of(&format!("'{alive}'"))), "", "{alive}");
    }
}

#[test]
fn syntax_of_others() {
    assert_snapshot!(refused(&rule_of("'from %{IPP:client.ip} to'")), @r#"
    error: no pattern has the name `IPP`
     --> rules.toml:2:15
      |
    2 | match = 'from %{IPP:client.ip} to'
      |               ^^^^^^^^^^^^^^^^
      = hint: did you mean `IP`?

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule_of("'from %{CLIENT} to'")), @r#"
    error: no pattern has the name `CLIENT`
     --> rules.toml:2:15
      |
    2 | match = 'from %{CLIENT} to'
      |               ^^^^^^^^^
      = hint: name it in `[patterns]`, or write the pattern itself: `(?P<name>…)`

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule_of("'from %{IP:user-agent} to'")), @r#"
    error: `user-agent` cannot be the name of a group
     --> rules.toml:2:15
      |
    2 | match = 'from %{IP:user-agent} to'
      |               ^^^^^^^^^^^^^^^^
      = hint: letters, digits, `_` and dots, and no digit first; `[a][b]` is `a.b`

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule_of("'from %{IP:ip:integer} to'")), @r#"
    error: expected `int`, `long`, `float`, `double`, `string`, `bool` or `boolean`, but found `integer`
     --> rules.toml:2:15
      |
    2 | match = 'from %{IP:ip:integer} to'
      |               ^^^^^^^^^^^^^^^^
      = hint: a value is read as a number where one is wanted; leave the type out

    1 problem in the rules
    "#);
    assert_snapshot!(advice(&rule_of("'%{SYSLOGBASE} x'")), @r#"
    warning: `SYSLOGBASE` is hardly ever found: what syslog puts before a line is taken off
     --> rules.toml:2:9
      |
    2 | match = '%{SYSLOGBASE} x'
      |         ^^^^^^^^^^^^^^^^^
      = hint: match what comes after it; the program is the field `_service`, and the time is known
    "#);
    assert_snapshot!(advice(&rule_of("'%{COMBINEDAPACHELOG} %{IP:unused}'")), @r#"
    warning: named group `unused` is never used
     --> rules.toml:2:36
      |
    2 | match = '%{COMBINEDAPACHELOG} %{IP:unused}'
      |                                    ^^^^^^
      = hint: add it to `by`, or write `(?:…)` instead of `(?P<unused>…)`
    "#);
}

#[test]
fn cycles_and_bad_names_in_patterns() {
    let own = "[patterns]\nA = 'x%{B}'\nB = '%{A}'\n'9' = '('\n";
    assert_snapshot!(refused(&format!("{own}{}", rule_of("'%{A}'"))), @r#"
    error: this pattern leads to itself: `B` → `A` → `B`
     --> rules.toml:2:7
      |
    2 | A = 'x%{B}'
      |       ^^^^

    error: this pattern leads to itself: `A` → `B` → `A`
     --> rules.toml:3:6
      |
    3 | B = '%{A}'
      |      ^^^^

    error: `9` cannot be the name of a pattern
     --> rules.toml:4:1
      |
    4 | '9' = '('
      | ^^^
      = hint: letters, digits and `_`, and no digit first

    error: invalid pattern: unclosed group
     --> rules.toml:4:8
      |
    4 | '9' = '('
      |        ^

    error: this pattern leads to itself: `A` → `B` → `A`
     --> rules.toml:6:10
      |
    6 | match = '%{A}'
      |          ^^^^

    5 problems in the rules
    "#);
}

#[test]
fn syntax_that_no_pattern_has_here() {
    assert_snapshot!(refused(&rule_of(r"'(?P<q>.).*(?P=q)'")), @r"
    error: invalid pattern: unrecognized flag
     --> rules.toml:2:22
      |
    2 | match = '(?P<q>.).*(?P=q)'
      |                      ^
      = hint: a group cannot be named again; write its pattern again

    1 problem in the rules
    ");
    assert_snapshot!(refused(&rule_of(r"'(a)\1'")), @r"
    error: invalid pattern: backreferences are not supported
     --> rules.toml:2:13
      |
    2 | match = '(a)\1'
      |             ^^
      = hint: a group cannot be named again; write its pattern again

    1 problem in the rules
    ");
    assert_snapshot!(refused(&rule_of(r"'(?<=x)a'")), @r"
    error: invalid pattern: look-around, including look-ahead and look-behind, is not supported
     --> rules.toml:2:10
      |
    2 | match = '(?<=x)a'
      |          ^^^^
      = hint: match what comes before, and put only what is wanted into a group

    1 problem in the rules
    ");
    assert_snapshot!(advice(&rule_of(r"'id=[:digit:]+'")), @r"
    warning: `[:digit:]` is a set of these letters here
     --> rules.toml:2:9
      |
    2 | match = 'id=[:digit:]+'
      |         ^^^^^^^^^^^^^^^
      = hint: write `[[:digit:]]`
    ");
    assert_eq!(advice(&rule_of(r"'id=[[:digit:]x]+ 100%'")), "");
}

#[test]
fn comparisons() {
    // What compares means what it says.
    for compares in [
        ">100",
        ">=1",
        "<5",
        "< -1",
        "<=5",
        "==200",
        "!= 200",
        "!=anonymous",
        "> 1s",
        ">= 100, < 200",
    ] {
        let said = advice(&rule_with("", &format!("where = {{ d = '{compares}' }}")));
        assert_eq!(said, "", "{compares}");
    }
    // So do these in other languages.
    for other in ["!GET", "!~x", "=~x"] {
        let said = advice(&rule_with("", &format!("where = {{ d = '{other}' }}")));
        assert!(said.contains("compares nothing"), "{other}: {said}");
    }
    // The fields of a kind of line are told by patterns.
    for pattern in [">= 100", "==x", "!= 200"] {
        let rule = format!(
            "[[rule]]\nfields = 'json'\nmatch_json = {{ d = '{pattern}' }}\nmetric = [{{ counter = 'c' }}]\n"
        );
        assert!(advice(&rule).contains("compares nothing"), "{pattern}");
    }
    for pattern in ["<a>", "->", "=", "!", "2..", ">", "> start", "5..5"] {
        let said = advice(&rule_with("", &format!("where = {{ d = '{pattern}' }}")));
        assert_eq!(said, "", "{pattern}");
    }
    let range = advice(&rule_with("", "where = { d = '100..200' }"));
    assert!(range.contains("a range is `>= 100, <= 200`"), "{range}");
    for (wrong, words) in [
        (">=", "nothing to compare with"),
        ("!= ", "nothing to compare with"),
        ("> 5 apples", "`5 apples` is not a number"),
    ] {
        let said = refused(&rule_with("", &format!("where = {{ d = '{wrong}' }}")));
        assert!(said.contains(words), "{wrong}: {said}");
    }
    let unit = "value = { from = 'd', unit = 'ms' }\nwhere = { d = '> 5MB' }";
    let said = refused(&rule_with("", unit));
    assert!(said.contains("`5MB` is not a time"), "{said}");
}

#[test]
fn groups_in_a_map() {
    assert_eq!(
        advice(&rule_with(
            "a = { map = { '/api/(\\d+)' = '/api/$1' } }",
            ""
        )),
        ""
    );
    assert_snapshot!(refused(&rule_with("a = { map = { 'x(y)' = '$2' } }", "")), @r#"
    error: the pattern has no group for `$2`
     --> rules.toml:4:24
      |
    4 | a = { map = { 'x(y)' = '$2' } }
      |                        ^^^^
      = hint: the pattern has `$1`; `$$` is a dollar

    1 problem in the rules
    "#);
    assert_snapshot!(refused(&rule_with("a = { map = { 'x' = '${name}' } }", "")), @r#"
    error: the pattern has no group for `${name}`
     --> rules.toml:4:21
      |
    4 | a = { map = { 'x' = '${name}' } }
      |                     ^^^^^^^^^
      = hint: put brackets around the part of the pattern that is meant; `$$` is a dollar

    1 problem in the rules
    "#);
    assert_snapshot!(advice(&rule_with(r"a = { map = { 'x(y)' = 'a\1' } }", "")), @r#"
    warning: `map` writes `\1` as it stands: a group is filled in for `$`
     --> rules.toml:4:24
      |
    4 | a = { map = { 'x(y)' = 'a\1' } }
      |                        ^^^^^
      = hint: write `$1`
    "#);
    for target in ["$", "5$", "US$ 5", "a$b", "${"] {
        let said = advice(&rule_with(
            &format!("a = {{ map = {{ 'x' = '{target}' }} }}"),
            "",
        ));
        assert_eq!(said, "", "{target}");
    }
}

#[test]
fn values_of_another_form() {
    assert_snapshot!(refused(
        "[rule]\nmatch = 'x'\nmetric = [{ counter = 'c' }]\n"
    ), @r"
    error: expected a list of tables for `rule`, but found a table
     --> rules.toml:1:1
      |
    1 | [rule]
      | ^^^^^^
      = hint: write `[[rule]]`: there may be several of them

    1 problem in the rules
    ");
    assert_snapshot!(refused(
        "[[rule]]\nmatch = 'x'\n[rule.metric]\ncounter = 'c'\n"
    ), @r"
    error: expected a list of tables for `metric`, but found a table
     --> rules.toml:3:1
      |
    3 | [rule.metric]
      | ^^^^^^^^^^^^^
      = hint: write `[[rule.metric]]`: there may be several of them

    1 problem in the rules
    ");
    assert_snapshot!(refused(
        "[[rule]]\nmatch = '(?P<user>x)'\nmetric = [{ counter = 'c', by = \"user\" }]\n"
    ), @r#"
    error: expected a list of strings for `by`, but found the string `user`
     --> rules.toml:3:33
      |
    3 | metric = [{ counter = 'c', by = "user" }]
      |                                 ^^^^^^
      = hint: write `by = ["user"]`

    1 problem in the rules
    "#);
    assert_snapshot!(refused(
        "[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'c', expire = 3600 }]\n"
    ), @r#"
    error: expected a string with a number and its unit for `expire`, but found the number `3600`
     --> rules.toml:3:37
      |
    3 | metric = [{ counter = 'c', expire = 3600 }]
      |                                     ^^^^
      = hint: a number needs a unit: `expire = "3600s"`

    1 problem in the rules
    "#);
}

proptest! {
    /// What is called dead matches nothing.
    #[test]
    fn the_dead_match_nothing(
        pattern in r"(\^|\$|a|b|\(|\)|\||\?|\+|\.|\[ab\]|\\A|\\z){1,9}",
        texts in proptest::collection::vec("[ab]{0,6}", 1..12),
    ) {
        let Ok(regex) = regex::Regex::new(&pattern) else {
            return Ok(());
        };
        if let Err(problems) = load(&rule_of(&format!("'{pattern}'"))) {
            prop_assert!(problems.to_string().contains("can never match"), "{}", problems);
            for text in &texts {
                prop_assert!(!regex.is_match(text), "{} on {}", pattern, text);
            }
        }
    }
}

#[test]
fn words_of_other_tools_are_answered_with_ours() {
    for (text, words) in [
        (
            "[[rule]]\nregex = 'x'\nmetric = [{ counter = 'c' }]\n",
            "it is written `match` here",
        ),
        (
            "[[rule]]\nmatch = 'x'\ntimestamp = 'ts'\nmetric = [{ counter = 'c' }]\n",
            "it is written `time` here",
        ),
        (
            "[[rule]]\nmatch = '(?P<a>x)'\nlabels.a = { gsub = { b = 'c' } }\nmetric = [{ counter = 'c', by = ['a'] }]\n",
            "it is written `replace` here",
        ),
        (
            "[[rule]]\nfields = 'csv'\ncolumns = ['a']\nskip = 1\nmetric = [{ counter = 'c', by = ['a'] }]\n",
            "is the header, and is not counted",
        ),
        (
            "[[rule]]\nmatch = 'x'\nmetric = [{ name = 'c', type = 'counter' }]\n",
            "`counter = \"requests_total\"`",
        ),
    ] {
        let said = refused(text);
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_replacement_of_nothing_is_refused() {
    let rules = |pattern: &str| {
        format!(
            "[[rule]]\nmatch = '(?P<a>\\S+)'\nlabels.a = {{ replace = {{ '{pattern}' = 'n' }} }}\nmetric = [{{ counter = 'c', by = ['a'] }}]\n"
        )
    };
    assert!(load(&rules(r"\d+")).is_ok());
    let said = refused(&rules(r"\d*"));
    assert!(
        said.contains("matches also where there is nothing"),
        "{said}"
    );
    assert!(said.contains("rules.toml:3:"), "{said}");
}
