//! What the forms for people show of months or days: the busiest names of each.

use std::cmp::Reverse;

use super::format::{self, harmless};
use super::sections::{Cell, Section, UNKNOWN, cost, tokens};
use super::word;
use crate::report::{PerRow, PerRows, Report};

/// The list of months or days, each with its `top` names; nothing where the report has none.
pub fn section(report: &Report, top: usize) -> Option<Section> {
    let per = report.per.as_ref().filter(|per| !per.rows.is_empty())?;
    let (length, (by, many)) = (per.per.length.word(), word(per.per.by));
    let total = &report.total;
    let has_tokens = total.tokens_input + total.tokens_output > 0;
    let has_cost = total.priced + total.unpriced > 0;
    let mut header = vec![length, by, "requests", "", "errors"];
    if has_tokens {
        header.extend(["tokens in", "out"]);
    }
    if has_cost {
        header.push("cost");
    }
    let (shown, more) = busiest(per, top);
    let most = shown.iter().map(|row| row.figures.requests).max();
    let cells = |row: &&PerRow| {
        let figures = &row.figures;
        let errors = figures.errors_4xx + figures.errors_5xx;
        let part = figures.requests as f64 / most.unwrap_or(1).max(1) as f64;
        let mut cells = vec![
            Cell::Name(row.period.clone().unwrap_or_else(|| "unknown".into())),
            Cell::Name(harmless(&row.name)),
            Cell::Number(format::count(figures.requests)),
            Cell::Bar(part),
            match report.says.status {
                true => Cell::Errors(format::short_count(errors), errors > 0),
                false => Cell::Errors(UNKNOWN.into(), false),
            },
        ];
        if has_tokens {
            let says = report.says;
            cells.push(Cell::Number(tokens(
                says.tokens_input,
                figures.tokens_input,
            )));
            cells.push(Cell::Number(tokens(
                says.tokens_output,
                figures.tokens_output,
            )));
        }
        if has_cost {
            cells.push(Cell::Number(cost(figures)));
        }
        cells
    };
    let rows = format::counted(more as u64, "more row", "more rows");
    Some(Section {
        title: format!(
            "{}{} by {length} ({})",
            many[..1].to_uppercase(),
            &many[1..],
            per.per.zone_name
        ),
        header,
        rows: shown.iter().map(cells).collect(),
        note: (more > 0).then(|| format!("and {rows} (--top shows more, --format csv all)")),
    })
}

/// The rows of the busiest names of each period, and how many there are besides.
fn busiest(per: &PerRows, top: usize) -> (Vec<&PerRow>, usize) {
    let mut shown = Vec::new();
    for rows in per.rows.chunk_by(|a, b| a.period == b.period) {
        let mut rows: Vec<&PerRow> = rows.iter().collect();
        rows.sort_by_key(|row| Reverse(row.figures.requests));
        shown.extend(rows.into_iter().take(top));
    }
    let more = per.rows.len() - shown.len();
    (shown, more)
}
