//! Under which paths the files of one log are kept: the followed path, and every hop of its links.
//!
//! Rotation happens next to the file, and a link may be followed: so rotated files are searched next to
//! the link, next to each hop, and next to the file at the end.

use std::fs;
use std::path::{Path, PathBuf};

use super::rotated_names::{Age, base_of, base_or_self};

/// More hops than the system itself follows are a circle.
const HOPS_MAX: usize = 40;

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
    without_repeats(places)
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
pub(crate) fn without_repeats(places: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for place in places {
        let folder = place.parent().map(|folder| folder.canonicalize());
        let key = match folder {
            Some(Ok(folder)) => folder.join(place.file_name().unwrap_or_default()),
            _ => place.clone(),
        };
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(place);
        }
    }
    kept
}
