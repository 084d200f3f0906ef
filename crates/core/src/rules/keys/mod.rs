//! The table of keys: every key of the rules language with its type, meaning, default and example.
//!
//! One source for three readers: [`super::toml_table::Table`] takes only keys that are here and names
//! them when another one is written, [`mod@reference`] makes the page `docs/rules.md` of them, and [`mod@schema`]
//! the JSON Schema for editors. No file of rules is read here.

mod expected;
mod factor;
mod field;
mod file;
mod input;
mod label;
mod metric;
mod parts;
mod reference;
mod report;
mod rule;
mod schema;
mod test_case;
#[cfg(test)]
mod tests;
mod value;

pub(super) use expected::{example, expected};
pub(super) use factor::FACTOR;
pub(super) use field::{FIELD, TIME};
pub(super) use file::FILE;
pub(super) use input::{INPUT, MULTILINE, PRESETS};
pub(super) use label::LABEL;
pub(super) use metric::METRIC;
pub use reference::reference;
pub(super) use report::{NUMBER, REPORT};
pub(super) use rule::RULE;
pub use schema::{SCHEMA_FILE, schema};
pub(super) use test_case::TEST;
pub(super) use value::{NUMBER_FORM, VALUE};

/// Every table, in the order of the reference.
static TABLES: [&KeyTable; 14] = [
    &FILE,
    &INPUT,
    &MULTILINE,
    &RULE,
    &FIELD,
    &TIME,
    &LABEL,
    &METRIC,
    &VALUE,
    &NUMBER_FORM,
    &FACTOR,
    &REPORT,
    &NUMBER,
    &TEST,
];

/// The keys of one kind of table, and what is said of all of them.
#[derive(Debug)]
pub(super) struct KeyTable {
    /// What its keys are called after in the reference and the schema: `rule.metric`.
    pub path: &'static str,
    /// How it is written: `[[rule.metric]]`.
    pub written: &'static str,
    /// What it is for, as markdown.
    pub about: &'static str,
    /// Keys of its own, in the order of the reference.
    pub keys: &'static [Key],
    /// A table whose keys it has as well.
    pub includes: Option<&'static KeyTable>,
    /// Which keys must be there together. Only the schema reads these; the reader has words of its own
    /// for each.
    pub needs: &'static [Need],
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    /// What may be written after it.
    pub shape: Shape,
    /// What it does, as markdown.
    pub about: &'static str,
    /// What holds without it, in words; empty where there is nothing to say.
    pub default: &'static str,
    /// A whole rules file that uses it, with a case that shows what it does.
    pub example: &'static str,
}

/// Which keys must be there.
#[derive(Debug)]
pub(super) enum Need {
    /// All of these.
    All(&'static [&'static str]),
    /// One of these and no second.
    One(&'static [&'static str]),
    /// At least one of these.
    Any(&'static [&'static str]),
    /// At most one of these two.
    NotBoth(&'static str, &'static str),
    /// Where the first one is, at least one of the others.
    With(&'static str, &'static [&'static str]),
}

/// What may be written as a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    /// A text that is a regex.
    Regex,
    /// The same, or a list of at least one.
    Regexes,
    /// A name of a metric.
    MetricName,
    /// `90s`, `24h`, `1h30m`.
    Duration,
    Flag,
    /// A whole number of at least so much.
    Count(usize),
    Number,
    NumberNotZero,
    /// One character that is no letter, digit or sign.
    Mark,
    /// A list of at least one.
    Numbers,
    /// Samples, as the text format prints them.
    Samples,
    /// Names of labels.
    LabelNames,
    /// A string or a list of at least one.
    TextOrTexts,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A list of two: a key or several, and a key.
    Range,
    /// A table whose keys are names, each with such a value. With the words for it.
    Names(&'static str, &'static Shape),
    /// The same; the names are those of labels.
    Labels(&'static str, &'static Shape),
    Table(&'static KeyTable),
    Tables(&'static KeyTable),
    /// A list of at least one.
    SomeTables(&'static KeyTable),
    /// A list of at least one such value. With the words for it.
    Some(&'static str, &'static Shape),
    /// Any of these.
    Either(&'static [Shape]),
}

/// A field: its key, several keys, or a table that says more.
const FIELD_SHAPE: Shape = Shape::Either(&[Shape::TextOrTexts, Shape::Table(&FIELD)]);

/// A label: a field and what is done to it.
const LABEL_SHAPE: Shape = Shape::Either(&[Shape::TextOrTexts, Shape::Table(&LABEL)]);

/// `where`.
const CONDITIONS: Shape = Shape::Names("a table of conditions", &Shape::Regex);

impl KeyTable {
    /// All keys, those of the included table first.
    pub fn all(&self) -> Vec<&'static Key> {
        let mut keys = self.includes.map_or_else(Vec::new, KeyTable::all);
        keys.extend(self.keys);
        keys
    }

    /// The names of all keys.
    pub fn names(&self) -> Vec<&'static str> {
        self.all().iter().map(|key| key.name).collect()
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        let own = self.keys.iter().find(|key| key.name == name);
        own.or_else(|| self.includes.and_then(|table| table.key(name)))
    }

    /// Whether a key is here.
    pub fn has(&self, name: &str) -> bool {
        self.key(name).is_some()
    }
}

/// How the tables are written that have a key of this name.
pub(super) fn written_of(name: &str) -> Vec<&'static str> {
    let own = |table: &&&KeyTable| table.keys.iter().any(|key| key.name == name);
    TABLES
        .iter()
        .filter(own)
        .map(|table| table.written)
        .collect()
}

/// Where a key is in the reference, among those of its table (`rule.metric`); other keys come last.
pub(super) fn rank(table: &str, key: &str) -> usize {
    let keys = match table {
        "" => Some(&FILE),
        table if is_label(table) => Some(&LABEL),
        table => TABLES.iter().copied().find(|known| known.path == table),
    };
    let Some(keys) = keys else { return 0 };
    let included = keys.includes.iter().flat_map(|included| included.keys);
    let mut all = included.chain(keys.keys);
    all.position(|known| known.name == key)
        .unwrap_or(usize::MAX)
}

/// Whether a key is one whose values are patterns; it is known by its path (`rule.match`).
pub(super) fn is_pattern(path: &str) -> bool {
    let path = path.trim_start_matches('.');
    let name = path.rsplit('.').next().unwrap_or(path);
    let is_named = names_pattern(name) && !is_label(path);
    is_named || path.starts_with("patterns.") || path.starts_with("rule.match_json.")
}

/// Whether a path is a label's, whatever it is called.
fn is_label(path: &str) -> bool {
    path.strip_prefix("rule.labels.")
        .is_some_and(|name| !name.contains('.'))
}

/// Whether what is under this name in an inline table is a pattern.
pub(super) fn names_pattern(name: &str) -> bool {
    ["match", "unless", "start", "continue"].contains(&name)
}

/// The example of each key.
#[cfg(test)]
pub(super) fn examples() -> impl Iterator<Item = &'static str> {
    TABLES
        .iter()
        .flat_map(|table| table.keys)
        .map(|key| key.example)
}
