//! Requests over time: by hour, and by minute where that is not many minutes.

use std::collections::BTreeMap;

use super::totals::Figures;

/// Most hours that are told apart, more than a year.
const HOURS_MAX: usize = 10_000;

/// With requests in more minutes than these, only hours are told apart.
const MINUTES_MAX: usize = 240;

/// Sums of hours and minutes.
#[derive(Debug)]
pub(super) struct Timeline {
    /// By hours since 1970.
    pub(super) hours: BTreeMap<i64, Figures>,
    /// By minutes since 1970; nothing where they are too many.
    pub(super) minutes: Option<BTreeMap<i64, Figures>>,
    /// Requests of one hour too many.
    pub(super) left_out: u64,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline {
            hours: BTreeMap::new(),
            minutes: Some(BTreeMap::new()),
            left_out: 0,
        }
    }
}

impl Timeline {
    /// How many seconds of requests may be added up before they are given to [`Timeline::add`].
    pub(super) fn slot_seconds(&self) -> f64 {
        if self.minutes.is_some() { 60.0 } else { 3600.0 }
    }

    /// Adds requests of one slot, which began at `seconds`.
    pub(super) fn add(&mut self, seconds: f64, figures: &Figures) {
        if figures.requests == 0 {
            return;
        }
        let minute = (seconds / 60.0).floor() as i64;
        self.add_hour(minute.div_euclid(60), figures);
        self.add_minute(minute, figures);
    }

    /// Adds others.
    pub(super) fn merge(&mut self, other: &Timeline) {
        for (hour, figures) in &other.hours {
            self.add_hour(*hour, figures);
        }
        match &other.minutes {
            None => self.minutes = None,
            Some(minutes) => {
                for (minute, figures) in minutes {
                    self.add_minute(*minute, figures);
                }
            }
        }
        self.left_out += other.left_out;
    }

    fn add_hour(&mut self, hour: i64, figures: &Figures) {
        if self.hours.len() >= HOURS_MAX && !self.hours.contains_key(&hour) {
            self.left_out += figures.requests;
            return;
        }
        self.hours.entry(hour).or_default().merge(figures);
    }

    /// Whether there are too many does not depend on how requests were shared among threads.
    fn add_minute(&mut self, minute: i64, figures: &Figures) {
        let Some(minutes) = &mut self.minutes else {
            return;
        };
        if minutes.len() >= MINUTES_MAX && !minutes.contains_key(&minute) {
            self.minutes = None;
            return;
        }
        minutes.entry(minute).or_default().merge(figures);
    }
}
