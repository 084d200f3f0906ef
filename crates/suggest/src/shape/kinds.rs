//! Lines of several kinds with fields by name: which of them are requests, and by what they are known.
//!
//! A service writes its requests into the same log as what it says when it starts. Only lines with a result count
//! as requests: many services write a line when a request comes, and another one when it is answered.

use super::column::{Column, words};
use super::role::{Role, role};
use super::value::{Kind, kind};

/// Fewer of a hundred lines are no kind of their own.
const PERCENT_MIN: usize = 2;

/// The field that only lines of one kind have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sign {
    pub key: String,
    pub value: SignValue,
}

/// What is in the field, as far as it tells lines apart. The first is looked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SignValue {
    /// A status of HTTP.
    Status,
    /// A method of HTTP.
    Method,
    /// A result in words, or a duration.
    Anything,
}

impl SignValue {
    /// The pattern of the whole value.
    pub fn pattern(self) -> &'static str {
        match self {
            SignValue::Status => r"\d+",
            SignValue::Method => "[A-Z]+",
            SignValue::Anything => ".+",
        }
    }

    fn fits(self, value: &str) -> bool {
        match self {
            SignValue::Status => {
                !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
            }
            SignValue::Method => {
                !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            SignValue::Anything => !value.is_empty(),
        }
    }
}

impl Sign {
    /// The sign of requests among these lines, where some have it and others do not.
    pub fn of(columns: &[Column]) -> Option<Sign> {
        let candidates = columns.iter().filter_map(|column| {
            let rank = rank(column)?;
            // Of equals the one on most lines, and then the first.
            Some(((rank, std::cmp::Reverse(column.present)), column))
        });
        let (((value, _), _), column) = candidates.min_by_key(|(rank, _)| *rank)?;
        let is_some = column.present < column.lines;
        (is_some && column.present * 100 >= column.lines * PERCENT_MIN).then(|| Sign {
            key: column.key.clone(),
            value,
        })
    }

    /// Whether a line with these fields has it.
    pub fn is_on<'p>(&self, fields: impl IntoIterator<Item = (&'p str, &'p str)>) -> bool {
        let mut own = fields.into_iter().filter(|(key, _)| *key == self.key);
        own.next().is_some_and(|(_, value)| self.value.fits(value))
    }
}

/// How well a column tells requests from other lines; the second number orders what is no HTTP.
fn rank(column: &Column) -> Option<(SignValue, u8)> {
    let words = words(&column.key);
    let last = words.last().map_or("", String::as_str);
    let last_two = words
        .get(words.len().saturating_sub(2)..)
        .unwrap_or_default()
        .concat();
    let is_status = ["status", "statuscode"].contains(&last)
        || ["statuscode", "httpcode", "responsecode"].contains(&last_two.as_str());
    let is_http = column.is_mostly(|kind| kind == Kind::Integer)
        && (column.numbers).is_some_and(|numbers| numbers.least >= 100.0 && numbers.most < 600.0);
    if is_status && is_http {
        return Some((SignValue::Status, 0));
    }
    if column.is_mostly(|kind| kind == Kind::Method) && column.values().all(is_method) {
        return Some((SignValue::Method, 0));
    }
    match role(column, false) {
        Role::Label(_) if is_status => Some((SignValue::Anything, 0)),
        Role::Duration(_) => Some((SignValue::Anything, 1)),
        _ => None,
    }
}

fn is_method(value: &str) -> bool {
    kind(value) == Kind::Method && SignValue::Method.fits(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(key: &str, values: &[&str], lines: usize) -> Column {
        let mut column = Column::new(key);
        for value in values {
            column.add(value);
        }
        column.lines = lines;
        column
    }

    #[test]
    fn requests_are_known_by_their_result() {
        let columns = [
            column("level", &["info", "info", "info"], 3),
            column("req.method", &["GET", "GET"], 3),
            column("res.statusCode", &["200"], 3),
            column("took_ms", &["12", "3"], 3),
        ];
        let sign = Sign::of(&columns).unwrap();
        assert_eq!(
            (sign.key.as_str(), sign.value),
            ("res.statusCode", SignValue::Status)
        );
        assert!(sign.is_on([("a", "b"), ("res.statusCode", "404")]));
        assert!(!sign.is_on([("res.statusCode", "none")]));
        let of = |columns: &[Column]| Sign::of(columns).map(|sign| sign.key);
        assert_eq!(of(&columns[..2]).as_deref(), Some("req.method"));
        assert_eq!(of(&columns[3..]).as_deref(), Some("took_ms"));
        // Where all lines have it, they are of one kind; and one line in a hundred is none.
        assert_eq!(of(&columns[..1]), None);
        assert_eq!(of(&[column("status", &["200", "404"], 2)]), None);
        assert_eq!(of(&[column("status", &["200"], 100)]), None);
    }
}
