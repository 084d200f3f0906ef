//! Go's regular expressions, written so that the `regex` crate understands them the same.
//!
//! Classes such as `\d` are ASCII there, a `{` without a count is itself, `\Q…\E` quotes, a class
//! knows no set operations. All groups lose their names, which are kept apart: Go lets a name occur
//! twice, and lets it begin with a digit.

/// The largest count of a repetition.
const REPEAT_MAX: u32 = 1000;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const SPACE: &str = r"\t\n\x0C\r ";

/// A regex in the dialect of the `regex` crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    pub regex: String,
    /// The name of each group, from the whole match on, which has none.
    pub names: Vec<Option<String>>,
}

/// Translates a regex of Go, or says why Go refuses it.
pub fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translation = Translation {
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        names: vec![None],
    };
    translation.run()?;
    Ok(Translated {
        regex: translation.out,
        names: translation.names,
    })
}

struct Translation<'p> {
    rest: &'p str,
    out: String,
    names: Vec<Option<String>>,
}

impl Translation<'_> {
    fn pop(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.skip(c.len_utf8());
        Some(c)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(c) = self.pop() {
            match c {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.group()?,
                '{' => self.repeat()?,
                '}' => self.out.push_str(r"\}"),
                ']' => self.out.push_str(r"\]"),
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), String> {
        if !self.rest.starts_with('?') {
            self.names.push(None);
            self.out.push('(');
            return Ok(());
        }
        for opening in ["?P<", "?<"] {
            let Some(rest) = self.rest.strip_prefix(opening) else {
                continue;
            };
            if opening == "?<" && rest.starts_with(['=', '!']) {
                return Err("look-behind (`(?<=`, `(?<!`) is not supported".into());
            }
            let Some((name, rest)) = rest.split_once('>') else {
                return Err("the name of a group has no end: expected `>`".into());
            };
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_word) {
                return Err(format!("`{name}` is no name for a group"));
            }
            let is_new = !self
                .names
                .iter()
                .any(|known| known.as_deref() == Some(name));
            self.names.push(is_new.then(|| name.to_owned()));
            self.rest = rest;
            self.out.push('(');
            return Ok(());
        }
        self.flags()
    }

    /// `(?i)`, `(?s-m:`, `(?:`
    fn flags(&mut self) -> Result<(), String> {
        let end = self.rest.find([')', ':']).unwrap_or(self.rest.len());
        let flags = self.rest.get(1..end).unwrap_or("");
        if flags.starts_with(['=', '!']) {
            return Err("look-ahead (`(?=`, `(?!`) is not supported".into());
        }
        let unknown = flags.chars().find(|c| !"imsU-".contains(*c));
        if let Some(unknown) = unknown {
            return Err(format!(
                "`{unknown}` is no flag of a regex: there are `i`, `m`, `s` and `U`"
            ));
        }
        self.out.push_str("(?");
        self.out.push_str(flags);
        self.skip(end.min(flags.len() + 1));
        Ok(())
    }

    /// A `{`: a count, or itself.
    fn repeat(&mut self) -> Result<(), String> {
        let Some((count, length)) = count(self.rest) else {
            self.out.push_str(r"\{");
            return Ok(());
        };
        let (least, most) = count;
        let larger = most.unwrap_or(least).max(least);
        if larger > REPEAT_MAX {
            return Err(format!(
                "a repetition of more than {REPEAT_MAX} is not supported"
            ));
        }
        if most.is_some_and(|most| most < least) {
            return Err("the counts of a repetition are the wrong way round".into());
        }
        self.out.push('{');
        self.out.push_str(self.rest.get(..length).unwrap_or(""));
        self.skip(length);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.pop() else {
            return Err("a `\\` at the end of a regex".into());
        };
        match c {
            'd' => self.set(DIGIT, false),
            'w' => self.set(WORD, false),
            's' => self.set(SPACE, false),
            'D' => self.set(DIGIT, true),
            'W' => self.set(WORD, true),
            'S' => self.set(SPACE, true),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'A' => self.out.push_str(r"\A"),
            'z' => self.out.push_str(r"\z"),
            'C' => self.out.push_str("(?s:.)"),
            'Q' => self.quoted(),
            'E' => {}
            'p' | 'P' => self.property(c)?,
            c => {
                let literal = self.literal(c)?;
                push_literal(&mut self.out, literal);
            }
        }
        Ok(())
    }

    fn set(&mut self, ranges: &str, negated: bool) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(ranges);
        self.out.push(']');
    }

    fn quoted(&mut self) {
        let (text, rest) = match self.rest.split_once(r"\E") {
            Some(parts) => parts,
            None => (self.rest, ""),
        };
        self.rest = rest;
        text.chars().for_each(|c| push_literal(&mut self.out, c));
    }

    /// `\pL`, `\p{Greek}`, `\P{^Greek}`
    fn property(&mut self, c: char) -> Result<(), String> {
        let name = match self.rest.strip_prefix('{') {
            Some(rest) => match rest.split_once('}') {
                Some((name, _)) => name,
                None => return Err("the name of a character property has no end".into()),
            },
            None => self.rest.get(..1).unwrap_or(""),
        };
        let length = if self.rest.starts_with('{') {
            name.len() + 2
        } else {
            name.len()
        };
        let (name, is_inverted) = match name.strip_prefix('^') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err("a character property is like `\\pL` or `\\p{Greek}`".into());
        }
        let negated = (c == 'P') != is_inverted;
        self.out.push_str(if negated { r"\P{" } else { r"\p{" });
        self.out.push_str(name);
        self.out.push('}');
        self.skip(length);
        Ok(())
    }

    /// The character that an escape of a single character means; `c` follows the `\`.
    fn literal(&mut self, c: char) -> Result<char, String> {
        Ok(match c {
            'a' => '\x07',
            'f' => '\x0C',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0B',
            'x' => return self.hexadecimal(),
            '0'..='7' => return self.octal(c),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            c => return Err(format!("`\\{c}` means nothing in a regex")),
        })
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let wrong = || "a character by its number is like `\\x7F` or `\\x{10FFFF}`".to_owned();
        let digits = match self.rest.strip_prefix('{') {
            Some(rest) => rest.split_once('}').map_or("", |(digits, _)| digits),
            None => self.rest.get(..2).unwrap_or(""),
        };
        let braces = if self.rest.starts_with('{') { 2 } else { 0 };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        self.skip(digits.len() + braces);
        let code = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        char::from_u32(code).ok_or_else(wrong)
    }

    /// `\0`, `\12`, `\123`; a single digit but 0 would refer back to a group.
    fn octal(&mut self, first: char) -> Result<char, String> {
        let more: String = self
            .rest
            .chars()
            .take(2)
            .take_while(|c| ('0'..='7').contains(c))
            .collect();
        if first != '0' && more.is_empty() {
            return Err(format!("`\\{first}`: a regex cannot refer back to a group"));
        }
        self.skip(more.len());
        let code = u32::from_str_radix(&format!("{first}{more}"), 8).unwrap_or(0);
        Ok(char::from_u32(code).unwrap_or('\0'))
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.skip(1);
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            if self.rest.is_empty() {
                return Err("a character class has no end: expected `]`".into());
            }
            if self.rest.starts_with(']') && !is_first {
                self.skip(1);
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            if !self.named_class()? && !self.class_escape()? {
                self.range()?;
            }
        }
    }

    /// `[:alpha:]` within a class.
    fn named_class(&mut self) -> Result<bool, String> {
        if !self.rest.starts_with("[:") {
            return Ok(false);
        }
        let Some(end) = self.rest.find(":]") else {
            return Ok(false);
        };
        let name = self.rest.get(2..end).unwrap_or("");
        let known = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        if !known.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(format!("`[:{name}:]` is no character class"));
        }
        self.out.push_str(self.rest.get(..end + 2).unwrap_or(""));
        self.skip(end + 2);
        Ok(true)
    }

    /// `\d` and the like within a class.
    fn class_escape(&mut self) -> Result<bool, String> {
        let mut characters = self.rest.chars();
        if characters.next() != Some('\\') {
            return Ok(false);
        }
        let Some(c) = characters.next() else {
            return Ok(false);
        };
        if matches!(c, 'p' | 'P') {
            self.skip(2);
            self.property(c)?;
            return Ok(true);
        }
        let (ranges, negated) = match c {
            'd' => (DIGIT, false),
            'w' => (WORD, false),
            's' => (SPACE, false),
            'D' => (DIGIT, true),
            'W' => (WORD, true),
            'S' => (SPACE, true),
            _ => return Ok(false),
        };
        self.skip(2);
        if negated {
            self.set(ranges, true);
        } else {
            self.out.push_str(ranges);
        }
        Ok(true)
    }

    /// One character of a class, or a range of them.
    fn range(&mut self) -> Result<(), String> {
        let low = self.class_character()?;
        let is_range =
            self.rest.starts_with('-') && !self.rest.starts_with("-]") && self.rest.len() > 1;
        push_class_literal(&mut self.out, low);
        if !is_range {
            return Ok(());
        }
        self.skip(1);
        let high = self.class_character()?;
        if high < low {
            return Err(format!("the range `{low}-{high}` is the wrong way round"));
        }
        self.out.push('-');
        push_class_literal(&mut self.out, high);
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, String> {
        match self.pop() {
            None => Err("a character class has no end: expected `]`".into()),
            Some('\\') => match self.pop() {
                None => Err("a `\\` at the end of a regex".into()),
                Some(c) => self.literal(c),
            },
            Some(c) => Ok(c),
        }
    }
}

fn push_literal(out: &mut String, c: char) {
    if regex_syntax::is_meta_character(c) {
        out.push('\\');
    }
    out.push(c);
}

fn push_class_literal(out: &mut String, c: char) {
    // What means something in a class of either dialect.
    if matches!(c, '[' | ']' | '\\' | '^' | '-' | '&' | '~') {
        out.push('\\');
    }
    out.push(c);
}

/// The counts of a repetition after its `{`, and how long they are with the `}`.
fn count(rest: &str) -> Option<((u32, Option<u32>), usize)> {
    let (inside, _) = rest.split_once('}')?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let counts = match inside.split_once(',') {
        None => {
            let exactly = number(inside)?;
            (exactly, Some(exactly))
        }
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((counts, inside.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> String {
        let translated = translate(pattern).unwrap().regex;
        regex::Regex::new(&translated).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        translated
    }

    #[test]
    fn what_differs_is_rewritten() {
        for (go, rust) in [
            (
                r"\d+\w\s\S",
                r"[0-9]+[0-9A-Za-z_][\t\n\x0C\r ][^\t\n\x0C\r ]",
            ),
            (r"[\w\.-/]+", r"[0-9A-Za-z_.-/]+"),
            (r"[\w-.]", r"[0-9A-Za-z_\-.]"),
            (r"[]a[&&b~~-]", r"[\]a\[\&\&b\~\~\-]"),
            (r#"{"a":1}"#, r#"\{"a":1\}"#),
            (r"a{2}b{2,}c{2,3}d{,3}", r"a{2}b{2,}c{2,3}d\{,3\}"),
            (r"\<a\>\-\/\_", r"<a>\-/_"),
            (r"\Qa.b\E.\Qc+", r"a\.b.c\+"),
            (r"\123\0\x41\x{263a}", "S\u{0}A\u{263a}"),
            (r"\bx\B", r"(?-u:\b)x(?-u:\B)"),
            (r"(?i)a(?s-m:b)(?:c)", r"(?i)a(?s-m:b)(?:c)"),
            (r"[[:alpha:]_[:^digit:]]", r"[[:alpha:]_[:^digit:]]"),
            (r"\pL\p{Greek}\P{^Lu}", r"\p{L}\p{Greek}\p{Lu}"),
            (r"[^\D]", "[^[^0-9]]"),
        ] {
            assert_eq!(regex(go), rust, "{go}");
        }
    }

    #[test]
    fn groups_keep_their_names_beside() {
        let translated = translate(r"(?P<a>x)(y)(?<1b>z)(?P<a>w)").unwrap();
        assert_eq!(translated.regex, "(x)(y)(z)(w)");
        let names = [None, Some("a"), None, Some("1b"), None];
        assert_eq!(translated.names, names.map(|name| name.map(str::to_owned)));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for wrong in [
            r"(?=a)",
            r"(?<!a)",
            r"\1",
            r"\h",
            r"a{1001}",
            r"a{3,2}",
            r"[b-a]",
            r"[a",
            r"[[:x:]]",
            r"(?x)",
            r"\",
            r"(?P<a b>c)",
            r"\x{110000}",
            r"\p{",
            r"[a-\d]",
        ] {
            assert!(translate(wrong).is_err(), "{wrong}");
        }
    }
}
