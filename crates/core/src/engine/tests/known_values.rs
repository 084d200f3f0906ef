//! A thread that remembers labels and series counts as one that works out each again.

use proptest::prelude::*;

use super::*;
use crate::metrics::store::SeriesCounts;

/// Limits, expiry, tools, keys that occur twice, conditions, exemplars, numbers of every kind, a final
/// rule, and metrics that share labels or have none.
const RULES: &str = r#"
[[rule]]
fields = "auto"
time = "time"
trace = "trace"

[rule.labels]
user = { from = ["user", "name"], default = "nobody", lowercase = true, max_values = 3 }
status = { from = "status", map = { '2..' = "2xx", '[45]..' = "bad" } }
team = { from = "team", take = "last", max_length = 8 }
word = { from = "user", take = "first", pseudonym = true }
part = { from = ["team", "user"], take = "first", match = '^(?:r(?P<head>.)|x|(?P<rest>b.*))', default = "whole" }
team_of = { from = "name", lowercase = true, lookup = { "ann" = "red", "*b" = "blue" }, default = "none" }
listed = { from = "team", take = "first", lookup = { "red" = "R" } }
inner = { from = ["a", "b"], inside = "note", decode = "url" }
shape = { from = "user", take = "first", map = { '(?P<one>.)(.*)(n)' = "$2-${one}$2" } }

[[rule.metric]]
counter = "requests_total"
by = ["user", "status"]
limit = 5
expire = "2s"

[[rule.metric]]
counter = "teams"
by = ["team", "user"]
constant = { kind = "a" }
where = { status = "2xx", team = '[^x]+' }
expire = "3s"

[[rule.metric]]
counter = "teams"
by = ["team", "user"]
constant = { kind = "b" }
where = { n = '\d+' }
value = "n"

[[rule.metric]]
histogram = "took_seconds"
value = "n"
buckets = [1, 5]
by = ["team"]

[[rule.metric]]
gauge = "last"
value = "n"
by = ["user", "word"]
expire = "1s"

[[rule.metric]]
counter = "all_total"

[[rule.metric]]
gauge = "open"
by = ["team"]
add = { from = "n", unit = "ms", scale = 1000 }
where = { status = "!= bad", n = ">= 2, < 1s" }

[[rule.metric]]
gauge = "open"
by = ["team"]
subtract = 1
where = { status = "== 500" }

[[rule.metric]]
gauge = "when_seconds"
by = ["user"]
value = "_time"
expire = "2s"

[[rule.metric]]
counter = "parts"
by = ["part", "shape"]
value = { from = "n", match = '^[0-9.]+' }
where = { part = '[^x]*' }

[[rule.metric]]
counter = "inner"
by = ["inner"]

[[rule.metric]]
counter = "looked_up"
by = ["team_of"]

[[rule.metric]]
counter = "listed"
by = ["listed", "status"]

[[rule.metric]]
counter = "inner_sum"
by = ["inner"]
value = { from = "b", inside = "note" }

[[rule]]
match = '(?P<key>user|name)=(?P<who>\S+)'
each = true
metric = [{ counter = "each", by = ["key", "who"] }]

[[rule]]
match = '(?P<head>user|team)='
inside = "note"
fields = "auto"
[rule.labels]
a = { from = "a", default = "-" }
[[rule.metric]]
counter = "elsewhere"
by = ["a", "head"]
[[rule.metric]]
counter = "elsewhere_sum"
by = ["head"]
value = "b"
[[rule]]
match = 'user=(?P<user>bob|eve) '
final = true
metric = [{ gauge = "known", by = ["user"], value = { from = "user", map = { bob = 1 } }, expire = "1s" }]

[[rule]]
fields = "csv"
columns = ["first", "", "n"]
[[rule.metric]]
counter = "cells"
by = ["first"]
value = "n"

[[rule]]
match = 'user=(?P<user>\S+)'
metric = [{ counter = "second", by = ["user"], limit = 2 }]
"#;

/// What happens to a store and two threads.
#[derive(Debug, Clone)]
enum Event {
    Line(usize, Vec<u8>),
    Apply(usize),
    Wait(u64),
    Scrape,
}

/// How much a thread remembers: values of labels, and series.
#[derive(Debug, Clone, Copy)]
struct Remembers(usize, usize);

const NOTHING: Remembers = Remembers(0, 0);

/// All that can be seen of a run.
#[derive(Debug, PartialEq)]
struct Matches {
    pages: Vec<String>,
    counts: Vec<SeriesCounts>,
    tallies: Vec<(u64, u64, Vec<u64>, Vec<u64>)>,
}

fn play(events: &[Event], remembers: Remembers) -> Matches {
    let (engine, store) = engine(RULES);
    let mut threads = [0, 1].map(|_| {
        let batch = Batch::new(store.hasher()).remembering(remembers.1);
        (engine.runner_remembering(remembers.0), batch)
    });
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let mut now_ms = 0;
    let mut pages = Vec::new();
    let apply = |(_, batch): &mut (_, Batch), now_ms| {
        store.apply(batch, now_ms);
        batch.clear();
    };
    for event in events {
        match event {
            Event::Line(thread, text) => {
                let line = Line {
                    text,
                    wrapping: &Wrapping::NONE,
                    origin: &origin,
                };
                let (runner, batch) = &mut threads[*thread];
                engine.feed(&line, runner, batch);
            }
            Event::Apply(thread) => apply(&mut threads[*thread], now_ms),
            Event::Wait(ms) => now_ms += ms,
            Event::Scrape => pages.push(page(&store, now_ms)),
        }
    }
    threads.iter_mut().for_each(|thread| apply(thread, now_ms));
    pages.push(page(&store, now_ms));
    let counts = |(runner, _): &mut (super::super::Runner, _)| {
        let counts = runner.counts();
        (
            counts.unmatched,
            counts.invalid_utf8,
            counts.matches.clone(),
            counts.field_errors.clone(),
        )
    };
    Matches {
        pages,
        counts: store.counts(),
        tallies: threads.iter_mut().map(counts).collect(),
    }
}

fn page(store: &Store, now_ms: u64) -> String {
    let snapshot = store.snapshot(now_ms);
    let page = Exposition::new(snapshot, Vec::new(), Format::OpenMetrics).into_bytes();
    String::from_utf8(page).unwrap()
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let user = "(user|name)=(ann|ANN|bob|cid|dan|eve|Z\u{eb}|\"a\\\\\"b\"|\"\") ";
    let field = "(status=(200|204|404|500|x) |team=(red|redredred|x|\"\\\\n\") |n=(1|2.5|7|-3|y|12ms|900s|007) )";
    let note =
        "(note=\"(a=%41[+]x|a=1 a=2|b=[0-9]|\\{\\\\\"b\\\\\":\\\\\"[12x]\\\\\"\\}|\\{|)\" )?";
    let rest = "(trace=[ab] )?(time=1970-01-01T00:00:0[0-9](\\.5)?Z )?";
    let logfmt = (
        prop::collection::vec(user, 0..3),
        prop::collection::vec(field, 0..5),
        note,
        rest,
    )
        .prop_map(|(users, fields, note, rest)| {
            (users.concat() + &fields.concat() + &note + &rest).into_bytes()
        });
    let json = "\\{\"user\":\"(ann|bob|\\\\u0041nn|x\\\\ny)\",\"status\":(200|500),\"n\":[0-9]\\}";
    let long = (0_usize..3).prop_map(|length| {
        let user = "u".repeat(1023 + length);
        format!("user={user} status=200 team={user}").into_bytes()
    });
    let broken = prop_oneof![
        Just(b"user=\xff\x01 status=2\xe90 team=\xff n=1".to_vec()),
        Just(b"user=M\xfcller status=200 n=1".to_vec()),
        Just(b"user=ann status=200 other=K\xf6ln n=1".to_vec()),
        Just(b"{\"user\":\"M\xf6ller\",\"status\":200}".to_vec()),
        Just("user=M\u{fffd}ller status=200 n=1".as_bytes().to_vec()),
    ];
    prop_oneof![
        12 => logfmt,
        3 => json.prop_map(String::into_bytes),
        1 => long,
        3 => broken,
        2 => "([ab]|\"[ab],(\"\")?\"|first|)(,[xn\"]{0,2}){2,3}|[ab],x,[0-9]".prop_map(String::into_bytes),
        1 => Just(b"nothing here".to_vec()),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => (0_usize..2, line()).prop_map(|(thread, line)| Event::Line(thread, line)),
        4 => (0_usize..2).prop_map(Event::Apply),
        2 => (0_u64..2500).prop_map(Event::Wait),
        1 => Just(Event::Scrape),
    ]
}

proptest! {
    #[test]
    fn a_memory_changes_no_count(
        events in prop::collection::vec(event(), 0..80),
        values in prop_oneof![Just(1_usize), Just(4), Just(usize::MAX)],
        series in prop_oneof![Just(0_usize), Just(3), Just(usize::MAX)],
    ) {
        let plain = play(&events, NOTHING);
        let remembering = play(&events, Remembers(values, series));
        prop_assert_eq!(plain, remembering);
    }
}

/// Lines of which a label's value had to be repaired, however much is remembered.
fn invalid_utf8(lines: &[&[u8]]) -> [u64; 2] {
    let events: Vec<Event> = lines
        .iter()
        .map(|line| Event::Line(0, line.to_vec()))
        .collect();
    [NOTHING, Remembers(100, 100)].map(|remembers| play(&events, remembers).tallies[0].1)
}

#[test]
fn each_line_with_broken_bytes_in_a_label_counts_once() {
    // Two names that become one, in both rules, the second time out of what is remembered.
    let two: [&[u8]; 2] = [
        b"user=M\xfcller status=200 team=\xff",
        b"user=M\xf6ller status=200 team=\xfe",
    ];
    assert_eq!(invalid_utf8(&two.repeat(3)), [6, 6]);
    // Only a longer value than any that is remembered.
    let long = [b"user=ann team=", &[0xff; 2000][..]].concat();
    assert_eq!(invalid_utf8(&[&long, &long]), [2, 2]);
    // Only the regex sees these, on a repaired copy of the line.
    let text: &[u8] = b"- user=M\xfcller\xff";
    assert_eq!(invalid_utf8(&[text, text, text]), [3, 3]);
}

#[test]
fn other_lines_do_not_count_as_broken() {
    let lines: [&[u8]; 5] = [
        b"user=ann status=200 other=K\xf6ln",
        "user=Zo\u{eb} status=200".as_bytes(),
        "user=a\u{fffd}b status=200".as_bytes(),
        b"user=a\x01b status=200",
        b"K\xf6ln",
    ];
    assert_eq!(invalid_utf8(&lines.repeat(2)), [0, 0]);
}

#[test]
fn a_forgotten_series_is_born_anew_and_not_mistaken_for_another() {
    let line = |text: &str| Event::Line(0, text.into());
    let events = [
        line("user=ann status=200"),
        Event::Apply(0),
        line("user=ann status=200"),
        Event::Apply(0),
        Event::Wait(10_000),
        // The slot of the first is free and goes to another.
        line("user=bob status=200"),
        Event::Apply(0),
        line("user=ann status=200"),
    ];
    let seen = play(&events, Remembers(100, 100));
    for sample in [
        "requests_total{status=\"2xx\",user=\"ann\"} 1\n",
        "requests_total{status=\"2xx\",user=\"bob\"} 1\n",
        "all_total 4\n",
    ] {
        assert!(seen.pages[0].contains(sample), "{}", seen.pages[0]);
    }
}
