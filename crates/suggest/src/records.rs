//! Records of several lines in a sample: traces and the like, which belong to the line before them.

use std::sync::Arc;

use logmetrics_follow::line::multiline::{Joiner, Multiline};
use logmetrics_follow::line::unwrap::Unwrapped;

use crate::sample::{SampleLine, origin};
use crate::shape::is_continuation;

/// The records of a sample, as the settings join its lines.
pub(crate) fn records(lines: &[SampleLine], settings: &Arc<Multiline>) -> Vec<SampleLine> {
    let mut joiner = Joiner::new(settings);
    // Where each record begins, and its text.
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut add = |at: u64, record: &Unwrapped<'_>| {
        let text = String::from_utf8_lossy(record.text).into_owned();
        found.extend(usize::try_from(at).ok().map(|at| (at, text)));
    };
    let origin = origin();
    for (at, line) in lines.iter().enumerate() {
        line.with(&origin, |line| {
            let unwrapped = Unwrapped {
                text: line.text,
                wrapping: *line.wrapping,
            };
            joiner.line(at as u64, &unwrapped, &mut add);
        });
    }
    joiner.end(&mut add);
    found.sort_by_key(|(at, _)| *at);
    let record = |(at, text): (usize, String)| {
        let first = lines.get(at)?;
        let own = lines.iter().skip(at).filter(|line| line.is_of(first));
        let own: Vec<&SampleLine> = own.take(text.lines().count().max(1)).collect();
        Some(first.with_further(&own, text))
    };
    found.into_iter().filter_map(record).collect()
}

/// What to write into `[input]` for lines that continue others, where there are some.
pub(crate) fn section(lines: &[SampleLine]) -> Option<&'static str> {
    let begins = lines.iter().position(|line| !is_continuation(&line.text))?;
    let further = lines.get(begins..).unwrap_or_default();
    let mut further = further.iter().filter(|line| is_continuation(&line.text));
    let any = |wanted: &dyn Fn(&str) -> bool| further.clone().any(|line| wanted(&line.text));
    if any(&|text| text.starts_with("Traceback (")) {
        return Some("multiline = \"python\"");
    }
    if any(&|text| text.trim_start().starts_with("at ") || text.starts_with("Caused by:")) {
        return Some("multiline = \"java\"");
    }
    let is_any = further.next().is_some();
    is_any.then_some("multiline = { continue = '^\\s' }")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section_of(lines: &[&str]) -> Option<&'static str> {
        let lines: Vec<SampleLine> = lines.iter().map(|line| SampleLine::plain(line)).collect();
        section(&lines)
    }

    #[test]
    fn traces_are_told_by_their_lines() {
        let java = ["ERROR no", "java.lang.Error: x", "\tat a.B.c(B.java:1)"];
        assert_eq!(section_of(&java), Some("multiline = \"java\""));
        let python = ["ERROR no", "Traceback (most recent call last):", "  File"];
        assert_eq!(section_of(&python), Some("multiline = \"python\""));
        assert!(section_of(&["a", "  b"]).is_some_and(|it| it.contains("continue")));
        assert_eq!(section_of(&["a", "b"]), None);
        // Lines that all begin with a blank continue nothing.
        assert_eq!(section_of(&[" a", " b"]), None);
    }
}
