//! The number that an update has.

use std::iter;

use super::factor::{FactorProgram, NoFactor};
use super::field::{FieldProgram, Value};
use super::label::{LabelOutcome, LabelProgram};
use super::pattern::Pattern;
use super::{Context, Scratch, Times, found};
use crate::engine::counts::Counts;
use crate::number::{self, Reading, scaled};

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
    /// What it is multiplied by.
    pub(in crate::engine) times: Option<Box<FactorProgram>>,
    /// Further numbers that are added to it, as far as they are on the line.
    pub(in crate::engine) plus: Vec<NumberProgram>,
    /// What the sum is multiplied by.
    pub(in crate::engine) sum_scale: f64,
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
    /// It has no factor, and this is the error's number.
    NoFactor(usize),
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

    /// Whether an error says that a table has no factor for what is on the line.
    pub(in crate::engine) fn is_without_factor(&self, error: usize) -> bool {
        let Amount::Read(read) = self else {
            return false;
        };
        let mut factors = read.all().filter_map(|number| number.times.as_ref());
        factors.any(|factor| factor.error_miss == error)
    }

    /// How the rule names the tables by which it is multiplied.
    pub(in crate::engine) fn tables(&self) -> impl Iterator<Item = &str> {
        let read = match self {
            Amount::Read(read) => Some(read),
            Amount::Constant(_) | Amount::Field { .. } => None,
        };
        let factors = read.into_iter().flat_map(|read| read.all());
        let factors = factors.filter_map(|number| number.times.as_ref());
        factors.map(|factor| factor.file.as_deref().unwrap_or("the rule's table"))
    }

    /// What has no factor, for people.
    pub(in crate::engine) fn no_factor(
        &self,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Option<NoFactor> {
        let Amount::Read(read) = self else {
            return None;
        };
        read.all().find_map(|number| {
            number.text(context, scratch, times)?;
            let factor = number.times.as_ref()?;
            factor.missed(context, scratch, times)
        })
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
            let is_sum = !number.plus.is_empty() || number.sum_scale != 1.0;
            let found = match is_sum {
                true => number.sum(context, scratch, times),
                false => number.find(context, scratch, times),
            };
            match found {
                Found::Absent => continue,
                Found::Number(number) if !(self.never_negative && number < 0.0) => {
                    return Ok(number);
                }
                Found::Number(_) | Found::Bad => error = self.errors.bad,
                Found::Ambiguous => error = self.errors.ambiguous,
                Found::NoFactor(of_factor) => error = of_factor,
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
        let mut numbers = self.all();
        numbers.find_map(|number| Some((number, number.text(context, scratch, times)?)))
    }

    /// Every number, those of sums too.
    fn all(&self) -> impl Iterator<Item = &NumberProgram> {
        let numbers = self.numbers.iter();
        numbers.flat_map(|number| iter::once(number).chain(&number.plus))
    }
}

impl NumberProgram {
    /// The sum of this and further numbers, as far as they are on the line.
    fn sum(&self, context: &Context<'_>, scratch: &mut Scratch, times: &Times) -> Found {
        let mut sum = None;
        for number in iter::once(self).chain(&self.plus) {
            match number.find(context, scratch, times) {
                Found::Number(number) => sum = Some(sum.unwrap_or(0.0) + number),
                Found::Absent => {}
                other => return other,
            }
        }
        match sum.map(|sum| scaled(sum, self.sum_scale)) {
            None => Found::Absent,
            Some(sum) if sum.is_finite() => Found::Number(sum),
            Some(_) => Found::Bad,
        }
    }

    fn find(&self, context: &Context<'_>, scratch: &mut Scratch, times: &Times) -> Found {
        let found = found(&scratch.groups, &scratch.slots, times);
        let mut written = Vec::new();
        let value = match &self.source {
            NumberPlace::Time => {
                if times.text(context, &found).is_none_or(<[u8]>::is_empty) {
                    return Found::Absent;
                }
                let seconds = times.seconds(context, &found, &mut scratch.recent);
                return self.finish(seconds, context, scratch, times);
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
            Value::Bytes(text) => {
                let number = self.read(text);
                self.finish(number, context, scratch, times)
            }
        }
    }

    /// What becomes of a number in base units.
    #[inline]
    fn finish(
        &self,
        number: Option<f64>,
        context: &Context<'_>,
        scratch: &mut Scratch,
        times: &Times,
    ) -> Found {
        let Some(number) = number else {
            return Found::Bad;
        };
        let result = match &self.times {
            None => self.reading.finish(number),
            Some(factor) => match factor.find(context, scratch, times) {
                Ok(factor) => self.reading.finish_times(number, factor),
                Err(error) => return Found::NoFactor(error),
            },
        };
        result.map_or(Found::Bad, Found::Number)
    }

    /// The number that a text is, in base units.
    fn read(&self, text: &[u8]) -> Option<f64> {
        if self.map.is_empty() {
            return self.reading.in_base(text).ok();
        }
        let is_it = |(pattern, _): &&(Pattern, f64)| pattern.is_match(text);
        let (_, number) = self.map.iter().find(is_it)?;
        Some(*number)
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
