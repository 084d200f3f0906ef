//! What a rule asks of a line besides its first pattern: more patterns that must be found, whose groups
//! are fields too, and patterns that must not be found.

use std::collections::BTreeSet;

use regex::Regex;

use super::pattern::{Groups, Pattern};
use super::{FieldReader, Program};
use crate::rules::Rule;

/// What is asked of a line on which the pattern is found. One value, so that what a rule does not use
/// is not asked for on each line.
#[derive(Debug)]
pub(in crate::engine) enum Then {
    Nothing,
    /// Its fields are read.
    Read(FieldReader),
    /// More patterns are looked for, and then its fields are read where there is a reader.
    Patterns(Box<FurtherPatterns>, Option<FieldReader>),
}

/// Why a rule does not match a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Mismatch {
    /// Its pattern is not found.
    Pattern,
    /// Another one of its patterns is not found: its place among these.
    Also(usize),
    /// A pattern is found that must not be: its place among these.
    Unless(usize),
    /// The line has no fields of the kind it reads.
    Fields,
    /// The line is JSON that breaks off or goes wrong.
    Unreadable,
    /// A field of a line of JSON is other than the rule asks: the number of the condition.
    Json(usize),
    /// It names the columns of a table.
    Header,
    /// It names other columns than the rule, or in another order.
    OtherHeader,
}

#[derive(Debug)]
pub(in crate::engine) struct FurtherPatterns {
    /// How many groups come before those of the patterns here.
    pub(in crate::engine) groups_before: usize,
    /// Whether any group of the rule's first pattern is asked for.
    pub(in crate::engine) first_captures: bool,
    pub(in crate::engine) also: Vec<FurtherPattern>,
    pub(in crate::engine) unless: Vec<FurtherPattern>,
}

#[derive(Debug)]
pub(in crate::engine) struct FurtherPattern {
    pub(in crate::engine) pattern: Pattern,
    /// Its own among all patterns that use the same [`Groups`].
    pub(in crate::engine) number: usize,
    /// Whether any group of it is asked for.
    pub(in crate::engine) captures: bool,
    /// How many groups it has, the whole match included.
    pub(in crate::engine) groups: usize,
}

impl FurtherPatterns {
    /// Those of a rule; `asked` are the groups of all its patterns that anything asks for.
    pub(in crate::engine) fn of(rule: &Rule, asked: &BTreeSet<usize>) -> Option<FurtherPatterns> {
        if rule.also.is_empty() && rule.unless.is_empty() {
            return None;
        }
        let groups_before = rule.pattern.as_ref().map_or(0, Regex::captures_len);
        let is_asked =
            |first: usize, count: usize| asked.range(first..first + count).next().is_some();
        let mut first = groups_before;
        let mut further = |regex: &Regex, is_field: bool| {
            let groups = regex.captures_len();
            let captures = is_field && is_asked(first, groups);
            first += groups;
            FurtherPattern {
                pattern: Pattern::new(regex.clone(), captures),
                number: 0,
                captures,
                groups,
            }
        };
        Some(FurtherPatterns {
            groups_before,
            first_captures: is_asked(0, groups_before),
            also: rule.also.iter().map(|one| further(one, true)).collect(),
            unless: rule.unless.iter().map(|one| further(one, false)).collect(),
        })
    }

    /// Gives each pattern a number of its own, from `next` on.
    pub(in crate::engine) fn number(&mut self, next: &mut usize) {
        for one in self.also.iter_mut().chain(&mut self.unless) {
            one.number = *next;
            *next += 1;
        }
    }

    /// Whether all that must be found is, and nothing that must not be. The first pattern has matched;
    /// `groups` hold what it found, and afterwards what all patterns have found.
    pub(in crate::engine) fn matches(
        &self,
        first: Option<(usize, &Pattern)>,
        text: &[u8],
        groups: &mut Groups,
    ) -> Result<(), Mismatch> {
        groups.forget_kept();
        if self.captures() {
            groups.keep(self.groups_before, self.first_captures);
        }
        for (place, one) in self.also.iter().enumerate() {
            if !one.pattern.matches(one.number, text, groups) {
                return Err(Mismatch::Also(place));
            }
            if self.captures() {
                groups.keep(one.groups, one.captures);
            }
        }
        for (place, one) in self.unless.iter().enumerate() {
            if one.pattern.matches(one.number, text, groups) {
                return Err(Mismatch::Unless(place));
            }
        }
        if self.captures() {
            if groups.has_kept_repaired() {
                self.read_repaired(first, text, groups);
            }
            groups.restore_kept();
        }
        Ok(())
    }

    fn captures(&self) -> bool {
        self.first_captures || self.also.iter().any(|one| one.captures)
    }

    /// On a line with broken bytes some patterns were found in a copy, and some in the line itself. All
    /// groups must be of one text, so all are looked for in the copy.
    #[cold]
    fn read_repaired(&self, first: Option<(usize, &Pattern)>, text: &[u8], groups: &mut Groups) {
        groups.forget_kept();
        if let Some((number, pattern)) = first.filter(|_| self.first_captures) {
            pattern.by_regex(number, text, groups);
        }
        groups.keep(self.groups_before, self.first_captures);
        for one in &self.also {
            if one.captures {
                one.pattern.by_regex(one.number, text, groups);
            }
            groups.keep(one.groups, one.captures);
        }
    }
}

impl Program {
    /// What it asks of a line besides its first pattern.
    pub(in crate::engine) fn further_patterns(&self) -> Option<&FurtherPatterns> {
        match &self.then {
            Then::Patterns(further, _) => Some(further),
            Then::Nothing | Then::Read(_) => None,
        }
    }
}

/// Gives each further pattern of some rules a number of its own, after those of the rules.
pub(in crate::engine) fn number_patterns<'p>(
    programs: impl ExactSizeIterator<Item = &'p mut Program>,
) {
    let mut next = programs.len();
    for program in programs {
        if let Then::Patterns(further, _) = &mut program.then {
            further.number(&mut next);
        }
    }
}
