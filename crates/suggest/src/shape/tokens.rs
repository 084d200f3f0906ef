//! A line cut into words, quoted texts, times and the marks between them.

use super::value::leading_time;

/// What a piece of a line is. Lines whose pieces have the same classes have the same columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class<'l> {
    Space,
    Mark(char),
    /// `key=`, with the `=`.
    Key(&'l str),
    /// What is between quotes.
    Quoted,
    /// What is between brackets, when it is one word.
    Bracketed,
    /// A time, in the form of this number.
    Time(usize),
    Value,
    /// The line has ended.
    End,
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'l> {
    pub class: Class<'l>,
    /// Without quotes and brackets.
    pub text: &'l str,
}

/// A line has at most so many pieces; what follows is looked at as one.
const TOKENS_MAX: usize = 200;

const MARKS: &str = "\"|;()[]{}<>=";

/// Cuts a line.
pub(super) fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = line.trim_end();
    while !rest.is_empty() && tokens.len() < TOKENS_MAX {
        let (class, text, length) = next(rest, tokens.last().map(|token| token.class));
        tokens.push(Token { class, text });
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    tokens
}

/// The piece that `text` begins with, and how many bytes it takes. `text` is not empty.
fn next<'l>(text: &'l str, before: Option<Class<'l>>) -> (Class<'l>, &'l str, usize) {
    let spaces = text.len() - text.trim_start_matches([' ', '\t']).len();
    if spaces > 0 {
        return (Class::Space, &text[..spaces], spaces);
    }
    let is_word_start = !matches!(before, Some(Class::Value | Class::Quoted | Class::Time(_)));
    if is_word_start && let Some((length, form)) = leading_time(text) {
        return (Class::Time(form), &text[..length], length);
    }
    if let Some(inside) = text.strip_prefix('"')
        && let Some(end) = quote_end(inside)
    {
        return (Class::Quoted, &inside[..end], end + 2);
    }
    if let Some(inside) = text.strip_prefix('[')
        && let Some(end) = inside.find([']', '[', '=', '"', ' ', '\t'])
        && end > 0
        && inside[end..].starts_with(']')
    {
        return (Class::Bracketed, &inside[..end], end + 2);
    }
    let Some(first) = text.chars().next() else {
        return (Class::End, text, 0);
    };
    let is_alone = text[first.len_utf8()..].starts_with(|c: char| c.is_whitespace());
    let is_stop = matches!(first, ':' | ',') && (is_alone || text.len() == 1 || !is_word_start);
    if is_mark(first) || is_stop {
        let length = first.len_utf8();
        return (Class::Mark(first), &text[..length], length);
    }
    if is_word_start && let Some(length) = key_length(text) {
        return (Class::Key(&text[..length]), &text[..length], length);
    }
    let length = word_length(text, matches!(before, Some(Class::Key(_))));
    (Class::Value, &text[..length], length)
}

fn is_mark(character: char) -> bool {
    MARKS.contains(character)
}

/// Where the quote ends that was opened before `inside`; what follows must not be a part of a word.
fn quote_end(inside: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in inside.char_indices() {
        match character {
            '"' if !is_escaped => {
                let after = inside[at + 1..].chars().next();
                return after.is_none_or(|c| !c.is_alphanumeric()).then_some(at);
            }
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    None
}

/// `key=`
fn key_length(text: &str) -> Option<usize> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = text.find(|c: char| !is_key(c))?;
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_pair = text[end..].starts_with('=') && !text[end..].starts_with("==");
    (starts && is_pair).then_some(end + 1)
}

/// How long the word is that a text begins with. A colon or a comma at its end is no part of it, and no
/// comma is where the word is the value of a pair.
fn word_length(text: &str, is_value: bool) -> usize {
    let end = text
        .find(|c: char| c.is_whitespace() || is_mark(c) || (is_value && c == ','))
        .unwrap_or(text.len());
    let word = &text[..end];
    let bare = word.trim_end_matches([':', ',']);
    match bare.is_empty() {
        true => end.max(text.chars().next().map_or(1, char::len_utf8)),
        false => bare.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_nothing_is_lost() {
        let line = r#"[2025-11-27T10:12:01.5Z] "GET /a b" [main] x=1 (y) took: 3ms|,"#;
        let found: Vec<_> = tokens(line)
            .into_iter()
            .filter(|token| token.class != Class::Space)
            .map(|token| token.text)
            .collect();
        assert_eq!(
            found,
            [
                "2025-11-27T10:12:01.5Z",
                "GET /a b",
                "main",
                "x=",
                "1",
                "(",
                "y",
                ")",
                "took",
                ":",
                "3ms",
                "|",
                ","
            ]
        );
    }

    #[test]
    fn any_text_is_cut() {
        for line in [
            "",
            "\"",
            "[",
            "é=ü \u{1F600}\"x",
            "a=\"",
            "=\"\\",
            "::",
            "\u{a0}x",
        ] {
            let _ = tokens(line);
        }
    }
}
