//! What is fetched from Jaeger as bytes to read: a line for each request.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};

use super::Query;
use super::client::{Client, Failure};
use super::export::Export;
use super::search::{Search, Window, requests_of};

/// RequestLines that wait to be read, at most.
const LINES_WAITING: usize = 1_024;

/// The lines of a window, fetched on a thread of its own while they are read.
pub struct RequestLines {
    fetched: Receiver<Result<Vec<u8>, Failure>>,
    line: Vec<u8>,
    /// How much of `line` was read.
    read: usize,
}

/// How far a window was fetched.
#[derive(Debug)]
pub struct FetchProgress {
    /// All that is asked for.
    pub window: Window,
    reached_us: AtomicU64,
    requests: AtomicU64,
}

impl FetchProgress {
    /// Nothing was fetched yet.
    pub fn new(window: Window) -> FetchProgress {
        FetchProgress {
            window,
            reached_us: AtomicU64::new(window.start_us),
            requests: AtomicU64::new(0),
        }
    }

    /// What began before is there, in microseconds since 1970.
    pub fn reached_us(&self) -> u64 {
        self.reached_us.load(Ordering::Relaxed)
    }

    /// So many requests.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl RequestLines {
    /// Begins to fetch the window of `progress`, and to keep what comes in `export`.
    ///
    /// # Errors
    /// Certificates that cannot be read, or where no thread can be had.
    pub fn fetch(
        query: Query,
        export: Option<Export>,
        progress: Arc<FetchProgress>,
    ) -> Result<RequestLines, Failure> {
        let mut client = Client::new(&query)?;
        client.keep_spans(export.is_some());
        let (give, fetched) = mpsc::sync_channel(LINES_WAITING);
        let thread = std::thread::Builder::new().name("ask-jaeger".to_owned());
        let spawned = thread.spawn(move || {
            if let Err(failure) = fetch(&mut client, export, &progress, &give) {
                // Nobody may be left who reads.
                _ = give.send(Err(failure));
            }
        });
        spawned.map_err(|error| Failure::Away {
            address: query.address.to_string(),
            why: error.to_string(),
        })?;
        Ok(RequestLines {
            fetched,
            line: Vec::new(),
            read: 0,
        })
    }
}

fn fetch(
    client: &mut Client,
    mut export: Option<Export>,
    progress: &FetchProgress,
    give: &SyncSender<Result<Vec<u8>, Failure>>,
) -> Result<(), Failure> {
    let path = export.as_ref().map(|export| export.path().to_owned());
    let unwritten = |error: io::Error| Failure::Export {
        path: path.clone().unwrap_or_default(),
        why: error.to_string(),
    };
    let mut failed = None;
    Search::default().answers(client, progress.window, |part, answer| {
        let requests = match &mut export {
            None => requests_of(answer, part),
            Some(export) => match export.add(part, progress.window, answer) {
                Ok(requests) => requests,
                Err(error) => {
                    failed = Some(unwritten(error));
                    return false;
                }
            },
        };
        let count = requests.len() as u64;
        let has_reader = requests.into_iter().all(|mut request| {
            request.line.push(b'\n');
            give.send(Ok(request.line)).is_ok()
        });
        progress.requests.fetch_add(count, Ordering::Relaxed);
        progress.reached_us.store(part.end_us, Ordering::Relaxed);
        has_reader
    })?;
    match (failed, export) {
        (Some(failure), _) => Err(failure),
        (None, Some(export)) => export.finish().map_err(unwritten),
        (None, None) => Ok(()),
    }
}

impl Read for RequestLines {
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
