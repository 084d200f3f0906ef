//! A program that runs alone, for tests of what it counts.

use std::sync::Arc;

use jiff::tz::TimeZone;
use logmetrics_core::clock::Clock;
use logmetrics_core::engine::Engine;
use logmetrics_core::engine::source::Compiled;
use logmetrics_core::metrics::definition::Definition;
use logmetrics_core::rate_limit::Limited;

use crate::unit::{PageOptions, ProgramCounts, UnitOptions, unit};
use crate::{Options, compile};

/// An engine with this program and no other, and the metrics of the program. It says nothing of errors.
pub(crate) fn engine_of(
    (name, source): (&str, &str),
    page: PageOptions,
    clock: Clock,
) -> (Engine, Vec<Definition>) {
    let options = UnitOptions {
        page,
        zone: TimeZone::UTC,
        assumes_year: true,
        sweep_seconds: 3600,
        says_errors: false,
        messages: Arc::new(Limited::new(clock.clone(), 1)),
        clock,
    };
    let compiled = compile(name, source, &Options::default()).unwrap();
    let counts = Arc::new(ProgramCounts::default());
    let unit = unit(compiled.program, source, &options, counts).unwrap();
    Compiled::default().with_scripts(vec![unit])
}
