//! What is to be read: arguments become files and streams, in their order.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::parts::PART_BYTES;
use super::{Input, InputError};
use crate::line::Origin;
use crate::line::multiline::{Multiline, MultilineByFile};
use crate::recovery::rotated_names;
use crate::{FileId, InputKind, Specification, existing};

/// What is to be read to its end, in this order.
#[derive(Debug)]
pub struct Inputs {
    pub(super) waiting: Vec<(Arc<Input>, Source)>,
    /// Inputs that cannot even be looked at.
    pub(super) errors: Vec<InputError>,
    /// Bytes of all files together, compressed ones as they are; streams count nothing.
    pub bytes: u64,
    /// Lines of streams are wanted as soon as they are there, not when they are many.
    pub is_prompt: bool,
    /// How many bytes a thread takes at a time, about; at least 1.
    pub part_bytes: usize,
    /// Which files have records of several lines. Those of bytes that come from elsewhere are said there.
    pub multiline: MultilineByFile,
}

impl Default for Inputs {
    fn default() -> Inputs {
        Inputs {
            waiting: Vec::new(),
            errors: Vec::new(),
            bytes: 0,
            is_prompt: false,
            part_bytes: PART_BYTES,
            multiline: MultilineByFile::default(),
        }
    }
}

/// Where the bytes of an input are.
pub(super) enum Source {
    File(PathBuf),
    StandardInput,
    /// Read by somebody else, with how lines are joined.
    Bytes(Box<dyn Read + Send>, Option<Arc<Multiline>>),
}

impl Source {
    /// How its lines are joined.
    pub(super) fn multiline(
        &self,
        origin: &Origin,
        by_file: &MultilineByFile,
    ) -> Option<Arc<Multiline>> {
        match self {
            Source::Bytes(_, multiline) => multiline.clone(),
            Source::File(_) | Source::StandardInput => by_file.of(origin).cloned(),
        }
    }

    /// Whether this is a rotated file, and `next` the one that its log went on in.
    pub(super) fn goes_on_in(&self, next: &Source) -> bool {
        match (self, next) {
            (Source::File(path), Source::File(next)) => rotated_names::goes_on_in(path, next),
            _ => false,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => f.debug_tuple("File").field(path).finish(),
            Source::StandardInput => f.write_str("StandardInput"),
            Source::Bytes(..) => f.write_str("Bytes"),
        }
    }
}

impl Inputs {
    /// What `specifications` name now: in their order, the matches of a glob by their names. A file
    /// that is named twice, also by a link, is read where it is named first.
    pub fn of(specifications: &[Specification]) -> Inputs {
        let mut inputs = Inputs::default();
        let (mut files, problems) = existing(specifications);
        let mut taken = HashSet::new();
        for (number, specification) in specifications.iter().enumerate() {
            let source = &specification.source;
            match &specification.kind {
                InputKind::StandardInput => {
                    let input = Input::new(origin(source, None), "standard input".to_owned());
                    inputs.waiting.push((input, Source::StandardInput));
                }
                InputKind::Socket(_) => {
                    let text = "a socket has no end to read to; follow it instead";
                    let error = io::Error::new(io::ErrorKind::Unsupported, text);
                    let input = Input::new(origin(source, None), format!("`{source}`"));
                    inputs.errors.push(input.error(error, false));
                }
                InputKind::Fifo(path) => inputs.add_file(origin(source, Some(path)), path),
                InputKind::File(_) | InputKind::Glob(_) => {
                    let here = files.extract_if(.., |(owner, _)| *owner == number);
                    let here: Vec<PathBuf> = here.map(|(_, path)| path).collect();
                    for path in &here {
                        if taken.insert(identity(path)) {
                            inputs.add_file(origin(source, Some(path)), path);
                        }
                    }
                    // By itself: its files may belong to arguments before it.
                    if here.is_empty() && existing(std::slice::from_ref(specification)).0.is_empty()
                    {
                        let error = io::Error::new(io::ErrorKind::NotFound, "no file matches");
                        let input = Input::new(origin(source, None), format!("`{source}`"));
                        inputs.errors.push(input.error(error, false));
                    }
                }
            }
        }
        for (path, error) in problems {
            let input = Input::new(origin(&Arc::from(""), Some(&path)), shown(&path));
            inputs.errors.push(input.error(error, false));
        }
        inputs
    }

    /// Adds bytes that come from elsewhere than files. Each line is a record.
    pub fn add_bytes(&mut self, origin: Origin, bytes: impl Read + Send + 'static) {
        self.add_joined(origin, bytes, None);
    }

    /// The same, with how lines are joined.
    pub(super) fn add_joined(
        &mut self,
        origin: Origin,
        bytes: impl Read + Send + 'static,
        multiline: Option<Arc<Multiline>>,
    ) {
        let name = origin.source.to_string();
        let source = Source::Bytes(Box::new(bytes), multiline);
        self.waiting.push((Input::new(origin, name), source));
    }

    /// Adds a file that can be opened; a fifo is opened when its turn comes, as that waits for its
    /// writer.
    fn add_file(&mut self, origin: Origin, path: &Path) {
        let input = Input::new(origin, shown(path));
        let looked_at = std::fs::metadata(path).and_then(|metadata| {
            if metadata.is_file() {
                File::open(path)?;
                self.bytes += metadata.len();
            }
            Ok(())
        });
        match looked_at {
            Ok(()) => self.waiting.push((input, Source::File(path.to_owned()))),
            Err(error) => self.errors.push(input.error(error, false)),
        }
    }

    /// What cannot be read, as is known before anything is read.
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }
}

/// What a file is known by: two names of it have the same.
fn identity(path: &Path) -> Result<FileId, PathBuf> {
    let metadata = std::fs::metadata(path);
    metadata.map_or_else(
        |_| Err(path.to_owned()),
        |metadata| Ok(FileId::of(path, &metadata)),
    )
}

fn origin(source: &Arc<str>, path: Option<&Path>) -> Origin {
    Origin {
        source: Arc::clone(source),
        file: path.map_or_else(|| Arc::clone(source), |path| path.to_string_lossy().into()),
    }
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}
