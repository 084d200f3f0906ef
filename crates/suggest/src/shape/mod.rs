//! Lines taken apart: which of them are alike, what their columns are, and what each column is good for.
//!
//! A [`Table`] is lines of one kind. JSON and `key=value` lines have their columns by name; all others
//! are cut at a delimiter or aligned with each other.

mod aligned;
pub(crate) mod column;
mod delimited;
mod json;
mod kinds;
mod logfmt;
mod names;
pub(crate) mod pattern;
pub(crate) mod role;
mod tokens;
pub(crate) mod value;

use crate::sample::SampleLine;
use column::Column;
pub(crate) use kinds::Sign;
use pattern::Pattern;

/// A suggestion has at most so many rules.
const TABLES_MAX: usize = 3;

/// How the lines of a table are read.
#[derive(Debug)]
pub(crate) enum Layout {
    Json,
    /// `key=value`: the key that all of the lines have, and what is before the first pair.
    Logfmt {
        key: String,
        prefix: Option<Pattern>,
    },
    Pattern(Pattern),
    /// Cells, with a line that names them.
    Csv {
        columns: Vec<String>,
        delimiter: char,
    },
}

/// Lines of one kind.
#[derive(Debug)]
pub(crate) struct Table<'s> {
    pub layout: Layout,
    pub lines: Vec<&'s SampleLine>,
    /// In the order in which they are on the line.
    pub columns: Vec<Column>,
    /// Where the lines of a log are of several kinds: which these are.
    pub part: Part,
}

/// Which lines of one layout a table has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// The requests: those that have this.
    With(Sign),
    /// What else the log says.
    Without(Sign),
}

impl Table<'_> {
    /// A pattern for the lines that have the sign of the requests, and for no others of the sample.
    pub fn with(&self, sign: &Sign) -> String {
        match self.layout {
            Layout::Json => json::with(sign),
            _ => logfmt::with(sign),
        }
    }

    /// What its lines are, for people.
    pub fn what(&self) -> &'static str {
        match self.layout {
            Layout::Json => "objects of JSON",
            Layout::Logfmt { .. } => "pairs of `key=value`",
            Layout::Pattern(_) => "lines of one form",
            Layout::Csv { .. } => "cells under a line of names",
        }
    }
}

/// The tables of these lines.
pub(crate) fn tables(lines: Vec<&SampleLine>) -> Vec<Table<'_>> {
    let all = lines.len();
    let mut tables = Vec::new();
    let (found, rest) = json::tables(lines);
    tables.extend(found);
    let (found, rest) = logfmt::tables(rest);
    tables.extend(found);
    let mut rest = without_continuations(rest);
    while tables.len() < TABLES_MAX {
        let found = delimited::table(&rest).or_else(|| aligned::table(&rest));
        let Some((table, left)) = found else {
            break;
        };
        tables.push(table);
        rest = left;
    }
    // A kind of one line, or of one in fifty, is left out where there are others.
    let enough = (all / 50).max(1);
    let most = tables.iter().map(|table| table.lines.len()).max();
    tables.retain(|table| {
        let lines = table.lines.len();
        matches!(table.part, Part::With(_)) || lines > enough || Some(lines) == most
    });
    for table in &mut tables {
        table.columns.extend(services(&table.lines));
    }
    tables
}

/// The programs that syslog or another tool names, where they are several.
fn services(lines: &[&SampleLine]) -> Option<Column> {
    let mut column = Column::new("_service");
    for line in lines {
        column.lines += 1;
        column.add(line.service().unwrap_or_default());
    }
    (column.distinct() > 1).then_some(column)
}

/// Whether a line goes on with what the line before it began, such as a trace of a stack.
pub(crate) fn is_continuation(text: &str) -> bool {
    text.starts_with([' ', '\t'])
        || ["Caused by:", "Traceback (", "java.lang.", "... "]
            .iter()
            .any(|start| text.starts_with(start))
        || is_exception(text)
}

/// Whether a line begins with the name of a class of exceptions: `com.example.StockError: none left`.
fn is_exception(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    let class = name.rsplit_once('.').map(|(_, class)| class);
    let is_class = |class: &str| {
        ["Exception", "Error", "Throwable"]
            .iter()
            .any(|end| class.ends_with(end))
            && class.starts_with(|first: char| first.is_ascii_uppercase())
    };
    !name.contains(char::is_whitespace) && class.is_some_and(is_class)
}

/// Lines without those that go on with the one before, where others begin a record.
fn without_continuations(lines: Vec<&SampleLine>) -> Vec<&SampleLine> {
    let begins = |line: &&SampleLine| !is_continuation(&line.text);
    match lines.iter().any(begins) {
        true => lines.into_iter().filter(begins).collect(),
        false => lines,
    }
}

/// The table of the lines that a pattern matches, and the others; nothing where it matches none.
fn of_pattern<'s>(
    pattern: Pattern,
    lines: &[&'s SampleLine],
) -> Option<(Table<'s>, Vec<&'s SampleLine>)> {
    let expression = regex::Regex::new(&pattern.expression(|_| true)).ok()?;
    let mut columns: Vec<Column> = pattern.groups().map(Column::new).collect();
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for line in lines.iter().copied() {
        let Some(captures) = expression.captures(&line.text) else {
            rest.push(line);
            continue;
        };
        for column in &mut columns {
            column.lines += 1;
            let value = captures.name(&column.key);
            column.add(value.map_or("", |it| it.as_str()));
        }
        taken.push(line);
    }
    let table = Table {
        layout: Layout::Pattern(pattern),
        lines: taken,
        columns,
        part: Part::All,
    };
    (!table.lines.is_empty()).then_some((table, rest))
}

/// Columns by name, in the order in which names come first.
#[derive(Default)]
struct Columns {
    columns: Vec<Column>,
    lines: usize,
}

/// A table has at most so many columns.
const COLUMNS_MAX: usize = 80;

impl Columns {
    fn begin_line(&mut self) {
        self.lines += 1;
    }

    fn add(&mut self, key: &str, value: &str) {
        let found = self.columns.iter_mut().find(|column| column.key == key);
        if let Some(column) = found {
            column.add(value);
        } else if self.columns.len() < COLUMNS_MAX {
            let mut column = Column::new(key);
            column.add(value);
            self.columns.push(column);
        }
    }

    fn finish(mut self) -> Vec<Column> {
        for column in &mut self.columns {
            column.lines = self.lines;
        }
        self.columns
    }
}
