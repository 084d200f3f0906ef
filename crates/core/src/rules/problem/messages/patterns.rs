//! What is said of patterns.

use std::fmt::Display;

use super::super::{At, Cause, Draft, ProblemPlace};
use super::{did_you_mean, one_of, quote};
use crate::number::{ComparisonError, Unit};

pub fn invalid_pattern(place: ProblemPlace, message: &dyn Display) -> Draft {
    Draft::error(place, format!("invalid pattern: {message}"))
}

pub fn pattern_too_big(place: ProblemPlace, bytes_max: usize) -> Draft {
    let mib = bytes_max / (1024 * 1024);
    Draft::error(
        place,
        format!("expected a pattern of at most {mib} MiB compiled, but it is larger"),
    )
    .hint("smaller repetition counts, or `(?-u)` and ASCII classes, make it smaller")
}

// Patterns of other languages.

pub fn pattern_in_slashes(pattern: &At<String>, inner: &str) -> Draft {
    Draft::error(
        pattern.place,
        "this pattern can never match: the slashes around it are a part of it",
    )
    .hint(format!(
        "write '{inner}', and `(?i)` before it where case does not matter"
    ))
}

pub fn pattern_dead(pattern: &At<String>) -> Draft {
    Draft::error(pattern.place, "this pattern can never match").hint(
        "`^` is the line's beginning and `$` its end, wherever they stand; `\\^` and `\\$` are the \
         characters",
    )
}

pub fn pattern_partly_dead(pattern: &At<String>) -> Draft {
    Draft::warning(
        pattern.place,
        "an alternative of this pattern can never match",
    )
    .hint("`^` is the line's beginning and `$` its end, wherever they stand")
}

pub fn backspace(pattern: &At<String>) -> Draft {
    let written = pattern.value.replace('\u{8}', "\\b");
    Draft::warning(
        pattern.place,
        "this pattern looks for a backspace: in double quotes TOML makes one of `\\b`",
    )
    .hint(format!(
        "in single quotes it is the edge of a word: '{written}'"
    ))
}

pub fn group_twice(pattern: &At<String>, group: &str, first: ProblemPlace) -> Draft {
    let message = format!(
        "the named group {} is in two patterns of this rule",
        quote(group)
    );
    Draft::error(pattern.place, message)
        .also("", first, "the first")
        .hint("a field has one value: give one of the groups another name, or write `(?:…)`")
}

/// A character after a backslash that TOML does not know.
pub fn escape_hint() -> &'static str {
    "in double quotes TOML reads backslashes itself; write a pattern in single quotes: '\\d+'"
}

pub fn bare_class(pattern: &At<String>, class: &str) -> Draft {
    Draft::warning(
        pattern.place,
        format!("{} is a set of these letters here", quote(class)),
    )
    .hint(format!("write `[{class}]`"))
}

pub fn comparison(pattern: &At<String>, hint: &str) -> Draft {
    let found = quote(&pattern.value);
    Draft::warning(
        pattern.place,
        format!("{found} is looked for as a text: a condition is a pattern, and compares nothing"),
    )
    .hint(hint)
}

pub fn range_pattern(pattern: &At<String>, low: &str, high: &str) -> Draft {
    let found = quote(&pattern.value);
    Draft::warning(
        pattern.place,
        format!("{found} is a pattern: any two characters between `{low}` and `{high}`"),
    )
    .hint(format!("a range is `>= {low}, <= {high}`"))
}

pub fn bad_comparison(text: &At<String>, error: &ComparisonError, unit: Option<Unit>) -> Draft {
    match error {
        ComparisonError::Empty => Draft::error(
            text.place,
            format!("nothing to compare with in {}", quote(&text.value)),
        )
        .hint("`>= 500`, `> 1s`, `!= anonymous`, `>= 100, < 200`"),
        ComparisonError::NoNumber(found) => {
            let kind = unit.map_or("a number", |unit| unit.dimension.words());
            Draft::error(
                text.place,
                format!(
                    "{} is not {kind} that the value can be compared with",
                    quote(found)
                ),
            )
            .hint("`>= 500`, `> 1s`, `< 10KiB`; texts are compared with `==` and `!=`")
        }
    }
}

pub fn map_reference(target: &At<String>, group: &str) -> Draft {
    Draft::warning(
        target.place,
        format!(
            "`map` writes {} as it stands: a group is filled in for `$`",
            quote(group)
        ),
    )
    .hint(format!("write `{}`", group.replace('\\', "$")))
}

/// A pattern of `replace` that takes no text.
pub fn replaces_nothing(pattern: &At<String>) -> Draft {
    let message = format!(
        "the pattern {} matches also where there is nothing, and would put its text between all letters",
        quote(&pattern.value)
    );
    Draft::error(pattern.place, message)
        .hint("let it take one character at least: `\\d+` instead of `\\d*`")
}

/// A `$name` of which the pattern has no group.
pub fn map_without_group(target: &At<String>, group: &str, groups: &[String]) -> Draft {
    let hint = match groups {
        [] => {
            "put brackets around the part of the pattern that is meant; `$$` is a dollar".to_owned()
        }
        groups => format!(
            "the pattern has {}; `$$` is a dollar",
            groups
                .iter()
                .map(|one| format!("`${one}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    let message = format!("the pattern has no group for {}", quote(group));
    Draft::error(target.place, message).hint(hint)
}

// Values of other forms.

/// How a table is written that is one of a list.
pub fn list_of_tables_hint(key: &str) -> String {
    let path = match key {
        "metric" => "rule.metric",
        _ => key,
    };
    format!("write `[[{path}]]`: there may be several of them")
}

// Patterns by name.

pub fn unknown_pattern<'n>(
    place: ProblemPlace,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> Draft {
    let otherwise = "name it in `[patterns]`, or write the pattern itself: `(?P<name>…)`";
    let hint = did_you_mean(name, known).unwrap_or_else(|| otherwise.to_owned());
    let message = format!("no pattern has the name {}", quote(name));
    Draft::error(place, message)
        .hint(hint)
        .because(Cause::Pattern(name.to_owned(), place.file))
}

pub fn unknown_pattern_type(place: ProblemPlace, kind: &str, known: &[&str]) -> Draft {
    let message = format!("expected {}, but found {}", one_of(known), quote(kind));
    Draft::error(place, message)
        .hint("a value is read as a number where one is wanted; leave the type out")
}

pub fn pattern_in_itself(place: ProblemPlace, cycle: &[String]) -> Draft {
    let names: Vec<String> = cycle.iter().map(|name| quote(name)).collect();
    let message = format!("this pattern leads to itself: {}", names.join(" → "));
    Draft::error(place, message)
}

pub fn pattern_field_name(place: ProblemPlace, field: &str) -> Draft {
    let message = format!("{} cannot be the name of a group", quote(field));
    Draft::error(place, message)
        .hint("letters, digits, `_` and dots, and no digit first; `[a][b]` is `a.b`")
}

pub fn pattern_too_long(place: ProblemPlace, bytes_max: usize) -> Draft {
    let message =
        format!("with all names written out, this pattern has more than {bytes_max} bytes");
    Draft::error(place, message)
}

pub fn bad_pattern_name(name: &At<String>) -> Draft {
    let message = format!("{} cannot be the name of a pattern", quote(&name.value));
    Draft::error(name.place, message).hint("letters, digits and `_`, and no digit first")
}

pub fn syslog_prefix(pattern: &At<String>, name: &str) -> Draft {
    let message = format!(
        "{} is hardly ever found: what syslog puts before a line is taken off",
        quote(name)
    );
    Draft::warning(pattern.place, message).hint(
        "match what comes after it; the program is the field `_service`, and the time is known",
    )
}

pub fn after_final(pattern: &At<String>, first: ProblemPlace, name: &str) -> Draft {
    Draft::warning(
        pattern.place,
        format!(
            "this rule sees no line, as rule {} is `final` and matches the same ones",
            quote(name)
        ),
    )
    .also("never seen", first, "")
}
