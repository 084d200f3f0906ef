//! Rules that were written for a program count as the program does.

use std::collections::BTreeMap;
use std::sync::Arc;

use logmetrics_core::clock::Clock;
use logmetrics_core::engine::Engine;
use logmetrics_core::engine::source::{ProgramSource, TomlRules};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{SourceText, load_text};
use logmetrics_follow::line::{Line, Origin, Wrapping};
use proptest::prelude::*;
use proptest::sample::select;

use super::{Converted, convert};
use crate::tests::cases::cases;
use crate::tests::program::engine_of;
use crate::unit::PageOptions;

const NOW_MS: u64 = 1_790_000_000_000;

/// The samples after some lines.
fn samples(
    engine: &Engine,
    definitions: Vec<Definition>,
    lines: &[String],
) -> BTreeMap<String, String> {
    let store = Store::new(definitions, NOW_MS);
    let mut batch = Batch::new(store.hasher());
    engine.resume_scripts(None, &[], &store.snapshot(NOW_MS), &mut batch);
    store.apply(&batch, NOW_MS);
    batch.clear();
    let origin = Origin {
        source: Arc::from("/logs/*.log"),
        file: Arc::from("/logs/a.log"),
    };
    let mut runner = engine.runner();
    for text in lines {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        engine.feed(&line, &mut runner, &mut batch);
        store.apply(&batch, NOW_MS);
        batch.clear();
    }
    let page = Exposition::new(store.snapshot(NOW_MS), Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8(page).unwrap();
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.rsplit_once(' '));
    pairs
        .map(|(series, value)| (series.to_owned(), value.to_owned()))
        .collect()
}

fn of_program(source: &str, lines: &[String]) -> BTreeMap<String, String> {
    let page = PageOptions {
        has_program: false,
        ..PageOptions::default()
    };
    let clock = Clock::by_hand(NOW_MS).0;
    let (engine, definitions) = engine_of(("p.mtail", source), page, clock);
    samples(&engine, definitions, lines)
}

fn of_rules(text: &str, lines: &[String]) -> BTreeMap<String, String> {
    let file = SourceText {
        path: "rules.toml".into(),
        text: text.into(),
    };
    let loaded = load_text(vec![file]).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    let compiled = TomlRules::default().compile(&loaded, None).unwrap();
    let (engine, definitions) = compiled.with_scripts(Vec::new());
    samples(&engine, definitions, lines)
}

/// A program shows what has no labels before its first update, and rules do not.
fn without_unborn(mut samples: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_bare = |series: &str| !series.contains('{') || series.contains("_bucket{le=");
    samples.retain(|series, value| value != "0" || !is_bare(series));
    samples
}

#[track_caller]
fn assert_same(source: &str, converted: &Converted, lines: &[String]) {
    let rules = converted.rules.as_deref().unwrap();
    let program = without_unborn(of_program(source, lines));
    let rules_samples = without_unborn(of_rules(rules, lines));
    assert_eq!(program, rules_samples, "{source}\n{rules}\n{lines:#?}");
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

const SHOP: &str = r#"counter requests by method, code
counter bytes
counter slow
histogram took buckets 0.1, 1
gauge open
counter events by what
gauge last by method
hidden text note

def line {
  /^(?P<method>[A-Z]+) (?P<path>\S+) (?P<code>[1-5]\d\d) (?P<bytes>\d{1,9}) (?P<ms>\d{1,6})/ {
    next
  }
}

@line {
  requests[$method][$code]++
  note = $path
  $code >= 500 {
    requests["bad"][$code]++
  } else {
    bytes += $bytes
  }
  $path =~ /^\/health/ {
    stop
  }
  $ms > 1000 && $code < 400 {
    slow++
  }
  took = $ms / 1000.0
  last[$method] = $bytes
}
/opened/ {
  events["opened"]++
  open++
} else {
  /closed/ {
    events["closed"]++
    open--
  }
  otherwise {
    // + /^other$/ {
      events["other"] += 2
      open = 7
    }
  }
}
"#;

#[test]
fn a_program_of_many_parts_counts_the_same() {
    let converted = convert("shop.mtail", SHOP).unwrap();
    assert_eq!(converted.left_out, [], "{:?}", converted.rules);
    assert_eq!(converted.differences, [] as [String; 0]);
    assert!(converted.is_whole());
    let log = "GET /a 200 12 30\nGET /health 200 1 1\nPOST /b 503 7 2000\nGET /c 301 0 1500\nopened\nopened\n\
               closed\nGET /a 404 3 1001\nother\nopened\nclosed\nnothing\n";
    assert_same(SHOP, &converted, &lines(log));
}

#[test]
fn what_rules_cannot_say_is_told_with_its_line() {
    let source = "counter a by k\ncounter b\ngauge c by k\n\
        /(\\S+) (\\d+)/ {\n  a[$1]++\n  a[$1 + \"x\"]++\n  b = 5\n  del c[$1]\n  c[$1] = len($1)\n  c[$1] = $2 / 2\n}\n";
    let converted = convert("p.mtail", source).unwrap();
    let left: Vec<(usize, &str)> = converted
        .left_out
        .iter()
        .map(|left| (left.line, left.why.as_str()))
        .collect();
    assert_eq!(left[0], (6, "a label is worked out from several texts"));
    assert!(left[1].1.contains("a counter is set"), "{left:?}");
    assert!(left[2].1.contains("delete"), "{left:?}");
    assert!(left[3].1.contains("measure"), "{left:?}");
    assert!(left[4].1.contains("division"), "{left:?}");
    let rules = converted.rules.unwrap();
    assert!(
        rules.contains("# - line 6: a[$1 + \"x\"]++\n#   a label is worked out"),
        "{rules}"
    );
    of_rules(&rules, &[]);
}

#[test]
fn a_program_with_state_stays_one() {
    for source in [
        "gauge g\ncounter c\n/a/ {\n  g = 1\n}\ng > 0 {\n  c++\n}\n",
        "counter c\ngauge g\n/a/ {\n  g = c++\n}\n",
        "gauge g\n/a/ {\n  g = timestamp()\n}\n",
        "hidden gauge s by id\ngauge took\n/(\\d+) (\\S+)/ {\n  took = $1 - s[$2]\n  s[$2] = $1\n}\n",
    ] {
        let converted = convert("p.mtail", source).unwrap();
        assert!(
            converted.state.is_some() && converted.rules.is_none(),
            "{source}"
        );
        assert!(!converted.is_whole());
    }
}

#[test]
fn a_wrong_program_is_refused() {
    assert!(convert("p.mtail", "counter c\n/(/ {\n  c++\n}\n").is_err());
}

/// Every recorded program: its rules load, and where they are called whole they count the same.
#[test]
fn recorded_programs_count_the_same_where_that_is_said() {
    let mut whole = 0;
    for case in cases() {
        let Ok(converted) = convert("p.mtail", &case.program) else {
            continue;
        };
        let lines: Vec<String> = (case.log.split_terminator('\n'))
            .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
            .collect();
        if converted.is_whole() {
            whole += 1;
            assert_same(&case.program, &converted, &lines);
        } else if let Some(rules) = &converted.rules {
            of_rules(rules, &lines);
        }
    }
    assert!(whole >= 20, "only {whole} are whole");
}

fn condition() -> impl Strategy<Value = String> {
    let simple = select(vec![
        "/a/",
        "/b(?P<w>[xy]+)/",
        "/^c/",
        "/x$/",
        "/[ab] ?[ab]/",
        "P",
        "$n > 5",
        "$n <= 12",
        "$n == 7",
        "$n != 7",
        "3 < $n",
        "$k == \"ab\"",
        "$k == \">a\"",
        "$k != \"b\"",
        "$k =~ /^a/",
        "$k !~ /b/",
        "$f >= 1.5",
    ]);
    let simple = simple.prop_map(str::to_owned);
    prop_oneof![
        4 => simple.clone(),
        1 => (simple.clone(), select(vec!["&&", "||"]), simple)
            .prop_map(|(a, o, b)| format!("{a} {o} {b}")),
    ]
}

fn action() -> impl Strategy<Value = String> {
    let simple = select(vec![
        "c++\n",
        "s += $n\n",
        "s += 3\n",
        "by_k[$k]++\n",
        "by_k[\"z\"] += $n\n",
        "by_k[tolower($k)]++\n",
        "two[$k][$d]++\n",
        "by_k[$n]++\n",
        "two[\"q\"][$d] += $n\n",
        "g = $n\n",
        "g = 4\n",
        "g++\n",
        "g--\n",
        "g += $f\n",
        "gk[$k] = $f / 1000\n",
        "gk[$k] += $n * 4\n",
        "h = $f\n",
        "h = $n / 8.0\n",
        "hk[$d] = $n\n",
        "t = \"x\"\n",
        "stop\n",
    ]);
    let simple = simple.prop_map(str::to_owned);
    simple.prop_recursive(3, 16, 4, |inner| {
        let block = prop::collection::vec(inner, 1..4).prop_map(|all| all.concat());
        prop_oneof![
            3 => (condition(), block.clone()).prop_map(|(c, b)| format!("{c} {{\n{b}}}\n")),
            1 => (condition(), block.clone(), block.clone())
                .prop_map(|(c, b, e)| format!("{c} {{\n{b}}} else {{\n{e}}}\n")),
            1 => block.clone().prop_map(|b| format!("otherwise {{\n{b}}}\n")),
            1 => block.prop_map(|b| format!("@d {{\n{b}}}\n")),
        ]
    })
}

const HEAD: &str = "counter c\ncounter s\ncounter by_k by k\ncounter two by k, d\ngauge g\n\
    gauge gk by k\nhistogram h buckets 1, 5\nhistogram hk by d buckets 2, 8\ntext t\n\
    const P /a.*b/\ndef d {\n/c/ {\nnext\n}\n}\n\
    /^(?P<k>[abcxy]+) (?P<n>\\d{1,4}) (?P<f>\\d{1,3}\\.\\d) ?(?P<d>\\w*)/ {\n";

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[abcxyAB]{1,3} (5|7|12|13|1000|00|[0-9]{1,3}) [0-9]{1,2}\\.[05]( [abcx]{0,3})?",
        1 => "[abcx 0-9.]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_programs_count_the_same_as_their_rules(
        statements in prop::collection::vec(action(), 1..5),
        lines in prop::collection::vec(line(), 0..12),
    ) {
        let source = format!("{HEAD}{}}}\n", statements.concat());
        let converted = convert("p.mtail", &source).unwrap();
        prop_assert!(converted.state.is_none());
        match &converted.rules {
            Some(_) if converted.left_out.is_empty() => assert_same(&source, &converted, &lines),
            Some(rules) => {
                of_rules(rules, &lines);
            }
            None => {}
        }
    }
}

/// So that the property above is about something.
#[test]
fn most_written_programs_are_converted() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let all = prop::collection::vec(action(), 1..4);
    let mut converted = 0;
    for _ in 0..100 {
        let statements = all.new_tree(&mut runner).unwrap().current();
        let source = format!("{HEAD}{}}}\n", statements.concat());
        let one = convert("p.mtail", &source).unwrap();
        converted += usize::from(one.left_out.is_empty());
    }
    assert!(converted >= 60, "{converted} of 100");
}
