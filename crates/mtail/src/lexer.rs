//! Cuts a program's text into tokens, on demand: only the parser knows whether a `/` divides or
//! begins a regex.

use crate::problem::{Problem, Span, quote};

/// What mtail reserves everywhere.
pub const KEYWORDS: &[&str] = &[
    "after",
    "as",
    "buckets",
    "by",
    "const",
    "counter",
    "def",
    "del",
    "else",
    "gauge",
    "hidden",
    "histogram",
    "limit",
    "next",
    "otherwise",
    "stop",
    "text",
    "timer",
];

/// Functions, whose names cannot be used for anything else.
pub const BUILTINS: &[&str] = &[
    "bool",
    "float",
    "getfilename",
    "int",
    "len",
    "settime",
    "string",
    "strptime",
    "strtol",
    "subst",
    "timestamp",
    "tolower",
];

/// Longest first, so that the first one that fits is the right one.
const SYMBOLS: &[&str] = &[
    "++", "+=", "--", "**", "<<", "<=", ">>", ">=", "==", "=~", "!=", "!~", "&&", "||", "{", "}",
    "(", ")", "[", "]", ",", "+", "-", "*", "/", "%", "<", ">", "&", "|", "^", "~", "=",
];

const NANOSECONDS: f64 = 1e9;

#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Newline,
    End,
    Name(String),
    Builtin(&'static str),
    Keyword(&'static str),
    Capture(String),
    Decorator(String),
    Text(String),
    /// Without its sign; one more than fits is allowed for the smallest number.
    Int(u64),
    Float(f64),
    /// In nanoseconds.
    Duration(i64),
    Symbol(&'static str),
    Invalid(Box<Problem>),
}

impl Token {
    /// How a message names it.
    pub fn describe(&self) -> String {
        match self {
            Token::Newline => "the end of the line".into(),
            Token::End => "the end of the program".into(),
            Token::Name(name) => quote(name),
            Token::Builtin(name) => format!("the function `{name}`"),
            Token::Keyword(name) => format!("the keyword `{name}`"),
            Token::Capture(name) => quote(&format!("${name}")),
            Token::Decorator(name) => quote(&format!("@{name}")),
            Token::Text(text) => format!("the string {}", quote(text)),
            Token::Int(number) => quote(&number.to_string()),
            Token::Float(number) => quote(&number.to_string()),
            Token::Duration(_) => "a duration".into(),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::Invalid(_) => "something else".into(),
        }
    }
}

/// Reads tokens from a place in the text; a copy remembers the place.
#[derive(Debug, Clone, Copy)]
pub struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub fn new(source: &'s str) -> Self {
        let at = if source.starts_with('\u{feff}') { 3 } else { 0 };
        Lexer { source, at }
    }

    /// Goes on at another place, which must be the border of a character.
    pub fn jump(&mut self, at: usize) {
        self.at = at;
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or("")
    }

    /// Takes what `belongs` accepts.
    fn take(&mut self, belongs: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    pub fn next(&mut self) -> (Token, Span) {
        self.take(|c| c != '\n' && c.is_whitespace());
        if self.rest().starts_with('#') {
            self.take(|c| c != '\n');
        }
        let start = self.at;
        let token = self.token();
        (token, Span::new(start, self.at))
    }

    fn token(&mut self) -> Token {
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Token::End;
        };
        let second = self.rest().chars().nth(1);
        match first {
            '\n' => {
                self.at += 1;
                Token::Newline
            }
            '"' => self.text(),
            '$' | '@' => self.marked(first),
            c if c.is_alphabetic() => self.word(),
            c if c.is_ascii_digit() => self.number(),
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number(),
            _ => match SYMBOLS
                .iter()
                .find(|symbol| self.rest().starts_with(**symbol))
            {
                Some(&symbol) => self.symbol(symbol),
                None => {
                    self.at += first.len_utf8();
                    self.stray(first, Span::new(start, self.at))
                }
            },
        }
    }

    fn symbol(&mut self, symbol: &'static str) -> Token {
        let start = self.at;
        self.at += symbol.len();
        let is_compound = matches!(symbol, "-" | "*" | "%" | "&" | "|" | "^")
            && self.rest().starts_with('=')
            && !self.rest().starts_with("==")
            && !self.rest().starts_with("=~");
        if !is_compound {
            return Token::Symbol(symbol);
        }
        self.at += 1;
        let span = Span::new(start, self.at);
        let problem = Problem::error(span, format!("mtail has no `{symbol}=`"));
        Token::Invalid(Box::new(problem.hint(format!("write `x = x {symbol} y`"))))
    }

    fn stray(&self, first: char, span: Span) -> Token {
        let problem = Problem::error(
            span,
            format!("{} means nothing here", quote(&first.to_string())),
        );
        let hint = match first {
            '!' => Some(
                "`!` is only in `!=` and `!~`: write the condition with an empty block, and an `else`",
            ),
            '\'' => Some("a string stands in double quotes"),
            '_' => Some("a name begins with a letter"),
            ';' => Some("each statement has its own line"),
            ':' | '?' => {
                Some("mtail has no conditional expression: write a condition and its block")
            }
            _ => None,
        };
        Token::Invalid(Box::new(problem.maybe_hint(hint.map(str::to_owned))))
    }

    fn word(&mut self) -> Token {
        let word = self.take(|c| c.is_alphanumeric() || c == '_');
        let find = |list: &[&'static str]| list.iter().find(|known| **known == word).copied();
        if let Some(keyword) = find(KEYWORDS) {
            Token::Keyword(keyword)
        } else if let Some(builtin) = find(BUILTINS) {
            Token::Builtin(builtin)
        } else {
            Token::Name(word.to_owned())
        }
    }

    /// `$name` or `@name`.
    fn marked(&mut self, mark: char) -> Token {
        let start = self.at;
        self.at += 1;
        let name = self.take(|c| c.is_alphanumeric() || c == '_').to_owned();
        if name.is_empty() {
            let what = if mark == '$' {
                "a capture group"
            } else {
                "a decorator"
            };
            let span = Span::new(start, self.at);
            let problem =
                Problem::error(span, format!("expected the name of {what} after `{mark}`"));
            return Token::Invalid(Box::new(problem));
        }
        if mark == '$' {
            Token::Capture(name)
        } else {
            Token::Decorator(name)
        }
    }

    /// A string; only `\"` is an escape.
    fn text(&mut self) -> Token {
        let start = self.at;
        match self.delimited('"') {
            Some(text) => Token::Text(text),
            None => {
                let problem = Problem::error(Span::new(start, self.at), "this string has no end");
                Token::Invalid(Box::new(
                    problem.hint("close it with `\"` on the same line"),
                ))
            }
        }
    }

    /// The regex that begins with the `/` at `start`, without its slashes.
    pub fn regex(&mut self, start: usize) -> Result<(String, Span), Box<Problem>> {
        self.at = start;
        match self.delimited('/') {
            Some(text) => Ok((text, Span::new(start, self.at))),
            None => {
                let problem = Problem::error(Span::new(start, self.at), "this regex has no end");
                Err(Box::new(problem.hint(
                    "close it with `/` on the same line; inside it, write `\\/`",
                )))
            }
        }
    }

    /// What is between two of `mark`, where `\` and the mark is the mark.
    fn delimited(&mut self, mark: char) -> Option<String> {
        self.at += mark.len_utf8();
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((offset, c)) = characters.next() {
            match c {
                '\n' => {
                    self.at += offset;
                    return None;
                }
                '\\' => match characters.clone().next() {
                    Some((_, next)) if next == mark => {
                        text.push(mark);
                        characters.next();
                    }
                    Some((_, next)) if next != '\n' => {
                        text.push('\\');
                        text.push(next);
                        characters.next();
                    }
                    _ => text.push('\\'),
                },
                c if c == mark => {
                    self.at += offset + c.len_utf8();
                    return Some(text);
                }
                c => text.push(c),
            }
        }
        self.at = self.source.len();
        None
    }

    fn number(&mut self) -> Token {
        let start = self.at;
        let is_digit = |c: char| c.is_ascii_digit();
        self.take(is_digit);
        let mut is_float = false;
        if self.rest().starts_with('.') {
            self.at += 1;
            is_float = true;
            self.take(is_digit);
        }
        let exponent = self.rest().strip_prefix(['e', 'E']);
        let unsigned = exponent.map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
        if unsigned.is_some_and(|rest| rest.starts_with(is_digit)) {
            self.at += 1;
            is_float = true;
            self.take(|c| c == '+' || c == '-');
            self.take(is_digit);
        }
        let text = self.source.get(start..self.at).unwrap_or("");
        if self.rest().starts_with(char::is_alphabetic) {
            return self.duration(start);
        }
        let span = Span::new(start, self.at);
        if is_float {
            return match crate::number::parse_float(text) {
                Some(value) => Token::Float(value),
                None => Token::Invalid(Box::new(Problem::error(span, "this number is too large"))),
            };
        }
        match text.parse() {
            Ok(value) if value <= i64::MIN.unsigned_abs() => Token::Int(value),
            _ => {
                let problem = Problem::error(span, "this number does not fit into 64 bits");
                Token::Invalid(Box::new(problem.hint("a number with a `.` is a Float")))
            }
        }
    }

    /// `7d`, `1h30m`; a number and a unit, repeated.
    fn duration(&mut self, start: usize) -> Token {
        self.at = start;
        let mut total = 0.0;
        let mut is_good = true;
        while self
            .rest()
            .starts_with(|c: char| c.is_ascii_digit() || c == '.')
        {
            let count = self.take(|c| c.is_ascii_digit() || c == '.');
            let unit = match self.take(char::is_alphabetic) {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 0.001,
                _ => 0.0,
            };
            let count: f64 = count.parse().unwrap_or(0.0);
            is_good &= unit > 0.0;
            total += count * unit * NANOSECONDS;
        }
        if is_good && total < i64::MAX as f64 {
            return Token::Duration(total as i64);
        }
        self.take(|c| c.is_alphanumeric() || c == '_');
        let text = self.source.get(start..self.at).unwrap_or("");
        let problem = Problem::error(
            Span::new(start, self.at),
            format!("{} is neither a number nor a duration", quote(text)),
        );
        Token::Invalid(Box::new(
            problem.hint("a duration is like `30s`, `5m`, `24h`, `7d` or `1h30m`"),
        ))
    }
}
