//! The time written on a line.

/// Reads RFC 3339 (`2026-11-23T15:18:33.229071Z`), or seconds since 1970 with or without a
/// fraction. Returns seconds since 1970.
///
/// With `unpadded_micros` the digits after the seconds are microseconds without leading zeros, as
/// agentgateway writes them: `:48.7271Z` is 7.271 milliseconds.
pub fn seconds(text: &[u8], unpadded_micros: bool) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(epoch) = text.parse::<f64>() {
        return (epoch.is_finite() && epoch >= 0.0).then_some(epoch);
    }
    if unpadded_micros && let Some(seconds) = unpadded(text) {
        return Some(seconds);
    }
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    Some(in_seconds(timestamp))
}

fn unpadded(text: &str) -> Option<f64> {
    let (whole, rest) = text.split_once('.')?;
    let digits_end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, zone) = rest.split_at(digits_end);
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    let micros: u32 = digits.parse().ok()?;
    let timestamp: jiff::Timestamp = format!("{whole}.{micros:06}{zone}").parse().ok()?;
    Some(in_seconds(timestamp))
}

fn in_seconds(timestamp: jiff::Timestamp) -> f64 {
    // Microseconds since 1970 are exact in a float until the year 2255.
    timestamp.as_microsecond() as f64 / 1e6
}

/// The time at the start of a line, if one stands there: the text up to the first blank, where it
/// looks like RFC 3339.
pub fn at_line_start(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr2(b' ', b'\t', line).unwrap_or(line.len());
    let word = &line[..end];
    let looks_right = word.len() >= 20
        && word[4] == b'-'
        && word[10] == b'T'
        && word[0].is_ascii_digit()
        && word[13] == b':';
    looks_right.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rfc_3339_and_epochs() {
        assert_eq!(seconds(b"1970-01-01T00:00:01.5Z", false), Some(1.5));
        assert_eq!(seconds(b"1970-01-01T01:00:01+01:00", false), Some(1.0));
        assert_eq!(seconds(b"12.25", false), Some(12.25));
        assert_eq!(seconds(b"yesterday", false), None);
        assert_eq!(seconds(b"-5", false), None);
        assert_eq!(seconds(b"\xff", false), None);
    }

    #[test]
    fn pads_the_gateways_microseconds() {
        assert_eq!(seconds(b"1970-01-01T00:00:48.7271Z", true), Some(48.007271));
        assert_eq!(seconds(b"1970-01-01T00:00:48.727100Z", true), Some(48.7271));
        assert_eq!(
            seconds(b"1970-01-01T00:00:48.727100123Z", true),
            Some(48.7271)
        );
        assert_eq!(seconds(b"1970-01-01T00:00:48Z", true), Some(48.0));
    }

    #[test]
    fn finds_the_time_at_the_start() {
        assert_eq!(
            at_line_start(b"2026-11-23T15:18:33.229071Z\tinfo\trequest"),
            Some(&b"2026-11-23T15:18:33.229071Z"[..])
        );
        assert_eq!(at_line_start(b"request gateway=bind/3000"), None);
        assert_eq!(at_line_start(b""), None);
    }
}
