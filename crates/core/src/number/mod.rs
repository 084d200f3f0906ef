//! Bytes to numbers: plain ones, durations (to seconds) and sizes (to bytes).
//!
//! [`number`] is what a rule gets that says nothing of its numbers; it guesses nothing. [`reading`] is
//! for rules that say what a number is: a unit, groups of digits, hexadecimal. Knows no rule, no field
//! and no metric.

mod comparison;
mod explain;
pub mod reading;
mod unit;

#[cfg(test)]
mod tests;

pub use comparison::{Comparison, ComparisonError};
pub use reading::{Form, Reading, Refusal, scaled};
pub use unit::{Dimension, Unit};

/// Reads a number (`12`, `-0.5`, `1e3`), a duration (`3ms`, `1.2s`, `1m2s`, to seconds) or a size
/// (`10KiB`, `1.5MB`, to bytes). Blanks around it are allowed. `None` for anything else, and for
/// what is not finite.
///
/// `M` alone is no unit (a minute is `m`, a megabyte `MB`), so that nothing is guessed.
pub fn number(text: &[u8]) -> Option<f64> {
    let text = text.trim_ascii();
    match Short::read(text) {
        Some(short) => Some(short.value),
        None => general(text),
    }
}

fn general(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let value = match text.strip_prefix(MINUS) {
        Some(rest) => -plain(rest).filter(|_| !rest.starts_with(['-', '+']))?,
        None => plain(text).or_else(|| with_units(text))?,
    };
    value.is_finite().then_some(value)
}

/// The minus sign of typesetters, which some programs write.
const MINUS: char = '\u{2212}';

/// What a short number may end with, each with its divisor.
pub(crate) const SHORT_UNITS: [(&[u8], f64); 4] =
    [(b"s", 1.0), (b"ms", 1e3), (b"us", 1e6), (b"ns", 1e9)];

/// The most digits of a short number, which are exact in a float.
pub(crate) const SHORT_DIGITS_MAX: usize = 15;

/// Up to [`SHORT_DIGITS_MAX`] digits, alone or as a duration: most of what logs hold. Without blanks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Short {
    pub(crate) value: f64,
    pub(crate) has_unit: bool,
}

impl Short {
    /// Reads one; `None` says nothing, for it may be another number.
    #[inline]
    pub(crate) fn read(text: &[u8]) -> Option<Short> {
        let mut value: i64 = 0;
        let mut digits = 0;
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
            digits += 1;
        }
        if !(1..=SHORT_DIGITS_MAX).contains(&digits) {
            return None;
        }
        let value = value as f64;
        let rest = &text[digits..];
        if rest.is_empty() {
            return Some(Short {
                value,
                has_unit: false,
            });
        }
        let (_, divisor) = SHORT_UNITS.iter().find(|(unit, _)| *unit == rest)?;
        Some(Short {
            value: value / divisor,
            has_unit: true,
        })
    }
}

/// A number without a unit.
pub(crate) fn plain_number(text: &[u8]) -> Option<f64> {
    let number = plain(std::str::from_utf8(text).ok()?)?;
    number.is_finite().then_some(number)
}

fn plain(text: &str) -> Option<f64> {
    // The standard parser also takes `inf`, `nan` and `infinity`, which are words in a log.
    let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    if text.chars().all(number) {
        text.parse().ok()
    } else {
        None
    }
}

/// What a unit multiplies by, kept as a ratio so that `409ms` is exactly `0.409`.
struct StrictUnit {
    multiply: f64,
    divide: f64,
    duration: bool,
}

fn strict_unit(name: &str) -> Option<StrictUnit> {
    let duration = |multiply, divide| {
        Some(StrictUnit {
            multiply,
            divide,
            duration: true,
        })
    };
    let size = |multiply: f64| {
        Some(StrictUnit {
            multiply,
            divide: 1.0,
            duration: false,
        })
    };
    match name {
        "ns" => duration(1.0, 1e9),
        "us" | "µs" | "μs" => duration(1.0, 1e6),
        "ms" => duration(1.0, 1e3),
        "s" => duration(1.0, 1.0),
        "m" | "min" => duration(60.0, 1.0),
        "h" => duration(3600.0, 1.0),
        "d" => duration(86_400.0, 1.0),
        "B" => size(1.0),
        "kB" | "KB" => size(1e3),
        "MB" => size(1e6),
        "GB" => size(1e9),
        "TB" => size(1e12),
        "KiB" => size(1024.0),
        "MiB" => size(1024.0 * 1024.0),
        "GiB" => size(1024.0 * 1024.0 * 1024.0),
        "TiB" => size(1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => None,
    }
}

/// One number with a unit, or several duration parts in a row (`1m2.5s`).
fn with_units(text: &str) -> Option<f64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut total = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, tail) = rest.split_at(digits_end);
        let tail = if parts == 0 { tail.trim_start() } else { tail };
        let unit_end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let unit = strict_unit(&tail[..unit_end])?;
        parts += 1;
        if parts > 1 && !unit.duration {
            return None;
        }
        total += digits.parse::<f64>().ok()? * unit.multiply / unit.divide;
        rest = &tail[unit_end..];
        if !unit.duration && !rest.is_empty() {
            return None;
        }
    }
    (parts > 0).then_some(if negative { -total } else { total })
}
