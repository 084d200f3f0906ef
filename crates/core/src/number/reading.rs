//! Numbers as a rule says that they are written: with a unit that is stated, groups of digits, a
//! decimal comma, hexadecimal; then scaled or inverted.

use super::unit::{Dimension, Unit, thousands};
use super::{MINUS, strict_unit};

/// How a rule's number is written on the line, and what is made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What a number without a unit is in. One that has its own must be of the same dimension.
    pub unit: Option<Unit>,
    pub form: Form,
    /// What the number is multiplied by, in its base unit.
    pub scale: f64,
    /// Whether 1 is divided by it, after all else.
    pub invert: bool,
}

/// How the digits of a number are written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Form {
    /// `1234.5`, `1e3`
    Plain,
    /// With a character before the fraction, and one that may be between groups of three digits.
    Separated { decimal: char, group: Option<char> },
    /// `1f`, `0x1F`
    Hexadecimal,
    /// `12K`, `3.4M`: each step multiplies by this.
    Prefixed { step: f64 },
}

/// Why a text is no number for a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is not written as the rule says.
    Form,
    /// It has a unit, of another dimension than the rule says.
    Dimension,
    /// It is zero, and 1 cannot be divided by it.
    Zero,
    /// It is not finite, or what becomes of it is not.
    Infinite,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            unit: None,
            form: Form::Plain,
            scale: 1.0,
            invert: false,
        }
    }
}

impl Reading {
    /// Whether the rule says nothing of how its number is written.
    pub fn is_plain(&self) -> bool {
        *self == Reading::default()
    }

    /// The number that a text is, in base units, scaled and inverted.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(&self, text: &[u8]) -> Result<f64, Refusal> {
        self.finish(self.in_base(text)?)
    }

    /// The number that a text is, in base units.
    ///
    /// # Errors
    /// Why it is none.
    #[inline]
    pub fn in_base(&self, text: &[u8]) -> Result<f64, Refusal> {
        match (self.unit, self.form) {
            (None, Form::Plain) => super::number(text).ok_or(Refusal::Form),
            _ => {
                let text = str::from_utf8(text).map_err(|_| Refusal::Form)?;
                self.written(text.trim())
            }
        }
    }

    /// What becomes of a number in base units.
    ///
    /// # Errors
    /// Where it is zero and inverted, or not finite.
    pub fn finish(&self, number: f64) -> Result<f64, Refusal> {
        self.inverted(number * self.scale)
    }

    /// What becomes of a number in base units that is multiplied by a factor before it is [`scaled`].
    ///
    /// # Errors
    /// Where it is zero and inverted, or not finite.
    pub fn finish_times(&self, number: f64, factor: f64) -> Result<f64, Refusal> {
        self.inverted(scaled(number * factor, self.scale))
    }

    fn inverted(&self, scaled: f64) -> Result<f64, Refusal> {
        if self.invert && scaled == 0.0 {
            return Err(Refusal::Zero);
        }
        let result = if self.invert { 1.0 / scaled } else { scaled };
        match result.is_finite() {
            true => Ok(result),
            false => Err(Refusal::Infinite),
        }
    }

    /// A number in base units, by the unit or the form that the rule states.
    fn written(&self, text: &str) -> Result<f64, Refusal> {
        let (is_negative, rest) = sign(text);
        let size = match self.magnitude(rest) {
            Err(Refusal::Form) if self.is_time() => by_library(rest).ok_or(Refusal::Form)?,
            result => result?,
        };
        Ok(if is_negative { -size } else { size })
    }

    fn is_time(&self) -> bool {
        self.unit
            .is_some_and(|unit| unit.dimension == Dimension::Time)
    }

    /// One number without sign, with or without one unit.
    fn magnitude(&self, text: &str) -> Result<f64, Refusal> {
        let (number, rest) = self.digits(text).ok_or(Refusal::Form)?;
        let word = rest.trim_start();
        if word.is_empty() {
            return Ok(self.unit.map_or(number, |unit| unit.in_base(number)));
        }
        let Some(stated) = self.unit else {
            let own = match self.form {
                Form::Prefixed { step } => thousands(word, step).map(|times| number * times),
                _ => None,
            };
            let strict = || strict_unit(word).map(|unit| number * unit.multiply / unit.divide);
            return own.or_else(strict).ok_or(Refusal::Form);
        };
        if let Form::Prefixed { step } = self.form
            && stated.dimension != Dimension::Time
            && let Some(times) = thousands(word, step)
        {
            return Ok(stated.in_base(number * times));
        }
        match stated.on_line(word) {
            Some(unit) => Ok(unit.in_base(number)),
            None if is_other_dimension(stated, word) => Err(Refusal::Dimension),
            None => Err(Refusal::Form),
        }
    }

    /// The digits that a text begins with, as a number, and what is after them.
    fn digits<'t>(&self, text: &'t str) -> Option<(f64, &'t str)> {
        match self.form {
            Form::Hexadecimal => hexadecimal(text),
            Form::Plain | Form::Prefixed { .. } => decimal(text, '.', None),
            Form::Separated {
                decimal: point,
                group,
            } => decimal(text, point, group),
        }
    }
}

/// A number times a scale. One of 1 by a whole number divides by that one: 1e-6 is no float, a million is.
pub fn scaled(number: f64, scale: f64) -> f64 {
    let divisor = (1.0 / scale).round();
    match scale.abs() < 1.0 && 1.0 / divisor == scale {
        true => number / divisor,
        false => number * scale,
    }
}

/// Whether a word is a unit that measures something else.
fn is_other_dimension(stated: Unit, word: &str) -> bool {
    ["s", "bytes", "percent"]
        .into_iter()
        .filter_map(Unit::of_rule)
        .filter(|unit| unit.dimension != stated.dimension)
        .any(|unit| unit.on_line(word).is_some())
}

/// Whether a text begins with a minus, and what is after its sign.
fn sign(text: &str) -> (bool, &str) {
    if let Some(rest) = text.strip_prefix(['-', MINUS]) {
        return (true, rest);
    }
    (false, text.strip_prefix('+').unwrap_or(text))
}

fn hexadecimal(text: &str) -> Option<(f64, &str)> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    let end = digits
        .find(|c: char| !c.is_ascii_hexdigit())
        .unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    // A unit is told from digits by the blank before it.
    if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
        return None;
    }
    let number = u128::from_str_radix(digits, 16).ok()?;
    Some((number as f64, rest))
}

/// Digits with a fraction and an exponent, and what is after them.
fn decimal(text: &str, point: char, group: Option<char>) -> Option<(f64, &str)> {
    let mut digits = String::new();
    // The length of each group, in digits.
    let mut groups = vec![0_usize];
    let mut rest = text;
    loop {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        digits.push_str(rest.get(..end)?);
        *groups.last_mut()? += end;
        rest = rest.get(end..)?;
        let after = group.and_then(|group| rest.strip_prefix(group));
        match after.filter(|after| after.starts_with(|c: char| c.is_ascii_digit())) {
            Some(after) => {
                groups.push(0);
                rest = after;
            }
            None => break,
        }
    }
    if !are_groups(&groups) {
        return None;
    }
    if let Some(after) = rest.strip_prefix(point) {
        let end = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        digits.push('.');
        digits.push_str(after.get(..end)?);
        rest = after.get(end..)?;
    }
    if let Some(end) = exponent(rest) {
        digits.push_str(rest.get(..end)?);
        rest = rest.get(end..)?;
    }
    let number: f64 = digits.parse().ok()?;
    Some((number, rest))
}

/// Whether digits are in groups as people write them: three in the last one, two or three in each
/// other, and one to three in the first.
fn are_groups(groups: &[usize]) -> bool {
    match groups {
        [_] => true,
        [first, inner @ .., 3] => {
            (1..=3).contains(first) && inner.iter().all(|digits| matches!(digits, 2 | 3))
        }
        _ => false,
    }
}

/// Where the exponent ends that a text begins with.
fn exponent(text: &str) -> Option<usize> {
    let after = text.strip_prefix(['e', 'E'])?;
    let unsigned = after.strip_prefix(['-', '+']).unwrap_or(after);
    let digits = unsigned.len()
        - unsigned
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    (digits > 0).then(|| text.len() - unsigned.len() + digits)
}

/// A duration of several parts (`1h 2m 3s`, `1 day, 02:03:04`, `00:01:19.2`, `PT1M30S`), in seconds.
fn by_library(text: &str) -> Option<f64> {
    let mut lower = text.to_ascii_lowercase();
    // Signs within are the library's matter; those here have none.
    if lower.contains(['+', MINUS]) || lower.contains("ago") {
        return None;
    }
    if let Some((days, clock)) = days_and_clock(&lower) {
        lower = format!("{days}d {clock}");
    } else if lower.matches(':').count() == 1 && lower.starts_with(|c: char| c.is_ascii_digit()) {
        lower.insert_str(0, "00:");
    }
    let is_iso = lower.starts_with('p');
    if lower.contains('-') || (is_iso && has_months(&lower)) {
        return None;
    }
    let span: jiff::Span = lower.parse().ok()?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    span.total((jiff::Unit::Second, days)).ok()
}

/// `1-02:03:04` of ps, `1.02:03:04` of .NET.
fn days_and_clock(text: &str) -> Option<(&str, &str)> {
    let (days, clock) = text.split_once(['-', '.'])?;
    let are_digits = !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit());
    (are_digits && clock.matches(':').count() == 2).then_some((days, clock))
}

/// Whether a duration of ISO 8601 counts in months or years, which have no length.
fn has_months(text: &str) -> bool {
    let date = text.split('t').next().unwrap_or_default();
    date.contains(['m', 'y'])
}
