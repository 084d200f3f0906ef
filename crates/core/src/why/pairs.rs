//! The keys and values that are on a line, as a person would see them. The readers that count are elsewhere, and
//! stricter.

use serde_json::Value;

use crate::did_you_mean::nearest;

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub key: String,
    pub value: String,
    /// Where the key begins, in bytes; of JSON that is not known.
    pub at: Option<usize>,
    /// Whether the value is in quotes.
    pub is_quoted: bool,
}

/// Most pairs of one line.
const PAIRS_MAX: usize = 400;

/// The fields of a line: of JSON with the paths of what is inside, otherwise `key=value`.
pub fn pairs(text: &[u8]) -> Vec<Pair> {
    let text = String::from_utf8_lossy(text);
    let trimmed = text.trim();
    if trimmed.starts_with('{')
        && let Ok(Value::Object(object)) = serde_json::from_str(trimmed)
    {
        let mut pairs = Vec::new();
        object
            .iter()
            .for_each(|(key, value)| flatten(key, value, &mut pairs));
        return pairs;
    }
    logfmt(&text)
}

fn flatten(path: &str, value: &Value, pairs: &mut Vec<Pair>) {
    if pairs.len() >= PAIRS_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                flatten(&format!("{path}.{key}"), value, pairs);
            }
        }
        Value::Null => {}
        other => pairs.push(Pair {
            key: path.to_owned(),
            value: other
                .as_str()
                .map_or_else(|| other.to_string(), str::to_owned),
            at: None,
            is_quoted: other.is_string(),
        }),
    }
}

fn logfmt(text: &str) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let mut at = 0;
    while let Some(equals) = text.get(at..).and_then(|rest| rest.find('=')) {
        let equals = at + equals;
        let before = text.get(at..equals).unwrap_or_default();
        let is_key = |c: char| c.is_alphanumeric() || "._-/@".contains(c);
        let key = before
            .rsplit(|c: char| !is_key(c))
            .next()
            .unwrap_or_default();
        let value_at = equals + 1;
        let rest = text.get(value_at..).unwrap_or_default();
        let (value, length, is_quoted) = value(rest);
        if !key.is_empty() && pairs.len() < PAIRS_MAX {
            pairs.push(Pair {
                key: key.to_owned(),
                value: value.to_owned(),
                at: Some(equals - key.len()),
                is_quoted,
            });
        }
        at = if key.is_empty() {
            value_at
        } else {
            value_at + length
        };
    }
    pairs
}

/// A value, how long it is with its quotes, and whether it has some.
fn value(rest: &str) -> (&str, usize, bool) {
    if let Some(inner) = rest.strip_prefix('"') {
        let mut escaped = false;
        let end = inner.find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        if let Some(end) = end {
            return (inner.get(..end).unwrap_or_default(), end + 2, true);
        }
    }
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (rest.get(..end).unwrap_or_default(), end, false)
}

/// The key that was probably meant: another case, a part of it, or nearly the same letters.
pub fn near_key<'k>(key: &str, known: &'k [Pair]) -> Option<&'k str> {
    let keys = || known.iter().map(|pair| pair.key.as_str());
    let last = |key: &'_ str| key.rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_part = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
    keys()
        .find(|one| one.eq_ignore_ascii_case(key))
        .or_else(|| keys().find(|one| is_part(key, one) || is_part(one, key)))
        .or_else(|| nearest(key, keys()))
        .or_else(|| keys().find(|one| last(one) == last(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<(String, String)> {
        let pairs = pairs(text.as_bytes());
        pairs
            .into_iter()
            .map(|pair| (pair.key, pair.value))
            .collect()
    }

    #[test]
    fn keys_and_values_are_seen() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            keys("info\trequest a.b=1 who=\"Ann \\\"x\\\" Lee\" url=/x?y=z end="),
            [
                pair("a.b", "1"),
                pair("who", "Ann \\\"x\\\" Lee"),
                pair("url", "/x?y=z"),
                pair("end", ""),
            ]
        );
        assert_eq!(
            keys(r#" {"a":{"b":1,"c":[1]},"d":"x","e":null}"#),
            [pair("a.b", "1"), pair("a.c", "[1]"), pair("d", "x")]
        );
        assert_eq!(keys("no fields here"), []);
        assert_eq!(keys(r#"{"a":1"#), []);
    }

    #[test]
    fn near_keys_are_found() {
        let known = pairs(b"route=a http.status=200 User-Email=x");
        assert_eq!(near_key("route.name", &known), Some("route"));
        assert_eq!(near_key("http.statsu", &known), Some("http.status"));
        assert_eq!(near_key("user-email", &known), Some("User-Email"));
        assert_eq!(near_key("status", &known), Some("http.status"));
        assert_eq!(near_key("tokens", &known), None);
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_keys(text in "[a.= \"\\\\{}:ü]{0,30}") {
            for pair in pairs(text.as_bytes()) {
                if let Some(at) = pair.at {
                    let here = &text[at..];
                    prop_assert!(here.strip_prefix(&pair.key).is_some_and(|rest| rest.starts_with('=')));
                }
            }
        }
    }
}
