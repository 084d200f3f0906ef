//! What is read from files and read again when they change: certificates, passwords, tokens. A bad
//! change keeps what was there.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

/// No file of a certificate, of passwords or of tokens is larger, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Makes a value of the files' contents, in the order of their names; what is wrong is told as text
/// that names the file and holds nothing of its content.
pub type Parse<T> = fn(&[PathBuf], &[Vec<u8>]) -> Result<T, String>;

/// A value that files give.
pub struct WatchedFile<T> {
    /// What the value is called in messages.
    name: &'static str,
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    seen: Mutex<FileState>,
    current: ArcSwap<T>,
}

/// The files' contents, or why they cannot be read. The contents are secrets, so only a hash of them
/// is kept.
type Contents = Result<[u8; 32], String>;

struct FileState {
    /// What was last made into a value, or told to be wrong.
    settled: Contents,
    /// What the last look found.
    latest: Contents,
}

impl<T> WatchedFile<T> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// When a file cannot be read or what it holds is wrong: a text that names the file.
    pub fn read(
        name: &'static str,
        paths: Vec<PathBuf>,
        parse: Parse<T>,
    ) -> Result<WatchedFile<T>, String> {
        let bytes = read_all(&paths)?;
        let contents = Ok(digest(&bytes));
        Ok(WatchedFile {
            name,
            current: ArcSwap::from_pointee(parse(&paths, &bytes)?),
            paths,
            parse,
            seen: Mutex::new(FileState {
                settled: contents.clone(),
                latest: contents,
            }),
        })
    }

    /// The value now.
    pub fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Looks whether the files have changed. A change counts when two looks have found it the same:
    /// of a certificate and its key one is written first.
    pub fn look(&self) {
        let (contents, bytes) = match read_all(&self.paths) {
            Ok(bytes) => (Ok(digest(&bytes)), bytes),
            Err(error) => (Err(error), Vec::new()),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_still = contents == seen.latest;
        seen.latest = contents;
        if !is_still || seen.latest == seen.settled {
            return;
        }
        seen.settled = seen.latest.clone();
        let made = match &seen.latest {
            Ok(_) => (self.parse)(&self.paths, &bytes),
            Err(error) => Err(error.clone()),
        };
        match made {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!("{} changed and is in use from now on", self.name);
            }
            Err(error) => tracing::error!("{error}; keeping the {} from before", self.name),
        }
    }
}

impl<T> fmt::Debug for WatchedFile<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Kept").field(&self.paths).finish()
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, String> {
    let read = |path: &PathBuf| {
        read_file(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    paths.iter().map(read).collect()
}

/// The content of a file that is small if it is what its user means.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Says so where somebody else than a secret file's owner may read it.
pub fn warn_if_others_read(path: &Path) {
    if is_readable_by_others(path) {
        tracing::warn!(
            "others than its owner can read `{0}`; `chmod 600 {0}` closes it",
            path.display()
        );
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A pipe, as the shell's `<(…)` gives it, is not on the disk.
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_path: &Path) -> bool {
    false
}

fn digest(contents: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for bytes in contents {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(_: &[PathBuf], bytes: &[Vec<u8>]) -> Result<u32, String> {
        let text = std::str::from_utf8(&bytes[0]).map_err(|error| error.to_string())?;
        text.parse().map_err(|_| "no number".to_owned())
    }

    #[test]
    fn a_change_counts_once_it_stands_still_and_a_bad_one_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let kept = WatchedFile::read("number", vec![path.clone()], number).unwrap();
        std::fs::write(&path, "2").unwrap();
        kept.look();
        assert_eq!(*kept.current(), 1);
        kept.look();
        assert_eq!(*kept.current(), 2);
        for broken in [Some("x"), None] {
            match broken {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            kept.look();
            kept.look();
            assert_eq!(*kept.current(), 2);
        }
        std::fs::write(&path, "3").unwrap();
        kept.look();
        kept.look();
        assert_eq!(*kept.current(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let told = |path: &Path| {
            WatchedFile::read("number", vec![path.to_owned()], number)
                .err()
                .unwrap()
        };
        assert!(told(&path).starts_with(&format!("cannot read `{}`: ", path.display())));
        std::fs::write(&path, vec![b'1'; 2 << 20]).unwrap();
        assert!(told(&path).ends_with("it is larger than 1 MiB"));
    }

    #[cfg(unix)]
    #[test]
    fn others_are_the_group_and_the_world() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, open) in [(0o600, false), (0o640, true), (0o604, true), (0o400, false)] {
            std::fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(is_readable_by_others(file.path()), open, "{mode:o}");
        }
    }
}
