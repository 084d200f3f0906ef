//! Programs of mtail, and mtail's own command line.

mod cases;
mod command;
mod convert;
/// The list of the language's own tests.
#[path = "../../crates/mtail/src/tests/deviations.rs"]
#[expect(dead_code, reason = "what its other readers ask for")]
mod deviations;
/// Many programs at once.
mod many;
mod rules;
#[cfg(unix)]
mod sockets;
