//! Beginning to read rotated files that were found, plain and compressed ones.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compressed::{self, CompressedReader};
use super::places::log_of;
use super::read_order::{ByAge, Queued};
use super::recognized::Recognized;
use super::rotated_names::base_or_self;
use super::siblings::Sibling;
use super::{Recovery, copytruncate, noted_as};
use crate::compression::Compression;
use crate::files::follower::Outside;
use crate::files::identity::{FileId, Position};
use crate::files::open_files::OpenFiles;
use crate::files::tail::Turn;
use crate::line::Origin;
use crate::{SavedFile, Sink};

impl Recovery {
    /// Begins to read what was found and is not open.
    pub(super) fn take_up_all<S: Sink>(
        &mut self,
        path: &Path,
        input: usize,
        unread: impl Iterator<Item = (Sibling, Option<Recognized>)>,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) -> ByAge {
        let source = Arc::clone(open.inputs.source(input));
        let mut siblings = ByAge::new();
        for (sibling, found) in unread {
            let age = sibling.age_in_log();
            let is_open =
                open.files.contains_key(&sibling.id) || open.is_compressed_queued(sibling.id);
            let is_known = found
                .as_ref()
                .is_some_and(|found| found.file().has_evidence());
            if is_open || (!is_known && copytruncate::is_copied(&sibling, open)) {
                if let Some(found) = found.filter(|_| !is_open && !is_known) {
                    let guard = open.reader.positions.read_guard();
                    guard.forget(found.file().position.id);
                }
                continue;
            }
            let sibling_path = sibling.path.clone();
            match self.take_up(path, input, sibling, found, open, outside) {
                Ok(queued) => siblings.push((age, queued)),
                Err(error) => outside.events.skipped(&source, &sibling_path, &error),
            }
        }
        siblings
    }

    /// Begins to read a file that was found, or one that was rotated after it.
    fn take_up<S: Sink>(
        &mut self,
        path: &Path,
        input: usize,
        sibling: Sibling,
        found: Option<Recognized>,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) -> io::Result<Queued> {
        let id = sibling.id;
        let positions = Arc::clone(&open.reader.positions);
        let is_found = found
            .as_ref()
            .is_some_and(|found| found.file().position.id == id);
        if let Some(other) = positions.file(id).filter(|_| !is_found) {
            self.free_number(other, &positions);
        }
        let (position, resume_state, before) = match found {
            Some(found) => {
                let file = found.into_file();
                let before = noted_as(&file.position, &positions).filter(|noted| *noted != id);
                let position = Position {
                    id,
                    ..file.position
                };
                (position, file.resume_state, before)
            }
            None => (Position::start(id), Vec::new(), None),
        };
        let origin = open.inputs.origin(input, path);
        let log = log_of(&sibling.log);
        let saved = SavedFile {
            source: Arc::clone(&origin.source),
            path: path.to_path_buf(),
            log: Some(log.clone()).filter(|log| *log != base_or_self(path)),
            position,
            resume_state,
            left: false,
            compressed: sibling.compression.is_some(),
        };
        let queued = if let Some(compression) = sibling.compression {
            let origin = (origin, log);
            begin_compressed(
                &sibling.file,
                compression,
                saved,
                origin,
                before,
                open,
                outside,
            )?
        } else {
            let tail = (open.reader).begin(sibling.file, origin, saved, before, outside.sink)?;
            open.add_nameless(Arc::from(path), input, tail, log, outside.waker.now());
            Queued::Plain(id)
        };
        self.recently_closed.forget(id);
        before
            .into_iter()
            .for_each(|id| self.recently_closed.forget(id));
        Ok(queued)
    }

    /// One turn of a compressed file. It goes back to the front of the order if there is more.
    pub(crate) fn turn_of_compressed<S: Sink>(
        &mut self,
        mut file: Box<CompressedReader>,
        saved: SavedFile,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        match open.reader.turn_of_compressed(&mut file, outside.sink) {
            Ok(Turn::More) => open.order.push_front(Queued::Compressed(file, saved)),
            Ok(_) => self.finish_compressed(*file, saved, open, outside),
            // It was whole a moment ago. What is not read yet is found at the next start.
            Err(error) => {
                let (source, path) = (&saved.source, &saved.path);
                outside.events.skipped(source, path, &error);
            }
        }
    }

    fn finish_compressed<S: Sink>(
        &mut self,
        file: CompressedReader,
        saved: SavedFile,
        open: &mut OpenFiles,
        outside: &mut Outside<'_, S>,
    ) {
        let from = (file.stream(), file.position());
        open.carry_from(from, file.log(), outside.sink);
        if open.reader.has_part_of_line(file.stream(), outside.sink) {
            outside.events.incomplete_record(&saved.source, &saved.path);
        }
        let positions = &open.reader.positions;
        let guard = positions.read_guard();
        let position = file.finish(outside.sink);
        guard.note(SavedFile {
            position,
            resume_state: Vec::new(),
            left: true,
            ..saved
        });
        drop(guard);
        self.recently_closed.keep(position.id, positions);
    }
}

fn begin_compressed<S: Sink>(
    file: &File,
    compression: Compression,
    mut saved: SavedFile,
    origin: (Origin, PathBuf),
    instead_of: Option<FileId>,
    open: &OpenFiles,
    outside: &mut Outside<'_, S>,
) -> io::Result<Queued> {
    if saved.position.signature.length == 0 {
        // Only a whole file is read; half of one cannot be told from all of it.
        let content = compressed::examine(file, saved.position.id, compression, &[])?;
        saved.position.signature = content.end.signature;
    }
    let guard = open.reader.positions.read_guard();
    let (position, resume_state) = (saved.position, &saved.resume_state);
    let reader = CompressedReader::begin(
        file,
        compression,
        origin,
        position,
        resume_state,
        outside.sink,
    )?;
    instead_of.into_iter().for_each(|id| guard.forget(id));
    guard.note(saved.clone());
    drop(guard);
    Ok(Queued::Compressed(Box::new(reader), saved))
}
