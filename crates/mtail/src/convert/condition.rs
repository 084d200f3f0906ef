//! Conditions of a program as the patterns of a rule and as its `where`.

use super::draft::{Field, Patterns, Source, Subject, Test};
use super::walk::Literal;
use super::{Conversion, number_pattern};
use crate::ast::Compare;
use crate::check::types::Type;
use crate::float_text;
use crate::script::code::{Condition, Float, Group, Int, Text};

/// What must hold for an action.
#[derive(Debug, Default)]
pub(super) struct Guard {
    pub(super) patterns: Patterns,
    pub(super) conditions: Vec<(Subject, Test)>,
}

/// A part that cannot be said, and why.
pub(super) type Said<T> = Result<T, String>;

impl Conversion<'_> {
    /// What must hold, or why a rule cannot say it; none where it never holds.
    pub(super) fn guard(&mut self, literals: &[Literal<'_>]) -> Said<Option<Guard>> {
        let mut guard = Guard::default();
        for literal in literals {
            self.literal(literal.condition, literal.holds, &mut guard)?;
        }
        let Patterns { all, none } = &guard.patterns;
        let is_contrary = all.iter().any(|one| none.contains(one));
        Ok((!is_contrary).then_some(guard))
    }

    fn literal(&mut self, condition: &Condition, holds: bool, guard: &mut Guard) -> Said<()> {
        match condition {
            Condition::Match(site) => self.on_line(*site, holds, guard),
            Condition::NoMatch(site) => self.on_line(*site, !holds, guard),
            Condition::MatchText(site, text) => self.on_text(*site, text, holds, guard),
            Condition::NoMatchText(site, text) => self.on_text(*site, text, !holds, guard),
            Condition::CompareText(compare, sides) => self.texts(*compare, sides, holds, guard),
            Condition::CompareInt(compare, sides) => {
                let (left, right) = (int_side(&sides.0)?, int_side(&sides.1)?);
                self.numbers(*compare, left, right, holds, guard)
            }
            Condition::CompareFloat(compare, sides) => {
                let (left, right) = (float_side(&sides.0)?, float_side(&sides.1)?);
                self.numbers(*compare, left, right, holds, guard)
            }
            Condition::Defined(_) => Err("`defined()` has no counterpart in rules".to_owned()),
            Condition::Fail(_) => Err("the condition always fails".to_owned()),
            Condition::Int(_) | Condition::Float(_) | Condition::Text(_) => {
                Err("a value that is a condition has no counterpart in rules".to_owned())
            }
            Condition::Both(_) | Condition::Either(_) | Condition::Otherwise => {
                Err("the condition has too many parts".to_owned())
            }
        }
    }

    fn on_line(&mut self, site: usize, holds: bool, guard: &mut Guard) -> Said<()> {
        let pattern = self.pattern_of(site).ok_or("the pattern is not known")?;
        let patterns = &mut guard.patterns;
        let list = match holds {
            true => &mut patterns.all,
            false => &mut patterns.none,
        };
        if !list.contains(&pattern) {
            list.push(pattern);
        }
        Ok(())
    }

    fn on_text(&mut self, site: usize, text: &Text, holds: bool, guard: &mut Guard) -> Said<()> {
        let source = self.source(text)?;
        let pattern = self.pattern_of(site).ok_or("the pattern is not known")?;
        let regex = &self
            .program
            .patterns
            .get(pattern)
            .ok_or("the pattern is not known")?
            .regex;
        let whole = format!("(?s:.*)(?:{regex})(?s:.*)");
        guard.conditions.push(match holds {
            true => (Subject::Text(source), Test::of(whole)),
            false => (Subject::Matches(source, whole), Test::of("no".to_owned())),
        });
        Ok(())
    }

    fn texts(
        &mut self,
        compare: Compare,
        sides: &(Text, Text),
        holds: bool,
        guard: &mut Guard,
    ) -> Said<()> {
        let (text, literal) = match sides {
            (text, Text::Literal(literal)) | (Text::Literal(literal), text) => (text, literal),
            _ => return Err("two texts of the line are compared".to_owned()),
        };
        if compare.is_order() {
            return Err("rules do not know which of two texts comes first".to_owned());
        }
        let source = self.source(text)?;
        let whole = regex_syntax::escape(literal);
        let is_equal = (compare == Compare::Equal) == holds;
        guard.conditions.push(match is_equal {
            true => (Subject::Text(source), Test::of(whole)),
            false => (Subject::Matches(source, whole), Test::of("no".to_owned())),
        });
        Ok(())
    }

    fn numbers(
        &mut self,
        compare: Compare,
        left: Side,
        right: Side,
        holds: bool,
        guard: &mut Guard,
    ) -> Said<()> {
        let (group, number, compare) = match (left, right) {
            (Side::Group(group), Side::Number(number)) => (group, number, compare),
            (Side::Number(number), Side::Group(group)) => (group, number, turned(compare)),
            (Side::Group(_), Side::Group(_)) => {
                return Err("two numbers of the line are compared".to_owned());
            }
            (Side::Number(_), Side::Number(_)) => {
                return Err("the condition compares two constants".to_owned());
            }
        };
        let compare = if holds { compare } else { contrary(compare) };
        let field = self.number_field(group)?;
        let shape = self.facts(group).and_then(|facts| facts.shape);
        let shape = shape.ok_or("the number may be written in a way that no pattern compares")?;
        let pattern = number_pattern::pattern(compare, number, shape);
        let pattern = pattern.ok_or("it is compared with a number below 0, or a very large one")?;
        let sign = match compare {
            Compare::Less => "<",
            Compare::Greater => ">",
            Compare::LessOrEqual => "<=",
            Compare::GreaterOrEqual => ">=",
            Compare::Equal => "==",
            Compare::NotEqual => "!=",
        };
        // Of a few digits the pattern is short, and what people write.
        let comparison = format!("{sign} {}", plain_number(number));
        let test = Test {
            comparison: shape.digits.is_none().then_some(comparison),
            ..Test::of(pattern)
        };
        guard
            .conditions
            .push((Subject::Text(Source::Field(field)), test));
        Ok(())
    }

    /// A group whose number is read.
    pub(super) fn number_field(&mut self, group: Group) -> Said<Field> {
        let field = self.field(group)?;
        let facts = self.facts(group).ok_or("the group is not known")?;
        if facts.may_be_no_number || !facts.is_always_there {
            self.differs(
                "a number that cannot be read, or has more than 18 digits, ends the program for its \
                 line; rules pass over what needs it alone",
            );
        }
        if facts.kind == Type::Text {
            self.differs("rules also read numbers with a unit, such as `3ms`");
        }
        Ok(field)
    }

    /// A group of a pattern that is matched against the line.
    pub(super) fn field(&self, group: Group) -> Said<Field> {
        let site = self
            .program
            .sites
            .get(group.site)
            .ok_or("the pattern is not known")?;
        if !site.on_line {
            return Err("it uses a group of a pattern on a text other than the line".to_owned());
        }
        Ok(Field {
            pattern: site.pattern,
            group: group.group,
        })
    }

    /// What a condition can look at.
    fn source(&self, text: &Text) -> Said<Source> {
        match text {
            Text::Capture(group) => {
                let facts = self.facts(*group).ok_or("the group is not known")?;
                if !facts.is_always_there {
                    return Err("the condition is on a group that may be missing".to_owned());
                }
                self.field(*group).map(Source::Field)
            }
            Text::FileName => Ok(Source::Path),
            Text::OfInt(_) | Text::OfFloat(_) => {
                Err("the condition is on a number that is printed again".to_owned())
            }
            _ => Err("the condition is on a text that is worked out".to_owned()),
        }
    }
}

/// A side of a comparison of numbers.
#[derive(Debug, Clone, Copy)]
enum Side {
    Group(Group),
    Number(f64),
}

fn int_side(int: &Int) -> Said<Side> {
    match int {
        Int::Literal(number) => Ok(Side::Number(*number as f64)),
        Int::Capture(group) => Ok(Side::Group(*group)),
        Int::Parse(text) => text_side(text),
        _ => Err("the condition is on a number that is worked out".to_owned()),
    }
}

fn float_side(float: &Float) -> Said<Side> {
    match float {
        Float::Literal(number) => Ok(Side::Number(*number)),
        Float::Capture(group) => Ok(Side::Group(*group)),
        Float::OfInt(int) => int_side(int),
        Float::Parse(text) => text_side(text),
        _ => Err("the condition is on a number that is worked out".to_owned()),
    }
}

fn text_side(text: &Text) -> Said<Side> {
    match text {
        Text::Capture(group) => Ok(Side::Group(*group)),
        _ => Err("the condition is on a text that is worked out".to_owned()),
    }
}

/// The comparison with its sides changed.
fn turned(compare: Compare) -> Compare {
    match compare {
        Compare::Less => Compare::Greater,
        Compare::Greater => Compare::Less,
        Compare::LessOrEqual => Compare::GreaterOrEqual,
        Compare::GreaterOrEqual => Compare::LessOrEqual,
        same => same,
    }
}

/// What holds where it does not.
fn contrary(compare: Compare) -> Compare {
    match compare {
        Compare::Less => Compare::GreaterOrEqual,
        Compare::Greater => Compare::LessOrEqual,
        Compare::LessOrEqual => Compare::Greater,
        Compare::GreaterOrEqual => Compare::Less,
        Compare::Equal => Compare::NotEqual,
        Compare::NotEqual => Compare::Equal,
    }
}

/// A number without exponent where that is short.
pub(super) fn plain_number(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        1e-6..1e15 => format!("{number}"),
        _ => float_text(number),
    }
}
