//! `check --fix`: what can be mended without asking is written into the rules files.

use std::path::{Path, PathBuf};

use logmetrics_core::rules::{Problem, SourceText, escape, load_text};

use crate::cli::terminal;
use crate::programs;

/// Most lines that are mended in one file; each is a new look at it.
const LINES_MAX: usize = 500;

/// Mends the files, and says each line that was changed.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn fix(paths: &[PathBuf]) -> Result<(), String> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => files.extend(programs::toml_files(path).0),
            false => files.push(path.clone()),
        }
    }
    let is_rules = |path: &&PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    files
        .iter()
        .filter(is_rules)
        .try_for_each(|path| fix_file(path))
}

fn fix_file(path: &Path) -> Result<(), String> {
    // What cannot be read is said by the check.
    let Ok(before) = std::fs::read_to_string(path) else {
        return Ok(());
    };
    let name = path.display().to_string();
    let mut text = before.clone();
    for _ in 0..LINES_MAX {
        let loaded = load_text(vec![SourceText {
            path: name.clone(),
            text: text.clone(),
        }]);
        let problems = match loaded {
            Ok(loaded) => loaded.advice,
            Err(problems) => problems.list,
        };
        let Some((line, mended)) = problems.iter().find_map(Problem::mended_line) else {
            break;
        };
        let Some(old) = text.lines().nth(line - 1) else {
            break;
        };
        terminal::say(&format_args!(
            "fixed {}:{line}: {}\n    now: {}",
            escape(&name),
            escape(old.trim()),
            escape(mended.trim())
        ));
        text = with_line(&text, line, &mended);
    }
    if text == before {
        return Ok(());
    }
    std::fs::write(path, text).map_err(|error| format!("cannot write `{name}`: {error}"))
}

/// The text with another line, from 1; line ends stay as they are.
fn with_line(text: &str, number: usize, new: &str) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines
        .map(|(index, line)| match index + 1 == number {
            true => {
                let content = line.trim_end_matches(['\n', '\r']).len();
                format!("{new}{}", line.get(content..).unwrap_or_default())
            }
            false => line.to_owned(),
        })
        .collect()
}
