//! How lines are joined to records, where the command line says it: the same for every subcommand that reads
//! logs.

use std::sync::Arc;

use logmetrics_core::rules;
use logmetrics_follow::line::multiline::MultilineByFile;

/// What a user types of records of several lines.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct MultilineArgs {
    /// Join lines to records: one begins with each line that matches, such as '^\d{4}-'. For all inputs, in place of what
    /// `[input.multiline]` of the rules says
    #[arg(long, value_name = "REGEX", env = "LOGMETRICS_MULTILINE_START")]
    multiline_start: Option<String>,
}

impl MultilineArgs {
    /// The settings; `None` where the rules say it.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn settings(&self) -> Result<Option<Arc<MultilineByFile>>, String> {
        let Some(pattern) = &self.multiline_start else {
            return Ok(None);
        };
        match rules::multiline_start(pattern) {
            Ok(settings) => Ok(Some(Arc::new(settings))),
            Err(why) => Err(format!(
                "expected a pattern for `--multiline-start`, but found `{pattern}`: {why}\n\n  \
                 --multiline-start '^\\d{{4}}-\\d\\d-\\d\\d'"
            )),
        }
    }
}
