//! Pushing metrics to collectd, Graphite and StatsD, as mtail does: a thread that sends all samples from
//! time to time. It never waits for reading, and reading never for it; what cannot be sent is counted,
//! said once, and left to the next time.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Failure;
use crate::settings::{PushSettings, PushTarget};
use logmetrics_core::pipeline::Shared;
use logmetrics_mtail::pages::push::{Protocol, Sender, messages};

/// What is counted of a target.
#[derive(Debug)]
pub struct PushCounts {
    /// Its protocol, the label of its metrics.
    pub protocol: &'static str,
    /// Samples that were handed to the system.
    pub samples: AtomicU64,
    /// Pushes that failed.
    pub errors: AtomicU64,
}

/// The name of a protocol.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Collectd => "collectd",
        Protocol::Graphite => "graphite",
        Protocol::Statsd => "statsd",
    }
}

/// Threads that push; they end when it is dropped.
#[derive(Debug, Default)]
pub struct Pushing {
    /// For each target.
    pub counts: Vec<Arc<PushCounts>>,
    /// Each ends a thread when it is dropped.
    ends: Vec<mpsc::Sender<()>>,
}

impl Pushing {
    /// Starts a thread for each target.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(settings: Option<&PushSettings>, shared: &Shared) -> Result<Pushing, Failure> {
        let mut pushing = Pushing::default();
        let Some(settings) = settings else {
            return Ok(pushing);
        };
        for target in &settings.targets {
            let counts = Arc::new(PushCounts {
                protocol: name(target.protocol),
                samples: AtomicU64::new(0),
                errors: AtomicU64::new(0),
            });
            let (end, ended) = mpsc::channel();
            let pusher = Pusher {
                target: target.clone(),
                interval: settings.interval,
                deadline: settings.deadline,
                host: super::mtail_pages::host_name(),
                shared: shared.clone(),
                counts: Arc::clone(&counts),
                is_failing: false,
            };
            let thread = std::thread::Builder::new().name(format!("push-{}", counts.protocol));
            // Nobody waits for it: a target that hangs must not hold up the end of the program.
            let started = thread.spawn(move || pusher.run(&ended));
            started.map_err(|error| Failure::Run(format!("cannot start a thread: {error}")))?;
            pushing.counts.push(counts);
            pushing.ends.push(end);
        }
        Ok(pushing)
    }
}

struct Pusher {
    target: PushTarget,
    interval: Duration,
    deadline: Duration,
    host: String,
    shared: Shared,
    counts: Arc<PushCounts>,
    is_failing: bool,
}

impl Pusher {
    fn run(mut self, ended: &Receiver<()>) {
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(self.interval) {
            let pushed = self.push();
            self.say(pushed);
        }
    }

    fn push(&self) -> io::Result<()> {
        let now_ms = self.shared.clock.now_ms();
        let active = self.shared.active.load();
        let snapshot = active.store.snapshot(now_ms);
        let sender = Sender {
            protocol: self.target.protocol,
            host: &self.host,
            prefix: &self.target.prefix,
            interval_seconds: self.interval.as_secs(),
        };
        let messages = messages(&active.engine, &snapshot, &sender);
        drop(active);
        let mut connection = Connection::open(&self.target, self.deadline)?;
        for message in messages {
            connection.send(message.as_bytes())?;
            self.counts.samples.fetch_add(1, Ordering::Relaxed);
        }
        connection.end()
    }

    /// Says the first failure of a row, and when it is over.
    fn say(&mut self, pushed: io::Result<()>) {
        let (name, address) = (self.counts.protocol, &self.target.address);
        match pushed {
            Ok(()) if self.is_failing => {
                tracing::info!("pushing to {name} at {address} works again")
            }
            Ok(()) => {}
            Err(error) => {
                self.counts.errors.fetch_add(1, Ordering::Relaxed);
                if !self.is_failing {
                    tracing::warn!(
                        "cannot push to {name} at {address}: {error}; trying again every {:?}",
                        self.interval
                    );
                }
                self.is_failing = true;
                return;
            }
        }
        self.is_failing = false;
    }
}

enum Connection {
    #[cfg(unix)]
    Unix(io::BufWriter<UnixStream>),
    Tcp(io::BufWriter<TcpStream>),
    /// Each message is a datagram.
    Udp(UdpSocket),
}

impl Connection {
    fn open(target: &PushTarget, deadline: Duration) -> io::Result<Connection> {
        match target.protocol {
            #[cfg(unix)]
            Protocol::Collectd => {
                let stream = UnixStream::connect(&target.address)?;
                stream.set_write_timeout(Some(deadline))?;
                Ok(Connection::Unix(io::BufWriter::new(stream)))
            }
            #[cfg(not(unix))]
            Protocol::Collectd => Err(io::ErrorKind::Unsupported.into()),
            Protocol::Graphite => {
                let stream = connect(&target.address, deadline)?;
                stream.set_write_timeout(Some(deadline))?;
                Ok(Connection::Tcp(io::BufWriter::new(stream)))
            }
            Protocol::Statsd => {
                let address = first_address(&target.address)?;
                let any = if address.is_ipv4() {
                    "0.0.0.0:0"
                } else {
                    "[::]:0"
                };
                let socket = UdpSocket::bind(any)?;
                socket.connect(address)?;
                socket.set_write_timeout(Some(deadline))?;
                Ok(Connection::Udp(socket))
            }
        }
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Connection::Unix(stream) => stream.write_all(message),
            Connection::Tcp(stream) => stream.write_all(message),
            Connection::Udp(socket) => socket.send(message).map(|_| ()),
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Connection::Unix(mut stream) => stream.flush(),
            Connection::Tcp(mut stream) => stream.flush(),
            Connection::Udp(_) => Ok(()),
        }
    }
}

fn first_address(text: &str) -> io::Result<std::net::SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    text.to_socket_addrs()?.next().ok_or_else(none)
}

fn connect(text: &str, deadline: Duration) -> io::Result<TcpStream> {
    let mut last = None;
    for address in text.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, deadline) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}
