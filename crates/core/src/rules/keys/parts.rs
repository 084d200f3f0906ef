//! Keys that take a part of a field or of a line.

use super::{FIELD_SHAPE, Key, Shape};

pub(super) const FIELD_INSIDE: Key = Key {
    name: "inside",
    shape: Shape::TextOrTexts,
    about: "The field that holds a text of its own, JSON or logfmt, in which `from` is looked for.",
    default: "the line itself",
    example: r#"[[rule]]
fields = "json"
labels.user = { from = ["user.id", "uid"], inside = "message", default = "nobody" }
metric = [{ counter = "messages_total", by = ["user"] }]

[[test]]
lines = ['{"message":"{\"user\":{\"id\":\"ann\"}}"}', '{"message":"signed in uid=bob"}']
expect = ['messages_total{user="ann"} 1', 'messages_total{user="bob"} 1']
"#,
};

pub(super) const FIELD_MATCH: Key = Key {
    name: "match",
    shape: Shape::Regex,
    about: "What is taken out of the value: the named group of the pattern, else its first group, else all \
            that it finds. Where it finds nothing the field is absent.",
    default: "the whole value",
    example: r#"[[rule]]
fields = "logfmt"
labels.area = { from = "path", match = '^/api/(\w+)', default = "other" }
metric = [{ counter = "hits_total", by = ["area"] }]

[[test]]
lines = ["path=/api/users/7", "path=/static/a.js"]
expect = ['hits_total{area="users"} 1', 'hits_total{area="other"} 1']
"#,
};

pub(super) const FIELD_DECODE: Key = Key {
    name: "decode",
    shape: Shape::Word(&["url", "percent"]),
    about: "Resolves what URLs write for other bytes: `url` does `%20` and `+`, `percent` only `%20`. What is \
            no escape stays as it is. It comes after `match`.",
    default: "the value as it is written",
    example: r#"[[rule]]
fields = "logfmt"
labels.query = { from = "path", match = '[?&]q=([^&]*)', decode = "url", default = "" }
metric = [{ counter = "searches_total", by = ["query"] }]

[[test]]
lines = "path=/s?q=a%26b+c&page=2"
expect = ['searches_total{query="a&b c"} 1']
"#,
};

pub(super) const RULE_INSIDE: Key = Key {
    name: "inside",
    shape: FIELD_SHAPE,
    about: "The field of the line, or the group of `match`, that holds the text in which `fields` are read. \
            `match` looks at the line all the same. A line without such a field is none of the rule's.",
    default: "the line itself",
    example: r#"[[rule]]
match = '"level":"(?P<level>\w+)"'
inside = "message"
fields = "auto"
metric = [{ counter = "calls_total", by = ["level", "tool"] }]

[[test]]
lines = '{"level":"info","message":"tool=search took=3ms"}'
expect = ['calls_total{level="info",tool="search"} 1']
"#,
};

pub(super) const RULE_EACH: Key = Key {
    name: "each",
    shape: Shape::Flag,
    about: "Whether every match of `match` on a line counts, as long as they do not overlap, and not only the \
            first. At most 10 000 of one line do; a line with more is counted in \
            `logmetrics_rule_too_many_matches_total`.",
    default: "`false`",
    example: r#"[[rule]]
match = '"result":"(?P<level>\w+)"'
each = true
metric = [{ counter = "results_total", by = ["level"] }]

[[test]]
lines = 'a={"result":"error"} b={"result":"warn"} c={"result":"error"}'
expect = ['results_total{level="error"} 2', 'results_total{level="warn"} 1']
"#,
};

pub(super) const FILE_PATTERNS: Key = Key {
    name: "patterns",
    shape: Shape::Names("a table of patterns", &Shape::Regex),
    about: "Patterns by name. Any pattern of the file may refer to them: `%{NAME}`, or `%{NAME:field}` as a named \
            group. The usual names of grok are known without a word (`%{IP:client}`, `%{NUMBER:bytes}`, \
            `%{COMBINEDAPACHELOG}`, `%{HAPROXYHTTP}`), and a file may give one of them another meaning.",
    default: "the names of grok",
    example: r#"[patterns]
ORDER = 'o-%{INT:order}'

[[rule]]
match = '%{ORDER} from %{IP:client} cost %{NUMBER:cost:float}'
metric = [{ counter = "orders_eur_total", value = "cost", by = ["client"] }]

[[test]]
lines = "o-17 from 10.0.0.1 cost 12.5"
expect = ['orders_eur_total{client="10.0.0.1"} 12.5']
"#,
};

pub(super) const RULE_COLUMNS: Key = Key {
    name: "columns",
    shape: Shape::TextOrTexts,
    about: "What the cells of `fields = \"csv\"` are called, in their order; `\"\"` is a column that nobody needs. A line that \
            is these names is the header, and not counted, wherever it is in the file. A line with another number of cells \
            is unreadable, and so is a header that names other columns, or these in another order; the log says once for \
            each input how the two differ. The names are the rule's and never the file's, as reading may begin in the \
            middle of a file: where a table changes, change `columns`.",
    default: "must be there for `csv`",
    example: r#"[[rule]]
fields = "csv"
columns = ["time", "desk", "quantity", "comment"]
metric = [{ counter = "traded_total", value = "quantity", by = ["desk"] }]

[[test]]
lines = ["time,desk,quantity,comment", '10:12:01,fx,100,"ok, filled"', "10:12:02,fx,20,"]
expect = ['traded_total{desk="fx"} 120']
"#,
};

pub(super) const RULE_DELIMITER: Key = Key {
    name: "delimiter",
    shape: Shape::Text,
    about: "What is between two cells of `fields = \"csv\"`: one ASCII character, such as `;` or a tab.",
    default: "`,`",
    example: r#"[[rule]]
fields = "csv"
columns = ["user", "", "status"]
delimiter = ";"
metric = [{ counter = "requests_total", by = ["user", "status"] }]

[[test]]
lines = "ann;/cart;200"
expect = ['requests_total{status="200",user="ann"} 1']
"#,
};

pub(super) const LABEL_LOOKUP: Key = Key {
    name: "lookup",
    shape: Shape::Either(&[
        Shape::Text,
        Shape::Names("a table of keys and values", &Shape::Text),
    ]),
    about: "A table in which the value is looked up: what is there takes its place. A file of CSV (the first line names \
            the columns, the first column has the keys) or TOML, named from the folder of the rules file; \
            `teams.csv#cost_centre` says which column, else it is the second of two or the one of the label's name. Or the \
            table itself. In a key `*` is any text; a key that is the value goes first. A value that is not there becomes \
            the default, and is counted in `logmetrics_rule_lookup_misses_total`. A changed file is read again as rules \
            are.",
    default: "the value as it is",
    example: r#"[[rule]]
fields = "logfmt"

[rule.labels.team]
from = "user"
default = "unknown"
lookup = { "ann@example.com" = "red", "*@sales.example.com" = "sales" }

[[rule.metric]]
counter = "requests_total"
by = ["team"]

[[test]]
lines = ["user=ann@example.com", "user=bob@sales.example.com", "user=eve@example.org", "-=-"]
expect = [
  'requests_total{team="red"} 1',
  'requests_total{team="sales"} 1',
  'requests_total{team="unknown"} 2',
]
"#,
};
