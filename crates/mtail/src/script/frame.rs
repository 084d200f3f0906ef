//! What the interpreter keeps from line to line, so that a line costs no allocation.

use super::matcher::Spans;
use super::vars::Labels;
use crate::layout::Time;

/// How many texts of times are remembered in strict mode.
const TIMES_MAX: usize = 64;

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The number of the line; what has another number is of an older line.
    pub stamp: u64,
    /// What each pattern found on the line.
    pub patterns: Vec<Found>,
    /// What was found at each site.
    pub sites: Vec<SiteFound>,
    texts: Vec<String>,
    labels: Vec<Labels>,
    pub times: Times,
    /// The line at hand is not valid UTF-8.
    pub has_repaired: bool,
    /// The lines of the program whose conditions held on the line at hand, in order.
    pub held: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub stamp: u64,
    pub matched: bool,
    pub spans: Spans,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SiteFound {
    pub stamp: u64,
    pub matched: bool,
    /// The text that was matched, where it is not the line.
    pub subject: String,
    pub spans: Spans,
}

impl State {
    pub fn new(patterns: usize, sites: usize) -> Self {
        State {
            patterns: vec![Found::default(); patterns],
            sites: vec![SiteFound::default(); sites],
            ..State::default()
        }
    }

    /// An empty text, to be given back.
    pub fn take_text(&mut self) -> String {
        self.texts.pop().unwrap_or_default()
    }

    pub fn give_text(&mut self, mut text: String) {
        text.clear();
        self.texts.push(text);
    }

    /// Empty labels, to be given back.
    pub fn take_labels(&mut self) -> Labels {
        self.labels.pop().unwrap_or_default()
    }

    pub fn give_labels(&mut self, mut labels: Labels) {
        labels.clear();
        self.labels.push(labels);
    }
}

/// mtail's memory of times: by the text alone, whatever the layout; none for a text that is no time.
/// The text that was asked for last comes last.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// What each text was, the one that was asked for last at the end.
    pub list: Vec<(String, Option<Time>)>,
}

impl Times {
    pub fn find(&mut self, text: &str) -> Option<Option<Time>> {
        let at = self.list.iter().position(|(known, _)| known == text)?;
        let found = self.list.remove(at);
        let time = found.1;
        self.list.push(found);
        Some(time)
    }

    pub fn remember(&mut self, text: &str, time: Option<Time>) {
        if self.list.len() >= TIMES_MAX {
            self.list.remove(0);
        }
        self.list.push((text.to_owned(), time));
    }
}
