//! PromQL for one metric: sums, shares and quantiles over the dashboard's variables.
//!
//! Names of metrics and labels come from checked rules, so they stand in a query as they are.

use logmetrics_core::metrics::definition::Definition;

/// What stands for "errors" in a label `status`: HTTP's 4xx and 5xx.
const ERRORS: &str = "[45]..|[45]xx";

/// How many lines a panel shows at most.
const LINES_MAX: usize = 10;

/// The label that holds an HTTP status, by the name it usually has.
const STATUS: &str = "status";

/// The selector of a metric, filtered by every variable that is one of its labels.
fn selector(definition: &Definition, suffix: &str, more: &str) -> String {
    let labels = definition.labels.iter();
    let mut filters: Vec<String> = labels
        .map(|label| format!("{0}=~\"${0}\"", label.name))
        .collect();
    if !more.is_empty() {
        filters.push(more.to_owned());
    }
    format!("{}{suffix}{{{}}}", definition.name, filters.join(","))
}

fn by(labels: &[&str]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    format!(" by ({})", labels.join(", "))
}

/// How much a counter grew over the time that the dashboard shows.
pub(super) fn total(definition: &Definition, labels: &[&str]) -> String {
    let metric = selector(definition, "", "");
    format!("sum{} (increase({metric}[$__range]))", by(labels))
}

/// The largest totals by some labels.
pub(super) fn top(definition: &Definition, labels: &[&str], lines_max: usize) -> String {
    format!("topk({lines_max}, {})", total(definition, labels))
}

/// A counter's growth per second; by a label, only for the values that are largest over the whole
/// time shown, so that lines do not come and go.
pub(super) fn rate(definition: &Definition, label: Option<&str>) -> String {
    let metric = selector(definition, "", "");
    let by = by(label.as_slice());
    let rate = format!("sum{by} (rate({metric}[$__rate_interval]))");
    if label.is_none() {
        return rate;
    }
    format!("{rate} and topk({LINES_MAX}, sum{by} (increase({metric}[$__range] @ end())))")
}

/// The share of errors among what a counter with a status counts.
pub(super) fn error_share(definition: &Definition, label: Option<&str>) -> Option<String> {
    definition
        .labels
        .iter()
        .find(|label| label.name == STATUS)?;
    let by = by(label.as_slice());
    let errors = selector(definition, "", &format!("{STATUS}=~\"{ERRORS}\""));
    let all = selector(definition, "", "");
    Some(format!(
        "(sum{by} (rate({errors}[$__rate_interval])) or 0 * sum{by} (rate({all}[$__rate_interval]))) \
         / sum{by} (rate({all}[$__rate_interval]))"
    ))
}

/// How many values of a label were counted in the time shown.
pub(super) fn active(definition: &Definition, label: &str) -> String {
    let metric = selector(definition, "", "");
    format!("count(sum by ({label}) (increase({metric}[$__range])) > 0)")
}

/// A quantile of a histogram; by a label as [`rate`] does it.
pub(super) fn quantile(definition: &Definition, quantile: f64, label: Option<&str>) -> String {
    let buckets = selector(definition, "_bucket", "");
    let mut labels = vec!["le"];
    labels.extend(label);
    let by_bucket = by(&labels);
    let of = format!(
        "histogram_quantile({quantile}, sum{by_bucket} (rate({buckets}[$__rate_interval])))"
    );
    match label {
        None => of,
        Some(label) => {
            let counts = selector(definition, "_count", "");
            let by = by(&[label]);
            format!("{of} and topk({LINES_MAX}, sum{by} (increase({counts}[$__range] @ end())))")
        }
    }
}

/// How many observations fell into each bucket, for a heatmap.
pub(super) fn buckets(definition: &Definition) -> String {
    let buckets = selector(definition, "_bucket", "");
    format!("sum by (le) (increase({buckets}[$__rate_interval]))")
}

/// A gauge as it is.
pub(super) fn value(definition: &Definition) -> String {
    selector(definition, "", "")
}
