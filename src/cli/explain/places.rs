//! Where the lines stand that are explained, and what was around them: the line's number in its file, also where
//! several lines are one record, and what rules do not see of it.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;

use super::shorten;
use crate::cli::terminal::harmless;
use logmetrics_follow::line::Line;
use logmetrics_follow::line::unwrap::{Removed, removed};

/// Of so many lines it is remembered where they begin. A record that waits longer for its end is placed before
/// the oldest of them.
const REMEMBERED_MAX: usize = 1 << 18;

/// The lines of one file.
#[derive(Default)]
pub(super) struct Places {
    /// Lines so far.
    number: u64,
    /// The last ones; those before a line that was given are needed only where records wait for their end.
    last: VecDeque<Begun>,
}

/// Where a line begins, and what was around it.
struct Begun {
    offset: u64,
    taken_off: Option<Arc<str>>,
}

impl Places {
    /// The next line as it is in the file.
    pub(super) fn add(&mut self, offset: u64, raw: &[u8]) {
        self.number += 1;
        if self.last.len() == REMEMBERED_MAX {
            self.last.pop_front();
        }
        let taken_off = taken_off(raw).map(|words| match self.last.back() {
            // Most lines of a log have the same around them.
            Some(Begun {
                taken_off: Some(before),
                ..
            }) if **before == *words => Arc::clone(before),
            _ => Arc::from(words),
        });
        self.last.push_back(Begun { offset, taken_off });
    }

    /// The number of the line that begins at `offset`, and what was around it. `is_joined`: lines before it may
    /// still be asked for.
    pub(super) fn of(&mut self, offset: u64, is_joined: bool) -> (String, Option<Arc<str>>) {
        let oldest = self.number - self.last.len() as u64 + 1;
        let place = self.last.binary_search_by_key(&offset, |line| line.offset);
        let found = match place {
            Ok(place) => {
                let taken_off = self.last.get(place).and_then(|line| line.taken_off.clone());
                ((oldest + place as u64).to_string(), taken_off)
            }
            // The rest of a line in parts, which nothing followed; or a record that is far back.
            Err(0) => (format!("{} or before", oldest.max(1)), None),
            Err(place) => ((oldest + place as u64 - 1).to_string(), None),
        };
        if !is_joined {
            self.last.clear();
        }
        found
    }

    /// Lines so far.
    pub(super) fn lines(&self) -> u64 {
        self.number
    }
}

/// What was taken off a line, and what rules see of it.
fn taken_off(raw: &[u8]) -> Option<String> {
    let layers = removed(raw);
    if layers.is_empty() {
        return None;
    }
    let named: Vec<String> = layers.iter().map(named).collect();
    let before = |layer: &Removed| match layer {
        Removed::Prefix(text) | Removed::Kubernetes(text) => Some(text.clone()),
        _ => None,
    };
    let mut out = named.join(", ");
    // In a record of JSON a line has no place that one could count to, and colours are anywhere.
    let all: Option<Vec<Vec<u8>>> = layers.iter().map(before).collect();
    if let Some(texts) = all {
        let characters = String::from_utf8_lossy(&texts.concat()).chars().count();
        let _ = write!(
            out,
            "; rules see the line from its character {} on",
            characters + 1
        );
    }
    Some(out)
}

fn named(layer: &Removed) -> String {
    let quoted = |text: &[u8]| format!("`{}`", shorten(&harmless(text)));
    match layer {
        Removed::Prefix(text) => quoted(text),
        Removed::Kubernetes(text) => format!("{} of a record of Kubernetes", quoted(text)),
        Removed::Docker => "docker's JSON record, of which rules see `log`".to_owned(),
        Removed::Span => "an exported span, of which rules see `request`".to_owned(),
        Removed::Colours => "colours".to_owned(),
    }
}

/// The fields that say what a wrapping said.
pub(super) fn fields(line: &Line<'_>) -> String {
    let wrapping = &line.wrapping;
    let names = [
        ("_service", wrapping.service),
        ("_container", wrapping.container),
    ];
    let pairs: Vec<String> = (names.into_iter())
        .filter_map(|(name, value)| Some((name, value?)))
        .map(|(name, value)| format!("`{name}` is `{}`", harmless(value)))
        .collect();
    pairs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(places: &mut Places, offset: u64, is_joined: bool) -> String {
        places.of(offset, is_joined).0
    }

    #[test]
    fn records_are_placed_where_they_begin() {
        let mut places = Places::default();
        for offset in [0, 10, 20, 30] {
            places.add(offset, b"x");
        }
        assert_eq!(number(&mut places, 30, true), "4");
        assert_eq!(number(&mut places, 10, true), "2");
        // Not where a line begins: within the second one.
        assert_eq!(number(&mut places, 12, false), "2");
        places.add(40, b"x");
        assert_eq!(number(&mut places, 10, false), "5 or before");
        assert_eq!(places.lines(), 5);
        assert_eq!(number(&mut Places::default(), 0, false), "1 or before");
    }

    #[test]
    fn memory_is_bounded() {
        let mut places = Places::default();
        let lines = REMEMBERED_MAX as u64 + 2;
        for offset in 0..lines {
            places.add(offset, b"gw-1  | x");
        }
        assert_eq!(number(&mut places, 0, true), "3 or before");
        assert_eq!(number(&mut places, 2, true), "3");
        assert_eq!(number(&mut places, lines - 1, true), lines.to_string());
    }

    #[test]
    fn what_rules_see_is_said() {
        let said = |raw: &str| taken_off(raw.as_bytes());
        assert_eq!(said("GET /"), None);
        assert_eq!(
            said("gw-1  | GET /").unwrap(),
            "`gw-1  | `; rules see the line from its character 9 on"
        );
        assert_eq!(
            said("2016-10-06T00:17:09.669794202Z stderr F GET /").unwrap(),
            "`2016-10-06T00:17:09.669794202Z stderr F ` of a record of Kubernetes; \
             rules see the line from its character 41 on"
        );
        assert_eq!(
            said(r#"{"log":"x\n","stream":"stdout","time":"2016-10-06T00:17:09.669794202Z"}"#)
                .unwrap(),
            "docker's JSON record, of which rules see `log`"
        );
        assert_eq!(
            said("\x1b[36mgw-1  | \x1b[0mGET /").unwrap(),
            "`gw-1  | `, colours"
        );
    }
}
