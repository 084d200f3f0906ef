//! Programs of mtail as a source of units: files and folders of them, read, checked together, and
//! brought into the form that runs.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use logmetrics_core::engine::source::{Compiled, ProgramSource};
use logmetrics_core::engine::{Secret, SecretMissing};
use logmetrics_core::program_files;
use logmetrics_core::rules::{Excerpt, Problem, Problems, Severity};

use crate::problem::{self, Place, Span};
use crate::script::code::Program;
use crate::unit::{self, ProgramCounts, UnitOptions};
use crate::{Options, ast, compile};

/// Where programs come from, and how they are read and run.
#[derive(Debug, Clone)]
pub struct MtailPrograms {
    /// Files, and folders whose programs are taken.
    pub paths: Vec<PathBuf>,
    pub options: Options,
    pub unit: UnitOptions,
    /// A program that is wrong is left out, or runs on as it was, and the others run: as in mtail.
    pub skips_wrong: bool,
    pub loads: Arc<Loads>,
}

/// What is counted of programs while they come and go.
#[derive(Debug, Default)]
pub struct Loads {
    programs: Mutex<BTreeMap<String, LoadedProgram>>,
}

/// What is known of a program by its name.
#[derive(Debug, Clone, Default)]
pub struct LoadedProgram {
    /// How often a new version was loaded.
    pub loads: u64,
    /// How often a new version was wrong.
    pub load_errors: u64,
    pub counts: Arc<ProgramCounts>,
    /// The last version that was right.
    last: Option<(SourceFile, Program)>,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    pub path: String,
    /// The base name, which is the program's.
    pub name: String,
    pub text: String,
}

/// Files as they are on the disk. Equal where nothing has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    files: Vec<SourceFile>,
    unreadable: Vec<Problem>,
    /// An error that says nothing of the files.
    passing: Option<String>,
}

/// Programs that may run.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    pub programs: Vec<(SourceFile, Program)>,
    /// What is probably not meant.
    pub advice: Vec<Problem>,
    /// What is wrong with programs that were left out.
    pub left_out: Vec<Problem>,
    /// Their names.
    wrong: Vec<String>,
}

impl Loads {
    /// All programs that were ever loaded.
    pub fn programs(&self) -> BTreeMap<String, LoadedProgram> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, LoadedProgram>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a file's name is that of a program.
pub fn is_program(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".mtail") && !name.starts_with('.')
}

impl Gathered {
    fn add(&mut self, path: &Path) {
        let bytes = match program_files::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable(path, &error),
        };
        match source_file(path, bytes) {
            // A file may be named together with its folder.
            Ok(file) if self.files.contains(&file) => {}
            Ok(file) => self.files.push(file),
            Err(message) => self.unreadable.push(nowhere(message)),
        }
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("cannot read `{}`: {error}", path.display());
        if program_files::is_passing(error) {
            self.passing = Some(message.clone());
        }
        self.unreadable.push(nowhere(message));
    }

    /// Why it is not known what the files hold, where it may be known at the next look.
    pub fn passing_error(&self) -> Option<&str> {
        self.passing.as_deref()
    }
}

impl ProgramSource for MtailPrograms {
    type Gathered = Gathered;
    type Checked = Checked;

    fn gather(&self) -> Gathered {
        let mut gathered = Gathered {
            files: Vec::new(),
            unreadable: Vec::new(),
            passing: None,
        };
        for path in &self.paths {
            if !path.is_dir() {
                gathered.add(path);
                continue;
            }
            match program_files::in_folder(path, "mtail") {
                Ok(found) => found.files.iter().for_each(|file| gathered.add(file)),
                Err(error) => gathered.unreadable(path, &error),
            }
        }
        gathered
    }

    fn check(&self, gathered: Gathered) -> Result<Checked, Problems> {
        let mut checked = Checked {
            left_out: gathered.unreadable,
            ..Checked::default()
        };
        let mut together = Together::default();
        for file in gathered.files {
            let compiled = compile(&file.name, &file.text, &self.options);
            match compiled {
                Err(problems) => checked.left_out.extend(known_problems(&problems, &file)),
                Ok(compiled) => {
                    let clashes =
                        together.add(&file, &compiled.program, self.unit.page.has_program);
                    if clashes.is_empty() {
                        let warnings = known_problems(&compiled.warnings, &file);
                        checked.advice.extend(warnings);
                        checked.programs.push((file, compiled.program));
                        continue;
                    }
                    checked.left_out.extend(clashes);
                }
            }
            checked.wrong.push(file.name);
        }
        if checked.left_out.is_empty() || self.skips_wrong {
            return Ok(checked);
        }
        let errors = |problem: &&Problem| problem.severity == Severity::Error;
        Err(Problems {
            errors: checked.left_out.iter().filter(errors).count(),
            list: checked.left_out,
        })
    }

    fn compile(
        &self,
        checked: &Checked,
        _secret: Option<&Secret>,
    ) -> Result<Compiled, SecretMissing> {
        let mut compiled = Vec::new();
        let mut known = self.loads.lock();
        let mut programs = checked.programs.clone();
        if self.skips_wrong && !checked.left_out.is_empty() {
            for name in &checked.wrong {
                known.entry(name.clone()).or_default().load_errors += 1;
            }
            // One that was right before runs on.
            let is_there = |name: &str| checked.programs.iter().any(|(file, _)| file.name == name);
            let last = known.iter().filter(|(name, _)| !is_there(name));
            let last = last.filter_map(|(_, loaded)| loaded.last.clone());
            programs.extend(last.filter(|(file, _)| Path::new(&file.path).exists()));
        }
        for (file, program) in programs {
            let loaded = known.entry(file.name.clone()).or_default();
            if loaded.last.as_ref().map(|(last, _)| last) != Some(&file) {
                loaded.loads += 1;
            }
            let counts = Arc::clone(&loaded.counts);
            // Each regex was compiled when the program was checked, so it is not too large.
            if let Ok(one) = unit::unit(program.clone(), &file.text, &self.unit, counts) {
                compiled.push(one);
            }
            loaded.last = Some((file, program));
        }
        Ok(Compiled::joined(compiled))
    }
}

impl MtailPrograms {
    /// What of the programs has the name of a rule's metric.
    pub fn clashes_with(&self, checked: &Checked, names: &[&str]) -> Vec<Problem> {
        let mut clashes = Vec::new();
        for (file, program) in &checked.programs {
            let shown = program.metrics.iter().filter(|metric| !metric.hidden);
            for metric in shown.filter(|metric| names.contains(&metric.exported.as_str())) {
                let message = format!("a rule has a metric `{}` too", metric.exported);
                let hint = "give this one another name with `as`";
                clashes.push(hinted(at_metric(file, metric, message), hint));
            }
        }
        clashes
    }
}

/// Metrics of all programs, to see which cannot be on one page.
#[derive(Default)]
struct Together {
    names: HashMap<String, (ast::Kind, String)>,
    series: HashMap<(String, Vec<String>), String>,
    programs: Vec<String>,
}

impl Together {
    /// Adds a program unless it clashes with those before.
    fn add(&mut self, file: &SourceFile, program: &Program, has_program: bool) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.programs.contains(&program.name) {
            let (name, path) = (&program.name, &file.path);
            let message = format!("two programs are called `{name}`; the second is `{path}`");
            let hint = "a program is known by the name of its file: rename one of them";
            problems.push(hinted(nowhere(message), hint));
        }
        let shown = |metric: &&crate::script::code::Definition| {
            !metric.hidden && metric.kind != ast::Kind::Text
        };
        let labels = |metric: &crate::script::code::Definition| {
            let mut labels = metric.labels.clone();
            labels.sort();
            (metric.exported.clone(), labels)
        };
        for metric in program.metrics.iter().filter(shown) {
            let name = &metric.exported;
            if let Some((kind, other)) = self.names.get(name)
                && *kind != metric.kind
            {
                let message = format!(
                    "`{name}` is a {} here and a {} in {other}",
                    metric.kind.keyword(),
                    kind.keyword()
                );
                let hint = "metrics of one name have one type: give one of them another with `as`";
                problems.push(hinted(at_metric(file, metric, message), hint));
            } else if let Some(other) = self.series.get(&labels(metric))
                && !has_program
            {
                let message = format!("`{name}` with the same labels is also in {other}");
                let hint = "without the label `prog` they would be one series: give one of them \
                            another name with `as`";
                problems.push(hinted(at_metric(file, metric, message), hint));
            }
        }
        if problems.is_empty() {
            self.programs.push(program.name.clone());
            for metric in program.metrics.iter().filter(shown) {
                let kind = (metric.kind, program.name.clone());
                self.names.entry(metric.exported.clone()).or_insert(kind);
                self.series.insert(labels(metric), program.name.clone());
            }
        }
        problems
    }
}

fn source_file(path: &Path, bytes: Vec<u8>) -> Result<SourceFile, String> {
    let shown = path.display().to_string();
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("expected UTF-8 text in `{shown}`, but found other bytes"))?;
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(SourceFile {
        path: shown,
        name: name.to_string_lossy().into_owned(),
        text,
    })
}

fn nowhere(message: String) -> Problem {
    Problem {
        severity: Severity::Error,
        message,
        excerpts: Vec::new(),
        hint: None,
        rule: None,
    }
}

fn hinted(problem: Problem, hint: &str) -> Problem {
    Problem {
        hint: Some(hint.to_owned()),
        ..problem
    }
}

fn at_metric(
    file: &SourceFile,
    metric: &crate::script::code::Definition,
    message: String,
) -> Problem {
    let position = metric.position;
    let lines = file.text.split_inclusive('\n').take(position.line - 1);
    let start = lines.map(str::len).sum::<usize>() + position.column - 1;
    let span = Span::new(start, start + position.end_column - position.column + 1);
    Problem {
        excerpts: vec![excerpt(file, span, "")],
        ..nowhere(message)
    }
}

fn excerpt(file: &SourceFile, span: Span, note: &str) -> Excerpt {
    let place = Place::of(&file.text, span);
    Excerpt {
        path: file.path.clone(),
        line: place.line,
        column: place.column,
        text: place.text,
        span: place.meant.start..place.meant.end,
        note: note.to_owned(),
    }
}

/// Problems of a program in the form that all problems are shown in.
fn known_problems(problems: &problem::Problems, file: &SourceFile) -> Vec<Problem> {
    let problem = |one: &problem::Problem| {
        let other = one.other.iter();
        let others = other.map(|(span, note)| excerpt(file, *span, note));
        Problem {
            severity: match one.severity {
                problem::Severity::Error => Severity::Error,
                problem::Severity::Warning => Severity::Warning,
            },
            message: one.message.clone(),
            excerpts: [excerpt(file, one.span, "")]
                .into_iter()
                .chain(others)
                .collect(),
            hint: one.hint.clone(),
            rule: None,
        }
    };
    problems.list.iter().map(problem).collect()
}
