//! Readiness by dropped latches: ready when nobody holds one any more. Knows no HTTP.

use std::sync::{Arc, Weak};

/// Whether everything that had to be done before the first scrape is done. Never goes back.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    latches: Weak<()>,
}

/// Holds readiness back until it and every clone of it are dropped.
#[derive(Debug, Clone)]
pub struct Latch {
    _held: Arc<()>,
}

impl Readiness {
    /// Not ready yet, and the first latch.
    pub fn new() -> (Self, Latch) {
        let held = Arc::new(());
        (
            Self {
                latches: Arc::downgrade(&held),
            },
            Latch { _held: held },
        )
    }

    /// Ready from the start.
    #[cfg(test)]
    pub fn ready() -> Self {
        Self::default()
    }

    /// Whether nobody holds a latch. Once true it stays true, for a latch comes only from another.
    pub fn is_ready(&self) -> bool {
        self.latches.strong_count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_latch_makes_it_ready() {
        let (readiness, first) = Readiness::new();
        let other = readiness.clone();
        let second = first.clone();
        assert!(!readiness.is_ready());
        drop(first);
        assert!(!readiness.is_ready());
        drop(second);
        assert!(readiness.is_ready());
        assert!(other.is_ready());
        assert!(Readiness::ready().is_ready());
    }
}
