//! What one rule says of one line, in words: what matched, or where it breaks and what is likely the cause.

use std::fmt::Write as _;

use super::shorten;
use crate::cli::terminal::harmless;
use logmetrics_core::engine::FieldErrorKind;
use logmetrics_core::engine::verdict::{Outcome, SkipReason, Update, Verdict};
use logmetrics_core::rules::{Field, NumberSource, Rule};
use logmetrics_core::why::{self, Pair};
use logmetrics_follow::line::Line;

/// Most keys of a line that are named.
const KEYS_SHOWN_MAX: usize = 12;

/// Why a pattern that wants what was taken off is not found, and the way out.
const FOR_WHOLE: &str = "the pattern wants what was taken off the line, which rules do not see: leave that out of it \
     (`_service` and `_container` are fields that say who wrote the line, `_time` says when)";

/// Writes what a rule says of a line. `is_match`: another rule or this one matches it, so that one which does
/// not needs no cause.
pub(super) fn verdict(
    verdict: &Verdict,
    line: &Line<'_>,
    (rule, is_match): (Option<&Rule>, bool),
    out: &mut String,
) {
    let name = &verdict.rule;
    match &verdict.outcome {
        Outcome::Matched(updates) => {
            let _ = writeln!(out, "  {name}: match");
            let seen = Seen::new(line, rule);
            for update in updates {
                let _ = writeln!(out, "    {}", seen.update(update));
            }
        }
        Outcome::ScriptMatched { held, updates } => {
            let _ = writeln!(out, "  {name}: match");
            for text in held.iter().chain(updates) {
                let _ = writeln!(out, "    {}", shorten(&harmless(text.as_bytes())));
            }
        }
        other => {
            let _ = writeln!(out, "  {name}: no match: {other}");
            if !is_match {
                for detail in details(other, line.text, line.wrapping.whole) {
                    let _ = writeln!(out, "    {detail}");
                }
            }
        }
    }
}

/// Where it breaks, and the likely cause. `whole` is the line with what was around it.
pub(super) fn details(outcome: &Outcome, text: &[u8], whole: Option<&[u8]>) -> Vec<String> {
    let pointed = |at: usize| {
        let (shown, caret) = why::caret(text, at);
        vec![harmless(shown.as_bytes()), caret]
    };
    match outcome {
        Outcome::PatternNotFound { pattern, almost } => {
            let mut details = match almost {
                Some(almost) => pointed(almost.line_end),
                None => Vec::new(),
            };
            let pairs = why::pairs(text);
            let words = String::from_utf8_lossy(text);
            if whole.is_some_and(|whole| is_for_whole(pattern, &words, whole)) {
                details.push(format!("likely: {FOR_WHOLE}"));
            }
            let causes = why::causes(pattern, &words, &pairs, almost.as_ref());
            details.extend(causes.into_iter().map(|cause| {
                let cause = harmless(cause.as_bytes());
                format!("likely: {cause}")
            }));
            details
        }
        Outcome::Unreadable { line_end } => {
            let mut details = pointed(*line_end);
            let parsed = serde_json::from_slice::<serde_json::Value>(text);
            if let Err(error) = parsed {
                let error = error.to_string();
                let reason = error.split(" at line ").next().unwrap_or_default();
                details.push(format!("JSON: {reason}"));
            }
            details
        }
        Outcome::OtherJson { name, .. } => {
            let pairs = why::pairs(text);
            let value = pairs.iter().find(|pair| pair.key == **name);
            vec![match value {
                Some(pair) => format!("it is `{}` here", shorten(&harmless(pair.value.as_bytes()))),
                None => not_there(&[name], &pairs),
            }]
        }
        _ => Vec::new(),
    }
}

/// Whether a pattern wants what was taken off a line.
fn is_for_whole(pattern: &str, text: &str, whole: &[u8]) -> bool {
    whole.len() > text.len() && why::is_for_whole(pattern, text, &String::from_utf8_lossy(whole))
}

/// That keys are not on the line, what was probably meant, and what there is.
fn not_there(keys: &[&str], pairs: &[Pair]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let meant = keys.iter().find_map(|key| why::near_key(key, pairs));
    let meant = match (keys, meant) {
        // What the rule calls so is not on any line.
        (["_time"], meant) => format!(
            ", as nothing says when it was written: in the rule write `time = \"{}\"`",
            meant.unwrap_or("FIELD")
        ),
        (_, Some(key)) => format!("; did you mean `{key}`?"),
        (_, None) => String::new(),
    };
    let there: Vec<String> = (pairs.iter().take(KEYS_SHOWN_MAX))
        .map(|pair| format!("`{}`", pair.key))
        .collect();
    let more = if pairs.len() > there.len() {
        ", …"
    } else {
        ""
    };
    let list = match there.len() {
        0 => " (the line has no fields)".to_owned(),
        _ => format!(" (there are {}{more})", there.join(", ")),
    };
    let is = if keys.len() == 1 { "is" } else { "are" };
    let text = format!("{} {is} not on the line{meant}{list}", quoted.join(", "));
    harmless(text.as_bytes())
}

/// A line that a rule matches, and what a person sees on it.
struct Seen<'l> {
    rule: Option<&'l Rule>,
    pairs: Vec<Pair>,
    text: String,
}

impl<'l> Seen<'l> {
    fn new(line: &Line<'_>, rule: Option<&'l Rule>) -> Seen<'l> {
        Seen {
            rule,
            pairs: why::pairs(line.text),
            text: String::from_utf8_lossy(line.text).into_owned(),
        }
    }

    /// The value of a group or a key.
    fn value(&self, key: &str) -> Option<String> {
        let pattern = self.rule.and_then(|rule| rule.pattern.as_ref());
        let captures = pattern.and_then(|pattern| pattern.captures(&self.text));
        let group = captures.and_then(|captures| Some(captures.name(key)?.as_str().to_owned()));
        let of_line = || self.pairs.iter().find(|pair| pair.key == key);
        let value = group.or_else(|| Some(of_line()?.value.clone()))?;
        Some(shorten(&harmless(value.as_bytes())))
    }

    /// Why the field of this name has no value.
    fn missing(&self, name: &str) -> String {
        let field = self.field(name);
        let keys: Vec<&str> = match field {
            Some(field) => field.from.iter().map(String::as_str).collect(),
            None => vec![name],
        };
        let empty = keys
            .iter()
            .find(|key| self.value(key).is_some_and(|value| value.is_empty()));
        match empty {
            Some(key) => format!("`{key}` is empty"),
            None => not_there(&keys, &self.pairs),
        }
    }

    /// What to write where lines without a label are of another kind. Rules without a pattern match them all.
    fn way_out(&self, label: &str) -> String {
        let has_pattern = self.rule.is_some_and(|rule| rule.pattern.is_some());
        let is_json = self.text.trim_start().starts_with('{');
        let key = self.field(label).and_then(|field| field.from.first());
        match key {
            Some(key) if is_json && !has_pattern => format!(
                "; `match_json = {{ \"{key}\" = '.+' }}` in the rule leaves lines without it out"
            ),
            _ => String::new(),
        }
    }

    /// The field of a label, or of a value that begins with this key.
    fn field(&self, name: &str) -> Option<&'l Field> {
        let rule = self.rule?;
        let label = rule.labels.get(name).map(|label| &label.field);
        let metrics = rule.metrics.iter();
        let numbers = metrics.flat_map(|metric| metric.amount.numbers());
        let mut fields = numbers.filter_map(|number| match &number.source {
            NumberSource::Field(field) => Some(field),
            _ => None,
        });
        let first = |field: &&Field| field.from.first().is_some_and(|key| key == name);
        // The name may be that of what a factor is looked up by.
        let metrics = rule.metrics.iter();
        let factors = metrics.flat_map(|metric| metric.amount.numbers());
        let mut factors = factors.filter_map(|number| number.times.as_ref());
        let key = || Some(&factors.find(|factor| factor.name == name)?.key.field);
        label.or_else(|| fields.find(first)).or_else(key)
    }

    fn update(&self, update: &Update) -> String {
        let metric = &update.metric;
        match &update.result {
            Ok((labels, value)) if labels.is_empty() => format!("{metric} {value}"),
            Ok((labels, value)) => format!("{metric}{{{labels}}} {value}"),
            Err(SkipReason::Where { name, pattern }) => {
                let value = self.value(name);
                let is = value.map_or(String::new(), |value| format!("; it is `{value}`"));
                format!("{metric}: left out, as `where` asks that `{name}` is `{pattern}`{is}")
            }
            Err(SkipReason::MissingLabel { label }) => {
                let why = self.missing(label);
                let way_out = self.way_out(label);
                format!(
                    "{metric}: not counted, as label `{label}` has neither value nor default: {why}{way_out}"
                )
            }
            Err(SkipReason::BadValue { field, text, why }) => {
                let text = shorten(&harmless(text));
                format!("{metric}: not counted, as field `{field}` is `{text}`, which {why}")
            }
            Err(SkipReason::NoFactor(missed)) => {
                let text = shorten(&harmless(missed.text.as_bytes()));
                let table = missed.file.as_deref().unwrap_or("the rule's table");
                format!(
                    "{metric}: not counted, as there is no factor for {} \"{text}\" in {table}",
                    missed.key
                )
            }
            Err(SkipReason::UnreadableTime { text }) => {
                let text = shorten(&harmless(text));
                format!(
                    "time: `{text}` cannot be read; `time = {{ from = …, format = … }}` says how it is written"
                )
            }
            Err(SkipReason::Value(error)) => {
                let field = &error.field;
                let why = match error.kind {
                    FieldErrorKind::Missing => self.missing(field),
                    FieldErrorKind::BadValue => {
                        format!("field `{field}` is no number that this metric can take")
                    }
                    FieldErrorKind::UnreadableTime => {
                        format!("field `{field}` is no time that can be read")
                    }
                    FieldErrorKind::Ambiguous => {
                        format!(
                            "field `{field}` stands more than once, and the rule takes only one"
                        )
                    }
                    FieldErrorKind::TooMany => {
                        format!("field `{field}` has more matches than are counted of one line")
                    }
                    FieldErrorKind::LookupMiss => {
                        format!("field `{field}` is not in its table")
                    }
                };
                format!("{metric}: not counted, as {why}")
            }
        }
    }
}
