//! HTTP: the accept loop over a bound listener, authentication, and draining. No routes, no rules.
//!
//! The only module that knows hyper. What it serves comes from [`Backend`], implemented elsewhere.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

mod auth;
pub mod body;
mod connection;
mod connection_limit;
pub mod listen_address;
mod listener;
pub mod readiness;
pub mod routes;
mod security;
pub mod server_limits;
pub mod status_page;
mod tls;

pub use auth::{Token, TokenSource};
pub use body::Pieces;
pub use listen_address::{Listen, bind, parse_listen};
pub use listener::Listener;
pub use readiness::{Latch, Readiness};
pub use security::{Access, Protection};
pub use server_limits::Limits;
pub use tls::TlsFiles;

use connection_limit::Connections;
use listener::Socket;
use logmetrics_core::clock::Clock;
use logmetrics_core::exposition::Format;
use logmetrics_core::rate_limit::Limited;
use routes::Routes;

/// What the server asks of the rest of the program. Called on a runtime thread: it must not block.
pub trait Backend: Send + Sync + 'static {
    /// The body of one scrape, in pieces that are rendered as they are asked for. Pieces of some
    /// 64 KiB are best: each is one turn of this connection.
    fn scrape(&self, request: Scrape) -> PendingPieces<'_>;
    /// The status page (HTML, whole).
    fn status_page(&self) -> String;
    /// A page that only some runs have, whole.
    fn other_page(&self, path: &str, query: Option<&str>) -> Option<Page> {
        _ = (path, query);
        None
    }
    /// Reads the rules again. Called where waiting is allowed, by one request at a time.
    fn reload(&self) -> Reloaded;

    /// What does not go well though the program runs, one line each; for people.
    fn troubles(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The body of a scrape, once it is there.
pub type PendingPieces<'a> = Pin<Box<dyn Future<Output = Pieces> + Send + 'a>>;

/// A page that only some runs have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub content_type: &'static str,
    pub text: String,
}

/// What became of a reload, as text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reloaded {
    /// The new rules run.
    Done(String),
    /// They are wrong, and the old ones run on.
    Wrong(String),
}

/// One scrape.
#[derive(Debug, Clone)]
pub struct Scrape {
    pub format: Format,
    /// Who scrapes, where the request has the header of a Prometheus server; none for all others.
    pub scraper: Option<Scraper>,
}

/// A Prometheus server.
#[derive(Debug, Clone)]
pub struct Scraper {
    /// An IPv4 address is never written as an IPv6 one.
    pub address: IpAddr,
    /// Alive while its connection is open, and the same for all its scrapes by this connection.
    pub connection: Weak<()>,
}

/// The other side of a connection.
#[derive(Debug, Clone)]
pub struct Peer {
    pub address: IpAddr,
    /// Alive while the connection is open.
    pub connection: Weak<()>,
}

/// So many connections beyond the limit are told that it is reached; further ones are only closed.
const REFUSALS_MAX: usize = 64;

/// How long a connection that is refused may take to hear it.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 42\r\nretry-after: 1\r\n\
    connection: close\r\n\r\ntoo many connections; try again in a while";

/// Serves until `drain` is done, then lets running responses end, for a limited time.
pub async fn serve(
    listener: impl Into<Listener>,
    backend: Arc<dyn Backend>,
    readiness: Readiness,
    limits: Limits,
    access: Access,
    drain: impl Future,
) {
    let access = Arc::new(access);
    let routes = Routes::new(backend, readiness, &limits, Arc::clone(&access));
    let looking = tokio::spawn(Arc::clone(&access).keep_up_to_date());
    let mut server = Server {
        connections: Connections::new(limits.connections_max),
        limits: Arc::new(limits),
        routes: Arc::new(routes),
        access,
        tasks: JoinSet::new(),
    };
    let mut acceptor = Acceptor::new(listener.into());
    let mut drain = pin!(drain);
    loop {
        tokio::select! {
            biased;
            _ = &mut drain => break,
            Some(_) = server.tasks.join_next() => {}
            accepted = acceptor.accept() => match accepted {
                Ok((stream, peer)) => server.accept(stream, peer),
                // Where the system has no descriptor left, this frees one.
                Err(_) if acceptor.is_pausing() => _ = server.connections.evict_longest_waiting(),
                Err(_) => {}
            },
        }
    }
    drop(acceptor);
    looking.abort();
    server.finish().await;
}

struct Server {
    connections: Arc<Connections>,
    limits: Arc<Limits>,
    routes: Arc<Routes>,
    access: Arc<Access>,
    tasks: JoinSet<()>,
}

impl Server {
    fn accept(&mut self, stream: Socket, peer: SocketAddr) {
        let Some(permit) = self.connections.admit() else {
            // Who speaks TLS would not understand it.
            let is_plain = self.access.certificate.is_none();
            if is_plain
                && self.tasks.len() < self.limits.connections_max + REFUSALS_MAX
                && let Socket::Tcp(stream) = stream
            {
                self.tasks.spawn(refuse(stream));
            }
            return;
        };
        let (routes, limits) = (self.routes.clone(), self.limits.clone());
        let (access, peer) = (self.access.clone(), peer.ip());
        let stream = match stream {
            Socket::Tcp(stream) => stream,
            #[cfg(unix)]
            Socket::Unix(stream) => {
                self.tasks.spawn(async move {
                    connection::run(stream, peer, permit, routes, &limits).await
                });
                return;
            }
        };
        // Without it the last part of a response may wait for the other side's acknowledgement.
        _ = stream.set_nodelay(true);
        self.tasks.spawn(async move {
            let Some(certificate) = &access.certificate else {
                return connection::run(stream, peer, permit, routes, &limits).await;
            };
            let shaken = certificate.shake_hands(stream, &permit.connection, &limits);
            if let Some(stream) = shaken.await {
                connection::run(stream, peer, permit, routes, &limits).await;
            }
        });
    }

    async fn finish(mut self) {
        self.connections.evict_all();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.drain_timeout, all)
            .await
            .is_err()
        {
            tracing::warn!("closing {} connections before their end", self.tasks.len());
            self.tasks.shutdown().await;
        }
    }
}

/// Answers 503, and reads what was sent: closing a connection with unread bytes would take the
/// answer back.
async fn refuse(mut stream: TcpStream) {
    let talk = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    // A connection that breaks here was to be closed anyway.
    _ = tokio::time::timeout(REFUSAL_TIMEOUT, talk).await;
}

/// The listener, and a pause after errors so that they never make it spin.
struct Acceptor {
    listener: Listener,
    pause: Duration,
    opens: Instant,
    complaints: Limited,
}

impl Acceptor {
    fn new(listener: Listener) -> Self {
        let complaints = Limited::new(Clock::system(), 1);
        Self {
            listener,
            pause: Duration::ZERO,
            opens: Instant::now(),
            complaints,
        }
    }

    /// The next connection. May be dropped and called again at any time.
    async fn accept(&mut self) -> io::Result<(Socket, SocketAddr)> {
        tokio::time::sleep_until(self.opens).await;
        let result = self.listener.accept().await;
        match &result {
            Ok(_) => {
                self.pause = Duration::ZERO;
                for (what, more) in self.complaints.overdue() {
                    tracing::warn!("cannot accept a connection: {what}{more}");
                }
            }
            Err(error) => {
                self.pause = pause_after(error, self.pause);
                self.opens = Instant::now() + self.pause;
                if self.is_pausing()
                    && let Some(more) = self.complaints.admit(&error.kind().to_string())
                {
                    tracing::warn!("cannot accept a connection: {error}{more}");
                }
            }
        }
        result
    }

    /// Whether the last error was one of the listener and not of one connection.
    fn is_pausing(&self) -> bool {
        !self.pause.is_zero()
    }
}

/// How long to wait after an error of accept, when the last wait was `before`.
fn pause_after(error: &io::Error, before: Duration) -> Duration {
    const PAUSE_MIN: Duration = Duration::from_millis(10);
    const PAUSE_MAX: Duration = Duration::from_secs(1);
    match error.kind() {
        // These are about one connection, not about the listener.
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::Interrupted => Duration::ZERO,
        _ => (before * 2).clamp(PAUSE_MIN, PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests;
