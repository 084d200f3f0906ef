//! Numbers, durations and times as people read them; texts from logs without what could hide in them.

use jiff::Timestamp;

/// `1 234 567`, with a space that does not break.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}

/// `1 request`, `2 requests`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A count in at most five characters: `999`, `12.3k`, `4.5M`.
pub fn short_count(count: u64) -> String {
    let units = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    for (unit, name) in units {
        let value = count as f64 / unit;
        // What would be rounded up to the next unit belongs there.
        if value >= 0.9995 && count >= 10_000 {
            let digits = if value < 99.95 { 1 } else { 0 };
            return format!("{value:.digits$}{name}");
        }
    }
    count.to_string()
}

/// `0 %`, `0.4 %`, `12 %`
pub fn percent(part: f64) -> String {
    let percent = part * 100.0;
    let unit = "\u{a0}%";
    match percent {
        0.0 => format!("0{unit}"),
        ..0.1 => format!("<0.1{unit}"),
        ..9.95 => format!("{percent:.1}{unit}"),
        _ => format!("{percent:.0}{unit}"),
    }
}

/// Seconds with about three digits: `12ms`, `1.23s`, `2m05s`, `3h10m`; `–` for none.
pub fn duration(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return "–".into();
    };
    let millis = seconds * 1e3;
    match seconds {
        0.0 => "0ms".into(),
        ..0.000_999_5 => format!("{:.0}µs", seconds * 1e6),
        ..0.009_95 => format!("{millis:.1}ms"),
        ..0.9995 => format!("{millis:.0}ms"),
        ..9.995 => format!("{seconds:.2}s"),
        ..59.95 => format!("{seconds:.1}s"),
        _ => {
            let whole = seconds.round() as u64;
            let (minutes, hours) = (whole / 60, whole / 3600);
            match hours {
                0 => format!("{minutes}m{:02}s", whole % 60),
                1..=99 => format!("{hours}h{:02}m", minutes % 60),
                _ => format!("{}d", hours / 24),
            }
        }
    }
}

/// `$12.34`; small amounts with more digits; `–` for none.
pub fn money(usd: Option<f64>) -> String {
    match usd {
        None => "–".into(),
        Some(0.0) => "$0".into(),
        Some(usd) if usd < 0.001 => "<$0.001".into(),
        Some(usd) if usd < 1.0 => format!("${usd:.3}"),
        Some(usd) if usd < 10_000.0 => format!("${usd:.2}"),
        Some(usd) => format!("${}", count(usd.round() as u64)),
    }
}

fn timestamp(seconds: f64) -> Timestamp {
    let micros = (seconds * 1e6).clamp(-1e18, 1e18) as i64;
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

/// RFC 3339, UTC: `2026-11-23T15:18:33.229071Z`.
pub fn rfc_3339(seconds: f64) -> String {
    timestamp(seconds).to_string()
}

/// `2026-11-23 15:18`, UTC.
pub fn minute(seconds: f64) -> String {
    timestamp(seconds).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-23 15:18:33.229`, UTC; `–` for none.
pub fn moment(seconds: Option<f64>) -> String {
    let text = |seconds| timestamp(seconds).strftime("%Y-%m-%d %H:%M:%S%.3f");
    seconds.map_or_else(|| "–".into(), |seconds| text(seconds).to_string())
}

/// A text from a log without characters that a terminal or a page obeys: control characters, and
/// those that turn the direction of what follows or have no width.
pub fn harmless(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let shown = |c: char| if obeyed(c) { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        let counts = [0, 999, 1234, 1_234_567].map(|n| count(n).replace('\u{a0}', " "));
        assert_eq!(counts, ["0", "999", "1 234", "1 234 567"]);
        let short = [
            0,
            9999,
            12_345,
            99_960,
            999_499,
            999_960,
            4_500_000,
            u64::MAX,
        ];
        assert_eq!(
            short.map(short_count),
            [
                "0",
                "9999",
                "12.3k",
                "100k",
                "999k",
                "1.0M",
                "4.5M",
                "18446744T"
            ]
        );
        let parts = [0.0, 0.0001, 0.004, 0.0994, 0.0996, 1.0].map(percent);
        assert_eq!(
            parts.map(|p| p.replace('\u{a0}', "")),
            ["0%", "<0.1%", "0.4%", "9.9%", "10%", "100%"]
        );
        let money = [
            None,
            Some(0.0),
            Some(0.0001),
            Some(0.25),
            Some(12.345),
            Some(12_345.6),
        ]
        .map(money);
        assert_eq!(
            money.map(|m| m.replace('\u{a0}', " ")),
            ["–", "$0", "<$0.001", "$0.250", "$12.35", "$12 346"]
        );
    }

    #[test]
    fn durations_have_three_digits() {
        for (seconds, expected) in [
            (0.0, "0ms"),
            (0.000_25, "250µs"),
            (0.0012, "1.2ms"),
            (0.046, "46ms"),
            (0.9996, "1.00s"),
            (1.234, "1.23s"),
            (12.34, "12.3s"),
            (59.97, "1m00s"),
            (125.0, "2m05s"),
            (11_400.0, "3h10m"),
            (1e9, "11574d"),
        ] {
            assert_eq!(duration(Some(seconds)), expected);
        }
        assert_eq!(duration(None), "–");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(rfc_3339(1.5), "1970-01-01T00:00:01.5Z");
        assert_eq!(minute(86_400.0), "1970-01-02 00:00");
        assert_eq!(moment(Some(0.25)), "1970-01-01 00:00:00.250");
        assert_eq!(moment(None), "–");
        assert!(rfc_3339(1e300).starts_with("9999"));
    }

    #[test]
    fn nothing_hides_in_a_text() {
        assert_eq!(
            harmless("a\x1b[31m\u{202e}b\u{200b}é"),
            "a\u{fffd}[31m\u{fffd}b\u{fffd}é"
        );
    }
}
