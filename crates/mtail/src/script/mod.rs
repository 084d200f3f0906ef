//! Programs as they run: their form, the interpreter, and what it needs of the outside.

pub mod code;
mod evaluate;
mod exposition;
mod frame;
mod matcher;
mod memory;
mod plain_labels;
mod run;
mod vars;

pub use exposition::ExpositionOptions;
pub use frame::Times;
pub use matcher::{Matcher, RegexMatcher, Spans};
pub use memory::Memory;
pub use run::{Cause, Line, RuntimeError, Script, Settings};
pub use vars::{Change, Labels, Metrics, Number};
