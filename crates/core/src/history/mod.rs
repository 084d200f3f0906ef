//! Standard input that repeats history is recognised by its lines: `docker-compose logs -f`
//! prints the log again each time it starts, all of it or its end, and goes on with new lines.
//!
//! Lines of different containers may come in another order each time, those of one container may
//! not. So each container has its own history, and joins it where the overlap is longest. No time
//! that is written on a line is looked at. The lines are not kept, only hashes of them.
//! Nothing here reads, counts or prints.
//!
//! For each container that is at most 0.6 MiB of recent lines and 0.8 MiB of landmarks (of logs
//! with many million lines), and until it is decided 1.5 MiB more and the lines that are held.

use std::collections::HashMap;
use std::fmt;

use twox_hash::XxHash3_64;

use logmetrics_follow::line::unwrap::container_name;

mod container;
mod held_lines;
mod held_records;
mod landmark_match;
mod line_rate;
mod overlap;
mod recent_lines;
mod saved_rows;
#[cfg(test)]
mod tests;
mod undecided_stream;

use container::{Container, JoinOutcome};
use held_records::HeldRecords;
use recent_lines::Sizes;
use saved_rows::Row;
use undecided_stream::{Joins, Limits};

/// Most containers that are remembered. A further one takes the place of one without a line in
/// this run.
const CONTAINERS_MAX: usize = 256;

/// The longest name of a container. What is longer is no name, and the prefix part of the text.
const NAME_BYTES_MAX: usize = 255;

/// What is held for one container until it is decided whether it is new.
const HELD: Limits = Limits {
    lines: 16 * 1024,
    bytes: 8 << 20,
};

/// What is held for all of them together, in bytes.
const HELD_BYTES_MAX: usize = 64 << 20;

/// Tells repeated lines of one stream from new ones.
#[derive(Debug)]
pub struct Recognizer {
    names: HashMap<Box<[u8]>, usize>,
    containers: Vec<(Box<[u8]>, Container)>,
    /// Whose line was the last.
    last: usize,
    /// How many containers hold lines, and how many bytes all of them.
    undecided: usize,
    held_bytes: usize,
    sizes: Sizes,
    limits: Limits,
    /// Keys of rows that are of no use any more.
    useless: Vec<Vec<u8>>,
    notices: Vec<Notice>,
    records: HeldRecords,
    has_reported_too_many: bool,
}

/// Something to report to users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// So many lines of a container were counted in an earlier run, and were left out.
    Repeated {
        /// The container; empty for lines without a prefix.
        container: String,
        /// How many.
        lines: u64,
    },
    /// A container has a history, and nothing that came belongs to it.
    NoOverlap {
        /// The container; empty for lines without a prefix.
        container: String,
    },
    /// History was repeated, but not to its end.
    Diverged {
        /// The container; empty for lines without a prefix.
        container: String,
        /// How many lines were recognised.
        lines: u64,
    },
    /// What was saved of a container cannot be read.
    Unreadable {
        /// The container; empty for lines without a prefix.
        container: String,
    },
    /// There are more containers than can be remembered; reported once.
    TooMany {
        /// The first that is not remembered.
        container: String,
    },
}

impl Notice {
    /// How many lines were left out.
    pub fn repeated_lines(&self) -> u64 {
        match self {
            Notice::Repeated { lines, .. } | Notice::Diverged { lines, .. } => *lines,
            _ => 0,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |container: &str| match container {
            "" => "of standard input".to_owned(),
            container => format!("of `{container}`"),
        };
        match self {
            Notice::Repeated { container, lines } => {
                let container = of(container);
                write!(
                    f,
                    "recognised {lines} lines {container} that were counted before"
                )
            }
            Notice::NoOverlap { container } => write!(
                f,
                "no overlap {} with what was counted before: all its lines count",
                of(container)
            ),
            Notice::Diverged { container, lines } => write!(
                f,
                "recognised {lines} lines {}, then came another line than before: all lines count from there",
                of(container)
            ),
            Notice::Unreadable { container } => write!(
                f,
                "the saved history {} cannot be read: all its lines count",
                of(container)
            ),
            Notice::TooMany { container } => write!(
                f,
                "standard input has more than {CONTAINERS_MAX} containers: lines {} and further ones \
                 count without a look at what was counted before",
                of(container)
            ),
        }
    }
}

impl Default for Recognizer {
    fn default() -> Self {
        Recognizer::new()
    }
}

impl Recognizer {
    /// One that has no history: everything counts.
    pub fn new() -> Recognizer {
        Recognizer::sized(Sizes::default(), HELD)
    }

    fn sized(sizes: Sizes, limits: Limits) -> Recognizer {
        Recognizer {
            names: HashMap::new(),
            containers: Vec::new(),
            last: usize::MAX,
            undecided: 0,
            held_bytes: 0,
            sizes,
            limits,
            useless: Vec::new(),
            notices: Vec::new(),
            records: HeldRecords::default(),
            has_reported_too_many: false,
        }
    }

    /// One with the history that [`Recognizer::changes`] gave over time: for each key its last
    /// value. A container whose rows are not as they were written has no history, and a
    /// [`Notice`] reports it.
    pub fn restore(rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Recognizer {
        Recognizer::new().restored(rows)
    }

    fn restored(mut self, rows: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Recognizer {
        let read = saved_rows::read(rows, self.sizes);
        self.useless = read.useless;
        self.records = HeldRecords::restored(read.records);
        for container in read.unreadable {
            let container = display_name(&container);
            self.notices.push(Notice::Unreadable { container });
        }
        for (name, history) in read.histories {
            if self.containers.len() < CONTAINERS_MAX {
                self.add(name.into(), Container::restored(history));
            } else {
                self.useless.extend(saved_rows::keys(&name, &history));
            }
        }
        self
    }

    /// Takes the next raw line if its container has only new lines, as nearly all do: it
    /// is to be counted then. Otherwise nothing is taken, and the line goes to
    /// [`Recognizer::offer`].
    #[inline]
    pub fn note(&mut self, raw: &[u8]) -> bool {
        let (name, hash) = fingerprint(raw);
        let Some(index) = self.container(name) else {
            return true;
        };
        let live = self.containers.get_mut(index).and_then(|one| one.1.live());
        live.map(|history| history.push(hash)).is_some()
    }

    /// Takes the next raw line; calls `count` for each that is new and can be counted now: for
    /// those that were held before, and for this one. `now_ms` is when it was read.
    pub fn offer(&mut self, now_ms: u64, raw: &[u8], mut count: impl FnMut(&[u8])) {
        if self.note(raw) {
            return count(raw);
        }
        // Once more, as such lines are few: handing it on would cost the others.
        let (name, hash) = fingerprint(raw);
        let Some(index) = self.container(name) else {
            return count(raw);
        };
        let held = (self.containers.get(index)).map_or(0, |(_, container)| container.held().1);
        let limits = Limits {
            bytes: (self.limits.bytes).min(HELD_BYTES_MAX.saturating_sub(self.held_bytes - held)),
            ..self.limits
        };
        self.with(index, |container| {
            container.line(now_ms, hash, raw, limits, count)
        });
    }

    /// Nothing came for a while: decides where that shows that no history is left. To be called
    /// every second or so while [`Recognizer::held_lines`] is not 0.
    pub fn idle(&mut self, now_ms: u64, mut count: impl FnMut(&[u8])) {
        if self.undecided == 0 {
            return;
        }
        for index in 0..self.containers.len() {
            self.with(index, |container| container.settle(now_ms, &mut count));
        }
    }

    /// The stream has ended: what is not decided goes to the longest overlap.
    pub fn finish(&mut self, mut count: impl FnMut(&[u8])) {
        for index in 0..self.containers.len() {
            self.with(index, |container| container.finish(&mut count));
        }
    }

    /// What changed since the last call, as rows that replace those with the same key; a row
    /// without a value deletes. Lines that are held are not in it.
    pub fn changes(&mut self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.useless.drain(..).map(|key| (key, None)).collect();
        for (name, container) in &mut self.containers {
            saved_rows::write(name, &mut container.history, &mut rows);
        }
        rows.extend(self.records.take_change().map(saved_rows::records));
        rows
    }

    /// What the last run held of records of several lines, and what was held after the last block.
    pub fn held_records(&self) -> &[u8] {
        self.records.bytes()
    }

    /// Notes what is held of records of several lines after a block: their lines are a part of history already.
    pub fn hold_records(&mut self, bytes: &[u8]) {
        self.records.set(bytes);
    }

    /// Whether some container that was heard of before may still repeat what was counted then.
    pub fn is_undecided(&self) -> bool {
        let mut containers = self.containers.iter();
        containers.any(|(_, one)| one.is_silent() || one.held().0 > 0)
    }

    /// What there is to report since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// How many lines are held, as it is not known yet whether they are new.
    pub fn held_lines(&self) -> usize {
        match self.undecided {
            0 => 0,
            _ => self.containers.iter().map(|one| one.1.held().0).sum(),
        }
    }

    /// The index of the container of this name. None if there is no room for a new one.
    #[inline]
    fn container(&mut self, name: &[u8]) -> Option<usize> {
        // Mostly there is no prefix. Two empty names are not compared: the call of `memcmp` was measured
        // at 50 ns a line, probably as it loads from an address that is none.
        let is_last = |(known, _): &(Box<[u8]>, Container)| {
            known.len() == name.len() && (name.is_empty() || **known == *name)
        };
        if self.containers.get(self.last).is_some_and(is_last) {
            return Some(self.last);
        }
        let known = self.names.get(name).copied();
        let index = match known {
            Some(index) => index,
            None => self.admit(name)?,
        };
        self.last = index;
        Some(index)
    }

    /// Makes room for a new container.
    fn admit(&mut self, name: &[u8]) -> Option<usize> {
        let container = Container::new(self.sizes);
        if self.containers.len() < CONTAINERS_MAX {
            return Some(self.add(name.into(), container));
        }
        let silent = self.containers.iter().enumerate();
        // Containers that were run for one command are many, short, and never come back.
        let silent = silent
            .filter(|(_, (_, one))| one.is_silent())
            .min_by_key(|(_, (_, one))| one.history.total());
        let Some((index, (old, forgotten))) = silent else {
            if !std::mem::replace(&mut self.has_reported_too_many, true) {
                let container = display_name(name);
                self.notices.push(Notice::TooMany { container });
            }
            return None;
        };
        self.useless
            .extend(saved_rows::keys(old, &forgotten.history));
        self.names.remove(old);
        self.names.insert(name.into(), index);
        self.containers[index] = (name.into(), container);
        Some(index)
    }

    fn add(&mut self, name: Box<[u8]>, container: Container) -> usize {
        let index = self.containers.len();
        self.names.insert(name.clone(), index);
        self.containers.push((name, container));
        index
    }

    /// Does something with a container that may decide; keeps account of what is held.
    fn with(&mut self, index: usize, act: impl FnOnce(&mut Container) -> Option<JoinOutcome>) {
        let Some((name, container)) = self.containers.get_mut(index) else {
            return;
        };
        let (lines, bytes) = container.held();
        let outcome = act(container);
        let (lines_after, bytes_after) = container.held();
        self.undecided += usize::from(lines_after > 0);
        self.undecided -= usize::from(lines > 0);
        self.held_bytes += bytes_after;
        self.held_bytes -= bytes;
        let Some(JoinOutcome {
            joins,
            repeated: lines,
        }) = outcome
        else {
            return;
        };
        let container = display_name(name);
        self.notices.push(match joins {
            Joins::AtEnd => Notice::Repeated { container, lines },
            Joins::Nowhere => Notice::NoOverlap { container },
            Joins::Within(_) => Notice::Diverged { container, lines },
        });
    }
}

/// Whose line it is, and the hash of its text.
#[inline]
fn fingerprint(raw: &[u8]) -> (&[u8], u64) {
    let (mut name, mut text) = container_name::split(raw);
    if name.len() > NAME_BYTES_MAX {
        (name, text) = (&raw[..0], raw);
    }
    (name, XxHash3_64::oneshot(text))
}

/// A container's name as text.
fn display_name(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
