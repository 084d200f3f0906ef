//! A program as rules in TOML, action by action: what a rule cannot say is left out with a comment that
//! says why, and what may come out otherwise is named. A program that keeps state from line to line
//! stays a program.

mod condition;
mod draft;
mod file;
mod number_pattern;
mod regex_text;
mod state;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::collections::BTreeSet;

use number_pattern::Shape;

use crate::check::types::Type;
use crate::check::{self, Checked};
use crate::script::code::{Group, Program};
use crate::{Options, Problems, parser};

/// A program as rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The rules file; none where no action can be said in rules.
    pub rules: Option<String>,
    /// How many actions the rules have.
    pub actions: usize,
    /// What the rules do not have, and why.
    pub left_out: Vec<LeftOut>,
    /// Where the rules may count otherwise than the program.
    pub differences: Vec<String>,
    /// Why the whole program stays a program: it reads what earlier lines have set.
    pub state: Option<LeftOut>,
}

/// Something that rules cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The line of the program's text.
    pub line: usize,
    pub text: String,
    pub why: String,
}

impl Converted {
    /// Whether the rules count as the program does.
    pub fn is_whole(&self) -> bool {
        self.rules.is_some() && self.left_out.is_empty() && self.differences.is_empty()
    }
}

/// Writes a program as rules. `name` is the base name of its file, with the ending.
///
/// # Errors
/// When the program is wrong.
pub fn convert(name: &str, source: &str) -> Result<Converted, Problems> {
    let options = Options::default();
    let compiled = crate::compile(name, source, &options)?;
    // Once more, for the names and types of groups, which a program that runs does not have.
    let parsed = parser::parse(source, options.depth_max.min(100));
    let checked = check::check(&parsed, &options);
    let groups = Groups::of(&checked);
    Ok(Conversion::new(&compiled.program, source, &groups).run())
}

/// What is known of the groups of each pattern.
struct Groups {
    all: Vec<Vec<GroupFacts>>,
}

/// What is known of a group.
#[derive(Debug, Clone)]
struct GroupFacts {
    name: Option<String>,
    kind: Type,
    /// Whether its number, printed as mtail prints it, may be another text.
    is_rewritten: bool,
    /// Whether it is part of each match.
    is_always_there: bool,
    /// Whether its text may be no number.
    may_be_no_number: bool,
    may_be_negative: bool,
    may_have_controls: bool,
    /// What a number in it looks like, where it is only of digits, signs and points.
    shape: Option<Shape>,
}

impl Groups {
    fn of(checked: &Checked) -> Groups {
        let pattern = |number: usize| {
            let pattern = &checked.patterns.all[number];
            let facts = regex_text::group_facts(&pattern.code.regex);
            let names = checked.patterns.names(number);
            let one = |group: usize| {
                let fact = facts.get(group).copied().unwrap_or_default();
                let kind = checked.patterns.group_type(number, group);
                GroupFacts {
                    name: names.get(group).cloned().flatten(),
                    kind: kind.map_or(Type::Text, |kind| kind.kind),
                    is_rewritten: kind.is_some_and(|kind| kind.is_rewritten),
                    is_always_there: fact.is_always_there,
                    may_be_no_number: fact.may_be_no_number,
                    may_be_negative: fact.may_be_negative,
                    may_have_controls: fact.may_have_controls,
                    shape: fact.shape,
                }
            };
            (0..names.len()).map(one).collect()
        };
        Groups {
            all: (0..checked.patterns.all.len()).map(pattern).collect(),
        }
    }

    fn facts(&self, pattern: usize, group: usize) -> Option<&GroupFacts> {
        self.all.get(pattern)?.get(group)
    }
}

/// A conversion at work.
struct Conversion<'c> {
    program: &'c Program,
    lines: Vec<&'c str>,
    groups: &'c Groups,
    left_out: Vec<LeftOut>,
    differences: BTreeSet<String>,
}

impl<'c> Conversion<'c> {
    fn new(program: &'c Program, source: &'c str, groups: &'c Groups) -> Self {
        Conversion {
            program,
            lines: source.lines().collect(),
            groups,
            left_out: Vec::new(),
            differences: BTreeSet::new(),
        }
    }

    fn run(mut self) -> Converted {
        if let Some((line, why)) = state::first(self.program) {
            let state = self.left(line, why);
            return Converted {
                rules: None,
                actions: 0,
                left_out: Vec::new(),
                differences: Vec::new(),
                state: Some(state),
            };
        }
        for statement in &self.program.begin {
            let why = "a `begin` block runs once, before any line".to_owned();
            let left = self.left(statement.line, why);
            self.left_out.push(left);
        }
        let walked = walk::walk(self.program);
        let drafts = self.drafts(walked);
        let (rules, actions) = self.file(drafts);
        self.left_out.sort_by_key(|left| left.line);
        Converted {
            rules,
            actions,
            left_out: self.left_out,
            differences: self.differences.into_iter().collect(),
            state: None,
        }
    }

    fn left(&self, line: usize, why: String) -> LeftOut {
        let text = self.text(line);
        LeftOut { line, text, why }
    }

    /// A line of the program, for comments.
    fn text(&self, line: usize) -> String {
        let text = self.lines.get(line.saturating_sub(1)).unwrap_or(&"");
        let text = text.trim().chars().filter(|c| !c.is_control());
        text.take(100).collect()
    }

    /// Says that the rules may count otherwise.
    fn differs(&mut self, how: &str) {
        self.differences.insert(how.to_owned());
    }

    fn facts(&self, group: Group) -> Option<&'c GroupFacts> {
        self.groups.facts(self.pattern_of(group.site)?, group.group)
    }

    fn pattern_of(&self, site: usize) -> Option<usize> {
        let site = self.program.sites.get(site)?;
        Some(site.pattern)
    }
}
