//! The number that an update has.

use super::field::{FieldProgram, Value};
use super::{Context, Scratch, Times, found};
use crate::engine::convert;
use crate::engine::counts::Counts;

/// What is added, set or observed.
#[derive(Debug)]
pub(in crate::engine) enum Amount {
    /// A counter counts one.
    One,
    /// The number in a field.
    Field {
        field: FieldProgram,
        /// A counter cannot go down.
        never_negative: bool,
        error_missing: usize,
        error_bad: usize,
        error_ambiguous: usize,
    },
}

impl Amount {
    /// The number, or the error's number after counting it.
    #[inline(always)]
    pub(in crate::engine) fn number(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Result<f64, usize> {
        match self {
            Amount::One => Ok(1.0),
            Amount::Field { .. } => self.of_field(context, scratch, counts),
        }
    }

    fn of_field(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        counts: &mut Counts,
    ) -> Result<f64, usize> {
        let Amount::Field {
            field,
            never_negative,
            error_missing,
            error_bad,
            error_ambiguous,
        } = self
        else {
            return Ok(1.0);
        };
        let times = Times::default();
        let found = found(&scratch.groups, &scratch.slots, &times);
        let error = match field.value(context, &found, &mut scratch.decoded) {
            Value::Absent | Value::Bytes(b"") => *error_missing,
            Value::Ambiguous => *error_ambiguous,
            Value::Bytes(bytes) => match convert::number(bytes) {
                Some(number) if !(*never_negative && number < 0.0) => return Ok(number),
                _ => *error_bad,
            },
        };
        counts.field_error(error);
        Err(error)
    }
}
