//! Tests of the envelopes: [`forms`] line by line, [`parts`] over several lines, [`laws`] for any.

use super::*;

mod forms;
mod laws;
mod parts;
mod prefixes;

/// An [`Unwrapped`] that can be kept.
#[derive(Debug, Default, PartialEq, Eq)]
struct Owned {
    text: String,
    service: Option<String>,
    container: Option<String>,
    time: Option<String>,
}

impl Owned {
    fn text(text: &str) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    fn at(text: &str, time: &str) -> Self {
        Self {
            time: Some(time.into()),
            ..Self::text(text)
        }
    }

    fn of(text: &str, service: &str, container: &str) -> Self {
        Self {
            service: Some(service.into()),
            container: Some(container.into()),
            ..Self::text(text)
        }
    }
}

fn owned(unwrapped: Unwrapped<'_>) -> Owned {
    let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Owned {
        text: string(unwrapped.text),
        service: unwrapped.wrapping.service.map(string),
        container: unwrapped.wrapping.container.map(string),
        time: unwrapped.wrapping.time.map(string),
    }
}

/// What a new stream's first line becomes.
fn unwrapped(line: &str) -> Option<Owned> {
    Unwrapper::default().unwrap(0, line.as_bytes()).map(owned)
}

fn access_lines() -> impl Iterator<Item = &'static str> {
    include_str!("../../../../../../tests/data/agentgateway/text-edge.log").lines()
}
