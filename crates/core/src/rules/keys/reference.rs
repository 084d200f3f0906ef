//! The table of keys as a page for people: `docs/rules.md`.

use std::fmt::Write as _;

use super::{Key, KeyTable, Shape, TABLES};

const HEAD: &str = "\
# The rules language: reference

<!-- Made by `logmetrics rules reference > docs/rules.md` from the table that `logmetrics check` uses; a test keeps it so. -->

Every key that a rules file may have. Each comes with a whole rules file: save it, and `logmetrics test FILE` runs its case,
`logmetrics --once -r FILE LOG` counts a log of yours. `logmetrics check` says what is wrong with a file, with line and column;
`logmetrics explain -r FILE LOG` says, line by line, what matched and what did not.

For completion and hover in an editor with a TOML language server (taplo, Even Better TOML), write the schema beside your rules and
name it in their first line:

```sh
logmetrics rules --schema > rules.schema.json
```

```text
#:schema ./rules.schema.json
```
";

/// The page, as markdown.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    page.push('\n');
    for table in TABLES {
        let names: Vec<String> = table.keys.iter().map(|key| link(table, key)).collect();
        let _ = writeln!(page, "- {}: {}", link_to(table), names.join(", "));
    }
    for table in TABLES {
        let _ = write!(page, "\n## {}\n\n{}\n", title(table), table.about);
        for key in table.keys {
            write_key(table, key, &mut page);
        }
    }
    page
}

/// The heading of a table.
fn title(table: &KeyTable) -> String {
    match table.written.starts_with('[') {
        true => format!("Keys of `{}`", table.written),
        false => format!("Keys of {}", table.written),
    }
}

/// A link to a table, by what is written.
fn link_to(table: &KeyTable) -> String {
    let ticks = if table.written.starts_with('[') {
        "`"
    } else {
        ""
    };
    format!(
        "[{ticks}{}{ticks}](#{})",
        table.written,
        anchor(&title(table))
    )
}

/// The heading of a key, which is the only one of its kind on the page.
fn heading(table: &KeyTable, key: &Key) -> String {
    format!("`{}.{}`", table.path, key.name)
}

fn link(table: &KeyTable, key: &Key) -> String {
    format!("[`{}`](#{})", key.name, anchor(&heading(table, key)))
}

/// What GitHub and others make of a heading for links.
pub(super) fn anchor(heading: &str) -> String {
    let small = heading.to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    small
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

fn write_key(table: &KeyTable, key: &Key, page: &mut String) {
    let _ = write!(page, "\n### {}\n\n{}\n\n", heading(table, key), key.about);
    let _ = writeln!(page, "- Type: {}", words(&key.shape));
    if !key.default.is_empty() {
        let _ = writeln!(page, "- Without it: {}", key.default);
    }
    let _ = write!(page, "\n```toml\n{}```\n", key.example);
}

/// A shape in words.
pub(super) fn words(shape: &Shape) -> String {
    match shape {
        Shape::Text => "a string".into(),
        Shape::Regex => "a string, a regex".into(),
        Shape::Regexes => "a string or a list of strings, regexes".into(),
        Shape::MetricName => "a string, the name of a metric".into(),
        Shape::Duration => "a string, a duration with its unit".into(),
        Shape::Flag => "`true` or `false`".into(),
        Shape::Count(least) => format!("a whole number, at least {least}"),
        Shape::Number => "a number".into(),
        Shape::NumberNotZero => "a number other than 0".into(),
        Shape::Mark => "a string of one character".into(),
        Shape::Numbers => "a list of numbers".into(),
        Shape::Samples => "a list of strings, samples".into(),
        Shape::LabelNames => "a list of strings, names of labels".into(),
        Shape::TextOrTexts => "a string or a list of strings".into(),
        Shape::Word(choices) => {
            let quoted: Vec<String> = choices.iter().map(|word| format!("`\"{word}\"`")).collect();
            either(&quoted)
        }
        Shape::Range => "a list of two: a key or a list of keys, and a key".into(),
        Shape::Names(what, _) | Shape::Labels(what, _) | Shape::Some(what, _) => (*what).into(),
        Shape::Table(table) => format!("a table: {}", link_to(table)),
        Shape::Tables(table) | Shape::SomeTables(table) => {
            format!("a list of tables: {}", link_to(table))
        }
        Shape::Either(shapes) => {
            let each: Vec<String> = shapes.iter().map(words).collect();
            either(&each)
        }
    }
}

/// `a`, `b` or `c`
pub(super) fn either(words: &[String]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
