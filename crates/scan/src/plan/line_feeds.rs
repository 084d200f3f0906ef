//! Whether texts with line feeds may come, of which plans know nothing.
//!
//! A line has none, and most programs never see a record of several lines. So it is known to the whole
//! process once the first one comes, and looked for only then.

use std::sync::atomic::{AtomicBool, Ordering};

static ARE_EXPECTED: AtomicBool = AtomicBool::new(false);

/// From now on texts with line feeds come: plans answer [`Outcome::Unsure`](super::Outcome::Unsure) for them.
#[inline]
pub fn expect_line_feeds() {
    if !ARE_EXPECTED.load(Ordering::Relaxed) {
        ARE_EXPECTED.store(true, Ordering::Relaxed);
    }
}

/// Whether a plan can say nothing of a text. It was told by whoever made the text, on the same thread.
#[inline(always)]
pub(super) fn are_in(text: &[u8]) -> bool {
    ARE_EXPECTED.load(Ordering::Relaxed) && memchr::memchr(b'\n', text).is_some()
}
