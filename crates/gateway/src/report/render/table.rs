//! A report for a terminal: aligned columns that fit its width, with bars; colours only where asked.

use comfy_table::presets::NOTHING;
use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Row,
    Table, Width,
};

use super::Options;
use super::remarks;
use super::sections::{self, Cell, Section};
use crate::report::Report;

/// Rows over time.
const BINS_MAX: usize = 24;

/// No table is narrower, however narrow the terminal is.
const WIDTH_MIN: u16 = 60;

/// The widest bar.
const BAR_WIDTH_MAX: u16 = 24;

/// A name is not cut to less.
const NAME_WIDTH_MIN: u16 = 14;

/// Beside an id that must be whole it may be cut to this.
const NAME_WIDTH_LEAST: u16 = 8;

/// A moment with its year and its fraction, and without.
const MOMENT_WIDTH: u16 = 23;
const MOMENT_WIDTH_MIN: u16 = 14;

/// Writes the tables.
pub fn render(report: &Report, options: &Options) -> String {
    let style = |code: &str, text: &str| match options.colours {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let width = options.width.max(WIDTH_MIN);
    let mut out = format!(
        "{}, {}\n\n",
        style("1", &sections::title(report)),
        sections::when(report)
    );
    for line in summary(report, width) {
        out += &format!("  {line}\n");
    }
    for section in sections::sections(report, options, BINS_MAX) {
        out += &format!("\n{}\n", style("1", &section.title));
        out += &table(&section, width, options.colours);
        if let Some(note) = &section.note {
            out += &format!("  {}\n", style("2", note));
        }
    }
    let remarks = remarks::remarks(report);
    if !remarks.is_empty() {
        out.push('\n');
    }
    for remark in remarks {
        out += &format!("note: {remark}\n");
    }
    // A space that does not break is for pages; terminals and what reads them want a plain one.
    out.replace('\u{a0}', " ")
}

/// Figures side by side, as many as fit into a line.
fn summary(report: &Report, width: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for figure in sections::summary(report) {
        let part = match figure.leads {
            true => format!("{} {}", figure.name, figure.text),
            false => format!("{} {}", figure.text, figure.name),
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.chars().count() + 5 < width as usize => {
                *line += &format!("   {part}");
            }
            _ => lines.push(part),
        }
    }
    lines
}

fn table(section: &Section, width: u16, colours: bool) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_truncation_indicator("…")
        .set_width(width);
    if colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let widths = widths(section, width);
    let header = section.header.iter().map(|name| {
        let cell = TableCell::new(name);
        if colours {
            cell.add_attribute(Attribute::Dim)
        } else {
            cell
        }
    });
    table.set_header(header.collect::<Vec<_>>());
    for row in &section.rows {
        let cells = row.iter().zip(&widths);
        let mut cells = Row::from(
            cells
                .map(|(cell, width)| table_cell(cell, *width, colours))
                .collect::<Vec<_>>(),
        );
        cells.max_height(1);
        table.add_row(cells);
    }
    let first = section.rows.first();
    for (place, width) in widths.iter().enumerate() {
        let is_number = first
            .and_then(|row| row.get(place))
            .is_some_and(Cell::is_number);
        if let Some(column) = table.column_mut(place) {
            // Two blanks at the line's start, one between columns.
            let left = if place == 0 { 2 } else { 1 };
            column.set_padding((left, 0));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width + left)));
            let alignment = if is_number {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            };
            column.set_cell_alignment(alignment);
        }
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

fn table_cell(cell: &Cell, width: u16, colours: bool) -> TableCell {
    match cell {
        Cell::Name(text) | Cell::Number(text) | Cell::List(text) | Cell::Id(text) => {
            TableCell::new(fit(text, width))
        }
        Cell::Moment(text) if width < MOMENT_WIDTH => {
            TableCell::new(text.get(5..19).unwrap_or(text))
        }
        Cell::Moment(text) => TableCell::new(text),
        Cell::Errors(text, is_bad) if *is_bad && colours => TableCell::new(text).fg(Color::Red),
        Cell::Errors(text, _) => TableCell::new(text),
        Cell::Bar(part) => {
            let bar = TableCell::new(bar(*part, width));
            if colours { bar.fg(Color::Cyan) } else { bar }
        }
    }
}

/// A text that is too wide loses its end, not its words: the table would wrap at blanks.
fn fit(text: &str, width: u16) -> String {
    let text = text.replace('\u{a0}', " ");
    let wide = comfy_width(&text);
    if wide <= width {
        return text;
    }
    let mut out = String::new();
    for character in text.chars() {
        out.push(character);
        if comfy_width(&out) > width.saturating_sub(1) {
            out.pop();
            break;
        }
    }
    out + "…"
}

/// Columns on a terminal, as the table's library reckons them.
fn comfy_width(text: &str) -> u16 {
    let mut table = Table::new();
    table.load_style(NOTHING).add_row([text]);
    // A cell has a blank on each side.
    table
        .column_max_content_widths()
        .first()
        .copied()
        .unwrap_or_default()
}

/// The widths of the columns' content: numbers have what they need, bars and names share the rest.
fn widths(section: &Section, width: u16) -> Vec<u16> {
    let mut wanted: Vec<u16> = section
        .header
        .iter()
        .map(|name| name.chars().count() as u16)
        .collect();
    for row in &section.rows {
        for (cell, wanted) in row.iter().zip(&mut wanted) {
            let own = match cell {
                Cell::Name(text)
                | Cell::Number(text)
                | Cell::List(text)
                | Cell::Moment(text)
                | Cell::Id(text)
                | Cell::Errors(text, _) => comfy_width(&text.replace('\u{a0}', " ")),
                Cell::Bar(_) => BAR_WIDTH_MAX,
            };
            *wanted = own.max(*wanted);
        }
    }
    let first = section.rows.first();
    let kind = |place: usize| first.and_then(|row| row.get(place));
    let gaps = wanted.len() as u16 + 1;
    let mut surplus = wanted
        .iter()
        .sum::<u16>()
        .saturating_add(gaps)
        .saturating_sub(width);
    // Bars shrink first, then lists, then names, each to its least; the widest of a kind first. An id
    // does not.
    let shrinkable = [
        (is_bar as fn(&Cell) -> bool, 6),
        (is_list, NAME_WIDTH_MIN),
        (is_name, NAME_WIDTH_MIN),
        (is_moment, MOMENT_WIDTH_MIN),
        (is_name, NAME_WIDTH_LEAST),
        (is_text, 3),
    ];
    for (is_kind, least) in shrinkable {
        while surplus > 0 {
            let places = (0..wanted.len()).filter(|place| kind(*place).is_some_and(is_kind));
            let Some(widest) = places.max_by_key(|place| wanted[*place]) else {
                break;
            };
            if wanted[widest] <= least {
                break;
            }
            wanted[widest] -= 1;
            surplus -= 1;
        }
    }
    wanted
}

fn is_bar(cell: &Cell) -> bool {
    matches!(cell, Cell::Bar(_))
}

fn is_list(cell: &Cell) -> bool {
    matches!(cell, Cell::List(_))
}

fn is_name(cell: &Cell) -> bool {
    matches!(cell, Cell::Name(_))
}

fn is_moment(cell: &Cell) -> bool {
    matches!(cell, Cell::Moment(_))
}

fn is_text(cell: &Cell) -> bool {
    is_bar(cell) || is_list(cell) || is_name(cell)
}

/// A bar of eighths; what is there at all is seen.
fn bar(part: f64, width: u16) -> String {
    let eighths = (part.clamp(0.0, 1.0) * f64::from(width) * 8.0).round() as usize;
    let eighths = if part > 0.0 { eighths.max(1) } else { 0 };
    let mut bar = "█".repeat(eighths / 8);
    bar.extend(['▏', '▎', '▍', '▌', '▋', '▊', '▉'].get((eighths % 8).wrapping_sub(1)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_part() {
        assert_eq!(bar(1.0, 4), "████");
        assert_eq!(bar(0.5, 3), "█▌");
        assert_eq!(bar(1e-9, 4), "▏");
        assert_eq!(bar(0.0, 4), "");
        assert_eq!(bar(2.0, 2), "██");
    }

    #[test]
    fn what_is_too_wide_is_cut() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("日本語", 5), "日本…");
    }
}
