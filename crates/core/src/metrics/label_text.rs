//! The labels' texts of a metric, in pages that a snapshot shares with the store.
//!
//! A page is only appended to. Where a snapshot still holds the last page, the store goes on in a
//! copy of it, so a snapshot never changes and nobody waits. Does not know what a text says.

use std::sync::Arc;

/// Bytes of a page; a longer text gets a page of its own size.
const PAGE_BYTES: usize = 64 * 1024;

/// Where a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextRange {
    page: u32,
    start: u32,
    len: u32,
}

impl TextRange {
    /// The place as two numbers, for a row of them.
    pub(crate) fn numbers(self) -> [u64; 2] {
        let place = u64::from(self.page) << 32 | u64::from(self.start);
        [place, self.len.into()]
    }

    pub(crate) fn of_numbers([place, len]: [u64; 2]) -> TextRange {
        TextRange {
            page: (place >> 32) as u32,
            start: place as u32,
            len: len as u32,
        }
    }
}

/// Texts, by their places. Cloning shares the pages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pages: Vec<Arc<Vec<u8>>>,
    used: usize,
    /// Bytes that no series uses any more.
    garbage: usize,
}

impl Texts {
    pub(crate) fn add(&mut self, text: &[u8]) -> TextRange {
        let last = self.pages.last();
        if last.is_none_or(|page| page.len() + text.len() > PAGE_BYTES) {
            // The first page grows as it is needed: most metrics have few series.
            let capacity = if last.is_none() { 0 } else { PAGE_BYTES };
            let page = Vec::with_capacity(capacity.max(text.len()));
            self.pages.push(Arc::new(page));
        }
        let number = self.pages.len() - 1;
        let page = owned(&mut self.pages[number]);
        let start = page.len();
        page.extend_from_slice(text);
        self.used += text.len();
        TextRange {
            page: number as u32,
            start: start as u32,
            len: text.len() as u32,
        }
    }

    pub(crate) fn get(&self, place: TextRange) -> &[u8] {
        // No text is on no page: that is the place of one that was not set yet.
        if place.len == 0 {
            return b"";
        }
        let start = place.start as usize;
        &self.pages[place.page as usize][start..start + place.len as usize]
    }

    /// A text is not needed any more.
    pub(crate) fn forget(&mut self, place: TextRange) {
        self.garbage += place.len as usize;
    }

    /// Whether writing the living texts again would free more than half, and at least a page.
    pub(crate) fn is_mostly_garbage(&self) -> bool {
        self.garbage > PAGE_BYTES && self.garbage * 2 > self.used
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        let pages: usize = self.pages.iter().map(|page| page.capacity()).sum();
        pages + self.pages.capacity() * size_of::<Arc<Vec<u8>>>()
    }
}

/// The page, copied first where a snapshot holds it.
fn owned(page: &mut Arc<Vec<u8>>) -> &mut Vec<u8> {
    if Arc::get_mut(page).is_none() {
        // A plain clone would be full, and then grow to twice the size of a page.
        let mut copy = Vec::with_capacity(page.capacity());
        copy.extend_from_slice(page);
        *page = Arc::new(copy);
    }
    Arc::make_mut(page)
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
        assert_eq!(texts.get(first), b"one");
        assert_eq!(texts.get(second), b"two");
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

    #[test]
    fn pages_are_filled_also_while_snapshots_are_taken() {
        let mut texts = Texts::default();
        let text = [b'x'; 100];
        for _ in 0..10_000 {
            let snapshot = texts.clone();
            texts.add(&text);
            drop(snapshot);
        }
        let allowed = 1_000_000 * 11 / 10;
        assert!(
            texts.capacity_bytes() < allowed,
            "{}",
            texts.capacity_bytes()
        );
    }
}
