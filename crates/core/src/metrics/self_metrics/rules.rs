//! What is counted for each rule, and how it follows the rules when they change: a rule that stays
//! keeps its counts, a new one begins at 0, one that is gone is shown no more.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec};

use super::Counters;

/// What can be wrong with a field on a matching line; each is a metric of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldErrorKind {
    /// It has neither a value nor a default, so a metric was not updated.
    Missing,
    /// Its value is no number, duration or size, or none that this type of metric can take.
    BadValue,
    /// Its key is there more than once and the rule takes only one.
    Ambiguous,
    /// The line has more matches than are counted of one line.
    TooMany,
    /// It is the time of the line, and cannot be read.
    UnreadableTime,
    /// A value is not in the table it is looked up in.
    LookupMiss,
}

impl FieldErrorKind {
    /// The name of its metric, after `logmetrics_`.
    pub fn metric(self) -> &'static str {
        match self {
            FieldErrorKind::Missing => "rule_missing_field_total",
            FieldErrorKind::BadValue => "rule_bad_value_total",
            FieldErrorKind::Ambiguous => "rule_ambiguous_field_total",
            FieldErrorKind::TooMany => "rule_too_many_matches_total",
            FieldErrorKind::UnreadableTime => "rule_unreadable_times_total",
            FieldErrorKind::LookupMiss => "rule_lookup_misses_total",
        }
    }
}

/// The rules that run, in the orders that counts come in.
#[derive(Debug, Default)]
pub struct KnownRules<'a> {
    /// Their names, in the order that [`RuleCounters::count_matches`] counts them.
    pub names: Vec<&'a str>,
    /// Rule, field and what is wrong, in the order that [`RuleCounters::count_field_errors`] counts.
    pub field_errors: Vec<(&'a str, &'a str, FieldErrorKind)>,
}

/// The counters of one set of rules.
#[derive(Debug, Clone, Default)]
pub struct RuleCounters {
    matches: Vec<IntCounter>,
    unreadable: Vec<IntCounter>,
    field_errors: Vec<IntCounter>,
}

impl RuleCounters {
    /// Adds lines matched, for each rule in the order it is known.
    pub fn count_matches(&self, matches: &[u64]) {
        add(&self.matches, matches);
    }

    /// Adds lines that could not be read, for each rule in the order it is known.
    pub fn count_unreadable(&self, unreadable: &[u64]) {
        add(&self.unreadable, unreadable);
    }

    /// Adds lines with errors, for each field in the order it is known.
    pub fn count_field_errors(&self, errors: &[u64]) {
        add(&self.field_errors, errors);
    }

    /// Lines matched so far, for each rule.
    pub fn matches(&self) -> Vec<u64> {
        self.matches.iter().map(IntCounter::get).collect()
    }
}

fn add(counters: &[IntCounter], counts: &[u64]) {
    for (counter, &count) in counters.iter().zip(counts) {
        if count > 0 {
            counter.inc_by(count);
        }
    }
}

/// All counters that have a rule's name.
pub(super) struct OfRules {
    matches: IntCounterVec,
    unreadable: IntCounterVec,
    /// In the order of [`FieldErrorKind`].
    field_errors: [IntCounterVec; 6],
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    rules: BTreeSet<String>,
    /// The place of the error's metric, rule, field.
    field_errors: BTreeSet<(usize, String, String)>,
}

impl OfRules {
    pub(super) fn new(counters: &Counters<'_>) -> prometheus::Result<OfRules> {
        let help = "Lines that a rule matched.";
        Ok(OfRules {
            matches: counters.by("rule_matches_total", help, &["rule"])?,
            unreadable: counters.by(
                "rule_unreadable_lines_total",
                "Lines for a rule that are JSON and break off or go wrong. They count for nothing else.",
                &["rule"],
            )?,
            field_errors: field_errors(counters)?,
            shown: Mutex::default(),
        })
    }

    /// Shows these rules and no others; gives their counters.
    pub(super) fn follow(&self, known: &KnownRules<'_>) -> RuleCounters {
        let own = |name: &&str| (*name).to_owned();
        let rules: BTreeSet<String> = known.names.iter().map(own).collect();
        let errors = known.field_errors.iter();
        let field_errors: BTreeSet<_> = errors
            .map(|(rule, field, kind)| (*kind as usize, own(rule), own(field)))
            .collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in shown.rules.difference(&rules) {
            // It is there, for it was shown.
            _ = self.matches.remove_label_values(&[rule]);
            _ = self.unreadable.remove_label_values(&[rule]);
        }
        for (kind, rule, field) in shown.field_errors.difference(&field_errors) {
            _ = self.field_errors[*kind].remove_label_values(&[rule, field]);
        }
        *shown = Shown {
            rules,
            field_errors,
        };
        let of_error = |(rule, field, kind): &(&str, &str, FieldErrorKind)| {
            self.field_errors[*kind as usize].with_label_values(&[*rule, *field])
        };
        let by_rule = |counters: &IntCounterVec| -> Vec<IntCounter> {
            let names = known.names.iter();
            names
                .map(|rule| counters.with_label_values(&[*rule]))
                .collect()
        };
        RuleCounters {
            matches: by_rule(&self.matches),
            unreadable: by_rule(&self.unreadable),
            field_errors: known.field_errors.iter().map(of_error).collect(),
        }
    }
}

/// In the order of [`FieldErrorKind`].
fn field_errors(counters: &Counters<'_>) -> prometheus::Result<[IntCounterVec; 6]> {
    let labels = &["rule", "field"];
    Ok([
        counters.by(
            FieldErrorKind::Missing.metric(),
            "Lines on which a field had neither value nor default, so that a metric was not updated.",
            labels,
        )?,
        counters.by(
            FieldErrorKind::BadValue.metric(),
            "Lines on which a value was no number that its metric can take.",
            labels,
        )?,
        counters.by(
            FieldErrorKind::Ambiguous.metric(),
            "Lines on which a key stood more than once where only one is taken.",
            labels,
        )?,
        counters.by(
            FieldErrorKind::TooMany.metric(),
            "Lines with more matches of a rule with `each` than are counted of one line.",
            labels,
        )?,
        counters.by(
            FieldErrorKind::UnreadableTime.metric(),
            "Lines whose time could not be read. They count for all that needs no time.",
            labels,
        )?,
        counters.by(
            FieldErrorKind::LookupMiss.metric(),
            "Lines on which a value was not in the table that it is looked up in.",
            labels,
        )?,
    ])
}
