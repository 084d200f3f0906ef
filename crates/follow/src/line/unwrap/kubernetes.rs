//! Names that tools for many containers write before a line: `kubectl logs --prefix`
//! (`[pod/gateway-7d/agentgateway] `), stern (`gateway-7d agentgateway `, with the namespace before
//! it on demand) and `podman logs` of several containers (`project_gateway_1 `).
//!
//! The latter two have no mark of their own. They are taken off where a program's line surely begins
//! after them, with a time or as an object of JSON, and the names have the form of generated ones or the
//! line that of a record.

use super::ansi;
use super::compose::{ContainerPrefix, name_length};
use super::prefix::{Prefix, begins};
use super::time;

/// Letters and digits of the five that Kubernetes puts at the end of a pod's name.
const POD_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// How records of JSON begin in most logs.
const RECORDS: [&[u8]; 7] = [
    b"{\"level\":",
    b"{\"severity\":",
    b"{\"time\":",
    b"{\"timestamp\":",
    b"{\"@timestamp\":",
    b"{\"ts\":",
    b"{\"msg\":",
];

/// Digits of a container's id that podman shows.
const ID_DIGITS: usize = 12;

/// The names before `line`, if there are some.
pub(super) fn prefix(line: &[u8]) -> Option<ContainerPrefix<'_>> {
    let prefix = match line.first()? {
        b'[' => kubectl(line)?,
        b'a'..=b'z' | b'0'..=b'9' | &ansi::ESCAPE => names(line)?,
        _ => return None,
    };
    Some(ContainerPrefix {
        said: prefix,
        has_node: false,
    })
}

/// `[pod/NAME/CONTAINER] `.
fn kubectl(line: &[u8]) -> Option<Prefix<'_>> {
    let rest = line.strip_prefix(b"[pod/")?;
    let pod = name_length(rest);
    let container = rest.get(pod..)?.strip_prefix(b"/")?;
    let length = name_length(container);
    let text = container.get(length..)?.strip_prefix(b"]")?;
    let text = match text {
        [] | [b'\r'] => text,
        [b' ', text @ ..] => text,
        _ => return None,
    };
    (pod > 0 && length > 0).then(|| Prefix {
        service: Some(&container[..length]),
        container: Some(&rest[..pod + 1 + length]),
        time: None,
        header_time: None,
        text,
    })
}

/// One to three names and a blank after each, each of which may be coloured.
fn names(line: &[u8]) -> Option<Prefix<'_>> {
    let is_coloured = line.first() == Some(&ansi::ESCAPE);
    let uncolour = |bytes| match is_coloured {
        true => ansi::after_sequence(bytes),
        false => bytes,
    };
    let mut names: [&[u8]; 3] = [&[]; 3];
    let mut rest = line;
    for count in 0..names.len() {
        let name = uncolour(rest);
        let length = name_length(name);
        if length == 0 {
            return None;
        }
        names[count] = &name[..length];
        let after = uncolour(&name[length..]).strip_prefix(b" ")?;
        rest = after;
        if begins(uncolour(rest)) {
            return named(&names[..=count], rest);
        }
    }
    None
}

fn named<'a>(names: &[&'a [u8]], text: &'a [u8]) -> Option<Prefix<'a>> {
    let (service, container) = match names {
        [name] if is_numbered(name) || is_id(name) => (*name, *name),
        [pod, container] | [_, pod, container]
            if are_lower(names) && (is_pod(pod) || pod == container || is_record(text)) =>
        {
            (*container, *pod)
        }
        _ => return None,
    };
    Some(Prefix {
        service: Some(service),
        container: Some(container),
        time: None,
        header_time: None,
        text,
    })
}

/// Whether the text has the form of a log's record, and not that of some data in a message.
fn is_record(text: &[u8]) -> bool {
    let is_tabbed = |stamp: time::Stamp| text.get(stamp.length) == Some(&b'\t');
    RECORDS.iter().any(|begin| text.starts_with(begin)) || time::stamp(text).is_some_and(is_tabbed)
}

fn are_lower(names: &[&[u8]]) -> bool {
    let is_lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    names.iter().all(|name| {
        name.iter()
            .all(|byte| is_lower(byte) || b"-.".contains(byte))
    })
}

/// Whether it ends as the names of pods do: in the number of a stateful set, in five letters by
/// Kubernetes, or in anything with a digit.
fn is_pod(name: &[u8]) -> bool {
    let Some(dash) = memchr::memrchr(b'-', name) else {
        return false;
    };
    let end = &name[dash + 1..];
    end.iter().any(u8::is_ascii_digit)
        || (end.len() == 5 && end.iter().all(|byte| POD_LETTERS.contains(byte)))
}

/// `project_gateway_1`.
fn is_numbered(name: &[u8]) -> bool {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.count();
    digits > 0
        && matches!(name[..name.len() - digits], [_, .., b'_' | b'-'])
        && name.iter().any(u8::is_ascii_alphabetic)
}

fn is_id(name: &[u8]) -> bool {
    name.len() == ID_DIGITS && (name.iter()).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
