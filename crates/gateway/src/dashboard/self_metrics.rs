//! The last part of the dashboard: how logmetrics itself is.

use super::panel::{Grid, Query, lines};
use super::query::JOB;

/// Adds the part.
pub(super) fn part(grid: &mut Grid) {
    grid.part("logmetrics itself");
    let panels = [
        (
            "lines per second",
            "short",
            "sum by (source) (rate(logmetrics_lines_total{JOB}[$__rate_interval]))",
            "{{source}}",
        ),
        (
            "lines that no rule matched, per second",
            "short",
            "sum by (instance) (rate(logmetrics_lines_unmatched_total{JOB}[$__rate_interval]))",
            "{{instance}}",
        ),
        (
            "not read yet",
            "bytes",
            "sum by (source) (logmetrics_source_lag_bytes{JOB})",
            "{{source}}",
        ),
        (
            "series",
            "short",
            "sum by (metric) (logmetrics_series{JOB})",
            "{{metric}}",
        ),
        (
            "values that a limit put into __other__, per second",
            "short",
            "sum by (metric, label) (rate(logmetrics_label_limited_total{JOB}[$__rate_interval])) > 0",
            "{{metric}} {{label}}",
        ),
        (
            "fields that were missing, per second",
            "short",
            "sum by (rule, field) (rate(logmetrics_rule_missing_field_total{JOB}[$__rate_interval])) > 0",
            "{{rule}} {{field}}",
        ),
    ];
    for (title, unit, text, legend) in panels {
        let query = Query::new(text.replace("JOB", JOB), legend);
        grid.add(lines(title, unit, &[query]), 8, 7);
    }
}
