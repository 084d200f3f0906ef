//! Files that have replaced another under a followed path: what was rotated between the two is read first.
//!
//! Looking for that costs what the folders hold. Where a log is rotated again and again, one look serves
//! many rotations, and the files that have come meanwhile wait for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Recovery;
use super::places::Place;
use super::read_order::{AgeInLog, ByAge, Queued};
use super::rotated_names::{Age, base_of};
use super::search::look_at;
use crate::files::follower::Outside;
use crate::files::identity::FileId;
use crate::files::open_files::OpenFiles;
use crate::files::paths::PathTable;
use crate::{SavedFile, Sink};

/// So long nothing is looked for after a look, for each name that the folders hold: a small part of the time
/// is spent on it then.
const PAUSE_EACH_NAME: Duration = Duration::from_micros(20);

/// Where so many names can be looked at, they are at once.
const NAMES_AT_ONCE: usize = 256;

/// The replacements of the files of one path.
#[derive(Debug)]
pub(super) struct Replacements {
    /// The file that the path led to at the last look.
    since: FileId,
    /// Those that it has led to after that, which wait for the next look.
    waiting: Vec<FileId>,
    /// When that is.
    at: Instant,
}

impl Recovery {
    /// A file has replaced another under `path`. What was rotated between the two is read before it.
    pub(crate) fn search_after_replacement<S: Sink>(
        &mut self,
        path: &Path,
        current: FileId,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        if base_of(path).is_some_and(|(base, _)| paths.contains(&base)) {
            // A rotated file that a glob matches: what has come after it is searched under the log's name.
            return;
        }
        if let Some(replaced) = self.replaced.get_mut(path)
            && outside.waker.now() < replaced.at
        {
            replaced.waiting.push(current);
            return open.hold(current);
        }
        self.search_replaced(path, current, paths, open, outside);
    }

    /// Looks for what was rotated between files that wait for that, as far as its time has come or `all` is
    /// asked for.
    pub(crate) fn search_waiting<S: Sink>(
        &mut self,
        all: bool,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let now = outside.waker.now();
        let due = self.replaced.iter().filter_map(|(path, replaced)| {
            let last = replaced.waiting.last()?;
            (all || replaced.at <= now).then(|| (path.clone(), *last))
        });
        for (path, last) in due.collect::<Vec<_>>() {
            self.search_replaced(&path, last, paths, open, outside);
        }
    }

    /// When the next look is.
    pub(super) fn replacement_times(&self) -> impl Iterator<Item = Instant> {
        let waiting = self.replaced.values();
        let waiting = waiting.filter(|replaced| !replaced.waiting.is_empty());
        waiting.map(|replaced| replaced.at)
    }

    fn search_replaced<S: Sink>(
        &mut self,
        path: &Path,
        current: FileId,
        paths: &PathTable,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let replaced = self.replaced.remove(path);
        let Some(followed) = paths.get(path) else {
            for id in replaced.into_iter().flat_map(|replaced| replaced.waiting) {
                open.release(id);
            }
            return;
        };
        let (before, waiting) = match replaced {
            Some(replaced) if open.files.contains_key(&replaced.since) => {
                (BTreeSet::from([replaced.since]), replaced.waiting)
            }
            replaced => {
                let waiting = replaced.map(|replaced| replaced.waiting);
                let before = before(path, followed.before, current, open);
                (before, waiting.unwrap_or_default())
            }
        };
        let positions = &open.reader.positions;
        let missing: Vec<SavedFile> = before.iter().filter_map(|id| positions.file(*id)).collect();
        let mut replaced = Replacements {
            since: current,
            waiting: Vec::new(),
            at: outside.waker.now(),
        };
        if missing.is_empty() && waiting.is_empty() {
            return;
        }
        // A link may lead to another folder now.
        let former = before.iter().filter_map(|id| open.files.get(id));
        let former = former.map(|file| Place::former(file.log.clone())).collect();
        let is_known = |id: FileId| open.files.contains_key(&id) && !waiting.contains(&id);
        let mut search = look_at(path, former, missing, open, &is_known);
        if search.names > NAMES_AT_ONCE {
            let names = u32::try_from(search.names).unwrap_or(u32::MAX);
            replaced.at += PAUSE_EACH_NAME * names;
        }
        self.replaced.insert(path.to_owned(), replaced);
        if search.is_incomplete {
            self.retry_later(path, outside.waker.now());
        }
        let newest = search.newest();
        for (path, error) in search.problems.drain(..) {
            let age = base_of(&path).map(|(_, rotated)| rotated.age);
            if age
                .zip(newest)
                .is_some_and(|(age, newest)| age.is_newer_than(newest))
            {
                let name = open.inputs.source(followed.input);
                outside.events.skipped(name, &path, &error);
            }
        }
        let before = before.iter().chain(&waiting).filter(|id| **id != current);
        let before = before.map(|id| (search.age_of(*id), Queued::Plain(*id)));
        let mut before: ByAge = before.collect();
        before.extend(met_under_rotated_names(current, newest, open));
        let newer = search.into_newer();
        let newer = newer.filter(|(sibling, _)| !waiting.contains(&sibling.id));
        let mut siblings = self.take_up_all(path, followed.input, newer, open, outside);
        siblings.extend(before);
        if siblings.is_empty() {
            return waiting.into_iter().for_each(|id| open.release(id));
        }
        open.queue_before(Some(current), siblings, outside.sink);
    }
}

/// The files that `path` led to before `current`, as far as they are open.
fn before(
    path: &Path,
    last: Option<FileId>,
    current: FileId,
    open: &OpenFiles,
) -> BTreeSet<FileId> {
    let nameless = open.nameless.iter().filter(|id| {
        let file = open.files.get(*id);
        file.is_some_and(|file| *file.path == *path)
    });
    // A glob may have found it under its new name.
    let last = last.filter(|id| open.files.contains_key(id));
    let mut before: BTreeSet<FileId> = nameless.copied().chain(last).collect();
    before.remove(&current);
    if before.is_empty() {
        before.extend(newest_of_log(current, open));
    }
    before
}

/// What a glob has met under rotated names that are newer than the `newest` of those before `current`: the files
/// that are not read to their ends, and the newest of all, for what it holds goes on in `current`.
fn met_under_rotated_names(current: FileId, newest: Option<Age>, open: &OpenFiles) -> ByAge {
    let Some(file) = open.files.get(&current) else {
        return ByAge::new();
    };
    let last = newest_of_log(current, open);
    let others = open.of_log(&file.log).filter(|(id, _)| *id != current);
    let met = others.filter_map(|(id, file)| {
        let age = base_of(&file.path)?.1.age;
        let is_newer = newest.is_some_and(|newest| age.is_newer_than(newest));
        let is_next = file.tail.lag() > 0 || last == Some(id);
        // It may have another name by now.
        let is_wanted = is_newer && is_next && !file.is_queued && is_at(&file.path, id);
        is_wanted.then_some((AgeInLog::Present(age), Queued::Plain(id)))
    });
    met.collect()
}

fn is_at(path: &Path, id: FileId) -> bool {
    fs::metadata(path).is_ok_and(|metadata| FileId::of(path, &metadata) == id)
}

/// The newest open file that was rotated in the log of `current`.
fn newest_of_log(current: FileId, open: &OpenFiles) -> Option<FileId> {
    let log = &open.files.get(&current)?.log;
    let others = open.of_log(log).filter(|(id, _)| *id != current);
    let ages = others.filter_map(|(id, file)| Some((base_of(&file.path)?.1.age, id)));
    ages.max_by_key(|(age, _)| *age).map(|(_, id)| id)
}
