//! A span as it came, with all that stood around it in the answer, as the members that an export's
//! line has: one line for each span.

use serde_json::value::RawValue;

use logmetrics_follow::line::unwrap::span::{RESOURCE_SPANS, TRACE};

/// `"resourceSpans":[{…,"scopeSpans":[{…,"spans":[SPAN]}]}]`. `parts` are two members of the
/// resource's and two of the scope's.
pub(super) fn v3(parts: [(&str, Option<&RawValue>); 4], span: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(span.len() + 1_024);
    out.extend_from_slice(RESOURCE_SPANS);
    let (resource, scope) = parts.split_at(2);
    out.push(b'{');
    members(resource, &mut out);
    out.extend_from_slice(b"\"scopeSpans\":[{");
    members(scope, &mut out);
    out.extend_from_slice(b"\"spans\":[");
    add(span, &mut out);
    out.extend_from_slice(b"]}]}]");
    out
}

/// `"trace":{"traceID":…,"spans":[SPAN],"processes":{…},"warnings":…}`, with the one process that
/// the span names.
pub(super) fn v1(
    trace_id: Option<&str>,
    process: Option<(&str, &str)>,
    warnings: Option<&RawValue>,
    span: &str,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(span.len() + 1_024);
    out.extend_from_slice(TRACE);
    text(trace_id.unwrap_or_default(), &mut out);
    out.extend_from_slice(b",\"spans\":[");
    add(span, &mut out);
    out.extend_from_slice(b"],\"processes\":{");
    if let Some((name, process)) = process {
        text(name, &mut out);
        out.push(b':');
        add(process, &mut out);
    }
    out.extend_from_slice(b"},\"warnings\":");
    add(warnings.map_or("null", RawValue::get), &mut out);
    out.push(b'}');
    out
}

fn members(parts: &[(&str, Option<&RawValue>)], out: &mut Vec<u8>) {
    for (name, value) in parts {
        if let Some(value) = value {
            text(name, out);
            out.push(b':');
            add(value.get(), out);
            out.push(b',');
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory cannot fail.
    _ = serde_json::to_writer(out, text);
}

/// JSON on one line: inside of texts there are no line ends.
fn add(json: &str, out: &mut Vec<u8>) {
    let is_end = |byte| matches!(byte, b'\n' | b'\r');
    out.extend(
        json.bytes()
            .map(|byte| if is_end(byte) { b' ' } else { byte }),
    );
}
