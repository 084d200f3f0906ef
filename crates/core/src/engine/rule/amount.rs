//! The number that an update has.

use super::field::{FieldProgram, Value};
use super::label::{LabelOutcome, LabelProgram};
use super::pattern::Pattern;
use super::{Context, Scratch, Times, found};
use crate::engine::counts::Counts;
use crate::number::{self, Reading};

/// What is added, set or observed.
#[derive(Debug)]
pub(in crate::engine) enum Amount {
    /// A counter counts one, and what else is the same each time.
    Constant(f64),
    /// The number in a field, as it is written.
    Field {
        field: FieldProgram,
        /// A counter cannot go down.
        never_negative: bool,
        errors: AmountErrors,
    },
    /// All that a rule says more of.
    Read(Box<ReadAmount>),
}

/// What an amount that is none is counted as.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct AmountErrors {
    pub(in crate::engine) missing: usize,
    pub(in crate::engine) bad: usize,
    pub(in crate::engine) ambiguous: usize,
}

/// A number of which the rule says how it is read.
#[derive(Debug)]
pub(in crate::engine) struct ReadAmount {
    /// The first that is on the line decides.
    pub(in crate::engine) numbers: Vec<NumberProgram>,
    pub(in crate::engine) never_negative: bool,
    pub(in crate::engine) errors: AmountErrors,
}

/// A compiled [`crate::rules::NumberField`].
#[derive(Debug)]
pub(in crate::engine) struct NumberProgram {
    pub(in crate::engine) source: NumberPlace,
    pub(in crate::engine) reading: Reading,
    pub(in crate::engine) map: Vec<(Pattern, f64)>,
}

/// Where a number is found.
#[derive(Debug)]
pub(in crate::engine) enum NumberPlace {
    Field(FieldProgram),
    Label(Box<LabelProgram>),
    Time,
}

/// What a line has for a number.
enum Found {
    Number(f64),
    Absent,
    Bad,
    Ambiguous,
}

impl Amount {
    /// The number, or the error's number after counting it.
    #[inline(always)]
    pub(in crate::engine) fn number(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
        counts: &mut Counts,
    ) -> Result<f64, usize> {
        match self {
            Amount::Constant(number) => Ok(*number),
            Amount::Field {
                field,
                never_negative,
                errors,
            } => of_field(
                (field, *never_negative, *errors),
                context,
                scratch,
                times,
                counts,
            ),
            Amount::Read(read) => read.number(context, scratch, times, counts),
        }
    }

    /// What bad values are counted as.
    pub(in crate::engine) fn error_bad(&self) -> Option<usize> {
        match self {
            Amount::Constant(_) => None,
            Amount::Field { errors, .. } => Some(errors.bad),
            Amount::Read(read) => Some(read.errors.bad),
        }
    }

    /// The text that is read, where there is any.
    pub(in crate::engine) fn text(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Option<Vec<u8>> {
        match self {
            Amount::Constant(_) => None,
            Amount::Field { field, .. } => {
                let found = found(&scratch.groups, &scratch.slots, times);
                match field.value(context, &found, &mut scratch.decoded) {
                    Value::Bytes(text) => Some(text.to_vec()),
                    Value::Absent | Value::Ambiguous => None,
                }
            }
            Amount::Read(read) => Some(read.text(context, scratch, times)?.1),
        }
    }

    /// The text of a bad value and why it is no number that its metric can take, for people.
    pub(in crate::engine) fn why_bad(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Option<(Vec<u8>, String)> {
        match self {
            Amount::Read(read) => {
                let (number, text) = read.text(context, scratch, times)?;
                let why = number.why(&text);
                Some((text, why))
            }
            _ => {
                let text = self.text(context, scratch, times)?;
                let why = Reading::default().why(&text);
                Some((text, why))
            }
        }
    }
}

fn of_field(
    (field, never_negative, errors): (&FieldProgram, bool, AmountErrors),
    context: &Context<'_>,
    scratch: &mut Scratch,
    times: &Times,
    counts: &mut Counts,
) -> Result<f64, usize> {
    let found = found(&scratch.groups, &scratch.slots, times);
    let error = match field.value(context, &found, &mut scratch.decoded) {
        Value::Absent | Value::Bytes(b"") => errors.missing,
        Value::Ambiguous => errors.ambiguous,
        Value::Bytes(bytes) => match number::number(bytes) {
            Some(number) if !(never_negative && number < 0.0) => return Ok(number),
            _ => errors.bad,
        },
    };
    counts.field_error(error);
    Err(error)
}

impl ReadAmount {
    fn number(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
        counts: &mut Counts,
    ) -> Result<f64, usize> {
        let mut error = self.errors.missing;
        for number in &self.numbers {
            match number.find(context, scratch, times) {
                Found::Absent => continue,
                Found::Number(number) if !(self.never_negative && number < 0.0) => {
                    return Ok(number);
                }
                Found::Number(_) | Found::Bad => error = self.errors.bad,
                Found::Ambiguous => error = self.errors.ambiguous,
            }
            break;
        }
        counts.field_error(error);
        Err(error)
    }
}

impl ReadAmount {
    /// The number that decides, and its text.
    fn text(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Option<(&NumberProgram, Vec<u8>)> {
        let mut numbers = self.numbers.iter();
        numbers.find_map(|number| Some((number, number.text(context, scratch, times)?)))
    }
}

impl NumberProgram {
    fn find(&self, context: &Context<'_>, scratch: &mut Scratch, times: &Times) -> Found {
        let found = found(&scratch.groups, &scratch.slots, times);
        let mut written = Vec::new();
        let value = match &self.source {
            NumberPlace::Time => {
                if times.text(context, &found).is_none_or(<[u8]>::is_empty) {
                    return Found::Absent;
                }
                let seconds = times.seconds(context, &found, &mut scratch.recent);
                let number = seconds.and_then(|seconds| self.reading.finish(seconds).ok());
                return number.map_or(Found::Bad, Found::Number);
            }
            NumberPlace::Field(field) => field.value(context, &found, &mut scratch.decoded),
            NumberPlace::Label(label) => {
                match label.field.value(context, &found, &mut scratch.decoded) {
                    Value::Ambiguous => Value::Ambiguous,
                    value if label.write(value, &mut written) == LabelOutcome::Written => {
                        Value::Bytes(&written)
                    }
                    _ => Value::Absent,
                }
            }
        };
        match value {
            Value::Absent | Value::Bytes(b"") => Found::Absent,
            Value::Ambiguous => Found::Ambiguous,
            Value::Bytes(text) => self.read(text).map_or(Found::Bad, Found::Number),
        }
    }

    fn read(&self, text: &[u8]) -> Option<f64> {
        if self.map.is_empty() {
            return self.reading.read(text).ok();
        }
        let is_it = |(pattern, _): &&(Pattern, f64)| pattern.is_match(text);
        let (_, number) = self.map.iter().find(is_it)?;
        self.reading.finish(*number).ok()
    }

    /// The text that is read, where there is any.
    fn text(&self, context: &Context<'_>, scratch: &mut Scratch, times: &Times) -> Option<Vec<u8>> {
        let found = found(&scratch.groups, &scratch.slots, times);
        let mut written = Vec::new();
        let text = match &self.source {
            NumberPlace::Time => times.text(context, &found)?,
            NumberPlace::Field(field) => match field.value(context, &found, &mut scratch.decoded) {
                Value::Bytes(text) => text,
                _ => return None,
            },
            NumberPlace::Label(label) => {
                let value = label.field.value(context, &found, &mut scratch.decoded);
                let outcome = label.write(value, &mut written);
                (outcome == LabelOutcome::Written).then_some(&*written)?
            }
        };
        (!text.is_empty()).then(|| text.to_vec())
    }

    fn why(&self, text: &[u8]) -> String {
        match &self.source {
            NumberPlace::Time => "is no time that can be read".into(),
            _ if !self.map.is_empty() && self.read(text).is_none() => {
                "matches no pattern of `map`".into()
            }
            _ => self.reading.why(text),
        }
    }
}
