//! Writes what changed since the last save, in one transaction.
//!
//! What the last save wrote is kept in memory: references to the columns' chunks that it shares with
//! the store. Only chunks that were copied since are looked into. The price is one more copy of the
//! chunks that changed: with every series changing, 8 bytes for each number and 4 for each series.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, TransactionBehavior};

use super::open;
use super::schema::{self, FILE, METRIC, NOTE, SERIES, Writer};
use crate::metrics::frozen_copy::{FamilyImage, Image};
use logmetrics_follow::{FileId, SavedFile};

/// A note's source and key.
type NoteKey = (String, Vec<u8>);

/// What one save writes: everything at one instant.
#[derive(Debug, Default)]
pub struct ConsistentSnapshot {
    pub files: BTreeMap<FileId, SavedFile>,
    pub image: Image,
    /// What changed since the last cut; nothing as a value removes.
    pub notes: Vec<(NoteKey, Option<Vec<u8>>)>,
}

/// What is in the file.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    /// The sum of all rows' hashes.
    pub(super) digest: u128,
    pub(super) series_created: u64,
    pub(super) files: BTreeMap<FileId, SavedFile>,
    pub(super) metrics: Vec<LastSave>,
    /// Metrics that no rule makes any more, with the sum of their rows' hashes.
    pub(super) dropped: Vec<(i64, u128)>,
    /// The hash of each note's row.
    pub(super) notes: HashMap<NoteKey, u128>,
    /// The number for the next new metric.
    pub(super) next_metric: i64,
    /// Whether anything was ever written.
    pub(super) is_written: bool,
}

/// A metric as it is in the file.
#[derive(Debug, Clone)]
pub(super) struct LastSave {
    pub(super) id: i64,
    pub(super) image: FamilyImage,
}

/// An open state file, to be written to.
#[derive(Debug)]
pub struct Saver {
    connection: Connection,
    path: PathBuf,
    /// Which file it is, to notice where somebody takes it away.
    id: Option<FileId>,
    baseline: Baseline,
    /// A save has failed and may have left in the log what is no save.
    has_rests: bool,
    /// Notes that no save has written yet.
    pending: BTreeMap<NoteKey, Option<Vec<u8>>>,
}

/// Why a save failed. All of it is tried again with the next one.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The disk is full, broken or may not be written.
    #[error(transparent)]
    Disk(#[from] rusqlite::Error),
    /// The file was removed, and a new one cannot be made.
    #[error("it was removed, and cannot be made again: {0}")]
    Removed(String),
    /// Another file has its name.
    #[error("another file took its place; restart to go on from that one")]
    Replaced,
}

impl Saver {
    pub(super) fn new(connection: Connection, path: PathBuf, baseline: Baseline) -> Saver {
        Saver {
            id: open::identity(&path),
            connection,
            path,
            baseline,
            has_rests: false,
            pending: BTreeMap::new(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes on the disk, with what is not yet merged into the file.
    pub fn bytes(&self) -> u64 {
        let length = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        length(&self.path) + length(&open::companion(&self.path, "-wal"))
    }

    /// Writes what the cut has and the file has not. Where that fails, the file stays as it was, and
    /// the next save writes it all.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn save(&mut self, cut: ConsistentSnapshot, now_ms: u64) -> Result<(), SaveError> {
        let saved = self.write(cut, now_ms);
        if saved.is_err() {
            self.has_rests = true;
        } else if self.has_rests {
            // So that the next start does not take it for damage.
            let merged = self
                .connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
            self.has_rests = merged != Ok(0);
        }
        saved
    }

    fn write(&mut self, cut: ConsistentSnapshot, now_ms: u64) -> Result<(), SaveError> {
        self.pending.extend(cut.notes);
        self.stay_in_place()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = &self.baseline;
        let mut writer = Writer::new(&transaction, before.digest);
        let (metrics, next_metric) = write_metrics(&mut writer, before, &cut.image)?;
        write_files(&mut writer, &before.files, &cut.files)?;
        let notes = write_notes(&mut writer, &before.notes, &self.pending)?;
        let is_same = writer.rows == 0
            && before.series_created == cut.image.series_created
            && before.is_written;
        let digest = writer.digest;
        if !is_same {
            writer.finish(now_ms, cut.image.series_created)?;
            transaction.commit()?;
        }
        for (key, hash) in notes {
            match hash {
                Some(hash) => self.baseline.notes.insert(key, hash),
                None => self.baseline.notes.remove(&key),
            };
        }
        self.pending.clear();
        self.baseline.digest = digest;
        self.baseline.series_created = cut.image.series_created;
        self.baseline.files = cut.files;
        self.baseline.metrics = metrics;
        self.baseline.dropped.clear();
        self.baseline.next_metric = next_metric;
        self.baseline.is_written = true;
        Ok(())
    }

    /// Makes every write fail, or no more.
    #[cfg(test)]
    pub(super) fn refuse(&self, all: bool) {
        let pragma = self.connection.pragma_update(None, "query_only", all);
        assert!(pragma.is_ok());
    }

    /// Where somebody has removed the file, puts it back: the descriptor still has all of it.
    fn stay_in_place(&mut self) -> Result<(), SaveError> {
        match (self.id, open::identity(&self.path)) {
            (before, now) if before == now => Ok(()),
            (_, Some(_)) => Err(SaveError::Replaced),
            (_, None) => {
                let removed = |error: &dyn std::fmt::Display| SaveError::Removed(error.to_string());
                // The companions of a file that is gone belong to nothing.
                _ = std::fs::remove_file(open::companion(&self.path, "-wal"));
                open::create_file(&self.path).map_err(|error| removed(&error))?;
                self.connection
                    .execute("VACUUM INTO ?", [self.path.to_string_lossy()])
                    .and_then(|_| open::connect(&self.path))
                    .and_then(|connection| {
                        open::keep_log(&connection)?;
                        self.connection = connection;
                        self.id = open::identity(&self.path);
                        Ok(())
                    })
                    .map_err(|error| {
                        _ = std::fs::remove_file(&self.path);
                        removed(&error)
                    })
            }
        }
    }
}

/// Writes what is new of each metric; gives what is there now.
fn write_metrics(
    writer: &mut Writer<'_>,
    before: &Baseline,
    image: &Image,
) -> rusqlite::Result<(Vec<LastSave>, i64)> {
    let mut next = before.next_metric;
    let mut metrics = Vec::with_capacity(image.families.len());
    for family in &image.families {
        let is_it = |kept: &&LastSave| kept.image.definition.is_same_metric(&family.definition);
        let kept = before.metrics.iter().find(is_it);
        let id = kept.map_or(next, |kept| kept.id);
        write_metric(writer, id, kept.map(|kept| &kept.image), family)?;
        next = next.max(id + 1);
        let image = family.clone();
        metrics.push(LastSave { id, image });
    }
    for gone in &before.metrics {
        if !metrics.iter().any(|kept| kept.id == gone.id) {
            let series = gone.image.series();
            let hashes = series
                .map(|(slot, series)| schema::series_row(gone.id, slot, &series, hash_series));
            let digest = hashes.fold(metric_hash(gone.id, &gone.image), u128::wrapping_add);
            remove_metric(writer, gone.id, digest)?;
        }
    }
    for &(id, digest) in &before.dropped {
        remove_metric(writer, id, digest)?;
    }
    Ok((metrics, next))
}

fn hash_series(row: &[ValueRef<'_>]) -> u128 {
    schema::hash(&SERIES, row)
}

fn metric_hash(id: i64, image: &FamilyImage) -> u128 {
    schema::metric_row(id, &image.definition, &image.limited, |row| {
        schema::hash(&METRIC, row)
    })
}

fn remove_metric(writer: &mut Writer<'_>, id: i64, digest: u128) -> rusqlite::Result<()> {
    writer.remove_all_series(id)?;
    writer.remove(&METRIC, &[ValueRef::Integer(id)], digest)
}

fn write_metric(
    writer: &mut Writer<'_>,
    id: i64,
    before: Option<&FamilyImage>,
    now: &FamilyImage,
) -> rusqlite::Result<()> {
    if before.is_none_or(|before| before.limited != now.limited) {
        let hash = before.map(|before| metric_hash(id, before));
        schema::metric_row(id, &now.definition, &now.limited, |row| {
            writer.put(&METRIC, row, hash)
        })?;
    }
    let Some(before) = before else {
        for (slot, series) in now.series() {
            schema::series_row(id, slot, &series, |row| writer.put(&SERIES, row, None))?;
        }
        return Ok(());
    };
    for slot in now.changed_since(before) {
        let (was, is) = (before.series_at(slot), now.series_at(slot));
        if was == is {
            continue;
        }
        let hash = was.map(|was| schema::series_row(id, slot, &was, hash_series));
        match (is, hash) {
            (Some(is), hash) => {
                schema::series_row(id, slot, &is, |row| writer.put(&SERIES, row, hash))?;
            }
            (None, Some(hash)) => {
                let key = [ValueRef::Integer(id), schema::integer(slot.into())];
                writer.remove(&SERIES, &key, hash)?;
            }
            (None, None) => {}
        }
    }
    Ok(())
}

fn write_files(
    writer: &mut Writer<'_>,
    before: &BTreeMap<FileId, SavedFile>,
    now: &BTreeMap<FileId, SavedFile>,
) -> rusqlite::Result<()> {
    let hash = |file: &SavedFile| schema::file_row(file, |row| schema::hash(&FILE, row));
    for (id, file) in now {
        let was = before.get(id);
        if was != Some(file) {
            schema::file_row(file, |row| writer.put(&FILE, row, was.map(hash)))?;
        }
    }
    for (id, file) in before {
        if !now.contains_key(id) {
            let key = [schema::integer(id.device), schema::integer(id.inode)];
            writer.remove(&FILE, &key, hash(file))?;
        }
    }
    Ok(())
}

/// Gives the hashes of the notes that are there now, for those that changed.
fn write_notes(
    writer: &mut Writer<'_>,
    before: &HashMap<NoteKey, u128>,
    pending: &BTreeMap<NoteKey, Option<Vec<u8>>>,
) -> rusqlite::Result<Vec<(NoteKey, Option<u128>)>> {
    let mut hashes = Vec::new();
    for (key, value) in pending {
        let (source, bytes) = (ValueRef::Text(key.0.as_bytes()), ValueRef::Blob(&key.1));
        let was = before.get(key).copied();
        let is = match value {
            Some(value) => {
                let row = [source, bytes, ValueRef::Blob(value)];
                let hash = schema::hash(&NOTE, &row);
                if was != Some(hash) {
                    writer.put(&NOTE, &row, was)?;
                }
                Some(hash)
            }
            None => {
                if let Some(was) = was {
                    writer.remove(&NOTE, &[source, bytes], was)?;
                }
                None
            }
        };
        hashes.push((key.clone(), is));
    }
    Ok(hashes)
}
