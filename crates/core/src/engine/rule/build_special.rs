//! Builds what is special about a rule: where it reads, and how often.

use super::FieldReader;
use super::build::RuleCompiler;
use super::reader::ReaderMode;
use super::special::{Inside, Special};
use crate::engine::counts::FieldErrorKind;
use logmetrics_scan::csv::Columns;

impl RuleCompiler<'_> {
    /// What the rule reads by; the fields of a special one may not be on the line itself.
    pub(super) fn reader(&self, special: Option<&Special>) -> Option<FieldReader> {
        let mode = ReaderMode::from(self.rule.fields?);
        let is_elsewhere = special.is_some_and(|special| special.inside.is_some());
        Some(FieldReader {
            mode: if is_elsewhere {
                ReaderMode::Elsewhere
            } else {
                mode
            },
            keys: self.keys.clone(),
            untrusted: self.rule.untrusted.clone(),
        })
    }

    /// `None` for a rule that looks once at the line itself.
    pub(super) fn special(&mut self) -> Option<Box<Special>> {
        let rule = self.rule;
        if rule.inside.is_none() && rule.columns.is_none() && !rule.each {
            return None;
        }
        // The keys of the line around the text are others than those in it.
        let keys = std::mem::take(&mut self.keys);
        let inside = rule.inside.as_ref().map(|field| {
            let field = self.field(field);
            Inside {
                outer: FieldReader {
                    mode: ReaderMode::Auto,
                    keys: std::mem::take(&mut self.keys),
                    untrusted: None,
                },
                field,
            }
        });
        self.keys = keys;
        let columns = rule.columns.as_ref();
        let columns = columns.map(|csv| Columns::new(&csv.names, csv.delimiter, &self.keys));
        let mut too_many = || {
            self.errors
                .number(&rule.name, "match", FieldErrorKind::TooMany)
        };
        let each = rule.each.then(&mut too_many);
        Some(Box::new(Special {
            inside,
            inner: FieldReader {
                mode: rule.fields.map_or(ReaderMode::Auto, ReaderMode::from),
                keys: self.keys.clone(),
                untrusted: rule.untrusted.clone(),
            },
            each,
            columns,
        }))
    }
}
