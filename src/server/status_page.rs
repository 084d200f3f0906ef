//! The status page: plain data in, one self-contained HTML page out, without script. Everything
//! that may come from logs is escaped here. Asks nobody for anything.

use std::fmt::{self, Display, Write};
use std::time::Duration;

/// Unmatched lines that are shown.
pub const LINES_MAX: usize = 20;

/// A longer line is cut here, in characters.
const LINE_CHARS_MAX: usize = 1000;

const STYLE: &str = include_str!("page.css");

/// What the page shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The program's version, without `v`.
    pub version: String,
    /// Since when it runs.
    pub uptime: Duration,
    /// The state that is kept, if one is.
    pub state: Option<StateRow>,
    /// In the order of the command line.
    pub inputs: Vec<Input>,
    /// In the order of the rules files.
    pub rules: Vec<RuleRow>,
    /// Since when these rules run.
    pub rules_loaded: Duration,
    /// Whether newer rules were wrong, so that these run on.
    pub rules_outdated: bool,
    /// In the order they are to be shown.
    pub metrics: Vec<MetricRow>,
    /// Lines that no rule matched.
    pub lines_unmatched: u64,
    /// The latest of them, newest first; of more than [`LINES_MAX`] only those are shown.
    pub last_unmatched: Vec<UnmatchedRow>,
}

/// A line that no rule matched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnmatchedRow {
    /// Its text.
    pub line: String,
    /// What is known of it, in words.
    pub note: Option<String>,
}

/// The state that is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StateRow {
    /// The file as the command line names it.
    pub file: String,
    /// How long ago it was last saved; nothing before the first time.
    pub saved_ago: Option<Duration>,
    /// Saves that failed.
    pub failures: u64,
    /// What was saved before was damaged, so that counting restarted from zero.
    pub is_damaged: bool,
}

/// An input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// As the command line names it.
    pub source: String,
    /// Bytes that exist and are not read yet.
    pub lag_bytes: u64,
    /// Lines read.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Why nothing, or not everything, can be read.
    pub trouble: Option<String>,
}

/// A rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleRow {
    /// Its name.
    pub name: String,
    /// Lines it matched.
    pub matches: u64,
}

/// A metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricRow {
    /// Its name.
    pub name: String,
    /// Series it has.
    pub series: u64,
    /// Series it may have.
    pub limit: u64,
    /// Updates that went to the series for all others because of the limit.
    pub limited: u64,
}

impl Page {
    /// The page, whole.
    pub fn render(&self) -> String {
        let mut html = String::with_capacity(STYLE.len() + 4096);
        // Writing to a string cannot fail.
        _ = self.write(&mut html);
        html
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>logmetrics</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n\
             <h1>logmetrics</h1>\n<span class=\"soft\">{}, up {}</span>\n\
             <nav><a href=\"/metrics\">/metrics</a> <a href=\"/healthz\">/healthz</a> \
             <a href=\"/readyz\">/readyz</a></nav>\n</header>\n",
            Escaped(&self.version),
            Span(self.uptime),
        )?;
        self.write_summary(out)?;
        self.write_state(out)?;
        self.write_inputs(out)?;
        self.write_rules(out)?;
        self.write_metrics(out)?;
        self.write_unmatched(out)?;
        out.write_str("</body>\n</html>\n")
    }

    fn write_summary(&self, out: &mut String) -> fmt::Result {
        let sum = |numbers: &mut dyn Iterator<Item = u64>| numbers.fold(0, u64::saturating_add);
        let lines = sum(&mut self.inputs.iter().map(|input| input.lines));
        let lag_bytes = sum(&mut self.inputs.iter().map(|input| input.lag_bytes));
        let series = sum(&mut self.metrics.iter().map(|metric| metric.series));
        out.write_str("<dl>\n")?;
        for (name, value) in [
            ("Lines read", Count(lines).to_string()),
            ("Lines no rule matched", self.unmatched(lines)),
            ("Series", Count(series).to_string()),
            ("Still to be read", Lag(lag_bytes).to_string()),
        ] {
            writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
        }
        out.write_str("</dl>\n")
    }

    /// How many lines no rule matched, in colour where that is all.
    fn unmatched(&self, lines: u64) -> String {
        let count = Count(self.lines_unmatched);
        match lines > 0 && self.lines_unmatched >= lines {
            true => format!("<span class=\"warn\">{count} (all)</span>"),
            false => count.to_string(),
        }
    }

    fn write_state(&self, out: &mut String) -> fmt::Result {
        let Some(state) = &self.state else {
            return Ok(());
        };
        write!(out, "<p>State in {}, ", Escaped(&state.file))?;
        match state.saved_ago {
            Some(ago) => write!(out, "saved {} ago", Span(ago))?,
            None => out.write_str("not saved yet")?,
        }
        if state.failures > 0 {
            let failures = Count(state.failures);
            write!(
                out,
                ", <span class=\"warn\">saving failed {failures} times</span>"
            )?;
        }
        if state.is_damaged {
            let words = "what was saved before was damaged; counting restarted from zero";
            write!(out, ", <span class=\"warn\">{words}</span>")?;
        }
        out.write_str("</p>\n")
    }

    fn write_inputs(&self, out: &mut String) -> fmt::Result {
        table(
            out,
            "Inputs",
            &["Source", "Lines", "Read", "Behind", "State"],
            &self.inputs,
            |out, input| {
                let state = match &input.trouble {
                    None => "<span class=\"good\">readable</span>".to_owned(),
                    Some(why) => format!("<span class=\"warn\">{}</span>", Escaped(why)),
                };
                write!(
                    out,
                    "<td>{}</td>{}{}{}{}",
                    Escaped(&input.source),
                    Cell(Count(input.lines)),
                    Cell(Size(input.bytes)),
                    Cell(Lag(input.lag_bytes)),
                    Cell(state),
                )
            },
        )
    }

    fn write_rules(&self, out: &mut String) -> fmt::Result {
        table(
            out,
            "Rules",
            &["Rule", "Lines matched"],
            &self.rules,
            |out, rule| {
                write!(
                    out,
                    "<td>{}</td>{}",
                    Escaped(&rule.name),
                    Cell(Count(rule.matches))
                )
            },
        )?;
        let loaded = Span(self.rules_loaded);
        writeln!(out, "<p class=\"soft\">loaded {loaded} ago</p>")?;
        if self.rules_outdated {
            out.write_str(
                "<p class=\"warn\">Newer rules are wrong and not in use; the log says why.</p>\n",
            )?;
        }
        Ok(())
    }

    fn write_metrics(&self, out: &mut String) -> fmt::Result {
        let heads = ["Metric", "Series", "Limit", "", "Over the limit"];
        table(out, "Metrics", &heads, &self.metrics, |out, metric| {
            let limited = match metric.limited {
                0 => "<span class=\"good\">none</span>".to_owned(),
                limited => format!("<span class=\"warn\">{}</span>", Count(limited)),
            };
            // Where low is better, a browser colours the bar by itself.
            let (limit, high) = (metric.limit.max(1), metric.limit / 10 * 8);
            write!(
                out,
                "<td>{}</td>{}{}<td><meter min=\"0\" max=\"{limit}\" low=\"{high}\" \
                 high=\"{high}\" optimum=\"0\" value=\"{}\"></meter></td>{}",
                Escaped(&metric.name),
                Cell(Count(metric.series)),
                Cell(Count(metric.limit)),
                metric.series.min(limit),
                Cell(limited),
            )
        })
    }

    fn write_unmatched(&self, out: &mut String) -> fmt::Result {
        out.write_str("<h2>Last lines that no rule matched</h2>\n")?;
        if self.last_unmatched.is_empty() {
            return out.write_str("<p class=\"soft\">none</p>\n");
        }
        out.write_str("<ol>\n")?;
        for UnmatchedRow { line, note } in self.last_unmatched.iter().take(LINES_MAX) {
            let end = line.char_indices().nth(LINE_CHARS_MAX).map(|(end, _)| end);
            let shown = end.and_then(|end| line.get(..end)).unwrap_or(line);
            let cut = if shown.len() < line.len() { "…" } else { "" };
            write!(out, "<li>{}{cut}", Escaped(shown))?;
            if let Some(note) = note {
                write!(out, "<br><span class=\"warn\">{}</span>", Escaped(note))?;
            }
            out.write_str("</li>\n")?;
        }
        out.write_str(
            "</ol>\n<p class=\"soft\"><code>logmetrics explain</code> says why, line by line.</p>\n",
        )
    }
}

/// A heading and a table under it; where there are no rows, that.
fn table<R>(
    out: &mut String,
    title: &str,
    heads: &[&str],
    rows: &[R],
    row: impl Fn(&mut String, &R) -> fmt::Result,
) -> fmt::Result {
    writeln!(out, "<h2>{title}</h2>")?;
    if rows.is_empty() {
        return out.write_str("<p class=\"soft\">none</p>\n");
    }
    out.write_str("<div class=\"scroll\"><table>\n<thead><tr>")?;
    for (column, head) in heads.iter().enumerate() {
        let class = if column == 0 { "" } else { " class=\"number\"" };
        write!(out, "<th{class}>{head}</th>")?;
    }
    out.write_str("</tr></thead>\n<tbody>\n")?;
    for each in rows {
        out.write_str("<tr>")?;
        row(out, each)?;
        out.write_str("</tr>\n")?;
    }
    out.write_str("</tbody>\n</table></div>\n")
}

/// A number's cell.
struct Cell<T>(T);

impl<T: Display> Display for Cell<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<td class=\"number\">{}</td>", self.0)
    }
}

/// Text from anywhere as HTML text. What cannot be seen, or would turn the text around, is shown.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                // As a pattern would be written that matches them.
                '\t' | '\r' | '\n' => write!(formatter, "{}", c.escape_default())?,
                _ if is_invisible(c) => write!(formatter, "{}", c.escape_unicode())?,
                _ => formatter.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Control characters, and format characters that hide themselves or reorder the text around them
/// (Unicode Standard Annex 9 and Technical Report 36).
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A number in groups of three digits.
struct Count(u64);

impl Display for Count {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                formatter.write_char(',')?;
            }
            formatter.write_char(digit)?;
        }
        Ok(())
    }
}

/// Bytes, in the largest unit that leaves something before the point.
struct Size(u64);

impl Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0 as f64;
        let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].iter();
        let mut unit = units.next().unwrap_or(&"");
        // Not 1024: so that nothing is rounded to `1024.0 KiB`.
        while value >= 1023.95 {
            let Some(next) = units.next() else { break };
            (value, unit) = (value / 1024.0, next);
        }
        if *unit == "B" {
            write!(formatter, "{} B", self.0)
        } else {
            write!(formatter, "{value:.1} {unit}")
        }
    }
}

/// How much is still to be read.
struct Lag(u64);

impl Display for Lag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => formatter.write_str("<span class=\"good\">nothing</span>"),
            bytes => write!(formatter, "<span class=\"warn\">{}</span>", Size(bytes)),
        }
    }
}

/// A time span in its two largest units.
struct Span(Duration);

impl Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(formatter, "{seconds} s"),
            (0, 0, _) => write!(formatter, "{minutes} min {} s", seconds % 60),
            (0, _, _) => write!(formatter, "{hours} h {} min", minutes % 60),
            _ => write!(formatter, "{days} d {} h", hours % 24),
        }
    }
}

#[cfg(test)]
mod tests;
