//! Keys of `[[rule]]`.

use super::parts::{RULE_COLUMNS, RULE_DELIMITER, RULE_EACH, RULE_INSIDE};
use super::{FIELD_SHAPE, Key, KeyTable, LABEL_SHAPE, METRIC, Need, REPORT, Shape, TIME};

pub(in crate::rules) static RULE: KeyTable = KeyTable {
    path: "rule",
    written: "[[rule]]",
    about: "Which lines are meant, how their fields are read, and what is counted. A rule has a pattern \
            (`match`), a reader of fields (`fields`), or both: then the line must match, and named groups \
            go before fields of the same name.",
    keys: &[
        Key {
            name: "name",
            shape: Shape::Text,
            about: "What the rule is called in messages, in `explain`, and in the program's own metrics \
                    (`logmetrics_rule_matches_total{rule=\"…\"}`). No two rules may have the same.",
            default: "`rule-3` for the third rule of a file",
            example: r#"[[rule]]
name = "logins"
match = 'login of (?P<user>\w+)'
metric = [{ counter = "logins_total", by = ["user"] }]

[[test]]
lines = "login of ann"
expect = ['logins_total{user="ann"} 1']
"#,
        },
        Key {
            name: "match",
            shape: Shape::Regexes,
            about: "A regex that must be found on the line, in the syntax of Rust's \
                    [regex](https://docs.rs/regex/latest/regex/#syntax) (RE2's, without look-around and \
                    back references). Its named groups, `(?P<user>\\S+)`, are fields. It may match \
                    anywhere; `^` and `$` are the ends of the line. Of a list each must be found, in any order, \
                    and the named groups of all are fields.",
            default: "every line that `fields` can read",
            example: r#"[[rule]]
match = '^(?P<level>[A-Z]+) .* took (?P<seconds>[\d.]+)s'
metric = [
  { counter = "lines_total", by = ["level"] },
  { histogram = "took_seconds", value = "seconds", buckets = [0.1, 1] },
]

[[test]]
lines = "INFO indexing took 0.25s"
expect = ['lines_total{level="INFO"} 1', "took_seconds_sum 0.25", "took_seconds_count 1"]
"#,
        },
        Key {
            name: "unless",
            shape: Shape::Regexes,
            about: "A regex, or several, of which none may be found on the line.",
            default: "nothing is left out",
            example: r#"[[rule]]
match = ['postfix/smtp\[', 'to=<[^@>]*@(?P<domain>[^>]*)>', 'status=(?P<status>\w+)']
unless = 'relay=none'
metric = [{ counter = "mails_total", by = ["domain", "status"] }]

[[test]]
lines = [
  "postfix/smtp[7]: to=<a@example.org>, relay=mx, status=sent",
  "postfix/smtp[7]: to=<b@example.org>, relay=none, status=deferred",
]
expect = ['mails_total{domain="example.org",status="sent"} 1']
"#,
        },
        Key {
            name: "fields",
            shape: Shape::Word(&["logfmt", "json", "auto", "csv"]),
            about: "How the line's own fields are read: `logfmt` is `key=value`, `json` is one object on a \
                    line, which other text may stand before, `auto` is JSON where the line begins with `{` and otherwise logfmt, `csv` is cells that `columns` names. A field \
                    inside of a JSON object has the name of its path: `request.user`.",
            default: "only the named groups of `match`",
            example: r#"[[rule]]
fields = "json"
labels.user = "request.user"
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[[test]]
lines = '{"request":{"user":"ann"},"status":200}'
expect = ['requests_total{status="200",user="ann"} 1']
"#,
        },
        Key {
            name: "match_json",
            shape: Shape::Names("a table of patterns", &Shape::Regex),
            about: "Fields of a line of JSON and the pattern that each must match as a whole; otherwise the \
                    line is of another kind. Lines of other forms are not asked. Needs `fields = \"json\"` \
                    or `\"auto\"`.",
            default: "lines of JSON of every kind",
            example: r#"[[rule]]
fields = "json"
match_json = { kind = "access|audit" }
metric = [{ counter = "accesses_total", by = ["user"] }]

[[test]]
lines = ['{"kind":"access","user":"ann"}', '{"kind":"debug","user":"ann"}']
expect = ['accesses_total{user="ann"} 1']
"#,
        },
        RULE_INSIDE,
        RULE_EACH,
        RULE_COLUMNS,
        RULE_DELIMITER,
        Key {
            name: "untrusted_between",
            shape: Shape::Range,
            about: "A range of a logfmt line that clients can write to: from the first of one or several \
                    keys (`gen_ai.*` is every key that begins so) to the last of another. Fields with \
                    `trusted = true` are taken from outside of it.",
            default: "the whole line is trusted",
            example: r#"[[rule]]
fields = "logfmt"
untrusted_between = [["model", "tool"], "duration"]
labels.user = { trusted = true, default = "nobody" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = [
  'user=ann model=small duration=3ms',
  'model=x user=boss duration=3ms',
]
expect = ['requests_total{user="ann"} 1', 'requests_total{user="nobody"} 1']
"#,
        },
        Key {
            name: "raw",
            shape: Shape::Names("a table of keys", &Shape::Text),
            about: "Keys inside of the untrusted range whose value is written without quotes though it may \
                    hold blanks, each with the key that comes after it: the value is all up to that key.",
            default: "a value ends at a blank",
            example: r#"[[rule]]
fields = "logfmt"
untrusted_between = ["subject", "duration"]
raw = { subject = "protocol" }
labels.subject = { default = "none" }
metric = [{ counter = "requests_total", by = ["subject"] }]

[[test]]
lines = "id=1 subject=Ann Lee protocol=http duration=3ms"
expect = ['requests_total{subject="Ann Lee"} 1']
"#,
        },
        Key {
            name: "time",
            shape: Shape::Either(&[Shape::TextOrTexts, Shape::Table(&TIME)]),
            about: "The field that holds the time of the line: for exemplars, and for `report` with \
                    `--since`, `--until` and charts over time.",
            default: "what docker, Kubernetes or syslog wrote before the line, if anything",
            example: r#"[[rule]]
fields = "json"
time = "ts"
metric = [{ counter = "requests_total" }]

[[test]]
lines = '{"ts":"2026-03-01T12:00:00Z","user":"ann"}'
expect = ["requests_total 1"]
"#,
        },
        Key {
            name: "trace",
            shape: FIELD_SHAPE,
            about: "The field that holds the id of a trace. It is put on exemplars as `trace_id`, by which \
                    Grafana leads from a point of a graph to the trace.",
            default: "no exemplars",
            example: r#"[[rule]]
fields = "logfmt"
trace = "trace.id"
metric = [{ counter = "requests_total" }]

[[test]]
lines = "status=200 trace.id=f043ff729b39f821e00ef1c3f8fc9452"
expect = ["requests_total 1"]
"#,
        },
        Key {
            name: "labels",
            shape: Shape::Labels("a table of labels", &LABEL_SHAPE),
            about: "Labels that are more than the field of their name. A name in `by` or `where` that is not \
                    here is the field of that name.",
            default: "each label is the field of its name",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[rule.labels]
user = { from = ["user.email", "user.id"], default = "anonymous" }

[[test]]
lines = ["user.id=7 status=200", "status=200"]
expect = [
  'requests_total{status="200",user="7"} 1',
  'requests_total{status="200",user="anonymous"} 1',
]
"#,
        },
        Key {
            name: "metric",
            shape: Shape::SomeTables(&METRIC),
            about: "What is counted; at least one. Several rules may update one metric, if they agree on its \
                    type, labels and buckets.",
            default: "",
            example: r#"[[rule]]
match = 'sent (?P<bytes>\d+) bytes'

[[rule.metric]]
counter = "answers_total"
help = "Answers that were sent."

[[rule.metric]]
counter = "sent_bytes_total"
value = "bytes"

[[test]]
lines = ["sent 100 bytes", "sent 20 bytes"]
expect = ["answers_total 2", "sent_bytes_total 120"]
"#,
        },
        Key {
            name: "report",
            shape: Shape::Table(&REPORT),
            about: "Which labels and fields are the user, the route, the status and so on of one request, for \
                    `logmetrics report`.",
            default: "labels with the usual names (`user`, `user_email`, `route`, `status`, `model`, …)",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "requests_total", by = ["who", "code"] }]

[rule.report]
user = "who"
status = "code"

[[test]]
lines = "who=ann code=200"
expect = ['requests_total{code="200",who="ann"} 1']
"#,
        },
        Key {
            name: "final",
            shape: Shape::Flag,
            about: "Whether later rules do not see a line that this one matches, nor does a report.",
            default: "`false`: every rule sees every line",
            example: r#"[[rule]]
match = 'GET /healthz'
final = true
metric = [{ counter = "probes_total" }]

[[rule]]
match = 'GET (?P<path>/\w+)'
metric = [{ counter = "requests_total", by = ["path"], limit = 100 }]
labels.path = { max_values = 50 }

[[test]]
lines = ["GET /healthz", "GET /orders", "GET /healthz"]
expect = ["probes_total 2", 'requests_total{path="/orders"} 1']
"#,
        },
    ],
    includes: None,
    needs: &[Need::All(&["metric"]), Need::Any(&["match", "fields"])],
};
