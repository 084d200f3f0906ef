//! Parts of fields: patterns, escapes of URLs, texts inside fields, elements of lists, paths.

use super::*;

#[test]
fn a_map_fills_in_the_groups_of_its_pattern() {
    let rules = r#"
[[rule]]
match = '"(?P<method>[A-Z]+) (?P<path>\S+)'
[rule.labels]
route = { from = "path", map = { '(/api/\w+)/[0-9a-f-]+(/.*)?' = "$1/:id$2", '/static/.*' = "/static" } }
[[rule.metric]]
counter = "h_total"
by = ["method","route"]
"#;
    let outcome = run(
        rules,
        &[
            b"\"GET /api/users/123 HTTP\"",
            b"\"GET /api/orders/77/items HTTP\"",
            b"\"GET /static/a.js HTTP\"",
            b"\"GET /weird HTTP\"",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    h_total{method="GET",route="/api/orders/:id/items"} 1
    h_total{method="GET",route="/api/users/:id"} 1
    h_total{method="GET",route="/static"} 1
    h_total{method="GET",route="/weird"} 1
    "#);
}

#[test]
fn a_label_is_a_part_of_a_field() {
    let rules = r#"
[[rule]]
fields = "logfmt"
[rule.labels]
api = { from = "path", match = '^/api/(?P<first>\w+)', default = "other" }
query = { from = "path", match = '[?&]q=([^&]*)', decode = "url", default = "" }
domain = { from = "user", match = '@(.+)$', lowercase = true }
[[rule.metric]]
counter = "a_total"
by = ["api", "query"]
[[rule.metric]]
counter = "d_total"
by = ["domain"]
[[rule.metric]]
counter = "took_total"
value = { from = "took", match = '\d+' }
where = { took = '\d+' }
"#;
    let outcome = run(
        rules,
        &[
            b"path=/api/users?q=a%20b+c user=a@X.org took=about-5-s",
            b"path=/x?q=%zz user=root took=none",
            b"path=\"\" user=b@x.org",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    a_total{api="other",query=""} 1
    a_total{api="other",query="%zz"} 1
    a_total{api="users",query="a b c"} 1
    d_total{domain="x.org"} 2
    took_total 5
    "#);
    assert_eq!(
        outcome.field_errors,
        [("domain".to_owned(), FieldErrorKind::Missing, 1)]
    );
}

#[test]
fn a_field_may_hold_fields_of_its_own() {
    let rules = r#"
[[rule]]
fields = "json"
[rule.labels]
level = "level"
user = { from = ["user.id", "uid"], inside = "message", default = "-" }
[[rule.metric]]
counter = "a_total"
by = ["level", "user"]
[[rule.metric]]
counter = "tokens_total"
value = { from = "tokens", inside = "message" }
"#;
    let outcome = run(
        rules,
        &[
            br#"{"level":"info","message":"{\"user\":{\"id\":\"ann\"},\"tokens\":7}"}"#,
            br#"{"level":"info","message":"done uid=bob tokens=3"}"#,
            br#"{"level":"warn","message":"uid=bob uid=eve"}"#,
            br#"{"level":"warn","message":"nothing"}"#,
            br#"{"level":"warn","message":{"uid":"cid","tokens":"x"}}"#,
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    a_total{level="info",user="ann"} 1
    a_total{level="info",user="bob"} 1
    a_total{level="warn",user="-"} 1
    a_total{level="warn",user="__ambiguous__"} 1
    a_total{level="warn",user="cid"} 1
    tokens_total 10
    "#);
    let error = |field: &str, kind, count| (field.to_owned(), kind, count);
    assert_eq!(
        outcome.field_errors,
        [
            error("user", FieldErrorKind::Ambiguous, 1),
            error("tokens", FieldErrorKind::Missing, 2),
            error("tokens", FieldErrorKind::BadValue, 1),
        ]
    );
}

/// What logs write around JSON, as in the field.
const PREFIXED: &str = r#"
[[rule]]
name = "j"
fields = "json"
[rule.labels]
lvl = { from = "level", default = "-" }
code = { from = ["errors.0.code", "err.code"], default = "-" }
[[rule.metric]]
counter = "j_total"
by = ["lvl","code"]
"#;

#[test]
fn json_is_read_behind_a_prefix() {
    let outcome = run(
        PREFIXED,
        &[
            br#"{"level":"array","errors":[{"code":"E1"},{"code":"E2"}],"v":1}"#,
            br#"{"level":"nested","err":{"code":7},"v":1}"#,
            br#"2026-03-01T10:00:00Z INFO {"level":"prefixed","v":1}"#,
            br#"@cee: {"level":"cee","v":1}"#,
            b"handled {id} in 3 ms",
            b"no braces",
            br#"[{"level":"list","v":1}]"#,
            br#"INFO {"level":"torn","v":"#,
            br#"{"level":"trail","v":1} extra text"#,
            br#"{"level":"nan","v":NaN}"#,
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    j_total{code="-",lvl="cee"} 1
    j_total{code="-",lvl="prefixed"} 1
    j_total{code="7",lvl="nested"} 1
    j_total{code="E1",lvl="array"} 1
    "#);
    assert_eq!((outcome.unmatched, outcome.unreadable), (6, 4));
}

#[test]
fn explain_says_where_json_behind_a_prefix_breaks() {
    let (engine, _) = engine(PREFIXED);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    for (text, line_end) in [
        (&br#"INFO {"level":"torn","v":NaN}"#[..], 25),
        (br#"{"level":"trail"} extra"#, 18),
        (br#"INFO {"level":"x"} extra"#, 19),
    ] {
        let line = Line {
            text,
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        let verdict = engine.explain(&line).remove(0);
        assert_eq!(
            verdict.outcome,
            super::super::verdict::Outcome::Unreadable { line_end },
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn the_path_of_the_file_is_a_field() {
    let rules = r#"
[[rule]]
match = 'x'
[rule.labels]
namespace = "_namespace"
pod = { from = "_pod", match = '^(.*)-[a-z0-9]{5,10}-[a-z0-9]{5}$' }
container = "_container"
folder = { from = "_path", match = '/log/([^/]+)/' }
[[rule.metric]]
counter = "a"
by = ["namespace", "pod", "container", "folder"]
"#;
    let (engine, store) = engine(rules);
    let mut runner = engine.runner();
    let mut batch = Batch::new(store.hasher());
    let origin = Origin {
        source: Arc::from("/var/log/pods/*/*/*.log"),
        file: Arc::from("/var/log/pods/ai_gw-7d9cf5b6-x2x4z_0f5f3a1e-1d2c/agentgateway/0.log"),
    };
    let line = Line {
        text: b"x",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    engine.feed(&line, &mut runner, &mut batch);
    store.apply(&batch, 0);
    let page = Exposition::new(store.snapshot(0), Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8(page).unwrap();
    let sample = "a{container=\"agentgateway\",folder=\"pods\",namespace=\"ai\",pod=\"gw\"} 1";
    assert!(page.contains(sample), "{page}");
}

#[test]
fn a_rule_reads_the_text_in_a_field() {
    let rules = r#"
[[rule]]
match = '"level":"(?P<level>\w+)"'
inside = ["message", "msg"]
fields = "auto"
[rule.labels]
user = { from = "user", default = "nobody" }
[[rule.metric]]
counter = "a_total"
by = ["level", "user"]
[[rule.metric]]
counter = "n_total"
value = "n"
by = ["user"]
where = { n = '\d+' }

[[rule]]
match = '^gw (?P<level>\w+) (?P<rest>\{.*)'
inside = "rest"
fields = "json"
[[rule.metric]]
counter = "b_total"
by = ["level", "user"]
"#;
    let lines: [&[u8]; 9] = [
        br#"{"level":"info","message":"{\"user\":\"ann\",\"n\":2}"}"#,
        br#"{"level":"info","msg":"user=\"b b\" n=3"}"#,
        br#"{"level":"info","message":"{\"user\":\"torn"}"#,
        br#"{"level":"info","other":"user=eve"}"#,
        br#"{"level":"info","message":"user=eve","message":"user=ann"}"#,
        br#"{"level":"info","message":"user=eve"#,
        br#"{"level":"warn","message":"plain text"}"#,
        br#"gw info {"user":"cid"}"#,
        br#"gw info {"user":"#,
    ];
    let outcome = run(rules, &lines.repeat(2));
    insta::assert_snapshot!(outcome.samples, @r#"
    a_total{level="info",user="ann"} 2
    a_total{level="info",user="b b"} 2
    a_total{level="warn",user="nobody"} 2
    b_total{level="info",user="cid"} 2
    n_total{user="ann"} 4
    n_total{user="b b"} 6
    "#);
    // What breaks inside, twice the key, and what breaks around; one has no such field.
    assert_eq!((outcome.unreadable, outcome.unmatched), (6, 10));
}

#[test]
fn each_match_of_a_line_counts() {
    let rules = r#"
[[rule]]
match = '"result":"(?P<level>\w+)"(?:,n=(?P<n>\d+))?'
each = true
[[rule.metric]]
counter = "m_total"
by = ["level"]
[[rule.metric]]
counter = "n_total"
value = "n"
[[rule]]
match = 'x*'
each = true
metric = [{ counter = "x_total" }]
"#;
    let outcome = run(
        rules,
        &[
            br#"app: {"a":{"result":"error"},"b":{"result":"warn",n=2},"c":{"result":"error",n=40}"#,
            b"\"result\":\"K\xf6ln\" \"result\":\"ok\",n=\xff \"result\":\"ok\",n=1",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    m_total{level="error"} 2
    m_total{level="ok"} 2
    m_total{level="warn"} 1
    n_total 43
    x_total 135
    "#);
    // A line counts once for an error, however often it has it.
    assert_eq!(
        outcome.field_errors,
        [("n".to_owned(), FieldErrorKind::Missing, 2)]
    );
    assert_eq!(outcome.unmatched, 0);
    let many = b"\"result\":\"e\"".repeat(10_001);
    let outcome = run(rules, &[&many]);
    assert!(outcome.samples.contains("m_total{level=\"e\"} 10000\n"));
    assert!(
        outcome
            .field_errors
            .contains(&("match".to_owned(), FieldErrorKind::TooMany, 1))
    );
}

#[test]
fn cells_of_csv_are_fields() {
    let rules = r#"
[[rule]]
fields = "csv"
columns = ["ts", "desk", "symbol", "side", "qty", "price", "latency_us", "comment"]
time = "ts"
[rule.labels]
comment = { from = "comment", default = "none" }
[[rule.metric]]
counter = "trades_total"
by = ["symbol", "comment"]
[[rule.metric]]
counter = "traded_total"
value = "qty"
by = ["desk"]
where = { side = "buy|sell" }
"#;
    let lines: [&[u8]; 8] = [
        b"ts,desk,symbol,side,qty,price,latency_us,comment",
        b"2025-11-27T10:12:01Z,fx,EURUSD,buy,100000,1.0912,152,\"ok, filled\"",
        b"2025-11-27T10:12:02Z,eq,SAP,sell,20,231.40,1201,",
        b"2025-11-27T10:12:03Z,eq,\"BRK,B\",buy,5,410.11,990,partial",
        b"2025-11-27T10:12:03Z,eq,\"A \"\"B\"\"\",buy,1,410.11,990,\"say \"\"x\"\"\"",
        b"2025-11-27T10:12:03Z,eq,torn",
        b"2025-11-27T10:12:03Z,eq,\"torn,buy,1,410.11,990,x",
        b"some other line",
    ];
    let outcome = run(rules, &lines.repeat(2));
    insta::assert_snapshot!(outcome.samples, @r#"
    traded_total{desk="eq"} 52
    traded_total{desk="fx"} 200000
    trades_total{comment="none",symbol="SAP"} 2
    trades_total{comment="ok, filled",symbol="EURUSD"} 2
    trades_total{comment="partial",symbol="BRK,B"} 2
    trades_total{comment="say \"x\"",symbol="A \"B\""} 2
    "#);
    assert_eq!((outcome.unreadable, outcome.unmatched), (4, 6));
    assert_eq!(outcome.field_errors, []);
    let (engine, _) = engine(rules);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let said = |text: &[u8]| {
        let line = Line {
            text,
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        engine.explain(&line)[0].outcome.to_string()
    };
    assert_eq!(
        said(lines[0]),
        "the line is the header, which names the columns"
    );
    assert_eq!(
        said(lines[5]),
        "the line has 3 cells, and `columns` names 8"
    );
    assert_eq!(said(lines[6]), "a quote on the line is never closed");
    assert_eq!(said(lines[7]), "the line has no fields to read");
}

#[test]
fn a_header_with_other_columns_is_unreadable() {
    let rules = "[[rule]]\nfields = 'csv'\ncolumns = ['user', 'status', '']\nmetric = [{ counter = 'a', by = ['user'] }]\n";
    let lines: [&[u8]; 4] = [
        b"user,status,x",
        b"status,user,x",
        b"ann,200,1",
        b"status,ann,1",
    ];
    let outcome = run(rules, &lines);
    assert_eq!((outcome.unreadable, outcome.unmatched), (1, 1));
    let (engine, _) = engine(rules);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let line = Line {
        text: lines[1],
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    assert_eq!(
        engine.explain(&line)[0].outcome.to_string(),
        "the line is a header with other columns: `status`, `user`, `x`; `columns` says `user`, `status`, ``"
    );
}

#[test]
fn csv_may_be_inside_a_field_and_beside_groups() {
    let rules = r#"
[[rule]]
match = '^(?P<level>\w+) '
inside = "row"
fields = "csv"
columns = ["user", "status"]
delimiter = ";"
metric = [{ counter = "a_total", by = ["level", "user", "status"] }]
"#;
    let outcome = run(
        rules,
        &[
            b"info row=\"ann;200\"",
            b"info row=\"\\\"b \\\"\\\"x\\\"\\\"\\\";200\"",
            b"warn row=\"user;status\"",
            b"warn row=\"x;1;2\"",
        ],
    );
    insta::assert_snapshot!(outcome.samples, @r#"
    a_total{level="info",status="200",user="ann"} 1
    a_total{level="info",status="200",user="b \"x\""} 1
    "#);
    assert_eq!((outcome.unreadable, outcome.unmatched), (1, 1));
}

#[test]
fn explain_shows_each_match() {
    let rules =
        "[[rule]]\nmatch = 'a(?P<n>\\d)'\neach = true\nmetric = [{ counter = 'c', by = ['n'] }]\n";
    let (engine, _) = engine(rules);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let line = Line {
        text: b"a1 a2 b a3",
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    let super::super::verdict::Outcome::Matched(updates) = &engine.explain(&line)[0].outcome else {
        panic!("no match");
    };
    let labels = updates
        .iter()
        .map(|update| update.result.clone().unwrap().0);
    assert_eq!(
        labels.collect::<Vec<_>>(),
        ["n=\"1\"", "n=\"2\"", "n=\"3\""]
    );
}

#[test]
fn values_are_looked_up() {
    let rules = r#"
[[rule]]
fields = "logfmt"
[rule.labels]
team = { from = "user", lowercase = true, lookup = { "ann" = "red", "*@sales" = "sales" }, default = "unknown" }
centre = { from = "user", lookup = { ann = "17" } }
[[rule.metric]]
counter = "a_total"
by = ["team"]
[[rule.metric]]
counter = "b_total"
by = ["centre"]
"#;
    let lines: [&[u8]; 5] = [
        b"user=ANN",
        b"user=ann",
        b"user=x@sales",
        b"user=\xff",
        b"n=1",
    ];
    let outcome = run(rules, &lines.repeat(2));
    insta::assert_snapshot!(outcome.samples, @r#"
    a_total{team="red"} 4
    a_total{team="sales"} 2
    a_total{team="unknown"} 4
    b_total{centre="17"} 2
    "#);
    let error = |field: &str, kind, count| (field.to_owned(), kind, count);
    assert_eq!(
        outcome.field_errors,
        [
            error("centre", FieldErrorKind::LookupMiss, 6),
            error("centre", FieldErrorKind::Missing, 8),
            error("team", FieldErrorKind::LookupMiss, 2),
        ]
    );
}
