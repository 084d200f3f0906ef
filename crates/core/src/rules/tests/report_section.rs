//! `[rule.report]`: what it names, what is guessed without it, and mistakes in it.

use super::{advice, load, refused};
use crate::rules::{Condition, Rule, load as load_paths};

const LABELS: &str = "[[rule]]\nfields = 'auto'\n[rule.labels]\nwho = { from = 'u', lowercase = true }\nstatus = 's'\n\
                      [[rule.metric]]\ncounter = 'seen'\nby = ['status']\n";

fn rule(text: &str) -> Rule {
    load(text).unwrap().set.rules.remove(0)
}

#[test]
fn a_label_keeps_its_tools_and_a_field_has_none() {
    let rule = rule(&format!(
        "{LABELS}[rule.report]\nuser = 'who'\nroute = 'r'\nmodel = {{ from = ['a', 'b'], take = 'last', default = 'x' }}\n\
         tokens_input = {{ from = 'n', where = {{ who = 'a', n = '1' }} }}\ntrace = 't'\n"
    ));
    let report = rule.report.unwrap();
    assert!(rule.report_is_written);
    let user = report.user.unwrap();
    assert_eq!((user.field.from, user.lowercase), (vec!["u".into()], true));
    assert_eq!(report.route.unwrap().field.from, ["r"]);
    // What is not said is guessed.
    assert_eq!(report.status.unwrap().field.from, ["s"]);
    assert_eq!(report.model.unwrap().default.as_deref(), Some("x"));
    assert_eq!(report.trace.unwrap().from, ["t"]);
    let tokens = report.tokens_input.unwrap();
    assert!(matches!(&tokens.conditions[0].0, Condition::Label(name) if name == "who"));
    assert!(matches!(&tokens.conditions[1].0, Condition::Field(field) if field.from == ["n"]));
    assert!(report.labels.contains_key("who"));
    // No metric has the label, so the main job does not read it.
    assert!(!rule.labels.contains_key("who"));
}

#[test]
fn usual_names_are_guessed() {
    let guessed = rule(
        "[[rule]]\nmatch = '(?P<user>a) (?P<path>b) (?P<code>c) (?P<took>d)'\n\
         [[rule.metric]]\nhistogram = 'x_duration_seconds'\nvalue = 'took'\nby = ['user', 'path', 'code']\n",
    );
    assert!(!guessed.report_is_written);
    let report = guessed.report.unwrap();
    assert_eq!(report.user.unwrap().field.from, ["user"]);
    assert_eq!(report.route.unwrap().field.from, ["path"]);
    assert_eq!(report.status.unwrap().field.from, ["code"]);
    assert_eq!(
        report.duration.unwrap().amount.plain_field().unwrap().from,
        ["took"]
    );
    // Also a label that no metric has.
    let alone = rule(
        "[[rule]]\nfields = 'auto'\n[rule.labels]\nuser = 'who'\nroute = 'to'\n\
         [[rule.metric]]\ncounter = 'a'\nby = ['user']\n",
    );
    let report = alone.report.unwrap();
    assert_eq!(report.route.unwrap().field.from, ["to"]);
    let none =
        rule("[[rule]]\nmatch = 'x (?P<shop>.)'\n[[rule.metric]]\ncounter = 'a'\nby = ['shop']\n");
    assert!(none.report.is_none());
}

#[test]
fn a_report_needs_no_advice() {
    assert_eq!(
        advice(&format!("{LABELS}[rule.report]\nuser = 'who'\n")),
        ""
    );
    assert_eq!(
        advice(
            "[[rule]]\nmatch = '(?P<a>x) (?P<b>y)'\n[rule.report]\nuser = 'a'\n[[rule.metric]]\ncounter = 'c'\nby = ['b']\n"
        ),
        ""
    );
}

#[test]
fn mistakes_are_pointed_at() {
    let text = format!(
        "{LABELS}[rule.report]\nusr = 'who'\ntrace = {{ from = 't', where = {{ x = 'y' }} }}\ncost = true\n"
    );
    insta::assert_snapshot!(refused(&text), @r#"
    error: unknown key `usr`
      --> rules.toml:10:1
       |
    10 | usr = 'who'
       | ^^^
       = hint: did you mean `user`?

    error: `trace` takes no `where`: an id that is on the line is shown
      --> rules.toml:11:33
       |
    11 | trace = { from = 't', where = { x = 'y' } }
       |                                 ^

    error: expected a number, the name of a field, a table or a list of these for `cost`, but found `true`
      --> rules.toml:12:8
       |
    12 | cost = true
       |        ^^^^
       = hint: for example `cost = { from = "price", where = { status = "200" } }`

    3 problems in the rules
    "#);
    let text = "[[rule]]\nmatch = '(?P<email>x)'\n[rule.report]\nuser = 'emial'\n[[rule.metric]]\ncounter = 'c'\nby = ['email']\n";
    insta::assert_snapshot!(refused(text), @"
    error: no label and no named group `emial`
     --> rules.toml:4:8
      |
    4 | user = 'emial'
      |        ^^^^^^^
      = hint: did you mean `email`?

    1 problem in the rules
    ");
}

#[test]
fn rules_that_are_shipped_say_what_a_report_shows() {
    for name in ["agentgateway", "nginx", "json-http", "agentgateway-regex"] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/").to_owned() + name + ".toml";
        let loaded = load_paths(&[path.into()]).unwrap();
        assert!(loaded.set.rules[0].report.is_some(), "{name}");
    }
}

#[test]
fn durations_of_a_report_are_in_seconds() {
    let rule = |duration: &str| {
        let text = format!(
            "[[rule]]\nfields = 'json'\n[rule.report]\nduration = {duration}\n[[rule.metric]]\ncounter = 'c_total'\n"
        );
        let loaded = super::load(&text).unwrap();
        let advice = loaded.advice.iter().map(|problem| problem.message.clone());
        advice.collect::<Vec<_>>()
    };
    assert_eq!(
        rule("'latencyMs'"),
        ["`latencyMs` looks like a number in ms, and `duration` is in seconds"]
    );
    for good in [
        "'latency'",
        "{ from = 'latencyMs', unit = 'ms' }",
        "{ from = 'latencyMs', scale = 0.001 }",
    ] {
        assert!(rule(good).is_empty(), "{good}");
    }
}
