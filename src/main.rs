//! The program: command line, daemon and HTTP server. What it is made of is in `crates/`; see
//! ARCHITECTURE.md.

use std::process::ExitCode;

mod cli;
mod daemon;
mod log_queue;
mod logging;
mod programs;
mod progress_bar;
mod pseudonym_secret;
mod reloadable;
mod secret_file;
mod server;
mod settings;
mod shutdown;

/// `0.1.0 (1a2b3c4d5e6f)`: the release, and the commit it was built from.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("LOGMETRICS_REVISION"),
    ")"
);

fn main() -> ExitCode {
    let exit = cli::main();
    log_queue::flush();
    exit.into()
}
