//! The labels' texts of a family, in pages that a snapshot shares with the store.
//!
//! A page is only appended to. Where a snapshot still holds the last page, the store goes on in a
//! copy of it, so a snapshot never changes and nobody waits.

use std::sync::Arc;

/// Bytes of a page; a longer text gets a page of its own size.
const PAGE_BYTES: usize = 64 * 1024;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    page: u32,
    start: u32,
    len: u32,
}

/// Texts, by their places. Cloning shares the pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pages: Vec<Arc<Vec<u8>>>,
    /// Bytes that no series uses any more.
    garbage: usize,
    used: usize,
}

impl Texts {
    /// Adds a text.
    pub(crate) fn add(&mut self, text: &[u8]) -> Place {
        let fits = self
            .pages
            .last()
            .is_some_and(|page| page.len() + text.len() <= PAGE_BYTES);
        if !fits {
            // The first page grows as it is needed: most metrics have few series.
            let capacity = if self.pages.is_empty() { 0 } else { PAGE_BYTES };
            self.pages
                .push(Arc::new(Vec::with_capacity(capacity.max(text.len()))));
        }
        let number = self.pages.len() - 1;
        let page = Arc::make_mut(&mut self.pages[number]);
        let start = page.len();
        page.extend_from_slice(text);
        self.used += text.len();
        Place {
            page: number as u32,
            start: start as u32,
            len: text.len() as u32,
        }
    }

    /// The text at a place.
    pub(crate) fn get(&self, place: Place) -> &[u8] {
        let start = place.start as usize;
        &self.pages[place.page as usize][start..start + place.len as usize]
    }

    /// A text is not needed any more.
    pub(crate) fn forget(&mut self, place: Place) {
        self.garbage += place.len as usize;
    }

    /// Whether writing the living texts anew would free at least half.
    pub(crate) fn is_mostly_garbage(&self) -> bool {
        self.garbage > PAGE_BYTES && self.garbage * 2 > self.used
    }

    /// Bytes allocated.
    pub(crate) fn capacity(&self) -> usize {
        self.pages.iter().map(|page| page.capacity()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_does_not_change() {
        let mut texts = Texts::default();
        let first = texts.add(b"one");
        let clone = texts.clone();
        let second = texts.add(b"two");
        assert_eq!(
            (texts.get(first), texts.get(second)),
            (&b"one"[..], &b"two"[..])
        );
        assert_eq!(clone.get(first), b"one");
        assert_eq!(clone.pages[0].len(), 3);
    }

    #[test]
    fn long_texts_get_their_own_page() {
        let mut texts = Texts::default();
        let long = vec![b'x'; 3 * PAGE_BYTES];
        let places = [texts.add(b"a"), texts.add(&long), texts.add(b"b")];
        assert_eq!(texts.get(places[0]), b"a");
        assert_eq!(texts.get(places[1]), &long[..]);
        assert_eq!(texts.get(places[2]), b"b");
    }
}
