//! The tokens of a file that is TOML as its items, in their order, with every comment.

use std::iter::Peekable;
use std::vec::IntoIter;

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::super::keys;

/// A line of the file, or what begins there.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// One or more blank lines.
    Blank,
    /// A comment on a line of its own.
    Comment(String),
    Header(Header),
    Entry(Entry),
}

/// `[rule.labels]` or `[[rule]]`.
#[derive(Debug, Clone)]
pub(super) struct Header {
    /// As it is written, without blanks.
    pub text: String,
    /// Its keys, with dots between them.
    pub path: String,
    /// The comment after it, on the same line.
    pub comment: Option<String>,
}

/// `key = value`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// As it is written.
    pub key: String,
    /// The first of its keys.
    pub name: String,
    pub value: Value,
    pub comment: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// As it is written.
    Plain(String),
    List(Group),
    Table(Group),
}

/// The elements of a list, or the entries of an inline table.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub members: Vec<Member>,
    /// Comments after the last one, on lines of their own.
    pub end: Vec<String>,
    /// Whether it goes over several lines.
    pub is_long: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Member {
    /// Comments before it, on lines of their own.
    pub before: Vec<String>,
    /// Whether a blank line is before these, or before it.
    pub after_blank: bool,
    /// Whether it begins a line.
    pub begins_line: bool,
    /// The key of an entry.
    pub key: Option<String>,
    pub value: Value,
    /// The comment after it, on the same line.
    pub comment: Option<String>,
}

/// The items of a file; `None` where it is no TOML.
pub(super) fn read(text: &str) -> Option<Vec<Item>> {
    let source = Source::new(text);
    let tokens: Vec<Token> = source.lex().collect();
    let mut reader = Tokens {
        text,
        rest: tokens.into_iter().peekable(),
    };
    let mut items = Vec::new();
    let mut table = String::new();
    loop {
        reader.skip_blanks();
        match reader.kind()? {
            TokenKind::Eof => return Some(items),
            TokenKind::Newline => {
                reader.next()?;
                if !matches!(items.last(), Some(Item::Blank) | None) {
                    items.push(Item::Blank);
                }
            }
            TokenKind::Comment => {
                items.push(Item::Comment(reader.comment()?));
                reader.end_of_line()?;
            }
            TokenKind::LeftSquareBracket => {
                let header = reader.header()?;
                table.clone_from(&header.path);
                items.push(Item::Header(header));
            }
            _ => {
                let (key, names) = reader.key()?;
                reader.take(TokenKind::Equals)?;
                let path = format!("{table}.{}", names.join("."));
                let value = reader.value(keys::is_pattern(&path))?;
                reader.skip_blanks();
                let comment = reader.comment_here()?;
                reader.end_of_line()?;
                let name = names.into_iter().next()?;
                items.push(Item::Entry(Entry {
                    key,
                    name,
                    value,
                    comment,
                }));
            }
        }
    }
}

/// Tokens that are taken one after the other.
struct Tokens<'t> {
    text: &'t str,
    rest: Peekable<IntoIter<Token>>,
}

impl Tokens<'_> {
    fn kind(&mut self) -> Option<TokenKind> {
        self.rest.peek().map(Token::kind)
    }

    fn is_next(&mut self, kind: TokenKind) -> bool {
        self.kind() == Some(kind)
    }

    /// The text of the next token.
    fn next(&mut self) -> Option<&str> {
        let span = self.rest.next()?.span();
        self.text.get(span.start()..span.end())
    }

    fn skip_blanks(&mut self) {
        while self.is_next(TokenKind::Whitespace) {
            self.rest.next();
        }
    }

    fn take(&mut self, kind: TokenKind) -> Option<()> {
        self.skip_blanks();
        (self.rest.next()?.kind() == kind).then_some(())
    }

    fn comment(&mut self) -> Option<String> {
        self.next().map(|text| text.trim_end().to_owned())
    }

    fn comment_here(&mut self) -> Option<Option<String>> {
        match self.is_next(TokenKind::Comment) {
            true => self.comment().map(Some),
            false => Some(None),
        }
    }

    /// The line ends here, or the file.
    fn end_of_line(&mut self) -> Option<()> {
        self.skip_blanks();
        match self.kind()? {
            TokenKind::Eof => Some(()),
            TokenKind::Newline => self.next().map(|_| ()),
            _ => None,
        }
    }

    fn header(&mut self) -> Option<Header> {
        self.take(TokenKind::LeftSquareBracket)?;
        let is_list = self.is_next(TokenKind::LeftSquareBracket);
        if is_list {
            self.next()?;
        }
        let (key, names) = self.key()?;
        self.take(TokenKind::RightSquareBracket)?;
        if is_list {
            self.take(TokenKind::RightSquareBracket)?;
        }
        self.skip_blanks();
        let comment = self.comment_here()?;
        self.end_of_line()?;
        Some(Header {
            text: match is_list {
                true => format!("[[{key}]]"),
                false => format!("[{key}]"),
            },
            path: names.join("."),
            comment,
        })
    }

    /// A key as it is written, and its parts.
    fn key(&mut self) -> Option<(String, Vec<String>)> {
        let (mut written, mut names) = (String::new(), Vec::new());
        loop {
            self.skip_blanks();
            let kind = self.kind()?;
            let text = self.next()?;
            match kind {
                TokenKind::Dot => written.push('.'),
                TokenKind::Atom => {
                    written.push_str(text);
                    names.push(text.to_owned());
                }
                TokenKind::BasicString | TokenKind::LiteralString => {
                    let text = string(text, false);
                    written.push_str(&text);
                    names.push(content(&text)?);
                }
                _ => return None,
            }
            self.skip_blanks();
            let goes_on = matches!(
                self.kind()?,
                TokenKind::Dot
                    | TokenKind::Atom
                    | TokenKind::BasicString
                    | TokenKind::LiteralString
            );
            if !goes_on {
                return Some((written, names));
            }
        }
    }

    fn value(&mut self, is_pattern: bool) -> Option<Value> {
        self.skip_blanks();
        match self.kind()? {
            TokenKind::LeftSquareBracket => {
                let end = TokenKind::RightSquareBracket;
                self.group(end, is_pattern).map(Value::List)
            }
            TokenKind::LeftCurlyBracket => {
                let end = TokenKind::RightCurlyBracket;
                self.group(end, is_pattern).map(Value::Table)
            }
            TokenKind::BasicString => Some(Value::Plain(string(self.next()?, is_pattern))),
            _ => self.plain().map(Value::Plain),
        }
    }

    /// A number, a time, a flag or a string of several lines.
    fn plain(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.kind()? {
                TokenKind::Atom
                | TokenKind::Dot
                | TokenKind::LiteralString
                | TokenKind::MlBasicString
                | TokenKind::MlLiteralString => text.push_str(self.next()?),
                // Between a date and its time.
                TokenKind::Whitespace => {
                    self.next()?;
                    if self.is_next(TokenKind::Atom) {
                        text.push(' ');
                    }
                }
                _ => return (!text.is_empty()).then_some(text),
            }
        }
    }

    /// What is between brackets.
    fn group(&mut self, end: TokenKind, is_pattern: bool) -> Option<Group> {
        self.next()?;
        let mut group = Group::default();
        let mut before = Vec::new();
        let (mut begins_line, mut after_blank) = (false, false);
        loop {
            match self.kind()? {
                TokenKind::Whitespace => {
                    self.next()?;
                }
                TokenKind::Newline => {
                    self.next()?;
                    group.is_long = true;
                    after_blank |= begins_line && !group.members.is_empty();
                    begins_line = true;
                }
                TokenKind::Comma => {
                    self.next()?;
                }
                TokenKind::Comment => {
                    let comment = self.comment()?;
                    match group.members.last_mut() {
                        Some(last) if !begins_line => last.comment = Some(comment),
                        _ => before.push(comment),
                    }
                    group.is_long = true;
                    // The line ends with it, which is no blank one.
                    self.take(TokenKind::Newline)?;
                    begins_line = true;
                }
                kind if kind == end => {
                    self.next()?;
                    group.end = before;
                    return Some(group);
                }
                _ => {
                    let member = self.member(end, is_pattern)?;
                    group.is_long |= !member.before.is_empty();
                    before.extend_from_slice(&member.before);
                    group.members.push(Member {
                        before: std::mem::take(&mut before),
                        after_blank,
                        begins_line,
                        ..member
                    });
                    (begins_line, after_blank) = (false, false);
                }
            }
        }
    }

    fn member(&mut self, end: TokenKind, is_pattern: bool) -> Option<Member> {
        let mut is_pattern = is_pattern;
        let mut before = Vec::new();
        let key = match end == TokenKind::RightCurlyBracket {
            false => None,
            true => {
                let (key, names) = self.key()?;
                self.skip_lines(&mut before)?;
                self.take(TokenKind::Equals)?;
                self.skip_lines(&mut before)?;
                is_pattern = names.last().is_some_and(|name| keys::names_pattern(name));
                Some(key)
            }
        };
        Some(Member {
            before,
            after_blank: false,
            begins_line: false,
            key,
            value: self.value(is_pattern)?,
            comment: None,
        })
    }

    /// Line ends within an entry of an inline table, which the reader of TOML takes, and comments there.
    fn skip_lines(&mut self, comments: &mut Vec<String>) -> Option<()> {
        loop {
            match self.kind()? {
                TokenKind::Whitespace | TokenKind::Newline => {
                    self.next()?;
                }
                TokenKind::Comment => comments.push(self.comment()?),
                _ => return Some(()),
            }
        }
    }
}

/// A string between double quotes, between single ones where that says the same with fewer characters, or
/// where it is a pattern.
fn string(written: &str, is_pattern: bool) -> String {
    let Some(inner) = written
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return written.to_owned();
    };
    let has_escapes = inner.contains('\\');
    // Others than these two are there for a reason: what they are is not seen without them.
    let mut rest = inner.replace("\\\\", "").replace("\\\"", "");
    rest.retain(|character| character == '\\');
    let fits = rest.is_empty() && !inner.contains('\'');
    match (has_escapes || is_pattern) && fits {
        true => content(written).map_or(written.to_owned(), |content| format!("'{content}'")),
        false => written.to_owned(),
    }
}

/// What a string says.
fn content(written: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(&format!("v = {written}")).ok()?;
    table.get("v")?.as_str().map(str::to_owned)
}
