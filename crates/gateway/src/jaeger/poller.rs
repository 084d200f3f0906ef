//! Jaeger as an input that is followed: asks again and again, and counts each span once.
//!
//! A span is found by its start, but shows only after its end and its way through exporters. So
//! every poll asks for the last minute again, and from time to time for everything since
//! `now - late`. What began before that is complete and never asked for again.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::client::Failure;
use super::counted_spans::{CountedSpans, NoteRow};
use super::response::Answer;
use super::search::{Request, Search, Server, Window};
use logmetrics_core::clock::Clock;
use logmetrics_follow::line::Origin;
use logmetrics_follow::{Positions, Sink, Stop, StreamId};

/// How often a sleeping poller looks whether it is to stop, and says how far behind it is.
const TICK: Duration = Duration::from_millis(50);

/// Between attempts while Jaeger is away, at most.
const AWAY_WAIT_MAX: Duration = Duration::from_secs(60);

/// What every poll asks for again.
const OVERLAP: Duration = Duration::from_secs(60);

/// When to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// From one poll to the next.
    pub interval: Duration,
    /// How long after its start a span may show and be counted still. It holds the request's own
    /// time, and the difference between this machine's clock and the gateway's.
    pub late: Duration,
}

/// Is told how polling goes.
pub trait Watcher: Send + Sync {
    /// An answer was had, or not.
    fn asked(&self, answered: bool);
    /// A poll has read everything. Said after each.
    fn up(&self);
    /// A poll failed; the next one is in `wait`.
    fn away(&self, failure: &Failure, wait: Duration);
    /// So many spans were counted.
    fn counted(&self, spans: usize);
    /// So many spans had no id or no start.
    fn unreadable(&self, spans: usize);
    /// Too many spans were known, and the older ones were given up.
    fn gave_up(&self);
    /// How long ago the last whole poll began, in seconds.
    fn lag(&self, seconds: f64);
}

/// Follows one Jaeger.
pub struct Poller {
    /// When to ask.
    pub schedule: Schedule,
    /// What was counted; shared with the checkpoint.
    pub seen: Arc<Mutex<CountedSpans>>,
    /// Keeps a cut from between the counts and what is known of them.
    pub positions: Arc<Positions>,
    /// The time that windows are made of.
    pub clock: Clock,
    /// Where lines are said to come from.
    pub origin: Origin,
}

/// One run of a poller.
struct Polling<'a, S> {
    poller: &'a Poller,
    sink: &'a mut S,
    watcher: &'a dyn Watcher,
    stream: StreamId,
    offset: u64,
    buffer: Vec<u8>,
}

impl Poller {
    /// Polls `server` until `stop` is requested. An answer that is awaited then is given up: what
    /// it holds was not counted, and is asked for after a restart with saved state.
    pub fn run<S: Sink>(
        &self,
        server: impl Server + Send + 'static,
        sink: &mut S,
        watcher: &dyn Watcher,
        stop: &Stop,
    ) {
        let mut server = Abandonable::new(server, stop, watcher);
        let mut search = Search::default();
        let stream = sink.open(self.origin.clone(), 0, &[]);
        let mut polling = Polling {
            poller: self,
            sink,
            watcher,
            stream,
            offset: 0,
            buffer: Vec::new(),
        };
        let mut times = Times::default();
        while !stop.is_requested() {
            let began = Instant::now();
            let now_us = self.now_us();
            let is_sweep = times.wants_sweep(now_us, self.schedule);
            match polling.poll(&mut search, &mut server, now_us, is_sweep, &times) {
                Ok(()) => {
                    times.polled(now_us, is_sweep);
                    watcher.up();
                }
                Err(Failure::Stopped) => break,
                Err(failure) => {
                    let wait = times.failed(self.schedule.interval);
                    watcher.away(&failure, wait);
                    self.sleep(Instant::now() + wait, &times, watcher, stop);
                    continue;
                }
            }
            self.sleep(began + self.schedule.interval, &times, watcher, stop);
        }
        polling.sink.close(stream, polling.offset, b"");
    }

    /// What is to be saved since the last call, for a source of notes: rows that
    /// [`CountedSpans::restore`] reads. To be called within a cut.
    pub fn changes(&self) -> impl FnMut() -> Vec<NoteRow> + Send + use<> {
        let seen = Arc::clone(&self.seen);
        move || {
            seen.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .changes()
        }
    }

    fn sleep(&self, until: Instant, times: &Times, watcher: &dyn Watcher, stop: &Stop) {
        loop {
            let since_us = times.polled_us.unwrap_or(times.started_us);
            let lag_us = self.now_us().saturating_sub(since_us);
            watcher.lag(lag_us as f64 / 1e6);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || stop.is_requested() {
                return;
            }
            std::thread::sleep(left.min(TICK));
        }
    }

    fn now_us(&self) -> u64 {
        self.clock.now_ms().saturating_mul(1_000)
    }

    fn seen(&self) -> MutexGuard<'_, CountedSpans> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Sink> Polling<'_, S> {
    fn poll(
        &mut self,
        search: &mut Search,
        server: &mut impl Server,
        now_us: u64,
        is_sweep: bool,
        times: &Times,
    ) -> Result<(), Failure> {
        let schedule = self.poller.schedule;
        let overlap_us = micros(OVERLAP.max(schedule.interval * 2));
        let recent_us = times.polled_us.unwrap_or(0).saturating_sub(overlap_us);
        let done_us = self.poller.seen().done_us();
        let window = Window {
            start_us: if is_sweep {
                done_us
            } else {
                done_us.max(recent_us)
            },
            end_us: now_us,
        };
        let settled_us = now_us.saturating_sub(micros(schedule.late));
        search.run(server, window, |part, requests| {
            self.count(requests, is_sweep.then(|| part.end_us.min(settled_us)));
            true
        })
    }

    /// Counts what is new, and remembers it, within one step: a cut sees both or none.
    fn count(&mut self, mut requests: Vec<Request>, done_us: Option<u64>) {
        let poller = self.poller;
        let step = poller.positions.read_guard();
        let mut seen = poller.seen();
        let has_room = seen.take_new(&mut requests);
        if let Some(done_us) = done_us {
            seen.complete(done_us);
        }
        drop(seen);
        self.buffer.clear();
        for request in &requests {
            self.buffer.extend_from_slice(&request.line);
            self.buffer.push(b'\n');
        }
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            let taken = self
                .sink
                .offer(self.stream, self.offset, rest)
                .min(rest.len());
            if taken == 0 {
                break;
            }
            self.offset += taken as u64;
            rest = &rest[taken..];
        }
        drop(step);
        self.watcher.counted(requests.len());
        if !has_room {
            self.watcher.gave_up();
        }
    }
}

/// When things happened, in microseconds since 1970.
#[derive(Default)]
struct Times {
    started_us: u64,
    polled_us: Option<u64>,
    swept_us: Option<u64>,
    failures: u32,
}

impl Times {
    /// After a failure, and when a fifth of the late time is over.
    fn wants_sweep(&mut self, now_us: u64, schedule: Schedule) -> bool {
        if self.started_us == 0 {
            self.started_us = now_us;
        }
        let every_us = micros(schedule.late / 5);
        self.failures > 0
            || self
                .swept_us
                .is_none_or(|swept_us| now_us.abs_diff(swept_us) >= every_us)
    }

    fn polled(&mut self, now_us: u64, is_sweep: bool) {
        self.failures = 0;
        self.polled_us = Some(now_us);
        if is_sweep {
            self.swept_us = Some(now_us);
        }
    }

    fn failed(&mut self, interval: Duration) -> Duration {
        let wait = interval.saturating_mul(1 << self.failures.min(6));
        self.failures += 1;
        wait.min(AWAY_WAIT_MAX)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A server that is asked on a thread of its own, so that a slow answer does not hold up the
/// program's end.
struct Abandonable<'a> {
    questions: SyncSender<(Window, u32)>,
    answers: Receiver<Result<Answer, Failure>>,
    stop: &'a Stop,
    watcher: &'a dyn Watcher,
}

impl<'a> Abandonable<'a> {
    fn new(
        mut server: impl Server + Send + 'static,
        stop: &'a Stop,
        watcher: &'a dyn Watcher,
    ) -> Abandonable<'a> {
        let (questions, asked) = mpsc::sync_channel::<(Window, u32)>(1);
        let (give, answers) = mpsc::sync_channel(1);
        // It ends by itself when the other side is gone. Where no thread can be had, asking fails.
        let thread = std::thread::Builder::new().name("ask-jaeger".to_owned());
        _ = thread.spawn(move || {
            for (window, limit) in asked {
                if give.send(server.ask(window, limit)).is_err() {
                    return;
                }
            }
        });
        Abandonable {
            questions,
            answers,
            stop,
            watcher,
        }
    }
}

impl Server for Abandonable<'_> {
    fn ask(&mut self, window: Window, limit: u32) -> Result<Answer, Failure> {
        if self.stop.is_requested() || self.questions.send((window, limit)).is_err() {
            return Err(Failure::Stopped);
        }
        let answer = loop {
            match self.answers.recv_timeout(TICK) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Timeout) if !self.stop.is_requested() => {}
                Err(_) => return Err(Failure::Stopped),
            }
        };
        let is_answered = matches!(answer, Ok(_) | Err(Failure::TooLarge));
        self.watcher.asked(is_answered);
        if let Ok(answer) = &answer {
            self.watcher.unreadable(answer.unreadable);
        }
        answer
    }
}

#[cfg(test)]
mod tests;
