//! What the engine counts about its own work, in plain arrays that a thread owns.

pub use crate::metrics::self_metrics::FieldErrorKind;

/// One kind of error of one field of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub rule: Box<str>,
    /// The label's name; for a value the first key it comes from.
    pub field: Box<str>,
    pub kind: FieldErrorKind,
}

/// More headers with other columns are not kept.
const OTHER_HEADERS_MAX: usize = 8;

/// Counts since the last [`Counts::clear`].
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Lines that no rule matched.
    pub unmatched: u64,
    /// Lines matched, for each rule.
    pub matches: Vec<u64>,
    /// Lines that the rule would be for, had its reader been able to read their fields.
    pub unreadable: Vec<u64>,
    /// Lines with an error, for each of [`super::Engine::field_errors`]. A line counts once for each.
    pub field_errors: Vec<u64>,
    /// Lines of which a label's value is not valid UTF-8. Each counts once.
    pub invalid_utf8: u64,
    /// Headers of tables with other columns than their rule's: its number, and what they say. The first few.
    pub other_headers: Vec<(usize, String)>,
    /// A label's value of the line at hand is not valid UTF-8.
    line_is_broken: bool,
    /// The errors that the line at hand has been counted for.
    line_errors: Vec<usize>,
}

impl Counts {
    /// Zeros for so many rules and errors.
    pub fn new(rules: usize, errors: usize) -> Counts {
        Counts {
            unmatched: 0,
            matches: vec![0; rules],
            unreadable: vec![0; rules],
            field_errors: vec![0; errors],
            invalid_utf8: 0,
            other_headers: Vec::new(),
            line_is_broken: false,
            line_errors: Vec::new(),
        }
    }

    /// Sets all counts to 0.
    pub fn clear(&mut self) {
        self.unmatched = 0;
        self.invalid_utf8 = 0;
        self.other_headers.clear();
        self.matches.fill(0);
        self.unreadable.fill(0);
        self.field_errors.fill(0);
    }

    /// The line at hand names other columns than the rule of this number.
    #[cold]
    pub(super) fn other_header(&mut self, rule: usize, why: String) {
        if self.other_headers.len() < OTHER_HEADERS_MAX {
            self.other_headers.push((rule, why));
        }
    }

    /// A rule begins on a line.
    pub(super) fn begin_line(&mut self) {
        self.line_errors.clear();
    }

    /// Broken bytes had to be replaced in what the line at hand counts as.
    #[cold]
    pub(super) fn broken_label(&mut self) {
        self.line_is_broken = true;
    }

    /// The line at hand is done with all rules.
    #[inline]
    pub(super) fn end_line(&mut self) {
        if self.line_is_broken {
            self.line_is_broken = false;
            self.invalid_utf8 += 1;
        }
    }

    /// Counts an error once for a line, however many metrics it concerns.
    pub(super) fn field_error(&mut self, error: usize) {
        if !self.line_errors.contains(&error) {
            self.line_errors.push(error);
            if let Some(count) = self.field_errors.get_mut(error) {
                *count += 1;
            }
        }
    }
}
