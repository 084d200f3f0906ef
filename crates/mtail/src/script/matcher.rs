//! What the interpreter asks of a matcher of patterns, and one made of the `regex` crate.

use regex::{CaptureLocations, NoExpand, Regex, RegexBuilder};

use super::code::Pattern;

/// Where the groups of a match are in the text, in bytes; by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// Lines are shorter than 4 GiB.
    spans: Vec<Option<(u32, u32)>>,
}

impl Spans {
    pub fn clear(&mut self) {
        self.spans.clear();
    }

    pub fn set(&mut self, group: usize, span: Option<(usize, usize)>) {
        if self.spans.len() <= group {
            self.spans.resize(group + 1, None);
        }
        if let Some(place) = self.spans.get_mut(group) {
            *place = span.map(|(start, end)| (start as u32, end as u32));
        }
    }

    /// The room for the groups from 0 on, to be filled.
    pub fn room(&mut self) -> &mut Vec<Option<(u32, u32)>> {
        &mut self.spans
    }

    #[inline]
    pub fn get(&self, group: usize) -> Option<(usize, usize)> {
        let (start, end) = (*self.spans.get(group)?)?;
        Some((start as usize, end as usize))
    }
}

/// Matches the patterns of a program, which are known by their numbers in it.
pub trait Matcher {
    /// A line begins, of which [`Matcher::find`] will be asked.
    fn begin_line(&mut self, line: &str) {
        _ = line;
    }

    /// Whether the pattern matches another text than the line.
    fn find_in(&mut self, pattern: usize, text: &str, spans: &mut Spans) -> bool {
        self.find(pattern, text, spans)
    }

    /// Whether the pattern matches the line, leftmost first; if so, `spans` has the groups that are needed.
    fn find(&mut self, pattern: usize, text: &str, spans: &mut Spans) -> bool;

    /// Adds the text to `out`, with each match replaced by `new` as it is.
    fn replace(&mut self, pattern: usize, text: &str, new: &str, out: &mut String);
}

/// A matcher made of the `regex` crate.
#[derive(Debug, Clone)]
pub struct RegexMatcher {
    patterns: Vec<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    regex: Regex,
    locations: CaptureLocations,
    needed: Vec<usize>,
}

impl RegexMatcher {
    pub fn new(patterns: &[Pattern]) -> Result<Self, regex::Error> {
        let compiled = patterns.iter().map(|pattern| {
            let regex = RegexBuilder::new(&pattern.regex).build()?;
            let locations = regex.capture_locations();
            Ok(Compiled {
                regex,
                locations,
                needed: pattern.needed.clone(),
            })
        });
        Ok(RegexMatcher {
            patterns: compiled.collect::<Result<_, regex::Error>>()?,
        })
    }
}

impl Matcher for RegexMatcher {
    fn find(&mut self, pattern: usize, text: &str, spans: &mut Spans) -> bool {
        let Some(compiled) = self.patterns.get_mut(pattern) else {
            return false;
        };
        spans.clear();
        match compiled.needed.as_slice() {
            [] => compiled.regex.is_match(text),
            [0] => match compiled.regex.find(text) {
                Some(found) => {
                    spans.set(0, Some((found.start(), found.end())));
                    true
                }
                None => false,
            },
            needed => {
                if compiled
                    .regex
                    .captures_read(&mut compiled.locations, text)
                    .is_none()
                {
                    return false;
                }
                for group in needed {
                    spans.set(*group, compiled.locations.get(*group));
                }
                true
            }
        }
    }

    fn replace(&mut self, pattern: usize, text: &str, new: &str, out: &mut String) {
        match self.patterns.get(pattern) {
            Some(compiled) => out.push_str(&compiled.regex.replace_all(text, NoExpand(new))),
            None => out.push_str(text),
        }
    }
}
