//! Cached plans of lines: for the raw values of all of a rule's labels and for which
//! fields are there, which of its metrics are updated and which series those updates are of.
//!
//! Lines of one user, route and status come again and again. All that follows from their labels is
//! then one look, and only values and conditions on fields are left to do. It is remembered only
//! where labels are neither ambiguous nor missing nor broken, so that there is nothing to count but
//! updates.
//! Bounded; where values hardly come again it is not tried for a while.
//!
//! Each block of lines drives this out of the processor's nearest caches, so what one line needs
//! is side by side: a small place in the table, then the key and the steps in one piece.

use std::hash::{BuildHasher, Hasher};

use hashbrown::HashTable;

use super::cached::INPUTS_MAX;
use super::field::Value;
use super::known_values::RAW_BYTES_MAX;
use crate::metrics::batch::{SeriesId, spread};
use logmetrics_scan::short_bytes::begins;

/// With more, all are forgotten.
const PLANS_MAX: usize = 16_384;

/// The same, for the bytes of keys and steps.
const BYTES_MAX: usize = 6 << 20;

/// Where fewer lines than so many for each plan were known, remembering costs more than it saves.
const LINES_PER_PLAN_MIN: u64 = 4;

/// How many lines pass then before it is tried again.
const PAUSE_LINES: u64 = 1 << 18;

/// What a line is looked for by.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Key<'k> {
    /// The number of the rule's first action.
    pub(in crate::engine) rule: u32,
    /// Which of the fields are there that actions want, as [`Slots`](logmetrics_scan::slots::Slots)
    /// says.
    pub(in crate::engine) fields: u64,
    /// The raw values of all labels that are asked for, at most [`INPUTS_MAX`].
    pub(in crate::engine) values: &'k [Value<'k>],
}

impl Key<'_> {
    /// A bit for each value that is absent, the first the lowest.
    fn absent(&self) -> u16 {
        let absent = |(number, value): (usize, &Value<'_>)| match value {
            Value::Absent => absent_bit(number),
            Value::Bytes(_) | Value::Ambiguous => 0,
        };
        self.values.iter().enumerate().map(absent).sum()
    }
}

/// What comes of one action of the rule; or two numbers that a report remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct PlanStep {
    /// The action's number within its rule.
    pub(in crate::engine) action: usize,
    /// The series, once there was an update of it.
    pub(in crate::engine) series: Option<SeriesId>,
}

/// The steps of a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct PlanSteps {
    start: usize,
    count: usize,
}

/// Where a plan is: its key, and after that its steps.
#[derive(Debug)]
struct PlanEntry {
    /// The lower half of the key's hash.
    hash: u32,
    start: u32,
}

/// All plans of one thread.
#[derive(Debug)]
pub(in crate::engine) struct LinePlans {
    hasher: foldhash::fast::RandomState,
    table: HashTable<PlanEntry>,
    /// Each plan: its [`Head`], the values that are there, each after its length, then a [`PlanStep`] after
    /// the other.
    bytes: Vec<u8>,
    /// The batch's memory that the series' numbers belong to.
    batch_memory: u64,
    /// The hash of the key that was looked for last.
    key_hash: u32,
    lines: u64,
    /// Lines that are still to pass without a look.
    pause: u64,
    plans_max: usize,
}

impl Default for LinePlans {
    fn default() -> LinePlans {
        LinePlans::with_max(PLANS_MAX)
    }
}

/// What is known for a line.
pub(in crate::engine) enum Lookup {
    PlanSteps(PlanSteps),
    New,
    /// That it has to go the plain way.
    Plain,
}

impl LinePlans {
    /// Remembers at most so many. With 0 every line goes the plain way, which all must equal.
    pub(in crate::engine) fn with_max(plans_max: usize) -> LinePlans {
        LinePlans {
            hasher: foldhash::fast::RandomState::default(),
            table: HashTable::new(),
            bytes: Vec::new(),
            batch_memory: 0,
            key_hash: 0,
            lines: 0,
            pause: if plans_max == 0 { u64::MAX } else { 0 },
            plans_max,
        }
    }

    /// Whether a line is looked for at all, for a batch with this memory.
    #[inline]
    pub(in crate::engine) fn begin(&mut self, batch_memory: u64) -> bool {
        if self.pause > 0 {
            self.pause -= 1;
            return false;
        }
        if self.batch_memory != batch_memory {
            self.forget();
            self.batch_memory = batch_memory;
        }
        self.lines += 1;
        true
    }

    /// What is known for a line. Not a part of its callers, where it would have too few registers.
    #[inline(never)]
    pub(in crate::engine) fn find(&mut self, key: &Key<'_>) -> Lookup {
        let mut hasher = self.hasher.build_hasher();
        let mut absent = 0;
        for (number, value) in key.values.iter().enumerate() {
            match value {
                Value::Bytes(bytes) if bytes.len() <= RAW_BYTES_MAX => hasher.write(bytes),
                Value::Absent => absent |= absent_bit(number),
                Value::Bytes(_) | Value::Ambiguous => return Lookup::Plain,
            }
        }
        hasher.write_u64(key.fields);
        hasher.write_u64(u64::from(absent) << 32 | u64::from(key.rule));
        let hash = hasher.finish() as u32;
        self.key_hash = hash;
        let bytes = self.bytes.as_slice();
        let mut steps = None;
        let is_it = |plan: &PlanEntry| {
            if plan.hash == hash {
                steps = steps_at(bytes, plan.start as usize, (key, absent));
            }
            steps.is_some()
        };
        self.table.find(spread(hash), is_it);
        match steps {
            Some(steps) if steps.count == PLAIN as usize => Lookup::Plain,
            Some(steps) => Lookup::PlanSteps(steps),
            None => Lookup::New,
        }
    }

    /// Remembers what comes of the key that was not found just now: its steps, or nothing where labels are
    /// missing or broken.
    pub(in crate::engine) fn insert(
        &mut self,
        key: &Key<'_>,
        steps: Option<impl Iterator<Item = PlanStep>>,
    ) -> Option<PlanSteps> {
        if self.table.len() >= self.plans_max || self.bytes.len() > BYTES_MAX {
            if self.lines < LINES_PER_PLAN_MIN * self.table.len() as u64 {
                self.pause = PAUSE_LINES;
            }
            self.forget();
        }
        let start = self.bytes.len();
        let head = Head {
            rule: key.rule,
            fields: key.fields,
            absent: key.absent(),
            steps: PLAIN,
        };
        self.bytes.extend(head.as_bytes());
        for value in key.values {
            if let Value::Bytes(bytes) = value {
                self.bytes.extend_from_slice(&length(bytes));
                self.bytes.extend_from_slice(bytes);
            }
        }
        if let Some(steps) = steps {
            let mut count = 0;
            for step in steps {
                self.bytes.extend(step.as_bytes());
                count += 1;
            }
            let head = Head {
                steps: count,
                ..head
            };
            self.bytes[start..start + HEAD_BYTES].copy_from_slice(&head.as_bytes());
        }
        let plan = PlanEntry {
            hash: self.key_hash,
            start: start as u32,
        };
        let rehash = |plan: &PlanEntry| spread(plan.hash);
        self.table.insert_unique(spread(plan.hash), plan, rehash);
        let steps = steps_at(&self.bytes, start, (key, head.absent));
        steps.filter(|steps| steps.count != PLAIN as usize)
    }

    /// The step with this number among those of a line.
    #[inline]
    pub(in crate::engine) fn step(&self, steps: PlanSteps, number: usize) -> Option<PlanStep> {
        if number == steps.count {
            return None;
        }
        let bytes = self.bytes.get(steps.start + number * STEP_BYTES..)?;
        Some(PlanStep::of(bytes.first_chunk()?))
    }

    /// All steps of a line, where there are so many.
    #[inline]
    pub(in crate::engine) fn steps<const N: usize>(
        &self,
        steps: PlanSteps,
    ) -> Option<[PlanStep; N]> {
        let bytes = self.bytes.get(steps.start..)?;
        let (steps, _) = bytes.get(..N * STEP_BYTES)?.as_chunks::<STEP_BYTES>();
        let steps: &[_; N] = steps.first_chunk()?;
        Some(steps.each_ref().map(PlanStep::of))
    }

    /// Notes the series of a step.
    pub(in crate::engine) fn set_series(
        &mut self,
        steps: PlanSteps,
        number: usize,
        series: SeriesId,
    ) {
        let start = steps.start + number * STEP_BYTES;
        let place = self.bytes.get_mut(start..).unwrap_or_default();
        if let Some(bytes) = place.first_chunk_mut::<STEP_BYTES>() {
            let series = Some(series);
            *bytes = PlanStep {
                series,
                ..PlanStep::of(bytes)
            }
            .as_bytes();
        }
    }

    fn forget(&mut self) {
        self.table.clear();
        self.bytes.clear();
        self.lines = 0;
    }
}

/// What a plan begins with.
struct Head {
    rule: u32,
    fields: u64,
    /// See [`Key::absent`].
    absent: u16,
    /// How many steps there are, or [`PLAIN`].
    steps: u16,
}

const HEAD_BYTES: usize = 16;

/// Labels are missing or broken: the plain way counts that.
const PLAIN: u16 = u16::MAX;

impl Head {
    #[inline(always)]
    fn as_bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.fields.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.rule.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.absent.to_le_bytes());
        bytes[14..].copy_from_slice(&self.steps.to_le_bytes());
        bytes
    }
}

const STEP_BYTES: usize = 8;

/// Stands for a series that there is not yet.
const NO_SERIES: u32 = u32::MAX;

impl PlanStep {
    /// An action of which there is no series yet.
    pub(in crate::engine) fn new(action: usize) -> PlanStep {
        PlanStep {
            action,
            series: None,
        }
    }

    #[inline(always)]
    fn of(bytes: &[u8; STEP_BYTES]) -> PlanStep {
        let both = u64::from_le_bytes(*bytes);
        let series = (both >> 32) as u32;
        PlanStep {
            action: both as u32 as usize,
            series: (series != NO_SERIES).then(|| SeriesId::of(series)),
        }
    }

    fn as_bytes(self) -> [u8; STEP_BYTES] {
        let series = self.series.map_or(NO_SERIES, SeriesId::number);
        (u64::from(series) << 32 | self.action as u64).to_le_bytes()
    }
}

/// The length of a value, as it is before its bytes.
#[inline(always)]
fn length(value: &[u8]) -> [u8; 2] {
    (value.len() as u16).to_le_bytes()
}

/// The bit of a value in [`Key::absent`].
#[inline(always)]
fn absent_bit(number: usize) -> u16 {
    const { assert!(INPUTS_MAX <= u16::BITS as usize) };
    1_u16.wrapping_shl(number as u32)
}

/// The steps of the plan that is at `start` of all `bytes`, if this is its key.
#[inline(always)]
fn steps_at(bytes: &[u8], start: usize, (key, absent): (&Key<'_>, u16)) -> Option<PlanSteps> {
    let (head, mut rest) = bytes.get(start..)?.split_first_chunk::<HEAD_BYTES>()?;
    let steps = u16::from_le_bytes([head[14], head[15]]);
    let expected = Head {
        rule: key.rule,
        fields: key.fields,
        absent,
        steps,
    };
    if *head != expected.as_bytes() {
        return None;
    }
    for value in key.values {
        let Value::Bytes(value) = value else {
            continue;
        };
        let (known_length, known) = rest.split_first_chunk::<2>()?;
        if *known_length != length(value) || !begins(known, value) {
            return None;
        }
        rest = known.get(value.len()..)?;
    }
    Some(PlanSteps {
        start: bytes.len() - rest.len(),
        count: usize::from(steps),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'k>(rule: u32, fields: u64, values: &'k [Value<'k>]) -> Key<'k> {
        Key {
            rule,
            fields,
            values,
        }
    }

    #[test]
    fn keys_are_told_apart() {
        let mut plans = LinePlans::default();
        let values: [&[Value<'_>]; 6] = [
            &[Value::Bytes(b"ab"), Value::Bytes(b"c")],
            &[Value::Bytes(b"a"), Value::Bytes(b"bc")],
            &[Value::Absent, Value::Bytes(b"abc")],
            &[Value::Bytes(b""), Value::Bytes(b"abc")],
            &[Value::Bytes(b"abc"), Value::Absent],
            &[Value::Absent, Value::Absent],
        ];
        let mut all = Vec::new();
        for (number, values) in values.into_iter().enumerate() {
            for (rule, fields) in [(7, 0), (8, 0), (7, 1 << 40)] {
                let key = key(rule, fields, values);
                assert!(plans.begin(1));
                assert!(matches!(plans.find(&key), Lookup::New), "{key:?}");
                let actions = [number, all.len()];
                plans.insert(&key, Some(actions.into_iter().map(PlanStep::new)));
                all.push((key, actions));
            }
        }
        for (key, actions) in &all {
            let Lookup::PlanSteps(steps) = plans.find(key) else {
                panic!("{key:?}");
            };
            let found: Vec<usize> = (0..)
                .map_while(|number| plans.step(steps, number))
                .map(|step| step.action)
                .collect();
            assert_eq!(found, actions);
        }
        let ambiguous = key(7, 0, &[Value::Ambiguous]);
        assert!(matches!(plans.find(&ambiguous), Lookup::Plain));
        let long = [b'x'; RAW_BYTES_MAX + 1];
        let long = [Value::Bytes(&long)];
        assert!(matches!(plans.find(&key(7, 0, &long)), Lookup::Plain));
    }

    #[test]
    fn a_series_is_noted_with_its_step_alone() {
        let mut plans = LinePlans::default();
        assert!(plans.begin(1));
        let values = [Value::Bytes(b"x")];
        let key = key(7, 5, &values);
        assert!(matches!(plans.find(&key), Lookup::New));
        let steps = plans
            .insert(&key, Some([3, 70_000].into_iter().map(PlanStep::new)))
            .unwrap();
        plans.set_series(steps, 1, SeriesId::of(9));
        let step = |action, series| Some(PlanStep { action, series });
        assert_eq!(plans.step(steps, 0), step(3, None));
        assert_eq!(plans.step(steps, 1), step(70_000, Some(SeriesId::of(9))));
        assert_eq!(plans.step(steps, 2), None);
        // Where labels are missing there are none.
        let values = [Value::Bytes(b"y")];
        let key = Key {
            values: &values,
            ..key
        };
        assert!(matches!(plans.find(&key), Lookup::New));
        assert!(
            plans
                .insert(&key, None::<std::iter::Empty<PlanStep>>)
                .is_none()
        );
        assert!(matches!(plans.find(&key), Lookup::Plain));
    }

    #[test]
    fn values_that_hardly_come_again_are_left_alone_for_a_while() {
        let mut plans = LinePlans::with_max(10);
        let mut looked = 0;
        for number in 0..PAUSE_LINES {
            let text = number.to_string();
            let values = [Value::Bytes(text.as_bytes())];
            if plans.begin(1) {
                looked += 1;
                assert!(matches!(plans.find(&key(7, 0, &values)), Lookup::New));
                plans.insert(&key(7, 0, &values), Some([PlanStep::new(0)].into_iter()));
            }
        }
        assert!(looked <= 11, "{looked}");
    }
}
