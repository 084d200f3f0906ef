//! `--once` on a long file: a progress line on standard error, on a terminal only.

use std::io;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use logmetrics_core::pipeline::Worker;
use logmetrics_follow::line::Origin;
use logmetrics_follow::{Events, InputKind, Sink, Specification, StreamId};

/// Shorter files are read before anybody could read a progress line, in bytes.
const LONG_BYTES: u64 = 64 << 20;

/// The line, or nothing.
pub struct Progress {
    bar: ProgressBar,
}

/// A worker whose bytes move the line on.
pub struct Watched<'p> {
    worker: Worker,
    progress: &'p Progress,
}

impl Progress {
    /// A line for what these inputs hold now; hidden where that is little, or no terminal is there.
    pub fn new(inputs: &[Specification]) -> Progress {
        let size = |input: &Specification| match &input.kind {
            InputKind::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            _ => 0,
        };
        let total: u64 = inputs.iter().map(size).sum();
        if total < LONG_BYTES {
            return Progress {
                bar: ProgressBar::hidden(),
            };
        }
        // indicatif draws to standard error, and only where that is a terminal.
        let bar = ProgressBar::new(total);
        let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar }
    }

    /// The files are read a second time.
    pub fn begin_again(&self) {
        self.bar.reset();
    }

    /// Takes the line away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl<'p> Watched<'p> {
    /// Watches a worker.
    pub fn new(worker: Worker, progress: &'p Progress) -> Watched<'p> {
        Watched { worker, progress }
    }
}

impl Sink for Watched<'_> {
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
        self.worker.open(origin, offset, resume_state)
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        let taken = self.worker.offer(stream, offset, bytes);
        self.progress.bar.inc(taken as u64);
        taken
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        self.worker.carry_over(from, to);
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        self.worker.resume_state(stream, out);
    }

    fn idle(&mut self, stream: StreamId) {
        self.worker.idle(stream);
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        self.worker.close(stream, offset, rest);
    }
}

/// Reading once ends by itself, and what goes wrong is returned: there is little to tell.
impl Events for Progress {
    fn waiting(&self, _source: &str) {}
    fn opened(&self, _source: &str, _path: &Path) {}
    fn rotated(&self, _source: &str, _path: &Path) {}
    fn truncated(&self, _source: &str, _path: &Path) {}
    fn left(&self, _source: &str, _path: &Path) {}
    fn unreadable(&self, source: &str, path: &Path, error: &io::Error) {
        tracing::warn!("cannot read {} (of {source}): {error}", path.display());
    }
    fn ignored(&self, source: &str, path: &Path) {
        tracing::warn!(
            "{} (of {source}) is compressed and not read",
            path.display()
        );
    }
    fn polling(&self, _why: &str) {}
    fn lag(&self, _source: &str, _bytes: u64) {}
    fn caught_up(&self) {}
    fn ended(&self, _source: &str) {}
}
