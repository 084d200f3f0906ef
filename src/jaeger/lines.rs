//! What is fetched from Jaeger as bytes to read: a line for each request.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver};

use super::client::Failure;
use super::search::Window;
use super::{Query, fetch};

/// Lines that wait to be read, at most.
const LINES_WAITING: usize = 1_024;

/// The lines of a window, fetched on a thread of its own while they are read.
pub struct Lines {
    fetched: Receiver<Result<Vec<u8>, Failure>>,
    line: Vec<u8>,
    /// How much of `line` was read.
    read: usize,
}

impl Lines {
    /// Begins to fetch.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub fn fetch(query: Query, window: Window) -> io::Result<Lines> {
        let (give, fetched) = mpsc::sync_channel(LINES_WAITING);
        let thread = std::thread::Builder::new().name("ask-jaeger".to_owned());
        thread.spawn(move || {
            let result = fetch(&query, window, |mut request| {
                request.line.push(b'\n');
                give.send(Ok(request.line)).is_ok()
            });
            if let Err(failure) = result {
                // Nobody may be left who reads.
                _ = give.send(Err(failure));
            }
        })?;
        Ok(Lines {
            fetched,
            line: Vec::new(),
            read: 0,
        })
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read >= self.line.len() {
            match self.fetched.recv() {
                Ok(Ok(line)) => (self.line, self.read) = (line, 0),
                Ok(Err(failure)) => return Err(io::Error::other(failure)),
                Err(_) => return Ok(0),
            }
        }
        let mut rest = self.line.get(self.read..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}
