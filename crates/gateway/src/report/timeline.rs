//! Requests over time: by hour, and by minute where that is not many minutes.

use std::collections::BTreeMap;

use super::totals::Figures;

/// Most hours that are distinguished, more than a year.
const HOURS_MAX: usize = 10_000;

/// With requests in more minutes than these, only hours are distinguished.
const MINUTES_MAX: usize = 240;

/// Hours without a request that part what was before from what came after: sixty days.
const GAP_HOURS: i64 = 60 * 24;

/// Requests are far from the others where it is so many times as far as the others are apart.
const FAR: i64 = 20;

/// So few of them, or one of a hundred, may be set apart.
const FEW: u64 = 10;

/// Sums of hours and minutes.
#[derive(Debug)]
pub(super) struct Timeline {
    /// By hours since 1970.
    hours: BTreeMap<i64, Hour>,
    /// By minutes since 1970; nothing where they are too many.
    minutes: Option<BTreeMap<i64, Figures>>,
    /// Requests of one hour too many.
    left_out: u64,
}

/// Sums of one hour, with the times of its first and its last request, in seconds since 1970.
#[derive(Debug, Clone)]
struct Hour {
    figures: Figures,
    ends: (f64, f64),
}

/// Requests so far from all others that their time can hardly be right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outliers {
    /// How many.
    pub requests: u64,
    /// When the first and the last of them were made, in seconds since 1970.
    pub ends: (f64, f64),
}

/// A finished timeline.
#[derive(Debug, Default)]
pub(super) struct OverTime {
    pub(super) hours: Vec<(i64, Figures)>,
    pub(super) minutes: Vec<(i64, Figures)>,
    /// The first and the last request.
    pub(super) ends: Option<(f64, f64)>,
    pub(super) outliers: Option<Outliers>,
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

    /// Adds requests of one slot, of which the first and the last were made at `ends`.
    pub(super) fn add(&mut self, ends: (f64, f64), figures: &Figures) {
        if figures.requests == 0 {
            return;
        }
        let minute = (ends.0 / 60.0).floor() as i64;
        self.add_hour(minute.div_euclid(60), ends, figures);
        self.add_minute(minute, figures);
    }

    /// Adds others.
    pub(super) fn merge(&mut self, other: &Timeline) {
        for (hour, sums) in &other.hours {
            self.add_hour(*hour, sums.ends, &sums.figures);
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

    fn add_hour(&mut self, hour: i64, ends: (f64, f64), figures: &Figures) {
        if self.hours.len() >= HOURS_MAX && !self.hours.contains_key(&hour) {
            self.left_out += figures.requests;
            return;
        }
        let own = self.hours.entry(hour).or_insert_with(|| Hour {
            figures: Figures::default(),
            ends,
        });
        own.figures.merge(figures);
        own.ends = (own.ends.0.min(ends.0), own.ends.1.max(ends.1));
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

    /// What is over time, without what is far from all others.
    pub(super) fn finish(mut self) -> OverTime {
        let far = self.far();
        let mut outliers: Option<Outliers> = None;
        for (first, last) in far {
            let is_far = |hour: &i64| (first..=last).contains(hour);
            for (_, hour) in self.hours.extract_if(.., |hour, _| is_far(hour)) {
                let all = outliers.get_or_insert(Outliers {
                    requests: 0,
                    ends: hour.ends,
                });
                all.requests += hour.figures.requests;
                all.ends = (all.ends.0.min(hour.ends.0), all.ends.1.max(hour.ends.1));
            }
            if let Some(minutes) = &mut self.minutes {
                minutes.retain(|minute, _| !is_far(&minute.div_euclid(60)));
            }
        }
        let ends = self.hours.values().map(|hour| hour.ends);
        let ends = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let hours = self.hours.into_iter();
        OverTime {
            hours: hours.map(|(hour, sums)| (hour, sums.figures)).collect(),
            minutes: self.minutes.into_iter().flatten().collect(),
            ends,
            outliers,
            left_out: self.left_out,
        }
    }

    /// The stretches of hours, each by its first and its last, that are far from where most requests
    /// are, and have few of them.
    fn far(&self) -> Vec<(i64, i64)> {
        let mut stretches: Vec<(i64, i64, u64)> = Vec::new();
        for (&hour, sums) in &self.hours {
            let requests = sums.figures.requests;
            match stretches.last_mut() {
                Some((_, last, all)) if hour - *last < GAP_HOURS => {
                    *last = hour;
                    *all += requests;
                }
                _ => stretches.push((hour, hour, requests)),
            }
        }
        let Some(&most) = stretches.iter().max_by_key(|stretch| stretch.2) else {
            return Vec::new();
        };
        let span = most.1 - most.0 + 1;
        let few = FEW.max(most.2 / 100).min(most.2 / 2);
        let far = stretches.into_iter().filter(|(first, last, requests)| {
            let distance = (most.0 - last).max(first - most.1);
            distance >= GAP_HOURS.max(FAR * span) && *requests <= few
        });
        far.map(|(first, last, _)| (first, last)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(hours: &[(i64, u64)]) -> OverTime {
        let mut timeline = Timeline::default();
        for &(hour, requests) in hours {
            let mut figures = Figures::default();
            figures.requests = requests;
            let second = hour as f64 * 3600.0;
            timeline.add((second, second + 1.0), &figures);
        }
        timeline.finish()
    }

    #[test]
    fn a_wrong_clock_is_set_apart_and_old_logs_are_not() {
        let now = 490_000;
        let year = 365 * 24;
        for (hours, outliers) in [
            (vec![(-10, 1), (now, 50), (now + 3, 50)], 1),
            (vec![(-10, 1), (now, 2), (now + 100 * year, 1)], 2),
            // Nobody knows which of two is right.
            (vec![(-10, 1), (now, 1)], 0),
            // Last year's log beside this year's.
            (vec![(now - year, 40), (now, 100)], 0),
            (vec![(now - year, 5), (now - 900, 100), (now, 100)], 0),
            ((0..200).map(|day| (now + day * 24, 3)).collect(), 0),
            (vec![], 0),
        ] {
            let found = timeline(&hours);
            let requests = found.outliers.map_or(0, |outliers| outliers.requests);
            assert_eq!(requests, outliers, "{hours:?}");
            let rest: u64 = found.hours.iter().map(|(_, all)| all.requests).sum();
            let all: u64 = hours.iter().map(|(_, requests)| requests).sum();
            assert_eq!(rest + outliers, all);
            assert!(found.minutes.len() <= found.hours.len());
        }
        let found = timeline(&[(-10, 1), (now, 9)]);
        assert_eq!(
            found.ends,
            Some((now as f64 * 3600.0, now as f64 * 3600.0 + 1.0))
        );
        assert_eq!(found.outliers.unwrap().ends, (-36_000.0, -35_999.0));
    }
}
