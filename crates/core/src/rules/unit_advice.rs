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

/// Words of a unit in a field's name, with the unit that they mean.
type UnitWords = [(&'static str, &'static [&'static str])];

const TIME_WORDS: [(&str, &[&str]); 5] = [
    (
        "ms",
        &[
            "ms",
            "msec",
            "msecs",
            "millis",
            "millisec",
            "millisecs",
            "millisecond",
            "milliseconds",
        ],
    ),
    (
        "us",
        &[
            "us",
            "µs",
            "usec",
            "usecs",
            "micros",
            "microsec",
            "microsecs",
            "microsecond",
            "microseconds",
        ],
    ),
    (
        "ns",
        &[
            "ns",
            "nsec",
            "nsecs",
            "nanos",
            "nanosec",
            "nanosecs",
            "nanosecond",
            "nanoseconds",
        ],
    ),
    ("min", &["mins", "minutes"]),
    ("h", &["hours", "hrs"]),
];

const SIZE_WORDS: [(&str, &[&str]); 9] = [
    ("kB", &["kb", "kbytes", "kilobytes"]),
    ("KiB", &["kib", "kibibytes"]),
    ("MB", &["mb", "mbytes", "megabytes"]),
    ("MiB", &["mib", "mebibytes"]),
    ("GB", &["gb", "gigabytes"]),
    ("GiB", &["gib", "gibibytes"]),
    ("TB", &["tb", "terabytes"]),
    ("TiB", &["tib", "tebibytes"]),
    ("bits", &["bits"]),
];

/// Words that are a unit only at the end of a name: at its beginning they are a namespace or a country.
const ONLY_AT_END: [&str; 2] = ["ns", "us"];

/// What a metric's name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Seconds,
    Bytes,
}

impl Base {
    fn of(metric: &MetricSpec) -> Option<Base> {
        let name = &metric.name.value;
        // What is made of several numbers is in their unit.
        let mut endings = ["_total", "_sum", "_max", "_min", "_avg"].iter();
        let stem = endings.find_map(|ending| name.strip_suffix(ending));
        match stem.unwrap_or(name) {
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

    fn words(self) -> &'static UnitWords {
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
    let metrics = scope.spec.metrics.iter().filter_map(|metric| {
        let value = &metric.value.as_ref()?.value;
        Some((metric.name.value.as_str(), Base::of(metric)?, value))
    });
    let report = scope.spec.report.iter();
    let durations = report
        .flat_map(|report| &report.numbers)
        .filter(|number| number.key == "duration")
        .map(|number| (number.key, Base::Seconds, &number.value));
    let mut drafts = Vec::new();
    for (name, base, value) in metrics.chain(durations) {
        for key in unsaid(value, scope).flat_map(|number| &number.field.from) {
            let unit = unit_of_name(&key.value, base.words());
            drafts.extend(unit.map(|unit| messages::name_of_a_unit(key, unit, name, base.word())));
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
        let keys = unsaid(&value.value, scope).flat_map(|number| &number.field.from);
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

/// The numbers of a value of which nothing is said but their fields, and which are no times.
fn unsaid<'s>(value: &'s ValueSpec, scope: &'s Scope<'_>) -> impl Iterator<Item = &'s NumberSpec> {
    let is_plain = |number: &&NumberSpec| {
        number.reading.is_plain() && number.map.is_empty() && number.times.is_none()
    };
    ValueSpec::numbers(value)
        .filter(is_plain)
        .filter(|number| !is_time(number, scope))
}

/// The unit that a name is, ends in or begins with.
fn unit_of_name(name: &str, words: &'static UnitWords) -> Option<&'static str> {
    let of_word = |word: &str| {
        let word = word.to_lowercase();
        let mut known = words.iter();
        known.find(|(_, words)| words.contains(&word.as_str()))
    };
    let of_mixed_case = || {
        let mut units = words.iter();
        units.find(|(unit, _)| unit.ends_with("iB") && name.ends_with(unit))
    };
    let first = || first_word(name).filter(|word| !ONLY_AT_END.contains(word));
    let found = of_word(last_word(name).unwrap_or(name))
        .or_else(of_mixed_case)
        .or_else(|| of_word(first()?));
    found.map(|(unit, _)| *unit)
}

/// The first word of `ms_taken` or `msTaken`, where there is one after it.
fn first_word(name: &str) -> Option<&str> {
    let is_end = |c: char| is_mark(c) || c.is_uppercase();
    let end = name.find(is_end).filter(|end| *end > 0)?;
    name.get(..end)
}

/// What divides the words of a name.
fn is_mark(c: char) -> bool {
    matches!(c, '.' | '_' | '-' | ' ' | '/')
}

/// The last word of `request_duration_ms` or `requestDurationMs`, where there is one before it.
fn last_word(name: &str) -> Option<&str> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_units_in_many_ways() {
        let time = |name| unit_of_name(name, &TIME_WORDS);
        for name in [
            "ms",
            "millis",
            "duration_ms",
            "latencyMs",
            "latencyMS",
            "DURATION_MS",
            "took_millis",
            "tookMillis",
            "time.ms",
            "time-in-ms",
            "elapsed_millisecond",
            "ms_taken",
            "msTaken",
            "millis_elapsed",
        ] {
            assert_eq!(time(name), Some("ms"), "{name}");
        }
        for name in [
            "us",
            "latency_us",
            "elapsedMicros",
            "elapsed_microsec",
            "took_µs",
        ] {
            assert_eq!(time(name), Some("us"), "{name}");
        }
        assert_eq!(time("durationNanos"), Some("ns"));
        assert_eq!(time("uptime_hours"), Some("h"));
        for name in [
            "duration",
            "seconds",
            "duration_s",
            "items",
            "atoms",
            "status",
            "us_east_latency",
            "ns_latency",
            "terms",
            "params",
            "min",
            "h",
            "requests_per_min",
            "",
        ] {
            assert_eq!(time(name), None, "{name}");
        }
        let size = |name| unit_of_name(name, &SIZE_WORDS);
        for (name, unit) in [
            ("kb", "kB"),
            ("size_kb", "kB"),
            ("sizeKB", "kB"),
            ("kb_sent", "kB"),
            ("sizeMiB", "MiB"),
            ("mem_mib", "MiB"),
            ("memMb", "MB"),
        ] {
            assert_eq!(size(name), Some(unit), "{name}");
        }
        for name in ["bytes", "size", "limb", "thumb", "body_bytes", "size_b"] {
            assert_eq!(size(name), None, "{name}");
        }
    }
}
