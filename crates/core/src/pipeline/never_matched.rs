//! Inputs of which no line has matched: said once, with what the lines look like, so that nothing counts 0
//! in silence.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::engine::Engine;
use crate::recognise;
use crate::unknown_prefix::{self, PrefixSearch};
use logmetrics_follow::line::{Line, Origin, Wrapping};

/// Lines of an input that are kept to say what they look like.
const SAMPLES_MAX: usize = 16;

/// What is known of each input.
#[derive(Debug)]
pub struct NeverMatched {
    inputs: Mutex<HashMap<Box<str>, Input>>,
    /// After how many lines without a match it is said while reading goes on.
    said_after: AtomicU64,
}

impl Default for NeverMatched {
    /// Nothing is said while reading goes on.
    fn default() -> Self {
        NeverMatched {
            inputs: Mutex::default(),
            said_after: AtomicU64::new(u64::MAX),
        }
    }
}

#[derive(Debug, Default)]
struct Input {
    lines: u64,
    samples: Vec<Vec<u8>>,
    /// A line has matched, or it was said.
    is_done: bool,
}

impl NeverMatched {
    /// Lets it be said after so many lines of an input.
    pub fn say_after(&self, lines: u64) {
        self.said_after.store(lines, Ordering::Relaxed);
    }

    /// Notes a block of lines of an input, of which so many did not match. Gives what is to be said of it.
    pub(super) fn note(
        &self,
        source: &str,
        (lines, unmatched): (u64, u64),
        samples: &[Vec<u8>],
        engine: &Engine,
    ) -> Option<String> {
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if !inputs.contains_key(source) {
            inputs.insert(source.into(), Input::default());
        }
        let input = inputs.get_mut(source)?;
        if input.is_done {
            return None;
        }
        if unmatched < lines {
            *input = Input {
                is_done: true,
                ..Input::default()
            };
            return None;
        }
        input.lines += lines;
        let room = SAMPLES_MAX.saturating_sub(input.samples.len());
        input.samples.extend(samples.iter().take(room).cloned());
        if input.lines < self.said_after.load(Ordering::Relaxed) {
            return None;
        }
        input.is_done = true;
        Some(message(source, input, engine))
    }

    /// What is to be said of inputs that have ended, in the order of their names.
    pub fn rest(&self, engine: &Engine) -> Vec<String> {
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest: Vec<(&str, &mut Input)> = (inputs.iter_mut())
            .filter(|(_, input)| !input.is_done && input.lines > 0)
            .map(|(source, input)| (&**source, input))
            .collect();
        rest.sort_by(|a, b| a.0.cmp(b.0));
        let say = |(source, input): (&str, &mut Input)| {
            input.is_done = true;
            message(source, input, engine)
        };
        rest.into_iter().map(say).collect()
    }
}

fn message(source: &str, input: &Input, engine: &Engine) -> String {
    let name = if source == "-" {
        "standard input"
    } else {
        source
    };
    let lines = match input.lines {
        1 => "the one line".to_owned(),
        lines => format!("none of the {lines} lines"),
    };
    let matched = if input.lines == 1 {
        "did not match"
    } else {
        "matched"
    };
    let origin = Origin {
        source: source.into(),
        file: source.into(),
    };
    let mut search = PrefixSearch::new(engine);
    let prefix = input.samples.iter().find_map(|text| {
        let line = Line {
            text,
            wrapping: &Wrapping::NONE,
            origin: &origin,
        };
        search.find(&line)
    });
    let looks = match prefix {
        Some(prefix) => unknown_prefix::words(&shown(prefix)),
        None => {
            let they = if input.lines == 1 {
                "such lines"
            } else {
                "they"
            };
            format!(
                "{they} {}",
                shown(recognise::looks_like(&input.samples).as_bytes())
            )
        }
    };
    format!(
        "{lines} of {name} {matched} a rule; {looks} (`logmetrics explain` says why, `logmetrics suggest` \
         writes rules for such a log)"
    )
}

/// A text from a log without control characters.
fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    fn engine() -> Engine {
        Engine::new(&rules::load(&[]).unwrap().set, None).unwrap()
    }

    const NGINX: &[u8] =
        br#"203.0.113.7 - - [10/Oct/2025:13:55:36 +0000] "GET / HTTP/1.1" 200 23 "-" "x""#;

    #[test]
    fn an_input_is_said_once_and_not_where_something_matched() {
        let (engine, never) = (engine(), NeverMatched::default());
        let lines = [NGINX.to_vec()];
        assert_eq!(never.note("a.log", (60, 60), &lines, &engine), None);
        never.say_after(50);
        let said = never.note("a.log", (1, 1), &lines, &engine).unwrap();
        assert!(
            said.starts_with("none of the 61 lines of a.log matched a rule"),
            "{said}"
        );
        assert!(said.contains("`-r builtin:nginx`"), "{said}");
        assert_eq!(never.note("a.log", (60, 60), &lines, &engine), None);
        assert_eq!(never.note("b.log", (60, 59), &lines, &engine), None);
        assert_eq!(never.note("b.log", (60, 60), &lines, &engine), None);
        assert_eq!(
            never.note("-", (2, 2), &[b"x\x1b[3m".to_vec()], &engine),
            None
        );
        let rest = never.rest(&engine);
        assert_eq!(rest.len(), 1);
        assert!(rest[0].contains("standard input"), "{}", rest[0]);
        assert!(!rest[0].contains('\x1b'));
        assert_eq!(never.rest(&engine), [] as [String; 0]);
    }
}
