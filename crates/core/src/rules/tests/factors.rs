//! Factors of numbers: what is refused, and in which words.

use insta::assert_snapshot;

use super::{advice, refused};
use crate::rules::load;

fn metric(times: &str) -> String {
    format!(
        "[[rule]]\nmatch = '(?P<model>x) (?P<tokens>y)'\nlabels.tier = {{ from = 'model' }}\n[[rule.metric]]\n\
         counter = 'a'\nvalue = {{ from = 'tokens', times = {times} }}\n"
    )
}

/// What is said of rules whose prices are such a file.
fn with_prices(name: &str, file: &str, text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let times = format!("{{ lookup = '{name}', key = 'model' }}");
    let rules = folder.path().join("rules.toml");
    std::fs::write(&rules, metric(&times).replace("labels.tier", "#")).unwrap();
    std::fs::write(folder.path().join(file), text).unwrap();
    let prefix = format!("{}/", folder.path().display());
    match load(&[rules]) {
        Ok(loaded) => {
            assert!(loaded.advice.is_empty(), "{}", loaded.advice[0]);
            Ok(())
        }
        Err(problems) => Err(problems.to_string().replace(&prefix, "")),
    }
}

#[test]
fn what_may_not_be_said_of_a_factor() {
    let texts = [
        "2",
        "'prices.toml'",
        "{ key = 'model' }",
        "{ lookup = { a = 1 } }",
        "{ lookup = { a = 1 }, ky = 'model' }",
        "{ lookup = { a = '1' }, key = 'model' }",
        "{ lookup = { a = inf }, key = 'model' }",
        "{ lookup = { a = 1 }, key = 'modle' }",
        "{ lookup = { a = 1 }, key = { lowercase = true } }",
        "{ lookup = { a = 1 }, key = 'model', default = nan }",
        "{ lookup = { a = 1 }, key = 'model', default = 'one' }",
    ];
    let said: Vec<String> = texts
        .iter()
        .map(|text| {
            let said = refused(&metric(text));
            let lines = said.lines().filter(|line| {
                line.starts_with("error") || line.contains('^') || line.contains("hint")
            });
            format!("{text}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
        })
        .collect();
    assert_snapshot!(said.join("\n"));
}

#[test]
fn what_may_not_be_said_of_a_sum() {
    for (value, expected) in [
        ("{ sum = [] }", "`sum`"),
        ("{ sum = 'tokens' }", "a list of strings and tables"),
        (
            "{ sum = [['tokens', 'model']] }",
            "expected a string or a table",
        ),
        (
            "{ sum = ['tokens'], unit = 's' }",
            "so that `unit` says nothing here",
        ),
        (
            "{ from = 'tokens', sum = ['tokens'] }",
            "so that `from` says nothing here",
        ),
        (
            "{ sum = ['tokens', { sum = ['tokens'] }] }",
            "no part of another `sum`",
        ),
        (
            "{ sum = ['tokens', '_time'] }",
            "a time is no part of a `sum`",
        ),
        ("{ sum = ['tokens', 'tokns'] }", "did you mean `tokens`?"),
    ] {
        let rules = format!(
            "[[rule]]\nmatch = '(?P<model>x) (?P<tokens>y)'\n[[rule.metric]]\ncounter = 'a'\nby = ['model']\nvalue = {value}\n"
        );
        let said = refused(&rules);
        assert!(said.contains(expected), "{value}\n{said}");
    }
}

#[test]
fn tables_of_numbers_are_files_with_columns() {
    let toml = "['gpt-4o']\ninput = 2.5\noutput = 10\n['x*']\ninput = 1\n";
    let csv = "model,input,output\ngpt-4o,2.5,10\nx,1,\n";
    for (name, file, text) in [
        ("p.toml#input", "p.toml", toml),
        ("p.toml#output", "p.toml", toml),
        ("p.toml", "p.toml", "a = 1\nb = 2.5\nc = '3'\n"),
        ("p.csv#output", "p.csv", csv),
        ("p.csv", "p.csv", "model,price\na,1\nb,-1e-3\n"),
    ] {
        assert_eq!(with_prices(name, file, text), Ok(()), "{name}");
    }
}

#[test]
fn what_is_wrong_in_a_table_of_numbers_is_pointed_at() {
    let toml = "['gpt-4o']\ninput = 2.5\noutput = 10\n";
    let csv = "model,input,output\ngpt-4o,2.5,10\n";
    let said: Vec<String> = [
        ("p.toml#inptu", "p.toml", toml),
        ("p.toml", "p.toml", toml),
        ("p.toml", "q.toml", toml),
        ("p.toml#input", "p.toml", "[gpt-4.1]\ninput = 2\n"),
        ("p.toml#input", "p.toml", "[a]\ninput = 'much'\n"),
        ("p.toml", "p.toml", "a = nan\n"),
        ("p.toml", "p.toml", "a = true\n"),
        ("p.csv#outptu", "p.csv", csv),
        ("p.csv", "p.csv", csv),
        ("p.csv", "p.csv", "model,price\na,1\nb,$2.50\n"),
        ("p.csv", "p.csv", "model,price\na,inf\n"),
    ]
    .into_iter()
    .map(|(name, file, text)| {
        let said = with_prices(name, file, text).unwrap_err();
        let lines = said.lines().filter(|line| !line.contains("in the rules"));
        format!("{name}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    })
    .collect();
    assert_snapshot!(said.join("\n"));
}

#[test]
fn a_label_that_only_a_factor_uses_is_used() {
    let rules = metric("{ lookup = { a = 1 }, key = 'tier' }");
    assert_eq!(advice(&rules), "");
    let rules = "[[rule]]\nfields = 'json'\nlabels.model = { from = 'm' }\n[[rule.metric]]\ncounter = 'a'\nby = ['model']\n\
                 value = { from = 'n', times = { lookup = { a = 1 }, key = 'modle' } }\n";
    assert!(advice(rules).contains("`model`"), "{}", advice(rules));
}
