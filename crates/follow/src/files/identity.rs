//! Which file is this: device and inode, a signature of the first bytes, a marker before the offset.
//!
//! Plain data and positioned reads only. No path is followed here, no sink is fed, nothing waits.
//! What is in [`Position`] is what a later save has to keep; every field is a plain number.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

/// How many of a file's first bytes its signature covers, at most.
pub const SIGNATURE_BYTES_MAX: usize = 1024;
/// How many bytes before the offset the marker covers, at most.
pub const MARKER_BYTES_MAX: usize = 256;

/// Device and inode. Exact while a descriptor of the file is open; afterwards the inode may be
/// given to another file, which is why a [`Position`] carries content too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    /// The device's number; 0 where the platform has none.
    pub device: u64,
    /// The inode's number; elsewhere a hash of the path and the creation time.
    pub inode: u64,
}

/// The device of content whose file is gone; no device has this number.
const NO_DEVICE: u64 = i64::MAX as u64;

/// Whether [`FileId`] alone tells two files apart while both exist.
pub const ID_IS_EXACT: bool = cfg!(unix);

impl FileId {
    /// The least identity of a content whose file is gone.
    pub(crate) const FIRST_OF_CONTENT: FileId = FileId {
        device: NO_DEVICE,
        inode: 0,
    };

    /// The identity of the file that `metadata` describes; `path` is used only where the platform
    /// offers no inode.
    #[cfg(unix)]
    pub fn of(_path: &Path, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// The identity of the file that `metadata` describes, from its path and creation time.
    #[cfg(not(unix))]
    pub fn of(path: &Path, metadata: &Metadata) -> Self {
        let created = metadata.created().ok();
        let since = created.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let nanoseconds = since.map_or(0, |since| since.as_nanos());
        let text = format!("{}\0{nanoseconds}", path.display());
        FileId {
            device: 0,
            inode: Fingerprint::of(text.as_bytes()).hash,
        }
    }
}

/// How many names a file still has; 1 where the platform cannot say.
pub fn link_count(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        metadata.nlink()
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        1
    }
}

/// A hash of some bytes, and how many they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fingerprint {
    /// How many bytes were hashed.
    pub length: u32,
    /// FNV-1a, 64 bits: the same on every machine and in every version, so that it may be saved.
    pub hash: u64,
}

/// One step of FNV-1a.
fn next_hash(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

impl Fingerprint {
    /// The fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let hash = (bytes.iter()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| next_hash(hash, *byte));
        Fingerprint {
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            hash,
        }
    }

    /// The hash of each beginning of `bytes`, by its length.
    pub fn of_beginnings(bytes: &[u8]) -> Vec<u64> {
        let mut hash = Fingerprint::of(b"").hash;
        let mut hashes = vec![hash];
        for byte in bytes {
            hash = next_hash(hash, *byte);
            hashes.push(hash);
        }
        hashes
    }

    /// The fingerprint of what follows the last NUL in `bytes`: one that is filled later changes nothing.
    pub fn after_nuls(bytes: &[u8]) -> Self {
        let begin = memchr::memrchr(0, bytes).map_or(0, |at| at + 1);
        Fingerprint::of(&bytes[begin..])
    }

    /// Whether these are the bytes that were hashed.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *self == Fingerprint::of(bytes)
    }

    /// Whether `bytes` begins with the bytes that were hashed.
    pub fn begins(&self, bytes: &[u8]) -> bool {
        bytes
            .get(..self.length as usize)
            .is_some_and(|begin| self.matches(begin))
    }
}

/// Where reading is in one file, with the evidence that it is still that file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Device and inode.
    pub id: FileId,
    /// The first byte that no sink has taken, in bytes from the file's start.
    pub offset: u64,
    /// Of the file's first bytes, as many as have been seen, up to [`SIGNATURE_BYTES_MAX`].
    pub signature: Fingerprint,
    /// Of the last bytes before `offset`, up to [`MARKER_BYTES_MAX`].
    pub marker: Fingerprint,
}

impl Position {
    /// The start of a file of which nothing is known yet.
    pub fn start(id: FileId) -> Self {
        let empty = Fingerprint::of(b"");
        Position {
            id,
            offset: 0,
            signature: empty,
            marker: empty,
        }
    }

    /// At `offset` of `file`; the signature is taken when the file is first read.
    pub fn at(file: &File, id: FileId, offset: u64) -> io::Result<Self> {
        Ok(Position {
            offset,
            marker: marker_before(file, offset)?,
            ..Position::start(id)
        })
    }

    /// The same with the signature of what `file` begins with now, if there was none. So a file that is
    /// noted before it is read can be known by its content.
    pub fn signed(self, file: &File) -> io::Result<Self> {
        if self.signature.length > 0 {
            return Ok(self);
        }
        let signature = Fingerprint::of(&head(file)?);
        Ok(Position { signature, ..self })
    }

    /// The same for a file that is gone: known by its content alone, under an identity that no file
    /// has, so that one which is given its inode is not taken for it.
    #[must_use]
    pub fn of_content(self) -> Self {
        let evidence = [self.offset, self.signature.hash, self.marker.hash];
        let bytes: Vec<u8> = evidence.into_iter().flat_map(u64::to_le_bytes).collect();
        let id = FileId {
            device: NO_DEVICE,
            inode: Fingerprint::of(&bytes).hash,
        };
        Position { id, ..self }
    }

    /// Whether this is known by its content alone.
    pub fn is_of_content(&self) -> bool {
        self.id.device == NO_DEVICE
    }

    /// Whether `file` still holds the content in which this position was taken.
    pub fn still_in(&self, file: &File) -> io::Result<bool> {
        if file.metadata()?.len() < self.offset {
            return Ok(false);
        }
        if !self.signature.begins(&head(file)?) {
            return Ok(false);
        }
        let mut bytes = [0; MARKER_BYTES_MAX];
        let length = (self.marker.length as usize).min(MARKER_BYTES_MAX);
        let Some(from) = self.offset.checked_sub(length as u64) else {
            return Ok(false);
        };
        let read = read_at(file, &mut bytes[..length], from)?;
        Ok(self.marker.matches(&bytes[..read]))
    }
}

/// The first bytes of `file`, as many as a signature covers, up to the first NUL: what is not written
/// yet tells nothing.
pub fn head(file: &File) -> io::Result<Vec<u8>> {
    let mut head = vec![0; SIGNATURE_BYTES_MAX];
    let read = read_at(file, &mut head, 0)?;
    head.truncate(without_nuls(&head[..read]).len());
    Ok(head)
}

/// The bytes before the first NUL.
pub fn without_nuls(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(0, bytes).unwrap_or(bytes.len())]
}

/// The fingerprint of the bytes before `offset`.
pub fn marker_before(file: &File, offset: u64) -> io::Result<Fingerprint> {
    let mut bytes = [0; MARKER_BYTES_MAX];
    let length = marker_length(offset);
    let read = read_at(file, &mut bytes[..length], offset - length as u64)?;
    Ok(Fingerprint::after_nuls(&bytes[..read]))
}

/// How many bytes the marker before `offset` covers.
pub fn marker_length(offset: u64) -> usize {
    usize::try_from(offset)
        .unwrap_or(MARKER_BYTES_MAX)
        .min(MARKER_BYTES_MAX)
}

/// Reads at `offset` until `buffer` is full or the file ends; returns how many bytes were read.
/// The descriptor's own position is neither used nor promised.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match read_some_at(file, room, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Opens a file for reading, without waiting where a fifo has taken the name meanwhile.
pub fn open(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
    }
    #[cfg(not(unix))]
    {
        File::open(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of FNV-1a: a saved hash must mean the same in every version.
        assert_eq!(Fingerprint::of(b"").hash, 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fingerprint::of(b"a").hash, 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fingerprint::of(b"foobar").hash, 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_position_knows_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let file = File::open(&path).unwrap();
        let id = FileId::of(&path, &file.metadata().unwrap());
        let position = Position {
            id,
            offset: 4,
            signature: Fingerprint::of(b"one\ntwo\n"),
            marker: marker_before(&file, 4).unwrap(),
        };
        assert!(position.still_in(&file).unwrap());
        std::fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert!(position.still_in(&file).unwrap(), "growing changes nothing");
        std::fs::write(&path, "one\nelse\n").unwrap();
        assert!(!position.still_in(&file).unwrap(), "another beginning");
        std::fs::write(&path, "one").unwrap();
        assert!(
            !position.still_in(&file).unwrap(),
            "shorter than the offset"
        );
    }
}
