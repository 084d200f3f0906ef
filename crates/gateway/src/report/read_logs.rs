//! Logs read to their end by several threads: files, rotated and compressed ones, standard input.
//!
//! A large file is read in parts that begin at lines. What cannot be read is left, said at the end,
//! and takes nothing from what was read before.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::collect::{Collector, Plan, Totals};
use logmetrics_core::pipeline;
use logmetrics_follow::line::Origin;
use logmetrics_follow::line::unwrap::Unwrapper;
use logmetrics_follow::{InputKind, Specification, existing};

/// A plain file is cut into parts of about so many bytes.
const PART_BYTES: u64 = 8 << 20;

/// How much is looked at where a file may be cut, in bytes.
const LOOK_BYTES: usize = 64 << 10;

/// Lines that are looked at there.
const LOOK_LINES: usize = 8;

/// What is to be read.
#[derive(Debug)]
pub struct Work {
    parts: Vec<Part>,
    /// What could not even be begun.
    failed: Vec<String>,
    /// The bytes of all files together, compressed ones as they are; standard input has none.
    pub bytes: u64,
}

/// A piece of work of one thread.
#[derive(Debug)]
struct Part {
    origin: Origin,
    place: InputLocation,
}

struct Fetched(Mutex<Option<Box<dyn Read + Send>>>);

impl fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fetched")
    }
}

#[derive(Debug)]
enum InputLocation {
    StandardInput,
    /// Lines that are fetched, to be taken once.
    Fetched(Fetched),
    Whole(PathBuf),
    Range(PathBuf, u64, u64),
}

impl Work {
    /// What `specifications` name now.
    pub fn plan(specifications: &[Specification]) -> Work {
        let mut work = Work {
            parts: Vec::new(),
            failed: Vec::new(),
            bytes: 0,
        };
        let (mut files, problems) = existing(specifications);
        // A link leads to a file that may be named too, and must not count twice.
        let mut seen = BTreeSet::new();
        files.retain(|(_, path)| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
        for (number, specification) in specifications.iter().enumerate() {
            let source = &specification.source;
            match &specification.kind {
                InputKind::StandardInput => work.parts.push(Part {
                    origin: origin(source, None),
                    place: InputLocation::StandardInput,
                }),
                InputKind::Fifo(path) => work.parts.push(Part {
                    origin: origin(source, Some(path)),
                    place: InputLocation::Whole(path.clone()),
                }),
                InputKind::File(_) | InputKind::Glob(_) => {
                    for (_, path) in files.iter().filter(|(owner, _)| *owner == number) {
                        work.add_file(origin(source, Some(path)), path);
                    }
                    // By itself: its files may belong to arguments before it.
                    if existing(std::slice::from_ref(specification)).0.is_empty() {
                        work.failed.push(format!("no file matches `{source}`"));
                    }
                }
            }
        }
        let problems = problems.into_iter();
        work.failed
            .extend(problems.map(|(path, error)| unreadable(&path, &error)));
        work
    }

    /// Adds lines that come from elsewhere than files; `source` names it.
    pub fn add(&mut self, source: &str, lines: impl Read + Send + 'static) {
        self.parts.push(Part {
            origin: origin(&Arc::from(source), None),
            place: InputLocation::Fetched(Fetched(Mutex::new(Some(Box::new(lines))))),
        });
    }

    fn add_file(&mut self, origin: Origin, path: &Path) {
        match cuts(path) {
            Ok(cuts) => {
                self.bytes += cuts.last().copied().unwrap_or_default();
                let place = |range: &[u64]| match range {
                    [start, end] if cuts.len() > 2 => {
                        InputLocation::Range(path.into(), *start, *end)
                    }
                    _ => InputLocation::Whole(path.into()),
                };
                self.parts.extend(cuts.windows(2).map(|range| Part {
                    origin: origin.clone(),
                    place: place(range),
                }));
            }
            Err(error) => self.failed.push(unreadable(path, &error)),
        }
    }

    /// Reads everything with up to `threads` threads; `progress` is how many bytes of files were
    /// read. Also gives what went wrong, in words.
    pub fn read(
        self,
        plan: &Arc<Plan>,
        threads: usize,
        progress: &AtomicU64,
    ) -> (Totals, Vec<String>) {
        let threads = threads.clamp(1, self.parts.len().max(1));
        let failed = Mutex::new(self.failed);
        let queue: Mutex<VecDeque<(u64, Part)>> = Mutex::new((0..).zip(self.parts).collect());
        let next = || {
            queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let work = || {
            let mut collector = Collector::new(Arc::clone(plan));
            while let Some((number, part)) = next() {
                collector.begin_part(number);
                if let Err(message) = part.read(&mut collector, progress) {
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.push(message);
                }
            }
            collector.finish()
        };
        let mut totals = Totals::default();
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            totals.merge(work());
            for other in others {
                match other.join() {
                    Ok(others) => totals.merge(others),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        let mut failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.sort();
        (totals, failed)
    }
}

impl Part {
    fn read(&self, collector: &mut Collector, progress: &AtomicU64) -> Result<(), String> {
        let name = match &self.place {
            InputLocation::StandardInput => "standard input".to_owned(),
            InputLocation::Fetched(_) => self.origin.source.to_string(),
            InputLocation::Whole(path) | InputLocation::Range(path, ..) => {
                format!("`{}`", path.display())
            }
        };
        let mut lines = 0_u64;
        let mut compressed = false;
        let result = self.open(progress).and_then(|(input, is_compressed)| {
            compressed = is_compressed;
            pipeline::read_lines(input, &self.origin, |line| {
                lines += 1;
                collector.line(line);
                Ok(())
            })
        });
        result.map_err(|error| match lines {
            0 if !compressed => format!("cannot read {name}: {error}"),
            _ if compressed => format!(
                "{name} is damaged or cut short: {error}; its first {lines} lines count, the rest is lost"
            ),
            _ => format!("cannot read {name} to its end: {error}; its first {lines} lines count"),
        })
    }

    /// The bytes of lines, and whether they are decompressed.
    fn open<'p>(&self, progress: &'p AtomicU64) -> io::Result<(Box<dyn Read + 'p>, bool)> {
        match &self.place {
            InputLocation::StandardInput => decompressed(io::stdin().lock()),
            InputLocation::Fetched(Fetched(lines)) => {
                let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).take();
                Ok((lines.unwrap_or_else(|| Box::new(io::empty())), false))
            }
            InputLocation::Whole(path) => {
                let bytes = File::open(path)?;
                decompressed(Counted { bytes, progress })
            }
            InputLocation::Range(path, start, end) => {
                let mut bytes = File::open(path)?;
                bytes.seek(SeekFrom::Start(*start))?;
                let bytes = Counted { bytes, progress }.take(end - start);
                Ok((Box::new(bytes), false))
            }
        }
    }
}

/// Adds what is read to the progress.
struct Counted<'p, R> {
    bytes: R,
    progress: &'p AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.progress.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The bytes of lines, and whether they were packed: gzip and zstd are known by their first bytes,
/// whatever the file is called.
///
/// # Errors
/// Where not even these can be read.
pub fn decompressed<'r>(bytes: impl Read + 'r) -> io::Result<(Box<dyn Read + 'r>, bool)> {
    let mut bytes = BufReader::with_capacity(LOOK_BYTES, bytes);
    // A pipe may give its first bytes one by one; then they are looked at as they stand.
    let head = bytes.fill_buf()?;
    Ok(match head {
        [0x1f, 0x8b, ..] => (Box::new(flate2::bufread::MultiGzDecoder::new(bytes)), true),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
            (Box::new(decoder), true)
        }
        _ => (Box::new(bytes), false),
    })
}

/// Where a file is cut: rising, from 0 to its size. Only plain files are cut, behind a line that
/// cannot be a part of one.
fn cuts(path: &Path) -> io::Result<Vec<u64>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let size = metadata.len();
    let mut cuts = vec![0];
    if metadata.is_file() && size > 2 * PART_BYTES && is_plain(&mut file, 0)?.is_some() {
        let mut wanted = PART_BYTES;
        while wanted + PART_BYTES / 2 < size {
            if let Some(cut) = is_plain(&mut file, wanted)? {
                cuts.push(cut);
            }
            wanted += PART_BYTES;
        }
    }
    cuts.push(size);
    Ok(cuts)
}

/// Where the first line at or behind `offset` begins, if it and those behind it stand for themselves:
/// docker's and Kubernetes' records may be parts of a line, and those in between must be read in order.
fn is_plain(file: &mut File, offset: u64) -> io::Result<Option<u64>> {
    file.seek(SeekFrom::Start(offset.saturating_sub(1)))?;
    let mut head = vec![0; LOOK_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        match file.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let head = &head[..filled];
    let start = match offset {
        0 if head.starts_with(&[0x1f, 0x8b]) || head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) => {
            return Ok(None);
        }
        0 => 0,
        // The byte before is read too: where it ends a line, the next begins right there.
        _ => match memchr::memchr(b'\n', head) {
            Some(end) => end + 1,
            None => return Ok(None),
        },
    };
    let mut unwrapper = Unwrapper::default();
    let mut lines = head[start..].split(|byte| *byte == b'\n');
    let plain = lines.by_ref().take(LOOK_LINES).all(|line| {
        let unwrapped = unwrapper.unwrap(0, line);
        unwrapped.is_some_and(|line| line.wrapping.time.is_none())
    });
    Ok(plain.then_some(offset.saturating_sub(1) * u64::from(offset > 0) + start as u64))
}

fn origin(source: &Arc<str>, path: Option<&Path>) -> Origin {
    let name = path.and_then(Path::file_name);
    Origin {
        source: Arc::clone(source),
        file: name.map_or_else(|| Arc::clone(source), |name| name.to_string_lossy().into()),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read `{}`: {error}", path.display())
}
