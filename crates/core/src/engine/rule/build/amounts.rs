//! Numbers of metrics and reports: where they are found and how they are read.

use std::sync::Arc;

use super::RuleCompiler;
use crate::engine::SecretMissing;
use crate::engine::counts::FieldErrorKind;
use crate::engine::rule::Amount;
use crate::engine::rule::amount::{AmountErrors, NumberPlace, NumberProgram, ReadAmount};
use crate::engine::rule::factor::FactorProgram;
use crate::engine::rule::pattern::Pattern;
use crate::rules::{AmountSource, Factor, NumberField, NumberSource};

impl RuleCompiler<'_> {
    /// A number that is not taken where it is negative.
    pub(in crate::engine) fn never_negative(
        &mut self,
        source: &AmountSource,
    ) -> Result<Amount, SecretMissing> {
        self.amount(source, true)
    }

    pub(super) fn amount(
        &mut self,
        source: &AmountSource,
        never_negative: bool,
    ) -> Result<Amount, SecretMissing> {
        let numbers = match source {
            AmountSource::Constant(number) => return Ok(Amount::Constant(*number)),
            AmountSource::Fields(numbers) => numbers,
        };
        let errors = self.amount_errors(numbers);
        if let Some(field) = source.plain_field() {
            return Ok(Amount::Field {
                field: self.field(field),
                never_negative,
                errors,
            });
        }
        let numbers = numbers.iter().map(|number| self.number(number));
        Ok(Amount::Read(Box::new(ReadAmount {
            numbers: numbers.collect::<Result<_, _>>()?,
            never_negative,
            errors,
        })))
    }

    fn amount_errors(&mut self, numbers: &[NumberField]) -> AmountErrors {
        let first = numbers.first().map(|number| match &number.source {
            NumberSource::Field(field) => field.name(),
            NumberSource::Label(label) => label.field.name(),
            NumberSource::Time => "_time",
        });
        let name = first.unwrap_or_default();
        let mut error = |kind| self.errors.number(&self.rule.name, name, kind);
        AmountErrors {
            missing: error(FieldErrorKind::Missing),
            bad: error(FieldErrorKind::BadValue),
            ambiguous: error(FieldErrorKind::Ambiguous),
        }
    }

    fn number(&mut self, number: &NumberField) -> Result<NumberProgram, SecretMissing> {
        let source = match &number.source {
            NumberSource::Field(field) => NumberPlace::Field(self.field(field)),
            NumberSource::Label(label) => {
                let name = label.field.from.first().map_or("", String::as_str);
                NumberPlace::Label(Box::new(self.label(name, label)?))
            }
            NumberSource::Time => {
                // The time's field is found with all others.
                let time = self.rule.time.as_ref();
                time.map(|time| self.field(&time.field));
                NumberPlace::Time
            }
        };
        let times = number.times.as_ref();
        let times = times.map(|times| self.factor(times)).transpose()?;
        let plus = number.plus.iter().map(|number| self.number(number));
        let plus = plus.collect::<Result<_, _>>()?;
        let map = number.map.iter();
        let map = map.map(|(pattern, to)| (Pattern::new(pattern.clone(), false), *to));
        Ok(NumberProgram {
            source,
            reading: number.reading.clone(),
            map: map.collect(),
            times: times.map(Box::new),
            plus,
            sum_scale: number.sum_scale,
        })
    }

    fn factor(&mut self, factor: &Factor) -> Result<FactorProgram, SecretMissing> {
        let kind = FieldErrorKind::LookupMiss;
        Ok(FactorProgram {
            error_miss: self.errors.number(&self.rule.name, &factor.name, kind),
            key: self.label(&factor.name, &factor.key)?,
            table: Arc::clone(&factor.table),
            file: factor.file.as_deref().map(Into::into),
            default: factor.default,
        })
    }
}
