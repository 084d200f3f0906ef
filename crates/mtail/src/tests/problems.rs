//! What people read when a program is wrong.

use crate::{Options, compile};

fn errors(source: &str) -> String {
    let problems = compile("p.mtail", source, &Options::default()).unwrap_err();
    problems.render("progs/p.mtail", source)
}

fn warnings(source: &str) -> Vec<String> {
    let compiled = compile("p.mtail", source, &Options::default());
    let compiled = compiled.unwrap_or_else(|problems| panic!("{}", problems.render("p", source)));
    let list = compiled.warnings.list.into_iter();
    list.map(|problem| problem.message).collect()
}

#[test]
fn all_errors_of_a_program_are_told_at_once() {
    let source = "counter request by code\n/GET (\\S+) (\\d+)/ {\n  requests[$2]++\n  request[$3]++\n\
                  request[$2] -= 1\n}\n/b/ {\n  request++\n}\n";
    let expected = "\
error: nothing is declared as `requests`
 --> progs/p.mtail:3:3
  |
3 |   requests[$2]++
  |   ^^^^^^^^
  = hint: did you mean `request`?

error: no pattern around here has the group `$3`
 --> progs/p.mtail:4:11
  |
4 |   request[$3]++
  |           ^^
  = hint: groups can be seen in the block of their pattern, and in its `else`

error: mtail has no `-=`
 --> progs/p.mtail:5:13
  |
5 | request[$2] -= 1
  |             ^^
  = hint: write `x = x - y`

error: `request` has 1 label, but 0 keys here
 --> progs/p.mtail:8:3
  |
8 |   request++
  |   ^^^^^^^
 ::: progs/p.mtail:1:9
  |
1 | counter request by code
  |         ^^^^^^^ declared here
  = hint: give a key for each label, in their order

4 errors in the program
";
    assert_eq!(errors(source), expected);
}

/// Programs, and the message of their error.
const ERRORS: &[(&str, &str)] = &[
    (
        "counter c\n/a/\n{\n  c++\n}\n",
        "a pattern alone does nothing",
    ),
    (
        "counter c\n{\n  c++\n}\n",
        "this block belongs to no condition",
    ),
    ("counter c\n!/a/ {\n  c++\n}\n", "`!` means nothing here"),
    (
        "counter c\n/a/ {\n  c++\n} else /b/ {\n  c++\n}\n",
        "expected `{` after `else`",
    ),
    (
        "counter c\n/(\\d+)/ {\n  $1 + 1\n  c++\n}\n",
        "this expression has no effect",
    ),
    (
        "counter c\n/(\\w*)/ {\n  len($1) {\n    c++\n  }\n}\n",
        "a value is no condition",
    ),
    (
        "counter c\n/(\\d)/ {\n  c += $1\n}\n",
        "the counter `c` is given a String",
    ),
    (
        "gauge g\n/(\\S+)/ {\n  g = $1 * 2\n}\n",
        "`*` needs numbers, but this is a String",
    ),
    (
        "histogram h\n/(\\d+)/ {\n  h = $1\n}\n",
        "a histogram needs `buckets`",
    ),
    (
        "counter by\n",
        "expected the metric's name, but `by` is a word of the language",
    ),
    (
        "counter c\ncounter c\nc++\n",
        "the metric `c` is declared twice",
    ),
    (
        "counter a as \"z-1\"\ncounter b as \"z_1\"\na++\nb++\n",
        "two metrics are exported as `z_1`",
    ),
    (
        "counter c\n/(?=a)/ {\n  c++\n}\n",
        "the regex `(?=a)` is wrong: look-ahead",
    ),
    (
        "counter c\n/(a/ {\n  c++\n}\n",
        "the regex `(a` is wrong: unclosed group",
    ),
    ("counter c\n/a/ {\n  c++\n", "this block is never closed"),
    ("counter c\nc++\n}\n", "this `}` closes nothing"),
    ("counter c\nc = \"a\n", "this string has no end"),
    ("next\n", "`next` stands outside of a decorator"),
    (
        "def d {\n/a/ {\n}\n}\n@d {\n}\n",
        "the decorator `d` has 0 `next`, but must have one",
    ),
    ("@d {\n}\n", "no decorator `d` is defined"),
    (
        "counter c by k\n/(a)/ {\n  del c[$1] after 5\n}\n",
        "expected a duration, but found `5`",
    ),
    (
        "counter g\n/a/ {\n  del g\n}\n",
        "a metric without labels cannot be deleted",
    ),
    (
        "gauge g\n/(\\d+)/ {\n  g = 1 / 0\n}\n",
        "a division by zero",
    ),
    (
        "gauge g\n/(\\d+)/ {\n  g = $1 > 2\n}\n",
        "a metric cannot hold Bool",
    ),
    (
        "gauge g\ng = strtol(\"a\")\n",
        "`strtol` takes 2 arguments, but 1 stand here",
    ),
    (
        "/(\\S+)/ {\n  strptime($1, $1)\n}\n",
        "the layout must be a string",
    ),
    (
        "conuter c\n",
        "expected an operator, `{` or the end of the line, but found `c`",
    ),
];

#[test]
fn each_error_says_the_way_out() {
    for (source, message) in ERRORS {
        let found = errors(source);
        assert!(
            found.contains(&format!("error: {message}")),
            "{source}\n{found}"
        );
        assert!(found.contains("p.mtail:") && found.contains("^"), "{found}");
    }
    assert!(errors("conuter c\n").contains("did you mean `counter`?"));
    assert!(errors("if 1 > 0 {\n}\n").contains("a condition stands without `if`"));
}

#[test]
fn a_bad_line_does_not_hide_others_nor_make_new_ones() {
    let source = "counter a by\ncounter b\n/(x/ && {\n  a[$1]++\n  b++\n  c++\n}\n";
    let found = errors(source);
    assert!(
        found.contains("p.mtail:1:13") && found.contains("p.mtail:6:3"),
        "{found}"
    );
    assert!(found.ends_with("3 errors in the program\n"), "{found}");
}

#[test]
fn surprises_are_told() {
    for (source, message) in [
        (
            "counter c\n/v=(\\S+)/ {\n  $1 > 5 {\n    c++\n  }\n}\n",
            "numbers are compared as text",
        ),
        (
            "counter c by k\n/v=(\\d+)/ {\n  c[$1]++\n}\n",
            "a number that is a label is printed anew",
        ),
        (
            "gauge g\n/(\\d+\\.\\d+)/ {\n  g = $1\n  g = 2\n}\n",
            "a metric of Float is given Int here",
        ),
        (
            "counter a by prog\n/v(\\w)/ {\n  a[$1]++\n}\n",
            "a label named `prog` collides",
        ),
        ("counter c\ncounter d\nc++\n", "this metric is never used"),
        (
            "counter c\nconst P /a/\nc++\n",
            "this constant is never used",
        ),
        (
            "gauge g\n/v=(\\S+)/ {\n  g = $1\n}\n",
            "`g` is given a String: its value is always 0",
        ),
        (
            "/(\\S+)/ {\n  strptime($1, \"%Y-%m-%d\")\n}\n",
            "`%Y-%m-%d` has no part of a time",
        ),
        (
            "counter c\n/(\\d+)/ {\n  $1 & 1 == 1 {\n    c++\n  }\n}\n",
            "bits of a comparison",
        ),
        (
            "counter c\n/([\\d.]+)/ {\n  $1 == \"1.50\" {\n    c++\n  }\n}\n",
            "a number never prints as",
        ),
        (
            "histogram h buckets 0, 1\n/(\\d+)/ {\n  h = $1\n}\n",
            "the first bound is not above 0",
        ),
    ] {
        let found = warnings(source);
        assert!(
            found.len() == 1 && found[0].contains(message),
            "{source}\n{found:?}"
        );
    }
    let quiet = "counter c by code\n/ (200|404) (?P<size>\\d+)/ {\n  c[$1] += $size\n}\n";
    assert_eq!(warnings(quiet), [""; 0]);
}

#[test]
fn names_that_do_harm_are_named() {
    for (name, harm) in [
        ("up", "Prometheus writes that itself"),
        ("ALERTS", "Prometheus writes that itself"),
        ("scrape_duration_seconds", "Prometheus writes that itself"),
        (
            "logmetrics_lines_total",
            "the program's own metrics begin so",
        ),
        (
            "process_cpu_seconds_total",
            "the program's own metrics begin so",
        ),
    ] {
        for kind in ["counter", "gauge"] {
            let found = warnings(&format!("{kind} x as \"{name}\"\n/a/ {{\n  x = 1\n}}\n"));
            let is_it = |message: &&String| message.contains(harm) && message.contains(name);
            assert_eq!(
                found.iter().filter(is_it).count(),
                1,
                "{kind} {name}: {found:?}"
            );
        }
        let hidden = format!("hidden counter {name}\n/a/ {{\n  {name}++\n}}\n");
        assert_eq!(warnings(&hidden), [""; 0], "{name}");
    }
    for label in ["le", "quantile"] {
        let found = warnings(&format!("counter x by {label}\n/(a)/ {{\n  x[$1]++\n}}\n"));
        assert!(
            found[0].contains(&format!("a label named `{label}`")),
            "{found:?}"
        );
    }
    // The rule is that of the names that show, whatever a program calls them inside.
    assert_eq!(
        warnings("counter up as \"is_up\"\n/a/ {\n  up++\n}\n"),
        [""; 0]
    );
    assert_eq!(warnings("counter uptime\n/a/ {\n  uptime++\n}\n"), [""; 0]);
    let error = errors("counter x as \"_total\"\n/a/ {\n  x++\n}\n");
    assert!(error.contains("has no name in OpenMetrics"), "{error}");
}
