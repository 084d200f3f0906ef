//! What we ship loads clean; files and folders are found; names and cases come from their files.

use crate::engine::Engine;
use crate::engine::verdict::Outcome;
use logmetrics_follow::line::{Line, Origin, Wrapping};
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{load_files, refused};
use crate::rules::{FileSummary, load};

#[test]
fn shipped_rules_load_without_advice() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules"));
    let mut names = BTreeSet::new();
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_rules = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    for path in paths.filter(is_rules) {
        let loaded =
            load(std::slice::from_ref(&path)).unwrap_or_else(|problems| panic!("{problems}"));
        let advice: Vec<String> = loaded.advice.iter().map(ToString::to_string).collect();
        assert!(advice.is_empty(), "{}", advice.join("\n"));
        assert!(!loaded.cases.is_empty(), "{} has no tests", path.display());
        names.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
    }
    for name in ["agentgateway", "agentgateway-regex", "json-http", "nginx"] {
        assert!(names.contains(name), "{name}");
    }
}

#[test]
fn the_built_in_rules_make_the_promised_metrics() {
    let set = load(&[]).unwrap().set;
    let metrics: Vec<String> = set
        .metrics
        .iter()
        .map(|metric| {
            let labels: Vec<&str> = metric
                .labels
                .iter()
                .map(|label| label.name.as_str())
                .collect();
            format!("{}{{{}}}", metric.name, labels.join(","))
        })
        .collect();
    assert_eq!(
        metrics,
        [
            "ai_gateway_cost_usd_total{model,user_email}",
            "ai_gateway_errors_total{reason,route}",
            "ai_gateway_mcp_calls_total{target,tool,user_email}",
            "ai_gateway_request_duration_seconds{route}",
            "ai_gateway_requests_total{model,status,user_email}",
            "ai_gateway_time_to_first_token_seconds{model}",
            "ai_gateway_tokens_total{model,type,user_email}",
            "requests_by_user{route,status,user_email}",
        ]
    );
}

#[test]
fn the_built_in_rule_matches_requests_and_nothing_else() {
    let loaded = load(&[]).unwrap();
    let engine = Engine::new(&loaded.set, None).unwrap();
    let origin = Origin {
        source: "-".into(),
        file: "-".into(),
    };
    let is_match = |text: &str| {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        let outcome = engine.explain(&line).remove(0).outcome;
        matches!(outcome, Outcome::Matched(_))
    };
    for (_, case) in &loaded.cases {
        for line in &case.lines {
            // The cases of lines that are no requests are those that expect nothing.
            assert_eq!(is_match(line), !case.expect.is_empty(), "{line}");
        }
    }
}

const RULE: &str = "[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'c_total' }]\n";

#[test]
fn rules_without_a_name_get_one_that_is_free() {
    let named = format!("{RULE}{}", RULE.replace("match", "name = 'rule-1'\nmatch"));
    let loaded = load_files(&[
        ("x/a.toml", RULE),
        ("b.toml", &named),
        ("y/a.toml", RULE),
        ("z/a.toml", RULE),
    ])
    .unwrap();
    let names: Vec<&str> = loaded
        .set
        .rules
        .iter()
        .map(|rule| rule.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["a-rule-1", "b-rule-1", "rule-1", "a-rule-1-2", "a-rule-1-3"]
    );
}

#[test]
fn folders_give_their_toml_files_by_name_and_no_file_twice() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("deeper.toml")).unwrap();
    for name in ["b.toml", "a.toml", "c.txt", "deeper.toml/d.toml"] {
        std::fs::write(at(name), RULE).unwrap();
    }
    let loaded = load(&[folder.path().to_path_buf(), at("a.toml"), at("c.txt")]).unwrap();
    let paths: Vec<String> = loaded.files.iter().map(|file| file.path.clone()).collect();
    let expected: Vec<String> = ["a.toml", "b.toml", "c.txt"]
        .iter()
        .map(|name| at(name).display().to_string())
        .collect();
    assert_eq!(paths, expected);
}

#[test]
fn summaries_and_cases_know_their_file() {
    let second = "[[rule]]\nmatch = 'b'\nmetric = [{ counter = 'c_total' }, { counter = 'd_total' }]\n\
                  [[test]]\nlines = '''\nb\nb 2\n'''\nexpect = ['c_total 2']\n\
                  [[test]]\nname = 'none'\nlines = ['x', 'y']\nexpect = []\n";
    let loaded = load_files(&[("a.toml", RULE), ("b.toml", second)]).unwrap();
    let summary = |path: &str, metrics, cases| FileSummary {
        path: path.into(),
        rules: 1,
        metrics,
        cases,
    };
    assert_eq!(
        loaded.files,
        [summary("a.toml", 1, 0), summary("b.toml", 2, 2)]
    );
    let (file, case) = &loaded.cases[0];
    assert_eq!((*file, case.name.as_str()), (1, "test-1"));
    assert_eq!(case.lines, ["b", "b 2"]);
    assert_eq!(case.expect, ["c_total 2"]);
    assert!(second[case.offset..].starts_with("[[test]]"));
    assert_eq!(
        (
            loaded.cases[1].1.name.as_str(),
            loaded.cases[1].1.lines.len()
        ),
        ("none", 2)
    );
}

#[test]
fn no_rules_at_all_are_refused_but_one_empty_file_is_advice() {
    assert_eq!(
        refused("# nothing\n"),
        "error: expected at least one `[[rule]]`, but found none in all files\n\n1 problem in the rules\n"
    );
    let loaded = load_files(&[("a.toml", RULE), ("b.toml", "# later\n")]).unwrap();
    assert_eq!(loaded.advice.len(), 1);
    assert!(
        loaded.advice[0]
            .to_string()
            .starts_with("warning: no `[[rule]]` in this file\n --> b.toml:1:1\n")
    );
}

/// The two rules that the documentation shows first.
#[test]
fn the_rules_of_the_documentation_load_without_advice() {
    let long = r#"
[[rule]]
name   = "agentgateway-request"
match  = '\brequest\b'
fields = "auto"
time   = "time"
trace  = "trace.id"

[rule.labels]
user_email = { from = ["http.header.x-user-email", "user.email"], default = "anonymous", lowercase = true }
route      = ["route.name", "route"]
status     = "http.status"

[[rule.metric]]
counter = "requests_by_user"
help    = "Requests by user, route and HTTP status."
by      = ["user_email", "route", "status"]

[[rule.metric]]
histogram = "ai_gateway_request_duration_seconds"
value   = "duration"
buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
by      = ["route"]
where   = { status = "2.." }
limit   = 50000
expire  = "24h"
"#;
    let short = r"
[[rule]]
match  = '''http\.header\.x-user-email=(?P<user_email>\S+) .* route\.name=(?P<route>\S+) .* http\.status=(?P<status>\d+)'''
metric = [{ counter = 'requests_by_user', by = ['user_email', 'route', 'status'] }]
";
    let loaded = load_files(&[("long.toml", long), ("short.toml", short)]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.advice, []);
    assert_eq!((loaded.set.rules.len(), loaded.set.metrics.len()), (2, 2));
}

proptest::proptest! {
    /// Likewise for rules with a slip of the finger: some bytes of real ones lost or doubled.
    #[test]
    fn damaged_rules_are_loaded_or_refused(slips in proptest::collection::vec((0usize..12_000, 0usize..12, proptest::bool::ANY), 1..6)) {
        let mut text = crate::rules::BUILT_IN.to_string();
        for (at, length, double) in slips {
            let start = text.floor_char_boundary(at);
            let end = text.floor_char_boundary(start + length);
            let part = text[start..end].to_string();
            text.replace_range(start..end, &if double { part.repeat(2) } else { String::new() });
        }
        if let Err(problems) = load_files(&[("a.toml", &text)]) {
            proptest::prop_assert!(problems.to_string().starts_with("error: "));
        }
    }

    /// No text makes the loader panic, and what is refused can be shown.
    #[test]
    fn any_text_is_loaded_or_refused(text in proptest::collection::vec(
        proptest::sample::select(&[
            "[[rule]]\n", "[rule.labels]\n", "[[rule.metric]]\n", "[[test]]\n", "match", "fields", "by", "where",
            "counter", "histogram", "value", "buckets", "untrusted_between", "map", "from", "time", "expect", "lines",
            " = ", "= 'a(?P<é>.)'\n", "= ['a', 'é']\n", "= { from = 'a', untrusted_between = ['x', 'y'] }\n", "= [1, inf, nan]\n",
            "= '(?x) ( # '\n", "= \"\\u001b\\n\"\n", "= '''\n", "'''\n", "{", "}", "[", "]", "\"", "=", ",", ".", "é", "\r\n", "\t", "0x7f", "-1",
        ][..]), 0..40)
    ) {
        let text = text.concat();
        match load_files(&[("a.toml", &text), ("b.toml", RULE)]) {
            Ok(loaded) => proptest::prop_assert!(!loaded.set.rules.is_empty()),
            Err(problems) => proptest::prop_assert!(problems.to_string().lines().count() > 1),
        }
    }
}

#[test]
fn tables_are_read_with_the_rules_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[rule]]\nfields = 'auto'\nlabels.team = { from = 'user', lookup = 'teams.toml' }\n\
                 metric = [{ counter = 'c', by = ['team'] }]\n";
    std::fs::write(folder.path().join("a.toml"), rules).unwrap();
    let paths = [folder.path().to_path_buf()];
    let missing = load(&paths).unwrap_err().to_string();
    assert!(missing.contains("teams.toml"), "{missing}");
    std::fs::write(folder.path().join("teams.toml"), "ann = 'red'\n").unwrap();
    let before = crate::rules::gather(&paths);
    assert_eq!(before, crate::rules::gather(&paths));
    let loaded = before.clone().check().unwrap();
    assert_eq!((loaded.files.len(), loaded.set.rules.len()), (1, 1));
    let table = loaded.set.rules[0].labels["team"].lookup.clone().unwrap();
    assert_eq!(table.find("ann"), Some("red"));
    std::fs::write(folder.path().join("teams.toml"), "ann = 'blue'\n").unwrap();
    assert_ne!(before, crate::rules::gather(&paths));
    std::fs::write(folder.path().join("teams.toml"), "ann = [\n").unwrap();
    let wrong = load(&paths).unwrap_err().to_string();
    assert!(wrong.contains("teams.toml:1"), "{wrong}");
}

#[test]
fn what_has_one_cause_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    write("have.csv", "user,team,cost\na,b,c\n");
    let times = |column: &str| {
        format!("value = {{ from = 'n', times = {{ lookup = 'no.toml#{column}', key = 'u' }} }}\n")
    };
    let text = format!(
        "[[rule]]\nmatch = '(?P<u>a) (?P<n>b)'\nlabels.t = {{ from = 'u', lookup = 'no.csv' }}\n\
         labels.c = {{ from = 'u', lookup = 'have.csv#tem' }}\nlabels.d = {{ from = 'n', lookup = 'have.csv#tem' }}\n\
         [[rule.metric]]\ncounter = 'a'\nby = ['t', 'nobody']\n{}\
         [[rule.metric]]\ncounter = 'b'\nby = ['c', 'd', 'nobody']\n{}",
        times("in"),
        times("out"),
    );
    let first = write("a.toml", &text);
    let second = write(
        "b.toml",
        &format!(
            "[[rule]]\nmatch = '(?P<u>a) (?P<n>b)'\n[[rule.metric]]\ncounter = 'e'\nby = ['nobody']\n{}",
            times("in")
        ),
    );
    let problems = super::super::load(&[first, second]).unwrap_err();
    let said = problems
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "");
    let messages: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    assert_eq!(
        messages,
        [
            "error: cannot read `no.csv`: No such file or directory (os error 2)",
            "error: the table has no column `tem`; another place needs it, in line 5",
            "error: no label and no named group `nobody`; another place needs it, in line 12",
            "error: cannot read `no.toml`: No such file or directory (os error 2); \
             2 more places need it, in lines 13, b.toml:6",
            // Another rule has other fields.
            "error: no label and no named group `nobody`",
        ]
    );
    assert!(said.contains(" --> a.toml:9:"), "{said}");
    assert!(said.ends_with("5 problems in the rules\n"), "{said}");
}
