//! What a condition asks of a value: a pattern, or a comparison.

use super::byte_class::Numbers;
use super::pattern::Pattern;
use crate::number::Comparison;
use crate::rules::ConditionTest;

#[derive(Debug)]
pub(in crate::engine) enum Test {
    Pattern(Pattern),
    Comparison(Box<Comparison>),
}

impl Test {
    pub(in crate::engine) fn new(test: &ConditionTest) -> Test {
        match test {
            ConditionTest::Pattern(regex) => Test::Pattern(Pattern::new(regex.clone(), false)),
            ConditionTest::Comparison(comparison) => Test::Comparison(Box::new(comparison.clone())),
        }
    }

    /// Whether it holds of a value.
    #[inline]
    pub(in crate::engine) fn holds(&self, value: &[u8]) -> bool {
        match self {
            Test::Pattern(pattern) => pattern.is_match(value),
            Test::Comparison(comparison) => comparison.holds(value),
        }
    }

    /// Of which short numbers it holds.
    pub(in crate::engine) fn numbers(&self) -> Numbers {
        match self {
            Test::Pattern(pattern) => pattern.numbers(),
            Test::Comparison(_) => Numbers::Some,
        }
    }

    /// Whether this is what a rule asks.
    pub(in crate::engine) fn is_of(&self, asked: &ConditionTest) -> bool {
        match (self, asked) {
            (Test::Pattern(one), ConditionTest::Pattern(asked)) => one.as_str() == asked.as_str(),
            (Test::Comparison(one), ConditionTest::Comparison(asked)) => **one == *asked,
            _ => false,
        }
    }

    /// As it is in the rule; a pattern with what makes it match the whole value.
    pub(in crate::engine) fn as_str(&self) -> &str {
        match self {
            Test::Pattern(pattern) => pattern.as_str(),
            Test::Comparison(comparison) => comparison.as_str(),
        }
    }
}
