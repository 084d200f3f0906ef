//! One search for many texts.

use aho_corasick::packed::{self, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};

use super::Wanted;

#[derive(Debug)]
pub(super) struct Search {
    finder: Finder,
    /// For each text the rules that want it, and those that want a beginning of it: where the
    /// longer is found, the shorter is too.
    pub(super) wanted_by: Vec<Vec<usize>>,
}

#[derive(Debug)]
enum Finder {
    /// Vector instructions; for up to some hundred texts.
    Packed(Searcher),
    /// An automaton; for any number.
    Automaton(AhoCorasick),
}

impl Search {
    /// For these texts, each with the rules that want it.
    pub(super) fn new(texts: &[Wanted]) -> Option<Search> {
        let wanted_by = texts.iter().map(|(text, rules)| {
            let beginnings = texts.iter().filter(|(other, _)| text.starts_with(other));
            let mut all: Vec<usize> = beginnings.flat_map(|(_, rules)| rules.clone()).collect();
            all.extend(rules);
            all.sort_unstable();
            all.dedup();
            all
        });
        let wanted_by = wanted_by.collect();
        let texts = || texts.iter().map(|(text, _)| text);
        // The library's own limit of 64 texts is for those that occur often; ours are chosen to be
        // rare, and 128 of them are still searched faster than by an automaton.
        let packed = packed::Config::new()
            .match_kind(MatchKind::LeftmostLongest)
            .heuristic_pattern_limits(false)
            .builder()
            .extend(texts())
            .build();
        let finder = match packed {
            Some(searcher) => Finder::Packed(searcher),
            None => Finder::Automaton(automaton(texts())?),
        };
        Some(Search { finder, wanted_by })
    }

    /// The leftmost text from `start` on, and where it begins; of several there the longest.
    pub(super) fn find(&self, line: &[u8], start: usize) -> Option<(usize, usize)> {
        match &self.finder {
            Finder::Packed(searcher) => {
                let found = searcher.find_in(
                    line,
                    aho_corasick::Span {
                        start,
                        end: line.len(),
                    },
                )?;
                Some((found.pattern().as_usize(), found.start()))
            }
            Finder::Automaton(automaton) => {
                let found = automaton.find(Input::new(line).range(start..))?;
                Some((found.pattern().as_usize(), found.start()))
            }
        }
    }
}

/// Texts of more bytes than this get the automaton that is small instead of the fast one.
const FAST_AUTOMATON_BYTES_MAX: usize = 16 * 1024;

/// Without the library's prefilter: it looks for single bytes, which are on every line.
fn automaton<'t>(texts: impl Iterator<Item = &'t Vec<u8>> + Clone) -> Option<AhoCorasick> {
    let bytes: usize = texts.clone().map(Vec::len).sum();
    let kind = match bytes {
        0..=FAST_AUTOMATON_BYTES_MAX => AhoCorasickKind::DFA,
        _ => AhoCorasickKind::ContiguousNFA,
    };
    AhoCorasick::builder()
        .match_kind(aho_corasick::MatchKind::LeftmostLongest)
        .kind(Some(kind))
        .prefilter(false)
        .build(texts)
        .ok()
}
