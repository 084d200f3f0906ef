//! Inputs without positions: standard input, fifos and sockets, read as fast as they come.
//!
//! Each has a thread of its own, because a pipe that nobody reads stops its writer. What was read
//! cannot be read again, so here, and only here, the start of a line is kept until its end comes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use memchr::memchr;

use crate::files::socket_address::SocketAddress;
use crate::files::specification::{InputKind, Specification};
use crate::line::encoding::Encoding;
use crate::line::{LINE_BYTES_MAX, Origin};
use crate::stop::Stop;
use crate::{Events, Mode, Positions, Sink, StreamId};

#[cfg(not(unix))]
mod blocking;
#[cfg(unix)]
mod polled;
#[cfg(unix)]
mod sockets;

/// How much is read at once, in bytes: as much as a pipe can be made to hold.
const READ_BYTES: usize = 1 << 20;

/// Reads standard input, one fifo or one socket.
#[derive(Debug)]
pub struct Stream {
    source: Arc<str>,
    #[cfg_attr(not(unix), allow(dead_code))]
    path: Option<PathBuf>,
    #[cfg_attr(not(unix), allow(dead_code))]
    mode: Mode,
    /// Where to listen, where it is a socket.
    #[cfg_attr(not(unix), allow(dead_code))]
    socket: Option<SocketAddress>,
    positions: Arc<Positions>,
}

impl Stream {
    /// The reader of `specification`, if that is standard input, a fifo or a socket. It has no position to note,
    /// but what it hands over is not cut apart by a save.
    pub fn new(
        specification: &Specification,
        mode: Mode,
        positions: &Arc<Positions>,
    ) -> Option<Self> {
        let (path, socket) = match &specification.kind {
            InputKind::StandardInput => (None, None),
            InputKind::Fifo(path) => (Some(path.clone()), None),
            InputKind::Socket(address) => (None, Some(address.clone())),
            InputKind::File(_) | InputKind::Glob(_) => return None,
        };
        Some(Stream {
            source: Arc::clone(&specification.source),
            path,
            mode,
            socket,
            positions: Arc::clone(positions),
        })
    }

    /// The input as the command line names it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Reads until the input ends or `stop` is requested.
    ///
    /// Standard input ends when its writers have closed it; a last line without an end counts then.
    /// So does a fifo in [`Mode::Once`]; in [`Mode::Follow`] it waits for its next writer, and the
    /// last line of each counts. When stopped, what the pipe holds at that moment is read. A line
    /// that has no end then is not handed over: half a line would be counted under a wrong label.
    ///
    /// A socket never ends: connections come and go, and the last line of each counts. In [`Mode::Once`] it
    /// cannot be read.
    ///
    /// # Errors
    ///
    /// Standard input that cannot be read, and in [`Mode::Once`] a fifo that cannot be opened.
    /// [`Mode::Follow`] tries a fifo again for ever.
    pub fn run<S: Sink>(self, sink: &mut S, events: &dyn Events, stop: &Stop) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(address) = &self.socket {
            return sockets::run(&self, address, sink, events, stop);
        }
        #[cfg(unix)]
        return polled::run(&self, sink, events, stop);
        #[cfg(not(unix))]
        return blocking::run(&self, sink, events, stop);
    }
}

/// Bytes on their way to a sink.
struct Pump<'a, S> {
    sink: &'a mut S,
    positions: &'a Positions,
    carry: Carry,
}

impl<'a, S: Sink> Pump<'a, S> {
    fn new(source: &Arc<str>, file: Arc<str>, sink: &'a mut S, positions: &'a Positions) -> Self {
        let mut carry = Carry::new(source, file);
        carry.buffer = vec![0; LINE_BYTES_MAX + READ_BYTES];
        Pump {
            sink,
            positions,
            carry,
        }
    }

    fn source(&self) -> &Arc<str> {
        &self.carry.origin.source
    }

    /// Where the next bytes go. Never empty while the sink keeps its promise.
    fn room(&mut self) -> &mut [u8] {
        self.carry.room(READ_BYTES)
    }

    /// Takes note that `length` bytes were put into the room, and offers what can be offered.
    fn took(&mut self, length: usize) {
        self.carry.took(length, self.sink, self.positions);
    }

    /// Reports once that the stream is not UTF-8.
    fn report_encoding(&mut self, events: &dyn Events) {
        self.carry.report_encoding(events);
    }

    /// Nothing came for a while.
    #[cfg_attr(not(unix), allow(dead_code))]
    fn idle(&mut self) {
        if let Some(stream) = self.carry.stream {
            let _guard = self.positions.read_guard();
            self.sink.idle(stream);
            self.carry.records_over_at = self.sink.settle_records(stream, Instant::now());
        }
    }

    /// When records of several lines have waited long enough.
    #[cfg_attr(not(unix), allow(dead_code))]
    fn records_over_at(&self) -> Option<Instant> {
        self.carry.records_over_at
    }

    /// Nothing came up to now: records that have waited long enough are handed on.
    fn settle_records(&mut self) {
        self.carry.settle_records(self.sink, self.positions);
    }

    /// Reading stops before the stream has ended.
    fn stop(&mut self) {
        self.carry.stop(self.sink, self.positions);
    }

    /// Whether nothing has come yet.
    #[cfg_attr(not(unix), allow(dead_code))]
    fn is_idle(&self) -> bool {
        self.carry.stream.is_none()
    }

    /// The stream has ended by itself: what is left is a line.
    fn end(&mut self) {
        self.carry.end(self.sink, self.positions);
    }
}

/// What was read and not taken yet: the start of a line whose end is to come.
struct Carry {
    origin: Origin,
    /// Opened with the first byte: a fifo that nobody writes to is no stream.
    stream: Option<StreamId>,
    /// Where `buffer` begins, in bytes from the stream's start.
    offset: u64,
    /// Grows up to a line and what is read at once.
    buffer: Vec<u8>,
    /// How many bytes at the start of `buffer` are waiting.
    filled: usize,
    /// How many of those are known to hold no line end.
    scanned: usize,
    /// The encoding of the stream, if that is not UTF-8, until it is reported.
    encoding: Option<Encoding>,
    is_encoding_reported: bool,
    /// When records of several lines have waited long enough.
    records_over_at: Option<Instant>,
}

impl Carry {
    fn new(source: &Arc<str>, file: Arc<str>) -> Self {
        Carry {
            origin: Origin {
                source: Arc::clone(source),
                file,
            },
            stream: None,
            offset: 0,
            buffer: Vec::new(),
            filled: 0,
            scanned: 0,
            encoding: None,
            is_encoding_reported: false,
            records_over_at: None,
        }
    }

    /// Where the next bytes go: room for `length` of them while the sink keeps its promise.
    fn room(&mut self, length: usize) -> &mut [u8] {
        let end = self.filled + length;
        if self.buffer.len() < end && end <= LINE_BYTES_MAX + length {
            self.buffer.resize(end, 0);
        }
        self.buffer.get_mut(self.filled..).unwrap_or_default()
    }

    fn took<S: Sink>(&mut self, length: usize, sink: &mut S, positions: &Positions) {
        let stream = match self.stream {
            Some(stream) => stream,
            None => *self
                .stream
                .insert(sink.open(self.origin.clone(), self.offset, &[])),
        };
        self.filled = (self.filled + length).min(self.buffer.len());
        let fresh = self
            .buffer
            .get(self.scanned..self.filled)
            .unwrap_or_default();
        if memchr(b'\n', fresh).is_none() && self.filled < LINE_BYTES_MAX {
            self.scanned = self.filled;
            return;
        }
        let bytes = self.buffer.get(..self.filled).unwrap_or_default();
        if self.offset == 0 && !self.is_encoding_reported {
            self.encoding = Encoding::of(bytes);
        }
        let guard = positions.read_guard();
        let mut taken = sink.offer(stream, self.offset, bytes).min(self.filled);
        if sink.holds_records(stream) {
            self.records_over_at = sink.settle_records(stream, Instant::now());
        }
        drop(guard);
        if self.filled - taken > LINE_BYTES_MAX {
            // Reading on matters more than bytes that nobody takes.
            taken = self.filled;
        }
        self.buffer.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        self.offset += taken as u64;
        let rest = self.buffer.get(..self.filled).unwrap_or_default();
        self.scanned = if memchr(b'\n', rest).is_some() {
            0
        } else {
            self.filled
        };
    }

    fn report_encoding(&mut self, events: &dyn Events) {
        if let Some(encoding) = self.encoding.take() {
            self.is_encoding_reported = true;
            let path = Path::new(&*self.origin.file);
            events.not_utf8_text(&self.origin.source, path, encoding);
        }
    }

    /// Nothing came up to now: records that have waited long enough are handed on.
    fn settle_records<S: Sink>(&mut self, sink: &mut S, positions: &Positions) {
        let now = Instant::now();
        let is_over = self.records_over_at.is_some_and(|at| at <= now);
        if let Some(stream) = self.stream.filter(|_| is_over) {
            let _guard = positions.read_guard();
            self.records_over_at = sink.settle_records(stream, now);
        }
    }

    /// Reading stops before the stream has ended.
    fn stop<S: Sink>(&mut self, sink: &mut S, positions: &Positions) {
        if let Some(stream) = self.stream {
            let _guard = positions.read_guard();
            sink.finish_records(stream);
        }
    }

    fn end<S: Sink>(&mut self, sink: &mut S, positions: &Positions) {
        let rest = self.buffer.get(..self.filled).unwrap_or_default();
        if let Some(stream) = self.stream.take() {
            let _guard = positions.read_guard();
            sink.close(stream, self.offset, rest);
        }
        (self.offset, self.filled, self.scanned) = (0, 0, 0);
        self.records_over_at = None;
    }
}

#[cfg(test)]
mod tests;
