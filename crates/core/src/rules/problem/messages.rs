//! Every word that a problem says: lower case, no full stop, what is in the file in backticks.

use std::fmt::Display;

mod input;
mod names;
mod other_words;
mod patterns;
mod steps;
mod times;
mod values;

use super::super::keys::{self, KeyTable};
use super::super::metric_names;
use super::super::shipped::{self, Shipped};
use super::{At, Cause, Draft, ProblemPlace};
use crate::did_you_mean::did_you_mean;

pub use input::*;
pub use names::*;
pub use patterns::*;
pub use steps::*;
pub use times::*;
pub use values::*;

/// Most characters of a value that a message repeats.
const QUOTE_MAX: usize = 60;

/// A text from the file in backticks, cut where it is long.
pub fn quote(text: &str) -> String {
    match text.char_indices().nth(QUOTE_MAX) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or("")),
        None => format!("`{text}`"),
    }
}

/// `a`, `b` or `c`
fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn plural(count: usize, one: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// Most lines that a message names.
const LINES_MAX: usize = 6;

/// A message, and in which other lines the same is missed.
pub fn also_in(message: &str, lines: &[String]) -> String {
    let shown = lines.iter().take(LINES_MAX).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    match lines.len() {
        1 => format!("{message}; another place needs it, in line {shown}"),
        count => {
            let more = if count > LINES_MAX { ", …" } else { "" };
            format!("{message}; {count} more places need it, in lines {shown}{more}")
        }
    }
}

/// The last line after all problems.
pub fn total(count: usize) -> String {
    let more = if count > super::PROBLEMS_MAX {
        format!(", of which the first {} are shown", super::PROBLEMS_MAX)
    } else {
        String::new()
    };
    format!("{} in the rules{more}", plural(count, "problem"))
}

// Files.

pub fn unreadable(path: &str, cause: &dyn Display) -> Draft {
    Draft::nowhere(format!("cannot read {}: {cause}", quote(path)))
        .because(Cause::File(path.to_owned()))
}

/// That rules of this name are in the program.
pub fn is_shipped(rules: &Shipped) -> String {
    let (prefix, name) = (shipped::PREFIX, rules.name);
    format!("rules of this name are in the program: `{prefix}{name}`")
}

pub fn unknown_shipped(name: &str) -> Draft {
    let prefix = shipped::PREFIX;
    let all: Vec<&str> = shipped::names().collect();
    let nearest = shipped::nearest(name);
    let meant = nearest.map_or(String::new(), |name| {
        format!("did you mean `{prefix}{name}`? ")
    });
    Draft::nowhere(format!("no rules {} are shipped", quote(name)))
        .hint(format!("{meant}there are {}", all.join(", ")))
}

pub fn program_of_mtail(path: &str) -> Draft {
    Draft::nowhere(format!(
        "{} is a program of mtail, and only rules in TOML can be used here",
        quote(path)
    ))
}

pub fn empty_folder(path: &str) -> Draft {
    Draft::nowhere(format!("folder {} has no .toml files", quote(path)))
}

pub fn not_utf8(path: &str, line: usize) -> Draft {
    let quoted = quote(path);
    Draft::nowhere(format!(
        "expected UTF-8 text in {quoted}, but found other bytes in line {line}"
    ))
    .because(Cause::File(path.to_owned()))
}

pub fn no_rules() -> Draft {
    Draft::nowhere("expected at least one `[[rule]]`, but found none in all files")
}

pub fn file_without_rules(place: ProblemPlace) -> Draft {
    Draft::warning(place, "no `[[rule]]` in this file")
}

// Shapes.

pub fn invalid_toml(place: ProblemPlace, message: &str, is_escape: bool) -> Draft {
    let draft = Draft::error(
        place,
        format!("invalid TOML: {}", message.replace('\n', " ")),
    );
    draft.maybe_hint(is_escape.then(|| escape_hint().to_owned()))
}

pub fn unknown_key(key: &At<&str>, table: &KeyTable) -> Draft {
    let draft = Draft::error(key.place, format!("unknown key {}", quote(key.value)));
    let known = table.names();
    let elsewhere = keys::written_of(key.value);
    let elsewhere = (!elsewhere.is_empty()).then(|| {
        let tables: Vec<String> = elsewhere.iter().map(|table| format!("`{table}`")).collect();
        format!(
            "it is a key of {}; known here: {}",
            tables.join(" and "),
            known.join(", ")
        )
    });
    draft
        .hint(format!("known here: {}", known.join(", ")))
        .maybe_hint(did_you_mean(key.value, known.iter().copied()).or(elsewhere))
        .maybe_hint(other_words::ours(key.value, &known))
}

pub fn wrong_type(place: ProblemPlace, key: &str, expected: &str, found: &str) -> Draft {
    Draft::error(
        place,
        format!("expected {expected} for {}, but found {found}", quote(key)),
    )
}

pub fn out_of_range(place: ProblemPlace, key: &str, least: usize, found: &str) -> Draft {
    let message = format!(
        "expected {} to be at least {least}, but found `{found}`",
        quote(key)
    );
    Draft::error(place, message)
}

pub fn empty_list(place: ProblemPlace, key: &str) -> Draft {
    Draft::error(
        place,
        format!(
            "expected at least one string for {}, but found none",
            quote(key)
        ),
    )
}

pub fn missing_key(place: ProblemPlace, key: &str) -> Draft {
    Draft::error(
        place,
        format!("expected the key `{key}` here, but found none"),
    )
}

pub fn unknown_choice(word: &At<String>, choices: &[&str]) -> Draft {
    let (expected, found) = (one_of(choices), quote(&word.value));
    Draft::error(
        word.place,
        format!("expected {expected}, but found {found}"),
    )
    .maybe_hint(did_you_mean(&word.value, choices.iter().copied()))
}

pub fn renamed_key(place: ProblemPlace, old: &str, new: &str) -> Draft {
    Draft::error(place, format!("`{old}` is called `{new}` now"))
        .hint(format!("write `{new}`; what it means is the same"))
}

pub fn untrusted_pair(place: ProblemPlace, found: usize) -> Draft {
    Draft::error(place, format!("expected two keys for `untrusted_between`, but found {found}")).hint(
        "`untrusted_between = [\"a\", \"b\"]` leaves out what is between the first `a=` and the last `b=`",
    )
}

pub fn not_a_duration(text: &At<String>) -> Draft {
    let found = quote(&text.value);
    Draft::error(
        text.place,
        format!("expected a duration, but found {found}"),
    )
    .hint("write it like `24h`, `90s` or `1h30m`")
}

pub fn expire_too_short(text: &At<String>) -> Draft {
    let found = quote(&text.value);
    Draft::error(
        text.place,
        format!("expected `expire` to be at least `1s`, but found {found}"),
    )
}

pub fn not_a_sample(text: &At<String>) -> Draft {
    let message = format!("expected a sample, but found {}", quote(&text.value));
    Draft::error(text.place, message)
        .hint("write it as /metrics prints it: `name{label=\"value\"} 1`")
}

// Rules.

pub fn rule_without_source(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected `match` or `fields` in this rule, but found neither",
    )
    .hint("`fields = \"auto\"` reads key=value and JSON lines")
}

pub fn rule_without_metric(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected a `[[rule.metric]]` in this rule, but found none",
    )
}

pub fn empty_rule_name(place: ProblemPlace) -> Draft {
    Draft::error(place, "expected a name, but found an empty string")
}

pub fn rule_name_twice(name: &At<String>, first: ProblemPlace) -> Draft {
    Draft::error(
        name.place,
        format!("two rules are named {}", quote(&name.value)),
    )
    .also("the second", first, "the first")
}

/// A trace id is shown wherever there is one.
pub fn report_trace_where(name: &At<String>) -> Draft {
    Draft::error(
        name.place,
        "`trace` takes no `where`: an id that is on the line is shown",
    )
}

pub fn empty_field_name(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected the name of a field, but found an empty string",
    )
}

pub fn unknown_special(key: &At<String>) -> Draft {
    let (expected, found) = (one_of(&metric_names::SPECIAL), quote(&key.value));
    Draft::error(key.place, format!("expected {expected}, but found {found}"))
        .maybe_hint(did_you_mean(&key.value, metric_names::SPECIAL))
}

pub fn unknown_field(key: &At<String>, groups: &[String], is_label: bool) -> Draft {
    let draft = Draft::error(key.place, format!("no named group {}", quote(&key.value)));
    let fallback = if is_label {
        format!(
            "{} is a label; labels come from fields, not from labels",
            quote(&key.value)
        )
    } else {
        fields_hint(groups)
    };
    draft
        .hint(fallback)
        .maybe_hint(did_you_mean(&key.value, groups.iter().map(String::as_str)))
}

pub fn unknown_label(name: &At<String>, groups: &[String], labels: &[&str]) -> Draft {
    let found = quote(&name.value);
    let known = groups
        .iter()
        .map(String::as_str)
        .chain(labels.iter().copied());
    Draft::error(name.place, format!("no label and no named group {found}"))
        .hint(fields_hint(groups))
        .maybe_hint(did_you_mean(&name.value, known))
}

fn fields_hint(groups: &[String]) -> String {
    let read = "`fields = \"auto\"` reads the line's own fields";
    match groups {
        [] => format!("`match` has no named groups; {read}"),
        [one] => format!("`match` has the group `{one}`; {read}"),
        _ => format!("`match` has the groups `{}`; {read}", groups.join("`, `")),
    }
}

pub fn match_json_without_json(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`match_json` needs a rule with `fields = \"json\"` or `\"auto\"`",
    )
}

pub fn no_untrusted_range(place: ProblemPlace, key: &str) -> Draft {
    Draft::error(
        place,
        format!("`{key}` needs `untrusted_between` in the rule"),
    )
    .hint("`untrusted_between = [[\"a\", \"b.*\"], \"z\"]` says between which keys clients write")
}

pub fn untrusted_without_logfmt(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "`untrusted_between` needs a rule with `fields = \"logfmt\"` or `\"auto\"`",
    )
}

pub fn untrusted_differs(place: ProblemPlace, first: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected one pair for `untrusted_between` in a rule, but found two",
    )
    .also("this one", first, "and this one")
}

// Metrics.

pub fn metric_without_kind(place: ProblemPlace) -> Draft {
    let expected = one_of(&["counter", "gauge", "histogram"]);
    Draft::error(
        place,
        format!("expected {expected} in this metric, but found none"),
    )
    .hint("the key says the type: `counter = \"requests_by_user\"`")
}

pub fn two_kinds(first: (ProblemPlace, &str), second: (ProblemPlace, &str)) -> Draft {
    let message = format!(
        "expected one type, but found `{}` and `{}`",
        first.1, second.1
    );
    Draft::error(second.0, message).also("", first.0, "")
}

pub fn label_twice(name: &At<String>, first: ProblemPlace) -> Draft {
    Draft::error(
        name.place,
        format!("label {} stands twice in this metric", quote(&name.value)),
    )
    .also("again here", first, "first here")
}

pub fn value_missing(name: &At<String>, kind: &str) -> Draft {
    let message = format!(
        "expected a `value` for the {kind} {}, but found none",
        quote(&name.value)
    );
    Draft::error(name.place, message).hint("`value` names the field with the number")
}

pub fn buckets_without_histogram(place: ProblemPlace, kind: &str) -> Draft {
    Draft::error(place, format!("a {kind} has no `buckets`"))
        .hint("`histogram = \"name\"` makes it a histogram")
}

pub fn buckets_empty(place: ProblemPlace) -> Draft {
    Draft::error(
        place,
        "expected at least one finite number for `buckets`, but found none",
    )
}

/// A number that is far from 1 is written with its exponent.
fn number(number: f64) -> String {
    match number.abs() {
        1e-5..1e15 | 0.0 => number.to_string(),
        _ if number.is_finite() => format!("{number:e}"),
        _ => number.to_string(),
    }
}

pub fn bucket_not_finite(place: ProblemPlace, found: f64) -> Draft {
    Draft::error(
        place,
        format!("expected a finite bucket, but found `{}`", number(found)),
    )
    .hint("the bucket `+Inf` is always there")
}

pub fn buckets_not_rising(place: ProblemPlace, before: f64, found: f64) -> Draft {
    Draft::error(
        place,
        format!(
            "expected a bucket above `{}`, but found `{}`",
            number(before),
            number(found)
        ),
    )
    .hint("buckets stand in rising order")
}

pub fn definitions_clash(name: &At<String>, here: &str, first: ProblemPlace, there: &str) -> Draft {
    Draft::error(
        name.place,
        format!("metric {} is defined in two ways", quote(&name.value)),
    )
    .also(here, first, there)
    .hint("rules may share a metric that has the same type, labels, buckets and limits")
}

pub fn exposition_clash(name: &At<String>, first: &At<String>, shared: &str) -> Draft {
    let (second, first_name) = (quote(&name.value), quote(&first.value));
    Draft::error(
        name.place,
        format!("{second} and {first_name} would both expose `{shared}`"),
    )
    .also("", first.place, "")
    .hint("rename one of them")
}

// Advice.

pub fn help_differs(help: &At<String>, first: ProblemPlace) -> Draft {
    Draft::warning(
        help.place,
        "another rule gives this metric another help text",
    )
    .also("not used", first, "used")
}

pub fn unused_group(place: ProblemPlace, name: &str) -> Draft {
    Draft::warning(place, format!("named group `{name}` is never used")).hint(format!(
        "add it to `by`, or write `(?:…)` instead of `(?P<{name}>…)`"
    ))
}

pub fn unused_label(name: &At<String>) -> Draft {
    Draft::warning(
        name.place,
        format!("label {} is never used", quote(&name.value)),
    )
    .hint("add it to a metric's `by`")
}

pub fn many_values(name: &At<String>, key: &At<String>) -> Draft {
    let (label, key_name) = (quote(&name.value), quote(&key.value));
    Draft::warning(
        name.place,
        format!("label {label} may have a value for every line"),
    )
    .hint(format!(
        "{key_name} looks like an id, a path or a time; `map` or `max_values` bounds it"
    ))
}

pub fn same_match(pattern: &At<String>, first: ProblemPlace, name: &str) -> Draft {
    Draft::warning(
        pattern.place,
        format!("this rule matches the same lines as rule {}", quote(name)),
    )
    .also("both count them", first, "")
    .hint("one rule may have several metrics")
}

pub fn almost_a_label(name: &At<String>, label: &str) -> Draft {
    let found = quote(&name.value);
    Draft::warning(
        name.place,
        format!("{found} is no label, so it is the field of that name"),
    )
    .hint(format!("did you mean `{label}`?"))
}
