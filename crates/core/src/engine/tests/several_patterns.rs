//! A rule with several patterns, and with patterns that must not be on the line.

use proptest::prelude::*;
use regex::Regex;

use super::*;

const RULE: &str = r#"
[[rule]]
match = ['status=(?P<status>\w+)', 'to=<(?P<to>[^>]*)>', 'postfix']
unless = ['test', '^#']
metric = [{ counter = "mails_total", by = ["status", "to"] }]
"#;

#[test]
fn all_patterns_must_match_and_their_groups_are_fields() {
    let lines: [&[u8]; 6] = [
        b"postfix/smtp to=<a@x> status=sent",
        b"status=sent to=<a@x> by postfix",
        b"sendmail to=<a@x> status=sent",
        b"postfix/smtp to=<a@x>",
        b"postfix/smtp to=<test@x> status=sent",
        b"# postfix/smtp to=<a@x> status=sent",
    ];
    let outcome = run(RULE, &lines);
    assert_eq!(
        outcome.samples,
        "mails_total{status=\"sent\",to=\"a@x\"} 2\n"
    );
    assert_eq!(outcome.unmatched, 4);
}

#[test]
fn broken_bytes_move_no_group() {
    let lines: [&[u8]; 2] = [
        b"\xff\xff postfix to=<b> status=\xfe",
        b"\xff\xff postfix to=<b\xffb> status=ok",
    ];
    let rule = RULE.replace(r"(?P<status>\w+)", r"(?P<status>\S{1,3})");
    let outcome = run(&rule, &lines);
    let expected = "mails_total{status=\"ok\",to=\"b\u{fffd}b\"} 1\n\
                    mails_total{status=\"\u{fffd}\",to=\"b\"} 1\n";
    assert_eq!(outcome.samples, expected);
}

#[test]
fn fields_are_read_where_all_patterns_match() {
    let rule = r#"
[[rule]]
unless = 'probe'
fields = "logfmt"
metric = [{ counter = "seen", by = ["user"] }]

[[rule]]
match = ['a', 'b']
fields = "logfmt"
metric = [{ counter = "both", by = ["user"] }]
"#;
    let lines: [&[u8]; 3] = [b"ab user=ann", b"probe user=bob", b"a user=cid"];
    assert_eq!(
        run(rule, &lines).samples,
        "both{user=\"ann\"} 1\nseen{user=\"ann\"} 1\nseen{user=\"cid\"} 1\n"
    );
}

#[test]
fn explain_names_the_pattern_that_decides() {
    let (engine, _) = engine(RULE);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let said = |text: &str| {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        engine.explain(&line)[0].outcome.to_string()
    };
    let first = said("to=<a>");
    assert!(first.contains(r"status=(?P<status>\w+)"), "{first}");
    let also = said("status=sent to=<a>");
    assert!(also.contains("`postfix`"), "{also}");
    let unless = said("postfix test status=sent to=<a>");
    assert_eq!(unless, "`unless` asks that `test` is not on the line");
}

/// Patterns with a plan, and patterns that only the regex can do.
const PATTERNS: [&str; 6] = [
    r"a=(?P<NAME>\d+)",
    r"(?P<NAME>[ab]+) ",
    r"b(?P<NAME>.*?)b",
    r"^(?P<NAME>\S*)",
    r"(?i:A=)(?P<NAME>\w)",
    r"x|(?P<NAME>é)",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn several_patterns_are_each_found_alone(
        chosen in prop::collection::vec(0..PATTERNS.len(), 1..4),
        unless in prop::collection::vec(0..PATTERNS.len(), 0..2),
        lines in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec![&b"a"[..], b"b", b" ", b"=", b"1", b"x", "é".as_bytes(), b"\xff"]),
                0..12,
            ),
            1..6,
        ),
    ) {
        let named = |place: usize, number: &usize| PATTERNS[*number].replace("NAME", &format!("g{place}"));
        let patterns: Vec<String> = (0..).zip(&chosen).map(|(place, one)| named(place, one)).collect();
        let unless: Vec<String> = (10..).zip(&unless).map(|(place, one)| named(place, one)).collect();
        let names: Vec<String> = (0..patterns.len()).map(|place| format!("g{place}")).collect();
        let labels: Vec<String> = names.iter().map(|name| format!("{name} = {{ default = '-' }}")).collect();
        let rule = format!(
            "[[rule]]\nmatch = {patterns:?}\nunless = {unless:?}\nlabels = {{ {} }}\nmetric = [{{ counter = 'c', by = {names:?} }}]\n",
            labels.join(", ")
        );
        let rule = if unless.is_empty() { rule.replace("unless = []\n", "") } else { rule };
        let lines: Vec<Vec<u8>> = lines.iter().map(|pieces| pieces.concat()).collect();
        let mut expected = std::collections::BTreeMap::new();
        let compiled = |texts: &[String]| -> Vec<Regex> {
            texts.iter().map(|text| Regex::new(text).unwrap()).collect()
        };
        let (all, none) = (compiled(&patterns), compiled(&unless));
        for line in &lines {
            let text = String::from_utf8_lossy(line);
            if none.iter().any(|one| one.is_match(&text)) {
                continue;
            }
            let values: Option<Vec<String>> = all.iter().zip(&names).map(|(regex, name)| {
                let found = regex.captures(&text)?.name(name).map_or("", |found| found.as_str()).to_owned();
                Some(if found.is_empty() { "-".to_owned() } else { found })
            }).collect();
            if let Some(values) = values {
                let pairs: Vec<String> = names.iter().zip(values).map(|(name, value)| format!("{name}=\"{value}\"")).collect();
                *expected.entry(format!("c{{{}}}", pairs.join(","))).or_insert(0) += 1;
            }
        }
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let mut found: Vec<String> = run(&rule, &lines).samples.lines().map(str::to_owned).collect();
        found.sort();
        let mut expected: Vec<String> = expected.iter().map(|(series, count)| format!("{series} {count}")).collect();
        expected.sort();
        prop_assert_eq!(found, expected, "{}", rule);
    }
}
