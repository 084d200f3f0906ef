//! One search over a line for the texts that rules require: which rules are worth trying.
//!
//! It may let too many through and never too few. A line that no rule wants costs one search.

use aho_corasick::packed::{self, MatchKind, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};

use super::rule::pattern::Pattern;
use logmetrics_scan::plan::Required;
use logmetrics_scan::short_bytes::frequency;

/// Fewer rules than this are tried one by one: their own first search is as fast as this one.
const RULES_MIN: usize = 3;

/// Chooses rules by the texts on a line.
#[derive(Debug)]
pub(super) struct Prefilter {
    rules: usize,
    /// Rules of which no required text is known; tried on every line.
    always: Vec<usize>,
    search: Option<Search>,
}

#[derive(Debug)]
struct Search {
    finder: Finder,
    /// For each text the rules that want it, and those that want a beginning of it: where the
    /// longer is found, the shorter is too.
    wanted_by: Vec<Vec<usize>>,
}

#[derive(Debug)]
enum Finder {
    /// Vector instructions; for up to some hundred texts.
    Packed(Searcher),
    /// An automaton; for any number.
    Automaton(AhoCorasick),
}

/// The rules worth trying on a line, in their order.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    words: Vec<u64>,
}

impl Candidates {
    fn clear(&mut self, rules: usize) {
        self.words.clear();
        self.words.resize(rules.div_ceil(64), 0);
    }

    fn add(&mut self, rule: usize) {
        self.words[rule / 64] |= 1 << (rule % 64);
    }

    /// Whether the rule with this number is worth trying.
    #[inline]
    pub(super) fn contains(&self, rule: usize) -> bool {
        let word = self.words.get(rule / 64);
        word.is_some_and(|word| word >> (rule % 64) & 1 == 1)
    }

    /// The numbers of the rules, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(word, &bits)| {
            let mut bits = bits;
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                (bit < 64).then_some(word * 64 + bit)
            })
        })
    }
}

impl Prefilter {
    /// A prefilter for rules with these patterns.
    pub(super) fn new<'p>(patterns: impl Iterator<Item = Option<&'p Pattern>>) -> Prefilter {
        let required: Vec<Option<Vec<Vec<u8>>>> = patterns
            .map(|pattern| best_set(pattern?.required()))
            .collect();
        let rules = required.len();
        let mut texts: Vec<(Vec<u8>, Vec<usize>)> = Vec::new();
        let mut always = Vec::new();
        for (rule, set) in required.into_iter().enumerate() {
            let Some(set) = set else {
                always.push(rule);
                continue;
            };
            for text in set {
                let text = rare_end(text);
                match texts.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, rules)) => rules.push(rule),
                    None => texts.push((text, vec![rule])),
                }
            }
        }
        let search = if rules < RULES_MIN {
            None
        } else {
            Search::new(texts)
        };
        Prefilter {
            rules,
            always,
            search,
        }
    }

    /// Whether every rule is worth trying on every line.
    #[inline]
    pub(super) fn lets_all_through(&self) -> bool {
        self.search.is_none()
    }

    /// Fills `candidates` with the rules worth trying on `line`.
    #[inline]
    pub(super) fn candidates(&self, line: &[u8], candidates: &mut Candidates) {
        candidates.clear(self.rules);
        let Some(search) = &self.search else {
            (0..self.rules).for_each(|rule| candidates.add(rule));
            return;
        };
        self.always.iter().for_each(|&rule| candidates.add(rule));
        let mut start = 0;
        while let Some((text, found)) = search.find(line, start) {
            search.wanted_by[text]
                .iter()
                .for_each(|&rule| candidates.add(rule));
            // Texts may overlap: the next one may begin inside this one.
            start = found + 1;
        }
    }
}

/// The set of texts that is searched for a pattern: the one whose shortest text is longest.
fn best_set(required: Required) -> Option<Vec<Vec<u8>>> {
    let shortest = |set: &Vec<Vec<u8>>| set.iter().map(Vec::len).min().unwrap_or(0);
    required.all.into_iter().max_by_key(shortest)
}

/// At least so many bytes of a text are searched, where it has them: enough to tell it from others.
const SEARCHED_BYTES_MIN: usize = 8;

/// How many first bytes of a text the search looks for, before it compares the whole.
const FIRST_BYTES: usize = 4;

/// The text from its rarest bytes on. All keys of some logs begin alike, so that the search would
/// stop at each of them.
fn rare_end(mut text: Vec<u8>) -> Vec<u8> {
    let last = text.len().saturating_sub(SEARCHED_BYTES_MIN);
    // One rare byte among them is worth more than several that are less frequent than others.
    let rarity = |start: &usize| -> u32 {
        let first = text.iter().skip(*start).take(FIRST_BYTES);
        first
            .map(|byte| u32::from(u8::MAX - frequency(*byte)).pow(2))
            .sum()
    };
    // Of equals the first, so that texts that begin alike go on doing so.
    let start = (0..=last).rev().max_by_key(rarity).unwrap_or(0);
    text.split_off(start)
}

impl Search {
    fn new(texts: Vec<(Vec<u8>, Vec<usize>)>) -> Option<Search> {
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
    fn find(&self, line: &[u8], start: usize) -> Option<(usize, usize)> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::sample::Index;

    use super::*;

    fn candidates(patterns: &[&str], line: &str) -> Vec<usize> {
        let compiled: Vec<Pattern> = patterns
            .iter()
            .map(|pattern| Pattern::new(regex::Regex::new(pattern).unwrap(), false))
            .collect();
        let prefilter = Prefilter::new(compiled.iter().map(Some));
        let mut candidates = Candidates::default();
        prefilter.candidates(line.as_bytes(), &mut candidates);
        candidates.iter().collect()
    }

    #[test]
    fn only_rules_whose_text_is_there() {
        let patterns = ["user=(.*)", "error: .*", "(GET|PUT) /"];
        assert_eq!(candidates(&patterns, "user=a"), [0]);
        assert_eq!(candidates(&patterns, "PUT / error: x"), [1, 2]);
        assert_eq!(candidates(&patterns, "nothing of it"), [0; 0]);
    }

    #[test]
    fn texts_that_overlap_or_begin_alike_are_all_found() {
        let patterns = ["abcd", "cdef", "abcdef", "bc"];
        assert_eq!(candidates(&patterns, "xabcdefx"), [0, 1, 2, 3]);
    }

    #[test]
    fn texts_are_searched_from_their_rarest_bytes_on() {
        let searched = |text: &str| String::from_utf8(rare_end(text.into())).unwrap();
        assert_eq!(searched("http.header.x-user-email="), "x-user-email=");
        assert_eq!(searched("x-team-user="), "x-team-user=");
        assert_eq!(searched("request "), "request ");
        assert_eq!(searched("error"), "error");
        let patterns = ["http.header.x-user=", "grpc.header.x-user=", "x-user=ann"];
        let line = "a http.header.x-user=ann";
        assert_eq!(candidates(&patterns, line), [0, 1, 2]);
    }

    #[test]
    fn a_pattern_without_text_is_always_tried() {
        assert_eq!(candidates(&[r"\d+", "abc", "xyz"], "no"), [0]);
    }

    #[test]
    fn many_rules_use_the_automaton() {
        let patterns: Vec<String> = (0..300).map(|n| format!("team-{n:03}=")).collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        assert_eq!(candidates(&patterns, "a team-017=x team-299=y"), [17, 299]);
    }

    proptest::proptest! {
        /// The regex never matches where the prefilter leaves its rule out.
        #[test]
        fn never_too_few(
            patterns in proptest::collection::vec("[ab]{1,3}|[ab]{1,2}(a|b)[ab]|[abx]{8,12}", 3..8),
            parts in proptest::collection::vec((any::<Index>(), "[abc]{0,6}"), 0..3),
        ) {
            let part = |(place, filling): &(Index, String)| filling.clone() + place.get::<String>(&patterns);
            let line: String = parts.iter().map(part).collect();
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let found = candidates(&patterns, &line);
            for (rule, pattern) in patterns.iter().enumerate() {
                let matches = regex::Regex::new(pattern).unwrap().is_match(&line);
                proptest::prop_assert!(!matches || found.contains(&rule));
            }
        }
    }
}
