//! One rule in the form that runs.

use super::field::{Context, FieldProgram, Found, Value};
use super::label::LabelProgram;
use super::memo::{Memo, ValueId};
use super::pattern::{Groups, Pattern};
use super::recipe::Recipes;
use super::timestamp::Recent;
use super::{Tally, convert};
use crate::metrics::batch::{Batch, Exemplar, SeriesId};
use crate::metrics::definition::MetricId;
use crate::rules::FieldsMode;
use logmetrics_scan::keys::{Keys, UntrustedRange};
use logmetrics_scan::slots::Slots;
use logmetrics_scan::{json, logfmt};

pub(super) mod known;

#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: Box<str>,
    pub(super) pattern: Option<Pattern>,
    pub(super) reader: Option<Reader>,
    pub(super) labels: Vec<LabelProgram>,
    /// What the actions' `where` ask, each once.
    pub(super) conditions: Vec<ConditionProgram>,
    pub(super) actions: Vec<ActionProgram>,
    /// The labels that any action or condition asks for.
    pub(super) inputs: Vec<usize>,
    /// The bits of the slots that actions want: see [`ActionProgram::wanted_slot`].
    pub(super) wanted_slots: u64,
    /// The pattern's groups that these come from, where they come from nothing else.
    pub(super) input_groups: Option<Vec<usize>>,
    pub(super) times: Times,
    pub(super) trace: Option<FieldProgram>,
}

/// Reads a line's own fields.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) mode: FieldsMode,
    pub(super) keys: Keys,
    pub(super) untrusted: Option<UntrustedRange>,
}

/// Where the line's own time is found.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) slot: Option<usize>,
    pub(super) group: Option<usize>,
    pub(super) unpadded_micros: bool,
}

/// One update of one metric.
#[derive(Debug)]
pub(super) struct ActionProgram {
    /// Its place among the actions of all rules.
    pub(super) number: u32,
    pub(super) metric: MetricId,
    /// The metric's name, for messages.
    pub(super) metric_name: Box<str>,
    pub(super) amount: Amount,
    /// Whether the metric's type shows exemplars.
    pub(super) is_traced: bool,
    pub(super) parts: Vec<Part>,
    /// The labels among the parts.
    pub(super) labels: Vec<usize>,
    /// The numbers of the rule's conditions that must hold.
    pub(super) conditions: Vec<usize>,
    /// Those of them that look at fields, which are others on each line.
    pub(super) field_conditions: Vec<usize>,
    /// The slot that the first of them looks at and nothing else: where it is empty there is no
    /// update, and nothing to count.
    pub(super) wanted_slot: Option<usize>,
    /// How the amount is read on most lines, which answers all `field_conditions` at once.
    pub(super) quick: Option<known::QuickNumber>,
}

/// What is added, set or observed.
#[derive(Debug)]
pub(super) enum Amount {
    /// A counter counts one.
    One,
    /// The number in a field.
    Field {
        field: FieldProgram,
        /// A counter cannot go down.
        never_negative: bool,
        reason_missing: usize,
        reason_bad: usize,
        reason_ambiguous: usize,
    },
}

/// A piece of the labels' text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// As it is: `route="`, `",status="`, `"`.
    Text(Box<[u8]>),
    /// The value of this label of the rule.
    Label(usize),
}

/// One `where`: what it looks at must match, whole.
#[derive(Debug)]
pub(super) struct ConditionProgram {
    /// The label's or field's name, for messages.
    pub(super) name: Box<str>,
    pub(super) subject: Subject,
    pub(super) pattern: Pattern,
}

/// What a `where` looks at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A label of the rule, after its tools.
    Label(usize),
    /// A field as it stands on the line.
    Field(FieldProgram),
}

impl Subject {
    /// The slot, where this is a field from one slot.
    pub(super) fn only_slot(&self) -> Option<usize> {
        match self {
            Subject::Field(field) => field.only_slot(),
            Subject::Label(_) => None,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) groups: Groups,
    pub(super) slots: Slots,
    /// The values of the rule's labels on the line at hand, where they were asked for.
    pub(super) labels: Vec<Option<ValueId>>,
    /// Whether each condition holds, where that was asked on the line at hand.
    pub(super) verdicts: Vec<Option<bool>>,
    pub(super) memo: Memo,
    recipes: Recipes,
    pub(super) decoded: Vec<u8>,
    pub(super) recent: Recent,
    /// The exemplar of the line at hand and its number in the batch, where that was asked.
    exemplar: Option<Option<u32>>,
}

impl Scratch {
    /// Buffers that remember at most so many labels' values from line to line.
    #[cfg(test)]
    pub(super) fn remembering(values_max: usize) -> Scratch {
        Scratch {
            memo: Memo::with_max(values_max),
            recipes: Recipes::with_max(values_max),
            ..Scratch::default()
        }
    }
}

/// Why an action made no update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The condition with this number does not hold.
    Condition(usize),
    /// The label with this number has neither value nor default.
    Label(usize),
    /// The value is missing, ambiguous or no number: the reason's number.
    Value(usize),
}

/// Why a rule does not match a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Its pattern is not found.
    Pattern,
    /// The line has no fields of the kind it reads.
    Fields,
}

impl Program {
    /// Whether the rule's pattern is found and its fields can be read; leaves both in `scratch`.
    /// `number` is the rule's place among all.
    #[inline]
    pub(super) fn matches(
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
        if let Some(reader) = &self.reader {
            scratch.slots.clear(&reader.keys);
            // With a pattern that matched, fields are a supplement and may all be absent.
            if !reader.read(context.text, &mut scratch.slots) && self.pattern.is_none() {
                return Err(Mismatch::Fields);
            }
        }
        Ok(())
    }

    /// Makes the updates of a line that matches.
    #[inline]
    pub(super) fn act(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        tally: &mut Tally,
    ) {
        tally.begin_line();
        scratch.exemplar = None;
        if let Some(steps) = self.recipe(context, scratch, batch) {
            return self.follow(steps, context, scratch, batch, tally);
        }
        self.begin(scratch);
        for action in &self.actions {
            if !action.is_idle(scratch) {
                let _ = self.update(action, context, scratch, batch, tally);
            }
        }
    }

    /// Forgets the labels and the conditions of the line before.
    pub(super) fn begin(&self, scratch: &mut Scratch) {
        scratch.labels.clear();
        scratch.labels.resize(self.labels.len(), None);
        scratch.verdicts.clear();
        scratch.verdicts.resize(self.conditions.len(), None);
        scratch.memo.begin();
    }

    /// Makes one update, or says why not.
    pub(super) fn update(
        &self,
        action: &ActionProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        tally: &mut Tally,
    ) -> Result<f64, Refused> {
        for &number in &action.conditions {
            if !self.verdict(number, context, scratch, tally) {
                return Err(Refused::Condition(number));
            }
        }
        // Every label is asked for even when one is missing, so that each that is gets counted.
        let mut missing = None;
        for &label in &action.labels {
            let value = self.label(label, context, scratch, tally);
            if scratch.memo.is_missing(value) {
                tally.trouble(self.labels[label].reason_missing);
                missing = missing.or(Some(label));
            }
        }
        if let Some(label) = missing {
            return Err(Refused::Label(label));
        }
        let value = action
            .amount
            .number(context, scratch, tally)
            .map_err(Refused::Value)?;
        let exemplar = if action.is_traced {
            self.exemplar(context, scratch, batch)
        } else {
            None
        };
        let series = action.series(scratch, batch);
        batch.update(series, value, exemplar);
        Ok(value)
    }

    /// Whether a condition holds; worked out once a line.
    fn verdict(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> bool {
        if let Some(holds) = scratch.verdicts[number] {
            return holds;
        }
        let holds = self.holds(number, context, scratch, tally);
        scratch.verdicts[number] = Some(holds);
        holds
    }

    fn holds(
        &self,
        number: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> bool {
        let condition = &self.conditions[number];
        match &condition.subject {
            Subject::Label(label) => {
                let value = self.label(*label, context, scratch, tally);
                scratch.memo.holds(value, number, &condition.pattern)
            }
            Subject::Field(field) => {
                let found = found(&scratch.groups, &scratch.slots, &self.times);
                match field.value(context, &found, &mut scratch.decoded) {
                    Value::Bytes(bytes) => condition.pattern.is_match(bytes),
                    Value::Absent | Value::Ambiguous => false,
                }
            }
        }
    }

    /// A label's value; worked out once a line.
    fn label(
        &self,
        index: usize,
        context: &Context<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> ValueId {
        if let Some(value) = scratch.labels[index] {
            return value;
        }
        let label = &self.labels[index];
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let value = label.field.value(context, &found, &mut scratch.decoded);
        if matches!(value, Value::Ambiguous) {
            tally.trouble(label.reason_ambiguous);
        }
        let value = scratch.memo.value(label, value);
        scratch.labels[index] = Some(value);
        value
    }

    /// The number of the line's exemplar, which is put into the batch when first asked for.
    fn exemplar(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
    ) -> Option<u32> {
        let trace = self.trace.as_ref()?;
        if let Some(known) = scratch.exemplar {
            return known;
        }
        let exemplar = self.read_exemplar(trace, context, scratch, batch);
        scratch.exemplar = Some(exemplar);
        exemplar
    }

    fn read_exemplar(
        &self,
        trace: &FieldProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
    ) -> Option<u32> {
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        let Value::Bytes(id) = trace.value(context, &found, &mut scratch.decoded) else {
            return None;
        };
        // OpenMetrics allows 128 characters for all labels of an exemplar; real ids have 32.
        // Without branches, or the compiler makes no vector instructions of it.
        let is_plain = |byte: &u8| byte.is_ascii_graphic() & (*byte != b'"') & (*byte != b'\\');
        let fits = (1..=64).contains(&id.len());
        if !(fits && id.iter().fold(true, |plain, byte| plain & is_plain(byte))) {
            return None;
        }
        Some(batch.exemplar(Exemplar {
            trace_id: id,
            time_seconds: self.times.seconds(context, &found, &mut scratch.recent),
        }))
    }
}

pub(super) fn found<'s>(groups: &'s Groups, slots: &'s Slots, times: &'s Times) -> Found<'s> {
    Found {
        groups,
        slots,
        times,
    }
}

impl Reader {
    /// Fills the slots; `false` where the line has no fields of this kind.
    fn read(&self, text: &[u8], slots: &mut Slots) -> bool {
        match self.mode {
            FieldsMode::Logfmt => logfmt::read(text, &self.keys, self.untrusted.as_ref(), slots),
            FieldsMode::Json => json::read(text, &self.keys, slots),
            FieldsMode::Auto if text.trim_ascii_start().starts_with(b"{") => {
                json::read(text, &self.keys, slots)
            }
            FieldsMode::Auto => logfmt::read(text, &self.keys, self.untrusted.as_ref(), slots),
        }
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
        let Scratch { labels, memo, .. } = scratch;
        let values = self.labels.iter().filter_map(|&label| labels[label]);
        let hash = memo.series_hash(self, values.clone());
        if let Some(series) = memo.series(batch.memory(), hash, self, values.clone()) {
            return series;
        }
        let out = batch.labels();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Label(label) => {
                    out.extend_from_slice(labels[*label].map_or(b"", |value| memo.escaped(value)));
                }
            }
        }
        let series = batch.series(self.metric);
        memo.add_series(hash, self, values, series);
        series
    }
}

impl Amount {
    /// The number, or the reason's number after counting it.
    fn number(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<f64, usize> {
        let Amount::Field {
            field,
            never_negative,
            reason_missing,
            reason_bad,
            reason_ambiguous,
        } = self
        else {
            return Ok(1.0);
        };
        let times = Times::default();
        let found = found(&scratch.groups, &scratch.slots, &times);
        let reason = match field.value(context, &found, &mut scratch.decoded) {
            Value::Absent | Value::Bytes(b"") => *reason_missing,
            Value::Ambiguous => *reason_ambiguous,
            Value::Bytes(bytes) => match convert::number(bytes) {
                Some(number) if !(*never_negative && number < 0.0) => return Ok(number),
                _ => *reason_bad,
            },
        };
        tally.trouble(reason);
        Err(reason)
    }
}
