//! A block that is begun always ends, whatever becomes of it.

use std::sync::mpsc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::*;
use crate::clock::Clock;
use crate::engine::script::{Script, ScriptOutcome, ScriptOutput, ScriptRunner};
use crate::engine::source::Compiled;
use crate::exposition::{Exposition, Format};
use crate::metrics::kind::{Kind, Operation};
use crate::metrics::self_metrics::{KnownSources, RuleCounters};
use crate::metrics::store::Store;
use crate::metrics::testing::definition;
use crate::pipeline::Active;

/// Counts lines; it wants them in their order, so that one thread at a time has a block.
#[derive(Debug)]
struct InOrder;

impl Script for InOrder {
    fn name(&self) -> &str {
        "in order"
    }

    fn keeps_state(&self) -> bool {
        true
    }

    fn runner(&self) -> Box<dyn ScriptRunner> {
        Box::new(InOrder)
    }
}

impl ScriptRunner for InOrder {
    fn run(&mut self, _line: &Line<'_>, out: &mut ScriptOutput<'_>) -> ScriptOutcome {
        let series = out.series(0, |_| {});
        out.update(series, Operation::Add, 1.0, None);
        ScriptOutcome::Matched
    }
}

fn shared() -> Shared {
    let lines = vec![definition("lines", Kind::Counter, &[])];
    let script = Compiled::of_script(Box::new(InOrder), lines);
    let (engine, definitions) = Compiled::default().with_scripts(vec![script]);
    let (clock, _hand) = Clock::by_hand(1_000_000);
    let active = Active {
        engine: Arc::new(engine),
        store: Arc::new(Store::new(definitions, 0)),
        counters: RuleCounters::default(),
        multiline: Arc::default(),
        loaded_ms: 0,
    };
    Shared {
        active: Arc::new(ArcSwap::from_pointee(active)),
        self_metrics: Arc::new(SelfMetrics::new(&KnownSources::default()).unwrap()),
        samples: Arc::default(),
        clock,
    }
}

fn open(worker: &mut Worker) -> StreamId {
    let name: Arc<str> = Arc::from("x");
    let origin = Origin {
        source: Arc::clone(&name),
        file: name,
    };
    worker.open(origin, 0, &[])
}

/// Another thread gets its block in time, and counts what it reads.
#[track_caller]
fn others_go_on(shared: &Shared) {
    let (sender, receiver) = mpsc::channel();
    let shared = shared.clone();
    let thread = std::thread::spawn(move || {
        let mut worker = Worker::new(shared);
        let stream = open(&mut worker);
        sender.send(worker.offer(stream, 0, b"one\n")).unwrap();
    });
    let taken = receiver.recv_timeout(Duration::from_secs(10));
    assert_eq!(taken, Ok(4), "another block was never ended");
    thread.join().unwrap();
}

#[test]
fn a_block_that_is_dropped_has_ended() {
    let shared = shared();
    let mut worker = Worker::new(shared.clone());
    let stream = open(&mut worker);
    let Some(mut block) = worker.block(stream) else {
        panic!("the stream is open");
    };
    block.lines.count(0, b"counted, and left without an end");
    drop(block);
    others_go_on(&shared);
    let snapshot = shared.active.load().store.snapshot(1_000_000);
    let page = Exposition::new(snapshot, Vec::new(), Format::Text).into_bytes();
    let page = String::from_utf8_lossy(&page).into_owned();
    assert!(page.contains("\nlines 2\n"), "both lines: {page}");
}

#[test]
fn a_worker_that_is_dropped_has_ended_its_block() {
    let shared = shared();
    let mut counting = Counting::new(shared.clone());
    counting.begin_block();
    drop(counting);
    others_go_on(&shared);
}
