//! Patterns: compiled within a limit, and their errors pointed at inside the rules file.

use regex::{Regex, RegexBuilder};

use super::foreign_patterns;
use super::load::SourceText;
use super::named_patterns;
use super::problem::{At, Draft, ProblemPlace, messages};

/// The most memory one compiled pattern may take.
const COMPILED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A pattern that is looked for anywhere on a line.
pub(super) fn anywhere(pattern: &At<String>, sources: &[SourceText]) -> Result<Regex, Draft> {
    let pattern = &*named_patterns::expand(pattern, sources)?;
    check(pattern, sources)?;
    build(&pattern.value).map_err(|error| refused(pattern, &error))
}

/// A pattern that must match a whole value.
pub(super) fn whole(pattern: &At<String>, sources: &[SourceText]) -> Result<Regex, Draft> {
    let pattern = &*named_patterns::expand(pattern, sources)?;
    check(pattern, sources)?;
    build(&format!("^(?:{})$", pattern.value))
        // A comment at the end, allowed under `(?x)`, would swallow the closing bracket.
        .or_else(|_| build(&format!("^(?:{}\n)$", pattern.value)))
        .map_err(|error| refused(pattern, &error))
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(COMPILED_BYTES_MAX)
        .build()
}

fn refused(pattern: &At<String>, error: &regex::Error) -> Draft {
    match error {
        regex::Error::CompiledTooBig(_) => {
            messages::pattern_too_big(pattern.place, COMPILED_BYTES_MAX)
        }
        // Syntax has been checked, so the last line of the library's text says all that is left.
        error => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            messages::invalid_pattern(pattern.place, &last)
        }
    }
}

fn check(pattern: &At<String>, sources: &[SourceText]) -> Result<(), Draft> {
    let hint = || foreign_patterns::hint(&pattern.value).map(str::to_owned);
    check_syntax(pattern, sources).map_err(|draft| draft.maybe_hint(hint()))?;
    foreign_patterns::dead(pattern).map_or(Ok(()), Err)
}

fn check_syntax(pattern: &At<String>, sources: &[SourceText]) -> Result<(), Draft> {
    let (message, span) = match regex_syntax::parse(&pattern.value) {
        Ok(_) => return Ok(()),
        Err(regex_syntax::Error::Parse(error)) => (error.kind().to_string(), *error.span()),
        Err(regex_syntax::Error::Translate(error)) => (error.kind().to_string(), *error.span()),
        Err(error) => return Err(messages::invalid_pattern(pattern.place, &error)),
    };
    let place = inside(pattern, span.start.offset, span.end.offset, sources);
    Err(messages::invalid_pattern(place, &message))
}

/// The place of a part of the pattern in the file, or that of the whole where escapes of TOML stand
/// between the two.
pub(super) fn inside(
    pattern: &At<String>,
    start: usize,
    end: usize,
    sources: &[SourceText],
) -> ProblemPlace {
    let place = pattern.place;
    let written = sources
        .get(place.file)
        .and_then(|source| source.text.get(place.start..place.end))
        .unwrap_or_default();
    match written.find(&pattern.value) {
        Some(begin) if !pattern.value.is_empty() => ProblemPlace {
            start: place.start + begin + start,
            end: place.start + begin + end,
            ..place
        },
        _ => place,
    }
}
