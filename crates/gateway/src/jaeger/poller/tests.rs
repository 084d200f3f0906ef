//! Against a simulated server whose spans come late: killed anywhere, each span counts once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Spans by when they show, when they begin (microseconds), and their number.
#[derive(Clone)]
struct Late {
    spans: Arc<Vec<(u64, u64, u64)>>,
    clock: Clock,
    /// Every so many requests fail.
    fails_every: u64,
    asked: u64,
}

impl Server for Late {
    fn ask(&mut self, window: Window, limit: u32) -> Result<Answer, Failure> {
        self.asked += 1;
        if self.asked.is_multiple_of(self.fails_every) {
            return Err(Failure::Stopped);
        }
        let now_us = self.clock.now_ms() * 1_000;
        let is_found = |span: &&(u64, u64, u64)| {
            span.0 <= now_us && (window.start_us..=window.end_us).contains(&span.1)
        };
        // A low cap, so that windows are taken apart.
        let found = self
            .spans
            .iter()
            .filter(is_found)
            .take(25.min(limit as usize));
        let requests: Vec<_> = found
            .map(|&(_, start_us, number)| Request {
                trace: u128::from(number),
                span: 1,
                start_us,
                line: number.to_string().into_bytes(),
                ..Request::default()
            })
            .collect();
        Ok(Answer {
            traces: requests.len(),
            spans: requests.len(),
            requests,
            unreadable: 0,
            others: Vec::new(),
        })
    }
}

/// Counts lines by their text.
#[derive(Default, Clone)]
struct Counts(BTreeMap<String, usize>);

impl Sink for Counts {
    fn resume_state(&self, _stream: StreamId, _out: &mut Vec<u8>) {}

    fn open(&mut self, _origin: Origin, _offset: u64, _carried: &[u8]) -> StreamId {
        StreamId(0)
    }

    fn offer(&mut self, _stream: StreamId, _offset: u64, bytes: &[u8]) -> usize {
        for line in std::str::from_utf8(bytes).unwrap().lines() {
            *self.0.entry(line.to_owned()).or_default() += 1;
        }
        bytes.len()
    }

    fn close(&mut self, _stream: StreamId, _offset: u64, _rest: &[u8]) {}
}

struct Nobody;

impl Watcher for Nobody {
    fn asked(&self, _answered: bool) {}
    fn up(&self) {}
    fn away(&self, _failure: &Failure, _wait: Duration) {}
    fn counted(&self, _spans: usize) {}
    fn unreadable(&self, _spans: usize) {}
    fn gave_up(&self) {}
    fn lag(&self, _seconds: f64) {}
}

/// What a state holds: rows, and the counts of the same instant.
#[derive(Default)]
struct State {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    counts: Counts,
}

impl State {
    fn save(&mut self, poller: &Poller, counts: &Counts) {
        for (key, value) in poller.positions.snapshot(|_| poller.changes()()) {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        self.counts = counts.clone();
    }
}

fn poller(clock: &Clock, rows: BTreeMap<Vec<u8>, Vec<u8>>) -> Poller {
    let (seen, _) = CountedSpans::restore("q".into(), 0, rows.into_iter().collect());
    Poller {
        schedule: Schedule {
            interval: Duration::from_secs(1),
            late: Duration::from_secs(60),
        },
        seen: Arc::new(Mutex::new(seen)),
        positions: Arc::new(Positions::new(Vec::new())),
        clock: clock.clone(),
        origin: Origin {
            source: Arc::from("j"),
            file: Arc::from("j"),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// One poll a second of the clock; the program is killed, saved or both between polls.
    #[test]
    fn killed_anywhere_each_span_counts_once(
        spans in prop::collection::vec((0_u64..200_000_000, 0_u64..59_000_000), 0..200),
        events in prop::collection::vec(0..12_u8, 280..281),
        fails_every in prop_oneof![Just(u64::MAX), 3_u64..20],
    ) {
        let (clock, hand) = Clock::by_hand(1);
        let spans: Vec<_> = spans
            .iter()
            .zip(0_u64..)
            .map(|(&(start_us, late_us), number)| (start_us + late_us, start_us, number))
            .collect();
        let mut server = Late { spans: Arc::new(spans), clock: clock.clone(), fails_every, asked: 0 };
        let (mut state, mut counts) = (State::default(), Counts::default());
        let mut following = poller(&clock, BTreeMap::new());
        let (mut search, mut times) = (Search::default(), Times::default());
        state.save(&following, &counts);
        for event in events {
            hand.advance_ms(1_000);
            let now_us = following.now_us();
            let is_sweep = times.wants_sweep(now_us, following.schedule);
            let mut polling = Polling {
                poller: &following,
                sink: &mut counts,
                watcher: &Nobody,
                stream: StreamId(0),
                offset: 0,
                buffer: Vec::new(),
            };
            match polling.poll(&mut search, &mut server, now_us, is_sweep, &times) {
                Ok(()) => times.polled(now_us, is_sweep),
                Err(_) => _ = times.failed(Duration::ZERO),
            }
            if event < 4 {
                state.save(&following, &counts);
            }
            if event == 11 {
                // Killed: what was not saved is gone.
                counts = state.counts.clone();
                following = poller(&clock, state.rows.clone());
                (search, times) = (Search::default(), Times::default());
            }
        }
        // A last sweep without failures, all spans being there.
        server.fails_every = u64::MAX;
        let now_us = following.now_us();
        let mut polling = Polling {
            poller: &following,
            sink: &mut counts,
            watcher: &Nobody,
            stream: StreamId(0),
            offset: 0,
            buffer: Vec::new(),
        };
        prop_assert!(polling.poll(&mut search, &mut server, now_us, true, &times).is_ok());
        let expected: BTreeMap<_, _> = server.spans.iter().map(|span| (span.2.to_string(), 1)).collect();
        prop_assert_eq!(&counts.0, &expected);
        prop_assert!(following.seen().len() <= expected.len());
    }
}

#[test]
fn what_is_complete_is_forgotten() {
    let (clock, hand) = Clock::by_hand(1_000);
    let spans = (0..1_000)
        .map(|number| (0, number * 100_000, number))
        .collect();
    let mut server = Late {
        spans: Arc::new(spans),
        clock: clock.clone(),
        fails_every: u64::MAX,
        asked: 0,
    };
    let following = poller(&clock, BTreeMap::new());
    let (mut search, mut counts) = (Search::default(), Counts::default());
    hand.set(100_000);
    for _ in 0..2 {
        let mut polling = Polling {
            poller: &following,
            sink: &mut counts,
            watcher: &Nobody,
            stream: StreamId(0),
            offset: 0,
            buffer: Vec::new(),
        };
        polling
            .poll(
                &mut search,
                &mut server,
                100_000_000,
                true,
                &Times::default(),
            )
            .unwrap();
    }
    // Those of the last minute.
    assert_eq!((counts.0.len(), following.seen().len()), (1_000, 600));
    assert_eq!(following.seen().done_us(), 40_000_000);
}
