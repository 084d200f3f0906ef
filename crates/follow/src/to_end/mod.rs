//! Inputs read to their end, once, by several threads: what `--once`, `report`, `explain`, `test`
//! and `doctor` read with.
//!
//! [`Inputs`] are cut into parts of whole lines ([`parts`]). Parts are numbered in the order of the
//! inputs and of their lines, and each thread takes the next. A record that one part begins and
//! the next one ends is handed from part to part ([`handover`]), so that the lines are those that
//! one thread would have read; a record goes on in the next input, too, where that is the next file of the
//! same log. What a thread does with its lines is a [`PartSink`]'s business; one that
//! needs the order of the lines waits in [`PartSink::end`] for its turn.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::line::multiline::{Cuts, Multiline};
use crate::line::{Line, Origin};

mod handover;
mod inputs;
mod lines;
mod parts;
mod progress;
#[cfg(test)]
mod tests;

pub use crate::compression::decompressed;
pub use inputs::Inputs;

use lines::PartReader;
use parts::Queue;

/// Takes the lines of parts. Each thread has its own.
pub trait PartSink {
    /// The part with this number begins. A thread's numbers rise; over all threads every number
    /// comes once.
    fn begin(&mut self, part: u64, origin: &Origin);

    /// The next line of the input as it is written, which begins at this offset: before it is unwrapped and
    /// joined. For those who number lines.
    fn raw_line(&mut self, offset: u64, raw: &[u8]) {
        let _ = (offset, raw);
    }

    /// The next line of the part. It begins `offset` bytes into its input (of decompressed bytes,
    /// where the input is compressed).
    fn line(&mut self, offset: u64, line: &Line<'_>);

    /// A record of the input has no end: its rest did not come. What there is of it is the last line.
    fn incomplete_record(&mut self, origin: &Origin) {
        let _ = origin;
    }

    /// So many records of several lines of the part came apart.
    fn records_cut(&mut self, origin: &Origin, cuts: Cuts) {
        let _ = (origin, cuts);
    }

    /// The part has ended; `oversized` of its lines were cut. Returns false where nobody wants more.
    fn end(&mut self, oversized: u64) -> bool {
        let _ = oversized;
        true
    }
}

/// An input that could not be read, or not to its end.
#[derive(Debug)]
pub struct InputError {
    /// What the input is called, for people.
    name: String,
    is_compressed: bool,
    /// Lines that were read before.
    lines: u64,
    /// Why.
    pub error: io::Error,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, lines, error) = (&self.name, self.lines, &self.error);
        match lines {
            0 if !self.is_compressed => write!(f, "cannot read {name}: {error}"),
            _ if self.is_compressed => write!(
                f,
                "{name} is damaged or cut short: {error}; its first {lines} lines count, the rest is lost"
            ),
            _ => write!(
                f,
                "cannot read {name} to its end: {error}; its first {lines} lines count"
            ),
        }
    }
}

/// Reads `inputs` to their end with up to `threads` threads, this one among them, each of which makes
/// its own sink. `progress` is how many bytes of files were read so far.
///
/// Gives the sinks, and what could not be read, in the order of the inputs.
pub fn read<S: PartSink + Send>(
    inputs: Inputs,
    threads: usize,
    sink: impl Fn() -> S + Sync,
    progress: &Arc<AtomicU64>,
) -> (Vec<S>, Vec<InputError>) {
    let is_shared = threads > 1;
    let queue = Mutex::new(Queue::new(inputs));
    let locked = || queue.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let mut sink = sink();
        let mut reader = PartReader::new(is_shared);
        loop {
            let next = locked().next_part(progress, &mut reader.spare);
            let Some(mut part) = next else {
                break;
            };
            let (wants_more, result) = reader.read(&mut part, &mut sink, progress);
            if let Err(error) = result {
                locked().read_failed(&part, error);
            }
            if !wants_more {
                locked().leave_the_rest();
            }
        }
        sink
    };
    let sinks = std::thread::scope(|scope| {
        let spawn = |_| {
            let thread = std::thread::Builder::new().name("read-to-end".to_owned());
            // Where no more threads can be had, there are fewer.
            thread.spawn_scoped(scope, work).ok()
        };
        let others: Vec<_> = (1..threads).filter_map(spawn).collect();
        let mut sinks = vec![work()];
        for other in others {
            match other.join() {
                Ok(sink) => sinks.push(sink),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        sinks
    });
    let queue = queue.into_inner().unwrap_or_else(PoisonError::into_inner);
    (sinks, queue.into_errors())
}

/// Calls `each` for every line of one input, in order, on this thread, until it says that it has
/// had enough.
///
/// # Errors
/// What reading gives.
pub fn read_lines(
    source: &Origin,
    bytes: impl io::Read + Send + 'static,
    each: impl FnMut(u64, &Line<'_>) -> bool + Send,
) -> io::Result<()> {
    read_records(source, bytes, None, each)
}

/// The same for every record of several lines, as `multiline` joins them.
///
/// # Errors
/// What reading gives.
pub fn read_records(
    source: &Origin,
    bytes: impl io::Read + Send + 'static,
    multiline: Option<&Arc<Multiline>>,
    each: impl FnMut(u64, &Line<'_>) -> bool + Send,
) -> io::Result<()> {
    let mut inputs = Inputs::default();
    inputs.add_joined(source.clone(), bytes, multiline.cloned());
    let each = Mutex::new(each);
    let sink = || Each {
        each: &each,
        wants_more: true,
    };
    let (_, errors) = read(inputs, 1, sink, &Arc::default());
    errors.into_iter().next().map_or(Ok(()), |it| Err(it.error))
}

/// A function as a sink.
struct Each<'e, F> {
    each: &'e Mutex<F>,
    wants_more: bool,
}

impl<F: FnMut(u64, &Line<'_>) -> bool> PartSink for Each<'_, F> {
    fn begin(&mut self, _part: u64, _origin: &Origin) {}

    fn line(&mut self, offset: u64, line: &Line<'_>) {
        if self.wants_more {
            let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
            self.wants_more = each(offset, line);
        }
    }

    fn end(&mut self, _oversized: u64) -> bool {
        self.wants_more
    }
}

/// What the parts of one input share.
#[derive(Debug)]
struct Input {
    origin: Origin,
    /// What it is called, for people.
    name: String,
    /// Lines that were read so far.
    lines: AtomicU64,
}

impl Input {
    fn new(origin: Origin, name: String) -> Arc<Input> {
        Arc::new(Input {
            origin,
            name,
            lines: AtomicU64::new(0),
        })
    }

    fn error(&self, error: io::Error, is_compressed: bool) -> InputError {
        InputError {
            name: self.name.clone(),
            is_compressed,
            lines: self.lines.load(Ordering::Relaxed),
            error,
        }
    }
}
