//! Keys of `times`: what a number is multiplied by.

use super::{Key, KeyTable, LABEL_SHAPE, Need, Shape};

pub(in crate::rules) static FACTOR: KeyTable = KeyTable {
    path: "rule.metric.VALUE.times",
    written: "a factor",
    about: "The table form of `times`: what a number is multiplied by, such as the price of the model that a line \
            names. A number without a factor is not counted as 0: there is no update, and \
            `logmetrics_rule_lookup_misses_total` counts the line under the rule and the key. `logmetrics explain` \
            says what is not in the table, `logmetrics report` how many requests have no cost for it.",
    keys: &[
        Key {
            name: "lookup",
            shape: Shape::Either(&[
                Shape::Text,
                Shape::Names("a table of keys and numbers", &Shape::Number),
            ]),
            about: "The table of numbers: a file of CSV or TOML, named from the folder of the rules file as in the \
                    `lookup` of a label (`prices.toml#input` says which column), or the table itself. In a key `*` is any text; \
                    a key that is the value goes first. An entry without the column, or with an empty cell, has no \
                    number. A changed file is read again as rules are.",
            default: "",
            example: r#"[[rule]]
fields = "logfmt"

[[rule.metric]]
counter = "cost_usd_total"
by = ["model"]
value = { from = "tokens", scale = 1e-6, times = { lookup = { "small-*" = 0.5, large = 10 }, key = "model" } }

[[test]]
lines = ["model=small-2 tokens=1000", "model=large tokens=300", "model=other tokens=7"]
expect = [
  'cost_usd_total{model="small-2"} 0.0005',
  'cost_usd_total{model="large"} 0.003',
]
"#,
        },
        Key {
            name: "key",
            shape: LABEL_SHAPE,
            about: "What is looked up: the name of a label of the rule, with all that is done to it, or of a field; or \
                    a table as in `[rule.labels]`, with `from`.",
            default: "",
            example: r#"[[rule]]
fields = "logfmt"

[[rule.metric]]
counter = "energy_joules_total"
value = { from = "seconds", times = { lookup = { a = 150, b = 90 }, key = { from = "host", lowercase = true } } }

[[test]]
lines = ["host=A seconds=2", "host=b seconds=1"]
expect = ["energy_joules_total 390"]
"#,
        },
        Key {
            name: "default",
            shape: Shape::Number,
            about: "The number for what is not in the table, and for lines without the key.",
            default: "no update, and the line counts in `logmetrics_rule_lookup_misses_total`",
            example: r#"[[rule]]
fields = "logfmt"

[[rule.metric]]
counter = "cost_usd_total"
value = { from = "calls", times = { lookup = { search = 0.01 }, key = "tool", default = 0 } }

[[test]]
lines = ["tool=search calls=3", "tool=clock calls=5"]
expect = ["cost_usd_total 0.03"]
"#,
        },
    ],
    includes: None,
    needs: &[Need::All(&["lookup", "key"])],
};
