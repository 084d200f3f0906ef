//! Numbers as Go reads and prints them: mtail's labels and samples are written this way.

use std::fmt::Write;

/// Adds a float in Go's shortest general form: the fewest digits that read back the same, with an
/// exponent where the decimal exponent is below -4 or above 5.
pub fn write_float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        let start = out.len();
        let _ = write!(out, "{value:e}");
        let written = out.get(start..).unwrap_or("");
        let Some((digits, exponent)) = written.split_once('e') else {
            return;
        };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let digits_end = start + digits.len();
        if (-4..6).contains(&exponent) {
            out.truncate(start);
            let _ = write!(out, "{value}");
        } else {
            out.truncate(digits_end);
            let sign = if exponent < 0 { '-' } else { '+' };
            let _ = write!(out, "e{sign}{:02}", exponent.abs());
        }
    }
}

/// A float in Go's shortest general form.
pub fn float_text(value: f64) -> String {
    let mut out = String::new();
    write_float(&mut out, value);
    out
}

/// Most digits of a whole number that surely fits.
const DIGITS_MAX: usize = 18;

/// Whether a text is what a whole number is printed as, so that reading and printing it changes nothing.
/// May be false for long ones.
pub fn is_printed_int(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_short = (1..=DIGITS_MAX).contains(&digits.len());
    is_short && (digits[0] != b'0' || text == b"0") && digits.iter().all(u8::is_ascii_digit)
}

/// A whole number to base 10, with an optional sign.
pub fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A whole number to a base from 2 to 36, with an optional sign and no prefix.
pub fn parse_int_radix(text: &str, radix: u32) -> Option<i64> {
    if (2..=36).contains(&radix) {
        i64::from_str_radix(text, radix).ok()
    } else {
        None
    }
}

/// A float as Go reads it: decimal or hexadecimal, `inf`, `nan`; one that is too large is refused.
pub fn parse_float(text: &str) -> Option<f64> {
    let value: f64 = match text.parse() {
        Ok(value) => value,
        Err(_) => return parse_hexadecimal(text),
    };
    let too_large = value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit());
    (!too_large).then_some(value)
}

/// `0x1.8p3`; the exponent is required.
fn parse_hexadecimal(text: &str) -> Option<f64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let rest = rest
        .strip_prefix("0x")
        .or_else(|| rest.strip_prefix("0X"))?;
    let (mantissa, exponent) = rest.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for digit in whole.chars() {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let mut weight = 1.0 / 16.0;
    for digit in fraction.chars() {
        value += f64::from(digit.to_digit(16)?) * weight;
        weight /= 16.0;
    }
    value *= 2.0_f64.powi(exponent);
    let value = if negative { -value } else { value };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_printed_as_go_prints_them() {
        for (value, text) in [
            (0.0, "0"),
            (100_000.0, "100000"),
            (1_000_000.0, "1e+06"),
            (975_017.0, "975017"),
            (62_793_673.0, "6.2793673e+07"),
            (123_456.75, "123456.75"),
            (12_345_678.5, "1.23456785e+07"),
            (0.00001, "1e-05"),
            (0.0001, "0.0001"),
            (-0.0015, "-0.0015"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
            (-9.223_372_036_854_776e18, "-9.223372036854776e+18"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }

    #[test]
    fn whole_numbers_that_are_printed_as_they_are_read() {
        for text in [
            "0",
            "7",
            "-1",
            "200",
            "999999999999999999",
            "-999999999999999999",
        ] {
            assert!(is_printed_int(text.as_bytes()), "{text}");
            assert_eq!(parse_int(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            "-0",
            "007",
            "+1",
            "1 ",
            "x",
            "1.5",
            "-01",
            "9999999999999999999",
        ] {
            assert!(!is_printed_int(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn floats_are_read_as_go_reads_them() {
        assert_eq!(parse_float("5."), Some(5.0));
        assert_eq!(parse_float(".5"), Some(0.5));
        assert_eq!(parse_float("+1e3"), Some(1000.0));
        assert_eq!(parse_float("0x10p1"), Some(32.0));
        assert_eq!(parse_float("-0x.8p0"), Some(-0.5));
        assert_eq!(parse_float("Inf"), Some(f64::INFINITY));
        for wrong in ["", ".", "1e400", "1.2.3", "0x10", "e", "x"] {
            assert_eq!(parse_float(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_have_no_prefix() {
        assert_eq!(parse_int_radix("ff", 16), Some(255));
        assert_eq!(parse_int_radix("0xff", 16), None);
        assert_eq!(parse_int_radix("1", 0), None);
        assert_eq!(parse_int("+007"), Some(7));
        assert_eq!(parse_int("9223372036854775808"), None);
    }
}
