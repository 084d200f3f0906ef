//! The pages of one program, as mtail 3.0.0 shows them.

use std::sync::Arc;

use logmetrics_core::clock::Clock;
use logmetrics_core::engine::Engine;
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::snapshot::Snapshot;
use logmetrics_core::metrics::store::Store;
use logmetrics_follow::line::{Line, Origin, Wrapping};

use crate::tests::program::engine_of;
use crate::unit::PageOptions;

const PROGRAM: &str = "counter c by k\ngauge g\nhistogram h by k buckets 1, 2\ntext t\n\
    timer tt by a, b limit 7\n\
    /(?P<k>\\S+) (\\d+) (\\d+\\.\\d+)/ {\n  c[$k]++\n  g = $3\n  h[$k] = $2\n  t = $k\n\
    \x20 tt[\"p\"][\"q.r\"] = 5\n}\n";

fn counted() -> (Engine, Snapshot) {
    let (clock, _) = Clock::by_hand(1_790_000_000_500);
    let page = PageOptions {
        is_mtails: true,
        ..PageOptions::default()
    };
    let (engine, definitions) = engine_of(("a.mtail", PROGRAM), page, clock);
    let store = Store::new(definitions, 0);
    let origin = Origin {
        source: Arc::from("-"),
        file: Arc::from("-"),
    };
    let mut batch = Batch::new(store.hasher());
    let mut runner = engine.runner();
    for text in ["a 1 2.5", "b 3 4.5"] {
        let line = Line {
            text: text.as_bytes(),
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        engine.feed(&line, &mut runner, &mut batch);
    }
    let now_ms = 1_790_000_000_500;
    store.apply(&batch, now_ms);
    (engine, store.snapshot(now_ms))
}

#[test]
fn varz_has_a_sample_a_line() {
    let (engine, snapshot) = counted();
    assert_eq!(
        super::varz(&engine, &snapshot, "vm"),
        "c{k=a,prog=a.mtail,instance=vm} 1\n\
         c{k=b,prog=a.mtail,instance=vm} 1\n\
         g{prog=a.mtail,instance=vm} 4.5\n\
         h{k=a,prog=a.mtail,instance=vm} 1\n\
         h{k=b,prog=a.mtail,instance=vm} 3\n\
         t{prog=a.mtail,instance=vm} b\n\
         tt{a=p,b=q.r,prog=a.mtail,instance=vm} 5\n"
    );
}

#[test]
fn graphite_has_paths_values_and_times() {
    let (engine, snapshot) = counted();
    let page = super::graphite(&engine, &snapshot);
    for line in [
        "a.mtail.c.k.a 1 1790000000\n",
        "a.mtail.h.k.b.bin_2 0 1790000000\n",
        "a.mtail.h.k.b.bin_inf 1 1790000000\n",
        "a.mtail.h.k.b.count 1 1790000000\n",
        "a.mtail.h.k.b 3 1790000000\n",
        "a.mtail.tt.a.p.b.q_r 5 1790000000\n",
    ] {
        assert!(page.contains(line), "{line} is not on\n{page}");
    }
}

#[test]
fn collectors_get_what_mtail_sends_them() {
    use super::push::{Protocol, Sender, messages};
    let (engine, snapshot) = counted();
    let sent = |protocol, prefix| {
        let sender = Sender {
            protocol,
            host: "vm",
            prefix,
            interval_seconds: 60,
        };
        messages(&engine, &snapshot, &sender)
    };
    assert_eq!(
        sent(Protocol::Collectd, "x-"),
        [
            "PUTVAL \"vm/x-mtail-a.mtail/counter-c-k-a\" interval=60 1790000000:1\n",
            "PUTVAL \"vm/x-mtail-a.mtail/counter-c-k-b\" interval=60 1790000000:1\n",
            "PUTVAL \"vm/x-mtail-a.mtail/gauge-g\" interval=60 1790000000:4.5\n",
            "PUTVAL \"vm/x-mtail-a.mtail/histogram-h-k-a\" interval=60 1790000000:1\n",
            "PUTVAL \"vm/x-mtail-a.mtail/histogram-h-k-b\" interval=60 1790000000:3\n",
            "PUTVAL \"vm/x-mtail-a.mtail/gauge-tt-a-p-b-q.r\" interval=60 1790000000:5\n",
        ]
    );
    let statsd = sent(Protocol::Statsd, "");
    assert_eq!(statsd[0], "a.mtail.c.k.a:1|c");
    assert_eq!(statsd[2], "a.mtail.g:4.5|g");
    assert_eq!(statsd[5], "a.mtail.tt.a.p.b.q_r:5|ms");
    let graphite = sent(Protocol::Graphite, "all.");
    assert_eq!(graphite[0], "all.a.mtail.c.k.a 1 1790000000\n");
    assert!(
        graphite[4].starts_with("all.a.mtail.h.k.b.bin_1 0 1790000000\n"),
        "{graphite:?}"
    );
    assert!(!graphite.concat().contains(".t "), "a text is not sent");
}

#[test]
fn json_is_that_of_mtail() {
    let (engine, snapshot) = counted();
    let page: serde_json::Value = serde_json::from_str(&super::json(&engine, &snapshot)).unwrap();
    let time = 1_790_000_000_500_000_000_u64;
    assert_eq!(
        page[0],
        serde_json::json!({
            "Name": "c", "Program": "a.mtail", "Kind": 1, "Type": 0, "Keys": ["k"],
            "LabelValues": [
                {"Labels": ["a"], "Value": {"Value": 1, "Time": time}},
                {"Labels": ["b"], "Value": {"Value": 1, "Time": time}}
            ],
            "Source": "a.mtail:1:9"
        })
    );
    assert_eq!(
        page[2]["LabelValues"][1]["Value"],
        serde_json::json!({
            "Buckets": {"1": 0, "2": 0, "+Inf": 1}, "Count": 1, "Sum": 3, "Time": time
        })
    );
    assert_eq!(
        page[2]["Buckets"][1],
        serde_json::json!({"Min": "1", "Max": "2"})
    );
    assert_eq!(page[3]["LabelValues"][0]["Value"]["Value"], "b");
    assert_eq!(
        (&page[4]["Limit"], &page[4]["Kind"]),
        (&7.into(), &3.into())
    );
    let one_shot = super::one_shot_json(&engine, &snapshot);
    let one_shot: serde_json::Value = serde_json::from_str(&one_shot).unwrap();
    assert_eq!(one_shot["c"][0], page[0]);
    // Whole numbers have no fraction, as in Go.
    assert!(super::json(&engine, &snapshot).contains("\"Sum\": 3,"));
}

#[test]
fn programs_are_listed_and_shown() {
    let (engine, _) = counted();
    assert!(super::programs(&engine).contains("<a href=\"?prog=a.mtail\">a.mtail</a>"));
    let page = super::program(&engine, "a.mtail").unwrap();
    assert!(page.contains("counter c type=Int hidden=false keys=[k] source=a.mtail:1:9"));
    assert!(super::program(&engine, "b.mtail").is_none());
}
