//! Which series of the batch a metric and the values of its labels are: looked up once for most lines,
//! where writing the labels and hashing their text would cost several times as much.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use logmetrics_core::metrics::batch::SeriesId;
use logmetrics_scan::short_bytes::same;

/// With more, all are forgotten.
const SERIES_MAX: usize = 16_384;

/// The same, for the bytes of their keys.
const BYTES_MAX: usize = 4 << 20;

/// The series that one thread has updated. They belong to one memory of one batch.
#[derive(Debug, Default)]
pub struct KnownSeries {
    hasher: RandomState,
    table: HashTable<Known>,
    /// The values of the labels, each key in one piece, as [`write_key`] writes it.
    keys: Vec<u8>,
    batch_memory: u64,
    /// The hash of the key that was looked for last.
    hash: u64,
}

#[derive(Debug)]
struct Known {
    hash: u64,
    start: u32,
    metric: u32,
    series: SeriesId,
}

impl KnownSeries {
    /// The series, if it is known to a batch with this memory.
    #[inline]
    pub fn find<'v>(
        &mut self,
        batch_memory: u64,
        metric: u32,
        values: impl Iterator<Item = &'v [u8]> + Clone,
    ) -> Option<SeriesId> {
        if self.batch_memory != batch_memory {
            self.forget();
            self.batch_memory = batch_memory;
        }
        let mut hasher = self.hasher.build_hasher();
        (values.clone()).for_each(|value| hasher.write(value));
        hasher.write_u32(metric);
        let hash = hasher.finish();
        self.hash = hash;
        let keys = self.keys.as_slice();
        let is_it = |known: &Known| {
            known.hash == hash
                && known.metric == metric
                && (keys.get(known.start as usize..)).is_some_and(|key| is_key(key, values.clone()))
        };
        self.table.find(hash, is_it).map(|known| known.series)
    }

    /// Remembers the series that was not found just now.
    pub fn insert<'v>(
        &mut self,
        metric: u32,
        values: impl Iterator<Item = &'v [u8]>,
        series: SeriesId,
    ) {
        if self.table.len() >= SERIES_MAX || self.keys.len() > BYTES_MAX {
            self.forget();
        }
        let start = self.keys.len() as u32;
        write_key(values, &mut self.keys);
        let known = Known {
            hash: self.hash,
            start,
            metric,
            series,
        };
        (self.table).insert_unique(self.hash, known, |known| known.hash);
    }

    fn forget(&mut self) {
        self.table.clear();
        self.keys.clear();
    }
}

/// All values, each after its length. How many there are the metric says.
fn write_key<'v>(values: impl Iterator<Item = &'v [u8]>, key: &mut Vec<u8>) {
    for value in values {
        key.extend_from_slice(&(value.len() as u32).to_le_bytes());
        key.extend_from_slice(value);
    }
}

/// Whether `key` begins with what [`write_key`] writes.
#[inline(always)]
fn is_key<'v>(mut key: &[u8], values: impl Iterator<Item = &'v [u8]>) -> bool {
    for value in values {
        let Some((length, rest)) = key.split_first_chunk::<4>() else {
            return false;
        };
        let is_same = u32::from_le_bytes(*length) as usize == value.len();
        match rest.split_at_checked(value.len()) {
            Some((known, rest)) if is_same && same(known, value) => key = rest,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use logmetrics_core::metrics::batch::{Batch, LabelHasher};
    use logmetrics_core::metrics::definition::MetricId;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn another_batch_knows_no_series() {
        let mut known = KnownSeries::default();
        let mut batch = Batch::new(LabelHasher::default());
        let one = || [&b"a"[..]].into_iter();
        assert_eq!(known.find(1, 0, one()), None);
        let series = batch.series(MetricId(0));
        known.insert(0, one(), series);
        assert_eq!(known.find(1, 0, one()), Some(series));
        assert_eq!(known.find(1, 1, one()), None);
        assert_eq!(known.find(2, 0, one()), None);
        assert_eq!(known.find(1, 0, one()), None);
    }

    proptest! {
        /// Whatever is found is what was put in for the same metric and values, also where texts of
        /// different values are the same when they are put together.
        #[test]
        fn as_a_map_from_metric_and_values(
            asked in prop::collection::vec((0..3u32, prop::collection::vec("[ab]{0,2}", 2)), 1..60),
        ) {
            let mut known = KnownSeries::default();
            let mut batch = Batch::new(LabelHasher::default());
            let mut plain = std::collections::HashMap::new();
            for (metric, values) in asked {
                let key = || values.iter().map(String::as_bytes);
                let found = known.find(7, metric, key());
                prop_assert_eq!(found, plain.get(&(metric, values.clone())).copied());
                if found.is_none() {
                    let series = batch.series(MetricId(metric));
                    known.insert(metric, key(), series);
                    plain.insert((metric, values.clone()), series);
                }
            }
        }
    }
}
