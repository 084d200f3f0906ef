//! How far inputs were read and what was counted, in one SQLite file and one transaction, as of the same
//! instant: a restart goes on from there, and every line counts once.
//!
//! What is saved is compared with the last save in memory, so that a save writes what changed and
//! reading never waits for a disk. What is loaded is accepted only as a whole: a digest covers
//! all rows. Knows no lines, no rules and no HTTP.

mod checkpointer;
mod load;
mod open;
mod save;
mod schema;
#[cfg(test)]
mod tests;
mod write_ahead_log;

pub use checkpointer::{Checkpointer, NoteSource, SaveTrigger, SavedPage, Source};
pub use load::Notes;
pub use open::{OpenError, OpenOutcome, Opened, open};
pub use save::Saver;
