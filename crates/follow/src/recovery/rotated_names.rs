//! The names that rotation gives to files, and which of two is the older.
//!
//! Looks at names only. Known are a number (`app.log.1`, `app.1.log`) and a time
//! (`app.log-20261008`, `app.log-20261008-1760000000`, `app-2026-10-08.log`), with the
//! ending of a compression or without.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::compression::{Compression, without_ending};

/// What a name says of when its file was rotated. The older is the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// A higher number is older.
    Number(u64),
    /// A date as `yyyymmdd` (0 where a name has seconds only), and what follows it.
    Time(u64, u64),
    /// For names that say nothing: when the file was last written, in nanoseconds since 1970.
    Written(u128),
    /// For the file that is not rotated yet: newer than all that are.
    Current,
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotated {
    /// The name of the file that was rotated.
    pub base: String,
    pub age: Age,
}

/// The path that a rotated file had, if its name is a name of that kind.
pub(crate) fn base_of(path: &Path) -> Option<(PathBuf, Rotated)> {
    let rotated = Rotated::of(path.file_name()?.to_str()?)?;
    Some((path.with_file_name(&rotated.base), rotated))
}

/// The name under which a file and those rotated before and after it are searched.
pub(crate) fn base_or_self(path: &Path) -> PathBuf {
    base_of(path).map_or_else(|| path.to_owned(), |(base, _)| base)
}

/// Whether the log of which `path` is a file went on in `next`, which was rotated after it or is the log
/// itself. Numbers say whether a file between them is missing, times do not.
pub(crate) fn goes_on_in(path: &Path, next: &Path) -> bool {
    let Some((base, Rotated { age, .. })) = base_of(path) else {
        return false;
    };
    match (base_of(next), age) {
        (None, Age::Number(number)) => base == next && number <= 1,
        (None, _) => base == next,
        (Some((next_base, next)), _) if base == next_base => match (age, next.age) {
            (Age::Number(number), Age::Number(next)) => next.checked_add(1) == Some(number),
            (age, next) => next.is_newer_than(age),
        },
        (Some(_), _) => false,
    }
}

/// A longer number is a time: nobody keeps ten thousand rotated files.
const NUMBER_DIGITS_MAX: usize = 4;

/// Where numbers reach this one they may be times, such as a month and a day, or count upwards; then the times
/// of the files tell.
pub(crate) const COUNTS_MAX: u64 = 100;

impl Rotated {
    /// Takes a base name apart; none if it is not one that rotation gives.
    pub(crate) fn of(name: &str) -> Option<Rotated> {
        let (plain, _) = without_ending(name);
        let (base, age) = at_end(plain)
            .map(|(base, age)| (base.to_owned(), age))
            .or_else(|| {
                let (stem, extension) = plain.rsplit_once('.')?;
                let (base, age) = at_end(stem)?;
                Some((format!("{base}.{extension}"), age))
            })?;
        Some(Rotated { base, age })
    }
}

fn at_end(name: &str) -> Option<(&str, Age)> {
    name.match_indices(['.', '-'])
        .filter(|(at, _)| *at > 0)
        .find_map(|(at, mark)| Some((&name[..at], age(mark, &name[at + 1..])?)))
}

fn age(mark: &str, text: &str) -> Option<Age> {
    let all = |allowed: &dyn Fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    if !all(&|c| c.is_ascii_digit() || "-_.:TZ".contains(c)) {
        return None;
    }
    let is_number = all(&|c| c.is_ascii_digit());
    if is_number && text.len() < EPOCH_DIGITS_MIN && text.len() != DATE_DIGITS {
        let number = text.parse().ok()?;
        let is_count = text.len() <= NUMBER_DIGITS_MAX;
        let age = if is_count {
            Age::Number(number)
        } else {
            Age::Time(0, number)
        };
        // After a dash such a number is as often that of a process.
        return (mark == ".").then_some(age);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    if (1970..3000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) {
        let rest = digits.get(8..)?;
        let rest = rest.get(..rest.len().min(18))?.parse().unwrap_or(0);
        return Some(Age::Time(number(0, 8)?, rest));
    }
    (is_number && digits.len() >= EPOCH_DIGITS_MIN).then_some(Age::Time(0, digits.parse().ok()?))
}

/// A year, a month and a day.
const DATE_DIGITS: usize = 8;

/// Seconds since 1970.
const EPOCH_DIGITS_MIN: usize = 10;

/// A name with `0` for each run of digits and for names of months and days, and without the ending of its
/// compression: what the names of files have in common that one program rotates.
pub(crate) fn digits_blanked(name: &OsStr) -> OsString {
    let text = name.to_string_lossy();
    let (plain, _) = without_ending(&text);
    let (mut blanked, mut rest) = (String::new(), plain);
    while let Some(first) = rest.chars().next() {
        let name = name_in_date(rest).filter(|_| !blanked.ends_with(char::is_alphabetic));
        let length = name.unwrap_or(first.len_utf8());
        match first {
            _ if name.is_none() && !first.is_ascii_digit() => blanked.push(first),
            _ if blanked.ends_with('0') => {}
            _ => blanked.push('0'),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    blanked.into()
}

/// The English names of months and days, which `date` also prints with three letters.
const NAMES_IN_DATES: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// How long the name of a month or a day is that `text` begins with.
fn name_in_date(text: &str) -> Option<usize> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..letters)?.to_ascii_lowercase();
    let is_it = |name: &&str| **name == *word || name.get(..3) == Some(&word);
    NAMES_IN_DATES.iter().any(is_it).then_some(letters)
}

/// Whether a name has more digits than another one, or says that its file is compressed: as the names of
/// rotated files do, by whatever scheme.
pub(crate) fn looks_rotated(name: &OsStr, base: &OsStr) -> bool {
    let digits = |name: &OsStr| {
        let bytes = name.as_encoded_bytes();
        bytes.iter().filter(|byte| byte.is_ascii_digit()).count()
    };
    let is_compressed = name
        .to_str()
        .is_some_and(|name| Compression::of_name(name).is_some());
    is_compressed || digits(name) > digits(base)
}

impl Age {
    /// The age of a file that was last written then.
    pub(crate) fn written(modified: Option<SystemTime>) -> Option<Age> {
        let since = modified?.duration_since(UNIX_EPOCH).ok()?;
        Some(Age::Written(since.as_nanos()))
    }

    fn kind(self) -> u8 {
        match self {
            Age::Number(_) => 0,
            Age::Time(..) => 1,
            Age::Written(_) => 2,
            Age::Current => 3,
        }
    }

    /// Whether this is surely the newer of two; names of two kinds cannot be compared. File systems' clocks
    /// are coarse: of two that were written at the same time either is.
    pub(crate) fn is_newer_than(self, other: Age) -> bool {
        if self == Age::Current {
            return other != Age::Current;
        }
        let is_alike = std::mem::discriminant(&self) == std::mem::discriminant(&other);
        is_alike && (self > other || (self == other && matches!(self, Age::Written(_))))
    }

    /// The number, if that is what the name has.
    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Age::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl Ord for Age {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Age::Number(one), Age::Number(other)) => other.cmp(one),
            (Age::Time(day, rest), Age::Time(other_day, other_rest)) => {
                (day, rest).cmp(&(other_day, other_rest))
            }
            (Age::Written(one), Age::Written(other)) => one.cmp(other),
            (one, other) => one.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Age {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_in_the_file_that_was_rotated_next() {
        for (path, next, expected) in [
            ("/l/a.log.1", "/l/a.log", true),
            ("/l/a.log.0", "/l/a.log", true),
            ("/l/a.log.3.gz", "/l/a.log.2", true),
            ("/l/a.log-20261126.zst", "/l/a.log-20261127", true),
            ("/l/0.log.20261126-120000", "/l/0.log", true),
            ("/l/a.log.2", "/l/a.log", false),
            ("/l/a.log.3", "/l/a.log.1", false),
            ("/l/a.log.1", "/l/a.log.2", false),
            ("/l/a.log-20261127", "/l/a.log-20261126", false),
            ("/l/a.log", "/l/a.log.1", false),
            ("/l/a.log.1", "/l/b.log", false),
            ("/l/a.log.1", "/other/a.log", false),
            ("/l/a.log", "/l/a.log", false),
        ] {
            let goes_on = goes_on_in(Path::new(path), Path::new(next));
            assert_eq!(goes_on, expected, "{path} {next}");
        }
    }

    #[test]
    fn the_usual_names() {
        let number = Age::Number;
        for (name, base, age) in [
            ("app.log.1", "app.log", number(1)),
            ("app.log.12.gz", "app.log", number(12)),
            ("app.1.log.zst", "app.log", number(1)),
            ("app.log-20261008", "app.log", Age::Time(20_261_008, 0)),
            (
                "app.log-20261008-1760000000.gz",
                "app.log",
                Age::Time(20_261_008, 1_760_000_000),
            ),
            ("app.log-2026-10-08", "app.log", Age::Time(20_261_008, 0)),
            ("app-2026-10-08.log", "app.log", Age::Time(20_261_008, 0)),
            (
                "app-2026-10-08T12-30-00.000.log",
                "app.log",
                Age::Time(20_261_008, 123_000_000),
            ),
            ("app.log.1760000000", "app.log", Age::Time(0, 1_760_000_000)),
            ("app.log.261127", "app.log", Age::Time(0, 261_127)),
        ] {
            let rotated = Rotated::of(name).unwrap();
            assert_eq!((&*rotated.base, rotated.age), (base, age), "{name}");
        }
        for name in [
            "app.log",
            "app-1.log",
            "app.log.gz",
            "app.log.old",
            "app-261127.log",
            "app.log.27112026",
            ".1",
            "1",
        ] {
            assert_eq!(Rotated::of(name), None, "{name}");
        }
    }

    #[test]
    fn names_of_one_scheme_are_alike() {
        let blanked = |name: &str| digits_blanked(name.as_ref()).into_string().unwrap();
        for (name, expected) in [
            ("app.log.27112026.gz", "app.log.0"),
            ("app-W48.log.xz", "app-W0.log"),
            ("app.log-30Nov2026", "app.log-0"),
            ("app.log-01Dec2026.bz2", "app.log-0"),
            ("app.log.Friday", "app.log.0"),
            ("app.log.Nov-27", "app.log.0-0"),
            ("march.log.1", "0.log.0"),
            ("summary.log.1", "summary.log.0"),
            ("resume.log.1", "resume.log.0"),
            ("приложение.log.1", "приложение.log.0"),
        ] {
            assert_eq!(blanked(name), expected, "{name}");
        }
    }

    #[test]
    fn a_lower_number_and_a_later_day_are_newer() {
        assert!(Age::Number(1).is_newer_than(Age::Number(2)));
        assert!(Age::Time(20_261_009, 0).is_newer_than(Age::Time(20_261_008, 5)));
        assert!(!Age::Time(1, 1).is_newer_than(Age::Number(1)));
        assert!(!Age::Number(1).is_newer_than(Age::Number(1)));
    }
}
