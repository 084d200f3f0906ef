//! The table agrees with itself, with the reader of rules, and with the schema that is made of it.

use serde_json::{Value, json};

use super::super::load::SourceText;
use super::super::{Loaded, Problems, load_text};
use super::*;

fn load(text: &str) -> Result<Loaded, Problems> {
    load_text(vec![SourceText {
        path: "rules.toml".into(),
        text: text.into(),
    }])
}

/// The schema, ready to judge.
struct Judge {
    schemas: boon::Schemas,
    index: boon::SchemaIndex,
}

impl Judge {
    fn new() -> Judge {
        let mut compiler = boon::Compiler::new();
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        compiler.add_resource("mem://rules.json", schema).unwrap();
        let mut schemas = boon::Schemas::new();
        let index = compiler.compile("mem://rules.json", &mut schemas).unwrap();
        Judge { schemas, index }
    }

    /// What the schema says against a rules file.
    fn fault(&self, text: &str) -> Option<String> {
        let table: toml::Table = toml::from_str(text).unwrap();
        self.fault_of(&serde_json::to_value(table).unwrap())
    }

    fn fault_of(&self, file: &Value) -> Option<String> {
        let judged = self.schemas.validate(file, self.index);
        judged.err().map(|error| format!("{error:#}"))
    }
}

/// Each key with the path of its table.
fn every_key() -> impl Iterator<Item = (String, &'static Key)> {
    TABLES.iter().flat_map(|table| {
        let keys = table.keys.iter();
        keys.map(|key| (format!("{}.{}", table.path, key.name), key))
    })
}

#[test]
fn each_key_has_an_example_that_uses_it_and_passes_without_advice() {
    let judge = Judge::new();
    for (path, key) in every_key() {
        let words: Vec<&str> = key
            .example
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .collect();
        assert!(words.contains(&key.name), "{path}: not in its example");
        let loaded = load(key.example).unwrap_or_else(|problems| panic!("{path}: {problems}"));
        assert!(loaded.advice.is_empty(), "{path}: {}", loaded.advice[0]);
        assert!(!loaded.cases.is_empty(), "{path}: no case");
        assert_eq!(judge.fault(key.example), None, "{path}");
        assert!(!key.about.is_empty(), "{path}");
    }
}

#[test]
fn links_of_the_reference_lead_to_one_heading() {
    let page = reference();
    let headings = page.lines().filter(|line| line.starts_with("##"));
    let mut anchors: Vec<String> = headings
        .map(|heading| reference::anchor(heading.trim_start_matches('#').trim_start()))
        .collect();
    let count = anchors.len();
    anchors.sort_unstable();
    anchors.dedup();
    assert_eq!(anchors.len(), count);
    for link in page.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap().to_owned();
        assert!(anchors.contains(&anchor), "#{anchor}");
    }
}

/// What a message must say of a shape.
fn words_of(shape: &Shape) -> String {
    match shape {
        Shape::Table(_) => "a table".to_owned(),
        Shape::Tables(_) | Shape::SomeTables(_) => "a list of tables".to_owned(),
        Shape::Names(what, _) | Shape::Labels(what, _) => (*what).to_owned(),
        Shape::Numbers => "a list of numbers".to_owned(),
        Shape::Samples => "a list of strings".to_owned(),
        Shape::Range => "a list of two".to_owned(),
        other => expected(other).unwrap(),
    }
}

#[test]
fn a_wrong_type_is_answered_with_what_the_key_takes() {
    let mut unsaid = Vec::new();
    for (path, key) in every_key() {
        let wrong = match key.shape {
            Shape::Flag => "\"yes\"",
            _ => "true",
        };
        let place = expected::place(key).unwrap_or_else(|| panic!("{path}: not in its example"));
        let text = match expected::is_header(&key.example[place.clone()]) {
            // A table with a line of its own cannot be replaced where it is.
            true => {
                let table: toml::Table = toml::from_str(key.example).unwrap();
                let mut file = serde_json::to_value(table).unwrap();
                assert!(replace(&mut file, key.name, &json!(true)), "{path}");
                toml::to_string(&file).unwrap()
            }
            false => {
                let mut text = key.example.to_owned();
                text.replace_range(place, wrong);
                text
            }
        };
        let Err(problems) = load(&text) else {
            unsaid.push(format!("{path}: nothing is said"));
            continue;
        };
        let name = key.name;
        let wanted = format!("expected {}", words_of(&key.shape));
        let said = problems.list.iter().find(|problem| {
            let message = &problem.message;
            message.starts_with(&wanted) && message.contains(&format!(" for `{name}`, but found"))
        });
        let Some(said) = said else {
            unsaid.push(format!("{path}: {wanted}\n{problems}"));
            continue;
        };
        let example = example(key);
        let hint = said.hint.clone().unwrap_or_default();
        let shown =
            example.is_none_or(|example| hint.contains(&example) || hint.contains("write `"));
        if !shown {
            unsaid.push(format!("{path}: {said}"));
        }
    }
    assert!(unsaid.is_empty(), "{}", unsaid.join("\n"));
}

/// Values of every type, some of them right for each shape.
fn probes() -> Vec<Value> {
    vec![
        json!("x_total"),
        json!("1h30m"),
        json!("auto"),
        json!("only"),
        json!(true),
        json!(9),
        json!(0),
        json!(-1),
        json!(1.5),
        json!([]),
        json!(["a", "b"]),
        json!([["a"], "b"]),
        json!([0.1, 2]),
        json!([{}]),
        json!({}),
        json!({ "a": "b" }),
        json!({ "a": 1 }),
    ]
}

/// Whether a problem is one of type, range or choice, which the schema sees too.
fn is_of_shape(message: &str) -> bool {
    ["expected ", "unknown key "]
        .iter()
        .any(|start| message.starts_with(start))
        && !["metric name", "label name", "`[[rule]]`"]
            .iter()
            .any(|word| message.contains(word))
}

/// Puts `value` wherever a table of the file that has the key has it.
fn replace(file: &mut Value, key: &str, value: &Value) -> bool {
    match file {
        Value::Object(table) => {
            if let Some(old) = table.get_mut(key) {
                *old = value.clone();
                return true;
            }
            table.values_mut().any(|inner| replace(inner, key, value))
        }
        Value::Array(list) => list.iter_mut().any(|inner| replace(inner, key, value)),
        _ => false,
    }
}

#[test]
fn the_reader_and_the_schema_want_the_same_types() {
    let judge = Judge::new();
    let mut apart = Vec::new();
    for (path, key) in every_key() {
        for probe in probes() {
            let table: toml::Table = toml::from_str(key.example).unwrap();
            let mut file = serde_json::to_value(table).unwrap();
            assert!(replace(&mut file, key.name, &probe), "{path}");
            let loaded = load(&toml::to_string(&file).unwrap());
            let fault = judge.fault_of(&file);
            match (loaded, fault) {
                (Ok(_), Some(fault)) => apart.push(format!("{path} = {probe}: {fault}")),
                (Err(problems), None) => {
                    let mut messages = problems.list.iter().map(|problem| &problem.message);
                    let wrong = messages.find(|message| is_of_shape(message));
                    apart.extend(wrong.map(|wrong| format!("{path} = {probe}: check: {wrong}")));
                }
                _ => {}
            }
        }
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}

#[test]
fn the_rules_that_are_shipped_fit_the_schema() {
    let judge = Judge::new();
    let mut folders =
        vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../rules")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(judge.fault(&text), None, "{}", path.display());
                let first = text.lines().next().unwrap_or_default();
                let named = first.starts_with("#:schema ") && first.ends_with(SCHEMA_FILE);
                assert!(
                    named,
                    "{}: name the schema in the first line",
                    path.display()
                );
                count += 1;
            }
        }
    }
    assert!(count >= 4);
}

#[test]
fn broken_rules_do_not_fit() {
    let rule = |rule: &str| format!("[[rule]]\n{rule}\n");
    let metric = |metric: &str| rule(&format!("match = 'x'\nmetric = [{metric}]"));
    let seen = "metric = [{ counter = 'seen' }]";
    let labels = |entry: &str| rule(&format!("fields = 'json'\nlabels.a = {entry}\n{seen}"));
    let broken = [
        "rules = []".to_owned(),
        "rule = { match = 'x' }".to_owned(),
        "[rule]\nmatch = 'x'\nmetric = []".to_owned(),
        rule(seen),
        rule("match = 'x'"),
        rule(&format!("math = 'x'\n{seen}")),
        rule(&format!("match = [4]\n{seen}")),
        rule(&format!("fields = 'jsn'\n{seen}")),
        rule(&format!(
            "fields = 'logfmt'\nuntrusted_between = ['a']\n{seen}"
        )),
        rule(&format!("match = 'x'\nreport = {{ usr = 'x' }}\n{seen}")),
        labels("{ from = 'b', trusted = 'yes' }"),
        labels("{ take = 'any' }"),
        labels("{ max_length = 7 }"),
        labels("{ max_values = 0 }"),
        labels("[]"),
        labels("{ map = ['a'] }"),
        rule(&format!("fields = 'json'\nlabels.'a-b' = 'c'\n{seen}")),
        rule(&format!("fields = 'json'\nlabels.__a = 'c'\n{seen}")),
        metric("{ by = ['a'] }"),
        metric("{ counter = 'a', gauge = 'b' }"),
        metric("{ counter = 'a-b' }"),
        metric("{ gauge = 'a' }"),
        metric("{ counter = 'a', by = 'b' }"),
        metric("{ counter = 'a', buckets = [1] }"),
        metric("{ counter = 'a', expire = 60 }"),
        metric("{ counter = 'a', expire = '1 day' }"),
        metric("{ counter = 'a', limit = '10' }"),
        format!("{}[[test]]\nlines = 'x'\n", metric("{ counter = 'a' }")),
        format!(
            "{}[[test]]\nlines = 'x'\nexpect = 'a 1'\n",
            metric("{ counter = 'a' }")
        ),
    ];
    let judge = Judge::new();
    for text in broken {
        assert!(judge.fault(&text).is_some(), "{text}");
        assert!(load(&text).is_err(), "{text}");
    }
}

#[test]
fn a_key_of_another_table_says_where_it_belongs() {
    let text = "[[rule]]\nmatch = 'x'\nbuckets = [1]\nmetric = [{ counter = 'a' }]\n";
    let problems = load(text).unwrap_err();
    let hint = problems.list[0].hint.clone().unwrap_or_default();
    assert!(
        hint.starts_with("it is a key of `[[rule.metric]]`; known here: name, match"),
        "{hint}"
    );
}
