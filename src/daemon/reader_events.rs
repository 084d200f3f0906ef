//! What happens while reading, as metrics and messages. One [`ReaderEvents`] for each reading thread.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{debug, info, warn};

use crate::server::Latch;
use crate::shutdown::Stop;
use logmetrics_core::metrics::self_metrics::SelfMetrics;
use logmetrics_core::rate_limit::Limited;
use logmetrics_follow::Events;
use logmetrics_follow::line::encoding::Encoding;

/// Messages of one kind about one input that are written in a minute.
pub const MESSAGES_PER_MINUTE: u32 = 3;

/// Turns what one reading thread tells into the program's own metrics and log.
pub struct ReaderEvents {
    self_metrics: Arc<SelfMetrics>,
    /// What can happen again and again; shared by all threads. A key is what is told of those
    /// messages that were held back.
    messages: Arc<Limited>,
    /// Held until this thread has read what existed at the start.
    latch: Mutex<Option<Latch>>,
    /// Told when standard input ends, where that is the end of the run.
    at_end: Option<Stop>,
}

impl ReaderEvents {
    /// Events of a thread that readiness waits for.
    pub fn new(
        self_metrics: Arc<SelfMetrics>,
        messages: Arc<Limited>,
        latch: Latch,
        at_end: Option<Stop>,
    ) -> ReaderEvents {
        ReaderEvents {
            self_metrics,
            messages,
            latch: Mutex::new(Some(latch)),
            at_end,
        }
    }
}

impl Events for ReaderEvents {
    fn waiting(&self, source: &str) {
        self.self_metrics.source(source).up.set(0);
        let key = format!("nothing at {source}");
        if let Some(more) = self.messages.admit(&key) {
            info!("nothing at {source} yet; waiting for it{more}");
        }
    }

    fn opened(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).up.set(1);
        debug!("reading {} (of {source})", path.display());
    }

    fn rotated(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).rotations.inc();
        let key = format!("files of {source} were replaced");
        if let Some(more) = self.messages.admit(&key) {
            info!(
                "{} was replaced by a new file; reading that from its start{more}",
                path.display()
            );
        }
    }

    fn truncated(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).truncations.inc();
        let key = format!("files of {source} were cut short");
        if let Some(more) = self.messages.admit(&key) {
            info!(
                "{} was cut short; reading it again from its start{more}",
                path.display()
            );
        }
    }

    fn left(&self, source: &str, path: &Path) {
        debug!("left {} (of {source})", path.display());
    }

    fn unreadable(&self, source: &str, path: &Path, error: &io::Error) {
        self.self_metrics.source(source).up.set(0);
        let key = format!("files of {source} cannot be read");
        if let Some(more) = self.messages.admit(&key) {
            warn!(
                "cannot read {}: {error}; trying again{more}",
                path.display()
            );
        }
    }

    fn ignored(&self, source: &str, path: &Path) {
        let key = format!("files of {source} are compressed and not followed");
        if let Some(more) = self.messages.admit(&key) {
            info!(
                "{} is compressed and not followed (of {source}; said once){more}",
                path.display()
            );
        }
    }

    fn lost(&self, source: &str, path: &Path) {
        warn!(
            "cannot find the file that was followed as {} (of {source}), not even beside it: what was \
             written to it since the last save is not counted",
            path.display()
        );
    }

    fn skipped(&self, _source: &str, path: &Path, error: &io::Error) {
        warn!(
            "cannot read {} whole: {error}; nothing of it is counted yet, it is tried again",
            path.display()
        );
    }

    fn not_utf8_text(&self, source: &str, path: &Path, encoding: Encoding) {
        self.self_metrics.source(source).not_utf8_files.inc();
        let key = format!("files of {source} are not UTF-8");
        if let Some(more) = self.messages.admit(&key) {
            warn!(
                "{} is {encoding}, and only UTF-8 is read: nothing of it is counted; write the log \
                 in UTF-8{more}",
                path.display()
            );
        }
    }

    fn incomplete_record(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).incomplete_records.inc();
        let key = format!("records of {source} have no end");
        if let Some(more) = self.messages.admit(&key) {
            warn!(
                "{} ends in a record whose rest never came; its part counts as a line{more}",
                path.display()
            );
        }
    }

    fn copy_found(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).copies_ignored.inc();
        let key = format!("files of {source} are copies");
        if let Some(more) = self.messages.admit(&key) {
            info!(
                "{} holds what a file that is followed holds; it is a copy and not counted{more}",
                path.display()
            );
        }
    }

    fn same_content(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).same_content.inc();
        info!(
            "{} has another inode or device than the file that was followed, and the same content: \
             reading on where that was left",
            path.display()
        );
    }

    fn other_content(&self, source: &str, path: &Path) {
        self.self_metrics.source(source).other_content.inc();
        info!(
            "{} begins like the file that was followed, and was made later: reading it from its start",
            path.display()
        );
    }

    fn polling(&self, why: &str) {
        warn!("file events cannot be had ({why}); looking at the files every 250 ms instead");
    }

    fn lag(&self, source: &str, bytes: u64) {
        self.self_metrics
            .source(source)
            .lag_bytes
            .set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn files(&self, source: &str, open: usize, unreadable: usize) {
        let counters = self.self_metrics.source(source);
        counters.up.set(i64::from(open > 0 && unreadable == 0));
        counters
            .unreadable_files
            .set(i64::try_from(unreadable).unwrap_or(i64::MAX));
    }

    fn caught_up(&self) {
        self.latch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    fn ended(&self, source: &str) {
        // A pipe that has ended has nothing left that readiness could wait for.
        self.caught_up();
        let name = if source == "-" {
            "standard input"
        } else {
            source
        };
        match &self.at_end {
            Some(stop) => {
                info!("{name} has ended");
                stop.stop();
            }
            None => info!("{name} has ended; still serving what was counted"),
        }
    }
}
