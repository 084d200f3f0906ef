//! Problems for programs: JSON, annotations of GitHub's workflows, and SARIF for code scanning.

use std::fmt::Write as _;

use clap::ValueEnum;
use logmetrics_core::rules::{Problem, Severity};
use serde_json::{Value, json};

/// How `check` shows problems.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, with the line and carets, on standard error
    #[default]
    Text,
    /// One object, on standard output
    Json,
    /// Annotations of a GitHub workflow
    Github,
    /// SARIF 2.1.0
    Sarif,
}

/// The document in a format other than text.
pub(super) fn document(format: Format, problems: &[Problem]) -> String {
    match format {
        Format::Text => String::new(),
        Format::Json => format!("{:#}\n", as_json(problems)),
        Format::Github => problems.iter().map(annotation).collect(),
        Format::Sarif => format!("{:#}\n", sarif(problems)),
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Line, column and the column after the last character that is meant, in characters from 1.
fn columns(problem: &Problem) -> Option<(&str, usize, usize, usize)> {
    let place = problem.excerpts.first()?;
    let meant = place.text.get(place.span.clone()).unwrap_or_default();
    let end = place.column + meant.chars().count();
    Some((&place.path, place.line, place.column, end))
}

fn as_json(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        let place = columns(problem);
        json!({
            "severity": word(problem.severity),
            "message": problem.message,
            "hint": problem.hint,
            "rule": problem.rule,
            "path": place.map(|(path, ..)| path),
            "line": place.map(|(_, line, ..)| line),
            "column": place.map(|(_, _, column, _)| column),
            "end_column": place.map(|(.., end)| end),
        })
    };
    let count = |severity| {
        problems
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    json!({
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "problems": problems.iter().map(one).collect::<Vec<_>>(),
    })
}

/// <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>
fn annotation(problem: &Problem) -> String {
    let data = |text: &str| {
        let text = text.replace('%', "%25");
        text.replace('\r', "%0D").replace('\n', "%0A")
    };
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = format!("::{}", word(problem.severity));
    if let Some((path, line, column, end)) = columns(problem) {
        let path = property(path);
        let _ = write!(out, " file={path},line={line},col={column},endColumn={end}");
    }
    let hint = problem.hint.as_ref().map(|hint| format!("\n{hint}"));
    let text = format!("{}{}", problem.message, hint.unwrap_or_default());
    let _ = writeln!(out, "::{}", data(&text));
    out
}

fn sarif(problems: &[Problem]) -> Value {
    let result = |problem: &Problem| {
        let hint = problem.hint.as_ref().map(|hint| format!("\n{hint}"));
        let text = format!("{}{}", problem.message, hint.unwrap_or_default());
        let location = columns(problem).map(|(path, line, column, end)| {
            json!({ "physicalLocation": {
                "artifactLocation": { "uri": path.replace(' ', "%20") },
                "region": { "startLine": line, "startColumn": column, "endColumn": end },
            } })
        });
        json!({
            "ruleId": "logmetrics-rules",
            "level": word(problem.severity),
            "message": { "text": text },
            "locations": location.into_iter().collect::<Vec<_>>(),
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "logmetrics",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": [{ "id": "logmetrics-rules" }],
            } },
            "columnKind": "unicodeCodePoints",
            "results": problems.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}
