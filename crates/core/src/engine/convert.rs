//! Bytes to numbers: plain ones, durations (to seconds) and sizes (to bytes).

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
    let value = plain(text).or_else(|| with_units(text))?;
    value.is_finite().then_some(value)
}

/// What a short number may end with, each with its divisor.
pub(super) const SHORT_UNITS: [(&[u8], f64); 4] =
    [(b"s", 1.0), (b"ms", 1e3), (b"us", 1e6), (b"ns", 1e9)];

/// The most digits of a short number, which are exact in a float.
pub(super) const SHORT_DIGITS_MAX: usize = 15;

/// Up to [`SHORT_DIGITS_MAX`] digits, alone or as a duration: most of what logs hold. Without blanks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Short {
    pub(super) value: f64,
    pub(super) has_unit: bool,
}

impl Short {
    /// Reads one; `None` says nothing, for it may be another number.
    #[inline]
    pub(super) fn read(text: &[u8]) -> Option<Short> {
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
pub(super) fn plain_number(text: &[u8]) -> Option<f64> {
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
struct Unit {
    multiply: f64,
    divide: f64,
    duration: bool,
}

fn unit(name: &str) -> Option<Unit> {
    let duration = |multiply, divide| {
        Some(Unit {
            multiply,
            divide,
            duration: true,
        })
    };
    let size = |multiply: f64| {
        Some(Unit {
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
        let unit = unit(&tail[..unit_end])?;
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn short_numbers_are_read_as_all_others(text in "[0-9]{0,17}(s|ms|us|ns|m|h|B|x)?") {
            if let Some(short) = Short::read(text.as_bytes()) {
                proptest::prop_assert_eq!(Some(short.value), general(text.as_bytes()), "{}", text);
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                proptest::prop_assert_eq!(short.has_unit, !digits);
            }
        }
    }

    #[test]
    fn numbers_durations_and_sizes() {
        for (text, expected) in [
            ("0", 0.0),
            ("336", 336.0),
            ("9007199254740991", 9_007_199_254_740_991.0),
            ("-0.5", -0.5),
            ("0.00000010000000116860974", 1.0000000116860974e-7),
            ("1e3", 1000.0),
            (" 7 ", 7.0),
            ("409ms", 0.409),
            ("0ms", 0.0),
            ("1.2s", 1.2),
            ("1m2s", 62.0),
            ("1h1m1.5s", 3661.5),
            ("250µs", 0.00025),
            ("-3ms", -0.003),
            ("2d", 172_800.0),
            ("10KiB", 10_240.0),
            ("1.5MB", 1_500_000.0),
            ("12 B", 12.0),
        ] {
            assert_eq!(number(text.as_bytes()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", " ", "-", "abc", "nan", "NaN", "inf", "1e999", "12x", "1s2", "1KiB2KiB", "1s2KiB",
            "0x10", "1,5", "1M", "--1", "1.2.3", ".", "ms", "12 34",
        ] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert_eq!(number(b"\xff1"), None);
    }
}
