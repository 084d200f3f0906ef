//! Patterns for scripts: the same plans as those of rules, with the regex as the fallback, and one search
//! per line that says which of them cannot match.

use regex::{NoExpand, Regex};

use super::prefilter::{Candidates, Prefilter};
use super::rule::pattern::{Groups, Pattern};
use super::script::RequiredTexts;

/// The patterns of one script, known by their numbers. Shared by all threads.
#[derive(Debug)]
pub struct ScriptPatterns {
    patterns: Vec<Pattern>,
    regexes: Vec<Regex>,
    prefilter: Prefilter,
}

/// What one thread needs to match them.
#[derive(Debug, Default)]
pub struct PatternState {
    candidates: Candidates,
    groups: Groups,
    gain: Gain,
}

/// Whether the search for all patterns' texts is worth its time: a program asks for few of its patterns on
/// many lines, and then finds most of them.
#[derive(Debug, Default)]
struct Gain {
    lines: u32,
    /// Patterns that were asked for and need not be tried.
    spared: u32,
    /// It is not.
    is_too_small: bool,
}

/// After so many lines it is known what the search is worth.
const LEARNING_LINES: u32 = 2048;

/// The search takes about as long as so many patterns that are not found.
const SPARED_MIN: u32 = 8;

impl Gain {
    #[inline]
    fn begin_line(&mut self) {
        self.lines = self.lines.saturating_add(1);
        if self.lines == LEARNING_LINES {
            self.is_too_small = self.spared / LEARNING_LINES < SPARED_MIN;
        }
    }
}

/// A pattern of a script.
#[derive(Debug)]
pub struct ScriptPattern {
    pub regex: Regex,
    /// Whether its groups are asked for.
    pub captures: bool,
    /// Whether [`ScriptPatterns::find_on_line`] will be asked for it. The texts of others say nothing of a
    /// line, and may be on most of them.
    pub is_of_line: bool,
}

impl ScriptPatterns {
    pub fn new(patterns: Vec<ScriptPattern>) -> ScriptPatterns {
        let regexes = patterns.iter().map(|one| one.regex.clone()).collect();
        let are_of_line: Vec<bool> = patterns.iter().map(|one| one.is_of_line).collect();
        let new = |one: ScriptPattern| Pattern::new(one.regex, one.captures);
        let patterns: Vec<Pattern> = patterns.into_iter().map(new).collect();
        let of_line = patterns.iter().zip(are_of_line);
        let of_line = of_line.map(|(pattern, is_of_line)| is_of_line.then_some(pattern));
        ScriptPatterns {
            prefilter: Prefilter::new(of_line),
            patterns,
            regexes,
        }
    }

    /// The texts without which no line matches the pattern with this number.
    pub fn required(&self, pattern: usize) -> Option<RequiredTexts> {
        self.patterns.get(pattern).map(Pattern::required)
    }

    /// Begins a line, on which [`ScriptPatterns::find_on_line`] will be asked.
    #[inline]
    pub fn begin_line(&self, line: &str, state: &mut PatternState) {
        if self.is_searched(state) {
            state.gain.begin_line();
            self.prefilter
                .candidates(line.as_bytes(), &mut state.candidates);
        }
    }

    #[inline]
    fn is_searched(&self, state: &PatternState) -> bool {
        !self.prefilter.lets_all_through() && !state.gain.is_too_small
    }

    /// Whether the pattern matches the line that was begun last, which holds no line feed; the groups
    /// are left in `state`.
    #[inline]
    pub fn find_on_line(&self, pattern: usize, line: &str, state: &mut PatternState) -> bool {
        if self.is_searched(state) && !state.candidates.contains(pattern) {
            state.gain.spared = state.gain.spared.saturating_add(1);
            return false;
        }
        let Some(known) = self.patterns.get(pattern) else {
            return false;
        };
        match known.text() {
            Some(text) => text.find(line.as_bytes()).is_some(),
            None => known.matches(pattern, line.as_bytes(), &mut state.groups),
        }
    }

    /// Whether the pattern matches any text.
    pub fn find(&self, pattern: usize, text: &str, state: &mut PatternState) -> bool {
        let Some(known) = self.patterns.get(pattern) else {
            return false;
        };
        if !known.has_groups() {
            return known.is_match(text.as_bytes());
        }
        if memchr::memchr(b'\n', text.as_bytes()).is_some() {
            return known.by_regex(pattern, text.as_bytes(), &mut state.groups);
        }
        known.matches(pattern, text.as_bytes(), &mut state.groups)
    }

    /// Adds the text to `out` with each match replaced by `new` as it is.
    pub fn replace(&self, pattern: usize, text: &str, new: &str, out: &mut String) {
        match self.regexes.get(pattern) {
            Some(regex) => out.push_str(&regex.replace_all(text, NoExpand(new))),
            None => out.push_str(text),
        }
    }
}

impl PatternState {
    /// Exchanges the room for groups. What matches next leaves its groups there, if they are asked for:
    /// where each is on the text, by its number. Room that always goes with the same pattern has the
    /// right size already.
    #[inline(always)]
    pub fn exchange(&mut self, room: &mut Vec<Option<(u32, u32)>>) {
        self.groups.exchange(room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_line(regex: Regex, captures: bool) -> ScriptPattern {
        ScriptPattern {
            regex,
            captures,
            is_of_line: true,
        }
    }

    fn patterns(texts: &[&str]) -> ScriptPatterns {
        let new = |text: &&str| of_line(Regex::new(text).unwrap(), true);
        ScriptPatterns::new(texts.iter().map(new).collect())
    }

    #[test]
    fn groups_are_found_on_lines_and_in_texts() {
        let patterns = patterns(&["user=([a-z]+)", "took ([0-9]+)ms", "code: (.*)$", "."]);
        let mut state = PatternState::default();
        let mut room = Vec::new();
        let line = "user=ann took 12ms";
        patterns.begin_line(line, &mut state);
        assert!(patterns.find_on_line(1, line, &mut state));
        state.exchange(&mut room);
        assert_eq!(room, [Some((9, 18)), Some((14, 16))]);
        assert!(!patterns.find_on_line(2, line, &mut state));
        assert!(patterns.find_on_line(0, line, &mut state));
        state.exchange(&mut room);
        assert_eq!(room, [Some((0, 8)), Some((5, 8))]);
        // A text may have line feeds, which a plan knows nothing of.
        assert!(!patterns.find(2, "code: 1\n2", &mut state));
        assert!(patterns.find(2, "code: 1", &mut state));
        assert!(!patterns.find(3, "\n", &mut state));
    }

    #[test]
    fn plain_texts_are_found_as_the_regex_finds_them() {
        for (pattern, found, not) in [
            ("curl/", "a curl/8", "curl"),
            (r"curl\/7\.8", "xcurl/7.88", "curl/7x8"),
            ("^GET", "GET /", " GET"),
            ("(?i)get", "Get /", "et"),
            ("a$", "ba", "ab"),
            ("", "x", ""),
        ] {
            let regex = Regex::new(pattern).unwrap();
            let patterns = ScriptPatterns::new(vec![of_line(regex.clone(), false)]);
            let mut state = PatternState::default();
            for text in [found, not] {
                patterns.begin_line(text, &mut state);
                let expected = regex.is_match(text);
                assert_eq!(
                    patterns.find_on_line(0, text, &mut state),
                    expected,
                    "{pattern}"
                );
                assert_eq!(patterns.find(0, text, &mut state), expected, "{pattern}");
            }
        }
    }

    #[test]
    fn a_search_that_spares_little_is_left_out() {
        let patterns = patterns(&["user=", "took ", "code: "]);
        let mut state = PatternState::default();
        for _ in 0..LEARNING_LINES {
            let line = "user=ann took 12ms";
            patterns.begin_line(line, &mut state);
            assert!(patterns.find_on_line(0, line, &mut state));
            assert!(!patterns.find_on_line(2, line, &mut state));
        }
        assert!(state.gain.is_too_small);
        patterns.begin_line("code: 1", &mut state);
        assert!(patterns.find_on_line(2, "code: 1", &mut state));
        assert!(!patterns.find_on_line(1, "code: 1", &mut state));
    }

    #[test]
    fn matches_are_replaced_as_they_are() {
        let patterns = patterns(&["[0-9]+"]);
        let mut out = String::new();
        patterns.replace(0, "a1b22", "$0", &mut out);
        patterns.replace(7, "c", "$0", &mut out);
        assert_eq!(out, "a$0b$0c");
    }
}
