//! What is read as a number, and as which.

mod comparison;
mod reading;

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
        ("\u{2212}5", -5.0),
    ] {
        assert_eq!(number(text.as_bytes()), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_number() {
    for text in [
        "",
        " ",
        "-",
        "abc",
        "nan",
        "NaN",
        "inf",
        "1e999",
        "12x",
        "1s2",
        "1KiB2KiB",
        "1s2KiB",
        "0x10",
        "1,5",
        "1M",
        "\u{2212}-5",
        "\u{2212}5ms",
        "--1",
        "1.2.3",
        ".",
        "ms",
        "12 34",
    ] {
        assert_eq!(number(text.as_bytes()), None, "{text}");
    }
    assert_eq!(number(b"\xff1"), None);
}
