//! How fast lines come. History is printed as fast as it is read; live lines come as they happen.
//!
//! Only when a line arrives is looked at, never a time that is written on it.

/// Over so long, in milliseconds,
const WINDOW_MS: u64 = 3000;

/// a history that is being printed has at least so many lines.
const LINES_MIN: u64 = 30;

/// The pace of one stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    since_ms: u64,
    last_ms: u64,
    lines: u64,
}

impl Pace {
    pub(super) fn new(now_ms: u64) -> Pace {
        Pace {
            since_ms: now_ms,
            last_ms: now_ms,
            lines: 0,
        }
    }

    /// Whether lines come too slowly to be history.
    pub(super) fn is_slow(&mut self, now_ms: u64) -> bool {
        if now_ms < self.last_ms {
            // The system's time was put back.
            *self = Pace::new(now_ms);
        }
        if now_ms - self.last_ms >= WINDOW_MS {
            return true;
        }
        if now_ms - self.since_ms < WINDOW_MS {
            return false;
        }
        let is_slow = self.lines < LINES_MIN;
        if !is_slow {
            (self.since_ms, self.lines) = (now_ms, 0);
        }
        is_slow
    }

    /// A line has come.
    pub(super) fn line(&mut self, now_ms: u64) {
        self.lines += 1;
        self.last_ms = now_ms;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_fast_and_what_follows_is_slow() {
        let mut pace = Pace::new(1000);
        for now_ms in 1000..5000 {
            assert!(!pace.is_slow(now_ms));
            pace.line(now_ms);
        }
        assert!(!pace.is_slow(7998));
        assert!(pace.is_slow(7999));
    }

    #[test]
    fn steady_lines_are_slow_after_a_while() {
        let mut pace = Pace::new(0);
        let mut now_ms = 0;
        while !pace.is_slow(now_ms) {
            pace.line(now_ms);
            now_ms += 500;
        }
        assert_eq!(now_ms, WINDOW_MS);
    }

    #[test]
    fn time_may_go_back() {
        let mut pace = Pace::new(50_000);
        pace.line(50_000);
        assert!(!pace.is_slow(10));
        assert!(pace.is_slow(10 + WINDOW_MS));
    }
}
