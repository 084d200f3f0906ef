//! Reading every file to its end, once: what is there now, in the order of names, or by several
//! threads, each taking the next file when it has read one.
//!
//! Nothing is followed. Where positions are saved it begins where the last run ended, with what was
//! rotated since, and leaves a line without an end to the next run; that is done by one thread.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::discover::{Discovery, discover};
use super::discovered_paths::report_ignored;
use super::follower::{Follower, Outside};
use super::identity::{self, FileId, Position};
use super::noted_reader::NotedReader;
use super::open_files::TailedFile;
use super::paths::regular;
use super::specification::InputKind;
use super::tail::Turn;
use crate::line::Origin;
use crate::recovery::read_order::Queued;
use crate::stop::Stop;
use crate::watch::{Waker, Woken};
use crate::{Events, Positions, SavedFile, Sink, Unreadable};

/// The files to read; whoever is free takes the next.
struct Queue {
    files: Vec<(Origin, PathBuf)>,
    positions: Arc<Positions>,
    next: AtomicUsize,
}

/// For a follower that is read once: nobody wakes it, and it never sleeps.
struct NeverWakes;

impl Waker for NeverWakes {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn watch(&mut self, _: &BTreeSet<PathBuf>, _: &dyn Events) -> bool {
        false
    }

    fn wait(&mut self, _: Duration) -> Woken {
        Woken::default()
    }
}

/// What could not be read, with its number in the queue.
type Problems = Vec<(usize, Unreadable)>;

impl Follower {
    /// Reads every file to its end, with up to `threads` threads (at least this one), each of which
    /// makes its own sink. No file is read by two of them.
    ///
    /// # Errors
    ///
    /// As [`Follower::run`] does in [`Mode::Once`](crate::Mode::Once).
    pub fn once<S: Sink>(
        &mut self,
        threads: usize,
        sink: impl Fn() -> S + Sync,
        events: &dyn Events,
        stop: &Stop,
    ) -> Result<(), Vec<Unreadable>> {
        if self.open.reader.positions.saves() {
            return self.once_more(&mut sink(), events, stop);
        }
        let queue = self.queue(events)?;
        let threads = threads.min(queue.files.len());
        let read = || read_queue(&queue, &mut sink(), events, stop);
        let problems = std::thread::scope(|scope| {
            let spawn = |_| {
                let thread = std::thread::Builder::new().name("read-files".to_owned());
                // Where no more threads can be had, there are fewer.
                thread.spawn_scoped(scope, read).ok()
            };
            let others: Vec<_> = (1..threads).filter_map(spawn).collect();
            let mut problems = read();
            for other in others {
                match other.join() {
                    Ok(more) => problems.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            problems
        });
        end(problems, events, stop)
    }

    /// The same on this thread alone, for one sink.
    pub(crate) fn once_in_turn<S: Sink>(
        &mut self,
        sink: &mut S,
        events: &dyn Events,
        stop: &Stop,
    ) -> Result<(), Vec<Unreadable>> {
        if self.open.reader.positions.saves() {
            return self.once_more(sink, events, stop);
        }
        let queue = self.queue(events)?;
        let problems = read_queue(&queue, sink, events, stop);
        end(problems, events, stop)
    }

    /// Reads on where the last run ended, and whatever was rotated since.
    fn once_more<S: Sink>(
        &mut self,
        sink: &mut S,
        events: &dyn Events,
        stop: &Stop,
    ) -> Result<(), Vec<Unreadable>> {
        let found = discover(&self.open.inputs.specifications);
        self.openable(&found, events)?;
        self.open.waits_for_holes = false;
        let waker = &mut NeverWakes;
        let mut outside = Outside {
            sink,
            events,
            waker,
        };
        self.begin(&mut outside);
        let in_turn = self.paths.table.iter().filter_map(|(_, one)| one.current);
        let files = &self.open.files;
        let in_turn = in_turn.filter(|id| files.get(id).is_some_and(|file| !file.is_queued));
        let in_turn: Vec<FileId> = in_turn.collect();
        self.open
            .queue_in_order(in_turn.into_iter().map(Queued::Plain).collect());
        while !self.open.order.is_empty() || !self.open.ready.is_empty() {
            if stop.is_requested() {
                return Ok(());
            }
            self.round(&mut outside);
            self.open.report(events);
        }
        for id in self.open.nameless.clone() {
            // What is still being written in it is found at the next run.
            let is_read = |file: &TailedFile| {
                let end = file.tail.position().offset;
                file.tail.lag() == 0 && file.tail.read_to() == end
            };
            let file = self.open.files.get(&id);
            if file.is_some_and(is_read) && self.open.nameless.remove(&id) {
                self.close(id, &mut outside);
            }
        }
        let unreadable = self.paths.table.iter().filter_map(|(path, followed)| {
            Some(Unreadable {
                path: path.to_path_buf(),
                error: followed.error.as_ref()?.error(),
            })
        });
        let unreadable: Vec<Unreadable> = unreadable.collect();
        if unreadable.is_empty() {
            return Ok(());
        }
        Err(unreadable)
    }

    fn queue(&mut self, events: &dyn Events) -> Result<Queue, Vec<Unreadable>> {
        let found = discover(&self.open.inputs.specifications);
        let files = self.openable(&found, events)?.into_iter();
        Ok(Queue {
            files: files
                .map(|(input, path)| (self.open.inputs.origin(input, &path), path))
                .collect(),
            positions: Arc::clone(&self.open.reader.positions),
            next: AtomicUsize::new(0),
        })
    }

    /// Every file that was found, each once, in the order of their names.
    fn openable(
        &mut self,
        found: &Discovery,
        events: &dyn Events,
    ) -> Result<Vec<(usize, PathBuf)>, Vec<Unreadable>> {
        let (mut files, mut seen, mut problems) = (Vec::new(), HashSet::new(), Vec::new());
        for (path, source) in &found.paths {
            let opened = identity::open(path).and_then(|file| regular(&file));
            match opened {
                Ok(metadata) if !seen.insert(FileId::of(path, &metadata)) => {}
                Ok(_) => files.push((*source, path.clone())),
                Err(error) => problems.push(Unreadable {
                    path: path.clone(),
                    error,
                }),
            }
        }
        report_ignored(found, &mut self.open, events);
        for (_, path, error) in &found.problems {
            let error = io::Error::new(error.kind(), error.to_string());
            problems.push(Unreadable {
                path: path.clone(),
                error,
            });
        }
        for (index, specification) in self.open.inputs.specifications.iter().enumerate() {
            let InputKind::Glob(_) = specification.kind else {
                continue;
            };
            let matches = found.shared.contains(&index)
                || found.paths.values().any(|source| *source == index);
            if !matches && found.problems.is_empty() {
                let error = io::Error::new(io::ErrorKind::NotFound, "no file matches");
                problems.push(Unreadable {
                    path: (*specification.source).into(),
                    error,
                });
            }
        }
        if problems.is_empty() {
            Ok(files)
        } else {
            Err(problems)
        }
    }
}

fn read_queue<S: Sink>(queue: &Queue, sink: &mut S, events: &dyn Events, stop: &Stop) -> Problems {
    let mut reader = NotedReader::new(Arc::clone(&queue.positions));
    let mut problems = Vec::new();
    while !stop.is_requested() {
        let number = queue.next.fetch_add(1, Ordering::Relaxed);
        let Some((origin, path)) = queue.files.get(number) else {
            break;
        };
        events.opened(&origin.source, path);
        let read = read_once(path, origin.clone(), &mut reader, sink, events, stop);
        if let Err(error) = read {
            let path = path.clone();
            problems.push((number, Unreadable { path, error }));
        }
    }
    problems
}

fn read_once<S: Sink>(
    path: &Path,
    origin: Origin,
    reader: &mut NotedReader,
    sink: &mut S,
    events: &dyn Events,
    stop: &Stop,
) -> io::Result<()> {
    let file = identity::open(path)?;
    let id = FileId::of(path, &file.metadata()?);
    let source = Arc::clone(&origin.source);
    let saved = SavedFile {
        source: Arc::clone(&source),
        path: path.to_owned(),
        position: Position::start(id),
        resume_state: Vec::new(),
        left: false,
        compressed: false,
    };
    let mut tail = reader.begin(file, origin, saved, None, sink)?;
    tail.settle_all_holes();
    loop {
        let turn = reader.turn(&mut tail, sink)?;
        if let Some(encoding) = tail.take_encoding() {
            events.not_utf8_text(&source, path, encoding);
        }
        if turn != Turn::More {
            break;
        }
        events.lag(&source, tail.lag());
        if stop.is_requested() {
            return Ok(());
        }
    }
    events.lag(&source, 0);
    tail.finish(Ok(Turn::Idle), &mut reader.buffer.0, sink).1
}

fn end(mut problems: Problems, events: &dyn Events, stop: &Stop) -> Result<(), Vec<Unreadable>> {
    if stop.is_requested() {
        return Ok(());
    }
    events.caught_up();
    if problems.is_empty() {
        return Ok(());
    }
    problems.sort_by_key(|(number, _)| *number);
    Err(problems.into_iter().map(|(_, problem)| problem).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::testing::{Lines, Said};
    use crate::{Mode, Options, Specification, StreamId};

    /// Lines that are handed in when their thread has read its last file.
    struct Handed<'a>(Lines, &'a Mutex<Vec<Vec<String>>>);

    impl Sink for Handed<'_> {
        fn open(&mut self, origin: Origin, offset: u64, resume_state: &[u8]) -> StreamId {
            self.0.open(origin, offset, resume_state)
        }

        fn resume_state(&self, stream: StreamId, out: &mut Vec<u8>) {
            self.0.resume_state(stream, out);
        }

        fn offer(&mut self, stream: StreamId, offset: u64, bytes: &[u8]) -> usize {
            self.0.offer(stream, offset, bytes)
        }

        fn close(&mut self, stream: StreamId, offset: u64, rest: &[u8]) {
            self.0.close(stream, offset, rest);
        }
    }

    impl Drop for Handed<'_> {
        fn drop(&mut self) {
            let lines = self.0.all().into_iter().map(str::to_owned).collect();
            self.1.lock().unwrap().push(lines);
        }
    }

    #[test]
    fn several_threads_read_every_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for number in 0..50 {
            let text = format!("{number:02} first\n{number:02} no end");
            expected.extend(text.lines().map(str::to_owned));
            std::fs::write(folder.path().join(format!("{number:02}.log")), text).unwrap();
        }
        for threads in [0, 1, 4, 100] {
            let inputs = Specification::parse_all([folder.path().join("*.log")]).unwrap();
            let options = Options {
                mode: Mode::Once,
                ..Options::default()
            };
            let (read, stop) = (Mutex::default(), Stop::new());
            let sink = || Handed(Lines::default(), &read);
            let mut follower = Follower::new(inputs, options, Arc::default());
            follower
                .once(threads, sink, &Said::default(), &stop)
                .unwrap();
            let read = read.into_inner().unwrap();
            assert_eq!(read.len(), threads.clamp(1, 50), "sinks");
            let mut lines = read.concat();
            lines.sort_unstable();
            assert_eq!(lines, expected);
        }
    }
}
