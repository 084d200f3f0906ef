//! With a checkpoint, `/metrics` shows what is saved, and nothing else: otherwise a page after a crash
//! could show less than one before, which Prometheus takes for a reset, and adds the whole value again.
//!
//! A scrape asks for a save and is answered with what that save holds; scrapes that come meanwhile
//! share the next one. So a page is as fresh as without a checkpoint, a save later, and reading pauses
//! no longer than for any save. Showing the last regular save instead would cost nothing, but be up to
//! `--state-interval` old; refusing scrapes after a crash until old values are reached again would
//! take `up` down, and for ever where a log is gone.
//!
//! A disk that is full or hangs must not hide what is counted: where a save fails the page shows what
//! it would have saved, and where none ends in time, what is counted now. A crash before the next
//! save can then make values fall.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use logmetrics_core::checkpoint::{SaveTrigger, SavedPage};

/// How long a scrape waits for a save.
const WAIT: Duration = Duration::from_secs(2);

/// An older save is not shown where a newer one does not end.
const STALE: Duration = Duration::from_secs(10);

/// The pages that saves published.
pub struct SavedPages {
    trigger: SaveTrigger,
    published: watch::Receiver<Option<Arc<SavedPage>>>,
}

/// Where saves publish their pages.
pub type Publisher = watch::Sender<Option<Arc<SavedPage>>>;

impl SavedPages {
    pub fn new(
        trigger: SaveTrigger,
        published: watch::Receiver<Option<Arc<SavedPage>>>,
    ) -> SavedPages {
        SavedPages { trigger, published }
    }

    /// A page of a save that began at `since` or later; none where the disk hangs or nothing is saved
    /// any more.
    pub async fn page(&self, since: Instant) -> Option<Arc<SavedPage>> {
        let mut published = self.published.clone();
        let is_fresh =
            |page: &Option<Arc<SavedPage>>| page.as_ref().is_some_and(|page| page.begun >= since);
        if !is_fresh(&published.borrow()) && !self.trigger.save() {
            return None;
        }
        let fresh = tokio::time::timeout(WAIT, published.wait_for(is_fresh)).await;
        if let Ok(Ok(page)) = fresh {
            return page.clone();
        }
        let latest = self.published.borrow().clone();
        latest.filter(|page| page.is_saved && page.begun.elapsed() < STALE)
    }
}
