//! Files that were left, in case they come back under a name that matches, or compressed.
//!
//! Bounded; the oldest is forgotten first, here and in the ledger.

use std::collections::VecDeque;

use crate::identity::FileId;
use crate::ledger::Ledger;

/// More files than this that were left and come back are hardly ever the same ones.
const FILES_MAX: usize = 4096;

/// Files that are noted in the ledger and not open, in the order in which they were left.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    order: VecDeque<FileId>,
}

impl Remembered {
    /// Keeps what the ledger notes of a file, and lets it forget the oldest if there are too many.
    pub(super) fn keep(&mut self, id: FileId, ledger: &Ledger) {
        self.forget(id);
        self.order.push_back(id);
        while self.order.len() > FILES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                ledger.step().forget(oldest);
            }
        }
    }

    /// The file is open again.
    pub(super) fn forget(&mut self, id: FileId) {
        self.order.retain(|kept| *kept != id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Position, SavedFile};

    #[test]
    fn the_oldest_is_forgotten_first() {
        let (mut remembered, ledger) = (Remembered::default(), Ledger::default());
        let id = |inode| FileId { device: 1, inode };
        for inode in 0..=FILES_MAX as u64 {
            ledger.step().note(SavedFile {
                source: Arc::from("x"),
                path: "x".into(),
                position: Position::start(id(inode)),
                carried: Vec::new(),
                left: true,
                packed: false,
            });
            remembered.keep(id(inode), &ledger);
        }
        assert_eq!(ledger.file(id(0)), None);
        assert!(ledger.file(id(1)).is_some());
        remembered.forget(id(1));
        assert_eq!(remembered.order.len(), FILES_MAX - 1);
    }
}
