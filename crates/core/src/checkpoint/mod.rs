//! Where reading stands and what was counted, in one SQLite file and one transaction, cut at the same
//! instant: a restart goes on from there, and every line counts once.
//!
//! What is saved is compared with the last save in memory, so that a save writes what changed and
//! reading never waits for a disk. What is loaded is believed only as a whole: a digest stands over
//! all rows. Knows no lines, no rules and no HTTP.

mod form;
mod keeper;
mod load;
mod log;
mod open;
mod save;
#[cfg(test)]
mod tests;

pub use keeper::{Keeper, NoteSource, Source};
pub use load::Notes;
pub use open::{News, OpenError, Opened, open};
pub use save::Saver;
