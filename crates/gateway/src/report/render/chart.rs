//! Requests over time as an SVG picture, to be put into a page: bars of answers and errors, on a scale.
//!
//! Colours come from the page's classes, so that light, dark and print each have their own.

use std::fmt::Write as _;

use super::bars::{bins, step_words};
use super::format;
use crate::report::{Figures, Report};

/// Most bars.
const BINS_MAX: usize = 72;

/// The picture's own measure; the page scales it.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 48.0;
const BOTTOM: f64 = 24.0;
const TOP: f64 = 10.0;

/// The picture and what its bars are; `None` without times.
pub fn over_time(report: &Report) -> Option<(String, String)> {
    let (step, bins) = bins(report, BINS_MAX);
    let most = bins.iter().map(|(_, figures)| figures.requests).max()?;
    let scale = Scale::new(most);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"Requests over time\">\n"
    );
    for mark in scale.marks() {
        let y = scale.y(mark);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"axis\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 4.0,
            format::short_count(mark)
        );
    }
    let slot = (WIDTH - LEFT) / bins.len() as f64;
    let bar = (slot * 0.78).clamp(1.0, 64.0);
    for (place, (moment, figures)) in bins.iter().enumerate() {
        let x = LEFT + slot * place as f64 + (slot - bar) / 2.0;
        svg += &column((x, bar), *moment, figures, report.says.status, &scale);
    }
    // As many times as have room, the same distance apart.
    let every = (bins.len() as f64 * 176.0 / (WIDTH - LEFT)).ceil().max(1.0) as usize;
    for (place, (moment, _)) in bins.iter().enumerate().step_by(every) {
        let x = LEFT + slot * (place as f64 + 0.5);
        let (x, anchor) = if x < LEFT + 56.0 {
            (LEFT, "start")
        } else {
            (x, "middle")
        };
        let (x, anchor) = if x > WIDTH - 56.0 {
            (WIDTH, "end")
        } else {
            (x, anchor)
        };
        let _ = writeln!(
            svg,
            "<text class=\"axis\" x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{}</text>",
            HEIGHT - 6.0,
            format::minute(*moment)
        );
    }
    svg += "</svg>\n";
    Some((svg, step_words(step)))
}

/// One bar: successes below, errors on top.
fn column(
    (x, width): (f64, f64),
    moment: f64,
    figures: &Figures,
    has_status: bool,
    scale: &Scale,
) -> String {
    let fine = figures.requests - figures.errors_4xx - figures.errors_5xx;
    let mut out = format!("<g><title>{} UTC: ", format::minute(moment));
    out += &format::counted(figures.requests, "request", "requests");
    if has_status {
        let _ = write!(
            out,
            ", {}, {}",
            format::counted(figures.errors_4xx, "error 4xx", "errors 4xx"),
            format::counted(figures.errors_5xx, "error 5xx", "errors 5xx")
        );
    }
    out += "</title>";
    let mut below = 0;
    let parts = [
        ("fine", fine),
        ("client", figures.errors_4xx),
        ("server", figures.errors_5xx),
    ];
    for (class, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
        let (foot, head) = (scale.y(below), scale.y(below + count));
        let height = (foot - head).max(0.8);
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
            foot - height
        );
        below += count;
    }
    out + "</g>\n"
}

/// From counts to places in the picture.
struct Scale {
    step: u64,
    most: u64,
}

impl Scale {
    /// With up to five marks at round numbers.
    fn new(most: u64) -> Scale {
        let mut step = 1_u64;
        let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
        while most.div_ceil(step) > 5 && step < u64::MAX / 4 {
            step = (step as f64 * factors.next().unwrap_or(2.0)).round() as u64;
        }
        let most = most.div_ceil(step).max(1).saturating_mul(step);
        Scale { step, most }
    }

    fn marks(&self) -> impl Iterator<Item = u64> {
        (0..=self.most / self.step).map(|number| number * self.step)
    }

    fn y(&self, count: u64) -> f64 {
        let part = count as f64 / self.most as f64;
        TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_reach_the_top() {
        for (most, step, top) in [
            (0, 1, 1),
            (1, 1, 1),
            (7, 2, 8),
            (23, 5, 25),
            (1234, 500, 1500),
        ] {
            let scale = Scale::new(most);
            assert_eq!((scale.step, scale.most), (step, top), "{most}");
        }
        assert!(Scale::new(u64::MAX / 8).marks().count() <= 6);
    }
}
