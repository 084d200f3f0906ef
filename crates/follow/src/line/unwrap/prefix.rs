//! The prefixes of a line, one after the other.
//!
//! Each reader says whether the text begins with one of its own. A line has at most one
//! prefix of a kind, so that a text that looks like another is left alone: in `gw-1  | info | b` the
//! second bar is the program's.

use super::{Wrapping, ansi, compose, cri, details, kubernetes, syslog, time};

/// What a prefix says, and the text after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prefix<'a> {
    pub(super) service: Option<&'a [u8]>,
    pub(super) container: Option<&'a [u8]>,
    pub(super) time: Option<&'a [u8]>,
    pub(super) header_time: Option<&'a [u8]>,
    pub(super) text: &'a [u8],
}

impl<'a> Prefix<'a> {
    pub(super) fn wrapping(&self) -> Wrapping<'a> {
        Wrapping {
            service: self.service,
            container: self.container,
            time: self.time,
            header_time: self.header_time,
            ..Wrapping::default()
        }
    }
}

/// What wrote a prefix. One of each at most is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Who wrote the line: compose, swarm, podman, kubectl, stern.
    Container,
    /// When docker or Kubernetes took the line.
    Time,
    /// `docker logs --details`.
    Details,
    /// syslog, journald, and the priorities of both.
    Syslog,
    /// `<6>`, where syslog's is around it.
    Priority,
}

const KINDS: usize = 5;

/// docker's times always have nine digits (`RFC3339NanoFixed`), those of containerd lose the zeros at
/// their end. The gateway's own have at most six.
const FRACTION_DIGITS_MIN: usize = 8;

/// Whether `line` begins with a time that a tab or other text follows, as most lines do: it has no
/// prefix, and is no record of Kubernetes.
#[inline]
pub(super) fn is_none(line: &[u8]) -> bool {
    time::is_likely(line)
        && !time::has_blank(line, cri::TIME_BYTES_MIN)
        && !time::has_blank(line, cri::TIME_BYTES_MAX + 1 - 8)
}

/// The prefixes of `line` as one, if it has any.
#[inline]
pub(super) fn prefix(line: &[u8]) -> Option<Prefix<'_>> {
    if line.first() == Some(&b'{') {
        return None;
    }
    any_prefix(line)
}

#[inline(never)]
fn any_prefix(line: &[u8]) -> Option<Prefix<'_>> {
    let (kind, mut all) = next(line, &[], None)?;
    let mut taken = [Some(kind), None, None, None, None];
    for place in 1..KINDS {
        let Some((kind, prefix)) = next(all.text, taken.get(..place)?, Some(&all)) else {
            break;
        };
        taken[place] = Some(kind);
        all = Prefix {
            service: prefix.service.or(all.service),
            container: prefix.container.or(all.container),
            time: prefix.time.or(all.time),
            header_time: prefix.header_time.or(all.header_time),
            text: prefix.text,
        };
    }
    Some(all)
}

/// What the first blank of a text says of the prefixes that it may have, so that most are not tried.
#[derive(Debug, Clone, Copy)]
struct Look {
    first: u8,
    /// Where the first blank is; 0 where none is near.
    blank: usize,
    /// What follows it.
    after: u8,
}

/// No word before a blank is longer.
const WORD_BYTES_MAX: usize = 4096;

/// Namespace, pod and container.
const WORDS_MAX: usize = 3;

impl Look {
    fn at(text: &[u8]) -> Option<Look> {
        let first = *text.first()?;
        if first == b'{' || is_none(text) {
            return None;
        }
        let blank = time::first_blank(text, WORD_BYTES_MAX).unwrap_or(0);
        let after = text.get(blank + 1).copied().unwrap_or(b' ');
        Some(Look {
            first,
            blank,
            after,
        })
    }

    /// Whether a time of RFC 3339 may be before the blank.
    fn is_time(self) -> bool {
        self.first.is_ascii_digit()
            && (cri::TIME_BYTES_MIN..=cri::TIME_BYTES_MAX).contains(&self.blank)
    }

    fn is_syslog(self, text: &[u8]) -> bool {
        match self.first {
            b'<' => true,
            b'[' => matches!(text.get(1), Some(b' ' | b'0'..=b'9')),
            b'A'..=b'Z' => self.blank == 3,
            b'1' if self.blank == 1 => true,
            b'0'..=b'9' => (13..=21).contains(&self.blank),
            _ => false,
        }
    }

    fn is_container(self, text: &[u8]) -> bool {
        if self.blank == 0 {
            return false;
        }
        let is_barred = matches!(self.after, b' ' | b'|');
        match self.first {
            ansi::ESCAPE => true,
            b'[' if text.starts_with(b"[pod/") => true,
            b'[' => is_barred && text.get(self.blank - 1) == Some(&b']'),
            _ => is_barred || self.begins_after_words(text),
        }
    }

    /// Whether another line may begin after one, two or three words.
    fn begins_after_words(self, text: &[u8]) -> bool {
        let mut blank = self.blank;
        for _ in 0..WORDS_MAX {
            let rest = text.get(blank + 1..).unwrap_or_default();
            if begins_likely(rest) {
                return true;
            }
            match time::first_blank(rest, WORD_BYTES_MAX) {
                Some(next) => blank += 1 + next,
                None => return false,
            }
        }
        false
    }

    fn is_details(self, text: &[u8]) -> bool {
        begins_likely(text.get(self.blank + 1..).unwrap_or_default())
            || text.starts_with(details::DOCKERS)
    }
}

/// The next prefix of `text`, after those of the kinds `taken`, which say `before`.
fn next<'a>(
    text: &'a [u8],
    taken: &[Option<Kind>],
    before: Option<&Prefix<'a>>,
) -> Option<(Kind, Prefix<'a>)> {
    let is_free = |kind| !taken.contains(&Some(kind));
    let look = Look::at(text)?;
    if look.is_time() {
        return after_time(text, look.blank, is_free);
    }
    if look.is_syslog(text)
        && is_free(Kind::Syslog)
        && let Some(prefix) = syslog::prefix(text)
    {
        return Some((Kind::Syslog, prefix));
    }
    if look.first == b'<'
        && is_free(Kind::Priority)
        && let Some(text) = syslog::after_priority(text)
    {
        let prefix = Prefix {
            text,
            ..Prefix::default()
        };
        return Some((Kind::Priority, prefix));
    }
    if look.is_container(text)
        && is_free(Kind::Container)
        && let Some(prefix) = container(text, taken, before)
    {
        return Some((Kind::Container, prefix));
    }
    if look.is_details(text) && is_free(Kind::Details) {
        let is_docker = taken.contains(&Some(Kind::Time));
        return Some((Kind::Details, details::prefix(text, is_docker)?));
    }
    None
}

/// The prefix of a text that begins with a time, before the blank. Journals and syslog write the zone as
/// an offset; nearly all programs write `Z`.
fn after_time(
    text: &[u8],
    blank: usize,
    is_free: impl Fn(Kind) -> bool,
) -> Option<(Kind, Prefix<'_>)> {
    // A record of Kubernetes begins with a time as well, and needs it.
    if cri::is_likely(text, blank) {
        return None;
    }
    if is_free(Kind::Time)
        && let Some(prefix) = stamped_at(text, blank)
    {
        return Some((Kind::Time, prefix));
    }
    let has_offset = text[blank - 1].is_ascii_digit();
    if !has_offset || !is_free(Kind::Syslog) {
        return None;
    }
    Some((Kind::Syslog, syslog::prefix(text)?))
}

/// The prefix of who wrote the line.
fn container<'a>(
    text: &'a [u8],
    taken: &[Option<Kind>],
    before: Option<&Prefix<'a>>,
) -> Option<Prefix<'a>> {
    let prefix = compose::prefix(text).or_else(|| kubernetes::prefix(text))?;
    let is_alone = taken.is_empty();
    // Behind a time only `docker service logs` names a container, by its node as well; in a journal
    // only the unit that runs compose. Any other name there is the program's own.
    let is_possible = is_alone
        || prefix.has_node
        || before
            .and_then(|before| before.service)
            .is_some_and(runs_containers);
    is_possible.then_some(prefix.said)
}

/// Whether a unit's name is that of a tool that prints what containers say.
fn runs_containers(service: &[u8]) -> bool {
    [&b"docker"[..], b"podman", b"compose", b"kubectl", b"stern"]
        .iter()
        .any(|tool| memchr::memmem::find(service, tool).is_some())
}

/// The time that `docker logs -t` and `kubectl logs --timestamps` write before a line.
pub(super) fn stamped(line: &[u8]) -> Option<Prefix<'_>> {
    let blank = memchr::memchr(b' ', line.get(..=cri::TIME_BYTES_MAX).unwrap_or(line))?;
    // A record of Kubernetes begins with a time like that as well, and needs it.
    match cri::is_likely(line, blank) {
        true => None,
        false => stamped_at(line, blank),
    }
}

fn stamped_at(line: &[u8], blank: usize) -> Option<Prefix<'_>> {
    let text = &line[blank + 1..];
    // Nearly all programs write fewer digits.
    let is_short = blank < time::SECONDS_BYTES + 1 + FRACTION_DIGITS_MIN;
    if is_short && !begins_likely(text) {
        return None;
    }
    let stamp = time::stamp(line).filter(|stamp| stamp.length == blank)?;
    let is_dockers = stamp.fraction_digits >= FRACTION_DIGITS_MIN || begins(text);
    is_dockers.then(|| Prefix {
        time: Some(&line[..blank]),
        text,
        ..Prefix::default()
    })
}

/// Whether a line of a program surely begins here: a time, or an object of JSON.
pub(super) fn begins(text: &[u8]) -> bool {
    begins_likely(text) && (text[0] == b'{' || time::stamp(text).is_some())
}

/// [`begins`], as far as a few bytes tell; surely not where this is false.
fn begins_likely(text: &[u8]) -> bool {
    match text {
        [b'{', b'"', ..] => true,
        [b'0'..=b'9', ..] => text.get(4) == Some(&b'-') && text.get(10) == Some(&b'T'),
        _ => false,
    }
}
