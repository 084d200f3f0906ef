//! Lines whose labels have been seen before: the updates of [`Program::update`], by what is
//! remembered of them.

use super::{Program, Scratch, Subject, found};
use crate::engine::Tally;
use crate::engine::field::Context;
use crate::engine::recipe::{Known, Steps};
use crate::metrics::batch::Batch;

impl Program {
    /// What lines with these labels lead to, where that can be remembered.
    pub(super) fn recipe(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &Batch,
    ) -> Option<Steps> {
        let rule = self.actions.first()?.number;
        if !scratch.recipes.begin(rule, batch.memory()) {
            return None;
        }
        let found = found(&scratch.groups, &scratch.slots, &self.times);
        for &input in &self.inputs {
            let field = &self.labels[input].field;
            let value = field.value(context, &found, &mut scratch.decoded);
            if !scratch.recipes.add(value) {
                return None;
            }
        }
        match scratch.recipes.find() {
            Known::Steps(steps) => Some(steps),
            Known::Plain => None,
            Known::New => self.new_recipe(context, scratch),
        }
    }

    #[cold]
    fn new_recipe(&self, context: &Context<'_>, scratch: &mut Scratch) -> Option<Steps> {
        let mut values = vec![None; self.labels.len()];
        for &input in &self.inputs {
            let label = &self.labels[input];
            let found = found(&scratch.groups, &scratch.slots, &self.times);
            let value = label.field.value(context, &found, &mut scratch.decoded);
            let value = scratch.memo.value(label, value);
            if scratch.memo.is_missing(value) {
                return scratch.recipes.insert(None::<std::iter::Empty<bool>>);
            }
            values[input] = Some(value);
        }
        let Scratch { memo, recipes, .. } = scratch;
        let fires = self.actions.iter().map(|action| {
            action.conditions.iter().all(|&number| {
                let condition = &self.conditions[number];
                match condition.subject {
                    Subject::Label(label) => values[label]
                        .is_some_and(|value| memo.holds(value, number, &condition.pattern)),
                    Subject::Field(_) => true,
                }
            })
        });
        recipes.insert(Some(fires))
    }

    /// Makes the updates of a line whose labels are known: what [`Program::update`] makes.
    pub(super) fn follow(
        &self,
        steps: Steps,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        tally: &mut Tally,
    ) {
        for (number, action) in self.actions.iter().enumerate() {
            let step = *scratch.recipes.step(steps, number);
            if !step.fires || action.is_idle(scratch) {
                continue;
            }
            let conditions = &action.field_conditions;
            if !(conditions.iter()).all(|&number| self.verdict(number, context, scratch, tally)) {
                continue;
            }
            let Ok(value) = action.amount.number(context, scratch, tally) else {
                continue;
            };
            let exemplar = if action.is_traced {
                self.exemplar(context, scratch, batch)
            } else {
                None
            };
            let series = step.series.unwrap_or_else(|| {
                for &label in &action.labels {
                    self.label(label, context, scratch, tally);
                }
                let series = action.series(scratch, batch);
                scratch.recipes.step(steps, number).series = Some(series);
                series
            });
            batch.update(series, value, exemplar);
        }
    }
}
