//! Opens a state file, or makes one; sets aside what is damaged.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::load::{self, LoadError, Loaded, Notes, SavedMetric};
use super::save::{Baseline, LastSave, Saver};
use super::schema::{self, APPLICATION_ID, NOTE, TABLES, VERSION, Writer};
use super::write_ahead_log;
use crate::metrics::definition::Definition;
use crate::metrics::frozen_copy::SavedFamily;
use crate::metrics::store::Store;
use logmetrics_follow::{FileId, SavedFile};

/// A state to go on from.
#[derive(Debug)]
pub struct Opened {
    /// What was counted, or nothing yet.
    pub store: Store,
    /// How far files were read.
    pub files: Vec<SavedFile>,
    /// What else was kept.
    pub notes: Notes,
    /// Saves what comes.
    pub saver: Saver,
    /// What was found in the file.
    pub outcome: OpenOutcome,
}

/// What was found in a state file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OpenOutcome {
    /// When it was saved, in milliseconds since 1970; nothing where it is new.
    pub saved_ms: Option<u64>,
    /// Metrics that go on with their values.
    pub kept: Vec<String>,
    /// Metrics that no rule makes any more, or makes otherwise.
    pub dropped: Vec<String>,
    /// Metrics that start from zero.
    pub new: Vec<String>,
    /// Why the file was set aside, and where it is now.
    pub damaged: Option<(String, PathBuf)>,
}

/// Why there is no state. A run that was asked to keep one must not begin without it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The operating system reported an error.
    #[error("cannot open the state file `{}`: {why}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Another process keeps its state there.
    #[error("the state file `{}` is in use by another process; give each its own", .0.display())]
    InUse(PathBuf),
    /// It belongs to another program.
    #[error("`{}` is no state file; name another one, or one that does not exist yet", .0.display())]
    Foreign(PathBuf),
    /// A later version of the program wrote it.
    #[error("the state file `{}` has version {version}, and this logmetrics knows {VERSION} only; use the newer one, or name another file", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
}

/// Opens the state at `path` for these metrics, or begins one there.
///
/// # Errors
/// When there can be no state there. A damaged file is no error: it is set aside.
pub fn open(path: &Path, definitions: Vec<Definition>, now_ms: u64) -> Result<Opened, OpenError> {
    let shown = path;
    // Of a link its target is meant, also where that is set aside.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let io = |why: String| OpenError::Io {
        path: shown.to_owned(),
        why,
    };
    let damage = match begin(&path, &definitions, now_ms) {
        Ok(opened) => return Ok(opened),
        Err(LoadError::Damaged(why)) => why,
        Err(LoadError::InUse) => return Err(OpenError::InUse(shown.to_owned())),
        Err(LoadError::Foreign) => return Err(OpenError::Foreign(shown.to_owned())),
        Err(LoadError::Newer(version)) => {
            return Err(OpenError::Newer {
                path: shown.to_owned(),
                version,
            });
        }
        Err(LoadError::Io(error)) => return Err(io(reason(&error, &path))),
    };
    let aside = set_aside(&path, now_ms)
        .map_err(|error| io(format!("{damage}; it cannot be set aside: {error}")))?;
    match begin(&path, &definitions, now_ms) {
        Ok(mut opened) => {
            opened.outcome.damaged = Some((damage, aside));
            Ok(opened)
        }
        Err(LoadError::Io(error)) => Err(io(reason(&error, &path))),
        Err(error) => Err(io(format!("{error:?}"))),
    }
}

/// The error of the operating system; where a folder is missing, which one.
fn reason(error: &rusqlite::Error, path: &Path) -> String {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match folder {
        Some(folder) if !folder.is_dir() => {
            format!("the folder `{}` does not exist", folder.display())
        }
        _ => match error {
            rusqlite::Error::SqliteFailure(_, Some(why)) => why.clone(),
            other => other.to_string(),
        },
    }
}

fn begin(path: &Path, definitions: &[Definition], now_ms: u64) -> Result<Opened, LoadError> {
    let is_known = look(path)?;
    let mut connection = connect(path)?;
    let loaded = match load::load(&connection) {
        // SQLite has looked at more than the first bytes.
        Err(LoadError::Damaged(_)) if !is_known => return Err(LoadError::Foreign),
        loaded => loaded?,
    };
    if connection.is_readonly("main")? {
        // The system lets it be written: SQLite stumbled over the file's header.
        return Err(LoadError::Damaged("its header is not as written".into()));
    }
    // Now that nobody else can write to it, and before anything is written here.
    if let Some(why) = write_ahead_log::damage(&companion(path, "-wal")).map_err(unreadable)? {
        return Err(LoadError::Damaged(why));
    }
    let is_new = loaded.is_none();
    if is_new {
        create(&mut connection)?;
    }
    keep_log(&connection)?;
    let loaded = loaded.unwrap_or_default();
    let mut outcome = OpenOutcome {
        saved_ms: (!is_new).then_some(loaded.saved_ms),
        ..OpenOutcome::default()
    };
    let (store, files, notes, baseline) = restore(loaded, definitions, now_ms, &mut outcome)?;
    Ok(Opened {
        store,
        files,
        notes,
        saver: Saver::new(connection, path.to_owned(), baseline),
        outcome,
    })
}

/// Takes what is the same metric out of what was saved.
fn restore(
    mut loaded: Loaded,
    definitions: &[Definition],
    now_ms: u64,
    outcome: &mut OpenOutcome,
) -> Result<(Store, Vec<SavedFile>, Notes, Baseline), LoadError> {
    let is_new = outcome.saved_ms.is_none();
    let mut ids = Vec::new();
    let mut families: Vec<Option<SavedFamily>> = Vec::new();
    let next_metric = loaded.metrics.iter().map(|metric| metric.id + 1).max();
    for definition in definitions {
        let found = loaded.metrics.iter().position(|m| is_of(m, definition));
        let saved = found.map(|place| loaded.metrics.swap_remove(place));
        let list = if saved.is_some() {
            &mut outcome.kept
        } else {
            &mut outcome.new
        };
        list.push(definition.saved_name().into_owned());
        ids.push(saved.as_ref().map(|metric| metric.id));
        families.push(saved.map(|metric| metric.family));
    }
    let left = &loaded.metrics;
    outcome.dropped = left.iter().map(|metric| metric.name.clone()).collect();
    let store = Store::restored(
        definitions.to_vec(),
        &families,
        loaded.series_created,
        now_ms,
    )
    .map_err(|unfit| LoadError::Damaged(unfit.to_string()))?;
    let kept = ids.iter().zip(store.image().families);
    let baseline = Baseline {
        digest: loaded.digest,
        series_created: loaded.series_created,
        files: by_id(&loaded.files),
        metrics: kept
            .filter_map(|(id, image)| Some(LastSave { id: (*id)?, image }))
            .collect(),
        dropped: left.iter().map(|m| (m.id, m.digest)).collect(),
        notes: note_hashes(&loaded.notes),
        next_metric: next_metric.unwrap_or(1),
        is_written: !is_new,
    };
    Ok((store, loaded.files, loaded.notes, baseline))
}

fn is_of(saved: &SavedMetric, definition: &Definition) -> bool {
    let (kind, buckets) = schema::kind(definition);
    saved.name == definition.saved_name()
        && saved.kind == kind
        && saved.buckets == buckets
        && saved.labels == schema::label_names(definition)
}

fn by_id(files: &[SavedFile]) -> std::collections::BTreeMap<FileId, SavedFile> {
    let files = files.iter().map(|file| (file.position.id, file.clone()));
    files.collect()
}

fn note_hashes(notes: &Notes) -> HashMap<(String, Vec<u8>), u128> {
    let mut hashes = HashMap::new();
    for (source, notes) in &notes.0 {
        for (key, value) in notes {
            use rusqlite::types::ValueRef::{Blob, Text};
            let row = [Text(source.as_bytes()), Blob(key), Blob(value)];
            hashes.insert((source.clone(), key.clone()), schema::hash(&NOTE, &row));
        }
    }
    hashes
}

/// Whether the first bytes are those of a state file (or there are none, and it may become one).
///
/// Before SQLite opens it, and never afterwards: closing any descriptor of the file would give up
/// the process' lock on it.
fn look(path: &Path) -> Result<bool, LoadError> {
    if !path.try_exists().map_err(unreadable)? {
        create_file(path).map_err(unreadable)?;
        return Ok(true);
    }
    if !path.is_file() {
        return Err(unreadable(io::Error::other("it is no regular file")));
    }
    let mut head = Vec::new();
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .read(true)
        .write(true)
        .open(path)
        .map_err(unreadable)?;
    io::Read::read_to_end(&mut io::Read::take(file, 4096), &mut head).map_err(unreadable)?;
    // Only a state that was there has a log, which SQLite would throw away with an empty file.
    let log_bytes = match std::fs::metadata(companion(path, "-wal")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        log => log.map_err(unreadable)?.len(),
    };
    if head.is_empty() && log_bytes > 0 {
        return Err(LoadError::Damaged("it is empty, but its log is not".into()));
    }
    let has = |text: &[u8]| memchr::memmem::find(&head, text).is_some();
    let is_marked = head.get(68..72) == Some(&APPLICATION_ID.to_be_bytes()[..]);
    if is_marked || has(b"version_check BLOB NOT NULL") || head.iter().all(|&byte| byte == 0) {
        return Ok(true);
    }
    // Of a file that a crash has interrupted before anything was in it, SQLite knows more.
    match head.starts_with(b"SQLite format 3\0") {
        true => Ok(false),
        false => Err(LoadError::Foreign),
    }
}

/// The operating system does not let us read the file.
fn unreadable(error: io::Error) -> LoadError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
    LoadError::Io(rusqlite::Error::SqliteFailure(
        code,
        Some(error.to_string()),
    ))
}

/// Makes the empty file, readable and writable for its owner alone.
pub(super) fn create_file(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Opens a file that exists, for this process alone.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::ZERO)?;
    // What is damaged must stay as it is when it is closed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // After a save of very many series the log on the disk becomes small again.
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    Ok(connection)
}

/// Makes the tables, whole or not at all: not yet with a write-ahead log next to the file.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for table in TABLES {
        transaction.execute(table.create, [])?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Writer::new(&transaction, 0).finish(0, 0)?;
    transaction.commit()
}

/// Writes to a log next to the file from now on, so that a save costs one synchronisation.
pub(super) fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")
}

/// Which file this is now.
pub(super) fn identity(path: &Path) -> Option<FileId> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(FileId::of(path, &metadata))
}

/// The name of a file that SQLite keeps next to the state file.
pub(super) fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Renames the file, and the files that SQLite keeps next to it; gives the new name.
fn set_aside(path: &Path, now_ms: u64) -> io::Result<PathBuf> {
    let time = i64::try_from(now_ms / 1000).ok();
    let time = time.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    let time = time.unwrap_or_default().strftime("%Y%m%dT%H%M%SZ");
    let mut aside = companion(path, &format!(".damaged-{time}"));
    let mut more = 1;
    while aside.try_exists()? {
        more += 1;
        aside = companion(path, &format!(".damaged-{time}-{more}"));
    }
    for ending in ["-wal", "-journal"] {
        let from = companion(path, ending);
        if from.try_exists()? {
            std::fs::rename(from, companion(&aside, ending))?;
        }
    }
    std::fs::rename(path, &aside)?;
    Ok(aside)
}
