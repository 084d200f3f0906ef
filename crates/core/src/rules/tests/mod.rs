//! Tests of the room as a whole: what loads, what is refused, and in which words.

mod amounts;
mod csv;
mod factors;
mod files;
mod foreign;
mod input;
mod metrics;
mod names;
mod report_section;
mod rules;
mod several_patterns;
mod shapes;
mod times;

use super::{Loaded, Problems, SourceText, load_text};

/// Loads one text as `rules.toml`.
fn load(text: &str) -> Result<Loaded, Problems> {
    load_files(&[("rules.toml", text)])
}

fn load_files(files: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let files = files.iter().map(|(path, text)| SourceText {
        path: (*path).into(),
        text: (*text).into(),
    });
    load_text(files.collect())
}

/// All that is said of a text that must be refused.
#[track_caller]
fn refused(text: &str) -> String {
    refused_files(&[("rules.toml", text)])
}

#[track_caller]
fn refused_files(files: &[(&str, &str)]) -> String {
    match load_files(files) {
        Ok(_) => panic!("loaded, but must be refused"),
        Err(problems) => problems.to_string(),
    }
}

/// All advice on a text that loads.
#[track_caller]
fn advice(text: &str) -> String {
    match load(text) {
        Ok(loaded) => loaded
            .advice
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n"),
        Err(problems) => panic!("must load:\n{problems}"),
    }
}
