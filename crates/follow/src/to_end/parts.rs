//! Inputs cut into parts, each of which a thread can read by itself.
//!
//! A part ends where a line ends. Only a line that is longer than any that is read whole
//! ([`LINE_BYTES_MAX`]) is cut in the middle, and the part after it begins with the rest of it, which
//! is skipped.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::handover::Handover;
use super::inputs::Source;
use super::progress::Counted;
use super::{Input, InputError, Inputs};
use crate::compression::{Compression, decompressed};
use crate::line::LINE_BYTES_MAX;
use crate::line::encoding::Encoding;
use crate::line::framer::PartBegins;
use crate::line::multiline::{Multiline, MultilineByFile};
use crate::pipe_size;

/// A part has about so many bytes: enough that a thread seldom waits for its turn, and few enough that
/// they are still in the nearer caches when their lines are read (a megabyte costs 3 to 6 % more time).
pub(super) const PART_BYTES: usize = 512 << 10;

/// How much is looked at for a line's end, in bytes.
const LOOK_BYTES: usize = 4 << 10;

/// Whole lines of one input.
pub(super) struct Part {
    /// Of all parts of all inputs.
    pub(super) number: u64,
    pub(super) input: Arc<Input>,
    pub(super) handover: Arc<Handover>,
    /// Of the parts that share its handover.
    pub(super) index: u64,
    /// The input begins with it.
    pub(super) is_first: bool,
    /// Where it begins in its input.
    pub(super) offset: u64,
    pub(super) begins: PartBegins,
    /// The input ends with it.
    pub(super) is_last: bool,
    /// There is a part after it, which what is not whole goes on in.
    pub(super) goes_on: bool,
    /// How its lines are joined.
    pub(super) multiline: Option<Arc<Multiline>>,
    pub(super) content: Content,
}

/// The bytes of a part.
pub(super) enum Content {
    /// To be read from a file; `length` is none up to the end of the file.
    Range {
        file: Arc<File>,
        length: Option<usize>,
    },
    Bytes(Buffer),
}

/// Bytes whose memory is used again, without being cleared each time.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    /// How many bytes are there.
    pub(super) filled: usize,
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[..self.filled]
    }

    /// Room for so many more bytes.
    pub(super) fn room(&mut self, bytes: usize) -> &mut [u8] {
        let end = self.filled + bytes;
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        &mut self.memory[self.filled..end]
    }

    fn take_from(&mut self, bytes: &[u8]) {
        self.filled = 0;
        self.room(bytes.len()).copy_from_slice(bytes);
        self.filled = bytes.len();
    }
}

/// What is left to read; whoever is free takes the next part.
pub(super) struct Queue {
    waiting: VecDeque<(Arc<Input>, Source)>,
    open: Option<Open>,
    /// Where the input before went on in the next one.
    row: Option<Row>,
    is_prompt: bool,
    part_bytes: usize,
    multiline: MultilineByFile,
    next_number: u64,
    /// With the input and whether it is compressed: how many of its lines were read is known at the end.
    failed: Vec<(Arc<Input>, bool, io::Error)>,
    errors: Vec<InputError>,
}

/// The parts of the files of one log, one after the other.
struct Row {
    /// The file that was last.
    input: Arc<Input>,
    handover: Arc<Handover>,
    next_index: u64,
}

impl Row {
    fn new(input: &Arc<Input>) -> Row {
        Row {
            input: Arc::clone(input),
            handover: Arc::default(),
            next_index: 0,
        }
    }

    /// A part without bytes: what was to go on in it ends here.
    fn end(self, number: u64) -> Part {
        Part {
            multiline: None,
            number,
            input: self.input,
            handover: self.handover,
            index: self.next_index,
            is_first: false,
            offset: 0,
            begins: PartBegins::AfterLine,
            is_last: true,
            goes_on: false,
            content: Content::Bytes(Buffer::default()),
        }
    }
}

/// The input that is being cut.
struct Open {
    input: Arc<Input>,
    row: Row,
    /// The next input is where the log went on.
    goes_on: bool,
    offset: u64,
    is_first: bool,
    begins: PartBegins,
    part_bytes: usize,
    /// A part of a stream has so many bytes at least.
    least: usize,
    multiline: Option<Arc<Multiline>>,
    bytes: Bytes,
}

enum Bytes {
    File {
        file: Arc<File>,
        size: u64,
    },
    Stream {
        stream: Box<dyn Read + Send>,
        is_compressed: bool,
        /// What was read and belongs to the next part.
        rest: Vec<u8>,
    },
}

impl Queue {
    pub(super) fn new(inputs: Inputs) -> Queue {
        Queue {
            waiting: inputs.waiting.into(),
            open: None,
            row: None,
            is_prompt: inputs.is_prompt,
            part_bytes: inputs.part_bytes,
            multiline: inputs.multiline,
            next_number: 0,
            failed: Vec::new(),
            errors: inputs.errors,
        }
    }

    /// The next part, if there is one; `spare` is a buffer that it may take. Adds to `progress` what
    /// it reads itself from files.
    pub(super) fn next_part(
        &mut self,
        progress: &Arc<AtomicU64>,
        spare: &mut Buffer,
    ) -> Option<Part> {
        loop {
            let Some(open) = &mut self.open else {
                let row = self.open_next(progress)?;
                if let Some(row) = row {
                    self.next_number += 1;
                    return Some(row.end(self.next_number - 1));
                }
                continue;
            };
            let (part, error) = open.next_part(self.next_number, spare);
            self.next_number += 1;
            if let Some(error) = error {
                let failed = (Arc::clone(&open.input), open.bytes.is_compressed(), error);
                self.failed.push(failed);
            }
            if part.is_last {
                let open = self.open.take();
                self.row = open.filter(|_| part.goes_on).map(|open| open.row);
            }
            return Some(part);
        }
    }

    /// Opens the next input, if there is one. Gives the row of the one before where that should have gone
    /// on in one that cannot be read.
    fn open_next(&mut self, progress: &Arc<AtomicU64>) -> Option<Option<Row>> {
        let (input, source) = self.waiting.pop_front()?;
        let row = self.row.take();
        let next = self.waiting.front();
        let goes_on = next.is_some_and(|(_, next)| source.goes_on_in(next));
        let multiline = source.multiline(&input.origin, &self.multiline);
        let error = match Bytes::open(source, progress) {
            Ok((bytes, None)) => {
                let row = row.map(|row| Row {
                    input: Arc::clone(&input),
                    ..row
                });
                self.open = Some(Open {
                    row: row.unwrap_or_else(|| Row::new(&input)),
                    input,
                    goes_on,
                    offset: 0,
                    is_first: true,
                    begins: PartBegins::AfterLine,
                    part_bytes: self.part_bytes,
                    least: if self.is_prompt { 1 } else { self.part_bytes },
                    multiline,
                    bytes,
                });
                return Some(None);
            }
            Ok((_, Some(encoding))) => {
                io::Error::new(io::ErrorKind::InvalidData, not_utf8(encoding))
            }
            Err(error) => error,
        };
        self.failed.push((input, false, error));
        Some(row)
    }

    /// A part could not be read to its end.
    pub(super) fn read_failed(&mut self, part: &Part, error: io::Error) {
        self.failed.push((Arc::clone(&part.input), false, error));
    }

    /// Nobody wants more.
    pub(super) fn leave_the_rest(&mut self) {
        self.waiting.clear();
        self.open = None;
        self.row = None;
    }

    /// What could not be read.
    pub(super) fn into_errors(self) -> Vec<InputError> {
        let failed = self.failed.into_iter();
        let failed = failed.map(|(input, is_compressed, error)| input.error(error, is_compressed));
        self.errors.into_iter().chain(failed).collect()
    }
}

impl Open {
    /// The next part; and why it is the last one, where it should not be.
    fn next_part(&mut self, number: u64, spare: &mut Buffer) -> (Part, Option<io::Error>) {
        let offset = self.offset;
        let (content, length, end) = match &mut self.bytes {
            Bytes::File { file, size } => {
                let (length, end) = end_of_range(file, offset, (*size, self.part_bytes));
                let file = Arc::clone(file);
                let range = length.filter(|_| matches!(end, End::Line | End::Nul | End::Cut));
                let content = Content::Range {
                    file,
                    length: range,
                };
                (content, length.unwrap_or_default(), end)
            }
            Bytes::Stream { stream, rest, .. } => {
                let mut buffer = std::mem::take(spare);
                let end = next_bytes(stream.as_mut(), self.least, rest, &mut buffer);
                let length = buffer.filled;
                (Content::Bytes(buffer), length, end)
            }
        };
        let part = Part {
            number,
            input: Arc::clone(&self.input),
            handover: Arc::clone(&self.row.handover),
            index: self.row.next_index,
            is_first: self.is_first,
            offset,
            begins: self.begins,
            is_last: matches!(end, End::Input | End::Error(_)),
            goes_on: match end {
                End::Input => self.goes_on,
                // What follows the broken place is not known.
                End::Error(_) => false,
                End::Line | End::Nul | End::Cut => true,
            },
            multiline: self.multiline.clone(),
            content,
        };
        self.row.next_index += 1;
        self.is_first = false;
        self.offset += length as u64;
        let (begins, error) = match end {
            End::Cut => (PartBegins::InCutLine, None),
            End::Nul => (PartBegins::AfterNul, None),
            End::Line | End::Input => (PartBegins::AfterLine, None),
            End::Error(error) => (PartBegins::AfterLine, Some(error)),
        };
        self.begins = begins;
        (part, error)
    }
}

/// Where a part ends.
enum End {
    /// After a line's `\n`.
    Line,
    /// In a run of NULs, which ends a line, too.
    Nul,
    /// In a line that is too long.
    Cut,
    /// With its input.
    Input,
    /// Where its input can be read no further.
    Error(io::Error),
}

/// Where a line surely ends: after its `\n`, or within a run of NULs. A single NUL may be a part of a
/// line.
fn first_line_end(bytes: &[u8]) -> Option<(usize, End)> {
    memchr::memchr2_iter(b'\n', 0, bytes).find_map(|at| match bytes.get(at..at + 2) {
        Some([0, 0]) => Some((at + 2, End::Nul)),
        _ if bytes[at] == b'\n' => Some((at + 1, End::Line)),
        _ => None,
    })
}

/// The last such place: after a `\n`, if there is one.
fn last_line_end(bytes: &[u8]) -> Option<(usize, End)> {
    let line = memchr::memrchr(b'\n', bytes).map(|at| (at + 1, End::Line));
    line.or_else(|| memchr::memmem::rfind(bytes, b"\0\0").map(|at| (at + 2, End::Nul)))
}

/// How long the part is that begins at `offset`, in bytes, and where it ends.
fn end_of_range(
    file: &File,
    offset: u64,
    (size, part_bytes): (u64, usize),
) -> (Option<usize>, End) {
    if size.saturating_sub(offset) <= 2 * part_bytes as u64 {
        // The file may grow meanwhile: it is read up to where it ends then.
        return (None, End::Input);
    }
    let mut look = [0; LOOK_BYTES];
    let mut length = part_bytes - 1;
    while length <= part_bytes + LINE_BYTES_MAX {
        match read_at(file, &mut look, offset + length as u64) {
            Ok(0) => return (None, End::Input),
            Ok(read) => match first_line_end(&look[..read]) {
                Some((end, is_after)) => return (Some(length + end), is_after),
                None => length += read,
            },
            Err(error) => return (None, End::Error(error)),
        }
    }
    (Some(length), End::Cut)
}

/// Reads the next part of a stream, of at least so many bytes where there are more, and leaves in
/// `rest` what comes after it.
fn next_bytes(stream: &mut dyn Read, least: usize, rest: &mut Vec<u8>, buffer: &mut Buffer) -> End {
    buffer.take_from(rest);
    rest.clear();
    // The bytes before this hold no line's end.
    let mut searched = 0;
    loop {
        if buffer.filled >= least {
            if let Some((end, is_after)) = last_line_end(&buffer.bytes()[searched..]) {
                let end = searched + end;
                rest.extend_from_slice(&buffer.bytes()[end..]);
                buffer.filled = end;
                return is_after;
            }
            searched = buffer.filled;
            if buffer.filled > least + LINE_BYTES_MAX {
                return End::Cut;
            }
        }
        match stream.read(buffer.room(PART_BYTES)) {
            Ok(0) => return End::Input,
            Ok(read) => buffer.filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return End::Error(error),
        }
    }
}

impl Bytes {
    /// Opens an input, and looks at its first bytes: whether it is text in UTF-8.
    fn open(source: Source, progress: &Arc<AtomicU64>) -> io::Result<(Bytes, Option<Encoding>)> {
        let (mut stream, is_compressed) = match source {
            Source::Bytes(stream, _) => (stream, false),
            Source::StandardInput => {
                pipe_size::widen(io::stdin());
                decompressed(io::stdin())?
            }
            Source::File(path) => {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                if metadata.is_file() && CAN_READ_AT {
                    let mut head = [0; LOOK_BYTES];
                    let read = read_at(&file, &mut head, 0)?;
                    let head = &head[..read];
                    if Compression::of(head).is_none() {
                        let bytes = Bytes::File {
                            file: Arc::new(file),
                            size: metadata.len(),
                        };
                        return Ok((bytes, Encoding::of(head)));
                    }
                }
                pipe_size::widen(&file);
                let progress = Arc::clone(progress);
                decompressed(Counted {
                    bytes: file,
                    progress: metadata.is_file().then_some(progress),
                })?
            }
        };
        // What was read to look at it belongs to the first part.
        let mut rest = vec![0; LOOK_BYTES];
        let read = loop {
            match stream.read(&mut rest) {
                Ok(read) => break read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        rest.truncate(read);
        let encoding = Encoding::of(&rest);
        let bytes = Bytes::Stream {
            stream,
            is_compressed,
            rest,
        };
        Ok((bytes, encoding))
    }

    fn is_compressed(&self) -> bool {
        matches!(
            self,
            Bytes::Stream {
                is_compressed: true,
                ..
            }
        )
    }
}

/// Nothing of it is counted, and this is the way out.
fn not_utf8(encoding: Encoding) -> String {
    format!(
        "it is {encoding}, and only UTF-8 is read; \
         write the log in UTF-8, or convert it: iconv -f UTF-16 -t UTF-8"
    )
}

/// Elsewhere files are streams: one thread reads, and the others take what it has read.
const CAN_READ_AT: bool = cfg!(unix);

/// Reads at a place; the file's own position stays.
#[cfg(unix)]
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(not(unix))]
pub(super) fn read_at(_file: &File, _buffer: &mut [u8], _offset: u64) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}
