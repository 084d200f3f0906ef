//! Records of several lines: which lines of a log belong together, and for which logs that is asked.
//!
//! A [`Joiner`] takes lines after [`super::unwrap`], one log's in their order, and gives records. Lines of
//! different services, containers or streams that come between each other are joined apart. It knows nothing
//! of files, rules or clocks; an input without settings has no joiner.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use regex::bytes::Regex;

use super::{LINE_BYTES_MAX, Origin};
use crate::files::file_pattern::FilePattern;

mod forms;
mod group;
mod joiner;
pub(super) mod saved;
#[cfg(test)]
mod tests;

pub use joiner::{Cuts, Joiner, RecordWait};

/// A record has at most so many lines where nothing else is asked for.
pub const LINES_MAX: usize = 500;

/// How long a record waits for another line where nothing else is asked for.
pub const WAIT: Duration = Duration::from_secs(1);

/// How the lines of a log become records.
#[derive(Debug, Clone)]
pub struct Multiline {
    /// Only a record whose first line matches goes on, and `pattern` says with which lines; any other line is
    /// a record by itself, or what [`Multiline::others`] makes of it. Without it all lines are meant.
    pub start: Option<Regex>,
    /// Looked for in each line, without what was wrapped around it.
    pub pattern: Regex,
    /// What a line is that it matches.
    pub matching: Matching,
    /// A record has at most so many lines; 2 or more.
    pub lines_max: usize,
    /// A record has at most so many bytes; at most [`LINE_BYTES_MAX`].
    pub bytes_max: usize,
    /// How long a record waits for another line when nothing more comes.
    pub wait: Duration,
    /// How the lines are joined of which this says nothing; only where there is a `start`.
    pub others: Option<Arc<Multiline>>,
}

/// What a line is that matches the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// The first one of a record; all others continue it.
    Begins,
    /// A further one of a record; all others begin one.
    Continues,
}

impl Multiline {
    /// Records that begin with lines that match, within the usual bounds.
    pub fn beginning_with(pattern: Regex) -> Multiline {
        Multiline {
            start: None,
            pattern,
            matching: Matching::Begins,
            lines_max: LINES_MAX,
            bytes_max: LINE_BYTES_MAX,
            wait: WAIT,
            others: None,
        }
    }
}

impl PartialEq for Multiline {
    fn eq(&self, other: &Multiline) -> bool {
        let values = |one: &Multiline| (one.matching, one.lines_max, one.bytes_max, one.wait);
        let start = |one: &Multiline| one.start.as_ref().map(|start| start.as_str().to_owned());
        self.pattern.as_str() == other.pattern.as_str()
            && start(self) == start(other)
            && values(self) == values(other)
            && self.others == other.others
    }
}

/// Which files have records of several lines, and how these are joined.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MultilineByFile(Vec<(Option<FilePattern>, Arc<Multiline>)>);

impl MultilineByFile {
    /// The same for all inputs.
    pub fn everywhere(settings: Multiline) -> MultilineByFile {
        MultilineByFile(vec![(None, Arc::new(settings))])
    }

    /// Settings for the files of a pattern, and, without one, for all that no pattern names. Of several
    /// patterns that name a file the first counts. Settings for the same files are one after the other: those
    /// with a `start` of their own, in their order, and the first one that is for all lines.
    pub fn new(all: Vec<(Option<FilePattern>, Arc<Multiline>)>) -> MultilineByFile {
        let mut by_files: Vec<(Option<FilePattern>, Vec<Arc<Multiline>>)> = Vec::new();
        for (files, settings) in all {
            match by_files.iter_mut().find(|(known, _)| *known == files) {
                Some((_, same)) if same.contains(&settings) => {}
                Some((_, same)) => same.push(settings),
                None => by_files.push((files, vec![settings])),
            }
        }
        by_files.sort_by_key(|(files, _)| files.is_none());
        let chained = by_files.into_iter();
        let chained = chained.filter_map(|(files, same)| Some((files, forms::chain(same)?)));
        MultilineByFile(chained.collect())
    }

    /// Whether nothing is joined anywhere.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How the lines of a file, a fifo or standard input are joined; `None` where they are not.
    pub fn of(&self, origin: &Origin) -> Option<&Arc<Multiline>> {
        let path = Path::new(&*origin.file);
        let names =
            |files: &Option<FilePattern>| files.as_ref().is_none_or(|files| files.names(path));
        let found = self.0.iter().find(|(files, _)| names(files));
        found.map(|(_, settings)| settings)
    }

    /// The settings that are written first, whatever files they are for.
    pub fn first(&self) -> Option<&Arc<Multiline>> {
        self.0.first().map(|(_, settings)| settings)
    }
}
