//! `test --coverage`: the rules, metrics and conditions that no case exercises.

use std::sync::Arc;

use logmetrics_core::engine::verdict::{Outcome, SkipReason};
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::rules::{Action, Case, Condition, Rule, RuleSet};
use logmetrics_follow::line::Origin;
use logmetrics_follow::to_end;

/// What the cases of a file have exercised of its rules.
pub(super) struct Coverage<'s> {
    set: &'s RuleSet,
    rules: Vec<OfRule>,
}

#[derive(Clone)]
struct OfRule {
    is_matched: bool,
    actions: Vec<OfAction>,
}

#[derive(Clone)]
struct OfAction {
    is_updated: bool,
    /// For each condition, whether it did not hold on some line.
    has_failed: Vec<bool>,
}

impl<'s> Coverage<'s> {
    /// Runs the cases.
    ///
    /// # Errors
    /// When the rules cannot be compiled or a line cannot be read.
    pub(super) fn of(set: &'s RuleSet, cases: &[&Case]) -> Result<Coverage<'s>, String> {
        let action = |action: &Action| OfAction {
            is_updated: false,
            has_failed: vec![false; action.conditions.len()],
        };
        let rule = |rule: &Rule| OfRule {
            is_matched: false,
            actions: rule.metrics.iter().map(action).collect(),
        };
        let mut coverage = Coverage {
            set,
            rules: set.rules.iter().map(rule).collect(),
        };
        let key = Secret::new(b"rule tests only: no secret").ok();
        let engine = Engine::new(set, key.as_ref()).map_err(|error| error.to_string())?;
        let origin = Origin {
            source: Arc::from("test"),
            file: Arc::from("test"),
        };
        for text in cases.iter().flat_map(|case| &case.lines) {
            let bytes = std::io::Cursor::new(text.clone());
            let read = to_end::read_lines(&origin, bytes, |_, line| {
                for verdict in engine.explain(line) {
                    coverage.note(&verdict.rule, &verdict.outcome);
                }
                true
            });
            read.map_err(|error| error.to_string())?;
        }
        Ok(coverage)
    }

    fn note(&mut self, rule: &str, outcome: &Outcome) {
        let Outcome::Matched(updates) = outcome else {
            return;
        };
        let Some(number) = self.set.rules.iter().position(|one| one.name == rule) else {
            return;
        };
        let (Some(known), Some(rule)) = (self.rules.get_mut(number), self.set.rules.get(number))
        else {
            return;
        };
        known.is_matched = true;
        // A line with several matches updates each metric several times, in turn.
        let count = rule.metrics.len().max(1);
        for (place, update) in updates.iter().enumerate() {
            let (Some(action), Some(written)) = (
                known.actions.get_mut(place % count),
                rule.metrics.get(place % count),
            ) else {
                continue;
            };
            match &update.result {
                Ok(_) => action.is_updated = true,
                Err(SkipReason::Where { name, .. }) => {
                    let conditions = written.conditions.iter().zip(&mut action.has_failed);
                    for ((condition, _), has_failed) in conditions {
                        *has_failed |= name_of(condition) == &**name;
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// What was not exercised, a line each, and how much was, of how much.
    pub(super) fn report(&self, path: &str) -> (String, usize, usize) {
        let (mut out, mut all, mut exercised) = (String::new(), 0, 0);
        let mut item = |is_exercised: bool, words: String| {
            all += 1;
            exercised += usize::from(is_exercised);
            if !is_exercised {
                out.push_str(&format!("{path}: {words}\n"));
            }
        };
        for (rule, known) in self.set.rules.iter().zip(&self.rules) {
            let name = &rule.name;
            item(
                known.is_matched,
                format!("rule {name}: no case has a line that it matches"),
            );
            for (written, action) in rule.metrics.iter().zip(&known.actions) {
                let metric = self.set.metrics.get(written.metric.0 as usize);
                let metric = metric.map_or("", |metric| metric.name.as_str());
                item(
                    action.is_updated,
                    format!(
                        "rule {name}: no case updates {metric}{}",
                        constants(written)
                    ),
                );
                for ((condition, _), has_failed) in
                    written.conditions.iter().zip(&action.has_failed)
                {
                    let condition = name_of(condition);
                    item(
                        *has_failed,
                        format!(
                            "rule {name}: {metric}{}: no case has a line where `where` leaves it out for `{condition}`",
                            constants(written)
                        ),
                    );
                }
            }
        }
        (out, exercised, all)
    }
}

/// What tells several metrics of one name apart.
fn constants(action: &Action) -> String {
    let pairs: Vec<String> = (action.constant.iter())
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    match pairs.len() {
        0 => String::new(),
        _ => format!("{{{}}}", pairs.join(",")),
    }
}

fn name_of(condition: &Condition) -> &str {
    match condition {
        Condition::Label(name) => name,
        Condition::Field(field) => field.from.first().map_or("", String::as_str),
    }
}
