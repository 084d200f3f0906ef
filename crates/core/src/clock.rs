//! The only caller of system time: the real clock, and one that is set by hand. No formatting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. Clones tell the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    by_hand: Option<Arc<AtomicU64>>,
}

/// Sets a clock.
#[derive(Debug, Clone)]
pub struct Hand {
    now_ms: Arc<AtomicU64>,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that is at `now_ms`, and the hand that sets it.
    pub fn by_hand(now_ms: u64) -> (Self, Hand) {
        let now_ms = Arc::new(AtomicU64::new(now_ms));
        (
            Self {
                by_hand: Some(now_ms.clone()),
            },
            Hand { now_ms },
        )
    }

    /// Milliseconds since 1970, UTC. May go back when the system's time is corrected; 0 where it
    /// is before 1970.
    pub fn now_ms(&self) -> u64 {
        match &self.by_hand {
            Some(now_ms) => now_ms.load(Ordering::SeqCst),
            None => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }
        }
    }
}

impl Hand {
    /// Sets the time, in milliseconds since 1970.
    pub fn set(&self, now_ms: u64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    /// Moves the time on.
    pub fn advance_ms(&self, by_ms: u64) {
        self.now_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_by_hand() {
        let (clock, hand) = Clock::by_hand(5);
        let other = clock.clone();
        hand.advance_ms(10);
        assert_eq!((clock.now_ms(), other.now_ms()), (15, 15));
        hand.set(7);
        assert_eq!(clock.now_ms(), 7);
    }

    #[test]
    fn the_system_is_past_2020() {
        assert!(Clock::system().now_ms() > 1_577_836_800_000);
    }
}
