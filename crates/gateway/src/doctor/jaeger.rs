//! Jaeger: is it there, does it know the gateway, do requests arrive, and do their spans name users?

use std::io::Cursor;
use std::sync::Arc;

use super::log::Examiner;
use super::{Finding, Link, count, gateway};
use crate::jaeger::{Answer, Client, Failure, Interface, Query, Server, Window};
use logmetrics_follow::line::Origin;

/// How far back spans are looked for, in microseconds.
const HOUR_US: u64 = 3_600_000_000;

/// Traces that are looked at. Where they are too large to be held, fewer: nothing of importance
/// hangs on their number.
const TRACES: [u32; 3] = [500, 50, 5];

/// More services are not listed.
const SERVICES_MAX: usize = 10;

/// Asks the query service for what began in the hour before `now_us` (microseconds since 1970), once
/// and without patience. `header` is where the front end sends the user.
pub fn examine(
    query: &Query,
    examiner: &Examiner,
    header: Option<&str>,
    now_us: u64,
) -> Vec<Finding> {
    let mut client = match Client::new(query) {
        Ok(client) => client.without_patience(),
        Err(failure) => return vec![failed(&failure)],
    };
    let (form, services) = match client.services() {
        Ok(known) => known,
        Err(failure) => return vec![failed(&failure)],
    };
    let interface = match form {
        Interface::V3 => "/api/v3",
        Interface::V1 => "the older /api/traces",
    };
    let address = &query.address;
    let mut findings = vec![Finding::ok(
        Link::Jaeger,
        format!("{address} answers, by {interface}"),
    )];
    let service = &query.service;
    if !services.contains(service) {
        findings.push(unknown(service, &services));
        return findings;
    }
    findings.push(Finding::ok(
        Link::Jaeger,
        format!("it knows the service `{service}`"),
    ));
    let window = Window {
        start_us: now_us.saturating_sub(HOUR_US),
        end_us: now_us,
    };
    match ask(&mut client, window) {
        Ok((answer, limit)) => {
            findings.extend(Spans { answer, limit }.findings(query, examiner, header));
        }
        Err(failure) => findings.push(failed(&failure)),
    }
    findings
}

fn ask(client: &mut Client, window: Window) -> Result<(Answer, u32), Failure> {
    let mut result = Err(Failure::TooLarge);
    for limit in TRACES {
        result = client.ask(window, limit).map(|answer| (answer, limit));
        if !matches!(result, Err(Failure::TooLarge)) {
            break;
        }
    }
    result
}

fn failed(failure: &Failure) -> Finding {
    let next = match failure {
        Failure::Authorities(_) => "give the certificate of the authority that signed Jaeger's",
        Failure::Refused { .. } => {
            "open the same URL in a browser: Jaeger's page is there, with its base path, and with what it asks for"
        }
        _ => {
            "is this the address of Jaeger's query service (port 16686) as seen from here? \
             A certificate of your own needs `--jaeger-ca FILE`"
        }
    };
    Finding::failed(Link::Jaeger, failure.to_string(), next)
}

fn unknown(service: &str, services: &[String]) -> Finding {
    let sends = format!(
        "let the gateway send its traces there:\n{}",
        gateway::example_of_tracing(gateway::KnownHeaders::default())
    );
    if services.is_empty() {
        return Finding::failed(
            Link::Jaeger,
            "it knows no service: nothing has sent it traces",
            sends,
        );
    }
    let mut known: Vec<String> = services.iter().map(|name| format!("`{name}`")).collect();
    if known.len() > SERVICES_MAX {
        known.truncate(SERVICES_MAX);
        known.push("others".to_owned());
    }
    Finding::failed(
        Link::Jaeger,
        format!(
            "it does not know the service `{service}`, but {}",
            known.join(", ")
        ),
        format!("if the gateway is one of these: --jaeger-service NAME; otherwise {sends}"),
    )
}

/// What the last hour has.
struct Spans {
    answer: Answer,
    limit: u32,
}

impl Spans {
    fn findings(self, query: &Query, examiner: &Examiner, header: Option<&str>) -> Vec<Finding> {
        let requests = self.answer.requests.len() as u64;
        if requests == 0 {
            return vec![self.none(&query.service)];
        }
        let or_more = if self.answer.traces >= self.limit as usize {
            " or more"
        } else {
            ""
        };
        let mut findings = vec![Finding::ok(
            Link::Jaeger,
            format!("{}{or_more} in the last hour", count(requests, "request")),
        )];
        if self.answer.unreadable > 0 {
            findings.push(Finding::warning(
                Link::Jaeger,
                format!(
                    "{} without an id or a start, which cannot be counted",
                    count(self.answer.unreadable as u64, "span")
                ),
                "what writes these spans? The gateway's have both",
            ));
        }
        let mut lines = Vec::new();
        for request in &self.answer.requests {
            lines.extend_from_slice(&request.line);
            lines.push(b'\n');
        }
        let name: Arc<str> = Arc::from(query.address.to_string());
        let origin = Origin {
            source: Arc::clone(&name),
            file: Arc::clone(&name),
        };
        match examiner.read(Cursor::new(lines), &origin) {
            Ok(seen) => findings.extend(seen.findings_of_spans(header)),
            Err(error) => findings.push(Finding::failed(
                Link::Jaeger,
                format!("its spans cannot be read: {error}"),
                "try again",
            )),
        }
        findings
    }

    fn none(&self, service: &str) -> Finding {
        match self.answer.spans {
            0 => Finding::warning(
                Link::Jaeger,
                "no request in the last hour",
                "send a request through the gateway and look again after a minute; \
                 where it is sampled, not every request comes (randomSampling: \"1.0\")",
            ),
            spans => Finding::failed(
                Link::Jaeger,
                format!(
                    "{} of `{service}` in the last hour, but none of a request: of the kind `server`, with keys of HTTP",
                    count(spans as u64, "span")
                ),
                "is this service the gateway? Name it with --jaeger-service NAME",
            ),
        }
    }
}
