//! What a `map` writes: a text in which `$1` and `${name}` are groups of its pattern.

use regex::{Captures, Regex};

use super::problem::{At, Draft, messages};

/// The text that a value of a `map` becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapTarget {
    pieces: Vec<MapPiece>,
}

/// A part of a [`MapTarget`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapPiece {
    Text(String),
    /// The group of the pattern with this number; empty where it took no part.
    Group(usize),
}

impl MapTarget {
    /// Reads `$1`, `${1}` and `${name}` as groups of `pattern`, likewise `$name` where it has such a
    /// group, and `$$` as a dollar. Any other dollar is one. A number ends where its digits do, so `$1st`
    /// is the first group and `st`.
    pub(super) fn new(target: &At<String>, pattern: &Regex) -> Result<MapTarget, Draft> {
        let mut pieces = Vec::new();
        let mut rest = target.value.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            text(&mut pieces, before);
            let reference = match Reference::new(after) {
                Some(reference) if !reference.is_literal(pattern) => reference,
                _ => {
                    text(&mut pieces, "$");
                    rest = after.strip_prefix('$').unwrap_or(after);
                    continue;
                }
            };
            let number = reference.group(pattern).ok_or_else(|| {
                let written = rest.get(before.len()..before.len() + 1 + reference.length);
                let groups = groups(pattern);
                messages::map_without_group(target, written.unwrap_or_default(), &groups)
            })?;
            pieces.push(MapPiece::Group(number));
            rest = after.get(reference.length..).unwrap_or_default();
        }
        text(&mut pieces, rest);
        Ok(MapTarget { pieces })
    }

    /// The text, where there are no groups in it.
    pub fn as_plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [MapPiece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Writes the text with the groups of a value that matched.
    pub fn write(&self, captures: &Captures<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            let text = match piece {
                MapPiece::Text(text) => text.as_str(),
                MapPiece::Group(number) => captures.get(*number).map_or("", |one| one.as_str()),
            };
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Adds a text; neighbours become one.
fn text(pieces: &mut Vec<MapPiece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(MapPiece::Text(last)) => last.push_str(text),
        _ => pieces.push(MapPiece::Text(text.to_owned())),
    }
}

/// The groups that a pattern has, by name or else by number.
fn groups(pattern: &Regex) -> Vec<String> {
    let names = pattern.capture_names().enumerate().skip(1);
    names
        .map(|(number, name)| name.map_or_else(|| number.to_string(), str::to_owned))
        .collect()
}

/// What follows a dollar.
struct Reference<'t> {
    name: &'t str,
    /// In bytes, with braces.
    length: usize,
}

impl<'t> Reference<'t> {
    fn new(after: &'t str) -> Option<Reference<'t>> {
        if let Some(inner) = after.strip_prefix('{') {
            let name = inner.get(..inner.find('}')?)?;
            return Some(Reference {
                name,
                length: name.len() + 2,
            });
        }
        let of = |is_part: fn(&char) -> bool| {
            let characters = after.chars().take_while(is_part);
            characters.map(char::len_utf8).sum::<usize>()
        };
        let digits = of(char::is_ascii_digit);
        let length = match digits {
            0 => of(|c| c.is_ascii_alphanumeric() || *c == '_'),
            digits => digits,
        };
        let name = after.get(..length).filter(|name| !name.is_empty())?;
        Some(Reference { name, length })
    }

    /// Whether this is a dollar before some word: no group of the pattern is called so.
    fn is_literal(&self, pattern: &Regex) -> bool {
        let is_bare = self.length == self.name.len();
        is_bare && self.name.parse::<u64>().is_err() && self.group(pattern).is_none()
    }

    fn group(&self, pattern: &Regex) -> Option<usize> {
        match self.name.parse::<usize>() {
            Ok(number) => (number < pattern.captures_len()).then_some(number),
            Err(_) => pattern
                .capture_names()
                .position(|name| name == Some(self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::problem::ProblemPlace;

    fn target(text: &str, pattern: &str) -> Result<MapTarget, Draft> {
        let place = ProblemPlace {
            file: 0,
            start: 0,
            end: 0,
        };
        MapTarget::new(
            &At::new(text.to_owned(), place),
            &Regex::new(pattern).unwrap(),
        )
    }

    fn written(text: &str, pattern: &str, value: &str) -> String {
        let captures = Regex::new(pattern).unwrap();
        let captures = captures.captures(value).unwrap();
        let mut out = Vec::new();
        target(text, pattern).unwrap().write(&captures, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn groups_are_filled_in() {
        let path = r"(/api/(?P<kind>\w+))/[0-9]+(/.*)?";
        assert_eq!(written("$1/:id$3", path, "/api/users/7"), "/api/users/:id");
        assert_eq!(
            written("${1}/:id${3}", path, "/api/users/7/x"),
            "/api/users/:id/x"
        );
        assert_eq!(written("$kind-${kind}s", path, "/api/user/7"), "user-users");
        assert_eq!(written("$1st of $0", "(a).", "ab"), "ast of ab");
        assert_eq!(written("$$1 $ US$ ${ $-", "(a)", "a"), "$1 $ US$ ${ $-");
        assert_eq!(target("2xx", "(a)").unwrap().as_plain(), Some("2xx"));
        assert_eq!(target("a$b", "(a)").unwrap().as_plain(), Some("a$b"));
        assert_eq!(target("", "(a)").unwrap().as_plain(), Some(""));
        assert_eq!(target("$1", "(a)").unwrap().as_plain(), None);
    }

    #[test]
    fn a_group_that_is_not_there_is_an_error() {
        for text in ["$2", "x$12y", "${kind}", "${}", "${9}"] {
            assert!(target(text, "(a)").is_err(), "{text}");
        }
    }
}
