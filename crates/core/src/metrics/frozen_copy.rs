//! The store at one instant, to be saved; and what was saved, to be a store again.
//!
//! An [`Image`] shares its memory with the store, as a snapshot does, and costs only what is written
//! meanwhile: a chunk of a column (8 KiB) is copied at its first change. Two images tell what
//! happened between them without a look at what they share. Knows no file.

use std::borrow::Cow;
use std::sync::Arc;

use super::column::Column;
use super::definition::Definition;
use super::family::{Creation, FREE, Family};
use super::label_text::Texts;

/// The series of all metrics.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// One for each metric, in the order of the definitions.
    pub families: Vec<FamilyImage>,
    /// How many series the store had created by then, forgotten ones too.
    pub series_created: u64,
}

#[derive(Debug, Clone)]
pub struct FamilyImage {
    pub definition: Arc<Definition>,
    /// What limits have sent elsewhere.
    pub limited: Limited,
    creations: Column<Creation>,
    values: Column<u64>,
    updated_s: Column<u32>,
    texts: Texts,
    value_texts: Texts,
}

/// Updates that limits have sent to another series than the one they named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limited {
    /// By the limit on series.
    pub series_limited_total: u64,
    /// By the limit on each label's values, in the order of the definition.
    pub label_limited_totals: Vec<u64>,
}

/// One series of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesImage<'i> {
    /// The labels as they are printed, without braces.
    pub labels: &'i [u8],
    /// When it was created, in milliseconds since 1970.
    pub created_ms: u64,
    /// How many series of any metric were created before.
    pub creation_number: u64,
    /// When it was last updated, in seconds since 1970.
    pub updated_s: u32,
    /// The value's bits; of a histogram the observations in each bucket alone, `+Inf` last, and then
    /// the sum's bits; of a text its length, and its bytes eight by eight.
    pub values: Cow<'i, [u64]>,
}

#[derive(Debug, Clone, Default)]
pub struct SavedFamily {
    /// What limits had sent elsewhere.
    pub limited: Limited,
    pub series: Vec<SavedSeries>,
}

/// One series as it was saved: a [`SeriesImage`] and the number of its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSeries {
    pub slot: u32,
    pub labels: Box<[u8]>,
    pub created_ms: u64,
    pub creation_number: u64,
    pub updated_s: u32,
    pub values: Box<[u64]>,
}

/// What was saved is no state that a store can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{metric}` has {what}")]
pub struct Unfit {
    pub metric: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl FamilyImage {
    /// Takes what there is; copies little.
    pub(crate) fn take(family: &mut Family) -> FamilyImage {
        FamilyImage {
            definition: Arc::clone(&family.definition),
            limited: Limited {
                series_limited_total: family.series_limited_total,
                label_limited_totals: family.limits.limited_totals().collect(),
            },
            creations: family.creations.share(),
            values: family.values.share(),
            updated_s: family.updated_s.share(),
            texts: family.texts.clone(),
            value_texts: family.value_texts.clone(),
        }
    }

    /// The series in a slot, if one lives there.
    pub fn series_at(&self, slot: u32) -> Option<SeriesImage<'_>> {
        let row = slot as usize;
        if row >= self.updated_s.rows() || *self.updated_s.only(row) == FREE {
            return None;
        }
        let creation = self.creations.only(row);
        let values = self.values.row(row);
        Some(SeriesImage {
            labels: self.texts.get(creation.place),
            created_ms: creation.created_ms,
            creation_number: creation.creation_number,
            updated_s: *self.updated_s.only(row),
            values: match self.definition.kind.stored(values, &self.value_texts) {
                Some(stored) => Cow::Owned(stored),
                None => Cow::Borrowed(values),
            },
        })
    }

    /// All series, by the numbers of their slots.
    pub fn series(&self) -> impl Iterator<Item = (u32, SeriesImage<'_>)> {
        let slots = 0..self.updated_s.rows() as u32;
        slots.filter_map(|slot| Some((slot, self.series_at(slot)?)))
    }

    /// The slots whose series may be another, or have other values, than in an earlier image of the
    /// same metric: rising, each once. Costs next to nothing where nothing changed.
    pub fn changed_since(&self, before: &FamilyImage) -> Vec<u32> {
        let creations = self.creations.changed(&before.creations);
        let values = self.values.changed(&before.values);
        let updated_s = self.updated_s.changed(&before.updated_s);
        let mut ranges: Vec<_> = creations.chain(values).chain(updated_s).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let mut slots = Vec::new();
        let mut next = 0;
        for range in ranges {
            slots.extend((range.start.max(next)..range.end).map(|row| row as u32));
            next = next.max(range.end);
        }
        slots
    }
}
