//! What `docker logs --details` writes before a line: the container's attributes, such as
//! `com.docker.compose.service=gateway,tag=x `, and a blank alone where there are none.
//!
//! Names and values are escaped as in a query, so that no blank and no quote is in them.

use super::prefix::{Prefix, begins};

/// Names of labels that docker itself gives.
pub(super) const DOCKERS: &[u8] = b"com.docker.";

/// The attributes before a line. `is_docker`: docker wrote something before them, so that they are
/// likely.
pub(super) fn prefix(line: &[u8], is_docker: bool) -> Option<Prefix<'_>> {
    let blank = memchr::memchr(b' ', line)?;
    let (attributes, text) = (&line[..blank], &line[blank + 1..]);
    let mut prefix = Prefix {
        text,
        ..Prefix::default()
    };
    let is_known = attributes.starts_with(DOCKERS);
    // Fields of a program look like attributes. They are not where another line begins after them.
    if !is_known && !begins(text) {
        return None;
    }
    if attributes.is_empty() {
        return Some(prefix);
    }
    let mut are_dockers = true;
    for attribute in attributes.split(|byte| *byte == b',') {
        let equals = memchr::memchr(b'=', attribute)?;
        let (name, value) = (&attribute[..equals], &attribute[equals + 1..]);
        if !is_query(name) || name.is_empty() || !is_query(value) {
            return None;
        }
        let some = (!value.is_empty() && !value.contains(&b'%')).then_some(value);
        match name {
            b"com.docker.compose.service" => prefix.service = some,
            b"com.docker.swarm.service.name" => prefix.service = some,
            b"tag" => prefix.container = some,
            _ => {}
        }
        are_dockers &= is_label_or_variable(name);
    }
    // Before JSON, a program's own fields are as likely.
    let is_sure = is_docker || is_known || are_dockers || text.first() != Some(&b'{');
    is_sure.then_some(prefix)
}

/// What `url.QueryEscape` leaves.
fn is_query(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%+".contains(byte))
}

/// `tag`, a label of the form `org.example.name`, or a variable of the environment.
fn is_label_or_variable(name: &[u8]) -> bool {
    let dots = name.iter().filter(|byte| **byte == b'.').count();
    let is_variable = name
        .iter()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_');
    name == b"tag" || dots >= 2 || is_variable
}
