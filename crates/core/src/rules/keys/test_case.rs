//! Keys of `[[test]]`.

use super::{Key, KeyTable, Need, Shape};

pub(in crate::rules) static TEST: KeyTable = KeyTable {
    path: "test",
    written: "[[test]]",
    about: "A case: lines of the log and the samples that the rules of this file make of them, as \
            `logmetrics --once` prints them. `logmetrics test` runs it.",
    keys: &[
        Key {
            name: "name",
            shape: Shape::Text,
            about: "What the case is called.",
            default: "`test-2` for the second case of a file",
            example: r#"[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
name = "small letters are no error"
lines = "error"
expect = []
"#,
        },
        Key {
            name: "lines",
            shape: Shape::TextOrTexts,
            about: "The lines, as they are in the log; several in one string are told apart by line ends.",
            default: "",
            example: r#"[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
lines = '''
ERROR one
INFO two
ERROR three
'''
expect = ["errors_total 2"]
"#,
        },
        Key {
            name: "expect",
            shape: Shape::Samples,
            about: "Samples that must come out. Of each name that is here all samples must be here (`x_sum`, \
                    `x_count` and `x_bucket` of a histogram are three names); names that are not here may count \
                    what they like. An empty list says that no line counts anything. `logmetrics test --update` \
                    writes here what comes out, also into an empty list: values that changed, series of these names \
                    that are new, and without those that are gone.",
            default: "",
            example: r#"[[rule]]
fields = "logfmt"
metric = [
  { counter = "requests_total", by = ["user"] },
  { counter = "tokens_total", by = ["user"], value = "tokens" },
]

[[test]]
lines = "user=ann tokens=5"
expect = ['tokens_total{user="ann"} 5']
"#,
        },
        Key {
            name: "partial",
            shape: Shape::Flag,
            about: "Whether `expect` may leave out what is not its matter: other samples of the same names may come \
                    out too. `logmetrics test --update` changes only values then; a series that is gone stays, and \
                    the case fails until somebody says what is meant.",
            default: "`false`: all samples of each name must be in `expect`",
            example: r#"[[rule]]
fields = "logfmt"
metric = [{ counter = "requests_total", by = ["user"] }]

[[test]]
lines = ["user=ann", "user=bob", "user=bob"]
expect = ['requests_total{user="bob"} 2']
partial = true
"#,
        },
    ],
    includes: None,
    needs: &[Need::All(&["lines", "expect"])],
};
