//! All values at one instant: the only thing that the exposition sees.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::definition::{Definition, Kind};
use super::family::{Changes, Entry, Exemplars, Family, Kept, Numbers};
use super::labels;
use super::texts::Texts;

/// All families, sorted by name as their definitions are.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// One for each metric.
    pub families: Vec<FamilySnapshot>,
}

/// One metric's series, sorted by the values of their labels.
#[derive(Debug, Clone)]
pub struct FamilySnapshot {
    /// What the metric is.
    pub definition: Arc<Definition>,
    texts: Texts,
    numbers: Numbers,
    exemplars: Exemplars,
    order: Arc<Vec<Entry>>,
}

/// One series of a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Series<'s> {
    family: &'s FamilySnapshot,
    entry: Entry,
}

/// The sorted list of a family's series, kept from snapshot to snapshot.
#[derive(Debug, Default)]
pub(crate) struct Order {
    entries: Arc<Vec<Entry>>,
}

/// What was copied under the lock; sorting comes after.
#[derive(Debug)]
pub(crate) struct Copied {
    family: FamilySnapshot,
    changes: Changes,
    all: Option<Vec<Entry>>,
    sorts_as_text: bool,
}

impl FamilySnapshot {
    /// Copies what changes and takes the list of births. Called under the store's lock.
    pub(crate) fn copy(family: &mut Family) -> Copied {
        let changes = std::mem::take(&mut family.changes);
        let all = changes.moved.then(|| family.entries().collect());
        Copied {
            family: FamilySnapshot {
                definition: Arc::clone(&family.definition),
                texts: family.texts.clone(),
                numbers: family.numbers.clone(),
                exemplars: family.exemplars.clone(),
                order: Arc::default(),
            },
            changes,
            all,
            sorts_as_text: family.sorts_as_text,
        }
    }

    /// The series in their order.
    pub fn series(&self) -> impl Iterator<Item = Series<'_>> {
        self.order.iter().map(|&entry| Series {
            family: self,
            entry,
        })
    }

    /// The series from number `start` of the order on.
    pub fn series_from(&self, start: usize) -> impl Iterator<Item = Series<'_>> {
        self.order[start.min(self.order.len())..]
            .iter()
            .map(|&entry| Series {
                family: self,
                entry,
            })
    }

    /// How many series there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no series.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl<'s> Series<'s> {
    /// The labels as they are printed, without braces: `route="a",status="200"`.
    pub fn labels(&self) -> &'s [u8] {
        self.family.texts.get(self.entry.place)
    }

    /// The value of a counter or gauge; the sum of a histogram.
    pub fn value(&self) -> f64 {
        match &self.family.numbers {
            Numbers::Scalar(values) => values[self.entry.id as usize],
            Numbers::Histogram { sums, .. } => sums[self.entry.id as usize],
        }
    }

    /// How many observations fell into each bucket alone, `+Inf` last; nothing for other types.
    pub fn bucket_counts(&self) -> &'s [u64] {
        let (Numbers::Histogram { counts, .. }, Kind::Histogram { buckets }) =
            (&self.family.numbers, &self.family.definition.kind)
        else {
            return &[];
        };
        let stride = buckets.len() + 1;
        &counts[self.entry.id as usize * stride..][..stride]
    }

    /// When the series was born, in milliseconds since 1970.
    pub fn created_ms(&self) -> u64 {
        self.entry.created_ms
    }

    /// The number of its birth, which no other series of the metric ever has.
    pub fn born(&self) -> u32 {
        self.entry.born
    }

    /// The last exemplar of a bucket; of a counter that of bucket 0.
    pub fn exemplar(&self, bucket: usize) -> Option<&'s Kept> {
        if self.family.exemplars.is_empty() {
            return None;
        }
        self.family.exemplars.get(&(self.entry.id, bucket as u32))
    }
}

impl Copied {
    /// Brings the sorted list up to date. Not under the store's lock.
    pub(crate) fn sort(self, order: &mut Order) -> FamilySnapshot {
        let Copied {
            mut family,
            changes,
            all,
            sorts_as_text,
        } = self;
        let texts = &family.texts;
        let compare = |a: &Entry, b: &Entry| {
            let (a, b) = (texts.get(a.place), texts.get(b.place));
            if sorts_as_text {
                a.cmp(b)
            } else {
                compare_values(a, b)
            }
        };
        if let Some(mut all) = all {
            all.sort_unstable_by(compare);
            order.entries = Arc::new(all);
        } else if !changes.born.is_empty() || !changes.forgotten.is_empty() {
            let forgotten: HashSet<u32> = changes.forgotten.into_iter().collect();
            let alive = |entry: &Entry| forgotten.is_empty() || !forgotten.contains(&entry.born);
            let mut born: Vec<Entry> = changes.born.into_iter().filter(alive).collect();
            born.sort_unstable_by(compare);
            let kept = order.entries.iter().copied().filter(alive);
            order.entries = Arc::new(merge(kept, born, compare));
        }
        family.order = Arc::clone(&order.entries);
        family
    }
}

fn merge(
    kept: impl Iterator<Item = Entry>,
    born: Vec<Entry>,
    compare: impl Fn(&Entry, &Entry) -> Ordering,
) -> Vec<Entry> {
    let mut merged = Vec::with_capacity(kept.size_hint().1.unwrap_or(0) + born.len());
    let mut born = born.into_iter().peekable();
    for entry in kept {
        while let Some(next) = born.next_if(|next| compare(next, &entry).is_lt()) {
            merged.push(next);
        }
        merged.push(entry);
    }
    merged.extend(born);
    merged
}

/// Compares two label texts by their values, label by label, as bytes without escapes.
fn compare_values(a: &[u8], b: &[u8]) -> Ordering {
    let values = |text| labels::pairs(text).map(|(_, value)| labels::unescape(value));
    values(a).cmp(values(b))
}
