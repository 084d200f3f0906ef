//! agentgateway's configuration: whether it writes the user down, in its log and on its traces.

use super::{Finding, Link, LinkState};

mod configuration;
mod expression;
mod removed;
#[cfg(test)]
mod tests;

use configuration::{Access, Configuration, Tracing};
use expression::{headers, names_a_user};

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

/// A configuration that is being judged.
struct Judged<'j> {
    /// The file's name.
    name: &'j str,
    configuration: Configuration,
    known: KnownHeaders<'j>,
}

/// Judges the text of a configuration file.
pub fn examine(name: &str, text: &str, known: KnownHeaders<'_>) -> Vec<Finding> {
    const WHICH: &str = "give the file that agentgateway is started with (`agentgateway -f FILE`), \
                         or its AgentgatewayPolicy";
    let configuration = match Configuration::read(text) {
        Ok(configuration) => configuration,
        Err(error) => {
            let saw = format!("{name} is no YAML: {error}");
            return vec![Finding::failed(Link::Gateway, saw, WHICH)];
        }
    };
    if !configuration.is_known {
        let saw = format!("{name} is no configuration of agentgateway");
        return vec![Finding::failed(Link::Gateway, saw, WHICH)];
    }
    let judged = Judged {
        name,
        configuration,
        known,
    };
    let conflicts = judged.conflicts();
    if !conflicts.is_empty() {
        return conflicts;
    }
    let mut findings = judged.log();
    findings.extend(judged.one_route());
    if known.traces {
        findings.push(judged.traces());
    }
    findings
}

impl Judged<'_> {
    fn finding(&self, state: LinkState, saw: &str, next: Option<String>) -> Finding {
        Finding {
            link: Link::Gateway,
            state,
            saw: format!("{}: {saw}", self.name),
            next,
        }
    }

    /// Settings with which the gateway does not start.
    fn conflicts(&self) -> Vec<Finding> {
        let conflicts = self.configuration.conflicts.iter();
        let finding = |(old, new): &(&str, &str)| {
            let saw = format!("both {old} and {new} are there; agentgateway refuses to start so");
            let next = format!("move what stands under {old} to {new}, and take the old out");
            self.finding(LinkState::Failed, &saw, Some(next))
        };
        conflicts.map(finding).collect()
    }

    fn log(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let configuration = &self.configuration;
        if configuration.hides_requests() {
            let level = configuration.level.as_deref().unwrap_or_default();
            let saw = format!(
                "the log's level is `{level}`: requests are written at `info`, so there is no line of any"
            );
            let next = "set config.logging.level: info, or `warn,request=info` (and RUST_LOG, where it is set)";
            findings.push(self.finding(LinkState::Failed, &saw, Some(next.to_owned())));
        }
        let nothing = Access::default();
        let access = configuration.access.as_ref().unwrap_or(&nothing);
        findings.push(self.log_user(access));
        findings.extend(self.removed(access));
        if let Some(filter) = &access.filter {
            let saw = format!(
                "the access log has a filter, `{filter}`: what it leaves out is not counted"
            );
            let next = "take `filter` out of accessLog, or read the counts as what they are";
            findings.push(self.finding(LinkState::Warning, &saw, Some(next.to_owned())));
        }
        if !configuration.is_json {
            let next = "set LOG_FORMAT=json for the gateway where clients are not trusted: its text log can be forged by a line break in a model's name";
            let saw = "the log is text, unless LOG_FORMAT says otherwise";
            findings.push(self.finding(LinkState::Ok, saw, Some(next.to_owned())));
        }
        findings
    }

    fn log_user(&self, access: &Access) -> Finding {
        let example = self.example();
        if !access.add.is_empty() {
            return self.user_of("the log", &access.add, &example);
        }
        let reads_subject = self.known.keys.is_empty() || self.reads("jwt.sub");
        let keeps_subject = !access.remove.iter().any(|key| key == "jwt.sub");
        if self.configuration.verifies_tokens && reads_subject && keeps_subject {
            return self.finding(
                LinkState::Warning,
                "nothing is added to the access log; where a token is verified, `jwt.sub` names the user",
                Some(format!("for an address instead of an id, add to {}:\n{example}", self.name)),
            );
        }
        self.finding(
            LinkState::Failed,
            "nothing is added to the access log, so no line names a user",
            Some(format!("add to {}:\n{example}", self.name)),
        )
    }

    /// What the rules need and the gateway was told to leave out.
    fn removed(&self, access: &Access) -> Option<Finding> {
        let losses = access.remove.iter().filter_map(|key| {
            let (state, what) = removed::loss(key, self.known.keys)?;
            Some((state, format!("`{key}` ({what})")))
        });
        let (states, losses): (Vec<LinkState>, Vec<String>) = losses.unzip();
        let state = states.into_iter().max()?;
        let saw = format!(
            "accessLog.remove takes away what is counted: {}",
            losses.join("; ")
        );
        let next = "take these keys out of accessLog.remove";
        Some(self.finding(state, &saw, Some(next.to_owned())))
    }

    /// Models by `llm:` have one route, and their router answers without a user.
    fn one_route(&self) -> Option<Finding> {
        self.configuration.has_models.then(|| {
            self.finding(
                LinkState::Ok,
                "models are configured by `llm:`: all have the route `internal/llm:request`, and what the model router \
                 answers itself (404 unknown model, 403, 400) names no user, whatever is added",
                Some(
                    "tell models apart by ai_gateway_requests_total{user_email, model, status}"
                        .to_owned(),
                ),
            )
        })
    }

    fn traces(&self) -> Finding {
        let example = self.example_of_tracing();
        let Some(Tracing {
            attributes,
            sampling,
        }) = &self.configuration.tracing
        else {
            return self.finding(
                LinkState::Failed,
                "tracing is not configured, so Jaeger gets nothing",
                Some(format!("add to {}:\n{example}", self.name)),
            );
        };
        let is_full = sampling == "true" || sampling.parse() == Ok(1.0);
        if !is_full {
            let saw = format!("randomSampling is {sampling}, so not every request has a trace");
            let next = "set randomSampling: \"1.0\" where counts come from traces";
            return self.finding(LinkState::Warning, &saw, Some(next.to_owned()));
        }
        if attributes.is_empty() {
            return self.finding(
                LinkState::Failed,
                "nothing is added to traces, so none names a user",
                Some(format!(
                    "what the log was told to add is not on the trace; add to {}:\n{example}",
                    self.name
                )),
            );
        }
        self.user_of("the trace", attributes, &example)
    }

    fn reads(&self, key: &str) -> bool {
        self.known.keys.iter().any(|known| known == key)
    }

    /// Which of the added fields holds the user, and whether the rules read it.
    fn user_of(&self, place: &str, fields: &[(String, String)], example: &str) -> Finding {
        // A key that the rules read the user from is one, whatever its expression.
        let users: Vec<&(String, String)> = fields
            .iter()
            .filter(|(key, text)| names_a_user(text) || self.reads(key))
            .collect();
        let add = || Some(format!("add to {}:\n{example}", self.name));
        if users.is_empty() {
            let saw = format!("nothing that is added to {place} holds a user");
            return self.finding(LinkState::Failed, &saw, add());
        }
        if let Some(header) = self.known.header
            && !users.iter().any(|(_, text)| {
                let mut found = headers(text).into_iter();
                found.any(|found| found.eq_ignore_ascii_case(header))
            })
        {
            let saw = format!(
                "{place} never holds the header `{header}`, in which Open WebUI sends the user"
            );
            return self.finding(LinkState::Failed, &saw, add());
        }
        let read = users.iter().find(|(key, _)| self.reads(key));
        match (read, users.first()) {
            (Some((key, text)), _) => {
                let saw = format!("{place} holds the user as `{key}` ({text})");
                self.finding(LinkState::Ok, &saw, None)
            }
            (None, Some((key, text))) if !self.known.keys.is_empty() => {
                let saw = format!(
                    "{place} holds the user as `{key}` ({text}), which the rules do not read"
                );
                let next = format!(
                    "call it `{}` there, or add `{key}` to `from` of the user's label in the rules",
                    self.known.keys[0]
                );
                self.finding(LinkState::Failed, &saw, Some(next))
            }
            (None, _) => self.finding(LinkState::Ok, &format!("{place} holds a user"), None),
        }
    }

    fn example(&self) -> String {
        let (key, expression) = field(self.known);
        if self.configuration.is_resource {
            return format!(
                "  spec:\n    frontend:\n      accessLog:\n        attributes:\n          add:\n          \
                 - {{name: {key}, expression: '{expression}'}}"
            );
        }
        format!("  frontendPolicies:\n    accessLog:\n      add:\n        {key}: '{expression}'")
    }

    fn example_of_tracing(&self) -> String {
        if !self.configuration.is_resource {
            return example_of_tracing(self.known);
        }
        let (key, expression) = field(self.known);
        format!(
            "  spec:\n    frontend:\n      tracing:\n        backendRef: {{name: jaeger, port: 4317}}\n        \
             randomSampling: \"true\"\n        attributes:\n          add:\n          \
             - {{name: {key}, expression: '{expression}'}}"
        )
    }
}

/// The key and the expression that write the user down.
fn field(known: KnownHeaders<'_>) -> (String, String) {
    let header = known
        .header
        .unwrap_or(super::WEBUI_HEADER)
        .to_ascii_lowercase();
    // A key that the rules read, where the header's own is none of them.
    let own = format!("http.header.{header}");
    let is_read = known.keys.is_empty() || known.keys.contains(&own);
    let key = match known.keys.iter().find(|key| *key == "user.email") {
        Some(key) if !is_read => key.clone(),
        _ => own,
    };
    (key, format!("request.headers[\"{header}\"]"))
}

/// What makes the gateway send traces that name the user.
pub(super) fn example_of_tracing(known: KnownHeaders<'_>) -> String {
    let (key, expression) = field(known);
    format!(
        "  frontendPolicies:\n    tracing:\n      host: jaeger:4318\n      protocol: http\n      \
         randomSampling: \"1.0\"\n      attributes:\n        {key}: '{expression}'"
    )
}
