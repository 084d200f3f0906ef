//! Which files do the inputs name now, and which folders tell when that changes.
//!
//! Looks at names only: nothing is opened, nothing is remembered between two looks.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::glob::Glob;
use super::specification::{InputKind, Specification};
use crate::compression::Compression;
use crate::recovery::places::RotatedFolders;

/// What one look at the names found.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// Every path to follow, with the index of the first specification that names it. A literal
    /// path is here whether it exists or not; a glob's only if it is a file.
    pub paths: BTreeMap<PathBuf, usize>,
    /// Folders in which a change can matter, and files that are mounted by themselves.
    pub watched: BTreeSet<PathBuf>,
    /// The specifications that name a file which belongs to one before them.
    pub shared: BTreeSet<usize>,
    /// Compressed files that a glob matched, which are not read.
    pub compressed: Vec<(usize, PathBuf)>,
    /// Folders into which the files are rotated, whether they are there or not.
    pub rotated: BTreeSet<PathBuf>,
    /// Folders that could not be read.
    pub problems: Vec<(usize, PathBuf, io::Error)>,
    /// Whether a symlink is on the way to some file, so that a change under another name matters.
    pub links: bool,
}

/// What one look has come by.
struct Seen<'r> {
    /// Into which folders files are rotated.
    rotated: &'r RotatedFolders,
    folders: HashSet<PathBuf>,
}

/// Looks at everything that `specifications` name.
pub(crate) fn discover(specifications: &[Specification], rotated: &RotatedFolders) -> Discovery {
    let mut found = Discovery::default();
    let mut seen = Seen {
        rotated,
        folders: HashSet::new(),
    };
    for (index, specification) in specifications.iter().enumerate() {
        match &specification.kind {
            InputKind::File(path) => {
                found.add_ways(path, &mut seen);
                if is_mount_point(path) {
                    found.watched.insert(path.clone());
                }
                found.add_path(path.clone(), index);
            }
            InputKind::Glob(glob) => found.add_matches(index, glob, &mut seen),
            InputKind::StandardInput | InputKind::Fifo(_) | InputKind::Socket(_) => {}
        }
    }
    found
}

impl Discovery {
    fn add_matches(&mut self, index: usize, glob: &Glob, seen: &mut Seen<'_>) {
        let matches = glob.look();
        for folder in &matches.folders {
            self.add_folder(folder, seen);
        }
        // What they lead to may come.
        for link in &matches.dangling {
            self.add_ways(link, seen);
        }
        let problems = matches.problems.into_iter();
        self.problems
            .extend(problems.map(|(path, error)| (index, path, error)));
        for path in matches.paths {
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            if is_compressed(&path) {
                self.compressed.push((index, path));
                continue;
            }
            self.add_ways(&path, seen);
            self.add_path(path, index);
        }
    }

    fn add_path(&mut self, path: PathBuf, index: usize) {
        if *self.paths.entry(path).or_insert(index) != index {
            self.shared.insert(index);
        }
    }

    /// Adds the folder of `path`, and of whatever the path's symlinks lead through.
    fn add_ways(&mut self, path: &Path, seen: &mut Seen<'_>) {
        let mut path = path.to_owned();
        // More hops than the system itself follows are a circle.
        for _ in 0..40 {
            if let Some(folder) = path.parent() {
                self.add_folder(folder, seen);
            }
            for folder in seen.rotated.of(&path) {
                self.add_folder(&folder, seen);
                self.rotated.insert(folder);
            }
            let Ok(target) = fs::read_link(&path) else {
                return;
            };
            self.links = true;
            path = path.parent().unwrap_or(Path::new("/")).join(target);
        }
    }

    /// Adds a folder, or the nearest one above it that exists, and those that hold a symlink on
    /// the way to it. `seen` spares the same folder of a thousand files a thousand walks.
    fn add_folder(&mut self, folder: &Path, seen: &mut Seen<'_>) {
        if !seen.folders.insert(folder.to_owned()) {
            return;
        }
        let existing = folder.ancestors().find(|folder| folder.is_dir());
        if let Some(existing) = existing {
            self.watched.insert(existing.to_owned());
        }
        for ancestor in folder.ancestors() {
            let Ok(target) = fs::read_link(ancestor) else {
                continue;
            };
            self.links = true;
            if let Some(holder) = ancestor.parent() {
                self.add_folder(holder, seen);
                self.add_folder(&holder.join(target), seen);
            }
        }
    }
}

/// Rotated logs that were compressed: reading them as text would count nothing and say so much.
pub(super) fn is_compressed(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(Compression::of_name).is_some()
}

/// A file that is mounted by itself (a container's single-file volume): its folder here is not the
/// folder in which it is written, so only a watch on the file tells of writes.
#[cfg(target_os = "linux")]
fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mount_point(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn look(folder: &Path, arguments: &[&str]) -> Discovery {
        let full = arguments.iter().map(|argument| folder.join(argument));
        let specifications = Specification::parse_all(full).unwrap();
        discover(&specifications, &RotatedFolders::default())
    }

    fn names(paths: impl IntoIterator<Item = impl AsRef<Path>>, folder: &Path) -> Vec<String> {
        let strip = |path: &Path| {
            path.strip_prefix(folder)
                .unwrap_or(path)
                .display()
                .to_string()
        };
        paths.into_iter().map(|path| strip(path.as_ref())).collect()
    }

    fn scratch() -> (tempfile::TempDir, PathBuf) {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().canonicalize().unwrap();
        (scratch, path)
    }

    fn touch(folder: &Path, name: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn globs_reach_into_folders_and_leave_packed_and_hidden_files() {
        let (_scratch, folder) = scratch();
        for name in [
            "a/gw/1.log",
            "a/gw/deep/2.log",
            "b/gw/3.log",
            "b/other/4.log",
        ] {
            touch(&folder, name);
        }
        for name in [
            "a/gw/5.log.gz",
            "a/gw/.6.log",
            "a/gw/dir.log/x",
            "a/gw/7.log.1",
        ] {
            touch(&folder, name);
        }
        let found = look(&folder, &["*/gw/*.log*"]);
        assert_eq!(
            names(found.paths.keys(), &folder),
            ["a/gw/1.log", "a/gw/7.log.1", "b/gw/3.log"]
        );
        assert_eq!(
            names(found.compressed.iter().map(|(_, path)| path), &folder),
            ["a/gw/5.log.gz"]
        );
        let found = look(&folder, &["**/*.log"]);
        assert_eq!(found.paths.len(), 4);
        let found = look(&folder, &["a/**"]);
        assert_eq!(
            found.paths.len(),
            4,
            "a trailing ** means the files below: {found:?}"
        );
    }

    #[test]
    fn the_folders_to_watch_are_those_on_the_way() {
        let (_scratch, folder) = scratch();
        touch(&folder, "a/gw/1.log");
        touch(&folder, "b/x");
        let found = look(&folder, &["*/gw/*.log"]);
        assert_eq!(names(&found.watched, &folder), ["", "a", "a/gw", "b"]);
        let found = look(&folder, &["a/later/still/x.log"]);
        assert_eq!(names(&found.watched, &folder), ["a"]);
        assert_eq!(names(found.paths.keys(), &folder), ["a/later/still/x.log"]);
    }

    #[test]
    fn rotated_folders_are_watched_before_they_are_there() {
        let (_scratch, folder) = scratch();
        touch(&folder, "gw/1.log");
        touch(&folder, "old/x");
        let specifications = Specification::parse_all([folder.join("gw/*.log")]).unwrap();
        let rotated = ["../old", "archive/logs"].map(PathBuf::from).to_vec();
        let found = discover(&specifications, &RotatedFolders(rotated));
        assert_eq!(
            names(&found.rotated, &folder),
            ["gw/../old", "gw/archive/logs"]
        );
        assert_eq!(names(&found.watched, &folder), ["gw", "gw/../old"]);
    }

    #[cfg(unix)]
    #[test]
    fn symlinks_are_watched_at_both_ends() {
        let (_scratch, folder) = scratch();
        touch(&folder, "real/x.log");
        fs::create_dir(folder.join("names")).unwrap();
        std::os::unix::fs::symlink("../real/x.log", folder.join("names/x.log")).unwrap();
        std::os::unix::fs::symlink("names", folder.join("current")).unwrap();
        let found = look(&folder, &["current/x.log"]);
        assert!(found.links);
        let watched: HashSet<_> = found
            .watched
            .iter()
            .map(|place| place.canonicalize().unwrap())
            .collect();
        for expected in ["", "names", "real"] {
            assert!(
                watched.contains(&folder.join(expected)),
                "{expected}: {watched:?}"
            );
        }
    }

    #[test]
    fn the_first_input_that_names_a_path_has_it() {
        let (_scratch, folder) = scratch();
        touch(&folder, "x.log");
        touch(&folder, "y.log");
        let found = look(&folder, &["x.log", "*.log"]);
        let owners: Vec<_> = found
            .paths
            .iter()
            .map(|(path, index)| (path.file_name().and_then(OsStr::to_str).unwrap(), *index))
            .collect();
        assert_eq!(owners, [("x.log", 0), ("y.log", 1)]);
    }
}
