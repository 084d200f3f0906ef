//! Random programs of writers, rotators and runs that are killed, against the plainest model there is.
//!
//! The law: whatever was saved last when a run was killed, together with its counts, the next run
//! counts every line that was ever written, once. Rotation here is what logrotate does: the chain of
//! names, compressed by and by; nothing is deleted. Copying and cutting short is not here: its limits are
//! said in the README. A file has a line when it is first seen: an empty one has nothing but its number
//! to know it by, and that may belong to another one after a kill.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{Cut, Fixture};

#[derive(Debug, Clone, Copy)]
enum Action {
    /// So many lines.
    Write(usize),
    /// A line to the file before, by a writer that has not noticed the rotation.
    WriteBehind,
    /// Every file moves on in the chain, and a new one is created.
    Rotate,
    /// The newest rotated file that is not yet compressed is.
    Pack,
    Look,
    Save,
    /// Longer than an idle file is waited for.
    Pass,
    /// The run ends without warning, and another one begins with the last save.
    Kill,
    /// It ends as it should, with a save.
    Stop,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..30_usize).prop_map(Action::Write),
        1 => Just(Action::WriteBehind),
        4 => Just(Action::Rotate),
        2 => Just(Action::Pack),
        3 => Just(Action::Look),
        3 => Just(Action::Save),
        1 => Just(Action::Pass),
        3 => Just(Action::Kill),
        1 => Just(Action::Stop),
    ]
}

struct Model {
    fixture: Fixture,
    saved: Cut,
    written: Vec<String>,
    /// The chain of rotated names, the newest first.
    chain: Vec<String>,
    /// Whether somebody may still write to the newest of them.
    behind: bool,
}

impl Model {
    fn new(argument: &str) -> Self {
        let mut fixture = Fixture::new(&[argument]);
        fixture.append("x.log", "first\n");
        fixture.look();
        let saved = fixture.cut();
        let mut model = Model {
            fixture,
            saved,
            written: vec!["first".to_owned()],
            chain: Vec::new(),
            behind: false,
        };
        model.kill();
        model
    }

    fn write(&mut self, name: &str) {
        let line = format!("line {}", self.written.len());
        self.fixture.append(name, &format!("{line}\n"));
        self.written.push(line);
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Write(count) => (0..count).for_each(|_| self.write("x.log")),
            Action::WriteBehind => {
                // Its writer is gone once it is compressed.
                if let Some(name) = self
                    .chain
                    .first()
                    .filter(|name| self.behind && !name.ends_with(".gz"))
                {
                    self.write(&name.clone());
                }
            }
            Action::Rotate => {
                self.shift();
                self.fixture.rename("x.log", "x.log.1");
                self.behind = true;
                self.write("x.log");
                self.look_if_full();
            }
            Action::Pack => self.pack(),
            Action::Look => self.fixture.look(),
            Action::Save => self.save(),
            Action::Pass => {
                self.fixture.pass(Duration::from_secs(31));
                self.behind = false;
            }
            Action::Kill => self.kill(),
            Action::Stop => {
                self.fixture.look();
                self.fixture.drain();
                self.save();
                self.kill();
            }
        }
    }

    /// A run that goes on looks at every file before the next rotation hides it.
    fn look_if_full(&mut self) {
        if self.fixture.fleet.started {
            self.fixture.look();
        }
    }

    fn shift(&mut self) {
        let count = self.chain.len();
        for (number, name) in self.chain.iter_mut().enumerate().rev() {
            let ending = if name.ends_with(".gz") { ".gz" } else { "" };
            let next = format!("x.log.{}{ending}", number + 2);
            self.fixture.rename(name, &next);
            *name = next;
        }
        debug_assert_eq!(count, self.chain.len());
        self.chain.insert(0, "x.log.1".to_owned());
    }

    fn pack(&mut self) {
        let Some(name) = self.chain.iter_mut().rfind(|name| !name.ends_with(".gz")) else {
            return;
        };
        if self.fixture.fleet.started {
            // Compressing takes a while; who follows the file has read it by then.
            self.fixture.look();
        }
        let bytes = fs::read(self.fixture.path(name)).unwrap();
        let packed = format!("{name}.gz");
        let file = File::create(self.fixture.path(&packed)).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let file = encoder.finish().unwrap();
        let modified = fs::metadata(self.fixture.path(name)).unwrap().modified();
        file.set_modified(modified.unwrap()).unwrap();
        fs::remove_file(self.fixture.path(name)).unwrap();
        *name = packed;
    }

    /// A run that has not begun to read has nothing to save.
    fn save(&mut self) {
        if self.fixture.fleet.started {
            self.saved = self.fixture.cut();
            self.fixture.saved_at = SystemTime::now();
        }
    }

    fn kill(&mut self) {
        self.fixture.restart(self.saved.clone());
    }

    fn check(mut self) -> Result<(), TestCaseError> {
        self.fixture.look();
        self.fixture.pass(Duration::from_secs(31));
        let mut counted = self.fixture.lines.in_order.clone();
        counted.sort_unstable();
        self.written.sort_unstable();
        prop_assert_eq!(counted, self.written);
        Ok(())
    }
}

fn run(argument: &str, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut model = Model::new(argument);
    actions.iter().for_each(|action| model.act(*action));
    model.check()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn killed_while_a_file_is_rotated(actions in prop::collection::vec(action(), 1..40)) {
        run("x.log", &actions)?;
    }

    #[test]
    fn killed_while_files_are_rotated_within_a_glob(actions in prop::collection::vec(action(), 1..40)) {
        run("x.log*", &actions)?;
    }
}
