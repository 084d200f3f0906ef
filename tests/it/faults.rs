//! Exact counts through faults: a gateway that writes numbered lines and is rotated in every way, a
//! killer, a scraper that scrapes all along. At the end each label has its lines, each once.
//!
//! Every test prints its seed. `LOGMETRICS_FAULT_SEED=…` repeats what was done, in the same order;
//! the moments at which one actor's deeds meet another's are the machine's and cannot be had again.
//! The suite's trials last some seconds. `LOGMETRICS_FAULT_DEATHS=200` (or more) makes them long and
//! fast, 20 000 lines a second; take a release binary for it: `LOGMETRICS_TEST_BINARY=PATH`.

#![allow(clippy::print_stdout)] // the seed; shown where a test fails

mod damage;
mod dice;
mod disk;
mod gateway;
mod history;
mod increase;
mod rules;
mod tally;
mod trial;
mod users;

use gateway::Habits;
use gateway::Rotation::{self, Compress, CopyTruncate, Rename, Several};
use trial::{Death, Trial};

use crate::fixture::Daemon;

/// How often the program dies in a long trial, where one is asked for.
fn long() -> Option<u64> {
    let deaths = std::env::var("LOGMETRICS_FAULT_DEATHS").ok()?;
    Some(deaths.parse().unwrap())
}

/// Waits until what is counted now is saved.
#[track_caller]
fn until_saved(daemon: &Daemon) {
    let last = "logmetrics_checkpoint_last_success_timestamp_seconds";
    // The first save that ends may have begun before.
    for _ in 0..2 {
        let saved = daemon.metrics().value(last);
        daemon.until(|page| page.value(last) > saved);
    }
}

/// A trial as the suite has it, or as long as was asked for.
fn trial(rotations: &'static [Rotation], short_deaths: u64) -> Trial {
    Trial {
        habits: Habits {
            rate: if long().is_some() { 20_000 } else { 3_000 },
            rotations,
            between_ms: 20..300,
            goes_on_ms: 0..200,
        },
        death: Death::Kill,
        deaths: long().unwrap_or(short_deaths),
        alive_ms: 0..500,
        down_ms: 0..600,
        input: gateway::LOG,
        reloads: false,
    }
}

#[test]
fn killed_at_random_while_renamed_at_random() {
    trial(&[Rename, Several], 8).run();
}

#[test]
fn killed_at_random_while_renamed_and_compressed() {
    trial(&[Rename, Several, Compress], 8).run();
}

#[test]
fn killed_at_random_while_rotated_inside_the_glob() {
    Trial {
        input: "app.log*",
        ..trial(&[Rename, Several, Compress], 8)
    }
    .run();
}

#[test]
fn killed_at_random_while_copied_and_cut() {
    trial(&[CopyTruncate], 8).run();
}

#[test]
fn killed_at_random_while_rules_change() {
    Trial {
        reloads: true,
        ..trial(&[Rename, Several], 8)
    }
    .run();
}

#[test]
fn stopped_while_rotation_and_compression_go_on() {
    let mut trial = trial(&[Rename, Several, Compress], 5);
    trial.deaths = trial.deaths.min(50);
    trial.death = Death::Stop;
    trial.down_ms = 200..1500;
    trial.run();
}

#[test]
fn the_writer_goes_on_in_the_old_file_each_time() {
    let is_long = long().is_some();
    let mut trial = trial(&[Rename], 0);
    trial.deaths = 0;
    trial.habits.between_ms = if is_long { 1500..1501 } else { 300..301 };
    trial.habits.goes_on_ms = if is_long { 500..501 } else { 150..151 };
    trial.alive_ms = if is_long {
        60_000..60_001
    } else {
        3_000..3_001
    };
    trial.deaths = 1;
    trial.death = Death::Stop;
    trial.down_ms = 0..1;
    trial.run();
}
