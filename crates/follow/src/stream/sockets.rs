//! Sockets as inputs: one thread listens, and reads all connections in turn.
//!
//! Each connection is a stream of its own, as its lines end where it ends. A datagram is whole: its
//! last line needs no end.

use std::io::{self, ErrorKind, PipeReader, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::polled::bell;
use super::{Carry, Stream};
use crate::files::socket_address::SocketAddress;
use crate::stop::Stop;
use crate::{Events, Mode, Sink};

/// Most connections at once; further ones wait for their turn in the kernel.
const CONNECTIONS_MAX: usize = 128;

/// How much of one connection is read at once, in bytes; as much as the largest datagram has.
const READ_BYTES: usize = 1 << 18;

const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(2);

pub(super) fn run<S: Sink>(
    stream: &Stream,
    address: &SocketAddress,
    sink: &mut S,
    events: &dyn Events,
    stop: &Stop,
) -> io::Result<()> {
    if stream.mode == Mode::Once {
        let text = "a socket has no end to read to; follow it instead";
        return Err(io::Error::new(ErrorKind::Unsupported, text));
    }
    let mut reader = Reader {
        stream,
        file: Arc::from(address.to_string()),
        sink,
        events,
        bell: bell(stop)?,
    };
    let (mut delay, mut said) = (RETRY_DELAY_MIN, None);
    let mut is_caught_up = false;
    loop {
        let bound = Bound::new(address);
        if let Ok(bound) = &bound {
            (delay, said) = (RETRY_DELAY_MIN, None);
            events.opened(&stream.source, Path::new(&*reader.file));
            if !std::mem::replace(&mut is_caught_up, true) {
                events.caught_up();
            }
            if reader.listen(bound)? {
                return Ok(());
            }
            continue;
        }
        if let Err(error) = bound
            && said.replace(error.kind()) != Some(error.kind())
        {
            events.unreadable(&stream.source, Path::new(&*reader.file), &error);
        }
        if !std::mem::replace(&mut is_caught_up, true) {
            events.caught_up();
        }
        if reader.sleep(delay)? {
            return Ok(());
        }
        delay = (delay * 2).min(RETRY_DELAY_MAX);
    }
}

/// A socket that is listened on. Its name in the file system goes with it.
struct Bound {
    socket: Socket,
    path: Option<PathBuf>,
}

enum Socket {
    Unix(UnixListener),
    Tcp(TcpListener),
    UnixDatagram(UnixDatagram),
    Udp(UdpSocket),
}

impl Bound {
    fn new(address: &SocketAddress) -> io::Result<Bound> {
        if let SocketAddress::UnixStream(path) | SocketAddress::UnixDatagram(path) = address {
            remove_left_over(path)?;
        }
        let (socket, path) = match address {
            SocketAddress::UnixStream(path) => {
                (Socket::Unix(UnixListener::bind(path)?), Some(path.clone()))
            }
            SocketAddress::UnixDatagram(path) => (
                Socket::UnixDatagram(UnixDatagram::bind(path)?),
                Some(path.clone()),
            ),
            SocketAddress::Tcp(address) => (Socket::Tcp(TcpListener::bind(address)?), None),
            SocketAddress::Udp(address) => (Socket::Udp(UdpSocket::bind(address)?), None),
        };
        let bound = Bound { socket, path };
        match &bound.socket {
            Socket::Unix(socket) => socket.set_nonblocking(true)?,
            Socket::Tcp(socket) => socket.set_nonblocking(true)?,
            Socket::UnixDatagram(socket) => socket.set_nonblocking(true)?,
            Socket::Udp(socket) => socket.set_nonblocking(true)?,
        }
        Ok(bound)
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Unix(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::UnixDatagram(socket) => socket.as_fd(),
            Socket::Udp(socket) => socket.as_fd(),
        }
    }

    /// The next connection; none for datagrams.
    fn accept(&self) -> io::Result<Option<Connection>> {
        let connection = match &self.socket {
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Connection::Unix(stream)
            }
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept()?;
                stream.set_nonblocking(true)?;
                Connection::Tcp(stream)
            }
            Socket::UnixDatagram(_) | Socket::Udp(_) => return Ok(None),
        };
        Ok(Some(connection))
    }

    /// The next datagram; none where this takes connections.
    fn receive(&self, room: &mut [u8]) -> io::Result<Option<usize>> {
        match &self.socket {
            Socket::UnixDatagram(socket) => socket.recv(room).map(Some),
            Socket::Udp(socket) => socket.recv(room).map(Some),
            Socket::Unix(_) | Socket::Tcp(_) => Ok(None),
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes a socket that nobody listens on any more; a program that was killed leaves it.
fn remove_left_over(path: &Path) -> io::Result<()> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        let text = "there is a file of this name that is no socket";
        return Err(io::Error::new(ErrorKind::AlreadyExists, text));
    }
    let by_stream = UnixStream::connect(path).map(|_| ());
    let by_datagram = || UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    let is_left = match by_stream {
        Ok(()) => false,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => by_datagram().is_err(),
        // A socket for datagrams refuses a stream in another way.
        Err(_) => by_datagram().is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused),
    };
    match is_left {
        true => std::fs::remove_file(path),
        false => Err(io::Error::new(
            ErrorKind::AddrInUse,
            "another program listens on this socket",
        )),
    }
}

enum Connection {
    Unix(UnixStream),
    Tcp(std::net::TcpStream),
}

impl Connection {
    fn descriptor(&self) -> BorrowedFd<'_> {
        match self {
            Connection::Unix(stream) => stream.as_fd(),
            Connection::Tcp(stream) => stream.as_fd(),
        }
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Connection::Unix(stream) => stream.read(room),
            Connection::Tcp(stream) => stream.read(room),
        }
    }
}

struct Reader<'a, S> {
    stream: &'a Stream,
    /// What programs call the file: the address.
    file: Arc<str>,
    sink: &'a mut S,
    events: &'a dyn Events,
    bell: PipeReader,
}

/// A connection and what it has sent of a line.
struct Open {
    connection: Connection,
    carry: Carry,
}

impl<S: Sink> Reader<'_, S> {
    /// Takes what comes until a stop is requested, which is said, or the socket fails.
    fn listen(&mut self, bound: &Bound) -> io::Result<bool> {
        let mut open: Vec<Open> = Vec::new();
        let mut datagrams = self.carry();
        loop {
            let records = open.iter().filter_map(|one| one.carry.records_over_at);
            let records = records.chain(datagrams.records_over_at).min();
            let ready = self.wait(bound, &open, records)?;
            if ready.stopped {
                self.drain(bound, &mut open, &mut datagrams);
                return Ok(true);
            }
            // From the last one, so that places stay right where one is removed.
            for place in ready.connections.into_iter().rev() {
                let Some(one) = open.get_mut(place) else {
                    continue;
                };
                if !self.read(one, READ_BYTES) {
                    let mut ended = open.swap_remove(place);
                    ended.carry.end(self.sink, &self.stream.positions);
                }
            }
            if !ready.listener && records.is_some_and(|at| at <= Instant::now()) {
                let carries = open.iter_mut().map(|one| &mut one.carry);
                for carry in carries.chain([&mut datagrams]) {
                    carry.settle_records(self.sink, &self.stream.positions);
                }
            }
            if ready.listener {
                match self.receive(bound, &mut datagrams) {
                    Some(true) => {}
                    Some(false) => return Ok(false),
                    None => match bound.accept() {
                        Ok(Some(connection)) => open.push(Open {
                            connection,
                            carry: self.carry(),
                        }),
                        Ok(None) => {}
                        Err(error) if is_passing(&error) => {}
                        // No descriptor is left, or so: it is tried again when time has passed.
                        Err(error) => {
                            self.events.unreadable(
                                &self.stream.source,
                                Path::new(&*self.file),
                                &error,
                            );
                            if self.sleep(RETRY_DELAY_MIN)? {
                                return Ok(true);
                            }
                        }
                    },
                }
            }
        }
    }

    fn carry(&self) -> Carry {
        Carry::new(&self.stream.source, Arc::clone(&self.file))
    }

    /// Sleeps until something is to be done, or until this time.
    fn wait(&self, bound: &Bound, open: &[Open], until: Option<Instant>) -> io::Result<Ready> {
        let mut all = vec![
            PollFd::from_borrowed_fd(self.bell.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(bound.descriptor(), PollFlags::IN),
        ];
        let wants_more = open.len() < CONNECTIONS_MAX;
        if !wants_more {
            all.pop();
        }
        let before = all.len();
        let connections = open.iter().map(|one| one.connection.descriptor());
        all.extend(connections.map(|one| PollFd::from_borrowed_fd(one, PollFlags::IN)));
        let timeout = until.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut all, timeout.as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let is_ready = |one: &PollFd<'_>| !one.revents().is_empty();
        let connections = all.iter().skip(before).enumerate();
        let connections = connections.filter(|(_, one)| is_ready(one));
        Ok(Ready {
            stopped: all.first().is_some_and(is_ready),
            listener: wants_more && all.get(1).is_some_and(is_ready),
            connections: connections.map(|(place, _)| place).collect(),
        })
    }

    /// Reads once, at most `limit` bytes; whether the connection goes on.
    fn read(&mut self, one: &mut Open, limit: usize) -> bool {
        let room = one.carry.room(READ_BYTES);
        let length = room.len().min(limit);
        let Some(room) = room.get_mut(..length) else {
            return true;
        };
        match one.connection.read(room) {
            Ok(0) => false,
            Ok(length) => {
                one.carry.took(length, self.sink, &self.stream.positions);
                one.carry.report_encoding(self.events);
                true
            }
            Err(error) => is_passing(&error),
        }
    }

    /// Takes one datagram: whether the socket goes on; none where this is no socket for datagrams.
    fn receive(&mut self, bound: &Bound, carry: &mut Carry) -> Option<bool> {
        let room = carry.room(READ_BYTES);
        // One byte is left for the line's end.
        let length = room.len().saturating_sub(1);
        let received = bound.receive(room.get_mut(..length)?);
        let length = match received {
            Ok(None) => return None,
            Ok(Some(0)) => return Some(true),
            Ok(Some(length)) => length,
            Err(error) => return Some(is_passing(&error)),
        };
        let mut whole = length;
        if room.get(length - 1) != Some(&b'\n')
            && let Some(end) = room.get_mut(length)
        {
            *end = b'\n';
            whole += 1;
        }
        carry.took(whole, self.sink, &self.stream.positions);
        Some(true)
    }

    /// Reads what is there now, and no more.
    fn drain(&mut self, bound: &Bound, open: &mut [Open], datagrams: &mut Carry) {
        for one in open.iter_mut() {
            let mut left = ioctl_fionread(one.connection.descriptor()).unwrap_or(0);
            while left > 0 {
                let limit = usize::try_from(left).unwrap_or(READ_BYTES).min(READ_BYTES);
                if !self.read(one, limit) {
                    one.carry.end(self.sink, &self.stream.positions);
                    break;
                }
                left = left.saturating_sub(limit as u64);
            }
        }
        for _ in 0..CONNECTIONS_MAX {
            let left = ioctl_fionread(bound.descriptor()).unwrap_or(0);
            if left == 0 || self.receive(bound, datagrams) != Some(true) {
                break;
            }
        }
        let carries = open.iter_mut().map(|one| &mut one.carry);
        for carry in carries.chain([datagrams]) {
            carry.stop(self.sink, &self.stream.positions);
        }
    }

    /// Sleeps, or is woken by the stop; says whether it was.
    fn sleep(&self, delay: Duration) -> io::Result<bool> {
        let mut bell = [PollFd::from_borrowed_fd(self.bell.as_fd(), PollFlags::IN)];
        match poll(&mut bell, Timespec::try_from(delay).ok().as_ref()) {
            Ok(woken) => Ok(woken > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What can be done without waiting.
#[derive(Default)]
struct Ready {
    stopped: bool,
    listener: bool,
    /// The places of connections that have sent something or have ended.
    connections: Vec<usize>,
}

/// Whether an error says nothing of the socket itself.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::ConnectionAborted
    )
}

#[cfg(test)]
mod tests;
