//! Selectors of series, as Prometheus writes them: `requests_by_user{status=~"5..",user_email!=""}`.

use std::fmt;

use regex::Regex;

/// The label that is the name of a sample.
pub const NAME: &str = "__name__";

/// Which samples are meant.
#[derive(Debug, Clone)]
pub struct Selector {
    /// All must hold. A name before the braces is one of [`NAME`].
    pub matchers: Vec<Matcher>,
}

/// What must hold of one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    pub label: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    NotEqual(String),
    Matches(Regex),
    MatchesNot(Regex),
}

/// A text that is no selector, with the place where it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    text: String,
    /// In bytes.
    at: usize,
    message: String,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self
            .text
            .get(..self.at)
            .unwrap_or(&self.text)
            .chars()
            .count();
        let shown: String = self
            .text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        write!(
            f,
            "{}\n  {shown}\n  {:before$}^\nselectors are written as in Prometheus: \
             'requests_by_user{{status=\"429\",user_email=~\".*@example.com\"}}'",
            self.message, ""
        )
    }
}

impl std::error::Error for SelectorError {}

impl Matcher {
    /// Whether a value passes; that of a label that is not there is empty.
    pub fn passes(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal(text) => text == value,
            Test::NotEqual(text) => text != value,
            Test::Matches(regex) => regex.is_match(value),
            Test::MatchesNot(regex) => !regex.is_match(value),
        }
    }

    /// The one value that passes, where there is only one.
    pub fn only_value(&self) -> Option<&str> {
        match &self.test {
            Test::Equal(text) => Some(text),
            _ => None,
        }
    }
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// When it is none: what was expected, and where.
    pub fn parse(text: &str) -> Result<Selector, SelectorError> {
        let mut reader = Reader { text, at: 0 };
        let matchers = reader.selector();
        matchers
            .map(|matchers| Selector { matchers })
            .map_err(|message| SelectorError {
                text: text.to_owned(),
                at: reader.at,
                message,
            })
    }

    /// A selector of the samples of this name.
    pub fn named(name: &str) -> Selector {
        Selector {
            matchers: vec![Matcher {
                label: NAME.to_owned(),
                test: Test::Equal(name.to_owned()),
            }],
        }
    }

    /// Whether a name passes.
    pub fn takes_name(&self, name: &str) -> bool {
        let mut of_name = self.matchers.iter().filter(|matcher| matcher.label == NAME);
        of_name.all(|matcher| matcher.passes(name))
    }

    /// Whether all labels pass, other than the name and those that `except` names.
    pub fn takes_labels<'v>(&self, except: &[&str], value: impl Fn(&str) -> &'v str) -> bool {
        let mut matchers = self.matchers.iter();
        matchers.all(|matcher| {
            let label = matcher.label.as_str();
            label == NAME || except.contains(&label) || matcher.passes(value(label))
        })
    }
}

/// Reads a text from left to right; an error is about the place where it is.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, wanted: &str) -> bool {
        let is_here = self.rest().starts_with(wanted);
        self.at += if is_here { wanted.len() } else { 0 };
        is_here
    }

    fn selector(&mut self) -> Result<Vec<Matcher>, String> {
        let mut matchers = Vec::new();
        self.blanks();
        if let Some(name) = self.word(true) {
            matchers.extend(Selector::named(name).matchers);
        }
        self.blanks();
        if self.take("{") {
            self.in_braces(&mut matchers)?;
        } else if matchers.is_empty() {
            return Err("expected the name of a metric".to_owned());
        }
        self.blanks();
        if self.rest().starts_with('[') {
            return Err(
                "expected the end: lines have no range; `--since` says from when".to_owned(),
            );
        }
        match self.rest() {
            "" if matchers.is_empty() => Err("expected at least one matcher".to_owned()),
            "" => Ok(matchers),
            _ => Err("expected `{` or the end".to_owned()),
        }
    }

    fn in_braces(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), String> {
        loop {
            self.blanks();
            if self.take("}") {
                return Ok(());
            }
            matchers.push(self.matcher()?);
            self.blanks();
            if !self.take(",") && !self.rest().starts_with('}') {
                return Err("expected `,` or `}`".to_owned());
            }
        }
    }

    /// A name of a label, or with `colons` of a metric.
    fn word(&mut self, colons: bool) -> Option<&'t str> {
        let rest = self.rest();
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let is_name = !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit());
        self.at += if is_name { end } else { 0 };
        is_name.then_some(word)
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self
            .word(false)
            .ok_or("expected the name of a label")?
            .to_owned();
        self.blanks();
        let operators = ["=~", "!~", "!=", "=="];
        let found = operators
            .into_iter()
            .chain(["="])
            .find(|one| self.take(one));
        let operator = found.ok_or("expected `=`, `!=`, `=~` or `!~`")?;
        self.blanks();
        let start = self.at;
        let value = self.string()?;
        let test = match operator {
            "=~" | "!~" => {
                let regex = Regex::new(&format!("^(?s:{value})$")).map_err(|error| {
                    self.at = start;
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or_default();
                    let reason = last.trim_start_matches("error: ");
                    format!("`{value}` is no regex: {reason}")
                })?;
                match operator {
                    "=~" => Test::Matches(regex),
                    _ => Test::MatchesNot(regex),
                }
            }
            "!=" => Test::NotEqual(value),
            _ => Test::Equal(value),
        };
        Ok(Matcher { label, test })
    }

    /// A text in quotes: with escapes in `"` and `'`, without in backticks.
    fn string(&mut self) -> Result<String, String> {
        let Some(quote) = self.rest().chars().next().filter(|c| "\"'`".contains(*c)) else {
            return Err("expected a value in quotes".to_owned());
        };
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                self.at = start;
                return Err(format!("expected a `{quote}` that ends the value"));
            };
            self.at += c.len_utf8();
            match c {
                _ if c == quote => return Ok(value),
                '\\' if quote != '`' => value.push(self.escaped()?),
                _ => value.push(c),
            }
        }
    }

    /// What a backslash and what follows it mean.
    fn escaped(&mut self) -> Result<char, String> {
        let next = self.rest().chars().next();
        let meant = match next {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('r') => '\r',
            Some(c @ ('\\' | '"' | '\'')) => c,
            _ => {
                self.at -= 1;
                let shown = next.map_or(String::new(), String::from);
                return Err(format!(
                    "`\\{shown}` is no escape: write `\\\\{shown}`, or the value between backticks"
                ));
            }
        };
        self.at += 1;
        Ok(meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn takes(selector: &str, name: &str, labels: &[(&str, &str)]) -> bool {
        let selector = Selector::parse(selector).unwrap_or_else(|error| panic!("{error}"));
        let value = |label: &str| {
            let found = labels.iter().find(|(name, _)| *name == label);
            found.map_or("", |(_, value)| value)
        };
        selector.takes_name(name) && selector.takes_labels(&[], value)
    }

    #[test]
    fn selectors_are_those_of_prometheus() {
        let labels = [
            ("user", "bob@example.com"),
            ("status", "503"),
            ("x", "a\"b\nc"),
        ];
        for taken in [
            "m",
            " m { } ",
            "m{}",
            r#"m{status="503"}"#,
            r#"m{status=~"5..",user!="",}"#,
            r#"m { user != "ann" , status !~ "4.." }"#,
            r#"{__name__=~"m|n",status='503'}"#,
            r#"m{gone=""}"#,
            r#"m{gone!="x",gone!~".+"}"#,
            r#"m{x="a\"b\nc"}"#,
            r#"m{x=~"a.*c"}"#,
            r"m{status=~`\d+`}",
            r#"m{status=~"\\d+"}"#,
        ] {
            assert!(takes(taken, "m", &labels), "{taken}");
        }
        for left in [
            "n",
            r#"m{status="50"}"#,
            // A regex is about the whole value.
            r#"m{status=~"50"}"#,
            r#"m{user!~"bob.*"}"#,
            r#"m{gone!=""}"#,
            r#"{__name__!="m",status="503"}"#,
        ] {
            assert!(!takes(left, "m", &labels), "{left}");
        }
    }

    #[test]
    fn mistakes_are_pointed_at() {
        for (text, at, words) in [
            ("", 0, "expected the name of a metric"),
            ("5m", 0, "expected the name of a metric"),
            ("{}", 2, "at least one matcher"),
            ("m{status}", 8, "expected `=`"),
            ("m{status=429}", 9, "expected a value in quotes"),
            ("m{status=\"429\"", 14, "expected `,` or `}`"),
            ("m{status=\"429}", 9, "expected a `\"` that ends"),
            ("m{status=~\"5(\"}", 10, "is no regex: unclosed group"),
            ("m{status=~\"\\d\"}", 11, "write `\\\\d`"),
            ("m{a-b=\"x\"}", 3, "expected `=`"),
            ("m[5m]", 1, "no range"),
            ("m{} or n", 4, "expected `{` or the end"),
        ] {
            let error = Selector::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[m{}=~!\"'`,\\\\a5. ü\n]{0,24}") {
            if let Err(error) = Selector::parse(&text) {
                prop_assert!(error.at <= text.len());
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }
}
