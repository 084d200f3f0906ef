//! Planned patterns: a regex taken apart into substring searches and class scans, which answer
//! only where they answer what the regex answers. What is neither a pattern nor a line of bytes may
//! not enter here, and no answer is a guess: what cannot be proved is [`Outcome::Unsure`], and the
//! caller asks the regex.
//!
//! # What a plan is
//!
//! A pattern is a sequence of texts, runs over a class (`\S+`, `[^"]*`, `\d{3}`), places (`^`, `$`,
//! `\b`), groups, alternatives, and gaps (`.*`). It is cut at its gaps into **segments**
//! `S0 gap S1 gap … Sn`. A segment is tried at a place by backtracking (`segment.rs`); the places
//! come from searches for a text in it (`branch.rs`); alternatives with nothing before them
//! that cannot be tried in place make several **branches** (`build_branches.rs`).
//!
//! What the caller promises of a line: it holds no line feed, or [`expect_line_feeds`] was called before. What is proved is that a plan says
//! what `regex::Regex` says of the line or, where that is no UTF-8, of its copy by
//! `String::from_utf8_lossy`: whether it matches, and each group's span (in the copy: the spans that
//! hold the same text).
//!
//! # Why it is right
//!
//! The regex crate's "leftmost-first" is what a backtracker finds that tries starts from the left
//! and the ways of the pattern in order. The proofs show that a plan leaves out only tries that fail.
//!
//! **Gaps.** Let `last(i)` be the last place at which `Si` matches so that the rest can match after
//! it, and `limit(i)` the last place where `Si` may end so that the rest can match: the line's end for
//! `Sn`, otherwise `last(i+1)` less the gap's least. As a gap takes anything, the rest matches after
//! an end `e` of `Si` if and only if `e <= limit(i)`: if so, the gap can reach `last(i+1)`; if not, the
//! start of `S(i+1)` would be after the last one there is. So segments hang together by one number
//! each, found from the right: `last(i)` is the last place at which `Si` matches with an end `<=
//! limit(i)`. Then from the left: the match starts at the first place where `S0` matches with an end
//! `<= limit(0)`, since there the rest matches and at none before; inside a segment the backtracker
//! takes the first way with an end `<= limit(i)`; a greedy gap leads to `last(i)`, and a lazy one to
//! the first place after it where `Si` matches with an end `<= limit(i)`. If no `last(i)` or no start
//! is there, there is no match.
//!
//! **The usual case.** Take each segment at its first place after the one before, as if there were no
//! limits. Where that leads to the end and no text of a segment after a greedy gap occurs once more
//! before its limit (or, left of a lazy gap, before a later place), these places are the last ones
//! too, and this is the match: what a backtracker tried before fails without limits, so it fails with
//! them, and each way ends within its limit because the next segment starts after it. Where all gaps
//! are lazy there is nothing to ask, since its first tries are these; and where only a yes is wanted,
//! it is one. Where the head occurs nowhere, there is no match.
//!
//! **From the back.** Where all gaps are greedy and each segment after one begins with its text, the
//! places are found as they are defined: from the right, the last place of each text from which its
//! segment matches with an end `<= limit(i)` is `last(i)`, and its groups there are the match's. Where
//! a text is missing before its limit, `last(i)` is not there.
//!
//! **Rejection.** Each match holds the segments' texts in order and apart. The first place of each
//! after the first place of the one before is at or before its place in any match (by induction), so
//! where one is missing there is no match.
//!
//! **Where a segment is tried.** A match of `Si` holds its text after so many bytes of fixed width,
//! or after one run over a class. In the second case the text's first byte is not in the class, so
//! each occurrence ends a run of its own and nothing after depends on where in it one starts: the
//! first start is the run's first place and the last the one that leaves the least.
//!
//! **Runs.** A *closed* run: no byte of the class can begin what follows, and what follows is not
//! empty. Every shorter choice leaves a byte of the class to what follows and fails; only the longest
//! is tried. A run of fixed length has one choice. A *last* run has nothing after it in its segment,
//! so every choice with an end `<= limit` succeeds: greedy takes the most of these, lazy the least.
//! All others are *open* and are tried in order, save where the next byte cannot begin what follows.
//!
//! **Where it was before.** Where only a yes is wanted and there is one gap, a place of the last
//! segment after an end of the first one is enough. A segment of texts and closed runs reads just the
//! bytes of its match: a closed run ends before the first byte of what follows. So where those bytes
//! occur again, it matches again.
//!
//! **Branches.** `^(?:A|B)C` is `^AC|^BC`, because what is before takes no bytes and has one way
//! to match. Each branch gives its leftmost match; the pattern's is the one with the smallest start,
//! and of equals the first, since at one start the backtracker tries branches in order. That needs no
//! anchor.
//!
//! **Characters.** A class takes characters and a plan reads bytes. In ASCII they are the same. Where
//! a class holds all characters from U+0080 on, a run goes on over their bytes, and broken ones become
//! U+FFFD in the copy, which it holds too; where it holds none, they end the run; where it holds some
//! (`\S`, `\d`), the first such byte makes the plan unsure, and so does one that would have to be
//! counted. A place is only used where the byte at it does not continue a character: there one starts
//! in the line and in the copy, because decoding starts again at every such byte. A text begins with
//! such a byte and is whole characters, so it is found in the copy where it is found in the line
//! (a pattern with U+FFFD in it is refused). A span between such places therefore holds in the copy
//! just what the replacement makes of its bytes alone. `\b` next to a byte beyond ASCII is unsure.
//!
//! **Work.** Open runs and lone texts can make the tries many. They are counted, and beyond a few
//! passes over the line the plan is unsure; the regex is linear whatever comes.

mod branch;
mod build_branches;
mod class;
mod groups;
mod hint;
mod line_feeds;
mod parse;
mod required;
mod segment;
#[cfg(test)]
mod tests;
mod text;

pub use line_feeds::expect_line_feeds;
pub use required::{Required, required};

use branch::Branch;
use groups::Groups;
pub use hint::Hint;
use segment::{Scan, SegmentMatch};

/// A pattern as a few searches.
#[derive(Debug, Clone)]
pub struct Plan {
    branches: Vec<Branch>,
    groups: usize,
    /// Whether each match sets every group, so that they need not be cleared before.
    sets_all_groups: bool,
    required: Vec<Vec<u8>>,
}

/// Why a pattern is not planned. It works all the same, through the regex, and more slowly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{part}` at column {column}: {why}")]
pub struct NotPlanned {
    /// The part of the pattern that prevents it, as it is written.
    pub part: String,
    /// Where that part starts, in characters from 1.
    pub column: usize,
    /// The reason, as the end of a sentence.
    pub why: &'static str,
}

impl NotPlanned {
    /// For the bytes `start..end` of `pattern`.
    fn new(pattern: &str, start: usize, end: usize, why: &'static str) -> NotPlanned {
        NotPlanned {
            part: pattern.get(start..end).unwrap_or(pattern).to_owned(),
            column: pattern
                .get(..start)
                .map_or(0, |before| before.chars().count())
                + 1,
            why,
        }
    }
}

/// What a plan says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The regex matches.
    Match,
    /// The regex does not match.
    NoMatch,
    /// The regex has to be asked.
    Unsure,
}

impl From<SegmentMatch> for Outcome {
    fn from(found: SegmentMatch) -> Outcome {
        match found {
            SegmentMatch::At(..) => Outcome::Match,
            SegmentMatch::Nowhere => Outcome::NoMatch,
            SegmentMatch::Unsure => Outcome::Unsure,
        }
    }
}

impl Plan {
    /// A plan for `pattern`, read as `regex::Regex::new` reads it, or the part that has none.
    pub fn new(pattern: &str) -> Result<Plan, NotPlanned> {
        let (pieces, groups) = parse::pieces(pattern)?;
        let branches = build_branches::branches(pattern, pieces)?;
        let sets_all_groups = match branches.as_slice() {
            [branch] => (1..groups).all(|group| branch.surely_sets(group)),
            _ => false,
        };
        Ok(Plan {
            branches,
            groups,
            sets_all_groups,
            required: required(pattern).certain(),
        })
    }

    /// Matches `line`, which holds no line feed. After [`Outcome::Match`], `groups` has each group's
    /// span by its index in the regex crate (0 is the whole match), in bytes of `line`; after
    /// anything else its contents mean nothing.
    pub fn run(&self, line: &[u8], groups: &mut Vec<Option<(u32, u32)>>) -> Outcome {
        if u32::try_from(line.len()).is_err() || line_feeds::are_in(line) {
            return Outcome::Unsure;
        }
        if groups.len() == self.groups {
            if !self.sets_all_groups {
                groups.fill(None);
            }
        } else {
            groups.clear();
            groups.resize(self.groups, None);
        }
        let mut scan = Scan::new(line);
        let found = match self.branches.as_slice() {
            [branch] => branch.find(&mut scan, groups),
            _ => self.leftmost(&mut scan, groups),
        };
        if let (SegmentMatch::At(start, end), Some(whole)) = (found, groups.first_mut()) {
            *whole = Some((start as u32, end as u32));
        }
        found.into()
    }

    /// Whether `line`, which holds no line feed, matches. `hint` is of this plan's lines before.
    pub fn is_match(&self, line: &[u8], hint: &mut Hint) -> Outcome {
        if line_feeds::are_in(line) {
            return Outcome::Unsure;
        }
        let mut scan = Scan::new(line);
        let mut outcome = Outcome::NoMatch;
        for (number, branch) in self.branches.iter().enumerate() {
            match branch.find_by_hint(&mut scan, number, hint).into() {
                Outcome::Match => return Outcome::Match,
                Outcome::NoMatch => {}
                Outcome::Unsure => outcome = Outcome::Unsure,
            }
        }
        outcome
    }

    /// Texts that every matching line contains, longest first, for one search over many rules.
    pub fn required_literals(&self) -> &[Vec<u8>] {
        &self.required
    }

    /// The match of the branch that starts first.
    fn leftmost<G: Groups>(&self, scan: &mut Scan, groups: &mut G) -> SegmentMatch {
        let mut best: Option<(usize, &Branch)> = None;
        for branch in &self.branches {
            match branch.find(scan, &mut ()) {
                SegmentMatch::At(start, _) if best.is_none_or(|(other, _)| start < other) => {
                    best = Some((start, branch));
                    if start == 0 {
                        break;
                    }
                }
                SegmentMatch::At(..) | SegmentMatch::Nowhere => {}
                SegmentMatch::Unsure => return SegmentMatch::Unsure,
            }
        }
        best.map_or(SegmentMatch::Nowhere, |(_, branch)| {
            branch.find(scan, groups)
        })
    }
}
