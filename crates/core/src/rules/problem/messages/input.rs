//! What is said of how logs are read.

use super::super::{At, Draft, ProblemPlace};
use super::quote;

pub fn multiline_without_pattern(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected one of `start`, `continue` and `preset` here, but found none",
    )
    .hint("`start = '^\\d{4}-'` matches the first line of each record")
}

pub fn multiline_patterns(second: ProblemPlace, first: ProblemPlace) -> Draft {
    Draft::error(
        second,
        "expected one of `continue` and `preset` here, but found two",
    )
    .also("", first, "")
}

pub fn preset_begins(start: ProblemPlace, preset: ProblemPlace, name: &str) -> Draft {
    let name = quote(name);
    Draft::error(
        start,
        format!("the preset {name} says itself which lines begin a record"),
    )
    .also("", preset, "")
    .hint("leave out one of the two, or say in `continue` which lines come after such a `start`")
}

pub fn multiline_matches_all(pattern: &At<String>, key: &str) -> Draft {
    let what = match key {
        "start" => "every line begins a record, and nothing is joined",
        _ => "every line continues the one before",
    };
    Draft::error(
        pattern.place,
        format!("this pattern matches also an empty line: {what}"),
    )
    .hint("ask for something that is on those lines alone, such as `^\\d{4}-` or `^\\s`")
}

pub fn at_most(place: ProblemPlace, key: &str, most: usize) -> Draft {
    Draft::error(place, format!("expected `{key}` to be at most {most}"))
}

pub fn wait_too_short(text: &At<String>) -> Draft {
    let found = quote(&text.value);
    Draft::error(
        text.place,
        format!("expected `wait` to be at least `10ms`, but found {found}"),
    )
}

pub fn no_file_pattern(text: &At<String>, why: &str) -> Draft {
    let found = quote(&text.value);
    Draft::error(
        text.place,
        format!("expected a glob of file names, but found {found}: {why}"),
    )
}

pub fn multiline_differs(second: ProblemPlace, first: ProblemPlace, files: Option<&str>) -> Draft {
    let of = match files {
        Some(files) => format!("the files {}", quote(files)),
        None => "all files".to_owned(),
    };
    Draft::error(second, format!("the lines of {of} are joined in two ways"))
        .also("this one", first, "and this one")
        .hint("`files` says which files each one is for")
}
