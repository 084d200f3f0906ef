//! The pattern of one name, and braces.

use super::GlobError;

/// The pattern of one part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamePattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`
    One,
    /// `*`
    Star,
    /// `[a-z]`: whether it is `[!a-z]`, and the ranges.
    Class(bool, Vec<(u32, u32)>),
}

/// More alternatives than this are a mistake.
const ALTERNATIVES_MAX: usize = 1000;

impl NamePattern {
    /// Reads a pattern without separators; none if it is `**`.
    pub(super) fn parse(text: &[u8]) -> Result<Option<Self>, GlobError> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            match byte {
                b'*' => {
                    let stars = text[at..].iter().take_while(|byte| **byte == b'*').count();
                    if stars > 2 {
                        let message = "wildcards are either regular `*` or recursive `**`";
                        return Err(GlobError {
                            message,
                            at: at + 2,
                        });
                    }
                    if stars == 2 && text.len() > 2 {
                        let message = "recursive wildcards must form a single path component";
                        return Err(GlobError { message, at });
                    }
                    if stars == 2 {
                        return Ok(None);
                    }
                    tokens.push(Token::Star);
                    at += 1;
                }
                b'?' => {
                    tokens.push(Token::One);
                    at += 1;
                }
                b'[' => {
                    let (class, length) = class(&text[at..]).ok_or(GlobError {
                        message: "invalid range pattern",
                        at,
                    })?;
                    tokens.push(class);
                    at += length;
                }
                byte => {
                    tokens.push(Token::Byte(*byte));
                    at += 1;
                }
            }
        }
        Ok(Some(NamePattern(tokens)))
    }

    /// `*`
    pub(super) fn anything() -> Self {
        NamePattern(vec![Token::Star])
    }

    /// This name alone.
    pub(super) fn exactly(name: &[u8]) -> Self {
        NamePattern(name.iter().map(|byte| Token::Byte(*byte)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.literal().is_some_and(|literal| literal == name)
    }

    /// The only name that matches, if there are no glob characters.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        let bytes = self.0.iter().map(|token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::Class(false, ranges) => match ranges[..] {
                // An escaped character, as in `[[]`.
                [(from, to)] if from == to && from < 128 => u8::try_from(from).ok(),
                _ => None,
            },
            _ => None,
        });
        bytes.collect()
    }

    /// Whether the whole name matches. A leading dot matches only itself.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let is_hidden = name.first() == Some(&b'.');
        if is_hidden && !matches!(self.0.first(), Some(Token::Byte(b'.'))) {
            return false;
        }
        let (mut tokens, mut rest) = (&self.0[..], name);
        // After the last `*`: the tokens that follow it, and where it is tried next.
        let mut star: Option<(&[Token], &[u8])> = None;
        loop {
            match tokens.split_first() {
                None if rest.is_empty() => return true,
                Some((Token::Star, after)) => {
                    star = Some((after, rest));
                    tokens = after;
                    continue;
                }
                Some((token, after)) => {
                    if let Some(length) = token.length(rest) {
                        (tokens, rest) = (after, &rest[length..]);
                        continue;
                    }
                }
                None => {}
            }
            let Some((after, from)) = star.filter(|(_, from)| !from.is_empty()) else {
                return false;
            };
            star = Some((after, &from[1..]));
            (tokens, rest) = (after, &from[1..]);
        }
    }
}

impl Token {
    /// How many bytes at the start of `text` match; none if none do.
    fn length(&self, text: &[u8]) -> Option<usize> {
        let (character, length) = character(text)?;
        match self {
            Token::Byte(byte) => (text[0] == *byte).then_some(1),
            Token::One => Some(length),
            Token::Star => None,
            Token::Class(negated, ranges) => {
                let within = |(from, to): &(u32, u32)| (*from..=*to).contains(&character);
                (ranges.iter().any(within) != *negated).then_some(length)
            }
        }
    }
}

/// The first character and its length. A byte that is no UTF-8 is one by itself.
fn character(text: &[u8]) -> Option<(u32, usize)> {
    let first = *text.first()?;
    let length = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let decoded = text
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    match decoded.and_then(|text| text.chars().next()) {
        Some(character) => Some((u32::from(character), length)),
        // Beyond all characters, so that no range has it.
        None => Some((0x0011_0000 + u32::from(first), 1)),
    }
}

/// The class that `text` begins with, and its length.
fn class(text: &[u8]) -> Option<(Token, usize)> {
    let mut at = 1;
    let negated = text.get(at) == Some(&b'!');
    at += usize::from(negated);
    let begin = at;
    let mut ranges = Vec::new();
    loop {
        if text.get(at) == Some(&b']') && at > begin {
            return Some((Token::Class(negated, ranges), at + 1));
        }
        let (from, length) = character(text.get(at..)?)?;
        at += length;
        let mut to = from;
        if text.get(at) == Some(&b'-') && text.get(at + 1).is_some_and(|byte| *byte != b']') {
            let length;
            (to, length) = character(&text[at + 1..])?;
            at += 1 + length;
        }
        ranges.push((from, to));
    }
}

/// Whether there are braces with alternatives in them.
pub(super) fn has_braces(text: &[u8]) -> bool {
    braces(text).is_some()
}

/// The first pair of braces with a comma in it: where it opens and closes, and the texts between.
fn braces(text: &[u8]) -> Option<(usize, usize, Vec<&[u8]>)> {
    let mut open = 0;
    while let Some(from) = text.get(open..)?.iter().position(|byte| *byte == b'{') {
        open += from;
        let (mut depth, mut begin, mut parts) = (0, open + 1, Vec::new());
        for (at, byte) in text.iter().enumerate().skip(open) {
            match byte {
                b'{' => depth += 1,
                b',' if depth == 1 => {
                    parts.push(&text[begin..at]);
                    begin = at + 1;
                }
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                parts.push(&text[begin..at]);
                if parts.len() > 1 {
                    return Some((open, at, parts));
                }
                break;
            }
        }
        open += 1;
    }
    None
}

/// All texts that a text with braces means.
pub(super) fn without_braces(text: &[u8]) -> Result<Vec<Vec<u8>>, GlobError> {
    let (mut done, mut todo) = (Vec::new(), vec![text.to_vec()]);
    while let Some(text) = todo.pop() {
        let Some((open, close, parts)) = braces(&text) else {
            done.push(text);
            continue;
        };
        for part in parts.into_iter().rev() {
            todo.push([&text[..open], part, &text[close + 1..]].concat());
        }
        if done.len() + todo.len() > ALTERNATIVES_MAX {
            let message = "its braces stand for too many patterns";
            return Err(GlobError { message, at: open });
        }
    }
    Ok(done)
}
