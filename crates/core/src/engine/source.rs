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
    scripts: Vec<Box<dyn Script>>,
    /// The metrics that they update; their numbers are the places here.
    pub definitions: Vec<Definition>,
    /// What is probably not meant.
    pub advice: Vec<Problem>,
}

impl Compiled {
    /// Scripts and the metrics that they update.
    pub fn of_scripts(scripts: Vec<Box<dyn Script>>, definitions: Vec<Definition>) -> Compiled {
        Compiled {
            scripts,
            definitions,
            ..Compiled::default()
        }
    }

    /// An engine of these programs and then of some scripts, each with its own definitions, and the
    /// definitions of all.
    pub fn with_scripts(self, scripts: Vec<Compiled>) -> (Engine, Vec<Definition>) {
        let programs = self.programs.into_iter();
        let mut units: Vec<Unit> = programs.map(|one| Unit::Rule(Box::new(one))).collect();
        let mut definitions = self.definitions;
        let own = (self.scripts, Vec::new());
        let others = scripts
            .into_iter()
            .map(|one| (one.scripts, one.definitions));
        let mut first_metric = 0;
        for (scripts, more) in [own].into_iter().chain(others) {
            let unit = |script| Unit::Script(script::Unit::new(script, first_metric));
            units.extend(scripts.into_iter().map(unit));
            definitions.extend(more);
            first_metric = definitions.len() as u32;
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
