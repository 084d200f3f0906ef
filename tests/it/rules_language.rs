//! The reference of the rules language and its schema: as the program prints them, and every example of
//! the reference does what it shows.

use crate::fixture::{Run, Scratch, repository};

#[test]
fn the_reference_and_the_schema_are_what_the_program_prints() {
    for (path, arguments) in [
        ("docs/rules.md", "rules reference"),
        ("rules/rules.schema.json", "rules --schema"),
    ] {
        let printed = Run::new().args(arguments).go().success().stdout;
        let published = std::fs::read_to_string(repository(path)).unwrap_or_default();
        assert!(
            printed == published,
            "{path} is out of date: logmetrics {arguments} > {path}"
        );
    }
}

#[test]
fn every_example_of_the_reference_holds() {
    let scratch = Scratch::new();
    let page = std::fs::read_to_string(repository("docs/rules.md")).unwrap();
    let mut count = 0;
    for example in page.split("```toml\n").skip(1) {
        let example = example.split("```\n").next().unwrap();
        let rules = scratch.write("example.toml", example);
        println!("{example}");
        let check = Run::new().arg("check").arg(&rules).go().success();
        assert_eq!(check.stderr, "", "advice");
        Run::new()
            .arg("test")
            .arg(&rules)
            .go()
            .success()
            .says(&["1 of 1 cases"]);
        if example.contains("report") {
            let log = scratch.write("example.log", lines_of(example));
            let report = Run::new()
                .args("report --format json")
                .rules(&rules)
                .arg(log)
                .go();
            let report = report.success().stdout;
            let report: serde_json::Value = serde_json::from_str(&report).unwrap();
            assert_eq!(report["total"]["requests"], 1, "{report:#}");
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

/// The one line of an example's case.
fn lines_of(example: &str) -> String {
    let line = example
        .lines()
        .find_map(|line| line.strip_prefix("lines = "));
    format!("{}\n", line.unwrap().trim_matches(['"', '\'']))
}

#[test]
fn rules_that_are_shipped_are_listed_shown_and_used_by_name() {
    let list = Run::new().args("rules list").go().success().stdout;
    assert_eq!(list, Run::new().args("rules").go().success().stdout);
    let names: Vec<&str> = (list.lines())
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert!(names.contains(&"builtin:nginx"), "{list}");
    for name in &names {
        // What is shown is a rules file of its own.
        let shown = Run::new()
            .args("rules show")
            .arg(name)
            .go()
            .success()
            .stdout;
        let scratch = Scratch::new();
        let rules = scratch.write("copy.toml", shown);
        Run::new().arg("test").arg(rules).go().success();
        Run::new().arg("test").arg(name).go().success();
    }
    let log =
        "203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] \"GET / HTTP/1.1\" 200 23 \"-\" \"x\"\n";
    let series = "nginx_http_requests_total{method=\"GET\",status=\"200\"} 1";
    let named = Run::new().args("--once -r builtin:nginx").stdin(log).go();
    assert_eq!(
        named.success().sorted("nginx_http_requests_total{"),
        [series]
    );
    let rules = "builtin:agentgateway:builtin:nginx";
    let of_environment = Run::new()
        .variable("LOGMETRICS_RULES", rules)
        .args("--once");
    let of_environment = of_environment.stdin(log).go().success();
    assert_eq!(
        of_environment.sorted("nginx_http_requests_total{"),
        [series]
    );
}

#[test]
fn rules_that_are_not_shipped_name_those_that_are() {
    let run = Run::new().args("--once -r builtin:ngnix -").go().code(2);
    run.says(&[
        "no rules `ngnix`",
        "did you mean `builtin:nginx`?",
        "json-http",
    ]);
    let run = Run::new().args("rules show cobol").go().code(2);
    run.says(&["no rules `cobol` are shipped", "nginx"]);
    // A path that works only beside the sources.
    let run = Run::new()
        .args("check no-such-folder/nginx.toml")
        .go()
        .code(2);
    run.says(&["`builtin:nginx`"]);
}

const CASES: &str = "[[rule]]\nname = 'one'\nfields = 'logfmt'\n\
    metric = [\n  { counter = 'seen', by = ['user'], where = { user = '[a-z]+' } },\n  \
    { counter = 'bytes', value = 'n' },\n]\n\
    [[rule]]\nname = 'two'\nmatch = 'zzz'\nmetric = [{ counter = 'z' }]\n\
    [[test]]\nname = 'right'\nlines = 'user=ann'\nexpect = ['seen{user=\"ann\"} 1']\n\
    [[test]]\nname = 'wrong <1>'\nlines = ['user=ann', 'user=bob']\nexpect = ['seen{user=\"ann\"} 2']\n\
    [[test]]\nname = 'partial'\nlines = ['user=ann', 'user=bob']\nexpect = ['seen{user=\"bob\"} 1']\npartial = true\n";

#[test]
fn cases_show_their_difference_their_coverage_and_junit() {
    let scratch = Scratch::new();
    let rules = scratch.write("rules.toml", CASES);
    let junit = scratch.path("junit.xml");
    let run = Run::new()
        .args("test --coverage --junit")
        .arg(&junit)
        .arg(&rules)
        .go();
    let run = run.code(1).says(&[
        "2 of 3 cases passed",
        "2 of 6 rules, metrics and conditions",
    ]);
    let difference = "wrong <1>: FAILED\n  - seen{user=\"ann\"} 2\n  + seen{user=\"ann\"} 1\n  + seen{user=\"bob\"} 1\n";
    assert!(run.stdout.contains(difference), "{}", run.stdout);
    for words in [
        "rule one: no case updates bytes\n",
        "rule one: seen: no case has a line where `where` leaves it out for `user`\n",
        "rule two: no case has a line that it matches\n",
    ] {
        assert!(run.stdout.contains(words), "{words}\n{}", run.stdout);
    }
    let xml = std::fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"wrong &lt;1&gt;\"><failure"), "{xml}");
    let named = Run::new()
        .args("test --name right")
        .arg(&rules)
        .go()
        .success();
    named.says(&["1 of 1 cases passed"]);
    let none = Run::new()
        .args("test --name nothing")
        .arg(&rules)
        .go()
        .code(2);
    none.says(&["no case has `nothing` in its name"]);
}

#[test]
fn a_table_whose_header_changed_is_said() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "rules.toml",
        "[[rule]]\nname = 'trades'\nfields = 'csv'\ncolumns = ['desk', 'qty']\nmetric = [{ counter = 'qty_total', value = 'qty' }]\n",
    );
    let log = scratch.write("trades.csv", "desk,qty\nfx,5\n");
    let run = Run::new()
        .arg("--once")
        .rules(&rules)
        .arg(&log)
        .go()
        .success();
    assert!(!run.stderr.contains("header"), "{}", run.stderr);
    let log = scratch.write("trades.csv", "desk,venue,qty\nfx,x,5\ndesk,venue,qty\n");
    let run = Run::new()
        .arg("--once")
        .rules(&rules)
        .arg(&log)
        .go()
        .success();
    let said = "a header with other columns: `desk`, `venue`, `qty`; `columns` says `desk`, `qty` (rule `trades`";
    assert_eq!(run.stderr.matches(said).count(), 1, "{}", run.stderr);
}
