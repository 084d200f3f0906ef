//! A pattern for lines, in pieces: what is the same on all lines, and what differs.

use std::fmt::Write as _;

use super::names::Names;

/// A regular expression whose groups can be named or not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pattern {
    pub pieces: Vec<Piece>,
    /// The line ends where the pattern does.
    pub is_closed: bool,
    /// More lines may come after the one that it is for, in the same record.
    pub goes_on: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// An expression without a group.
    Same(String),
    /// A group: its name, and an expression for its value.
    Group { name: String, value: String },
}

impl Pattern {
    pub fn same(&mut self, expression: &str) {
        if let Some(Piece::Same(text)) = self.pieces.last_mut() {
            text.push_str(expression);
        } else {
            self.pieces.push(Piece::Same(expression.to_owned()));
        }
    }

    pub fn group(&mut self, name: &str, value: &str) {
        self.pieces.push(Piece::Group {
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }

    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Same(_) => None,
            Piece::Group { name, .. } => Some(name.as_str()),
        })
    }

    /// The expression; only groups that `is_used` knows get their names.
    pub fn expression(&self, is_used: impl Fn(&str) -> bool) -> String {
        let mut text = String::from("^");
        for piece in &self.pieces {
            let _ = match piece {
                Piece::Same(expression) => write!(text, "{expression}"),
                Piece::Group { name, value } if is_used(name) => {
                    write!(text, "(?P<{name}>{value})")
                }
                Piece::Group { value, .. } if value.contains('|') => write!(text, "(?:{value})"),
                Piece::Group { value, .. } => write!(text, "{value}"),
            };
        }
        text.push_str(match (self.is_closed, self.goes_on) {
            (true, true) => r"\s*(?:\n|$)",
            (true, false) => r"\s*$",
            (false, _) => "",
        });
        text
    }
}

/// `GET /path HTTP/1.1` between quotes, or what stands there where it was no request.
pub(super) fn request(pattern: &mut Pattern, names: &mut Names) {
    pattern.same("(?:");
    pattern.group(&names.unique("method"), "[A-Z]{3,16}");
    pattern.same(" )?");
    pattern.group(&names.unique("path"), r#"[^" ]*"#);
    pattern.same(r#"[^"]*"#);
}
