//! The lines of one container that were counted, as far as they must be known to be recognised:
//! the last ones all, older ones the rarer the older, and the first ones after each beginning.
//!
//! A line is its hash. A line's position is how many lines were counted before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How much is remembered. Constant in the program; tests make it small.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Lines in a chunk, the unit in which lines are saved and left.
    pub(super) chunk: u64,
    /// The last lines that are all known: so many at most, and at least a chunk less.
    pub(super) recent: usize,
    /// Older lines are landmarks if their hash ends in so many zero bits; one more for each
    /// doubling of their age.
    pub(super) landmark_zeros: u32,
}

impl Default for Sizes {
    /// Half a MiB of recent lines, and 2 048 landmarks for each doubling of age: a stream that
    /// begins N lines back is recognised after about N / 2 048 lines.
    fn default() -> Self {
        Sizes {
            chunk: 1024,
            recent: 64 * 1024,
            landmark_zeros: 5,
        }
    }
}

/// Most landmarks; beyond that the oldest go.
const LANDMARKS_MAX: usize = 32 * 1024;

/// More lines no log has; a saved number beyond is no number of lines.
const LINES_MAX: u64 = 1 << 56;

/// How many lines after a beginning are known.
pub(super) const OPENING_LINES: u64 = 64;

/// Most beginnings; beyond that the oldest go.
pub(super) const BEGINNINGS_MAX: usize = 8;

/// Where the log of a new container begins: its first lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) position: u64,
    pub(super) lines: Vec<u64>,
}

/// What is remembered.
#[derive(Debug)]
pub(super) struct History {
    pub(super) sizes: Sizes,
    /// How many lines there are.
    total: u64,
    /// The last of them, oldest first, in a buffer from which [`History::gone`] lines have gone.
    buffer: Vec<u64>,
    gone: usize,
    landmarks: BTreeMap<u64, Vec<(u16, u64)>>,
    landmarks_count: usize,
    beginnings: Vec<Beginning>,
    /// From this position on a line is none of the first after the last beginning.
    opening_end: u64,
    /// What [`History::take_changes`] has not reported yet.
    unsaved: Unsaved,
    /// Lines before this position are in a chunk of `unsaved`, as far as they are not reported.
    noted: u64,
    /// Chunks of recent lines from this one on were never reported.
    reported: u64,
    /// Lines before this position need nothing but their place in the buffer.
    quiet_until: u64,
}

/// What changed since the last time it was asked.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    /// Chunks of recent lines.
    pub(super) recent: BTreeSet<u64>,
    /// Chunks of landmarks.
    pub(super) landmarks: BTreeSet<u64>,
}

impl History {
    pub(super) fn new(sizes: Sizes) -> History {
        History {
            sizes,
            total: 0,
            buffer: Vec::new(),
            gone: 0,
            landmarks: BTreeMap::new(),
            landmarks_count: 0,
            beginnings: Vec::new(),
            opening_end: 0,
            unsaved: Unsaved::default(),
            noted: 0,
            reported: 0,
            quiet_until: 0,
        }
    }

    /// A history that was saved. `None` if its parts cannot belong together.
    pub(super) fn restored(
        sizes: Sizes,
        total: u64,
        recent: Vec<u64>,
        landmarks: BTreeMap<u64, Vec<(u16, u64)>>,
        beginnings: Vec<Beginning>,
    ) -> Option<History> {
        let start = total.checked_sub(recent.len() as u64)?;
        let is_rising = |marks: &[(u16, u64)]| marks.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let is_mark = |chunk: u64, marks: &[(u16, u64)]| {
            let last = marks.last().map(|mark| u64::from(mark.0));
            last.is_some_and(|last| {
                last < sizes.chunk
                    && chunk <= start / sizes.chunk
                    && chunk * sizes.chunk + last < start
            })
        };
        let is_sound = recent.len() < sizes.recent
            && total <= LINES_MAX
            && landmarks
                .iter()
                .all(|(chunk, marks)| is_rising(marks) && is_mark(*chunk, marks))
            && beginnings.len() <= BEGINNINGS_MAX
            && beginnings
                .windows(2)
                .all(|pair| pair[0].position < pair[1].position)
            && beginnings.iter().all(|one| {
                let lines = one.lines.len() as u64;
                let end = one.position.checked_add(lines);
                lines <= OPENING_LINES && end.is_some_and(|end| end <= total)
            });
        let landmarks_count = landmarks.values().map(Vec::len).sum();
        (is_sound && landmarks_count <= LANDMARKS_MAX).then(|| History {
            total,
            opening_end: opening_end(&beginnings),
            buffer: recent,
            landmarks_count,
            landmarks,
            beginnings,
            reported: total / sizes.chunk + 1,
            ..History::new(sizes)
        })
    }

    /// How many lines there are.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The last lines, oldest first; they begin at [`History::start`].
    pub(super) fn recent(&self) -> &[u64] {
        self.buffer.get(self.gone..).unwrap_or_default()
    }

    /// Before this position only some lines are known.
    pub(super) fn start(&self) -> u64 {
        self.total - self.recent().len() as u64
    }

    pub(super) fn beginnings(&self) -> &[Beginning] {
        &self.beginnings
    }

    pub(super) fn landmarks(&self) -> &BTreeMap<u64, Vec<(u16, u64)>> {
        &self.landmarks
    }

    /// The next line begins the log of a new container.
    pub(super) fn begin(&mut self) {
        self.beginnings.retain(|one| !one.lines.is_empty());
        if self.beginnings.len() == BEGINNINGS_MAX {
            self.beginnings.remove(0);
        }
        self.beginnings.push(Beginning {
            position: self.total,
            lines: Vec::new(),
        });
        self.opening_end = self.total + OPENING_LINES;
        self.quiet_until = 0;
    }

    /// A line was counted.
    #[inline]
    pub(super) fn push(&mut self, line: u64) {
        if self.total >= self.quiet_until {
            self.prepare(line);
        }
        self.buffer.push(line);
        self.total += 1;
    }

    /// Does all that a line may need besides its place in the buffer, and finds out how many of the next
    /// ones need nothing.
    #[cold]
    fn prepare(&mut self, line: u64) {
        if self.total < self.opening_end {
            self.open(line);
        }
        if self.total >= self.noted {
            let chunk = self.total / self.sizes.chunk;
            self.unsaved.recent.insert(chunk);
            self.noted = (chunk + 1) * self.sizes.chunk;
        }
        if self.recent().len() + 1 >= self.sizes.recent {
            self.leave_chunk();
        }
        if self.buffer.len() == self.buffer.capacity() {
            self.grow();
        }
        let space = self.buffer.capacity() - self.buffer.len();
        let most = self.sizes.recent.saturating_sub(self.recent().len() + 1);
        self.quiet_until = if self.total + 1 < self.opening_end {
            0
        } else {
            self.noted.min(self.total + space.min(most) as u64)
        };
    }

    /// A line that may be one of the first after a beginning.
    fn open(&mut self, line: u64) {
        if let Some(last) = self.beginnings.last_mut()
            && self.total - last.position == last.lines.len() as u64
        {
            last.lines.push(line);
        }
    }

    /// Doubles the buffer up to what it can need, and not beyond.
    fn grow(&mut self) {
        let length = self.buffer.len();
        let most = self.sizes.recent + self.sizes.recent / 4;
        let more = most.saturating_sub(length).min(length);
        self.buffer.reserve_exact(more.max(16));
    }

    /// Forgets the lines from `total` on: the source has another log there now.
    pub(super) fn truncate(&mut self, total: u64) {
        if total >= self.total {
            return;
        }
        let chunk = self.sizes.chunk;
        // The chunk that is cut, too.
        (self.unsaved.recent).extend(total / chunk..=(self.total - 1) / chunk);
        let kept = total.saturating_sub(self.start()) as usize;
        self.buffer.truncate(self.gone + kept);
        self.total = total;
        (self.noted, self.quiet_until) = (0, 0);
        let cut: Vec<u64> = self
            .landmarks
            .range(total / chunk..)
            .map(|at| *at.0)
            .collect();
        for at in cut {
            self.change_landmarks(at, |marks| {
                marks.retain(|(offset, _)| at * chunk + u64::from(*offset) < total);
            });
        }
        self.beginnings.retain(|one| one.position < total);
        if let Some(last) = self.beginnings.last_mut() {
            last.lines.truncate((total - last.position) as usize);
        }
        self.opening_end = opening_end(&self.beginnings);
    }

    /// The first line at `from` or after it that is known, with its position.
    pub(super) fn known_from(&self, from: u64) -> Option<(u64, u64)> {
        if let Some(index) = from.checked_sub(self.start()) {
            let line = self.recent().get(usize::try_from(index).ok()?)?;
            return Some((from, *line));
        }
        let openings = self.beginnings.iter().filter_map(|one| {
            let at = from.max(one.position);
            let line = one.lines.get((at - one.position) as usize)?;
            Some((at, *line))
        });
        let marks = self.landmarks.range(from / self.sizes.chunk..);
        let landmark = marks
            .flat_map(|(chunk, marks)| marks.iter().map(move |mark| (chunk, mark)))
            .map(|(chunk, (offset, line))| (chunk * self.sizes.chunk + u64::from(*offset), *line))
            .find(|(at, _)| *at >= from);
        let recent = self.recent().first().map(|line| (self.start(), *line));
        openings.chain(landmark).chain(recent).min()
    }

    /// The lines by which a stream that begins before the recent ones finds its place: hash to
    /// position. A line that is in the history twice is left out.
    pub(super) fn index(&self) -> HashMap<u64, u64> {
        let zeros = self.sizes.landmark_zeros;
        let mut index = HashMap::new();
        let mut repeated = Vec::new();
        let mut add = |line: u64, position: u64| {
            if index.insert(line, position).is_some() {
                repeated.push(line);
            }
        };
        for (chunk, marks) in &self.landmarks {
            for (offset, line) in marks {
                add(*line, chunk * self.sizes.chunk + u64::from(*offset));
            }
        }
        for (index, line) in self.recent().iter().enumerate() {
            if line.trailing_zeros() >= zeros {
                add(*line, self.start() + index as u64);
            }
        }
        for line in repeated {
            index.remove(&line);
        }
        index
    }

    /// The oldest chunk of recent lines becomes landmarks, and older ones become fewer.
    fn leave_chunk(&mut self) {
        let Sizes {
            chunk,
            recent,
            landmark_zeros,
        } = self.sizes;
        let start = self.start();
        let left = start / chunk;
        let count = (chunk - start % chunk) as usize;
        let mut marks: Vec<(u16, u64)> = Vec::new();
        let low_bits = (1 << landmark_zeros) - 1;
        for (offset, line) in (start % chunk..).zip(self.recent().iter().take(count)) {
            // A line that is repeated does not show its position.
            if line & low_bits == 0 && marks.iter().all(|mark| mark.1 != *line) {
                marks.push((offset as u16, *line));
            }
        }
        self.change_landmarks(left, |all| all.extend(marks));
        if left < self.reported {
            self.unsaved.recent.insert(left);
        } else {
            self.unsaved.recent.remove(&left);
        }
        self.gone += count;
        if self.gone >= recent / 4 {
            self.buffer.drain(..self.gone);
            self.gone = 0;
        }
        let mut age = 2 * (recent as u64 / chunk);
        let mut zeros = landmark_zeros + 1;
        while let Some(old) = left.checked_sub(age) {
            self.change_landmarks(old, |marks| {
                marks.retain(|mark| mark.1.trailing_zeros() >= zeros);
            });
            age *= 2;
            zeros += 1;
        }
        while self.landmarks_count > LANDMARKS_MAX
            && let Some(oldest) = self.landmarks.keys().next().copied()
        {
            self.change_landmarks(oldest, Vec::clear);
        }
    }

    fn change_landmarks(&mut self, chunk: u64, change: impl FnOnce(&mut Vec<(u16, u64)>)) {
        let marks = self.landmarks.entry(chunk).or_default();
        let before = marks.len();
        change(marks);
        let after = marks.len();
        if after != before {
            marks.shrink_to_fit();
            self.unsaved.landmarks.insert(chunk);
        }
        if after == 0 {
            self.landmarks.remove(&chunk);
        }
        self.landmarks_count = self.landmarks_count + after - before;
    }

    /// What changed since the last call; nothing of it is reported twice.
    pub(super) fn take_changes(&mut self) -> Option<Unsaved> {
        let changes = std::mem::take(&mut self.unsaved);
        (self.noted, self.quiet_until) = (0, 0);
        if let Some(last) = changes.recent.last() {
            self.reported = self.reported.max(last + 1);
        }
        let has_some = !changes.recent.is_empty() || !changes.landmarks.is_empty();
        has_some.then_some(changes)
    }

    /// The lines of a chunk that are all known, with the position of the first.
    pub(super) fn recent_of(&self, chunk: u64) -> Option<(u64, &[u64])> {
        let first = (chunk * self.sizes.chunk).max(self.start());
        let end = ((chunk + 1) * self.sizes.chunk).min(self.total);
        let start = self.start();
        let lines = (first < end).then(|| {
            self.recent()
                .get((first - start) as usize..(end - start) as usize)
        })?;
        Some((first, lines?))
    }
}

/// Where the lines end that are kept of the last beginning.
fn opening_end(beginnings: &[Beginning]) -> u64 {
    (beginnings.last()).map_or(0, |last| last.position + OPENING_LINES)
}
