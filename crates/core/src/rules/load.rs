//! Loading: paths become texts, texts become a checked rule set. Files are read here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input_section::{self, MultilineSection};
use super::lookup::{LookupSpec, LookupTable};
use super::metric_definitions::Definitions;
use super::problem::{At, Draft, Problem, ProblemPlace, Problems, messages, settle};
use super::raw_rules::{self, FileSpec, RuleSpec};
use super::shipped::{self, Shipped};
use super::toml_table::Reader;
use super::unit_advice::{self, UnitQuestion};
use super::{Case, RuleSet, check_rules, lookup, named_patterns, rule_patterns, warnings};
use crate::metrics::definition::{Definition, MetricId};
use crate::program_files;

/// The rules that are used where none are named.
pub const BUILT_IN: &str = include_str!("../../../../rules/agentgateway.toml");

/// What the built-in rules are called where a file would have its path.
pub const BUILT_IN_NAME: &str = "built-in agentgateway rules";

/// A rules file that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    pub path: String,
    pub text: String,
}

/// Rules that may run, and what there is to say about them.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub set: RuleSet,
    /// One for each file, in their order.
    pub files: Vec<FileSummary>,
    /// What is probably not meant.
    pub advice: Vec<Problem>,
    /// The rules' own tests, each with the number of its file.
    pub cases: Vec<(usize, Case)>,
    /// What samples may still tell of the metrics' units.
    pub unit_questions: Vec<UnitQuestion>,
    /// Which logs have records of several lines.
    pub multiline: Vec<MultilineSection>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    pub path: String,
    /// How many rules it has; they are together in the set.
    pub rules: usize,
    /// How many different metrics its rules update.
    pub metrics: usize,
    /// How many `[[test]]` cases it has.
    pub cases: usize,
}

/// Rules files as they are on the disk, read but not checked. Equal where nothing has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    sources: Vec<SourceText>,
    /// The tables that they name.
    tables: Vec<SourceText>,
    /// What could not be read.
    drafts: Vec<Draft>,
    /// An error that says nothing of the files.
    passing: Option<String>,
}

/// Reads and checks files, folders of `*.toml` files by name, and shipped rules (`builtin:NAME`); without
/// any the built-in rules.
pub fn load(paths: &[PathBuf]) -> Result<Loaded, Problems> {
    gather(paths).check()
}

impl Gathered {
    /// Why it is not known what the files hold, where it may be known at the next look.
    pub fn passing_error(&self) -> Option<&str> {
        self.passing.as_deref()
    }

    /// Notes a file or folder that cannot be read.
    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let name = path.display().to_string();
        let draft = messages::unreadable(&name, error);
        let is_missing = error.kind() == io::ErrorKind::NotFound;
        let hint = path
            .file_stem()
            .and_then(|stem| Shipped::named(stem.to_str()?));
        let hint = hint.filter(|_| is_missing).map(messages::is_shipped);
        self.drafts.push(draft.maybe_hint(hint));
        if program_files::is_passing(error) {
            self.passing = Some(format!("cannot read `{name}`: {error}"));
        }
    }

    /// Reads the tables that rules files name.
    fn read_tables(&mut self) {
        let mut paths: Vec<String> = self.sources.iter().flat_map(lookup::files).collect();
        paths.sort();
        paths.dedup();
        // One of TOML in a folder of rules is no file of rules.
        self.sources.retain(|source| !paths.contains(&source.path));
        for path in paths {
            let text = self.text(Path::new(&path));
            self.tables
                .extend(text.map(|text| SourceText { path, text }));
        }
    }

    fn read(&mut self, path: &Path) {
        let name = path.display().to_string();
        if let Some(wanted) = shipped::name_in(path) {
            match Shipped::named(wanted) {
                Some(rules) => self.sources.push(SourceText {
                    path: name,
                    text: rules.text.into(),
                }),
                None => self.drafts.push(messages::unknown_shipped(wanted)),
            }
            return;
        }
        if path.extension().is_some_and(|ending| ending == "mtail") {
            self.drafts.push(messages::program_of_mtail(&name));
            return;
        }
        let text = self.text(path);
        self.sources
            .extend(text.map(|text| SourceText { path: name, text }));
    }

    /// What a file holds; notes where it cannot be read.
    fn text(&mut self, path: &Path) -> Option<String> {
        match program_files::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => return Some(text),
            Ok(Err(error)) => {
                let valid = error.as_bytes().get(..error.utf8_error().valid_up_to());
                let lines = valid.unwrap_or_default().iter();
                let lines = lines.filter(|byte| **byte == b'\n').count();
                let name = path.display().to_string();
                self.drafts.push(messages::not_utf8(&name, lines + 1));
            }
            Err(error) => self.unreadable(path, &error),
        }
        None
    }

    /// The path itself, or the rules files of a folder.
    fn files(&mut self, path: &Path) -> Vec<PathBuf> {
        if !path.is_dir() {
            return vec![path.to_path_buf()];
        }
        match program_files::in_folder(path, "toml") {
            Ok(found) if !found.files.is_empty() => found.files,
            Ok(found) => {
                let name = path.display().to_string();
                let hint = (!found.passed_over.is_empty()).then(|| found.passed_over.join("; "));
                self.drafts
                    .push(messages::empty_folder(&name).maybe_hint(hint));
                Vec::new()
            }
            Err(error) => {
                self.unreadable(path, &error);
                Vec::new()
            }
        }
    }

    /// Checks what was read.
    pub fn check(self) -> Result<Loaded, Problems> {
        check(self.sources, self.tables, self.drafts)
    }
}

/// Reads the lookup table that an option of the command line names, as the `lookup` of a label called `column`
/// would.
///
/// # Errors
/// What is wrong with the file or with the name.
pub fn load_lookup(option: &str, name: &str, column: &str) -> Result<LookupTable, Problems> {
    let mut gathered = Gathered {
        sources: vec![SourceText {
            path: option.into(),
            text: name.into(),
        }],
        tables: Vec::new(),
        drafts: Vec::new(),
        passing: None,
    };
    let path = lookup::parts(name).0;
    let text = gathered.text(Path::new(path));
    let table = text.map(|text| SourceText {
        path: path.into(),
        text,
    });
    let Gathered {
        mut sources,
        mut drafts,
        ..
    } = gathered;
    sources.extend(table);
    let place = ProblemPlace {
        file: 0,
        start: 0,
        end: name.len(),
    };
    let spec = LookupSpec::File(At::new(name.to_owned(), place));
    if drafts.is_empty() {
        match lookup::compile(&spec, Some(column), &sources) {
            Ok(table) => return Ok(Arc::unwrap_or_clone(table)),
            Err(draft) => drafts.push(draft),
        }
    }
    Err(Problems::new(drafts, &sources))
}

pub fn gather(paths: &[PathBuf]) -> Gathered {
    if paths.is_empty() {
        return Gathered {
            sources: vec![SourceText {
                path: BUILT_IN_NAME.into(),
                text: BUILT_IN.into(),
            }],
            tables: Vec::new(),
            drafts: Vec::new(),
            passing: None,
        };
    }
    let mut gathered = Gathered {
        sources: Vec::new(),
        tables: Vec::new(),
        drafts: Vec::new(),
        passing: None,
    };
    let mut seen = BTreeSet::new();
    for path in paths {
        for file in gathered.files(path) {
            // A file may be named together with its folder; its rules would then clash with themselves.
            let identity = file.canonicalize().unwrap_or_else(|_| file.clone());
            if seen.insert(identity) {
                gathered.read(&file);
            }
        }
    }
    gathered.read_tables();
    gathered
}

/// Checks texts that have been read already, in their order.
pub fn load_text(files: Vec<SourceText>) -> Result<Loaded, Problems> {
    check(files, Vec::new(), Vec::new())
}

fn check(
    mut sources: Vec<SourceText>,
    tables: Vec<SourceText>,
    mut drafts: Vec<Draft>,
) -> Result<Loaded, Problems> {
    let mut specs = Vec::new();
    let rules_files = sources.len();
    sources.extend(tables);
    for (file, source) in sources.iter().enumerate().take(rules_files) {
        let mut reader = Reader {
            file,
            drafts: Vec::new(),
        };
        let spec = raw_rules::read(&source.text, &mut reader);
        if spec.rules.is_empty() && reader.drafts.is_empty() {
            let place = reader.place(0..0);
            reader.note(messages::file_without_rules(place));
        }
        drafts.append(&mut reader.drafts);
        drafts.extend(named_problems(&spec, &sources));
        specs.push(spec);
    }
    if !drafts.iter().any(Draft::is_error) && specs.iter().all(|spec| spec.rules.is_empty()) {
        drafts.push(messages::no_rules());
    }
    let names = name_rules(&specs, &sources, &mut drafts);
    let mut unit_questions = Vec::new();
    let (set, files) = build(&specs, &names, &sources, &mut drafts, &mut unit_questions);
    let multiline = input_section::compile(&specs, &sources, &mut drafts);
    if drafts.iter().any(Draft::is_error) {
        // Advice on rules that are half understood would mislead.
        drafts.retain(Draft::is_error);
        return Err(Problems::new(drafts, &sources));
    }
    let cases = specs.into_iter().enumerate();
    Ok(Loaded {
        set,
        files,
        unit_questions,
        multiline,
        advice: settle(drafts, &sources),
        cases: cases
            .flat_map(|(file, spec)| spec.cases.into_iter().map(move |case| (file, case)))
            .collect(),
    })
}

/// What is wrong with the patterns that a file names.
fn named_problems(spec: &FileSpec, sources: &[SourceText]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (name, pattern) in &spec.patterns {
        if !named_patterns::is_name(&name.value) {
            drafts.push(messages::bad_pattern_name(name));
        }
        drafts.extend(rule_patterns::anywhere(pattern, sources).err());
    }
    drafts
}

/// The names of all rules, file by file. Names that were given come first, so that a rule without
/// one never takes it.
fn name_rules(
    specs: &[FileSpec],
    sources: &[SourceText],
    drafts: &mut Vec<Draft>,
) -> Vec<Vec<String>> {
    let mut taken: BTreeMap<&str, ProblemPlace> = BTreeMap::new();
    for name in specs
        .iter()
        .flat_map(|spec| &spec.rules)
        .filter_map(|rule| rule.name.as_ref())
    {
        if name.value.is_empty() {
            drafts.push(messages::empty_rule_name(name.place));
        } else if let Some(first) = taken.insert(&name.value, name.place) {
            drafts.push(messages::rule_name_twice(name, first));
        }
    }
    let mut taken: BTreeSet<String> = taken.into_keys().map(str::to_string).collect();
    let mut names = Vec::new();
    for (spec, source) in specs.iter().zip(sources) {
        let stem = Path::new(&source.path).file_stem().unwrap_or_default();
        let stem = stem.to_string_lossy();
        let in_file = spec
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| match &rule.name {
                Some(name) => name.value.clone(),
                None => {
                    let plain = format!("rule-{}", index + 1);
                    let with_file = format!("{stem}-{plain}");
                    let more = (2usize..).map(|number| format!("{with_file}-{number}"));
                    let mut candidates = [plain, with_file.clone()].into_iter().chain(more);
                    let free = candidates.find(|name| taken.insert(name.clone()));
                    free.unwrap_or_default()
                }
            });
        names.push(in_file.collect());
    }
    names
}

fn build(
    specs: &[FileSpec],
    names: &[Vec<String>],
    sources: &[SourceText],
    drafts: &mut Vec<Draft>,
    unit_questions: &mut Vec<UnitQuestion>,
) -> (RuleSet, Vec<FileSummary>) {
    let mut definitions = Definitions::default();
    let (mut compiled, mut files) = (Vec::new(), Vec::new());
    let mut earlier: Vec<(&RuleSpec, &str)> = Vec::new();
    for ((spec, names), source) in specs.iter().zip(names).zip(sources) {
        let mut metrics = BTreeSet::new();
        for (rule_spec, name) in spec.rules.iter().zip(names) {
            let (rule, mut scope) = check_rules::rule(rule_spec, name.clone(), sources);
            if scope.drafts.is_empty() {
                let same = warnings::same_match(rule_spec, &earlier);
                let advice = warnings::rule(&scope).into_iter().chain(same);
                drafts.extend(advice.map(|draft| draft.of_rule(name)));
                let rule = compiled.len();
                unit_questions.extend(unit_advice::questions(&scope, rule, sources));
            }
            drafts.append(&mut scope.drafts);
            for used in &rule.uses {
                definitions.add(used, name);
                metrics.insert(used.name.value.clone());
            }
            compiled.push(rule);
            earlier.push((rule_spec, name));
        }
        files.push(FileSummary {
            path: source.path.clone(),
            rules: names.len(),
            metrics: metrics.len(),
            cases: spec.cases.len(),
        });
    }
    definitions.check_exposition();
    drafts.append(&mut definitions.drafts);
    let metrics = definitions.finish();
    let rules = compiled
        .into_iter()
        .map(|rule| with_ids(rule, &metrics))
        .collect();
    (RuleSet { rules, metrics }, files)
}

/// The rule with its metrics' places in the list of all.
fn with_ids(compiled: check_rules::Compiled, metrics: &[Definition]) -> super::Rule {
    let mut rule = compiled.rule;
    for (action, used) in rule.metrics.iter_mut().zip(&compiled.uses) {
        let At { value: name, .. } = &used.name;
        let place = metrics.binary_search_by(|metric| metric.name.as_str().cmp(name));
        action.metric = MetricId(place.unwrap_or_default() as u32);
    }
    rule
}
