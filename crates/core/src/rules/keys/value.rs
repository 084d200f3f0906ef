//! Keys of a number: of a metric's `value` and its like, and of a report.

use super::{FACTOR, FIELD, Key, KeyTable, Need, Shape};

/// A number: a constant, a field, several, or a table that says more; or a list of these.
pub(super) const VALUE_SHAPE: Shape = Shape::Either(&[
    Shape::Number,
    Shape::TextOrTexts,
    Shape::Table(&VALUE),
    ALTERNATIVES,
]);

/// A list, of which the first that is on the line decides.
pub(super) const ALTERNATIVES: Shape = Shape::Some(
    "a list of strings and tables",
    &Shape::Either(&[Shape::Text, Shape::Table(&VALUE)]),
);

pub(in crate::rules) static VALUE: KeyTable = KeyTable {
    path: "rule.metric.VALUE",
    written: "a number of a metric",
    about: "The table form of `value`, `set`, `add` and `subtract`: all keys of [a field](#keys-of-a-field), \
            and these. A text that is read as no number counts in `logmetrics_rule_bad_value_total`, and \
            `logmetrics explain` says why.",
    keys: &[
        Key {
            name: "unit",
            shape: Shape::Word(&[
                "ns", "us", "ms", "s", "min", "h", "d", "w", "bytes", "kB", "MB", "GB", "TB",
                "KiB", "MiB", "GiB", "TiB", "bits", "kbit", "Mbit", "Gbit", "percent", "permille",
                "ratio",
            ]),
            about: "What a number without a unit is in; the metric is in seconds, bytes or parts of 1. A number \
                    with a unit of its own is what it says, in whatever words (`3.5 sec`, `1h 2m 3s`, \
                    `00:01:19.2`, `PT1M30S`, `12mb`), and a bad value where that is of another kind. A bare \
                    `K`, `M` or `G` is 1000, or 1024 where the unit is `KiB` and so on.",
            default: "a plain number is taken as it is; one with an exact unit (`409ms`, `10KiB`) as what it says",
            example: r#"[[rule]]
match = 'took (?P<took>.+), sent (?P<sent>.+)'

[[rule.metric]]
counter = "took_seconds_total"
value = { from = "took", unit = "ms" }

[[rule.metric]]
counter = "sent_bytes_total"
value = { from = "sent", unit = "bytes" }

[[test]]
lines = ["took 500, sent 12K", "took 00:01:10, sent 88"]
expect = ["took_seconds_total 70.5", "sent_bytes_total 12088"]
"#,
        },
        Key {
            name: "number",
            shape: Shape::Either(&[
                Shape::Word(&["hex", "hexadecimal", "si", "binary"]),
                Shape::Table(&NUMBER_FORM),
            ]),
            about: "How the digits are written. `\"hex\"`: `1f` or `0x1F`. `\"si\"`: `12K` is 12000; \
                    `\"binary\"`: `12K` is 12288. A table says what is before the fraction and between \
                    groups of digits.",
            default: "`1234.5` or `1e3`",
            example: r#"[[rule]]
fields = "logfmt"
metric = [
  { counter = "requests_total", value = { from = "n", number = "si" } },
  { gauge = "address", value = { from = "at", number = "hex" } },
]

[[test]]
lines = "n=12K at=0x1F"
expect = ["requests_total 12000", "address 31"]
"#,
        },
        Key {
            name: "scale",
            shape: Shape::NumberNotZero,
            about: "What the number is multiplied by, after `unit`.",
            default: "1",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "pages_bytes_total", value = { from = "pages", scale = 4096 } }]

[[test]]
lines = "pages=2"
expect = ["pages_bytes_total 8192"]
"#,
        },
        Key {
            name: "times",
            shape: Shape::Table(&FACTOR),
            about: "What the number is multiplied by, by a lookup table: the price of a model, the watts of a machine. It \
                    comes after `unit` and before `scale`; a `scale` of 1 by a whole number (`1e-6`, for prices per \
                    million) divides by that number, so that no digit is lost.",
            default: "1",
            example: r#"[[rule]]
fields = "logfmt"

[[rule.metric]]
counter = "cost_usd_total"
by = ["model"]
value = { from = "tokens", scale = 1e-6, times = { lookup = { small = 0.15, large = 10 }, key = "model" } }

[[test]]
lines = ["model=small tokens=2000", "model=large tokens=300", "model=other tokens=7"]
expect = ['cost_usd_total{model="small"} 0.0003', 'cost_usd_total{model="large"} 0.003']
"#,
        },
        Key {
            name: "sum",
            // Written out, as a constant cannot be within what it refers to.
            shape: Shape::Some(
                "a list of strings and tables",
                &Shape::Either(&[Shape::Text, Shape::Table(&VALUE)]),
            ),
            about: "Numbers that are added up, each a field or a table of these keys; instead of `from` and all else but \
                    `scale`, which multiplies the sum. \
                    Those that are not on the line are left out; where none is, the value is missing, and where one has no \
                    factor, so has the sum.",
            default: "the number of one field",
            example: r#"[[rule]]
fields = "logfmt"

[[rule.metric]]
counter = "cost_usd_total"
by = ["model"]

[rule.metric.value]
scale = 1e-6
sum = [
  { from = "in", times = { lookup = { large = 2.5 }, key = "model" } },
  { from = "out", times = { lookup = { large = 10 }, key = "model" } },
]

[[test]]
lines = ["model=large in=1000 out=75", "model=large in=200", "model=other in=7 out=7"]
expect = ['cost_usd_total{model="large"} 0.00375']
"#,
        },
        Key {
            name: "invert",
            shape: Shape::Flag,
            about: "Whether 1 is divided by the number, after all else. Zero is a bad value.",
            default: "`false`",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ gauge = "interval_seconds", value = { from = "per_second", invert = true } }]

[[test]]
lines = "per_second=4"
expect = ["interval_seconds 0.25"]
"#,
        },
        Key {
            name: "map",
            shape: Shape::Names("a table of patterns and numbers", &Shape::Number),
            about: "Patterns and numbers: the first pattern that matches the whole text, in the order of the \
                    file, gives the number. A text that none matches is a bad value.",
            default: "the text is read as a number",
            example: r#"[[rule]]
match = 'link (?P<link>\w+) is (?P<state>\w+)'
metric = [{ gauge = "link_up", by = ["link"], value = { from = "state", map = { up = 1, 'down|off' = 0 } } }]

[[test]]
lines = ["link a is up", "link b is up", "link b is off"]
expect = ['link_up{link="a"} 1', 'link_up{link="b"} 0']
"#,
        },
    ],
    includes: Some(&FIELD),
    needs: &[Need::One(&["from", "sum"])],
};

pub(in crate::rules) static NUMBER_FORM: KeyTable = KeyTable {
    path: "rule.metric.VALUE.number",
    written: "the form of a number",
    about: "The table form of `number`.",
    keys: &[
        Key {
            name: "decimal",
            shape: Shape::Mark,
            about: "The character before the fraction.",
            default: "`.`",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "sum_total", value = { from = "n", number = { decimal = "," } } }]

[[test]]
lines = "n=3,14"
expect = ["sum_total 3.14"]
"#,
        },
        Key {
            name: "group",
            shape: Shape::Mark,
            about: "The character that may be between groups of three digits. Where it is anywhere else, the \
                    text is a bad value.",
            default: "none",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "sum_total", value = { from = "n", number = { decimal = ",", group = "." } } }]

[[test]]
lines = ["n=1.234,5", "n=0,5", "n=1.5"]
expect = ["sum_total 1235"]
"#,
        },
        Key {
            name: "hexadecimal",
            shape: Shape::Flag,
            about: "`true` is the same as `number = \"hex\"`.",
            default: "`false`",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "sum_total", value = { from = "n", number = { hexadecimal = true } } }]

[[test]]
lines = ["n=ff", "n=0x01"]
expect = ["sum_total 256"]
"#,
        },
    ],
    includes: None,
    needs: &[Need::Any(&["decimal", "group", "hexadecimal"])],
};
