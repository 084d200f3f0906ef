//! Why a text is no number, and what a rule would say to read it: for people.

use super::reading::{Form, Reading, Refusal};
use super::unit::Unit;

impl Reading {
    /// Why a text that [`Reading::read`] refuses is no number, in words that follow `which`. With what a
    /// rule would say to read it, where that is known.
    pub fn why(&self, text: &[u8]) -> String {
        let Ok(text) = str::from_utf8(text) else {
            return "is not valid UTF-8".into();
        };
        let text = text.trim();
        match self.read(text.as_bytes()) {
            Ok(_) => return "this metric cannot take: a counter only goes up".into(),
            Err(Refusal::Zero) => return "is zero, and `invert` divides by it".into(),
            Err(Refusal::Infinite) => return "is too large".into(),
            Err(Refusal::Dimension) => {
                let stated = self.unit.map_or("", |unit| unit.name);
                return format!("has a unit of another kind than `unit = \"{stated}\"`");
            }
            Err(Refusal::Form) => {}
        }
        if let Some(why) = word(text) {
            return why;
        }
        let mut keys: Vec<String> = candidates()
            .filter(|(_, candidate)| candidate.read(text.as_bytes()).is_ok())
            .map(|(key, _)| format!("`{key}`"))
            .collect();
        // Where the comma is all there is, nothing is said of groups.
        let comma = format!("`{DECIMAL_COMMA}`");
        if keys.contains(&comma) {
            keys.retain(|key| *key == comma || !key.contains("decimal"));
        }
        match keys.as_slice() {
            [] => shape(text),
            [one] => format!("is no plain number; {one} reads it"),
            [first, second, ..] => {
                format!("may be read in several ways; {first} or {second} says which")
            }
        }
    }
}

const DECIMAL_COMMA: &str = "number = { decimal = \",\" }";

/// What a rule may say, and what that reads.
fn candidates() -> impl Iterator<Item = (String, Reading)> {
    let unit = |name: &'static str| {
        let reading = Reading {
            unit: Unit::of_rule(name),
            ..Reading::default()
        };
        (format!("unit = \"{name}\""), reading)
    };
    let form = |key: &str, form| {
        let reading = Reading {
            form,
            ..Reading::default()
        };
        (key.to_owned(), reading)
    };
    let separated = |key: &str, decimal, group| form(key, Form::Separated { decimal, group });
    [
        unit("percent"),
        unit("s"),
        separated("number = { group = \",\" }", '.', Some(',')),
        separated(DECIMAL_COMMA, ',', None),
        separated(
            "number = { decimal = \",\", group = \".\" }",
            ',',
            Some('.'),
        ),
        separated("number = { group = \"_\" }", '.', Some('_')),
        separated("number = { group = \" \" }", '.', Some(' ')),
        separated("number = { group = \"'\" }", '.', Some('\'')),
        form("number = \"si\"", Form::Prefixed { step: 1e3 }),
        unit("bytes"),
    ]
    .into_iter()
    .chain([form("number = \"hex\"", Form::Hexadecimal)])
}

/// Texts that mean something, but no number.
fn word(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let bare = lower.trim_start_matches(['+', '-']);
    match bare {
        "" | "\u{2013}" | "\u{2014}" => {
            return Some("says that there is none; a condition in `where` leaves it out".into());
        }
        "inf" | "infinity" | "nan" => return Some("is no finite number".into()),
        _ => {}
    }
    if text.parse().is_ok_and(f64::is_infinite) {
        return Some("is too large".into());
    }
    let is_word = !text.is_empty() && text.chars().all(char::is_alphabetic);
    is_word.then(|| format!("is a word; `map = {{ {text} = 1 }}` gives it a number"))
}

/// How a text looks that nothing reads.
fn shape(text: &str) -> String {
    let inside = |open: char, close: char| {
        let inner = text.strip_prefix(open)?.strip_suffix(close)?;
        Some(inner.trim())
    };
    if inside('"', '"').or_else(|| inside('\'', '\'')).is_some() {
        return "has quotes around it; leave them outside of the group of `match`".into();
    }
    let brackets = [('(', ')'), ('[', ']'), ('{', '}')];
    if brackets
        .iter()
        .any(|(open, close)| inside(*open, *close).is_some())
    {
        return "has brackets around it; leave them outside of the group of `match`".into();
    }
    let parts = text.split([',', ';', ':', ' ', '/', '|']);
    let numbers = parts.filter(|part| !part.is_empty());
    let mut count = 0;
    for part in numbers {
        if super::number(part.as_bytes()).is_none() {
            count = 0;
            break;
        }
        count += 1;
    }
    if count > 1 {
        return "is several numbers; take one of them as a group of `match`".into();
    }
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.,".contains(c));
    if after.len() < text.len() && !after.is_empty() {
        let unit = after.trim_start();
        return format!("has `{unit}` after its digits, which is no unit that is known here");
    }
    "is no number, duration or size".into()
}
