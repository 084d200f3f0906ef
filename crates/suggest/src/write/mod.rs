//! Rules as TOML, with comments for whoever goes on from there.

mod buckets;
mod case;
mod metric_names;
mod numbers;
mod report;
mod rule;
mod toml_text;

pub(crate) use case::case;
pub(crate) use metric_names::{MetricNames, prefix};
pub(crate) use rule::rule;
pub(crate) use toml_text::comment;
