//! Requests over time as rows or bars: hours or minutes put together so that there are not too many.

use crate::report::{Figures, Report};

/// Fewer bars of hours say little; then minutes are shown.
const HOURS_MIN: i64 = 3;

/// Minutes or hours put together so that there are at most `bins_max`, those without requests too:
/// how many minutes each has, and each with its first moment in seconds since 1970.
pub fn bins(report: &Report, bins_max: usize) -> (i64, Vec<(f64, Figures)>) {
    let ends = |list: &[(i64, Figures)]| Some((list.first()?.0, list.last()?.0));
    let Some(hours) = ends(&report.hours) else {
        return (60, Vec::new());
    };
    match ends(&report.minutes) {
        Some(minutes) if hours.1 - hours.0 + 1 < HOURS_MIN => {
            put_together(&report.minutes, 1, minutes, bins_max)
        }
        _ => put_together(&report.hours, 60, hours, bins_max),
    }
}

/// `list` is by numbers of `unit` minutes since 1970.
fn put_together(
    list: &[(i64, Figures)],
    unit: i64,
    (first, last): (i64, i64),
    bins_max: usize,
) -> (i64, Vec<(f64, Figures)>) {
    let steps = match unit {
        1 => &[1, 2, 5, 10, 15, 30, 60][..],
        _ => &[1, 2, 3, 6, 12, 24, 48, 168, 672],
    };
    let fits = |step: i64| (last.div_euclid(step) - first.div_euclid(step)) < bins_max as i64;
    let step = steps.iter().copied().find(|step| fits(*step));
    let step = step.unwrap_or_else(|| (last - first) / (bins_max as i64 - 1).max(1) + 1);
    let start = first.div_euclid(step);
    let moment = |bin: i64| (bin * step * unit) as f64 * 60.0;
    let mut bins: Vec<(f64, Figures)> = (start..=last.div_euclid(step))
        .map(|bin| (moment(bin), Figures::default()))
        .collect();
    for (number, figures) in list {
        let place = (number.div_euclid(step) - start) as usize;
        if let Some((_, bin)) = bins.get_mut(place) {
            bin.merge(figures);
        }
    }
    (step * unit, bins)
}

/// `5 minutes`, `hour`, `6 hours`, `day`, `7 days`
pub fn step_words(minutes: i64) -> String {
    let (number, unit) = match minutes {
        minutes if minutes % 1440 == 0 => (minutes / 1440, "day"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    match number {
        1 => unit.into(),
        number => format!("{number} {unit}s"),
    }
}
