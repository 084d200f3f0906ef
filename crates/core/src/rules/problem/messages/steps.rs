//! What is said of the ways in which a rule reads a line.

use super::super::{Draft, ProblemPlace};

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
