//! What one value looks like, whatever its column is called.

use std::sync::LazyLock;

use regex::Regex;

/// The kind of a value. More than one may fit; the first in this order is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Nothing, `-`, `null`: what programs write where they have no value.
    Nothing,
    Integer,
    Decimal,
    /// A number with a unit of time: `12ms`.
    Duration,
    /// A number with a unit of bytes: `10KiB`.
    Size,
    Time,
    /// `10.0.0.1`, `::1`, `10.0.0.1:8080`.
    Address,
    /// A word that a machine made: hexadecimal digits, a UUID.
    Identifier,
    /// `GET`
    Method,
    /// `GET /path HTTP/1.1`
    Request,
    /// `INFO`
    Level,
    /// `a@example.com`
    Mail,
    /// What has a slash at its start, or is a URL.
    Path,
    /// One word.
    Word,
    /// Several words.
    Text,
}

impl Kind {
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Kind::Integer | Kind::Decimal | Kind::Duration | Kind::Size
        )
    }
}

/// The forms in which times are written: what is at their beginning, and a pattern for the whole. Each
/// begins at a word.
pub(crate) const TIME_FORMS: [&str; 7] = [
    r"\d{4}-\d\d-\d\d[T _]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?",
    r"\d{4}/\d\d/\d\d(?: -)? \d\d:\d\d:\d\d(?:[.,]\d+)?",
    r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?",
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}",
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[A-Z]{3}|[+-]\d{4})",
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?",
    r"\d\d:\d\d:\d\d(?:[.,]\d+)?",
];

static TIMES: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let forms = TIME_FORMS.iter();
    // These are constants, which a test compiles.
    forms
        .filter_map(|form| Regex::new(&format!("^(?:{form})")).ok())
        .collect()
});

/// The time that `text` begins with: how long it is, in bytes, and its place in [`TIME_FORMS`].
pub(crate) fn leading_time(text: &str) -> Option<(usize, usize)> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase()) {
        return None;
    }
    TIMES.iter().enumerate().find_map(|(form, pattern)| {
        let end = pattern.find(text)?.end();
        let rest = text.get(end..)?;
        let is_whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        is_whole.then_some((end, form))
    })
}

const METHODS: [&str; 10] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE", "PROPFIND",
];

const LEVELS: [&str; 20] = [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "fatal",
    "notice",
    "warning",
    "critical",
    "crit",
    "err",
    "alert",
    "emerg",
    "panic",
    "information",
    "severe",
    "fine",
    "log",
    "verbose",
    "emergency",
];

/// What a value looks like.
pub(crate) fn kind(text: &str) -> Kind {
    let text = text.trim();
    if matches!(text, "" | "-" | "null" | "none" | "nil" | "None" | "N/A") {
        return Kind::Nothing;
    }
    if let Some(kind) = number(text) {
        return kind;
    }
    if leading_time(text).is_some_and(|(end, _)| end == text.len()) {
        return Kind::Time;
    }
    if METHODS.contains(&text) {
        return Kind::Method;
    }
    if is_request(text) {
        return Kind::Request;
    }
    if text.contains(char::is_whitespace) {
        return Kind::Text;
    }
    if is_address(text) {
        return Kind::Address;
    }
    if LEVELS.contains(&text.to_ascii_lowercase().as_str()) {
        return Kind::Level;
    }
    if is_identifier(text) {
        return Kind::Identifier;
    }
    let before_at = text.split_once('@');
    if before_at.is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
        return Kind::Mail;
    }
    if text.starts_with('/') || text.contains("://") {
        return Kind::Path;
    }
    Kind::Word
}

fn number(text: &str) -> Option<Kind> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) && !digits.starts_with('.') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Kind::Integer);
    }
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    if text.chars().all(plain) {
        return text.parse::<f64>().ok().map(|_| Kind::Decimal);
    }
    // The reader of the rules knows the units.
    logmetrics_core::number::number(text.as_bytes())?;
    Some(match text.ends_with('B') {
        true => Kind::Size,
        false => Kind::Duration,
    })
}

/// `GET /path HTTP/1.1`; the last word may be missing.
pub(crate) fn is_request(text: &str) -> bool {
    let mut words = text.split(' ');
    let (method, path, protocol) = (words.next(), words.next(), words.next());
    method.is_some_and(|method| METHODS.contains(&method))
        && path.is_some_and(|path| path.starts_with(['/', '*']) || path.contains("://"))
        && protocol.is_none_or(|protocol| protocol.starts_with("HTTP"))
        && words.next().is_none()
}

fn is_address(text: &str) -> bool {
    let bare = text.trim_start_matches('[');
    text.parse::<std::net::SocketAddr>().is_ok()
        || text.parse::<std::net::IpAddr>().is_ok()
        || bare
            .split_once(']')
            .is_some_and(|(inside, _)| inside.parse::<std::net::Ipv6Addr>().is_ok())
}

/// Eight or more hexadecimal digits with a digit and a letter among them, in groups or not; or a long word of
/// letters and digits in turn.
fn is_identifier(text: &str) -> bool {
    let characters = text.len();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_hexadecimal = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_hexadecimal {
        return characters >= 8 && digits > 0;
    }
    let is_token = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    is_token && characters >= 16 && digits * 4 >= characters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_known_by_their_looks() {
        for (text, expected) in [
            ("-", Kind::Nothing),
            ("12", Kind::Integer),
            ("-3", Kind::Integer),
            ("1.5e3", Kind::Decimal),
            ("12ms", Kind::Duration),
            ("1m2.5s", Kind::Duration),
            ("10KiB", Kind::Size),
            ("2026-11-27T12:00:00.5Z", Kind::Time),
            ("27/Nov/2025:10:12:01 +0000", Kind::Time),
            ("Thu Nov 27 10:12:01.123456 2025", Kind::Time),
            ("10:12:01,123", Kind::Time),
            ("10.0.0.1", Kind::Address),
            ("10.0.0.1:80", Kind::Address),
            ("[::1]:59257", Kind::Address),
            ("GET", Kind::Method),
            ("GET /a HTTP/1.1", Kind::Request),
            ("WARN", Kind::Level),
            ("5895f5a9", Kind::Identifier),
            ("7d0f5a5e-0000-4000-8000-000000000001", Kind::Identifier),
            ("a@example.com", Kind::Mail),
            ("/api", Kind::Path),
            ("https://x/y", Kind::Path),
            ("gpt-5-mini", Kind::Word),
            ("deadbeef", Kind::Word),
            ("two words", Kind::Text),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert_eq!(TIMES.len(), TIME_FORMS.len());
    }
}
