//! Random programs of writers, rotators and runs that are killed, against the plainest model there is.
//!
//! The law: whatever was saved last when a run was killed, together with its counts, the next run
//! counts every line that was ever written, once. Rotation here is what logrotate does: the chain of
//! names, by renaming or by copying and cutting short, compressed by and by; nothing is deleted. Who
//! copies and cuts short has a writer that pauses: the copy holds every line.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::{Fixture, SavedRun};

#[derive(Debug, Clone, Copy)]
enum Action {
    /// So many lines.
    Write(usize),
    /// A line to the file before, by a writer that has not noticed the rotation.
    WriteToRotated,
    /// Every file moves on in the chain, and a new one is created, with a line or without.
    Rotate(bool),
    /// So many lines are written; every file moves on in the chain; the newest is copied and cut short.
    /// What happens meanwhile: when the copy is there and empty, when half of it is there, when all is,
    /// and after the cut.
    CopyTruncate(usize, [Meanwhile; 4]),
    /// One of the rotated files that are not yet compressed is, by gzip or by Zstandard; the number picks
    /// it, from the oldest on.
    Pack(usize, bool),
    Look,
    Save,
    /// Longer than an idle file is waited for.
    Pass,
    /// The run ends without warning, and another one begins with the last save.
    Kill,
    /// It ends as it should, with a save.
    Stop,
}

#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    Nothing,
    Look,
    Save,
    Kill,
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> {
    prop_oneof![
        4 => Just(Meanwhile::Nothing),
        2 => Just(Meanwhile::Look),
        1 => Just(Meanwhile::Save),
        1 => Just(Meanwhile::Kill),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..30_usize).prop_map(Action::Write),
        1 => Just(Action::WriteToRotated),
        3 => any::<bool>().prop_map(Action::Rotate),
        2 => (0..4_usize, prop::array::uniform4(meanwhile()))
            .prop_map(|(unread, meanwhile)| Action::CopyTruncate(unread, meanwhile)),
        2 => (0..3_usize, any::<bool>()).prop_map(|(which, by_gzip)| Action::Pack(which, by_gzip)),
        3 => Just(Action::Look),
        3 => Just(Action::Save),
        1 => Just(Action::Pass),
        3 => Just(Action::Kill),
        1 => Just(Action::Stop),
    ]
}

/// The ending of a compressed file's name; empty for another.
fn compression(name: &str) -> &'static str {
    let mut endings = [".gz", ".zst"].into_iter();
    endings.find(|ending| name.ends_with(ending)).unwrap_or("")
}

struct Model {
    fixture: Fixture,
    saved: SavedRun,
    written: Vec<String>,
    /// The chain of rotated names, the newest first.
    chain: Vec<String>,
    /// Whether somebody may still write to the newest of them.
    has_rotated_writer: bool,
}

impl Model {
    fn new(argument: &str) -> Self {
        let mut fixture = Fixture::new(&[argument]);
        fixture.append("x.log", "");
        fixture.look();
        let saved = fixture.save();
        let mut model = Model {
            fixture,
            saved,
            written: Vec::new(),
            chain: Vec::new(),
            has_rotated_writer: false,
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
            Action::WriteToRotated => {
                // Its writer is gone once it is compressed.
                if let Some(name) = self
                    .chain
                    .first()
                    .filter(|name| self.has_rotated_writer && compression(name).is_empty())
                {
                    self.write(&name.clone());
                }
            }
            Action::Rotate(with_a_line) => {
                self.shift();
                self.fixture.rename("x.log", "x.log.1");
                self.has_rotated_writer = true;
                self.fixture.append("x.log", "");
                if with_a_line {
                    self.write("x.log");
                }
            }
            Action::CopyTruncate(unread, meanwhile) => self.copy_and_cut_short(unread, meanwhile),
            Action::Pack(which, by_gzip) => self.pack(which, by_gzip),
            Action::Look => self.fixture.look(),
            Action::Save => self.save(),
            Action::Pass => {
                self.fixture.pass(Duration::from_secs(31));
                self.has_rotated_writer = false;
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

    fn copy_and_cut_short(&mut self, unread: usize, meanwhile: [Meanwhile; 4]) {
        if self.fixture.follower.open.started {
            // A run that goes on has seen the content, though not all of it.
            self.write("x.log");
            self.fixture.look();
        }
        (0..unread).for_each(|_| self.write("x.log"));
        self.shift();
        self.has_rotated_writer = false;
        let bytes = fs::read(self.fixture.path("x.log")).unwrap();
        let (one, two) = bytes.split_at(bytes.len() / 2);
        let mut copy = File::create_new(self.fixture.path("x.log.1")).unwrap();
        let parts = [&b""[..], one, two].into_iter();
        for (part, meanwhile) in parts.zip(meanwhile) {
            copy.write_all(part).unwrap();
            self.happens(meanwhile);
        }
        File::create(self.fixture.path("x.log")).unwrap();
        self.happens(meanwhile[3]);
    }

    fn happens(&mut self, meanwhile: Meanwhile) {
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Look => self.fixture.look(),
            Meanwhile::Save => self.save(),
            Meanwhile::Kill => self.kill(),
        }
    }

    fn shift(&mut self) {
        let count = self.chain.len();
        for (number, name) in self.chain.iter_mut().enumerate().rev() {
            let next = format!("x.log.{}{}", number + 2, compression(name));
            self.fixture.rename(name, &next);
            *name = next;
        }
        debug_assert_eq!(count, self.chain.len());
        self.chain.insert(0, "x.log.1".to_owned());
    }

    fn pack(&mut self, which: usize, by_gzip: bool) {
        let plain = self.chain.iter_mut().rev();
        let plain = plain.filter(|name| compression(name).is_empty());
        let Some(name) = plain.take(which + 1).last() else {
            return;
        };
        if self.fixture.follower.open.started {
            // Compressing takes a while; who follows the file has read it by then.
            self.fixture.look();
        }
        let bytes = fs::read(self.fixture.path(name)).unwrap();
        let ending = if by_gzip { ".gz" } else { ".zst" };
        let compressed = format!("{name}{ending}");
        let mut file = File::create(self.fixture.path(&compressed)).unwrap();
        if by_gzip {
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            encoder.write_all(&bytes).unwrap();
            file = encoder.finish().unwrap();
        } else {
            zstd::stream::copy_encode(&*bytes, &mut file, 1).unwrap();
        }
        let modified = fs::metadata(self.fixture.path(name)).unwrap().modified();
        file.set_modified(modified.unwrap()).unwrap();
        fs::remove_file(self.fixture.path(name)).unwrap();
        *name = compressed;
    }

    /// A run that has not begun to read has nothing to save.
    fn save(&mut self) {
        if self.fixture.follower.open.started {
            self.saved = self.fixture.save();
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
        let lost = self.written.iter().filter(|line| !counted.contains(line));
        let lost: Vec<_> = lost.collect();
        let doubled = counted.windows(2).filter(|two| two[0] == two[1]);
        let doubled: Vec<_> = doubled.map(|two| &two[0]).collect();
        prop_assert!(
            counted == self.written,
            "lost {lost:?}, doubled {doubled:?}, {:?}",
            self.fixture.said.take()
        );
        Ok(())
    }
}

fn run(argument: &str, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut model = Model::new(argument);
    actions.iter().for_each(|action| model.act(*action));
    model.check()
}

// PROPTEST_CASES=5000 looks longer.
proptest! {
    #[test]
    fn killed_while_a_file_is_rotated(actions in prop::collection::vec(action(), 1..40)) {
        run("x.log", &actions)?;
    }

    #[test]
    fn killed_while_files_are_rotated_within_a_glob(actions in prop::collection::vec(action(), 1..40)) {
        run("x.log*", &actions)?;
    }
}
