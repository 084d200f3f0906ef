//! Globs: what a pattern means, and which paths match it now.
//!
//! As a shell matches: `*` stops at `/` and does not match a leading dot, `**` is any number of folders,
//! `?` one character, `[a-z]` and `[!a-z]` one of several, `{a,b}` alternatives. Names are bytes: they
//! need not be UTF-8.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::identity::FileId;

mod name_filter;
mod pattern;

pub use name_filter::NameFilter;
use pattern::NamePattern;

/// A pattern, with its braces written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    alternatives: Vec<Alternative>,
    /// Files that are left out though they match.
    ignored: Option<NameFilter>,
}

/// A pattern without braces.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alternative {
    /// The folder before the first part with a glob character; absolute.
    base: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Name(NamePattern),
    /// `**`
    AnyDepth,
}

/// What is wrong with a pattern, and where: in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GlobError {
    pub(super) message: &'static str,
    pub(super) at: usize,
}

/// What matches now.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// Files, links and folders that match.
    pub(super) paths: Vec<PathBuf>,
    /// Folders in which something may come to match.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Links on the way that lead nowhere yet.
    pub(super) dangling: Vec<PathBuf>,
    /// Folders that cannot be read.
    pub(super) problems: Vec<(PathBuf, io::Error)>,
}

/// Folders below `**` are followed to this depth.
const DEPTH_MAX: usize = 64;

impl Glob {
    /// Whether a name has characters that mean something in a glob.
    pub(super) fn is_glob(text: &[u8]) -> bool {
        let has_wildcard = text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['));
        has_wildcard || pattern::has_braces(text)
    }

    /// Reads a pattern. A relative one begins at `current`.
    pub(super) fn parse(text: &[u8], current: &Path) -> Result<Glob, GlobError> {
        let mut alternatives = Vec::new();
        if !pattern::has_braces(text) {
            // By itself, so that an error's place fits what was typed.
            alternatives.push(Alternative::parse(text, current)?);
            return Ok(Glob {
                alternatives,
                ignored: None,
            });
        }
        for text in pattern::without_braces(text)? {
            let alternative = Alternative::parse(&text, current)?;
            if !alternatives.contains(&alternative) {
                alternatives.push(alternative);
            }
        }
        Ok(Glob {
            alternatives,
            ignored: None,
        })
    }

    /// The same pattern, but files whose base names the filter names are left out.
    pub(super) fn without(self, ignored: NameFilter) -> Glob {
        let ignored = Some(ignored);
        Glob { ignored, ..self }
    }

    /// Whether `path` matches.
    pub(super) fn matches(&self, path: &Path) -> bool {
        let is_ignored = || self.ignored.as_ref().is_some_and(|one| one.names(path));
        (self.alternatives.iter()).any(|one| one.compare(path) == Some(Fit::Whole)) && !is_ignored()
    }

    /// Whether a change of `path` can change what matches: it matches, or is on the way to a match.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let concerned =
            |one: &Alternative| one.base.starts_with(path) || one.compare(path).is_some();
        self.alternatives.iter().any(concerned)
    }

    /// What matches now.
    pub(super) fn look(&self) -> Matches {
        let mut matches = Matches::default();
        for alternative in &self.alternatives {
            let mut chain = Vec::new();
            matches.folders.insert(alternative.base.clone());
            matches.walk(&alternative.base, &alternative.parts, &mut chain);
        }
        if let Some(ignored) = &self.ignored {
            matches.paths.retain(|path| !ignored.names(path));
        }
        matches.paths.sort_unstable();
        matches.paths.dedup();
        matches
    }

    #[cfg(test)]
    pub(super) fn base(&self) -> &Path {
        &self.alternatives[0].base
    }
}

/// How much of a pattern a path matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// A folder on the way to a match.
    Begin,
    Whole,
}

impl Alternative {
    fn parse(text: &[u8], current: &Path) -> Result<Self, GlobError> {
        let (mut base, mut parts) = (PathBuf::new(), Vec::new());
        let is_absolute = text
            .first()
            .is_some_and(|byte| std::path::is_separator(char::from(*byte)));
        if !is_absolute {
            base.push(current);
        } else {
            base.push("/");
        }
        let mut at = 0;
        for part in text.split(|byte| std::path::is_separator(char::from(*byte))) {
            let pattern = NamePattern::parse(part).map_err(|error| GlobError {
                at: error.at + at,
                ..error
            })?;
            at += part.len() + 1;
            match pattern {
                None if parts.last() == Some(&Part::AnyDepth) => {}
                None => parts.push(Part::AnyDepth),
                Some(name) if name.is_empty() || name.is(b".") => {}
                Some(name) => match name.literal() {
                    Some(literal) if parts.is_empty() => base.push(os_string(literal)),
                    _ => parts.push(Part::Name(name)),
                },
            }
        }
        if parts.is_empty()
            && let Some(name) = base
                .file_name()
                .map(|name| name.as_encoded_bytes().to_vec())
        {
            // The base is a folder: the last name is matched in it.
            base.pop();
            parts.push(Part::Name(NamePattern::exactly(&name)));
        }
        // `**` at the end would match folders alone; what is meant are the files in them.
        if parts.last() == Some(&Part::AnyDepth) {
            parts.push(Part::Name(NamePattern::anything()));
        }
        Ok(Alternative { base, parts })
    }

    fn compare(&self, path: &Path) -> Option<Fit> {
        let rest = path.strip_prefix(&self.base).ok()?;
        let names: Option<Vec<&OsStr>> = rest
            .components()
            .map(|part| match part {
                Component::Normal(name) => Some(name),
                Component::ParentDir => Some(OsStr::new("..")),
                _ => None,
            })
            .collect();
        fit(&self.parts, &names?)
    }
}

fn fit(parts: &[Part], names: &[&OsStr]) -> Option<Fit> {
    match (parts, names) {
        ([], []) => Some(Fit::Whole),
        (_, []) => Some(Fit::Begin),
        ([], _) => None,
        ([Part::Name(pattern), parts @ ..], [name, names @ ..]) => pattern
            .matches(name.as_encoded_bytes())
            .then(|| fit(parts, names))
            .flatten(),
        ([Part::AnyDepth, rest @ ..], [name, names_rest @ ..]) => {
            let here = fit(rest, names);
            let below = || {
                let is_hidden = name.as_encoded_bytes().starts_with(b".");
                (!is_hidden).then(|| fit(parts, names_rest)).flatten()
            };
            here.max(below())
        }
    }
}

impl Matches {
    /// Adds what matches `parts` in `folder`. `chain` has the folders on the way: one that is met again
    /// is a circle of links.
    fn walk(&mut self, folder: &Path, parts: &[Part], chain: &mut Vec<FileId>) {
        match parts {
            [] => {}
            [Part::Name(pattern), rest @ ..] => match pattern.literal() {
                Some(literal) => self.step(folder.join(os_string(literal)), rest, chain),
                None => {
                    for name in self.names(folder) {
                        if pattern.matches(name.as_encoded_bytes()) {
                            self.step(folder.join(name), rest, chain);
                        }
                    }
                }
            },
            [Part::AnyDepth, rest @ ..] => {
                self.walk(folder, rest, chain);
                for name in self.names(folder) {
                    if !name.as_encoded_bytes().starts_with(b".") {
                        self.enter(folder.join(name), parts, chain);
                    }
                }
            }
        }
    }

    /// Goes on at a path that matches so far.
    fn step(&mut self, path: PathBuf, rest: &[Part], chain: &mut Vec<FileId>) {
        if !rest.is_empty() {
            return self.enter(path, rest, chain);
        }
        match fs::metadata(&path) {
            Ok(_) => self.paths.push(path),
            Err(_) if fs::symlink_metadata(&path).is_ok() => {
                self.dangling.push(path.clone());
                self.paths.push(path);
            }
            Err(_) => {}
        }
    }

    fn enter(&mut self, path: PathBuf, parts: &[Part], chain: &mut Vec<FileId>) {
        let Ok(metadata) = fs::metadata(&path) else {
            if fs::symlink_metadata(&path).is_ok() {
                self.dangling.push(path);
            }
            return;
        };
        let id = FileId::of(&path, &metadata);
        if !metadata.is_dir() || chain.contains(&id) || chain.len() >= DEPTH_MAX {
            return;
        }
        self.folders.insert(path.clone());
        chain.push(id);
        self.walk(&path, parts, chain);
        chain.pop();
    }

    fn names(&mut self, folder: &Path) -> Vec<OsString> {
        match fs::read_dir(folder) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect(),
            Err(error) => {
                let is_absent = matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                );
                if !is_absent {
                    self.problems.push((folder.to_owned(), error));
                }
                Vec::new()
            }
        }
    }
}

/// A name of these bytes.
fn os_string(bytes: Vec<u8>) -> OsString {
    #[cfg(unix)]
    {
        std::os::unix::ffi::OsStringExt::from_vec(bytes)
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(&bytes).into_owned().into()
    }
}

#[cfg(test)]
mod tests;
