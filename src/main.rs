//! The binary: everything is in the library beside it. Here the exit code is given, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    logmetrics::cli::main().into()
}
