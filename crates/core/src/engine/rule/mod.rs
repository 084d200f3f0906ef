//! One rule in the form that runs.
//!
//! # What is remembered from line to line
//!
//! None of these changes a result: each is compared with the line or the store before it is used, and
//! tests hold the engine with and without memory equal (`engine/tests/known_values.rs`).
//!
//! | what | where | why |
//! | --- | --- | --- |
//! | plan of a line: which updates follow from the raw values of all labels | [`line_plans`] | warm logs: 17 to 26 % of all instructions |
//! | values of labels after their tools, with the conditions on them | [`known_values`] | new users: a label's tools run once a value |
//! | series by the numbers of their labels' values | [`known_values`] | new users: labels of several metrics are written once |
//! | series of a batch, and where the store had each | `metrics/batch.rs` | a series is hashed once, and found by its slot |
//! | the second read last | `times/mod.rs` | the library reads a date once a second |
//! | where a pattern matched last | `scan::plan::Hint` | 3 to 8 % of JSON |
//! | the order of a program's JSON keys | `scan::json::key_order` | 43 % of JSON |
//! | labels, conditions and exemplar of the line at hand | [`Scratch`] | several metrics of one rule ask for the same |
//!
//! Plans and values are two memories on purpose. A plan answers a line that came before as a whole, with
//! one look; it is of no use where each line has a new user, and then the values of its other labels
//! are still known. A line that is new as a whole has its labels worked out once, for its plan.

use super::counts::Counts;
use super::timestamp::Recent;
use crate::metrics::batch::{Batch, SeriesId};
use crate::metrics::definition::MetricId;
use crate::metrics::kind::Operation;
use logmetrics_scan::slots::Slots;

mod amount;
pub(in crate::engine) mod build;
mod build_special;
mod byte_class;
pub(in crate::engine) mod cached;
mod exemplar;
pub(in crate::engine) mod factor;
pub(in crate::engine) mod field;
mod file_path;
pub(in crate::engine) mod further;
pub(in crate::engine) mod known_values;
pub(in crate::engine) mod label;
pub(in crate::engine) mod line_plans;
mod parts;
pub mod pattern;
mod reader;
mod special;
pub(in crate::engine) mod test;
mod times;
mod unclosed;

pub(in crate::engine) use amount::Amount;
use field::{Context, FieldProgram, Found, Value};
pub(in crate::engine) use further::{Mismatch, Then};
use known_values::{KnownValues, ValueId};
use label::{LabelOutcome, LabelProgram, has_replacement};
use line_plans::LinePlans;
use pattern::{Groups, Pattern};
pub(in crate::engine) use reader::FieldReader;
use reader::ReadOutcome;
use special::{OtherText, Special};
use test::Test;
pub(in crate::engine) use times::Times;

#[derive(Debug)]
pub(in crate::engine) struct Program {
    pub(in crate::engine) name: Box<str>,
    pub(in crate::engine) pattern: Option<Pattern>,
    pub(in crate::engine) then: Then,
    pub(in crate::engine) labels: Vec<LabelProgram>,
    /// What the fields of a line of JSON must match.
    pub(in crate::engine) json_conditions: Vec<ConditionProgram>,
    /// The labels of the metrics that every line of the rule updates; `None` where there is no such
    /// metric.
    pub(in crate::engine) needed_labels: Option<Vec<usize>>,
    /// What the actions' `where` ask, each once.
    pub(in crate::engine) conditions: Vec<ConditionProgram>,
    pub(in crate::engine) actions: Vec<ActionProgram>,
    /// The labels that any action or condition asks for.
    pub(in crate::engine) inputs: Vec<usize>,
    /// The bits of the slots that actions want: see [`ActionProgram::wanted_slot`].
    pub(in crate::engine) wanted_slots: u64,
    /// The pattern's groups that these come from, where they come from nothing else.
    pub(in crate::engine) input_groups: Option<Vec<usize>>,
    pub(in crate::engine) times: Times,
    pub(in crate::engine) trace: Option<FieldProgram>,
    pub(in crate::engine) special: Option<Box<Special>>,
    /// Whether later rules do not see a line that this one matches.
    pub(in crate::engine) is_final: bool,
}

/// One update of one metric.
#[derive(Debug)]
pub(in crate::engine) struct ActionProgram {
    /// Its place among the actions of all rules.
    pub(in crate::engine) number: u32,
    pub(in crate::engine) metric: MetricId,
    /// The metric's name, for messages.
    pub(in crate::engine) metric_name: Box<str>,
    pub(in crate::engine) amount: Amount,
    /// What is done with the amount.
    pub(in crate::engine) operation: Operation,
    /// Whether the metric's type shows exemplars.
    pub(in crate::engine) is_traced: bool,
    pub(in crate::engine) parts: Vec<Part>,
    /// The labels among the parts.
    pub(in crate::engine) labels: Vec<usize>,
    /// The numbers of the rule's conditions that must hold.
    pub(in crate::engine) conditions: Vec<usize>,
    /// Those of them that look at fields, which are others on each line.
    pub(in crate::engine) field_conditions: Vec<usize>,
    /// The slot that the first of them looks at and nothing else: where it is empty there is no
    /// update, and nothing to count.
    pub(in crate::engine) wanted_slot: Option<usize>,
    /// How the amount is read on most lines, which answers all `field_conditions` at once.
    pub(in crate::engine) quick: cached::QuickAmount,
}

/// A piece of the labels' text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Part {
    /// As it is: `route="`, `",status="`, `"`.
    Text(Box<[u8]>),
    /// The value of this label of the rule.
    Label(usize),
}

/// One `where`: what must hold of what it looks at.
#[derive(Debug)]
pub(in crate::engine) struct ConditionProgram {
    /// The label's or field's name, for messages.
    pub(in crate::engine) name: Box<str>,
    pub(in crate::engine) subject: Subject,
    pub(in crate::engine) test: Test,
}

/// What a `where` looks at.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Subject {
    /// A label of the rule, after its tools.
    Label(usize),
    /// A field as it is on the line.
    Field(FieldProgram),
}

impl Subject {
    /// The slot, where this is a field from one slot.
    pub(in crate::engine) fn only_slot(&self) -> Option<usize> {
        match self {
            Subject::Field(field) => field.only_slot(),
            Subject::Label(_) => None,
        }
    }
}

#[derive(Debug, Default)]
pub(in crate::engine) struct Scratch {
    pub(in crate::engine) groups: Groups,
    pub(in crate::engine) slots: Slots,
    /// Those of the line around the text that is read.
    outer_slots: Slots,
    /// That text.
    other: OtherText,
    /// The values of the rule's labels on the line at hand, where they were asked for.
    pub(in crate::engine) labels: Vec<Option<ValueId>>,
    /// Whether they are those of the line at hand already.
    labels_are_known: bool,
    /// Whether each condition holds, where that was asked on the line at hand.
    pub(in crate::engine) conditions: Vec<Option<bool>>,
    pub(in crate::engine) known: KnownValues,
    pub(in crate::engine) plans: LinePlans,
    pub(in crate::engine) decoded: Vec<u8>,
    pub(in crate::engine) recent: Recent,
    /// The exemplar of the line at hand and its number in the batch, where that was asked.
    exemplar: Option<Option<u32>>,
}

impl Scratch {
    /// Buffers that remember at most so many labels' values from line to line.
    #[cfg(test)]
    pub(in crate::engine) fn remembering(values_max: usize) -> Scratch {
        Scratch {
            known: KnownValues::with_max(values_max),
            plans: LinePlans::with_max(values_max),
            ..Scratch::default()
        }
    }
}

/// Why an action made no update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Skipped {
    /// The condition with this number does not hold.
    Condition(usize),
    /// The label with this number has neither value nor default.
    Label(usize),
    /// The value is missing, ambiguous or no number: the error's number.
    Value(usize),
}

impl Program {
    /// Whether the rule's pattern is found and its fields can be read; leaves both in `scratch`.
    /// `number` is the rule's place among all.
    #[inline(always)]
    pub(in crate::engine) fn matches(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), Mismatch> {
        match &self.pattern {
            Some(pattern) if !pattern.matches(number, context.text, &mut scratch.groups) => {
                return Err(Mismatch::Pattern);
            }
            Some(_) => {}
            None => scratch.groups.clear(),
        }
        let reader = match &self.then {
            Then::Nothing => return Ok(()),
            Then::Read(reader) => reader,
            Then::Patterns(further, reader) => {
                let first = self.pattern.as_ref().map(|pattern| (number, pattern));
                further.matches(first, context.text, &mut scratch.groups)?;
                match reader {
                    Some(reader) => reader,
                    None => return Ok(()),
                }
            }
        };
        scratch.slots.clear(&reader.keys);
        let outcome = reader.read(context.text, &mut scratch.slots);
        self.judge(outcome, reader, context, scratch)
    }

    /// Whether a line is of the rule, after its fields were read with this outcome.
    #[inline(always)]
    fn judge(
        &self,
        outcome: ReadOutcome,
        reader: &FieldReader,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), Mismatch> {
        match outcome {
            ReadOutcome::Pairs => Ok(()),
            ReadOutcome::Json => self.check_json(context, scratch),
            // With a pattern that matched, fields are a supplement and may all be absent.
            ReadOutcome::NoFields if self.pattern.is_some() => Ok(()),
            ReadOutcome::NoFields => Err(Mismatch::Fields),
            // What cannot be read is not absent: no default may speak for it.
            ReadOutcome::Broken if self.read_unclosed(reader, context, scratch) => {
                self.check_json(context, scratch)
            }
            ReadOutcome::Broken => Err(Mismatch::Unreadable),
            ReadOutcome::Elsewhere => self.read_elsewhere(context, scratch),
        }
    }

    /// Whether the fields that a line of JSON must have are as the rule asks.
    #[inline]
    fn check_json(&self, context: &Context<'_>, scratch: &mut Scratch) -> Result<(), Mismatch> {
        for (number, condition) in self.json_conditions.iter().enumerate() {
            let Subject::Field(field) = &condition.subject else {
                continue;
            };
            // Nearly always the field is there once, without escapes.
            let slot = field.only_slot();
            let usual =
                slot.and_then(|slot| scratch.slots.matches(slot, false)?.only(context.text));
            let holds = match usual {
                Some(bytes) => condition.test.holds(bytes),
                None => self.holds_of_field(condition, field, context, scratch),
            };
            if !holds {
                return Err(Mismatch::Json(number));
            }
        }
        Ok(())
    }

    /// The error that a bad value for a metric is counted as, where the rule has values for it.
    pub(in crate::engine) fn bad_value_of(&self, metric: MetricId) -> Option<usize> {
        let mut actions = self.actions.iter().filter(|action| action.metric == metric);
        actions.find_map(|action| action.amount.error_bad())
    }

    /// Makes the updates of a line that matches.
    #[inline]
    pub(in crate::engine) fn act(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) {
        counts.begin_line();
        if self.times.is_checked {
            self.check_time(context, scratch, counts);
        }
        self.act_once(context, scratch, batch, counts);
    }

    /// The same, which may not be all that the rule makes of the line.
    #[inline(always)]
    fn act_once(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) {
        scratch.exemplar = None;
        scratch.labels_are_known = false;
        if let Some(steps) = self.plan(context, scratch, batch) {
            return self.apply_cached(steps, context, scratch, batch, counts);
        }
        self.begin(scratch);
        for action in &self.actions {
            if !action.is_idle(scratch) {
                let _ = self.update(action, context, scratch, batch, counts);
            }
        }
    }

    /// Forgets the labels and the conditions of the line before.
    pub(in crate::engine) fn begin(&self, scratch: &mut Scratch) {
        scratch.labels.clear();
        scratch.labels.resize(self.labels.len(), None);
        scratch.conditions.clear();
        scratch.conditions.resize(self.conditions.len(), None);
        scratch.known.begin();
    }

    /// Makes one update, or says why not.
    pub(in crate::engine) fn update(
        &self,
        action: &ActionProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) -> Result<f64, Skipped> {
        for &number in &action.conditions {
            if !self.holds_once(number, context, scratch, counts) {
                return Err(Skipped::Condition(number));
            }
        }
        // Every label is asked for even when one is missing, so that each that is gets counted.
        let mut missing = None;
        for &label in &action.labels {
            let value = self.label(label, context, scratch, counts);
            if scratch.known.is_missing(value) {
                counts.field_error(self.labels[label].error_missing);
                missing = missing.or(Some(label));
            }
        }
        if let Some(label) = missing {
            return Err(Skipped::Label(label));
        }
        let value = action
            .amount
            .number(context, scratch, &self.times, counts)
            .map_err(Skipped::Value)?;
        let exemplar = if action.is_traced {
            self.exemplar(context, scratch, batch, counts)
        } else {
            None
        };
        let series = action.series(scratch, batch);
        batch.update(series, action.operation, value, exemplar);
        Ok(value)
    }

    /// Whether a condition holds; worked out once a line.
    pub(in crate::engine) fn holds_once(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> bool {
        if let Some(holds) = scratch.conditions[number] {
            return holds;
        }
        let holds = self.holds(number, context, scratch, counts);
        scratch.conditions[number] = Some(holds);
        holds
    }

    pub(in crate::engine) fn holds(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> bool {
        let condition = &self.conditions[number];
        match &condition.subject {
            Subject::Label(label) => {
                let value = self.label(*label, context, scratch, counts);
                scratch.known.holds(value, number, &condition.test)
            }
            Subject::Field(field) => self.holds_of_field(condition, field, context, scratch),
        }
    }

    fn holds_of_field(
        &self,
        condition: &ConditionProgram,
        field: &FieldProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        match field.value(context, &found, &mut scratch.decoded) {
            Value::Bytes(bytes) => condition.test.holds(bytes),
            Value::Absent | Value::Ambiguous => false,
        }
    }

    /// A label's value; worked out once a line.
    pub(in crate::engine) fn label(
        &self,
        index: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> ValueId {
        if let Some(value) = scratch.labels[index] {
            return value;
        }
        let label = &self.labels[index];
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let value = label.field.value(context, &found, &mut scratch.decoded);
        // The regex was given a repaired copy of the line.
        let was_repaired = scratch.groups.is_repaired() && has_replacement(value);
        let value = scratch.known.value(label, value);
        if was_repaired || scratch.known.is_broken(value) {
            counts.broken_label();
        }
        match scratch.known.outcome(value) {
            LabelOutcome::Written | LabelOutcome::Missing => {}
            LabelOutcome::Ambiguous => counts.field_error(label.error_ambiguous),
            LabelOutcome::NotListed | LabelOutcome::MissingAsNotListed => {
                let lookup = label.lookup.as_ref();
                lookup
                    .iter()
                    .for_each(|one| counts.field_error(one.error_miss));
            }
        }
        scratch.labels[index] = Some(value);
        value
    }
}

pub(in crate::engine) fn found<'s>(
    groups: &'s Groups,
    slots: &'s Slots,
    times: &'s Times,
) -> Found<'s> {
    Found {
        groups,
        slots,
        times,
    }
}

impl ActionProgram {
    /// Whether there is surely no update, and nothing to count.
    #[inline]
    fn is_idle(&self, scratch: &Scratch) -> bool {
        self.wanted_slot
            .is_some_and(|slot| scratch.slots.matches(slot, false).is_none())
    }

    /// The number of the series with the labels of the line at hand, all of which are worked out.
    fn series(&self, scratch: &mut Scratch, batch: &mut Batch) -> SeriesId {
        let Scratch { labels, known, .. } = scratch;
        let values = self.labels.iter().filter_map(|&label| labels[label]);
        let hash = known.series_hash(self, values.clone());
        if let Some(series) = known.series(batch.memory(), hash, self, values.clone()) {
            return series;
        }
        let out = batch.labels();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Label(label) => {
                    out.extend_from_slice(labels[*label].map_or(b"", |value| known.escaped(value)));
                }
            }
        }
        let series = batch.series(self.metric);
        known.add_series(hash, self, values, series);
        series
    }
}
