//! From a regex that takes values by their keys to a rule that reads the keys, in whatever order they are.

use std::sync::LazyLock;

use regex::Regex;

use super::pairs::{Pair, near_key};

/// A key in a pattern, and the named group that takes its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroup {
    pub key: String,
    pub group: String,
}

/// `key=(?P<group>`, also with a quote, and `"key": "(?P<group>` of JSON.
static KEY_GROUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let key = r#"(?P<key>(?:[A-Za-z0-9_/@-]|\\?[.\-])+)"#;
    let between = r#"\\?"?(?:=|\\?[ s]*[*+?]?:\\?[ s]*[*+?]?)\\?"?\??"#;
    Regex::new(&format!(r"{key}{between}\(\?P?<(?P<group>\w+)>")).ok()
});

/// The keys of a pattern with their groups, in its order.
pub fn keys_of(pattern: &str) -> Vec<KeyGroup> {
    let Some(regex) = &*KEY_GROUP else {
        return Vec::new();
    };
    let captures = regex.captures_iter(pattern);
    captures
        .map(|captures| KeyGroup {
            key: captures["key"]
                .replace('\\', "")
                .trim_start_matches('.')
                .to_owned(),
            group: captures["group"].to_owned(),
        })
        .filter(|one| one.key.contains(|c: char| c.is_alphabetic()))
        .collect()
}

/// The beginning of a rule that reads the same fields from this line by their keys. `None`: the pattern is
/// not made so, or most of the keys are not on the line.
pub fn rewrite(pattern: &str, text: &[u8], pairs: &[Pair]) -> Option<String> {
    let keys = keys_of(pattern);
    let is_on_line = |key: &str| pairs.iter().any(|pair| pair.key == key);
    let found = keys.iter().map(|one| match is_on_line(&one.key) {
        true => (one, Some(one.key.as_str())),
        false => (one, near_key(&one.key, pairs)),
    });
    let found: Vec<(&KeyGroup, Option<&str>)> = found.collect();
    let known = found.iter().filter(|(_, key)| key.is_some()).count();
    if known == 0 || known * 2 < found.len() {
        return None;
    }
    let mode = if text.trim_ascii_start().starts_with(b"{") {
        "json"
    } else {
        "logfmt"
    };
    let mut rule = format!("[[rule]]\nfields = \"{mode}\"\n\n[rule.labels]\n");
    for (one, key) in found {
        let line = match key {
            Some(key) if key == one.key => format!("{} = \"{key}\"\n", one.group),
            Some(key) => format!("{} = \"{key}\"  # there is no `{}`\n", one.group, one.key),
            None => format!("# {}: there is no `{}` on this line\n", one.group, one.key),
        };
        rule.push_str(&line);
    }
    Some(rule)
}

#[cfg(test)]
mod tests {
    use super::super::pairs::pairs;
    use super::*;

    #[test]
    fn keys_of_patterns_are_found() {
        let found = |pattern: &str| -> Vec<String> {
            let keys = keys_of(pattern).into_iter();
            keys.map(|one| format!("{}:{}", one.key, one.group))
                .collect()
        };
        assert_eq!(
            found(r"http\.header\.x-user-email=(?P<user>\S+) .* route\.name=(?P<route>\S+)"),
            ["http.header.x-user-email:user", "route.name:route"]
        );
        assert_eq!(
            found(r#"user="(?P<u>[^"]+)" .*ms=(?<t>\d+)"#),
            ["user:u", "ms:t"]
        );
        assert_eq!(
            found(r#""status":\s*(?P<s>\d+),"who":"(?P<w>.*)""#),
            ["status:s", "who:w"]
        );
        assert_eq!(found(r"^(?P<a>\S+) \[(?P<b>[^\]]+)\]"), [] as [&str; 0]);
    }

    #[test]
    fn a_rule_is_written_of_what_is_on_the_line() {
        let text = b"route=a status=200 user=ann";
        let rule = rewrite(
            r"user=(?P<u>\S+) .*route\.name=(?P<r>\S+)",
            text,
            &pairs(text),
        );
        assert_eq!(
            rule.unwrap(),
            "[[rule]]\nfields = \"logfmt\"\n\n[rule.labels]\nu = \"user\"\n\
             r = \"route\"  # there is no `route.name`\n"
        );
        assert_eq!(rewrite(r"^(?P<a>\d+) ", text, &pairs(text)), None);
        assert_eq!(rewrite(r"x=(?P<a>\d+) y=(?P<b>.)", b"text", &[]), None);
    }
}
