//! What is said of the ways in which a rule reads a line.

use super::super::{At, Draft, ProblemPlace};
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

pub fn lookup_not_read(place: ProblemPlace, file: &str) -> Draft {
    let message = format!("the table {} could not be read", quote(file));
    Draft::error(place, message).hint("its path is taken from the folder of this file")
}

pub fn lookup_column(name: &At<String>, wanted: &str, columns: &[String]) -> Draft {
    let columns: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    let message = format!("the table has no column {}", quote(wanted));
    Draft::error(name.place, message).hint(format!(
        "name one after the file, as in `teams.csv#team`; there are {}",
        columns.join(", ")
    ))
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
