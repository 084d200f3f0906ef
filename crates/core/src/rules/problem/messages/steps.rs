//! What is said of the ways in which a rule reads a line.

use super::super::{At, Cause, Draft, ProblemPlace};
use super::{did_you_mean, quote};

pub fn inside_without_fields(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`inside` says in which text fields are read, but the rule reads none",
    )
    .hint(
        "add `fields = \"auto\"`; a part of a field by a pattern is \
         `{ from = \"message\", match = '…' }`",
    )
}

pub fn each_of_several_patterns(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`each` counts every match of one pattern, but `match` is a list",
    )
    .hint("keep one pattern in `match`, and look at the other text by another rule")
}

pub fn each_without_pattern(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`each` counts every match of `match`, but the rule has no `match`",
    )
}

pub fn csv_without_columns(place: ProblemPlace) -> Draft {
    Draft::error(place, "`fields = \"csv\"` needs `columns`").hint(
        "write the header of the file: `columns = [\"time\", \"user\", …]`; a line that is it is not counted",
    )
}

pub fn key_of_csv(place: ProblemPlace, key: &str) -> Draft {
    let message = format!("`{key}` is only for `fields = \"csv\"`");
    Draft::error(place, message)
}

pub fn column_twice(column: &At<String>, first: ProblemPlace) -> Draft {
    let message = format!("two columns have the name {}", quote(&column.value));
    Draft::error(column.place, message)
        .also("the second", first, "the first")
        .hint("a column that nobody needs may be `\"\"`")
}

pub fn bad_delimiter(text: &At<String>) -> Draft {
    let message = format!(
        "{} is no delimiter: that is one ASCII character",
        quote(&text.value)
    );
    Draft::error(text.place, message).hint("a tab is `\"\\t\"`, in double quotes")
}

pub fn unknown_column(key: &At<String>, columns: &[At<String>]) -> Draft {
    let names = || columns.iter().map(|column| column.value.as_str());
    let all: Vec<String> = names().filter(|name| !name.is_empty()).map(quote).collect();
    let hint = did_you_mean(&key.value, names());
    Draft::error(
        key.place,
        format!("no column has the name {}", quote(&key.value)),
    )
    .hint(hint.unwrap_or_else(|| format!("the columns are {}", all.join(", "))))
}

// Lookup tables.

pub fn lookup_not_read(place: ProblemPlace, file: &str, path: String) -> Draft {
    let message = format!("the table {} could not be read", quote(file));
    Draft::error(place, message)
        .hint("its path is taken from the folder of this file")
        .because(Cause::File(path))
}

pub fn lookup_column(name: &At<String>, wanted: &str, columns: &[&str]) -> Draft {
    let message = format!("the table has no column {}", quote(wanted));
    let hint = did_you_mean(wanted, columns.iter().copied());
    Draft::error(name.place, message)
        .hint(hint.unwrap_or_else(|| lookup_columns("teams.csv#team", columns)))
}

pub fn lookup_which_column(name: &At<String>, columns: &[&str]) -> Draft {
    Draft::error(
        name.place,
        "expected the column that has the numbers, as the table has several",
    )
    .hint(lookup_columns("prices.toml#input", columns))
}

fn lookup_columns(example: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    format!(
        "name one after the file, as in `{example}`; there are {}",
        columns.join(", ")
    )
}

pub fn lookup_dotted(place: ProblemPlace, key: &str, inner: &str) -> Draft {
    let message = format!(
        "{} has a table {} in it, and no value",
        quote(key),
        quote(inner)
    );
    Draft::error(place, message).hint(format!(
        "a key with a dot in it is written in quotes: `[\"{key}.{inner}\"]`"
    ))
}

pub fn lookup_number(place: ProblemPlace, text: &str) -> Draft {
    let message = format!("expected a finite number, but found {}", quote(text));
    let plain = text.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '-'));
    let plain = plain.replace(',', ".");
    let hint = plain.parse::<f64>().is_ok();
    Draft::error(place, message).maybe_hint(
        hint.then(|| format!("a table of numbers has digits and a point alone: `{plain}`")),
    )
}

// Factors.

pub fn times_a_number(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected a table of a lookup and its key for `times`, but found a number",
    )
    .hint("a number that is always the same is `scale`")
}

pub fn factor_key_without_from(place: ProblemPlace) -> Draft {
    Draft::error(place, "this table does not say which field is looked up")
        .hint("write `key = { from = \"model\", … }`, or the name of a label: `key = \"model\"`")
}

pub fn sum_with_other(place: ProblemPlace, key: &str, sum: ProblemPlace) -> Draft {
    Draft::error(
        place,
        format!("`sum` has numbers of its own, so that `{key}` says nothing here"),
    )
    .also("", sum, "the numbers that are added up")
    .hint(format!("write `{key}` within the tables of `sum`"))
}

pub fn sum_in_sum(place: ProblemPlace) -> Draft {
    Draft::error(place, "a `sum` is no part of another `sum`").hint("write all numbers in one list")
}

pub fn time_in_sum(place: ProblemPlace) -> Draft {
    Draft::error(place, "a time is no part of a `sum`")
}

pub fn lookup_without_header(place: ProblemPlace, cell: &str) -> Draft {
    let message = format!(
        "the first line of a table names its columns, but {} looks like a key",
        quote(cell)
    );
    Draft::error(place, message).hint("put a line such as `user,team` before it")
}

pub fn lookup_short(place: ProblemPlace, cells: usize) -> Draft {
    Draft::error(
        place,
        format!("this line of the table has fewer than {cells} cells"),
    )
}

pub fn lookup_unclosed(place: ProblemPlace) -> Draft {
    Draft::error(place, "a quote on this line of the table is never closed")
}

pub fn lookup_value(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "what a table has for a key is a string, a number, or a table of columns",
    )
}
