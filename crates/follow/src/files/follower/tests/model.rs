//! Random programs of writers, rotators and looks, against a model of a few lines.
//!
//! The law: of every content a file ever had, all lines are handed over in their order, each once.
//! Two things nobody can read are taken out of it, and only those:
//!
//! - what was written and cut short, deleted or renamed out of reach between two looks. A rotator
//!   that copies and cuts short pauses until the reader has caught up, so a look is before it;
//! - the first half of a line that was cut short before its end came.
//!
//! The contents here differ in their first line, as those of logs with times do. For a file that is
//! cut short and refilled with the same first KiB beyond the offset no law holds: see `Tail::turn`.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use proptest::prelude::*;

use super::Fixture;
use crate::watch::Woken;

#[derive(Debug, Clone, Copy)]
enum Action {
    /// So many whole lines, or the rest of one and so many more.
    Write(usize),
    /// Half a line.
    WritePart,
    /// The same, by a writer that has not noticed the rotation yet.
    WriteToRotated(usize),
    WritePartToRotated,
    /// Rename, create again. Within the glob, or out of reach.
    Rotate,
    /// Look, cut short, go on.
    CopyTruncate,
    /// Delete, create again.
    Delete,
    /// A look at everything.
    Look,
    /// A look at what events have named since the last look.
    Wake,
    /// Longer than an idle file is waited for.
    Pass,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..40_usize).prop_map(Action::Write),
        3 => Just(Action::WritePart),
        2 => (0..4_usize).prop_map(Action::WriteToRotated),
        1 => Just(Action::WritePartToRotated),
        3 => Just(Action::Rotate),
        2 => Just(Action::CopyTruncate),
        1 => Just(Action::Delete),
        3 => Just(Action::Look),
        4 => Just(Action::Wake),
        1 => Just(Action::Pass),
    ]
}

/// How the file is named, and what a rotation does to the old one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum World {
    /// `x.log`, renamed out of reach.
    Literal,
    /// `x.log*`, renamed within it, a chain of three.
    Glob,
    /// A symlink, swung to a new file.
    #[cfg(unix)]
    Symlink,
}

/// One content of a file, from its creation to its end.
struct Content {
    number: usize,
    file: File,
    /// Its name, as far as an event would carry it.
    name: String,
    /// Whole lines that must be handed over, in this order.
    lines: Vec<String>,
    /// How many of them a look has found, or will find wherever the file goes.
    reachable: usize,
    /// A line without an end.
    part: String,
    /// Whether the reader has it open.
    seen: bool,
    named: bool,
    /// Whether its end has come: whatever is written now is out of reach.
    over: bool,
}

impl Content {
    fn write(&mut self, count: usize) {
        for _ in 0..count {
            let start = std::mem::take(&mut self.part);
            let rest = format!("content {} line {}", self.number, self.lines.len());
            writeln!(self.file, "{rest}").unwrap();
            self.lines.push(start + &rest);
        }
    }

    fn write_part(&mut self) {
        let part = format!("content {} part {}, ", self.number, self.lines.len());
        self.file.write_all(part.as_bytes()).unwrap();
        self.part.push_str(&part);
    }
}

struct Model {
    world: World,
    fixture: Fixture,
    contents: Vec<Content>,
    /// Events that have not been looked at.
    woken: Woken,
}

const GONE: &str = "out of reach";

impl Model {
    fn new(world: World) -> Self {
        let argument = if world == World::Glob {
            "x.log*"
        } else {
            "x.log"
        };
        let mut model = Model {
            world,
            fixture: Fixture::new(&[argument]),
            contents: Vec::new(),
            woken: Woken::default(),
        };
        model.create();
        model
    }

    fn create(&mut self) {
        let number = self.contents.len();
        let name = match self.world {
            World::Literal | World::Glob => "x.log".to_owned(),
            #[cfg(unix)]
            World::Symlink => format!("data-v{number}"),
        };
        let path = self.fixture.path(&name);
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(path)
            .unwrap();
        #[cfg(unix)]
        if self.world == World::Symlink {
            std::os::unix::fs::symlink(&name, self.fixture.path("new")).unwrap();
            self.fixture.rename("new", "x.log");
        }
        self.renamed("x.log");
        self.push(number, name, file);
    }

    fn push(&mut self, number: usize, name: String, file: File) {
        self.contents.push(Content {
            number,
            file,
            name,
            lines: Vec::new(),
            reachable: 0,
            part: String::new(),
            seen: false,
            named: true,
            over: false,
        });
    }

    fn renamed(&mut self, name: &str) {
        self.woken.renamed.insert(self.fixture.path(name));
    }

    fn changed(&mut self, number: usize) {
        let path = self.fixture.path(&self.contents[number].name);
        self.woken.changed.insert(path);
    }

    fn current(&self) -> usize {
        self.contents.len() - 1
    }

    /// The newest content that a rotation has left after and that can still be read.
    fn newest_rotated(&self) -> Option<usize> {
        self.contents
            .iter()
            .rposition(|content| !content.over && content.number != self.current())
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Write(count) => self.write(Some(self.current()), |one| one.write(count)),
            Action::WritePart => self.write(Some(self.current()), Content::write_part),
            Action::WriteToRotated(count) => {
                self.write(self.newest_rotated(), |one| one.write(count))
            }
            Action::WritePartToRotated => self.write(self.newest_rotated(), Content::write_part),
            Action::Rotate => self.rotate(),
            Action::CopyTruncate => self.truncate(),
            Action::Delete => self.delete(),
            Action::Look => self.look(Woken::all()),
            Action::Wake => {
                let woken = std::mem::take(&mut self.woken);
                self.look(woken);
            }
            Action::Pass => self.pass(),
        }
    }

    fn write(&mut self, number: Option<usize>, write: impl FnOnce(&mut Content)) {
        if let Some(number) = number {
            write(&mut self.contents[number]);
            self.changed(number);
        }
    }

    fn rotate(&mut self) {
        match self.world {
            World::Literal => {
                let to = format!("{GONE} {}", self.current());
                self.fixture.rename("x.log", &to);
                let current = self.current();
                self.contents[current].name = to;
                self.unname(current);
            }
            World::Glob => self.shift(),
            // Creating the next one swings the link.
            #[cfg(unix)]
            World::Symlink => self.unname(self.current()),
        }
        self.create();
    }

    /// x.log.2 is deleted, x.log.1 becomes x.log.2, x.log becomes x.log.1.
    fn shift(&mut self) {
        let named = |model: &Self, name: &str| {
            model
                .contents
                .iter()
                .rposition(|one| one.named && one.name == name)
        };
        if let Some(last) = named(self, "x.log.2") {
            fs::remove_file(self.fixture.path("x.log.2")).unwrap();
            self.unname(last);
        }
        for (from, to) in [("x.log.1", "x.log.2"), ("x.log", "x.log.1")] {
            if let Some(number) = named(self, from) {
                self.fixture.rename(from, to);
                self.contents[number].name = to.to_owned();
                self.renamed(from);
                self.renamed(to);
            }
        }
    }

    /// The content has no name any more: unless the reader has it open, it is out of reach.
    fn unname(&mut self, number: usize) {
        let content = &mut self.contents[number];
        content.named = false;
        if !content.seen {
            content.over = true;
            content.lines.truncate(content.reachable);
        }
    }

    fn truncate(&mut self) {
        self.look(Woken::all());
        let current = self.current();
        let content = &mut self.contents[current];
        content.file.set_len(0).unwrap();
        content.over = true;
        content.part.clear();
        let (file, name) = (content.file.try_clone().unwrap(), content.name.clone());
        self.push(current + 1, name, file);
        self.contents[current].named = false;
        // The same file, which the reader has open.
        self.contents[current + 1].seen = true;
        self.changed(current + 1);
    }

    fn delete(&mut self) {
        let current = self.current();
        fs::remove_file(self.fixture.path(&self.contents[current].name)).unwrap();
        self.renamed("x.log");
        self.unname(current);
        self.create();
    }

    fn look(&mut self, woken: Woken) {
        let all = woken.everything || !woken.renamed.is_empty();
        self.fixture.wake(woken);
        for content in &mut self.contents {
            if content.named && (all || content.seen) {
                content.seen = true;
                content.reachable = content.lines.len();
            }
        }
    }

    /// Everything idle without a name is left, and its last line counts as it is.
    fn pass(&mut self) {
        self.look(Woken::all());
        self.fixture.pass(Duration::from_secs(31));
        for content in self
            .contents
            .iter_mut()
            .filter(|content| !content.named && !content.over)
        {
            content.over = true;
            let part = std::mem::take(&mut content.part);
            content.lines.extend((!part.is_empty()).then_some(part));
        }
    }

    fn check(mut self) -> Result<(), TestCaseError> {
        self.look(Woken::all());
        self.pass();
        self.fixture.drain();
        let handed_over = self.fixture.lines.all();
        let mut expected = 0;
        for content in &self.contents {
            let begin = format!("content {} ", content.number);
            let own: Vec<&str> = handed_over
                .iter()
                .copied()
                .filter(|line| line.starts_with(&begin))
                .collect();
            prop_assert_eq!(
                &own,
                &content.lines,
                "{:?}, all: {:?}",
                &begin,
                &handed_over
            );
            expected += own.len();
        }
        prop_assert_eq!(handed_over.len(), expected, "{:?}", &handed_over);
        prop_assert!(self.fixture.follower.open.nameless.is_empty());
        prop_assert_eq!(self.fixture.said.lag(), Some(0));
        Ok(())
    }
}

fn run(world: World, actions: &[Action]) -> Result<(), TestCaseError> {
    let mut model = Model::new(world);
    actions.iter().for_each(|action| model.act(*action));
    model.check()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn a_file_renamed_out_of_reach(actions in prop::collection::vec(action(), 1..40)) {
        run(World::Literal, &actions)?;
    }

    #[test]
    fn files_renamed_within_a_glob(actions in prop::collection::vec(action(), 1..40)) {
        run(World::Glob, &actions)?;
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_that_is_swung(actions in prop::collection::vec(action(), 1..40)) {
        run(World::Symlink, &actions)?;
    }
}
