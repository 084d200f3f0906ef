//! All that counts: rules in TOML and programs of mtail, from their files to one engine. No I/O but the
//! reading of those files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;

use logmetrics_core::checkpoint::NoteSource;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::source::{Compiled, ProgramSource, TomlRules};
use logmetrics_core::engine::{Engine, Secret, SecretMissing};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::pipeline::Active;
use logmetrics_core::program_files;
use logmetrics_core::rate_limit::Limited;
use logmetrics_core::rules::{self, Loaded, Problem, Problems, Severity};
use logmetrics_follow::line::multiline::MultilineByFile;
use logmetrics_mtail::Options;
use logmetrics_mtail::source::{self, Loads, MtailPrograms};
use logmetrics_mtail::test_file;
use logmetrics_mtail::unit::{self, PageOptions, UnitOptions};

/// Marks what programs remember among the notes that are saved.
pub const NOTES: &str = "mtail";

/// How programs of mtail are read and run.
#[derive(Debug, Clone, PartialEq)]
pub struct MtailSettings {
    pub page: PageOptions,
    /// How programs are read; strict as the pages are.
    pub options: Options,
    pub zone: TimeZone,
    /// Whether a time without a year is of the current one.
    pub assumes_year: bool,
    /// How often strict mode looks for what has expired, in seconds.
    pub sweep_seconds: i64,
    /// Whether it is said why a program stopped half-way.
    pub says_errors: bool,
    /// Whether a program that is wrong is left out while the others run.
    pub skips_wrong: bool,
    /// Whether mtail's other pages are served: `/json`, `/varz`, `/graphite` and `/progz`.
    pub has_pages: bool,
}

impl MtailSettings {
    /// For programs among rules. `strict`: with mtail's own surprises.
    pub fn new(strict: bool) -> MtailSettings {
        MtailSettings {
            page: PageOptions {
                strict,
                ..PageOptions::default()
            },
            options: match strict {
                true => Options::strict(),
                false => Options::default(),
            },
            zone: TimeZone::UTC,
            assumes_year: true,
            sweep_seconds: 3600,
            says_errors: true,
            skips_wrong: false,
            has_pages: false,
        }
    }
}

/// Files and folders of rules and programs.
#[derive(Debug, Clone)]
pub struct Programs {
    paths: Vec<PathBuf>,
    mtail: MtailPrograms,
    /// Which logs have records of several lines, where the command line says it.
    multiline: Option<Arc<MultilineByFile>>,
}

/// What the files hold. Equal where nothing has changed.
#[derive(Debug, Clone)]
pub struct Gathered {
    toml: Option<rules::Gathered>,
    mtail: source::Gathered,
    /// What lies in a folder and is not taken. It may come and go: that is no change.
    passed_over: Vec<String>,
    /// Why a folder could not be looked at.
    passing: Option<String>,
}

impl PartialEq for Gathered {
    fn eq(&self, other: &Gathered) -> bool {
        (&self.toml, &self.mtail) == (&other.toml, &other.mtail)
    }
}

impl Gathered {
    /// Why it is not known what the files hold, where it may be known at the next look.
    pub fn passing_error(&self) -> Option<&str> {
        let toml = self.toml.as_ref().and_then(rules::Gathered::passing_error);
        toml.or_else(|| self.mtail.passing_error())
            .or(self.passing.as_deref())
    }
}

/// Paths of rules and of programs.
#[derive(Default)]
struct Split {
    toml: Vec<PathBuf>,
    mtail: Vec<PathBuf>,
    passed_over: Vec<String>,
    passing: Option<String>,
}

/// Rules and programs that may run.
pub struct Checked {
    /// None where only programs of mtail are named.
    pub toml: Option<Loaded>,
    pub mtail: source::Checked,
    /// What lies in a folder and is not taken.
    pub passed_over: Vec<Problem>,
}

/// What runs.
pub struct Runnable {
    pub engine: Engine,
    pub definitions: Vec<Definition>,
    /// Which logs have records of several lines.
    pub multiline: Arc<MultilineByFile>,
    /// What is probably not meant, or was left out.
    pub advice: Vec<Problem>,
}

impl Programs {
    /// Those of `paths`; the built-in rules where there is none.
    pub fn new(paths: &[PathBuf], mtail: &MtailSettings, clock: &Clock) -> Programs {
        let messages = Limited::new(clock.clone(), unit::MESSAGES_PER_MINUTE);
        Programs {
            multiline: None,
            paths: paths.to_vec(),
            mtail: MtailPrograms {
                paths: Vec::new(),
                options: mtail.options.clone(),
                unit: UnitOptions {
                    page: mtail.page.clone(),
                    zone: mtail.zone.clone(),
                    assumes_year: mtail.assumes_year,
                    sweep_seconds: mtail.sweep_seconds,
                    says_errors: mtail.says_errors,
                    clock: clock.clone(),
                    messages: Arc::new(messages),
                },
                skips_wrong: mtail.skips_wrong,
                loads: Arc::new(Loads::default()),
            },
        }
    }

    /// The same, whatever the rules say of records of several lines.
    #[must_use]
    pub fn with_multiline(self, multiline: Option<Arc<MultilineByFile>>) -> Programs {
        Programs { multiline, ..self }
    }

    /// Which logs have records of several lines.
    pub fn multiline(&self, checked: &Checked) -> Arc<MultilineByFile> {
        if let Some(multiline) = &self.multiline {
            return Arc::clone(multiline);
        }
        let sections = checked.toml.as_ref().map(|loaded| &loaded.multiline[..]);
        Arc::new(rules::multiline_by_file(sections.unwrap_or_default()))
    }

    /// Whether any file is named.
    pub fn has_files(&self) -> bool {
        !self.paths.is_empty()
    }

    /// What is counted of mtail's programs.
    pub fn loads(&self) -> &Arc<Loads> {
        &self.mtail.loads
    }

    /// Rules and programs apart. In mtail's own command line there are only programs.
    fn split(&self) -> Split {
        let mut split = Split::default();
        if self.mtail.unit.page.is_mtails {
            let is_one = |path: &&PathBuf| path.is_dir() || source::is_program(path);
            split.mtail = self.paths.iter().filter(is_one).cloned().collect();
            return split;
        }
        for path in &self.paths {
            if path.is_dir() {
                split.add_folder(path);
                continue;
            }
            let list = match source::is_program(path) {
                true => &mut split.mtail,
                false => &mut split.toml,
            };
            list.push(path.clone());
        }
        split
    }

    /// Reads the files.
    pub fn gather(&self) -> Gathered {
        let split = self.split();
        let is_mtails = self.mtail.unit.page.is_mtails;
        let has_rules = !is_mtails && (!split.toml.is_empty() || self.paths.is_empty());
        let toml = TomlRules { paths: split.toml };
        let mtail = MtailPrograms {
            paths: split.mtail,
            ..self.mtail.clone()
        };
        Gathered {
            toml: has_rules.then(|| toml.gather()),
            mtail: mtail.gather(),
            passed_over: split.passed_over,
            passing: split.passing,
        }
    }

    /// Checks what was read; all problems at once.
    pub fn check(&self, gathered: Gathered) -> Result<Checked, Problems> {
        let passed_over = gathered.passed_over.into_iter().map(passed_over).collect();
        let toml = gathered.toml.map(rules::Gathered::check).transpose();
        let mtail = self.mtail.check(gathered.mtail);
        let (toml, mtail) = match (toml, mtail) {
            (Ok(toml), Ok(mtail)) => (toml, mtail),
            (Err(mut problems), Err(more)) => {
                problems.errors += more.errors;
                problems.list.extend(more.list);
                return Err(problems);
            }
            (Err(problems), Ok(_)) | (Ok(_), Err(problems)) => return Err(problems),
        };
        let of_rules = toml.iter().flat_map(|loaded| &loaded.set.metrics);
        let of_rules: Vec<&str> = of_rules.map(|metric| metric.name.as_str()).collect();
        let clashes = self.mtail.clashes_with(&mtail, &of_rules);
        if !clashes.is_empty() {
            return Err(Problems {
                errors: clashes.len(),
                list: clashes,
            });
        }
        Ok(Checked {
            toml,
            mtail,
            passed_over,
        })
    }

    /// Brings them into the form that runs. `secret` keys pseudonyms.
    pub fn compile(
        &self,
        checked: &Checked,
        secret: Option<&Secret>,
    ) -> Result<Runnable, SecretMissing> {
        let rules = match &checked.toml {
            Some(loaded) => TomlRules::default().compile(loaded, secret)?,
            None => Compiled::default(),
        };
        let mtail = self.mtail.compile(&checked.mtail, secret)?;
        let mut advice = checked.passed_over.clone();
        advice.extend(rules.advice.iter().cloned());
        advice.extend(checked.mtail.advice.iter().cloned());
        advice.extend(checked.mtail.left_out.iter().cloned());
        let (engine, definitions) = rules.with_scripts(vec![mtail]);
        Ok(Runnable {
            engine,
            definitions,
            multiline: self.multiline(checked),
            advice,
        })
    }
}

impl Split {
    fn add_folder(&mut self, path: &Path) {
        let found = program_files::in_folder(path, "toml").and_then(|toml| {
            let mtail = program_files::in_folder(path, "mtail")?;
            Ok((toml, mtail))
        });
        let (toml, mtail) = match found {
            Ok(found) => found,
            Err(error) => {
                if program_files::is_passing(&error) {
                    self.passing = Some(format!("cannot read `{}`: {error}", path.display()));
                }
                // The reader of rules says what is wrong with it.
                return self.toml.push(path.to_path_buf());
            }
        };
        let (tests, rules) = apart(toml.files);
        if rules.is_empty() && mtail.files.is_empty() && tests.is_empty() {
            self.toml.push(path.to_path_buf());
        }
        self.toml.extend(rules);
        self.mtail.extend(mtail.files);
        self.passed_over.extend(toml.passed_over);
        self.passed_over.extend(mtail.passed_over);
    }
}

fn passed_over(message: String) -> Problem {
    Problem {
        severity: Severity::Warning,
        message,
        excerpts: Vec::new(),
        hint: None,
        rule: None,
    }
}

/// The rules files of a folder, and its files of test cases for programs; each sorted by name.
pub fn toml_files(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let found = program_files::in_folder(folder, "toml").unwrap_or_default();
    let (tests, rules) = apart(found.files);
    (rules, tests)
}

/// Files of test cases for programs, and files of rules.
fn apart(files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    (files.into_iter()).partition(|path| test_file::is_test_file(path))
}

/// Lets programs go on from those before, from what was saved and from what `store` has kept. Called
/// once, before any line.
pub fn resume(
    engine: &Engine,
    old: Option<&Engine>,
    notes: &[(Vec<u8>, Vec<u8>)],
    (store, now_ms): (&Store, u64),
) {
    if engine.has_scripts() {
        let mut batch = Batch::new(store.hasher());
        let kept = store.snapshot(now_ms);
        engine.resume_scripts(old, notes, &kept, &mut batch);
        store.apply(&batch, now_ms);
    }
}

/// Lets what programs remember be saved. `saved` is what the file has already.
pub fn notes(active: &Arc<arc_swap::ArcSwap<Active>>, saved: &[(Vec<u8>, Vec<u8>)]) -> NoteSource {
    let active = Arc::clone(active);
    let mut known: std::collections::BTreeSet<Vec<u8>> =
        saved.iter().map(|(key, _)| key.clone()).collect();
    let mut engine: Option<Arc<Engine>> = None;
    let changes = move || {
        let now = Arc::clone(&active.load().engine);
        let is_same = engine.as_ref().is_some_and(|one| Arc::ptr_eq(one, &now));
        let mut changes = now.script_changes();
        let mut left = std::collections::BTreeSet::new();
        if !is_same {
            // These are all; what was saved of others is of no use any more.
            left = std::mem::take(&mut known);
            engine = Some(now);
        }
        for (key, value) in &changes {
            left.remove(key);
            match value {
                Some(_) => known.insert(key.clone()),
                None => known.remove(key),
            };
        }
        changes.extend(left.into_iter().map(|key| (key, None)));
        changes
    };
    NoteSource {
        prefix: NOTES,
        changes: Box::new(changes),
    }
}
