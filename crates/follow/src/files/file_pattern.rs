//! Which files settings are for: by their names, also after they were rotated.

use std::path::{Path, PathBuf};

use super::glob::Glob;
use crate::recovery::rotated_names::base_of;

/// A glob over files. One without `/` is compared with their base names; `-` is standard input. A rotated
/// file (`app.log.1`) belongs to its log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePattern {
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    StandardInput,
    /// As if it was in the topmost folder.
    BaseName(Glob),
    Path(Glob),
}

impl FilePattern {
    /// Reads a glob. One with `/` that is relative begins at the current folder.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<FilePattern, String> {
        let kind = if text == "-" {
            Kind::StandardInput
        } else if text.is_empty() {
            return Err("it is empty".to_owned());
        } else if text.contains('/') {
            let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
            let glob = Glob::parse(text.as_bytes(), &current);
            Kind::Path(glob.map_err(|error| error.message.to_owned())?)
        } else {
            let glob = Glob::parse(text.as_bytes(), Path::new("/"));
            Kind::BaseName(glob.map_err(|error| error.message.to_owned())?)
        };
        Ok(FilePattern {
            text: text.to_owned(),
            kind,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the settings are for this file, which is `-` for standard input.
    pub(crate) fn names(&self, path: &Path) -> bool {
        self.names_exactly(path) || base_of(path).is_some_and(|(log, _)| self.names_exactly(&log))
    }

    fn names_exactly(&self, path: &Path) -> bool {
        match &self.kind {
            Kind::StandardInput => path == Path::new("-"),
            Kind::BaseName(glob) => {
                let name = path.file_name().map(|name| Path::new("/").join(name));
                let is_input = path == Path::new("-");
                !is_input && name.is_some_and(|name| glob.matches(&name))
            }
            Kind::Path(glob) => glob.matches(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str, path: &str) -> bool {
        FilePattern::parse(pattern).unwrap().names(Path::new(path))
    }

    #[test]
    fn names_paths_and_rotated_files() {
        let log = "/var/log/shop/app.log";
        for pattern in [
            "app.log",
            "*.log",
            "a?p.{log,txt}",
            "/var/log/*/app.log",
            "/var/**/*.log",
        ] {
            for path in [
                log.to_owned(),
                format!("{log}.1"),
                format!("{log}-20261127.gz"),
            ] {
                assert!(names(pattern, &path), "{pattern} {path}");
            }
        }
        for pattern in ["*.txt", "shop", "/var/*.log", "-", "log"] {
            assert!(!names(pattern, log), "{pattern}");
        }
        assert!(names("-", "-"));
        assert!(!names("*", "-"), "standard input is no file");
        let relative = std::env::current_dir().unwrap().join("logs/a.log");
        assert!(names("logs/*.log", relative.to_str().unwrap()));
    }

    #[test]
    fn what_is_no_glob_is_said() {
        for pattern in ["", "a[", "a***", "/x/a[", "**/b**"] {
            assert!(FilePattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
