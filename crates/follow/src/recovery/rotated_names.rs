//! The names that rotation gives to files, and which of two is the older.
//!
//! Looks at names only. Known are a number (`app.log.1`, `app.1.log`) and a time
//! (`app.log-20261008`, `app.log-20261008-1760000000`, `app-2026-10-08.log`), with `.gz` or `.zst`.

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How a rotated file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstandard,
}

/// What a name says of when its file was rotated. The older is the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// A higher number is older.
    Number(u64),
    /// A date as `yyyymmdd` (0 where a name has seconds only), and what follows it.
    Time(u64, u64),
    /// For names that say nothing: when the file was last written, in nanoseconds since 1970.
    Written(u128),
}

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rotated {
    /// The name of the file that was rotated.
    pub base: String,
    pub age: Age,
    pub compression: Option<Compression>,
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

/// A longer number is a time.
const NUMBER_DIGITS_MAX: usize = 7;

impl Rotated {
    /// Takes a base name apart; none if it is not one that rotation gives.
    pub(crate) fn of(name: &str) -> Option<Rotated> {
        let (plain, compression) = without_compression_ending(name);
        let (base, age) = at_end(plain)
            .map(|(base, age)| (base.to_owned(), age))
            .or_else(|| {
                let (stem, extension) = plain.rsplit_once('.')?;
                let (base, age) = at_end(stem)?;
                Some((format!("{base}.{extension}"), age))
            })?;
        Some(Rotated {
            base,
            age,
            compression,
        })
    }
}

/// A name without the ending of its compression.
pub(crate) fn without_compression_ending(name: &str) -> (&str, Option<Compression>) {
    let endings = [(".gz", Compression::Gzip), (".zst", Compression::Zstandard)];
    (endings.into_iter())
        .find_map(|(ending, compression)| Some((name.strip_suffix(ending)?, Some(compression))))
        .unwrap_or((name, None))
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
    if is_number && text.len() <= NUMBER_DIGITS_MAX {
        return (mark == ".").then_some(Age::Number(text.parse().ok()?));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    if (1970..3000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) {
        let rest = digits.get(8..)?;
        let rest = rest.get(..rest.len().min(18))?.parse().unwrap_or(0);
        return Some(Age::Time(number(0, 8)?, rest));
    }
    (is_number && digits.len() >= 10).then_some(Age::Time(0, digits.parse().ok()?))
}

/// A name with `0` for each run of digits, and without the ending of its compression: what the names of
/// files have in common that one program rotates.
pub(crate) fn digits_blanked(name: &OsStr) -> OsString {
    let text = name.to_string_lossy();
    let (plain, _) = without_compression_ending(&text);
    let mut blanked = String::new();
    for character in plain.chars() {
        match character {
            '0'..='9' if blanked.ends_with('0') => {}
            '0'..='9' => blanked.push('0'),
            other => blanked.push(other),
        }
    }
    blanked.into()
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
        }
    }

    /// Whether this is surely the newer of two; names of two kinds cannot be compared.
    pub(crate) fn is_newer_than(self, other: Age) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other) && self > other
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
        ] {
            let rotated = Rotated::of(name).unwrap();
            assert_eq!((&*rotated.base, rotated.age), (base, age), "{name}");
            assert_eq!(rotated.compression, without_compression_ending(name).1);
        }
        for name in [
            "app.log",
            "app-1.log",
            "app.log.gz",
            "app.log.old",
            ".1",
            "1",
        ] {
            assert_eq!(Rotated::of(name), None, "{name}");
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
