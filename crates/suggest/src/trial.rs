//! What was written, run over the sample: the same loading, engine and page as everywhere else.

use std::io::Cursor;
use std::sync::Arc;

use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{self, Problem, SourceText};
use logmetrics_follow::line::multiline::Multiline;
use logmetrics_follow::to_end;

use crate::sample::{SampleLine, origin};

/// Rules that can run.
pub(crate) struct Trial {
    engine: Engine,
    definitions: Vec<Definition>,
    /// How its lines are joined to records, if they are.
    pub multiline: Option<Arc<Multiline>>,
    /// What `check` would advise.
    pub advice: Vec<Problem>,
}

impl Trial {
    /// Compiles a rules file.
    ///
    /// # Errors
    /// What `check` says of it.
    pub fn of(text: &str) -> Result<Trial, String> {
        let source = SourceText {
            path: "suggested rules".to_owned(),
            text: text.to_owned(),
        };
        let loaded = rules::load_text(vec![source]).map_err(|problems| problems.to_string())?;
        let key = Secret::new(b"a trial only: no secret").ok();
        let engine = Engine::new(&loaded.set, key.as_ref()).map_err(|error| error.to_string())?;
        Ok(Trial {
            engine,
            definitions: loaded.set.metrics,
            multiline: rules::multiline_of_cases(&loaded.multiline, 0),
            advice: loaded.advice,
        })
    }

    /// For each line, whether a rule matches it.
    pub fn matches<'l>(&self, lines: impl IntoIterator<Item = &'l SampleLine>) -> Vec<bool> {
        let store = Store::new(self.definitions.clone(), 0);
        let mut batch = Batch::new(store.hasher());
        let mut runner = self.engine.runner();
        let origin = origin();
        let mut matches = Vec::new();
        for line in lines {
            line.with(&origin, |line| {
                self.engine.feed(line, &mut runner, &mut batch);
            });
            // The header of a table is known and counts nothing.
            matches.push(runner.counts().matches.iter().any(|count| *count > 0));
            runner.counts().clear();
            batch.clear();
        }
        matches
    }

    /// The samples that these lines of a `[[test]]` give, as `test` sees them. Of histograms only counts
    /// and sums.
    pub fn samples<'l>(&self, lines: impl IntoIterator<Item = &'l str>) -> Vec<String> {
        let store = Store::new(self.definitions.clone(), 0);
        let mut batch = Batch::new(store.hasher());
        let mut runner = self.engine.runner();
        // Where lines are joined, they are one log.
        let texts: Vec<String> = match self.multiline {
            Some(_) => vec![lines.into_iter().collect::<Vec<_>>().join("\n")],
            None => lines.into_iter().map(str::to_owned).collect(),
        };
        for text in texts {
            let bytes = Cursor::new(text);
            // Reading from memory cannot fail.
            let _ = to_end::read_records(&origin(), bytes, self.multiline.as_ref(), |_, line| {
                self.engine.feed(line, &mut runner, &mut batch);
                true
            });
        }
        store.apply(&batch, 0);
        let mut page = Vec::new();
        for piece in Exposition::new(store.snapshot(0), Vec::new(), Format::Text) {
            page.extend_from_slice(&piece);
        }
        let page = String::from_utf8_lossy(&page);
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        let samples = samples.filter(|line| !is_bucket(line));
        samples.map(str::to_owned).collect()
    }
}

fn is_bucket(sample: &str) -> bool {
    let name = sample.split(['{', ' ']).next().unwrap_or_default();
    name.ends_with("_bucket") && sample.contains("le=\"")
}
