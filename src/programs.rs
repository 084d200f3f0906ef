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
use logmetrics_core::rate_limit::Limited;
use logmetrics_core::rules::{self, Loaded, Problem, Problems};
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
}

/// What the files hold. Equal where nothing has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    toml: Option<rules::Gathered>,
    mtail: source::Gathered,
}

/// Rules and programs that may run.
pub struct Checked {
    /// None where only programs of mtail are named.
    pub toml: Option<Loaded>,
    pub mtail: source::Checked,
}

/// What runs.
pub struct Runnable {
    pub engine: Engine,
    pub definitions: Vec<Definition>,
    /// What is probably not meant, or was left out.
    pub advice: Vec<Problem>,
}

impl Programs {
    /// Those of `paths`; the built-in rules where there is none.
    pub fn new(paths: &[PathBuf], mtail: &MtailSettings, clock: &Clock) -> Programs {
        let messages = Limited::new(clock.clone(), unit::MESSAGES_PER_MINUTE);
        Programs {
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

    /// Whether any file is named.
    pub fn has_files(&self) -> bool {
        !self.paths.is_empty()
    }

    /// What is counted of mtail's programs.
    pub fn loads(&self) -> &Arc<Loads> {
        &self.mtail.loads
    }

    /// Rules and programs apart. In mtail's own command line there are only programs.
    fn split(&self) -> (Option<TomlRules>, MtailPrograms) {
        let mut mtail = self.mtail.clone();
        if mtail.unit.page.is_mtails {
            let is_one = |path: &&PathBuf| path.is_dir() || source::is_program(path);
            mtail.paths = self.paths.iter().filter(is_one).cloned().collect();
            return (None, mtail);
        }
        let mut toml = Vec::new();
        for path in &self.paths {
            if !path.is_dir() {
                let list = match source::is_program(path) {
                    true => &mut mtail.paths,
                    false => &mut toml,
                };
                list.push(path.clone());
                continue;
            }
            let programs = source::programs_in(path).unwrap_or_default();
            let (rules, tests) = toml_files(path);
            if programs.is_empty() && tests.is_empty() {
                toml.push(path.clone());
            }
            toml.extend(rules);
            mtail.paths.extend(programs);
        }
        let has_rules = !toml.is_empty() || self.paths.is_empty();
        (has_rules.then_some(TomlRules { paths: toml }), mtail)
    }

    /// Reads the files.
    pub fn gather(&self) -> Gathered {
        let (toml, mtail) = self.split();
        Gathered {
            toml: toml.map(|toml| toml.gather()),
            mtail: mtail.gather(),
        }
    }

    /// Checks what was read; all problems at once.
    pub fn check(&self, gathered: Gathered) -> Result<Checked, Problems> {
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
        Ok(Checked { toml, mtail })
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
        let mut advice = rules.advice.clone();
        advice.extend(checked.mtail.advice.iter().cloned());
        advice.extend(checked.mtail.left_out.iter().cloned());
        let (engine, definitions) = rules.with_scripts(vec![mtail]);
        Ok(Runnable {
            engine,
            definitions,
            advice,
        })
    }
}

/// The rules files of a folder, and its files of test cases for programs; each sorted by name.
pub fn toml_files(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let is_toml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "toml");
    let mut paths: Vec<PathBuf> = paths.filter(is_toml).collect();
    paths.sort();
    let (tests, rules) = (paths.into_iter()).partition(|path| test_file::is_test_file(path));
    (rules, tests)
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
