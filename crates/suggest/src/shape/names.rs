//! What a column without a name of its own is called.

use super::value::{Kind, kind};

/// Words before a value that say nothing of it.
const SAYING_NOTHING: [&str; 26] = [
    "to", "in", "for", "by", "of", "at", "the", "a", "an", "is", "was", "on", "with", "and", "or",
    "from", "as", "it", "has", "have", "not", "no", "be", "did", "does", "than",
];

/// Names that were given, so that each is given once.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// A name for a column with these values: its own (`key`), that of the word before it, or that of what
    /// it looks like.
    pub fn give(
        &mut self,
        key: Option<&str>,
        word_before: Option<&str>,
        values: &[&str],
    ) -> String {
        let by_looks = of_looks(values);
        let sure = ["time", "level", "method"];
        let said = word_before.and_then(of_word);
        let name = match (key.and_then(of_word), by_looks) {
            (Some(key), _) => key,
            (None, Some(looks)) if sure.contains(&looks) => looks.to_owned(),
            (None, looks) => said
                .or_else(|| looks.map(str::to_owned))
                .unwrap_or_else(|| format!("field{}", self.0.len() + 1)),
        };
        self.unique(&name)
    }

    /// This name is none to be given.
    pub fn reserve(&mut self, name: &str) {
        if !self.0.iter().any(|it| it == name) {
            self.0.push(name.to_owned());
        }
    }

    /// This name, or with a number where it is taken.
    pub fn unique(&mut self, name: &str) -> String {
        let mut number = 1;
        let mut given = name.to_owned();
        while self.0.contains(&given) {
            number += 1;
            given = format!("{name}{number}");
        }
        self.0.push(given.clone());
        given
    }
}

/// A word as the name of a group.
fn of_word(word: &str) -> Option<String> {
    let name: Vec<String> = super::column::words(word);
    let name = name.join("_");
    let is_name = name.is_ascii()
        && name.len() >= 2
        && name.len() <= 40
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !SAYING_NOTHING.contains(&name.as_str());
    is_name.then_some(name)
}

/// Whether all values are statuses of HTTP.
pub(super) fn are_statuses(values: &[&str]) -> bool {
    let is_status = |value: &&str| {
        value.len() == 3
            && value
                .parse::<u16>()
                .is_ok_and(|it| (100..600).contains(&it))
    };
    !values.is_empty() && values.iter().all(is_status)
}

fn of_looks(values: &[&str]) -> Option<&'static str> {
    let kinds: Vec<Kind> = values
        .iter()
        .map(|value| kind(value))
        .filter(|kind| *kind != Kind::Nothing)
        .collect();
    let all = |wanted: Kind| !kinds.is_empty() && kinds.iter().all(|kind| *kind == wanted);
    let named = [
        (Kind::Time, "time"),
        (Kind::Level, "level"),
        (Kind::Method, "method"),
        (Kind::Mail, "user"),
        (Kind::Address, "client"),
        (Kind::Duration, "duration"),
        (Kind::Size, "size"),
        (Kind::Path, "path"),
        (Kind::Identifier, "id"),
        (Kind::Text, "text"),
    ];
    if are_statuses(values) {
        return Some("status");
    }
    named
        .iter()
        .find(|(kind, _)| all(*kind))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_keys_words_and_looks() {
        let mut names = Names::default();
        assert_eq!(names.give(Some("user"), None, &["a"]), "user");
        assert_eq!(names.give(None, Some("user"), &["a"]), "user2");
        assert_eq!(names.give(None, Some("from"), &["10.0.0.1"]), "client");
        assert_eq!(names.give(None, Some("took"), &["3ms"]), "took");
        assert_eq!(names.give(None, None, &["200", "404"]), "status");
        assert_eq!(names.give(None, Some("x"), &["INFO", "WARN"]), "level");
        assert_eq!(names.give(None, None, &["red", "blue"]), "field7");
    }
}
