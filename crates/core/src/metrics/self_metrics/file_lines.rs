//! How many lines each file had, for mtail's metrics, which name files and not inputs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many files are distinguished; the lines of further ones go to one that has no name.
const FILES_MAX: usize = 10_000;

/// The lines of all files. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub struct FileLines {
    files: Arc<Mutex<BTreeMap<Arc<str>, Arc<AtomicU64>>>>,
}

impl FileLines {
    /// The counter of a file.
    pub fn of(&self, file: &Arc<str>) -> Arc<AtomicU64> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = files.len() >= FILES_MAX && !files.contains_key(file);
        let name = if is_full {
            Arc::from("")
        } else {
            Arc::clone(file)
        };
        Arc::clone(files.entry(name).or_default())
    }

    /// All files that were ever read, and their lines.
    pub fn counts(&self) -> Vec<(Arc<str>, u64)> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |(name, lines): (&Arc<str>, &Arc<AtomicU64>)| {
            (Arc::clone(name), lines.load(Ordering::Relaxed))
        };
        files.iter().map(count).collect()
    }
}
