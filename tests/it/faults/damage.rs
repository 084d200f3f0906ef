//! A state file that was damaged: set aside and said, or exact; never a crash, never a value that is
//! wrong in silence.
//!
//! The state holds the counts of a file that has been rotated away since. So counting anew gives
//! another number than going on, and what happened can be told by the counts alone.

use std::path::Path;

use rustix::process::Signal;

use super::dice::{self, Dice};
use super::tally::{RULES, Tally, differences};
use super::until_saved;
use crate::fixture::{PATIENCE, Run, Scratch};

/// What one look at the damaged state came to.
#[derive(Debug, Default)]
struct Outcomes {
    exact: u32,
    earlier: u32,
    set_aside: u32,
    refused: u32,
}

/// The state as files have it: the database, and its log of what is not merged yet.
const FILES: [&str; 2] = ["state.db", "state.db-wal"];

fn program(scratch: &Scratch, state: &str) -> Run {
    Run::new()
        .rules(scratch.path("rules.toml"))
        .arg("--state")
        .arg(scratch.path(state).join("state.db"))
}

/// A folder whose `good/` has the state of a run that was killed; the lines before and after it.
fn prepared(before: &Tally, after: &Tally) -> Scratch {
    let scratch = Scratch::new();
    scratch.write("rules.toml", RULES);
    std::fs::create_dir(scratch.path("good")).unwrap();
    scratch.append("app.log", lines(before, 2000));
    let mut daemon = program(&scratch, "good")
        .args("--state-interval 10ms")
        .arg(scratch.path("app.log"))
        .start();
    for _ in 0..3 {
        scratch.append("app.log", lines(before, 100));
        daemon.until(|page| before.differences(page).is_empty());
        until_saved(&daemon);
    }
    daemon.signal(Signal::KILL);
    daemon.ended(PATIENCE);
    scratch.rotate("app.log", "app.log.1");
    scratch.append("app.log", lines(after, 500));
    scratch
}

fn lines(tally: &Tally, count: usize) -> String {
    (0..count).map(|_| tally.line()).collect()
}

/// Spoils the files of a state in one of the ways of broken disks; says how.
fn spoil(dice: &mut Dice, files: &mut [Vec<u8>; 2]) -> String {
    let which = usize::from(dice.one_in(3));
    let (name, bytes) = (FILES[which], &mut files[which]);
    let length = bytes.len() as u64;
    // Half of the damage goes where the most is said.
    let end = if dice.one_in(2) { length } else { 200 };
    let place = dice.within(0..end.min(length)) as usize;
    match dice.within(0..6) {
        0 => {
            bytes.truncate(place);
            format!("{name} ends at {place}")
        }
        1 => {
            let page = place / 4096 * 4096;
            let end = bytes.len().min(page + 4096);
            bytes[page..end].fill(0);
            format!("{name} has zeros from {page} to {end}")
        }
        2 => {
            let end = bytes.len().min(place + 512);
            bytes[place..end]
                .iter_mut()
                .for_each(|byte| *byte = dice.within(0..256) as u8);
            format!("{name} has noise from {place} to {end}")
        }
        _ => {
            let bit = 1 << dice.within(0..8);
            bytes[place] ^= bit;
            format!("{name} has another bit {bit:#x} at {place}")
        }
    }
}

fn put(folder: &Path, files: &[Vec<u8>; 2]) {
    for (name, bytes) in FILES.iter().zip(files) {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}

#[test]
fn damaged_states_are_set_aside_or_exact() {
    let seed = dice::seed();
    println!("LOGMETRICS_FAULT_SEED={seed} repeats this damage");
    let mut dice = Dice::new(seed, "damage");
    let (before, after) = (Tally::default(), Tally::default());
    let scratch = prepared(&before, &after);
    let good = FILES.map(|name| std::fs::read(scratch.path("good").join(name)).unwrap());
    assert!(good[1].len() > 4096, "what is not merged yet is there too");
    let mut outcomes = Outcomes::default();
    for trial in 0..super::long().map_or(60, |deaths| deaths.max(500)) {
        let mut files = good.clone();
        let how = spoil(&mut dice, &mut files);
        let state = format!("state-{trial}");
        let folder = scratch.path(&state);
        std::fs::create_dir(&folder).unwrap();
        put(&folder, &files);
        let run = program(&scratch, &state)
            .arg("--once")
            .arg(scratch.path("app.log"))
            .go()
            .calm();
        let is_aside = std::fs::read_dir(&folder).unwrap().any(|entry| {
            let name = entry.unwrap().file_name();
            name.to_string_lossy().contains(".damaged-")
        });
        let page = run.page();
        let words = format!("trial {trial}: {how}\n{}\n{}", run.stderr, run.stdout);
        if run.stderr.contains("is no state file") {
            outcomes.refused += 1;
            assert!(!is_aside && page.sum("seen") == 0.0, "{words}");
        } else if is_aside {
            outcomes.set_aside += 1;
            assert!(run.stderr.contains("damaged"), "{words}");
            assert_eq!(after.differences(&page), "", "{words}");
        } else if how.contains("-wal ends") && page.sum("seen") == 500.0 {
            // Nobody can tell that from a crash before the first save.
            outcomes.earlier += 1;
            assert_eq!(after.differences(&page), "", "{words}");
        } else {
            outcomes.exact += 1;
            assert_eq!(differences(&[&before, &after], &page), "", "{words}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
    println!("{outcomes:?}");
    assert!(outcomes.exact > 0 && outcomes.set_aside > 0, "{outcomes:?}");
}
