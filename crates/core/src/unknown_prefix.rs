//! Lines that the rules would count, were it not for what is before them and no known prefix.
//!
//! Nothing is counted because of it: it is for people, who are told what is in the way.

use crate::engine::{Engine, Runner};
use crate::metrics::batch::{Batch, LabelHasher};
use logmetrics_follow::line::Line;
use logmetrics_follow::line::unwrap::inner_starts;

/// Tries the rules on what is within lines.
pub struct PrefixSearch<'e> {
    engine: &'e Engine,
    runner: Runner,
    batch: Batch,
}

impl<'e> PrefixSearch<'e> {
    pub fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            runner: engine.runner(),
            batch: Batch::new(LabelHasher::default()),
        }
    }

    /// What is before the part of `line` that a rule matches. `line` is one that no rule matches.
    pub fn find<'l>(&mut self, line: &Line<'l>) -> Option<&'l [u8]> {
        let text = line.text;
        inner_starts(text).find_map(|start| {
            let (prefix, inner) = text.split_at_checked(start)?;
            let inner = Line {
                text: inner,
                ..*line
            };
            let is_match = self.engine.feed(&inner, &mut self.runner, &mut self.batch);
            self.batch.clear();
            is_match.then_some(prefix)
        })
    }
}

/// What people are told. `prefix` is safe to show.
pub fn words(prefix: &str) -> String {
    format!(
        "it looks like a request behind an unknown prefix: a rule matches what comes after `{prefix}`; \
         write the log without the prefix"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rules;
    use logmetrics_follow::line::{Origin, Wrapping};

    #[test]
    fn a_request_behind_anything_is_found() {
        let set = rules::load(&[]).unwrap().set;
        let engine = Engine::new(&set, None).unwrap();
        let mut search = PrefixSearch::new(&engine);
        let origin = Origin {
            source: Arc::from("-"),
            file: Arc::from("-"),
        };
        let mut find = |text: &str| {
            let line = Line {
                text: text.as_bytes(),
                wrapping: &Wrapping::NONE,
                origin: &origin,
            };
            search.find(&line).map(|prefix| prefix.len())
        };
        let text =
            "2026-11-23T15:18:33.229071Z\tinfo\trequest gateway=a/b route=a/c http.status=200";
        let json = r#"{"time":"2026-11-23T14:51:29.183611Z","scope":"request","route":"a/c"}"#;
        let other = r#"{"time":"2026-11-23T14:51:29.183611Z","scope":"proxy"}"#;
        for prefix in [
            "stage=a gw> ",
            "12:01 ",
            "x",
            "2026-11-23T15:18:33Z - ",
            "(x) ",
        ] {
            for request in [text, json] {
                let found = find(&format!("{prefix}{request}"));
                assert_eq!(found, Some(prefix.len()), "{prefix}{request}");
            }
            assert_eq!(find(&format!("{prefix}{other}")), None);
        }
        assert_eq!(find(""), None);
        assert_eq!(find(json), None);
        // What is in a record of JSON is its own.
        assert_eq!(find(&format!(r#"{{"a":{json}}}"#)), None);
        assert_eq!(find(&format!("{}{text}", "x".repeat(5000))), None);
    }
}
