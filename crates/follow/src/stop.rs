//! The handle by which reading is asked to end.
//!
//! It carries one fact and wakes whoever sleeps. What ending means (read what exists now, then
//! return) is each reader's own business.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

type Listener = Box<dyn Fn() + Send + Sync>;

/// Asks readers to end. Clones share one state; a request is for good.
#[derive(Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    /// Called once each, when the stop is requested. Each wakes one sleeping reader.
    listeners: Mutex<Vec<Listener>>,
}

impl Stop {
    /// A handle on which nothing is requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks every reader to read what exists now and then to return. Sleeping readers wake at once.
    /// In once mode reading ends where it is.
    pub fn drain(&self) {
        let mut listeners = self
            .shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.shared.requested.store(true, Ordering::Release);
        listeners.drain(..).for_each(|listener| listener());
    }

    /// Whether [`Stop::drain`] was called.
    pub fn is_requested(&self) -> bool {
        self.shared.requested.load(Ordering::Acquire)
    }

    /// Calls `listener` once when the stop is requested, or now if it already is.
    pub(crate) fn on_request(&self, listener: impl Fn() + Send + Sync + 'static) {
        let mut listeners = self
            .shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.is_requested() {
            listener();
        } else {
            listeners.push(Box::new(listener));
        }
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Stop")
            .field("requested", &self.is_requested())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn every_listener_is_told_once_however_late_it_comes() {
        let stop = Stop::new();
        let told = Arc::new(AtomicUsize::new(0));
        let tell = |told: &Arc<AtomicUsize>| {
            let told = Arc::clone(told);
            move || {
                told.fetch_add(1, Ordering::Relaxed);
            }
        };
        stop.on_request(tell(&told));
        assert_eq!(told.load(Ordering::Relaxed), 0);
        stop.clone().drain();
        stop.drain();
        assert!(stop.is_requested());
        assert_eq!(told.load(Ordering::Relaxed), 1);
        stop.on_request(tell(&told));
        assert_eq!(told.load(Ordering::Relaxed), 2);
    }
}
