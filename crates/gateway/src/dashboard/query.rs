//! PromQL for one metric: sums, shares and quantiles over the dashboard's variables.
//!
//! Names of metrics and labels come from checked rules, so they go into a query unchanged. Every
//! metric is that of the job that is chosen: other programs may have one of the same name.

use logmetrics_core::metrics::definition::Definition;

/// What means "errors" in a label `status`: HTTP's 4xx and 5xx.
const ERRORS: &str = "[45]..|[45]xx";

/// How many lines a panel shows at most.
const LINES_MAX: usize = 10;

/// The label that holds an HTTP status, by the name it usually has.
const STATUS: &str = "status";

/// The label under which a metric has its parts, some of which are parts of others.
const PARTS: &str = "type";

/// Tokens that other types hold already: input has what came from a cache, output the reasoning.
const WITHIN_OTHERS: &str = "cache.*|reasoning.*|total";

/// The filter of the job that is chosen, for every metric there is.
pub(super) const JOB: &str = "job=~\"$job\"";

/// Whether a metric's parts must not be added up.
fn has_parts(definition: &Definition) -> bool {
    let is_token_count = definition.name.split('_').any(|word| word == "tokens");
    is_token_count && definition.labels.iter().any(|label| label.name == PARTS)
}

/// The selector of a metric, filtered by every variable that is one of its labels. Where a sum does
/// not tell parts apart (`by` has them not), it takes only what overlaps with nothing.
fn selector(definition: &Definition, suffix: &str, by: &[&str], more: &str) -> String {
    let sums_parts = has_parts(definition) && !by.contains(&PARTS);
    let labels = definition.labels.iter();
    let mut filters = vec![JOB.to_owned()];
    filters.extend(labels.map(|label| format!("{0}=~\"${0}\"", label.name)));
    if sums_parts {
        filters.push(format!("{PARTS}!~\"{WITHIN_OTHERS}\""));
    }
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
    let metric = selector(definition, "", labels, "");
    format!("sum{} (increase({metric}[$__range]))", by(labels))
}

/// The largest totals by some labels.
pub(super) fn top(definition: &Definition, labels: &[&str], lines_max: usize) -> String {
    format!("topk({lines_max}, {})", total(definition, labels))
}

/// A counter's growth per second; by a label, only for the values that are largest over the whole
/// time shown, so that lines do not come and go.
pub(super) fn rate(definition: &Definition, label: Option<&str>) -> String {
    let metric = selector(definition, "", label.as_slice(), "");
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
    let errors = format!("{STATUS}=~\"{ERRORS}\"");
    let errors = selector(definition, "", label.as_slice(), &errors);
    let all = selector(definition, "", label.as_slice(), "");
    let by = by(label.as_slice());
    Some(format!(
        "(sum{by} (rate({errors}[$__rate_interval])) or 0 * sum{by} (rate({all}[$__rate_interval]))) \
         / sum{by} (rate({all}[$__rate_interval]))"
    ))
}

/// How many values of a label were counted in the time shown.
pub(super) fn active(definition: &Definition, label: &str) -> String {
    let metric = selector(definition, "", &[label], "");
    format!("count(sum by ({label}) (increase({metric}[$__range])) > 0)")
}

/// A quantile of a histogram; by a label as [`rate`] does it.
pub(super) fn quantile(definition: &Definition, quantile: f64, label: Option<&str>) -> String {
    let buckets = selector(definition, "_bucket", &[], "");
    let mut labels = vec!["le"];
    labels.extend(label);
    let by_bucket = by(&labels);
    let of = format!(
        "histogram_quantile({quantile}, sum{by_bucket} (rate({buckets}[$__rate_interval])))"
    );
    match label {
        None => of,
        Some(label) => {
            let counts = selector(definition, "_count", &[label], "");
            let by = by(&[label]);
            format!("{of} and topk({LINES_MAX}, sum{by} (increase({counts}[$__range] @ end())))")
        }
    }
}

/// How many observations fell into each bucket, for a heatmap.
pub(super) fn buckets(definition: &Definition) -> String {
    let buckets = selector(definition, "_bucket", &[], "");
    format!("sum by (le) (increase({buckets}[$__rate_interval]))")
}

/// A gauge as it is.
pub(super) fn value(definition: &Definition) -> String {
    let labels: Vec<&str> = definition
        .labels
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    selector(definition, "", &labels, "")
}
