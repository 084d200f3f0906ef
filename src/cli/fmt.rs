//! `logmetrics fmt`: rules files in one form.
//!
//! Only files are read and written here; what the form is, the rules know.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::exit::Exit;
use super::terminal;
use logmetrics_core::program_files;
use logmetrics_core::rules::format::{FormatError, format};
use logmetrics_core::rules::{SourceText, escape, shipped};
use logmetrics_gateway::output_file::{OutputFile, OutputOptions};

const EXAMPLES: &str = "\
Examples:
  logmetrics fmt my-rules.toml rules/
  logmetrics fmt --check rules/          (exit code 1 and a diff where a file is in another form)
  logmetrics fmt - < my-rules.toml

The form: patterns in single quotes, one blank line before each table, lists over several lines indented by two, and
keys in the order of the reference where no blank line divides them. Comments and values stay as they are.";

/// Write rules files in one form; comments and meaning stay.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct FmtArgs {
    /// Rules files, folders of them, or - for standard input, which is written to standard output
    #[arg(value_name = "FILE|FOLDER", required = true)]
    files: Vec<PathBuf>,

    /// Change nothing; print what would change, and end with 1 where there is something
    #[arg(long)]
    check: bool,
}

/// What became of the files.
#[derive(Debug, Default)]
struct Outcome {
    /// Files that are, or were, in another form.
    changed: usize,
    /// Files that could not be read or written.
    failed: usize,
    /// Files that are no rules.
    wrong: usize,
    /// What is printed to standard output.
    out: String,
}

/// Formats the files, or says what would change.
pub fn execute(args: FmtArgs) -> Exit {
    let mut outcome = Outcome::default();
    let mut files = 0;
    for path in &args.files {
        for file in outcome.files(path) {
            files += 1;
            outcome.file(&file, args.check);
        }
    }
    let printed = terminal::print(outcome.out.as_bytes());
    if args.check && files > 0 {
        let (are, s) = match outcome.changed {
            1 => ("is", ""),
            _ => ("are", "s"),
        };
        terminal::say(&match outcome.changed {
            0 if outcome.failed + outcome.wrong == 0 => "all files are formatted".to_owned(),
            changed => format!("{changed} file{s} of {files} {are} not formatted"),
        });
    }
    match (outcome.wrong, outcome.failed) {
        (1.., _) => Exit::Usage,
        (_, 1..) => Exit::Failed,
        _ if args.check && outcome.changed > 0 => Exit::Failed,
        _ => printed,
    }
}

impl Outcome {
    /// The file itself, or the rules files of a folder.
    fn files(&mut self, path: &Path) -> Vec<PathBuf> {
        if !path.is_dir() {
            return vec![path.to_path_buf()];
        }
        let shown = path.display().to_string();
        let found = program_files::in_folder(path, "toml").and_then(|rules| {
            let programs = program_files::in_folder(path, "mtail")?;
            Ok((rules, programs.files.len()))
        });
        match found {
            Ok((rules, programs)) => {
                if programs > 0 {
                    let s = if programs == 1 { "" } else { "s" };
                    terminal::say(&format_args!(
                        "{}: {programs} program{s} of mtail passed over: only rules in TOML are formatted",
                        escape(&shown)
                    ));
                }
                if rules.files.is_empty() {
                    self.wrong += 1;
                    terminal::say(&format_args!(
                        "error: folder `{}` has no .toml files",
                        escape(&shown)
                    ));
                }
                rules.files
            }
            Err(error) => {
                self.failed += 1;
                terminal::say(&format_args!(
                    "error: cannot read `{}`: {error}",
                    escape(&shown)
                ));
                Vec::new()
            }
        }
    }

    fn file(&mut self, path: &Path, is_check: bool) {
        let is_input = path == Path::new("-");
        let name = match is_input {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let shown = escape(&name).into_owned();
        if let Some(reason) = not_ours(path) {
            self.wrong += usize::from(reason.is_error);
            return terminal::say(&format_args!("{shown}: {}", reason.words));
        }
        let text = match read(path, is_input) {
            Ok(text) => text,
            Err(error) => {
                self.failed += 1;
                return terminal::say(&format_args!("error: cannot read `{shown}`: {error}"));
            }
        };
        let source = SourceText {
            path: name,
            text: text.clone(),
        };
        let formatted = match format(source) {
            Ok(formatted) => formatted,
            Err(FormatError::Invalid(problems)) => {
                self.wrong += 1;
                return terminal::say(&problems);
            }
            Err(FormatError::Differs) => {
                self.failed += 1;
                return terminal::say(&format_args!(
                    "error: `{shown}` is left as it is: formatted, it would say something else, which is a mistake of \
                     this program"
                ));
            }
        };
        let has_changed = formatted != text;
        self.changed += usize::from(has_changed);
        match (is_check, is_input) {
            (true, _) => self.out.push_str(&difference(&shown, &text, &formatted)),
            (false, true) => self.out.push_str(&formatted),
            (false, false) if has_changed => match write(path, &formatted) {
                Ok(()) => terminal::say(&format_args!("formatted {shown}")),
                Err(error) => {
                    self.failed += 1;
                    terminal::say(&format_args!("error: cannot write `{shown}`: {error}"));
                }
            },
            (false, false) => {}
        }
    }
}

/// Why a file is not formatted.
struct NotOurs {
    words: &'static str,
    is_error: bool,
}

fn not_ours(path: &Path) -> Option<NotOurs> {
    if shipped::name_in(path).is_some() {
        return Some(NotOurs {
            words: "shipped rules are in the program, and formatted",
            is_error: true,
        });
    }
    let is_program = path.extension().is_some_and(|ending| ending == "mtail");
    is_program.then_some(NotOurs {
        words: "passed over: a program of mtail, and only rules in TOML are formatted",
        is_error: false,
    })
}

fn read(path: &Path, is_input: bool) -> io::Result<String> {
    let bytes = match is_input {
        false => program_files::read(path)?,
        true => {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes)?;
            bytes
        }
    };
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text");
    String::from_utf8(bytes).map_err(not_text)
}

/// Writes the file that is meant, also where `path` is a link to it. It keeps who may read it.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let options = OutputOptions {
        replaces: true,
        ..OutputOptions::default()
    };
    let mut file = OutputFile::create(&path, &options)?;
    file.keep_permissions()?;
    file.write_all(text.as_bytes())?;
    file.finish()
}

/// What would change, as a unified diff that `patch` reads; nothing where nothing would.
fn difference(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let (from, to) = (format!("{name}\tas it is"), format!("{name}\tformatted"));
    unified.context_radius(2).header(&from, &to).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_the_lines_that_change() {
        let diff = difference("a.toml", "a=1\nb = 2\n", "a = 1\nb = 2\n");
        insta::assert_snapshot!(diff.replace('\t', " "), @r"
        --- a.toml as it is
        +++ a.toml formatted
        @@ -1,2 +1,2 @@
        -a=1
        +a = 1
         b = 2
        ");
        assert_eq!(difference("a.toml", "a = 1\n", "a = 1\n"), "");
    }
}
