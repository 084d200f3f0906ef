//! What is wrong with a program, where, and what to do about it; with a plain form for people.

use std::fmt::Write;

/// Most problems that are shown; a file of noise would bury its first line.
const SHOWN_MAX: usize = 50;

/// Most characters of a source line that are shown.
const WIDTH_MAX: usize = 120;

/// How many characters before the carets are kept where a line is too long.
const BEFORE_MAX: usize = 40;

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The program cannot be run.
    Error,
    /// The program runs, but something is probably not as meant.
    Warning,
}

/// A stretch of the program's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Self {
        Span { start, end }
    }

    /// From the start of this one to the end of `last`.
    pub fn to(self, last: Span) -> Self {
        Span::new(self.start, last.end.max(self.start))
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub span: Span,
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// A second place that has to do with it, and what it is.
    pub other: Option<(Span, String)>,
}

impl Problem {
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        Problem {
            severity: Severity::Error,
            span,
            message: message.into(),
            hint: None,
            other: None,
        }
    }

    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Problem {
            severity: Severity::Warning,
            ..Problem::error(span, message)
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    pub fn hint_if_none(mut self, hint: &str) -> Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    pub fn also(mut self, span: Span, note: impl Into<String>) -> Self {
        self.other = Some((span, note.into()));
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The text for people, in many lines, with a line end.
    pub fn render(&self, path: &str, source: &str) -> String {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut out = format!("{word}: {}\n", escape(&self.message));
        let first = Place::of(source, self.span);
        let second = self
            .other
            .as_ref()
            .map(|(span, note)| (Place::of(source, *span), note));
        let last = second
            .as_ref()
            .map_or(0, |(place, _)| place.line)
            .max(first.line);
        let width = last.to_string().len();
        excerpt(&mut out, path, &first, width, "-->", "");
        if let Some((place, note)) = second {
            excerpt(&mut out, path, &place, width, ":::", note);
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(out, "{:width$} = hint: {}", "", escape(hint));
        }
        out
    }
}

/// All problems of a program, sorted by place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    pub list: Vec<Problem>,
}

impl Problems {
    /// Sorts them and drops those that are said twice.
    pub fn new(mut list: Vec<Problem>) -> Self {
        list.sort_by(|a, b| (a.span.start, &a.message).cmp(&(b.span.start, &b.message)));
        list.dedup_by(|a, b| a.span.start == b.span.start && a.message == b.message);
        Problems { list }
    }

    pub fn errors(&self) -> usize {
        self.list
            .iter()
            .filter(|problem| problem.is_error())
            .count()
    }

    /// The text for people.
    pub fn render(&self, path: &str, source: &str) -> String {
        let mut out = String::new();
        for problem in self.list.iter().take(SHOWN_MAX) {
            out.push_str(&problem.render(path, source));
            out.push('\n');
        }
        let errors = self.errors();
        let s = if errors == 1 { "" } else { "s" };
        let _ = writeln!(out, "{errors} error{s} in the program");
        out
    }
}

/// Where a span is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In bytes, from 1, as mtail counts.
    pub byte_column: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The whole line.
    pub text: String,
    /// What of `text` is meant, in bytes.
    pub meant: Span,
}

impl Place {
    pub fn of(source: &str, span: Span) -> Self {
        let start = source.floor_char_boundary(span.start.min(source.len()));
        let before = source.get(..start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let text = source
            .get(line_start..)
            .unwrap_or("")
            .lines()
            .next()
            .unwrap_or("");
        let at = (start - line_start).min(text.len());
        let end = text.floor_char_boundary(span.end.saturating_sub(line_start).min(text.len()));
        Place {
            line: before.matches('\n').count() + 1,
            byte_column: start - line_start + 1,
            column: text.get(..at).unwrap_or("").chars().count() + 1,
            text: text.to_owned(),
            meant: Span::new(at, end.max(at)),
        }
    }
}

fn excerpt(out: &mut String, path: &str, place: &Place, width: usize, arrow: &str, note: &str) {
    let part = |from: usize, to: usize| escape(place.text.get(from..to).unwrap_or(""));
    let before = part(0, place.meant.start);
    let meant = part(place.meant.start, place.meant.end);
    let after = part(place.meant.end, place.text.len());
    let (mut line, mut column) = (String::new(), before.chars().count());
    let whole = column + meant.chars().count() + after.chars().count();
    if whole > WIDTH_MAX && column > BEFORE_MAX {
        line.push('…');
        line.extend(before.chars().skip(column - BEFORE_MAX));
        column = BEFORE_MAX + 1;
    } else {
        line.push_str(&before);
    }
    let room = WIDTH_MAX.saturating_sub(column).max(1);
    let carets = "^".repeat(meant.chars().count().clamp(1, room));
    let rest = meant.chars().chain(after.chars());
    line.extend(rest.clone().take(room));
    if rest.clone().nth(room).is_some() {
        line.push('…');
    }
    let place = format!("{}:{}:{}", escape(path), place.line, place.column);
    let number = place.split(':').rev().nth(1).unwrap_or("");
    let note = if note.is_empty() {
        String::new()
    } else {
        format!(" {}", escape(note))
    };
    let _ = writeln!(out, "{:width$}{arrow} {place}", "");
    let _ = writeln!(out, "{:width$} |", "");
    let _ = writeln!(out, "{number:>width$} | {line}");
    let _ = writeln!(out, "{:width$} | {:column$}{carets}{note}", "", "");
}

/// Text for a terminal: control characters and those that turn the direction of writing are
/// written as `\u{1b}`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// A text of the program in backticks, cut where it is long.
pub fn quote(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or("")),
        None => format!("`{text}`"),
    }
}
