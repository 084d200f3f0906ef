//! Comparisons of a number as patterns of its text: `>= 500` is `[5-9]\d{2}` where the text has three
//! digits. The text is a plain number: a sign, digits, a point and digits.

use crate::ast::Compare;

/// The text that is compared: what its group may match.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    /// How many digits it has, where it has nothing else and always so many.
    pub(super) digits: Option<usize>,
    pub(super) may_have_point: bool,
    pub(super) may_be_negative: bool,
    pub(super) may_have_plus: bool,
}

/// A number as two runs of digits, without zeros that say nothing.
struct Decimal {
    whole: Vec<u8>,
    fraction: Vec<u8>,
}

/// The pattern of all texts that compare so with a number; none where the number is too odd.
pub(super) fn pattern(compare: Compare, number: f64, shape: Shape) -> Option<String> {
    if !(0.0..1e15).contains(&number) {
        return None;
    }
    let text = format!("{number}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let decimal = Decimal {
        whole: whole.trim_start_matches('0').bytes().collect(),
        fraction: fraction.trim_end_matches('0').bytes().collect(),
    };
    let mut all = match compare {
        Compare::Greater => decimal.greater(shape),
        Compare::Less => decimal.less(shape),
        Compare::Equal => vec![decimal.equal(shape)],
        Compare::GreaterOrEqual => [decimal.greater(shape), vec![decimal.equal(shape)]].concat(),
        Compare::LessOrEqual => [decimal.less(shape), vec![decimal.equal(shape)]].concat(),
        Compare::NotEqual => [decimal.less(shape), decimal.greater(shape)].concat(),
    };
    if shape.may_have_plus {
        all = vec![format!(r"\+?(?:{})", joined(&all))];
    }
    if shape.may_be_negative {
        all.extend(negative(compare, number == 0.0));
    }
    Some(joined(&all))
}

fn joined(all: &[String]) -> String {
    match all {
        // Nothing is so: the pattern of no text.
        [] => r"[^\s\S]".to_owned(),
        all => all.join("|"),
    }
}

/// The texts with a minus that compare so with a number that has none.
fn negative(compare: Compare, is_zero: bool) -> Option<String> {
    let (any, zero, other) = ("-.*", "-[0.]*", "-.*[1-9].*");
    let text = match (compare, is_zero) {
        (Compare::Less | Compare::NotEqual, false) | (Compare::LessOrEqual, _) => any,
        (Compare::Less | Compare::NotEqual, true) => other,
        (Compare::GreaterOrEqual | Compare::Equal, true) => zero,
        (Compare::Greater, _) | (Compare::GreaterOrEqual | Compare::Equal, false) => return None,
    };
    Some(text.to_owned())
}

impl Decimal {
    /// Whole parts are compared as digits of the same number, or by how many there are.
    fn greater(&self, shape: Shape) -> Vec<String> {
        let any_fraction = if shape.may_have_point {
            r"(?:\.\d*)?"
        } else {
            ""
        };
        let mut whole = self.whole_parts(true, shape);
        match shape.digits {
            Some(_) => {}
            None => whole.push(format!(r"[1-9]\d{{{},}}", self.whole.len())),
        }
        let mut all = Vec::new();
        if !whole.is_empty() {
            let zeros = zeros(shape);
            all.push(format!("{zeros}(?:{}){any_fraction}", whole.join("|")));
        }
        if shape.may_have_point {
            let mut fractions = fraction_parts(&self.fraction, true);
            fractions.push(format!(r"{}\d*[1-9]\d*", text(&self.fraction)));
            all.push(format!(
                r"{}\.(?:{})",
                self.same_whole(shape),
                fractions.join("|")
            ));
        }
        all
    }

    fn less(&self, shape: Shape) -> Vec<String> {
        let any_fraction = if shape.may_have_point {
            r"(?:\.\d*)?"
        } else {
            ""
        };
        let mut whole = self.whole_parts(false, shape);
        if shape.digits.is_none() && self.whole.len() > 1 {
            whole.push(format!(r"\d{{1,{}}}", self.whole.len() - 1));
        } else if shape.digits.is_none() && self.whole.len() == 1 && shape.may_have_point {
            // `.5` has no whole part.
            whole.push(String::new());
        }
        let mut all = Vec::new();
        if !whole.is_empty() {
            let zeros = zeros(shape);
            all.push(format!("{zeros}(?:{}){any_fraction}", whole.join("|")));
        }
        if !self.fraction.is_empty() {
            let same = self.same_whole(shape);
            all.push(same.clone());
            if shape.may_have_point {
                let mut fractions = fraction_parts(&self.fraction, false);
                let shorter = (0..self.fraction.len()).map(|end| text(&self.fraction[..end]));
                fractions.extend(shorter);
                all.push(format!(r"{same}\.(?:{})", fractions.join("|")));
            }
        }
        all
    }

    fn equal(&self, shape: Shape) -> String {
        let whole = self.same_whole(shape);
        match (self.fraction.is_empty(), shape.may_have_point) {
            (true, true) => format!(r"{whole}(?:\.0*)?"),
            (true, false) => whole,
            (false, true) => format!(r"{whole}\.{}0*", text(&self.fraction)),
            // A whole number never has a fraction.
            (false, false) => r"[^\s\S]".to_owned(),
        }
    }

    fn same_whole(&self, shape: Shape) -> String {
        match shape.digits {
            Some(digits) if digits < self.whole.len() => r"[^\s\S]".to_owned(),
            Some(digits) => "0".repeat(digits - self.whole.len()) + &text(&self.whole),
            None if self.whole.is_empty() && !shape.may_have_point => "0+".to_owned(),
            None => format!("0*{}", text(&self.whole)),
        }
    }

    /// Whole parts of as many digits that are greater, or less.
    fn whole_parts(&self, greater: bool, shape: Shape) -> Vec<String> {
        let mut digits = self.whole.clone();
        if let Some(count) = shape.digits {
            if count < digits.len() {
                // All texts are shorter.
                return match greater {
                    true => Vec::new(),
                    false => vec![format!(r"\d{{{count}}}")],
                };
            }
            digits.splice(0..0, std::iter::repeat_n(b'0', count - self.whole.len()));
        }
        let mut parts = Vec::new();
        for (place, digit) in digits.iter().enumerate() {
            let rest = digits.len() - place - 1;
            let Some(class) = class(*digit, greater) else {
                continue;
            };
            let before = text(&digits[..place]);
            parts.push(match rest {
                0 => format!("{before}{class}"),
                1 => format!(r"{before}{class}\d"),
                rest => format!(r"{before}{class}\d{{{rest}}}"),
            });
        }
        parts
    }
}

/// Fractions that differ from one at some digit, and what follows them.
fn fraction_parts(digits: &[u8], greater: bool) -> Vec<String> {
    let one = |(place, digit): (usize, &u8)| {
        let class = class(*digit, greater)?;
        Some(format!(r"{}{class}\d*", text(&digits[..place])))
    };
    digits.iter().enumerate().filter_map(one).collect()
}

/// The digits that are greater, or less, than one.
fn class(digit: u8, greater: bool) -> Option<String> {
    let (low, high) = match greater {
        true => (digit + 1, b'9'),
        false => (b'0', digit.checked_sub(1)?),
    };
    let (low, high) = (char::from(low), char::from(high));
    match () {
        () if low > high || !high.is_ascii_digit() => None,
        () if low == high => Some(low.to_string()),
        () => Some(format!("[{low}-{high}]")),
    }
}

/// Zeros that may come before the digits.
fn zeros(shape: Shape) -> &'static str {
    match shape.digits {
        Some(_) => "",
        None => "0*",
    }
}

fn text(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use regex::Regex;

    use super::*;

    const COMPARES: [Compare; 6] = [
        Compare::Less,
        Compare::Greater,
        Compare::LessOrEqual,
        Compare::GreaterOrEqual,
        Compare::Equal,
        Compare::NotEqual,
    ];

    #[track_caller]
    fn assert_right(compare: Compare, number: f64, shape: Shape, text: &str) {
        let pattern = pattern(compare, number, shape).unwrap();
        let regex = Regex::new(&format!("^(?:{pattern})$")).unwrap();
        let value: f64 = text.parse().unwrap();
        let holds = compare.holds(value.partial_cmp(&number));
        assert_eq!(
            regex.is_match(text),
            holds,
            "{text} {compare:?} {number}: {pattern}"
        );
    }

    #[test]
    fn patterns_of_three_digits_are_short() {
        let shape = Shape {
            digits: Some(3),
            ..Shape::default()
        };
        let text = |compare, number| pattern(compare, number, shape).unwrap();
        assert_eq!(text(Compare::Less, 500.0), r"(?:[0-4]\d{2})");
        assert_eq!(text(Compare::Greater, 99.0), r"(?:[1-9]\d{2})");
        assert_eq!(text(Compare::Equal, 7.0), "007");
        assert_eq!(text(Compare::Greater, 1000.0), r"[^\s\S]");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

        #[test]
        fn patterns_compare_as_numbers_do(
            number in prop_oneof![
                (0_u32..1200).prop_map(f64::from),
                (0_u32..100_000).prop_map(|number| f64::from(number) / 100.0),
            ],
            compare in select(COMPARES.to_vec()),
            whole in "[0-9]{1,4}",
            fraction in "(\\.[0-9]{0,3})?",
            sign in "[+-]?",
        ) {
            let all = Shape { may_have_point: true, may_be_negative: true, may_have_plus: true, digits: None };
            assert_right(compare, number, all, &format!("{sign}{whole}{fraction}"));
            let unsigned = Shape { may_have_point: true, ..Shape::default() };
            assert_right(compare, number, unsigned, &format!("{whole}{fraction}"));
            assert_right(compare, number, Shape::default(), &whole);
            let fixed = Shape { digits: Some(whole.len()), ..Shape::default() };
            assert_right(compare, number, fixed, &whole);
            // The number itself, and with zeros around it.
            assert_right(compare, number, all, &format!("00{number}"));
            assert_right(compare, number, all, &format!("{number:.3}"));
        }
    }
}
