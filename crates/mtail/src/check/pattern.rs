//! Patterns: put together from their parts, translated, and used.

use std::collections::HashMap;

use super::Checker;
use super::capture::{GroupType, group_types};
use super::scope::{Capture, Sort};
use crate::ast::{Arithmetic, Binary, Expression, ExpressionKind};
use crate::dialect;
use crate::problem::{Span, quote};
use crate::script::code::{self, Site};

/// All patterns of a program; two that are written the same are one.
#[derive(Default)]
pub struct Patterns {
    numbers: HashMap<String, usize>,
    pub all: Vec<Pattern>,
}

pub struct Pattern {
    pub code: code::Pattern,
    names: Vec<Option<String>>,
    types: Vec<GroupType>,
    is_broken: bool,
}

impl Patterns {
    pub fn group_type(&self, pattern: usize, group: usize) -> Option<GroupType> {
        self.all.get(pattern)?.types.get(group).copied()
    }

    /// The names of a pattern's groups, from the whole match on.
    pub fn names(&self, pattern: usize) -> &[Option<String>] {
        self.all.get(pattern).map_or(&[], |pattern| &pattern.names)
    }

    /// Says that the program reads a group.
    pub fn need(&mut self, pattern: usize, group: usize) {
        let Some(pattern) = self.all.get_mut(pattern) else {
            return;
        };
        if let Err(at) = pattern.code.needed.binary_search(&group) {
            pattern.code.needed.insert(at, group);
        }
    }
}

/// A pattern and its number, or why it cannot be used.
fn prepare(text: &str) -> Result<Pattern, String> {
    let translated = dialect::translate(text)?;
    let hir = regex_syntax::parse(&translated.regex).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    })?;
    regex::Regex::new(&translated.regex).map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => format!("it needs more than {limit} bytes"),
        other => other.to_string(),
    })?;
    let types = group_types(&hir, translated.names.len());
    let code = code::Pattern {
        regex: translated.regex,
        needed: Vec::new(),
    };
    Ok(Pattern {
        code,
        names: translated.names,
        types,
        is_broken: false,
    })
}

impl<'a> Checker<'a> {
    /// Whether an expression is a pattern and not a value.
    pub(super) fn is_pattern(&self, expression: &Expression) -> bool {
        match &expression.kind {
            ExpressionKind::Regex(_) => true,
            ExpressionKind::Name(name) => {
                self.scopes.find(Sort::Metric, name).is_none()
                    && self.scopes.find(Sort::Constant, name).is_some()
            }
            ExpressionKind::Binary {
                operator: Binary::Arithmetic(Arithmetic::Add),
                left,
                right,
            } => self.is_pattern(left) || self.is_pattern(right),
            _ => false,
        }
    }

    /// The text of a pattern, its constants put in; none where it has an error or is no pattern.
    pub(super) fn pattern_text(&mut self, expression: &Expression) -> Option<String> {
        match &expression.kind {
            ExpressionKind::Regex(text) => Some(text.clone()),
            ExpressionKind::Name(name) => {
                let Some(number) = self.scopes.find(Sort::Constant, name) else {
                    self.unknown_name(name, expression.span);
                    return None;
                };
                let constant = self.constants.get_mut(number)?;
                constant.is_used = true;
                Some(constant.pattern.clone())
            }
            ExpressionKind::Binary {
                operator: Binary::Arithmetic(Arithmetic::Add),
                left,
                right,
            } => {
                let (left, right) = (self.pattern_text(left), self.pattern_text(right));
                let (left, right) = (left?, right?);
                if left.len() + right.len() > self.options.pattern_length_max {
                    self.too_long(expression.span);
                    return None;
                }
                Some(left + &right)
            }
            _ => {
                let message = "expected a regex or the name of a constant";
                let hint = "a pattern is made of `/…/` and constants, joined by `+`";
                self.error(expression.span, message, hint);
                None
            }
        }
    }

    fn too_long(&mut self, span: Span) {
        let message = format!(
            "this regex is longer than {} bytes",
            self.options.pattern_length_max
        );
        self.error(span, message, "split it into two conditions");
    }

    /// The number of a pattern; tells what is wrong with it the first time.
    pub(super) fn pattern(&mut self, expression: &Expression) -> Option<usize> {
        let text = self.pattern_text(expression)?;
        if text.len() > self.options.pattern_length_max {
            self.too_long(expression.span);
            return None;
        }
        if let Some(number) = self.patterns.numbers.get(&text) {
            return Some(*number);
        }
        let pattern = match prepare(&text) {
            Ok(pattern) => pattern,
            Err(cause) => {
                let message = format!("the regex {} is wrong: {cause}", quote(&text));
                let hint = "the syntax is that of RE2: no look-around, nothing that refers back";
                self.error(expression.span, message, hint);
                // Never matches; the program is refused anyway.
                let code = code::Pattern {
                    regex: r"[^\s\S]".into(),
                    needed: Vec::new(),
                };
                Pattern {
                    code,
                    names: Vec::new(),
                    types: Vec::new(),
                    is_broken: true,
                }
            }
        };
        let number = self.patterns.all.len();
        self.patterns.all.push(pattern);
        self.patterns.numbers.insert(text, number);
        Some(number)
    }

    /// Matches a pattern at a new site; its groups can be seen in the current scope from here on.
    pub(super) fn site(&mut self, expression: &Expression, on_line: bool) -> Option<usize> {
        let found = self.pattern(expression);
        let broken = found.and_then(|number| self.patterns.all.get(number));
        if broken.is_none_or(|pattern| pattern.is_broken) {
            self.scopes.blur();
        }
        let pattern = found?;
        let site = self.sites.len();
        self.sites.push(Site { pattern, on_line });
        let names = self
            .patterns
            .all
            .get(pattern)
            .map(|pattern| pattern.names.clone());
        for (group, name) in names.unwrap_or_default().into_iter().enumerate() {
            let capture = Capture { site, group };
            self.scopes.define_capture(name, capture);
        }
        Some(site)
    }
}
