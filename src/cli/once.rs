//! `--once`: read everything that is there, print the rules' metrics, exit.

use super::exit::Exit;
use super::terminal;
use crate::daemon::{self, Counted, Failure};
use crate::settings::{Format, Settings};
use logmetrics_core::exposition::{Exposition, Format as Page, json};

/// Reads to the end and prints.
pub fn execute(settings: &Settings) -> Exit {
    let Counted {
        snapshot, errors, ..
    } = match daemon::once(settings) {
        Ok(counted) => counted,
        Err(failure) => return say(failure),
    };
    let page = match settings.format {
        Format::Text => Exposition::new(snapshot, Vec::new(), Page::Text).into_bytes(),
        Format::OpenMetrics => {
            Exposition::new(snapshot, Vec::new(), Page::OpenMetrics).into_bytes()
        }
        Format::Json => json::document(&snapshot),
    };
    let printed = terminal::print(&page);
    if errors.is_empty() {
        return printed;
    }
    for error in &errors {
        terminal::say(&format_args!("error: {error}"));
    }
    Exit::Failed
}

/// Says why a run could not begin or go on.
pub fn say(failure: Failure) -> Exit {
    match failure {
        Failure::Rules(problems) => {
            terminal::say(&problems);
            Exit::Usage
        }
        Failure::Usage(message) => terminal::usage(&message),
        Failure::Run(message) => terminal::fail(&message),
    }
}
