//! The page of several threads is that of one, to the byte, whatever depends on the lines' order.

use std::io::Cursor;
use std::sync::Arc;

use arc_swap::ArcSwap;
use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::exposition::{Exposition, Format};
use crate::metrics::self_metrics::{KnownSources, RuleCounters, SelfMetrics};
use crate::metrics::store::Store;
use crate::pipeline::Active;
use crate::rules::{SourceText, load_text};
use logmetrics_follow::to_end::{self, Inputs};

/// What depends on order: which values fit into the limits, which gauge comes last, fractions that
/// are added up, the last exemplar.
const RULES: &str = "
[[rule]]
fields = 'logfmt'
trace = 'trace'
metric = [
    { counter = 'requests', by = ['user', 'route'], limit = 5 },
    { gauge = 'last', value = 'seconds', by = ['route'] },
    { histogram = 'seconds', value = 'seconds', by = ['user'], buckets = [0.1, 1] },
]
[rule.labels]
user = { from = 'user', max_values = 3 }
";

/// The pages that `threads` make of these logs.
fn pages(logs: &[Vec<u8>], threads: usize) -> Vec<String> {
    let file = SourceText {
        path: "test.toml".into(),
        text: RULES.into(),
    };
    let set = load_text(vec![file]).unwrap().set;
    let (clock, _hand) = Clock::by_hand(1_000_000);
    let active = Active {
        engine: Arc::new(Engine::new(&set, None).unwrap()),
        store: Arc::new(Store::new(set.metrics, 0)),
        counters: RuleCounters::default(),
        multiline: Arc::default(),
        loaded_ms: 0,
    };
    let shared = Shared {
        active: Arc::new(ArcSwap::from_pointee(active)),
        self_metrics: Arc::new(SelfMetrics::new(&KnownSources::default()).unwrap()),
        samples: Arc::default(),
        clock,
    };
    let mut inputs = Inputs::default();
    inputs.part_bytes = 200;
    for (number, log) in logs.iter().enumerate() {
        let name: Arc<str> = number.to_string().into();
        let origin = Origin {
            source: Arc::clone(&name),
            file: name,
        };
        inputs.add_bytes(origin, Cursor::new(log.clone()));
    }
    let turns = Turns::default();
    let counter = || PartCounter::new(shared.clone(), &turns);
    let (_, errors) = to_end::read(inputs, threads, counter, &Arc::default());
    assert!(errors.is_empty());
    let store = &shared.active.load().store;
    let page = |format| {
        let page = Exposition::new(store.snapshot(1_000_000), Vec::new(), format);
        String::from_utf8_lossy(&page.into_bytes()).into_owned()
    };
    let lines: Vec<u64> = (0..logs.len())
        .map(|source| shared.self_metrics.source(&source.to_string()).lines.get())
        .collect();
    vec![
        page(Format::Text),
        page(Format::OpenMetrics),
        format!("{lines:?} {:?}", store.counts()),
    ]
}

fn line() -> impl Strategy<Value = String> {
    ("[a-f]", "[a-c]", 0..3000_u32, 0..100_u32).prop_map(|(user, route, millis, trace)| {
        format!("user={user} route={route} seconds=0.{millis} trace={trace:032x}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn several_threads_count_as_one(
        logs in proptest::collection::vec(proptest::collection::vec(line(), 0..80), 1..4),
        threads in 2..6_usize,
    ) {
        let logs: Vec<_> = logs.iter().map(|lines| lines.concat().into_bytes()).collect();
        prop_assert_eq!(pages(&logs, threads), pages(&logs, 1));
    }
}
