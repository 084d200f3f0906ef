//! Reads a state file and believes it as a whole or not at all. Writes nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Row};

use super::schema::{self, APPLICATION_ID, FILE, METRIC, NOTE, SERIES, TABLES, Table, VERSION};
use crate::metrics::frozen_copy::{Limited, SavedFamily, SavedSeries};
use logmetrics_follow::{FileId, Fingerprint, Position, SavedFile};

/// Why a file could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// It was written by a later version of the program, which its digest confirms.
    Newer(i64),
    /// It is not what a save has written.
    Damaged(String),
    /// It belongs to another program.
    Foreign,
    /// Another process has it.
    InUse,
    /// The operating system reported an error.
    Io(rusqlite::Error),
}

/// Everything in a state file.
#[derive(Debug, Default)]
pub struct Loaded {
    pub metrics: Vec<SavedMetric>,
    pub files: Vec<SavedFile>,
    pub notes: Notes,
    pub series_created: u64,
    /// When it was saved, in milliseconds since 1970.
    pub saved_ms: u64,
    /// The sum of the hashes of all rows but that of `meta`.
    pub digest: u128,
}

/// A metric with its series.
#[derive(Debug)]
pub struct SavedMetric {
    pub id: i64,
    pub name: String,
    pub kind: String,
    pub buckets: Vec<u8>,
    pub labels: String,
    pub family: SavedFamily,
    /// The sum of the hashes of its row and those of its series.
    pub digest: u128,
}

/// Notes that were saved, by the prefix of their source.
#[derive(Debug, Clone, Default)]
pub struct Notes(pub(super) BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>);

impl Notes {
    /// All notes of a source: keys and values.
    pub fn of(&self, prefix: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let notes = self.0.get(prefix).into_iter().flatten();
        notes.map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

impl From<rusqlite::Error> for LoadError {
    fn from(error: rusqlite::Error) -> LoadError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LoadError::InUse,
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DiskFull,
            ) => LoadError::Io(error),
            _ => LoadError::Damaged(error.to_string()),
        }
    }
}

fn damaged<T>(what: impl Into<String>) -> Result<T, LoadError> {
    Err(LoadError::Damaged(what.into()))
}

/// Everything that was saved; nothing where nothing ever was.
pub fn load(connection: &Connection) -> Result<Option<Loaded>, LoadError> {
    let application_id = pragma(connection, "application_id")?;
    let version = pragma(connection, "user_version")?;
    let found = schema(connection)?;
    if found.is_empty() && application_id == 0 && version == 0 {
        return Ok(None);
    }
    let mut expected = TABLES.map(|table| (table.name.to_owned(), table.create.to_owned()));
    expected.sort();
    let is_ours = found == expected;
    if application_id != i64::from(APPLICATION_ID) {
        return match is_ours {
            true => damaged("its application id is another"),
            false => Err(LoadError::Foreign),
        };
    }
    if version != VERSION {
        confirm_newer(connection, version)?;
        return Err(LoadError::Newer(version));
    }
    if !is_ours {
        return damaged("its tables are others");
    }
    let checked: String = connection.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
    if checked != "ok" {
        return damaged(checked.lines().last().unwrap_or_default());
    }
    read(connection).map(Some)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, LoadError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// The tables, by name, with the text that made each.
fn schema(connection: &Connection) -> Result<Vec<(String, String)>, LoadError> {
    let mut statement =
        connection.prepare("SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A version that `meta` does not confirm is damage.
fn confirm_newer(connection: &Connection, version: i64) -> Result<(), LoadError> {
    let confirmed = connection
        .query_row("SELECT version, version_check FROM meta", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .or_else(|error| damaged(error.to_string()))?;
    if version > VERSION && confirmed == (version, schema::version_check(version).to_vec()) {
        return Ok(());
    }
    damaged(format!(
        "its version {version} is not the one that was written"
    ))
}

fn read(connection: &Connection) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    let mut places = HashMap::new();
    each(connection, &METRIC, |row, hash| {
        let metric = metric(row, hash)?;
        places.insert(metric.id, loaded.metrics.len());
        loaded.metrics.push(metric);
        Some(())
    })?;
    each(connection, &SERIES, |row, hash| {
        let place = places.get(&signed(row, 0)?)?;
        let metric = loaded.metrics.get_mut(*place)?;
        metric.digest = metric.digest.wrapping_add(hash);
        metric.family.series.push(series(row)?);
        Some(())
    })?;
    let mut others: u128 = 0;
    each(connection, &FILE, |row, hash| {
        others = others.wrapping_add(hash);
        loaded.files.push(file(row)?);
        Some(())
    })?;
    each(connection, &NOTE, |row, hash| {
        others = others.wrapping_add(hash);
        let source = loaded.notes.0.entry(text(row, 0)?).or_default();
        source.insert(bytes(row, 1)?.to_vec(), bytes(row, 2)?.to_vec());
        Some(())
    })?;
    let digests = loaded.metrics.iter().map(|metric| metric.digest);
    loaded.digest = digests.fold(others, u128::wrapping_add);
    let mut seen = 0;
    each(connection, &schema::META, |row, _| {
        let (version, check) = (signed(row, 1)?, bytes(row, 2)?);
        (loaded.saved_ms, loaded.series_created) = (unsigned(row, 3)?, unsigned(row, 4)?);
        seen += 1;
        let digest = schema::seal(
            loaded.digest,
            version,
            loaded.saved_ms,
            loaded.series_created,
        );
        let is_sealed = bytes(row, 5)? == digest && check == schema::version_check(VERSION);
        (version == VERSION && is_sealed && seen == 1).then_some(())
    })?;
    if seen == 0 {
        return damaged("`meta` is empty");
    }
    Ok(loaded)
}

/// Calls `take` with each row of a table and its hash.
fn each(
    connection: &Connection,
    table: &Table,
    mut take: impl FnMut(&Row<'_>, u128) -> Option<()>,
) -> Result<(), LoadError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {}", table.name))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        number += 1;
        let values: Result<Vec<ValueRef<'_>>, _> = (0..columns).map(|c| row.get_ref(c)).collect();
        let hash = schema::hash(table, &values?);
        if take(row, hash).is_none() {
            let name = table.name;
            return damaged(format!("row {number} of `{name}` is not what was written"));
        }
    }
    Ok(())
}

fn signed(row: &Row<'_>, column: usize) -> Option<i64> {
    row.get_ref(column).ok()?.as_i64().ok()
}

fn unsigned(row: &Row<'_>, column: usize) -> Option<u64> {
    signed(row, column).map(|number| number as u64)
}

fn small(row: &Row<'_>, column: usize) -> Option<u32> {
    u32::try_from(signed(row, column)?).ok()
}

fn flag(row: &Row<'_>, column: usize) -> Option<bool> {
    match signed(row, column)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Option<&'r [u8]> {
    row.get_ref(column).ok()?.as_bytes().ok()
}

fn text(row: &Row<'_>, column: usize) -> Option<String> {
    String::from_utf8(bytes(row, column)?.to_vec()).ok()
}

fn metric(row: &Row<'_>, digest: u128) -> Option<SavedMetric> {
    Some(SavedMetric {
        id: signed(row, 0)?,
        name: text(row, 1)?,
        kind: text(row, 2)?,
        buckets: bytes(row, 3)?.to_vec(),
        labels: text(row, 4)?,
        family: SavedFamily {
            limited: Limited {
                series_limited_total: unsigned(row, 5)?,
                label_limited_totals: schema::numbers(bytes(row, 6)?)?,
            },
            series: Vec::new(),
        },
        digest,
    })
}

fn series(row: &Row<'_>) -> Option<SavedSeries> {
    Some(SavedSeries {
        slot: small(row, 1)?,
        labels: bytes(row, 2)?.into(),
        created_ms: unsigned(row, 3)?,
        creation_number: unsigned(row, 4)?,
        updated_s: small(row, 5)?,
        values: schema::numbers(bytes(row, 6)?)?.into(),
    })
}

fn file(row: &Row<'_>) -> Option<SavedFile> {
    let fingerprint = |length, hash| {
        Some(Fingerprint {
            length: small(row, length)?,
            hash: unsigned(row, hash)?,
        })
    };
    let mut paths = bytes(row, 3)?.splitn(2, |byte| *byte == 0);
    Some(SavedFile {
        source: Arc::from(text(row, 2)?),
        path: path(paths.next()?)?,
        log: paths.next().and_then(path),
        position: Position {
            id: FileId {
                device: unsigned(row, 0)?,
                inode: unsigned(row, 1)?,
            },
            offset: unsigned(row, 4)?,
            signature: fingerprint(5, 6)?,
            marker: fingerprint(7, 8)?,
        },
        resume_state: bytes(row, 9)?.to_vec(),
        left: flag(row, 10)?,
        compressed: flag(row, 11)?,
    })
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(String::from_utf8_lossy(bytes).into_owned()))
}
