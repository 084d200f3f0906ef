//! Real sockets, in real time: every wait has a condition and a deadline.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

use super::*;
use crate::testing::{Lines, Said, SharedLines};
use crate::{InputKind, Specification};

struct Running {
    lines: SharedLines,
    said: Arc<Said>,
    stop: Stop,
    thread: JoinHandle<io::Result<()>>,
}

impl Running {
    fn start(argument: &str) -> Running {
        let specification = Specification::parse(argument.as_ref()).unwrap();
        assert!(matches!(specification.kind, InputKind::Socket(_)));
        let stream = Stream::new(&specification, Mode::Follow, &Arc::default()).unwrap();
        let (lines, said, stop) = (
            SharedLines::default(),
            Arc::new(Said::default()),
            Stop::new(),
        );
        let thread = {
            let (mut lines, said, stop) = (lines.clone(), Arc::clone(&said), stop.clone());
            std::thread::spawn(move || stream.run(&mut lines, &*said, &stop))
        };
        Running {
            lines,
            said,
            stop,
            thread,
        }
    }

    #[track_caller]
    fn until(&self, wanted: &[&str]) {
        let sorted = |lines: &Lines| {
            let mut all: Vec<String> = lines.all().into_iter().map(str::to_owned).collect();
            all.sort();
            all
        };
        self.lines.until(|lines| sorted(lines) == wanted);
    }

    fn end(self) -> Vec<String> {
        self.stop.drain();
        self.thread.join().unwrap().unwrap();
        self.lines
            .with(|lines| lines.all().into_iter().map(str::to_owned).collect())
    }
}

fn scratch(scheme: &str) -> (tempfile::TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let argument = format!("{scheme}://{}", path.display());
    (folder, path, argument)
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn connections_are_read_side_by_side_and_their_last_lines_count() {
    let (_folder, path, argument) = scratch("unix");
    let running = Running::start(&argument);
    running.said.until("caught up");
    let mut one = UnixStream::connect(&path).unwrap();
    let mut other = UnixStream::connect(&path).unwrap();
    one.write_all(b"one\nhal").unwrap();
    other.write_all(b"other\nno end").unwrap();
    running.until(&["one", "other"]);
    one.write_all(b"f\n").unwrap();
    drop(other);
    running.until(&["half", "no end", "one", "other"]);
    // What is half a line when the program stops is not handed over.
    one.write_all(b"half agai").unwrap();
    assert_eq!(running.end().len(), 4);
    assert!(!path.exists(), "the socket goes with its reader");
}

#[test]
fn a_stop_reads_what_was_sent() {
    let (_folder, path, argument) = scratch("unix");
    let running = Running::start(&argument);
    running.said.until("caught up");
    let mut one = UnixStream::connect(&path).unwrap();
    one.write_all(b"one\n").unwrap();
    running.until(&["one"]);
    one.write_all(b"two\nthree\n").unwrap();
    assert_eq!(running.end(), ["one", "two", "three"]);
}

#[test]
fn datagrams_are_whole_lines() {
    let (_folder, path, argument) = scratch("unixgram");
    let running = Running::start(&argument);
    running.said.until("caught up");
    let sender = UnixDatagram::unbound().unwrap();
    for text in ["one", "two\n", "three\nfour", ""] {
        sender.send_to(text.as_bytes(), &path).unwrap();
    }
    running.until(&["four", "one", "three", "two"]);
    assert_eq!(running.end(), ["one", "two", "three", "four"]);
    assert!(!path.exists());
}

#[test]
fn the_network_is_listened_to() {
    let port = free_port();
    let running = Running::start(&format!("tcp://127.0.0.1:{port}"));
    running.said.until("caught up");
    let mut one = TcpStream::connect(("127.0.0.1", port)).unwrap();
    one.write_all(b"one\r\ntwo\n").unwrap();
    running.lines.until(|lines| lines.all().len() == 2);
    running.end();

    let port = free_port();
    let running = Running::start(&format!("udp://:{port}"));
    running.said.until("caught up");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"a datagram", ("127.0.0.1", port)).unwrap();
    running.until(&["a datagram"]);
    running.end();
}

#[test]
fn a_socket_that_was_left_over_is_taken_and_one_in_use_is_not() {
    for scheme in ["unix", "unixgram"] {
        let (_folder, path, argument) = scratch(scheme);
        // Dropped without removing its name, as after a kill.
        match scheme {
            "unix" => drop(UnixListener::bind(&path).unwrap()),
            _ => drop(UnixDatagram::bind(&path).unwrap()),
        }
        let running = Running::start(&argument);
        running.said.until("opened");
        let second = Running::start(&argument);
        second.said.until("unreadable");
        second.end();
        assert!(path.exists(), "the first goes on");
        running.end();
    }
    let (_folder, path, argument) = scratch("unix");
    std::fs::write(&path, "a file").unwrap();
    let running = Running::start(&argument);
    running.said.until("unreadable");
    running.end();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a file");
}

#[test]
fn more_connections_than_there_may_be_wait_for_their_turn() {
    let (_folder, path, argument) = scratch("unix");
    let running = Running::start(&argument);
    running.said.until("caught up");
    let mut all: Vec<UnixStream> = (0..CONNECTIONS_MAX + 20)
        .map(|_| UnixStream::connect(&path).unwrap())
        .collect();
    for one in &mut all {
        one.write_all(b"x\n").unwrap();
    }
    running
        .lines
        .until(|lines| lines.all().len() == CONNECTIONS_MAX);
    all.drain(..40);
    running
        .lines
        .until(|lines| lines.all().len() == CONNECTIONS_MAX + 20);
    running.end();
}

#[test]
fn once_a_socket_cannot_be_read() {
    let (_folder, _, argument) = scratch("unix");
    let specification = Specification::parse(argument.as_ref()).unwrap();
    let stream = Stream::new(&specification, Mode::Once, &Arc::default()).unwrap();
    let (mut lines, said) = (SharedLines::default(), Said::default());
    let error = stream.run(&mut lines, &said, &Stop::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
