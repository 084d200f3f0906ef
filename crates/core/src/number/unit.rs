//! Units: what a rule may say that a number is in, and what a line may write after a number.

/// What a unit measures, and with that the base unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// In seconds.
    Time,
    /// In bytes.
    Size,
    /// A part of 1.
    Ratio,
}

impl Dimension {
    /// For messages: `a time`, `a size`, `a ratio`.
    pub fn words(self) -> &'static str {
        match self {
            Dimension::Time => "a time",
            Dimension::Size => "a size",
            Dimension::Ratio => "a ratio",
        }
    }
}

/// A unit, as the ratio that leads to its base unit, so that `409` in `ms` is exactly `0.409`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The word for it in rules.
    pub name: &'static str,
    pub dimension: Dimension,
    multiply: f64,
    divide: f64,
    /// What one step of a bare `K`, `M` or `G` multiplies by.
    step: f64,
    /// Whether a small `b` is a bit.
    in_bits: bool,
}

const fn time(name: &'static str, multiply: f64, divide: f64) -> Unit {
    Unit {
        name,
        dimension: Dimension::Time,
        multiply,
        divide,
        step: 1e3,
        in_bits: false,
    }
}

const fn ratio(name: &'static str, divide: f64) -> Unit {
    Unit {
        dimension: Dimension::Ratio,
        ..time(name, 1.0, divide)
    }
}

const fn size(name: &'static str, multiply: f64) -> Unit {
    Unit {
        dimension: Dimension::Size,
        ..time(name, multiply, 1.0)
    }
}

const fn binary(name: &'static str, multiply: f64) -> Unit {
    Unit {
        step: 1024.0,
        ..size(name, multiply)
    }
}

const fn bits(name: &'static str, multiply: f64) -> Unit {
    Unit {
        divide: 8.0,
        in_bits: true,
        ..size(name, multiply)
    }
}

/// All that a rule may name, each with other words that people try.
const UNITS: [(Unit, &[&str]); 24] = [
    (time("ns", 1.0, 1e9), &["nanosecond", "nanoseconds"]),
    (
        time("us", 1.0, 1e6),
        &["µs", "μs", "microsecond", "microseconds"],
    ),
    (
        time("ms", 1.0, 1e3),
        &["msec", "millisecond", "milliseconds"],
    ),
    (time("s", 1.0, 1.0), &["sec", "second", "seconds"]),
    (time("min", 60.0, 1.0), &["m", "minute", "minutes"]),
    (time("h", 3600.0, 1.0), &["hour", "hours"]),
    (time("d", 86_400.0, 1.0), &["day", "days"]),
    (time("w", 604_800.0, 1.0), &["week", "weeks"]),
    (size("bytes", 1.0), &["B", "byte"]),
    (size("kB", 1e3), &["KB"]),
    (size("MB", 1e6), &[]),
    (size("GB", 1e9), &[]),
    (size("TB", 1e12), &[]),
    (binary("KiB", 1024.0), &[]),
    (binary("MiB", 1_048_576.0), &[]),
    (binary("GiB", 1_073_741_824.0), &[]),
    (binary("TiB", 1_099_511_627_776.0), &[]),
    (bits("bits", 1.0), &["bit"]),
    (bits("kbit", 1e3), &[]),
    (bits("Mbit", 1e6), &[]),
    (bits("Gbit", 1e9), &[]),
    (ratio("percent", 100.0), &["%"]),
    (ratio("permille", 1000.0), &["‰"]),
    (ratio("ratio", 1.0), &[]),
];

impl Unit {
    /// The words for units in rules, for messages and schemas.
    pub fn names() -> impl Iterator<Item = &'static str> {
        UNITS.iter().map(|(unit, _)| unit.name)
    }

    /// The unit that a rule names.
    pub fn of_rule(word: &str) -> Option<Unit> {
        let units = UNITS.iter().map(|(unit, _)| unit);
        units.copied().find(|unit| unit.name == word)
    }

    /// The unit that is meant by another word than the one that rules have for it.
    pub fn of_other_word(word: &str) -> Option<Unit> {
        let is_it = |(_, others): &&(Unit, &[&str])| others.contains(&word);
        UNITS.iter().find(is_it).map(|(unit, _)| *unit)
    }

    /// So much of it in the base unit.
    pub fn in_base(self, number: f64) -> f64 {
        number * self.multiply / self.divide
    }

    /// The unit that a line writes after a number of which the rule says that it is in this one: one of the
    /// same dimension. Whatever its case is, except where the case is all that tells two apart.
    pub(super) fn on_line(self, word: &str) -> Option<Unit> {
        match self.dimension {
            Dimension::Time => time_on_line(word),
            Dimension::Size => self.size_on_line(word),
            Dimension::Ratio => match word.to_lowercase().as_str() {
                "%" | "percent" | "pct" => Some(ratio("percent", 100.0)),
                "‰" | "permille" => Some(ratio("permille", 1000.0)),
                _ => None,
            },
        }
    }

    fn size_on_line(self, word: &str) -> Option<Unit> {
        let lower = word.to_lowercase();
        let (power, rest) = size_prefix(&lower);
        let (is_binary, rest) = match rest.strip_prefix('i') {
            Some(rest) if power > 0 => (true, rest),
            _ => (false, rest),
        };
        let in_bits = match rest {
            // `12K` and `12Ki`.
            "" if power > 0 => self.in_bits,
            "b" => self.in_bits && !word.ends_with('B'),
            "byte" | "bytes" => false,
            "bit" | "bits" => true,
            _ => return None,
        };
        let step: f64 = match rest {
            _ if is_binary => 1024.0,
            "" => self.step,
            _ => 1e3,
        };
        let multiply = step.powi(power);
        Some(match in_bits {
            true => bits("bits", multiply),
            false => size("bytes", multiply),
        })
    }
}

/// How often a prefix multiplies, and what is after it. In small letters.
fn size_prefix(word: &str) -> (i32, &str) {
    const WORDS: [(&str, i32); 10] = [
        ("kilo", 1),
        ("mega", 2),
        ("giga", 3),
        ("tera", 4),
        ("peta", 5),
        ("k", 1),
        ("m", 2),
        ("g", 3),
        ("t", 4),
        ("p", 5),
    ];
    let found = WORDS
        .iter()
        .find_map(|(prefix, power)| Some((*power, word.strip_prefix(prefix)?)));
    found.unwrap_or((0, word))
}

/// A prefix of a plain number, alone: `12K`, `3.4G`.
pub(super) fn thousands(word: &str, step: f64) -> Option<f64> {
    let lower = word.to_lowercase();
    let (power, rest) = size_prefix(&lower);
    let is_prefix = power > 0 && lower.len() == 1 && rest.is_empty();
    is_prefix.then(|| step.powi(power))
}

fn time_on_line(word: &str) -> Option<Unit> {
    // A minute is small, and what else this would be nobody says of a time.
    if word == "M" {
        return None;
    }
    let word = word.to_lowercase();
    let name = match word.as_str() {
        "ns" | "nsec" | "nsecs" | "nanos" | "nanosecond" | "nanoseconds" => "ns",
        "us" | "µs" | "μs" | "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => "us",
        "ms" | "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "min",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "wk" | "wks" | "week" | "weeks" => "w",
        _ => return None,
    };
    Unit::of_rule(name)
}
