//! The written rules of the source tree, enforced: how long a file may be, that it says what it is
//! for, what it may not contain. Which crate may use which is in their manifests.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::repository;

/// The longest source file, tests included.
const LINES_MAX: usize = 500;

/// One source file of the project, with its path from the repository's root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// Whether it is nothing but tests.
    fn is_test(&self) -> bool {
        let is_named = |name: &str| self.path.ends_with(&format!("/{name}.rs"));
        self.path.contains("/tests/") || is_named("tests") || is_named("testing")
    }

    /// The text up to the file's own tests.
    fn without_tests(&self) -> &str {
        let end = self.text.find("\n#[cfg(test)]\nmod ");
        &self.text[..end.unwrap_or(self.text.len())]
    }
}

/// All Rust files in `folders`, sorted by path.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in folders {
        collect(&repository(folder), &mut sources);
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 10, "the tests look into the wrong place");
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, sources);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let short = path.strip_prefix(repository("")).unwrap();
            sources.push(Source {
                path: short.to_string_lossy().replace('\\', "/"),
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

/// Panics with every broken law at once.
#[track_caller]
fn assert_lawful(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn files_are_short_and_begin_with_what_they_are() {
    let mut broken = Vec::new();
    for source in sources(&["src", "crates", "tests", "benches", "fuzz"]) {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            broken.push(format!(
                "{}: {lines} lines, {LINES_MAX} are allowed",
                source.path
            ));
        }
        if !source.text.starts_with("//!") {
            broken.push(format!("{}: does not begin with `//!`", source.path));
        }
    }
    assert_lawful(broken);
}

#[test]
fn nothing_is_left_over() {
    // Put together here, so that this file does not hold them.
    let banned = [
        ("unsafe", " {", "find a safe way; rustix has most"),
        ("unsafe", " fn", "find a safe way; rustix has most"),
        ("todo", "!(", "do it"),
        ("unimplemented", "!(", "do it"),
        ("dbg", "!(", "remove it"),
        (
            "TO",
            "DO",
            "do it, or say in words what is not done and why",
        ),
        ("FIX", "ME", "fix it"),
        ("X", "XX", "say what is meant"),
        (
            "thread::",
            "sleep(Duration::from_secs",
            "wait for a condition",
        ),
    ]
    .map(|(a, b, instead)| (format!("{a}{b}"), instead));
    let mut broken = Vec::new();
    for source in sources(&["src", "crates", "tests", "benches", "fuzz"]) {
        for (number, line) in source.text.lines().enumerate() {
            for (word, instead) in &banned {
                if line.contains(word.as_str()) {
                    let place = format!("{}:{}", source.path, number + 1);
                    broken.push(format!("{place}: `{word}`: {instead}"));
                }
            }
        }
    }
    assert_lawful(broken);
}

#[test]
fn outside_input_meets_no_panic() {
    let banned = [".unwrap()", ".expect(", "panic!("];
    let mut broken = Vec::new();
    for source in sources(&["src", "crates"])
        .iter()
        .filter(|source| !source.is_test())
    {
        for (number, line) in source.without_tests().lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in banned.iter().filter(|word| code.contains(**word)) {
                broken.push(format!("{}:{}: `{word}`", source.path, number + 1));
            }
        }
    }
    assert_lawful(broken);
}

#[test]
fn no_file_names_somebodys_machine() {
    // A path of one machine means nothing on another.
    let folders = ["home", "root", "Users", "work", "workspace"].map(|name| format!("/{name}/"));
    let mut broken = Vec::new();
    for path in tracked() {
        let skipped = path.starts_with("tests/data") || path.ends_with("Cargo.lock");
        let text = std::fs::read_to_string(repository("").join(&path)).unwrap_or_default();
        for (number, line) in text.lines().enumerate().filter(|_| !skipped) {
            for folder in folders.iter().filter(|folder| line.contains(*folder)) {
                broken.push(format!("{}:{}: {folder}", path.display(), number + 1));
            }
        }
    }
    assert_lawful(broken);
}

/// The files of the project as git knows them; none where there is no git.
fn tracked() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(repository(""))
        .output();
    let listed = listed.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&listed)
        .lines()
        .map(PathBuf::from)
        .collect()
}
