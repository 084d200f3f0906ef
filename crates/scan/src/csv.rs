//! CSV: the cells of one line, found by the columns' names.
//!
//! What RFC 4180 says, and where that is silent what the `csv` crate does: a quote counts only where a
//! cell begins with it, two of them inside are one, and what follows the closing quote belongs to the
//! cell. A cell cannot hold the end of a line.

use super::keys::{Form, Keys, Span};
use super::slots::Slots;

/// The columns of a table, and what is between them.
#[derive(Debug, Clone)]
pub struct Columns {
    delimiter: u8,
    columns: Vec<Column>,
}

#[derive(Debug, Clone)]
struct Column {
    name: Box<[u8]>,
    /// Where its cell goes, if it is wanted.
    slot: Option<usize>,
}

/// What a line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The cells are in the slots, as places on the line.
    OnLine,
    /// The same, as places in the room that was given: some had quotes in them.
    InRoom,
    /// The columns' own names.
    Header,
    /// Names of columns, but others, or in another order.
    OtherHeader,
    /// There is no second cell, though there are several columns.
    NoTable,
    /// So many cells, which are fewer or more than the columns.
    Other(usize),
    /// A quote is not closed.
    Unclosed,
}

impl Columns {
    /// Columns in their order, of which those are wanted that `keys` know. One without a name is passed
    /// over.
    pub fn new(names: &[String], delimiter: u8, keys: &Keys) -> Columns {
        let column = |name: &String| Column {
            name: name.as_bytes().into(),
            slot: keys.slot(name.as_bytes()).filter(|_| !name.is_empty()),
        };
        Columns {
            delimiter,
            columns: names.iter().map(column).collect(),
        }
    }

    /// What they are called, in their order.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.columns.iter().map(|column| &*column.name)
    }

    /// What is between two cells.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Whether a cell holds the name of a column.
    fn has_name(&self, cell: &[u8]) -> bool {
        !cell.is_empty() && self.names().any(|name| name == cell)
    }

    /// Whether so many cells of a line are names of columns that it is no record: half of them, and two.
    #[cold]
    fn is_other_header(&self, line: &[u8]) -> bool {
        let named = self.names().filter(|name| !name.is_empty()).count();
        let cells = Cells::new(line, self.delimiter);
        let texts = cells.filter_map(|cell| line.get(cell.start..cell.end));
        let found = texts.filter(|text| self.has_name(text)).count();
        found >= 2 && found * 2 >= named
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Writes the places of the wanted cells to `slots`, which the caller has cleared.
    pub fn read(&self, line: &[u8], slots: &mut Slots, room: &mut Vec<u8>) -> Record {
        let mut cells = Cells::new(line, self.delimiter);
        let (mut count, mut needs_room, mut is_header) = (0, false, true);
        let mut has_names = false;
        for cell in cells.by_ref() {
            needs_room |= cell.is_pieced;
            // A header that was changed still has one of the names here.
            if count < 2 {
                let text = line.get(cell.start..cell.end);
                has_names |= text.is_some_and(|text| self.has_name(text));
            }
            is_header &= self.columns.get(count).is_some_and(|column| {
                let is_named = || line.get(cell.start..cell.end) == Some(&*column.name);
                column.name.is_empty() || (!cell.is_pieced && is_named())
            });
            count += 1;
        }
        match count {
            _ if cells.is_unclosed => return Record::Unclosed,
            1 if self.columns.len() > 1 => return Record::NoTable,
            count if is_header && count == self.columns.len() => return Record::Header,
            _ if has_names && self.is_other_header(line) => return Record::OtherHeader,
            count if count != self.columns.len() => return Record::Other(count),
            _ => {}
        }
        room.clear();
        for (cell, column) in Cells::new(line, self.delimiter).zip(&self.columns) {
            let Some(slot) = column.slot.and_then(|slot| slots.fill(slot)) else {
                continue;
            };
            let span = match needs_room {
                false => Span::new(cell.start, cell.end, cell.form),
                true => {
                    let start = room.len();
                    cell.write(line, room);
                    Span::new(start, room.len(), cell.form)
                }
            };
            slot.everywhere.add(span);
            slot.trusted.add(span);
        }
        slots.all_trusted();
        match needs_room {
            false => Record::OnLine,
            true => Record::InRoom,
        }
    }
}

/// All cells of a line without quotes around them and in them; `None` where a quote is not closed.
pub fn cells(line: &[u8], delimiter: u8) -> Option<Vec<Vec<u8>>> {
    let mut cells = Cells::new(line, delimiter);
    let mut all = Vec::new();
    for cell in cells.by_ref() {
        let mut text = Vec::new();
        cell.write(line, &mut text);
        all.push(text);
    }
    (!cells.is_unclosed).then_some(all)
}

/// One cell, without the quotes around it.
#[derive(Debug, Clone, Copy)]
struct Cell {
    start: usize,
    end: usize,
    form: Form,
    /// Whether it has two quotes for one, or goes on after its closing quote.
    is_pieced: bool,
    /// Where what follows the closing quote ends.
    tail_end: usize,
}

impl Cell {
    /// Writes what the cell holds.
    fn write(&self, line: &[u8], out: &mut Vec<u8>) {
        let mut inner = line.get(self.start..self.end).unwrap_or_default();
        if !self.is_pieced {
            return out.extend_from_slice(inner);
        }
        while let Some(quote) = memchr::memchr(b'"', inner) {
            // The second of two, which mean one.
            let (before, after) = inner.split_at(quote + 1);
            out.extend_from_slice(before);
            inner = after.get(1..).unwrap_or_default();
        }
        out.extend_from_slice(inner);
        let tail = line.get(self.end + 1..self.tail_end);
        out.extend_from_slice(tail.unwrap_or_default());
    }
}

/// The cells of a line, one after the other.
struct Cells<'l> {
    line: &'l [u8],
    delimiter: u8,
    /// Where the next one begins; `None` after the last.
    at: Option<usize>,
    is_unclosed: bool,
}

impl<'l> Cells<'l> {
    fn new(line: &'l [u8], delimiter: u8) -> Cells<'l> {
        // Places on a line are u32; lines are far shorter.
        let fits = u32::try_from(line.len()).is_ok() && !line.is_empty();
        Cells {
            line,
            delimiter,
            at: fits.then_some(0),
            is_unclosed: false,
        }
    }

    /// Where the cell ends that is at `from`, and the next one begins.
    fn delimited(&mut self, from: usize) -> usize {
        let rest = self.line.get(from..).unwrap_or_default();
        let found = memchr::memchr(self.delimiter, rest).map(|at| from + at);
        self.at = found.map(|end| end + 1);
        found.unwrap_or(self.line.len())
    }

    fn quoted(&mut self, open: usize) -> Option<Cell> {
        let start = open + 1;
        let mut from = start;
        let mut is_pieced = false;
        let end = loop {
            let rest = self.line.get(from..).unwrap_or_default();
            let Some(quote) = memchr::memchr(b'"', rest).map(|at| from + at) else {
                self.is_unclosed = true;
                return None;
            };
            if self.line.get(quote + 1) != Some(&b'"') {
                break quote;
            }
            is_pieced = true;
            from = quote + 2;
        };
        let tail_end = self.delimited(end + 1);
        Some(Cell {
            start,
            end,
            form: Form::Quoted,
            is_pieced: is_pieced || tail_end > end + 1,
            tail_end,
        })
    }
}

impl Iterator for Cells<'_> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        let start = self.at.take()?;
        if self.line.get(start) == Some(&b'"') {
            return self.quoted(start);
        }
        let end = self.delimited(start);
        Some(Cell {
            start,
            end,
            form: Form::Plain,
            is_pieced: false,
            tail_end: end,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(names: &[&str], delimiter: u8, line: &[u8]) -> (Record, Vec<Option<String>>) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut keys = Keys::default();
        for name in names.iter().filter(|name| !name.is_empty()) {
            keys.add(name);
        }
        let columns = Columns::new(&names, delimiter, &keys);
        let mut slots = Slots::default();
        slots.clear(&keys);
        let mut room = Vec::new();
        let record = columns.read(line, &mut slots, &mut room);
        let text = match record {
            Record::InRoom => &room,
            _ => line,
        };
        let shown = slots.all().into_iter().map(|slot| {
            let seen = slot.everywhere;
            assert_eq!(slot.trusted, seen);
            (seen.count > 0).then(|| String::from_utf8_lossy(seen.first.bytes(text)).into_owned())
        });
        (record, shown.collect())
    }

    #[track_caller]
    fn check(line: &str, record: Record, expected: [&str; 3]) {
        let (found, cells) = read(&["a", "b", "c"], b',', line.as_bytes());
        assert_eq!(found, record, "{line}");
        let expected = expected.map(|cell| Some(cell.to_owned()));
        assert_eq!(cells, expected, "{line}");
    }

    #[test]
    fn cells_are_found_by_their_columns() {
        check("1,2,3", Record::OnLine, ["1", "2", "3"]);
        check("1,,", Record::OnLine, ["1", "", ""]);
        check("\"x,y\",2,\"\"", Record::OnLine, ["x,y", "2", ""]);
        check(
            "1,\"say \"\"hi\"\"\",3",
            Record::InRoom,
            ["1", "say \"hi\"", "3"],
        );
        check("1,\"a\"b\"c,3", Record::InRoom, ["1", "ab\"c", "3"]);
        check("1,a\"b\", 3", Record::OnLine, ["1", "a\"b\"", " 3"]);
        let (record, cells) = read(&["a", "", "c"], b'\t', b"1\t2\t3");
        assert_eq!((record, cells.len()), (Record::OnLine, 2));
        assert_eq!(cells[1].as_deref(), Some("3"));
    }

    #[test]
    fn other_lines_are_told() {
        let record = |line: &str| read(&["a", "b", "c"], b',', line.as_bytes()).0;
        assert_eq!(record("a,b,c"), Record::Header);
        assert_eq!(record("\"a\",b,\"c\""), Record::Header);
        assert_eq!(record("a,b,d"), Record::OtherHeader);
        assert_eq!(record("b,a,c"), Record::OtherHeader);
        assert_eq!(record("x,\"c\",b,a"), Record::OtherHeader);
        assert_eq!(record("a,c"), Record::OtherHeader);
        assert_eq!(record("a,1,2"), Record::OnLine);
        assert_eq!(record("1,2,a"), Record::OnLine);
        assert_eq!(record("1,2"), Record::Other(2));
        assert_eq!(record("1,2,3,"), Record::Other(4));
        assert_eq!(record("text"), Record::NoTable);
        assert_eq!(record(""), Record::Other(0));
        assert_eq!(record("1,\"2,3"), Record::Unclosed);
        assert_eq!(read(&["a"], b',', b"1").0, Record::OnLine);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Cells are those of the `csv` crate, wherever quotes are closed.
        #[test]
        fn cells_are_those_of_the_csv_crate(
            line in prop::collection::vec(
                prop::sample::select(&b"\"\",;ab \t\\'\xc3\xa9"[..]), 1..24),
            delimiter in prop::sample::select(&b",;\t"[..]),
        ) {
            let found = cells(&line, delimiter);
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(delimiter)
                .terminator(csv::Terminator::Any(b'\n'))
                .from_reader(line.as_slice());
            let record = reader.byte_records().next().unwrap().unwrap();
            let expected: Vec<Vec<u8>> = record.iter().map(<[u8]>::to_vec).collect();
            match found {
                Some(found) => prop_assert_eq!(&found, &expected, "{}", line.escape_ascii()),
                // The crate takes what follows an open quote as its cell.
                None => prop_assert!(line.contains(&b'"')),
            }
            // And the slots hold the cells.
            if let Some(found) = cells(&line, delimiter) {
                let names: Vec<String> = (0..found.len()).map(|n| format!("c{n}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let (record, values) = read(&names, delimiter, &line);
                prop_assert!(matches!(record, Record::OnLine | Record::InRoom));
                for (value, cell) in values.iter().zip(&found) {
                    let cell = String::from_utf8_lossy(cell);
                    prop_assert_eq!(value.as_deref(), Some(&*cell));
                }
            }
        }
    }
}
