//! A report as one HTML page that loads nothing: charts are SVG, no scripts, for light and dark
//! screens, phones and paper.

use std::fmt::Write as _;

use super::remarks;
use super::sections::{self, Cell, Figure, Section};
use super::{Options, chart, format};
use crate::report::{RELATIVE_ERROR, Report};

/// Rows of requests over time; the chart has more.
const BINS_MAX: usize = 24;

/// Writes the page.
pub fn render(report: &Report, options: &Options) -> String {
    let title = escape(&sections::title(report));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <header><h1>{title}</h1><p>{}</p></header>\n<dl>\n",
        include_str!("page.css"),
        sections::when(report)
    );
    for Figure { name, text, .. } in sections::summary(report) {
        let is_bad = name.starts_with("error") && !text.starts_with(['0', '–']);
        let class = if is_bad { " class=\"bad\"" } else { "" };
        let text = escape(&text);
        let _ = writeln!(out, "<div{class}><dt>{name}</dt><dd>{text}</dd></div>");
    }
    out += "</dl>\n";
    if let Some((svg, step)) = chart::over_time(report) {
        let _ = write!(
            out,
            "<section class=\"whole\"><h2>Requests over time <small>each bar: {step}, UTC</small></h2>\n\
             <figure>{svg}<figcaption>{}</figcaption></figure></section>\n",
            match report.says.status {
                true =>
                    "<span class=\"fine\">answered</span> <span class=\"client\">errors 4xx</span> <span class=\"server\">errors 5xx</span>",
                false => "<span class=\"fine\">requests</span>",
            }
        );
    }
    for section in sections::sections(report, options, BINS_MAX) {
        out += &table(&section);
    }
    out += "<footer>\n";
    for remark in remarks::remarks(report) {
        let _ = writeln!(out, "<p class=\"remark\">{}</p>", escape(&remark));
    }
    let _ = write!(
        out,
        "<p>{} read. Percentiles are right to {}. Written by logmetrics, {} UTC.</p>\n</footer>\n</body>\n</html>\n",
        format::counted(report.lines, "line", "lines"),
        format::percent(RELATIVE_ERROR),
        format::minute(options.now_ms as f64 / 1e3)
    );
    out
}

fn table(section: &Section) -> String {
    let title = escape(&section.title);
    let mut out = format!("<section><h2>{title}</h2>\n<div class=\"scroll\"><table>\n<thead><tr>");
    let first = section.rows.first();
    let kind = |place: usize| first.and_then(|row| row.get(place));
    for (place, name) in section.header.iter().enumerate() {
        let class = kind(place).map_or("", class);
        let _ = write!(out, "<th scope=\"col\"{class}>{name}</th>");
    }
    out += "</tr></thead>\n<tbody>\n";
    for row in &section.rows {
        out += "<tr>";
        for cell in row {
            let class = class(cell);
            let _ = match cell {
                Cell::Bar(part) => write!(out, "<td{class}>{}</td>", bar(*part)),
                Cell::Errors(text, true) => {
                    write!(out, "<td{class}><b>{}</b></td>", escape(text))
                }
                Cell::Name(text)
                | Cell::Number(text)
                | Cell::List(text)
                | Cell::Moment(text)
                | Cell::Id(text)
                | Cell::Errors(text, _) => {
                    write!(out, "<td{class}>{}</td>", escape(text))
                }
            };
        }
        out += "</tr>\n";
    }
    out += "</tbody></table></div>\n";
    if let Some(note) = &section.note {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    out + "</section>\n"
}

fn class(cell: &Cell) -> &'static str {
    match cell {
        Cell::Name(_) | Cell::Id(_) => " class=\"name\"",
        Cell::Number(_) | Cell::Errors(..) | Cell::Moment(_) => " class=\"number\"",
        Cell::Bar(_) => " class=\"bar\"",
        Cell::List(_) => " class=\"list\"",
    }
}

fn bar(part: f64) -> String {
    let width = (part.clamp(0.0, 1.0) * 100.0).max(if part > 0.0 { 1.0 } else { 0.0 });
    format!(
        "<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"ground\" width=\"100\" height=\"8\"/><rect class=\"fine\" width=\"{width:.1}\" height=\"8\"/></svg>"
    )
}

/// A text as text, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        assert_eq!(
            escape("<script>'&\"</script>"),
            "&lt;script&gt;&#39;&amp;&quot;&lt;/script&gt;"
        );
    }
}
