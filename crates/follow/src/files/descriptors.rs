//! How many files may be open at once: not all that the system allows, so that the server can take
//! connections, the state be saved and rules be read.

use std::io;
use std::sync::OnceLock;

/// What is kept for everything else, at least and at most: a quarter of what the system allows.
const KEPT_MIN: u64 = 32;
const KEPT_MAX: u64 = 256;

/// Where even that is too much, this part of all is for files.
const FILES_PART_MIN: u64 = 4;

/// Rotated files are read on for a while; so many of them at most are open beyond the others.
const REPLACEMENTS_MAX: usize = 64;

/// Raises the limit to what the process may have, and says how many files may be followed at once.
pub(super) fn files_max() -> usize {
    static FILES_MAX: OnceLock<usize> = OnceLock::new();
    *FILES_MAX.get_or_init(|| raised_limit().map_or(usize::MAX, of_limit))
}

fn of_limit(limit: u64) -> usize {
    let kept = (limit / 4).clamp(KEPT_MIN, KEPT_MAX);
    let files = limit
        .saturating_sub(kept)
        .max(limit / FILES_PART_MIN)
        .max(1);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// How many files may be open before another is opened.
pub(super) fn places(files_max: usize, is_replacement: bool) -> usize {
    match is_replacement {
        true => files_max.saturating_add((files_max / 8).clamp(1, REPLACEMENTS_MAX)),
        false => files_max,
    }
}

/// Why a file is not opened while `files_max` others are.
pub(super) fn exhausted(files_max: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::QuotaExceeded,
        format!(
            "{files_max} files are open, as many as may be; raise the limit of open files \
             (`ulimit -n`, LimitNOFILE)"
        ),
    )
}

/// `None` where there is none.
#[cfg(unix)]
fn raised_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let (before, maximum) = (limit.current, limit.maximum);
    limit.current = maximum;
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => maximum,
        Err(_) => before,
    }
}

#[cfg(not(unix))]
fn raised_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_kept_for_everything_else() {
        for (limit, files) in [
            (64, 32),
            (256, 192),
            (1024, 768),
            (1_000_000, 999_744),
            (32, 8),
            (1, 1),
        ] {
            assert_eq!(of_limit(limit), files, "{limit}");
        }
        assert_eq!((places(32, false), places(32, true)), (32, 36));
        assert_eq!(places(usize::MAX, true), usize::MAX);
    }
}
