//! A worker whose standard input repeats history.

use std::collections::BTreeMap;

use arc_swap::ArcSwap;

use super::*;
use crate::clock::{Clock, Hand};
use crate::engine::Engine;
use crate::metrics::self_metrics::KnownSources;
use crate::metrics::self_metrics::RuleCounters;
use crate::metrics::store::Store;
use crate::pipeline::{Active, Shared};
use crate::rules::{SourceText, load_text};

/// A run of the program: a worker that counts users, and the clock's hand.
struct Run {
    worker: HistorySink,
    recognizer: Arc<Mutex<Recognizer>>,
    told: Arc<Mutex<Vec<String>>>,
    hand: Hand,
}

fn run(recognizer: Recognizer) -> Run {
    let text =
        "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\nmetric = [{ counter = 'seen', by = ['user'] }]\n";
    let file = SourceText {
        path: "test.toml".into(),
        text: text.into(),
    };
    let set = load_text(vec![file]).unwrap().set;
    let (clock, hand) = Clock::by_hand(1_000_000);
    let live = Active {
        engine: Arc::new(Engine::new(&set, None).unwrap()),
        store: Arc::new(Store::new(set.metrics, 0)),
        counters: RuleCounters::default(),
        multiline: Arc::default(),
        loaded_ms: 0,
    };
    let parts = Shared {
        active: Arc::new(ArcSwap::from_pointee(live)),
        self_metrics: Arc::new(SelfMetrics::new(&KnownSources::default()).unwrap()),
        samples: Arc::default(),
        clock,
    };
    let recognizer = Arc::new(Mutex::new(recognizer));
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let teller = Arc::clone(&told);
    let report = move |notice: &Notice| teller.lock().unwrap().push(notice.to_string());
    let worker = HistorySink::new(Worker::new(parts), Arc::clone(&recognizer), report);
    Run {
        worker,
        recognizer,
        told,
        hand,
    }
}

impl Run {
    fn open(&mut self, source: &str) -> StreamId {
        let origin = Origin {
            source: source.into(),
            file: source.into(),
        };
        self.worker.open(origin, 0, &[])
    }

    fn lines(&self) -> u64 {
        self.own().source("-").lines.get()
    }

    fn own(&self) -> &SelfMetrics {
        self.worker.worker.self_metrics()
    }

    /// What a save writes now.
    fn saved(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let changes = self.recognizer.lock().unwrap().changes();
        changes
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

const HISTORY: &[u8] = b"gw-1  | user=a 1\ngw-1  | user=b 2\ngw-1  | user=a 3\n";

#[test]
fn standard_input_that_repeats_history_counts_once() {
    let mut first = run(Recognizer::new());
    let stream = first.open("-");
    assert_eq!(first.worker.offer(stream, 0, HISTORY), HISTORY.len());
    assert_eq!(first.lines(), 3);
    assert!(first.told.lock().unwrap().is_empty());

    let mut second = run(Recognizer::restore(first.saved()));
    let stream = second.open("-");
    second.worker.offer(stream, 0, &HISTORY[..34]);
    assert_eq!(second.own().replay.held_lines.get(), 2);
    second.worker.offer(stream, 34, &HISTORY[34..]);
    assert_eq!(second.lines(), 0);
    assert_eq!(second.own().replay.repeated_lines.get(), 3);
    assert_eq!(second.own().replay.held_lines.get(), 0);
    second.worker.offer(stream, 51, b"gw-1  | user=c 4\n");
    assert_eq!(second.lines(), 1);
    second.worker.close(stream, 68, b"gw-1  | user=d 5");
    assert_eq!(second.lines(), 2);
    assert_eq!(
        *second.told.lock().unwrap(),
        ["recognised 3 lines of `gw-1` that were counted before"]
    );
}

#[test]
fn one_block_may_hold_what_is_known_and_what_is_not() {
    let mut first = run(Recognizer::new());
    let stream = first.open("-");
    first.worker.offer(stream, 0, HISTORY);
    let mut rows: BTreeMap<_, _> = first.saved().into_iter().collect();

    // `gw-2` is new from its first line on; `gw-1` repeats two lines, and goes on after the third.
    let mut second = run(Recognizer::restore(rows.clone()));
    let stream = second.open("-");
    let block = b"gw-2  | user=z 1\ngw-1  | user=a 1\ngw-2  | user=z 2\ngw-1  | user=b 2\n\
                  gw-1  | user=a 3\ngw-2  | user=z 3\ngw-1  | user=c 4\ngw-2  | half";
    let taken = second.worker.offer(stream, 0, block);
    assert_eq!(taken, block.len() - "gw-2  | half".len());
    assert_eq!(second.lines(), 4);
    assert_eq!(second.own().replay.repeated_lines.get(), 3);

    rows.extend(second.saved());
    let mut third = run(Recognizer::restore(rows));
    let stream = third.open("-");
    third.worker.offer(stream, 0, &block[..taken]);
    assert_eq!(third.lines(), 0);
    assert_eq!(third.own().replay.repeated_lines.get(), 7);
}

#[test]
fn files_are_not_looked_at() {
    let mut first = run(Recognizer::new());
    let stream = first.open("-");
    first.worker.offer(stream, 0, HISTORY);
    let mut second = run(Recognizer::restore(first.saved()));
    let stream = second.open("gw.log");
    second.worker.offer(stream, 0, HISTORY);
    assert_eq!(second.own().source("gw.log").lines.get(), 3);
}

#[test]
fn a_new_log_of_an_old_container_does_not_wait_for_its_next_line() {
    let mut first = run(Recognizer::new());
    let stream = first.open("-");
    let history: String = (0..100_000).map(|n| format!("user=a {n}\n")).collect();
    first.worker.offer(stream, 0, history.as_bytes());
    let mut second = run(Recognizer::restore(first.saved()));
    let stream = second.open("-");
    second.worker.offer(stream, 0, b"user=z\n");
    assert_eq!(second.lines(), 0);
    second.hand.advance_ms(4000);
    second.worker.idle(stream);
    assert_eq!(second.lines(), 1);
    assert_eq!(second.own().replay.no_overlap.get(), 1);
}
