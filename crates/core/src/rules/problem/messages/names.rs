//! What is said of the names of metrics and labels.

use super::super::super::metric_names;
use super::super::{At, Draft};
use super::quote;

pub fn bad_metric_name(name: &At<String>) -> Draft {
    let found = quote(&name.value);
    Draft::error(
        name.place,
        format!("expected a metric name, but found {found}"),
    )
    .hint(format!(
        "letters, digits, `_` and `:`, no digit first: `{}`",
        metric_names::valid(&name.value)
    ))
}

pub fn our_metric_name(name: &At<String>, sample: &str, prefix: &str) -> Draft {
    let message = match sample == name.value {
        true => format!("{} begins with `{prefix}`", quote(&name.value)),
        false => format!(
            "{} has the sample `{sample}`, which begins with `{prefix}`",
            quote(&name.value)
        ),
    };
    Draft::error(name.place, message).hint("such names are for the program's metrics about itself")
}

pub fn prometheus_metric_name(name: &At<String>, sample: &str) -> Draft {
    let message = match sample == name.value {
        true => format!("{} is a name of Prometheus' own", quote(&name.value)),
        false => format!(
            "{} has the sample `{sample}`, a name of Prometheus' own",
            quote(&name.value)
        ),
    };
    Draft::error(name.place, message).hint(
        "`up`, `ALERTS`, `ALERTS_FOR_STATE` and what begins with `scrape_` or `__` would be mixed \
         with its own series; put the name of the program before it",
    )
}

pub fn no_family_name(name: &At<String>) -> Draft {
    let found = quote(&name.value);
    Draft::error(
        name.place,
        format!("{found} is no name in OpenMetrics, where a counter is called without `_total`"),
    )
    .hint("put what is counted before it: `requests_total`")
}

pub fn bad_label_name(name: &At<String>) -> Draft {
    let found = quote(&name.value);
    let valid = metric_names::valid(&name.value);
    Draft::error(
        name.place,
        format!("expected a label name, but found {found}"),
    )
    .hint(format!(
        "letters, digits and `_`, no digit first; in [rule.labels]: `{valid} = \"{}\"`",
        name.value
    ))
}

pub fn reserved_label_name(name: &At<String>) -> Draft {
    let message = format!(
        "label names that begin with `__`, such as {}, are reserved",
        quote(&name.value)
    );
    Draft::error(name.place, message)
}

pub fn label_of_parts(name: &At<String>, what: &str) -> Draft {
    let message = format!("a metric cannot have the label {}", quote(&name.value));
    Draft::error(name.place, message).hint(format!(
        "Prometheus puts the {what} there, and parsers refuse a page that has it elsewhere; \
         call it `{0}_` and write `{0}_ = \"{0}\"` in [rule.labels]",
        name.value
    ))
}

pub fn label_of_target(name: &At<String>) -> Draft {
    let found = quote(&name.value);
    Draft::warning(
        name.place,
        format!("Prometheus has a label {found} for the target itself, and renames this one `exported_{}`", name.value),
    )
    .hint("call it something else, or scrape with `honor_labels: true`")
}
