//! mtail's language: from the text of a program to one that runs.
//!
//! The front end (lexer, parser, checker) makes plain data of a text, or says all that is wrong with
//! it. [`script`] holds that data and runs it. Behaviour is that of mtail 3.0.9 to 3.2.24; what no
//! sane program relies on is better by default, and the same with [`Options::strict`].

mod ast;
mod check;
mod compile;
pub mod convert;
mod dialect;
mod layout;
mod lexer;
mod number;
pub mod pages;
mod parser;
mod problem;
pub mod script;
pub mod source;
pub mod test_file;
pub mod unit;

pub use ast::{Arithmetic, Bits, Compare, Kind};
pub use dialect::{Translated, translate};
pub use layout::{Defaults, Layout, Time};
pub use number::{float_text, parse_float, parse_int, parse_int_radix, write_float};
pub use problem::{Place, Problem, Problems, Severity, Span};

use script::code::Program;

/// The longest text of a program, in bytes.
const SOURCE_MAX: usize = 1 << 20;

/// How a program is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether surprises of mtail are copied that lose lines: types that clash when stored.
    pub strict: bool,
    /// How deep blocks and expressions may be in each other.
    pub depth_max: usize,
    /// The longest regex, its constants put in, in bytes.
    pub pattern_length_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            strict: false,
            depth_max: 100,
            pattern_length_max: 8192,
        }
    }
}

impl Options {
    /// mtail's own limits and its losses.
    pub fn strict() -> Self {
        Options {
            strict: true,
            pattern_length_max: 1024,
            ..Options::default()
        }
    }
}

/// A program that can run, and what is probably not as meant in it.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub program: Program,
    pub warnings: Problems,
}

/// Reads a program. `name` is the base name of its file, with the ending. Where it cannot run, all
/// that is wrong with it is told at once.
pub fn compile(name: &str, source: &str, options: &Options) -> Result<Compiled, Problems> {
    if source.len() > SOURCE_MAX {
        let message = format!("a program may have at most {SOURCE_MAX} bytes");
        return Err(Problems::new(vec![Problem::error(
            Span::default(),
            message,
        )]));
    }
    let depth_max = options.depth_max.min(100);
    let mut parsed = parser::parse(source, depth_max);
    let mut problems = std::mem::take(&mut parsed.problems);
    let mut checked = check::check(&parsed, options);
    problems.append(&mut checked.problems);
    let problems = Problems::new(problems);
    if problems.errors() > 0 {
        return Err(problems);
    }
    let program = compile::compile(name, source, checked, options);
    Ok(Compiled {
        program,
        warnings: problems,
    })
}

#[cfg(test)]
mod tests;
