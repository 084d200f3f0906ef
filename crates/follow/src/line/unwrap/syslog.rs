//! What syslog and journald write before a line: RFC 3164 and RFC 5424, with or without the priority,
//! the short forms of journalctl, and a priority alone (`<6>`), as services write it for systemd.
//!
//! A program may begin its own lines with a time as well. So after a time that programs write a
//! header is only believed where it names a process (`gateway[12]: `).

use super::prefix::{Prefix, begins};
use super::time;

/// The largest priority: facility 23, severity 7.
const PRIORITY_MAX: u32 = 191;

/// Longer names are none.
const NAME_BYTES_MAX: usize = 255;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How sure it is that a header follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// What came before is syslog's own.
    Sure,
    /// A program may have written it: the header must name a process.
    Unsure,
}

/// The header of `line`, if it has one.
pub(super) fn prefix(line: &[u8]) -> Option<Prefix<'_>> {
    match line.first()? {
        b'<' => {
            let text = after_priority(line)?;
            let header = (text.strip_prefix(b"1 ").and_then(rfc_5424))
                .or_else(|| timed(text, Certainty::Sure))
                .or_else(|| header(text, None, Certainty::Unsure));
            Some(header.unwrap_or(Prefix {
                text,
                ..Prefix::default()
            }))
        }
        b'0'..=b'9' => {
            (line.strip_prefix(b"1 ").and_then(rfc_5424)).or_else(|| timed(line, Certainty::Unsure))
        }
        b'A'..=b'Z' | b'[' => timed(line, Certainty::Unsure),
        _ => None,
    }
}

/// The text after `<N>`.
pub(super) fn after_priority(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"<")?;
    let digits = digits(rest);
    let text = rest.get(digits..)?.strip_prefix(b">")?;
    let number: u32 = str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let is_plain = digits <= 3 && (digits == 1 || rest[0] != b'0');
    (number <= PRIORITY_MAX && is_plain).then_some(text)
}

/// `TIME HOST APP PROCESS MESSAGE-ID STRUCTURED-DATA TEXT`, where `-` is for what is missing.
fn rfc_5424(line: &[u8]) -> Option<Prefix<'_>> {
    let (time, rest) = word(line)?;
    let time = match time {
        b"-" => None,
        _ => Some(
            time::stamp(time)
                .filter(|stamp| stamp.length == time.len())
                .map(|_| time)?,
        ),
    };
    let (_host, rest) = word(rest)?;
    let (app, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (_message, rest) = word(rest)?;
    let rest = match rest {
        [b'-', rest @ ..] => rest,
        [b'[', ..] => after_elements(rest)?,
        _ => return None,
    };
    let text = match rest {
        [] | [b'\r'] => rest,
        [b' ', text @ ..] => text,
        _ => return None,
    };
    Some(Prefix {
        service: (app != b"-").then_some(app),
        container: None,
        time,
        header_time: None,
        text: text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text),
    })
}

/// What is after elements such as `[id name="value"]`, in whose values `\` escapes.
fn after_elements(mut rest: &[u8]) -> Option<&[u8]> {
    while rest.first() == Some(&b'[') {
        let mut at = 1;
        let mut is_quoted = false;
        loop {
            match rest.get(at)? {
                b'\\' if is_quoted => at += 1,
                b'"' => is_quoted = !is_quoted,
                b']' if !is_quoted => break,
                _ => {}
            }
            at += 1;
        }
        rest = &rest[at + 1..];
    }
    Some(rest)
}

/// A time of syslog or journald, and a header.
fn timed(line: &[u8], certainty: Certainty) -> Option<Prefix<'_>> {
    let of_header = |rest: &[u8], certainty| {
        let written = line.len() - rest.len();
        Some(Prefix {
            header_time: line.get(..written).map(<[u8]>::trim_ascii_end),
            ..header(line.get(written..)?, None, certainty)?
        })
    };
    match line.first()? {
        b'A'..=b'Z' => match after_month(line) {
            Some(rest) => of_header(rest, Certainty::Sure),
            None => of_header(after_weekday(line)?, certainty),
        },
        b'0'..=b'9' if line.get(10) == Some(&b'T') => {
            let (time, rest) = word(line)?;
            // The header is refused sooner than the time is read.
            let header = header(rest, Some(time), certainty)?;
            (time::stamp(line)?.length == time.len()).then_some(header)
        }
        b'0'..=b'9' => of_header(after_epoch(line)?, certainty),
        b'[' => header(after_uptime(line)?, None, certainty),
        _ => None,
    }
}

/// What follows `Nov 26 15:42:14 `, with or without a fraction, or a year before the time.
fn after_month(line: &[u8]) -> Option<&[u8]> {
    let (month, rest) = line.split_first_chunk::<3>()?;
    if !MONTHS.contains(&month) {
        return None;
    }
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let day = digits(rest);
    let rest = rest[day..].strip_prefix(b" ")?;
    let year = (rest.split_first_chunk::<5>())
        .filter(|(year, _)| time::matches(&year[..], b"0000 "))
        .map(|(_, rest)| rest);
    let rest = after_clock(year.unwrap_or(rest))?;
    (1..=2).contains(&day).then_some(rest)?.strip_prefix(b" ")
}

/// What follows `Thu 2026-11-26 15:42:14 UTC `.
fn after_weekday(line: &[u8]) -> Option<&[u8]> {
    let (day, rest) = line.split_first_chunk::<3>()?;
    let (date, rest) = rest.split_first_chunk::<12>()?;
    if !DAYS.contains(&day) || !time::matches(date, b" 0000-00-00 ") {
        return None;
    }
    let (_zone, rest) = word(after_clock(rest)?.strip_prefix(b" ")?)?;
    Some(rest)
}

/// What follows `15:42:14` or `15:42:14.301078`.
fn after_clock(text: &[u8]) -> Option<&[u8]> {
    let (clock, rest) = text.split_first_chunk::<8>()?;
    if !time::matches(clock, b"00:00:00") {
        return None;
    }
    Some(match rest.strip_prefix(b".") {
        Some(fraction) => &fraction[digits(fraction)..],
        None => rest,
    })
}

/// What follows `1764171734.301078 `.
fn after_epoch(line: &[u8]) -> Option<&[u8]> {
    let seconds = digits(line);
    let fraction = line.get(seconds..)?.strip_prefix(b".")?;
    let fraction_digits = digits(fraction);
    let is_epoch = (9..=11).contains(&seconds) && (3..=9).contains(&fraction_digits);
    let rest = is_epoch.then(|| &fraction[fraction_digits..])?;
    rest.strip_prefix(b" ")
}

/// What follows `[ 1234.567890] ` or `[ 1234.567890 <    0.000001 >] `.
fn after_uptime(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', rest.get(..48).unwrap_or(rest))?;
    let is_number = (rest[..end].iter())
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'<' | b'>'));
    let is_uptime = is_number && memchr::memchr(b'.', &rest[..end]).is_some();
    is_uptime.then(|| &rest[end + 1..])?.strip_prefix(b" ")
}

/// `HOST TAG[PID]: text`; the host may be missing, and busybox writes `FACILITY.LEVEL` after it.
fn header<'a>(line: &'a [u8], time: Option<&'a [u8]>, certainty: Certainty) -> Option<Prefix<'a>> {
    let mut names: [&[u8]; 2] = [&[]; 2];
    let mut rest = line;
    for place in 0..=names.len() {
        let end = memchr::memchr2(b' ', b'\r', rest).unwrap_or(rest.len());
        if end == 0 || end > NAME_BYTES_MAX {
            return None;
        }
        let (name, after) = rest.split_at(end);
        if let Some(tag) = name.strip_suffix(b":") {
            let text = after.strip_prefix(b" ").unwrap_or(after);
            let prefix = tagged(tag, text, time, certainty)?;
            let [host, level] = names;
            let are_names = is_host(host) && (place < 2 || is_level(level));
            return are_names.then_some(prefix);
        }
        *names.get_mut(place)? = name;
        rest = after.strip_prefix(b" ")?;
    }
    None
}

fn is_host(name: &[u8]) -> bool {
    name.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:%".contains(byte))
}

/// `daemon.info`.
fn is_level(name: &[u8]) -> bool {
    let Some(dot) = memchr::memchr(b'.', name) else {
        return false;
    };
    let (facility, level) = (&name[..dot], &name[dot + 1..]);
    let is_word = |word: &[u8]| {
        !word.is_empty()
            && (word.iter()).all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    is_word(facility) && is_word(level)
}

fn tagged<'a>(
    tag: &'a [u8],
    text: &'a [u8],
    time: Option<&'a [u8]>,
    certainty: Certainty,
) -> Option<Prefix<'a>> {
    let (name, has_process) = match tag.strip_suffix(b"]") {
        Some(open) => {
            let bracket = memchr::memrchr(b'[', open)?;
            let process = &open[bracket + 1..];
            let is_process = !process.is_empty() && digits(process) == process.len();
            (&open[..bracket], is_process)
        }
        None => (tag, false),
    };
    let is_believed =
        certainty == Certainty::Sure || has_process || name == b"kernel" || begins(text);
    if !is_believed {
        return None;
    }
    let is_name = !name.is_empty()
        && (name.iter()).all(|byte| byte.is_ascii_graphic() && !b"\"={}<>,'".contains(byte));
    is_name.then_some(Prefix {
        service: Some(name),
        container: None,
        time,
        header_time: None,
        text,
    })
}

/// The text up to a blank, and what is after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let blank = memchr::memchr(b' ', text.get(..=NAME_BYTES_MAX).unwrap_or(text))?;
    (blank > 0).then(|| (&text[..blank], &text[blank + 1..]))
}

/// How many digits `text` begins with.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}
