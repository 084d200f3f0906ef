//! How much the server does at once and how long it waits. Plain values, nothing else.

use std::time::Duration;

/// The server's limits. The defaults suit a machine that a few Prometheus servers scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. Beyond it the one that has waited longest for a request is closed.
    pub connections_max: usize,
    /// Scrapes that are written at once.
    pub scrapes_max: usize,
    /// Scrapes that wait for those. Further ones are answered 503, so that waiting
    /// scrapes can never fill all connections and keep a health check out.
    pub scrapes_waiting_max: usize,
    /// The request line and headers together, in bytes.
    pub head_bytes_max: usize,
    /// Headers of one request.
    pub headers_max: usize,
    /// From the first byte of a request (for the first one: from the connection) to the end of its
    /// headers.
    pub head_timeout: Duration,
    /// Between two requests on one connection. Longer than the usual scrape intervals.
    pub idle_timeout: Duration,
    /// How long the other side may take nothing of a response.
    pub stall_timeout: Duration,
    /// How long one response may take as a whole.
    pub response_timeout: Duration,
    /// How long running responses may take to end once the server drains.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 512,
            scrapes_max: 16,
            scrapes_waiting_max: 64,
            head_bytes_max: 16 * 1024,
            headers_max: 100,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(150),
            stall_timeout: Duration::from_secs(30),
            response_timeout: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(5),
        }
    }
}
