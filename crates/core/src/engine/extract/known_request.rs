//! What is remembered of requests with the same labels: their names, and whose conditions hold. Most
//! requests of a log are like others before them, and then one look tells all of it.

use super::{Dimension, Extraction, NUMBERS, NameId};
use crate::engine::rule::Scratch;
use crate::engine::rule::field::Context;
use crate::engine::rule::known_values::{KnownValues, ValueId};
use crate::engine::rule::line_plans::{Key, LinePlans, PlanStep, PlanSteps};
use crate::metrics::batch::SeriesId;

/// Stands for a name that a request does not have. No name has this number.
const NO_NAME: usize = u32::MAX as usize;

/// The steps of a request's plan: each has the numbers of two names, and the last one a bit for each number
/// whose conditions on labels hold. So many requests fit into a processor's cache.
const STEPS: usize = Dimension::COUNT / 2 + 1;

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct KnownRequest {
    pub(super) names: [Option<NameId>; Dimension::COUNT],
    /// Whether the conditions on labels hold of each number.
    pub(super) hold: [bool; NUMBERS],
}

impl KnownRequest {
    #[inline]
    fn of(steps: [PlanStep; STEPS]) -> KnownRequest {
        let name = |place: usize| {
            let step = steps[place / 2];
            match (place % 2, step.action) {
                (0, NO_NAME) => None,
                (0, id) => Some(NameId(id as u32)),
                _ => step.series.map(|id| NameId(id.number())),
            }
        };
        KnownRequest {
            names: std::array::from_fn(name),
            hold: std::array::from_fn(|place| steps[STEPS - 1].action >> place & 1 == 1),
        }
    }

    fn steps(&self) -> [PlanStep; STEPS] {
        let mut steps = [PlanStep::new(0); STEPS];
        for (step, names) in steps.iter_mut().zip(self.names.as_chunks::<2>().0) {
            step.action = names[0].map_or(NO_NAME, |id| id.0 as usize);
            step.series = names[1].map(|id| SeriesId::of(id.0));
        }
        for (place, holds) in self.hold.into_iter().enumerate() {
            steps[STEPS - 1].action |= usize::from(holds) << place;
        }
        steps
    }
}

impl Extraction {
    /// What is known of a request with the labels of the line at hand. `None`: all has to be asked.
    #[inline]
    pub(super) fn known(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
    ) -> Option<KnownRequest> {
        // Names have other numbers in another generation.
        let memory = scratch.known.generation();
        let new =
            |key: &Key<'_>, known: &mut KnownValues, plans: &mut LinePlans, values: &mut _| {
                self.new_request(key, known, plans, values)
            };
        let steps = (self.program).remembered((self.number, memory), context, scratch, new)?;
        scratch.plans.steps(steps).map(KnownRequest::of)
    }

    #[cold]
    fn new_request(
        &self,
        key: &Key<'_>,
        known: &mut KnownValues,
        plans: &mut LinePlans,
        values: &mut Vec<Option<ValueId>>,
    ) -> Option<PlanSteps> {
        let program = &self.program;
        known.begin();
        values.clear();
        values.resize(program.labels.len(), None);
        for (&input, value) in program.inputs.iter().zip(key.values) {
            values[input] = Some(known.value(&program.labels[input], *value));
        }
        let name = |label: Option<usize>| {
            let id = values[label?]?;
            (!known.is_missing(id)).then_some(NameId(id.0))
        };
        let names = self.names.map(name);
        let mut holds = |&number: &usize| program.holds_of_labels(number, values, known);
        let hold = self.numbers.each_ref().map(|number| {
            let mut conditions = number.iter().flat_map(|number| &number.conditions);
            conditions.all(&mut holds)
        });
        let request = KnownRequest { names, hold };
        plans.insert(key, Some(request.steps().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_request_is_read_again() {
        for bits in 0..1_u32 << (Dimension::COUNT + NUMBERS) {
            let has = |place: usize| bits >> place & 1 == 1;
            let request = KnownRequest {
                names: std::array::from_fn(|place| has(place).then_some(NameId(place as u32 * 7))),
                hold: std::array::from_fn(|place| has(Dimension::COUNT + place)),
            };
            assert_eq!(KnownRequest::of(request.steps()), request);
        }
    }
}
