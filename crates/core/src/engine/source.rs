//! How rules or programs of a language become units of an engine and definitions of metrics.

use std::path::PathBuf;

use super::script::{self, Script};
use super::{Engine, FieldError, Secret, SecretMissing, Unit, rule};
use crate::metrics::definition::Definition;
use crate::rules::{self, Gathered, Loaded, Problem, Problems};

/// Files of one language.
pub trait ProgramSource {
    /// The files as they are on the disk, read but not checked. Equal where nothing has changed.
    type Gathered: Clone + PartialEq;
    /// Programs that may run.
    type Checked;

    /// Reads the files.
    fn gather(&self) -> Self::Gathered;

    /// Checks what was read.
    ///
    /// # Errors
    /// With all problems at once.
    fn check(&self, gathered: Self::Gathered) -> Result<Self::Checked, Problems>;

    /// Brings them into the form that runs. `secret` keys pseudonyms.
    ///
    /// # Errors
    /// When a pseudonym is asked for and there is no secret.
    fn compile(
        &self,
        checked: &Self::Checked,
        secret: Option<&Secret>,
    ) -> Result<Compiled, SecretMissing>;
}

/// Programs in the form that runs.
#[derive(Debug, Default)]
pub struct Compiled {
    programs: Vec<rule::Program>,
    field_errors: Vec<FieldError>,
    /// Each with how many of the definitions are its own; they are in this order, after those of
    /// the rules.
    scripts: Vec<(Box<dyn Script>, usize)>,
    /// The metrics that they update; their numbers are the places here.
    pub definitions: Vec<Definition>,
    /// What is probably not meant.
    pub advice: Vec<Problem>,
}

impl Compiled {
    /// A script and the metrics that it updates.
    pub fn of_script(script: Box<dyn Script>, definitions: Vec<Definition>) -> Compiled {
        Compiled {
            scripts: vec![(script, definitions.len())],
            definitions,
            ..Compiled::default()
        }
    }

    /// Scripts that were compiled one by one.
    pub fn joined(scripts: Vec<Compiled>) -> Compiled {
        let mut all = Compiled::default();
        for one in scripts {
            all.scripts.extend(one.scripts);
            all.definitions.extend(one.definitions);
            all.advice.extend(one.advice);
        }
        all
    }

    /// An engine of these programs and then of some scripts, each with its own definitions, and the
    /// definitions of all.
    pub fn with_scripts(self, scripts: Vec<Compiled>) -> (Engine, Vec<Definition>) {
        let programs = self.programs.into_iter();
        let mut units: Vec<Unit> = programs.map(Unit::of_rule).collect();
        let own: usize = self.scripts.iter().map(|(_, metrics)| metrics).sum();
        let mut first_metric = self.definitions.len() - own;
        let mut definitions = self.definitions;
        let mut all = self.scripts;
        let others = Compiled::joined(scripts);
        all.extend(others.scripts);
        definitions.extend(others.definitions);
        for (script, metrics) in all {
            let unit = script::Unit::new(script, first_metric as u32, metrics);
            units.push(Unit::Script(unit));
            first_metric += metrics;
        }
        (Engine::of(units, self.field_errors), definitions)
    }
}

/// Rules in TOML: files, and folders of them; without any the built-in rules.
#[derive(Debug, Clone, Default)]
pub struct TomlRules {
    pub paths: Vec<PathBuf>,
}

impl ProgramSource for TomlRules {
    type Gathered = Gathered;
    type Checked = Loaded;

    fn gather(&self) -> Gathered {
        rules::gather(&self.paths)
    }

    fn check(&self, gathered: Gathered) -> Result<Loaded, Problems> {
        gathered.check()
    }

    fn compile(
        &self,
        checked: &Loaded,
        secret: Option<&Secret>,
    ) -> Result<Compiled, SecretMissing> {
        let (programs, field_errors) = rule::build::programs(&checked.set, secret)?;
        Ok(Compiled {
            programs,
            field_errors,
            scripts: Vec::new(),
            definitions: checked.set.metrics.clone(),
            advice: checked.advice.clone(),
        })
    }
}
