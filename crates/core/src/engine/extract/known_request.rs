//! What is remembered of requests with the same labels: their names, and whose conditions hold. Most
//! requests of a log are like others before them, and then one look tells all of it.

use super::{Dimension, Extraction, NUMBERS, NameId};
use crate::engine::rule::Scratch;
use crate::engine::rule::Subject;
use crate::engine::rule::field::Context;
use crate::engine::rule::known_values::{KnownValues, ValueId};
use crate::engine::rule::line_plans::{Key, LinePlans, PlanStep, PlanSteps};

/// Stands for a name that a request does not have. No name has this number.
const NO_NAME: usize = u32::MAX as usize;

/// How many steps a request's plan has: for each name its number, and for each of the numbers 1 where its
/// conditions on labels hold.
const STEPS: usize = Dimension::COUNT + NUMBERS;

/// What is known of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownRequest {
    pub(super) names: [Option<NameId>; Dimension::COUNT],
    /// Whether the conditions on labels hold of each number.
    pub(super) hold: [bool; NUMBERS],
}

impl KnownRequest {
    #[inline]
    fn of(steps: [PlanStep; STEPS]) -> KnownRequest {
        KnownRequest {
            names: std::array::from_fn(|place| match steps[place].action {
                NO_NAME => None,
                id => Some(NameId(id as u32)),
            }),
            hold: std::array::from_fn(|place| steps[Dimension::COUNT + place].action == 1),
        }
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
        let name = |label: Option<usize>| match values[label?] {
            Some(id) if !known.is_missing(id) => Some(id.0 as usize),
            _ => None,
        };
        let names = self.names.map(|label| name(label).unwrap_or(NO_NAME));
        let mut holds = |number: &usize| {
            let condition = &program.conditions[*number];
            match condition.subject {
                Subject::Label(label) => {
                    values[label].is_some_and(|value| known.holds(value, *number, &condition.test))
                }
                Subject::Field(_) => true,
            }
        };
        let hold = self.numbers.each_ref().map(|number| {
            let mut conditions = number.iter().flat_map(|number| &number.conditions);
            usize::from(conditions.all(&mut holds))
        });
        plans.insert(key, Some(names.into_iter().chain(hold)))
    }
}
