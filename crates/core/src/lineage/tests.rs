//! The lines that are found are those that the counts are made of.

use std::sync::Arc;

use super::*;
use crate::rules;
use logmetrics_follow::line::{Origin, Wrapping};

/// The lines of a log that a selector finds, by their numbers from 0.
fn find(rules: &str, selector: &str, log: &[&str]) -> Result<Vec<usize>, String> {
    let loaded = rules::load_text(vec![rules::SourceText {
        path: "rules.toml".into(),
        text: rules.into(),
    }]);
    let set = loaded.unwrap_or_else(|problems| panic!("{problems}")).set;
    let engine = Engine::new(&set, None).unwrap();
    let store = Store::new(set.metrics.clone(), 0);
    let selector = Selector::parse(selector).map_err(|error| error.to_string())?;
    let lineage = Lineage::new(&engine, (&store, &set.metrics), selector);
    let mut lineage = lineage.map_err(|unknown| unknown.to_string())?;
    let origin = Origin {
        source: Arc::from("app.log"),
        file: Arc::from("app.log"),
    };
    let is_found = |(_, text): &(usize, &&str)| {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        !lineage.line(&line).is_empty()
    };
    let lines = log.iter().enumerate().filter(is_found);
    Ok(lines.map(|(number, _)| number).collect())
}

const RULES: &str = r#"
[[rule]]
name = "app"
match = '^GET'
fields = "logfmt"
labels.user = { max_values = 2 }
metric = [
  { counter = "requests_total", by = ["user", "status"] },
  { histogram = "took_seconds", value = "took", buckets = [0.1, 1], limit = 1, by = ["path"] },
  { counter = "bytes_total", value = "bytes" },
]
"#;

const LOG: [&str; 7] = [
    "GET user=ann status=200 took=50ms path=/a bytes=1",
    "GET user=bob status=500 took=0.5s path=/a bytes=x",
    "GET user=cec status=200 took=5s path=/b bytes=0",
    "GET user=ann status=200 took=x path=/a bytes=-1",
    "PUT user=ann status=200",
    "GET status=200 took=1ms path=/c",
    "GET user=\"a\\\"b\" status=\"4\\\\9\"",
];

#[test]
fn selectors_find_what_counts_for_their_series() {
    for (selector, lines) in [
        ("requests_total", &[0, 1, 2, 3, 6][..]),
        (r#"requests_total{user="ann"}"#, &[0, 3]),
        (r#"requests_total{status=~"5..|4.*"}"#, &[1, 6]),
        // The third user and all further ones share a series.
        (r#"requests_total{user="__other__"}"#, &[2, 6]),
        (r#"requests_total{user="cec"}"#, &[]),
        (r#"requests_total{status="4\\9"}"#, &[6]),
        ("took_seconds", &[0, 1, 2, 5]),
        ("took_seconds_count", &[0, 1, 2, 5]),
        (r#"took_seconds_sum{path="/a"}"#, &[0, 1]),
        (r#"took_seconds_sum{path="__other__"}"#, &[2, 5]),
        (r#"took_seconds_bucket{le="0.1"}"#, &[0, 5]),
        (r#"took_seconds_bucket{le="1.0"}"#, &[0, 1, 5]),
        (r#"took_seconds_bucket{le="+Inf",path!="/a"}"#, &[2, 5]),
        // A line that adds 0 has made it what it is; one that is no number has not.
        ("bytes_total", &[0, 2]),
        (r#"{__name__=~".+_total",user="bob"}"#, &[1]),
        (
            r#"requests_total{job="logmetrics",instance="a:1",user="ann"}"#,
            &[0, 3],
        ),
    ] {
        assert_eq!(
            find(RULES, selector, &LOG).as_deref(),
            Ok(lines),
            "{selector}"
        );
    }
}

#[test]
fn counting_is_that_of_everybody_else() {
    let loaded = rules::load_text(vec![rules::SourceText {
        path: "rules.toml".into(),
        text: RULES.into(),
    }]);
    let set = loaded.unwrap().set;
    let engine = Engine::new(&set, None).unwrap();
    let stores = [(); 2].map(|()| Store::new(set.metrics.clone(), 0));
    let origin = Origin {
        source: Arc::from("app.log"),
        file: Arc::from("app.log"),
    };
    let selector = Selector::named("bytes_total");
    let mut lineage = Lineage::new(&engine, (&stores[0], &set.metrics), selector).unwrap();
    let (mut runner, mut batch) = (engine.runner(), Batch::new(stores[1].hasher()));
    for text in LOG {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        lineage.line(&line);
        engine.feed(&line, &mut runner, &mut batch);
    }
    stores[1].apply(&batch, 0);
    assert_eq!(stores[0].counts(), stores[1].counts());
    let pages = stores.map(|store| {
        let format = crate::exposition::Format::Text;
        crate::exposition::Exposition::new(store.snapshot(0), Vec::new(), format).into_bytes()
    });
    assert_eq!(
        String::from_utf8_lossy(&pages[0]),
        String::from_utf8_lossy(&pages[1])
    );
}

#[test]
fn own_metrics_find_what_counts_for_them() {
    for (selector, lines) in [
        ("logmetrics_lines_total", &[0, 1, 2, 3, 4, 5, 6][..]),
        ("logmetrics_lines_unmatched_total", &[4]),
        (
            r#"logmetrics_rule_matches_total{rule="app"}"#,
            &[0, 1, 2, 3, 5, 6],
        ),
        (
            r#"logmetrics_rule_missing_field_total{rule="app",field="user"}"#,
            &[5],
        ),
        (
            r#"logmetrics_rule_missing_field_total{field="bytes"}"#,
            &[5, 6],
        ),
        ("logmetrics_rule_bad_value_total", &[1, 3]),
        (r#"logmetrics_label_limited_total{label="user"}"#, &[2, 6]),
        (
            r#"logmetrics_series_limited_total{metric="took_seconds"}"#,
            &[2, 5],
        ),
    ] {
        assert_eq!(
            find(RULES, selector, &LOG).as_deref(),
            Ok(lines),
            "{selector}"
        );
    }
}

#[test]
fn what_is_not_there_is_said_with_what_there_is() {
    for (selector, words) in [
        ("request_total", "did you mean `requests_total`?"),
        (
            "nothing_like_it",
            "there are bytes_total, requests_total, took_seconds",
        ),
        (r#"requests_total{usr="x"}"#, "did you mean `user`?"),
        (r#"requests_total{le="1"}"#, "there are status, user"),
        (
            "logmetrics_rule_missing_fields_total",
            "`logmetrics_rule_missing_field_total`?",
        ),
        ("logmetrics_scrapes_total", "about single lines"),
        (r#"{__name__=~"x.*"}"#, "no metric has such a name"),
        (r#"bytes_total{user="ann"}"#, "it has none"),
    ] {
        let said = find(RULES, selector, &LOG).unwrap_err();
        assert!(said.contains(words), "{selector}: {said}");
    }
}
