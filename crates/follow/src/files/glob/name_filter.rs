//! Files that are left out by their names.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Says of base names whether files that have them are left out.
#[derive(Clone)]
pub struct NameFilter(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl NameFilter {
    /// Leaves out what `ignored` names.
    pub fn new(ignored: impl Fn(&str) -> bool + Send + Sync + 'static) -> NameFilter {
        NameFilter(Arc::new(ignored))
    }

    /// Whether this file is left out.
    pub fn names(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or(path.as_os_str());
        (self.0)(&name.to_string_lossy())
    }
}

impl fmt::Debug for NameFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameFilter")
    }
}

impl PartialEq for NameFilter {
    fn eq(&self, other: &NameFilter) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for NameFilter {}
