//! Conditions that compare: `>= 500`, `> 1s`, `!= anonymous`, `>= 100, < 200`.

use super::reading::Reading;

/// What must hold of a value: all of its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// As it is in the rule.
    written: String,
    parts: Vec<Part>,
    /// How both sides are read.
    reading: Reading,
}

#[derive(Debug, Clone, PartialEq)]
struct Part {
    operator: Operator,
    /// What is after the operator, as a text and, where it is one, as a number.
    text: Box<str>,
    number: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    AtLeast,
    AtMost,
    Equal,
    NotEqual,
    Above,
    Below,
}

/// Longer ones first, of which others are a beginning.
const OPERATORS: [(&str, Operator); 6] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// Why a condition that compares cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComparisonError {
    /// There is nothing to compare with after an operator.
    Empty,
    /// What is to be compared with is no number of the kind that the value is.
    NoNumber(String),
}

impl Comparison {
    /// A condition that begins with an operator; `None` where it is a pattern. `reading` is how the value
    /// is read, and with it the number that it is compared with.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn parse(text: &str, reading: &Reading) -> Option<Result<Comparison, ComparisonError>> {
        let reading = Reading {
            // Of both sides the same, and the second would turn the order round.
            scale: 1.0,
            invert: false,
            ..reading.clone()
        };
        let parts = split(text)?;
        let orders = |operator| !matches!(operator, Operator::Equal | Operator::NotEqual);
        // `>` and `> start of the list` compare nothing: they are texts.
        let is_text = |(operator, operand): &(Operator, &str)| {
            let is_bare =
                operand.is_empty() && matches!(operator, Operator::Above | Operator::Below);
            let is_words = !operand.is_empty() && !operand.contains(|c: char| c.is_ascii_digit());
            orders(*operator) && (is_words || (is_bare && parts.len() == 1))
        };
        if parts.iter().any(is_text) {
            return None;
        }
        let part = |(operator, operand): (Operator, &str)| {
            if operand.is_empty() {
                return Err(ComparisonError::Empty);
            }
            let number = reading.read(operand.as_bytes()).ok();
            if number.is_none() && orders(operator) {
                return Err(ComparisonError::NoNumber(operand.to_owned()));
            }
            Ok(Part {
                operator,
                text: operand.into(),
                number,
            })
        };
        let parts: Result<Vec<Part>, _> = parts.into_iter().map(part).collect();
        Some(parts.map(|parts| Comparison {
            written: text.to_owned(),
            parts,
            reading,
        }))
    }

    /// Whether it holds. A text that is no number is neither above nor below any.
    pub fn holds(&self, value: &[u8]) -> bool {
        // Read once, for most have one part, and no more than two.
        let number = self.reading.read(value).ok();
        self.parts.iter().all(|part| part.holds(value, number))
    }

    /// As it is in the rule.
    pub fn as_str(&self) -> &str {
        &self.written
    }
}

impl Part {
    fn holds(&self, value: &[u8], number: Option<f64>) -> bool {
        let is_equal = || match (number, self.number) {
            _ if value == self.text.as_bytes() => true,
            (Some(value), Some(other)) => value == other,
            _ => false,
        };
        let both = number.zip(self.number);
        match self.operator {
            Operator::Equal => is_equal(),
            Operator::NotEqual => !is_equal(),
            Operator::AtLeast => both.is_some_and(|(value, other)| value >= other),
            Operator::AtMost => both.is_some_and(|(value, other)| value <= other),
            Operator::Above => both.is_some_and(|(value, other)| value > other),
            Operator::Below => both.is_some_and(|(value, other)| value < other),
        }
    }
}

/// The parts of a condition, each an operator and what is after it. A comma is between two parts where
/// an operator is after it.
fn split(text: &str) -> Option<Vec<(Operator, &str)>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (operator, after) = operator(rest)?;
        let next = after.match_indices(',').find_map(|(place, _)| {
            let (before, next) = after.split_at_checked(place)?;
            let next = next.get(1..)?.trim_start();
            operator_of_part(next).then_some((before, next))
        });
        let Some((operand, next)) = next else {
            parts.push((operator, after.trim()));
            return Some(parts);
        };
        parts.push((operator, operand.trim()));
        rest = next;
    }
}

fn operator_of_part(text: &str) -> bool {
    operator(text).is_some()
}

fn operator(text: &str) -> Option<(Operator, &str)> {
    OPERATORS
        .iter()
        .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
}
