//! The follower against real files in a scratch folder, woken by hand.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Follower, Outside};
use crate::stop::Stop;
use crate::testing::{HandWaker, Lines, Said, compress};
use crate::watch::Woken;
use crate::{Begin, Options, Positions, SavedFile, Specification};

mod burst;
mod copying;
#[cfg(unix)]
mod field_model;
mod following;
mod holes;
mod identity;
mod links;
mod looking;
mod model;
mod odd_names;
mod parts;
mod records;
mod restart_model;
mod restarting;
mod rotated_dirs;
mod running;

/// A follower over a scratch folder, and everything it talks to.
pub(super) struct Fixture {
    _scratch: tempfile::TempDir,
    pub(super) folder: PathBuf,
    pub(super) follower: Follower,
    pub(super) lines: Lines,
    pub(super) said: Said,
    pub(super) waker: HandWaker,
    arguments: Vec<PathBuf>,
    options: Options,
    /// When the last run is said to have saved; none for when it did.
    pub(super) saved_at: Option<SystemTime>,
}

/// What a save would hold: positions, and the lines that were counted.
#[derive(Clone)]
pub(super) struct SavedRun {
    files: Vec<SavedFile>,
    lines: Vec<String>,
    at: SystemTime,
}

impl Fixture {
    /// A follower for these arguments, which are paths in the scratch folder. Nothing was looked at.
    pub(super) fn new(arguments: &[&str]) -> Self {
        Self::with(arguments, Options::default())
    }

    pub(super) fn from_end(arguments: &[&str]) -> Self {
        Self::with(
            arguments,
            Options {
                begin: Begin::End,
                ..Options::default()
            },
        )
    }

    pub(super) fn with(arguments: &[&str], options: Options) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().canonicalize().unwrap();
        let full = arguments.iter().map(|argument| folder.join(argument));
        let arguments: Vec<PathBuf> = full.collect();
        let inputs = Specification::parse_all(&arguments).unwrap();
        let follower = Follower::new(inputs, options.clone(), Arc::default());
        let waker = HandWaker::new(&Stop::new());
        let (lines, said) = (Lines::default(), Said::default());
        Fixture {
            _scratch: scratch,
            folder,
            follower,
            lines,
            said,
            waker,
            arguments,
            options,
            saved_at: None,
        }
    }

    /// What a save would hold now.
    pub(super) fn save(&self) -> SavedRun {
        SavedRun {
            files: self.follower.open.reader.positions.files(),
            lines: self.lines.in_order.clone(),
            at: SystemTime::now(),
        }
    }

    /// A new run that begins with `cut`; whatever happened after it is forgotten. Nothing was looked
    /// at yet.
    pub(super) fn restart(&mut self, saved: SavedRun) {
        let positions = Positions::new(saved.files);
        let positions = positions.saved_at(self.saved_at.unwrap_or(saved.at));
        let inputs = Specification::parse_all(&self.arguments).unwrap();
        self.follower = Follower::new(inputs, self.options.clone(), Arc::new(positions));
        let multiline = self.lines.multiline.take();
        self.lines = Lines::counted(saved.lines);
        self.lines.multiline = multiline;
        self.said = Said::default();
        self.waker = HandWaker::new(&Stop::new());
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Appends, and creates what is missing.
    pub(super) fn append(&self, name: &str, text: &str) {
        append(&self.path(name), text);
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Compresses a file as rotation does, and removes it.
    pub(super) fn pack(&self, name: &str) {
        self.pack_as(name, ".gz");
    }

    /// The same with the compression of this ending.
    pub(super) fn pack_as(&self, name: &str, ending: &str) {
        let path = self.path(name);
        let bytes = compress(ending, &fs::read(&path).unwrap());
        let mut file = fs::File::create(self.path(&format!("{name}{ending}"))).unwrap();
        file.write_all(&bytes).unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        file.set_modified(modified).unwrap();
        fs::remove_file(path).unwrap();
    }

    /// Looks at everything, and reads all there is.
    pub(super) fn look(&mut self) {
        self.wake(Woken::all());
    }

    /// Looks at what an event about these names would make it look at.
    pub(super) fn changed(&mut self, names: &[&str]) {
        let changed = names.iter().map(|name| self.path(name)).collect();
        self.wake(Woken {
            changed,
            ..Woken::default()
        });
    }

    pub(super) fn renamed(&mut self, names: &[&str]) {
        let renamed = names.iter().map(|name| self.path(name)).collect();
        self.wake(Woken {
            renamed,
            ..Woken::default()
        });
    }

    pub(super) fn wake(&mut self, woken: Woken) {
        let Fixture {
            follower,
            lines,
            said,
            waker,
            ..
        } = self;
        let mut outside = Outside {
            sink: lines,
            events: said,
            waker,
        };
        if follower.open.started {
            follower.look(woken, &mut outside);
        } else {
            follower.begin(&mut outside);
        }
        while !follower.open.ready.is_empty() || !follower.open.order.is_empty() {
            follower.round(&mut outside);
        }
        follower.open.report(outside.events);
    }

    /// Looks at everything and gives each file one turn; returns how many lines each has given.
    pub(super) fn one_round(&mut self) -> Vec<usize> {
        let Fixture {
            follower,
            lines,
            said,
            waker,
            ..
        } = self;
        let mut outside = Outside {
            sink: lines,
            events: said,
            waker,
        };
        follower.look(Woken::all(), &mut outside);
        follower.round(&mut outside);
        follower.open.report(outside.events);
        lines
            .streams
            .iter()
            .map(|stream| stream.lines.len())
            .collect()
    }

    /// The first look of a run and one round; returns how many lines there are now.
    pub(super) fn begin_and_one_round(&mut self) -> usize {
        let Fixture {
            follower,
            lines,
            said,
            waker,
            ..
        } = self;
        let mut outside = Outside {
            sink: lines,
            events: said,
            waker,
        };
        follower.begin(&mut outside);
        follower.round(&mut outside);
        lines.in_order.len()
    }

    /// The first look of a run, then `meanwhile`, and then the search for what was rotated.
    pub(super) fn first_look_then(&mut self, meanwhile: impl FnOnce(&Self)) {
        let look = |fixture: &mut Self, act: fn(&mut Follower, &mut Outside<'_, Lines>)| {
            let (follower, sink) = (&mut fixture.follower, &mut fixture.lines);
            let (events, waker) = (&fixture.said, &mut fixture.waker);
            act(
                follower,
                &mut Outside {
                    sink,
                    events,
                    waker,
                },
            );
        };
        look(self, |follower, outside| {
            follower.look(Woken::all(), outside)
        });
        meanwhile(self);
        look(self, |follower, outside| {
            follower.search_after_start(outside);
        });
    }

    /// Lets every open file fail as if reading it had.
    pub(super) fn fail_reading(&mut self, kind: std::io::ErrorKind) {
        let Fixture {
            follower,
            lines,
            said,
            waker,
            ..
        } = self;
        let mut outside = Outside {
            sink: lines,
            events: said,
            waker,
        };
        follower.fail_reading(&kind.into(), &mut outside);
    }

    /// Lets time pass, and looks.
    pub(super) fn pass(&mut self, time: Duration) {
        self.waker.now += time;
        self.look();
    }

    /// Ends reading as a stop does.
    pub(super) fn drain(&mut self) {
        let Fixture {
            follower,
            lines,
            said,
            waker,
            ..
        } = self;
        follower.drain(&mut Outside {
            sink: lines,
            events: said,
            waker,
        });
    }

    /// The lines of all streams since this was last asked.
    #[track_caller]
    pub(super) fn expect(&mut self, lines: &[&str]) {
        assert_eq!(self.lines.all(), lines);
        self.lines
            .streams
            .iter_mut()
            .for_each(|stream| stream.lines.clear());
    }
}

pub(super) fn append(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
