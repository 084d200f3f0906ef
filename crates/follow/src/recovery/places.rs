//! Under which paths the files of one log are kept: the followed path, every hop of its links, and the
//! folders into which logs are rotated.
//!
//! Rotation happens next to the file, and a link may be followed: so rotated files are searched next to
//! the link, next to each hop, and next to the file at the end; and in the rotated folders of all these.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::rotated_names::{Age, base_of, base_or_self};

/// More hops than the system itself follows are a circle.
const HOPS_MAX: usize = 40;

/// Where files of a log may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The name of the log in the folder where they are.
    pub(crate) path: PathBuf,
    /// The log itself: the same path, but for a rotated folder.
    pub(crate) log: Arc<Path>,
    /// Whether the log was kept there before, and no link leads to it any more. Then a file of its name is one
    /// of those that came before.
    pub(crate) is_former: bool,
}

impl Place {
    /// Where the log was kept before.
    pub(crate) fn former(path: PathBuf) -> Place {
        Place {
            is_former: true,
            ..Place::from(path)
        }
    }

    /// Whether the log itself has this path now.
    pub(crate) fn is_log(&self, path: &Path) -> bool {
        self.has_path(path) && !self.is_former
    }

    /// Whether the log had this path before.
    pub(crate) fn is_former_log(&self, path: &Path) -> bool {
        self.has_path(path) && self.is_former
    }

    fn has_path(&self, path: &Path) -> bool {
        self.path == path && *self.log == *path
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Place {
        Place {
            log: Arc::from(path.as_path()),
            path,
            is_former: false,
        }
    }
}

/// Folders into which logs are rotated (logrotate's `olddir`), as they were named: a relative one is in the
/// folder of each log.
#[derive(Debug, Clone, Default)]
pub(crate) struct RotatedFolders(pub(crate) Vec<PathBuf>);

impl RotatedFolders {
    /// The rotated folders of a log at `path`.
    pub(crate) fn of(&self, path: &Path) -> impl Iterator<Item = PathBuf> {
        let folder = path.parent().unwrap_or(Path::new("/"));
        self.0.iter().map(|rotated| folder.join(rotated))
    }

    /// `places` of logs, and the same names in their rotated folders.
    pub(crate) fn places(&self, mut places: Vec<Place>) -> Vec<Place> {
        let mut rotated = Vec::new();
        for log in &places {
            let Some(name) = log.path.file_name() else {
                continue;
            };
            rotated.extend(self.of(&log.path).map(|folder| Place {
                path: folder.join(name),
                log: Arc::clone(&log.log),
                is_former: log.is_former,
            }));
        }
        places.extend(rotated);
        without_repeats(places, |place| &place.path)
    }

    /// Where the log is kept that `path` leads to or was: see [`log_of`].
    pub(crate) fn log_of(&self, path: &Path) -> PathBuf {
        let log = log_of(path);
        if log.file_name() == path.file_name() {
            return log;
        }
        let names_below = self.0.iter().filter(|rotated| {
            let mut parts = rotated.components();
            parts.all(|part| matches!(part, Component::Normal(_)))
        });
        for rotated in names_below {
            let folder = log.parent().filter(|folder| folder.ends_with(rotated));
            let folder = folder.and_then(|folder| folder.ancestors().nth(rotated.iter().count()));
            if let (Some(folder), Some(name)) = (folder, log.file_name()) {
                return folder.join(name);
            }
        }
        log
    }
}

/// `path`, what it leads to hop by hop, and the file itself without any link on the way to it. They
/// need not exist.
pub(crate) fn places_of(path: &Path) -> Vec<PathBuf> {
    let mut places = vec![path.to_owned()];
    let mut hop = path.to_owned();
    for _ in 0..HOPS_MAX {
        let Ok(target) = fs::read_link(&hop) else {
            break;
        };
        hop = hop.parent().unwrap_or(Path::new("/")).join(target);
        places.push(hop.clone());
    }
    places.extend(real_path(&hop));
    without_repeats(places, |place| place)
}

/// Where the log is kept that `path` leads to, without links and under the name it has before a rotation.
/// A link may lead to a numbered file that is no rotated one.
pub(crate) fn log_of(path: &Path) -> PathBuf {
    let Some(real) = real_path(path) else {
        return base_or_self(path);
    };
    match base_of(&real) {
        Some((_, rotated))
            if real.file_name() != path.file_name() && matches!(rotated.age, Age::Number(_)) =>
        {
            real
        }
        Some((base, _)) => base,
        None => real,
    }
}

/// The path without links and `..`, if its folder exists.
fn real_path(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize();
    let by_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    whole.ok().or_else(by_folder)
}

/// The same without paths that lead to the same folder and name.
pub(crate) fn without_repeats<P>(places: Vec<P>, path: fn(&P) -> &PathBuf) -> Vec<P> {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for place in places {
        let path = path(&place);
        let folder = path.parent().map(|folder| folder.canonicalize());
        let key = match folder {
            Some(Ok(folder)) => folder.join(path.file_name().unwrap_or_default()),
            _ => path.clone(),
        };
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(place);
        }
    }
    kept
}
