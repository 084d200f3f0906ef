//! Compressed inputs, known by their first bytes, whatever they are called.

use std::io::{self, BufRead, BufReader, Read};

/// How much is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// The bytes that a file of each compression begins with. RFC 1952 for gzip; RFC 8878 for zstd, whose
/// files may also begin with a skippable frame.
pub(super) fn is_compressed(head: &[u8]) -> bool {
    is_gzip(head) || is_zstd(head)
}

fn is_gzip(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}

fn is_zstd(head: &[u8]) -> bool {
    head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || matches!(head, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The bytes of lines, and whether they were compressed.
///
/// # Errors
/// Where not even the first bytes can be read.
pub fn decompressed<'r>(
    bytes: impl Read + Send + 'r,
) -> io::Result<(Box<dyn Read + Send + 'r>, bool)> {
    let mut bytes = BufReader::with_capacity(BLOCK_BYTES, bytes);
    let mut head = Vec::new();
    // A pipe may give its first bytes one by one.
    while head.len() < 4 && (head.is_empty() || may_be_compressed(&head)) {
        let more = match bytes.fill_buf() {
            Ok(more) => more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let Some(first) = more.first() else {
            break;
        };
        head.push(*first);
        bytes.consume(1);
    }
    let kind = (is_gzip(&head), is_zstd(&head));
    let bytes = io::Cursor::new(head).chain(bytes);
    Ok(match kind {
        (true, _) => {
            let bytes = BufReader::with_capacity(BLOCK_BYTES, bytes);
            (Box::new(Members::new(bytes)), true)
        }
        (_, true) => {
            let bytes = BufReader::with_capacity(BLOCK_BYTES, bytes);
            let decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
            (Box::new(decoder), true)
        }
        _ => (Box::new(bytes), false),
    })
}

/// Whether more bytes can make a compressed file of these.
fn may_be_compressed(head: &[u8]) -> bool {
    let begins = |magic: &[u8]| magic.starts_with(head);
    begins(&[0x1f, 0x8b])
        || begins(&[0x28, 0xb5, 0x2f, 0xfd])
        || (0x50..=0x5f).any(|first| begins(&[first, 0x2a, 0x4d, 0x18]))
}

/// The members of a gzip file, one after the other. Zeros after the last one, which tapes and some
/// programs append, end it (as they do for `gzip -d`).
struct Members<R> {
    member: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(bytes: R) -> Members<R> {
        Members {
            member: Some(flate2::bufread::GzDecoder::new(bytes)),
        }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else {
                return Ok(0);
            };
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut bytes = match self.member.take() {
                Some(member) => member.into_inner(),
                None => return Ok(0),
            };
            if has_more(&mut bytes)? {
                self.member = Some(flate2::bufread::GzDecoder::new(bytes));
            }
        }
    }
}

/// Passes zeros over; whether anything comes after them.
fn has_more(bytes: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let block = match bytes.fill_buf() {
            Ok(block) => block,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if block.is_empty() {
            return Ok(false);
        }
        let zeros = block.iter().take_while(|byte| **byte == 0).count();
        let is_end = zeros < block.len();
        bytes.consume(zeros);
        if is_end {
            return Ok(true);
        }
    }
}
