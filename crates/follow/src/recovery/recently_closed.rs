//! Files that were left, in case they come back under a name that matches, or compressed.
//!
//! Bounded; the oldest is forgotten first, here and in the positions.

use std::collections::VecDeque;

use crate::files::identity::FileId;
use crate::positions::Positions;

/// More files than this that were left and come back are hardly ever the same ones.
const FILES_MAX: usize = 4096;

/// Files that are noted in the positions and not open, in the order in which they were left.
#[derive(Debug, Default)]
pub(super) struct RecentlyClosed {
    order: VecDeque<FileId>,
}

impl RecentlyClosed {
    /// Keeps what the positions note of a file, and lets it forget the oldest if there are too many.
    pub(super) fn keep(&mut self, id: FileId, positions: &Positions) {
        self.forget(id);
        self.order.push_back(id);
        while self.order.len() > FILES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                positions.read_guard().forget(oldest);
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
        let (mut recently_closed, positions) = (RecentlyClosed::default(), Positions::default());
        let id = |inode| FileId { device: 1, inode };
        for inode in 0..=FILES_MAX as u64 {
            positions.read_guard().note(SavedFile {
                source: Arc::from("x"),
                path: "x".into(),
                log: None,
                position: Position::start(id(inode)),
                resume_state: Vec::new(),
                left: true,
                compressed: false,
            });
            recently_closed.keep(id(inode), &positions);
        }
        assert_eq!(positions.file(id(0)), None);
        assert!(positions.file(id(1)).is_some());
        recently_closed.forget(id(1));
        assert_eq!(recently_closed.order.len(), FILES_MAX - 1);
    }
}
