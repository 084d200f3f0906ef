//! Advice on numbers without a unit, for metrics whose names end in one: what the name of a field says
//! of it, and what could be said once samples are known.

use super::amounts::is_time;
use super::check_rules::Scope;
use super::load::SourceText;
use super::problem::{Draft, Problem, messages, settle};
use super::raw_rules::{MetricSpec, NumberSpec, ValueSpec};

/// A metric of seconds or bytes whose rule says nothing of the number's unit.
#[derive(Debug, Clone)]
pub struct UnitQuestion {
    /// The place of the rule in the set, and of the action in the rule.
    pub rule: usize,
    pub action: usize,
    pub in_seconds: bool,
    /// What to say where samples look like a unit, which is named first.
    pub advice: Vec<(&'static str, Problem)>,
}

/// What the last word of a field's name may be, with the unit that it means.
const TIME_WORDS: [(&str, &[&str]); 5] = [
    ("ms", &["ms", "msec", "msecs", "millis", "milliseconds"]),
    ("us", &["us", "usec", "usecs", "micros", "microseconds"]),
    ("ns", &["ns", "nsec", "nsecs", "nanos", "nanoseconds"]),
    ("min", &["mins", "minutes"]),
    ("h", &["hours", "hrs"]),
];

const SIZE_WORDS: [(&str, &[&str]); 7] = [
    ("kB", &["kb", "kbytes", "kilobytes"]),
    ("KiB", &["kib", "kibibytes"]),
    ("MB", &["mb", "mbytes", "megabytes"]),
    ("MiB", &["mib", "mebibytes"]),
    ("GB", &["gb", "gigabytes"]),
    ("GiB", &["gib", "gibibytes"]),
    ("bits", &["bits"]),
];

/// What a metric's name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Seconds,
    Bytes,
}

impl Base {
    fn of(metric: &MetricSpec) -> Option<Base> {
        let name = &metric.name.value;
        match name.strip_suffix("_total").unwrap_or(name) {
            name if name.ends_with("_seconds") => Some(Base::Seconds),
            name if name.ends_with("_bytes") => Some(Base::Bytes),
            _ => None,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Base::Seconds => "seconds",
            Base::Bytes => "bytes",
        }
    }

    fn words(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Base::Seconds => &TIME_WORDS,
            Base::Bytes => &SIZE_WORDS,
        }
    }

    /// The units that samples may look like.
    fn guessed(self) -> &'static [&'static str] {
        match self {
            Base::Seconds => &["ms", "us", "ns"],
            Base::Bytes => &["kB"],
        }
    }
}

/// Advice on the names of fields that numbers come from.
pub(super) fn by_names(scope: &Scope<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for metric in &scope.spec.metrics {
        let Some(base) = Base::of(metric) else {
            continue;
        };
        for key in unsaid(metric, scope).flat_map(|number| &number.field.from) {
            let unit = unit_of_name(&key.value, base.words());
            drafts.extend(
                unit.map(|unit| {
                    messages::name_of_a_unit(key, unit, &metric.name.value, base.word())
                }),
            );
        }
    }
    drafts
}

/// What may be asked of samples about a rule, which is at this place of the set.
pub(super) fn questions(
    scope: &Scope<'_>,
    rule: usize,
    sources: &[SourceText],
) -> Vec<UnitQuestion> {
    let metrics = scope.spec.metrics.iter().enumerate();
    let questions = metrics.filter_map(|(action, metric)| {
        let base = Base::of(metric)?;
        let value = metric.value.as_ref()?;
        // Where a name says it, that is enough.
        let keys = unsaid(metric, scope).flat_map(|number| &number.field.from);
        let keys: Vec<&str> = keys.map(|key| key.value.as_str()).collect();
        let is_named = |key: &&str| unit_of_name(key, base.words()).is_some();
        if keys.is_empty() || keys.iter().any(is_named) {
            return None;
        }
        let advice = base.guessed().iter().map(|unit| {
            let name = &metric.name.value;
            let draft = messages::samples_of_a_unit(value.place, unit, name, base.word());
            (*unit, draft)
        });
        let advice = advice.filter_map(|(unit, draft)| {
            let problem = settle(vec![draft], sources).into_iter().next();
            Some((unit, problem?))
        });
        Some(UnitQuestion {
            rule,
            action,
            in_seconds: base == Base::Seconds,
            advice: advice.collect(),
        })
    });
    questions.collect()
}

/// The numbers of a metric of which nothing is said but their fields, and which are no times.
fn unsaid<'s>(
    metric: &'s MetricSpec,
    scope: &'s Scope<'_>,
) -> impl Iterator<Item = &'s NumberSpec> {
    let value = metric.value.iter();
    let numbers = value.flat_map(|value| ValueSpec::numbers(&value.value));
    let is_plain = |number: &&NumberSpec| {
        number.reading.is_plain() && number.map.is_empty() && number.times.is_none()
    };
    numbers
        .filter(is_plain)
        .filter(|number| !is_time(number, scope))
}

/// The unit that the last word of a name is.
fn unit_of_name(
    name: &str,
    words: &[(&'static str, &'static [&'static str])],
) -> Option<&'static str> {
    let last = last_word(name)?.to_lowercase();
    let found = words
        .iter()
        .find(|(_, words)| words.contains(&last.as_str()));
    found.map(|(unit, _)| *unit)
}

/// The last word of `request_duration_ms` or `requestDurationMs`, where there is one before it.
fn last_word(name: &str) -> Option<&str> {
    let is_mark = |c: char| matches!(c, '.' | '_' | '-' | ' ' | '/');
    if let Some((_, word)) = name.rsplit_once(is_mark)
        && word
            .chars()
            .skip(1)
            .all(|c| !c.is_uppercase() || word.to_uppercase() == word)
    {
        return Some(word);
    }
    let mut before: Option<(usize, char)> = None;
    let mut start = None;
    for (place, c) in name.char_indices() {
        if c.is_uppercase() && before.is_some_and(|(_, before)| before.is_lowercase()) {
            start = Some(place);
        }
        before = Some((place, c));
    }
    name.get(start?..)
}
