//! Lines whose labels have been seen before: the updates of [`Program::update`], by what is
//! remembered of them.

use super::amount::Amount;
use super::byte_class::Numbers;
use super::field::{Context, FieldProgram, Found, ReadAs, Value};
use super::known_values::{KnownValues, ValueId};
use super::label::LabelOutcome;
use super::line_plans::{Key, LinePlans, Lookup, PlanStep, PlanSteps};
use super::{ActionProgram, Program, Scratch, Subject, found};
use crate::engine::convert::Short;
use crate::engine::counts::Counts;
use crate::metrics::batch::Batch;
use logmetrics_scan::escape::unescape;
use logmetrics_scan::slots::{Slots, slot_bit};

/// With more labels a line goes the plain way.
pub(super) const INPUTS_MAX: usize = 16;

impl Program {
    /// What lines with these labels lead to, where that can be remembered.
    #[inline(always)]
    pub(in crate::engine) fn plan(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &Batch,
    ) -> Option<PlanSteps> {
        let rule = self.actions.first()?.number;
        let new = |key: &Key<'_>,
                   known: &mut KnownValues,
                   plans: &mut LinePlans,
                   values: &mut _| { self.new_plan(key, known, plans, values) };
        self.remembered((rule, batch.memory()), context, scratch, new)
    }

    /// The steps that are remembered of lines with these labels, or for new ones those that `new` makes,
    /// where that can be remembered. `rule` is the program's number among all whose plans these are.
    #[inline(always)]
    pub(in crate::engine) fn remembered(
        &self,
        (rule, memory): (u32, u64),
        context: &Context<'_>,
        scratch: &mut Scratch,
        new: impl FnOnce(
            &Key<'_>,
            &mut KnownValues,
            &mut LinePlans,
            &mut Vec<Option<ValueId>>,
        ) -> Option<PlanSteps>,
    ) -> Option<PlanSteps> {
        if !scratch.plans.begin(memory) {
            return None;
        }
        let mut values = [Value::Absent; INPUTS_MAX];
        let inputs = self.inputs.len();
        // Which bytes of a repaired line were broken is not remembered.
        if scratch.groups.is_repaired() {
            return None;
        }
        if let Some(groups) = &self.input_groups {
            if !scratch.groups.values(groups, context.text, &mut values) {
                return None;
            }
        } else if inputs <= INPUTS_MAX {
            let found = found(&scratch.groups, &scratch.slots, &self.times);
            self.input_values(context, &found, &mut scratch.decoded, &mut values);
        }
        let key = Key {
            rule,
            fields: scratch.slots.bits() & self.wanted_slots,
            values: values.get(..inputs)?,
        };
        match scratch.plans.find(&key) {
            Lookup::PlanSteps(steps) => Some(steps),
            Lookup::Plain => None,
            Lookup::New => {
                scratch.labels_are_known = true;
                let Scratch {
                    known,
                    plans,
                    labels,
                    ..
                } = scratch;
                new(&key, known, plans, labels)
            }
        }
    }

    /// The values of all labels that are asked for.
    #[inline(always)]
    fn input_values<'a>(
        &self,
        context: &Context<'a>,
        found: &Found<'a>,
        decoded: &'a mut Vec<u8>,
        values: &mut [Value<'a>; INPUTS_MAX],
    ) {
        let mut escaped = 0;
        for (number, (&input, value)) in self.inputs.iter().zip(values.iter_mut()).enumerate() {
            let field = &self.labels[input].field;
            // Many labels are of fields that few lines have.
            if field.is_surely_absent(found) {
                continue;
            }
            if let Some(bytes) = field.usual_value(context, found) {
                *value = Value::Bytes(bytes);
                continue;
            }
            let mut read_as = ReadAs::Plain;
            let bytes = field.locate(context, found, &mut read_as);
            match (bytes, read_as) {
                (None, ReadAs::Ambiguous) => *value = Value::Ambiguous,
                (None, _) => {}
                (Some(bytes), read_as) => {
                    *value = Value::Bytes(bytes);
                    escaped |= u16::from(read_as == ReadAs::Escaped) << number;
                }
            }
        }
        if escaped != 0 {
            decode(escaped, decoded, values);
        }
    }

    #[cold]
    fn new_plan(
        &self,
        key: &Key<'_>,
        known: &mut KnownValues,
        plans: &mut LinePlans,
        values: &mut Vec<Option<ValueId>>,
    ) -> Option<PlanSteps> {
        known.begin();
        values.clear();
        values.resize(self.labels.len(), None);
        for (&input, value) in self.inputs.iter().zip(key.values) {
            let value = known.value(&self.labels[input], *value);
            // Lines with such labels are counted, each of them.
            if known.outcome(value) != LabelOutcome::Written || known.is_broken(value) {
                return plans.insert(key, None::<std::iter::Empty<PlanStep>>);
            }
            values[input] = Some(value);
        }
        let mut holds = |number| self.holds_of_labels(number, values, known);
        let actions = self.actions.iter().enumerate().filter(|(_, action)| {
            let wanted = action.wanted_slot.map(slot_bit);
            wanted.is_none_or(|wanted| key.fields & wanted != 0)
                && action.conditions.iter().all(|&number| holds(number))
        });
        plans.insert(key, Some(actions.map(|(number, _)| PlanStep::new(number))))
    }

    /// Whether a condition holds, as far as labels with these values tell.
    pub(in crate::engine) fn holds_of_labels(
        &self,
        number: usize,
        values: &[Option<ValueId>],
        known: &mut KnownValues,
    ) -> bool {
        let condition = &self.conditions[number];
        match condition.subject {
            Subject::Label(label) => {
                values[label].is_some_and(|value| known.holds(value, number, &condition.test))
            }
            Subject::Field(_) => true,
        }
    }

    /// An action's amount, where its conditions on fields hold.
    fn amount(
        &self,
        action: &ActionProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Option<f64> {
        // Hardly any two ask for the same field: the answers are not kept.
        let mut conditions = action.field_conditions.iter();
        if !conditions.all(|&number| self.holds(number, context, scratch, counts)) {
            return None;
        }
        let amount = &action.amount;
        amount.number(context, scratch, &self.times, counts).ok()
    }

    /// Makes the updates of a line whose labels are known: what [`Program::update`] makes.
    #[inline(always)]
    pub(in crate::engine) fn apply_cached(
        &self,
        steps: PlanSteps,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) {
        // Labels of the line before are forgotten only where any is asked for. Those of a new plan
        // were worked out just now.
        let mut begun = scratch.labels_are_known;
        for place in 0.. {
            let Some(step) = scratch.plans.step(steps, place) else {
                return;
            };
            let Some(action) = self.actions.get(step.action) else {
                continue;
            };
            let quick = action.quick.read(context, &scratch.slots);
            let Some(value) = quick.or_else(|| self.amount(action, context, scratch, counts))
            else {
                continue;
            };
            let exemplar = if action.is_traced {
                self.exemplar(context, scratch, batch, counts)
            } else {
                None
            };
            let series = step.series.unwrap_or_else(|| {
                if !begun {
                    self.begin(scratch);
                    begun = true;
                }
                for &label in &action.labels {
                    self.label(label, context, scratch, counts);
                }
                let series = action.series(scratch, batch);
                scratch.plans.set_series(steps, place, series);
                series
            });
            batch.update(series, action.operation, value, exemplar);
        }
    }
}

/// How an action's amount is told on most lines, and whether its conditions on fields hold.
#[derive(Debug, PartialEq)]
pub(in crate::engine) enum QuickAmount {
    /// It is always this, and there are no such conditions.
    Constant(f64),
    /// It is this number, where it is there.
    Number(QuickNumber),
    /// All has to be asked.
    Unknown,
}

impl QuickAmount {
    /// For an action with this amount, whose conditions on fields are these.
    pub(in crate::engine) fn new<'c>(
        amount: &Amount,
        mut conditions: impl Iterator<Item = (&'c Subject, Numbers)>,
    ) -> QuickAmount {
        match amount {
            Amount::Constant(amount) if conditions.next().is_none() => {
                QuickAmount::Constant(*amount)
            }
            Amount::Field { field, .. } => QuickNumber::new(field, conditions)
                .map_or(QuickAmount::Unknown, QuickAmount::Number),
            Amount::Constant(_) | Amount::Read(_) => QuickAmount::Unknown,
        }
    }

    /// The amount, where the conditions hold. `None` says nothing.
    #[inline(always)]
    pub(in crate::engine) fn read(&self, context: &Context<'_>, slots: &Slots) -> Option<f64> {
        match self {
            QuickAmount::Constant(amount) => Some(*amount),
            QuickAmount::Number(number) => number.read(context, slots),
            QuickAmount::Unknown => None,
        }
    }
}

/// A number that is in one slot, and is all that an action's conditions on fields ask about.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) struct QuickNumber {
    slot: usize,
    trusted_only: bool,
    after: Option<usize>,
    /// Whether the conditions hold for numbers with units, too.
    with_units: bool,
}

impl QuickNumber {
    /// For the number in `field`, where all `conditions` hold for any short number in it.
    fn new<'c>(
        field: &FieldProgram,
        conditions: impl Iterator<Item = (&'c Subject, Numbers)>,
    ) -> Option<QuickNumber> {
        let slot = field.only_slot().filter(|_| field.parts.is_none())?;
        let mut numbers = Numbers::All;
        for (subject, taken) in conditions {
            let Subject::Field(asked) = subject else {
                return None;
            };
            let is_same = asked.only_slot() == Some(slot)
                && asked.parts.is_none()
                && asked.trusted_only == field.trusted_only
                && asked.after == field.after;
            if !is_same {
                return None;
            }
            numbers = numbers.min(taken);
        }
        (numbers > Numbers::Some).then_some(QuickNumber {
            slot,
            trusted_only: field.trusted_only,
            after: field.after,
            with_units: numbers == Numbers::All,
        })
    }

    /// The number, where the conditions hold. `None` says nothing.
    #[inline(always)]
    fn read(&self, context: &Context<'_>, slots: &Slots) -> Option<f64> {
        let matches = slots.matches(self.slot, self.trusted_only)?;
        let bytes = matches.only(context.text)?;
        if self
            .after
            .is_some_and(|after| !slots.is_behind(self.slot, after))
        {
            return None;
        }
        let short = Short::read(bytes)?;
        (self.with_units || !short.has_unit).then_some(short.value)
    }
}

/// Resolves the escapes of those values whose bit is set, the first the lowest; `room` takes them all.
#[inline(never)]
fn decode<'a>(escaped: u16, room: &'a mut Vec<u8>, values: &mut [Value<'a>; INPUTS_MAX]) {
    let has_escapes = |number: usize| escaped >> number & 1 != 0;
    room.clear();
    let mut ends = [0; INPUTS_MAX];
    for (number, (value, end)) in values.iter().zip(&mut ends).enumerate() {
        if let Value::Bytes(bytes) = value
            && has_escapes(number)
        {
            unescape(bytes, room);
        }
        *end = room.len();
    }
    let mut start = 0;
    for (number, (value, end)) in values.iter_mut().zip(ends).enumerate() {
        if has_escapes(number) {
            *value = Value::Bytes(&room[start..end]);
        }
        start = end;
    }
}
