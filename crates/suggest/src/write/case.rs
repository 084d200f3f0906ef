//! A `[[test]]` from the log's own lines.

use std::collections::BTreeSet;

use super::toml_text::{basic, comment, string};
use crate::sample::SampleLine;
use crate::trial::Trial;

/// A case has at most so many lines.
const LINES_MAX: usize = 4;
/// So many lines are tried for it.
const CANDIDATES_MAX: usize = 60;
/// A longer line, in bytes, is none for people.
const LINE_BYTES_MAX: usize = 4000;

/// The case: lines that show the most of what the rules count, and the samples that they give. `None` where
/// no line can stand in a test.
pub(crate) fn case(trial: &Trial, log: &str, matched: &[&SampleLine]) -> Option<String> {
    let fits = |line: &&SampleLine| !line.is_repaired && line.whole.len() <= LINE_BYTES_MAX;
    let mut fitting: Vec<&SampleLine> = matched.iter().copied().filter(fits).collect();
    if fitting.is_empty() {
        // Broken bytes are replaced when lines are read, so that what is written here counts the same.
        fitting.extend(matched.iter().min_by_key(|line| line.whole.len()));
    }
    let candidates: Vec<&str> = spread(fitting)
        .iter()
        .map(|line| line.whole.as_str())
        .collect();
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let mut lines: Vec<&str> = Vec::new();
    let series: Vec<BTreeSet<String>> = candidates
        .iter()
        .map(|line| {
            let samples = trial.samples([*line]);
            samples.iter().map(|sample| series(sample)).collect()
        })
        .collect();
    while lines.len() < LINES_MAX {
        // Of equals the first.
        let best = series
            .iter()
            .enumerate()
            .map(|(number, it)| (it.difference(&shown).count(), std::cmp::Reverse(number)))
            .max()?;
        let (new, std::cmp::Reverse(number)) = best;
        let (Some(line), Some(series)) = (candidates.get(number), series.get(number)) else {
            break;
        };
        if new == 0 {
            break;
        }
        lines.push(line);
        shown.extend(series.iter().cloned());
    }
    if lines.is_empty() {
        return None;
    }
    let lines: Vec<&str> = lines.iter().flat_map(|record| record.lines()).collect();
    let expect = trial.samples(lines.iter().copied());
    let mut out = comment(
        "Lines of the log itself: take out what is personal before this file goes anywhere else.",
    );
    out.push_str("[[test]]\n");
    out.push_str(&format!(
        "name = {}\nlines = [\n",
        basic(&format!("lines of {log}"))
    ));
    for line in lines {
        out.push_str(&format!("  {},\n", string(line)));
    }
    out.push_str("]\nexpect = [\n");
    for sample in expect {
        out.push_str(&format!("  {},\n", string(&sample)));
    }
    out.push_str("]\n");
    Some(out)
}

/// The first lines, and some from all over the rest.
fn spread(lines: Vec<&SampleLine>) -> Vec<&SampleLine> {
    let apart = lines.len().div_ceil(CANDIDATES_MAX).max(1);
    let mut kept: Vec<&SampleLine> = lines.iter().take(10).copied().collect();
    kept.extend(lines.iter().skip(10).step_by(apart).copied());
    kept
}

/// A sample without its value.
fn series(sample: &str) -> String {
    sample
        .rsplit_once(' ')
        .map_or(sample, |(series, _)| series)
        .to_owned()
}
