//! One trial: a gateway, a scraper and a killer at once, and the count at the end.

use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::dice::{self, Dice};
use super::gateway::{Gateway, Habits, LOG};
use super::increase::Prometheus;
use super::tally::{RULES, Tally};
use crate::fixture::{Client, Daemon, PATIENCE, Run, Scratch, wait_for};

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub enum Death {
    /// SIGKILL; now and then before it has begun to listen.
    Kill,
    /// SIGTERM, as in a deploy.
    Stop,
}

/// What is tried.
#[derive(Debug, Clone)]
pub struct Trial {
    pub habits: Habits,
    pub death: Death,
    /// How often it dies.
    pub deaths: u64,
    /// Milliseconds from listening to death.
    pub alive_ms: Range<u64>,
    /// Milliseconds from one run to the next, in every second case; otherwise there is no pause.
    pub down_ms: Range<u64>,
    /// What is followed, in the folder of the log.
    pub input: &'static str,
    /// Whether the rules change now and then, but not those whose counts are compared.
    pub reloads: bool,
}

/// The run that can be asked now, and its number.
type Living = Mutex<(u64, Option<String>)>;

/// Tells all to stop when the killer is done, also where an assertion has ended it.
pub struct StopAll<'a>(pub &'a AtomicBool);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Trial {
    /// Tries it with the seed of this run, and asserts that every line was counted once.
    #[track_caller]
    pub fn run(&self) {
        let seed = dice::seed();
        println!("LOGMETRICS_FAULT_SEED={seed} repeats these actions (not their exact times)");
        let scratch = Scratch::new();
        let tally = Tally::default();
        let (stop, living) = (AtomicBool::new(false), Living::default());
        scratch.write("rules.toml", rules(0));
        drop(scratch.writer(LOG));
        let gateway = Gateway::new(&scratch, &tally, self.habits.clone(), seed);
        let mut killer = Killer {
            trial: self,
            scratch: &scratch,
            tally: &tally,
            living: &living,
            dice: Dice::new(seed, "killer"),
        };
        // What was rotated before it ever looked is not its own.
        let first = killer.start();
        first.until_ready();
        let mut prometheus = Prometheus::default();
        assert!(prometheus.scrape(&first).is_some());
        killer.end_well(first);
        let prometheus = Mutex::new(prometheus);
        std::thread::scope(|scope| {
            let stop_all = StopAll(&stop);
            let writing = scope.spawn(|| gateway.run(&stop));
            let scraping = scope.spawn(|| {
                let _stop_all = StopAll(&stop);
                scrape(&living, &tally, &stop, &prometheus)
            });
            killer.deaths(&stop);
            let last = killer.start();
            drop(stop_all);
            writing.join().unwrap();
            killer.assert_exact(last, &prometheus);
            let scrapes = scraping.join().unwrap();
            println!("{} lines, {scrapes} scrapes", tally.lines());
        });
    }
}

/// The rules that are compared, with others that differ from one version to the next.
pub fn rules(version: u64) -> String {
    let other = match version % 3 {
        0 => String::new(),
        1 => "[[rule]]\nmatch = 'label'\nmetric = [{ counter = 'other' }]\n".into(),
        _ => "[[rule]]\nfields = 'logfmt'\n\
              metric = [{ counter = 'other', by = ['label'], limit = 5 }]\n"
            .into(),
    };
    format!("{RULES}{other}")
}

/// Scrapes whoever lives, again and again: no count ever falls, none exceeds what was written.
/// Gives the number of scrapes.
fn scrape(
    living: &Living,
    tally: &Tally,
    stop: &AtomicBool,
    prometheus: &Mutex<Prometheus>,
) -> u64 {
    let mut scrapes = 0;
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(10));
        let (life, url) = living.lock().unwrap().clone();
        let Some(url) = url else { continue };
        let scraped = prometheus.lock().unwrap().scrape(&Client::new(url));
        let Some(page) = scraped else {
            assert!(living.lock().unwrap().0 != life, "no answer in life {life}");
            continue;
        };
        tally.assert_no_more(&page);
        scrapes += 1;
    }
    scrapes
}

/// Who starts and ends the program.
struct Killer<'a> {
    trial: &'a Trial,
    scratch: &'a Scratch,
    tally: &'a Tally,
    living: &'a Living,
    dice: Dice,
}

impl Killer<'_> {
    fn program(&mut self) -> Run {
        let interval = self.dice.pick(&["10ms", "100ms", "1s"]);
        let scratch = self.scratch;
        Run::new()
            .rules(scratch.path("rules.toml"))
            .arg("--state")
            .arg(scratch.path("state/state.db"))
            .args("--state-interval")
            .arg(interval)
            .arg(scratch.path(self.trial.input))
    }

    fn start(&mut self) -> Daemon {
        std::fs::create_dir_all(self.scratch.path("state")).unwrap();
        let daemon = self.program().start();
        self.tally.note("it listens");
        self.publish(Some(daemon.url.clone()));
        daemon
    }

    /// Tells the scraper of a new life, or of the end of one.
    fn publish(&self, url: Option<String>) {
        let mut living = self.living.lock().unwrap();
        *living = (living.0 + 1, url);
    }

    /// All deaths, or those up to the first count that is wrong.
    fn deaths(&mut self, stop: &AtomicBool) {
        for _ in 0..self.trial.deaths {
            if stop.load(Ordering::SeqCst) {
                return;
            }
            if matches!(self.trial.death, Death::Kill) && self.dice.one_in(4) {
                let life = self.dice.ms(0..60);
                std::fs::create_dir_all(self.scratch.path("state")).unwrap();
                self.tally
                    .note(format_args!("starts, to be killed after {life:?}"));
                self.program().killed_after(life);
                continue;
            }
            let daemon = self.start();
            let alive = self.dice.ms(self.trial.alive_ms.clone());
            self.live(&daemon, alive);
            self.end(daemon);
            if self.dice.one_in(2) {
                let down = self.dice.ms(self.trial.down_ms.clone());
                self.tally.note(format_args!("stays down for {down:?}"));
                std::thread::sleep(down);
            }
        }
    }

    /// Lets it live for so long, with new rules now and then.
    fn live(&mut self, daemon: &Daemon, time: Duration) {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if !self.trial.reloads {
                std::thread::sleep(left);
                continue;
            }
            std::thread::sleep(left.min(self.dice.ms(5..80)));
            let version = self.dice.within(0..3);
            self.tally.note(format_args!("rules {version}"));
            self.scratch.write("rules.toml", rules(version));
            daemon.signal(Signal::HUP);
        }
    }

    fn end(&mut self, mut daemon: Daemon) {
        self.publish(None);
        match self.trial.death {
            Death::Stop => {
                self.tally.note("stops it");
                let said = daemon.stop();
                self.tally.note_said(&said);
            }
            Death::Kill => {
                daemon.signal(Signal::KILL);
                daemon.ended(PATIENCE);
                self.tally.note_said(&daemon.said());
                self.tally.note("killed it");
                assert!(!daemon.said().contains("panicked"), "{}", daemon.said());
            }
        }
    }

    /// Every line was counted once; so it stays when more is written, and after a restart.
    fn assert_exact(&mut self, last: Daemon, prometheus: &Mutex<Prometheus>) {
        self.settle(&last);
        self.scratch.append(LOG, self.tally.line());
        self.settle(&last);
        last.until_ready();
        self.end_well(last);
        let again = self.start();
        again.until_ready();
        self.settle(&again);
        let mut prometheus = prometheus.lock().unwrap();
        prometheus.assert_increase(&again, self.tally.lines());
        drop(prometheus);
        self.end_well(again);
    }

    fn end_well(&self, daemon: Daemon) {
        self.publish(None);
        daemon.stop();
    }

    /// Waits until as many lines are counted as were written, and compares them one by one.
    #[track_caller]
    fn settle(&self, daemon: &Daemon) {
        let mut page = daemon.metrics();
        let lines = self.tally.lines() as f64;
        // A long history takes its time; there is progress meanwhile.
        let mut progress = (0.0, Instant::now());
        let settled = wait_for(10 * PATIENCE, || {
            page = daemon.metrics();
            let seen = page.sum("seen");
            if seen > progress.0 {
                progress = (seen, Instant::now());
            }
            (seen >= lines || progress.1.elapsed() > PATIENCE / 2).then_some(())
        });
        let differences = self.tally.differences(&page);
        if settled.is_none() || !differences.is_empty() {
            panic!(
                "not exact:\n{differences}\n-- what was done:\n{}\n-- it said:\n{}\n-- the folder:\n{}",
                self.tally.journal(),
                daemon.said(),
                self.folder()
            );
        }
    }

    /// What the files are, and what the state knows of them.
    fn folder(&self) -> String {
        let mut words = String::new();
        for entry in std::fs::read_dir(self.scratch.path("")).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            let name = entry.file_name();
            let (inode, length) = (metadata.ino(), metadata.len());
            words += &format!("{} {length} bytes, inode {inode}\n", name.to_string_lossy());
        }
        // The program has the state to itself; a copy is as good.
        for name in ["state.db", "state.db-wal"] {
            let from = self.scratch.path("state").join(name);
            _ = std::fs::copy(from, self.scratch.path(name));
        }
        let state = rusqlite::Connection::open(self.scratch.path("state.db")).unwrap();
        let mut rows = state.prepare("SELECT * FROM file ORDER BY inode").unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let number = |column| row.get::<_, i64>(column).unwrap();
            let (inode, offset) = (number(1), number(4));
            let (signature, left, packed) = (number(5), number(10), number(11));
            words += &format!(
                "known: inode {inode}, offset {offset}, signature of {signature} bytes, left {left}, packed {packed}\n"
            );
        }
        words
    }
}
