//! Jaeger's answers to a search, in both forms: OTLP's JSON of `/api/v3/traces` and the older one of
//! `/api/traces`. <https://www.jaegertracing.io/docs/latest/architecture/apis/>
//!
//! Both are read in passing: only the gateway's request spans are looked into, and what becomes of
//! a span is its line.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::search::Request;
use super::span_to_line::{self, Attribute};

mod ids;
mod raw_span;

use ids::{number, span_id, trace_id};

/// Which of the two interfaces gave an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    /// `/api/v3/traces`: `{"result":{"resourceSpans":[…]}}`.
    V3,
    /// `/api/traces`: `{"data":[…]}`.
    V1,
}

/// What one answer holds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Different traces, of any service.
    pub traces: usize,
    /// Spans of the service that was asked for, of any kind.
    pub spans: usize,
    /// The service's request spans.
    pub requests: Vec<Request>,
    /// Request spans of the service without a readable id or start.
    pub unreadable: usize,
    /// All other spans, where they are kept.
    pub others: Vec<OtherSpan>,
}

/// A span that is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSpan {
    /// The trace, where it can be told.
    pub trace: Option<u128>,
    /// When a span of the service began, in microseconds since 1970; nothing of other services.
    pub start_us: Option<u64>,
    /// The span as it came, for an export.
    pub raw: Vec<u8>,
}

/// An answer that is not in its form.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON of this form; often it was cut short.
    #[error("the answer cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of something else.
    #[error("the answer is not Jaeger's")]
    Foreign,
    /// Jaeger reports an error.
    #[error("it says: {0}")]
    Reported(String),
}

/// Reads an answer.
///
/// # Errors
/// Where it is not in `form`, or holds an error instead of spans.
pub fn parse(body: &[u8], form: Interface, service: &str) -> Result<Answer, Unreadable> {
    read(body, form, service, false)
}

/// Reads an answer, and keeps every span as it came.
///
/// # Errors
/// As [`parse`].
pub fn parse_keeping(body: &[u8], form: Interface, service: &str) -> Result<Answer, Unreadable> {
    read(body, form, service, true)
}

fn read(body: &[u8], form: Interface, service: &str, keeps: bool) -> Result<Answer, Unreadable> {
    // Broken text in one span must not hide the others.
    let body = String::from_utf8_lossy(body);
    let mut reading = AnswerReader {
        service,
        keeps,
        traces: HashSet::new(),
        answer: Answer::default(),
    };
    match form {
        // A gateway of gRPC streams writes one document after another.
        Interface::V3 => {
            let mut any = false;
            for document in serde_json::Deserializer::from_str(&body).into_iter::<V3<'_>>() {
                any = true;
                reading.v3(&document?)?;
            }
            if !any {
                serde_json::from_str::<V3<'_>>("")?;
            }
        }
        Interface::V1 => reading.v1(&serde_json::from_str(&body)?)?,
    }
    reading.answer.traces = reading.traces.len();
    Ok(reading.answer)
}

#[derive(Deserialize)]
struct V3<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<Option<V3Result<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct V3Result<'a> {
    #[serde(borrow, rename = "resourceSpans")]
    resource_spans: Option<Vec<ResourceSpans<'a>>>,
}

#[derive(Deserialize)]
struct ResourceSpans<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    #[serde(borrow, rename = "scopeSpans")]
    scope_spans: Option<Vec<ScopeSpans<'a>>>,
    #[serde(borrow, rename = "schemaUrl")]
    schema_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    #[serde(borrow)]
    attributes: Option<Vec<KeyValue<'a>>>,
}

#[derive(Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow)]
    scope: Option<&'a RawValue>,
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
    #[serde(borrow, rename = "schemaUrl")]
    schema_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct KeyValue<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// A member that is there, be it `null`: it tells an empty answer from one of another server.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// A text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OtlpSpan<'a> {
    #[serde(borrow)]
    trace_id: Option<Text<'a>>,
    #[serde(borrow)]
    span_id: Option<Text<'a>>,
    #[serde(borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    start_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<Vec<KeyValue<'a>>>,
}

#[derive(Deserialize)]
struct V1<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<Option<Vec<V1Trace<'a>>>>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct V1Trace<'a> {
    #[serde(borrow, rename = "traceID")]
    trace_id: Option<Text<'a>>,
    #[serde(borrow)]
    spans: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    processes: Option<BTreeMap<Text<'a>, &'a RawValue>>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct V1Process<'a> {
    #[serde(borrow, rename = "serviceName")]
    service_name: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct V1Span<'a> {
    #[serde(borrow, rename = "traceID")]
    trace_id: Option<Text<'a>>,
    #[serde(borrow, rename = "spanID")]
    span_id: Option<Text<'a>>,
    #[serde(borrow, rename = "startTime")]
    start_time: Option<&'a RawValue>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<Vec<KeyValue<'a>>>,
    #[serde(borrow, rename = "processID")]
    process_id: Option<Text<'a>>,
    #[serde(borrow)]
    process: Option<V1Process<'a>>,
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Text<'_> {}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

struct AnswerReader<'s> {
    service: &'s str,
    keeps: bool,
    traces: HashSet<u128>,
    answer: Answer,
}

impl AnswerReader<'_> {
    fn v3(&mut self, document: &V3<'_>) -> Result<(), Unreadable> {
        if let Some(error) = document.error.filter(|error| error.get() != "null") {
            return Err(Unreadable::Reported(reported(error.get())));
        }
        let result = document.result.as_ref().ok_or(Unreadable::Foreign)?;
        let resources = result.as_ref().map(|one| &one.resource_spans);
        for resource in resources.into_iter().flatten().flatten() {
            let is_ours = self.is_ours(resource.resource);
            let scopes = resource.scope_spans.iter().flatten();
            let spans = scopes.flat_map(|scope| {
                let spans = scope.spans.iter().flatten();
                spans.map(move |span| (scope, span))
            });
            for (scope, raw) in spans {
                let before = self.answer.requests.len();
                let (trace, start_us) = match serde_json::from_str(raw.get()) {
                    Ok(span) => self.otlp(&span, is_ours),
                    Err(_) => {
                        self.answer.unreadable += usize::from(is_ours);
                        (None, None)
                    }
                };
                if self.keeps {
                    let parts = [
                        ("resource", resource.resource),
                        ("schemaUrl", resource.schema_url),
                        ("scope", scope.scope),
                        ("schemaUrl", scope.schema_url),
                    ];
                    let start_us = start_us.filter(|_| is_ours);
                    self.keep(before, trace, start_us, raw_span::v3(parts, raw.get()));
                }
            }
        }
        Ok(())
    }

    fn is_ours(&self, resource: Option<&RawValue>) -> bool {
        let resource =
            resource.and_then(|one| serde_json::from_str::<Resource<'_>>(one.get()).ok());
        let attributes = resource.and_then(|one| one.attributes);
        let mut attributes = attributes.iter().flatten();
        attributes
            .find(|attribute| attribute.key.0 == "service.name")
            .and_then(|attribute| attribute.value)
            .is_some_and(|value| span_to_line::otlp_text(value.get()) == self.service)
    }

    /// Keeps the span that was just read: with its request, if one came of it.
    fn keep(&mut self, before: usize, trace: Option<u128>, start_us: Option<u64>, raw: Vec<u8>) {
        match self.answer.requests.get_mut(before) {
            Some(request) => request.raw = raw,
            None => self.answer.others.push(OtherSpan {
                trace,
                start_us,
                raw,
            }),
        }
    }

    /// Gives the span's trace and start, in microseconds, where they can be read.
    fn otlp(&mut self, span: &OtlpSpan<'_>, is_ours: bool) -> (Option<u128>, Option<u64>) {
        let trace = span.trace_id.as_ref().and_then(|id| trace_id(&id.0));
        self.traces.extend(trace);
        self.answer.spans += usize::from(is_ours);
        let kind = span.kind.map_or("", RawValue::get);
        let start_ns = number(span.start_time_unix_nano);
        let place = (trace, start_ns.map(|start_ns| start_ns / 1_000));
        let is_server = kind == "2" || kind == "\"SPAN_KIND_SERVER\"";
        let mut keys = span.attributes.iter().flatten().map(|one| &*one.key.0);
        if !is_ours || !is_server || !keys.any(is_of_request) {
            return place;
        }
        let id = span.span_id.as_ref().and_then(|id| span_id(&id.0));
        let (Some(trace), Some(span_id), Some(start_ns)) = (trace, id, start_ns) else {
            self.answer.unreadable += 1;
            return place;
        };
        let end_ns = number(span.end_time_unix_nano);
        let attributes = span.attributes.iter().flatten();
        self.request(
            (trace, span_id),
            start_ns / 1_000,
            end_ns.map(|end_ns| end_ns.saturating_sub(start_ns) / 1_000),
            attributes.filter_map(|one| Some((&*one.key.0, Attribute::Otlp(one.value?.get())))),
        );
        place
    }

    fn v1(&mut self, document: &V1<'_>) -> Result<(), Unreadable> {
        let errors = document.errors.map_or("null", RawValue::get);
        let data = document
            .data
            .as_ref()
            .map(|data| data.as_deref().unwrap_or_default());
        // An error next to data tells of one trace that could not be put together.
        let has_error = errors != "null" && errors != "[]";
        if has_error && data.is_none_or(<[_]>::is_empty) {
            return Err(Unreadable::Reported(reported(errors)));
        }
        for trace in data.ok_or(Unreadable::Foreign)? {
            for raw in trace.spans.iter().flatten() {
                let before = self.answer.requests.len();
                let span = serde_json::from_str::<V1Span<'_>>(raw.get());
                let (id, start_us) = match &span {
                    Ok(span) => self.v1_span(trace, span),
                    Err(_) => {
                        self.answer.unreadable += 1;
                        (None, None)
                    }
                };
                if self.keeps {
                    let process = span.ok().and_then(|span| span.process_id);
                    let process = process.as_ref().and_then(|id| {
                        let process = trace.processes.as_ref()?.get(id)?;
                        Some((&*id.0, process.get()))
                    });
                    let trace_id = trace.trace_id.as_ref().map(|id| &*id.0);
                    let raw = raw_span::v1(trace_id, process, trace.warnings, raw.get());
                    self.keep(before, id, start_us, raw);
                }
            }
        }
        Ok(())
    }

    fn v1_span(&mut self, trace: &V1Trace<'_>, span: &V1Span<'_>) -> (Option<u128>, Option<u64>) {
        let id = span.trace_id.as_ref().or(trace.trace_id.as_ref());
        let trace_id = id.and_then(|id| trace_id(&id.0));
        self.traces.extend(trace_id);
        let named = span.process_id.as_ref();
        let listed = || {
            let process = trace.processes.as_ref()?.get(named?)?;
            serde_json::from_str::<V1Process<'_>>(process.get()).ok()
        };
        let listed = if span.process.is_none() {
            listed()
        } else {
            None
        };
        let process = span.process.as_ref().or(listed.as_ref());
        let service = process.and_then(|process| process.service_name.as_ref());
        if service.is_none_or(|name| name.0 != self.service) {
            return (trace_id, None);
        }
        let start_us = number(span.start_time);
        let place = (trace_id, start_us);
        self.answer.spans += 1;
        let tags = span.tags.as_deref().unwrap_or_default();
        let is_server = tags.iter().any(|tag| {
            tag.key.0 == "span.kind" && tag.value.is_some_and(|kind| kind.get() == "\"server\"")
        });
        if !is_server || !tags.iter().any(|tag| is_of_request(&tag.key.0)) {
            return place;
        }
        let span_id = span.span_id.as_ref().and_then(|id| span_id(&id.0));
        let (Some(trace), Some(span_id), Some(start_us)) = (trace_id, span_id, start_us) else {
            self.answer.unreadable += 1;
            return place;
        };
        self.request(
            (trace, span_id),
            start_us,
            number(span.duration),
            tags.iter()
                .filter(|tag| tag.key.0 != "span.kind")
                .filter_map(|tag| Some((&*tag.key.0, Attribute::Plain(tag.value?.get())))),
        );
        place
    }

    fn request<'a>(
        &mut self,
        (trace, span): (u128, u64),
        start_us: u64,
        duration_us: Option<u64>,
        attributes: impl Iterator<Item = (&'a str, Attribute<'a>)>,
    ) {
        let line = span_to_line::of_span((trace, span), start_us, duration_us, attributes);
        match line {
            Some(line) => self.answer.requests.push(Request {
                trace,
                span,
                start_us,
                line,
                raw: Vec::new(),
            }),
            None => self.answer.unreadable += 1,
        }
    }
}

/// Whether only a request's span has such a key. agentgateway 0.12 to 1.4 also writes a span of the
/// kind `server` for each message of an MCP session, within the span of its request; that one has no
/// attributes of its own. The request's has always had `url.scheme` and keys of HTTP.
fn is_of_request(key: &str) -> bool {
    key.starts_with("url.") || key.starts_with("http.")
}

/// The message of an error: `{"httpCode":…,"message":…}`, or `[{"code":…,"msg":…}]`.
pub(super) fn reported(error: &str) -> String {
    #[derive(Deserialize)]
    struct Error {
        #[serde(alias = "msg")]
        message: String,
    }
    let one = serde_json::from_str::<Error>(error).ok();
    let first = || serde_json::from_str::<Vec<Error>>(error).ok()?.pop();
    let text = one
        .or_else(first)
        .map_or(error.to_owned(), |one| one.message);
    let short: String = text.chars().take(200).collect();
    short.escape_debug().to_string()
}

#[cfg(test)]
mod tests;
