//! What a thread remembers from line to line: labels it has written, and series it has named.
//!
//! All that follows from a label's raw bytes is the same each time: its tools, its escapes, the
//! conditions on it. So it is worked out once for each value, and a series is found by the numbers
//! of its values. Bounded: when there is too much, all is forgotten. Knows nothing of the store.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use hashbrown::HashTable;

use super::ActionProgram;
use super::field::Value;
use super::label::{LabelOutcome, LabelProgram};
use super::test::Test;
use crate::metrics::batch::SeriesId;
use crate::metrics::labels;
use logmetrics_scan::short_bytes::same;

/// With more values all are forgotten before the next line.
const VALUES_MAX: usize = 16_384;

/// The same, for the bytes of their texts.
const TEXT_BYTES_MAX: usize = 2 << 20;

/// A longer value is not looked for again: such ones are rarely the same twice.
pub(in crate::engine) const RAW_BYTES_MAX: usize = 1024;

/// The number of a label's value, until all are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) struct ValueId(pub(in crate::engine) u32);

/// Values and series of one thread.
#[derive(Debug)]
pub(in crate::engine) struct KnownValues {
    hasher: foldhash::fast::RandomState,
    values: HashTable<ValueId>,
    list: Vec<Written>,
    /// The values as they were on the line and as they were written.
    text: Vec<u8>,
    series: HashTable<NamedSeries>,
    /// The values of the series' labels, one series after the other.
    series_values: Vec<ValueId>,
    /// The batch's memory that the series' numbers belong to.
    batch_memory: u64,
    values_max: usize,
    generation: u64,
}

/// A value of one label, from what was on the line to what is exposed.
#[derive(Debug)]
struct Written {
    hash: u64,
    label: u32,
    raw: Raw,
    /// Empty and meaningless where the label is missing.
    value: TextSpan,
    escaped: TextSpan,
    outcome: LabelOutcome,
    /// What was on the line is not valid UTF-8.
    is_broken: bool,
    /// For the first conditions of the rule one bit each: whether the answer is known, and the
    /// answer.
    asked: u64,
    holds: u64,
}

/// What was on the line.
#[derive(Debug, Clone, Copy)]
enum Raw {
    Absent,
    Ambiguous,
    Bytes(TextSpan),
}

/// A range of the known's text.
#[derive(Debug, Clone, Copy)]
struct TextSpan {
    start: u32,
    end: u32,
}

/// A series by the action that updates it and the values of its labels.
#[derive(Debug)]
struct NamedSeries {
    hash: u64,
    action: u32,
    /// Where the values of its labels begin.
    values_start: u32,
    id: SeriesId,
}

impl Default for KnownValues {
    fn default() -> KnownValues {
        KnownValues {
            hasher: foldhash::fast::RandomState::default(),
            values: HashTable::new(),
            list: Vec::new(),
            text: Vec::new(),
            series: HashTable::new(),
            series_values: Vec::new(),
            batch_memory: 0,
            values_max: VALUES_MAX,
            generation: 0,
        }
    }
}

impl KnownValues {
    /// A known that keeps at most so many values from line to line. With 0 it remembers nothing:
    /// the plain way, which every other must equal.
    #[cfg(test)]
    pub(in crate::engine) fn with_max(values_max: usize) -> KnownValues {
        KnownValues {
            values_max,
            ..KnownValues::default()
        }
    }

    /// A rule begins on a line: numbers of values from before may be void.
    pub(in crate::engine) fn begin(&mut self) {
        if self.list.len() > self.values_max || self.text.len() > TEXT_BYTES_MAX {
            self.values.clear();
            self.list.clear();
            self.text.clear();
            self.generation += 1;
            self.forget_series();
        }
    }

    fn forget_series(&mut self) {
        self.series.clear();
        self.series_values.clear();
    }

    /// The number of what a label makes of a value.
    pub(in crate::engine) fn value(&mut self, label: &LabelProgram, value: Value<'_>) -> ValueId {
        let mut hasher = self.hasher.build_hasher();
        let bytes: &[u8] = match value {
            Value::Absent => {
                hasher.write_u32(label.number << 2 | 1);
                b""
            }
            Value::Ambiguous => {
                hasher.write_u32(label.number << 2 | 2);
                b""
            }
            Value::Bytes(bytes) => {
                hasher.write_u32(label.number << 2);
                bytes
            }
        };
        if bytes.len() > RAW_BYTES_MAX {
            return self.write(label, value, 0);
        }
        hasher.write(bytes);
        let hash = hasher.finish();
        let is_it = |id: &ValueId| {
            let written = &self.list[id.0 as usize];
            written.hash == hash
                && written.label == label.number
                && match (written.raw, value) {
                    (Raw::Bytes(place), Value::Bytes(bytes)) => {
                        same(&self.text[place.range()], bytes)
                    }
                    (Raw::Absent, Value::Absent) | (Raw::Ambiguous, Value::Ambiguous) => true,
                    _ => false,
                }
        };
        if let Some(id) = self.values.find(hash, is_it) {
            return *id;
        }
        let id = self.write(label, value, hash);
        let rehash = |id: &ValueId| self.list[id.0 as usize].hash;
        self.values.insert_unique(hash, id, rehash);
        id
    }

    /// Works out all that follows from a value.
    #[cold]
    fn write(&mut self, label: &LabelProgram, value: Value<'_>, hash: u64) -> ValueId {
        let text = &mut self.text;
        let raw = match value {
            Value::Absent => Raw::Absent,
            Value::Ambiguous => Raw::Ambiguous,
            Value::Bytes(bytes) if bytes.len() > RAW_BYTES_MAX => {
                Raw::Bytes(TextSpan::behind(text, 0))
            }
            Value::Bytes(bytes) => {
                text.extend_from_slice(bytes);
                Raw::Bytes(TextSpan::behind(text, bytes.len()))
            }
        };
        let is_broken = matches!(value, Value::Bytes(bytes) if str::from_utf8(bytes).is_err());
        let start = text.len();
        let outcome = label.write(value, text);
        let mut written = TextSpan::behind(text, text.len() - start);
        // Most values are written as they are.
        if let Raw::Bytes(raw) = raw
            && text[raw.range()] == text[written.range()]
        {
            text.truncate(start);
            written = raw;
        }
        let mut escaped = Vec::new();
        labels::escape(&text[written.range()], &mut escaped);
        let escaped = if escaped == text[written.range()] {
            written
        } else {
            text.extend_from_slice(&escaped);
            TextSpan::behind(text, escaped.len())
        };
        self.list.push(Written {
            hash,
            label: label.number,
            raw,
            value: written,
            escaped,
            outcome,
            is_broken,
            asked: 0,
            holds: 0,
        });
        ValueId((self.list.len() - 1) as u32)
    }

    /// Whether the label has neither value nor default.
    pub(in crate::engine) fn is_missing(&self, id: ValueId) -> bool {
        self.outcome(id).is_missing()
    }

    /// What came of the label.
    pub(in crate::engine) fn outcome(&self, id: ValueId) -> LabelOutcome {
        self.list[id.0 as usize].outcome
    }

    /// Whether what was on the line is not valid UTF-8, so that other bytes may have become the same.
    pub(in crate::engine) fn is_broken(&self, id: ValueId) -> bool {
        self.list[id.0 as usize].is_broken
    }

    /// How often all was forgotten: numbers of values are given again each time.
    pub(in crate::engine) fn generation(&self) -> u64 {
        self.generation
    }

    /// The value as it is.
    pub(in crate::engine) fn text(&self, id: ValueId) -> &[u8] {
        &self.text[self.list[id.0 as usize].value.range()]
    }

    /// The value as it is written among labels.
    pub(in crate::engine) fn escaped(&self, id: ValueId) -> &[u8] {
        &self.text[self.list[id.0 as usize].escaped.range()]
    }

    /// Whether the rule's condition with this number holds of a value.
    pub(in crate::engine) fn holds(&mut self, id: ValueId, number: usize, test: &Test) -> bool {
        let written = &mut self.list[id.0 as usize];
        if written.outcome.is_missing() {
            return false;
        }
        // Conditions beyond the 64th are asked each time.
        let bit = 1_u64.checked_shl(number as u32).unwrap_or(0);
        if written.asked & bit != 0 {
            return written.holds & bit != 0;
        }
        let holds = test.holds(&self.text[written.value.range()]);
        written.asked |= bit;
        if holds {
            written.holds |= bit;
        }
        holds
    }

    /// The hash of a series, of which `labels` are the values of all the rule's labels.
    pub(in crate::engine) fn series_hash(
        &self,
        action: &ActionProgram,
        values: impl Iterator<Item = ValueId>,
    ) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(action.number);
        values.for_each(|id| hasher.write_u32(id.0));
        hasher.finish()
    }

    /// The number that a series has in the batch with this memory.
    pub(in crate::engine) fn series(
        &mut self,
        batch_memory: u64,
        hash: u64,
        action: &ActionProgram,
        values: impl Iterator<Item = ValueId> + Clone,
    ) -> Option<SeriesId> {
        if self.batch_memory != batch_memory {
            self.batch_memory = batch_memory;
            self.forget_series();
        }
        let is_it = |named: &NamedSeries| {
            let known = self.series_values[named.values_start as usize..].iter();
            named.hash == hash
                && named.action == action.number
                && values
                    .clone()
                    .zip(known)
                    .all(|(value, known)| value == *known)
        };
        Some(self.series.find(hash, is_it)?.id)
    }

    /// Remembers the number of a series that [`KnownValues::series`] did not know.
    pub(in crate::engine) fn add_series(
        &mut self,
        hash: u64,
        action: &ActionProgram,
        values: impl Iterator<Item = ValueId>,
        id: SeriesId,
    ) {
        let named = NamedSeries {
            hash,
            action: action.number,
            values_start: self.series_values.len() as u32,
            id,
        };
        self.series_values.extend(values);
        self.series.insert_unique(hash, named, |named| named.hash);
    }
}

impl TextSpan {
    /// The last `length` bytes of a text.
    fn behind(text: &[u8], length: usize) -> TextSpan {
        TextSpan {
            start: (text.len() - length) as u32,
            end: text.len() as u32,
        }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
