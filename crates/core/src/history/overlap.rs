//! Where a stream that is still coming joins a known end of history: exactly, in constant time a
//! line on average.
//!
//! This is the search of Knuth, Morris and Pratt with the pattern unknown at first: the lines that
//! came so far are sought in the history, and what is sought grows with each line. The place that
//! is looked at is always the first that is still possible, so that whatever reaches the end of
//! the history is the longest overlap.

/// The search. The history itself is given to each call and must not change meanwhile.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    /// The lines that came, as hashes.
    seen: Vec<u64>,
    /// For each length of `seen`: how long the longest part of its start is that is also its end.
    borders: Vec<u32>,
    /// Up to where history has been compared.
    at: usize,
    /// How many lines before `at` are the first lines of `seen`.
    matched: usize,
}

/// What is known after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OverlapResult {
    /// All lines that came are in the history from this index on, and it goes on after them.
    Inside(usize),
    /// The first so many lines are the end of the history, whatever else comes; 0 if no place in
    /// it begins as the stream does.
    End(usize),
}

impl Overlap {
    /// Takes the next line. Not to be called again after [`OverlapResult::End`].
    pub(super) fn push(&mut self, history: &[u64], line: u64) -> OverlapResult {
        self.extend_borders(line);
        self.seen.push(line);
        self.search(history, self.seen.len())
    }

    /// The longest overlap that is complete, if nothing that is only possible is waited for.
    pub(super) fn complete(&self, history: &[u64]) -> usize {
        // Going on after a whole match, and never stopping at one, ends at the end of history.
        let mut search = Overlap {
            at: self.at,
            matched: self.border(self.matched),
            ..Overlap::default()
        };
        loop {
            match search.step(history, &self.seen, &self.borders) {
                None => return search.matched,
                Some(matched) if matched == self.seen.len() && search.at < history.len() => {
                    search.matched = self.border(matched);
                }
                Some(_) => {}
            }
        }
    }

    fn search(&mut self, history: &[u64], goal: usize) -> OverlapResult {
        let (seen, borders) = (
            std::mem::take(&mut self.seen),
            std::mem::take(&mut self.borders),
        );
        while self.matched < goal && self.step(history, &seen, &borders).is_some() {}
        (self.seen, self.borders) = (seen, borders);
        if self.at == history.len() {
            OverlapResult::End(self.matched)
        } else {
            OverlapResult::Inside(self.at - self.matched)
        }
    }

    /// Compares one line of history; `None` at its end.
    #[inline]
    fn step(&mut self, history: &[u64], seen: &[u64], borders: &[u32]) -> Option<usize> {
        let line = history.get(self.at)?;
        if seen.get(self.matched) == Some(line) {
            self.matched += 1;
            self.at += 1;
        } else if self.matched > 0 {
            self.matched = borders[self.matched - 1] as usize;
        } else {
            self.at += 1;
        }
        Some(self.matched)
    }

    fn border(&self, length: usize) -> usize {
        match length {
            0 => 0,
            _ => self.borders[length - 1] as usize,
        }
    }

    fn extend_borders(&mut self, line: u64) {
        if self.seen.is_empty() {
            self.borders.push(0);
            return;
        }
        let mut border = self.border(self.seen.len());
        while border > 0 && self.seen[border] != line {
            border = self.border(border);
        }
        self.borders
            .push((border + usize::from(self.seen[border] == line)) as u32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All places at which `seen` can begin.
    fn places<'a>(history: &'a [u64], seen: &'a [u64]) -> impl Iterator<Item = usize> + 'a {
        (0..history.len()).filter(move |&start| {
            let rest = &history[start..];
            let length = rest.len().min(seen.len());
            rest[..length] == seen[..length]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn finds_what_trying_every_place_finds(
            history in proptest::collection::vec(0u64..3, 0..40),
            start in 0usize..40,
            new in proptest::collection::vec(0u64..3, 0..40),
        ) {
            let repeated = history.get(start..).unwrap_or_default();
            let stream: Vec<u64> = repeated.iter().chain(&new).copied().collect();
            let mut overlap = Overlap::default();
            for length in 1..=stream.len() {
                let seen = &stream[..length];
                let found = overlap.push(&history, stream[length - 1]);
                let first = places(&history, seen).next();
                match first {
                    Some(first) if history.len() - first > length => {
                        prop_assert_eq!(found, OverlapResult::Inside(first));
                        let complete = places(&history, seen)
                            .map(|place| history.len() - place)
                            .find(|overlap| *overlap <= length);
                        prop_assert_eq!(overlap.complete(&history), complete.unwrap_or(0));
                    }
                    first => {
                        let length = first.map_or(0, |first| history.len() - first);
                        prop_assert_eq!(found, OverlapResult::End(length));
                        break;
                    }
                }
            }
        }
    }
}
