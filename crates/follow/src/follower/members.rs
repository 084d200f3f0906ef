//! Files that are open: taken into the follower, tended while they have no name, and left.
//!
//! Which name leads to which file is decided in `names.rs`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::super::identity::{FileId, ID_IS_EXACT, link_count};
use super::super::tail::Tail;
use super::super::{SavedFile, Sink};
use super::missing::base_of;
use super::{Follower, Member, Outside};

impl Follower {
    pub(super) fn enlist(&mut self, path: Arc<Path>, source: usize, tail: Tail) {
        let id = tail.id();
        if let (false, Some(targets)) = (self.started, &mut self.catching_up) {
            targets.insert(id, tail.read_to() + tail.lag());
        }
        let suspect = tail.lag() == 0 && tail.read_to() == 0 && base_of(&path).is_some();
        let member = Member {
            tail,
            path,
            source,
            names: 1,
            ready: false,
            waits: false,
            orphaned: None,
            grew: None,
            replaced: false,
            suspect,
            said: None,
            lag: 0,
        };
        self.members.insert(id, member);
        self.sources[source].members += 1;
        self.sources[source].said_waiting = false;
        self.mark_ready(id);
        self.settle(id);
    }

    /// A file that was found under a name that is not followed.
    pub(super) fn enlist_orphan(
        &mut self,
        path: Arc<Path>,
        source: usize,
        tail: Tail,
        now: Instant,
    ) {
        let id = tail.id();
        self.enlist(path, source, tail);
        if let Some(member) = self.members.get_mut(&id) {
            (member.names, member.orphaned, member.replaced) = (0, Some(now), true);
            member.suspect = member.tail.lag() == 0 && member.tail.read_to() == 0;
            self.orphans.insert(id);
        }
    }

    /// Looks at the files without a name, and leaves those that have been idle long enough.
    pub(super) fn tend_orphans<S: Sink>(&mut self, outside: &mut Outside<'_, S>) {
        let now = outside.waker.now();
        let (mut leaving, mut renamed) = (Vec::new(), false);
        for id in self.orphans.iter().copied().collect::<Vec<_>>() {
            let Some(member) = self.members.get_mut(&id) else {
                continue;
            };
            let Ok(metadata) = member.tail.metadata() else {
                continue;
            };
            if member.tail.note(&metadata) {
                member.grew = Some(now);
            }
            if member.waits {
                continue;
            }
            let deleted = link_count(&metadata) == 0;
            let wait = if deleted {
                self.options.deleted_wait
            } else {
                self.options.rotate_wait
            };
            let since = member.orphaned.max(member.grew).unwrap_or(now);
            if now.saturating_duration_since(since) >= wait {
                leaving.push(id);
                renamed |= !deleted;
            } else if member.tail.lag() > 0 {
                self.mark_ready(id);
                self.settle(id);
            }
        }
        if renamed {
            // Its new name may match, and nobody has told.
            self.discover(outside);
        }
        for id in leaving {
            if self.orphans.remove(&id) {
                self.leave(id, outside);
            }
        }
    }

    /// Leaves a file for good; its last line counts even without an end.
    pub(super) fn leave<S: Sink>(&mut self, id: FileId, outside: &mut Outside<'_, S>) {
        let Some(member) = self.members.remove(&id) else {
            return;
        };
        let still_linked = member
            .tail
            .metadata()
            .is_ok_and(|metadata| link_count(&metadata) > 0);
        // A file without a name gives its number to the next one: only its content is known then.
        let by_number = still_linked && ID_IS_EXACT;
        let source = Arc::clone(&self.specifications[member.source].source);
        let path = member.path.to_path_buf();
        let left = self
            .reading
            .finish(member.tail, outside.sink, |position| SavedFile {
                source,
                path,
                position: if by_number {
                    position
                } else {
                    position.of_content()
                },
                resume_state: Vec::new(),
                left: true,
                packed: false,
            });
        self.remembered.keep(left, &self.reading.positions);
        let source = &mut self.sources[member.source];
        source.members -= 1;
        source.lag = source.lag.saturating_sub(member.lag);
        if !member.replaced {
            let source = &self.specifications[member.source].source;
            outside.events.left(source, &member.path);
            if let Some(name) = self.names.get_mut(&member.path) {
                name.had_file = false;
            }
        }
        self.drop_name(&member.path, outside.waker.now());
    }
}
