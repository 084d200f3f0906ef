//! One opened file or pipe: where its lines are, and what is held of them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::metrics::self_metrics::SourceCounters;
use logmetrics_follow::line::Origin;
use logmetrics_follow::line::multiline::{Joiner, MultilineByFile};
use logmetrics_follow::line::resume::{self, Resumed};

/// One opened file or pipe.
pub(super) struct Stream {
    pub(super) origin: Origin,
    pub(super) counters: SourceCounters,
    /// The lines of this file.
    pub(super) file_lines: Arc<AtomicU64>,
    pub(super) held: Resumed,
    /// Of which its settings are.
    multiline: Arc<MultilineByFile>,
}

impl Stream {
    pub(super) fn new(
        origin: Origin,
        counters: SourceCounters,
        file_lines: Arc<AtomicU64>,
        multiline: Arc<MultilineByFile>,
        resume_state: &[u8],
    ) -> Stream {
        Stream {
            held: resume::read(resume_state, multiline.of(&origin)),
            origin,
            counters,
            file_lines,
            multiline,
        }
    }

    /// Takes up settings that were reloaded.
    #[inline]
    pub(super) fn take_up(&mut self, multiline: &Arc<MultilineByFile>) {
        if !Arc::ptr_eq(&self.multiline, multiline) {
            self.take_up_changed(multiline);
        }
    }

    #[cold]
    fn take_up_changed(&mut self, multiline: &Arc<MultilineByFile>) {
        self.multiline = Arc::clone(multiline);
        let settings = multiline.of(&self.origin);
        match &mut self.held.joiner {
            Some(joiner) => joiner.set(settings),
            joiner => *joiner = settings.map(Joiner::new).map(Box::new),
        }
    }

    pub(super) fn resume_state(&self, out: &mut Vec<u8>) {
        let Resumed {
            framer,
            unwrapper,
            joiner,
        } = &self.held;
        resume::write(framer, unwrapper, joiner.as_deref(), out);
    }

    /// What is held of `from` goes on here.
    pub(super) fn take_over(&mut self, from: &mut Stream) {
        self.held.unwrapper = std::mem::take(&mut from.held.unwrapper);
        let Some(from) = from
            .held
            .joiner
            .as_mut()
            .filter(|from| from.holds_anything())
        else {
            return;
        };
        // Without settings what is held is whole, and handed on with the next block.
        let joiner = self.held.joiner.get_or_insert_default();
        joiner.take_over(from);
    }

    pub(super) fn holds_records(&self) -> bool {
        let joiner = self.held.joiner.as_ref();
        joiner.is_some_and(|joiner| joiner.holds_records())
    }
}
