//! Inputs: standard input, fifos and files, followed through every kind of rotation.
//!
//! this crate owns descriptors and positions. It hands on bytes and says what happened; it knows
//! nothing of lines' contents, rules, metrics or HTTP, and needs no async runtime.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::line::Origin;
use crate::line::encoding::Encoding;
use crate::recovery::places::RotatedFolders;

mod compression;
mod files;
mod pipe_size;
mod positions;
mod recovery;
mod stop;
mod stream;
#[cfg(test)]
mod testing;
pub mod to_end;
mod watch;

pub mod line;

pub use files::file_pattern::FilePattern;
pub use files::follower::Follower;
pub use files::identity::{FileId, Fingerprint, Position};
pub use files::socket_address::SocketAddress;
pub use files::specification::{Glob, InputKind, NameFilter, Specification, SpecificationError};
pub use positions::{Positions, ReadGuard, SavedFile};
pub use stop::Stop;
pub use stream::Stream;

/// Whether reading goes on when the end is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Wait for more, until a [`Stop`] is requested.
    #[default]
    Follow,
    /// Read what exists to its end, a last line without an end included, and return.
    Once,
}

/// Where to begin in a file that exists at the start. One that appears later is read from its
/// beginning in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// At the first byte.
    #[default]
    Start,
    /// At the last line that has no end yet, or after the last byte. [`Mode::Once`] ignores it.
    End,
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Follow, or read once.
    pub mode: Mode,
    /// Where to begin.
    pub begin: Begin,
    /// How long a file that was renamed away must be idle before it is left: its writer may go on
    /// in it for a while.
    pub rotate_wait: Duration,
    /// The same for a file that was deleted. Shorter, because its space on the disk is held.
    pub deleted_wait: Duration,
    /// Folders into which files are rotated, besides their own; relative ones are in each file's folder.
    pub rotated_dirs: Vec<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            mode: Mode::default(),
            begin: Begin::default(),
            rotate_wait: Duration::from_secs(30),
            deleted_wait: Duration::from_secs(5),
            rotated_dirs: Vec::new(),
        }
    }
}

/// An input that [`Mode::Once`] could not read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
pub struct Unreadable {
    /// The file, or the glob that nothing matches.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// The readers that `specifications` need: one follower for all files (none if there are no files),
/// and one stream for each fifo, for each socket and for standard input. Each is run by a thread of its own.
/// They begin with what `positions` hold, and note in it what they read.
pub fn readers(
    specifications: Vec<Specification>,
    options: Options,
    positions: &Arc<Positions>,
) -> (Option<Follower>, Vec<Stream>) {
    let streams = specifications
        .iter()
        .filter_map(|one| Stream::new(one, options.mode, positions))
        .collect();
    let files: Vec<_> = specifications
        .into_iter()
        .filter(|one| matches!(one.kind, InputKind::File(_) | InputKind::Glob(_)))
        .collect();
    let follower =
        (!files.is_empty()).then(|| Follower::new(files, options, Arc::clone(positions)));
    (follower, streams)
}

/// Paths that cannot be looked at, and why.
pub type Problems = Vec<(PathBuf, io::Error)>;

/// The files that `specifications` name now, compressed ones among them, each with the place of its
/// specification, by path; and the folders that cannot be read. A file that is named twice belongs
/// to the first that names it.
pub fn existing(specifications: &[Specification]) -> (Vec<(usize, PathBuf)>, Problems) {
    let found = files::discover::discover(specifications, &RotatedFolders::default());
    let paths = found.paths.into_iter();
    let mut files: Vec<_> = paths.map(|(path, index)| (index, path)).collect();
    files.extend(found.compressed);
    files.sort_by(|a, b| a.1.cmp(&b.1));
    files.dedup_by(|a, b| a.1 == b.1);
    let problems = found.problems.into_iter();
    let problems = problems.map(|(_, path, error)| (path, error));
    (files, problems.collect())
}

/// A stream of bytes that a [`Sink`] has been told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(pub usize);

/// Takes the bytes that inputs read. One sink belongs to one reading thread.
pub trait Sink {
    /// A file (or standard input) was opened and will be read from `offset`, in bytes. `resume_state` is
    /// what [`Sink::resume_state`] gave at this offset before a restart; empty for a new stream.
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId;

    /// Offers `bytes`, which begin at `offset` in the stream. Returns how many of them were taken,
    /// always up to a line's end (or past an oversized piece); the rest is offered again with more
    /// bytes after it. A sink never leaves more than [`crate::line::LINE_BYTES_MAX`] bytes untaken.
    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize;

    /// Appends to `out` what is needed, besides the bytes that were not taken yet, to go on with the
    /// stream after a restart. That is nothing almost always.
    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>);

    /// The file of `to` goes on where the log of `from` was rotated: parts of records, and records of several
    /// lines, that `from` holds are held by `to` from now on, in place of what it held.
    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        let _ = (from, to);
    }

    /// Whether lines of the stream are joined to records.
    fn joins_lines(&self, stream: StreamId) -> bool {
        let _ = stream;
        false
    }

    /// Whether the stream holds records of several lines that may go on.
    fn holds_records(&self, stream: StreamId) -> bool {
        let _ = stream;
        false
    }

    /// All that is there was read by `now`: hands on the records to which nothing was added for as long as
    /// they wait. Says when to look again; `None` where no record waits.
    fn settle_records(&mut self, stream: StreamId, now: Instant) -> Option<Instant> {
        let _ = (stream, now);
        None
    }

    /// Nothing is read any more, and nothing of the stream is saved: hands on all records as they are.
    fn finish_records(&mut self, stream: StreamId) {
        let _ = stream;
    }

    /// Nothing came from standard input for a while, a second or so. Files never say it.
    fn idle(&mut self, stream: StreamId) {
        let _ = stream;
    }

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
    /// A file was replaced by another of the same name. The old one is read to its end, and as long
    /// as its writer goes on in it, before it is left.
    fn rotated(&self, source: &str, path: &Path);
    /// A file was cut short and is read again from its start.
    fn truncated(&self, source: &str, path: &Path);
    /// A file was left for good: deleted, or no longer matched.
    fn left(&self, source: &str, path: &Path);
    /// Opening or reading failed; it is tried again, with back-off. Said once per kind of error.
    fn unreadable(&self, source: &str, path: &Path, error: &io::Error);
    /// A compressed file that a glob matched is not followed. Said once for each source.
    fn ignored(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// A file that was followed before a restart is found nowhere: what was written to it since the
    /// last save cannot be counted.
    fn lost(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// A rotated file that may hold lines that were never read cannot be read, or not whole. It is tried
    /// again, with back-off.
    fn skipped(&self, source: &str, path: &Path, error: &io::Error) {
        let _ = (source, path, error);
    }
    /// A file or stream is text in another encoding than UTF-8: nothing of it is counted.
    fn not_utf8_text(&self, source: &str, path: &Path, encoding: Encoding) {
        let _ = (source, path, encoding);
    }
    /// A file was left with the first part of a record (of Kubernetes or docker) whose rest never came. The
    /// part is handed on as a line.
    fn incomplete_record(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// A file holds what another one does that is followed, or its beginning: it is a copy and not counted.
    /// Said again when a copy has grown.
    fn copy_found(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// A file has another number than the one that was followed before, or was made after the last save; but
    /// it has the same long content: it is the same file, read on where it was left.
    fn same_content(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// A file begins with the few lines that were read of another one before, and is new all the same: it is
    /// read from its start.
    fn other_content(&self, source: &str, path: &Path) {
        let _ = (source, path);
    }
    /// File events cannot be had (`why`); files are looked at by polling instead.
    fn polling(&self, why: &str);
    /// How many bytes of this source exist and are not read yet, over all its files.
    fn lag(&self, source: &str, bytes: u64);
    /// How many files of this source are open, and how many paths cannot be opened or read now.
    fn files(&self, source: &str, open: usize, unreadable: usize) {
        let _ = (source, open, unreadable);
    }
    /// Every input is open (or waited for) and what existed at the start is read. Said once by each
    /// reader for its own inputs: the follower, and each stream.
    fn caught_up(&self);
    /// Standard input or a fifo has ended.
    fn ended(&self, source: &str);
}
