//! Asks for a window of time until everything in it is certainly there.
//!
//! Jaeger answers a search with at most so many traces and never says that there are more. An
//! answer is taken as whole only where it cannot have been cut:
//!
//! - it holds fewer traces, and fewer spans of the service, than were asked for (Cassandra cuts at
//!   spans), and
//! - it holds fewer of them than some other answer held, so that a cap which the server keeps to
//!   itself has not been reached either; or so few that no server caps there.
//!
//! Any other answer is thrown away, and the window asked again in two halves, down to one
//! microsecond, where the limit is raised instead. The first large answer is therefore always asked
//! again in halves, and so is each that is larger than all before it: a few requests in a run.

use std::collections::HashSet;

use super::client::Failure;
use super::response::Answer;

/// Traces asked for at once.
const LIMIT: u32 = 1_000;

/// The most that can be asked for: Jaeger reads a signed 32-bit number.
const LIMIT_MAX: u32 = i32::MAX as u32;

/// No server is known to cap at fewer traces: the least that Jaeger's own page offers.
const NO_CAP_BELOW: usize = 20;

/// Span start times from `start_us` up to, and without, `end_us`: microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first microsecond.
    pub start_us: u64,
    /// The first microsecond after it.
    pub end_us: u64,
}

impl Window {
    /// Whether what began at `start_us` belongs to it.
    pub fn holds(&self, start_us: u64) -> bool {
        (self.start_us..self.end_us).contains(&start_us)
    }
}

/// A request of the gateway: one span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The trace.
    pub trace: u128,
    /// The span in the trace.
    pub span: u64,
    /// When it began, in microseconds since 1970.
    pub start_us: u64,
    /// A JSON line as the gateway's log has them, without a line end.
    pub line: Vec<u8>,
    /// The span as it came, where spans are kept for an export; otherwise nothing.
    pub raw: Vec<u8>,
}

/// Who answers a search.
pub trait Server {
    /// Traces with a span that began within `window`, at most `limit`. More may be given: what
    /// began outside is left out by the caller.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] where the answer is larger than may be held in memory; anything else
    /// ends the search.
    fn ask(&mut self, window: Window, limit: u32) -> Result<Answer, Failure>;
}

/// What is learnt from answers, over all searches of a server.
#[derive(Debug, Default)]
pub struct Search {
    /// The most traces that an answer held: the server does not cap below.
    traces_most: usize,
    /// The most spans of the service that an answer held.
    spans_most: usize,
}

impl Search {
    /// Hands all requests of `window` to `each`, part by part in the order of time, together with
    /// the part of the window that is complete with them. Ends early where `each` gives `false`.
    ///
    /// # Errors
    /// What `server` gives. The parts that `each` was called for are complete all the same.
    pub fn run(
        &mut self,
        server: &mut impl Server,
        window: Window,
        mut each: impl FnMut(Window, Vec<Request>) -> bool,
    ) -> Result<(), Failure> {
        self.answers(server, window, |part, answer| {
            each(part, requests_of(answer, part))
        })
    }

    /// The same with the answers, in which there may be more than began within their part, and some
    /// of it twice.
    ///
    /// # Errors
    /// As [`Search::run`].
    pub fn answers(
        &mut self,
        server: &mut impl Server,
        window: Window,
        mut each: impl FnMut(Window, Answer) -> bool,
    ) -> Result<(), Failure> {
        let mut open = vec![window];
        while let Some(window) = open.pop() {
            if window.start_us >= window.end_us {
                continue;
            }
            let answer = match server.ask(window, LIMIT) {
                Ok(answer) if self.is_whole(&answer, LIMIT) => answer,
                Ok(_) | Err(Failure::TooLarge) if window.end_us - window.start_us > 1 => {
                    let middle_us = window.start_us + (window.end_us - window.start_us) / 2;
                    let (mut earlier, mut later) = (window, window);
                    (earlier.end_us, later.start_us) = (middle_us, middle_us);
                    open.extend([later, earlier]);
                    continue;
                }
                Ok(answer) => raise(server, window, answer)?,
                Err(failure) => return Err(failure),
            };
            if !each(window, answer) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether an answer cannot have been cut; takes note of its size.
    fn is_whole(&mut self, answer: &Answer, limit: u32) -> bool {
        let (traces, spans) = (answer.traces, answer.spans);
        let is_small = |count, most| count < NO_CAP_BELOW || count < most;
        let is_whole = traces.max(spans) < limit as usize
            && is_small(traces, self.traces_most)
            && is_small(spans, self.spans_most);
        self.traces_most = self.traces_most.max(traces);
        self.spans_most = self.spans_most.max(spans);
        is_whole
    }
}

/// Asks for one microsecond with higher limits, until no more comes of it.
fn raise(server: &mut impl Server, window: Window, first: Answer) -> Result<Answer, Failure> {
    let (mut answer, mut limit) = (first, LIMIT);
    while answer.traces.max(answer.spans) >= limit as usize && limit < LIMIT_MAX {
        limit = limit.saturating_mul(10).min(LIMIT_MAX);
        let more = server.ask(window, limit)?;
        let is_all = more.traces <= answer.traces && more.spans <= answer.spans;
        answer = more;
        if is_all {
            break;
        }
    }
    Ok(answer)
}

/// What began within the window, each span once, in the order of time.
pub(super) fn requests_of(answer: Answer, window: Window) -> Vec<Request> {
    let mut known = HashSet::new();
    let mut requests = answer.requests;
    requests.retain(|request| {
        window.holds(request.start_us) && known.insert((request.trace, request.span))
    });
    requests.sort_by_key(|request| (request.start_us, request.trace, request.span));
    requests
}

#[cfg(test)]
mod tests;
