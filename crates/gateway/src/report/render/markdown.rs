//! A report as GitHub's markdown, for tickets and wikis.

use super::Options;
use super::remarks;
use super::sections::{self, Cell, Section};
use crate::report::Report;

/// Rows over time.
const BINS_MAX: usize = 24;

/// Blocks of the longest bar.
const BAR_BLOCKS: f64 = 12.0;

/// Writes the page.
pub fn render(report: &Report, options: &Options) -> String {
    let mut out = format!(
        "# {}\n\n{}\n\n",
        escape(&sections::title(report)),
        sections::when(report)
    );
    let summary = sections::summary(report);
    let parts = summary.iter().map(|figure| match figure.leads {
        true => format!("{} **{}**", figure.name, figure.text),
        false => format!("**{}** {}", figure.text, figure.name),
    });
    out += &parts.collect::<Vec<_>>().join(" · ");
    out.push('\n');
    for section in sections::sections(report, options, BINS_MAX) {
        out += &table(&section);
    }
    for remark in remarks::remarks(report) {
        out += &format!("\n> {}\n", escape(&remark));
    }
    out
}

fn table(section: &Section) -> String {
    let mut out = format!(
        "\n## {}\n\n| {} |\n|",
        section.title,
        section.header.join(" | ")
    );
    let empty = Vec::new();
    for cell in section.rows.first().unwrap_or(&empty) {
        out += if cell.is_number() {
            " ---: |"
        } else {
            " --- |"
        };
    }
    out.push('\n');
    for row in &section.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Name(text)
            | Cell::Number(text)
            | Cell::List(text)
            | Cell::Moment(text)
            | Cell::Id(text)
            | Cell::Errors(text, _) => escape(text),
            Cell::Bar(part) => "█".repeat((part * BAR_BLOCKS).round() as usize),
        });
        out += &format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    if let Some(note) = &section.note {
        out += &format!("\n*{}*\n", escape(note));
    }
    out
}

/// Every character that markdown or HTML may take for something else, with a backslash or as an entity.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // At the start of a word it would call somebody, backslash or not.
            '@' if !out.ends_with(char::is_alphanumeric) => out.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '~' | '$' | '{'
            | '}' => {
                out.push('\\');
                out.push(character);
            }
            character => out.push(character),
        }
    }
    // These are links by themselves.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escape("a|b <img> [x](http://e) www.e.com @me `c` ~"),
            "a\\|b &lt;img&gt; \\[x\\]\\(http&#58;//e\\) www&#46;e.com &#64;me \\`c\\` \\~"
        );
    }
}
