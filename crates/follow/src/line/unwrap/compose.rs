//! The prefixes of docker compose: `agentgateway-1  | text`, and the older `agentgateway_1  | `; of
//! `docker service logs`: `gateway.1.abc@node    | `; and of podman-compose: `[gateway] | `.
//!
//! The name is padded with blanks to the longest of its project and may be coloured together with
//! the bar. A service that sets `container_name` has any name.

use super::ansi;
use super::prefix::{Prefix, begins};

/// A prefix that names a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ContainerPrefix<'a> {
    pub(super) said: Prefix<'a>,
    /// Whether the node of a swarm is named, too.
    pub(super) has_node: bool,
}

/// Names that programs write before a bar as the level of a line: no containers.
const LEVELS: [&[u8]; 9] = [
    b"INFO",
    b"WARN",
    b"WARNING",
    b"ERROR",
    b"DEBUG",
    b"TRACE",
    b"FATAL",
    b"NOTICE",
    b"CRITICAL",
];

/// The prefix of `line`, if it has one.
pub(super) fn prefix(line: &[u8]) -> Option<ContainerPrefix<'_>> {
    let coloured = line.first() == Some(&ansi::ESCAPE);
    // Before, inside and after the prefix at most one sequence is at a place; what colours
    // the text itself belongs to it.
    let uncolour = |bytes| {
        if coloured {
            ansi::after_sequence(bytes)
        } else {
            bytes
        }
    };

    let rest = uncolour(line);
    let is_bracketed = rest.first() == Some(&b'[');
    let rest = &rest[usize::from(is_bracketed)..];
    let (container, rest) = rest.split_at(name_length(rest));
    if container.is_empty() {
        return None;
    }
    let (node, rest) = match rest.split_first() {
        Some((b']', rest)) if is_bracketed => (0, rest),
        _ if is_bracketed => return None,
        Some((b'@', rest)) => {
            let node = name_length(rest);
            (node, &rest[node..])
        }
        _ => (0, rest),
    };
    let padded = uncolour(rest);
    let bar = padded.iter().position(|byte| *byte != b' ')?;
    let rest = uncolour(&padded[bar..]).strip_prefix(b"|")?;
    if bar == 0 || LEVELS.contains(&container) {
        return None;
    }
    let reset = uncolour(rest);
    let text = match reset {
        [] | [b'\r'] => reset,
        // A reset after the bar has been taken off already; otherwise it is after the blank.
        [b' ', text @ ..] if reset.len() == rest.len() => uncolour(text),
        [b' ', text @ ..] => text,
        _ => return None,
    };
    // Words in brackets and a bar are also how programs begin their lines.
    if is_bracketed && !coloured && !begins(text) {
        return None;
    }
    let said = Prefix {
        service: Some(match node {
            0 => service(container),
            _ => swarm_service(container),
        }),
        container: Some(container),
        time: None,
        header_time: None,
        text,
    };
    let has_node = node > 0;
    Some(ContainerPrefix { said, has_node })
}

/// `[A-Za-z0-9][A-Za-z0-9_.-]*`, as docker names containers.
pub(super) fn name_length(bytes: &[u8]) -> usize {
    if !bytes.first().is_some_and(u8::is_ascii_alphanumeric) {
        return 0;
    }
    (bytes.iter())
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        .count()
}

/// A container's name without its number: `agentgateway` of `agentgateway-1`.
fn service(container: &[u8]) -> &[u8] {
    let digits = (container.iter().rev())
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match container.split_at(container.len() - digits) {
        ([service @ .., b'-' | b'_'], [_, ..]) if !service.is_empty() => service,
        _ => container,
    }
}

/// The service of a task: `gateway` of `gateway.1.abc`.
fn swarm_service(task: &[u8]) -> &[u8] {
    task.split(|byte| *byte == b'.').next().unwrap_or(task)
}
