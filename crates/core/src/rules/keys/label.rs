//! Keys of an entry of `[rule.labels]`.

use super::parts::LABEL_LOOKUP;
use super::{FIELD, Key, KeyTable, Shape};

pub(in crate::rules) static LABEL: KeyTable = KeyTable {
    path: "rule.labels.NAME",
    written: "[rule.labels]",
    about: "A label: the field of its name, another field (`user = \"user.email\"`), or a table with the keys \
            of [a field](#keys-of-a-field) and these. What they say is done in this order: default, lowercase, \
            integer, length, replace, map, lookup, pseudonym. A line where a label of a metric has neither value nor default \
            is not counted there (`logmetrics_rule_missing_field_total`).",
    keys: &[
        Key {
            name: "default",
            shape: Shape::Text,
            about: "Used where the field is not on the line or is empty.",
            default: "the line is not counted",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { default = "anonymous" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = ["user=ann", "status=200"]
expect = ['requests_total{user="ann"} 1', 'requests_total{user="anonymous"} 1']
"#,
        },
        Key {
            name: "lowercase",
            shape: Shape::Flag,
            about: "Whether capital letters become small ones.",
            default: "`false`",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { lowercase = true }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = ["user=Ann@Example.com", "user=ann@example.com"]
expect = ['requests_total{user="ann@example.com"} 2']
"#,
        },
        Key {
            name: "integer",
            shape: Shape::Flag,
            about: "Whether a number that is whole is written so: `200.0` and `2e2` as `200`.",
            default: "`false`",
            example: r#"[[rule]]
fields = "json"
labels.status = { integer = true }
metric = [{ counter = "requests_total", by = ["status"] }]

[[test]]
lines = ['{"status":200}', '{"status":200.0}']
expect = ['requests_total{status="200"} 2']
"#,
        },
        Key {
            name: "replace",
            shape: Shape::Names("a table of patterns and texts", &Shape::Text),
            about: "Patterns and texts: whatever a pattern matches in the value becomes its text, each time, and one \
                    pattern after the other in the order of the file. `$1` and `${name}` are groups of the pattern \
                    and `$$` is a dollar. It comes before `map`, which is for whole values.",
            default: "the value as it is",
            example: r#"[[rule]]
match = 'GET (?P<path>\S+)'
labels.path = { replace = { '/\d+' = "/:id", '\?.*' = "" } }
metric = [{ counter = "requests_total", by = ["path"] }]

[[test]]
lines = ["GET /users/7/orders/42?x=1", "GET /users/12/orders/5", "GET /about"]
expect = [
  'requests_total{path="/users/:id/orders/:id"} 2',
  'requests_total{path="/about"} 1',
]
"#,
        },
        Key {
            name: "map",
            shape: Shape::Names("a table of patterns and texts", &Shape::Text),
            about: "Patterns and new values: the first pattern that matches the whole value, in the order of \
                    the file, gives the new one, in which `$1` and `${name}` are groups of the pattern and `$$` is a \
                    dollar. A value that none matches stays.",
            default: "the value as it is",
            example: r#"[[rule]]
fields = "logfmt"
labels.class = { from = "status", map = { '2..' = "good", '[45]..' = "bad", '(.)..' = "${1}xx" } }
metric = [{ counter = "requests_total", by = ["class"] }]

[[test]]
lines = ["status=200", "status=503", "status=301"]
expect = [
  'requests_total{class="good"} 1',
  'requests_total{class="bad"} 1',
  'requests_total{class="3xx"} 1',
]
"#,
        },
        LABEL_LOOKUP,
        Key {
            name: "pseudonym",
            shape: Shape::Flag,
            about: "Whether the value is replaced by a keyed hash of it, 16 characters: the same person has the \
                    same one, and nobody without the secret (`LOGMETRICS_PSEUDONYM_SECRET`, \
                    `--pseudonym-secret-file`) can tell whose it is. A default stays as it is written.",
            default: "`false`",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { pseudonym = true, default = "anonymous" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = ["status=200"]
expect = ['requests_total{user="anonymous"} 1']
"#,
        },
        Key {
            name: "max_length",
            shape: Shape::Count(8),
            about: "Longer values are cut at a character at or before so many bytes, and get a `…`.",
            default: "256, as scrapers may refuse a page for one longer value",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { max_length = 12 }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann.of.example@example.com"
expect = ['requests_total{user="ann.of.examp…"} 1']
"#,
        },
        Key {
            name: "max_values",
            shape: Shape::Count(1),
            about: "How many different values a label of a metric may have; of further ones all are `__other__`. \
                    For labels whose values strangers choose.",
            default: "10000",
            example: r#"[[rule]]
fields = "logfmt"
labels.tool = { max_values = 2 }
metric = [{ counter = "calls_total", by = ["tool"] }]

[[test]]
lines = ["tool=a", "tool=b", "tool=c", "tool=d"]
expect = [
  'calls_total{tool="a"} 1',
  'calls_total{tool="b"} 1',
  'calls_total{tool="__other__"} 2',
]
"#,
        },
    ],
    includes: Some(&FIELD),
    needs: &[],
};
