//! A stand-in for a gateway's container: writes a log to standard output, or to a file, and then
//! stays. Built as a static binary by the tests, so that it runs in an image of nothing else.
//!
//!     replay LOG [FILE]

use std::fs::File;
use std::io::{self, Write};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let log = arguments.next().ok_or(io::ErrorKind::InvalidInput)?;
    let mut out: Box<dyn Write> = match arguments.next() {
        Some(file) => Box::new(File::options().create(true).append(true).open(file)?),
        None => Box::new(io::stdout()),
    };
    out.write_all(&std::fs::read(log)?)?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}
