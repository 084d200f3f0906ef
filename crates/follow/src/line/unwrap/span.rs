//! A span that `logmetrics report --export` kept, one a line:
//! `{"request":{…},"resourceSpans":[…]}`, or with `"trace":{…}` from Jaeger's older interface.
//!
//! `request` is the line that the gateway's log would have had, and all that is read again. It
//! is first, so that it is whole where a long line is cut. Of a span that is no request it is
//! `null`, and there is no line.

use memchr::memchr3;

const REQUEST: &[u8] = b"{\"request\":";

/// How the span begins in OTLP's JSON.
pub const RESOURCE_SPANS: &[u8] = b"\"resourceSpans\":[";

/// How the span begins in the older form.
pub const TRACE: &[u8] = b"\"trace\":{\"traceID\":";

/// What a kept span is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SpanRecord<'a> {
    /// A request: its line.
    Request(&'a [u8]),
    /// No request.
    Other,
}

/// Writes a line with its end. `span` begins as [`RESOURCE_SPANS`] or [`TRACE`] does, and closes
/// what it opens.
pub fn write(request: Option<&[u8]>, span: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(REQUEST);
    out.extend_from_slice(request.unwrap_or(b"null"));
    out.push(b',');
    out.extend_from_slice(span);
    out.extend_from_slice(b"}\n");
}

/// The kept span that is `line`, if it is one.
pub(super) fn read(line: &[u8]) -> Option<SpanRecord<'_>> {
    let rest = line.strip_prefix(REQUEST)?;
    let (kept, rest) = match rest.strip_prefix(b"null") {
        Some(rest) => (SpanRecord::Other, rest),
        None => {
            let (request, rest) = rest.split_at(object(rest)?);
            (SpanRecord::Request(request), rest)
        }
    };
    let rest = rest.strip_prefix(b",")?;
    (rest.starts_with(RESOURCE_SPANS) || rest.starts_with(TRACE)).then_some(kept)
}

/// Where the object that begins here ends. What is in it is not looked at.
fn object(json: &[u8]) -> Option<usize> {
    if json.first() != Some(&b'{') {
        return None;
    }
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        at += memchr3(b'"', b'{', b'}', json.get(at..)?)?;
        match json[at] {
            b'"' => at = text(json, at + 1)?,
            b'{' => depth += 1,
            _ => depth -= 1,
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Where the quote is that ends the text at `at`.
fn text(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', json.get(at..)?)?;
        if json[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again() {
        let request = br#"{"a":"}\"{","b":[{"c":1}]}"#;
        for span in [RESOURCE_SPANS, TRACE] {
            let mut line = Vec::new();
            write(Some(request), span, &mut line);
            write(None, span, &mut line);
            let mut lines = line.split(|byte| *byte == b'\n');
            // Cut after the request, as a long line is.
            let first = lines.next().unwrap();
            let cut = &first[..first.len() - 1];
            assert_eq!(read(first), Some(SpanRecord::Request(request)));
            assert_eq!(read(cut), Some(SpanRecord::Request(request)));
            assert_eq!(read(lines.next().unwrap()), Some(SpanRecord::Other));
        }
    }

    #[test]
    fn logs_that_look_like_it_are_left_alone() {
        for line in [
            r#"{"request":"GET /","trace":{"traceID":"1"}}"#,
            r#"{"request":{"method":"GET"},"data":[]}"#,
            r#"{"request":{"method":"GET"},"trace":"1"}"#,
            r#"{"request":null}"#,
            r#"{"request":{"method":"GE"#,
            r#"{"request":{"a":"\"#,
            r#"{"request":}"#,
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }
}
