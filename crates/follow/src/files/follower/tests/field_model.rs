//! Random programs of what logs meet in the field: links of every kind, records in parts, holes, copies,
//! folders that move, and other device numbers after a reboot; with runs that are killed at any moment.
//!
//! The law is that of `restart_model.rs`: every record that was ever written counts once. What nobody can
//! know is left out of the programs, and said at the action.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, symlink};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use regex::bytes::Regex;

use super::{Fixture, SavedRun};
use crate::SavedFile;
use crate::line::multiline::Multiline;

mod programs;

use programs::{Action, Form, Link, World, action, world};

struct Model {
    world: World,
    fixture: Fixture,
    saved: SavedRun,
    written: Vec<String>,
    /// The parts of the record that is not whole.
    part: Option<String>,
    /// Where bytes are still to come in the file, and which.
    holes: Vec<(u64, String)>,
    /// Where the log is now.
    log: String,
    /// Its rotated names, the newest first.
    chain: Vec<String>,
    copies: BTreeSet<String>,
    parts: usize,
    swings: usize,
    moves: usize,
    /// Whether since the last save the device has another number, the link leads elsewhere, and files were
    /// rotated.
    is_rebooted: bool,
    is_swung: bool,
    is_rotated: bool,
    /// Whether the file was cut short.
    is_cut: bool,
}

const PADDING: &str = "so long that a few of them are more than any header has in common";

impl Model {
    fn new(world: World) -> Self {
        let mut fixture = Fixture::new(&[world.argument]);
        if world.form == Form::Lines {
            let pattern = Regex::new("^[^ ]").unwrap();
            let multiline = Multiline::beginning_with(pattern);
            fixture.lines.multiline = Some(Arc::new(multiline));
        }
        let log = match world.link {
            Link::None => "logs/x.log",
            _ => "real/y.log",
        };
        fixture.append(log, "");
        let name = fixture.path("logs/x.log");
        fs::create_dir_all(fixture.path("logs")).unwrap();
        match world.link {
            Link::None => {}
            Link::Relative => symlink("../real/y.log", name).unwrap(),
            Link::Absolute => symlink(fixture.path("real/y.log"), name).unwrap(),
            Link::Chain => {
                fs::create_dir(fixture.path("hop")).unwrap();
                symlink("../real/y.log", fixture.path("hop/z.log")).unwrap();
                symlink("../hop/z.log", name).unwrap();
            }
            Link::Folder => {
                symlink("../real", fixture.path("logs/current")).unwrap();
                symlink("current/y.log", name).unwrap();
            }
        }
        fixture.look();
        let saved = fixture.save();
        // A run that saves.
        fixture.restart(saved.clone());
        Model {
            world,
            saved,
            fixture,
            written: Vec::new(),
            part: None,
            holes: Vec::new(),
            log: log.to_owned(),
            chain: Vec::new(),
            copies: BTreeSet::new(),
            parts: 0,
            swings: 0,
            moves: 0,
            is_rebooted: false,
            is_swung: false,
            is_rotated: false,
            is_cut: false,
        }
    }

    fn is_running(&self) -> bool {
        self.fixture.follower.open.started
    }

    fn next_text(&self) -> String {
        let number = self.written.len() + self.holes.len();
        format!("record {number} {PADDING}")
    }

    fn write(&mut self) {
        let text = self.next_text();
        let part = self.part.take();
        if self.world.form == Form::Lines {
            let (before, first) = match &part {
                Some(part) => (format!("{part}\n"), format!("  {text}")),
                None => (String::new(), text),
            };
            let rest = format!("{first}\n  and more");
            self.fixture.append(&self.log, &format!("{rest}\n"));
            self.written.push(before + &rest);
            return;
        }
        let line = self.world.form.line(&text, true);
        self.fixture.append(&self.log, &line);
        self.written.push(part.unwrap_or_default() + &text);
    }

    /// The record is ended, and all bytes come.
    fn settle(&mut self) {
        while !self.holes.is_empty() {
            self.fill(0);
        }
        if self.part.is_some() {
            self.write();
        }
    }

    fn fill(&mut self, which: usize) {
        if self.holes.is_empty() {
            return;
        }
        let (at, line) = self.holes.remove(which % self.holes.len());
        let file = File::options()
            .write(true)
            .open(self.fixture.path(&self.log))
            .unwrap();
        file.write_all_at(line.as_bytes(), at).unwrap();
    }

    fn reserve(&mut self, count: usize) {
        if self.part.is_some() {
            return;
        }
        let path = self.fixture.path(&self.log);
        if self.is_cut && fs::metadata(&path).unwrap().len() == 0 {
            // NULs at the start of a file that was cut short are also what a writer leaves that does not
            // append.
            self.write();
        }
        for _ in 0..count {
            let text = format!("reserved {} {PADDING}", self.written.len());
            let line = self.world.form.line(&text, true);
            let file = File::options().write(true).open(&path).unwrap();
            let size = file.metadata().unwrap().len();
            file.set_len(size + line.len() as u64).unwrap();
            self.holes.push((size, line));
            self.written.push(text);
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Write(count) => (0..*count).for_each(|_| self.write()),
            Action::WritePart => self.write_part(),
            Action::Reserve(count) => self.reserve(*count),
            Action::Fill(which) => self.fill(*which),
            Action::Rotate => self.rotate(),
            Action::CopyTruncate => self.copy_and_cut_short(),
            Action::Pack(which) => self.pack(*which),
            Action::SwingLink(to_other_folder) => self.swing(*to_other_folder),
            Action::MoveFolder => self.move_folder(),
            Action::Copy(which) => self.copy(*which),
            Action::Look => self.fixture.look(),
            Action::Save => self.save(),
            Action::Pass => {
                // Bytes that do not come for so long are given up.
                self.fill_all();
                if self.world.form == Form::Lines {
                    // Nor does a record of several lines wait for so long.
                    self.settle();
                }
                self.fixture.pass(Duration::from_secs(31));
            }
            Action::Kill => self.fixture.restart(self.saved.clone()),
            Action::Stop => {
                self.fixture.look();
                self.fixture.drain();
                self.save();
                self.fixture.restart(self.saved.clone());
            }
            // Of an empty file that holds a part of a record, nothing is known then but its number.
            Action::Reboot if self.is_swung || self.holds_parts() => {}
            Action::Reboot => {
                self.is_rebooted = true;
                for file in &mut self.saved.files {
                    if !file.position.is_of_content() {
                        file.position.id.device += 1;
                    }
                }
                self.fixture.restart(self.saved.clone());
            }
        }
    }

    /// Whether an empty file holds a part of a record in the last save, or may hold one at the next.
    fn holds_parts(&self) -> bool {
        self.part.is_some() || self.empty_holds_parts()
    }

    /// Whether an empty file holds a part of a record in the last save.
    fn empty_holds_parts(&self) -> bool {
        let mut saved = self.saved.files.iter();
        saved.any(|file: &SavedFile| !file.has_evidence() && !file.resume_state.is_empty())
    }

    fn fill_all(&mut self) {
        while !self.holes.is_empty() {
            self.fill(0);
        }
    }

    fn write_part(&mut self) {
        if self.world.form == Form::Plain || !self.holes.is_empty() {
            return self.write();
        }
        self.parts += 1;
        let text = format!("part {} ", self.parts);
        let text = match (self.world.form, &self.part) {
            (Form::Lines, Some(_)) => format!("  {text}"),
            _ => text,
        };
        self.fixture
            .append(&self.log, &self.world.form.line(&text, false));
        if self.world.form == Form::Lines && self.part.is_some() {
            self.part.get_or_insert_default().push('\n');
        }
        self.part.get_or_insert_default().push_str(&text);
    }

    /// Every rotated name moves on.
    fn shift(&mut self) {
        self.is_rotated = true;
        // Nobody comes back to fill a file that was rotated, and backups are not kept.
        self.fill_all();
        for copy in std::mem::take(&mut self.copies) {
            fs::remove_file(self.fixture.path(&copy)).unwrap();
        }
        for (number, name) in self.chain.iter_mut().enumerate().rev() {
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
            let ending = if ending.parse::<usize>().is_ok() {
                ""
            } else {
                ending
            };
            let dot = if ending.is_empty() { "" } else { "." };
            let next = format!("{}.{}{dot}{ending}", self.log, number + 2);
            self.fixture.rename(name, &next);
            *name = next;
        }
        self.chain.insert(0, format!("{}.1", self.log));
    }

    fn rotate(&mut self) {
        self.shift();
        self.is_cut = false;
        self.fixture.rename(&self.log, &format!("{}.1", self.log));
        self.fixture.append(&self.log, "");
    }

    fn copy_and_cut_short(&mut self) {
        self.fill_all();
        if self.is_running() {
            // A run that goes on has seen the content, though not all of it.
            self.write();
            self.fixture.look();
            self.write();
        }
        self.shift();
        let copy = self.fixture.path(&format!("{}.1", self.log));
        fs::copy(self.fixture.path(&self.log), copy).unwrap();
        File::create(self.fixture.path(&self.log)).unwrap();
        self.is_cut = true;
    }

    fn pack(&mut self, which: usize) {
        if self.empty_holds_parts() {
            // Of an empty file that holds a part of a record, only its number is known, and that is gone with it.
            return;
        }
        if self.part.is_some() && self.world.form == Form::Lines {
            // Nobody compresses within the second that an open record waits for its next line.
            return;
        }
        let endings = [".gz", ".zst", ".xz", ".bz2"];
        let is_plain = |name: &&mut String| !endings.iter().any(|ending| name.ends_with(ending));
        let Some(name) = self.chain.iter_mut().rev().find(is_plain) else {
            return;
        };
        if self.fixture.follower.open.started {
            // Compressing takes a while; who follows the file has read it by then.
            self.fixture.look();
        }
        let ending = endings[which % endings.len()];
        self.fixture.pack_as(name, ending);
        name.push_str(ending);
    }

    /// The link leads to another file, in the same folder or another. The one before stays where it is.
    fn swing(&mut self, to_other_folder: bool) {
        if self.world.link == Link::None {
            return;
        }
        if !self.is_running() && self.is_swung {
            // Where it led in between nobody knows.
            return;
        }
        self.settle();
        if self.is_running() {
            // Under a link that swings twice between two looks nobody knows the one between.
            self.fixture.look();
        }
        self.swings += 1;
        self.is_swung = true;
        for copy in std::mem::take(&mut self.copies) {
            fs::remove_file(self.fixture.path(&copy)).unwrap();
        }
        let folder = match self.log.rsplit_once('/') {
            Some((folder, _)) if !to_other_folder && self.world.link != Link::Folder => {
                folder.to_owned()
            }
            _ => format!("other{}", self.swings),
        };
        let log = match self.world.link {
            // Its name is the same in every folder.
            Link::Folder => format!("{folder}/y.log"),
            _ => format!("{folder}/y{}.log", "v".repeat(self.swings)),
        };
        self.fixture.append(&log, "");
        let (link, target) = match self.world.link {
            Link::Absolute => ("logs/x.log", self.fixture.path(&log)),
            Link::Chain => ("hop/z.log", format!("../{log}").into()),
            Link::Folder => ("logs/current", format!("../{folder}").into()),
            _ => ("logs/x.log", format!("../{log}").into()),
        };
        symlink(target, self.fixture.path("new")).unwrap();
        self.fixture.rename("new", link);
        self.log = log;
        self.chain.clear();
        if self.is_running() {
            self.look_and_save();
        }
    }

    /// While nobody looks, a folder that was moved is out of reach: it was read and saved before.
    fn move_folder(&mut self) {
        self.settle();
        if !self.is_running() {
            return;
        }
        self.fixture.look();
        self.moves += 1;
        let folder = self.log.split_once('/').unwrap().0.to_owned();
        self.write();
        self.fixture.rename(&folder, &format!("away{}", self.moves));
        self.chain.clear();
        self.copies.clear();
        self.fixture.append(&self.log, "");
        self.write();
        self.look_and_save();
    }

    fn copy(&mut self, which: usize) {
        let names = ["bak", "old", "~", "-1.log", ".save", ".orig", "copy"];
        let size = fs::metadata(self.fixture.path(&self.log)).unwrap().len();
        // Of a short content nobody can say whether it is a copy, and while parts of it are holes neither.
        if size < 256 || !self.holes.is_empty() || self.part.is_some() {
            return;
        }
        let name = match names[which % names.len()] {
            "~" => format!("{}~", self.log),
            "-1.log" => self.log.replace(".log", "-1.log"),
            "copy" => self.log.replace('/', "/Copy of "),
            other => format!("{}.{}", self.log, other.trim_start_matches('.')),
        };
        if self.is_running() {
            // Who follows the log has read it when it is copied.
            self.fixture.look();
        }
        fs::copy(self.fixture.path(&self.log), self.fixture.path(&name)).unwrap();
        self.copies.insert(name);
    }

    /// A run that has not begun to read has nothing to save.
    fn save(&mut self) {
        if self.is_running() {
            self.saved = self.fixture.save();
        }
    }

    /// Saves all that there is.
    fn look_and_save(&mut self) {
        if self.is_running() {
            self.fixture.look();
            self.save();
            (self.is_rebooted, self.is_swung, self.is_rotated) = (false, false, false);
        }
    }

    fn check(mut self) -> Result<(), TestCaseError> {
        self.settle();
        self.fixture.look();
        self.fixture.pass(Duration::from_secs(31));
        let mut counted = self.fixture.lines.in_order.clone();
        counted.sort_unstable();
        self.written.sort_unstable();
        let short = |line: &String| line.replace(PADDING, "");
        let lost = self.written.iter().filter(|line| !counted.contains(line));
        let lost: Vec<_> = lost.map(short).collect();
        let more = counted.iter().filter(|line| !self.written.contains(line));
        let more: Vec<_> = more.map(short).collect();
        let doubled = counted.windows(2).filter(|two| two[0] == two[1]);
        let doubled: Vec<_> = doubled.map(|two| short(&two[0])).collect();
        prop_assert!(
            counted == self.written,
            "lost {lost:?}, doubled {doubled:?}, invented {more:?}, {:?}",
            self.fixture.said.take()
        );
        Ok(())
    }
}

/// How many programs are run: LOGMETRICS_MODEL_CASES looks longer.
fn cases() -> u32 {
    let asked = std::env::var("LOGMETRICS_MODEL_CASES");
    asked.ok().and_then(|text| text.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn what_logs_meet_in_the_field(
        world in world(),
        actions in prop::collection::vec(action(), 1..40),
    ) {
        let mut model = Model::new(world);
        actions.iter().for_each(|action| model.act(action));
        model.check()?;
    }
}
