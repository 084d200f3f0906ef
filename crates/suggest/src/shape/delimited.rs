//! Lines that one character cuts into columns: CSV, tabs, bars, semicolons.

use super::column::Column;
use super::names::Names;
use super::pattern::Pattern;
use super::pattern::request;
use super::value::{Kind, is_request, kind, leading_time};
use super::{Layout, Part, Table, of_pattern};
use crate::sample::SampleLine;

/// Characters that cut, and how many of them a line has at least.
const DELIMITERS: [(char, usize); 4] = [('\t', 2), ('|', 2), (';', 3), (',', 3)];
/// More words than this in a column, on average, are text with commas in it.
const WORDS_MAX: usize = 3;
/// So many lines in a hundred must have the same number of columns.
const ALIKE_PERCENT: usize = 90;

/// The table of the lines that are cut in the same way, and the others.
pub(super) fn table<'s>(lines: &[&'s SampleLine]) -> Option<(Table<'s>, Vec<&'s SampleLine>)> {
    for (delimiter, least) in DELIMITERS {
        let cut: Vec<Vec<&str>> = lines
            .iter()
            .map(|line| cells(&line.text, delimiter))
            .collect();
        let mut counts: Vec<usize> = cut.iter().map(Vec::len).collect();
        counts.sort_unstable();
        let Some(&usual) = counts.get(counts.len() / 2) else {
            continue;
        };
        let alike: Vec<&Vec<&str>> = cut.iter().filter(|cells| cells.len() == usual).collect();
        let words: usize = (alike.iter().flat_map(|cells| cells.iter()))
            .map(|cell| cell.split_whitespace().count())
            .sum();
        let is_text = words > usual * alike.len() * WORDS_MAX;
        if usual <= least || alike.len() * 100 < lines.len() * ALIKE_PERCENT || is_text {
            continue;
        }
        let found = under_names(&alike, delimiter, lines)
            .or_else(|| of_pattern(pattern(&alike, delimiter, usual), lines));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The table of cells whose first line names them; nothing where it does not, or names one twice.
fn under_names<'s>(
    alike: &[&Vec<&str>],
    delimiter: char,
    lines: &[&'s SampleLine],
) -> Option<(Table<'s>, Vec<&'s SampleLine>)> {
    let header = header(alike)?;
    let names: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let is_unique = |name: &String| names.iter().filter(|it| *it == name).count() == 1;
    if !names.iter().all(is_unique) {
        return None;
    }
    let mut columns: Vec<Column> = names.iter().map(|name| Column::new(name)).collect();
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for line in lines.iter().copied() {
        let cells: Vec<String> = cells(&line.text, delimiter)
            .into_iter()
            .map(unquoted)
            .collect();
        if cells.len() != names.len() || cells == names {
            rest.push(line);
            continue;
        }
        for (column, cell) in columns.iter_mut().zip(&cells) {
            column.lines += 1;
            column.add(cell);
        }
        taken.push(line);
    }
    let table = Table {
        layout: Layout::Csv {
            columns: names,
            delimiter,
        },
        lines: taken,
        columns,
        part: Part::All,
    };
    (!table.lines.is_empty()).then_some((table, rest))
}

/// A cell without the quotes around it.
fn unquoted(cell: &str) -> String {
    let inside = cell.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.map_or_else(|| cell.to_owned(), |inside| inside.replace("\"\"", "\""))
}

/// The cells of a line. A delimiter within quotes or within a time cuts nothing.
fn cells(text: &str, delimiter: char) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut start, mut is_quoted, mut time_end) = (0, false, 0);
    for (at, character) in text.char_indices() {
        if at == start
            && let Some((length, _)) = leading_time(&text[at..])
        {
            time_end = at + length;
        }
        if character == '"' {
            is_quoted = !is_quoted;
        } else if character == delimiter && !is_quoted && at >= time_end {
            cells.push(&text[start..at]);
            start = at + character.len_utf8();
        }
    }
    cells.push(&text[start..]);
    cells
}

fn pattern(lines: &[&Vec<&str>], delimiter: char, columns: usize) -> Pattern {
    let mut pattern = Pattern {
        is_closed: true,
        ..Pattern::default()
    };
    let mut names = Names::default();
    let header = header(lines);
    let rows = &lines[usize::from(header.is_some())..];
    let cut = match delimiter {
        '\t' => r"\t".to_owned(),
        other => regex::escape(&other.to_string()),
    };
    let any = match delimiter {
        '\t' => r"[^\t]*".to_owned(),
        other => format!("[^{other}]*"),
    };
    for place in 0..columns {
        let cells: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.get(place).copied())
            .collect();
        if place > 0 {
            pattern.same(&cut);
        }
        let of_header = header.as_ref().and_then(|names| names.get(place).copied());
        column(&mut pattern, &mut names, (&cells, of_header), &any);
    }
    pattern
}

/// The part of the pattern for one column: its cells, and what a line of names calls it. `any` is what a cell
/// may hold.
fn column(
    pattern: &mut Pattern,
    names: &mut Names,
    (cells, of_header): (&[&str], Option<&str>),
    any: &str,
) {
    if cells.iter().any(|cell| cell.starts_with(' ')) {
        pattern.same(" *");
    }
    let prefix = prefix(cells);
    pattern.same(&regex::escape(prefix));
    let rests: Vec<&str> = cells
        .iter()
        .map(|cell| cell.trim().strip_prefix(prefix).unwrap_or(cell))
        .collect();
    if !prefix.is_empty() && rests.iter().any(|rest| rest.starts_with(' ')) {
        pattern.same(" *");
    }
    let values: Vec<&str> = rests.iter().map(|rest| rest.trim()).collect();
    let of_prefix = prefix.trim_end_matches(['=', ':', ' ']);
    let key = of_header.or((!of_prefix.is_empty()).then_some(of_prefix));
    let is_spaced = cells.iter().any(|cell| cell.ends_with(' '));
    if let Some((open, close, inside)) = around(&values) {
        let inner: Vec<&str> = values
            .iter()
            .filter_map(|value| value.get(1..value.len().checked_sub(1)?))
            .collect();
        pattern.same(open);
        if inner.iter().filter(|value| is_request(value)).count() * 2 > inner.len() {
            request(pattern, names);
        } else {
            pattern.group(&names.give(key, None, &inner), inside);
        }
        pattern.same(close);
    } else {
        // Numbers tell lines from a line of names.
        let is_number = |value: &&str| kind(value).is_number() || kind(value) == Kind::Time;
        let value = match values.iter().all(is_number) {
            true => format!(r"[-+.\d]{any}"),
            false if values.iter().any(|value| value.contains('"')) => {
                format!(r#""(?:[^"]|"")*"|{any}"#)
            }
            false => any.to_owned(),
        };
        let value = match is_spaced {
            true => value.replace("]*", "]*?"),
            false => value,
        };
        pattern.group(&names.give(key, None, &values), &value);
    }
    if is_spaced {
        pattern.same(" *");
    }
}

/// Quotes or brackets that are around all of these values, and what is between them.
fn around(values: &[&str]) -> Option<(&'static str, &'static str, &'static str)> {
    let all = |open: char, close: char| {
        let is_around = |value: &&str| {
            let inside = value
                .strip_prefix(open)
                .and_then(|it| it.strip_suffix(close));
            inside.is_some_and(|inside| !inside.contains([open, close]))
        };
        !values.is_empty() && values.iter().all(is_around)
    };
    if all('"', '"') {
        Some(("\"", "\"", r#"[^"]*"#))
    } else if all('[', ']') {
        Some((r"\[", r"\]", r"[^\]]*"))
    } else {
        None
    }
}

/// The first line, where it is the names of the columns.
fn header<'l>(lines: &[&Vec<&'l str>]) -> Option<Vec<&'l str>> {
    let (first, rest) = lines.split_first()?;
    let is_name = |cell: &&&str| {
        let cell = cell.trim().trim_matches('"');
        !cell.is_empty() && !kind(cell).is_number() && kind(cell) != Kind::Time
    };
    let is_number = |cell: &&str| kind(cell).is_number() || kind(cell) == Kind::Time;
    let next = rest.first()?;
    let is_header =
        first.iter().filter(is_name).count() == first.len() && next.iter().any(is_number);
    is_header.then(|| {
        first
            .iter()
            .map(|cell| cell.trim().trim_matches('"'))
            .collect()
    })
}

/// `key=` or `key:` where all cells begin with the same.
fn prefix<'l>(cells: &[&'l str]) -> &'l str {
    let Some(first) = cells.first() else {
        return "";
    };
    let first = first.trim_start();
    let Some(end) = first.find(['=', ':']) else {
        return "";
    };
    let prefix = first.get(..=end).unwrap_or_default();
    let is_key = prefix[..end]
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        && prefix.starts_with(|c: char| c.is_ascii_alphabetic());
    let shared = cells
        .iter()
        .all(|cell| cell.trim_start().starts_with(prefix));
    if is_key && shared && cells.len() > 1 {
        prefix
    } else {
        ""
    }
}
