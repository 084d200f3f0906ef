//! A file with all spans that were fetched, as they came, one a line.
//!
//! A trace is given whole with each part of the time that it has spans of the service in. Its
//! requests belong to the part that they began in; all its other spans are written with the first.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::response::{Answer, Other};
use super::search::{Request, Window, requests_of};
use logmetrics_follow::line::unwrap::span;

/// A file that is being written. It has its name only when it is whole; one that is dropped before
/// is deleted.
pub struct Export {
    path: PathBuf,
    /// Where it is written meanwhile; nothing where `path` is no plain file, such as a fifo.
    part: Option<PathBuf>,
    packed: Option<Packed>,
    /// The line that is written.
    line: Vec<u8>,
}

enum Packed {
    Plain(BufWriter<File>),
    Gzip(flate2::write::GzEncoder<BufWriter<File>>),
    Zstandard(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

impl Export {
    /// Begins a file that is not there yet; packed where it is named `.gz` or `.zst`.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or why it cannot be written.
    pub fn create(path: &Path) -> io::Result<Export> {
        let part = match std::fs::symlink_metadata(path).and_then(|_| path.metadata()) {
            Ok(metadata) if metadata.is_file() || metadata.is_dir() => {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            Ok(_) => None,
            Err(_) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".part");
                Some(PathBuf::from(name))
            }
        };
        let mut options = OpenOptions::new();
        let file = match &part {
            Some(part) => options.write(true).create(true).truncate(true).open(part)?,
            None => options.write(true).open(path)?,
        };
        let file = BufWriter::new(file);
        let ending = path.extension().unwrap_or_default();
        let packed = if ending.eq_ignore_ascii_case("gz") {
            Packed::Gzip(flate2::write::GzEncoder::new(
                file,
                flate2::Compression::default(),
            ))
        } else if ending.eq_ignore_ascii_case("zst") {
            Packed::Zstandard(zstd::stream::write::Encoder::new(file, 0)?)
        } else {
            Packed::Plain(file)
        };
        Ok(Export {
            path: path.to_owned(),
            part,
            packed: Some(packed),
            line: Vec::new(),
        })
    }

    /// Where it is written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what `part` of `whole` has, and gives its requests.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(
        &mut self,
        part: Window,
        whole: Window,
        mut answer: Answer,
    ) -> io::Result<Vec<Request>> {
        let others = others_of(&mut answer, part, whole);
        let requests = requests_of(answer, part);
        for request in &requests {
            self.write(Some(&request.line), &request.raw)?;
        }
        for other in &others {
            self.write(None, &other.raw)?;
        }
        Ok(requests)
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// When its end cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        let file = match self.packed.take() {
            None => return Ok(()),
            Some(Packed::Plain(file)) => file,
            Some(Packed::Gzip(encoder)) => encoder.finish()?,
            Some(Packed::Zstandard(encoder)) => encoder.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Some(part) = &self.part {
            file.sync_all()?;
            std::fs::rename(part, &self.path)?;
            self.part = None;
        }
        Ok(())
    }

    fn write(&mut self, request: Option<&[u8]>, raw: &[u8]) -> io::Result<()> {
        self.line.clear();
        span::write(request, raw, &mut self.line);
        match &mut self.packed {
            None => Ok(()),
            Some(Packed::Plain(file)) => file.write_all(&self.line),
            Some(Packed::Gzip(encoder)) => encoder.write_all(&self.line),
            Some(Packed::Zstandard(encoder)) => encoder.write_all(&self.line),
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // What was not written yet must not be, into a file that is gone.
        self.packed = None;
        if let Some(part) = &self.part {
            // What cannot be deleted stays, under a name that says what it is.
            _ = std::fs::remove_file(part);
        }
    }
}

/// The spans that are no requests, of traces whose first span of the service within `whole` began
/// within `part`.
fn others_of(answer: &mut Answer, part: Window, whole: Window) -> Vec<Other> {
    let starts = answer
        .requests
        .iter()
        .map(|request| (Some(request.trace), Some(request.start_us)));
    let other_starts = answer
        .others
        .iter()
        .map(|other| (other.trace, other.start_us));
    let mut firsts = HashMap::<u128, u64>::new();
    for (trace, start_us) in starts.chain(other_starts) {
        if let (Some(trace), Some(start_us)) = (trace, start_us)
            && whole.holds(start_us)
        {
            let first = firsts.entry(trace).or_insert(start_us);
            *first = start_us.min(*first);
        }
    }
    let mut others = std::mem::take(&mut answer.others);
    others.retain(|other| {
        let first = other.trace.and_then(|trace| firsts.get(&trace));
        first.is_some_and(|first| part.holds(*first))
    });
    others
}

#[cfg(test)]
mod tests;
