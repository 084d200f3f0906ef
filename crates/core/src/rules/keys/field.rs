//! Keys of a field, and of the time of a line.

use super::parts::{FIELD_DECODE, FIELD_INSIDE, FIELD_MATCH};
use super::{Key, KeyTable, Need, Shape};

pub(in crate::rules) static FIELD: KeyTable = KeyTable {
    path: "field",
    written: "a field",
    about: "Where a value comes from: `value`, `trace`, `time`, each label, each entry of `[rule.report]`. \
            Mostly a string, the key of the field or the name of a group; or a list of them, of which the \
            first is taken that is there and not empty; or a table with the keys below.\n\n\
            A key of JSON leads into objects and lists: `user.id`, `roles.0`, and from the end of a list `items.-1.name`.\n\n\
            These fields are there on every line: `_time` (the time of the line), `_source` (the input as it \
            was named), `_file` (the name of the file), `_path` (its whole path), `_service` and `_container` \
            (where docker-compose, docker, Kubernetes or syslog write it), and `_namespace` and `_pod` (in \
            the folders of Kubernetes).",
    keys: &[
        Key {
            name: "from",
            shape: Shape::TextOrTexts,
            about: "The key of the field or the name of a group; of several, the first that is there and not \
                    empty.",
            default: "for a label, the field of its name; elsewhere it must be there",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { from = ["email", "user", "_service"] }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = ["user=ann", 'email="" user=bob', "email=c@example.com user=carla"]
expect = [
  'requests_total{user="ann"} 1',
  'requests_total{user="bob"} 1',
  'requests_total{user="c@example.com"} 1',
]
"#,
        },
        Key {
            name: "take",
            shape: Shape::Word(&["only", "first", "last"]),
            about: "Which one is taken where a key is on the line more than once. With `only`, two of them \
                    make a label `__ambiguous__`, and a value is not counted, for one of them may be forged.",
            default: "`only`",
            example: r#"[[rule]]
fields = "logfmt"
labels.user = { take = "first" }
metric = [{ counter = "bytes_total", by = ["user"], value = { from = "bytes", take = "last" } }]

[[test]]
lines = "user=ann user=boss bytes=1 bytes=20"
expect = ['bytes_total{user="ann"} 20']
"#,
        },
        Key {
            name: "untrusted_between",
            shape: Shape::Range,
            about: "The same as in the rule, written at the one field that needs it: the field is taken from \
                    outside of this range.",
            default: "that of the rule, with `trusted = true`",
            example: r#"[[rule]]
fields = "logfmt"
labels.status = { untrusted_between = ["model", "duration"], default = "none" }
metric = [{ counter = "requests_total", by = ["status"] }]

[[test]]
lines = ["status=200 model=a duration=1ms", "model=a status=500 duration=1ms"]
expect = ['requests_total{status="200"} 1', 'requests_total{status="none"} 1']
"#,
        },
        Key {
            name: "trusted",
            shape: Shape::Flag,
            about: "Whether the field is taken only from outside of the rule's `untrusted_between`.",
            default: "`false`",
            example: r#"[[rule]]
fields = "logfmt"
untrusted_between = ["agent", "duration"]
labels.user = { trusted = true, default = "nobody" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "agent=x user=boss duration=1ms user=ann"
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "after",
            shape: Shape::Text,
            about: "On a logfmt line the field is taken only behind the last one of this key, which the writer \
                    of the line puts before it.",
            default: "anywhere on the line",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "cost_usd_total", value = { from = "cost", take = "last", after = "tokens" } }]

[[test]]
lines = ["model=x cost=900 tokens=5 cost=0.5", "tokens=5 cost=0.25"]
expect = ["cost_usd_total 0.75"]
"#,
        },
        FIELD_INSIDE,
        FIELD_MATCH,
        FIELD_DECODE,
    ],
    includes: None,
    needs: &[Need::All(&["from"])],
};

pub(in crate::rules) static TIME: KeyTable = KeyTable {
    path: "rule.time",
    written: "[rule.time]",
    about: "The field that holds the time of the line, and how it is written there. All keys of \
            [a field](#keys-of-a-field), and these.",
    keys: &[
        Key {
            name: "unpadded_micros",
            shape: Shape::Flag,
            about: "Whether the digits after the seconds are microseconds without leading zeros, as agentgateway \
                    writes them: `:48.7271Z` is 7.271 ms after the second.",
            default: "`false`: a decimal fraction",
            example: r#"[[rule]]
fields = "logfmt"
time = { from = "time", unpadded_micros = true }
metric = [{ counter = "requests_total" }]

[[test]]
lines = "time=2026-11-23T15:18:48.7271Z user=ann"
expect = ["requests_total 1"]
"#,
        },
        Key {
            name: "format",
            shape: Shape::TextOrTexts,
            about: "How the time is written, as in `strptime`; of several the first that fits. Without a year it is \
                    the last one that has been.",
            default: "RFC 3339, seconds to nanoseconds since 1970, and what programs usually write: `2026-03-01 \
                      10:00:00,123`, `01/Mar/2026:10:00:00 +0100`, `Mar  1 10:00:00`, `Sun Mar 01 10:00:00 2026`, \
                      `2026/03/01 10:00:00`, `20260301T100000Z` and so on",
            example: r#"[[rule]]
match = '^(?P<ts>\S+ \S+ [AP]M) backup done'
time = { from = "ts", format = "%m/%d/%Y %I:%M:%S %p" }
metric = [{ gauge = "last_backup_seconds", value = "_time" }]

[[test]]
lines = "03/01/2026 10:00:00 AM backup done"
expect = ["last_backup_seconds 1772359200"]
"#,
        },
        Key {
            name: "zone",
            shape: Shape::Text,
            about: "The zone of a time that names none: an offset such as `+01:00`, or `Europe/Berlin` where the \
                    zones of the system are there.",
            default: "`UTC`",
            example: r#"[[rule]]
match = '^(?P<ts>\S+ \S+) backup done'
time = { from = "ts", zone = "+02:00" }
metric = [{ gauge = "last_backup_seconds", value = "_time" }]

[[test]]
lines = "2026-03-01 12:00:00 backup done"
expect = ["last_backup_seconds 1772359200"]
"#,
        },
        Key {
            name: "unit",
            shape: Shape::Word(&["s", "ms", "us", "ns"]),
            about: "What a number since 1970 is in.",
            default: "its size tells",
            example: r#"[[rule]]
fields = "logfmt"
time = { from = "ts", unit = "ms" }
metric = [{ gauge = "last_seconds", value = "_time" }]

[[test]]
lines = "ts=86400000"
expect = ["last_seconds 86400"]
"#,
        },
    ],
    includes: Some(&FIELD),
    needs: &[Need::All(&["from"])],
};
