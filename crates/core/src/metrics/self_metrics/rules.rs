//! What is counted for each rule, and how it follows the rules when they change: a rule that stays
//! keeps its counts, a new one begins at 0, one that is gone is shown no more.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec};

use super::{Counters, FieldTrouble};

/// The rules that run, in the orders that counts come in.
#[derive(Debug, Default)]
pub struct KnownRules<'a> {
    /// Their names, in the order that [`RuleCounters::count_matches`] counts them.
    pub names: Vec<&'a str>,
    /// Rule, field and trouble, in the order that [`RuleCounters::count_troubles`] counts them.
    pub troubles: Vec<(&'a str, &'a str, FieldTrouble)>,
}

/// The counters of one set of rules.
#[derive(Debug, Clone, Default)]
pub struct RuleCounters {
    matches: Vec<IntCounter>,
    troubles: Vec<IntCounter>,
}

impl RuleCounters {
    /// Adds lines matched, for each rule in the order it is known.
    pub fn count_matches(&self, matches: &[u64]) {
        add(&self.matches, matches);
    }

    /// Adds lines with trouble, for each field in the order it is known.
    pub fn count_troubles(&self, troubles: &[u64]) {
        add(&self.troubles, troubles);
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
    /// In the order of [`FieldTrouble`].
    troubles: [IntCounterVec; 3],
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    rules: BTreeSet<String>,
    /// The place of the trouble's metric, rule, field.
    troubles: BTreeSet<(usize, String, String)>,
}

impl OfRules {
    pub(super) fn new(counters: &Counters<'_>) -> prometheus::Result<OfRules> {
        let help = "Lines that a rule matched.";
        Ok(OfRules {
            matches: counters.by("rule_matches_total", help, &["rule"])?,
            troubles: troubles(counters)?,
            shown: Mutex::default(),
        })
    }

    /// Shows these rules and no others; gives their counters.
    pub(super) fn follow(&self, known: &KnownRules<'_>) -> RuleCounters {
        let own = |name: &&str| (*name).to_owned();
        let rules: BTreeSet<String> = known.names.iter().map(own).collect();
        let troubles = known.troubles.iter();
        let troubles: BTreeSet<_> = troubles
            .map(|(rule, field, trouble)| (*trouble as usize, own(rule), own(field)))
            .collect();
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in shown.rules.difference(&rules) {
            // It is there, for it was shown.
            _ = self.matches.remove_label_values(&[rule]);
        }
        for (trouble, rule, field) in shown.troubles.difference(&troubles) {
            _ = self.troubles[*trouble].remove_label_values(&[rule, field]);
        }
        *shown = Shown { rules, troubles };
        let of_trouble = |(rule, field, trouble): &(&str, &str, FieldTrouble)| {
            self.troubles[*trouble as usize].with_label_values(&[*rule, *field])
        };
        let names = known.names.iter();
        RuleCounters {
            matches: names
                .map(|rule| self.matches.with_label_values(&[*rule]))
                .collect(),
            troubles: known.troubles.iter().map(of_trouble).collect(),
        }
    }
}

/// In the order of [`FieldTrouble`].
fn troubles(counters: &Counters<'_>) -> prometheus::Result<[IntCounterVec; 3]> {
    let labels = &["rule", "field"];
    Ok([
        counters.by(
            "rule_missing_field_total",
            "Lines on which a field had neither value nor default, so that a metric was not updated.",
            labels,
        )?,
        counters.by(
            "rule_bad_value_total",
            "Lines on which a value was no number that its metric can take.",
            labels,
        )?,
        counters.by(
            "rule_ambiguous_field_total",
            "Lines on which a key stood more than once where only one is taken.",
            labels,
        )?,
    ])
}
