//! What is wrong with a rules file, and where.
//!
//! A [`Draft`] knows byte offsets and is what the rest of the room makes; [`settle`] turns drafts
//! into [`Problem`]s, which carry the source lines they show and outlive the text. The words stand
//! in [`messages`], their form on the screen in [`render`]. No rule is judged here.

mod cause;
mod fix;
pub(super) mod messages;
mod render;

use std::fmt;
use std::ops::Range;

use super::load::SourceText;

pub(super) use cause::Cause;
pub use render::escape;

/// Most problems that one failed load shows; a file of noise would bury its first line.
const PROBLEMS_MAX: usize = 50;

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The rules cannot be used.
    Error,
    /// Advice: the rules can be used, but something is probably not as meant.
    Warning,
}

/// A stretch of a rules file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProblemPlace {
    /// The number of the file in this load.
    pub file: usize,
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct At<T> {
    pub value: T,
    pub place: ProblemPlace,
}

impl<T> At<T> {
    pub fn new(value: T, place: ProblemPlace) -> Self {
        At { value, place }
    }
}

/// A problem before its place has been looked up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    severity: Severity,
    message: String,
    /// What is shown, each with words next to its carets; the first is where the problem is.
    shown: Vec<(ProblemPlace, String)>,
    hint: Option<String>,
    /// The rule it is about, where it is known.
    rule: Option<String>,
    /// What it comes of, where other problems may come of the same.
    cause: Option<Box<Cause>>,
}

impl Draft {
    pub fn error(place: ProblemPlace, message: impl Into<String>) -> Self {
        Draft {
            severity: Severity::Error,
            message: message.into(),
            shown: vec![(place, String::new())],
            hint: None,
            rule: None,
            cause: None,
        }
    }

    /// A problem with something that has no text, such as a file that cannot be read.
    pub fn nowhere(message: impl Into<String>) -> Self {
        Draft {
            severity: Severity::Error,
            message: message.into(),
            shown: Vec::new(),
            hint: None,
            rule: None,
            cause: None,
        }
    }

    pub fn warning(place: ProblemPlace, message: impl Into<String>) -> Self {
        Draft {
            severity: Severity::Warning,
            ..Draft::error(place, message)
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

    pub fn of_rule(mut self, name: &str) -> Self {
        self.rule = Some(name.to_owned());
        self
    }

    pub fn because(mut self, cause: Cause) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }

    /// Shows a second place, with words for both.
    pub fn also(mut self, here: &str, place: ProblemPlace, there: &str) -> Self {
        if let Some(first) = self.shown.first_mut() {
            first.1 = here.into();
        }
        self.shown.push((place, there.into()));
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn order(&self) -> (usize, usize) {
        self.shown
            .first()
            .map_or((0, 0), |(place, _)| (place.file, place.start))
    }
}

/// One problem, with all that is needed to show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub severity: Severity,
    pub message: String,
    /// Where; empty where there is no text to show.
    pub excerpts: Vec<Excerpt>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The rule it is about, where it is known.
    pub rule: Option<String>,
}

/// A line of a rules file and the part of it that is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Excerpt {
    pub path: String,
    /// The line's number, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    pub text: String,
    /// What of `text` is meant, in bytes.
    pub span: Range<usize>,
    /// Words next to the carets; often none.
    pub note: String,
}

impl Problem {
    /// The text for people, in many lines, with a line end; with colours for a terminal.
    pub fn render(&self, colour: bool) -> String {
        render::problem(self, colour)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Why rules were refused: every problem, in the order of the files.
#[derive(Debug, Clone, PartialEq)]
pub struct Problems {
    /// At least one, errors and advice.
    pub list: Vec<Problem>,
    /// How many errors there are, which may be more than the list holds.
    pub errors: usize,
}

impl Problems {
    pub(super) fn new(drafts: Vec<Draft>, sources: &[SourceText]) -> Self {
        let drafts = in_order(drafts, sources);
        let errors = drafts.iter().filter(|draft| draft.is_error()).count();
        let mut list = looked_up(drafts, sources);
        list.truncate(PROBLEMS_MAX);
        Problems { list, errors }
    }

    /// The text for people; with colours for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        for problem in &self.list {
            text.push_str(&problem.render(colour));
            text.push('\n');
        }
        text.push_str(&messages::total(self.errors));
        text.push('\n');
        text
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Looks up the places of drafts, in the order of the files.
pub(super) fn settle(drafts: Vec<Draft>, sources: &[SourceText]) -> Vec<Problem> {
    looked_up(in_order(drafts, sources), sources)
}

/// The drafts in the order of the files, one for each cause.
fn in_order(mut drafts: Vec<Draft>, sources: &[SourceText]) -> Vec<Draft> {
    drafts.sort_by_key(Draft::order);
    drafts.dedup();
    let mut drafts = cause::merged(drafts, sources);
    drafts.sort_by_key(Draft::order);
    drafts
}

fn looked_up(drafts: Vec<Draft>, sources: &[SourceText]) -> Vec<Problem> {
    let look_up = |(place, note): (ProblemPlace, String)| excerpt(place, note, sources);
    drafts
        .into_iter()
        .map(|draft| Problem {
            severity: draft.severity,
            message: draft.message,
            excerpts: draft.shown.into_iter().filter_map(look_up).collect(),
            hint: draft.hint,
            rule: draft.rule,
        })
        .collect()
}

fn excerpt(place: ProblemPlace, note: String, sources: &[SourceText]) -> Option<Excerpt> {
    let source = sources.get(place.file)?;
    let start = source.text.floor_char_boundary(place.start);
    let before = source.text.get(..start)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let text = source.text.get(line_start..)?.lines().next().unwrap_or("");
    let in_line = (start - line_start).min(text.len());
    // A value over many lines is shown by its first.
    let end = text.floor_char_boundary(place.end.saturating_sub(line_start));
    Some(Excerpt {
        path: source.path.clone(),
        line: before.matches('\n').count() + 1,
        column: text.get(..in_line).unwrap_or("").chars().count() + 1,
        text: text.to_string(),
        span: in_line..end.max(in_line),
        note,
    })
}
