//! Compressed content, known by its first bytes, whatever a file is called, and read as a stream in bounded
//! memory.
//!
//! No file is opened here.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::files::identity::read_at;

/// How much is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// How many bytes tell what a content is compressed with.
pub(crate) const MAGIC_BYTES_MAX: usize = 10;

/// So much memory a file in the xz format may ask for, in KiB: four times what `xz -9` needs.
const XZ_MEMORY_KIB_MAX: u32 = 256 << 10;

/// How a content is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    Gzip,
    Zstandard,
    Xz,
    Bzip2,
}

/// What a compressed content begins with, byte by byte, as the least and the greatest value. RFC 1952 for
/// gzip; RFC 8878 for Zstandard, which may also begin with a skippable frame; the .xz file format; for
/// bzip2 its level, and the begin of a block or the end of an empty file.
const MAGICS: [(Compression, &[(u8, u8)]); 6] = [
    (Compression::Gzip, &exactly([0x1f, 0x8b])),
    (Compression::Zstandard, &exactly([0x28, 0xb5, 0x2f, 0xfd])),
    (
        Compression::Zstandard,
        &[(0x50, 0x5f), (0x2a, 0x2a), (0x4d, 0x4d), (0x18, 0x18)],
    ),
    (Compression::Xz, &exactly([0xfd, b'7', b'z', b'X', b'Z', 0])),
    (
        Compression::Bzip2,
        &bzip2([0x31, 0x41, 0x59, 0x26, 0x53, 0x59]),
    ),
    (
        Compression::Bzip2,
        &bzip2([0x17, 0x72, 0x45, 0x38, 0x50, 0x90]),
    ),
];

const fn exactly<const N: usize>(bytes: [u8; N]) -> [(u8, u8); N] {
    let mut ranges = [(0, 0); N];
    let mut at = 0;
    while at < N {
        ranges[at] = (bytes[at], bytes[at]);
        at += 1;
    }
    ranges
}

const fn bzip2(block: [u8; 6]) -> [(u8, u8); MAGIC_BYTES_MAX] {
    let [a, b, c, d, e, f] = block;
    let mut ranges = exactly([b'B', b'Z', b'h', 0, a, b, c, d, e, f]);
    ranges[3] = (b'1', b'9');
    ranges
}

fn is_in(ranges: &[(u8, u8)], bytes: &[u8]) -> bool {
    let mut pairs = ranges.iter().zip(bytes);
    pairs.all(|((least, greatest), byte)| (least..=greatest).contains(&byte))
}

impl Compression {
    /// How the content is compressed that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Option<Compression> {
        let mut magics = MAGICS.iter();
        let found = magics.find(|(_, magic)| head.len() >= magic.len() && is_in(magic, head));
        found.map(|(compression, _)| *compression)
    }

    /// Whether more bytes can make a compressed content of these.
    pub(crate) fn may_begin_with(head: &[u8]) -> bool {
        let mut magics = MAGICS.iter();
        magics.any(|(_, magic)| head.len() < magic.len() && is_in(magic, head))
    }

    /// How the content is compressed whose file has this name, if the name is right.
    pub(crate) fn of_name(name: &str) -> Option<Compression> {
        without_ending(name).1
    }

    /// How the content of `file` is compressed.
    pub(crate) fn of_file(file: &File) -> io::Result<Option<Compression>> {
        let mut head = [0; MAGIC_BYTES_MAX];
        let read = read_at(file, &mut head, 0)?;
        Ok(Compression::of(&head[..read]))
    }

    /// What was compressed.
    ///
    /// # Errors
    /// Where the decoder cannot be had. What is wrong with the bytes is said when they are read.
    pub(crate) fn decoder<'r>(
        self,
        bytes: impl Read + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        let bytes = BufReader::with_capacity(BLOCK_BYTES, bytes);
        Ok(match self {
            Compression::Gzip => Box::new(Members::new(bytes)),
            Compression::Zstandard => Box::new(zstd::stream::read::Decoder::with_buffer(bytes)?),
            Compression::Xz => {
                let limit = XZ_MEMORY_KIB_MAX;
                Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, true, limit))
            }
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(bytes)),
        })
    }
}

/// The endings that programs give to the names of what they compress.
const ENDINGS: [(&str, Compression); 4] = [
    (".gz", Compression::Gzip),
    (".zst", Compression::Zstandard),
    (".xz", Compression::Xz),
    (".bz2", Compression::Bzip2),
];

/// A name without the ending of its compression, and what that ending says.
pub(crate) fn without_ending(name: &str) -> (&str, Option<Compression>) {
    let mut endings = ENDINGS.into_iter();
    let found = endings.find_map(|(ending, one)| Some((name.strip_suffix(ending)?, Some(one))));
    found.unwrap_or((name, None))
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
    while Compression::of(&head).is_none() && Compression::may_begin_with(&head) {
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
    let compression = Compression::of(&head);
    let bytes = io::Cursor::new(head).chain(bytes);
    Ok(match compression {
        Some(compression) => (compression.decoder(bytes)?, true),
        None => (Box::new(bytes), false),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{COMPRESSIONS, compress};

    #[test]
    fn every_compression_is_known_by_its_first_bytes() {
        let text: Vec<u8> = (0..40_000_u32)
            .flat_map(|n| format!("{n}\n").into_bytes())
            .collect();
        for (ending, one) in COMPRESSIONS {
            for text in [&b""[..], b"one\n", &text] {
                let whole = compress(ending, text);
                assert_eq!(Compression::of(&whole), Some(one), "{ending}");
                // Two of them, one after the other, are one content.
                let twice = [&whole[..], &whole[..]].concat();
                let mut read = Vec::new();
                let mut decoder = one.decoder(io::Cursor::new(twice)).unwrap();
                decoder.read_to_end(&mut read).unwrap();
                assert!(read == [text, text].concat(), "{ending}");
            }
            let whole = compress(ending, &text);
            for length in [11, whole.len() / 2, whole.len() - 1] {
                let torn = io::Cursor::new(whole[..length].to_vec());
                let mut read = Vec::new();
                let error = (one.decoder(torn)).and_then(|mut torn| torn.read_to_end(&mut read));
                assert!(error.is_err(), "{ending}: {length} of {}", whole.len());
            }
        }
    }

    #[test]
    fn text_is_not_taken_for_compressed() {
        for text in [
            "BZh",
            "BZh9 is what the line begins with",
            "BZh91AY&S",
            "Program started",
            "",
        ] {
            let (mut bytes, is_compressed) = decompressed(text.as_bytes()).unwrap();
            let mut read = String::new();
            bytes.read_to_string(&mut read).unwrap();
            assert_eq!((read.as_str(), is_compressed), (text, false));
        }
    }
}
