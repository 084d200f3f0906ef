//! The files next to a followed name that may be rotated ones of it.
//!
//! Looks at names and identities; no content is read here.

use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::places::Place;
use super::read_order::AgeInLog;
use super::rotated_names::{Age, Rotated, digits_blanked, looks_rotated};
use crate::compression::{Compression, MAGIC_BYTES_MAX, without_ending};
use crate::files::identity::{self, FileId, read_at};

/// A file next to the name that was followed.
pub(crate) struct Sibling {
    /// The log next to which, or in whose rotated folder, it was found.
    pub(crate) log: Arc<Path>,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) id: FileId,
    /// Whether the log is another one now.
    pub(crate) is_of_former_log: bool,
    /// None if its name does not tell; then it is known by its identity or its content.
    pub(crate) age: Option<Age>,
    pub(crate) compression: Option<Compression>,
    pub(crate) modified: Option<SystemTime>,
    pub(crate) size: u64,
}

impl Sibling {
    /// How old it is among the files of the log.
    pub(crate) fn age_in_log(&self) -> AgeInLog {
        match self.age {
            None => AgeInLog::Unknown,
            Some(age) if self.is_of_former_log => AgeInLog::Former(Arc::clone(&self.log), age),
            Some(age) => AgeInLog::Present(age),
        }
    }

    /// Whether its name has the log's name in it.
    pub(crate) fn is_related(&self) -> bool {
        match (self.path.file_name(), self.log.file_name()) {
            (Some(name), Some(log)) => is_related(name, log),
            _ => false,
        }
    }
}

/// A name, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedSibling {
    log: Arc<Path>,
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    is_of_former_log: bool,
    pub(super) age: Option<Age>,
    /// Whether its name has the followed name in it.
    pub(super) is_related: bool,
    /// Whether its name may be one that rotation gives to that.
    pub(super) looks_rotated: bool,
}

impl ListedSibling {
    pub(super) fn open(&self) -> io::Result<Sibling> {
        let file = identity::open(&self.path)?;
        let metadata = file.metadata()?;
        let mut head = [0; MAGIC_BYTES_MAX];
        let read = read_at(&file, &mut head, 0)?;
        let head = &head[..read];
        let mut compression = Compression::of(head);
        if compression.is_none() && Compression::may_begin_with(head) {
            // Its first bytes are still to come.
            let name = self.path.file_name().and_then(OsStr::to_str);
            compression = name.and_then(Compression::of_name);
        }
        Ok(Sibling {
            log: Arc::clone(&self.log),
            is_of_former_log: self.is_of_former_log,
            id: FileId::of(&self.path, &metadata),
            modified: metadata.modified().ok(),
            size: metadata.len(),
            path: self.path.clone(),
            file,
            age: self.age,
            compression,
        })
    }
}

/// Which files of a folder are wanted.
pub(super) enum Wanted<'a> {
    /// Those with names that rotation gives, and those of these numbers under any name.
    Rotated(&'a HashSet<FileId>),
    /// All others, but those of these numbers: their content is compared.
    Others(&'a HashSet<FileId>),
    /// Those whose names differ from one of these in digits alone. They are as old as they are written.
    NamedLike(&'a HashSet<OsString>),
}

pub(super) type Problems = Vec<(PathBuf, io::Error)>;

/// The files next to `places` that are wanted, each once, by path. Adds to `count` how many names there are.
pub(super) fn list(
    places: &[Place],
    wanted: &Wanted<'_>,
    problems: &mut Problems,
    count: &mut usize,
) -> Vec<ListedSibling> {
    let mut listed: BTreeMap<FileId, ListedSibling> = BTreeMap::new();
    for place in places {
        let Some(folder) = place.path.parent() else {
            continue;
        };
        let names = match names_in(folder) {
            Ok(names) => names,
            // A place is where files may be, not where they must be.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push((folder.to_owned(), error));
                continue;
            }
        };
        *count += names.len();
        #[cfg(test)]
        crate::testing::count_work(names.len());
        for (name, number) in &names {
            let path = folder.join(name);
            if places.iter().any(|place| place.is_log(&path)) {
                continue;
            }
            if let Some(sibling) = wanted.take(path, name, place, *number) {
                // Of several names of a file the one that tells its age.
                let order = |one: &ListedSibling| (one.age.is_none(), one.path.clone());
                let known = listed.get(&sibling.id);
                if known.is_none_or(|known| order(&sibling) < order(known)) {
                    listed.insert(sibling.id, sibling);
                }
            }
        }
    }
    let mut listed: Vec<_> = listed.into_values().collect();
    listed.sort_by(|one, other| one.path.cmp(&other.path));
    listed
}

impl Wanted<'_> {
    /// The file `name`, if it is wanted.
    fn take(
        &self,
        path: PathBuf,
        name: &OsStr,
        place: &Place,
        number: Option<u64>,
    ) -> Option<ListedSibling> {
        let base = place.path.file_name()?;
        let text = name.to_str();
        let (plain, compression) = text.map_or(("", None), without_ending);
        if compression.is_some() && path.with_file_name(plain).exists() {
            // It is being compressed: what is whole is the other.
            return None;
        }
        let rotated = text.and_then(Rotated::of);
        let age = rotated.filter(|rotated| *rotated.base == *base);
        let age = age.map(|rotated| rotated.age);
        let age = age.or_else(|| place.is_former_log(&path).then_some(Age::Current));
        let is_related = is_related(name, base);
        let looks_rotated = is_related && looks_rotated(name, base);
        match self {
            Wanted::Rotated(numbers) => {
                let may_be = number.is_none_or(|inode| numbers.iter().any(|id| id.inode == inode));
                if age.is_none() && (numbers.is_empty() || !may_be) {
                    return None;
                }
                let (id, _) = regular(&path)?;
                (age.is_some() || numbers.contains(&id)).then_some(ListedSibling {
                    log: Arc::clone(&place.log),
                    path,
                    id,
                    is_of_former_log: place.is_former,
                    age,
                    is_related,
                    looks_rotated,
                })
            }
            Wanted::Others(known) => {
                let (id, _) = regular(&path).filter(|(id, _)| !known.contains(id))?;
                age.is_none().then_some(ListedSibling {
                    log: Arc::clone(&place.log),
                    path,
                    id,
                    is_of_former_log: place.is_former,
                    age,
                    is_related,
                    looks_rotated,
                })
            }
            Wanted::NamedLike(shapes) => {
                let is_like = age.is_none() && shapes.contains(&digits_blanked(name));
                let (id, modified) = regular(&path).filter(|_| is_like)?;
                Some(ListedSibling {
                    log: Arc::clone(&place.log),
                    path,
                    id,
                    is_of_former_log: place.is_former,
                    age: Age::written(modified),
                    is_related,
                    looks_rotated,
                })
            }
        }
    }
}

/// Whether a name has another in it, or begins as that does up to its ending.
pub(crate) fn is_related(name: &OsStr, base: &OsStr) -> bool {
    let (name, whole) = (name.as_encoded_bytes(), base.as_encoded_bytes());
    let stem = Path::new(base)
        .file_stem()
        .unwrap_or(base)
        .as_encoded_bytes();
    let after_stem = name.strip_prefix(stem).and_then(|rest| rest.first());
    memchr::memmem::find(name, whole).is_some()
        || after_stem.is_some_and(|byte| !byte.is_ascii_alphanumeric())
}

/// The identity of a file and when it was written; none if it is no file.
fn regular(path: &Path) -> Option<(FileId, Option<SystemTime>)> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((FileId::of(path, &metadata), metadata.modified().ok()))
}

/// The names in a folder, each with its inode's number where the folder tells it.
fn names_in(folder: &Path) -> io::Result<Vec<(OsString, Option<u64>)>> {
    let mut names: Vec<_> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| (entry.file_name(), inode(&entry)))
        .collect();
    // Some file systems in layers give other numbers here than for the files themselves.
    let first = names.iter().find(|(_, inode)| inode.is_some());
    let is_true = first.is_none_or(|(name, inode)| {
        let path = folder.join(name);
        let metadata = fs::symlink_metadata(&path);
        metadata.is_ok_and(|metadata| Some(FileId::of(&path, &metadata).inode) == *inode)
    });
    if !is_true {
        names.iter_mut().for_each(|(_, inode)| *inode = None);
    }
    Ok(names)
}

/// The number of the entry's inode; none where it is that of a link, not of a file.
#[cfg(unix)]
fn inode(entry: &fs::DirEntry) -> Option<u64> {
    use std::os::unix::fs::DirEntryExt;
    let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
    (!is_link).then(|| entry.ino())
}

#[cfg(not(unix))]
fn inode(_entry: &fs::DirEntry) -> Option<u64> {
    None
}
