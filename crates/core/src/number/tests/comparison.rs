//! Conditions that compare, held against plain evaluation.

use proptest::prelude::*;

use super::super::*;

fn comparison(text: &str, reading: &Reading) -> Comparison {
    Comparison::parse(text, reading).unwrap().unwrap()
}

#[track_caller]
fn holds(text: &str, value: &str) -> bool {
    comparison(text, &Reading::default()).holds(value.as_bytes())
}

#[test]
fn numbers_are_compared_as_numbers() {
    for (text, yes, no) in [
        (
            ">= 500",
            &["500", "503", "500.0", "1e3"][..],
            &["499", "", "abc", "-500"][..],
        ),
        (">500", &["501"], &["500"]),
        ("< 0.5", &["0.25", "-1", "400ms"], &["0.5", "1s"]),
        ("<= -1", &["-1", "-2"], &["0"]),
        ("> 1s", &["1.5s", "1001ms", "2"], &["999ms", "1", "1KB1"]),
        ("== 200", &["200", "200.0"], &["201", "2000", ""]),
        ("!= 200", &["201", "x", ""], &["200", "200.0"]),
        ("!= anonymous", &["ann", "", "anonymous2"], &["anonymous"]),
        ("== a, b", &["a, b"], &["a"]),
        (">= 100, < 200", &["100", "199.9"], &["99", "200", "x"]),
        (">=400,<600,!=404", &["400", "599"], &["404", "399"]),
        ("!= -, != unknown", &["ann"], &["-", "unknown"]),
    ] {
        for value in yes {
            assert!(holds(text, value), "{value} {text}");
        }
        for value in no {
            assert!(!holds(text, value), "{value} {text}");
        }
    }
}

#[test]
fn both_sides_are_read_as_the_rule_says() {
    let ms = Reading {
        unit: Unit::of_rule("ms"),
        scale: 7.0,
        invert: true,
        ..Reading::default()
    };
    let over = comparison("> 1s", &ms);
    assert!(
        over.holds(b"1500") && over.holds(b"2 min") && !over.holds(b"999") && !over.holds(b"5MB")
    );
    let over = comparison("> 1000", &ms);
    assert!(over.holds(b"1500") && !over.holds(b"999"));
    let error = Comparison::parse("> 5MB", &ms).unwrap().unwrap_err();
    assert_eq!(error, ComparisonError::NoNumber("5MB".into()));
    let error = Comparison::parse(">= 5 apples", &Reading::default())
        .unwrap()
        .unwrap_err();
    assert_eq!(error, ComparisonError::NoNumber("5 apples".into()));
    for empty in [">=", "!= ", "==", ">= 1, <"] {
        let error = Comparison::parse(empty, &Reading::default())
            .unwrap()
            .unwrap_err();
        assert_eq!(error, ComparisonError::Empty, "{empty}");
    }
}

#[test]
fn what_is_a_pattern_stays_one() {
    for pattern in [
        "2..", "<a>", "-> x", "=", "=1", "!", "!x", "> start", "=~ x", "\\d+", "",
    ] {
        assert!(
            Comparison::parse(pattern, &Reading::default()).is_none(),
            "{pattern}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn it_is_what_plain_evaluation_says(
        operators in prop::collection::vec(prop::sample::select(vec![">=", "<=", ">", "<", "==", "!="]), 1..4),
        numbers in prop::collection::vec(-5_i32..6, 3),
        value in prop_oneof![(-6_i32..7).prop_map(|n| n.to_string()), (-6_i32..7).prop_map(|n| format!("{n}.5")),
            Just("x".to_owned()), Just("3s".to_owned()), Just("3000ms".to_owned())],
        blanks in 0_usize..3,
    ) {
        let blank = " ".repeat(blanks);
        let parts: Vec<String> = operators.iter().zip(&numbers)
            .map(|(operator, number)| format!("{operator}{blank}{number}"))
            .collect();
        let text = parts.join(&format!("{blank},{blank}"));
        let of_value = match value.as_str() {
            "x" => None,
            "3s" | "3000ms" => Some(3.0),
            number => number.parse::<f64>().ok(),
        };
        let expected = operators.iter().zip(&numbers).all(|(operator, number)| {
            let number = f64::from(*number);
            match (*operator, of_value) {
                ("!=", None) => true,
                (_, None) => false,
                (">=", Some(value)) => value >= number,
                ("<=", Some(value)) => value <= number,
                (">", Some(value)) => value > number,
                ("<", Some(value)) => value < number,
                ("==", Some(value)) => value == number,
                (_, Some(value)) => value != number,
            }
        });
        prop_assert_eq!(holds(&text, &value), expected, "{} {}", value, text);
    }

    #[test]
    fn any_text_is_one_or_a_pattern(text in "[<>=!, 0-9a-z.]{0,10}|\\PC{0,8}", value in "\\PC{0,6}") {
        if let Some(Ok(comparison)) = Comparison::parse(&text, &Reading::default()) {
            let _ = comparison.holds(value.as_bytes());
            prop_assert_eq!(comparison.as_str(), text);
        }
    }
}
