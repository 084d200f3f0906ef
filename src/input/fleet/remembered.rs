//! Where reading stood in files that were left, in case they come back under a name that matches.
//!
//! Bounded; the oldest is forgotten first.

use std::collections::{HashMap, VecDeque};

use crate::input::identity::{FileId, Position};

/// More files than this that were left and come back are hardly ever the same ones.
const POSITIONS_MAX: usize = 4096;

/// The positions of files that are not open.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    positions: HashMap<FileId, Position>,
    /// In the order in which they were remembered.
    order: VecDeque<FileId>,
}

impl Remembered {
    /// Keeps a position.
    pub(super) fn keep(&mut self, position: Position) {
        if self.positions.insert(position.id, position).is_none() {
            self.order.push_back(position.id);
        }
        while self.order.len() > POSITIONS_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.positions.remove(&oldest);
            }
        }
    }

    /// The position that was kept for this file.
    pub(super) fn get(&self, id: FileId) -> Option<Position> {
        self.positions.get(&id).copied()
    }

    /// Drops what was kept for this file: it is open again.
    pub(super) fn forget(&mut self, id: FileId) {
        if self.positions.remove(&id).is_some() {
            self.order.retain(|kept| *kept != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut remembered = Remembered::default();
        let id = |inode| FileId { device: 1, inode };
        for inode in 0..=POSITIONS_MAX as u64 {
            remembered.keep(Position::start(id(inode)));
        }
        assert_eq!(remembered.get(id(0)), None);
        assert_eq!(remembered.get(id(1)), Some(Position::start(id(1))));
        remembered.forget(id(1));
        assert_eq!(remembered.get(id(1)), None);
        assert_eq!(remembered.order.len(), remembered.positions.len());
    }
}
