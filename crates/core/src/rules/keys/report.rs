//! Keys of `[rule.report]`, and of its numbers.

use super::value::ALTERNATIVES;
use super::{CONDITIONS, FIELD_SHAPE, Key, KeyTable, LABEL_SHAPE, Need, Shape, VALUE};

/// A number of a request.
const NUMBER_SHAPE: Shape = Shape::Either(&[
    Shape::Number,
    Shape::TextOrTexts,
    Shape::Table(&NUMBER),
    ALTERNATIVES,
]);

pub(in crate::rules) static REPORT: KeyTable = KeyTable {
    path: "rule.report",
    written: "[rule.report]",
    about: "What `logmetrics report` shows of a request, which is each line that the rule matches. A text (user, \
            route, status, model, provider, team) is the name of a label or field, or a table as in `[rule.labels]`; a \
            number (duration, tokens, cost) is a field, or a table of [a number](#keys-of-a-number-of-a-report). What is \
            not written is found by the usual names of labels.",
    keys: &[
        Key {
            name: "user",
            shape: LABEL_SHAPE,
            about: "Who asked.",
            default: "the first label of `user_email`, `user`, `email`, `user_id`, `username`, `user_name`, \
                      `remote_user`, `client`",
            example: r#"[[rule]]
fields = "logfmt"
report = { user = "account" }
metric = [{ counter = "requests_total", by = ["account"] }]

[[test]]
lines = "account=ann"
expect = ['requests_total{account="ann"} 1']
"#,
        },
        Key {
            name: "route",
            shape: LABEL_SHAPE,
            about: "What was asked.",
            default: "the first label of `route`, `route_name`, `path`, `endpoint`, `handler`",
            example: r#"[[rule]]
fields = "logfmt"
report = { route = { from = "uri", map = { '/api/.*' = "api" }, default = "none" } }
metric = [{ counter = "requests_total" }]

[[test]]
lines = "uri=/api/users user=ann"
expect = ["requests_total 1"]
"#,
        },
        Key {
            name: "status",
            shape: LABEL_SHAPE,
            about: "With what result; three digits that begin with 4 or 5 are errors.",
            default: "the first label of `status`, `status_code`, `http_status`, `code`",
            example: r#"[[rule]]
fields = "logfmt"
report = { status = "rc" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann rc=503"
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "model",
            shape: LABEL_SHAPE,
            about: "The model that answered.",
            default: "the label `model`",
            example: r#"[[rule]]
fields = "logfmt"
report = { model = ["response.model", "request.model"] }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann request.model=small response.model=small-2"
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "provider",
            shape: LABEL_SHAPE,
            about: "Who runs the model.",
            default: "the label `provider`",
            example: r#"[[rule]]
fields = "logfmt"
report = { provider = { from = "system", default = "none" } }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann system=openai"
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "team",
            shape: LABEL_SHAPE,
            about: "Whose cost it is, for `--by team`; mostly the user, looked up in a table. With `lookup`, `from` may be the \
                    name of a label of the rule.",
            default: "the label `team`; `logmetrics report --teams FILE` looks users up without it",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "requests_total", by = ["user"] }]

[rule.labels]
user = { from = "user_email", lowercase = true }

[rule.report]
team = { from = "user", lookup = { "ann@example.com" = "search", "*@sales.example.com" = "sales" }, default = "unknown" }

[[test]]
lines = "user_email=Ann@example.com"
expect = ['requests_total{user="ann@example.com"} 1']
"#,
        },
        Key {
            name: "duration",
            shape: NUMBER_SHAPE,
            about: "How long it took, in seconds or with its unit (`409ms`).",
            default: "the value of a histogram with `duration` or `latency` in its name, otherwise the field \
                      `duration`",
            example: r#"[[rule]]
fields = "logfmt"
report = { duration = "took" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann took=409ms"
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "tokens_input",
            shape: NUMBER_SHAPE,
            about: "How many tokens were sent to the model.",
            default: "no tokens are shown",
            example: r#"[[rule]]
fields = "json"
report = { tokens_input = "usage.prompt_tokens" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = '{"user":"ann","usage":{"prompt_tokens":12}}'
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "tokens_output",
            shape: NUMBER_SHAPE,
            about: "How many tokens the model answered.",
            default: "no tokens are shown",
            example: r#"[[rule]]
fields = "json"
report = { tokens_output = "usage.completion_tokens" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = '{"user":"ann","usage":{"completion_tokens":34}}'
expect = ['requests_total{user="ann"} 1']
"#,
        },
        Key {
            name: "cost",
            shape: NUMBER_SHAPE,
            about: "What it cost, in US dollars.",
            default: "no cost is shown",
            example: r#"[[rule]]
fields = "logfmt"
report = { cost = { from = "price", where = { status = "200" } } }
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[[test]]
lines = "user=ann status=200 price=0.003"
expect = ['requests_total{status="200",user="ann"} 1']
"#,
        },
        Key {
            name: "trace",
            shape: FIELD_SHAPE,
            about: "The id by which the request is found in a tracing system.",
            default: "the rule's `trace`",
            example: r#"[[rule]]
fields = "logfmt"
report = { trace = "trace_id" }
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = "user=ann trace_id=f043ff729b39f821e00ef1c3f8fc9452"
expect = ['requests_total{user="ann"} 1']
"#,
        },
    ],
    includes: None,
    needs: &[],
};

pub(in crate::rules) static NUMBER: KeyTable = KeyTable {
    path: "rule.report.NUMBER",
    written: "a number of a report",
    about: "The table form of `duration`, `tokens_input`, `tokens_output` and `cost`: all keys of \
            [a number of a metric](#keys-of-a-number-of-a-metric), and these.",
    keys: &[Key {
        name: "where",
        shape: CONDITIONS,
        about: "As in a metric: what must hold for the number to count. The request counts either way.",
        default: "every request's number counts",
        example: r#"[[rule]]
fields = "logfmt"
report = { tokens_input = { from = "tokens", where = { status = "2.." } } }
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[[test]]
lines = "user=ann status=200 tokens=5"
expect = ['requests_total{status="200",user="ann"} 1']
"#,
    }],
    includes: Some(&VALUE),
    needs: &[Need::One(&["from", "sum"])],
};
