//! Patterns that were written for another language: they compile, or fail without a cause, and never
//! match what they are meant to match. Each is told with its cause and the right spelling.

use regex_syntax::hir::{Hir, HirKind, Look};

use super::problem::{At, Draft, messages};
use super::raw_rules::RuleSpec;
use crate::number::{Comparison, Reading};

/// What other languages have and this one spells in another way, by how it is written there.
const FOREIGN: [(&str, &str); 10] = [
    (
        "(?P=",
        "a group cannot be named again; write its pattern again",
    ),
    (
        r"\k<",
        "a group cannot be named again; write its pattern again",
    ),
    (
        "(?=",
        "match what is to be counted, and leave the rest to `where`",
    ),
    (
        "(?!",
        "match what is to be counted, and leave the rest to `where`",
    ),
    (
        "(?<=",
        "match what comes before, and put only what is wanted into a group",
    ),
    (
        "(?<!",
        "match what may come before, and put only what is wanted into a group",
    ),
    ("(?>", "write `(?:…)`; nothing is ever tried twice here"),
    (r"\Z", r"the end of the text is `$` or `\z`"),
    (r"\h", r"a blank or a tab is `[ \t]`"),
    (r"\K", "put what is wanted into a group"),
];

/// What to write instead of that which the library does not know.
pub(super) fn hint(pattern: &str) -> Option<&'static str> {
    let found = |(foreign, _): &&(&str, &str)| pattern.contains(foreign);
    if let Some((_, here)) = FOREIGN.iter().find(found) {
        return Some(here);
    }
    let reference = pattern
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'\\' && matches!(pair[1], b'1'..=b'9'));
    reference.then_some("a group cannot be named again; write its pattern again")
}

/// Why no text can match.
pub(super) fn dead(pattern: &At<String>) -> Option<Draft> {
    (of_text(&pattern.value) == Dead::All).then(|| match in_slashes(&pattern.value) {
        Some(inner) => messages::pattern_in_slashes(pattern, inner),
        None => messages::pattern_dead(pattern),
    })
}

fn of_text(pattern: &str) -> Dead {
    regex_syntax::parse(pattern).map_or(Dead::No, |hir| deadness(&hir))
}

/// How much of a pattern can never match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dead {
    No,
    /// One of its alternatives.
    Part,
    All,
}

fn deadness(hir: &Hir) -> Dead {
    if hir.properties().minimum_len().is_none() {
        return Dead::All;
    }
    match hir.kind() {
        HirKind::Capture(capture) => deadness(&capture.sub),
        HirKind::Repetition(repetition) => match deadness(&repetition.sub) {
            Dead::All if repetition.min == 0 => Dead::Part,
            dead => dead,
        },
        HirKind::Alternation(parts) => {
            let dead: Vec<Dead> = parts.iter().map(deadness).collect();
            if dead.iter().all(|dead| *dead == Dead::All) {
                Dead::All
            } else if dead.iter().any(|dead| *dead != Dead::No) {
                Dead::Part
            } else {
                Dead::No
            }
        }
        HirKind::Concat(parts) => sequence(parts),
        _ => Dead::No,
    }
}

/// Text before a beginning, or after an end, is never there.
fn sequence(parts: &[Hir]) -> Dead {
    let is_text = |part: &Hir| {
        part.properties()
            .minimum_len()
            .is_some_and(|bytes| bytes > 0)
    };
    let begins_late = parts.iter().skip_while(|part| !is_text(part)).skip(1);
    let ends_early = parts.iter().rev().skip_while(|part| !is_text(part)).skip(1);
    let is_misplaced = begins_late
        .into_iter()
        .any(|part| part.properties().look_set_prefix().contains(Look::Start))
        || ends_early
            .into_iter()
            .any(|part| part.properties().look_set_suffix().contains(Look::End));
    if is_misplaced {
        return Dead::All;
    }
    let dead: Vec<Dead> = parts.iter().map(deadness).collect();
    match dead.iter().find(|dead| **dead != Dead::No) {
        None => Dead::No,
        Some(_) if dead.contains(&Dead::All) => Dead::All,
        Some(_) => Dead::Part,
    }
}

/// What is between the slashes that another language puts around a pattern, with or without flags.
fn in_slashes(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix('/')?;
    let (inner, flags) = inner.rsplit_once('/')?;
    let are_flags = flags.len() <= 3 && flags.chars().all(|c| c.is_ascii_lowercase());
    (are_flags && !inner.is_empty()).then_some(inner)
}

/// Advice on every pattern of a rule.
pub(super) fn advice(spec: &RuleSpec) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let json = spec.json_fields.iter().map(|(_, pattern)| pattern);
    let conditions = spec.metrics.iter().flat_map(|metric| &metric.conditions);
    let report = spec.report.iter().flat_map(|report| report.conditions());
    let conditions = conditions.chain(report).map(|(_, pattern)| pattern);
    // What compares is no pattern there.
    let compares = |text: &str| Comparison::parse(text, &Reading::default()).is_some();
    let conditions: Vec<&At<String>> = conditions
        .filter(|pattern| !compares(&pattern.value))
        .collect();
    for range in conditions.iter().filter_map(|pattern| range(pattern)) {
        drafts.push(range);
    }
    for pattern in json.chain(conditions) {
        drafts.extend(comparison(&pattern.value).map(|hint| messages::comparison(pattern, hint)));
        drafts.extend(any_pattern(pattern));
    }
    let labels = spec.labels.iter();
    let targets = labels.flat_map(|label| label.replace.iter().chain(&label.map));
    for (pattern, target) in targets {
        drafts.extend(any_pattern(pattern));
        drafts.extend(reference(&target.value).map(|group| messages::map_reference(target, group)));
    }
    let patterns = spec.patterns().chain(&spec.unless);
    drafts.extend(patterns.flat_map(any_pattern));
    drafts.extend(spec.patterns().filter_map(syslog_base));
    drafts
}

/// The pattern of a prefix that lines do not have any more when rules see them.
fn syslog_base(pattern: &At<String>) -> Option<Draft> {
    let named = ["%{SYSLOGBASE", "%{SYSLOGLINE"];
    let name = named.iter().find(|name| pattern.value.contains(**name))?;
    Some(messages::syslog_prefix(
        pattern,
        name.trim_start_matches("%{"),
    ))
}

fn any_pattern(pattern: &At<String>) -> Vec<Draft> {
    let text = &pattern.value;
    let mut drafts = Vec::new();
    if text.contains('\u{8}') {
        drafts.push(messages::backspace(pattern));
    }
    if of_text(text) == Dead::Part {
        drafts.push(messages::pattern_partly_dead(pattern));
    }
    if let Some(class) = bare_class(text) {
        drafts.push(messages::bare_class(pattern, class));
    }
    drafts
}

/// Advice on `100..200`, which as a pattern is no range.
fn range(pattern: &At<String>) -> Option<Draft> {
    let (low, high) = pattern.value.split_once("..")?;
    let number = |text: &str| {
        let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let is_range = number(low)? < number(high)?;
    is_range.then(|| messages::range_pattern(pattern, low, high))
}

/// Whether a condition is a comparison, which no pattern is; what to write instead.
fn comparison(text: &str) -> Option<&'static str> {
    let operators = [">=", "<=", "!=", "!~", "==", "=~", ">", "<", "!"];
    let operator = operators
        .iter()
        .find(|operator| text.starts_with(**operator))?;
    let rest = text.get(operator.len()..)?.trim_start();
    let is_number = rest
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit());
    match *operator {
        ">" | "<" | ">=" | "<=" if is_number => Some("only `where` of a metric compares"),
        "==" => Some("only `where` of a metric compares; write only what the value is"),
        "=~" => Some("write only the pattern"),
        "!=" | "!~" | "!" if !rest.is_empty() => {
            Some("`where` of a metric takes `!= text`; for a pattern, write what the value may be")
        }
        _ => None,
    }
}

/// The first `\1` in a text.
fn reference(text: &str) -> Option<&str> {
    let start = text.find('\\')?;
    let digit = text.get(start + 1..)?.chars().next();
    let is_group = digit.is_some_and(|digit| digit.is_ascii_digit());
    is_group.then(|| text.get(start..start + 2)).flatten()
}

/// A class such as `[:digit:]` that is not in brackets, where it is a set of its letters.
fn bare_class(text: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("[:") {
        let start = from + at;
        let end = text.get(start..)?.find(":]").map(|end| start + end + 2)?;
        let name = text.get(start + 2..end - 2)?;
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
        let is_inside =
            text.get(..start)?.matches('[').count() > text.get(..start)?.matches(']').count();
        if is_name && !is_inside {
            return text.get(start..end);
        }
        from = end;
    }
    None
}
