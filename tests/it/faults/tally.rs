//! What was written, by label; and whether a page says the same.
//!
//! The rules count the lines of each label and add up their numbers, so that a lost line does not
//! hide behind a doubled one, and where some are missing the difference tells which.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fixture::Page;

/// How many labels there are.
const LABELS: usize = 16;

/// The rules that count what [`Tally::line`] makes.
pub const RULES: &str = r"[[rule]]
match = '^label=(?P<label>\w+) number=(?P<number>\d+) end$'
metric = [
    { counter = 'seen', by = ['label'] },
    { counter = 'numbers', value = 'number', by = ['label'] },
]
";

/// The lines written so far and what was done to them.
#[derive(Default)]
pub struct Tally {
    /// Lines of which a part may stand in a file already.
    begun: [AtomicU64; LABELS],
    numbers: [AtomicU64; LABELS],
    next: AtomicU64,
    journal: Mutex<Vec<String>>,
}

fn label(number: u64) -> usize {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % LABELS
}

impl Tally {
    /// The next line, which counts as begun from now on.
    pub fn line(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let label = label(number);
        self.begun[label].fetch_add(1, Ordering::SeqCst);
        self.numbers[label].fetch_add(number, Ordering::SeqCst);
        format!("label=l{label} number={number} end\n")
    }

    /// How many lines there are.
    pub fn lines(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }

    /// Keeps what was done, for the message of a failure.
    pub fn note(&self, what: impl std::fmt::Display) {
        let line = format!("line {}: {what}", self.lines());
        self.journal.lock().unwrap().push(line);
    }

    /// Keeps what the program said in one life.
    pub fn note_said(&self, said: &str) {
        let mut journal = self.journal.lock().unwrap();
        let lines = said.lines().filter(|line| !line.contains("listening on"));
        journal.extend(lines.map(|line| format!("    {line}")));
    }

    /// The last things that were done.
    pub fn journal(&self) -> String {
        let journal = self.journal.lock().unwrap();
        let from = journal.len().saturating_sub(100);
        journal[from..].join("\n")
    }

    /// Asserts that a page, scraped before this call, shows no more than was written.
    pub fn assert_no_more(&self, page: &Page) {
        for (label, begun) in self.begun.iter().enumerate() {
            let series = format!("seen{{label=\"l{label}\"}}");
            let (seen, begun) = (page.value(&series), begun.load(Ordering::SeqCst));
            assert!(
                seen.unwrap_or(0.0) <= begun as f64,
                "{series} is {seen:?}, but {begun} were written\n{}",
                self.journal()
            );
        }
    }

    /// What is not as it was written, in words; empty where the page is exact.
    pub fn differences(&self, page: &Page) -> String {
        differences(&[self], page)
    }
}

/// What is not as it was written by all of them, in words; empty where the page is exact.
pub fn differences(tallies: &[&Tally], page: &Page) -> String {
    let mut words = String::new();
    for label in 0..LABELS {
        let difference = |metric: &str, expected: fn(&Tally) -> &[AtomicU64; LABELS]| {
            let expected = tallies.iter().map(|tally| &expected(tally)[label]);
            let expected: u64 = expected.map(|count| count.load(Ordering::SeqCst)).sum();
            let series = format!("{metric}{{label=\"l{label}\"}}");
            page.value(&series).unwrap_or(0.0) - expected as f64
        };
        let lines = difference("seen", |tally| &tally.begun);
        let numbers = difference("numbers", |tally| &tally.numbers);
        if lines != 0.0 || numbers != 0.0 {
            words += &format!("label l{label}: {lines:+} lines, their numbers {numbers:+}");
            if lines != 0.0 {
                words += &format!(" (about {:.0})", numbers / lines);
            }
            words += "\n";
        }
    }
    words
}
