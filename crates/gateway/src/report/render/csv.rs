//! A report as CSV (RFC 4180): a header, and a row for every user, or what else it is by.
//!
//! Spreadsheets run what begins like a formula, so such names get a `'` in front:
//! <https://owasp.org/www-community/attacks/CSV_Injection>.

use crate::report::{Entry, PerRows, Report};
use logmetrics_core::engine::extract::Dimension;

/// Writes the rows: of each month or day where the report has those.
pub fn render(report: &Report, by: Dimension) -> String {
    if let Some(per) = &report.per {
        return of_periods(report, per);
    }
    let mut header = vec![super::word(by).0.to_owned()];
    if by == Dimension::Team {
        header.push("users".to_owned());
    }
    header.extend(
        [
            "requests",
            "errors_4xx",
            "errors_5xx",
            "error_rate",
            "duration_avg_seconds",
            "duration_p50_seconds",
            "duration_p95_seconds",
            "duration_p99_seconds",
            "tokens_input",
            "tokens_output",
            "cost_usd",
        ]
        .map(str::to_owned),
    );
    header.extend(others(report, by).map(|other| super::word(other).1.to_owned()));
    let rows = report.entries(by).iter();
    let rows = rows.map(|entry| row(report, entry, by));
    let rows = std::iter::once(header.join(",")).chain(rows);
    rows.map(|row| row + "\r\n").collect()
}

/// A row for every month or day and name, by period and name.
fn of_periods(report: &Report, per: &PerRows) -> String {
    let says = report.says;
    let mut out = format!(
        "{},{},requests,errors,tokens_input,tokens_output,cost_usd,requests_without_price\r\n",
        per.per.length.word(),
        super::word(per.per.by).0
    );
    for row in &per.rows {
        let figures = &row.figures;
        let has_prices = !report.price_tables.is_empty();
        let errors = figures.errors_4xx + figures.errors_5xx;
        let cells = [
            row.period.clone().unwrap_or_else(|| "unknown".to_owned()),
            field(&row.name),
            figures.requests.to_string(),
            known(says.status, errors.to_string()),
            known(says.tokens_input, figures.tokens_input.to_string()),
            known(says.tokens_output, figures.tokens_output.to_string()),
            number(figures.cost_usd()),
            known(has_prices, figures.unpriced.to_string()),
        ];
        out += &cells.join(",");
        out += "\r\n";
    }
    out
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.6}"))
}

/// What the rules do not say is unknown, and not 0.
fn known(is_known: bool, text: String) -> String {
    if is_known { text } else { String::new() }
}

/// What rows say of other dimensions; of teams where there are any.
fn others(report: &Report, by: Dimension) -> impl Iterator<Item = Dimension> {
    let has_teams = !report.entries(Dimension::Team).is_empty();
    let others = Dimension::ALL.into_iter();
    others.filter(move |other| {
        *other != by
            && match other {
                Dimension::User => false,
                Dimension::Team => has_teams,
                _ => true,
            }
    })
}

fn row(report: &Report, entry: &Entry, by: Dimension) -> String {
    let says = report.says;
    let figures = &entry.figures;
    let durations = &figures.durations;
    let mut cells = vec![field(&entry.name)];
    if by == Dimension::Team {
        cells.push(
            entry
                .users
                .map_or_else(String::new, |users| users.to_string()),
        );
    }
    cells.extend([
        figures.requests.to_string(),
        known(says.status, figures.errors_4xx.to_string()),
        known(says.status, figures.errors_5xx.to_string()),
        known(says.status, format!("{:.6}", figures.error_rate())),
        number(durations.average()),
        number(durations.quantile(0.5)),
        number(durations.quantile(0.95)),
        number(durations.quantile(0.99)),
        known(says.tokens_input, figures.tokens_input.to_string()),
        known(says.tokens_output, figures.tokens_output.to_string()),
        number(figures.cost_usd()),
    ]);
    cells.extend(others(report, by).map(|other| {
        let links = entry.links[other as usize].iter();
        let links: Vec<String> = links
            .map(|(name, count)| format!("{name}={count}"))
            .collect();
        field(&links.join(" "))
    }));
    cells.join(",")
}

/// A text as a field: no formula, and quoted where it must be.
fn field(text: &str) -> String {
    // Control characters, also those that `harmless` knows, have no business in a cell.
    let text = super::format::harmless(text);
    let is_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let text = if is_formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', ';', '\'', ' ']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_no_formulas_and_keep_to_their_cell() {
        for (text, expected) in [
            ("ann@x.com", "ann@x.com"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "\"'=1+1\""),
            (" @SUM(A1)", "\"' @SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("a\r\nb", "a\u{fffd}\u{fffd}b"),
        ] {
            assert_eq!(field(text), expected);
        }
    }
}
