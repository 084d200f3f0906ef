//! Lookup tables: what a label's value is looked up in, such as the team of a user, and what a number is
//! multiplied by, such as the price of a model.
//!
//! A table is written in the rule, or it is a file of CSV or TOML beside the rules file. Files are read
//! where rules are, so that a change of one is a change of the rules.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::load::SourceText;
use super::problem::{At, Draft, ProblemPlace, messages};
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
                return Err(messages::lookup_not_read(name.place, file));
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
fn parts(name: &str) -> (&str, Option<&str>) {
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
        for line in self.source.text.split_inclusive('\n') {
            let text = line.trim_end_matches(['\n', '\r']);
            let place = self.place(start, start + text.len());
            start += line.len();
            if text.is_empty() {
                continue;
            }
            let Some(cells) = csv::cells(text.as_bytes(), b',') else {
                return Err(messages::lookup_unclosed(place));
            };
            let cells: Vec<String> = cells
                .into_iter()
                .map(|cell| String::from_utf8_lossy(&cell).trim().to_owned())
                .collect();
            match column {
                None => column = Some(self.column_of(&cells)?),
                Some(column) => {
                    let (Some(key), Some(cell)) = (cells.first(), cells.get(column)) else {
                        return Err(messages::lookup_short(place, column + 1));
                    };
                    match V::of_text(cell) {
                        Some(to) => table.add(key, to),
                        // An empty cell says that there is no number.
                        None if cell.is_empty() => {}
                        None => return Err(V::refusal(cell_place(place, text, column), cell)),
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
        match self.column {
            Some(wanted) => messages::lookup_column(self.name, wanted, &columns),
            None => messages::lookup_which_column(self.name, &columns),
        }
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

/// Where a cell is on its line; the line where that is not plain to see.
fn cell_place(line: ProblemPlace, text: &str, column: usize) -> ProblemPlace {
    let mut start = line.start;
    if text.contains('"') {
        return line;
    }
    for (number, cell) in text.split(',').enumerate() {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(file: &str, text: &str, name: &str) -> Result<Arc<LookupTable>, String> {
        let sources = [
            SourceText {
                path: "rules/a.toml".into(),
                text: String::new(),
            },
            SourceText {
                path: format!("rules/{file}"),
                text: text.into(),
            },
        ];
        let place = ProblemPlace {
            file: 0,
            start: 0,
            end: 0,
        };
        let spec = LookupSpec::File(At::new(name.to_owned(), place));
        compile(&spec, Some("team"), &sources).map_err(|draft| format!("{draft:?}"))
    }

    const TEAMS: &str = "user,team,cost centre\nann@example.com,red,17\n\"bob, jr\",blue,18\n\n*@sales.example.com,sales,19\nann@*,other,20\nann@example.com,late,21\n";

    #[test]
    fn values_are_looked_up_in_csv() {
        let teams = table("t.csv", TEAMS, "t.csv").unwrap();
        for (value, team) in [
            ("ann@example.com", Some("red")),
            ("bob, jr", Some("blue")),
            ("eve@sales.example.com", Some("sales")),
            ("ann@sales.example.com", Some("sales")),
            ("ann@x.org", Some("other")),
            ("cid@x.org", None),
            ("", None),
        ] {
            assert_eq!(teams.find(value), team, "{value}");
        }
        let centres = table("t.csv", TEAMS, "t.csv#cost centre").unwrap();
        assert_eq!(centres.find("ann@example.com"), Some("17"));
        let two = table("t.csv", "key,anything\r\na,1\r\n", "t.csv").unwrap();
        assert_eq!(two.find("a"), Some("1"));
        for (text, name) in [
            (TEAMS, "t.csv#x"),
            ("a,b,c\n", "t.csv"),
            ("a,b\nx\n", "t.csv"),
            ("a,b\n\"x,1\n", "t.csv"),
            (TEAMS, "other.csv"),
        ] {
            assert!(table("t.csv", text, name).is_err(), "{text} {name}");
        }
    }

    #[test]
    fn values_are_looked_up_in_toml() {
        let text = "ann = 'red'\nbob = { team = 'blue', centre = 17 }\ncid = { centre = 18 }\n";
        let teams = table("t.toml", text, "t.toml").unwrap();
        assert_eq!(teams.find("ann"), Some("red"));
        assert_eq!(teams.find("bob"), Some("blue"));
        assert_eq!(teams.find("cid"), None);
        let centres = table("t.toml", text, "t.toml#centre").unwrap();
        assert_eq!(centres.find("bob"), Some("17"));
        for wrong in ["ann = [1]\n", "ann = \n"] {
            assert!(table("t.toml", wrong, "t.toml").is_err(), "{wrong}");
        }
    }

    #[test]
    fn files_of_rules_name_their_tables() {
        let source = SourceText {
            path: "rules/a.toml".into(),
            text: "[[rule]]\nlabels.a = { lookup = 't.csv#x' }\nlabels.b = { lookup = 't.csv' }\n\
                   labels.c = { lookup = '/etc/t.toml' }\nlabels.d = { lookup = { a = 'b' } }\n"
                .into(),
        };
        let slash = |path: &String| path.replace('\\', "/");
        let found: Vec<String> = files(&source).iter().map(slash).collect();
        assert_eq!(found, ["rules/t.csv", "/etc/t.toml"]);
    }

    proptest! {
        /// A key with `*` matches what the same pattern as a regex does.
        #[test]
        fn wildcards_are_any_text(key in "[ab*]{0,8}", value in "[ab]{0,8}") {
            let mut table = LookupTable::default();
            table.add(&key, "x".to_owned());
            let regex = regex::Regex::new(&format!("^{}$", key.replace('*', ".*"))).unwrap();
            prop_assert_eq!(table.find(&value).is_some(), regex.is_match(&value), "{} {}", key, value);
        }

        #[test]
        fn any_file_is_survived(text in "([a,\"*=\n\\[\\]{}']|\\PC){0,40}") {
            let _ = table("t.csv", &text, "t.csv");
            let _ = table("t.toml", &text, "t.toml");
        }
    }
}
