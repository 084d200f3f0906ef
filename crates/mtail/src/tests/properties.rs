//! No program and no line may make the crate panic or run for ever.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::cases::cases;
use crate::script::{ExpositionOptions, Line, Memory, RegexMatcher, Script, Settings};
use crate::{Options, Time, compile};

/// Pieces of programs, good and bad, that are put in where something else stood.
const PIECES: &[&str] = &[
    "{",
    "}",
    "\n",
    "(",
    ")",
    "[",
    "]",
    "/",
    "\"",
    "\\",
    "#",
    "$1",
    "$0",
    "$x",
    "c",
    "c++",
    "=",
    "+=",
    "==",
    "&&",
    "||",
    "!~",
    "=~",
    "/(\\d+)/",
    "/(?P<x>\\S+) (.*)/",
    "\"a\"",
    "-1",
    "1.5",
    "7d",
    "5h3m",
    "counter ",
    "hidden text ",
    "histogram h buckets 1, 2\n",
    "by k, l",
    "limit 1",
    "next\n",
    "stop\n",
    "def d {\nnext\n}\n",
    "@d {\n",
    "otherwise {\n",
    "else {\n",
    "del c[$1] after 1h\n",
    "const P /a/\n",
    "strptime($1, \"2006-01-02T15:04:05\")\n",
    "settime($1)\n",
    "timestamp()",
    "len($1)",
    "~",
    "é",
    "subst(/a/, \"b\", $1)",
    "int($1)",
    "float($1)",
    "strtol($1, 16)",
    "begin {\n",
    "log_filter \"x\"\n",
    "9223372036854775807",
    "<<",
    ">>",
    "**",
    "%",
    "defined($1)",
    "getfilename()",
    "\u{0}",
    "as \"x-y\" ",
];

/// Compiles a program in both modes, shows its problems, and runs it over lines.
fn survive(source: &str, lines: &[Vec<u8>]) {
    for options in [Options::strict(), Options::default()] {
        let strict = options.strict;
        let compiled = match compile("p.mtail", source, &options) {
            Ok(compiled) => compiled,
            Err(problems) => {
                assert!(problems.errors() > 0);
                problems.render("p.mtail", source);
                continue;
            }
        };
        compiled.warnings.render("p.mtail", source);
        let program = Arc::new(compiled.program);
        let matcher = RegexMatcher::new(&program.patterns).unwrap();
        let mut memory = Memory::new(&program);
        let settings = Settings {
            strict,
            ..Settings::default()
        };
        let mut script = Script::new(program, matcher, settings);
        let _ = script.begin(Time::default(), &mut memory);
        for (number, text) in lines.iter().enumerate() {
            let read = Time::from_seconds(number as i64);
            memory.advance(read);
            let line = Line {
                text,
                source: "x",
                read,
            };
            if let Err(error) = script.run(&line, &mut memory) {
                assert!(error.line <= source.lines().count() + 1, "{error}");
            }
        }
        memory.sweep(Time::from_seconds(1 << 40));
        memory.exposition(ExpositionOptions {
            has_program: true,
            has_time: true,
        });
    }
}

fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let known = select(vec![
        "a1 b2",
        "v=5",
        "v=-1.5e3 x",
        "2021-03-04T05:06:07",
        "007",
        "",
        "é",
        "99999999999999999999",
    ]);
    let line = prop_oneof![
        known.prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(line, 0..6)
}

/// A value as a program writes it, up to a depth.
fn value() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "1",
        "-7",
        "0",
        "2.5",
        "\"a\"",
        "\"12\"",
        "$0",
        "$1",
        "$2",
        "c",
        "g[$1]",
        "t",
        "timestamp()",
        "getfilename()",
        "9223372036854775807",
        "c++",
        "g[\"k\"]--",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 24, 3, |inner| {
            let operator = select(vec![
                "+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "<", ">=", "==", "!=",
                "&&", "||",
            ]);
            let function = select(vec![
                "len", "int", "float", "string", "tolower", "bool", "strtol", "subst",
            ]);
            prop_oneof![
                (inner.clone(), operator, inner.clone())
                    .prop_map(|(a, o, b)| format!("({a} {o} {b})")),
                (function, inner.clone()).prop_map(|(function, a)| match function {
                    "strtol" => format!("strtol({a}, 16)"),
                    "subst" => format!("subst(/[0-9]/, \"n\", {a})"),
                    function => format!("{function}({a})"),
                }),
                inner.clone().prop_map(|a| format!("~{a}")),
                inner.prop_map(|a| format!("g[{a}]")),
            ]
        })
}

fn statement() -> impl Strategy<Value = String> {
    let target = select(vec!["c", "g[$1]", "t", "h", "f"]);
    let simple = prop_oneof![
        (target, select(vec!["=", "+="]), value()).prop_map(|(t, o, v)| format!("{t} {o} {v}\n")),
        select(vec![
            "c++\n",
            "g[$2]++\n",
            "stop\n",
            "del g[$1]\n",
            "del g[$1] after 1s\n",
            "h++\n",
            "strptime($1, \"2006\")\n",
            "settime(int($1))\n",
        ])
        .prop_map(str::to_owned),
    ];
    simple.prop_recursive(4, 24, 4, |inner| {
        let condition = prop_oneof![
            select(vec![
                "/(\\d+)(\\.\\d+)?/",
                "/(\\S)(.*)/",
                "$2 =~ /(a)|(b)/",
                "P",
                "$1 !~ /(x)(y)/"
            ])
            .prop_map(str::to_owned),
            (value(), value()).prop_map(|(a, b)| format!("{a} > {b}")),
        ];
        let block = prop::collection::vec(inner, 0..4).prop_map(|all| all.concat());
        prop_oneof![
            (condition.clone(), block.clone()).prop_map(|(c, b)| format!("{c} {{\n{b}}}\n")),
            (condition, block.clone(), block.clone())
                .prop_map(|(c, b, e)| format!("{c} {{\n{b}}} else {{\n{e}}}\n")),
            block.clone().prop_map(|b| format!("otherwise {{\n{b}}}\n")),
            block.prop_map(|b| format!("@d {{\n{b}}}\n")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(source in ".{0,200}", lines in lines()) {
        survive(&source, &lines);
    }

    #[test]
    fn any_pieces_are_survived(
        pieces in prop::collection::vec(select(PIECES), 0..60),
        lines in lines(),
    ) {
        survive(&pieces.concat(), &lines);
    }

    #[test]
    fn spoilt_programs_are_survived(
        case in any::<Index>(),
        cuts in prop::collection::vec((any::<Index>(), 0..8_usize, select(PIECES)), 0..4),
        lines in lines(),
    ) {
        let cases = cases();
        let mut source = case.get(&cases).program.clone();
        for (place, length, piece) in cuts {
            let start = source.floor_char_boundary(place.index(source.len() + 1));
            let end = source.floor_char_boundary((start + length).min(source.len())).max(start);
            source.replace_range(start..end, piece);
        }
        survive(&source, &lines);
    }

    #[test]
    fn written_programs_are_survived(
        statements in prop::collection::vec(statement(), 1..6),
        lines in lines(),
    ) {
        let head = "counter c\ngauge g by k limit 3\ntext t\nhistogram h buckets 1, 2\ngauge f\n\
                    const P /(.)(.)/\ndef d {\n/^(.)(.*)/ {\nnext\n}\n}\n/(\\S*)(.*)/ {\n";
        survive(&format!("{head}{}}}\n", statements.concat()), &lines);
    }
}

#[test]
fn deep_programs_are_refused_and_not_overflown() {
    let many = 100_000;
    for source in [
        "(".repeat(many),
        "~".repeat(many),
        "/a/ {\n".repeat(many),
        "def d {\n".repeat(many),
        format!("gauge g\ng = 1{}\n", " + 1".repeat(many)),
        format!(
            "gauge g by k\ng{}1{}++\n",
            "[g[".repeat(many),
            "]".repeat(many)
        ),
        format!("const A /a/{}\n", " + /a/".repeat(many)),
    ] {
        let problems = compile("p.mtail", &source, &Options::default()).unwrap_err();
        assert!(problems.errors() > 0);
    }
}

#[test]
fn decorators_cannot_multiply_without_end() {
    let mut source = "counter c\ndef d0 {\n/a/ {\nnext\n}\n}\n".to_owned();
    for number in 1..30 {
        let below = number - 1;
        let uses = format!("@d{below} {{\nc++\n}}\n").repeat(3);
        source += &format!("def d{number} {{\n{uses}@d{below} {{\nnext\n}}\n}}\n");
    }
    source += "@d29 {\nc++\n}\n";
    let problems = compile("p.mtail", &source, &Options::default()).unwrap_err();
    let text = problems.render("p.mtail", &source);
    assert!(
        text.contains("too large") || text.contains("deep"),
        "{text}"
    );
}

#[test]
fn texts_cannot_grow_without_end() {
    let source = "text t\n/^/ {\nt = t + t + \"0123456789\"\n}\n";
    let lines = vec![b"x".to_vec(); 64];
    survive(source, &lines);
    let program = Arc::new(
        compile("p.mtail", source, &Options::default())
            .unwrap()
            .program,
    );
    let matcher = RegexMatcher::new(&program.patterns).unwrap();
    let mut memory = Memory::new(&program);
    let mut script = Script::new(program, matcher, Settings::default());
    let line = Line {
        text: b"x",
        source: "x",
        read: Time::default(),
    };
    let outcomes: Vec<bool> = (0..64)
        .map(|_| script.run(&line, &mut memory).is_ok())
        .collect();
    assert!(outcomes[0] && !outcomes[63]);
}
