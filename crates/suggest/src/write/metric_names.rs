//! Names of metrics and labels: valid, by the conventions, and each given once.

use std::collections::HashSet;

use crate::shape::column::words;

/// Words for units, which are at the end of a metric's name or not in it.
const UNITS: [&str; 30] = [
    "kb",
    "kib",
    "mb",
    "mib",
    "kbytes",
    "kilobytes",
    "ns",
    "us",
    "ms",
    "s",
    "sec",
    "secs",
    "seconds",
    "second",
    "millis",
    "micros",
    "nanos",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "msec",
    "usec",
    "nsec",
    "bytes",
    "byte",
    "total",
    "count",
    "sum",
    "bucket",
    "info",
];

/// Words that say as the last part of a path what a value is.
const SAYING: [&str; 12] = [
    "method", "status", "level", "severity", "email", "username", "verb", "model", "provider",
    "outcome", "route", "protocol",
];

/// What a metric's name may not begin with: these are for other series.
const RESERVED: [&str; 4] = ["logmetrics", "process", "scrape", "up"];

/// The names that were given.
#[derive(Debug, Default)]
pub(crate) struct MetricNames(HashSet<String>);

impl MetricNames {
    /// `prefix_words_unit`; where that is taken, with a number.
    pub fn give(&mut self, prefix: &str, words: &[String], ending: &str) -> String {
        let words: Vec<&str> = words
            .iter()
            .map(String::as_str)
            .filter(|word| !UNITS.contains(word) && word.is_ascii())
            .collect();
        let middle = match words.as_slice() {
            [] => String::new(),
            words => format!("_{}", words.join("_")),
        };
        let mut number = 1;
        loop {
            let again = match number {
                1 => String::new(),
                number => format!("_{number}"),
            };
            let name = format!("{prefix}{middle}{again}{ending}");
            if self.0.insert(name.clone()) {
                return name;
            }
            number += 1;
        }
    }
}

/// What the names of a log's metrics begin with: the name of its file without ending, as far as it can be
/// in a name.
pub(crate) fn prefix(log: &str) -> String {
    let stem = log.split('.').find(|part| !part.is_empty()).unwrap_or("");
    let words = words(stem);
    let words: Vec<&String> = words.iter().filter(|word| word.is_ascii()).collect();
    let name = words
        .iter()
        .map(|word| word.as_str())
        .collect::<Vec<_>>()
        .join("_");
    let name: String = name.chars().take(40).collect();
    let is_reserved = RESERVED.contains(&words.first().map_or("", |word| word.as_str()));
    match name.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_reserved {
        true => name,
        false if name.is_empty() => "log".to_owned(),
        false => format!("log_{name}"),
    }
}

/// A label for a column of this name, that is none of `taken`.
pub(super) fn label(key: &str, taken: &[String]) -> String {
    let ascii = |key: &str| -> Vec<String> {
        let words = words(key).into_iter();
        words.filter(|word| word.is_ascii()).collect()
    };
    // Of `response.statusCode` the last part says enough; of `service.name` it does not.
    let last = ascii(key.rsplit('.').next().unwrap_or(key));
    let says_enough = match last.as_slice() {
        [] => false,
        [word] => SAYING.contains(&word.as_str()),
        _ => true,
    };
    let mut name = match says_enough {
        true => last.join("_"),
        false => ascii(key).join("_"),
    };
    let is_label = name.starts_with(|c: char| c.is_ascii_alphabetic());
    // A scrape renames these two; the other two are of the parts of histograms.
    if !is_label || ["job", "instance", "le", "quantile"].contains(&name.as_str()) {
        name = format!("field_{name}").trim_end_matches('_').to_owned();
    }
    let mut number = 1;
    let mut given = name.clone();
    while taken.contains(&given) {
        number += 1;
        given = format!("{name}_{number}");
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        assert_eq!(prefix("trades.csv"), "trades");
        assert_eq!(prefix("my-app.log.1"), "my_app");
        assert_eq!(prefix("2026.log"), "log_2026");
        assert_eq!(prefix("process.log"), "log_process");
        assert_eq!(prefix("-"), "log");
        let mut names = MetricNames::default();
        let mut give = |name: &str, ending| names.give("app", &words(name), ending);
        assert_eq!(
            give("responseTime", "_seconds"),
            "app_response_time_seconds"
        );
        assert_eq!(give("latency_us", "_seconds"), "app_latency_seconds");
        assert_eq!(give("latency_ms", "_seconds"), "app_latency_2_seconds");
        assert_eq!(
            give("body_bytes_sent", "_bytes_total"),
            "app_body_sent_bytes_total"
        );
        assert_eq!(label("res.statusCode", &[]), "status_code");
        assert_eq!(label("req.method", &[]), "method");
        assert_eq!(label("service.name", &[]), "service_name");
        assert_eq!(label("_service", &[]), "service");
        assert_eq!(label("job", &[]), "field_job");
        assert_eq!(label("42", &["field_42".to_owned()]), "field_42_2");
    }
}
