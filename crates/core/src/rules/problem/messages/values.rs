//! What is said of the numbers of metrics.

use super::super::{At, Draft, ProblemPlace};
use super::{one_of, quote, unknown_choice};

pub fn two_value_keys(first: (ProblemPlace, &str), second: (ProblemPlace, &str)) -> Draft {
    let message = format!(
        "expected one of `value`, `set`, `add` and `subtract`, but found `{}` and `{}`",
        first.1, second.1
    );
    Draft::error(second.0, message).also("", first.0, "")
}

pub fn value_key_of_gauge(place: ProblemPlace, key: &str, kind: &str) -> Draft {
    let draft = Draft::error(place, format!("a {kind} has no `{key}`"));
    match kind {
        "counter" => draft.hint(
            "a counter only goes up: `value` says by how much; a gauge can be set and go down",
        ),
        _ => draft.hint("`value` says what is observed"),
    }
}

pub fn value_not_finite(place: ProblemPlace) -> Draft {
    Draft::error(place, "expected a finite number")
}

pub fn number_in_quotes(key: &At<String>) -> Draft {
    let found = quote(&key.value);
    Draft::error(
        key.place,
        format!("expected the name of a field, but found the number {found} in quotes"),
    )
    .hint("a number that is always the same is written without quotes: `value = 1`")
}

pub fn bad_scale(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected a finite number other than zero for `scale`",
    )
}

pub fn map_and_form(place: ProblemPlace, form: ProblemPlace, key: &str) -> Draft {
    Draft::error(place, format!("expected `map` or `{key}`, but found both")).also(
        "gives numbers itself",
        form,
        "reads a number on the line",
    )
}

pub fn map_empty(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`map` has no entries, so that every value would be a bad one",
    )
    .hint("`map = { up = 1, down = 0 }`; a value that is not in it is a bad value")
}

pub fn form_without_keys(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        format!(
            "expected {} here, but found none",
            one_of(&["decimal", "group", "hexadecimal"])
        ),
    )
    .hint("`number = { decimal = \",\", group = \".\" }` reads `1.234,5`")
}

pub fn hexadecimal_with_others(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "a hexadecimal number has no `decimal` and no `group`",
    )
}

pub fn same_signs(place: ProblemPlace, sign: char) -> Draft {
    let sign = sign.escape_debug();
    Draft::error(
        place,
        format!("`{sign}` cannot be before the fraction and between groups of digits"),
    )
    .hint("without `decimal` the fraction is after a `.`; `number = { decimal = \",\", group = \".\" }` reads `1.234,5`")
}

pub fn bad_sign(text: &At<String>) -> Draft {
    let found = quote(&text.value);
    Draft::error(
        text.place,
        format!("expected one character that is no letter, digit or sign, but found {found}"),
    )
}

pub fn time_has_a_unit(place: ProblemPlace, key: &str) -> Draft {
    Draft::error(
        place,
        format!("a time is in seconds since 1970, and `{key}` says nothing of it"),
    )
    .hint("`time` says how the line's time is read; `scale` multiplies it")
}

pub fn name_of_a_unit(key: &At<String>, unit: &str, metric: &str, base: &str) -> Draft {
    let found = quote(&key.value);
    Draft::warning(
        key.place,
        format!("{found} looks like a number in {unit}, and `{metric}` is in {base}"),
    )
    .hint(format!(
        "`{{ from = \"{}\", unit = \"{unit}\" }}` makes {base} of it; `unit = \"{}\"` says that it is in {base} already",
        key.value,
        if base == "seconds" { "s" } else { base },
    ))
}

pub fn samples_of_a_unit(place: ProblemPlace, unit: &str, metric: &str, base: &str) -> Draft {
    Draft::warning(
        place,
        format!("the numbers for `{metric}` look like {unit}, and it is in {base}"),
    )
    .hint(format!(
        "`{{ from = …, unit = \"{unit}\" }}` makes {base} of them; `unit = \"{}\"` says that they are in {base} already",
        if base == "seconds" { "s" } else { base },
    ))
}

pub fn negative_counter(place: ProblemPlace) -> Draft {
    Draft::error(place, "a counter only goes up, and this number is negative")
        .hint("a gauge can go down: `gauge = \"name\"` with `subtract = 1`")
}

pub fn unknown_unit(word: &At<String>, names: &[&str], meant: Option<&str>) -> Draft {
    let hint = meant.map(|unit| format!("it is written `{unit}` here"));
    unknown_choice(word, names).maybe_hint(hint)
}
