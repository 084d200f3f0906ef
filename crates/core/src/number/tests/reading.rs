//! Numbers with what a rule says of them, held against a plain reader.

use proptest::prelude::*;
use regex::Regex;

use super::super::*;

fn unit(name: &str) -> Reading {
    Reading {
        unit: Some(Unit::of_rule(name).unwrap()),
        ..Reading::default()
    }
}

fn form(form: Form) -> Reading {
    Reading {
        form,
        ..Reading::default()
    }
}

fn separated(decimal: char, group: Option<char>) -> Reading {
    form(Form::Separated { decimal, group })
}

#[track_caller]
fn reads(reading: &Reading, cases: &[(&str, f64)]) {
    for (text, expected) in cases {
        assert_eq!(reading.read(text.as_bytes()), Ok(*expected), "{text}");
    }
}

#[track_caller]
fn refuses(reading: &Reading, texts: &[&str]) {
    for text in texts {
        assert!(reading.read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_number_without_a_unit_is_in_the_stated_one() {
    for (name, text, expected) in [
        ("ns", "23456789", 0.023456789),
        ("us", "1500", 0.0015),
        ("ms", "12", 0.012),
        ("ms", "48", 0.048),
        ("ms", "0.5", 0.0005),
        ("ms", "1e3", 1.0),
        ("s", "409", 409.0),
        ("min", "1.5", 90.0),
        ("h", "2", 7200.0),
        ("d", "1", 86_400.0),
        ("bytes", "512", 512.0),
        ("kB", "2", 2000.0),
        ("KiB", "2", 2048.0),
        ("GiB", "1.5", 1_610_612_736.0),
        ("bits", "16", 2.0),
        ("Mbit", "8", 1e6),
        ("percent", "12.5", 0.125),
        ("ratio", "0.5", 0.5),
    ] {
        reads(&unit(name), &[(text, expected)]);
        let negative = format!("-{text}");
        reads(&unit(name), &[(&negative, -expected)]);
    }
}

#[test]
fn a_unit_on_the_line_wins_where_it_is_of_the_same_kind() {
    reads(
        &unit("ms"),
        &[
            ("3s", 3.0),
            ("3.5 sec", 3.5),
            ("2 seconds", 2.0),
            ("2 min", 120.0),
            ("15 msec", 0.015),
            ("250us", 0.00025),
            ("250µs", 0.00025),
        ],
    );
    reads(
        &unit("ms"),
        &[
            ("1h 2m 3s", 3723.0),
            ("1h2m3s", 3723.0),
            ("1 hour, 2 minutes", 3720.0),
            ("1d2h", 93_600.0),
            ("00:01:19.2", 79.2),
            ("01:19.5", 79.5),
            ("1-02:03:04", 93_784.0),
            ("1.02:03:04", 93_784.0),
            ("1 day, 02:03:04", 93_784.0),
            ("PT1M30S", 90.0),
            ("pt0.5s", 0.5),
            ("P1DT2H", 93_600.0),
            ("-PT1M30S", -90.0),
            ("\u{2212}3ms", -0.003),
        ],
    );
    refuses(
        &unit("ms"),
        &[
            "",
            "12M",
            "12MB",
            "5%",
            "3 parsecs",
            "P1M",
            "P1Y",
            "1h-2m",
            "1:2:3:4",
            "1h ago",
            "x",
        ],
    );
}

#[test]
fn a_unit_of_another_kind_is_refused_and_short_ones_go_by_the_rules() {
    assert_eq!(unit("ms").read(b"12MB"), Err(Refusal::Dimension));
    assert_eq!(unit("bytes").read(b"12ms"), Err(Refusal::Dimension));
    reads(
        &unit("bytes"),
        &[
            ("12.33 MiB", 12_928_942.08),
            ("12mb", 12e6),
            ("12K", 12_000.0),
            ("12M", 12e6),
            ("3.4G", 3.4e9),
            ("3.4Gb", 3.4e9),
            ("512 bytes", 512.0),
            ("128Ki", 131_072.0),
            ("1 kilobyte", 1000.0),
            ("16 bits", 2.0),
        ],
    );
    reads(&unit("KiB"), &[("12K", 12_288.0), ("12kB", 12_000.0)]);
    reads(
        &unit("bits"),
        &[("8Kb", 1000.0), ("8KB", 8000.0), ("8K", 1000.0)],
    );
    reads(
        &unit("ratio"),
        &[("50%", 0.5), ("5 percent", 0.05), ("5‰", 0.005)],
    );
    refuses(&unit("bytes"), &["12Q", "12iB", "12 mbyt", "1,2"]);
}

#[test]
fn groups_and_commas() {
    reads(
        &separated(',', Some('.')),
        &[
            ("1.234.567", 1_234_567.0),
            ("1.234,5", 1234.5),
            ("3,15", 3.15),
            ("12", 12.0),
        ],
    );
    reads(
        &separated('.', Some(',')),
        &[
            ("1,234,567", 1_234_567.0),
            ("12,34,567.5", 1_234_567.5),
            ("1234567", 1_234_567.0),
        ],
    );
    reads(
        &separated('.', Some('_')),
        &[("1_000", 1000.0), ("+1_000ms", 1.0)],
    );
    reads(
        &separated(',', Some(' ')),
        &[("1 234,5", 1234.5), ("1 234 kB", 1_234_000.0)],
    );
    // A comma that is no group is the mistake of the rule, and not a hundred times the number.
    refuses(
        &separated('.', Some(',')),
        &[
            "3,14", "1,2345", ",123", "1,,234", "1234,567", "1,234,", "1.5,000",
        ],
    );
    refuses(&separated(',', None), &["1.5", "1,234,567"]);
    let both = Reading {
        unit: Unit::of_rule("ms"),
        ..separated(',', Some('.'))
    };
    reads(&both, &[("1.500", 1.5), ("1,5 s", 1.5)]);
}

#[test]
fn hexadecimal_and_prefixes() {
    let hex = form(Form::Hexadecimal);
    reads(
        &hex,
        &[
            ("0x1F", 31.0),
            ("1f", 31.0),
            ("10", 16.0),
            ("-0XfF", -255.0),
            ("10 B", 16.0),
        ],
    );
    refuses(
        &hex,
        &["", "0x", "xyz", "1f.5", "123456789012345678901234567890123"],
    );
    let si = form(Form::Prefixed { step: 1e3 });
    reads(
        &si,
        &[
            ("12K", 12_000.0),
            ("3.4G", 3.4e9),
            ("12", 12.0),
            ("12ms", 0.012),
        ],
    );
    reads(&form(Form::Prefixed { step: 1024.0 }), &[("12K", 12_288.0)]);
    refuses(&si, &["12Q", "K", "12KK"]);
}

#[test]
fn scaled_and_inverted() {
    let scaled = Reading {
        scale: 0.5,
        ..unit("ms")
    };
    reads(&scaled, &[("3", 0.0015)]);
    let inverted = Reading {
        invert: true,
        ..scaled
    };
    reads(&inverted, &[("4", 500.0)]);
    assert_eq!(inverted.read(b"0"), Err(Refusal::Zero));
    let large = Reading {
        scale: 1e300,
        ..Reading::default()
    };
    assert_eq!(large.read(b"1e300"), Err(Refusal::Infinite));
    assert_eq!(Reading::default().read(b"12x"), Err(Refusal::Form));
}

#[test]
fn why_a_text_is_no_number() {
    let cases = [
        ("0x1F", "number = \"hex\""),
        ("3,14", "number = { decimal = \",\" }"),
        ("1,234,567", "number = { group = \",\" }"),
        ("1,234", "several ways"),
        ("1.234.567", "group = \".\""),
        ("1_000", "group = \"_\""),
        ("12.5%", "unit = \"percent\""),
        ("12K", "`number = \"si\"` or `unit = \"bytes\"`"),
        ("12mb", "unit = \"bytes\""),
        ("3.5 sec", "unit = \"s\""),
        ("1h 2m 3s", "unit = \"s\""),
        ("00:01:19.2291584", "unit = \"s\""),
        ("PT1M30S", "unit = \"s\""),
        ("+Inf", "no finite"),
        ("NaN", "no finite"),
        ("1e999", "too large"),
        ("-", "there is none"),
        ("true", "map = { true = 1 }"),
        ("\"0.004\"", "quotes"),
        ("(-5)", "brackets"),
        ("0.000, 0.016", "several numbers"),
        ("0.004, 0.012 : 0.001", "several numbers"),
        ("12 parsecs", "`parsecs`"),
        ("#", "no number, duration or size"),
    ];
    for (text, expected) in cases {
        let why = Reading::default().why(text.as_bytes());
        assert!(why.contains(expected), "{text}: {why}");
    }
    assert!(unit("ms").why(b"12MB").contains("unit = \"ms\""));
    assert!(Reading::default().why(b"-5").contains("only goes up"));
    assert!(Reading::default().why(b"\xff").contains("UTF-8"));
}

/// The plain reader of separated numbers: one regex, then the standard library.
fn naive(text: &str, decimal: char, group: char) -> Option<f64> {
    let (point, mark) = (
        regex::escape(&decimal.to_string()),
        regex::escape(&group.to_string()),
    );
    let pattern = format!(
        "^[-+]?(?:[0-9]*|[0-9]{{1,3}}(?:{mark}[0-9]{{2,3}})*{mark}[0-9]{{3}})(?:{point}[0-9]*)?(?:[eE][-+]?[0-9]+)?$"
    );
    if !Regex::new(&pattern).unwrap().is_match(text) {
        return None;
    }
    let plain = text.replace(group, "").replace(decimal, ".");
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn separated_numbers_are_those_of_a_plain_reader(
        text in "[-+]?[0-9]{0,3}([.,][0-9]{2,4}){0,3}[.,]?[0-9]{0,2}(e[-+]?[0-9]{1,2})?",
    ) {
        for (decimal, group) in [('.', ','), (',', '.')] {
            let reading = separated(decimal, Some(group));
            let read = reading.read(text.as_bytes()).ok();
            prop_assert_eq!(read, naive(&text, decimal, group), "{} {}", text, decimal);
        }
    }

    #[test]
    fn what_is_read_without_options_is_read_the_same_with_a_unit(
        text in "-?[0-9]{1,4}(\\.[0-9]{1,3})?(ns|us|µs|ms|s|m|min|h|d)?",
    ) {
        let number = number(text.as_bytes());
        let has_unit = text.ends_with(|c: char| c.is_alphabetic());
        let read = unit("s").read(text.as_bytes()).ok();
        prop_assert_eq!(read, number, "{}", text);
        if has_unit {
            prop_assert_eq!(unit("h").read(text.as_bytes()).ok(), number, "{}", text);
        }
    }

    #[test]
    fn sizes_are_read_the_same_with_a_unit(
        text in "[0-9]{1,4}(\\.[0-9]{1,3})? ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)",
    ) {
        prop_assert_eq!(unit("bytes").read(text.as_bytes()).ok(), number(text.as_bytes()));
    }

    #[test]
    fn parts_of_a_duration_add_up(days in 0_u32..9, hours in 0_u32..24, minutes in 0_u32..60, seconds in 0_u32..60) {
        let sum = f64::from(((days * 24 + hours) * 60 + minutes) * 60 + seconds);
        for text in [
            format!("{days}d {hours}h {minutes}m {seconds}s"),
            format!("{days}d{hours}h{minutes}m{seconds}s"),
            format!("P{days}DT{hours}H{minutes}M{seconds}S"),
            format!("{days} days {hours:02}:{minutes:02}:{seconds:02}"),
            format!("{days}-{hours:02}:{minutes:02}:{seconds:02}"),
        ] {
            prop_assert_eq!(unit("ms").read(text.as_bytes()), Ok(sum), "{}", text);
        }
    }

    #[test]
    fn any_bytes_are_a_finite_number_or_none(
        text in "[-+0-9.,:eExXkKMGbBsmhd%µPT _'\"()]{0,12}|\\PC{0,8}",
        index in 0_usize..24,
        decimal in prop::sample::select(vec![Form::Plain, Form::Hexadecimal,
            Form::Prefixed { step: 1e3 }, Form::Separated { decimal: ',', group: Some('.') }]),
        scale in prop::sample::select(vec![1.0, -0.001, 1e200]),
        invert: bool,
    ) {
        let unit = Unit::names().nth(index).and_then(Unit::of_rule);
        for unit in [None, unit] {
            let reading = Reading { unit, form: decimal, scale, invert };
            match reading.read(text.as_bytes()) {
                Ok(number) => prop_assert!(number.is_finite()),
                Err(_) => prop_assert!(!reading.why(text.as_bytes()).is_empty()),
            }
        }
    }
}

#[test]
fn a_scale_of_one_by_a_whole_number_divides() {
    let times = |number: f64, factor: f64, scale: f64| {
        let reading = Reading {
            scale,
            ..Reading::default()
        };
        reading.finish_times(number, factor)
    };
    for (number, factor, scale, expected) in [
        (336.0, 2.5, 1e-6, 0.00084),
        (2000.0, 0.15, 1e-6, 0.0003),
        (7.0, 1.0, 1e-6, 0.000_007),
        (7.0, 1.0, -1e-6, -0.000_007),
        (3.0, 1.0, 2e-6, 0.000_006),
        (3.0, 2.0, 0.3, 6.0 * 0.3),
        (3.0, 2.0, 4.0, 24.0),
        (3.0, 0.0, 1e-300, 0.0),
    ] {
        assert_eq!(
            times(number, factor, scale),
            Ok(expected),
            "{number} {factor} {scale}"
        );
    }
    assert_eq!(times(1e300, 1e300, 1e-6), Err(Refusal::Infinite));
    assert_eq!(times(1.0, 1.0, 1e-310), Ok(1e-310));
}
