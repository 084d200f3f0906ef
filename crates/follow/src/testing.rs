//! What the tests of this crate share: a sink and events that remember, and a waker turned by hand.
//!
//! Nothing here sleeps; what waits for another thread waits for a condition, with a deadline.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::compression::Compression;
use crate::line::encoding::Encoding;
use crate::line::multiline::Multiline;
use crate::line::resume::{self, Resumed};
use crate::line::unwrap::Unwrapped;
use crate::line::{LINE_BYTES_MAX, Origin};
use crate::stop::Stop;
use crate::watch::{Waker, Woken};
use crate::{Events, Sink, StreamId};

/// Lines by stream, as a sink sees them.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) streams: Vec<Received>,
    /// The lines of all streams in the order in which they came.
    pub(crate) in_order: Vec<String>,
    /// How many bytes were offered, again and again ones included.
    pub(crate) offered: usize,
    /// How lines are joined, if they are.
    pub(crate) multiline: Option<Arc<Multiline>>,
}

#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) origin: Origin,
    pub(crate) begin: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) closed: bool,
    next: u64,
    resumed: Resumed,
}

impl Received {
    /// Takes raw bytes as they are offered, or the last ones.
    fn read(&mut self, offset: u64, bytes: &[u8], is_last: bool) -> usize {
        let lines = &mut self.lines;
        let Resumed {
            framer,
            unwrapper,
            joiner,
        } = &mut self.resumed;
        let mut each = |line: &Unwrapped<'_>| lines.push(text(line.text));
        let raw = |at: usize, raw: &[u8]| {
            let Some(line) = unwrapper.unwrap(offset + at as u64, raw) else {
                return;
            };
            match joiner {
                Some(joiner) => joiner.line(offset, &line, |_, record| each(record)),
                None => each(&line),
            }
        };
        match is_last {
            true => framer.finish(bytes, raw).taken,
            false => framer.cut(bytes, raw).taken,
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).into_owned()
}

impl Lines {
    /// As if these lines had been counted before.
    pub(crate) fn counted(in_order: Vec<String>) -> Self {
        Lines {
            in_order,
            ..Lines::default()
        }
    }

    pub(crate) fn all(&self) -> Vec<&str> {
        self.streams
            .iter()
            .flat_map(|stream| &stream.lines)
            .map(String::as_str)
            .collect()
    }
}

/// What is carried over in the middle of a line that is too long.
pub(crate) const SKIPPING: &[u8] = b"\x01\x01";

impl Sink for Lines {
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
        let resumed = resume::read(resume_state, self.multiline.as_ref());
        self.streams.push(Received {
            origin,
            begin: offset,
            lines: Vec::new(),
            closed: false,
            next: offset,
            resumed,
        });
        StreamId(self.streams.len() - 1)
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        self.offered += bytes.len();
        let stream = &mut self.streams[stream.0];
        assert!(!stream.closed, "offered to a closed stream");
        assert_eq!(offset, stream.next, "offered what does not follow");
        let before = stream.lines.len();
        let taken = stream.read(offset, bytes, false);
        assert!(
            taken > 0 || bytes.len() == LINE_BYTES_MAX,
            "offered without a line: {} bytes",
            bytes.len()
        );
        stream.next += taken as u64;
        self.in_order.extend_from_slice(&stream.lines[before..]);
        taken
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        let stream = &self.streams[stream.0];
        let Resumed {
            framer,
            unwrapper,
            joiner,
        } = &stream.resumed;
        resume::write(framer, unwrapper, joiner.as_deref(), out);
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        let two = self.streams.get_disjoint_mut([from.0, to.0]).unwrap();
        let [from, to] = two.map(|stream| &mut stream.resumed);
        to.unwrapper = std::mem::take(&mut from.unwrapper);
        if let (Some(to), Some(from)) = (&mut to.joiner, &mut from.joiner) {
            to.take_over(from);
        }
    }

    fn joins_lines(&self, _stream: StreamId) -> bool {
        self.multiline.is_some()
    }

    fn holds_records(&self, stream: StreamId) -> bool {
        let joiner = self.streams[stream.0].resumed.joiner.as_ref();
        joiner.is_some_and(|joiner| joiner.holds_records())
    }

    fn settle_records(&mut self, stream: StreamId, now: Instant) -> Option<Instant> {
        let stream = &mut self.streams[stream.0];
        let (before, lines) = (stream.lines.len(), &mut stream.lines);
        let joiner = stream.resumed.joiner.as_mut()?;
        let next = joiner.settle(now, None, |_, record| lines.push(text(record.text)));
        self.in_order.extend_from_slice(&stream.lines[before..]);
        next
    }

    fn finish_records(&mut self, stream: StreamId) {
        let stream = &mut self.streams[stream.0];
        let (before, lines) = (stream.lines.len(), &mut stream.lines);
        if let Some(joiner) = &mut stream.resumed.joiner {
            joiner.finish(|_, record| lines.push(text(record.text)));
        }
        self.in_order.extend_from_slice(&stream.lines[before..]);
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        let stream = &mut self.streams[stream.0];
        assert!(!stream.closed, "closed twice");
        assert_eq!(offset, stream.next, "closed elsewhere");
        assert!(
            !rest.contains(&b'\n'),
            "a line was left: {:?}",
            String::from_utf8_lossy(rest)
        );
        let before = stream.lines.len();
        stream.read(offset, rest, true);
        let (lines, resumed) = (&mut stream.lines, &mut stream.resumed);
        while let Some(part) = resumed.unwrapper.flush() {
            match &mut resumed.joiner {
                Some(joiner) => {
                    joiner.line(offset, &part, |_, record| lines.push(text(record.text)))
                }
                None => lines.push(text(part.text)),
            }
        }
        if let Some(joiner) = &mut resumed.joiner {
            joiner.end(|_, record| lines.push(text(record.text)));
        }
        self.in_order.extend_from_slice(&stream.lines[before..]);
        stream.closed = true;
    }
}

/// A sink that another thread can look into.
#[derive(Clone, Default)]
pub(crate) struct SharedLines {
    shared: Arc<(Mutex<Lines>, Condvar)>,
}

impl SharedLines {
    /// Waits until `wanted` holds, for ten seconds at most; returns how long that took.
    #[track_caller]
    pub(crate) fn until(&self, wanted: impl Fn(&Lines) -> bool) -> Duration {
        let start = Instant::now();
        let (lines, changed) = &*self.shared;
        let waited = changed
            .wait_timeout_while(lines.lock().unwrap(), Duration::from_secs(10), |lines| {
                !wanted(lines)
            })
            .unwrap();
        assert!(
            !waited.1.timed_out(),
            "waited in vain; there is {:?}",
            waited.0.all()
        );
        start.elapsed()
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Lines) -> R) -> R {
        let result = work(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
        result
    }
}

impl Sink for SharedLines {
    fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
        self.with(|lines| lines.open(origin, offset, resume_state))
    }

    fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
        self.with(|lines| lines.offer(stream, offset, bytes))
    }

    fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
        self.with(|lines| lines.resume_state(stream, out));
    }

    fn carry_over(&mut self, from: StreamId, to: StreamId) {
        self.with(|lines| lines.carry_over(from, to));
    }

    fn joins_lines(&self, stream: StreamId) -> bool {
        self.with(|lines| lines.joins_lines(stream))
    }

    fn holds_records(&self, stream: StreamId) -> bool {
        self.with(|lines| lines.holds_records(stream))
    }

    fn settle_records(&mut self, stream: StreamId, now: Instant) -> Option<Instant> {
        self.with(|lines| lines.settle_records(stream, now))
    }

    fn finish_records(&mut self, stream: StreamId) {
        self.with(|lines| lines.finish_records(stream));
    }

    fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
        self.with(|lines| lines.close(stream, offset, rest));
    }
}

/// Events as short texts: the event, and the base name it is about.
#[derive(Debug, Default)]
pub(crate) struct Said {
    texts: Mutex<Vec<String>>,
    said: Condvar,
}

impl Said {
    /// What was said since this was last asked, lag left out.
    pub(crate) fn take(&self) -> Vec<String> {
        let texts = std::mem::take(&mut *self.texts.lock().unwrap());
        texts
            .into_iter()
            .filter(|text| !text.starts_with("lag "))
            .collect()
    }

    /// The last lag that was said.
    pub(crate) fn lag(&self) -> Option<u64> {
        let texts = self.texts.lock().unwrap();
        texts
            .iter()
            .rev()
            .find_map(|text| text.strip_prefix("lag ")?.parse().ok())
    }

    /// Waits until `text` was said, for ten seconds at most.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) {
        let limit = Duration::from_secs(10);
        let missing = |texts: &mut Vec<String>| !texts.iter().any(|said| said.starts_with(text));
        let texts = self.texts.lock().unwrap();
        let waited = self.said.wait_timeout_while(texts, limit, missing).unwrap();
        assert!(
            !waited.1.timed_out(),
            "`{text}` was never said: {:?}",
            waited.0
        );
    }

    fn say(&self, event: &str, path: &Path) {
        let name = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy();
        self.texts.lock().unwrap().push(format!("{event} {name}"));
        self.said.notify_all();
    }
}

impl Events for Said {
    fn waiting(&self, source: &str) {
        self.say("waiting", Path::new(source));
    }
    fn opened(&self, _source: &str, path: &Path) {
        self.say("opened", path);
    }
    fn rotated(&self, _source: &str, path: &Path) {
        self.say("rotated", path);
    }
    fn truncated(&self, _source: &str, path: &Path) {
        self.say("truncated", path);
    }
    fn left(&self, _source: &str, path: &Path) {
        self.say("left", path);
    }
    fn unreadable(&self, _source: &str, path: &Path, error: &io::Error) {
        self.say(&format!("unreadable ({:?})", error.kind()), path);
    }
    fn ignored(&self, _source: &str, path: &Path) {
        self.say("ignored", path);
    }
    fn skipped(&self, _source: &str, path: &Path, _error: &io::Error) {
        self.say("skipped", path);
    }
    fn lost(&self, _source: &str, path: &Path) {
        self.say("lost", path);
    }
    fn not_utf8_text(&self, _source: &str, path: &Path, encoding: Encoding) {
        self.say(&format!("not UTF-8 but {encoding}"), path);
    }
    fn incomplete_record(&self, _source: &str, path: &Path) {
        self.say("incomplete record", path);
    }
    fn same_content(&self, _source: &str, path: &Path) {
        self.say("same content", path);
    }
    fn other_content(&self, _source: &str, path: &Path) {
        self.say("other content", path);
    }
    fn polling(&self, why: &str) {
        self.say("polling:", Path::new(why));
    }
    fn lag(&self, _source: &str, bytes: u64) {
        self.say("lag", Path::new(&bytes.to_string()));
    }
    fn caught_up(&self) {
        self.say("caught up", Path::new(""));
    }
    fn ended(&self, source: &str) {
        self.say("ended", Path::new(source));
    }
}

type Crank = Box<dyn FnOnce() -> Woken>;

/// A waker that wakes when the test says, and whose clock the test sets.
pub(crate) struct HandWaker {
    pub(crate) now: Instant,
    /// What happens during each sleep; after the last one the stop is requested.
    pub(crate) cranks: VecDeque<Crank>,
    pub(crate) stop: Stop,
    pub(crate) watched: BTreeSet<PathBuf>,
    /// How long each sleep might have been.
    pub(crate) pauses: Vec<Duration>,
}

impl HandWaker {
    pub(crate) fn new(stop: &Stop) -> Self {
        HandWaker {
            now: Instant::now(),
            cranks: VecDeque::new(),
            stop: stop.clone(),
            watched: BTreeSet::new(),
            pauses: Vec::new(),
        }
    }
}

impl Waker for HandWaker {
    fn now(&self) -> Instant {
        self.now
    }

    fn watch(&mut self, watched: &BTreeSet<PathBuf>, _events: &dyn Events) -> bool {
        let added = !watched.is_subset(&self.watched);
        self.watched = watched.clone();
        added
    }

    fn wait(&mut self, at_most: Duration) -> Woken {
        self.pauses.push(at_most);
        if at_most.is_zero() {
            return Woken::default();
        }
        match self.cranks.pop_front() {
            Some(crank) => crank(),
            None => {
                self.stop.drain();
                Woken::default()
            }
        }
    }
}

#[cfg(unix)]
pub(crate) fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
}

/// Every compression, by the ending of its names.
pub(crate) const COMPRESSIONS: [(&str, Compression); 4] = [
    (".gz", Compression::Gzip),
    (".zst", Compression::Zstandard),
    (".xz", Compression::Xz),
    (".bz2", Compression::Bzip2),
];

/// `bytes` as the program compresses them whose names have this ending.
pub(crate) fn compress(ending: &str, bytes: &[u8]) -> Vec<u8> {
    match ending {
        ".gz" => {
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        ".zst" => zstd::encode_all(bytes, 1).unwrap(),
        ".xz" => {
            let options = lzma_rust2::XzOptions::with_preset(0);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        ".bz2" => {
            let level = bzip2::Compression::fast();
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        other => panic!("{other} is no compression"),
    }
}

thread_local! {
    static WORK: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// So many names, files or contents were looked at.
pub(crate) fn count_work(amount: usize) {
    WORK.with(|work| work.set(work.get() + amount));
}

/// How many were since this was last asked.
pub(crate) fn take_work() -> usize {
    WORK.with(std::cell::Cell::take)
}
