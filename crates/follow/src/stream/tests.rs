//! Pipes, redirected files and fifos, in real time: every wait has a condition and a deadline.

#![cfg(unix)]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use super::{Stream, polled};
use crate::testing::{Lines, Said, SharedLines, make_fifo};
use crate::{InputKind, Mode, Specification, Stop};

fn standard_input() -> Stream {
    let specification = Specification {
        source: Arc::from("-"),
        kind: InputKind::StandardInput,
    };
    Stream::new(&specification, Mode::Follow, &Arc::default()).unwrap()
}

/// A stream on a thread of its own.
struct Running {
    lines: SharedLines,
    said: Arc<Said>,
    stop: Stop,
    thread: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(
        work: impl FnOnce(&mut SharedLines, &Said, &Stop) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (lines, said, stop) = (
            SharedLines::default(),
            Arc::new(Said::default()),
            Stop::new(),
        );
        let thread = {
            let (mut lines, said, stop) = (lines.clone(), Arc::clone(&said), stop.clone());
            std::thread::spawn(move || work(&mut lines, &said, &stop))
        };
        Running {
            lines,
            said,
            stop,
            thread,
        }
    }

    fn input(input: impl Into<OwnedFd>) -> Self {
        let input = input.into();
        Self::start(move |lines, said, stop| {
            polled::read_input(&standard_input(), input.as_fd(), lines, said, stop)
        })
    }

    fn fifo(path: &Path, mode: Mode) -> Self {
        let source = Arc::from(path.to_string_lossy());
        let specification = Specification {
            source,
            kind: InputKind::Fifo(path.to_owned()),
        };
        let stream = Stream::new(&specification, mode, &Arc::default()).unwrap();
        Self::start(move |lines, said, stop| stream.run(lines, said, stop))
    }

    #[track_caller]
    fn until(&self, wanted: &[&str]) {
        self.lines.until(|lines| lines.all() == wanted);
    }

    /// Waits for the thread; returns all lines and what was said.
    fn end(self) -> (Vec<String>, Vec<String>) {
        self.thread.join().unwrap().unwrap();
        let own = |lines: &mut Lines| lines.all().into_iter().map(str::to_owned).collect();
        (self.lines.with(own), self.said.take())
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gw.fifo");
    (folder, path)
}

#[test]
fn a_pipe_is_read_as_it_comes_and_its_last_line_counts() {
    let (reader, mut writer) = io::pipe().unwrap();
    let running = Running::input(reader);
    writer.write_all(b"one\ntw").unwrap();
    running.until(&["one"]);
    writer.write_all(b"o\nthree\nno end").unwrap();
    running.until(&["one", "two", "three"]);
    drop(writer);
    let (lines, said) = running.end();
    assert_eq!(lines, ["one", "two", "three", "no end"]);
    assert_eq!(said, ["opened -", "caught up ", "ended -"]);
}

#[test]
fn a_redirected_file_is_read_from_where_it_stands() {
    let mut file = tempfile::tempfile().unwrap();
    let text: String = (0..200_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    write!(file, "skipped\n{text}no end").unwrap();
    file.seek(io::SeekFrom::Start(8)).unwrap();
    let (lines, said) = Running::input(file).end();
    assert_eq!(lines.len(), 200_001);
    assert_eq!(
        (lines[0].as_str(), lines[200_000].as_str()),
        ("line 0", "no end")
    );
    assert_eq!(said, ["opened -", "caught up ", "ended -"]);
}

#[test]
fn a_stop_wakes_a_sleeping_reader_and_half_a_line_is_not_handed_over() {
    let (reader, mut writer) = io::pipe().unwrap();
    let running = Running::input(reader);
    writer.write_all(b"one\nhalf").unwrap();
    running.until(&["one"]);
    running.stop.drain();
    let (lines, said) = running.end();
    assert_eq!(lines, ["one"]);
    assert_eq!(said, ["opened -", "caught up "], "it has not ended");
    drop(writer);
}

#[test]
fn a_stop_reads_what_the_pipe_holds_and_no_more() {
    let (reader, mut writer) = io::pipe().unwrap();
    writer.write_all(b"one\ntwo\n").unwrap();
    let stop = Stop::new();
    stop.drain();
    let (mut lines, said) = (Lines::default(), Said::default());
    polled::read_input(&standard_input(), reader.as_fd(), &mut lines, &said, &stop).unwrap();
    assert_eq!(lines.all(), ["one", "two"]);
    assert!(!lines.streams[0].closed);
}

#[test]
fn long_lines_and_many_bytes_keep_their_order() {
    let (reader, mut writer) = io::pipe().unwrap();
    let running = Running::input(reader);
    let long = "x".repeat(3_000_000);
    writeln!(writer, "one\n{long}\ntwo").unwrap();
    drop(writer);
    let (lines, _) = running.end();
    let lengths: Vec<_> = lines.iter().map(String::len).collect();
    assert_eq!(lengths, [3, 1 << 20, 3]);
}

#[test]
fn a_fifo_never_ends_while_it_is_followed() {
    let (_folder, path) = scratch();
    make_fifo(&path);
    let running = Running::fifo(&path, Mode::Follow);
    let mut expected = String::new();
    for writer in 0..20 {
        // Opening for writing waits for the reader, so no line can be written into the void.
        let mut fifo = File::options().write(true).open(&path).unwrap();
        write!(fifo, "{writer}\nno end {writer}").unwrap();
        write!(expected, "{writer}no end {writer}").unwrap();
    }
    running
        .lines
        .until(|lines| lines.all().concat() == expected);
    running.stop.drain();
    // A writer that comes before the last one's end was seen goes on in its line: that is what a
    // fifo is. So only the bytes are compared.
    let (lines, said) = running.end();
    assert_eq!(lines.concat(), expected);
    assert_eq!(said, ["opened gw.fifo", "caught up "]);
}

#[test]
fn a_fifo_ends_once() {
    let (_folder, path) = scratch();
    make_fifo(&path);
    let running = Running::fifo(&path, Mode::Once);
    fs::write(&path, "one\nno end").unwrap();
    let (lines, said) = running.end();
    assert_eq!(lines, ["one", "no end"]);
    assert_eq!(said, ["opened gw.fifo", "caught up ", "ended gw.fifo"]);
}

#[test]
fn a_fifo_without_a_writer_can_be_stopped() {
    let (_folder, path) = scratch();
    make_fifo(&path);
    let running = Running::fifo(&path, Mode::Follow);
    running.said.until("caught up");
    running.stop.drain();
    assert_eq!(running.end().0, Vec::<String>::new());
}

#[test]
fn a_fifo_that_is_gone_is_waited_for() {
    let (_folder, path) = scratch();
    let running = Running::fifo(&path, Mode::Follow);
    running.said.until("waiting");
    make_fifo(&path);
    fs::write(&path, "one\n").unwrap();
    running.until(&["one"]);
    running.stop.drain();
    assert_eq!(
        running.end().1,
        ["waiting gw.fifo", "caught up ", "opened gw.fifo"]
    );
}

#[test]
fn once_a_fifo_that_is_gone_is_an_error() {
    let (_folder, path) = scratch();
    let running = Running::fifo(&path, Mode::Once);
    let error = running.thread.join().unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_device_that_ends_has_ended() {
    let running = Running::fifo(Path::new("/dev/null"), Mode::Follow);
    let (lines, said) = running.end();
    assert!(lines.is_empty());
    assert_eq!(said, ["opened null", "caught up ", "ended null"]);
}
