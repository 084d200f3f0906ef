//! Rules: patterns, names of fields, labels, `untrusted_between`.

use insta::assert_snapshot;

use super::{advice, load, refused, refused_files};
use crate::rules::{Condition, ConditionTest, Field, FieldsMode, Take};
use logmetrics_scan::untrusted::UntrustedRange;

#[test]
fn patterns_are_pointed_into() {
    let with = |pattern: &str| {
        refused(&format!(
            "[[rule]]\nmatch = {pattern}\nmetric = [{{ counter = 'c' }}]\n"
        ))
    };
    assert_snapshot!(with("'user=(?P<user>\\S+ (a|b'"), @r"
    error: invalid pattern: unclosed group
     --> rules.toml:2:28
      |
    2 | match = 'user=(?P<user>\S+ (a|b'
      |                            ^

    1 problem in the rules
    ");
    assert_snapshot!(with("'''(?<=x)a'''"), @r"
    error: invalid pattern: look-around, including look-ahead and look-behind, is not supported
     --> rules.toml:2:12
      |
    2 | match = '''(?<=x)a'''
      |            ^^^^
      = hint: match what comes before, and put only what is wanted into a group

    1 problem in the rules
    ");
    assert_snapshot!(with("\"a\\\\d{3,1}\""), @r#"
    error: invalid pattern: invalid repetition count range, the start must be <= the end
     --> rules.toml:2:9
      |
    2 | match = "a\\d{3,1}"
      |         ^^^^^^^^^^^

    1 problem in the rules
    "#);
    assert_snapshot!(with("'(?P<a>x)(?P<a>y)'"), @r"
    error: invalid pattern: duplicate capture group name
     --> rules.toml:2:22
      |
    2 | match = '(?P<a>x)(?P<a>y)'
      |                      ^

    1 problem in the rules
    ");
    assert_snapshot!(with("'\\w{500}{500}'"), @r"
    error: expected a pattern of at most 4 MiB compiled, but it is larger
     --> rules.toml:2:9
      |
    2 | match = '\w{500}{500}'
      |         ^^^^^^^^^^^^^^
      = hint: smaller repetition counts, or `(?-u)` and ASCII classes, make it smaller

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmatch = '(?P<s>a)'\nlabels.t = { from = 's', map = { '2..)' = 'x' } }\nmetric = [{ counter = 'c', by = ['t'], where = { s = '[a' } }]\n"), @r"
    error: invalid pattern: unopened group
     --> rules.toml:3:38
      |
    3 | labels.t = { from = 's', map = { '2..)' = 'x' } }
      |                                      ^

    error: invalid pattern: unclosed character class
     --> rules.toml:4:55
      |
    4 | metric = [{ counter = 'c', by = ['t'], where = { s = '[a' } }]
      |                                                       ^

    2 problems in the rules
    ");
}

#[test]
fn a_rule_needs_a_source_and_a_metric() {
    assert_snapshot!(refused("[[rule]]\nname = 'a'\n[rule.labels]\nu = 'x'\n[[rule.metric]]\ncounter = 'c'\nby = ['u', 'v']\n"), @r#"
    error: expected `match` or `fields` in this rule, but found neither
     --> rules.toml:1:1
      |
    1 | [[rule]]
      | ^^^^^^^^
      = hint: `fields = "auto"` reads key=value and JSON lines

    1 problem in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\n"), @r"
    error: expected a `[[rule.metric]]` in this rule, but found none
     --> rules.toml:1:1
      |
    1 | [[rule]]
      | ^^^^^^^^

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[test]]\nlines = 'a'\nexpect = []\n"), @r"
    error: expected at least one `[[rule]]`, but found none in all files

    1 problem in the rules
    ");
}

#[test]
fn names_of_rules_are_unique() {
    let rule =
        |name: &str| format!("[[rule]]\n{name}\nmatch = 'a'\nmetric = [{{ counter = 'c' }}]\n");
    let two = [
        ("a.toml", rule("name = 'x'")),
        (
            "b.toml",
            format!("{}{}", rule("name = 'x'"), rule("name = ''")),
        ),
    ];
    let two: Vec<(&str, &str)> = two
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    assert_snapshot!(refused_files(&two), @r"
    error: two rules are named `x`
     --> b.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ the second
     ::: a.toml:2:8
      |
    2 | name = 'x'
      |        ^^^ the first

    error: expected a name, but found an empty string
     --> b.toml:6:8
      |
    6 | name = ''
      |        ^^

    2 problems in the rules
    ");
}

#[test]
fn fields_of_a_rule_without_fields_are_its_groups() {
    assert_snapshot!(refused("[[rule]]\nmatch = '(?P<route>\\S+) (?P<status>\\d+)'\nmetric = [{ counter = 'c', by = ['rute', 'status'] }]\n"), @r"
    error: no label and no named group `rute`
     --> rules.toml:3:34
      |
    3 | metric = [{ counter = 'c', by = ['rute', 'status'] }]
      |                                  ^^^^^^
      = hint: did you mean `route`?

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nmatch = '(?P<route>\\S+)'\ntime = 'zeit'\ntrace = ['', '_fil']\n[rule.labels]\nr = ['http.route', 'route']\ns = 'r'\n[[rule.metric]]\ngauge = 'g'\nvalue = 'duration'\nby = ['r', 's']\nwhere = { status = '2..' }\n"), @r#"
    error: no named group `zeit`
     --> rules.toml:3:8
      |
    3 | time = 'zeit'
      |        ^^^^^^
      = hint: `match` has the group `route`; `fields = "auto"` reads the line's own fields

    error: expected the name of a field, but found an empty string
     --> rules.toml:4:10
      |
    4 | trace = ['', '_fil']
      |          ^^

    error: expected `_time`, `_source`, `_file`, `_path`, `_service`, `_container`, `_pod` or `_namespace`, but found `_fil`
     --> rules.toml:4:14
      |
    4 | trace = ['', '_fil']
      |              ^^^^^^
      = hint: did you mean `_file`?

    error: no named group `http.route`
     --> rules.toml:6:6
      |
    6 | r = ['http.route', 'route']
      |      ^^^^^^^^^^^^
      = hint: `match` has the group `route`; `fields = "auto"` reads the line's own fields

    error: no named group `r`
     --> rules.toml:7:5
      |
    7 | s = 'r'
      |     ^^^
      = hint: `r` is a label; labels come from fields, not from labels

    error: no named group `duration`
      --> rules.toml:10:9
       |
    10 | value = 'duration'
       |         ^^^^^^^^^^
       = hint: `match` has the group `route`; `fields = "auto"` reads the line's own fields

    error: no label and no named group `status`
      --> rules.toml:12:11
       |
    12 | where = { status = '2..' }
       |           ^^^^^^
       = hint: `match` has the group `route`; `fields = "auto"` reads the line's own fields

    7 problems in the rules
    "#);
}

#[test]
fn special_fields_are_five() {
    assert_snapshot!(refused("[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c', by = ['user', '_sourc', '_host'] }]\n"), @r#"
    error: no label and no named group `user`
     --> rules.toml:3:34
      |
    3 | metric = [{ counter = 'c', by = ['user', '_sourc', '_host'] }]
      |                                  ^^^^^^
      = hint: `match` has no named groups; `fields = "auto"` reads the line's own fields

    error: expected `_time`, `_source`, `_file`, `_path`, `_service`, `_container`, `_pod` or `_namespace`, but found `_sourc`
     --> rules.toml:3:42
      |
    3 | metric = [{ counter = 'c', by = ['user', '_sourc', '_host'] }]
      |                                          ^^^^^^^^
      = hint: did you mean `_source`?

    error: expected `_time`, `_source`, `_file`, `_path`, `_service`, `_container`, `_pod` or `_namespace`, but found `_host`
     --> rules.toml:3:52
      |
    3 | metric = [{ counter = 'c', by = ['user', '_sourc', '_host'] }]
      |                                                    ^^^^^^^

    3 problems in the rules
    "#);
    assert_snapshot!(refused("[[rule]]\nfields = 'json'\nmetric = [{ counter = 'c', by = ['_servce', '_PID'] }]\n"), @r#"
    error: expected `_time`, `_source`, `_file`, `_path`, `_service`, `_container`, `_pod` or `_namespace`, but found `_servce`
     --> rules.toml:3:34
      |
    3 | metric = [{ counter = 'c', by = ['_servce', '_PID'] }]
      |                                  ^^^^^^^^^
      = hint: did you mean `_service`?

    error: expected `_time`, `_source`, `_file`, `_path`, `_service`, `_container`, `_pod` or `_namespace`, but found `_PID`
     --> rules.toml:3:45
      |
    3 | metric = [{ counter = 'c', by = ['_servce', '_PID'] }]
      |                                             ^^^^^^
      = hint: did you mean `_pod`?

    2 problems in the rules
    "#);
}

#[test]
fn untrusted_range_is_one_pair_and_for_logfmt() {
    assert_snapshot!(refused("[[rule]]\nfields = 'auto'\n[rule.labels]\na = { untrusted_between = ['x', 'y'] }\nb = { untrusted_between = ['x', 'y'] }\nc = { untrusted_between = ['x', 'z'] }\n[[rule.metric]]\ncounter = 'c'\nby = ['a', 'b', 'c']\n"), @r"
    error: expected one pair for `untrusted_between` in a rule, but found two
     --> rules.toml:6:27
      |
    6 | c = { untrusted_between = ['x', 'z'] }
      |                           ^^^^^^^^^^ this one
     ::: rules.toml:4:27
      |
    4 | a = { untrusted_between = ['x', 'y'] }
      |                           ^^^^^^^^^^ and this one

    1 problem in the rules
    ");
    assert_snapshot!(refused("[[rule]]\nfields = 'json'\nlabels.a = { untrusted_between = ['x', 'y'] }\nmetric = [{ counter = 'c', by = ['a'] }]\n"), @r#"
    error: `untrusted_between` needs a rule with `fields = "logfmt"` or `"auto"`
     --> rules.toml:3:34
      |
    3 | labels.a = { untrusted_between = ['x', 'y'] }
      |                                  ^^^^^^^^^^

    1 problem in the rules
    "#);
}

#[test]
fn a_rule_says_its_untrusted_range_once() {
    let rules = |more: &str| {
        format!(
            "[[rule]]\nfields = 'auto'\n{more}\nlabels.a = {{ trusted = true, after = 'b' }}\nmetric = [{{ counter = 'c', by = ['a'] }}]\n"
        )
    };
    let loaded = load(&rules(
        "untrusted_between = [['r', 'g.*'], 'z']\nraw = { r = 'g.a' }",
    ));
    let loaded = loaded.unwrap();
    let rule = &loaded.set.rules[0];
    let range = UntrustedRange::new(["r", "g.*"], "z", [("r", "g.a")]);
    assert_eq!(rule.untrusted, Some(range));
    let field = &rule.labels["a"].field;
    assert_eq!(
        (field.trusted_only, field.after.as_deref()),
        (true, Some("b"))
    );
    assert_snapshot!(refused(&rules("")), @r#"
    error: `trusted` needs `untrusted_between` in the rule
     --> rules.toml:4:24
      |
    4 | labels.a = { trusted = true, after = 'b' }
      |                        ^^^^
      = hint: `untrusted_between = [["a", "b.*"], "z"]` says between which keys clients write

    1 problem in the rules
    "#);
}

#[test]
fn the_old_word_for_the_untrusted_range_names_the_new_one() {
    assert_snapshot!(refused("[[rule]]\nfields = 'auto'\nlabels.a = { outside = ['x', 'y'] }\nmetric = [{ counter = 'c', by = ['a'] }]\n"), @r"
    error: `outside` is called `untrusted_between` now
     --> rules.toml:3:14
      |
    3 | labels.a = { outside = ['x', 'y'] }
      |              ^^^^^^^
      = hint: write `untrusted_between`; what it means is the same

    1 problem in the rules
    ");
}

#[test]
fn a_whole_rule_is_understood() {
    let loaded = load(
        r#"
[[rule]]
match = '(?P<group>x)'
fields = "logfmt"
time = { from = ["t", "ts"], unpadded_micros = true }
trace = "trace.id"
[rule.labels]
user = { from = ["u", "v"], default = "anonymous", lowercase = true, take = "last", untrusted_between = ["p", "d"], pseudonym = true, max_length = 64, max_values = 9 }
route = ["route.name", "route"]
class = { from = "status", map = { 'x+' = "z", '2..' = "2xx", 'a|b' = "c" } }
group = { default = "none" }
[[rule.metric]]
histogram = "h"
value = { from = ["d"], take = "last", untrusted_between = ["p", "d"] }
by = ["user", "route", "class", "_service", "group"]
where = { class = "2xx|3xx", d = '\d+', "http.status" = "2.." }
"#,
    )
    .unwrap();
    let rule = &loaded.set.rules[0];
    assert_eq!(
        (rule.name.as_str(), rule.fields),
        ("rule-1", Some(FieldsMode::Logfmt))
    );
    let untrusted = UntrustedRange::new(["p"], "d", []);
    assert_eq!(rule.untrusted, Some(untrusted));
    let time = rule.time.as_ref().unwrap();
    assert!(time.reading.unpadded_micros);
    assert_eq!(time.field.from, ["t", "ts"]);
    assert_eq!(rule.trace.as_ref().unwrap().from, ["trace.id"]);
    let user = &rule.labels["user"];
    let field = |from: &[&str], take, trusted_only| Field {
        from: from.iter().map(ToString::to_string).collect(),
        take,
        trusted_only,
        ..Field::default()
    };
    assert_eq!(user.field, field(&["u", "v"], Take::Last, true));
    assert_eq!(user.default.as_deref(), Some("anonymous"));
    assert!(user.lowercase && user.pseudonym);
    assert_eq!((user.bytes_max, rule.labels["route"].bytes_max), (64, 256));
    assert_eq!(
        rule.labels["_service"].field,
        field(&["_service"], Take::Only, false)
    );
    assert_eq!(rule.labels["group"].field.from, ["group"]);
    let map = &rule.labels["class"].map;
    let order: Vec<&str> = map.iter().map(|(_, to)| to.as_plain().unwrap()).collect();
    assert_eq!(
        order,
        ["z", "2xx", "c"],
        "a map keeps the order of the file"
    );
    assert!(map[2].0.is_match("a") && !map[2].0.is_match("ax") && !map[2].0.is_match("xb"));
    let action = &rule.metrics[0];
    let conditions: Vec<&Condition> = action
        .conditions
        .iter()
        .map(|(condition, _)| condition)
        .collect();
    let last = Condition::Field(field(&["d"], Take::Last, true));
    let first = Condition::Field(field(&["http.status"], Take::First, false));
    assert_eq!(
        conditions,
        [&Condition::Label("class".into()), &last, &first]
    );
}

#[test]
fn whole_patterns_survive_comments_and_alternatives() {
    let loaded = load("[[rule]]\nmatch = '(?P<s>.*)'\nmetric = [{ counter = 'c', where = { s = '(?x) a | b # or' } }]\n").unwrap();
    let (_, test) = &loaded.set.rules[0].metrics[0].conditions[0];
    let ConditionTest::Pattern(pattern) = test else {
        panic!("{test:?}");
    };
    assert!(pattern.is_match("a") && pattern.is_match("b"));
    assert!(!pattern.is_match("ab") && !pattern.is_match("xb") && !pattern.is_match("a\n"));
}

#[test]
fn advice_names_what_is_probably_not_meant() {
    assert_snapshot!(advice("[[rule]]\nmatch = '(?P<a>x)(?P<b>y)'\n[rule.labels]\nc = 'a'\nd = 'a'\n[[rule.metric]]\ncounter = 'c'\nby = ['c']\n"), @r"
    warning: named group `b` is never used
     --> rules.toml:2:22
      |
    2 | match = '(?P<a>x)(?P<b>y)'
      |                      ^
      = hint: add it to `by`, or write `(?:…)` instead of `(?P<b>…)`

    warning: label `d` is never used
     --> rules.toml:5:1
      |
    5 | d = 'a'
      | ^
      = hint: add it to a metric's `by`
    ");
    assert_snapshot!(advice("[[rule]]\nfields = 'auto'\n[rule.labels]\nwhere_to = 'http.path'\nuser = 'user.id'\nid = 'request_id'\nok = { from = 'trace.id', max_values = 5 }\n[[rule.metric]]\ncounter = 'c'\nby = ['where_to', 'user', 'id', 'ok', 'url', '_time']\n"), @r"
    warning: label `where_to` may have a value for every line
      --> rules.toml:10:7
       |
    10 | by = ['where_to', 'user', 'id', 'ok', 'url', '_time']
       |       ^^^^^^^^^^
       = hint: `http.path` looks like an id, a path or a time; `map` or `max_values` bounds it

    warning: label `id` may have a value for every line
      --> rules.toml:10:27
       |
    10 | by = ['where_to', 'user', 'id', 'ok', 'url', '_time']
       |                           ^^^^
       = hint: `request_id` looks like an id, a path or a time; `map` or `max_values` bounds it

    warning: label `url` may have a value for every line
      --> rules.toml:10:39
       |
    10 | by = ['where_to', 'user', 'id', 'ok', 'url', '_time']
       |                                       ^^^^^
       = hint: `url` looks like an id, a path or a time; `map` or `max_values` bounds it

    warning: label `_time` may have a value for every line
      --> rules.toml:10:46
       |
    10 | by = ['where_to', 'user', 'id', 'ok', 'url', '_time']
       |                                              ^^^^^^^
       = hint: `_time` looks like an id, a path or a time; `map` or `max_values` bounds it
    ");
    assert_snapshot!(advice("[[rule]]\nfields = 'auto'\nlabels.status = 'http.status'\nmetric = [{ counter = 'c', by = ['status'], where = { statsu = '2..' } }]\n"), @r"
    warning: `statsu` is no label, so it is the field of that name
     --> rules.toml:4:55
      |
    4 | metric = [{ counter = 'c', by = ['status'], where = { statsu = '2..' } }]
      |                                                       ^^^^^^
      = hint: did you mean `status`?
    ");
    assert_snapshot!(advice("[[rule]]\nname = 'a'\nmatch = 'x'\nmetric = [{ counter = 'c' }]\n[[rule]]\nmatch = 'x'\nmetric = [{ counter = 'd' }]\n"), @r"
    warning: this rule matches the same lines as rule `a`
     --> rules.toml:6:9
      |
    6 | match = 'x'
      |         ^^^ both count them
     ::: rules.toml:3:9
      |
    3 | match = 'x'
      |         ^^^
      = hint: one rule may have several metrics
    ");
}
