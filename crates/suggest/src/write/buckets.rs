//! Bounds of a histogram for the numbers that a log has.

use crate::shape::column::Numbers;

/// A histogram has at most about so many buckets.
const BUCKETS_MAX: usize = 16;

/// Round numbers from below the smallest to above the largest.
pub(super) fn buckets(numbers: Numbers) -> Vec<f64> {
    match numbers.least_positive {
        Some(least) if numbers.least >= 0.0 => of_decades(least, numbers.most),
        _ if numbers.least >= 0.0 => vec![1.0, 10.0, 100.0],
        _ => in_steps(numbers.least, numbers.most),
    }
}

/// Powers of ten, with steps between them as far as there is room.
fn of_decades(least: f64, most: f64) -> Vec<f64> {
    // A sample shows less than there is: one step more on each side.
    let first = least.log10().floor().clamp(-12.0, 15.0) as i32;
    let last = (most.log10().ceil().clamp(-11.0, 16.0) as i32).max(first + 2);
    let decades = (last - first) as usize;
    let steps: &[i64] = match decades * 3 {
        few if few < BUCKETS_MAX => &[10, 25, 50],
        some if some * 2 / 3 < BUCKETS_MAX => &[10, 50],
        _ => &[10],
    };
    let mut bounds = Vec::new();
    let apart = decades.div_ceil(BUCKETS_MAX).max(1);
    for decade in (first..last).step_by(apart) {
        bounds.extend(steps.iter().map(|step| tenths(*step, decade)));
    }
    bounds.push(tenths(10, last));
    bounds
}

/// `step` tenths of a power of ten, as nobody would write `0.30000000000000004`.
fn tenths(step: i64, decade: i32) -> f64 {
    format!("{step}e{}", decade - 1).parse().unwrap_or(1.0)
}

/// Equal steps, where some numbers are below zero.
fn in_steps(least: f64, most: f64) -> Vec<f64> {
    let wanted = ((most - least) / 8.0).max(f64::MIN_POSITIVE);
    let decade = wanted.log10().floor().clamp(-12.0, 15.0) as i32;
    let steps = [10, 20, 50, 100].map(|step| tenths(step, decade));
    let step = steps
        .into_iter()
        .find(|step| *step >= wanted)
        .unwrap_or(1.0);
    let first = (least / step).floor();
    let bounds = (0..=BUCKETS_MAX).map(|number| (first + number as f64) * step);
    let bounds = bounds.map(|bound| format!("{bound:.12}").parse().unwrap_or(bound));
    let mut kept: Vec<f64> = bounds.take_while(|bound| *bound < most + step).collect();
    kept.dedup();
    match kept.iter().all(|bound| bound.is_finite()) && !kept.is_empty() {
        true => kept,
        false => vec![-1.0, 0.0, 1.0],
    }
}

/// As it is written in a rule.
pub(super) fn text(bounds: &[f64]) -> String {
    let bounds: Vec<String> = bounds.iter().map(|bound| bound.to_string()).collect();
    format!("[{}]", bounds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(least: f64, most: f64) -> Vec<f64> {
        buckets(Numbers {
            least,
            most,
            least_positive: (least > 0.0).then_some(least),
        })
    }

    #[test]
    fn bounds_are_round_and_cover_the_numbers() {
        assert_eq!(
            text(&of(0.012, 0.048)),
            "[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]"
        );
        assert_eq!(
            of(12.0, 12.0),
            [10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0]
        );
        assert_eq!(of(0.0, 0.0), [1.0, 10.0, 100.0]);
        assert_eq!(of(-3.0, 4.0), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    proptest::proptest! {
        #[test]
        fn bounds_always_rise(least in -1e300..1e300_f64, more in 0.0..1e300_f64) {
            let bounds = of(least, least + more);
            proptest::prop_assert!(bounds.windows(2).all(|two| two[0] < two[1]), "{:?}", bounds);
            proptest::prop_assert!(bounds.iter().all(|bound| bound.is_finite()) && !bounds.is_empty());
            proptest::prop_assert!(bounds.len() <= 25, "{:?}", bounds);
        }
    }
}
