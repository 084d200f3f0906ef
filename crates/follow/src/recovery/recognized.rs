//! What a file in a folder turned out to be, of those that were followed.

use crate::SavedFile;

/// What a sibling turned out to be.
pub(crate) enum Recognized {
    /// One that was followed: its rest is to be read.
    Missing(SavedFile),
    /// One that was read to its end and left.
    Left(SavedFile),
    /// The copy of a missing one that was made before all was written that was read of it: nothing in it
    /// is new. Noted after all of it.
    Counted(SavedFile),
    /// What an open file holds, compressed or copied just now; it is read there.
    Open(SavedFile),
}

impl Recognized {
    /// What is noted of it.
    pub(crate) fn file(&self) -> &SavedFile {
        match self {
            Recognized::Missing(file)
            | Recognized::Left(file)
            | Recognized::Counted(file)
            | Recognized::Open(file) => file,
        }
    }

    /// The same, for keeps.
    pub(crate) fn into_file(self) -> SavedFile {
        match self {
            Recognized::Missing(file)
            | Recognized::Left(file)
            | Recognized::Counted(file)
            | Recognized::Open(file) => file,
        }
    }
}
