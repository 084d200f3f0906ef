//! A report as bytes in one of several formats: for people (table, markdown, HTML) and for programs
//! (JSON, CSV).
//!
//! Whatever came from logs is made harmless in the way of each format. Nothing is worked out here
//! but what fits into a line.

mod bars;
mod chart;
mod csv;
mod format;
mod html;
mod json;
mod markdown;
mod periods;
mod remarks;
mod sections;
mod table;

pub use remarks::{without_price, without_team};

use super::Report;
use logmetrics_core::engine::extract::Dimension;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Table,
    /// One document with everything.
    Json,
    /// One row for each user, or what else the report is by.
    Csv,
    /// For tickets and wikis.
    Markdown,
    /// One page that needs nothing else.
    Html,
}

/// What a user can choose about the forms for people.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What comes first, and what the rows of CSV are.
    pub by: Dimension,
    /// Rows shown of each list, in the forms for people.
    pub top: usize,
    /// Characters in a line of the table.
    pub width: u16,
    /// Whether the table may have colours.
    pub colours: bool,
    /// When the report is made, in milliseconds since 1970; for the page.
    pub now_ms: u64,
}

/// Writes a report.
pub fn render(report: &Report, format: Format, options: &Options) -> Vec<u8> {
    let text = match format {
        Format::Table => table::render(report, options),
        Format::Json => json::render(report),
        Format::Csv => csv::render(report, options.by),
        Format::Markdown => markdown::render(report, options),
        Format::Html => html::render(report, options),
    };
    text.into_bytes()
}

/// What a dimension is called: one, and many.
fn word(dimension: Dimension) -> (&'static str, &'static str) {
    match dimension {
        Dimension::User => ("user", "users"),
        Dimension::Route => ("route", "routes"),
        Dimension::Model => ("model", "models"),
        Dimension::Provider => ("provider", "providers"),
        Dimension::Status => ("status", "statuses"),
        Dimension::Team => ("team", "teams"),
    }
}
