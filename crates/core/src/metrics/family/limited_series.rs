//! Where limits have sent an update: the series that it is part of now.

use std::hash::BuildHasher;

use super::super::batch::Named;
use super::Family;

/// The series that an update went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landed<'f> {
    /// The text of its labels.
    pub labels: &'f [u8],
    /// What limits of labels made of the labels that were asked for.
    pub within_labels: &'f [u8],
    /// Whether it is there because there was no room for another series.
    pub is_full: bool,
}

impl Family {
    /// Where the update that was made last went to; `named` is the series that it was for.
    pub(crate) fn landed<'f>(&'f self, named: &Named<'f>) -> Landed<'f> {
        let has = |text: &[u8]| {
            let hash = self.hasher.hash_one(text);
            self.find(text, hash).is_some()
        };
        if self.find(named.text, named.hash).is_some() {
            return Landed {
                labels: named.text,
                within_labels: named.text,
                is_full: false,
            };
        }
        // Whatever was not there went through the limits, and what they made of it is still here.
        let limited = self.limited_text.as_slice();
        let is_full = !has(limited);
        Landed {
            labels: if is_full { &self.overflow } else { limited },
            within_labels: limited,
            is_full,
        }
    }
}
