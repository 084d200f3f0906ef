//! One search over a line for the texts that rules require: which rules are worth trying.
//!
//! It may let too many through and never too few. A line that no rule wants costs one search. Each text
//! that is found costs more; one that is found on most lines tells nothing, so after some lines it is
//! left out of the search, and its rules are tried on every line.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::rule::pattern::Pattern;
use logmetrics_scan::plan::Required;

mod choice;
mod search;

use choice::{best_set, rare_end, shares};
use search::Search;

/// Fewer rules than this are tried one by one: their own first search is as fast as this one.
const RULES_MIN: usize = 3;

/// After so many lines of one thread it is known which texts are on most of them.
const LEARNING_LINES: u32 = 1024;

/// A text that rules want: with the numbers of these.
type Wanted = (Vec<u8>, Vec<usize>);

/// Chooses rules by the texts on a line. What is said of rules is true of programs, too.
#[derive(Debug)]
pub(super) struct Prefilter {
    rules: usize,
    texts: Vec<Wanted>,
    first: Choice,
    /// The one without the texts that were on most lines; nothing where there were none.
    learned: OnceLock<Option<Choice>>,
}

/// What is searched for, and what is tried without.
#[derive(Debug)]
struct Choice {
    /// Rules that are tried on every line.
    always: Vec<usize>,
    search: Option<Search>,
}

/// The rules worth trying on a line, in their order.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    words: Vec<u64>,
    /// Of how many rules there are.
    rules: usize,
    /// Of how many lines it is known how often each text was found.
    lines: u32,
    found: Vec<u32>,
}

impl Candidates {
    /// These numbers among so many.
    pub(super) fn of(rules: usize, numbers: impl Iterator<Item = usize>) -> Candidates {
        let mut candidates = Candidates::default();
        candidates.clear(rules);
        numbers.for_each(|number| candidates.add(number));
        candidates
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    fn clear(&mut self, rules: usize) {
        self.words.clear();
        self.words.resize(rules.div_ceil(64), 0);
        self.rules = rules;
    }

    fn add_all(&mut self) {
        (0..self.rules).for_each(|rule| self.add(rule));
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

    /// Takes those in `of` from `other` instead of its own.
    pub(super) fn take(&mut self, of: &Candidates, other: &Candidates) {
        let others = of.words.iter().zip(&other.words);
        for (word, (of, other)) in self.words.iter_mut().zip(others) {
            *word = *word & !of | other & of;
        }
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
        Prefilter::of_texts(patterns.map(|pattern| Some(vec![pattern?.required()])))
    }

    /// A prefilter for rules of which each needs what one of its list requires. Without a list a rule is
    /// tried on every line.
    pub(super) fn of_texts(rules: impl Iterator<Item = Option<Vec<Required>>>) -> Prefilter {
        let required: Vec<Option<Vec<Required>>> = rules.collect();
        let rules = required.len();
        let shares = shares(&required);
        let mut texts: Vec<Wanted> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut always = Vec::new();
        for (rule, required) in required.iter().enumerate() {
            let sets = required.as_ref().and_then(|required| {
                let best = required.iter().map(|one| best_set(one, &shares));
                best.collect::<Option<Vec<_>>>()
            });
            let Some(sets) = sets else {
                always.push(rule);
                continue;
            };
            for text in sets.into_iter().flatten() {
                let text = rare_end(text.clone());
                let place = *places.entry(text.clone()).or_insert(texts.len());
                match texts.get_mut(place) {
                    Some((_, rules)) if rules.last() == Some(&rule) => {}
                    Some((_, rules)) => rules.push(rule),
                    None => texts.push((text, vec![rule])),
                }
            }
        }
        let search = match rules {
            0..RULES_MIN => None,
            _ => Search::new(&texts),
        };
        Prefilter {
            rules,
            texts,
            first: Choice { always, search },
            learned: OnceLock::new(),
        }
    }

    /// Whether every rule is worth trying on every line.
    #[inline]
    pub(super) fn lets_all_through(&self) -> bool {
        self.first.search.is_none()
    }

    /// Fills `candidates` with the rules worth trying on `line`.
    #[inline]
    pub(super) fn candidates(&self, line: &[u8], candidates: &mut Candidates) {
        candidates.clear(self.rules);
        match self.learned.get() {
            Some(learned) => {
                let choice = learned.as_ref().unwrap_or(&self.first);
                choice.candidates(line, candidates, |_, _| {});
            }
            None => self.learn(line, candidates),
        }
    }

    /// The same, while it is not known which texts are on most lines.
    #[inline(never)]
    fn learn(&self, line: &[u8], candidates: &mut Candidates) {
        candidates.found.resize(self.texts.len(), 0);
        let count = |candidates: &mut Candidates, text: usize| {
            if let Some(found) = candidates.found.get_mut(text) {
                *found = found.saturating_add(1);
            }
        };
        self.first.candidates(line, candidates, count);
        candidates.lines += 1;
        if candidates.lines == LEARNING_LINES {
            let learned = self.without_frequent(&candidates.found);
            // Another thread may have come first.
            let _ = self.learned.set(learned);
        }
    }

    /// A choice without the texts that were found on half of the lines, or as often on fewer.
    fn without_frequent(&self, found: &[u32]) -> Option<Choice> {
        let is_frequent = |found: &u32| *found >= LEARNING_LINES / 2;
        if self.lets_all_through() || !found.iter().any(is_frequent) {
            return None;
        }
        let texts = self.texts.iter().zip(found);
        let (frequent, rare): (Vec<_>, Vec<_>) = texts.partition(|(_, found)| is_frequent(found));
        let mut always = self.first.always.clone();
        always.extend(frequent.iter().flat_map(|((_, rules), _)| rules));
        always.sort_unstable();
        always.dedup();
        let rare: Vec<Wanted> = rare.into_iter().map(|(wanted, _)| wanted.clone()).collect();
        let search = Search::new(&rare).filter(|_| !rare.is_empty());
        Some(Choice { always, search })
    }
}

impl Choice {
    #[inline]
    fn candidates(
        &self,
        line: &[u8],
        candidates: &mut Candidates,
        mut found: impl FnMut(&mut Candidates, usize),
    ) {
        let Some(search) = &self.search else {
            candidates.add_all();
            return;
        };
        self.always.iter().for_each(|&rule| candidates.add(rule));
        let mut start = 0;
        while let Some((text, at)) = search.find(line, start) {
            search.wanted_by[text]
                .iter()
                .for_each(|&rule| candidates.add(rule));
            found(candidates, text);
            // Texts may overlap: the next one may begin inside this one.
            start = at + 1;
        }
    }
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
        let first: Vec<usize> = candidates.iter().collect();
        // What is learned of the line itself may let more through, never fewer.
        for _ in 0..LEARNING_LINES {
            prefilter.candidates(line.as_bytes(), &mut candidates);
        }
        assert!(first.iter().all(|rule| candidates.contains(*rule)));
        first
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
    fn of_a_text_that_many_ask_for_the_next_one_is_searched() {
        let patterns: Vec<String> = (0..20)
            .map(|n| format!("http.header.x-user-email=.* route{n}="))
            .collect();
        let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
        let line = "http.header.x-user-email=ann route17=";
        assert_eq!(candidates(&patterns, line), [17]);
    }

    #[test]
    fn a_text_that_is_on_most_lines_is_searched_no_more() {
        let patterns = ["user=(.*)", "error: .*", "(GET|PUT) /"];
        let compiled =
            patterns.map(|pattern| Pattern::new(regex::Regex::new(pattern).unwrap(), false));
        let prefilter = Prefilter::new(compiled.iter().map(Some));
        let mut learning = Candidates::default();
        let mut asked = |line: &str| -> Vec<usize> {
            prefilter.candidates(line.as_bytes(), &mut learning);
            learning.iter().collect()
        };
        assert_eq!(asked("nothing"), [0; 0]);
        for number in 1..LEARNING_LINES {
            let line = if number % 3 == 0 {
                "error: x"
            } else {
                "user=a"
            };
            asked(line);
        }
        assert_eq!(asked("nothing"), [0]);
        assert_eq!(asked("error: x"), [0, 1]);
        assert_eq!(asked("PUT /"), [0, 2]);
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
