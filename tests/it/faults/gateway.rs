//! Who writes the log and rotates it, in every way that is exact by promise.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::tally::Tally;
use crate::fixture::Scratch;

/// The file that is written to.
pub const LOG: &str = "app.log";

/// A way to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// Renamed; the writer goes on in the old file for a while.
    Rename,
    /// Renamed some times in a row.
    Several,
    /// Renamed; when the writer has left an old file, that is compressed and removed.
    Compress,
    /// Copied, then cut to nothing, while the writer pauses.
    CopyTruncate,
}

/// How rotated files are named.
#[derive(Debug, Clone, Copy)]
enum Naming {
    /// `app.log.1`, which becomes `app.log.2`.
    Number,
    /// `app.log-20261008-1760000001`.
    Time,
}

/// What a gateway does.
#[derive(Debug, Clone)]
pub struct Habits {
    /// Lines a second.
    pub rate: u64,
    /// The ways it is rotated.
    pub rotations: &'static [Rotation],
    /// Milliseconds from one rotation to the next.
    pub between_ms: Range<u64>,
    /// Milliseconds for which the writer goes on in the old file.
    pub goes_on_ms: Range<u64>,
}

/// A rotated file: newer ones stand behind older ones.
struct Old {
    name: String,
    is_packed: bool,
}

/// A running gateway.
pub struct Gateway<'a> {
    scratch: &'a Scratch,
    tally: &'a Tally,
    habits: Habits,
    dice: Dice,
    naming: Naming,
    file: File,
    /// The second part of a line whose first part stands in the file.
    half: String,
    old: Vec<Old>,
    rotated: u64,
    begun: Instant,
    written: u64,
}

impl<'a> Gateway<'a> {
    pub fn new(scratch: &'a Scratch, tally: &'a Tally, habits: Habits, seed: u64) -> Gateway<'a> {
        let mut dice = Dice::new(seed, "gateway");
        let naming = dice.pick(&[Naming::Number, Naming::Time]);
        Gateway {
            file: scratch.writer(LOG),
            scratch,
            tally,
            habits,
            dice,
            naming,
            half: String::new(),
            old: Vec::new(),
            rotated: 0,
            begun: Instant::now(),
            written: 0,
        }
    }

    /// Writes and rotates until it is told to stop; its last line is whole.
    pub fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let pause = self.dice.ms(self.habits.between_ms.clone());
            self.write_for(pause, stop);
            let how = self.dice.pick(self.habits.rotations);
            self.rotate(how);
        }
        self.finish_line();
    }

    /// Writes for some time, a few lines every few milliseconds; a line now and then in two parts.
    fn write_for(&mut self, time: Duration, stop: &AtomicBool) {
        let until = Instant::now() + time;
        loop {
            self.write_due();
            if Instant::now() >= until || stop.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn write_due(&mut self) {
        let due = self.begun.elapsed().as_millis() as u64 * self.habits.rate / 1000;
        let mut text = std::mem::take(&mut self.half);
        while self.written < due {
            text += &self.tally.line();
            self.written += 1;
        }
        if text.len() > 1 && self.dice.one_in(8) {
            let last = text.len() as u64;
            let cut = self.dice.within(last.saturating_sub(30).max(1)..last);
            self.half = text.split_off(cut as usize);
        }
        self.file.write_all(text.as_bytes()).unwrap();
    }

    fn finish_line(&mut self) {
        let half = std::mem::take(&mut self.half);
        self.file.write_all(half.as_bytes()).unwrap();
    }

    fn rotate(&mut self, how: Rotation) {
        match how {
            Rotation::Rename => self.rename(),
            Rotation::Several => {
                for _ in 0..self.dice.within(2..5) {
                    self.rename_at_once();
                }
            }
            Rotation::Compress => {
                self.rename();
                self.compress();
            }
            Rotation::CopyTruncate => self.copy_and_cut(),
        }
    }

    /// Gives way to the next rotated file; its name.
    fn next_name(&mut self) -> String {
        self.rotated += 1;
        let name = match self.naming {
            Naming::Time => format!("{LOG}-20261008-{}", 1_760_000_000 + self.rotated),
            Naming::Number => {
                for (place, old) in self.old.iter_mut().rev().enumerate().rev() {
                    let ending = old.name.rsplit_once(|c: char| c.is_ascii_digit());
                    let ending = ending.map_or("", |(_, ending)| ending);
                    let to = format!("{LOG}.{}{ending}", place + 2);
                    self.scratch.rotate(&old.name, &to);
                    old.name = to;
                }
                format!("{LOG}.1")
            }
        };
        self.old.push(Old {
            name: name.clone(),
            is_packed: false,
        });
        name
    }

    /// Renames; the writer goes on for a while, and then opens the new file.
    fn rename(&mut self) {
        let name = self.next_name();
        let goes_on = self.dice.ms(self.habits.goes_on_ms.clone());
        self.tally
            .note(format_args!("renamed to {name}, goes on {goes_on:?}"));
        self.scratch.rotate(LOG, &name);
        if self.dice.one_in(2) {
            drop(self.scratch.writer(LOG));
        }
        self.write_for(goes_on, &AtomicBool::new(false));
        self.finish_line();
        self.file = self.scratch.writer(LOG);
        self.tally.note("writes to the new file");
    }

    /// Renames; the writer opens the new file at once and may have nothing to write to it.
    fn rename_at_once(&mut self) {
        let name = self.next_name();
        self.tally
            .note(format_args!("renamed to {name}, one of several"));
        self.scratch.rotate(LOG, &name);
        self.finish_line();
        self.file = self.scratch.writer(LOG);
        let pause = self.dice.ms(0..15);
        if self.dice.one_in(3) {
            std::thread::sleep(pause);
        } else {
            self.write_for(pause, &AtomicBool::new(false));
        }
    }

    /// Compresses an old file as the tools do: beside it, bit by bit, and then removes it. Writing
    /// goes on meanwhile.
    fn compress(&mut self) {
        let plain: Vec<usize> = (0..self.old.len())
            .filter(|place| !self.old[*place].is_packed)
            .collect();
        let place = self.dice.pick(&plain);
        let name = self.old[place].name.clone();
        let is_zstandard = self.dice.one_in(2);
        let ending = if is_zstandard { "zst" } else { "gz" };
        let packed = format!("{name}.{ending}");
        self.tally.note(format_args!("compresses to {packed}"));
        let target = File::create(self.scratch.path(&packed)).unwrap();
        let mut encoder: Box<dyn Write> = if is_zstandard {
            Box::new(zstd::Encoder::new(target, 1).unwrap().auto_finish())
        } else {
            Box::new(flate2::write::GzEncoder::new(
                target,
                flate2::Compression::fast(),
            ))
        };
        let mut source = File::open(self.scratch.path(&name)).unwrap();
        let mut piece = vec![0; 1 << 18];
        loop {
            let read = source.read(&mut piece).unwrap();
            if read == 0 {
                break;
            }
            encoder.write_all(&piece[..read]).unwrap();
            self.write_due();
        }
        encoder.flush().unwrap();
        drop(encoder);
        let pause = self.dice.ms(0..20);
        self.write_for(pause, &AtomicBool::new(false));
        self.scratch.delete(&name);
        self.tally.note(format_args!("removed {name}"));
        self.old[place] = Old {
            name: packed,
            is_packed: true,
        };
    }

    /// Copies all that was written, and cuts.
    fn copy_and_cut(&mut self) {
        self.finish_line();
        let name = self.next_name();
        self.tally.note(format_args!("copied to {name}"));
        fs::copy(self.scratch.path(LOG), self.scratch.path(&name)).unwrap();
        let pause = self.dice.ms(0..20);
        std::thread::sleep(pause);
        self.scratch.truncate(LOG);
        self.tally.note("cut");
        std::thread::sleep(self.dice.ms(0..20));
    }
}
