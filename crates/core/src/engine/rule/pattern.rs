//! What a line must match: a plan where the pattern has one, the regex everywhere else.
//!
//! The regex is the meaning. A plan only answers where it is certain to give the same answer.

use std::borrow::Cow;

use memchr::memmem::Finder;
use regex::{CaptureLocations, Regex};
use regex_syntax::hir::{HirKind, Literal};

use super::byte_class::{ByteClassMatcher, Numbers};
use super::field::Value;
use logmetrics_scan::plan::{Hint, NotPlanned, Outcome, Plan, Required, required};
use logmetrics_scan::short_bytes::same;

#[derive(Debug)]
pub(in crate::engine) struct Pattern {
    regex: Regex,
    plan: Option<Plan>,
    /// The one value that the pattern takes, where it is that of a whole value and has no choice.
    literal: Option<Box<[u8]>>,
    /// What a value begins with, where the pattern asks for nothing else.
    beginning: Option<Box<[u8]>>,
    /// What is anywhere in a text, where the pattern asks for nothing else and has no groups.
    text: Option<Box<Finder<'static>>>,
    /// For values; a line is too long to have one.
    byte_class: Option<ByteClassMatcher>,
    /// Whether any named group is asked for; finding out whether a line matches is cheaper.
    captures: bool,
}

/// Where the groups of the pattern that matched last are.
#[derive(Debug, Default)]
pub(in crate::engine) struct Groups {
    spans: Vec<Option<(u32, u32)>>,
    /// The regex's own buffers, one for each pattern; made when a line first needs them.
    locations: Vec<Option<CaptureLocations>>,
    /// Where the patterns matched last, of which nothing more is asked.
    hints: Vec<Hint>,
    /// The text that they are places in, where that is not the one at hand.
    own: Option<OwnText>,
    /// What the patterns before have found, where a rule has several; and the copy that these are places in.
    kept: Vec<Option<(u32, u32)>>,
    kept_own: Option<OwnText>,
}

/// A copy of the text that a pattern matched.
#[derive(Debug)]
struct OwnText {
    bytes: Vec<u8>,
    /// Whether its broken bytes were replaced.
    is_repaired: bool,
}

impl Pattern {
    pub(in crate::engine) fn new(regex: Regex, captures: bool) -> Pattern {
        let plan = Plan::new(regex.as_str()).ok();
        let byte_class = ByteClassMatcher::new(regex.as_str());
        let literal = literal(regex.as_str());
        let beginning = beginning(regex.as_str());
        let text = text(regex.as_str()).filter(|_| !captures);
        Pattern {
            regex,
            plan,
            literal,
            beginning,
            text,
            byte_class,
            captures,
        }
    }

    /// The pattern as it is in the rule.
    pub(in crate::engine) fn as_str(&self) -> &str {
        self.regex.as_str()
    }

    /// Whether groups are asked for.
    pub(in crate::engine) fn has_groups(&self) -> bool {
        self.captures
    }

    /// The search for the text that is all that the pattern asks for, where it is that. On lines of rules
    /// the place of the last match is faster.
    #[inline]
    pub(in crate::engine) fn text(&self) -> Option<&Finder<'static>> {
        self.text.as_deref()
    }

    /// Texts without which no line can match.
    pub(in crate::engine) fn required(&self) -> Required {
        required(self.regex.as_str())
    }

    /// Whether the pattern is found in a value, which unlike a line may hold line feeds. The regex
    /// sees U+FFFD for broken bytes.
    pub(in crate::engine) fn is_match(&self, value: &[u8]) -> bool {
        if let Some(literal) = &self.literal {
            return same(literal, value);
        }
        if let Some(beginning) = &self.beginning {
            return value.starts_with(beginning);
        }
        if let Some(text) = &self.text {
            return text.find(value).is_some();
        }
        let byte_class = self.byte_class.as_ref();
        if let Some(answer) = byte_class.and_then(|byte_class| byte_class.is_match(value)) {
            return answer;
        }
        let outcome = match &self.plan {
            Some(plan) if memchr::memchr(b'\n', value).is_none() => {
                plan.is_match(value, &mut Hint::default())
            }
            _ => Outcome::Unsure,
        };
        match outcome {
            Outcome::Match => true,
            Outcome::NoMatch => false,
            Outcome::Unsure => self.regex.is_match(&String::from_utf8_lossy(value)),
        }
    }

    /// Which short numbers are all found.
    pub(in crate::engine) fn numbers(&self) -> Numbers {
        let byte_class = self.byte_class.as_ref();
        byte_class.map_or(Numbers::Some, ByteClassMatcher::numbers)
    }

    /// Whether the pattern is found; the groups that are asked for are left in `groups`. `number`
    /// is the pattern's own among all that use these groups.
    #[inline]
    pub(in crate::engine) fn matches(
        &self,
        number: usize,
        line: &[u8],
        groups: &mut Groups,
    ) -> bool {
        groups.own = None;
        let outcome = match &self.plan {
            Some(plan) if self.captures => plan.run(line, &mut groups.spans),
            Some(plan) => plan.is_match(line, groups.hint(number)),
            None => Outcome::Unsure,
        };
        match outcome {
            Outcome::Match => true,
            Outcome::NoMatch => false,
            Outcome::Unsure => self.by_regex(number, line, groups),
        }
    }

    /// Broken bytes are U+FFFD before the regex sees them, so that one of them does not hide a line.
    pub(in crate::engine) fn by_regex(
        &self,
        number: usize,
        line: &[u8],
        groups: &mut Groups,
    ) -> bool {
        let text = String::from_utf8_lossy(line);
        if !self.captures {
            return self.regex.is_match(&text);
        }
        if groups.locations.len() <= number {
            groups.locations.resize_with(number + 1, || None);
        }
        let locations =
            groups.locations[number].get_or_insert_with(|| self.regex.capture_locations());
        if self.regex.captures_read(locations, &text).is_none() {
            return false;
        }
        groups.spans.clear();
        // A line has at most a megabyte, so its places fit.
        let span = |group| {
            locations
                .get(group)
                .map(|(start, end)| (start as u32, end as u32))
        };
        groups.spans.extend((0..locations.len()).map(span));
        if let Cow::Owned(repaired) = text {
            groups.own = Some(OwnText::repaired(repaired));
        }
        true
    }

    /// Lets `then` see the groups of every match on a line, one after the other, as long as it says so.
    pub(in crate::engine) fn each_match(
        &self,
        line: &[u8],
        mut then: impl FnMut(&dyn Fn(&mut Groups)) -> bool,
    ) {
        let text = String::from_utf8_lossy(line);
        for captures in self.regex.captures_iter(&text) {
            let found = |groups: &mut Groups| {
                groups.spans.clear();
                let spans = captures.iter().map(|group| {
                    let group = group?;
                    Some((group.start() as u32, group.end() as u32))
                });
                groups.spans.extend(spans);
            };
            if !then(&found) {
                return;
            }
        }
    }
}

impl OwnText {
    fn repaired(text: String) -> OwnText {
        OwnText {
            bytes: text.into_bytes(),
            is_repaired: true,
        }
    }
}

impl Groups {
    /// The hint of the pattern with this number.
    #[inline]
    fn hint(&mut self, number: usize) -> &mut Hint {
        if self.hints.len() <= number {
            self.hints.resize(number + 1, Hint::default());
        }
        &mut self.hints[number]
    }

    /// Keeps a copy of the line, broken bytes replaced, for groups that were found on it so.
    pub(in crate::engine) fn repair(&mut self, line: &[u8]) {
        if let Cow::Owned(repaired) = String::from_utf8_lossy(line) {
            self.own = Some(OwnText::repaired(repaired));
        }
    }

    /// Keeps a copy of the line: the text at hand becomes another.
    pub(in crate::engine) fn keep_line(&mut self, line: &[u8]) {
        if self.own.is_none() && !self.spans.is_empty() {
            self.own = Some(OwnText {
                bytes: line.to_vec(),
                is_repaired: false,
            });
        }
    }

    fn text<'a>(&'a self, line: &'a [u8]) -> &'a [u8] {
        self.own.as_ref().map_or(line, |own| &own.bytes)
    }

    /// What a group holds on the line it was found on.
    pub(in crate::engine) fn bytes<'a>(&'a self, group: usize, line: &'a [u8]) -> Option<&'a [u8]> {
        let (start, end) = (*self.spans.get(group)?)?;
        self.text(line).get(start as usize..end as usize)
    }

    /// What each of some groups holds. `false` where there are more groups than room.
    #[inline]
    pub(in crate::engine) fn values<'a>(
        &'a self,
        groups: &[usize],
        line: &'a [u8],
        values: &mut [Value<'a>],
    ) -> bool {
        let text = self.text(line);
        let Some(values) = values.get_mut(..groups.len()) else {
            return false;
        };
        for (group, value) in groups.iter().zip(values) {
            let bytes = match self.spans.get(*group) {
                Some(Some((start, end))) => text.get(*start as usize..*end as usize),
                _ => None,
            };
            *value = bytes.map_or(Value::Absent, Value::Bytes);
        }
        true
    }

    /// Exchanges the room for the groups' places.
    #[inline(always)]
    pub(in crate::engine) fn exchange(&mut self, room: &mut Vec<Option<(u32, u32)>>) {
        std::mem::swap(&mut self.spans, room);
    }

    /// Whether these are places in a copy of the line in which broken bytes are U+FFFD.
    #[inline]
    pub(in crate::engine) fn is_repaired(&self) -> bool {
        self.own.as_ref().is_some_and(|own| own.is_repaired)
    }

    /// Keeps the groups of one pattern, after those of the patterns before it; `count` groups, of
    /// which nothing is known where they were not read.
    pub(in crate::engine) fn keep(&mut self, count: usize, were_read: bool) {
        let end = self.kept.len() + count;
        if were_read {
            self.kept.extend_from_slice(&self.spans);
            if let Some(own) = self.own.take() {
                self.kept_own = Some(own);
            }
        }
        self.kept.resize(end, None);
    }

    /// Whether any of what is kept is on a copy of the line in which broken bytes are U+FFFD.
    pub(in crate::engine) fn has_kept_repaired(&self) -> bool {
        self.kept_own.as_ref().is_some_and(|own| own.is_repaired)
    }

    /// Makes what is kept the groups of the line.
    pub(in crate::engine) fn restore_kept(&mut self) {
        std::mem::swap(&mut self.spans, &mut self.kept);
        self.own = self.kept_own.take();
        self.kept.clear();
    }

    /// Forgets what is kept.
    pub(in crate::engine) fn forget_kept(&mut self) {
        self.kept.clear();
        self.kept_own = None;
    }

    /// Forgets the groups: the rule at hand has no pattern.
    pub(in crate::engine) fn clear(&mut self) {
        self.spans.clear();
        self.own = None;
    }
}

/// The text of `^(?:text)$`, where it is plain ASCII and nothing in it means anything.
fn literal(pattern: &str) -> Option<Box<[u8]>> {
    plain(pattern.strip_prefix("^(?:")?.strip_suffix(")$")?)
}

/// The text of `^text`, likewise.
fn beginning(pattern: &str) -> Option<Box<[u8]>> {
    plain(pattern.strip_prefix('^')?)
}

/// A search for a pattern that is plain text: no escape but that of a sign that means something.
fn text(pattern: &str) -> Option<Box<Finder<'static>>> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let HirKind::Literal(Literal(text)) = hir.kind() else {
        return None;
    };
    // Where a byte is broken the regex sees U+FFFD, and the search does not.
    let is_plain = text.is_ascii() && !text.contains(&b'\n');
    is_plain.then(|| Box::new(Finder::new(text).into_owned()))
}

fn plain(text: &str) -> Option<Box<[u8]>> {
    let is_plain = text.is_ascii() && regex_syntax::escape(text) == text;
    is_plain.then(|| text.as_bytes().into())
}

/// Whether a pattern has a plan, and what prevents it.
///
/// # Errors
/// The part that no plan can do.
pub fn planned(pattern: &str) -> Result<(), NotPlanned> {
    Plan::new(pattern).map(|_| ())
}
