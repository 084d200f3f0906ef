//! Rows of plain values in chunks that a snapshot shares with the store.
//!
//! Sharing a column copies only references to its chunks. Where a snapshot still holds a chunk, the
//! store writes to a copy of it, made once at the first write: the lock is held for microseconds
//! whatever the number of series. Knows nothing of metrics.

use std::ops::Range;
use std::sync::Arc;

/// Bytes of a chunk: small enough that copying it is nothing beside a batch, large enough that the
/// references are few.
const CHUNK_BYTES: usize = 8 * 1024;

/// Rows of `stride` values each, found by their number. Cloning copies what was written since it was
/// last shared: see [`Column::share`].
#[derive(Debug, Clone)]
pub(crate) struct Column<T> {
    chunks: Vec<Chunk<T>>,
    stride: usize,
    /// Rows of a full chunk are two to the power of this; only the first chunk may be shorter.
    chunk_rows_log2: u32,
    rows: usize,
}

/// Each write asks whose the chunk is. A count of references would have to be asked with an atomic
/// exchange, which waits for all loads before it: that was 5 % of the time of a line with updates.
#[derive(Debug, Clone)]
enum Chunk<T> {
    /// Nobody else's.
    Owned(Box<[T]>),
    /// Perhaps somebody else's too.
    Shared(Arc<Box<[T]>>),
}

impl<T: Copy + Default> Chunk<T> {
    /// `len` values, the first of which are `start`.
    fn new(start: &[T], len: usize) -> Chunk<T> {
        let rest = std::iter::repeat_n(T::default(), len - start.len());
        Chunk::Owned(start.iter().copied().chain(rest).collect())
    }

    #[inline]
    fn values(&self) -> &[T] {
        match self {
            Chunk::Owned(values) => values,
            Chunk::Shared(values) => values,
        }
    }

    #[inline]
    fn values_mut(&mut self) -> &mut [T] {
        if let Chunk::Shared(values) = self {
            *self = Chunk::Owned(owned(values));
        }
        match self {
            Chunk::Owned(values) => values,
            Chunk::Shared(_) => unreachable!("it was made its own just now"),
        }
    }

    /// Lets others hold it too.
    fn share(&mut self) {
        if let Chunk::Owned(values) = self {
            *self = Chunk::Shared(Arc::new(std::mem::take(values)));
        }
    }

    /// Whether both are one and the same.
    fn is_same(&self, other: &Chunk<T>) -> bool {
        match (self, other) {
            (Chunk::Shared(one), Chunk::Shared(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// The values, copied only where somebody else holds them still.
#[cold]
fn owned<T: Clone>(values: &mut Arc<Box<[T]>>) -> Box<[T]> {
    let values = std::mem::take(values);
    Arc::try_unwrap(values).unwrap_or_else(|shared| Box::clone(&shared))
}

impl<T: Copy + Default> Column<T> {
    /// A column without rows. `stride` is at least 1.
    pub(crate) fn new(stride: usize) -> Column<T> {
        let chunk_rows = CHUNK_BYTES / (stride * size_of::<T>());
        Column {
            chunks: Vec::new(),
            stride,
            chunk_rows_log2: chunk_rows.max(1).ilog2(),
            rows: 0,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row of default values; gives its number.
    pub(crate) fn push(&mut self) -> usize {
        let chunk_rows = 1 << self.chunk_rows_log2;
        let row = self.rows;
        if row.is_multiple_of(chunk_rows) {
            // Most metrics have few series: the first chunk grows as it is needed.
            let rows = if row == 0 { 1 } else { chunk_rows };
            self.chunks.push(Chunk::new(&[], rows * self.stride));
        } else if let [first] = self.chunks.as_mut_slice()
            && first.values().len() == row * self.stride
        {
            let rows = (row * 2).min(chunk_rows);
            *first = Chunk::new(first.values(), rows * self.stride);
        }
        self.rows += 1;
        row
    }

    /// The values of a row that exists.
    pub(crate) fn row(&self, row: usize) -> &[T] {
        let (chunk, start) = self.place(row);
        &self.chunks[chunk].values()[start..start + self.stride]
    }

    /// The values of a row that exists, to be changed; no snapshot sees that.
    pub(crate) fn row_mut(&mut self, row: usize) -> &mut [T] {
        let (chunk, start) = self.place(row);
        &mut self.chunks[chunk].values_mut()[start..start + self.stride]
    }

    /// One of the values of a row that exists.
    #[inline]
    pub(crate) fn value(&self, row: usize, number: usize) -> T {
        debug_assert!(number < self.stride);
        let (chunk, start) = self.place(row);
        self.chunks[chunk].values()[start + number]
    }

    /// The value of a row that exists, in a column of one value each.
    #[inline]
    pub(crate) fn only(&self, row: usize) -> &T {
        debug_assert_eq!(self.stride, 1);
        let (chunk, within) = self.chunk_of(row);
        &self.chunks[chunk].values()[within]
    }

    /// The same, to be changed; no snapshot sees that.
    #[inline]
    pub(crate) fn only_mut(&mut self, row: usize) -> &mut T {
        debug_assert_eq!(self.stride, 1);
        let (chunk, within) = self.chunk_of(row);
        &mut self.chunks[chunk].values_mut()[within]
    }

    /// The same rows, which this column's later changes do not reach.
    pub(crate) fn share(&mut self) -> Column<T> {
        self.chunks.iter_mut().for_each(Chunk::share);
        self.clone()
    }

    /// The rows that may differ from those of `before`, shared earlier: all of every chunk that the
    /// two do not share. Also rows that only one of them has.
    pub(crate) fn changed(&self, before: &Column<T>) -> impl Iterator<Item = Range<usize>> {
        let chunks = self.chunks.len().max(before.chunks.len());
        let rows = self.rows.max(before.rows);
        let chunk_rows = 1 << self.chunk_rows_log2;
        (0..chunks)
            .filter(
                |&chunk| match (self.chunks.get(chunk), before.chunks.get(chunk)) {
                    (Some(now), Some(before)) => !now.is_same(before),
                    _ => true,
                },
            )
            .map(move |chunk| chunk * chunk_rows..rows.min((chunk + 1) * chunk_rows))
            // A row that was added to a shared chunk was written there, but for one of default values.
            .chain(std::iter::once(
                self.rows.min(before.rows)..self.rows.max(before.rows),
            ))
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        let chunks = self.chunks.iter();
        let values: usize = chunks.map(|chunk| size_of_val(chunk.values())).sum();
        values + self.chunks.capacity() * size_of::<Chunk<T>>()
    }

    /// The chunk that a row is in, and where its values begin there.
    fn place(&self, row: usize) -> (usize, usize) {
        let (chunk, within) = self.chunk_of(row);
        (chunk, within * self.stride)
    }

    /// The chunk that a row is in, and its number there.
    #[inline]
    fn chunk_of(&self, row: usize) -> (usize, usize) {
        let within = row & ((1 << self.chunk_rows_log2) - 1);
        (row >> self.chunk_rows_log2, within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_while_the_column_grows() {
        for stride in [1, 3, 14, 5000] {
            let mut column = Column::<u64>::new(stride);
            for row in 0..3000 {
                assert_eq!(column.push(), row);
                assert!(column.row(row).iter().all(|&value| value == 0));
                column.row_mut(row).fill(row as u64);
            }
            assert_eq!(column.rows(), 3000);
            for row in 0..3000 {
                assert_eq!(column.row(row).len(), stride);
                assert!(column.row(row).iter().all(|&value| value == row as u64));
            }
        }
    }

    #[test]
    fn what_was_shared_does_not_change() {
        let mut column = Column::<u64>::new(1);
        for _ in 0..5000 {
            column.push();
        }
        let shared = column.share();
        column.row_mut(0)[0] = 1;
        column.row_mut(4999)[0] = 2;
        column.push();
        assert_eq!(
            (shared.rows(), shared.row(0)[0], shared.row(4999)[0]),
            (5000, 0, 0)
        );
        assert_eq!((column.row(0)[0], column.row(4999)[0]), (1, 2));
        // What was not written is still shared.
        assert!(shared.chunks[1].is_same(&column.chunks[1]));
        // Nobody holds it any more: it is written where it is.
        let place = column.row(2000).as_ptr();
        drop(shared);
        column.row_mut(2000)[0] = 3;
        assert_eq!(column.row(2000).as_ptr(), place);
    }

    #[test]
    fn what_changed_is_found_by_chunks() {
        let mut column = Column::<u64>::new(1);
        for _ in 0..5000 {
            column.push();
        }
        let before = column.share();
        let changed =
            |column: &Column<u64>| -> Vec<usize> { column.changed(&before).flatten().collect() };
        assert!(changed(&column).is_empty());
        column.row_mut(1500)[0] = 1;
        assert!(changed(&column).into_iter().eq(1024..2048));
        column.push();
        assert!(
            changed(&column)
                .into_iter()
                .eq((1024..2048).chain(5000..5001))
        );
        assert_eq!(before.changed(&Column::new(1)).last(), Some(0..5000));
    }

    #[test]
    fn a_column_of_few_rows_is_small() {
        let mut column = Column::<u64>::new(1);
        for _ in 0..3 {
            column.push();
        }
        assert!(column.capacity_bytes() < 128, "{}", column.capacity_bytes());
    }
}
