//! The written laws of the source tree, enforced: who may import whom, how long a file may be, what
//! may not stand anywhere.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::repository;

/// Which rooms each room may import. Data flows one way: input, line, matcher, engine, metrics,
/// exposition, server. A room that is not here is new: give it a line, as short as it can be.
const IMPORT_LAW: &[(&str, &[&str])] = &[
    ("line", &[]),
    ("clock", &[]),
    ("shutdown", &[]),
    ("logging", &["clock"]),
    ("input", &["line", "clock"]),
    ("replay", &["line"]),
    ("jaeger", &["input", "line", "clock"]),
    ("matcher", &["line"]),
    ("metrics", &["clock"]),
    ("state", &["input", "metrics", "clock", "logging"]),
    ("rules", &["matcher", "metrics"]),
    ("engine", &["line", "matcher", "rules", "metrics", "clock"]),
    ("exposition", &["metrics"]),
    ("server", &["exposition", "clock", "logging", "shutdown"]),
    ("dashboard", &["rules", "metrics"]),
    (
        "doctor",
        &["rules", "engine", "metrics", "line", "pipeline", "jaeger"],
    ),
    ("settings", &["engine", "server", "jaeger"]),
    (
        "pipeline",
        &["input", "replay", "line", "engine", "metrics", "clock"],
    ),
    ("report", &["engine", "rules", "line", "input", "pipeline"]),
    (
        "daemon",
        &[
            "settings",
            "state",
            "pipeline",
            "replay",
            "input",
            "jaeger",
            "line",
            "rules",
            "engine",
            "metrics",
            "exposition",
            "server",
            "clock",
            "logging",
            "shutdown",
        ],
    ),
];

/// What stands on top of them all, and may import any; nothing may import it.
const TOP: &[&str] = &["cli", "lib", "main"];

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

    /// The folder or file right under `src/`.
    fn room(&self) -> Option<&str> {
        let rest = self.path.strip_prefix("src/")?;
        rest.split('/').next()?.split('.').next()
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
fn rooms_import_only_what_the_law_allows() {
    let mut broken = Vec::new();
    for source in sources(&["src"]) {
        let room = source.room().unwrap();
        if TOP.contains(&room) || source.is_test() {
            continue;
        }
        let Some((_, allowed)) = IMPORT_LAW.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{}: the import law lacks `{room}`", source.path));
            continue;
        };
        for imported in imports(source.without_tests()) {
            if imported != room && !allowed.contains(&imported.as_str()) {
                broken.push(format!("{}: `{room}` imports `{imported}`", source.path));
            }
        }
    }
    assert_lawful(broken);
}

/// The rooms that a text names after `crate::`, also inside braces.
fn imports(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = code.collect::<Vec<_>>().join("\n");
    for rest in code.split("crate::").skip(1) {
        let names = match rest.strip_prefix('{') {
            // `use crate::{line::Line, metrics::{Batch, Store}};` names line and metrics.
            Some(group) => outermost(group),
            None => vec![rest],
        };
        for name in names {
            let name = name.trim_start();
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &name[..end.unwrap_or(name.len())];
            // A lower-case name is a module; what the crate's root re-exports is not.
            if name.starts_with(|c: char| c.is_ascii_lowercase()) {
                rooms.push(name.to_owned());
            }
        }
    }
    rooms
}

/// The parts of a group in braces, without what stands in inner braces' reach.
fn outermost(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (place, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[test]
fn imports_are_found_in_every_form() {
    assert_eq!(
        imports("use crate::line::Line;\nuse crate::{\n    metrics::{A, B}, engine,\n};\n"),
        ["line", "metrics", "engine"]
    );
    assert_eq!(
        imports("// crate::server\nlet x = crate::rules::f();"),
        ["rules"]
    );
}

#[test]
fn files_are_short_and_begin_with_what_they_are() {
    let mut broken = Vec::new();
    for source in sources(&["src", "tests", "benches", "fuzz"]) {
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
    for source in sources(&["src", "tests", "benches", "fuzz"]) {
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
    for source in sources(&["src"]).iter().filter(|source| !source.is_test()) {
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
