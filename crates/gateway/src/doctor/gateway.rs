//! agentgateway's configuration: whether it writes the user down, in its log and on its traces.

use regex::Regex;
use serde_json::Value;

use super::{Finding, Link};

/// What else is known when the configuration is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownHeaders<'k> {
    /// The header in which the front end sends the user.
    pub header: Option<&'k str>,
    /// The keys that the rules read the user from.
    pub keys: &'k [String],
    /// Whether traces are asked for, too.
    pub traces: bool,
}

/// Judges the text of a configuration file.
pub fn examine(name: &str, text: &str, known: KnownHeaders<'_>) -> Vec<Finding> {
    let document: Value = match serde_saphyr::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let first = error.to_string();
            let first = first.lines().next().unwrap_or_default().to_owned();
            return vec![Finding::failed(
                Link::Gateway,
                format!("{name} is no YAML: {first}"),
                "give the file that agentgateway is started with (`agentgateway -f FILE`)",
            )];
        }
    };
    let policies = &document["frontendPolicies"];
    let logging = &document["config"]["logging"];
    let mut findings = log(name, policies, logging, known);
    let filter = [&policies["accessLog"]["filter"], &logging["filter"]];
    if let Some(filter) = filter.iter().find_map(|filter| filter.as_str()) {
        findings.push(Finding::warning(
            Link::Gateway,
            format!(
                "{name}: the access log has a filter, `{filter}`: what it leaves out is not counted"
            ),
            "take `filter` out of accessLog, or read the counts as what they are",
        ));
    }
    if known.traces {
        findings.push(traces(name, &document, known));
    }
    findings
}

fn log(name: &str, policies: &Value, logging: &Value, known: KnownHeaders<'_>) -> Vec<Finding> {
    let new = policies["accessLog"]["add"].as_object();
    let old = logging["fields"]["add"].as_object();
    if !policies["accessLog"].is_null() && old.is_some() {
        return vec![Finding::failed(
            Link::Gateway,
            format!(
                "{name}: both frontendPolicies.accessLog and config.logging.fields are there; agentgateway does not start so"
            ),
            "move what config.logging.fields.add holds to frontendPolicies.accessLog.add",
        )];
    }
    let Some(fields) = new.or(old) else {
        return vec![Finding::failed(
            Link::Gateway,
            format!("{name}: nothing is added to the access log, so no line names a user"),
            format!("add to {name}:\n{}", example(known)),
        )];
    };
    let mut findings = vec![user_of(name, "the log", fields, &example(known), known)];
    let has_json = logging["format"].as_str() == Some("json");
    if !has_json {
        findings.push(Finding {
            next: Some(
                "set LOG_FORMAT=json for the gateway where clients are not trusted: its text log can be forged by a line break in a model's name"
                    .to_owned(),
            ),
            ..Finding::ok(Link::Gateway, format!("{name}: the log is text, unless LOG_FORMAT says otherwise"))
        });
    }
    findings
}

fn traces(name: &str, document: &Value, known: KnownHeaders<'_>) -> Finding {
    let policy = &document["frontendPolicies"]["tracing"];
    let old = &document["config"]["tracing"];
    let (tracing, attributes) = if policy.is_null() {
        (old, &old["fields"]["add"])
    } else {
        (policy, &policy["attributes"])
    };
    let example = example_of_tracing(known);
    if tracing.is_null() {
        return Finding::failed(
            Link::Gateway,
            format!("{name}: tracing is not configured, so Jaeger gets nothing"),
            format!("add to {name}:\n{example}"),
        );
    }
    let sampling = match &tracing["randomSampling"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let is_full = sampling == "true" || sampling.parse() == Ok(1.0);
    if !is_full {
        return Finding::warning(
            Link::Gateway,
            format!("{name}: randomSampling is {sampling}, so not every request has a trace"),
            "set randomSampling: \"1.0\" where counts come from traces",
        );
    }
    match attributes.as_object() {
        Some(attributes) => user_of(name, "the trace", attributes, &example, known),
        None => Finding::failed(
            Link::Gateway,
            format!("{name}: nothing is added to traces, so none names a user"),
            format!("what the log was told to add is not on the trace; add to {name}:\n{example}"),
        ),
    }
}

/// Which of the added fields holds the user, and whether the rules read it.
fn user_of(
    name: &str,
    place: &str,
    fields: &serde_json::Map<String, Value>,
    example: &str,
    known: KnownHeaders<'_>,
) -> Finding {
    let expressions = fields
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
    let users: Vec<(&str, &str)> = expressions.filter(|(_, text)| names_a_user(text)).collect();
    if users.is_empty() {
        return Finding::failed(
            Link::Gateway,
            format!("{name}: nothing that is added to {place} holds a user"),
            format!("add to {name}:\n{example}"),
        );
    }
    if let Some(header) = known.header
        && !users
            .iter()
            .any(|(_, text)| headers(text).any(|found| found.eq_ignore_ascii_case(header)))
    {
        return Finding::failed(
            Link::Gateway,
            format!(
                "{name}: {place} never holds the header `{header}`, in which Open WebUI sends the user"
            ),
            format!("add to {name}:\n{example}"),
        );
    }
    let read = users
        .iter()
        .find(|(key, _)| known.keys.iter().any(|known| known == key));
    match (read, users.first()) {
        (Some((key, text)), _) => Finding::ok(
            Link::Gateway,
            format!("{name}: {place} holds the user as `{key}` ({text})"),
        ),
        (None, Some((key, text))) if !known.keys.is_empty() => Finding::failed(
            Link::Gateway,
            format!(
                "{name}: {place} holds the user as `{key}` ({text}), which the rules do not read"
            ),
            format!(
                "call it `{}` there, or add `{key}` to `from` of the user's label in the rules",
                known.keys[0]
            ),
        ),
        (None, _) => Finding::ok(Link::Gateway, format!("{name}: {place} holds a user")),
    }
}

/// Whether an expression is about a person: a header with such a name, or a verified token.
fn names_a_user(expression: &str) -> bool {
    expression.contains("jwt.")
        || expression.contains("apiKey.")
        || headers(expression).any(|header| {
            let header = header.to_ascii_lowercase();
            (header.contains("user") && header != "user-agent") || header.contains("mail")
        })
}

/// The headers that an expression reads.
fn headers(expression: &str) -> impl Iterator<Item = &str> {
    let pattern = Regex::new(r#"headers\[["']([^"']+)["']\]"#).ok();
    let found: Vec<&str> = match &pattern {
        Some(pattern) => pattern
            .captures_iter(expression)
            .filter_map(|captures| Some(captures.get(1)?.as_str()))
            .collect(),
        None => Vec::new(),
    };
    found.into_iter()
}

fn field(known: KnownHeaders<'_>) -> String {
    let header = known
        .header
        .unwrap_or(super::WEBUI_HEADER)
        .to_ascii_lowercase();
    format!("http.header.{header}: 'request.headers[\"{header}\"]'")
}

fn example(known: KnownHeaders<'_>) -> String {
    format!(
        "  frontendPolicies:\n    accessLog:\n      add:\n        {}",
        field(known)
    )
}

/// What makes the gateway send traces that name the user.
pub(super) fn example_of_tracing(known: KnownHeaders<'_>) -> String {
    format!(
        "  frontendPolicies:\n    tracing:\n      host: jaeger:4318\n      protocol: http\n      \
         randomSampling: \"1.0\"\n      attributes:\n        {}",
        field(known)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::LinkState;

    fn keys() -> Vec<String> {
        [
            "http.header.x-user-email",
            "http.header.x-openwebui-user-email",
            "jwt.email",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[track_caller]
    fn judged(text: &str, header: Option<&str>, traces: bool) -> Vec<(LinkState, String)> {
        let keys = keys();
        let known = KnownHeaders {
            header,
            keys: &keys,
            traces,
        };
        let findings = examine("config.yaml", text, known);
        findings
            .into_iter()
            .map(|finding| (finding.state, finding.saw))
            .collect()
    }

    #[test]
    fn our_own_example_is_right() {
        let text = include_str!("../../../../examples/compose/agentgateway.yaml");
        for header in [None, Some("X-OpenWebUI-User-Email")] {
            let judged = judged(text, header, true);
            assert!(
                judged.iter().all(|(state, _)| *state == LinkState::Ok),
                "{judged:?}"
            );
            assert_eq!(judged.len(), 3, "{judged:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let log = |add: &str| format!("frontendPolicies:\n  accessLog:\n    add: {{{add}}}\n");
        for (text, header, saw) in [
            ("a: [", None, "is no YAML"),
            ("binds: []", None, "nothing is added to the access log"),
            (
                &log("ua: 'request.headers[\"user-agent\"]'"),
                None,
                "holds a user",
            ),
            (
                &log("who: 'request.headers[\"x-user-email\"]'"),
                None,
                "as `who` (request.headers[\"x-user-email\"]), which the rules do not read",
            ),
            (
                &log("http.header.x-user-email: 'request.headers[\"x-user-email\"]'"),
                Some("X-OpenWebUI-User-Email"),
                "never holds the header `X-OpenWebUI-User-Email`",
            ),
            (
                "config: {logging: {fields: {add: {a: b}}}}\nfrontendPolicies: {accessLog: {add: {a: b}}}",
                None,
                "does not start so",
            ),
        ] {
            let judged = judged(text, header, false);
            assert_eq!(judged[0].0, LinkState::Failed, "{text}: {judged:?}");
            assert!(judged[0].1.contains(saw), "{text}: {judged:?}");
        }
    }

    #[test]
    fn filters_and_sampling_leave_requests_out() {
        let text = "frontendPolicies:\n  accessLog:\n    filter: response.code >= 400\n    add:\n      jwt.email: jwt.email\n  \
                    tracing: {host: 'jaeger:4318', randomSampling: 0.1, attributes: {}}\n";
        let judged = judged(text, None, true);
        let warnings: Vec<_> = judged
            .iter()
            .filter(|(state, _)| *state == LinkState::Warning)
            .collect();
        assert_eq!(warnings.len(), 2, "{judged:?}");
        assert!(warnings[0].1.contains("response.code >= 400"), "{judged:?}");
        assert!(
            warnings[1].1.contains("randomSampling is 0.1"),
            "{judged:?}"
        );
    }
}
