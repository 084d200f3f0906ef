//! What is added up of requests: counts, tokens, cost, and how their durations are distributed.
//!
//! All sums are whole numbers, so that they are the same in whatever order they were added.

use super::duration_histogram::Bins;

/// How far a percentile may be from the true one, as a part of it.
pub const RELATIVE_ERROR: f64 = 0.01;

/// Shorter durations are 0 for percentiles: so there are not too many bins.
const SECONDS_MIN: f64 = 1e-6;

/// Longer durations, of thirty years, are this.
const SECONDS_MAX: f64 = 1e9;

/// Fewer durations are kept as they are; most users of a crowd have no more. Of more, so many are put
/// into their bins at a time: the bins of all users together are more than a processor's cache holds.
const FEW_MAX: usize = 32;

/// Sums over requests.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// All requests.
    pub requests: u64,
    /// Those with a status from 400 to 499.
    pub errors_4xx: u64,
    /// Those with a status from 500 to 599.
    pub errors_5xx: u64,
    /// Tokens that went in.
    pub tokens_input: u64,
    /// Tokens that came out.
    pub tokens_output: u64,
    /// Requests whose cost is known: logged, or worked out by a table of prices.
    pub priced: u64,
    /// Requests whose cost is not known because a table has no price for them.
    pub unpriced: u64,
    /// What they cost, in a trillionth of a US dollar.
    cost_picos: u128,
    /// How long they took.
    pub durations: Durations,
}

impl Figures {
    /// Adds what one cost, in US dollars.
    pub fn add_cost(&mut self, usd: f64) {
        self.priced += 1;
        let picos = (usd * 1e12).round() as u128;
        self.cost_picos = self.cost_picos.saturating_add(picos);
    }

    /// What the requests cost in US dollars, where that was logged.
    pub fn cost_usd(&self) -> Option<f64> {
        (self.priced > 0).then_some(self.cost_picos as f64 / 1e12)
    }

    /// Errors among all requests, from 0 to 1.
    pub fn error_rate(&self) -> f64 {
        let errors = self.errors_4xx + self.errors_5xx;
        errors as f64 / self.requests.max(1) as f64
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Figures) {
        self.requests += other.requests;
        self.errors_4xx += other.errors_4xx;
        self.errors_5xx += other.errors_5xx;
        self.tokens_input = self.tokens_input.saturating_add(other.tokens_input);
        self.tokens_output = self.tokens_output.saturating_add(other.tokens_output);
        self.priced += other.priced;
        self.unpriced += other.unpriced;
        self.cost_picos = self.cost_picos.saturating_add(other.cost_picos);
        self.durations.merge(&other.durations);
    }
}

/// A distribution of durations in bounded memory.
#[derive(Debug, Clone, Default)]
pub struct Durations {
    count: u64,
    /// Whole nanoseconds, so that the order of adding does not show.
    sum_nanos: u128,
    /// Those that are in no bin yet.
    few: Vec<f64>,
    many: Option<Box<Many>>,
}

/// More durations than a few.
#[derive(Debug, Clone, Default)]
struct Many {
    bins: Bins,
    /// Those that are 0 for percentiles.
    zero: u64,
}

impl Many {
    #[inline]
    fn add(&mut self, seconds: f64) {
        if seconds < SECONDS_MIN {
            self.zero += 1;
        } else {
            self.bins.add(seconds);
        }
    }
}

impl Durations {
    /// Adds one, in seconds.
    pub fn add(&mut self, seconds: f64) {
        let seconds = seconds.clamp(0.0, SECONDS_MAX);
        self.count += 1;
        // Rounded; the bound above is below 2^63 nanoseconds.
        self.sum_nanos += u128::from((seconds * 1e9 + 0.5) as u64);
        self.keep(seconds);
    }

    #[inline]
    fn keep(&mut self, seconds: f64) {
        self.few.push(seconds);
        if self.few.len() >= FEW_MAX {
            self.many();
        }
    }

    /// Many, with all few that there were.
    fn many(&mut self) -> &mut Many {
        let many = self.many.get_or_insert_default();
        self.few.drain(..).for_each(|seconds| many.add(seconds));
        many
    }

    /// Adds others.
    pub fn merge(&mut self, other: &Durations) {
        self.count += other.count;
        self.sum_nanos += other.sum_nanos;
        for &seconds in &other.few {
            self.keep(seconds);
        }
        if let Some(others) = &other.many {
            let many = self.many();
            many.zero += others.zero;
            many.bins.merge(&others.bins);
        }
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean, in seconds.
    pub fn average(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_nanos as f64 / 1e9 / self.count as f64)
    }

    /// The duration, in seconds, that a part `quantile` of all (from 0 to 1) does not exceed; off by
    /// at most [`RELATIVE_ERROR`].
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let rank = ((quantile * self.count as f64).ceil() - 1.0).max(0.0) as u64;
        if self.many.is_some() {
            let mut whole = self.clone();
            let many = whole.many();
            return match rank.checked_sub(many.zero) {
                None => Some(0.0),
                Some(rank) => many.bins.at(rank),
            };
        }
        let mut few = self.few.clone();
        few.sort_by(f64::total_cmp);
        few.get(rank as usize).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn durations(values: &[f64]) -> Durations {
        let mut durations = Durations::default();
        values.iter().for_each(|value| durations.add(*value));
        durations
    }

    proptest! {
        /// Also when they were added in two parts, each of which may be few or many.
        #[test]
        fn percentiles_are_as_near_as_promised(
            values in prop::collection::vec(1e-5_f64..1e5, 1..200),
            cut in 0_usize..200,
            quantile in 0.0_f64..1.0,
        ) {
            let (one, two) = values.split_at(cut.min(values.len()));
            let mut merged = durations(one);
            merged.merge(&durations(two));
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[((quantile * sorted.len() as f64).ceil() as usize).max(1) - 1];
            for found in [&merged, &durations(&values)] {
                let found = found.quantile(quantile).unwrap();
                prop_assert!((found - exact).abs() <= exact * RELATIVE_ERROR * 1.0001, "{} {}", found, exact);
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((merged.average().unwrap() - mean).abs() < mean * 1e-6 + 1e-8);
        }
    }

    #[test]
    fn odd_durations_do_no_harm() {
        let mut odd = durations(&[0.0, 1e300, 0.5]);
        assert_eq!(odd.quantile(0.5), Some(0.5));
        (0..1000).for_each(|_| odd.add(0.25));
        assert_eq!(odd.quantile(0.0), Some(0.0));
        let median = odd.quantile(0.5).unwrap();
        assert!((median - 0.25).abs() < 0.0026, "{median}");
        let all = durations(&[[0.5; 95].as_slice(), &[1.002; 5]].concat());
        assert_eq!(all.quantile(0.96), Some(1.002));
        assert_eq!(all.quantile(0.99), Some(1.002));
        assert_eq!(Durations::default().quantile(0.5), None);
        assert_eq!(Durations::default().average(), None);
    }

    #[test]
    fn cost_is_exact_in_any_order() {
        let mut cents = Figures::default();
        (0..1000).for_each(|_| cents.add_cost(0.01));
        assert_eq!(cents.cost_usd(), Some(10.0));
        assert_eq!(Figures::default().cost_usd(), None);
    }
}
