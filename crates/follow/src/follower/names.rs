//! Which name is which file: opening, renaming, replacing, losing and leaving.
//!
//! Names come and go; a file stays the same as long as its descriptor is open. No bytes are read
//! here, except the last ones of a file that is left.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::super::discover::discover;
use super::super::identity::{self, FileId, ID_IS_EXACT, Position};
use super::super::specification::InputKind;
use super::super::tail::line_start_before;
use super::super::wake::Woken;
use super::super::{Begin, Events, SavedFile, Sink};
use super::missing::base_of;
use super::trouble::Trouble;
use super::{Follower, Outside};

/// A path to follow.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) source: usize,
    /// The file it leads to, if that is open.
    pub(super) current: Option<FileId>,
    /// The file it led to last, if it leads to none or to another now.
    pub(super) before: Option<FileId>,
    /// Whether it ever led to a file that was not said to be left.
    pub(super) had_file: bool,
    /// When it ceased to lead to a file.
    lost_at: Option<Instant>,
    /// For `--from end`: how many bytes the file had at the start, as far as that could be told.
    from_end: Option<u64>,
    pub(super) trouble: Option<Trouble>,
}

/// Watching a new folder calls for another look, which may find another new folder in it.
const DISCOVERIES_MAX: usize = 8;

impl Name {
    fn new(source: usize) -> Self {
        Name {
            source,
            current: None,
            before: None,
            had_file: false,
            lost_at: None,
            from_end: None,
            trouble: None,
        }
    }
}

/// The metadata of `file`, if it is one that can be followed.
pub(super) fn regular(file: &File) -> io::Result<Metadata> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok(metadata);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "expected a file, but found something else",
    ))
}

impl Follower {
    /// Looks at what `woken` names.
    pub(super) fn look<S: Sink>(&mut self, mut woken: Woken, outside: &mut Outside<'_, S>) {
        for path in &woken.renamed {
            let concerns = self.specifications.iter().any(|one| one.concerns(path));
            woken.discover |= concerns || self.links;
            woken.everything |= self.links && !concerns;
        }
        if woken.discover {
            self.discover(outside);
        }
        if woken.everything {
            let paths: Vec<Arc<Path>> = self.names.keys().cloned().collect();
            paths
                .iter()
                .for_each(|path| self.look_at(path, false, outside));
        }
        for path in woken.changed.iter().chain(&woken.renamed) {
            match self.names.get_key_value(path.as_path()) {
                Some((path, _)) => self.look_at(&Arc::clone(path), true, outside),
                None => self.look_at_stranger(path, !woken.discover, outside),
            }
        }
        self.retry(outside);
        self.look_again(outside);
        self.tend_orphans(outside);
        self.say_waiting(outside.events);
    }

    /// A path that is no name of ours changed. It may be a file of ours under another name (behind a
    /// symlink, or renamed), or a folder that can be read now.
    fn look_at_stranger<S: Sink>(
        &mut self,
        path: &Path,
        discover: bool,
        outside: &mut Outside<'_, S>,
    ) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        if !metadata.is_dir() {
            return self.mark_ready(FileId::of(path, &metadata));
        }
        if discover && self.specifications.iter().any(|one| one.concerns(path)) {
            self.discover(outside);
        }
        let below = self
            .troubled
            .iter()
            .filter(|troubled| troubled.starts_with(path));
        for troubled in below.cloned().collect::<Vec<_>>() {
            self.look_at(&troubled, true, outside);
        }
    }

    /// Finds out which names there are, and which folders tell of new ones.
    pub(super) fn discover<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        let mut found = discover(&self.specifications);
        for _ in 0..DISCOVERIES_MAX {
            if !outside.waker.watch(&found.places, outside.events) {
                break;
            }
            found = discover(&self.specifications);
        }
        self.links = found.links;
        self.say_ignored(&found.compressed, outside.events);
        self.say_unreadable_folders(&found, outside.events);
        for (path, source) in &found.paths {
            if !self.names.contains_key(path.as_path()) {
                self.names
                    .insert(Arc::from(path.as_path()), Name::new(*source));
            }
        }
        for (index, source) in self.sources.iter_mut().enumerate() {
            source.shared = found.shared.contains(&index);
        }
        let unsettled: Vec<Arc<Path>> = self
            .names
            .iter()
            .filter(|(path, name)| name.current.is_none() || !found.paths.contains_key(&***path))
            .map(|(path, _)| Arc::clone(path))
            .collect();
        // A copy is known by its original.
        let (unsettled, rotated): (Vec<_>, Vec<_>) = unsettled
            .into_iter()
            .partition(|path| base_of(path).is_none());
        let unsettled = unsettled.into_iter().chain(rotated);
        for path in unsettled {
            self.look_at(&path, false, outside);
            self.drop_name(&path, outside.waker.now());
        }
    }

    /// Forgets a name that a glob found once and that leads nowhere now. For a while it is kept, to
    /// know a file that takes its place from one that is new.
    pub(super) fn drop_name(&mut self, path: &Path, now: Instant) {
        let Some(name) = self.names.get(path) else {
            return;
        };
        let kept = self.options.rotate_wait;
        let expired = name
            .lost_at
            .is_none_or(|at| now.saturating_duration_since(at) >= kept);
        let is_glob = matches!(self.specifications[name.source].kind, InputKind::Glob(_));
        let leads_nowhere = name.current.is_none() && fs::symlink_metadata(path).is_err();
        if is_glob && leads_nowhere && (expired || !name.had_file) {
            self.clear_trouble(path);
            self.names.remove(path);
        }
    }

    /// Looks which file a name leads to now. `asked` means that something is known to have changed:
    /// then neither back-off nor an unchanged size holds it back.
    pub(super) fn look_at<S: Sink>(
        &mut self,
        path: &Arc<Path>,
        asked: bool,
        outside: &mut Outside<'_, S>,
    ) {
        let Some(name) = self.names.get_mut(path) else {
            return;
        };
        if !asked && name.retry_at().is_some_and(|at| outside.waker.now() < at) {
            return;
        }
        let current = name.current;
        let first_look = !self.started && self.options.begin == Begin::End;
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_absence(&error) => {
                name.from_end = None;
                self.clear_trouble(path);
                return self.lose(path, outside.waker.now());
            }
            Err(error) => {
                // Of unknown size: its end will be where it ends when it is opened.
                if first_look {
                    name.from_end = Some(u64::MAX);
                }
                current.into_iter().for_each(|id| self.mark_ready(id));
                return self.in_trouble(path, &error, outside);
            }
        };
        if first_look {
            name.from_end = Some(metadata.len());
        }
        let id = FileId::of(path, &metadata);
        if current != Some(id) {
            self.lose(path, outside.waker.now());
            return self.attach(path, id, outside);
        }
        self.clear_trouble(path);
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if !ID_IS_EXACT && metadata.len() < member.tail.position().offset {
            // Cut short, or another file with the same creation time: opened anew either way.
            self.leave(id, outside);
            return self.attach(path, id, outside);
        }
        if member.tail.note(&metadata) || asked {
            self.mark_ready(id);
        }
        self.settle(id);
    }

    /// The name leads to no file any more, or to another.
    fn lose(&mut self, path: &Path, now: Instant) {
        let Some(name) = self.names.get_mut(path) else {
            return;
        };
        let Some(id) = name.current.take() else {
            return;
        };
        name.before = Some(id);
        name.from_end = None;
        name.lost_at = Some(now);
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        member.names -= 1;
        if member.names == 0 {
            member.orphaned = Some(now);
            self.orphans.insert(id);
            self.mark_ready(id);
        } else if *member.path == *path {
            let other = self.names.iter().find(|(_, name)| name.current == Some(id));
            if let Some((path, _)) = other {
                member.path = Arc::clone(path);
            }
        }
    }

    /// The name leads to the file `id`, which is open or has to be opened.
    fn attach<S: Sink>(&mut self, path: &Arc<Path>, id: FileId, outside: &mut Outside<'_, S>) {
        if self.adopt(path, id) {
            return;
        }
        match self.open(path, outside) {
            Ok(()) => self.clear_trouble(path),
            Err(error) if is_absence(&error) => self.clear_trouble(path),
            Err(error) => self.in_trouble(path, &error, outside),
        }
    }

    /// Gives the name to a file that is open already.
    fn adopt(&mut self, path: &Arc<Path>, id: FileId) -> bool {
        let Some(member) = self.members.get_mut(&id) else {
            return false;
        };
        let Some(name) = self.names.get_mut(path) else {
            return false;
        };
        name.current = Some(id);
        name.had_file = true;
        if member.names == 0 {
            member.path = Arc::clone(path);
            member.orphaned = None;
            member.replaced = false;
            self.orphans.remove(&id);
        }
        member.names += 1;
        self.clear_trouble(path);
        self.mark_ready(id);
        true
    }

    fn open<S: Sink>(&mut self, path: &Arc<Path>, outside: &mut Outside<'_, S>) -> io::Result<()> {
        let file = identity::open(path)?;
        let metadata = regular(&file)?;
        // What was opened counts, not what the name led to a moment ago.
        let id = FileId::of(path, &metadata);
        if self.adopt(path, id) {
            return Ok(());
        }
        let Some(name) = self.names.get_mut(path) else {
            return Ok(());
        };
        let source = name.source;
        let from_end = name.from_end;
        let known = self.known(path, id, &file)?;
        let is_known = known.as_ref().is_some_and(SavedFile::has_evidence);
        if !is_known && self.is_copy(path, &file)? {
            self.reading.positions.step().forget(id);
            return Ok(());
        }
        let (position, resume_state) = match (known, from_end) {
            (Some(known), _) => (known.position, known.resume_state),
            (None, Some(size)) if !self.unseen.is_followed(path) => {
                let end = size.min(metadata.len());
                let start = line_start_before(&file, end)?;
                (Position::at(&file, id, start)?, Vec::new())
            }
            _ => (Position::start(id), Vec::new()),
        };
        let origin = self.origin(source, path);
        let saved = SavedFile {
            source: Arc::clone(&origin.source),
            path: path.to_path_buf(),
            position,
            resume_state,
            left: false,
            packed: false,
        };
        let tail = (self.reading).begin(file, origin, saved, None, outside.sink)?;
        self.remembered.forget(id);
        let Some(name) = self.names.get_mut(path) else {
            return Ok(());
        };
        name.current = Some(id);
        name.from_end = None;
        let replaces = std::mem::replace(&mut name.had_file, true);
        self.enlist(Arc::clone(path), source, tail);
        let input = &self.specifications[source].source;
        outside.events.opened(input, path);
        if replaces {
            outside.events.rotated(input, path);
            for orphan in &self.orphans {
                if let Some(member) = self.members.get_mut(orphan) {
                    member.replaced |= member.path == *path;
                }
            }
        }
        if self.started {
            self.search_between(path, source, id, outside);
        }
        Ok(())
    }

    /// Says of every source that has no file that it is waited for. While an old file is still read
    /// after a rotation, the new one is expected any moment and nothing is said.
    fn say_waiting(&mut self, events: &dyn Events) {
        for (index, source) in self.sources.iter_mut().enumerate() {
            if source.members > 0 || source.troubles > 0 || source.shared || source.said_waiting {
                continue;
            }
            // A file may belong to another source, under another name.
            if !self
                .names
                .values()
                .any(|name| name.source == index && name.current.is_some())
            {
                source.said_waiting = true;
                events.waiting(&self.specifications[index].source);
            }
        }
    }

    pub(super) fn say_ignored(&mut self, compressed: &[(usize, PathBuf)], events: &dyn Events) {
        for (source, path) in compressed {
            if !std::mem::replace(&mut self.sources[*source].said_ignored, true) {
                events.ignored(&self.specifications[*source].source, path);
            }
        }
    }
}

/// Whether an error means that there is no such file, now.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
