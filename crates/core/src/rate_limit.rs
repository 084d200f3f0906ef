//! A limiter for messages that could come often.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;

/// The window in which messages are counted, in milliseconds.
const WINDOW_MS: u64 = 60_000;

/// Keys that are distinguished; further ones share one.
const KEYS_MAX: usize = 1024;

/// Lets so many messages of one key through in a minute, and counts the rest.
///
/// ```text
/// if let Some(more) = limited.admit("accept") {
///     warn!("cannot accept a connection: {error}{more}");
/// }
/// ```
#[derive(Debug)]
pub struct Limited {
    clock: Clock,
    per_minute: u32,
    keys: Mutex<HashMap<Box<str>, Window>>,
}

/// How many messages were held back since the last one that was let through. Shown, it is nothing
/// or ` … and 1234 more like this`, for the end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held(pub u64);

#[derive(Debug)]
struct Window {
    began_ms: u64,
    said: u32,
    held: u64,
}

impl Window {
    fn is_over(&self, now_ms: u64) -> bool {
        // Time that went back ends the window too, or it would last until time has caught up.
        now_ms < self.began_ms || now_ms - self.began_ms >= WINDOW_MS
    }
}

impl Limited {
    /// Lets `per_minute` messages of each key through.
    pub fn new(clock: Clock, per_minute: u32) -> Self {
        Self {
            clock,
            per_minute,
            keys: Mutex::default(),
        }
    }

    /// Whether a message of this key may be said now; if so, how many were held back before it.
    pub fn admit(&self, key: &str) -> Option<Held> {
        let now_ms = self.clock.now_ms();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX && !keys.contains_key(key) {
            keys.retain(|_, window| window.held > 0 || !window.is_over(now_ms));
        }
        let key = if keys.len() >= KEYS_MAX && !keys.contains_key(key) {
            ""
        } else {
            key
        };
        let fresh = Window {
            began_ms: now_ms,
            said: 0,
            held: 0,
        };
        let window = match keys.get_mut(key) {
            Some(window) => window,
            None => keys.entry(key.into()).or_insert(fresh),
        };
        if window.is_over(now_ms) {
            (window.began_ms, window.said) = (now_ms, 0);
        }
        if window.said >= self.per_minute {
            window.held += 1;
            return None;
        }
        window.said += 1;
        Some(Held(std::mem::take(&mut window.held)))
    }

    /// Keys whose minute is over with messages held back and none let through since, with how
    /// many: what would otherwise never be told. They are told once; call it now and then.
    pub fn overdue(&self) -> Vec<(String, Held)> {
        let now_ms = self.clock.now_ms();
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut overdue: Vec<_> = keys
            .extract_if(|_, window| window.is_over(now_ms))
            .filter(|(_, window)| window.held > 0)
            .map(|(key, window)| (key.into_string(), Held(window.held)))
            .collect();
        overdue.sort();
        overdue
    }
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            held => write!(formatter, " … and {held} more like this"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_lets_so_many_through() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 2);
        let said = |key| limited.admit(key).map(|held| format!("gone{held}"));
        assert_eq!(said("a").as_deref(), Some("gone"));
        assert_eq!(said("a").as_deref(), Some("gone"));
        assert_eq!(said("a"), None);
        assert_eq!(said("b").as_deref(), Some("gone"));
        hand.advance_ms(WINDOW_MS - 1);
        assert_eq!(said("a"), None);
        hand.advance_ms(1);
        assert_eq!(said("a").as_deref(), Some("gone … and 2 more like this"));
        assert_eq!(said("a").as_deref(), Some("gone"));
    }

    #[test]
    fn what_was_held_back_last_is_told_too() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 1);
        for key in ["b", "b", "a", "a", "a", "quiet"] {
            limited.admit(key);
        }
        assert_eq!(limited.overdue(), []);
        hand.advance_ms(WINDOW_MS);
        assert_eq!(
            limited.overdue(),
            [("a".into(), Held(2)), ("b".into(), Held(1))]
        );
        assert_eq!(limited.overdue(), []);
        assert_eq!(limited.admit("a"), Some(Held(0)));
    }

    #[test]
    fn time_that_goes_back_silences_nobody() {
        let (clock, hand) = Clock::by_hand(1_000_000);
        let limited = Limited::new(clock, 1);
        assert!(limited.admit("a").is_some());
        hand.set(0);
        assert!(limited.admit("a").is_some());
    }

    #[test]
    fn keys_are_bounded() {
        let (clock, hand) = Clock::by_hand(0);
        let limited = Limited::new(clock, 1);
        for key in 0..KEYS_MAX {
            assert!(limited.admit(&key.to_string()).is_some());
        }
        assert!(limited.admit("one more").is_some());
        assert!(limited.admit("and another").is_none());
        assert_eq!(limited.keys.lock().unwrap().len(), KEYS_MAX + 1);
        hand.advance_ms(WINDOW_MS);
        assert!(limited.admit("another minute").is_some());
        assert!(limited.keys.lock().unwrap().len() <= 2);
    }
}
