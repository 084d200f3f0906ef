//! A part's bytes to lines, unwrapped, as one thread that reads everything would have them.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::handover::HandsOn;
use super::parts::{Buffer, Content, PART_BYTES, Part, read_at};
use super::{Input, PartSink};
use crate::line::framer::{Framer, PartBegins};
use crate::line::multiline::{Cuts, Joiner};
use crate::line::resume::Resumed;
use crate::line::unwrap::{Unwrapped, Unwrapper};
use crate::line::{Line, resume};

/// Reads parts for one thread.
pub(super) struct PartReader {
    /// Is used again for the next part.
    pub(super) spare: Buffer,
    /// Other threads read other parts of the same inputs at the same time.
    is_shared: bool,
}

impl PartReader {
    pub(super) fn new(is_shared: bool) -> PartReader {
        PartReader {
            spare: Buffer::default(),
            is_shared,
        }
    }

    /// Gives the lines of a part to `sink`; whether it wants more.
    ///
    /// # Errors
    /// What reading gives. The lines before it are given all the same.
    pub(super) fn read<S: PartSink>(
        &mut self,
        part: &mut Part,
        sink: &mut S,
        progress: &AtomicU64,
    ) -> (bool, io::Result<()>) {
        let mut result = Ok(());
        match &mut part.content {
            Content::Bytes(bytes) => self.spare = std::mem::take(bytes),
            Content::Range { file, length } => {
                result = read_range(file, part.offset, *length, &mut self.spare);
                progress.fetch_add(self.spare.filled as u64, Ordering::Relaxed);
            }
        }
        sink.begin(part.number, &part.input.origin);
        let mut lines = PartLines {
            part,
            sink,
            unwrapper: Unwrapper::default(),
            joiner: None,
            has_records: false,
            has_handed_on: false,
            lines: 0,
        };
        let oversized = lines.read(self.spare.bytes(), self.is_shared);
        (sink.end(oversized), result)
    }
}

/// Reads a file from `offset` on: `length` bytes, or up to its end.
fn read_range(
    file: &File,
    offset: u64,
    length: Option<usize>,
    buffer: &mut Buffer,
) -> io::Result<()> {
    buffer.filled = 0;
    loop {
        let at = offset + buffer.filled as u64;
        let room = match length {
            Some(length) => buffer.room(length - buffer.filled),
            None => buffer.room(PART_BYTES),
        };
        if room.is_empty() {
            return Ok(());
        }
        match read_at(file, room, at)? {
            0 => return Ok(()),
            read => buffer.filled += read,
        }
        if Some(buffer.filled) == length {
            return Ok(());
        }
    }
}

/// The lines of one part on their way to a sink.
struct PartLines<'p, S> {
    part: &'p Part,
    sink: &'p mut S,
    unwrapper: Unwrapper,
    joiner: Option<Box<Joiner>>,
    /// A record was met, so that what was handed to this part is known.
    has_records: bool,
    has_handed_on: bool,
    lines: u64,
}

impl<S: PartSink> PartLines<'_, S> {
    /// Reads the whole part; how many lines were cut.
    fn read(&mut self, bytes: &[u8], is_shared: bool) -> u64 {
        let part = self.part;
        if part.multiline.is_some() {
            // What the first line is depends on the parts before.
            self.begin_records((0, bytes), framer_of(part), is_shared);
        }
        let each = |at: usize, raw: &[u8]| {
            self.sink.raw_line(part.offset + at as u64, raw);
            if !self.has_records {
                if self.plain_line(at, raw) {
                    return;
                }
                let records = bytes.get(at..).unwrap_or_default();
                let framer = Framer::within(PartBegins::AfterLine);
                self.begin_records((at, records), framer, is_shared);
            }
            self.line(at, raw);
        };
        let mut framer = framer_of(part);
        let cut = match part.is_last {
            true => framer.finish(bytes, each),
            false => framer.cut(bytes, each),
        };
        self.finish();
        part.input.lines.fetch_add(self.lines, Ordering::Relaxed);
        cut.oversized + self.unwrapper.take_oversized()
    }

    /// Gives a line to the sink that is no record. `false`: it is one, which may belong together with
    /// others, and nothing was given. Asked up to the first record.
    #[inline]
    fn plain_line(&mut self, at: usize, raw: &[u8]) -> bool {
        let offset = self.part.offset + at as u64;
        match self.unwrapper.unwrap(offset, raw) {
            Some(unwrapped) if unwrapped.wrapping.time.is_none() => {
                self.lines += 1;
                give(self.sink, &self.part.input, offset, &unwrapped);
                true
            }
            _ => false,
        }
    }

    fn line(&mut self, at: usize, raw: &[u8]) {
        let offset = self.part.offset + at as u64;
        let Some(unwrapped) = self.unwrapper.unwrap(offset, raw) else {
            return;
        };
        let (input, lines, sink) = (&self.part.input, &mut self.lines, &mut *self.sink);
        let Some(joiner) = &mut self.joiner else {
            *lines += 1;
            return give(sink, input, offset, &unwrapped);
        };
        joiner.line(offset, &unwrapped, |offset, record| {
            *lines += 1;
            give(sink, input, offset, record);
        });
    }

    /// The first record of these bytes begins `at` this place, where `framer` is.
    #[cold]
    fn begin_records(&mut self, (at, bytes): (usize, &[u8]), framer: Framer, is_shared: bool) {
        let part = self.part;
        let records = (part.offset + at as u64, bytes);
        let handover = &part.handover;
        let resumed = |handed: &[u8]| Resumed {
            framer: framer.clone(),
            ..resume::read(handed, part.multiline.as_ref())
        };
        self.has_records = true;
        // Others wait for what this part hands on. So it is found out before the lines are counted, and
        // before it is known what was handed to this part, which is nothing nearly always; a record of
        // several lines nearly always goes on.
        let is_early = is_shared && part.goes_on;
        let held = |resumed| held_after(resumed, records, part.is_last);
        let is_joined = part.multiline.is_some();
        let mut hands_on = (is_early && !is_joined).then(|| held(resumed(&[])));
        let handed = handover.handed_to(part.index);
        if is_early && (is_joined || !handed.is_empty()) {
            hands_on = Some(held(resumed(&handed)));
        }
        if let Some(hands_on) = hands_on {
            handover.hand_on(part.index, HandsOn::This(hands_on));
            self.has_handed_on = true;
        }
        let resumed = resumed(&handed);
        (self.unwrapper, self.joiner) = (resumed.unwrapper, resumed.joiner);
    }

    /// What is left at the end is the next part's, or the last lines of the input.
    fn finish(&mut self) {
        let (index, handover) = (self.part.index, &self.part.handover);
        if !self.part.goes_on {
            if !self.has_records {
                let handed = resume::read(&handover.handed_to(index), None);
                (self.unwrapper, self.joiner) = (handed.unwrapper, handed.joiner);
            }
            self.flush();
        } else if !self.has_records {
            handover.hand_on(index, HandsOn::Same);
        } else if !self.has_handed_on {
            let held = written(&self.unwrapper, self.joiner.as_deref());
            handover.hand_on(index, HandsOn::This(held));
        }
        if let Some(joiner) = &mut self.joiner {
            let cuts = joiner.take_cuts();
            if cuts != Cuts::default() {
                self.sink.records_cut(&self.part.input.origin, cuts);
            }
        }
        handover.finish(index);
    }

    /// Gives what is held: nothing more comes.
    fn flush(&mut self) {
        let (part, lines, sink) = (self.part, &mut self.lines, &mut *self.sink);
        let mut counted = |sink: &mut S, offset, record: &Unwrapped<'_>| {
            *lines += 1;
            give(sink, &part.input, offset, record);
        };
        while let Some(unwrapped) = self.unwrapper.flush() {
            match &mut self.joiner {
                Some(joiner) => joiner.line(part.offset, &unwrapped, |offset, record| {
                    counted(sink, offset, record);
                }),
                None => counted(sink, part.offset, &unwrapped),
            }
            sink.incomplete_record(&part.input.origin);
        }
        if let Some(joiner) = &mut self.joiner {
            joiner.end(|offset, record| counted(sink, offset, record));
        }
    }
}

/// A framer at the start of a part.
fn framer_of(part: &Part) -> Framer {
    match part.is_first {
        true => Framer::default(),
        false => Framer::within(part.begins),
    }
}

fn give<S: PartSink>(sink: &mut S, input: &Input, offset: u64, unwrapped: &Unwrapped<'_>) {
    let line = Line {
        text: unwrapped.text,
        wrapping: &unwrapped.wrapping,
        origin: &input.origin,
    };
    sink.line(offset, &line);
}

/// What a stream holds after the lines of `bytes`, which begin at `offset`; with `is_last` also after one
/// that has no end.
fn held_after(mut resumed: Resumed, (offset, bytes): (u64, &[u8]), is_last: bool) -> Vec<u8> {
    let (unwrapper, joiner) = (&mut resumed.unwrapper, &mut resumed.joiner);
    let each = |at: usize, raw: &[u8]| {
        let offset = offset + at as u64;
        if let (Some(line), Some(joiner)) = (unwrapper.unwrap(offset, raw), &mut *joiner) {
            joiner.line(offset, &line, |_, _| {});
        }
    };
    match is_last {
        true => resumed.framer.finish(bytes, each),
        false => resumed.framer.cut(bytes, each),
    };
    written(&resumed.unwrapper, resumed.joiner.as_deref())
}

fn written(unwrapper: &Unwrapper, joiner: Option<&Joiner>) -> Vec<u8> {
    let mut held = Vec::new();
    resume::write(&Framer::default(), unwrapper, joiner, &mut held);
    held
}
