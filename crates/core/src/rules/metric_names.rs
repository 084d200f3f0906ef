//! Names of metrics and labels, as Prometheus has them:
//! <https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>.

/// What a rule may not begin a metric's name with: these are about the program itself.
const OURS: [&str; 2] = ["logmetrics_", "process_"];

/// Series that Prometheus makes itself: its own would be overwritten, or mixed with others.
/// <https://prometheus.io/docs/concepts/jobs_instances/> and its alerting rules.
const PROMETHEUS: [&str; 3] = ["up", "ALERTS", "ALERTS_FOR_STATE"];

/// What names of those series that Prometheus makes for each scrape begin with, and of labels and
/// metrics that are for use within it.
const PROMETHEUS_PREFIXES: [&str; 2] = ["scrape_", "__"];

/// Labels that histograms and summaries have for their parts. On anything else some parsers refuse the
/// whole page.
pub const PARTS: [(&str, &str); 2] = [("le", "bucket's bound"), ("quantile", "quantile")];

/// Labels that Prometheus gives every series of a target.
pub(super) const TARGET: [&str; 2] = ["job", "instance"];

/// Why a name is not for metrics of rules or programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// It begins as the names of the program's own metrics do.
    Ours(&'static str),
    /// Prometheus makes series of this name itself.
    Prometheus,
}

/// Whether the name is taken by the program itself or by Prometheus.
pub fn reserved(name: &str) -> Option<Reserved> {
    if let Some(prefix) = OURS.iter().find(|prefix| name.starts_with(**prefix)) {
        return Some(Reserved::Ours(prefix));
    }
    let is_prometheus = PROMETHEUS.contains(&name)
        || PROMETHEUS_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix));
    is_prometheus.then_some(Reserved::Prometheus)
}

/// Fields that every line has, whatever is on it.
pub(super) const SPECIAL: [&str; 8] = [
    "_time",
    "_source",
    "_file",
    "_path",
    "_service",
    "_container",
    "_pod",
    "_namespace",
];

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
pub fn is_metric(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    name.starts_with(|c: char| rest(c) && !c.is_ascii_digit()) && name.chars().all(rest)
}

/// `[a-zA-Z_][a-zA-Z0-9_]*`
pub(super) fn is_label(name: &str) -> bool {
    is_metric(name) && !name.contains(':')
}

/// A valid name that resembles this one, for a hint.
pub(super) fn valid(name: &str) -> String {
    let mut valid: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if valid.is_empty() || valid.starts_with(|c: char| c.is_ascii_digit()) {
        valid.insert(0, '_');
    }
    let start = valid.trim_start_matches('_').len();
    match valid.len() - start {
        0 | 1 => valid,
        _ => valid.split_off(valid.len() - start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_data_model() {
        for name in ["a", "_", "a:b", "A9", ":x"] {
            assert!(is_metric(name), "{name}");
        }
        for name in ["", "9a", "a-b", "a.b", "ä", "a b"] {
            assert!(!is_metric(name), "{name}");
        }
        assert!(is_label("_a9") && !is_label("a:b"));
        assert_eq!(valid("http.status"), "http_status");
        assert_eq!(valid("9a-b"), "_9a_b");
        assert_eq!(valid("__x"), "x");
        assert_eq!(valid(""), "_");
    }
}
