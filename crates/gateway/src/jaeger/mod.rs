//! Jaeger as a source of lines: the gateway's request spans, asked for over HTTP and turned into
//! the JSON lines that its log would hold, so that the same rules count them.
//!
//! Every search is by a span's start time, in microseconds, and is taken apart until an answer is
//! certainly whole (`search`). Nothing here knows rules, metrics or the command line.

use std::time::Duration;

mod address;
mod client;
mod counted_spans;
mod export;
mod interface;
mod metrics;
mod poller;
mod response;
mod search;
mod span_reader;
mod span_to_line;

pub use address::{Address, AddressError};
pub use client::{Client, Credentials, Failure};
pub use counted_spans::{CountedSpans, NoteRow};
pub use export::Export;
pub use metrics::JaegerMetrics;
pub use poller::{Poller, Schedule, Watcher};
pub use response::{Answer, Interface, OtherSpan, Unreadable, parse, parse_keeping};
pub use search::{Request, Search, Server, Window};
pub use span_reader::{FetchProgress, RequestLines};

/// Whom to ask, and for which spans.
#[derive(Clone)]
pub struct Query {
    /// Where Jaeger's query service is.
    pub address: Address,
    /// Name and password, or a token.
    pub credentials: Credentials,
    /// Certificates (PEM) to trust instead of the public ones.
    pub authorities: Option<Vec<u8>>,
    /// The service whose server spans are requests.
    pub service: String,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// Gives every request span that began within `window` to `each`, in the order of their starts,
/// each exactly once; ends early where `each` gives `false`.
///
/// # Errors
/// Certificates that cannot be read, or Jaeger's answers, after several attempts.
pub fn fetch(
    query: &Query,
    window: Window,
    mut each: impl FnMut(Request) -> bool,
) -> Result<(), Failure> {
    let mut client = Client::new(query)?;
    Search::default().run(&mut client, window, |_, requests| {
        requests.into_iter().all(&mut each)
    })
}
