//! Which of the files in a folder is the one that was followed, and which came after it.
//!
//! Reads what it has to in order to compare; nothing is counted or noted here.

mod unread;

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use super::compressed;
use super::places::Place;
use super::read_order::AgeInLog;
use super::recognized::Recognized;
use super::rotated_names::{Age, COUNTS_MAX, digits_blanked};
use super::siblings::{self, ListedSibling, Problems, Sibling, Wanted};
use crate::SavedFile;
use crate::files::identity::{self, FileId, Fingerprint, Position};

/// So much of the same content is no header that files of two programs share.
const UNRELATED_BYTES_MIN: u64 = 4096;

/// How often names are looked at that move on meanwhile.
const LISTS_MAX: usize = 20;

/// A search for files that were followed under one name.
pub(crate) struct RotationSearch {
    missing: Vec<Option<SavedFile>>,
    left: Vec<SavedFile>,
    /// Files that are read elsewhere, or looked for by another search.
    open: Vec<SavedFile>,
    knows_others: bool,
    /// How many names there were in the folders.
    pub(crate) names: usize,
    /// The oldest first.
    siblings: Vec<(Sibling, Option<Recognized>)>,
    /// Candidates that cannot be read.
    pub(crate) problems: Vec<(PathBuf, io::Error)>,
    /// Whether what is missing may be in one that cannot be read.
    pub(crate) is_incomplete: bool,
    /// Whether one that was empty may be any of those that are not known.
    pub(crate) uncertain: bool,
    /// Whether some of what is missing would be known under a name that rotation does not give.
    by_identity_too: bool,
    /// Whether names moved on each time they were looked at.
    is_moving: bool,
}

/// What else is known of the folders.
pub(crate) struct Surroundings<'s> {
    /// Gives what is noted of other files there, when it is needed.
    pub(crate) others: &'s dyn Fn() -> Vec<SavedFile>,
    /// Whether a file that is not missing need not be looked at.
    pub(crate) is_skipped: &'s dyn Fn(FileId) -> bool,
}

/// A way to recognize the sibling of this number.
type Comparison = fn(&mut RotationSearch, usize) -> io::Result<Option<Recognized>>;

impl RotationSearch {
    pub(crate) fn new(missing: Vec<SavedFile>) -> Self {
        RotationSearch {
            uncertain: missing.iter().any(|file| !file.has_evidence()),
            by_identity_too: missing.iter().any(|file| !file.position.is_of_content()),
            is_moving: false,
            missing: missing.into_iter().map(Some).collect(),
            left: Vec::new(),
            open: Vec::new(),
            knows_others: false,
            names: 0,
            siblings: Vec::new(),
            problems: Vec::new(),
            is_incomplete: false,
        }
    }

    /// Learns what else is known of these folders, if that is not known yet.
    fn learn_of(&mut self, missing: &HashSet<FileId>, around: &Surroundings<'_>) {
        if std::mem::replace(&mut self.knows_others, true) {
            return;
        }
        let others = (around.others)().into_iter();
        let others =
            others.filter(|file| file.has_evidence() && !missing.contains(&file.position.id));
        (self.left, self.open) = others.partition(|file| file.left);
    }

    /// Looks at what is next to `places`: first at what rotation names, then at everything if something
    /// is still missing.
    pub(crate) fn look(&mut self, places: &[Place], around: &Surroundings<'_>) {
        let missing: HashSet<FileId> = self.lost().map(|file| file.position.id).collect();
        let numbers = if self.by_identity_too {
            missing.clone()
        } else {
            HashSet::new()
        };
        let is_skipped = |id: FileId| !missing.contains(&id) && (around.is_skipped)(id);
        self.open_all(places, &Wanted::Rotated(&numbers), &is_skipped);
        // An identity says more than a content, which may be in a copy as well; but least without one.
        self.compare(&[Self::by_identity]);
        let is_settled = self.siblings.iter().all(|(_, found)| found.is_some());
        if !is_settled || self.lost().next().is_some() {
            self.learn_of(&missing, around);
            self.compare(&[Self::by_identity, Self::by_content, Self::by_number]);
        }
        if self.lost().next().is_some() {
            self.look_at_any_name(places);
        }
        if self.look_at_alike(places, &is_skipped) {
            // Some of them may have been read before.
            self.learn_of(&missing, around);
            self.compare(&[Self::by_identity, Self::by_content]);
        }
        self.is_incomplete = self.is_moving || !self.problems.is_empty();
    }

    /// Searches what is missing under names that mean nothing.
    fn look_at_any_name(&mut self, places: &[Place]) {
        let mut known: HashSet<FileId> = self.siblings.iter().map(|(one, _)| one.id).collect();
        known.extend(self.open.iter().map(|file| file.position.id));
        let wanted = Wanted::Others(&known);
        let listed = siblings::list(places, &wanted, &mut Vec::new(), &mut self.names);
        let may_be_any = self.uncertain;
        for one in listed {
            let Ok(mut sibling) = one.open() else {
                // It may be anything; what is known to be a rotated file is tried again.
                continue;
            };
            sibling.age = Age::written(sibling.modified);
            if let Ok(Some(found)) = self.missing_in(&sibling, one.is_related) {
                known.insert(sibling.id);
                self.siblings.push((sibling, Some(found)));
            } else if may_be_any
                && (one.looks_rotated || (one.is_related && sibling.compression.is_some()))
            {
                self.siblings.push((sibling, None));
            }
        }
    }

    /// Looks at what is named like those that were found under names of no known scheme. These are as old as
    /// they are written.
    /// Says whether there may be any.
    fn look_at_alike(&mut self, places: &[Place], is_skipped: &dyn Fn(FileId) -> bool) -> bool {
        let mut shapes: HashSet<OsString> = HashSet::new();
        for (sibling, _) in self
            .siblings
            .iter_mut()
            .filter(|(_, found)| found.is_some())
        {
            let is_alike = match sibling.age {
                None => sibling.is_related(),
                Some(age) => matches!(age, Age::Written(_)),
            };
            if is_alike {
                sibling.age = Age::written(sibling.modified);
                shapes.extend(sibling.path.file_name().map(digits_blanked));
            }
        }
        if !shapes.is_empty() {
            self.open_all(places, &Wanted::NamedLike(&shapes), is_skipped);
            let mut seen = HashSet::new();
            self.siblings.retain(|(sibling, _)| seen.insert(sibling.id));
        }
        !shapes.is_empty()
    }

    /// What of the missing files is in this one. Where nothing in the name says that it belongs to the
    /// log, a few lines that are the same may be a header: then more of them are needed.
    fn missing_in(
        &mut self,
        sibling: &Sibling,
        is_related: bool,
    ) -> io::Result<Option<Recognized>> {
        let may_be = |file: &SavedFile| {
            file.has_evidence() && (is_related || file.position.offset >= UNRELATED_BYTES_MIN)
        };
        let slots = self.missing.iter().enumerate();
        let slots = slots.filter(|(_, slot)| slot.as_ref().is_some_and(may_be));
        let (slots, positions): (Vec<usize>, Vec<Position>) = slots
            .filter_map(|(at, slot)| Some((at, slot.as_ref()?.position)))
            .unzip();
        let holds = match sibling.compression {
            None => {
                let head = identity::head(&sibling.file)?;
                let holds = |one: &Position| {
                    Ok(one.signature.begins(&head) && one.still_in(&sibling.file)?)
                };
                positions
                    .iter()
                    .map(holds)
                    .collect::<io::Result<Vec<_>>>()?
            }
            Some(compression) if compressed::may_hold(&sibling.file, compression, &positions)? => {
                compressed::examine(&sibling.file, sibling.id, compression, &positions)?.holds
            }
            Some(_) => return Ok(None),
        };
        let found = slots.into_iter().zip(holds).find(|(_, holds)| *holds);
        let file = found.and_then(|(slot, _)| self.missing.get_mut(slot)?.take());
        Ok(file.map(Recognized::Missing))
    }

    /// Compares the siblings that are not recognized yet, by one way after the other.
    fn compare(&mut self, ways: &[Comparison]) {
        for compare in ways {
            for at in 0..self.siblings.len() {
                if self.siblings[at].1.is_none() {
                    match compare(self, at) {
                        Ok(found) => self.siblings[at].1 = found,
                        Err(error) => {
                            let path = self.siblings[at].0.path.clone();
                            self.problems.push((path, error));
                        }
                    }
                }
            }
        }
        let problems = &self.problems;
        self.siblings
            .retain(|(sibling, _)| problems.iter().all(|(path, _)| *path != sibling.path));
    }

    /// Opens what is wanted. Names move on meanwhile: what was opened counts only if each name still
    /// leads to it when all are open; otherwise one file may have been met twice, and another not at all.
    fn open_all(
        &mut self,
        places: &[Place],
        wanted: &Wanted<'_>,
        is_skipped: &dyn Fn(FileId) -> bool,
    ) {
        for _ in 0..LISTS_MAX {
            let mut problems = Vec::new();
            let mut list = |problems: &mut Problems| {
                let mut listed = siblings::list(places, wanted, problems, &mut self.names);
                listed.retain(|one| !is_skipped(one.id));
                listed
            };
            let listed = list(&mut problems);
            let opened: Vec<_> = listed.iter().map(ListedSibling::open).collect();
            let is_settled = (listed.iter().zip(&opened)).all(|(one, opened)| match opened {
                Ok(sibling) => sibling.id == one.id,
                Err(error) => error.kind() != io::ErrorKind::NotFound,
            });
            if !is_settled {
                continue;
            }
            // What has come meanwhile may be what moved on before it was met.
            let (stayed, came): (Vec<_>, Vec<_>) =
                (list(&mut Vec::new()).into_iter()).partition(|one| listed.contains(one));
            if stayed.len() < listed.len() {
                continue;
            }
            let came = came.into_iter().filter_map(|one| {
                let sibling = one.open().ok()?;
                (sibling.id == one.id).then_some((sibling, None))
            });
            self.siblings.extend(came);
            for (one, opened) in listed.into_iter().zip(opened) {
                match opened {
                    Ok(sibling) => self.siblings.push((sibling, None)),
                    Err(error) => problems.push((one.path, error)),
                }
            }
            self.problems.extend(problems);
            self.settle_direction();
            self.siblings.sort_by_key(|(sibling, _)| sibling.age);
            return;
        }
        self.is_moving = true;
    }

    /// Numbers that may be times, such as a month and a day, are times where the files with the higher ones
    /// were written later.
    fn settle_direction(&mut self) {
        let numbered = self.siblings.iter().filter_map(|(sibling, _)| {
            let number = sibling.age?.number()?;
            Some((number, sibling.modified?))
        });
        let mut numbered: Vec<(u64, SystemTime)> = numbered.collect();
        numbered.sort_unstable();
        let greatest = numbered.last().map_or(0, |(number, _)| *number);
        if greatest < COUNTS_MAX {
            return;
        }
        let steps = numbered.windows(2).map(|two| two[0].1.cmp(&two[1].1));
        let (mut later, mut earlier) = (0, 0);
        for step in steps {
            later += usize::from(step.is_lt());
            earlier += usize::from(step.is_gt());
        }
        if later > earlier {
            for (sibling, _) in &mut self.siblings {
                if let Some(number) = sibling.age.and_then(Age::number) {
                    sibling.age = Some(Age::Time(0, number));
                }
            }
        }
    }

    fn by_identity(&mut self, at: usize) -> io::Result<Option<Recognized>> {
        self.by_id(at, true)
    }

    fn by_number(&mut self, at: usize) -> io::Result<Option<Recognized>> {
        self.by_id(at, false)
    }

    fn by_id(&mut self, at: usize, with_evidence: bool) -> io::Result<Option<Recognized>> {
        let Some((sibling, _)) = self.siblings.get(at) else {
            return Ok(None);
        };
        let is_it = |file: &SavedFile| {
            file.position.id == sibling.id
                && file.compressed == sibling.compression.is_some()
                && file.has_evidence() == with_evidence
        };
        let holds = |file: &SavedFile| match sibling.compression {
            None => file.position.still_in(&sibling.file),
            Some(compression) => {
                let positions = [file.position];
                let content =
                    compressed::examine(&sibling.file, sibling.id, compression, &positions)?;
                Ok(content.holds.contains(&true))
            }
        };
        for slot in &mut self.missing {
            if slot.as_ref().is_some_and(is_it)
                && let Some(file) = slot
                && holds(file)?
            {
                return Ok(slot.take().map(Recognized::Missing));
            }
        }
        for file in self.left.iter().filter(|file| is_it(file)) {
            if holds(file)? {
                return Ok(Some(Recognized::Left(file.clone())));
            }
        }
        Ok(None)
    }

    fn by_content(&mut self, at: usize) -> io::Result<Option<Recognized>> {
        let Some((sibling, _)) = self.siblings.get(at) else {
            return Ok(None);
        };
        let (missing, left) = (self.missing.iter().flatten(), self.left.iter());
        let files = left.chain(&self.open).chain(missing);
        let positions: Vec<Position> = files.map(|file| file.position).collect();
        let (end, holds) = match sibling.compression {
            None => {
                let head = identity::head(&sibling.file)?;
                let hashes = Fingerprint::of_beginnings(&head);
                let one = |one: &Position| {
                    let begin = hashes.get(one.signature.length as usize);
                    let begins = one.signature.length > 0 && begin == Some(&one.signature.hash);
                    Ok(begins && one.still_in(&sibling.file)?)
                };
                (
                    sibling.size,
                    positions.iter().map(one).collect::<io::Result<Vec<_>>>()?,
                )
            }
            Some(compression) if compressed::may_hold(&sibling.file, compression, &positions)? => {
                let content =
                    compressed::examine(&sibling.file, sibling.id, compression, &positions)?;
                (content.end.offset, content.holds)
            }
            Some(_) => return Ok(None),
        };
        let (left, others) = holds.split_at_checked(self.left.len()).unwrap_or_default();
        let (open, missing) = others.split_at_checked(self.open.len()).unwrap_or_default();
        for (file, _) in self.left.iter().zip(left).filter(|(_, holds)| **holds) {
            // Read to its end: a longer one only begins alike.
            if file.position.offset == end {
                return Ok(Some(Recognized::Left(file.clone())));
            }
        }
        let slots = self.missing.iter_mut().filter(|slot| slot.is_some());
        let found = slots.zip(missing).find(|(_, holds)| **holds);
        if let Some(file) = found.and_then(|(slot, _)| slot.take()) {
            return Ok(Some(Recognized::Missing(file)));
        }
        let mut open = self.open.iter().zip(open);
        let is_other = |file: &SavedFile| file.position.id != sibling.id;
        if let Some((file, _)) = open.find(|(file, holds)| **holds && is_other(file)) {
            return Ok(Some(Recognized::Open(file.clone())));
        }
        match sibling.compression {
            None => self.as_shorter_copy(at),
            Some(_) => Ok(None),
        }
    }

    fn as_shorter_copy(&self, at: usize) -> io::Result<Option<Recognized>> {
        let Some((sibling, _)) = self.siblings.get(at) else {
            return Ok(None);
        };
        let head = identity::head(&sibling.file)?;
        let begins = |file: &&SavedFile| {
            file.has_evidence()
                && file.position.signature.begins(&head)
                && file.position.offset > sibling.size
        };
        let Some(file) = self.lost().find(begins) else {
            return Ok(None);
        };
        let position = Position::at(&sibling.file, sibling.id, sibling.size)?;
        Ok(Some(Recognized::Counted(SavedFile {
            position: position.signed(&sibling.file)?,
            resume_state: Vec::new(),
            left: true,
            ..file.clone()
        })))
    }

    /// What was known again, and in which file.
    pub(crate) fn found(&self) -> impl Iterator<Item = (&Sibling, &Recognized)> {
        let found = self.siblings.iter();
        found.filter_map(|(sibling, found)| Some((sibling, found.as_ref()?)))
    }

    /// How old this file is among those of the log.
    pub(crate) fn age_of(&self, id: FileId) -> AgeInLog {
        let mut siblings = self.siblings.iter();
        let sibling = siblings.find(|(sibling, _)| sibling.id == id);
        sibling.map_or(AgeInLog::Unknown, |(sibling, _)| sibling.age_in_log())
    }

    /// What was followed and found nowhere.
    pub(crate) fn lost(&self) -> impl Iterator<Item = &SavedFile> {
        self.missing.iter().flatten()
    }
}

#[cfg(test)]
mod tests;
