//! Against a simulated server with random spans, limits and caps: every span exactly once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A server that gives the latest traces first, as most storages do, and says nothing of the rest.
struct Simulated {
    /// Trace, span, start.
    spans: Vec<(u128, u64, u64)>,
    /// Never more traces than this, whatever is asked for.
    cap: usize,
    /// Never more spans than this times the limit are looked at, as with Cassandra.
    spans_per_limit: usize,
    /// More traces are too large an answer.
    too_large: usize,
    asked: usize,
}

impl Server for Simulated {
    fn ask(&mut self, window: Window, limit: u32) -> Result<Answer, Failure> {
        self.asked += 1;
        let within = |start: u64| window.start_us <= start && start <= window.end_us;
        let mut hits: Vec<_> = self.spans.iter().filter(|span| within(span.2)).collect();
        hits.sort_by_key(|span| std::cmp::Reverse(span.2));
        hits.truncate((limit as usize).saturating_mul(self.spans_per_limit));
        let mut traces = Vec::new();
        for hit in hits {
            if !traces.contains(&hit.0) && traces.len() < self.cap.min(limit as usize) {
                traces.push(hit.0);
            }
        }
        if traces.len() > self.too_large {
            return Err(Failure::TooLarge);
        }
        // Whole traces, with what began outside the window.
        let spans = self.spans.iter().filter(|span| traces.contains(&span.0));
        let requests: Vec<_> = spans
            .map(|&(trace, span, start_us)| Request {
                trace,
                span,
                start_us,
                line: Vec::new(),
                ..Request::default()
            })
            .collect();
        Ok(Answer {
            traces: traces.len(),
            spans: requests.len(),
            requests,
            unreadable: 0,
            others: Vec::new(),
        })
    }
}

fn found(server: &mut Simulated, window: Window) -> Vec<(u128, u64, u64)> {
    let mut found = Vec::new();
    let mut reached_us = window.start_us;
    Search::default()
        .run(server, window, |part, requests| {
            assert_eq!(part.start_us, reached_us, "parts follow one another");
            reached_us = part.end_us;
            found.extend(
                requests
                    .iter()
                    .map(|one| (one.trace, one.span, one.start_us)),
            );
            true
        })
        .unwrap();
    assert_eq!(reached_us, window.end_us);
    found
}

fn expected(server: &Simulated, window: Window) -> Vec<(u128, u64, u64)> {
    let all: BTreeSet<_> = server.spans.iter().copied().collect();
    let mut all: Vec<_> = all.into_iter().collect();
    all.retain(|span| (window.start_us..window.end_us).contains(&span.2));
    all.sort_by_key(|&(trace, span, start)| (start, trace, span));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_span_is_found_exactly_once(
        starts in prop::collection::vec((0_u64..2_000, 1_usize..4), 0..600),
        spread in 1_u64..5_000,
        cap in prop_oneof![Just(usize::MAX), 20_usize..300],
        spans_per_limit in prop_oneof![Just(1_usize), Just(3), Just(1_000)],
        too_large in prop_oneof![Just(usize::MAX), 60_usize..200],
        from in 0_u64..1_000,
    ) {
        let mut spans = Vec::new();
        for (trace, &(start, count)) in starts.iter().enumerate() {
            // A cap that is kept secret cannot be passed within one microsecond.
            let start = start * spread + trace as u64 * 7;
            for span in 0..count as u64 {
                spans.push((trace as u128, span, start + span * spread));
            }
        }
        // Stored twice, as after a retry of the exporter.
        spans.extend(spans.first().copied());
        let mut server = Simulated { spans, cap, spans_per_limit, too_large, asked: 0 };
        let window = Window { start_us: from * spread, end_us: 20_000 * spread };
        let found = found(&mut server, window);
        prop_assert_eq!(found, expected(&server, window));
    }
}

#[test]
fn a_microsecond_with_more_than_the_limit_is_asked_with_a_higher_one() {
    let spans = (0..2_500).map(|trace| (trace, 1, 77)).collect();
    let mut server = Simulated {
        spans,
        cap: usize::MAX,
        spans_per_limit: 1,
        too_large: usize::MAX,
        asked: 0,
    };
    let window = Window {
        start_us: 0,
        end_us: 60_000_000,
    };
    assert_eq!(found(&mut server, window).len(), 2_500);
    assert!(server.asked < 70, "{} requests", server.asked);
}

#[test]
fn few_spans_need_one_request() {
    let mut server = Simulated {
        spans: vec![(1, 1, 10), (1, 2, 11), (2, 1, 500)],
        cap: usize::MAX,
        spans_per_limit: 1,
        too_large: usize::MAX,
        asked: 0,
    };
    let window = Window {
        start_us: 10,
        end_us: 500,
    };
    assert_eq!(found(&mut server, window), [(1, 1, 10), (1, 2, 11)]);
    assert_eq!(server.asked, 1);
}

#[test]
fn too_large_an_answer_for_a_microsecond_is_an_error() {
    let mut server = Simulated {
        spans: vec![(1, 1, 0)],
        cap: usize::MAX,
        spans_per_limit: 1,
        too_large: 0,
        asked: 0,
    };
    let window = Window {
        start_us: 0,
        end_us: 1,
    };
    let result = Search::default().run(&mut server, window, |_, _| true);
    assert!(matches!(result, Err(Failure::TooLarge)));
}
