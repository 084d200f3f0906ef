//! A TOML table that is read key by key: types checked, unknown keys named, every problem noted.
//!
//! By hand and not by derive, because a derived reader stops at its first problem and cannot point
//! at a key. Nothing here knows what a rule is.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::keys::{self, Key, KeyTable};
use super::problem::{At, Draft, ProblemPlace, messages};

/// What is expected where there may be several of a table.
pub(super) const LIST_OF_TABLES: &str = "a list of tables";

const LIST_OF_STRINGS: &str = "a list of strings";

/// Where problems of one file are collected.
pub(super) struct Reader {
    pub file: usize,
    pub drafts: Vec<Draft>,
}

impl Reader {
    pub fn place(&self, span: Range<usize>) -> ProblemPlace {
        ProblemPlace {
            file: self.file,
            start: span.start,
            end: span.end,
        }
    }

    pub fn note(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }
}

/// A value of a table, with its key, for messages.
#[derive(Clone)]
pub(super) struct TomlValue<'t> {
    value: &'t DeValue<'t>,
    pub place: ProblemPlace,
    key: &'t str,
    /// What the table of keys says of the key.
    known: Option<Known>,
}

/// A key of the language that a value belongs to.
#[derive(Clone, Copy)]
struct Known {
    key: &'static Key,
    /// The value is one of the key's list.
    is_item: bool,
}

impl<'t> TomlValue<'t> {
    pub fn wrong(&self, expected: &str, reader: &mut Reader) {
        self.wrong_but(expected, None, reader);
    }

    /// The same, with how it is to be written.
    fn wrong_but(&self, expected: &str, hint: Option<String>, reader: &mut Reader) {
        let found = describe(self.value);
        let whole = self.known.filter(|known| !known.is_item);
        let words = whole.and_then(|known| keys::expected(&known.key.shape));
        let expected = words.as_deref().unwrap_or(expected);
        let draft = messages::wrong_type(self.place, self.key, expected, &found);
        let example = self.known.and_then(|known| keys::example(known.key));
        let hint = hint.or_else(|| example.map(|example| format!("for example `{example}`")));
        reader.note(draft.maybe_hint(hint));
    }

    pub fn text(&self, reader: &mut Reader) -> Option<At<String>> {
        match self.value {
            DeValue::String(text) => Some(At::new(text.to_string(), self.place)),
            _ => {
                self.wrong("a string", reader);
                None
            }
        }
    }

    /// A text; `hint` says how a number would be written as one.
    pub fn text_not_number(
        &self,
        hint: impl Fn(&str) -> String,
        reader: &mut Reader,
    ) -> Option<At<String>> {
        let number = match self.value {
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => return self.text(reader),
        };
        self.wrong_but("a string", Some(hint(&number)), reader);
        None
    }

    pub fn flag(&self, reader: &mut Reader) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                self.wrong("`true` or `false`", reader);
                None
            }
        }
    }

    /// A whole number of at least `least`.
    pub fn count(&self, least: usize, reader: &mut Reader) -> Option<At<usize>> {
        let DeValue::Integer(integer) = self.value else {
            self.wrong("a whole number", reader);
            return None;
        };
        let count = usize::from_str_radix(integer.as_str(), integer.radix());
        match count {
            Ok(count) if count >= least => Some(At::new(count, self.place)),
            _ => {
                let found = integer.to_string();
                reader.note(messages::out_of_range(self.place, self.key, least, &found));
                None
            }
        }
    }

    pub fn number(&self, reader: &mut Reader) -> Option<At<f64>> {
        let number = match self.value {
            DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .map(|whole| whole as f64),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.wrong("a number", reader);
        }
        number.map(|number| At::new(number, self.place))
    }

    /// The values of an array.
    pub fn list(&self, expected: &str, reader: &mut Reader) -> Option<Vec<TomlValue<'t>>> {
        let DeValue::Array(array) = self.value else {
            let hint = match self.value {
                DeValue::Table(_) if expected == LIST_OF_TABLES => {
                    Some(messages::list_of_tables_hint(self.key))
                }
                DeValue::String(text) if expected == LIST_OF_STRINGS => {
                    Some(format!("write `{} = [{text:?}]`", self.key))
                }
                _ => None,
            };
            self.wrong_but(expected, hint, reader);
            return None;
        };
        let value = |value: &'t toml::Spanned<DeValue<'t>>| TomlValue {
            value: value.get_ref(),
            place: reader.place(value.span()),
            key: self.key,
            known: self.known.map(|known| Known {
                is_item: true,
                ..known
            }),
        };
        Some(array.iter().map(value).collect())
    }

    pub fn texts(&self, reader: &mut Reader) -> Option<Vec<At<String>>> {
        let values = self.list(LIST_OF_STRINGS, reader)?;
        Some(
            values
                .iter()
                .filter_map(|value| value.text(reader))
                .collect(),
        )
    }

    /// A string, or a list of at least one.
    pub fn text_or_texts(&self, reader: &mut Reader) -> Option<Vec<At<String>>> {
        match self.value {
            DeValue::String(_) => self.text(reader).map(|text| vec![text]),
            DeValue::Array(array) if array.is_empty() => {
                reader.note(messages::empty_list(self.place, self.key));
                None
            }
            DeValue::Array(_) => self.texts(reader),
            _ => {
                self.wrong("a string or a list of strings", reader);
                None
            }
        }
    }

    /// Keys with strings, in the order of the file.
    pub fn pairs(&self, reader: &mut Reader) -> Vec<(At<String>, At<String>)> {
        let mut pairs = Vec::new();
        for (key, value) in self.names("a table of strings", reader) {
            if let Some(text) = value.text(reader) {
                pairs.push((At::new(key.value.to_string(), key.place), text));
            }
        }
        pairs
    }

    /// The entries of a table whose keys are names, in the order of the file.
    pub fn names(&self, expected: &str, reader: &mut Reader) -> Vec<(At<&'t str>, TomlValue<'t>)> {
        match self.value {
            DeValue::Table(table) => entries(table, reader),
            _ => {
                self.wrong(expected, reader);
                Vec::new()
            }
        }
    }

    /// A table that may have these keys.
    pub fn table(
        &self,
        expected: &str,
        keys: &'static KeyTable,
        reader: &mut Reader,
    ) -> Option<Table<'t>> {
        match self.value {
            DeValue::Table(table) => Some(Table::new(table, keys, self.place, reader)),
            _ => {
                self.wrong(expected, reader);
                None
            }
        }
    }

    /// Keys with numbers, in the order of the file; `None` where any is none.
    pub fn number_pairs(&self, reader: &mut Reader) -> Option<Vec<(At<String>, f64)>> {
        if !self.is_table() {
            self.wrong("a table of numbers", reader);
            return None;
        }
        let entries = self.names("a table of numbers", reader);
        let all = entries.len();
        let mut pairs = Vec::new();
        for (key, value) in entries {
            if let Some(number) = value.number(reader) {
                pairs.push((At::new(key.value.to_string(), key.place), number.value));
            }
        }
        (pairs.len() == all).then_some(pairs)
    }

    pub fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    pub fn is_table(&self) -> bool {
        matches!(self.value, DeValue::Table(_))
    }

    pub fn is_number(&self) -> bool {
        matches!(self.value, DeValue::Integer(_) | DeValue::Float(_))
    }
}

/// A table whose keys are taken one by one.
pub(super) struct Table<'t> {
    pub place: ProblemPlace,
    entries: Vec<(At<&'t str>, TomlValue<'t>)>,
    keys: &'static KeyTable,
}

/// What is in a table, in the order of the file.
fn entries<'t>(table: &'t DeTable<'t>, reader: &Reader) -> Vec<(At<&'t str>, TomlValue<'t>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| {
            let name: &'t str = key.get_ref();
            let value = TomlValue {
                value: value.get_ref(),
                place: reader.place(value.span()),
                key: name,
                known: None,
            };
            (At::new(name, reader.place(key.span())), value)
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.place);
    entries
}

impl<'t> Table<'t> {
    pub fn new(
        table: &'t DeTable<'t>,
        keys: &'static KeyTable,
        place: ProblemPlace,
        reader: &Reader,
    ) -> Self {
        Table {
            place,
            entries: entries(table, reader),
            keys,
        }
    }

    /// Whether a key is there that has not been taken.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.value == key)
    }

    /// Takes the value of a key, which must be in the table of keys.
    pub fn take(&mut self, key: &'static str) -> Option<TomlValue<'t>> {
        self.take_entry(key).map(|(_, value)| value)
    }

    /// Likewise, with the place of the key.
    pub fn take_entry(&mut self, key: &'static str) -> Option<(ProblemPlace, TomlValue<'t>)> {
        debug_assert!(
            self.keys.has(key),
            "`{key}` is not in the table of keys for {}",
            self.keys.written
        );
        let at = self
            .entries
            .iter()
            .position(|(name, _)| name.value == key)?;
        let (name, value) = self.entries.remove(at);
        let known = self.keys.key(key).map(|key| Known {
            key,
            is_item: false,
        });
        Some((name.place, TomlValue { known, ..value }))
    }

    /// The place of a key that has another name today; it is not among the known ones.
    pub fn take_renamed(&mut self, old: &str) -> Option<ProblemPlace> {
        let at = self
            .entries
            .iter()
            .position(|(name, _)| name.value == old)?;
        Some(self.entries.remove(at).0.place)
    }

    /// Notes what is left as unknown; whether there was nothing.
    pub fn finish(self, reader: &mut Reader) -> bool {
        for (key, _) in &self.entries {
            reader.note(messages::unknown_key(key, self.keys));
        }
        self.entries.is_empty()
    }
}

/// A value as a message names it: its type, and the value itself where it is short.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string {}", messages::quote(text)),
        DeValue::Integer(number) => format!("the number `{number}`"),
        DeValue::Float(number) => format!("the number `{number}`"),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(time) => format!("the time `{time}`"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}
