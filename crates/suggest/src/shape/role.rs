//! What a column is good for: a label, a number to add up or to sort into buckets, a time; or nothing that a
//! metric should have.

use super::column::{Column, Numbers};
use super::value::Kind;

/// A label has at most so many different values in the sample, unless its name says that it is one to
/// count by.
const LABEL_VALUES_MAX: usize = 20;
/// A label's value is mostly shorter than so many characters.
const LABEL_CHARACTERS_MAX: usize = 60;

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    /// The time of the line.
    Time,
    /// The id of a trace.
    Trace,
    Label(Label),
    /// A histogram in seconds.
    Duration(DurationUnit),
    /// A counter of bytes, and how the sizes are written.
    Bytes,
    /// A counter of what the numbers add up to.
    Total,
    /// A histogram.
    Measure,
    /// Nothing, and why, in words that follow the column's name.
    LeftOut(String),
}

/// A column by which lines are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// The higher, the more people want to count by it.
    pub worth: u32,
    /// It needs a bound, as its values may be many.
    pub values_max: Option<usize>,
}

/// In what unit durations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DurationUnit {
    /// The unit is on the line, or it is seconds.
    Written,
    /// Its name says so.
    Named(&'static str),
    /// Guessed from the numbers.
    Guessed(&'static str),
}

impl DurationUnit {
    /// What a number without a unit is in.
    pub fn name(self) -> &'static str {
        match self {
            DurationUnit::Written => "s",
            DurationUnit::Named(unit) | DurationUnit::Guessed(unit) => unit,
        }
    }

    /// How many seconds the numbers of the sample are one of.
    pub fn seconds(self) -> f64 {
        match self.name() {
            "ns" => 1e-9,
            "us" => 1e-6,
            "ms" => 1e-3,
            _ => 1.0,
        }
    }
}

const TIMES: [&str; 9] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "datetime",
    "at",
    "start",
    "started",
    "timelocal",
];
const DURATIONS: [&str; 14] = [
    "duration",
    "latency",
    "elapsed",
    "took",
    "rtt",
    "delay",
    "wait",
    "runtime",
    "responsetime",
    "requesttime",
    "overhead",
    "millis",
    "latencies",
    "dur",
];
const BYTES: [&str; 8] = [
    "bytes", "size", "length", "sent", "received", "len", "octets", "byte",
];
const TOTALS: [&str; 15] = [
    "tokens", "count", "items", "rows", "records", "retries", "attempts", "errors", "messages",
    "hits", "misses", "cost", "total", "usage", "credits",
];
const IDS: [&str; 17] = [
    "id",
    "pid",
    "tid",
    "port",
    "uid",
    "gid",
    "seq",
    "sequence",
    "offset",
    "uuid",
    "guid",
    "key",
    "hash",
    "nonce",
    "serial",
    "thread",
    "requestid",
];
const USERS: [&str; 9] = [
    "user", "email", "username", "consumer", "tenant", "customer", "account", "login", "benutzer",
];
/// What people count by, the most wanted first.
const LABELS: [&str; 33] = [
    "status",
    "code",
    "method",
    "level",
    "severity",
    "route",
    "model",
    "result",
    "outcome",
    "state",
    "verb",
    "service",
    "provider",
    "action",
    "event",
    "type",
    "kind",
    "component",
    "protocol",
    "reason",
    "job",
    "queue",
    "topic",
    "region",
    "zone",
    "desk",
    "side",
    "scope",
    "logger",
    "statuscode",
    "category",
    "operation",
    "case",
];
/// Whose values are as many as clients like.
const UNBOUNDED: [&str; 22] = [
    "path",
    "uri",
    "url",
    "msg",
    "message",
    "text",
    "query",
    "agent",
    "referer",
    "referrer",
    "ip",
    "addr",
    "address",
    "ua",
    "session",
    "body",
    "comment",
    "error",
    "stack",
    "description",
    "cookie",
    "client",
];

/// Decides for a column. `taken` are the roles of the columns before it.
pub(crate) fn role(column: &Column, has_time: bool) -> Role {
    let words = column.words();
    let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let last = words.last().map_or("", String::as_str);
    if column.present == 0 {
        return Role::LeftOut("has no value on any of these lines".to_owned());
    }
    if let Some(role) = time(column, last, has_time) {
        return role;
    }
    if any(&["trace", "traceid"]) && (any(&["id"]) || last == "traceid") {
        return Role::Trace;
    }
    let is_id = IDS.contains(&last) || words.join("").ends_with("requestid");
    if column.is_mostly(Kind::is_number) {
        return number(column, &words, is_id);
    }
    text(column, &words, is_id)
}

fn time(column: &Column, last: &str, has_time: bool) -> Option<Role> {
    let is_written = column.is_mostly(|kind| kind == Kind::Time);
    // Seconds, milli-, micro- or nanoseconds since 1970, of this century.
    let is_epoch = |numbers: Numbers| {
        [1e9, 1e12, 1e15, 1e18]
            .iter()
            .any(|unit| numbers.least >= *unit && numbers.most < 5.0 * unit)
    };
    let is_number = column.is_mostly(Kind::is_number) && column.numbers.is_some_and(is_epoch);
    let is_time = is_written || (is_number && TIMES.contains(&last));
    if !is_time {
        return None;
    }
    Some(match has_time {
        false => Role::Time,
        true => Role::LeftOut("is another time of the line".to_owned()),
    })
}

fn number(column: &Column, words: &[String], is_id: bool) -> Role {
    let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let Some(numbers) = column.numbers else {
        return Role::LeftOut("has numbers that nothing reads".to_owned());
    };
    let is_whole = column.is_mostly(|kind| kind == Kind::Integer);
    if is_whole && any(&["status", "statuscode", "code", "level", "severity"]) {
        let is_http = numbers.least >= 0.0 && numbers.most < 1000.0;
        if is_http && column.distinct() <= 60 {
            return label(column, words);
        }
    }
    if column.is_mostly(|kind| kind == Kind::Duration) {
        return Role::Duration(DurationUnit::Written);
    }
    if is_id {
        return many(column);
    }
    if let Some(unit) = duration_unit(words, numbers, is_whole) {
        return Role::Duration(unit);
    }
    let is_never_negative = numbers.least >= 0.0;
    if is_never_negative && (column.has(Kind::Size) || any(&BYTES)) {
        return Role::Bytes;
    }
    if is_never_negative && any(&TOTALS) {
        return Role::Total;
    }
    let repeats = column.distinct() <= 10 && column.present >= column.distinct() * 5;
    if is_whole && repeats && any(&LABELS) {
        return label(column, words);
    }
    if column.distinct() == 1 && column.present > 4 {
        return Role::LeftOut(format!("is {} on all lines", shown(column)));
    }
    Role::Measure
}

/// The unit, where the name or the numbers say that it is a duration.
fn duration_unit(words: &[String], numbers: Numbers, is_whole: bool) -> Option<DurationUnit> {
    let last = words.last().map_or("", String::as_str);
    let named = match last {
        "ns" | "nanos" | "nanoseconds" | "nsec" => Some("ns"),
        "us" | "micros" | "microseconds" | "usec" => Some("us"),
        "ms" | "millis" | "milliseconds" | "msec" => Some("ms"),
        "s" | "sec" | "secs" | "seconds" => Some("s"),
        _ => None,
    };
    if let Some(unit) = named {
        return Some(DurationUnit::Named(unit));
    }
    let is_duration = words
        .iter()
        .any(|word| DURATIONS.contains(&word.as_str()) || word.ends_with("latency"));
    let is_time_of = last == "time" && words.len() > 1;
    let under_latencies = words.first().is_some_and(|word| word == "latencies");
    if !(is_duration || is_time_of || under_latencies) || numbers.least < -1.0 {
        return None;
    }
    Some(DurationUnit::Guessed(match is_whole {
        false if numbers.most < 1000.0 => "s",
        false => "ms",
        true if numbers.most >= 1e7 => "ns",
        true if numbers.most >= 1e6 => "us",
        true => "ms",
    }))
}

fn text(column: &Column, words: &[String], is_id: bool) -> Role {
    let any = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let last = words.last().map_or("", String::as_str);
    if column.is_mostly(|kind| matches!(kind, Kind::Level | Kind::Method)) {
        return label(column, words);
    }
    let is_user =
        (USERS.contains(&last) || any(&["email", "username", "consumer"])) && !any(&["agent"]);
    let is_name = is_user || (any(&USERS) && matches!(last, "name" | "id"));
    if is_name || (column.is_mostly(|kind| kind == Kind::Mail) && !is_id) {
        return Role::Label(Label {
            worth: 60,
            values_max: Some(1000),
        });
    }
    let of_machines = |kind| {
        matches!(
            kind,
            Kind::Identifier | Kind::Address | Kind::Path | Kind::Request
        )
    };
    let is_unbounded = UNBOUNDED.contains(&last) || is_id;
    if is_unbounded || column.is_mostly(of_machines) {
        return many(column);
    }
    if column.is_mostly(|kind| kind == Kind::Text) {
        return Role::LeftOut("is text for people".to_owned());
    }
    let is_long = column
        .values()
        .any(|value| value.chars().count() > LABEL_CHARACTERS_MAX);
    let is_wanted = LABELS.contains(&last) || last == "name";
    let is_few = match is_wanted {
        true => column.distinct() <= 3 * LABEL_VALUES_MAX,
        false => {
            column.distinct() <= LABEL_VALUES_MAX && column.distinct() * 2 <= column.present.max(4)
        }
    };
    match is_few && !is_long {
        true => label(column, words),
        false => many(column),
    }
}

fn label(column: &Column, words: &[String]) -> Role {
    let place = words
        .iter()
        .filter_map(|word| LABELS.iter().position(|label| label == word))
        .min();
    let of_name = place.map_or(10, |place| 100 - 2 * place as u32);
    // What is the same on all lines tells nothing apart, unless it may be otherwise tomorrow.
    let is_constant = column.distinct() == 1 && place.is_none_or(|place| place > 4);
    if is_constant && column.present > 1 {
        return Role::LeftOut(format!("is {} on all lines", shown(column)));
    }
    Role::Label(Label {
        worth: of_name,
        values_max: Some(100),
    })
}

fn shown(column: &Column) -> String {
    let value = column.values().next().unwrap_or_default();
    let short: String = value.chars().take(40).collect();
    format!("`{}`", short.escape_debug())
}

fn many(column: &Column) -> Role {
    let (distinct, present) = (column.distinct(), column.present);
    Role::LeftOut(match distinct {
        0..=2 => {
            "may have another value on each line: as a label, each would be a new series for ever"
                .to_owned()
        }
        _ => format!(
            "has {distinct} values on {present} lines: as a label, each would be a new series for ever"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(key: &str, values: &[&str]) -> Column {
        let mut column = Column::new(key);
        for value in values {
            column.lines += 1;
            column.add(value);
        }
        column
    }

    fn role_of(key: &str, values: &[&str]) -> Role {
        role(&column(key, values), false)
    }

    #[test]
    fn times_durations_and_sizes_are_told_apart_by_name_and_looks() {
        assert_eq!(role_of("time", &["1772359200123"]), Role::Time);
        assert_eq!(role_of("ts", &["2025-11-27T10:12:01Z"]), Role::Time);
        assert_eq!(
            role_of("responseTime", &["12", "48"]),
            Role::Duration(DurationUnit::Guessed("ms"))
        );
        assert_eq!(
            role_of("latency_us", &["152", "1201"]),
            Role::Duration(DurationUnit::Named("us"))
        );
        assert_eq!(
            role_of("Duration", &["23456789", "123456"]),
            Role::Duration(DurationUnit::Guessed("ns"))
        );
        assert_eq!(
            role_of("request_time", &["0.125", "1.5"]),
            Role::Duration(DurationUnit::Guessed("s"))
        );
        assert_eq!(
            role_of("x", &["12ms", "1s"]),
            Role::Duration(DurationUnit::Written)
        );
        assert_eq!(role_of("body_bytes_sent", &["12", "0"]), Role::Bytes);
        assert_eq!(role_of("prompt_tokens", &["12", "9"]), Role::Total);
        assert_eq!(role_of("price", &["12.5", "9"]), Role::Measure);
    }

    #[test]
    fn labels_have_few_values() {
        let is_label = |role| matches!(role, Role::Label(_));
        assert!(is_label(role_of("status", &["200", "404"])));
        assert!(is_label(role_of("user.email", &["a@x.org", "b@x.org"])));
        assert!(is_label(role_of("level", &["info"])));
        assert!(is_label(role_of("color", &["red", "blue", "red", "red"])));
        for (key, values) in [
            ("request_id", &["5895f5a9", "5895f5aa"][..]),
            ("pid", &["1", "2"]),
            ("path", &["/a", "/b"]),
            ("note", &["some words", "other words"]),
            ("ip", &["10.0.0.1"]),
            ("hostname", &["web-1", "web-1"]),
        ] {
            let role = role_of(key, values);
            assert!(matches!(role, Role::LeftOut(_)), "{key}: {role:?}");
        }
    }
}
