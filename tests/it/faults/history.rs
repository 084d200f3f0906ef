//! Standard input as `docker-compose logs -f` gives it, with a reader that is killed at random and
//! whose rules change: each time the history comes again, whole or its end, of two services
//! interleaved.

use std::io::{PipeWriter, Write, pipe};

use rustix::process::Signal;

use super::dice::{self, Dice};
use super::increase::Prometheus;
use super::tally::Tally;
use super::trial::rules;
use super::{long, until_saved};
use crate::fixture::{Daemon, PATIENCE, Run, Scratch, wait_for};

const SERVICES: [&str; 2] = ["gateway-1", "web-1"];

/// What both containers have logged, and what of it went where.
struct Compose<'a> {
    scratch: &'a Scratch,
    tally: &'a Tally,
    dice: Dice,
    logs: [Vec<String>; 2],
    /// How much of each log the pipe of this run was given.
    given: [usize; 2],
    /// How much of each log surely stands in the state.
    safe: [usize; 2],
    prometheus: Prometheus,
}

impl Compose<'_> {
    /// The containers write some lines.
    fn log(&mut self, lines: u64) {
        for _ in 0..lines {
            let service = usize::from(self.dice.one_in(3));
            let line = format!("{}  | {}", SERVICES[service], self.tally.line());
            self.logs[service].push(line);
        }
    }

    /// Starts again: with all of the history, or with an end of it that what is saved reaches into.
    fn start(&mut self) -> (Daemon, PipeWriter) {
        self.given = match self.dice.one_in(2) {
            true => [0, 0],
            false => self
                .safe
                .map(|safe| safe.saturating_sub(self.dice.within(1..60) as usize)),
        };
        let from = self.given;
        self.tally
            .note(format_args!("compose starts again from {from:?}"));
        let (reader, writer) = pipe().unwrap();
        let interval = self.dice.pick(&["10ms", "50ms", "300ms"]);
        let daemon = Run::new()
            .rules(self.scratch.path("rules.toml"))
            .arg("--state")
            .arg(self.scratch.path("state.db"))
            .arg("--state-interval")
            .arg(interval)
            .stdin_from(reader)
            .arg("-")
            .start();
        (daemon, writer)
    }

    /// Gives what was not given yet, the services interleaved in another way each time.
    fn give(&mut self, pipe: &mut PipeWriter) {
        let mut text = String::new();
        while (0..2).any(|service| self.given[service] < self.logs[service].len()) {
            let service = usize::from(self.dice.one_in(2));
            let from = self.given[service];
            let to = from + self.dice.within(1..5) as usize;
            let to = to.min(self.logs[service].len());
            text.extend(self.logs[service][from..to].iter().map(String::as_str));
            self.given[service] = to;
        }
        pipe.write_all(text.as_bytes()).unwrap();
    }

    /// One life: lines come, rules may change, and it is killed, sometimes in the midst of it.
    fn live(&mut self) {
        let (mut daemon, mut pipe) = self.start();
        for _ in 0..self.dice.within(0..12) {
            let lines = self.dice.within(0..120);
            self.log(lines);
            self.give(&mut pipe);
            if self.dice.one_in(6) {
                let version = self.dice.within(0..3);
                self.tally.note(format_args!("rules {version}"));
                self.scratch.write("rules.toml", rules(version));
                daemon.signal(Signal::HUP);
            }
            std::thread::sleep(self.dice.ms(0..25));
            assert!(
                self.prometheus.scrape(&daemon).is_some(),
                "{}",
                daemon.said()
            );
        }
        if self.dice.one_in(3) {
            self.give(&mut pipe);
            self.settle(&daemon);
        }
        daemon.signal(Signal::KILL);
        daemon.ended(PATIENCE);
        self.tally.note_said(&daemon.said());
        self.tally.note("killed it");
        assert!(!daemon.said().contains("panicked"), "{}", daemon.said());
        // The containers go on meanwhile.
        self.log(20);
    }

    /// All that was given is counted, once, and saved.
    #[track_caller]
    fn settle(&mut self, daemon: &Daemon) {
        let lines = self.tally.lines() as f64;
        let mut page = daemon.metrics();
        _ = wait_for(PATIENCE, || {
            page = daemon.metrics();
            (page.sum("seen") >= lines).then_some(())
        });
        let differences = self.tally.differences(&page);
        let (journal, said) = (self.tally.journal(), daemon.said());
        assert!(differences.is_empty(), "{differences}\n{journal}\n{said}");
        until_saved(daemon);
        self.safe = self.given;
        self.tally.note("all is counted and saved");
    }
}

#[test]
fn a_history_that_is_repeated_to_a_killed_reader_counts_once() {
    let seed = dice::seed();
    println!("LOGMETRICS_FAULT_SEED={seed} repeats these actions (not their exact times)");
    let (scratch, tally) = (Scratch::new(), Tally::default());
    scratch.write("rules.toml", rules(0));
    let mut compose = Compose {
        scratch: &scratch,
        tally: &tally,
        dice: Dice::new(seed, "compose"),
        logs: Default::default(),
        given: [0, 0],
        safe: [0, 0],
        prometheus: Prometheus::default(),
    };
    let (first, pipe) = compose.start();
    assert!(compose.prometheus.scrape(&first).is_some());
    drop(pipe);
    first.stop();
    for _ in 0..long().unwrap_or(20) {
        compose.live();
    }
    for _ in 0..2 {
        let (daemon, mut pipe) = compose.start();
        compose.give(&mut pipe);
        compose.settle(&daemon);
        let lines = compose.tally.lines();
        compose.prometheus.assert_increase(&daemon, lines);
        daemon.stop();
    }
}
