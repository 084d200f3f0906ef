//! What is made of files, and made again when they change: rules with the pseudonym secret,
//! certificates, passwords, tokens.
//!
//! A change counts when two looks have found it the same: an editor may be in the middle of it, and
//! of a certificate and its key one is written first. A change that cannot be used is logged, and
//! what was in use stays in use.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::secret_file;

/// Where content comes from, and what is done with it.
pub trait Source: Send + Sync + 'static {
    /// What the files hold, or why they cannot be read.
    type Content;
    /// Tells contents apart. Of secrets it is a hash.
    type Identity: PartialEq + Clone + Send;
    /// What is reported after content was applied.
    type Outcome;

    /// Reads the files. May wait for a disk.
    fn read(&self) -> Self::Content;

    fn identity(&self, content: &Self::Content) -> Self::Identity;

    /// Why this look says nothing of the files, where the next one may: no change is seen then.
    fn passing_error<'c>(&self, _content: &'c Self::Content) -> Option<&'c str> {
        None
    }

    /// Puts the content in use, or logs why it cannot be used. `why` says what caused the reload.
    fn apply(&self, content: Self::Content, why: &str) -> Self::Outcome;
}

/// A source whose content is in use.
pub struct Reloadable<S: Source> {
    source: S,
    /// Locked for a whole reload, so that two never cross.
    seen: Mutex<Seen<S::Identity>>,
}

struct Seen<I> {
    /// What was last applied, whether it could be used or not.
    applied: I,
    /// What the last look found.
    latest: I,
    /// Why the last look found nothing.
    passing: Option<String>,
}

impl<S: Source> Reloadable<S> {
    /// `content` is in use already.
    pub fn new(source: S, content: &S::Content) -> Reloadable<S> {
        let identity = source.identity(content);
        Reloadable {
            source,
            seen: Mutex::new(Seen {
                applied: identity.clone(),
                latest: identity,
                passing: None,
            }),
        }
    }

    pub fn source(&self) -> &S {
        &self.source
    }

    /// Reads and applies the content now, whether it changed or not.
    pub fn reload(&self, why: &str) -> S::Outcome {
        let mut seen = self.lock();
        let content = self.source.read();
        if self.source.passing_error(&content).is_some() {
            return self.source.apply(content, why);
        }
        let identity = self.source.identity(&content);
        *seen = Seen {
            applied: identity.clone(),
            latest: identity,
            passing: None,
        };
        self.source.apply(content, why)
    }

    /// Applies the content if this look and the one before found the same change.
    pub fn look(&self) {
        let content = self.source.read();
        let passing = self.source.passing_error(&content).map(str::to_owned);
        let mut seen = self.lock();
        if passing != seen.passing {
            if let Some(error) = &passing {
                tracing::warn!("{error}; what was read before stays in use");
            }
            seen.passing.clone_from(&passing);
        }
        if passing.is_some() {
            return;
        }
        let identity = self.source.identity(&content);
        let is_settled = identity == seen.latest;
        seen.latest = identity;
        if is_settled && seen.latest != seen.applied {
            seen.applied = seen.latest.clone();
            self.source.apply(content, "the files changed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen<S::Identity>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `look` every `interval`, for as long as it is polled.
pub async fn watch(interval: Duration, look: impl Fn() + Send + Sync + 'static) {
    let look = Arc::new(look);
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let look = Arc::clone(&look);
        // The files may be on a disk that hangs. The task fails only where it panicked, which ends a
        // released program.
        _ = tokio::task::spawn_blocking(move || look()).await;
    }
}

/// Makes a value of the files' contents, in the order of their names. An error names the file and
/// shows nothing of its content.
pub type Parse<T> = fn(&[PathBuf], &[Vec<u8>]) -> Result<T, String>;

/// A value that small files give.
pub type ReloadableFiles<T> = Reloadable<FileSource<T>>;

pub struct FileSource<T> {
    /// What the value is called in messages.
    name: &'static str,
    paths: Vec<PathBuf>,
    parse: Parse<T>,
    current: ArcSwap<T>,
}

impl<T: Send + Sync + 'static> Source for FileSource<T> {
    type Content = Result<Vec<Vec<u8>>, String>;
    type Identity = Result<[u8; 32], String>;
    type Outcome = ();

    fn read(&self) -> Self::Content {
        secret_file::read_all(&self.paths)
    }

    fn identity(&self, content: &Self::Content) -> Self::Identity {
        content.as_deref().map(digest).map_err(String::clone)
    }

    fn apply(&self, content: Self::Content, _why: &str) {
        match content.and_then(|bytes| (self.parse)(&self.paths, &bytes)) {
            Ok(value) => {
                self.current.store(Arc::new(value));
                tracing::info!("{} changed and is in use from now on", self.name);
            }
            Err(error) => tracing::error!("{error}; keeping the previous {}", self.name),
        }
    }
}

impl<T: Send + Sync + 'static> ReloadableFiles<T> {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// When a file cannot be read or its content is wrong: a text that names the file.
    pub fn open(name: &'static str, paths: Vec<PathBuf>, parse: Parse<T>) -> Result<Self, String> {
        let bytes = secret_file::read_all(&paths)?;
        let source = FileSource {
            name,
            current: ArcSwap::from_pointee(parse(&paths, &bytes)?),
            paths,
            parse,
        };
        Ok(Reloadable::new(source, &Ok(bytes)))
    }

    /// The value now.
    pub fn current(&self) -> Arc<T> {
        self.source.current.load_full()
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for ReloadableFiles<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = &self.source.paths;
        formatter
            .debug_tuple("ReloadableFiles")
            .field(paths)
            .finish()
    }
}

/// A hash of all files' contents, in which no two lists of contents look the same.
pub fn digest(contents: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for bytes in contents {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn number(_: &[PathBuf], bytes: &[Vec<u8>]) -> Result<u32, String> {
        let text = std::str::from_utf8(&bytes[0]).map_err(|error| error.to_string())?;
        text.parse().map_err(|_| "no number".to_owned())
    }

    fn open(path: &Path) -> Result<ReloadableFiles<u32>, String> {
        ReloadableFiles::open("number", vec![path.to_owned()], number)
    }

    #[test]
    fn a_change_counts_when_found_twice_and_a_wrong_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let file = open(&path).unwrap();
        std::fs::write(&path, "2").unwrap();
        file.look();
        assert_eq!(*file.current(), 1);
        file.look();
        assert_eq!(*file.current(), 2);
        for broken in [Some("x"), None] {
            match broken {
                Some(text) => std::fs::write(&path, text).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            file.look();
            file.look();
            assert_eq!(*file.current(), 2);
        }
        std::fs::write(&path, "3").unwrap();
        file.look();
        file.look();
        assert_eq!(*file.current(), 3);
    }

    #[test]
    fn a_reload_takes_the_content_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1").unwrap();
        let file = open(&path).unwrap();
        std::fs::write(&path, "2").unwrap();
        file.reload("test");
        assert_eq!(*file.current(), 2);
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let message = open(&path).err().unwrap();
        assert!(message.starts_with(&format!("cannot read `{}`: ", path.display())));
    }
}
