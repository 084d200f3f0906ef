//! Lookup tables: what a label's value is looked up in, such as the team of a user, and what a number is
//! multiplied by, such as the price of a model.
//!
//! A table is written in the rule, or it is a file of CSV or TOML beside the rules file. Files are read
//! where rules are, so that a change of one is a change of the rules.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::load::SourceText;
use super::problem::{At, Cause, Draft, ProblemPlace, messages};
use logmetrics_scan::csv;

/// Keys and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTable<V = String> {
    exact: HashMap<String, V>,
    /// Keys with `*` in them, in the order of the table.
    patterns: Vec<(Wildcard, V)>,
}

/// What a key may stand for.
pub(super) trait LookupValue: Sized + Clone {
    /// The value that a text of a file is.
    fn of_text(text: &str) -> Option<Self>;

    /// What to say of a text that is none.
    fn refusal(place: ProblemPlace, text: &str) -> Draft;
}

impl LookupValue for String {
    fn of_text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn refusal(place: ProblemPlace, _text: &str) -> Draft {
        messages::lookup_value(place)
    }
}

/// A finite number.
impl LookupValue for f64 {
    fn of_text(text: &str) -> Option<f64> {
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn refusal(place: ProblemPlace, text: &str) -> Draft {
        messages::lookup_number(place, text)
    }
}

/// A key in which `*` is any text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wildcard {
    /// What is between the `*`; the first begins the value, the last ends it.
    pieces: Vec<String>,
}

/// How a rule says its table.
#[derive(Debug, Clone)]
pub(super) enum LookupSpec<V = String> {
    /// `teams.csv`, or `teams.csv#column`.
    File(At<String>),
    Inline(Vec<(At<String>, V)>),
}

impl<V> Default for LookupTable<V> {
    fn default() -> Self {
        LookupTable {
            exact: HashMap::new(),
            patterns: Vec::new(),
        }
    }
}

impl LookupTable {
    /// What a value stands for: that of the key that is the value, or else of the first one with `*` that
    /// it matches.
    pub fn find(&self, value: &str) -> Option<&str> {
        self.entry(value).map(String::as_str)
    }
}

impl LookupTable {
    /// The same with its keys in small letters.
    pub(super) fn lowercased(&self) -> LookupTable {
        let mut table = LookupTable::default();
        for (key, to) in &self.exact {
            table.add(&key.to_lowercase(), to.clone());
        }
        for (key, to) in &self.patterns {
            let pieces = key.pieces.iter().map(|piece| piece.to_lowercase());
            let pieces = pieces.collect();
            table.patterns.push((Wildcard { pieces }, to.clone()));
        }
        table
    }

    /// The keys of this one, each with what `then` makes of its value.
    pub(super) fn followed_by(&self, then: impl Fn(&str) -> String) -> LookupTable {
        let exact = self.exact.iter();
        let patterns = self.patterns.iter();
        LookupTable {
            exact: exact.map(|(key, to)| (key.clone(), then(to))).collect(),
            patterns: patterns.map(|(key, to)| (key.clone(), then(to))).collect(),
        }
    }
}

impl LookupTable<f64> {
    /// The number that a key stands for, in the same way.
    pub fn number(&self, key: &str) -> Option<f64> {
        self.entry(key).copied()
    }
}

impl<V> LookupTable<V> {
    fn entry(&self, value: &str) -> Option<&V> {
        let exact = self.exact.get(value);
        let pattern = || self.patterns.iter().find(|(key, _)| key.matches(value));
        exact.or_else(|| pattern().map(|(_, to)| to))
    }

    /// Adds a key. The first of two that are the same counts.
    fn add(&mut self, key: &str, to: V) {
        if key.contains('*') {
            let pieces = key.split('*').map(str::to_owned).collect();
            self.patterns.push((Wildcard { pieces }, to));
        } else {
            self.exact.entry(key.to_owned()).or_insert(to);
        }
    }
}

impl Wildcard {
    fn matches(&self, value: &str) -> bool {
        let (Some((first, rest)), Some(last)) = (self.pieces.split_first(), self.pieces.last())
        else {
            return false;
        };
        let Some(mut left) = value.strip_prefix(first.as_str()) else {
            return false;
        };
        let middle = rest.len().saturating_sub(1);
        for piece in rest.iter().take(middle) {
            match left.split_once(piece.as_str()) {
                Some((_, after)) => left = after,
                None => return false,
            }
        }
        left.ends_with(last.as_str())
    }
}

/// The table that a rule names. Of several columns the one that is called `column` is meant, where the
/// rule names none.
pub(super) fn compile<V: LookupValue>(
    spec: &LookupSpec<V>,
    column: Option<&str>,
    sources: &[SourceText],
) -> Result<Arc<LookupTable<V>>, Draft> {
    let mut table = LookupTable::default();
    match spec {
        LookupSpec::Inline(entries) => {
            for (key, to) in entries {
                table.add(&key.value, to.clone());
            }
        }
        LookupSpec::File(name) => {
            let (file, named) = parts(&name.value);
            let path = sources
                .get(name.place.file)
                .map(|source| path_of(&source.path, file));
            let found = (0..)
                .zip(sources)
                .find(|(_, source)| Some(&source.path) == path.as_ref());
            let Some((number, source)) = found else {
                let path = path.unwrap_or_else(|| file.to_owned());
                return Err(messages::lookup_not_read(name.place, file, path));
            };
            let of_file = OfFile {
                number,
                source,
                name,
                is_named: named.is_some(),
                column: named.or(column),
            };
            match file.ends_with(".csv") {
                true => of_file.read_csv(&mut table)?,
                false => of_file.read_toml(&mut table)?,
            }
        }
    }
    Ok(Arc::new(table))
}

/// A name of a file, and the column that may come after it.
pub(super) fn parts(name: &str) -> (&str, Option<&str>) {
    match name.split_once('#') {
        Some((file, column)) => (file, Some(column)),
        None => (name, None),
    }
}

/// Where a table is that a rules file names.
fn path_of(rules: &str, file: &str) -> String {
    let folder = Path::new(rules).parent().unwrap_or(Path::new(""));
    folder.join(file).display().to_string()
}

/// The paths of all files of tables that a rules file names, each once.
pub(super) fn files(source: &SourceText) -> Vec<String> {
    let mut files = Vec::new();
    // Rules are looked at every second, and most have no tables.
    if source.text.contains("lookup") {
        let (document, _) = DeTable::parse_recoverable(&source.text);
        let document = DeValue::Table(document.into_inner());
        find(&document, &mut |name| {
            let path = path_of(&source.path, parts(name).0);
            if !files.contains(&path) {
                files.push(path);
            }
        });
    }
    files
}

/// Calls `then` for each `lookup = "…"` in a document.
fn find(value: &DeValue<'_>, then: &mut dyn FnMut(&str)) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                match value.get_ref() {
                    DeValue::String(name) if key.get_ref() == "lookup" => then(name),
                    other => find(other, then),
                }
            }
        }
        DeValue::Array(array) => array.iter().for_each(|value| find(value.get_ref(), then)),
        _ => {}
    }
}

/// A table's file, and what is wanted of it.
struct OfFile<'s> {
    /// The file's number in this load.
    number: usize,
    source: &'s SourceText,
    /// Where the rule names it.
    name: &'s At<String>,
    /// The column that has the values, where there are several.
    column: Option<&'s str>,
    /// Whether the rule names it, which it must have then.
    is_named: bool,
}

impl OfFile<'_> {
    fn place(&self, start: usize, end: usize) -> ProblemPlace {
        ProblemPlace {
            file: self.number,
            start,
            end,
        }
    }

    /// The first line names the columns, of which the first has the keys.
    fn read_csv<V: LookupValue>(&self, table: &mut LookupTable<V>) -> Result<(), Draft> {
        let mut column = None;
        let mut start = 0;
        let delimiter = delimiter(&self.source.text);
        for line in self.source.text.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            let place = self.place(start, start + text.len());
            start += line.len();
            if text.is_empty() {
                continue;
            }
            let Some(cells) = csv::cells(text.as_bytes(), delimiter) else {
                return Err(messages::lookup_unclosed(place));
            };
            let cells: Vec<String> = cells
                .into_iter()
                .map(|cell| String::from_utf8_lossy(&cell).trim().to_owned())
                .collect();
            match column {
                None => {
                    if let Some(cell) = cells.iter().find(|cell| cell.contains('@')) {
                        return Err(messages::lookup_without_header(place, cell));
                    }
                    column = Some(self.column_of(&cells)?);
                }
                Some(column) => {
                    let (Some(key), Some(cell)) = (cells.first(), cells.get(column)) else {
                        return Err(messages::lookup_short(place, column + 1));
                    };
                    match V::of_text(cell) {
                        Some(to) => table.add(key, to),
                        // An empty cell says that there is no number.
                        None if cell.is_empty() => {}
                        None => {
                            return Err(V::refusal(
                                cell_place(place, text, (delimiter, column)),
                                cell,
                            ));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Which column has the values.
    fn column_of(&self, header: &[String]) -> Result<usize, Draft> {
        if header.len() == 2 && !self.is_named {
            return Ok(1);
        }
        let named = |name: &str| header.iter().position(|column| column == name);
        let found = self.column.and_then(named);
        found.ok_or_else(|| self.no_column(header.iter().skip(1).map(String::as_str)))
    }

    /// That none of these columns is the one with the values.
    fn no_column<'c>(&self, columns: impl Iterator<Item = &'c str>) -> Draft {
        let columns: Vec<&str> = columns.collect();
        let wanted = self.column.map(str::to_owned);
        let draft = match self.column {
            Some(wanted) => messages::lookup_column(self.name, wanted, &columns),
            None => messages::lookup_which_column(self.name, &columns),
        };
        draft.because(Cause::Column(self.source.path.clone(), wanted))
    }

    /// Keys with values, or with tables of columns.
    fn read_toml<V: LookupValue>(&self, table: &mut LookupTable<V>) -> Result<(), Draft> {
        let (document, errors) = DeTable::parse_recoverable(&self.source.text);
        if let Some(error) = errors.first() {
            let span = error.span().unwrap_or(0..0);
            let place = self.place(span.start, span.end);
            return Err(messages::invalid_toml(place, error.message(), false));
        }
        let mut others = BTreeSet::new();
        let mut is_found = false;
        for (key, value) in document.get_ref() {
            let cell = match value.get_ref() {
                DeValue::Table(columns) => {
                    match self.column.and_then(|column| columns.get(column)) {
                        Some(cell) => cell,
                        // An entry without this column says nothing of it.
                        None => {
                            let span = key.span();
                            let place = self.place(span.start, span.end);
                            for (column, value) in columns {
                                if value.get_ref().is_table() {
                                    let name = (key.get_ref(), column.get_ref());
                                    return Err(messages::lookup_dotted(place, name.0, name.1));
                                }
                                others.insert(column.get_ref().as_ref());
                            }
                            continue;
                        }
                    }
                }
                _ => value,
            };
            is_found = true;
            let span = cell.span();
            let place = self.place(span.start, span.end);
            let text = text_of(cell.get_ref());
            let text = text.ok_or_else(|| messages::lookup_value(place))?;
            let to = V::of_text(&text).ok_or_else(|| V::refusal(place, &text));
            table.add(key.get_ref(), to?);
        }
        match others.is_empty() || is_found {
            true => Ok(()),
            false => Err(self.no_column(others.into_iter())),
        }
    }
}

/// What is between the cells of a table: what its first line has. Spreadsheets write semicolons where commas are
/// in numbers.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default().as_bytes();
    let known = [b',', b';', b'\t'];
    let found = known.into_iter().find(|mark| header.contains(mark));
    found.unwrap_or(b',')
}

/// Where a cell is on its line; the line where that is not plain to see.
fn cell_place(line: ProblemPlace, text: &str, (delimiter, column): (u8, usize)) -> ProblemPlace {
    let mut start = line.start;
    if text.contains('"') {
        return line;
    }
    for (number, cell) in text.split(char::from(delimiter)).enumerate() {
        let end = start + cell.len();
        if number == column {
            return ProblemPlace { start, end, ..line };
        }
        start = end + 1;
    }
    line
}

/// A value as it is written, without quotes.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}
