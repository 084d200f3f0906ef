//! Keys of `[input]` and `[input.multiline]`.

use super::{Key, KeyTable, Need, Shape};

/// The presets, by name.
pub(in crate::rules) const PRESETS: [&str; 4] = ["java", "python", "postgresql", "timestamp"];

const MULTILINE_SHAPE: Shape = Shape::Either(&[
    Shape::Word(&PRESETS),
    Shape::Table(&MULTILINE),
    Shape::Tables(&MULTILINE),
]);

pub(in crate::rules) static INPUT: KeyTable = KeyTable {
    path: "input",
    written: "[input]",
    about: "How logs are read, before any rule sees a line.",
    keys: &[Key {
        name: "multiline",
        shape: MULTILINE_SHAPE,
        about: "Records of several lines, such as a stack trace or an SQL statement: their lines are joined with `\\n`, \
                and `match` and `fields` see the record as one line (in a pattern, `(?s)` lets `.` match line ends; pairs of \
                logfmt are divided by blanks and tabs, not by line ends). The \
                name of a preset, or a table; several tables for different `files`. Lines of different services, \
                containers and of standard error that come between each other are joined apart. In several rules \
                files there may be one for all lines, others for `files`, and any number that have a `start` besides \
                `continue` or `preset`: each joins its own records alone, and no line of another log.",
        default: "each line is a record",
        example: r#"[input]
multiline = "java"

[[rule]]
match = 'ERROR .*\n(?P<exception>[\w.]+):'
metric = [{ counter = "exceptions_total", by = ["exception"] }]

[[test]]
lines = """
2026-11-27 10:12:01 ERROR Could not place order 4711
java.lang.IllegalStateException: stock is empty
\tat com.example.shop.OrderService.place(OrderService.java:88)
2026-11-27 10:12:02 INFO done
"""
expect = ['exceptions_total{exception="java.lang.IllegalStateException"} 1']
"#,
    }],
    includes: None,
    needs: &[],
};

pub(in crate::rules) static MULTILINE: KeyTable = KeyTable {
    path: "input.multiline",
    written: "[input.multiline]",
    about: "Which lines belong together. A record ends where the next one begins, where its log ends, or where nothing \
            more comes for `wait`. A line that continues nothing is a record of its own, and counted in \
            `logmetrics_multiline_cut_total`, as is each record that is too long.",
    keys: &[
        Key {
            name: "start",
            shape: Shape::Regex,
            about: "A line that matches begins a record; all others continue it. It is looked for in the line without what \
                    docker, Kubernetes, syslog and so on put around it. With `continue`, or a preset that says which lines \
                    continue, only the records that begin so go on, with the lines that match it; every other line is a \
                    record of its own, as if nothing were joined. So shipped rules join the records of their own program \
                    in any log, and those of several programs together.",
            default: "",
            example: r#"[input.multiline]
start = '^\d{4}-\d\d-\d\d '
preset = "java"

[[rule]]
match = '(?s)ERROR.*'
metric = [{ counter = "errors_total" }]

[[test]]
lines = """
2026-11-27 10:12:01 ERROR no answer
Caused by: an ERROR in the other service
ERROR of another program, whose lines
  are not joined: ERROR
"""
expect = ["errors_total 3"]
"#,
        },
        Key {
            name: "continue",
            shape: Shape::Regex,
            about: "A line that matches continues the record before it; all others begin one. With `start` it continues \
                    only a record that began with such a line.",
            default: "",
            example: r#"[input.multiline]
continue = '^\s|^Caused by: '

[[rule]]
match = '(?s)ERROR.*Caused by: (?P<cause>[\w.]+)'
metric = [{ counter = "errors_total", by = ["cause"] }]

[[test]]
lines = """
ERROR no answer
  at com.example.Main.main(Main.java:1)
Caused by: java.net.ConnectException
INFO done
"""
expect = ['errors_total{cause="java.net.ConnectException"} 1']
"#,
        },
        Key {
            name: "preset",
            shape: Shape::Word(&PRESETS),
            about: "A pattern by its name. `java`: stack traces of the JVM continue the line before them. `python`: so do \
                    tracebacks. `postgresql`: lines that begin with a tab continue, as PostgreSQL writes them, and so do \
                    the details of a message (`DETAIL`, `HINT`, `QUERY`, `CONTEXT`, `STATEMENT`, `LOCATION`). `timestamp`: a line that begins with a date, a time or a level in capitals begins a record, whatever \
                    comes between.",
            default: "",
            example: r#"[input.multiline]
preset = "postgresql"
lines_max = 100

[[rule]]
match = '(?s)ERROR:  .*STATEMENT:  .*(?:INTO|FROM) (?P<relation>\w+)'
metric = [{ counter = "failed_statements_total", by = ["relation"] }]

[[test]]
lines = """
2026-11-27 10:12:02.000 UTC [2212] app@shop ERROR:  duplicate key value violates unique constraint "orders_pkey"
2026-11-27 10:12:02.000 UTC [2212] app@shop DETAIL:  Key (id)=(1) already exists.
2026-11-27 10:12:02.000 UTC [2212] app@shop STATEMENT:  INSERT
\tINTO orders
\tVALUES (1)
"""
expect = ['failed_statements_total{relation="orders"} 1']
"#,
        },
        Key {
            name: "files",
            shape: Shape::TextOrTexts,
            about: "The files that it is for: globs of their names (`app*.log`), or of their paths where there is a `/` in it; \
                    `-` is standard input. A rotated file belongs to its log. `logmetrics test` runs the cases of a file with \
                    its first table, whatever files that is for.",
            default: "all inputs that no other table names",
            example: r#"[input.multiline]
preset = "java"
files = ["shop*.log", "/var/log/tomcat/*.out"]

[[rule]]
match = 'ERROR'
metric = [{ counter = "errors_total" }]

[[test]]
lines = """
2026-11-27 10:12:01 ERROR no answer
Caused by: java.lang.IllegalStateException: ERROR 7
"""
expect = ["errors_total 1"]
"#,
        },
        Key {
            name: "lines_max",
            shape: Shape::Count(2),
            about: "A record of more lines is cut there, and the rest of it skipped.",
            default: "500",
            example: r#"[input.multiline]
start = '^\d'
lines_max = 3

[[rule]]
match = 'four'
metric = [{ counter = "fours_total" }]

[[test]]
lines = """
1 one
  two
  three
  four
"""
expect = []
"#,
        },
        Key {
            name: "bytes_max",
            shape: Shape::Count(1),
            about: "A record of more bytes is cut there, and the rest of it skipped.",
            default: "1048576, which is also the most",
            example: r#"[input.multiline]
start = '^\d'
bytes_max = 10

[[rule]]
match = 'two'
metric = [{ counter = "twos_total" }]

[[test]]
lines = """
1 one long line
  two
"""
expect = []
"#,
        },
        Key {
            name: "wait",
            shape: Shape::Duration,
            about: "How long a record waits for its next line while a log is followed. Then it counts as it is; what comes \
                    of it later counts line by line.",
            default: "`1s`",
            example: r#"[input.multiline]
start = '^\d'
wait = "5s"

[[rule]]
match = '(?s)one.*two'
metric = [{ counter = "both_total" }]

[[test]]
lines = """
1 one
  two
"""
expect = ["both_total 1"]
"#,
        },
    ],
    includes: None,
    needs: &[
        Need::Any(&["start", "continue", "preset"]),
        Need::NotBoth("continue", "preset"),
    ],
};
