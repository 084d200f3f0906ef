//! Printing: data to standard output, messages to standard error, and nothing that came from
//! outside without its control characters made harmless.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use super::exit::Exit;
use crate::log_queue;
use logmetrics_gateway::output_file::OutputFile;

/// Writes data to standard output. A reader that has gone (`| head`) is no failure.
pub fn print(bytes: &[u8]) -> Exit {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => fail(&format_args!("cannot write to standard output: {error}")),
    }
}

/// Writes data to a file, which gets its name when it is whole.
pub fn write_file(mut file: OutputFile, bytes: &[u8]) -> Exit {
    let path = file.path().display().to_string();
    match file.write_all(bytes).and_then(|()| file.finish()) {
        Ok(()) => Exit::Done,
        Err(error) => fail(&format_args!("cannot write `{path}`: {error}")),
    }
}

/// Says why the run failed.
pub fn fail(message: &dyn Display) -> Exit {
    say(&format_args!("error: {message}"));
    Exit::Failed
}

/// Says what is wrong with the command line or the rules.
pub fn usage(message: &dyn Display) -> Exit {
    say(&format_args!("error: {message}"));
    Exit::Usage
}

/// Writes one line to standard error; if even that fails there is nobody to tell.
pub fn say(message: &dyn Display) {
    log_queue::flush();
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Text from outside as it may be shown on a terminal: control characters are shown as escapes, broken
/// bytes as U+FFFD.
pub fn harmless(text: &[u8]) -> String {
    let mut out = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        match character {
            '\t' => out.push(' '),
            character if character.is_control() => out.extend(character.escape_default()),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn control_characters_do_no_harm() {
        assert_eq!(
            harmless(b"a\tb\x1b[31mred\xff"),
            "a b\\u{1b}[31mred\u{fffd}"
        );
    }
}
