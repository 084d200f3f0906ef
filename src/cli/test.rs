//! `logmetrics test`: runs the `[[test]]` cases that rules files carry, through the engine that
//! counts everywhere else.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::exit::Exit;
use super::{environment, terminal};
use logmetrics_core::engine::{Engine, Secret};
use logmetrics_core::exposition::{Exposition, Format};
use logmetrics_core::metrics::batch::Batch;
use logmetrics_core::metrics::store::Store;
use logmetrics_core::rules::{self, Case, Loaded, RuleSet};
use logmetrics_follow::line::Origin;
use logmetrics_follow::to_end;

/// What a user types to run rules' own tests.
#[derive(Debug, Clone, clap::Args)]
pub struct TestArgs {
    /// Rules files and folders; without any the built-in agentgateway rules
    #[arg(value_name = "RULES")]
    rules: Vec<PathBuf>,
}

/// Runs every case and shows the differences.
pub fn execute(args: TestArgs) -> Exit {
    let loaded = match rules::load(&environment::rules(args.rules)) {
        Ok(loaded) => loaded,
        Err(problems) => {
            terminal::say(&problems);
            return Exit::Usage;
        }
    };
    let mut failed = 0;
    let mut report = String::new();
    for (file, case) in &loaded.cases {
        let path = loaded.files[*file].path.as_str();
        match run(&rules_of(&loaded, *file), case) {
            Ok(()) => report.push_str(&format!("{path}: {}: ok\n", case.name)),
            Err(difference) => {
                failed += 1;
                report.push_str(&format!("{path}: {}: FAILED\n{difference}\n", case.name));
            }
        }
    }
    let printed = terminal::print(report.as_bytes());
    let total = loaded.cases.len();
    terminal::say(&match total {
        0 => "no [[test]] cases in these rules".to_owned(),
        _ => format!("{} of {total} cases passed", total - failed),
    });
    if failed == 0 { printed } else { Exit::Failed }
}

/// The rules of one file: a case says what its own file does, whatever else is loaded beside it.
fn rules_of(loaded: &Loaded, file: usize) -> RuleSet {
    let before = loaded.files[..file].iter().map(|file| file.rules).sum();
    let own = loaded
        .set
        .rules
        .iter()
        .skip(before)
        .take(loaded.files[file].rules);
    RuleSet {
        rules: own.cloned().collect(),
        metrics: loaded.set.metrics.clone(),
    }
}

/// Feeds the lines of a case to fresh series; every sample expected must come out, and no other
/// sample of a metric that is named there. Where none is expected, no line may count anything.
fn run(set: &RuleSet, case: &Case) -> Result<(), String> {
    let samples = samples(set, case)?;
    let expected: BTreeSet<&str> = case.expect.iter().map(|sample| sample.trim()).collect();
    let named: BTreeSet<&str> = expected.iter().map(|sample| name_of(sample)).collect();
    let found: BTreeSet<&str> = samples
        .lines()
        .filter(|sample| named.contains(name_of(sample)))
        .collect();
    let mut difference = String::new();
    for missing in expected.difference(&found) {
        difference.push_str(&format!("  - {missing}\n"));
    }
    for surplus in found.difference(&expected) {
        difference.push_str(&format!("  + {surplus}\n"));
    }
    if difference.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{difference}  (- expected and not there, + there and not expected)"
    ))
}

fn samples(set: &RuleSet, case: &Case) -> Result<String, String> {
    let key = Secret::new(b"rule tests only: no secret").ok();
    let engine = Engine::new(set, key.as_ref()).map_err(|error| error.to_string())?;
    let store = Store::new(set.metrics.clone(), 0);
    let mut batch = Batch::new(store.hasher());
    let mut runner = engine.runner();
    let origin = Origin {
        source: Arc::from("test"),
        file: Arc::from("test"),
    };
    for text in &case.lines {
        let bytes = std::io::Cursor::new(text.clone());
        to_end::read_lines(&origin, bytes, |_, line| {
            engine.feed(line, &mut runner, &mut batch);
            true
        })
        .map_err(|error| error.to_string())?;
    }
    store.apply(&batch, 0);
    let mut out = Vec::new();
    for piece in Exposition::new(store.snapshot(0), Vec::new(), Format::Text) {
        out.extend_from_slice(&piece);
    }
    let text = String::from_utf8(out).map_err(|error| error.to_string())?;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect())
}

/// The metric's name of a sample line.
fn name_of(sample: &str) -> &str {
    let end = sample.find(['{', ' ']).unwrap_or(sample.len());
    &sample[..end]
}
