//! Lines to records, one log's in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Multiline;
use super::forms::{After, Role};
use super::group::{Group, State, write_key};
use crate::line::Wrapping;
use crate::line::unwrap::Unwrapped;

/// Most services, containers and streams of one log whose lines are joined apart. For a further one the one
/// that was silent longest is given up.
pub(super) const GROUPS_MAX: usize = 256;

/// What the open records of one log hold together, in bytes. Beyond, the oldest ones are handed on as they are.
pub(super) const HELD_BYTES_MAX: usize = 4 << 20;

/// Joins the lines of one log. Holds the records that may go on.
#[derive(Debug, Default)]
pub struct Joiner {
    /// None: nothing is to be joined any more, and each line is a record.
    settings: Option<Arc<Multiline>>,
    pub(super) groups: Vec<Group>,
    places: HashMap<Box<[u8]>, usize>,
    /// Records that are whole and were not handed on yet: see [`Joiner::take_over`].
    whole: Vec<Group>,
    /// Whose line was the last.
    last: usize,
    /// Whose line this is; kept for its memory.
    key: Vec<u8>,
    held_bytes: usize,
    steps: u64,
    cuts: Cuts,
}

/// How many records came apart since this was last asked, by the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cuts {
    /// Longer than `lines_max` lines; the rest was skipped.
    pub lines_max: u64,
    /// Longer than `bytes_max` bytes; the rest was skipped.
    pub bytes_max: u64,
    /// More came after the record had waited long enough; each further line is a record of its own.
    pub wait: u64,
    /// Lines that continue a record whose beginning was never seen; each is a record of its own.
    pub no_start: u64,
}

/// What waits in a joiner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordWait {
    /// When to look again; none while nothing waits.
    pub next: Option<Instant>,
    /// Whether some record has waited long enough.
    pub is_over: bool,
}

impl Joiner {
    /// A joiner at the start of a log.
    pub fn new(settings: &Arc<Multiline>) -> Joiner {
        Joiner {
            settings: Some(Arc::clone(settings)),
            ..Joiner::default()
        }
    }

    /// Goes on with other settings; `None` where nothing is to be joined any more.
    pub fn set(&mut self, settings: Option<&Arc<Multiline>>) {
        self.settings = settings.cloned();
        for group in &mut self.groups {
            group.form = None;
        }
    }

    /// Whether nothing is to be joined any more: what is held is to be handed on.
    pub fn is_left_over(&self) -> bool {
        self.settings.is_none()
    }

    /// Takes the next line, which begins at `offset`, and gives each record that is whole now, with where it
    /// begins.
    pub fn line(
        &mut self,
        offset: u64,
        line: &Unwrapped<'_>,
        mut each: impl FnMut(u64, &Unwrapped<'_>),
    ) {
        self.hand_on_whole(&mut each);
        let place = self.place_of(&line.wrapping, &mut each);
        let Some(group) = self.groups.get_mut(place) else {
            return;
        };
        self.steps += 1;
        group.touched = self.steps;
        self.held_bytes -= group.text.len();
        let settings = self.settings.as_deref();
        let role = settings.map_or(Role::Begins(0), |settings| {
            settings.role(line.text, group.after(settings))
        });
        if group.is_open() && role != Role::Continues {
            group.hand_on(State::Nothing, &mut each);
        }
        match role {
            Role::Begins(form) => {
                group.form = Some(form);
                let form = settings.map(|settings| settings.form(group.form));
                begin(form, group, offset, line, &mut self.cuts, &mut each);
            }
            Role::Continues => {
                let form = settings.map(|settings| settings.form(group.form));
                go_on(form, group, offset, line, &mut self.cuts, &mut each);
            }
            Role::Alone => {
                group.state = State::Nothing;
                each(offset, line);
            }
        }
        self.held_bytes += group.text.len();
        if self.held_bytes > HELD_BYTES_MAX {
            self.hold_less(place, &mut each);
        }
    }

    /// Looks at what waits, `now` that everything there is was read. A record that the last run has left is
    /// not over before `restored_until`: the lines that continue it may be on their way.
    pub fn look(&mut self, now: Instant, restored_until: Option<Instant>) -> RecordWait {
        let mut found = RecordWait::default();
        if !self.whole.is_empty() {
            found = RecordWait {
                next: Some(now),
                is_over: true,
            };
        }
        let settings = self.settings.as_deref();
        for group in self.groups.iter_mut().filter(|group| group.is_open()) {
            let wait = wait(group, settings);
            let over = over_at(group, now, wait, restored_until);
            found.is_over |= over <= now;
            found.next = Some(found.next.map_or(over, |next| next.min(over)));
        }
        found
    }

    /// Gives the records that have waited long enough, the oldest first; when to look again.
    pub fn settle(
        &mut self,
        now: Instant,
        restored_until: Option<Instant>,
        mut each: impl FnMut(u64, &Unwrapped<'_>),
    ) -> Option<Instant> {
        self.hand_on_whole(&mut each);
        let settings = self.settings.clone();
        self.hand_on_where(State::Waited, &mut each, |group| {
            let wait = wait(group, settings.as_deref());
            over_at(group, now, wait, restored_until) <= now
        });
        self.look(now, restored_until).next
    }

    /// Gives all records that are held: nothing is read any more, though more may be written.
    pub fn finish(&mut self, mut each: impl FnMut(u64, &Unwrapped<'_>)) {
        self.hand_on_whole(&mut each);
        self.hand_on_where(State::Waited, &mut each, |_| true);
    }

    /// The log has ended: gives what is held, and is at the start of another log.
    pub fn end(&mut self, each: impl FnMut(u64, &Unwrapped<'_>)) {
        self.finish(each);
        self.take_groups();
    }

    /// Whether a record is held that may go on.
    pub fn holds_records(&self) -> bool {
        !self.whole.is_empty() || self.groups.iter().any(Group::is_open)
    }

    /// Whether anything is to be carried over to where the log goes on.
    pub fn holds_anything(&self) -> bool {
        !self.whole.is_empty() || self.groups.iter().any(is_carried)
    }

    /// The log goes on here, and its records with it. Where another record has begun here, that of `from` is
    /// whole.
    pub fn take_over(&mut self, from: &mut Joiner) {
        let mut from = from.take_groups();
        self.whole.append(&mut from.whole);
        let mut groups: Vec<Group> = from.groups.into_iter().filter(is_carried).collect();
        groups.sort_by_key(|group| group.touched);
        for mut group in groups {
            // The file it comes from may have other settings.
            group.form = None;
            self.take_over_group(group);
        }
    }

    fn take_over_group(&mut self, group: Group) {
        let here = self.places.get(&group.key);
        let here = here.and_then(|place| self.groups.get_mut(*place));
        match here {
            Some(here) if here.is_open() => {
                self.whole.extend(Some(group).filter(Group::is_open));
            }
            Some(here) => {
                self.held_bytes += group.text.len();
                *here = group;
            }
            None => {
                let is_open = group.is_open();
                if let Some(group) = self.restore(group).filter(|_| is_open) {
                    self.whole.push(group);
                }
            }
        }
    }

    /// How many records came apart since the last call.
    pub fn take_cuts(&mut self) -> Cuts {
        std::mem::take(&mut self.cuts)
    }

    /// The groups that the next run must know, in the order in which they were touched.
    pub(super) fn carried(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self
            .groups
            .iter()
            .filter(|group| is_carried(group))
            .collect();
        groups.sort_by_key(|group| group.touched);
        // The last of a key is the one that may go on.
        self.whole.iter().chain(groups).collect()
    }

    /// Adds a group that was read, after those before it.
    pub(super) fn read(&mut self, group: Group) {
        let before = self.places.get(&group.key);
        if let Some(before) = before.and_then(|place| self.groups.get_mut(*place)) {
            self.held_bytes -= before.text.len();
            self.held_bytes += group.text.len();
            let before = std::mem::replace(before, group);
            self.whole.extend(Some(before).filter(Group::is_open));
        } else if let Some(group) = self.restore(group) {
            self.whole.extend(Some(group).filter(Group::is_open));
        }
    }

    /// Adds a group of a new key; gives it back where there is no room.
    fn restore(&mut self, mut group: Group) -> Option<Group> {
        if self.groups.len() >= GROUPS_MAX {
            return Some(group);
        }
        self.steps += 1;
        group.touched = self.steps;
        self.held_bytes += group.text.len();
        self.places.insert(group.key.clone(), self.groups.len());
        self.groups.push(group);
        None
    }

    #[inline]
    fn hand_on_whole(&mut self, each: &mut impl FnMut(u64, &Unwrapped<'_>)) {
        if !self.whole.is_empty() {
            for mut group in std::mem::take(&mut self.whole) {
                group.hand_on(State::Waited, each);
            }
        }
    }

    /// All groups as a joiner without settings.
    fn take_groups(&mut self) -> Joiner {
        let empty = Joiner {
            settings: self.settings.clone(),
            cuts: self.cuts,
            ..Joiner::default()
        };
        Joiner {
            settings: None,
            ..std::mem::replace(self, empty)
        }
    }

    /// The place of the group of this line.
    fn place_of(
        &mut self,
        wrapping: &Wrapping<'_>,
        each: &mut impl FnMut(u64, &Unwrapped<'_>),
    ) -> usize {
        write_key(wrapping, &mut self.key);
        let is_last = |group: &Group| *group.key == self.key[..];
        if self.groups.get(self.last).is_some_and(is_last) {
            return self.last;
        }
        let known = self.places.get(&self.key[..]).copied();
        self.last = known.unwrap_or_else(|| self.admit(each));
        self.last
    }

    /// Makes room for the group of the key.
    fn admit(&mut self, each: &mut impl FnMut(u64, &Unwrapped<'_>)) -> usize {
        let group = Group::new(&self.key);
        let place = self.groups.len();
        if place < GROUPS_MAX {
            self.places.insert(group.key.clone(), place);
            self.groups.push(group);
            return place;
        }
        let order = |(_, group): &(usize, &mut Group)| (group.is_open(), group.touched);
        let oldest = self.groups.iter_mut().enumerate().min_by_key(order);
        let Some((place, oldest)) = oldest else {
            return place;
        };
        if oldest.is_open() {
            self.held_bytes -= oldest.text.len();
            oldest.hand_on(State::Waited, each);
        }
        self.places.remove(&oldest.key);
        self.places.insert(group.key.clone(), place);
        *oldest = group;
        place
    }

    /// Hands on the oldest records, but for the one at `place`, until less is held.
    #[cold]
    fn hold_less(&mut self, place: usize, each: &mut impl FnMut(u64, &Unwrapped<'_>)) {
        while self.held_bytes > HELD_BYTES_MAX {
            let others = self.groups.iter_mut().enumerate();
            let others = others.filter(|(at, group)| *at != place && group.is_open());
            let Some((_, oldest)) = others.min_by_key(|(_, group)| group.touched) else {
                return;
            };
            self.held_bytes -= oldest.text.len();
            oldest.hand_on(State::Waited, each);
        }
    }

    fn hand_on_where(
        &mut self,
        state: State,
        each: &mut impl FnMut(u64, &Unwrapped<'_>),
        mut wanted: impl FnMut(&mut Group) -> bool,
    ) {
        let mut open: Vec<&mut Group> = self
            .groups
            .iter_mut()
            .filter(|group| group.is_open())
            .collect();
        open.sort_by_key(|group| group.touched);
        for group in open {
            if wanted(group) {
                self.held_bytes -= group.text.len();
                group.hand_on(state, each);
            }
        }
    }
}

/// Begins a record with a line.
fn begin(
    settings: Option<&Multiline>,
    group: &mut Group,
    offset: u64,
    line: &Unwrapped<'_>,
    cuts: &mut Cuts,
    each: &mut impl FnMut(u64, &Unwrapped<'_>),
) {
    let bytes_max = settings.map_or(usize::MAX, |settings| settings.bytes_max);
    let fits = line.text.len().min(bytes_max);
    group.begin(offset, &line.text[..fits], &line.wrapping);
    if fits < line.text.len() {
        cuts.bytes_max += 1;
        group.hand_on(State::Full, each);
    }
}

/// Takes a line that continues a record.
fn go_on(
    settings: Option<&Multiline>,
    group: &mut Group,
    offset: u64,
    line: &Unwrapped<'_>,
    cuts: &mut Cuts,
    each: &mut impl FnMut(u64, &Unwrapped<'_>),
) {
    let (lines_max, bytes_max) = settings.map_or((usize::MAX, usize::MAX), |one| {
        (one.lines_max, one.bytes_max)
    });
    match group.state {
        State::Full => {}
        State::Open if group.lines >= lines_max => {
            cuts.lines_max += 1;
            group.hand_on(State::Full, each);
        }
        State::Open => {
            if !group.add(line.text, bytes_max) {
                cuts.bytes_max += 1;
                group.hand_on(State::Full, each);
            }
        }
        State::Nothing | State::Orphaned | State::Waited => {
            match group.state {
                State::Waited => cuts.wait += 1,
                State::Nothing => cuts.no_start += 1,
                _ => {}
            }
            group.state = State::Orphaned;
            let wrapping = Wrapping {
                whole: None,
                ..line.wrapping
            };
            let text = line.text;
            each(offset, &Unwrapped { text, wrapping });
        }
    }
}

/// How long the open record of a group waits.
fn wait(group: &mut Group, settings: Option<&Multiline>) -> Duration {
    settings.map_or(Duration::ZERO, |settings| match group.after(settings) {
        After::Form(form) => settings.form(Some(form)).wait,
        After::Nothing | After::Unknown => settings.wait,
    })
}

/// When an open record has waited long enough. It waits from when it is first looked at after its last line.
fn over_at(
    group: &mut Group,
    now: Instant,
    wait: Duration,
    restored_until: Option<Instant>,
) -> Instant {
    let over = *group.since.get_or_insert(now) + wait;
    match restored_until.filter(|_| group.is_restored) {
        Some(until) => over.max(until),
        None => over,
    }
}

fn is_carried(group: &Group) -> bool {
    matches!(group.state, State::Open | State::Full | State::Waited)
}
