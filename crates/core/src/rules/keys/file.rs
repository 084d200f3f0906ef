//! Keys at the top of a rules file.

use super::parts::FILE_PATTERNS;
use super::{INPUT, Key, KeyTable, Need, RULE, Shape, TEST};

pub(in crate::rules) static FILE: KeyTable = KeyTable {
    path: "file",
    written: "the top of a rules file",
    about: "A rules file is TOML: a list of rules, and cases that show what they count. Write patterns in \
            single quotes: TOML leaves a backslash between them alone. An unknown key is an error, so \
            that a mistyped one does not go unnoticed.",
    keys: &[
        Key {
            name: "input",
            shape: Shape::Table(&INPUT),
            about: "How logs are read.",
            default: "",
            example: r#"[input]
multiline = "timestamp"

[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
lines = """
10:12:01 ERROR no answer
  ERROR of the other service
"""
expect = ["errors_total 1"]
"#,
        },
        Key {
            name: "rule",
            shape: Shape::Tables(&RULE),
            about: "What to look for, and what to count. Every rule sees every line; a line that several \
                    rules match is counted by each of them.",
            default: "",
            example: r#"[[rule]]
match = 'user=(?P<user>\S+) status=(?P<status>\d+)'
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[[test]]
lines = "GET / user=ann status=200"
expect = ['requests_total{status="200",user="ann"} 1']
"#,
        },
        FILE_PATTERNS,
        Key {
            name: "test",
            shape: Shape::Tables(&TEST),
            about: "Cases that `logmetrics test` runs: lines of the log, and what they must count.",
            default: "",
            example: r#"[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
name = "only errors count"
lines = ["ERROR no space left", "INFO all is well"]
expect = ["errors_total 1"]
"#,
        },
    ],
    includes: None,
    needs: &[Need::Any(&["rule", "test"])],
};
