//! Test cases for programs, in a TOML file next to them:
//!
//! ```toml
//! program = "x.mtail"
//!
//! [[test]]
//! name   = "a user is counted"
//! lines  = "user=ann"
//! expect = ['seen{prog="x.mtail",user="ann"} 1']
//! ```

use std::path::{Path, PathBuf};

use logmetrics_core::program_files;
use serde::Deserialize;

/// A file of test cases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// The program, from the folder of this file on.
    pub program: PathBuf,
    /// Whether it runs with mtail's own surprises.
    #[serde(default)]
    pub strict: bool,
    #[serde(rename = "test")]
    pub cases: Vec<Case>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    lines: Lines,
    /// Samples that must come out.
    pub expect: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Lines {
    One(String),
    Several(Vec<String>),
}

impl Case {
    /// The lines that are read.
    pub fn lines(&self) -> Vec<String> {
        let texts = match &self.lines {
            Lines::One(text) => std::slice::from_ref(text),
            Lines::Several(texts) => texts,
        };
        let lines = texts.iter().flat_map(|text| text.lines());
        lines.map(str::to_owned).collect()
    }
}

/// Whether a TOML file is one of test cases for a program, and not of rules: it names a program before
/// its first table.
pub fn is_test_file(path: &Path) -> bool {
    let is_toml = path.extension().is_some_and(|ending| ending == "toml");
    let text = program_files::read(path).unwrap_or_default();
    let text = String::from_utf8(text).unwrap_or_default();
    let mut lines = text.lines().map(str::trim_start);
    let names_program = |line: &str| {
        let rest = line.strip_prefix("program").map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('='))
    };
    is_toml
        && lines
            .by_ref()
            .take_while(|line| !line.starts_with('['))
            .any(names_program)
}

/// Reads such a file; the program's path is put after its folder.
///
/// # Errors
/// With what is wrong, and where.
pub fn read(path: &Path) -> Result<TestFile, String> {
    let shown = path.display();
    let text =
        program_files::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    let text = String::from_utf8(text).map_err(|_| format!("expected UTF-8 text in `{shown}`"))?;
    let mut file: TestFile = toml::from_str(&text).map_err(|error| format!("{shown}: {error}"))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    file.program = folder.join(&file.program);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read() {
        let text = "program = 'p.mtail'\n[[test]]\nname = 'a'\nlines = 'x\\ny'\nexpect = []\n\
                    [[test]]\nname = 'b'\nlines = \"\"\"x\ny\"\"\"\nexpect = ['c 1']\n";
        let file: TestFile = toml::from_str(text).unwrap();
        assert_eq!(file.cases[0].lines(), ["x\\ny"]);
        assert_eq!(file.cases[1].lines(), ["x", "y"]);
        assert!(toml::from_str::<TestFile>("program = 'p'\ntests = []\n").is_err());
    }
}
