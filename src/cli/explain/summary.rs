//! What is said after all lines: how many matched, why a rule matched none, what to write instead, and the
//! lines that nothing matched by their shape.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Chosen, describe, shorten, words};
use crate::cli::terminal::harmless;
use logmetrics_core::engine::verdict::{Outcome, Verdict};
use logmetrics_core::recognise;
use logmetrics_core::why::{self, Shapes};
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// Most shapes that are shown.
const SHAPES_SHOWN_MAX: usize = 20;

/// Most rules of which it is said why they match nothing.
const RULES_SHOWN_MAX: usize = 3;

/// Most lines that are tried to recognise what they are.
const SAMPLES_MAX: usize = 40;

/// What is known of all lines.
#[derive(Default)]
pub(super) struct Summary {
    lines: u64,
    matched: u64,
    /// Lines that something was taken off, and what it was for one of them.
    taken_off: Option<(u64, Arc<str>)>,
    shapes: Shapes,
    rules: BTreeMap<Box<str>, OfRule>,
}

/// What is known of one rule.
#[derive(Default)]
struct OfRule {
    matched: u64,
    /// The line on which its pattern came furthest.
    nearest: Option<Nearest>,
}

/// A line that a rule's pattern is not found on.
struct Nearest {
    /// How much of the pattern is found.
    how_far: usize,
    text: Vec<u8>,
    /// With what was around it.
    whole: Option<Vec<u8>>,
    outcome: Outcome,
}

impl Summary {
    /// Counts a line; whether anything matched.
    pub(super) fn add(&mut self, line: &Line<'_>, verdicts: &[Verdict]) -> bool {
        let hit = verdicts.iter().any(|verdict| verdict.outcome.is_match());
        self.lines += 1;
        self.matched += u64::from(hit);
        for verdict in verdicts {
            let of_rule = self.rules.entry(verdict.rule.clone()).or_default();
            of_rule.add(line, &verdict.outcome);
        }
        if !hit {
            self.shapes.add(line.text);
        }
        hit
    }

    /// Notes what was around a line.
    pub(super) fn was_taken_off(&mut self, words: &Arc<str>) {
        let (count, _) = self.taken_off.get_or_insert((0, Arc::clone(words)));
        *count += 1;
    }

    /// The lines that nothing matched, by their shape.
    pub(super) fn shapes(&self, chosen: &Chosen<'_>) -> String {
        let mut out = String::new();
        let sorted = self.shapes.sorted();
        for (shape, count, sample) in sorted.iter().take(SHAPES_SHOWN_MAX) {
            let origin = Origin {
                source: Arc::from(""),
                file: Arc::from(""),
            };
            let line = Line {
                text: sample,
                wrapping: &Wrapping::NONE,
                origin: &origin,
            };
            let mut verdicts = chosen.engine.explain(&line);
            if let Some(rule) = chosen.rule {
                verdicts.retain(|verdict| *verdict.rule == *rule);
            }
            let s = if *count == 1 { "" } else { "s" };
            let _ = writeln!(out, "{count} line{s}: {}", harmless(shape.as_bytes()));
            out.push_str(&describe(
                "  such as",
                (&line, None),
                &verdicts,
                chosen.rules,
            ));
        }
        let left = sorted
            .iter()
            .skip(SHAPES_SHOWN_MAX)
            .map(|(_, count, _)| count);
        let left = left.sum::<u64>() + self.shapes.others;
        if left > 0 {
            let _ = writeln!(out, "{left} lines of other shapes");
        }
        out
    }

    /// The last words, after so many lines of files.
    pub(super) fn total(&self, chosen: &Chosen<'_>, raw_lines: u64) -> String {
        let mut out = String::new();
        let idle = self.rules.iter().filter(|(_, rule)| rule.matched == 0);
        let idle = idle.filter_map(|(name, rule)| Some((name, rule.nearest.as_ref()?)));
        for (name, nearest) in idle.take(RULES_SHOWN_MAX) {
            self.idle_rule(name, nearest, &mut out);
        }
        if self.matched == 0 && self.lines > 0 && chosen.rule.is_none() {
            // One line of each shape: what a log begins with is often not what it is about.
            let shapes = self.shapes.sorted().into_iter().take(SAMPLES_MAX);
            let samples: Vec<Vec<u8>> = shapes.map(|(_, _, sample)| sample.to_vec()).collect();
            let looks = recognise::looks_like(&samples);
            let _ = writeln!(out, "no line matched; they {}", harmless(looks.as_bytes()));
        }
        if let Some((count, words)) = &self.taken_off {
            let one = if *count == 1 { "one line" } else { "lines" };
            let count = if *count == 1 {
                String::new()
            } else {
                format!("{count} ")
            };
            let _ = writeln!(out, "taken off {count}{one}, such as {words}");
        }
        let (lines, matched) = (self.lines, self.matched);
        let counted = match chosen.is_joined && raw_lines != lines {
            true => format!("{lines} records in {raw_lines} lines"),
            false => format!("{lines} lines"),
        };
        let _ = writeln!(out, "{counted}, {matched} matched, {} not", lines - matched);
        out
    }

    /// Why a rule matched none of the lines, by the line on which it came furthest.
    fn idle_rule(&self, name: &str, nearest: &Nearest, out: &mut String) {
        let (text, outcome) = (nearest.text.as_slice(), &nearest.outcome);
        let Outcome::PatternNotFound { pattern, almost } = outcome else {
            return;
        };
        let written = why::rewrite(pattern, text, &why::pairs(text));
        let details = words::details(outcome, text, nearest.whole.as_deref());
        if almost.is_none() && details.is_empty() && written.is_none() {
            return;
        }
        let _ = writeln!(
            out,
            "rule {name} matched none of {} lines; it came furthest on",
            self.lines
        );
        let _ = writeln!(out, "  {}", shorten(&harmless(text)));
        let _ = writeln!(out, "  {outcome}");
        for detail in details {
            let _ = writeln!(out, "    {detail}");
        }
        if let Some(rule) = written {
            let _ = writeln!(
                out,
                "  fields may come in any order where they are read by their keys:\n"
            );
            for written in rule.lines() {
                let _ = writeln!(out, "    {}", harmless(written.as_bytes()));
            }
            out.push('\n');
        }
    }
}

impl OfRule {
    fn add(&mut self, line: &Line<'_>, outcome: &Outcome) {
        if outcome.is_match() {
            self.matched += 1;
            return;
        }
        let Outcome::PatternNotFound { almost, .. } = outcome else {
            return;
        };
        let how_far = almost.as_ref().map_or(0, |almost| almost.found.len());
        if self
            .nearest
            .as_ref()
            .is_none_or(|before| how_far > before.how_far)
        {
            self.nearest = Some(Nearest {
                how_far,
                text: line.text.to_vec(),
                whole: line.wrapping.whole.map(<[u8]>::to_vec),
                outcome: outcome.clone(),
            });
        }
    }
}
