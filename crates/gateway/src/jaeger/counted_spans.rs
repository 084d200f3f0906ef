//! Which spans were counted, so that none is counted twice when it is asked for again, and from
//! where on spans are asked for.
//!
//! What is kept is bounded: spans that began before `done_us` are asked for no more, and forgotten.
//! Where too many are known, `done_us` is moved on; a span that comes later than that is then not
//! counted, and none is counted twice.

use std::collections::{HashMap, HashSet};

use super::search::Request;

/// The most spans that are known, about 100 MB. At 500 requests a second, half an hour of them.
const SPANS_MAX: usize = 1_000_000;

/// A row of the state: a key, and its value, or that it is to be deleted.
pub type NoteRow = (Vec<u8>, Option<Vec<u8>>);

/// The first byte of a span's key. `d` holds `done_us`, `q` what was asked.
const SPAN: u8 = b's';
const DONE: &[u8] = b"d";
const QUESTION: &[u8] = b"q";

type Id = (u128, u64);

/// Spans that were counted.
#[derive(Debug, Default)]
pub struct CountedSpans {
    /// Which Jaeger, and which service of it.
    question: String,
    /// Spans that began before are complete, or given up.
    done_us: u64,
    starts_us: HashMap<Id, u64>,
    /// Whether somebody keeps rows; until then no changes are gathered.
    is_noted: bool,
    /// What differs from the rows that [`CountedSpans::changes`] gave last.
    changed: HashSet<Id>,
    /// The same of the other rows.
    moved: bool,
    spans_max: usize,
}

impl CountedSpans {
    /// Nothing is known yet; spans count from `since_us` on (microseconds since 1970). `question`
    /// says whom is asked what: what was seen elsewhere means nothing here.
    pub fn new(question: String, since_us: u64) -> CountedSpans {
        CountedSpans {
            question,
            done_us: since_us,
            moved: true,
            spans_max: SPANS_MAX,
            ..CountedSpans::default()
        }
    }

    /// Goes on with saved rows. Where they are of another question, or make no sense, starts again
    /// and says `false`; the changes delete them then.
    pub fn restore(
        question: String,
        since_us: u64,
        rows: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> (CountedSpans, bool) {
        let mut seen = CountedSpans::new(question, since_us);
        seen.is_noted = true;
        let (mut saved, mut done) = (None, None);
        for (key, value) in rows {
            match key.split_first() {
                _ if key == QUESTION => saved = Some(value),
                _ if key == DONE => done = value.try_into().ok().map(u64::from_be_bytes),
                Some((&SPAN, id)) => {
                    if let (Some(id), Ok(start)) = (read_id(id), value.try_into()) {
                        seen.starts_us.insert(id, u64::from_be_bytes(start));
                    }
                }
                _ => {}
            }
        }
        match done {
            Some(done_us) if saved.as_deref() == Some(seen.question.as_bytes()) => {
                seen.done_us = done_us;
                seen.moved = false;
                (seen, true)
            }
            _ => {
                seen.changed = seen.starts_us.drain().map(|(id, _)| id).collect();
                (seen, false)
            }
        }
    }

    /// From where on spans are to be asked for, in microseconds since 1970.
    pub fn done_us(&self) -> u64 {
        self.done_us
    }

    /// How many spans are known.
    pub fn len(&self) -> usize {
        self.starts_us.len()
    }

    /// Whether no span is known.
    pub fn is_empty(&self) -> bool {
        self.starts_us.is_empty()
    }

    /// Leaves those that were not counted yet, and remembers them. `false` where older ones had to
    /// be given up for them.
    pub fn take_new(&mut self, requests: &mut Vec<Request>) -> bool {
        requests.retain(|request| {
            let id = (request.trace, request.span);
            let is_new = request.start_us >= self.done_us && !self.starts_us.contains_key(&id);
            if is_new {
                self.starts_us.insert(id, request.start_us);
                if self.is_noted {
                    self.changed.insert(id);
                }
            }
            is_new
        });
        let is_full = self.starts_us.len() > self.spans_max;
        if is_full {
            let mut starts: Vec<u64> = self.starts_us.values().copied().collect();
            // A tenth at once, so that this is rare.
            let last = starts.len() - self.spans_max * 9 / 10 - 1;
            let (_, start_us, _) = starts.select_nth_unstable(last);
            self.complete(start_us.saturating_add(1));
        }
        !is_full
    }

    /// Everything that began before `done_us` is counted, or will not be.
    pub fn complete(&mut self, done_us: u64) {
        if done_us <= self.done_us {
            return;
        }
        self.done_us = done_us;
        self.moved = true;
        let (changed, is_noted) = (&mut self.changed, self.is_noted);
        self.starts_us.retain(|id, start_us| {
            let stays = *start_us >= done_us;
            if !stays && is_noted {
                changed.insert(*id);
            }
            stays
        });
    }

    /// What is to be written to the state since the last call.
    pub fn changes(&mut self) -> Vec<NoteRow> {
        if !std::mem::replace(&mut self.is_noted, true) {
            self.changed.extend(self.starts_us.keys());
        }
        let mut rows: Vec<NoteRow> = self
            .changed
            .drain()
            .map(|id| {
                let start = self.starts_us.get(&id);
                (key(id), start.map(|start| start.to_be_bytes().to_vec()))
            })
            .collect();
        if std::mem::take(&mut self.moved) {
            rows.push((DONE.to_vec(), Some(self.done_us.to_be_bytes().to_vec())));
            rows.push((QUESTION.to_vec(), Some(self.question.clone().into_bytes())));
        }
        rows
    }
}

fn key((trace, span): Id) -> Vec<u8> {
    let mut key = vec![SPAN];
    key.extend_from_slice(&trace.to_be_bytes());
    key.extend_from_slice(&span.to_be_bytes());
    key
}

fn read_id(bytes: &[u8]) -> Option<Id> {
    let (trace, span) = bytes.split_first_chunk::<16>()?;
    let span = span.try_into().ok()?;
    Some((u128::from_be_bytes(*trace), u64::from_be_bytes(span)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn request(number: u64, start_us: u64) -> Request {
        Request {
            trace: u128::from(number),
            span: number,
            start_us,
            ..Request::default()
        }
    }

    /// What a state would hold.
    #[derive(Default)]
    struct State(BTreeMap<Vec<u8>, Vec<u8>>);

    impl State {
        fn save(&mut self, seen: &mut CountedSpans) {
            for (key, value) in seen.changes() {
                match value {
                    Some(value) => self.0.insert(key, value),
                    None => self.0.remove(&key),
                };
            }
        }

        fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
            self.0.clone().into_iter().collect()
        }
    }

    proptest! {
        #[test]
        fn none_is_counted_twice_over_restarts(steps in prop::collection::vec((0_u64..40, 0_u64..50, 0..4), 0..80)) {
            let mut seen = CountedSpans::new("q".into(), 5);
            let (mut state, mut counted) = (State::default(), BTreeMap::new());
            let mut done = 5;
            for (number, start_us, what) in steps {
                match what {
                    0 => {
                        seen.complete(start_us);
                        done = done.max(start_us);
                    }
                    1 => {
                        state.save(&mut seen);
                        let restored = CountedSpans::restore("q".into(), 0, state.rows()).0;
                        prop_assert_eq!(&restored.starts_us, &seen.starts_us);
                        prop_assert_eq!(restored.done_us(), done);
                        seen = restored;
                    }
                    _ => {
                        // A span has one start.
                        let start_us = number * 7 % 50;
                        let mut requests = vec![request(number, start_us)];
                        seen.take_new(&mut requests);
                        let count = counted.entry(number).or_insert(0);
                        *count += requests.len();
                        prop_assert!(*count <= 1, "twice");
                        prop_assert!(*count == 1 || start_us < done, "never");
                    }
                }
            }
        }
    }

    #[test]
    fn when_full_the_oldest_are_given_up_and_not_counted_again() {
        let mut seen = CountedSpans::new("q".into(), 0);
        seen.spans_max = 100;
        let mut first: Vec<_> = (0..100).map(|n| request(n, n)).collect();
        assert!(seen.take_new(&mut first));
        let mut more = vec![request(100, 100)];
        assert!(!seen.take_new(&mut more));
        assert_eq!((more.len(), seen.len()), (1, 90));
        let mut again: Vec<_> = (0..101).map(|n| request(n, n)).collect();
        assert!(seen.take_new(&mut again));
        assert!(again.is_empty());
    }

    #[test]
    fn what_was_seen_elsewhere_is_deleted() {
        let mut seen = CountedSpans::new("one".into(), 0);
        seen.take_new(&mut vec![request(1, 1)]);
        let mut state = State::default();
        state.save(&mut seen);
        let (mut other, is_known) = CountedSpans::restore("two".into(), 9, state.rows());
        assert!(!is_known);
        assert_eq!((other.done_us(), other.len()), (9, 0));
        state.save(&mut other);
        assert_eq!(state.0.len(), 2);
        assert!(CountedSpans::restore("two".into(), 0, state.rows()).1);
    }
}
