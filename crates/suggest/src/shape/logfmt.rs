//! Lines of `key=value`: each key is a column. What is before the first pair is aligned as any text is.

use super::aligned::align;
use super::kinds::{Sign, SignValue};
use super::names::Names;
use super::pattern::Pattern;
use super::{Columns, Layout, Part, Table};
use crate::sample::SampleLine;

/// Fewer pairs than this are no line of pairs.
const PAIRS_MIN: usize = 2;

/// The tables of the lines that have pairs, where most have some, the requests before all others; and the lines
/// without pairs.
pub(super) fn tables(lines: Vec<&SampleLine>) -> (Vec<Table<'_>>, Vec<&SampleLine>) {
    let (taken, rest) = with_pairs(&lines);
    let Some(all) = table(&taken, Part::All) else {
        return (Vec::new(), lines);
    };
    let Some(sign) = Sign::of(&all.columns) else {
        return (vec![all], rest);
    };
    let is_request = |line: &&SampleLine| {
        let pairs = pairs(&line.text);
        sign.is_on(pairs.iter().map(|(key, value)| (*key, value.as_str())))
    };
    let (requests, others): (Vec<_>, Vec<_>) = taken.iter().copied().partition(is_request);
    // A rule knows the requests by their text.
    let is_on = regex::Regex::new(&with(&sign));
    let is_told = is_on.is_ok_and(|is_on| {
        requests.iter().all(|line| is_on.is_match(&line.text))
            && !others.iter().any(|line| is_on.is_match(&line.text))
    });
    let requests = table(&requests, Part::With(sign.clone())).filter(|_| is_told);
    let Some(requests) = requests else {
        return (vec![all], rest);
    };
    let mut tables = vec![requests];
    tables.extend(table(&others, Part::Without(sign)));
    (tables, rest)
}

/// A pattern for the text of a line that has the pair of a sign.
pub(crate) fn with(sign: &Sign) -> String {
    let value = match sign.value {
        SignValue::Status => r#""?\d"#,
        SignValue::Method => r#""?[A-Z]"#,
        SignValue::Anything => "",
    };
    format!("(?:^|[ \\t]){}={value}", regex::escape(&sign.key))
}

/// The lines that have pairs, where most have some, and the others.
fn with_pairs<'s>(lines: &[&'s SampleLine]) -> (Vec<&'s SampleLine>, Vec<&'s SampleLine>) {
    let has_pairs = |line: &&SampleLine| {
        let pairs = pairs(&line.text);
        // A value is all words up to the next pair, so that words after a pair belong to nobody.
        // Nor is a comma between pairs a part of a value.
        let is_listed = |(_, value): &(&str, String)| value.ends_with([',', ';', '|']);
        pairs.len() >= PAIRS_MIN
            && pairs.len() >= 3 * loose_words(&line.text)
            && !pairs.iter().any(is_listed)
    };
    let (taken, rest): (Vec<_>, Vec<_>) = lines.iter().copied().partition(has_pairs);
    match taken.len() * 10 >= lines.len() {
        true => (taken, rest),
        false => (Vec::new(), lines.to_vec()),
    }
}

/// The table of lines that have pairs.
fn table<'s>(taken: &[&'s SampleLine], part: Part) -> Option<Table<'s>> {
    let key = common_key(taken)?;
    let mut columns = Columns::default();
    let prefixes: Vec<&str> = taken.iter().map(|line| before_pairs(&line.text)).collect();
    let mut names = Names::default();
    for line in taken {
        for (key, _) in pairs(&line.text) {
            names.reserve(key);
        }
    }
    let is_prefixed = prefixes.iter().all(|prefix| !prefix.trim().is_empty());
    let aligned = match is_prefixed {
        true => align(&prefixes, names),
        false => None,
    };
    let aligned = aligned.map(|pattern| Pattern {
        is_closed: false,
        ..pattern
    });
    let expression = aligned
        .as_ref()
        .and_then(|pattern| regex::Regex::new(&pattern.expression(|_| true)).ok());
    let expression = expression.filter(|it| taken.iter().all(|line| it.is_match(&line.text)));
    for line in taken {
        columns.begin_line();
        let captures = expression.as_ref().and_then(|it| it.captures(&line.text));
        for name in expression
            .iter()
            .flat_map(|it| it.capture_names().flatten())
        {
            let value = captures.as_ref().and_then(|it| it.name(name));
            columns.add(name, value.map_or("", |it| it.as_str()));
        }
        for (key, value) in pairs(&line.text) {
            columns.add(key, &value);
        }
    }
    Some(Table {
        layout: Layout::Logfmt {
            key,
            prefix: expression.and(aligned),
        },
        lines: taken.to_vec(),
        columns: columns.finish(),
        part,
    })
}

/// What is before the first pair.
fn before_pairs(text: &str) -> &str {
    let equals = text.find('=').unwrap_or(text.len());
    let before = text.get(..equals).unwrap_or_default();
    let start = before.rfind([' ', '\t']).map_or(0, |blank| blank + 1);
    text.get(..start).unwrap_or_default()
}

/// How many words and quoted texts after the first pair are no part of a pair.
fn loose_words(text: &str) -> usize {
    let pairs = text.get(before_pairs(text).len()..).unwrap_or_default();
    let mut loose = 0;
    let mut is_value = false;
    for (number, part) in pairs.split('"').enumerate() {
        if number % 2 == 0 {
            let words = part.split_whitespace();
            loose += words.filter(|word| !word.contains('=')).count();
            is_value = part.ends_with('=');
        } else {
            loose += usize::from(!is_value);
        }
    }
    loose
}

/// The first key that all lines have.
fn common_key(lines: &[&SampleLine]) -> Option<String> {
    let first = pairs(&lines.first()?.text);
    let has = |line: &&SampleLine, key: &str| pairs(&line.text).iter().any(|(it, _)| *it == key);
    let key = first
        .iter()
        .find(|(key, _)| lines.iter().all(|line| has(line, key)))?;
    Some(key.0.to_owned())
}

/// The pairs of a line, quotes taken off. Where a key stands twice the rules' reader takes neither, so only
/// the first is here.
fn pairs(text: &str) -> Vec<(&str, String)> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(equals) = rest.find('=') else {
            break;
        };
        let (before, after) = (rest.get(..equals), rest.get(equals + 1..));
        let (Some(before), Some(after)) = (before, after) else {
            break;
        };
        let key = before.rsplit([' ', '\t']).next().unwrap_or_default();
        let (value, length) = value(after);
        let is_key = key.starts_with(|c: char| c.is_alphabetic() || c == '@' || c == '_')
            && key
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '/'));
        if is_key && !pairs.iter().any(|(other, _)| *other == key) {
            pairs.push((key, value));
        }
        at += equals + 1 + length;
    }
    pairs
}

/// The value that a text begins with, and how many bytes it takes.
fn value(text: &str) -> (String, usize) {
    let Some(inside) = text.strip_prefix('"') else {
        return plain_value(text);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in inside.char_indices() {
        match character {
            '"' if !is_escaped => return (value, at + 2),
            '\\' if !is_escaped => is_escaped = true,
            _ => {
                is_escaped = false;
                value.push(character);
            }
        }
    }
    plain_value(text)
}

/// All words up to the one that begins the next pair.
fn plain_value(text: &str) -> (String, usize) {
    let blanks = text.match_indices([' ', '\t']).map(|(at, _)| at);
    let begins_pair = |at: &usize| {
        let rest = text.get(at + 1..).unwrap_or_default();
        let word = rest.split([' ', '\t']).next().unwrap_or_default();
        word.find('=').is_some_and(|equals| equals > 0)
    };
    let end = blanks.into_iter().find(begins_pair).unwrap_or(text.len());
    let value = text.get(..end).unwrap_or_default();
    (value.trim_end().to_owned(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_those_that_the_rules_read() {
        let text =
            r#"time=right now msg="a \"b\" c=d" x=1 2=3 empty= user.email=a@x.org url=/?q=1 x=2"#;
        let found: Vec<_> = pairs(text)
            .iter()
            .map(|(key, value)| format!("{key}:{value}"))
            .collect();
        assert_eq!(
            found,
            [
                "time:right now",
                "msg:a \"b\" c=d",
                "x:1",
                "empty:",
                "user.email:a@x.org",
                "url:/?q=1"
            ]
        );
    }
}
