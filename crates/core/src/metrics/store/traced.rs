//! Updates made one by one, for somebody who asks where each went to. Slow, and only for people.

use super::super::batch::{Batch, Update};
use super::super::family::{Landed, Moment};
use super::super::kind::{Operation, Refused};
use super::{Families, Store};

impl Store {
    /// Makes all updates of a batch as [`Store::apply`] does, and shows each that changed the value of a
    /// series, with where limits sent it. Gives the places of those that were refused.
    pub fn apply_traced(
        &self,
        batch: &Batch,
        now_ms: u64,
        mut each: impl FnMut(&Update, Landed<'_>),
    ) -> Vec<usize> {
        let mut families = self.lock();
        let Families {
            list,
            series_created,
            ..
        } = &mut *families;
        let mut moment = Moment::new(now_ms, *series_created);
        let mut refused = Vec::new();
        for (number, update) in batch.updates().iter().enumerate() {
            let named = batch.named(update);
            let Some(family) = list.get_mut(named.metric.0 as usize) else {
                continue;
            };
            let exemplar = || batch.exemplar_of(update);
            let text = || batch.text_of(update);
            let operation = update.operation();
            match family.update(
                &named,
                (operation, update.value),
                text,
                exemplar,
                &mut moment,
            ) {
                Err(Refused) => refused.push(number),
                Ok(()) if is_about_the_series_alone(operation) => {}
                Ok(()) => each(update, family.landed(&named)),
            }
            family.settle_removed();
        }
        *series_created = moment.series_created;
        refused
    }
}

/// Whether an operation creates or removes a series and leaves its value alone.
fn is_about_the_series_alone(operation: Operation) -> bool {
    let operations = [Operation::Delete, Operation::ExpireAfter, Operation::Create];
    operations.contains(&operation)
}
