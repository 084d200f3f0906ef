//! Any text is either rules or problems that can be shown; the loader never panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use logmetrics_core::rules::{SourceText, load_text};

fuzz_target!(|texts: Vec<String>| {
    let files = texts.into_iter().enumerate().map(|(number, text)| SourceText {
        path: format!("{number}.toml"),
        text,
    });
    match load_text(files.collect()) {
        Ok(loaded) => {
            for advice in &loaded.advice {
                assert!(!advice.render(true).is_empty());
            }
            // What the store and the engine rely on: sorted metrics, ids inside the list.
            let metrics = &loaded.set.metrics;
            assert!(metrics.is_sorted_by(|a, b| a.name < b.name));
            for action in loaded.set.rules.iter().flat_map(|rule| &rule.metrics) {
                assert!((action.metric.0 as usize) < metrics.len());
            }
        }
        Err(problems) => {
            let text = problems.to_string();
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
    }
});
