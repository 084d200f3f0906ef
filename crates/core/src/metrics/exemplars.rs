//! The last exemplar of each counter and of each bucket, for the series that have one.
//!
//! Costs nothing until a metric's first exemplar; then four bytes for each series and bucket, and for
//! each exemplar a row of 64 bytes, which an update writes in place.

use super::batch::Exemplar;
use super::column::Column;

/// The longest trace id that is kept, in bytes.
const TRACE_ID_BYTES_MAX: usize = 64;

/// Nearly all have 32 hexadecimal digits: with the rest of its row that is a cache line.
const TRACE_ID_BYTES: usize = 32;

/// An exemplar as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarRow<'s> {
    pub trace_id: &'s str,
    /// What was added or observed.
    pub value: f64,
    /// When, in seconds since 1970: the line's own time, else the time of the update.
    pub time_seconds: f64,
}

#[derive(Debug, Clone)]
pub(crate) struct Exemplars {
    /// For each series and bucket one more than the row of its exemplar; 0 where it has none.
    places: Column<u32>,
    rows: Column<Row>,
    /// For each row the id that does not fit there; there are none as long as no id is so long.
    long_ids: Column<u8>,
    free: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Row {
    value: f64,
    time_seconds: f64,
    trace_id: [u8; TRACE_ID_BYTES],
    trace_id_len: u8,
}

impl Exemplars {
    /// None, for series with so many buckets (1 for a counter).
    pub(crate) fn new(buckets: usize) -> Exemplars {
        Exemplars {
            places: Column::new(buckets),
            rows: Column::new(1),
            long_ids: Column::new(TRACE_ID_BYTES_MAX),
            free: Vec::new(),
        }
    }

    /// Keeps an exemplar in place of the one before. `now_s` is the time in seconds since 1970.
    #[inline(always)]
    pub(crate) fn set(
        &mut self,
        slot: usize,
        bucket: usize,
        value: f64,
        exemplar: Exemplar<'_>,
        now_s: f64,
    ) {
        let id = exemplar.trace_id;
        // Longer ones are never made; cut they would name another trace.
        if id.len() > TRACE_ID_BYTES_MAX {
            return;
        }
        while self.places.rows() <= slot {
            self.places.push();
        }
        let number = match self.places.value(slot, bucket).checked_sub(1) {
            Some(number) => number as usize,
            None => self.add(slot, bucket),
        };
        // Written where it is: a row that is made elsewhere and copied takes longer than the rest.
        let row = self.rows.only_mut(number);
        row.value = value;
        row.time_seconds = exemplar.time_seconds.unwrap_or(now_s);
        row.trace_id_len = id.len() as u8;
        if let Ok(id) = id.try_into() {
            row.trace_id = id;
        } else if let Some(kept) = row.trace_id.get_mut(..id.len()) {
            kept.copy_from_slice(id);
        } else {
            while self.long_ids.rows() <= number {
                self.long_ids.push();
            }
            self.long_ids.row_mut(number)[..id.len()].copy_from_slice(id);
        }
    }

    /// Gives a bucket a row.
    #[cold]
    fn add(&mut self, slot: usize, bucket: usize) -> usize {
        let reused = self.free.pop().map(|number| number as usize);
        let number = reused.unwrap_or_else(|| self.rows.push());
        self.places.row_mut(slot)[bucket] = number as u32 + 1;
        number
    }

    /// The exemplar of a bucket.
    pub(crate) fn get(&self, slot: usize, bucket: usize) -> Option<ExemplarRow<'_>> {
        if slot >= self.places.rows() {
            return None;
        }
        let number = self.places.row(slot).get(bucket)?.checked_sub(1)? as usize;
        let row = self.rows.only(number);
        let length = usize::from(row.trace_id_len);
        let id = if length <= TRACE_ID_BYTES {
            row.trace_id.get(..length)?
        } else {
            self.long_ids.row(number).get(..length)?
        };
        Some(ExemplarRow {
            trace_id: str::from_utf8(id).ok()?,
            value: row.value,
            time_seconds: row.time_seconds,
        })
    }

    pub(crate) fn share(&mut self) -> Exemplars {
        Exemplars {
            places: self.places.share(),
            rows: self.rows.share(),
            long_ids: self.long_ids.share(),
            free: self.free.clone(),
        }
    }

    /// Forgets all exemplars of a series.
    pub(crate) fn forget(&mut self, slot: usize) {
        if slot >= self.places.rows() {
            return;
        }
        let Exemplars { places, free, .. } = self;
        for place in places.row_mut(slot) {
            free.extend(place.checked_sub(1));
            *place = 0;
        }
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        let free = self.free.capacity() * size_of::<u32>();
        let rows = self.rows.capacity_bytes() + self.long_ids.capacity_bytes();
        self.places.capacity_bytes() + rows + free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(trace_id: &str, time_seconds: Option<f64>) -> Exemplar<'_> {
        Exemplar {
            trace_id: trace_id.as_bytes(),
            time_seconds,
        }
    }

    #[test]
    fn the_last_one_of_each_bucket_is_kept() {
        let mut exemplars = Exemplars::new(3);
        exemplars.set(5, 2, 1.5, exemplar("a", Some(9.25)), 0.0);
        exemplars.set(5, 0, 2.5, exemplar("b", None), 7.5);
        exemplars.set(5, 2, 3.5, exemplar("c", Some(10.0)), 0.0);
        let kept = |trace_id, value, time_seconds| {
            Some(ExemplarRow {
                trace_id,
                value,
                time_seconds,
            })
        };
        assert_eq!(exemplars.get(5, 2), kept("c", 3.5, 10.0));
        assert_eq!(exemplars.get(5, 0), kept("b", 2.5, 7.5));
        assert_eq!(exemplars.get(5, 1), None);
        assert_eq!((exemplars.get(4, 0), exemplars.get(6, 0)), (None, None));
        assert_eq!(exemplars.rows.rows(), 2);
    }

    #[test]
    fn forgotten_rows_are_used_again() {
        let mut exemplars = Exemplars::new(1);
        for slot in 0..1000 {
            exemplars.set(slot, 0, 1.0, exemplar("x", None), 0.0);
            let shared = exemplars.share();
            exemplars.forget(slot);
            assert_eq!(exemplars.get(slot, 0), None);
            assert_eq!(shared.get(slot, 0).map(|kept| kept.trace_id), Some("x"));
        }
        assert_eq!(exemplars.rows.rows(), 1);
    }

    #[test]
    fn a_trace_id_is_kept_whole_or_not_at_all() {
        let mut exemplars = Exemplars::new(1);
        let longest = "é".repeat(TRACE_ID_BYTES_MAX / 2);
        exemplars.set(0, 0, 1.0, exemplar(&longest, None), 0.0);
        exemplars.set(0, 0, 2.0, exemplar(&format!("{longest}x"), None), 0.0);
        let kept = exemplars.get(0, 0).unwrap();
        assert_eq!((kept.trace_id, kept.value), (&*longest, 1.0));
        exemplars.set(1, 0, 1.0, exemplar(&"x".repeat(1000), None), 0.0);
        assert_eq!(exemplars.get(1, 0), None);
        // Of any length, in place of any other.
        for length in (1..=TRACE_ID_BYTES_MAX).chain((1..=TRACE_ID_BYTES_MAX).rev()) {
            for slot in [9, 4] {
                let id = (slot.to_string()).repeat(length);
                exemplars.set(slot, 0, 1.0, exemplar(&id, None), 0.0);
            }
            for slot in [4, 9] {
                let id = (slot.to_string()).repeat(length);
                assert_eq!(exemplars.get(slot, 0).unwrap().trace_id, id);
            }
        }
        assert_eq!(size_of::<Row>(), 64);
    }
}
