//! How a problem looks: message, `path:line:column`, the line, carets, hint.
//!
//! One form for terminals and for files; a terminal gets colours besides. What comes out of a file
//! never reaches a terminal as it is: control characters are written as `\u{1b}`.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Excerpt, Problem, Severity};

/// Most characters of a source line that are shown; the part around the carets is kept.
const WIDTH_MAX: usize = 120;

/// How many characters before the carets are kept where a line is too long.
const BEFORE_MAX: usize = 40;

/// A tab is shown as so many blanks, so that carets are under what they mean.
const TAB: &str = "    ";

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BLUE: &str = "\u{1b}[1;34m";
const RESET: &str = "\u{1b}[0m";

/// Text in a colour, where colours are wanted.
struct Paint(bool);

impl Paint {
    fn text<'t>(&self, colour: &str, text: &'t str) -> Cow<'t, str> {
        if self.0 && !text.is_empty() {
            Cow::Owned(format!("{colour}{text}{RESET}"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// A problem's text, with a line end.
pub fn problem(problem: &Problem, colour: bool) -> String {
    let paint = Paint(colour);
    let (word, tone) = match problem.severity {
        Severity::Error => ("error", RED),
        Severity::Warning => ("warning", YELLOW),
    };
    let width = problem
        .excerpts
        .iter()
        .map(|excerpt| excerpt.line.to_string().len())
        .max()
        .unwrap_or(0);
    let message = escape(&problem.message);
    let mut out = format!(
        "{}: {}\n",
        paint.text(tone, word),
        paint.text(BOLD, &message)
    );
    for (index, part) in problem.excerpts.iter().enumerate() {
        let arrow = if index == 0 { "-->" } else { ":::" };
        excerpt(&mut out, part, width, arrow, tone, &paint);
    }
    if let Some(hint) = &problem.hint {
        let hint = format!("hint: {}", escape(hint));
        push(&mut out, &format!("{:width$} =", ""), &hint, &paint);
    }
    out
}

fn excerpt(out: &mut String, part: &Excerpt, width: usize, arrow: &str, tone: &str, paint: &Paint) {
    let (line, before, carets) = window(part);
    let mut marks = "^".repeat(carets);
    if !part.note.is_empty() {
        marks.push(' ');
        marks.push_str(&escape(&part.note));
    }
    let marks = format!("{:before$}{}", "", paint.text(tone, &marks));
    let place = format!("{}:{}:{}", escape(&part.path), part.line, part.column);
    let bar = format!("{:width$} |", "");
    push(out, &format!("{:width$}{arrow}", ""), &place, paint);
    push(out, &bar, "", paint);
    push(out, &format!("{:>width$} |", part.line), &line, paint);
    push(out, &bar, &marks, paint);
}

/// Adds a line that begins with what is in the margin.
fn push(out: &mut String, margin: &str, text: &str, paint: &Paint) {
    out.push_str(&paint.text(BLUE, margin));
    if !text.is_empty() {
        out.push(' ');
        out.push_str(text);
    }
    out.push('\n');
}

/// The shown part of the line, how wide what comes before the carets is, and how many carets.
fn window(part: &Excerpt) -> (String, usize, usize) {
    let before = escape(part.text.get(..part.span.start).unwrap_or(""));
    let meant = escape(part.text.get(part.span.clone()).unwrap_or(""));
    let after = escape(part.text.get(part.span.end..).unwrap_or(""));
    let (mut line, mut width) = (String::new(), before.chars().count());
    if width + meant.chars().count() + after.chars().count() > WIDTH_MAX && width > BEFORE_MAX {
        line.push('…');
        line.extend(before.chars().skip(width - BEFORE_MAX));
        width = BEFORE_MAX + 1;
    } else {
        line.push_str(&before);
    }
    let room = WIDTH_MAX.saturating_sub(width).max(1);
    let carets = meant.chars().count().clamp(1, room);
    let rest = meant.chars().chain(after.chars());
    line.extend(rest.clone().take(room));
    if rest.clone().nth(room).is_some() {
        line.push('…');
    }
    (line, width, carets)
}

/// Text for a terminal: tabs as blanks, other control characters and those that turn the direction
/// of writing as `\u{1b}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let hostile =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.chars().any(hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c == '\t' {
            out.push_str(TAB);
        } else if hostile(c) {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
