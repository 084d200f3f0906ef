//! Inputs: standard input, fifos and files, followed through every kind of rotation.
//!
//! This room owns descriptors and positions. It hands on bytes and says what happened; it knows
//! nothing of lines' contents, rules, metrics or HTTP, and needs no async runtime.

use std::io;
use std::path::Path;

use crate::line::Origin;

/// A stream of bytes that a [`Sink`] has been told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(pub usize);

/// Takes the bytes that inputs read. One sink belongs to one reading thread.
pub trait Sink {
    /// A file (or standard input) was opened and will be read from `offset`, in bytes.
    fn open(&mut self, origin: Origin, offset: u64) -> StreamId;

    /// Offers `bytes`, which begin at `offset` in the stream. Returns how many of them were taken,
    /// always up to a line's end (or past an oversized piece); the rest is offered again with more
    /// bytes behind it. A sink never leaves more than [`crate::line::LINE_BYTES_MAX`] bytes untaken.
    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize;

    /// The stream has been left. `rest` is what was never taken: a last line without an end.
    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]);
}

/// What can happen while reading. Production turns it into metrics and messages, tests into a list.
///
/// `source` is always the input as the command line names it.
pub trait Events: Send + Sync {
    /// Nothing is there yet under this name; it is waited for. Said once for each time of absence.
    fn waiting(&self, source: &str);
    /// A file was opened.
    fn opened(&self, source: &str, path: &Path);
    /// A file was replaced by another of the same name, and read to its end before it was left.
    fn rotated(&self, source: &str, path: &Path);
    /// A file was cut short and is read again from its start.
    fn truncated(&self, source: &str, path: &Path);
    /// A file was left for good: deleted, or no longer matched.
    fn left(&self, source: &str, path: &Path);
    /// Opening or reading failed; it is tried again, with back-off. Said once per kind of error.
    fn unreadable(&self, source: &str, path: &Path, error: &io::Error);
    /// File events cannot be had (`why`); files are looked at by polling instead.
    fn polling(&self, why: &str);
    /// How many bytes of this source exist and are not read yet, over all its files.
    fn lag(&self, source: &str, bytes: u64);
    /// Every input is open (or waited for) and what existed at the start is read. Said once.
    fn caught_up(&self);
    /// Standard input or a fifo has ended.
    fn ended(&self, source: &str);
}
