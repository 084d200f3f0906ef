//! Logs of random designs: columns, delimiters, quotes, brackets, keys.

use proptest::prelude::*;

use super::{holds, sample};
use crate::suggestion::suggest;

/// What a column holds.
#[derive(Debug, Clone, Copy)]
enum Content {
    Time,
    Level,
    User,
    Status,
    Milliseconds,
    Bytes,
    Path,
    Request,
}

/// What is around a column's values.
#[derive(Debug, Clone, Copy)]
enum Around {
    Nothing,
    Quotes,
    Brackets,
    Key,
    Colon,
}

#[derive(Debug, Clone)]
struct Design {
    columns: Vec<(Content, Around)>,
    delimiter: &'static str,
    lines: usize,
}

fn design() -> impl Strategy<Value = Design> {
    use Around::*;
    use Content::*;
    let contents = vec![
        Time,
        Level,
        User,
        Status,
        Milliseconds,
        Bytes,
        Path,
        Request,
    ];
    // Programs write a key before every value, or before none.
    let bare = proptest::sample::select(vec![Nothing, Nothing, Quotes, Brackets, Colon]);
    let around = prop_oneof![
        4 => proptest::collection::vec(bare, 8),
        1 => Just(vec![Key; 8]),
    ];
    let columns = proptest::sample::subsequence(contents, 2..=8).prop_shuffle();
    let delimiter = proptest::sample::select(vec![" ", " ", "|", " | ", "\t", ";", " - ", ", "]);
    (columns, around, delimiter, 4..40_usize).prop_map(|(columns, around, delimiter, lines)| {
        Design {
            columns: columns.into_iter().zip(around).collect(),
            delimiter,
            lines,
        }
    })
}

impl Design {
    fn line(&self, number: usize) -> String {
        let cells = self.columns.iter().map(|(content, around)| {
            let (name, value) = content.value(number);
            match around {
                // What has blanks in it is between quotes in a log that anybody can read.
                Around::Nothing if value.contains(' ') => format!("\"{value}\""),
                Around::Nothing => value,
                Around::Quotes => format!("\"{value}\""),
                Around::Brackets => format!("[{value}]"),
                Around::Key if value.contains(' ') => format!("{name}=\"{value}\""),
                Around::Key => format!("{name}={value}"),
                Around::Colon if value.contains(' ') => format!("{name}: \"{value}\""),
                Around::Colon => format!("{name}: {value}"),
            }
        });
        cells.collect::<Vec<_>>().join(self.delimiter)
    }

    fn has(&self, wanted: impl Fn(Content) -> bool) -> bool {
        self.columns.iter().any(|(content, _)| wanted(*content))
    }
}

impl Content {
    fn value(self, number: usize) -> (&'static str, String) {
        let of = |list: &[&str]| list[number * 7 % list.len()].to_owned();
        match self {
            Content::Time => (
                "ts",
                format!("2026-01-01T10:{:02}:{:02}Z", number / 60, number % 60),
            ),
            Content::Level => ("level", of(&["INFO", "WARN", "ERROR"])),
            Content::User => ("user", of(&["ann", "bob"])),
            Content::Status => ("status", of(&["200", "404", "500"])),
            Content::Milliseconds => ("took", format!("{}ms", number * 13 % 700)),
            Content::Bytes => ("bytes", (number * 1013 % 9000).to_string()),
            Content::Path => ("path", format!("/items/{number}")),
            Content::Request => ("request", format!("GET /a/{number} HTTP/1.1")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn a_log_of_any_design_gets_rules_that_count_all_of_it(design in design()) {
        let lines: Vec<String> = (0..design.lines).map(|number| design.line(number)).collect();
        let suggestion = suggest(&sample(&lines.join("\n")), "own.log").unwrap();
        let shown = format!("{}\n{}", lines[..4].join("\n"), suggestion.rules);
        let result = holds(&suggestion);
        prop_assert!(result.is_ok(), "{}\n{}", result.unwrap_err(), shown);
        prop_assert_eq!(suggestion.matched, design.lines, "{}", shown);
        // `200 | …` is taken for a service and what it prints, as compose writes it.
        let is_wrapped = design.delimiter == " | ";
        if design.has(|content| matches!(content, Content::Level | Content::Status)) {
            prop_assert!(suggestion.rules.contains("\nby = ["), "{}", shown);
        }
        if !is_wrapped && design.has(|content| matches!(content, Content::Milliseconds)) {
            prop_assert!(suggestion.rules.contains("_seconds\"\n"), "{}", shown);
        }
    }
}
