//! Which of the files in a folder is the one that was followed, and which came after it.
//!
//! Reads what it has to in order to compare; nothing is counted or noted here.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::super::SavedFile;
use super::super::identity::{self, FileId, Position};
use super::super::packed;
use super::super::rotated::{Age, Packing, Rotated, unpacked};

/// File systems' clocks are that coarse. What was written so shortly before a save and is known to
/// nobody was not read.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// A file beside the name that was followed.
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) id: FileId,
    /// None if rotation gives no such name; then it is known by its identity.
    pub(super) age: Option<Age>,
    pub(super) packing: Option<Packing>,
    modified: Option<SystemTime>,
    size: u64,
}

/// A name, and what it leads to.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    path: PathBuf,
    id: FileId,
    age: Option<Age>,
    packing: Option<Packing>,
}

impl Listed {
    fn open(&self) -> io::Result<Candidate> {
        let file = identity::open(&self.path)?;
        let metadata = file.metadata()?;
        Ok(Candidate {
            id: FileId::of(&self.path, &metadata),
            modified: metadata.modified().ok(),
            size: metadata.len(),
            path: self.path.clone(),
            file,
            age: self.age,
            packing: self.packing,
        })
    }
}

/// How often names are looked at that move on meanwhile.
const LISTS_MAX: usize = 20;

/// What a candidate turned out to be.
pub(super) enum Match {
    /// One that was followed: its rest is to be read.
    Missing(SavedFile),
    /// One that was read to its end and left.
    Left(SavedFile),
    /// The copy of a missing one that was made before all was written that was read of it: nothing in it
    /// is new. Noted behind all of it.
    Counted(SavedFile),
    /// What an open file holds, compressed or copied just now; it is read there.
    Open(SavedFile),
}

impl Match {
    /// What is noted of it.
    pub(super) fn file(&self) -> &SavedFile {
        match self {
            Match::Missing(file) | Match::Left(file) | Match::Counted(file) | Match::Open(file) => {
                file
            }
        }
    }

    /// The same, for keeps.
    pub(super) fn into_file(self) -> SavedFile {
        match self {
            Match::Missing(file) | Match::Left(file) | Match::Counted(file) | Match::Open(file) => {
                file
            }
        }
    }
}

/// A search for files that were followed under one name.
pub(super) struct Search {
    missing: Vec<Option<SavedFile>>,
    left: Vec<SavedFile>,
    /// Files that are read elsewhere, or looked for by another search.
    open: Vec<SavedFile>,
    /// The oldest first.
    candidates: Vec<(Candidate, Option<Match>)>,
    /// Candidates that cannot be read.
    pub(super) problems: Vec<(PathBuf, io::Error)>,
    /// Whether what is missing may be in one that cannot be read.
    pub(super) doubtful: bool,
    /// Whether one that was empty may be any of those that are not known.
    pub(super) uncertain: bool,
    /// Whether some of what is missing would be known under a name that rotation does not give.
    may_have_any_name: bool,
    /// Whether names moved on each time they were looked at.
    is_moving: bool,
}

impl Search {
    pub(super) fn new(missing: Vec<SavedFile>, others: Vec<SavedFile>) -> Self {
        let others = others.into_iter().filter(|file| {
            let is_missing = |one: &SavedFile| one.position.id == file.position.id;
            file.has_evidence() && !missing.iter().any(is_missing)
        });
        let (left, open) = others.partition(|file| file.left);
        Search {
            uncertain: missing.iter().any(|file| !file.has_evidence()),
            may_have_any_name: missing.iter().any(|file| !file.position.is_of_content()),
            is_moving: false,
            missing: missing.into_iter().map(Some).collect(),
            left,
            open,
            candidates: Vec::new(),
            problems: Vec::new(),
            doubtful: false,
        }
    }

    /// Looks at what stands beside `path`.
    pub(super) fn look(&mut self, path: &Path) {
        self.list(path);
        // An identity says more than a content, which may stand in a copy as well; but least without one.
        for compare in [Self::by_identity, Self::by_content, Self::by_number] {
            for at in 0..self.candidates.len() {
                if self.candidates[at].1.is_none() {
                    match compare(self, at) {
                        Ok(found) => self.candidates[at].1 = found,
                        Err(error) => {
                            let path = self.candidates[at].0.path.clone();
                            self.problems.push((path, error));
                        }
                    }
                }
            }
        }
        let problems = &self.problems;
        self.candidates
            .retain(|(candidate, _)| problems.iter().all(|(path, _)| *path != candidate.path));
        self.doubtful = self.is_moving || !self.problems.is_empty();
    }

    /// Names move on while they are looked at. What was opened counts only if each name still leads to
    /// it when all are open; otherwise one file may have been met twice, and another not at all.
    fn list(&mut self, path: &Path) {
        for _ in 0..LISTS_MAX {
            let mut problems = Vec::new();
            let names = self.names(path, &mut problems);
            let opened = names.iter().map(Listed::open);
            let opened: Vec<_> = opened.collect();
            let is_settled = names
                .iter()
                .zip(&opened)
                .all(|(name, opened)| match opened {
                    Ok(candidate) => candidate.id == name.id,
                    Err(error) => error.kind() != io::ErrorKind::NotFound,
                });
            if !is_settled || self.names(path, &mut Vec::new()) != names {
                continue;
            }
            for (name, opened) in names.into_iter().zip(opened) {
                match opened {
                    Ok(candidate) => self.candidates.push((candidate, None)),
                    Err(error) => problems.push((name.path, error)),
                }
            }
            self.problems = problems;
            self.candidates.sort_by_key(|(candidate, _)| candidate.age);
            return;
        }
        self.is_moving = true;
    }

    /// The names beside `path` that matter, and what they lead to.
    fn names(&self, path: &Path, problems: &mut Vec<(PathBuf, io::Error)>) -> Vec<Listed> {
        let (Some(folder), Some(base)) = (path.parent(), path.file_name()) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        match fs::read_dir(folder) {
            Ok(entries) => names.extend(entries.flatten().map(|entry| entry.file_name())),
            Err(error) => problems.push((folder.to_owned(), error)),
        }
        names.sort_unstable();
        let all: HashSet<&OsString> = names.iter().collect();
        let others = names.iter().filter(|name| **name != base);
        let listed = others.filter_map(|name| {
            let rotated = name.to_str().and_then(Rotated::of);
            let rotated = rotated.filter(|rotated| *rotated.base == *base);
            let packing = rotated.as_ref().and_then(|rotated| rotated.packing);
            let plain = name.to_str().map(|name| OsString::from(unpacked(name).0));
            if packing.is_some() && plain.is_some_and(|plain| all.contains(&plain)) {
                // It is being compressed: what is whole is the other.
                return None;
            }
            let age = rotated.map(|rotated| rotated.age);
            if age.is_none() && !self.may_have_any_name {
                return None;
            }
            let path = folder.join(name);
            let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
            let id = FileId::of(&path, &metadata);
            let is_missing = || self.lost().any(|file| file.position.id == id);
            (age.is_some() || is_missing()).then_some(Listed {
                path,
                id,
                age,
                packing,
            })
        });
        listed.collect()
    }

    fn by_identity(&mut self, at: usize) -> io::Result<Option<Match>> {
        self.by_id(at, true)
    }

    fn by_number(&mut self, at: usize) -> io::Result<Option<Match>> {
        self.by_id(at, false)
    }

    fn by_id(&mut self, at: usize, with_evidence: bool) -> io::Result<Option<Match>> {
        let Some((candidate, _)) = self.candidates.get(at) else {
            return Ok(None);
        };
        let is_it = |file: &SavedFile| {
            file.position.id == candidate.id
                && file.packed == candidate.packing.is_some()
                && file.has_evidence() == with_evidence
        };
        let holds = |file: &SavedFile| match candidate.packing {
            None => file.position.still_in(&candidate.file),
            Some(packing) => {
                let positions = [file.position];
                let content = packed::examine(&candidate.file, candidate.id, packing, &positions)?;
                Ok(content.holds.contains(&true))
            }
        };
        for slot in &mut self.missing {
            if slot.as_ref().is_some_and(is_it)
                && let Some(file) = slot
                && holds(file)?
            {
                return Ok(slot.take().map(Match::Missing));
            }
        }
        for file in self.left.iter().filter(|file| is_it(file)) {
            if holds(file)? {
                return Ok(Some(Match::Left(file.clone())));
            }
        }
        Ok(None)
    }

    fn by_content(&mut self, at: usize) -> io::Result<Option<Match>> {
        let Some((candidate, _)) = self.candidates.get(at) else {
            return Ok(None);
        };
        let (missing, left) = (self.missing.iter().flatten(), self.left.iter());
        let files = left.chain(&self.open).chain(missing);
        let positions: Vec<Position> = files.map(|file| file.position).collect();
        let (end, holds) = match candidate.packing {
            None => {
                let head = identity::head(&candidate.file)?;
                let one = |one: &Position| {
                    let begins = one.signature.length > 0 && one.signature.begins(&head);
                    Ok(begins && one.still_in(&candidate.file)?)
                };
                (
                    candidate.size,
                    positions.iter().map(one).collect::<io::Result<Vec<_>>>()?,
                )
            }
            Some(packing) if packed::may_hold(&candidate.file, packing, &positions)? => {
                let content = packed::examine(&candidate.file, candidate.id, packing, &positions)?;
                (content.end.offset, content.holds)
            }
            Some(_) => return Ok(None),
        };
        let (left, others) = holds.split_at_checked(self.left.len()).unwrap_or_default();
        let (open, missing) = others.split_at_checked(self.open.len()).unwrap_or_default();
        for (file, _) in self.left.iter().zip(left).filter(|(_, holds)| **holds) {
            // Read to its end: a longer one only begins alike.
            if file.position.offset == end {
                return Ok(Some(Match::Left(file.clone())));
            }
        }
        let slots = self.missing.iter_mut().filter(|slot| slot.is_some());
        let found = slots.zip(missing).find(|(_, holds)| **holds);
        if let Some(file) = found.and_then(|(slot, _)| slot.take()) {
            return Ok(Some(Match::Missing(file)));
        }
        let mut open = self.open.iter().zip(open);
        let is_other = |file: &SavedFile| file.position.id != candidate.id;
        if let Some((file, _)) = open.find(|(file, holds)| **holds && is_other(file)) {
            return Ok(Some(Match::Open(file.clone())));
        }
        match candidate.packing {
            None => self.as_shorter_copy(at),
            Some(_) => Ok(None),
        }
    }

    fn as_shorter_copy(&self, at: usize) -> io::Result<Option<Match>> {
        let Some((candidate, _)) = self.candidates.get(at) else {
            return Ok(None);
        };
        let head = identity::head(&candidate.file)?;
        let begins = |file: &&SavedFile| {
            file.has_evidence()
                && file.position.signature.begins(&head)
                && file.position.offset > candidate.size
        };
        let Some(file) = self.lost().find(begins) else {
            return Ok(None);
        };
        let position = Position::at(&candidate.file, candidate.id, candidate.size)?;
        Ok(Some(Match::Counted(SavedFile {
            position: position.signed(&candidate.file)?,
            resume_state: Vec::new(),
            left: true,
            ..file.clone()
        })))
    }

    /// What was known again, and in which file.
    pub(super) fn found(&self) -> impl Iterator<Item = (&Candidate, &Match)> {
        let found = self.candidates.iter();
        found.filter_map(|(candidate, found)| Some((candidate, found.as_ref()?)))
    }

    /// What was followed and found nowhere.
    pub(super) fn lost(&self) -> impl Iterator<Item = &SavedFile> {
        self.missing.iter().flatten()
    }

    /// What is to be read, the oldest first: what was missing, and whatever was rotated after it. Where
    /// names do not tell that, it is what was written to after the last save; that too where one that was
    /// empty may be any of those.
    pub(super) fn into_unread(
        self,
        last_save: Option<SystemTime>,
    ) -> impl Iterator<Item = (Candidate, Option<Match>)> {
        let ages = |wanted: fn(&Match) -> bool| {
            let matching = self
                .candidates
                .iter()
                .filter(move |(_, found)| found.as_ref().is_some_and(wanted));
            matching.filter_map(|(candidate, _)| candidate.age)
        };
        let oldest =
            ages(|found| matches!(found, Match::Missing(file) if file.has_evidence())).min();
        let newest_left = ages(|found| matches!(found, Match::Left(_))).max();
        let known = oldest.or(newest_left);
        let is_new = move |candidate: &Candidate| {
            let after = |saved| candidate.modified.map(|at| at + CLOCK_STEP) > Some(saved);
            last_save.is_some_and(after)
        };
        self.candidates
            .into_iter()
            .filter(move |(candidate, found)| match (found, known) {
                (Some(Match::Missing(_)), _) => true,
                (Some(Match::Counted(_) | Match::Open(_)), _) => false,
                // Its writer has gone on in it after it was left.
                (Some(Match::Left(file)), _) => {
                    candidate.packing.is_none()
                        && file.position.id == candidate.id
                        && candidate.size > file.position.offset
                }
                (None, Some(known)) => {
                    candidate.age.is_some_and(|age| age.is_newer_than(known))
                        || (self.uncertain && is_new(candidate))
                }
                (None, None) => is_new(candidate),
            })
    }

    /// What was rotated after the newest of those that were searched, the oldest first.
    pub(super) fn into_newer(self) -> impl Iterator<Item = (Candidate, Option<Match>)> {
        let newest = self.newest();
        let is_newer = move |age: Age| newest.is_some_and(|newest| age.is_newer_than(newest));
        self.candidates
            .into_iter()
            .filter(move |(candidate, found)| {
                found.is_none() && candidate.age.is_some_and(is_newer)
            })
    }

    /// The age of the newest of those that were searched and found.
    pub(super) fn newest(&self) -> Option<Age> {
        let found = self.candidates.iter();
        let missing = found.filter(|(_, found)| matches!(found, Some(Match::Missing(_))));
        missing.filter_map(|(candidate, _)| candidate.age).max()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const FILES: usize = 12;

    /// Every name moves on to the next, the last one to the first.
    fn rotate(folder: &Path) {
        let name = |number: usize| folder.join(format!("x.log.{number}"));
        fs::rename(name(FILES), folder.join("aside")).unwrap();
        for number in (1..FILES).rev() {
            fs::rename(name(number), name(number + 1)).unwrap();
        }
        fs::rename(folder.join("aside"), name(1)).unwrap();
    }

    #[test]
    fn names_that_move_on_while_they_are_looked_at_hide_no_file_and_show_none_twice() {
        let folder = tempfile::tempdir().unwrap();
        let mut missing = Vec::new();
        for number in 1..=FILES {
            let path = folder.path().join(format!("x.log.{number}"));
            fs::write(&path, format!("{number}\n")).unwrap();
            let file = File::open(&path).unwrap();
            let id = FileId::of(&path, &file.metadata().unwrap());
            missing.push(SavedFile {
                source: Arc::from("x.log"),
                path: folder.path().join("x.log"),
                position: Position::start(id).signed(&file).unwrap(),
                resume_state: Vec::new(),
                left: false,
                packed: false,
            });
        }
        let done = AtomicBool::new(false);
        let look = || {
            let mut search = Search::new(missing.clone(), Vec::new());
            search.look(&folder.path().join("x.log"));
            search
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    rotate(folder.path());
                    std::thread::yield_now();
                }
            });
            for _ in 0..300 {
                let search = look();
                let found = search.found().count();
                if !search.doubtful {
                    assert_eq!((found, search.lost().count()), (FILES, 0));
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        let search = look();
        assert!(!search.doubtful);
        assert_eq!(search.found().count(), FILES);
    }
}
