//! Joins the rooms: bytes → lines → engine → store, on the thread that reads.
//!
//! No HTTP, no printing, no rules' text. A [`Worker`] belongs to one reading thread; what it shares
//! with others is the store, locked once for each block of lines.

use std::io::{self, Read};

use logmetrics_follow::line::framer::Framer;
use logmetrics_follow::line::unwrap::Unwrapper;
use logmetrics_follow::line::{LINE_BYTES_MAX, Line, Origin};

pub mod unmatched_samples;
mod worker;

pub use worker::{Active, Shared, Worker};

/// Bytes read at a time.
const BLOCK_BYTES: usize = 256 * 1024;

/// Calls `each` for every line of `input`, unwrapped, to the end; a last line without an end is one.
///
/// For commands that read once and need no positions.
///
/// # Errors
/// What reading or `each` gives.
pub fn read_lines(
    mut input: impl Read,
    origin: &Origin,
    mut each: impl FnMut(&Line) -> io::Result<()>,
) -> io::Result<()> {
    let mut framer = Framer::default();
    let mut unwrapper = Unwrapper::default();
    let mut result = Ok(());
    let mut hand_on = |unwrapper: &mut Unwrapper, raw: &[u8], result: &mut io::Result<()>| {
        if result.is_ok()
            && let Some(unwrapped) = unwrapper.unwrap(0, raw)
        {
            *result = each(&Line {
                text: unwrapped.text,
                wrapping: unwrapped.wrapping,
                origin,
            });
        }
    };
    let mut buffer = vec![0; BLOCK_BYTES + LINE_BYTES_MAX];
    let mut filled = 0;
    loop {
        let read = match input.read(&mut buffer[filled..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read == 0 {
            break;
        }
        filled += read;
        let cut = framer.cut(&buffer[..filled], |_, raw| {
            hand_on(&mut unwrapper, raw, &mut result);
        });
        // The input may never end, and nobody may be left who wants more of it.
        std::mem::replace(&mut result, Ok(()))?;
        buffer.copy_within(cut.taken..filled, 0);
        filled -= cut.taken;
    }
    framer.finish(&buffer[..filled], |_, raw| {
        hand_on(&mut unwrapper, raw, &mut result);
    });
    result?;
    while let Some(unwrapped) = unwrapper.flush() {
        each(&Line {
            text: unwrapped.text,
            wrapping: unwrapped.wrapping,
            origin,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A log that never ends.
    struct Endless;

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'\n');
            Ok(buffer.len())
        }
    }

    #[test]
    fn an_endless_log_is_left_when_nobody_wants_more() {
        let origin = Origin {
            source: Arc::from("-"),
            file: Arc::from("-"),
        };
        let mut lines = 0;
        let result = read_lines(Endless, &origin, |_| {
            lines += 1;
            Err(io::ErrorKind::BrokenPipe.into())
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(lines, 1);
    }
}
