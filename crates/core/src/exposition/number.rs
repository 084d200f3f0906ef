//! Numbers as Prometheus reads them.

use std::io::Write;

/// Integers below this are exact in a float, and most of what there is to print.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Appends the shortest decimals that read back as the same number. Very large and very small ones
/// have an exponent, as Go prints it (`1e+21`, `1e-08`); what is no number is `NaN`, `+Inf`, `-Inf`.
pub fn write(value: f64, out: &mut Vec<u8>) {
    let magnitude = value.abs();
    // Faster than `trunc`, which is a call where the processor is not known. A cast saturates, and
    // makes 0 of what is no number.
    if magnitude < INTEGER_MAX
        && magnitude as i64 as f64 == magnitude
        && !(value == 0.0 && value.is_sign_negative())
    {
        if value < 0.0 {
            out.push(b'-');
        }
        write_integer(magnitude as u64, out);
    } else if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value == 0.0 || (1e-7..1e21).contains(&magnitude) {
        // Writing to a Vec cannot fail.
        _ = write!(out, "{value}");
    } else {
        exponent(value, out);
    }
}

/// Appends a float in the canonical form that OpenMetrics asks of `le`: as Go's `%g` prints it (an
/// exponent below 1e-4 and from 1e6 on), and never like an integer (`1.0`).
/// <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#considerations-canonical-numbers>
pub fn write_canonical(value: f64, out: &mut Vec<u8>) {
    let start = out.len();
    write_general(value, out);
    let is_plain = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    if out[start..].iter().all(is_plain) {
        out.extend_from_slice(b".0");
    }
}

/// Appends a number as C's `%g` and Go print it, with the fewest digits that read back the same: with
/// an exponent below 1e-4 and from 1e6 on. There is no negative zero.
pub fn write_general(value: f64, out: &mut Vec<u8>) {
    if value != 0.0 && value.is_finite() && !(1e-4..1e6).contains(&value.abs()) {
        exponent(value, out);
    } else {
        write(value + 0.0, out);
    }
}

/// Appends an integer.
pub fn write_integer(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Go writes the sign of an exponent and at least two digits of it.
fn exponent(value: f64, out: &mut Vec<u8>) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    _ = write!(out, "{mantissa}e{sign}{digits:0>2}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(value: f64) -> String {
        let mut out = Vec::new();
        write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-17.0, "-17"),
            (0.409, "0.409"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (1e15 + 0.5, "1000000000000000.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-2.5e300, "-2.5e+300"),
            (1e-7, "0.0000001"),
            (2.5e-8, "2.5e-08"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(printed(value), expected);
        }
    }

    #[test]
    fn canonical_floats_show_that_they_are() {
        for (value, expected) in [
            (1.0, "1.0"),
            (0.05, "0.05"),
            (1e21, "1e+21"),
            (-2.0, "-2.0"),
        ] {
            let mut out = Vec::new();
            write_canonical(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn general_numbers_have_an_exponent_sooner() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "0"),
            (100_000.0, "100000"),
            (1e6, "1e+06"),
            (975_017.0, "975017"),
            (62_793_673.0, "6.2793673e+07"),
            (1e-4, "0.0001"),
            (-1e-5, "-1e-05"),
            (f64::INFINITY, "+Inf"),
        ] {
            let mut out = Vec::new();
            write_general(value, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_number_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            let read: f64 = printed(value).parse().unwrap();
            proptest::prop_assert!(read == value || (read.is_nan() && value.is_nan()));
        }
    }
}
