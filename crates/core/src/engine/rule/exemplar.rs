//! Exemplars: the id of a line's trace, with its time.

use super::field::{Context, FieldProgram, Value};
use super::{Program, Scratch, found};
use crate::engine::counts::Counts;
use crate::metrics::batch::{Batch, Exemplar};

impl Program {
    /// The number of the line's exemplar, which is put into the batch when first asked for.
    pub(super) fn exemplar(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
    ) -> Option<u32> {
        let trace = self.trace.as_ref()?;
        if let Some(known) = scratch.exemplar {
            return known;
        }
        let exemplar = self.read_exemplar(trace, context, scratch, batch, counts);
        scratch.exemplar = Some(exemplar);
        exemplar
    }

    fn read_exemplar(
        &self,
        trace: &FieldProgram,
        context: &Context<'_>,
        scratch: &mut Scratch,
        batch: &mut Batch,
        counts: &mut Counts,
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
        let time_seconds = self.times.seconds(context, &found, &mut scratch.recent);
        let exemplar = batch.exemplar(Exemplar {
            trace_id: id,
            time_seconds,
        });
        if time_seconds.is_none() {
            self.count_time(context, scratch, counts);
        }
        Some(exemplar)
    }
}
