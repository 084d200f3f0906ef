//! Keys of `[[rule.metric]]`.

use super::value::VALUE_SHAPE;
use super::{CONDITIONS, Key, KeyTable, Need, Shape};

pub(in crate::rules) static METRIC: KeyTable = KeyTable {
    path: "rule.metric",
    written: "[[rule.metric]]",
    about: "One update that a matching line makes: exactly one of `counter`, `gauge` and `histogram` names the \
            metric. Short ones fit in one line: `metric = [{ counter = \"requests_total\", by = [\"user\"] }]`.",
    keys: &[
        Key {
            name: "counter",
            shape: Shape::MetricName,
            about: "The name of a counter, which only rises: by 1 for each line, or by `value`.",
            default: "",
            example: r#"[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
lines = ["ERROR a", "ERROR b"]
expect = ["errors_total 2"]
"#,
        },
        Key {
            name: "gauge",
            shape: Shape::MetricName,
            about: "The name of a gauge, which is set to `value`, or goes up and down by `add` and `subtract`.",
            default: "",
            example: r#"[[rule]]
match = 'queue length (?P<length>\d+)'
metric = [{ gauge = "queue_length", value = "length" }]

[[test]]
lines = ["queue length 7", "queue length 4"]
expect = ["queue_length 4"]
"#,
        },
        Key {
            name: "histogram",
            shape: Shape::MetricName,
            about: "The name of a histogram: how many values were at or below each of `buckets`, how many in \
                    all, and their sum.",
            default: "",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ histogram = "took_seconds", value = "duration", buckets = [0.1, 1] }]

[[test]]
lines = ["duration=50ms", "duration=2.5s"]
expect = [
  'took_seconds_bucket{le="0.1"} 1',
  'took_seconds_bucket{le="1"} 1',
  'took_seconds_bucket{le="+Inf"} 2',
  "took_seconds_sum 2.55",
  "took_seconds_count 2",
]
"#,
        },
        Key {
            name: "help",
            shape: Shape::Text,
            about: "What the metric is, for people: its `# HELP` on the page.",
            default: "none",
            example: r#"[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total", help = "Lines with an error." }]

[[test]]
lines = "ERROR a"
expect = ["errors_total 1"]
"#,
        },
        Key {
            name: "by",
            shape: Shape::LabelNames,
            about: "The labels: of `[rule.labels]`, or the field or group of that name.",
            default: "one series without labels",
            example: r#"[[rule]]
match = '"(?P<method>[A-Z]+) \S+" (?P<status>\d{3})'
metric = [{ counter = "requests_total", by = ["method", "status"] }]

[[test]]
lines = '"GET /index.html" 200'
expect = ['requests_total{method="GET",status="200"} 1']
"#,
        },
        Key {
            name: "value",
            shape: VALUE_SHAPE,
            about: "The number: a field, a constant, a table that says how a field is read, or a list of which \
                    the first that is on the line decides. A duration or a size with its unit is read as seconds \
                    or bytes: `409ms`, `1m30s`, `2.5s`; `_time`, and the field of the rule's `time`, are seconds \
                    since 1970. A value that is missing, ambiguous or no number is not counted, and the program's \
                    own metrics say so. A label of the rule gives its value where no field has its name.",
            default: "a counter counts 1; gauges and histograms need it",
            example: r#"[[rule]]
fields = "logfmt"
metric = [
  { counter = "tokens_total", by = ["user"], value = ["tokens", { from = "kilotokens", scale = 1000 }] },
  { gauge = "last_request_seconds", value = "_time" },
]
time = "time"

[[test]]
lines = ["user=ann tokens=120 time=1772359200", "user=ann kilotokens=3 time=1772359260"]
expect = ['tokens_total{user="ann"} 3120', "last_request_seconds 1772359260"]
"#,
        },
        Key {
            name: "set",
            shape: VALUE_SHAPE,
            about: "What a gauge is set to: the same as `value`.",
            default: "",
            example: r#"[[rule]]
match = 'backup done'
metric = [{ gauge = "backup_ok", set = 1 }]

[[rule]]
match = 'backup failed'
metric = [{ gauge = "backup_ok", set = 0 }]

[[test]]
lines = ["backup failed", "backup done"]
expect = ["backup_ok 1"]
"#,
        },
        Key {
            name: "add",
            shape: VALUE_SHAPE,
            about: "What is added to a gauge. For a counter it is the same as `value`.",
            default: "",
            example: r#"[[rule]]
match = 'connection opened'
metric = [{ gauge = "connections", add = 1 }]

[[test]]
lines = ["connection opened", "connection opened"]
expect = ["connections 2"]
"#,
        },
        Key {
            name: "subtract",
            shape: VALUE_SHAPE,
            about: "What is taken away from a gauge.",
            default: "",
            example: r#"[[rule]]
match = 'job (?P<what>queued|done)'
metric = [
  { gauge = "jobs", add = 1, where = { what = "queued" } },
  { gauge = "jobs", subtract = 1, where = { what = "done" } },
]

[[test]]
lines = ["job queued", "job queued", "job done"]
expect = ["jobs 1"]
"#,
        },
        Key {
            name: "buckets",
            shape: Shape::Numbers,
            about: "The upper bounds of a histogram's buckets, rising. `+Inf` is added by itself.",
            default: "0.005 to 10, as Prometheus' libraries have them",
            example: r#"[[rule]]
match = 'took (?P<s>[\d.]+) s'
metric = [{ histogram = "took_seconds", value = "s", buckets = [0.5, 5, 50] }]

[[test]]
lines = "took 3 s"
expect = [
  'took_seconds_bucket{le="0.5"} 0',
  'took_seconds_bucket{le="5"} 1',
  'took_seconds_bucket{le="50"} 1',
  'took_seconds_bucket{le="+Inf"} 1',
  "took_seconds_sum 3",
  "took_seconds_count 1",
]
"#,
        },
        Key {
            name: "where",
            shape: CONDITIONS,
            about: "Labels or fields, and what must hold of each; otherwise this metric is not updated. A pattern \
                    must match the whole value. `>= 500`, `> 1s`, `<`, `<=`, `==` and `!= anonymous` compare: \
                    numbers as numbers (read as the metric's `value` is, where it is of the same field), all else as \
                    texts; several are divided by commas (`>= 100, < 200`). A field that is not on the line \
                    matches nothing.",
            default: "every line that the rule matches",
            example: r#"[[rule]]
fields = "logfmt"
metric = [
  { counter = "errors_total", by = ["route"], where = { status = "[45]..", route = ".+" } },
  { counter = "slow_errors_total", where = { status = ">= 500", took = "> 1s", user = "!= probe" } },
]

[[test]]
lines = [
  "route=a user=ann status=500 took=1500ms",
  "route=a user=ann status=200 took=2s",
  "route=b user=probe status=503 took=30s",
  "route=a user=ann status=4040 took=0.5s",
]
expect = ['errors_total{route="a"} 1', 'errors_total{route="b"} 1', "slow_errors_total 1"]
"#,
        },
        Key {
            name: "limit",
            shape: Shape::Count(1),
            about: "How many series the metric may have; what would be a further one goes to `__other__` in all \
                    its labels, so that sums stay right.",
            default: "50000",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "requests_total", by = ["user"], limit = 1 }]

[[test]]
lines = ["user=ann", "user=bob", "user=ann"]
expect = ['requests_total{user="ann"} 2', 'requests_total{user="__other__"} 1']
"#,
        },
        Key {
            name: "expire",
            shape: Shape::Duration,
            about: "A series that was not updated for so long is removed: `90s`, `24h`, `1h30m`, `7d`; at least \
                    one second.",
            default: "series stay",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ gauge = "queue_length", by = ["host"], value = "length", expire = "24h" }]

[[test]]
lines = "host=a length=3"
expect = ['queue_length{host="a"} 3']
"#,
        },
        Key {
            name: "constant",
            shape: Shape::Labels("a table of strings", &Shape::Text),
            about: "Labels with a fixed value, for several metrics of one name.",
            default: "none",
            example: r#"[[rule]]
fields = "logfmt"
metric = [
  { counter = "tokens_total", constant = { type = "input" }, value = "in" },
  { counter = "tokens_total", constant = { type = "output" }, value = "out" },
]

[[test]]
lines = "in=100 out=20"
expect = ['tokens_total{type="input"} 100', 'tokens_total{type="output"} 20']
"#,
        },
    ],
    includes: None,
    needs: &[
        Need::One(&["counter", "gauge", "histogram"]),
        Need::With("gauge", &["value", "set", "add", "subtract"]),
        Need::With("histogram", &["value"]),
        Need::With("buckets", &["histogram"]),
    ],
};
