//! What was taken off a line, for people: it is read once more, and what each step removes is named.

use super::{Depth, Record, ansi, any_bare, prefix, span, syslog};

/// Something around a line that rules do not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A text before the line: what compose, a journal or another tool wrote. Without its colours.
    Prefix(Vec<u8>),
    /// The beginning of a record of Kubernetes (CRI).
    Kubernetes(Vec<u8>),
    /// A record of docker's json-file driver; the line is its `log`.
    Docker,
    /// A span that `report --export` kept; the line is its `request`.
    Span,
    /// Colours, anywhere.
    Colours,
}

/// What [`Unwrapper::unwrap`](super::Unwrapper::unwrap) takes off the line `raw`, from the outside in, as far
/// as one line tells.
pub fn removed(raw: &[u8]) -> Vec<Removed> {
    if let Some(record) = span::read(raw) {
        return match record {
            span::SpanRecord::Request(_) => vec![Removed::Span],
            span::SpanRecord::Other => Vec::new(),
        };
    }
    let mut layers = Layers::default();
    if prefix::is_none(raw) {
        layers.colours(raw);
        return layers.list;
    }
    let mut text = raw;
    if let Some(prefix) = prefix::prefix(raw) {
        layers.before(raw, prefix.text, Removed::Prefix);
        text = prefix.text;
    }
    let [mut outer, mut inner] = [Depth::default(), Depth::default()];
    for depth in [&mut outer, &mut inner] {
        let Some(record) = Record::read(text, &mut depth.decoded) else {
            break;
        };
        match text.first() {
            Some(b'{') => layers.list.push(Removed::Docker),
            _ => layers.before(text, record.text, Removed::Kubernetes),
        }
        text = record.text;
    }
    if let Some(rest) = syslog::after_priority(text) {
        layers.before(text, rest, Removed::Prefix);
        text = rest;
    }
    layers.colours(text);
    layers.list
}

#[derive(Default)]
struct Layers {
    list: Vec<Removed>,
    is_coloured: bool,
}

impl Layers {
    /// Notes what is before `rest`, the end of `text`.
    fn before(&mut self, text: &[u8], rest: &[u8], layer: fn(Vec<u8>) -> Removed) {
        let before = text.strip_suffix(rest).unwrap_or_default();
        let mut plain = Vec::new();
        ansi::remove(before, &mut plain);
        self.is_coloured |= plain.len() < before.len();
        self.list.push(layer(plain));
    }

    /// Notes colours, here or before.
    fn colours(&mut self, text: &[u8]) {
        let end = text.strip_suffix(b"\r").unwrap_or(text);
        if self.is_coloured || any_bare(text, &mut Vec::new()).len() < end.len() {
            self.list.push(Removed::Colours);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Unwrapper;
    use super::*;

    #[track_caller]
    fn takes_off(raw: &str, expected: &[Removed]) {
        assert_eq!(removed(raw.as_bytes()), expected, "{raw}");
        // Where nothing is named, the line is as it was, and the other way round.
        let mut unwrapper = Unwrapper::default();
        let text = unwrapper.unwrap(0, raw.as_bytes());
        let text = text.map(|unwrapped| unwrapped.text.len());
        let bare = raw.strip_suffix('\r').unwrap_or(raw).len();
        assert_eq!(text == Some(bare), expected.is_empty(), "{raw}");
    }

    #[test]
    fn each_layer_is_named() {
        let before = |text: &str| Removed::Prefix(text.into());
        takes_off("GET /", &[]);
        takes_off("GET /\r", &[]);
        takes_off("{\"log\":\"x\"}", &[]);
        takes_off("2026-11-23T15:18:33.229071Z\tinfo\trequest", &[]);
        takes_off("gw-1  | GET /", &[before("gw-1  | ")]);
        takes_off(
            "\x1b[36mgw-1  | \x1b[0mGET /",
            &[before("gw-1  | "), Removed::Colours],
        );
        takes_off(
            "Nov 26 15:42:14 host1 app[62]: GET /",
            &[before("Nov 26 15:42:14 host1 app[62]: ")],
        );
        takes_off("<6>GET /", &[before("<6>")]);
        takes_off("\x1b[32mINFO\x1b[0m GET /\r", &[Removed::Colours]);
        takes_off("GET /\x1b[0m", &[Removed::Colours]);
        let head = "2016-10-06T00:17:09.669794202Z stdout F ";
        takes_off(&format!("{head}GET /"), &[Removed::Kubernetes(head.into())]);
        let docker =
            r#"{"log":"<6>GET /\n","stream":"stdout","time":"2016-10-06T00:17:09.669794202Z"}"#;
        takes_off(docker, &[Removed::Docker, before("<6>")]);
        takes_off(
            &format!("gw-1  | {docker}"),
            &[before("gw-1  | "), Removed::Docker, before("<6>")],
        );
        takes_off(
            r#"{"request":{"a":1},"resourceSpans":[]}"#,
            &[Removed::Span],
        );
    }
}
