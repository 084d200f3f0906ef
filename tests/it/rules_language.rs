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
fn without_a_question_the_subcommand_shows_what_it_can() {
    let run = Run::new().arg("rules").go().code(2);
    run.says(&["--schema", "reference"]);
}
