//! What the engine counts about its own work, in plain arrays that a thread owns.

/// What can be wrong with a field on a matching line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// It has neither a value nor a default, so a metric was not updated.
    Missing,
    /// Its value is no number, duration or size, or none that this type of metric can take.
    BadValue,
    /// Its key stands more than once and the rule takes only one.
    Ambiguous,
}

/// One field of one rule that trouble can be counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub rule: Box<str>,
    /// The label's name; for a value the first key it comes from.
    pub field: Box<str>,
    pub trouble: Trouble,
}

/// Counts since the last [`Tally::clear`].
#[derive(Debug, Clone)]
pub struct Tally {
    /// Lines that no rule matched.
    pub unmatched: u64,
    /// Lines matched, for each rule.
    pub matches: Vec<u64>,
    /// Lines with trouble, for each of [`super::Engine::reasons`]. A line counts once for each.
    pub troubles: Vec<u64>,
    /// The reasons that the line at hand has been counted for.
    line_reasons: Vec<usize>,
}

impl Tally {
    /// A tally for so many rules and reasons.
    pub fn new(rules: usize, reasons: usize) -> Tally {
        Tally {
            unmatched: 0,
            matches: vec![0; rules],
            troubles: vec![0; reasons],
            line_reasons: Vec::new(),
        }
    }

    /// Sets all counts to 0.
    pub fn clear(&mut self) {
        self.unmatched = 0;
        self.matches.fill(0);
        self.troubles.fill(0);
    }

    /// A rule begins on a line.
    pub(super) fn begin_line(&mut self) {
        self.line_reasons.clear();
    }

    /// Counts trouble once for a line, however many metrics it concerns.
    pub(super) fn trouble(&mut self, reason: usize) {
        if !self.line_reasons.contains(&reason) {
            self.line_reasons.push(reason);
            self.troubles[reason] += 1;
        }
    }
}
