//! A file with all spans that were fetched, as they came, one a line.
//!
//! A trace is given whole with each part of the time that it has spans of the service in. Its
//! requests belong to the part that they began in; all its other spans are written with the first.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::response::{Answer, OtherSpan};
use super::search::{Request, Window, requests_of};
use crate::output_file::{OutputFile, OutputOptions};
use logmetrics_follow::line::unwrap::span;

/// A file that is being written. It has its name only when it is whole.
pub struct Export {
    path: PathBuf,
    encoder: Encoder,
    /// The line that is written.
    line: Vec<u8>,
}

enum Encoder {
    Plain(BufWriter<OutputFile>),
    Gzip(flate2::write::GzEncoder<BufWriter<OutputFile>>),
    Zstandard(zstd::stream::write::Encoder<'static, BufWriter<OutputFile>>),
}

impl Export {
    /// Begins a file that is not there yet; compressed where it is named `.gz` or `.zst`.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or why it cannot be written.
    pub fn create(path: &Path) -> io::Result<Export> {
        let options = OutputOptions {
            is_private: true,
            ..OutputOptions::default()
        };
        let file = BufWriter::new(OutputFile::create(path, &options)?);
        let ending = path.extension().unwrap_or_default();
        let encoder = if ending.eq_ignore_ascii_case("gz") {
            Encoder::Gzip(flate2::write::GzEncoder::new(
                file,
                flate2::Compression::default(),
            ))
        } else if ending.eq_ignore_ascii_case("zst") {
            Encoder::Zstandard(zstd::stream::write::Encoder::new(file, 0)?)
        } else {
            Encoder::Plain(file)
        };
        Ok(Export {
            path: path.to_owned(),
            encoder,
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
    pub fn finish(self) -> io::Result<()> {
        let file = match self.encoder {
            Encoder::Plain(file) => file,
            Encoder::Gzip(encoder) => encoder.finish()?,
            Encoder::Zstandard(encoder) => encoder.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.finish()
    }

    fn write(&mut self, request: Option<&[u8]>, raw: &[u8]) -> io::Result<()> {
        self.line.clear();
        span::write(request, raw, &mut self.line);
        match &mut self.encoder {
            Encoder::Plain(file) => file.write_all(&self.line),
            Encoder::Gzip(encoder) => encoder.write_all(&self.line),
            Encoder::Zstandard(encoder) => encoder.write_all(&self.line),
        }
    }
}

/// The spans that are no requests, of traces whose first span of the service within `whole` began
/// within `part`.
fn others_of(answer: &mut Answer, part: Window, whole: Window) -> Vec<OtherSpan> {
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
