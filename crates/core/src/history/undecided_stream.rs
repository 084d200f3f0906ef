//! A stream of one container that may begin with history, until it is known where it joins it.
//!
//! Of all places at which the stream may have begun the earliest counts, that is, the longest
//! overlap. While such a place is possible, what came is held; it is released when nothing is
//! possible any more, or a place is sure.

use std::collections::HashMap;

use super::held_lines::HeldLines;
use super::landmark_match::LandmarkMatch;
use super::line_rate::Pace;
use super::overlap::{Overlap, OverlapResult};
use super::recent_lines::History;

/// Different lines that must agree before a stream that comes slowly is still taken for history.
const SURE_LINES: usize = 64;

/// Most places before the recent lines that are followed at once; each has its own evidence, and
/// more than one is a rare thing.
const FOLLOWERS_MAX: usize = 16;

/// How much is held for one container. What goes beyond is taken for repeated as long as history
/// agrees, and for new where nothing agreed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) lines: usize,
    pub(super) bytes: usize,
}

/// What became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// The line number from which on the stream is new.
    pub(super) from: u64,
    pub(super) joins: Joins,
}

/// How a stream joins history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joins {
    /// It repeated history up to its end.
    AtEnd,
    /// It has nothing to do with it.
    Nowhere,
    /// It repeated history, but only up to this position, where another line came.
    Within(u64),
}

/// The search for the place.
#[derive(Debug)]
pub(super) struct Undecided {
    pub(super) held_lines: HeldLines,
    pace: Pace,
    /// How many lines came.
    count: u64,
    /// The search in the recent lines.
    overlap: Overlap,
    found: OverlapResult,
    /// Places before the recent lines, earliest first.
    followers: Vec<LandmarkMatch>,
    /// For places before the recent lines that no beginning determines; none if there can be none.
    landmarks: Option<Landmarks>,
    /// The longest overlap that is complete, while a longer one is possible.
    complete: u64,
    /// How far the place agreed that was given up last: its start, and how many lines.
    given_up: (u64, u64),
    /// The first different lines.
    different: Vec<u64>,
}

/// The search for a line that determines the place.
#[derive(Debug, Default)]
struct Landmarks {
    /// Built when it is needed first.
    index: Option<HashMap<u64, u64>>,
    /// The lines that came.
    seen: Vec<u64>,
    /// How many of them were looked up.
    looked_up: usize,
}

impl Undecided {
    pub(super) fn new(history: &History, now_ms: u64) -> Undecided {
        let start = history.start();
        let old = (history.beginnings().iter()).filter(|one| one.position < start);
        Undecided {
            held_lines: HeldLines::default(),
            pace: Pace::new(now_ms),
            count: 0,
            overlap: Overlap::default(),
            found: OverlapResult::Inside(0),
            followers: old
                .filter_map(|one| LandmarkMatch::new(history, one.position, &[]))
                .collect(),
            landmarks: (start > 0).then(Landmarks::default),
            complete: 0,
            given_up: (0, 0),
            different: Vec::new(),
        }
    }

    /// Takes a line, and decides if it can.
    pub(super) fn line(
        &mut self,
        history: &History,
        now_ms: u64,
        hash: u64,
        raw: &[u8],
        limits: Limits,
    ) -> Option<Decision> {
        self.pace.line(now_ms);
        self.held_lines.push(hash, raw);
        if self.different.len() < SURE_LINES && !self.different.contains(&hash) {
            self.different.push(hash);
        }
        let index = self.count;
        self.count += 1;
        self.follow(history, index, hash);
        if let OverlapResult::Inside(start) = self.found {
            self.found = self.overlap.push(history.recent(), hash);
            if self.found != OverlapResult::Inside(start) && index > 0 {
                self.give_up(history.start() + start as u64, index);
            }
        }
        if let OverlapResult::End(length) = self.found {
            self.complete = self.complete.max(length as u64);
        }
        self.look_for_landmarks(history, hash);
        let decision = self.decide(history);
        if decision.is_none() {
            return self.keep(limits);
        }
        decision
    }

    /// Decides for a stream that comes too slowly to be history; nothing if the lines that are held
    /// can only be repeated ones.
    pub(super) fn settle(&mut self, history: &History, now_ms: u64) -> Option<Decision> {
        if !self.pace.is_slow(now_ms) {
            return None;
        }
        if !self.is_possible() {
            return Some(self.conclude());
        }
        if self.different.len() >= SURE_LINES {
            return None;
        }
        if matches!(self.found, OverlapResult::Inside(_)) {
            let complete = self.overlap.complete(history.recent()) as u64;
            self.complete = self.complete.max(complete);
        }
        let is_there = self.complete > 0 && self.complete >= self.held_lines.first();
        is_there.then(|| self.conclude())
    }

    /// Decides for a stream that has ended.
    pub(super) fn finish(&self) -> Decision {
        if self.is_possible() {
            return Decision {
                from: self.count,
                joins: Joins::AtEnd,
            };
        }
        self.conclude()
    }

    /// Whether the stream may still be within history.
    fn is_possible(&self) -> bool {
        !self.followers.is_empty() || matches!(self.found, OverlapResult::Inside(_))
    }

    fn follow(&mut self, history: &History, index: u64, line: u64) {
        let mut given_up = self.given_up;
        self.followers.retain_mut(|one| {
            let accepts = one.accepts(history, index, line);
            if !accepts && one.verified > given_up.1 {
                given_up = (one.start, one.verified);
            }
            accepts
        });
        self.given_up = given_up;
    }

    fn give_up(&mut self, start: u64, verified: u64) {
        if verified > self.given_up.1 {
            self.given_up = (start, verified);
        }
    }

    /// Where nothing recent begins as the stream does, a landmark may determine an older place.
    fn look_for_landmarks(&mut self, history: &History, line: u64) {
        let Some(landmarks) = &mut self.landmarks else {
            return;
        };
        landmarks.seen.push(line);
        match self.found {
            OverlapResult::Inside(_) => return,
            // What joins the end of history needs no other place.
            OverlapResult::End(length) if length > 0 => {
                self.landmarks = None;
                return;
            }
            OverlapResult::End(_) => {}
        }
        let index = landmarks.index.get_or_insert_with(|| history.index());
        for at in landmarks.looked_up..landmarks.seen.len() {
            let Some(position) = index.get(&landmarks.seen[at]) else {
                continue;
            };
            let Some(start) = position.checked_sub(at as u64) else {
                continue;
            };
            if self.followers.iter().any(|one| one.start == start)
                || self.followers.len() == FOLLOWERS_MAX
            {
                continue;
            }
            if let Some(one) = LandmarkMatch::new(history, start, &landmarks.seen) {
                let place = self.followers.partition_point(|other| other.start < start);
                self.followers.insert(place, one);
            }
        }
        landmarks.looked_up = landmarks.seen.len();
    }

    fn decide(&mut self, history: &History) -> Option<Decision> {
        let last = self.count - 1;
        let earliest = self.followers.first();
        if earliest.is_some_and(|one| one.ends_with(history, last)) {
            return Some(Decision {
                from: self.count,
                joins: Joins::AtEnd,
            });
        }
        let before = self.followers.len();
        self.followers.retain(|one| !one.ends_with(history, last));
        if self.followers.len() < before {
            self.complete = self.count;
        }
        if self.is_possible() || (self.complete == 0 && self.landmarks.is_some()) {
            return None;
        }
        Some(self.conclude())
    }

    /// Nothing longer than what is complete is possible.
    fn conclude(&self) -> Decision {
        let first = self.held_lines.first();
        if self.complete > 0 && self.complete >= first {
            return Decision {
                from: self.complete,
                joins: Joins::AtEnd,
            };
        }
        if first == 0 {
            return Decision {
                from: 0,
                joins: Joins::Nowhere,
            };
        }
        let (start, verified) = self.given_up;
        Decision {
            from: verified.max(first),
            joins: Joins::Within(start + verified),
        }
    }

    /// Holds no more than it may.
    fn keep(&mut self, limits: Limits) -> Option<Decision> {
        while self.held_lines.count() > limits.lines || self.held_lines.bytes() > limits.bytes {
            if !self.is_possible() {
                return Some(self.conclude());
            }
            self.held_lines.drop_first();
        }
        // While history agrees only in the recent lines, what came need not be kept twice.
        if let Some(landmarks) = &self.landmarks
            && !self.followers.is_empty()
            && landmarks.seen.len() > limits.lines
        {
            self.landmarks = None;
        }
        None
    }
}
