//! Which paths are followed: what events name, and what the inputs match now.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::discover::{Discovery, discover, is_compressed};
use super::follower::Outside;
use super::identity::FileId;
use super::open_files::OpenFiles;
use super::paths::{FollowedPath, Paths};
use super::specification::InputKind;
use crate::recovery::Recovery;
use crate::recovery::rotated_names::base_of;
use crate::watch::Woken;
use crate::{Events, Sink};

/// Watching a new folder calls for another discovery, which may find another new folder in it.
const DISCOVERIES_MAX: usize = 8;

impl Paths {
    /// Looks at what `woken` names.
    pub(super) fn look<S: Sink>(
        &mut self,
        mut woken: Woken,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        for path in &woken.renamed {
            let mut specifications = open.inputs.specifications.iter();
            if !specifications.any(|one| one.concerns(path)) {
                let is_on_the_way = |folder: &PathBuf| folder.starts_with(path);
                woken.discover |= self.links || self.rotated.iter().any(is_on_the_way);
                woken.everything |= self.links;
            } else if !self.is_settled_by_name(path, open) {
                woken.discover = true;
            }
        }
        if woken.discover {
            self.discover(open, recovery, outside);
        }
        if woken.everything {
            let paths: Vec<Arc<Path>> = self.table.0.keys().cloned().collect();
            for path in &paths {
                self.look_at(path, false, open, recovery, outside);
            }
        }
        // A copy is known by its original, so originals are opened first.
        let named = woken.changed.iter().chain(&woken.renamed);
        let (originals, rotated): (Vec<_>, Vec<_>) =
            named.partition(|path| base_of(path).is_none());
        for path in originals.into_iter().chain(rotated) {
            match self.table.0.get_key_value(path.as_path()) {
                Some((path, _)) => {
                    let path = Arc::clone(path);
                    self.look_at(&path, true, open, recovery, outside);
                    self.drop_lost(&path, open, outside.waker.now());
                }
                None => {
                    let discover = !woken.discover;
                    self.look_at_unfollowed(path, discover, open, recovery, outside);
                }
            }
        }
        self.retry(open, recovery, outside);
    }

    /// Whether this path alone came or went, so that no folder has to be read to know it: most files come
    /// and go like this, and each of them costs the same however many others there are.
    fn is_settled_by_name(&mut self, path: &Path, open: &mut OpenFiles) -> bool {
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return self.table.contains(path);
        };
        if !metadata.is_file() {
            return false;
        }
        if !self.table.contains(path) && !is_compressed(path) {
            let specifications = &open.inputs.specifications;
            let named =
                (0..specifications.len()).filter(|input| specifications[*input].names(path));
            let mut named = named.collect::<Vec<_>>().into_iter();
            let Some(input) = named.next() else {
                return true;
            };
            named.for_each(|other| open.inputs.states[other].shares_files = true);
            self.table
                .0
                .insert(Arc::from(path), FollowedPath::new(input));
        }
        true
    }

    /// A path that is not followed changed. It may be a followed file under another name (after a
    /// symlink, or renamed), or a folder that can be read now.
    fn look_at_unfollowed<S: Sink>(
        &mut self,
        path: &Path,
        discover: bool,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        if !metadata.is_dir() {
            return open.mark_ready(FileId::of(path, &metadata));
        }
        let mut specifications = open.inputs.specifications.iter();
        if discover && specifications.any(|one| one.concerns(path)) {
            self.discover(open, recovery, outside);
        }
        let with_errors = self.with_errors.iter();
        let below = with_errors.filter(|one| one.starts_with(path));
        for below in below.cloned().collect::<Vec<_>>() {
            self.look_at(&below, true, open, recovery, outside);
        }
    }

    /// Finds out which paths there are, and which folders tell of new ones.
    pub(super) fn discover<S: Sink>(
        &mut self,
        open: &mut OpenFiles,
        recovery: &mut Recovery,
        outside: &mut Outside<'_, S>,
    ) {
        let mut found = discover(&open.inputs.specifications, &open.inputs.rotated);
        for _ in 0..DISCOVERIES_MAX {
            if !outside.waker.watch(&found.watched, outside.events) {
                break;
            }
            found = discover(&open.inputs.specifications, &open.inputs.rotated);
        }
        self.links = found.links;
        self.rotated = std::mem::take(&mut found.rotated);
        report_ignored(&found, open, outside.events);
        self.report_unreadable_folders(&found, open, outside.events);
        for (path, input) in &found.paths {
            if !self.table.contains(path) {
                let followed = FollowedPath::new(*input);
                self.table.0.insert(Arc::from(path.as_path()), followed);
            }
        }
        for (index, state) in open.inputs.states.iter_mut().enumerate() {
            state.shares_files = found.shared.contains(&index);
        }
        let unsettled: Vec<Arc<Path>> = self
            .table
            .iter()
            .filter(|(path, one)| one.current.is_none() || !found.paths.contains_key(&***path))
            .map(|(path, _)| Arc::clone(path))
            .collect();
        let mut unsettled = unsettled;
        unsettled.sort_by_cached_key(|path| opening_order(path, recovery));
        for path in unsettled {
            self.look_at(&path, false, open, recovery, outside);
            self.drop_lost(&path, open, outside.waker.now());
        }
    }

    /// Forgets a path that a glob found once and that leads nowhere now. For a while it is kept, to
    /// know a file that replaces the one it had from a new file.
    pub(super) fn drop_lost(&mut self, path: &Path, open: &mut OpenFiles, now: Instant) {
        let Some(followed) = self.table.get(path) else {
            return;
        };
        let is_expired = followed
            .lost_at
            .is_none_or(|at| now.saturating_duration_since(at) >= self.keep_lost);
        let specification = &open.inputs.specifications[followed.input];
        let is_glob = matches!(specification.kind, InputKind::Glob(_));
        let leads_nowhere = followed.current.is_none() && fs::symlink_metadata(path).is_err();
        if is_glob && leads_nowhere && (is_expired || !followed.had_file) {
            self.clear_error(path, open);
            self.table.0.remove(path);
        }
    }
}

/// A copy is known by its original, so originals are opened first: those that are not named like rotated
/// ones, among them those that the last run followed, then the older ones.
fn opening_order(path: &Path, recovery: &Recovery) -> (bool, bool, Option<SystemTime>) {
    let metadata = fs::metadata(path);
    let is_expected = |metadata| recovery.is_expected(path, FileId::of(path, metadata));
    (
        base_of(path).is_some(),
        !metadata.as_ref().is_ok_and(is_expected),
        metadata.and_then(|metadata| metadata.created()).ok(),
    )
}

/// Reports the first compressed file of each input that a glob matched by its name.
pub(super) fn report_ignored(found: &Discovery, open: &mut OpenFiles, events: &dyn Events) {
    for (input, path) in &found.compressed {
        open.inputs.report_ignored(*input, path, events);
    }
}
