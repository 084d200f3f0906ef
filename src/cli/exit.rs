//! Exit codes, as users and their scripts see them. No printing.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// 0: what was asked is done.
    Done,
    /// 1: it was tried and failed.
    Failed,
    /// 2: the command line or the rules are wrong. The same code that clap uses.
    Usage,
    /// 3: the doctor has warnings, but nothing is broken.
    Warnings,
}

impl Exit {
    /// The number that the system is told.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Warnings => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_a_promise() {
        assert_eq!(
            [Exit::Done, Exit::Failed, Exit::Usage, Exit::Warnings].map(Exit::code),
            [0, 1, 2, 3]
        );
        assert_eq!(ExitCode::from(Exit::Usage), ExitCode::from(2));
    }
}
