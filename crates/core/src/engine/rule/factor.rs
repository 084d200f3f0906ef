//! What a number is multiplied by: a label or field of the line, looked up in a table of numbers.

use std::sync::Arc;

use super::label::{LabelOutcome, LabelProgram};
use super::{Context, Scratch, Times, found};
use crate::rules::LookupTable;

/// A compiled [`crate::rules::Factor`].
#[derive(Debug)]
pub(in crate::engine) struct FactorProgram {
    pub(in crate::engine) key: LabelProgram,
    pub(in crate::engine) table: Arc<LookupTable<f64>>,
    /// How the rule names its table.
    pub(in crate::engine) file: Option<Box<str>>,
    pub(in crate::engine) default: Option<f64>,
    /// What a key is counted as that is not in the table.
    pub(in crate::engine) error_miss: usize,
}

/// That a table has no number for the key of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoFactor {
    /// What the key goes by.
    pub key: Box<str>,
    /// What it is on the line.
    pub text: String,
    /// How the rule names the table; nothing where it is written in the rule.
    pub file: Option<Box<str>>,
}

impl FactorProgram {
    /// The factor, or the error's number.
    pub(super) fn find(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Result<f64, usize> {
        let error = match self.key(context, scratch, times) {
            Err(LabelOutcome::Ambiguous) => return Err(self.key.error_ambiguous),
            Err(_) => self.key.error_missing,
            Ok(text) => match self.table.number(&text) {
                Some(factor) => return Ok(factor),
                None => self.error_miss,
            },
        };
        self.default.ok_or(error)
    }

    /// What is looked up, or why there is nothing.
    fn key(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Result<String, LabelOutcome> {
        let found = found(&scratch.groups, &scratch.slots, times);
        let value = self.key.field.value(context, &found, &mut scratch.decoded);
        let mut text = Vec::new();
        match self.key.write(value, &mut text) {
            LabelOutcome::Written | LabelOutcome::NotListed if !text.is_empty() => {
                String::from_utf8(text).map_err(|_| LabelOutcome::Missing)
            }
            LabelOutcome::Ambiguous => Err(LabelOutcome::Ambiguous),
            _ => Err(LabelOutcome::Missing),
        }
    }

    /// What the table does not have, for people.
    pub(super) fn missed(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Option<NoFactor> {
        let text = self.key(context, scratch, times).ok()?;
        self.table.number(&text).is_none().then(|| NoFactor {
            key: self.key.name.clone(),
            text,
            file: self.file.clone(),
        })
    }
}
