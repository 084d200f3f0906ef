//! Rules that look at another text than the line, or several times at it: `inside`, `csv` and `each`.
//!
//! Their lines go a way of their own, so that those of other rules do not pay for it. Such a text is a
//! copy, with no escapes in it. Groups of the pattern stay those of the line.

use super::field::{Context, FieldProgram, Value};
use super::reader::{FieldReader, ReadOutcome};
use super::{Mismatch, Program, Scratch, found};
use crate::engine::counts::Counts;
use crate::metrics::batch::Batch;
use logmetrics_scan::csv::{self, Columns, Record};
use logmetrics_scan::slots::Slots;

/// More matches on one line are not counted.
const MATCHES_MAX: usize = 10_000;

/// What is special about a rule.
#[derive(Debug)]
pub(in crate::engine) struct Special {
    /// Where the text is in which fields are read.
    pub(in crate::engine) inside: Option<Inside>,
    /// Reads the fields of the text.
    pub(in crate::engine) inner: FieldReader,
    /// The error that a line with too many matches is counted as, where each of them counts.
    pub(in crate::engine) each: Option<usize>,
    /// What the cells are called, where the text is one of CSV.
    pub(in crate::engine) columns: Option<Columns>,
}

/// A field that holds a text with fields of its own.
#[derive(Debug)]
pub(in crate::engine) struct Inside {
    /// Reads the fields of the line.
    pub(in crate::engine) outer: FieldReader,
    pub(in crate::engine) field: FieldProgram,
}

/// The text that takes the place of the line at hand.
#[derive(Debug, Default)]
pub(in crate::engine) struct OtherText {
    text: Vec<u8>,
    /// Whether it does, on the line at hand.
    is_used: bool,
}

impl Program {
    /// Reads the fields of a line on which the pattern is found and that are in another text.
    #[cold]
    pub(super) fn read_elsewhere(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), Mismatch> {
        let Some(special) = self.special.as_deref() else {
            return Err(Mismatch::Fields);
        };
        let mut other = std::mem::take(&mut scratch.other);
        let found = match &special.inside {
            Some(inside) => self.find_text(inside, context, scratch, &mut other.text),
            None => Ok(()),
        };
        other.is_used = special.inside.is_some() && found.is_ok();
        let outcome = found.and_then(|()| {
            scratch.slots.clear(&special.inner.keys);
            match &special.columns {
                Some(columns) => read_cells(columns, context, scratch, &mut other),
                None => {
                    let inner = Context {
                        text: &other.text,
                        line: context.line,
                    };
                    let read = special.inner.read(inner.text, &mut scratch.slots);
                    self.judge(read, &special.inner, &inner, scratch)
                }
            }
        });
        if other.is_used {
            scratch.groups.keep_line(context.text);
        }
        scratch.other = other;
        outcome
    }

    /// Writes the text that a field of the line holds.
    fn find_text(
        &self,
        inside: &Inside,
        context: &Context<'_>,
        scratch: &mut Scratch,
        text: &mut Vec<u8>,
    ) -> Result<(), Mismatch> {
        let mut slots = std::mem::take(&mut scratch.outer_slots);
        slots.clear(&inside.outer.keys);
        let read = match inside.outer.keys.is_empty() {
            true => ReadOutcome::NoFields,
            false => inside.outer.read(context.text, &mut slots),
        };
        let found = found(&scratch.groups, &slots, &self.times);
        text.clear();
        let value = inside.field.value(context, &found, &mut scratch.decoded);
        let outcome = match (read, value) {
            // What cannot be read is not absent.
            (ReadOutcome::Broken, _) | (_, Value::Ambiguous) => Err(Mismatch::Unreadable),
            (_, Value::Bytes(bytes)) => {
                text.extend_from_slice(bytes);
                Ok(())
            }
            (_, Value::Absent) => Err(Mismatch::Fields),
        };
        scratch.outer_slots = slots;
        outcome
    }

    /// Calls `then` with the text that the rule's fields are in.
    pub(in crate::engine) fn with_text<T>(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        then: impl FnOnce(&Context<'_>, &mut Scratch) -> T,
    ) -> T {
        let reads_elsewhere =
            |special: &Special| special.inside.is_some() || special.columns.is_some();
        if !self.special.as_deref().is_some_and(reads_elsewhere) || !scratch.other.is_used {
            return then(context, scratch);
        }
        let other = std::mem::take(&mut scratch.other);
        let inner = Context {
            text: &other.text,
            line: context.line,
        };
        let result = then(&inner, scratch);
        scratch.other = other;
        result
    }

    /// Calls `then` for each match that counts on a line that matches, with the text that the rule's
    /// fields are in. Whether there were more than may count.
    pub(in crate::engine) fn each_match(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        mut then: impl FnMut(&Context<'_>, &mut Scratch),
    ) -> bool {
        let is_each = self.special.as_ref().is_some_and(|one| one.each.is_some());
        let Some(pattern) = self.pattern.as_ref().filter(|_| is_each) else {
            self.with_text(context, scratch, then);
            return false;
        };
        scratch.groups.repair(context.text);
        let mut left = MATCHES_MAX;
        let mut too_many = false;
        pattern.each_match(context.text, |found| {
            too_many = left == 0;
            if too_many {
                return false;
            }
            left -= 1;
            found(&mut scratch.groups);
            self.with_text(context, scratch, &mut then);
            true
        });
        too_many
    }

    /// Why a text is no record of the rule's table, where it has one.
    pub(in crate::engine) fn why_no_record(&self, text: &[u8]) -> Option<String> {
        let columns = self.special.as_ref()?.columns.as_ref()?;
        let record = columns.read(text, &mut Slots::default(), &mut Vec::new());
        match record {
            Record::Unclosed => Some("a quote on the line is never closed".to_owned()),
            Record::OtherHeader => Some(other_header(columns, text)),
            Record::Other(cells) => Some(format!(
                "the line has {cells} cells, and `columns` names {}",
                columns.len()
            )),
            _ => None,
        }
    }

    /// What a line that names other columns says, and what the rule says.
    #[cold]
    pub(in crate::engine) fn why_other_header(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Option<String> {
        self.with_text(context, scratch, |context, _| {
            self.why_no_record(context.text)
        })
    }

    /// [`Program::matches`] for a special rule: the copy for others is part of the loop over the rules.
    #[cold]
    pub(in crate::engine) fn matches_specially(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), Mismatch> {
        self.matches(number, context, scratch)
    }

    /// Makes the updates of a line that matches: [`Program::act`] for a special rule.
    #[cold]
    pub(in crate::engine) fn act_specially(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) {
        counts.begin_line();
        let too_many = self.each_match(context, scratch, |context, scratch| {
            if self.times.is_checked {
                self.check_time(context, scratch, counts);
            }
            self.act_once(context, scratch, batch, counts);
        });
        let each = self.special.as_ref().and_then(|special| special.each);
        if let Some(error) = each.filter(|_| too_many) {
            counts.field_error(error);
        }
    }
}

/// Finds the cells of a table, in the other text or else on the line.
fn read_cells(
    columns: &Columns,
    context: &Context<'_>,
    scratch: &mut Scratch,
    other: &mut OtherText,
) -> Result<(), Mismatch> {
    let text = match other.is_used {
        true => &other.text,
        false => context.text,
    };
    let mut room = std::mem::take(&mut scratch.decoded);
    let record = columns.read(text, &mut scratch.slots, &mut room);
    if record == Record::InRoom {
        std::mem::swap(&mut other.text, &mut room);
        other.is_used = true;
    }
    scratch.decoded = room;
    match record {
        Record::OnLine | Record::InRoom => Ok(()),
        Record::Header => Err(Mismatch::Header),
        Record::OtherHeader => Err(Mismatch::OtherHeader),
        Record::NoTable => Err(Mismatch::Fields),
        Record::Other(_) | Record::Unclosed => Err(Mismatch::Unreadable),
    }
}

/// More columns are not shown.
const COLUMNS_SHOWN_MAX: usize = 40;

/// The columns of a header, and those of the rule.
fn other_header(columns: &Columns, text: &[u8]) -> String {
    let shown = |names: &mut dyn Iterator<Item = &[u8]>| {
        let names = names.take(COLUMNS_SHOWN_MAX);
        let names = names.map(|name| format!("`{}`", String::from_utf8_lossy(name).escape_debug()));
        names.collect::<Vec<_>>().join(", ")
    };
    let cells = csv::cells(text, columns.delimiter()).unwrap_or_default();
    format!(
        "the line is a header with other columns: {}; `columns` says {}",
        shown(&mut cells.iter().map(Vec::as_slice)),
        shown(&mut columns.names())
    )
}
