//! The form of a state file, version 1: its tables, and the digest over all their rows.
//!
//! SQLite notices damage of its own structure only. So the one row of `meta` keeps the sum, modulo
//! 2^128, of a hash of every other row, which a save brings up to date from the rows that it changes.

use std::borrow::Cow;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction};
use sha2::{Digest, Sha256};

use crate::metrics::definition::Definition;
use crate::metrics::frozen_copy::{Limited, SeriesImage};
use logmetrics_follow::SavedFile;

/// `logm`: at byte 68 of every state file.
pub const APPLICATION_ID: i32 = 0x6c6f_676d;

/// The version of the form; a file's is in its header and, confirmed, in `meta`.
pub const VERSION: i64 = 1;

/// One table.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub create: &'static str,
    put: &'static str,
    remove: &'static str,
}

/// The one row about all others.
pub const META: Table = Table {
    name: "meta",
    create: "CREATE TABLE meta (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, \
             version_check BLOB NOT NULL, saved_ms INTEGER NOT NULL, births INTEGER NOT NULL, \
             digest BLOB NOT NULL) STRICT",
    put: "REPLACE INTO meta VALUES (?, ?, ?, ?, ?, ?)",
    remove: "DELETE FROM meta WHERE id = ?",
};

/// Metrics: what they are, and what their limits have sent elsewhere.
pub const METRIC: Table = Table {
    name: "metric",
    create: "CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, \
             buckets BLOB NOT NULL, labels TEXT NOT NULL, series_limited INTEGER NOT NULL, \
             label_limited BLOB NOT NULL) STRICT",
    put: "REPLACE INTO metric VALUES (?, ?, ?, ?, ?, ?, ?)",
    remove: "DELETE FROM metric WHERE id = ?",
};

/// Series and their values.
pub const SERIES: Table = Table {
    name: "series",
    create: "CREATE TABLE series (metric INTEGER NOT NULL, slot INTEGER NOT NULL, \
             labels TEXT NOT NULL, created_ms INTEGER NOT NULL, born INTEGER NOT NULL, \
             updated_s INTEGER NOT NULL, numbers BLOB NOT NULL, \
             PRIMARY KEY (metric, slot)) STRICT, WITHOUT ROWID",
    put: "REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?, ?)",
    remove: "DELETE FROM series WHERE metric = ? AND slot = ?",
};

/// How far files are read. `carried` is the resume state: columns keep the names that version 1 has. `path`
/// is the followed path and, after a NUL, where the log is kept if the path does not tell that.
pub const FILE: Table = Table {
    name: "file",
    create: "CREATE TABLE file (device INTEGER NOT NULL, inode INTEGER NOT NULL, \
             source TEXT NOT NULL, path BLOB NOT NULL, offset INTEGER NOT NULL, \
             signature_bytes INTEGER NOT NULL, signature INTEGER NOT NULL, \
             marker_bytes INTEGER NOT NULL, marker INTEGER NOT NULL, carried BLOB NOT NULL, \
             is_left INTEGER NOT NULL, is_packed INTEGER NOT NULL, PRIMARY KEY (device, inode)) STRICT, WITHOUT ROWID",
    put: "REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    remove: "DELETE FROM file WHERE device = ? AND inode = ?",
};

/// Whatever else must survive together with the counts.
pub const NOTE: Table = Table {
    name: "note",
    create: "CREATE TABLE note (source TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, \
             PRIMARY KEY (source, key)) STRICT, WITHOUT ROWID",
    put: "REPLACE INTO note VALUES (?, ?, ?)",
    remove: "DELETE FROM note WHERE source = ? AND key = ?",
};

/// All tables.
pub const TABLES: [&Table; 5] = [&META, &METRIC, &SERIES, &FILE, &NOTE];

/// The rows that are written, and what the digest becomes by it.
pub struct Writer<'t> {
    transaction: &'t Transaction<'t>,
    /// Of all rows but that of `meta`.
    pub digest: u128,
    /// Rows written or removed.
    pub rows: u64,
}

impl<'t> Writer<'t> {
    /// Begins with the digest of the existing rows.
    pub fn new(transaction: &'t Transaction<'t>, digest: u128) -> Writer<'t> {
        Writer {
            transaction,
            digest,
            rows: 0,
        }
    }

    /// Writes a row, in place of the one that had the hash `before`.
    pub fn put(
        &mut self,
        table: &Table,
        row: &[ValueRef<'_>],
        before: Option<u128>,
    ) -> rusqlite::Result<()> {
        execute(self.transaction, table.put, row)?;
        let digest = self.digest.wrapping_sub(before.unwrap_or(0));
        self.digest = digest.wrapping_add(hash(table, row));
        self.rows += 1;
        Ok(())
    }

    /// Removes the row with this key, which had the hash `before`.
    pub fn remove(
        &mut self,
        table: &Table,
        key: &[ValueRef<'_>],
        before: u128,
    ) -> rusqlite::Result<()> {
        execute(self.transaction, table.remove, key)?;
        self.digest = self.digest.wrapping_sub(before);
        self.rows += 1;
        Ok(())
    }

    /// Removes a metric's series; the caller accounts for their hashes.
    pub fn remove_all_series(&mut self, metric: i64) -> rusqlite::Result<()> {
        let sql = "DELETE FROM series WHERE metric = ?";
        execute(self.transaction, sql, &[ValueRef::Integer(metric)])
    }

    /// Writes the row of `meta` over all that was written.
    pub fn finish(&self, saved_ms: u64, series_created: u64) -> rusqlite::Result<()> {
        let digest = seal(self.digest, VERSION, saved_ms, series_created);
        let row = [
            integer(0),
            ValueRef::Integer(VERSION),
            ValueRef::Blob(&version_check(VERSION)),
            integer(saved_ms),
            integer(series_created),
            ValueRef::Blob(&digest),
        ];
        execute(self.transaction, META.put, &row)
    }
}

fn execute(connection: &Connection, sql: &str, values: &[ValueRef<'_>]) -> rusqlite::Result<()> {
    let values = values.iter().map(|value| ToSqlOutput::Borrowed(*value));
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(rusqlite::params_from_iter(values))?;
    Ok(())
}

/// What confirms that a number is a version of this form and not damage.
pub fn version_check(version: i64) -> [u8; 16] {
    let text = format!("logmetrics state version {version}");
    short(Sha256::digest(text)).to_be_bytes()
}

/// The digest of the rows together with the values of `meta`.
pub fn seal(rows: u128, version: i64, saved_ms: u64, series_created: u64) -> [u8; 16] {
    let row = [
        ValueRef::Integer(version),
        integer(saved_ms),
        integer(series_created),
    ];
    rows.wrapping_add(hash(&META, &row)).to_be_bytes()
}

/// The hash of one row: the first half of the SHA-256 over the table's name and its values, each with
/// its type and length.
pub fn hash(table: &Table, row: &[ValueRef<'_>]) -> u128 {
    let mut bytes = Vec::with_capacity(256);
    let mut text = |kind: u8, text: &[u8]| {
        bytes.push(kind);
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text);
    };
    text(b't', table.name.as_bytes());
    for value in row {
        match value {
            ValueRef::Null => text(b'n', b""),
            ValueRef::Integer(number) => text(b'i', &number.to_be_bytes()),
            ValueRef::Real(number) => text(b'r', &number.to_bits().to_be_bytes()),
            ValueRef::Text(value) => text(b's', value),
            ValueRef::Blob(value) => text(b'b', value),
        }
    }
    short(Sha256::digest(&bytes))
}

fn short(digest: impl AsRef<[u8]>) -> u128 {
    let bytes = digest.as_ref().iter().take(16);
    bytes.fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// A number without a sign, by its bits.
pub fn integer(number: u64) -> ValueRef<'static> {
    ValueRef::Integer(number as i64)
}

/// Numbers one after the other, eight bytes each, the lowest first.
pub fn blob(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// The numbers of a blob; nothing where its length is none of theirs.
pub fn numbers(blob: &[u8]) -> Option<Vec<u64>> {
    let (numbers, []) = blob.as_chunks::<8>() else {
        return None;
    };
    Some(numbers.iter().map(|&n| u64::from_le_bytes(n)).collect())
}

/// The word for a metric's type, and its bounds.
pub fn kind(definition: &Definition) -> (&'static str, Vec<u8>) {
    let bounds = definition.buckets.iter().map(|bound| bound.to_bits());
    let bounds: Vec<u64> = bounds.collect();
    (definition.kind.word(), blob(&bounds))
}

/// The names of a metric's labels; no name has a comma.
pub fn label_names(definition: &Definition) -> String {
    let names: Vec<&str> = definition.labels.iter().map(|l| l.name.as_str()).collect();
    names.join(",")
}

/// Calls `take` with the row of a metric.
pub fn metric_row<T>(
    id: i64,
    definition: &Definition,
    limited: &Limited,
    take: impl FnOnce(&[ValueRef<'_>]) -> T,
) -> T {
    let (kind, buckets) = kind(definition);
    take(&[
        ValueRef::Integer(id),
        ValueRef::Text(definition.saved_name().as_bytes()),
        ValueRef::Text(kind.as_bytes()),
        ValueRef::Blob(&buckets),
        ValueRef::Text(label_names(definition).as_bytes()),
        integer(limited.series_limited_total),
        ValueRef::Blob(&blob(&limited.label_limited_totals)),
    ])
}

/// Calls `take` with the row of a series.
pub fn series_row<T>(
    metric: i64,
    slot: u32,
    series: &SeriesImage<'_>,
    take: impl FnOnce(&[ValueRef<'_>]) -> T,
) -> T {
    take(&[
        ValueRef::Integer(metric),
        integer(slot.into()),
        ValueRef::Text(series.labels),
        integer(series.created_ms),
        integer(series.creation_number),
        integer(series.updated_s.into()),
        ValueRef::Blob(&blob(&series.values)),
    ])
}

/// Calls `take` with the row of a file.
pub fn file_row<T>(file: &SavedFile, take: impl FnOnce(&[ValueRef<'_>]) -> T) -> T {
    let position = &file.position;
    take(&[
        integer(position.id.device),
        integer(position.id.inode),
        ValueRef::Text(file.source.as_bytes()),
        ValueRef::Blob(&paths(file)),
        integer(position.offset),
        integer(position.signature.length.into()),
        integer(position.signature.hash),
        integer(position.marker.length.into()),
        integer(position.marker.hash),
        ValueRef::Blob(&file.resume_state),
        integer(file.left.into()),
        integer(file.compressed.into()),
    ])
}

/// The path of a file, and where its log is kept: no path has a NUL.
fn paths(file: &SavedFile) -> Cow<'_, [u8]> {
    let path = path_bytes(&file.path);
    match &file.log {
        None => path,
        Some(log) => Cow::Owned([&path, &b"\0"[..], &path_bytes(log)].concat()),
    }
}

#[cfg(unix)]
fn path_bytes(path: &Path) -> Cow<'_, [u8]> {
    use std::os::unix::ffi::OsStrExt;
    Cow::Borrowed(path.as_os_str().as_bytes())
}

/// Elsewhere a name that is no Unicode is kept as near to it as can be: such a file is found again by
/// its content.
#[cfg(not(unix))]
fn path_bytes(path: &Path) -> Cow<'_, [u8]> {
    Cow::Owned(path.to_string_lossy().into_owned().into_bytes())
}
