//! Reading pipes on Unix: sleeping in poll(2) on the pipe and on the stop at once.
//!
//! No lines are cut here; see [`super::Pump`].

use std::fs::File;
use std::io::{self, PipeReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::{Pump, READ_BYTES, Stream};
use crate::files::identity::{self, FileId};
use crate::pipe_size;
use crate::stop::Stop;
use crate::{Events, Mode, Sink};

/// How often a fifo's name is looked at: another one may have taken it.
const NAME_LOOK: Duration = Duration::from_secs(2);

/// How long nothing must come from standard input until its sink is told.
const IDLE_LOOK: Duration = Duration::from_secs(1);
const RETRY_DELAY_MIN: Duration = Duration::from_millis(100);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(2);

/// Why a reading loop came back.
#[derive(Debug, PartialEq, Eq)]
enum Pause {
    /// No writer is left, and nothing to read.
    End,
    /// A stop was requested, and what existed then is read.
    Stopped,
    /// It is time to look at the name again.
    Look,
}

pub(crate) fn run<S: Sink>(
    stream: &Stream,
    sink: &mut S,
    events: &dyn Events,
    stop: &Stop,
) -> io::Result<()> {
    let Some(path) = &stream.path else {
        return read_input(stream, io::stdin().as_fd(), sink, events, stop);
    };
    let name = path.to_string_lossy();
    let pump = Pump::new(&stream.source, Arc::from(name), sink, &stream.positions);
    let reader = Reader {
        pump,
        events,
        bell: bell(stop)?,
        lag: None,
        unread_at_start: Some(0),
    };
    Fifo {
        reader,
        path,
        said: None,
        opened: false,
        is_fifo: true,
    }
    .run(stream.mode)
}

/// Reads a descriptor that somebody else has opened: a pipe, a terminal, or a redirected file.
pub(crate) fn read_input<S: Sink>(
    stream: &Stream,
    input: BorrowedFd<'_>,
    sink: &mut S,
    events: &dyn Events,
    stop: &Stop,
) -> io::Result<()> {
    let source = &stream.source;
    let pump = Pump::new(source, Arc::clone(source), sink, &stream.positions);
    let mut reader = Reader {
        pump,
        events,
        bell: bell(stop)?,
        lag: None,
        unread_at_start: Some(0),
    };
    events.opened(source, Path::new(&**source));
    reader.start(input);
    loop {
        match reader.read(input, Some(IDLE_LOOK))? {
            Pause::Look => reader.pump.idle(),
            Pause::Stopped => {
                reader.pump.stop();
                return Ok(());
            }
            Pause::End => {
                reader.pump.end();
                events.ended(source);
                return Ok(());
            }
        }
    }
}

/// A pipe that has a byte in it, which nobody takes out, once the stop is requested: it ends every
/// sleep from then on.
pub(super) fn bell(stop: &Stop) -> io::Result<PipeReader> {
    let (bell, ring) = io::pipe()?;
    stop.on_request(move || {
        let _ = (&ring).write(b"!");
    });
    Ok(bell)
}

/// Reads one descriptor after the other into a pump.
struct Reader<'a, S> {
    pump: Pump<'a, S>,
    events: &'a dyn Events,
    bell: PipeReader,
    /// What was last said.
    lag: Option<u64>,
    /// How many bytes of what existed at the start are still to be read; none once that is said.
    unread_at_start: Option<u64>,
}

impl<S: Sink> Reader<'_, S> {
    fn start(&mut self, input: BorrowedFd<'_>) {
        pipe_size::widen(input);
        self.unread_at_start = self
            .unread_at_start
            .map(|_| ioctl_fionread(input).unwrap_or(0));
        self.caught_up(0);
    }

    /// Reads until the input ends, a stop is requested, or `look` has passed without a byte.
    fn read(&mut self, input: BorrowedFd<'_>, look: Option<Duration>) -> io::Result<Pause> {
        let mut look_at = look.map(|look| Instant::now() + look);
        loop {
            let next = look_at.into_iter().chain(self.pump.records_over_at()).min();
            let timeout = next.map(|at| at.saturating_duration_since(Instant::now()));
            let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
            let mut both = [
                PollFd::from_borrowed_fd(input, PollFlags::IN),
                PollFd::from_borrowed_fd(self.bell.as_fd(), PollFlags::IN),
            ];
            match poll(&mut both, timeout.as_ref()) {
                Ok(0) => {
                    self.pump.settle_records();
                    if look_at.is_some_and(|at| at <= Instant::now()) {
                        return Ok(Pause::Look);
                    }
                    continue;
                }
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [ready, stopped] = both.map(|one| !one.revents().is_empty());
            if stopped {
                return self.drain(input);
            }
            if ready && self.take(input, READ_BYTES)? == Some(0) {
                return Ok(Pause::End);
            }
            look_at = look.map(|look| Instant::now() + look);
        }
    }

    /// Reads once, at most `limit` bytes. None means that there is nothing to read after all.
    fn take(&mut self, input: BorrowedFd<'_>, limit: usize) -> io::Result<Option<usize>> {
        let room = self.pump.room();
        let length = room.len().min(limit);
        let Some(room) = room.get_mut(..length) else {
            return Ok(None);
        };
        match rustix::io::read(input, room) {
            Ok(0) => Ok(Some(0)),
            Ok(length) => {
                self.pump.took(length);
                self.pump.report_encoding(self.events);
                self.say_lag(input);
                self.caught_up(length as u64);
                Ok(Some(length))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what the pipe holds now, and no more: its writer may never pause.
    fn drain(&mut self, input: BorrowedFd<'_>) -> io::Result<Pause> {
        let mut left = ioctl_fionread(input).unwrap_or(0);
        while left > 0 {
            let limit = usize::try_from(left).unwrap_or(READ_BYTES);
            match self.take(input, limit)? {
                Some(0) => return Ok(Pause::End),
                Some(read) => left = left.saturating_sub(read as u64),
                None => break,
            }
        }
        Ok(Pause::Stopped)
    }

    fn say_lag(&mut self, input: BorrowedFd<'_>) {
        if let Ok(lag) = ioctl_fionread(input)
            && self.lag.replace(lag) != Some(lag)
        {
            self.events.lag(self.pump.source(), lag);
        }
    }

    fn caught_up(&mut self, read: u64) {
        let Some(unread_at_start) = &mut self.unread_at_start else {
            return;
        };
        *unread_at_start = unread_at_start.saturating_sub(read);
        if *unread_at_start == 0 {
            self.unread_at_start = None;
            self.events.caught_up();
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

/// A fifo, or a device that is read like one, under its name.
struct Fifo<'a, 'b, S> {
    reader: Reader<'a, S>,
    path: &'b Path,
    /// The last error that was said.
    said: Option<io::ErrorKind>,
    opened: bool,
    is_fifo: bool,
}

impl<S: Sink> Fifo<'_, '_, S> {
    fn run(&mut self, mode: Mode) -> io::Result<()> {
        let mut delay = RETRY_DELAY_MIN;
        let mut input: Option<File> = None;
        loop {
            let session = self.open().and_then(|next| {
                delay = RETRY_DELAY_MIN;
                // The old descriptor is dropped only here: what a new writer has put into the fifo
                // meanwhile would be gone if nobody had it open for reading.
                self.session(input.insert(next))
            });
            match session {
                Ok(Pause::Stopped) => {
                    self.reader.pump.stop();
                    return Ok(());
                }
                Ok(Pause::End | Pause::Look) => {
                    let idle = self.reader.pump.is_idle();
                    self.reader.pump.end();
                    if mode == Mode::Once || !self.is_fifo {
                        self.reader.events.ended(self.reader.pump.source());
                        return Ok(());
                    }
                    // Some systems report the end of a fifo that no writer has opened yet.
                    if idle && self.reader.sleep(RETRY_DELAY_MIN)? {
                        return Ok(());
                    }
                }
                Err(error) if mode == Mode::Once => return Err(error),
                Err(error) => {
                    self.say(&error);
                    self.reader.pump.end();
                    self.reader.caught_up(u64::MAX);
                    if self.reader.sleep(delay)? {
                        return Ok(());
                    }
                    delay = (delay * 2).min(RETRY_DELAY_MAX);
                }
            }
        }
    }

    /// Reads one descriptor until its writers are gone or its name leads elsewhere.
    fn session(&mut self, input: &File) -> io::Result<Pause> {
        self.reader.start(input.as_fd());
        let here = FileId::of(self.path, &input.metadata()?);
        loop {
            let pause = self.reader.read(input.as_fd(), Some(NAME_LOOK))?;
            let there = || std::fs::metadata(self.path).map(|there| FileId::of(self.path, &there));
            if pause != Pause::Look || there().ok() != Some(here) {
                return Ok(pause);
            }
        }
    }

    /// Opens without waiting for a writer.
    fn open(&mut self) -> io::Result<File> {
        let file = identity::open(self.path)?;
        let kind = file.metadata()?.file_type();
        self.is_fifo = kind.is_fifo();
        if !kind.is_fifo() && !kind.is_char_device() {
            let text = "expected a fifo, but found something else";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        self.said = None;
        if !self.opened {
            self.opened = true;
            self.reader
                .events
                .opened(self.reader.pump.source(), self.path);
        }
        Ok(file)
    }

    fn say(&mut self, error: &io::Error) {
        if self.said.replace(error.kind()) == Some(error.kind()) {
            return;
        }
        self.opened = false;
        let source = self.reader.pump.source();
        if error.kind() == io::ErrorKind::NotFound {
            self.reader.events.waiting(source);
        } else {
            self.reader.events.unreadable(source, self.path, error);
        }
    }
}
