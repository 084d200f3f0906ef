//! Requests of a report, read by a thread that remembers those before and by one that does not.

use proptest::prelude::*;

use super::*;
use crate::engine::extract::{Dimension, Extractor, Reading, Request};

/// Names from labels with tools, numbers with conditions of both kinds and with units, a price for each
/// model, and a rule whose names are groups of its pattern.
const RULES: &str = r#"
[[rule]]
fields = "auto"
time = "time"
untrusted_between = [["note"], "end"]

[rule.labels]
user = { from = ["user", "name"], default = "nobody", lowercase = true }
status = { from = "status", map = { '2..' = "good" } }
kind = { from = "kind", take = "last", max_length = 8 }

[rule.report]
user = "user"
route = { from = "route", trusted = true }
model = { from = ["model", "kind"], take = "first", default = "none" }
status = "status"
team = { from = "name", lookup = { "ann" = "red", "b*" = "blue" }, default = "others" }
duration = { from = "took", unit = "ms" }
tokens_input = { from = "n", where = { status = "good", kind = "a|.b" } }
tokens_output = { from = "m", take = "last", where = { m = '\d+', kind = "!= x" } }
cost = { from = "n", times = { lookup = { "big" = 2, "small" = 0.5 }, key = "model" }, where = { status = "good" } }

[[rule.metric]]
counter = "requests"
by = ["user"]

[[rule]]
match = '(?P<who>\w+)/(?P<what>\w+)(?P<rest>!)?'
[rule.report]
user = { from = "who" }
route = { from = "rest" }
status = { from = "what" }
tokens_input = { from = "what", where = { who = "ann" } }

[[rule.metric]]
counter = "others"
"#;

/// With the names as they are.
fn shown(request: Option<Request>, reading: &Reading) -> Option<String> {
    let request = request?;
    let names = request.names.map(|id| id.map(|id| reading.name(id)));
    let numbers = (
        request.time_seconds,
        request.duration_seconds,
        request.tokens_input,
        request.tokens_output,
    );
    let cost = (request.cost_usd, request.has_no_price);
    Some(format!("{names:?} {numbers:?} {cost:?}"))
}

fn field() -> impl Strategy<Value = String> {
    let key = prop::sample::select(
        &[
            "user", "name", "status", "kind", "route", "model", "took", "n", "m", "note", "end",
        ][..],
    );
    let value = prop::sample::select(
        &[
            "ann", "Bob", "200", "500", "a", "ab", "x", "big", "small", "\"\"", "1e3", "7", "-1",
            "12ms",
        ][..],
    );
    prop_oneof![
        8 => (key, value).prop_map(|(key, value)| format!("{key}={value}")),
        1 => Just("time=2026-11-23T14:51:29Z".to_owned()),
        1 => "(ann|bob)/[0-9x]!?",
    ]
}

#[test]
fn most_of_these_are_requests_with_all_that_there_is() {
    let extractor = extractor();
    let line = "time=1970-01-01T00:00:01Z user=Bob name=ann route=r model=big status=200 kind=a took=12 n=3 m=4";
    let mut reading = Reading::default();
    for _ in 0..3 {
        let request = read(&extractor, line.as_bytes(), &mut reading);
        let expected = r#"[Some("bob"), Some("r"), Some("big"), None, Some("good"), Some("red")] (Some(1.0), Some(0.012), 3, 4) (Some(6.0), false)"#;
        assert_eq!(shown(request, &reading).as_deref(), Some(expected));
    }
    assert!(extractor.has(Dimension::Team));
}

fn extractor() -> Extractor {
    let file = SourceText {
        path: "test.toml".into(),
        text: RULES.into(),
    };
    let set = load_text(vec![file])
        .unwrap_or_else(|problems| panic!("{problems}"))
        .set;
    Extractor::new(&set, None).unwrap().unwrap()
}

fn read(extractor: &Extractor, text: &[u8], reading: &mut Reading) -> Option<Request> {
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let line = Line {
        text,
        wrapping: &Wrapping::NONE,
        origin: &origin,
    };
    extractor.read(&line, reading)
}

proptest! {
    #[test]
    fn requests_are_the_same_whether_labels_are_remembered_or_not(
        lines in prop::collection::vec(
            (prop::collection::vec(field(), 0..9), prop::option::weighted(0.05, any::<u8>())),
            1..30,
        ),
        again in prop::collection::vec(0_usize..30, 0..30),
    ) {
        let extractor = extractor();
        let lines: Vec<Vec<u8>> = lines
            .into_iter()
            .map(|(fields, byte)| {
                let mut line = fields.join(" ").into_bytes();
                line.extend(byte);
                line
            })
            .collect();
        let again = again.iter().filter_map(|number| lines.get(*number));
        let (mut remembering, mut plain) = (Reading::default(), Reading::plain());
        for line in lines.iter().chain(again) {
            let expected = shown(read(&extractor, line, &mut plain), &plain);
            let found = shown(read(&extractor, line, &mut remembering), &remembering);
            prop_assert_eq!(found, expected, "{}", line.escape_ascii());
        }
    }
}
