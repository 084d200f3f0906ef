//! Prometheus' HTTP API, version 1: `query` and `targets`. What is shown of URLs never holds
//! credentials.

use std::cell::Cell;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use regex::Regex;
use serde_json::Value;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::{Access, Target};
use crate::doctor::{Finding, Link};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// What a Prometheus has only of logmetrics; also of one that went down within a day.
const OURS: &str = "last_over_time(logmetrics_build_info[1d])";

/// Why there is no answer to a question.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("it answers {0}")]
    Status(u16),
    #[error("{0}")]
    Certificate(String),
    #[error("{0}")]
    Other(String),
}

/// Whom to ask, and how.
pub(super) struct Prometheus {
    agent: ureq::Agent,
    /// The URL without credentials.
    pub(super) base: String,
    authorization: Option<String>,
    lists_targets: Cell<bool>,
}

impl Prometheus {
    /// Takes a URL as it was typed.
    pub(super) fn new(base: &str, access: Access<'_>) -> Result<Prometheus, Box<Finding>> {
        let base = base.trim().trim_end_matches('/');
        let base = match base.contains("://") {
            true => base.to_owned(),
            false => format!("http://{base}"),
        };
        let (user, base) = without_user(&base);
        let tls = TlsConfig::builder();
        let tls = match access.authorities.map(authorities).transpose() {
            Ok(None) => tls.build(),
            Ok(Some(list)) => tls.root_certs(RootCerts::from(list)).build(),
            Err(error) => {
                let saw = format!(
                    "no certificates can be read from the file of --prometheus-ca: {error}"
                );
                let next =
                    "give certificates in PEM form, which begin with -----BEGIN CERTIFICATE-----";
                return Err(Box::new(Finding::failed(Link::Prometheus, saw, next)));
            }
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .tls_config(tls)
            .build()
            .into();
        let token = access.token.filter(|token| !token.trim().is_empty());
        let authorization = match (token, user) {
            (Some(token), _) => Some(format!("Bearer {}", token.trim())),
            (None, Some(user)) => Some(format!("Basic {}", BASE64_STANDARD.encode(user))),
            (None, None) => None,
        };
        Ok(Prometheus {
            agent,
            base,
            authorization,
            lists_targets: Cell::new(false),
        })
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.authorization.is_some()
    }

    /// Whether the list of targets was given.
    pub(super) fn lists_targets(&self) -> bool {
        self.lists_targets.get()
    }

    /// The command that asks the same.
    pub(super) fn curl(&self, path: &str) -> String {
        format!("curl -gsS '{}/api/v1/{path}'", self.base)
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        let url = format!("{}/api/v1/{path}", self.base);
        let mut request = self.agent.get(url).query_pairs(query.iter().copied());
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let mut response = request.call().map_err(failure)?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let answer: Value = body
            .read_json()
            .map_err(|_| Failure::Other("what it answers is no answer of Prometheus".to_owned()))?;
        if answer["status"] == "success" {
            return Ok(answer["data"].clone());
        }
        let error = answer["error"].as_str();
        let error = error.unwrap_or("what it answers is no answer of Prometheus");
        Err(Failure::Other(shown(error)))
    }

    /// The first sample of a query's answer.
    pub(super) fn number(&self, query: &str) -> Result<Option<f64>, Failure> {
        let data = self.get("query", &[("query", query)])?;
        let value = data["result"][0]["value"][1].as_str();
        Ok(value.and_then(|text| text.parse().ok()))
    }

    /// All targets that are scraped.
    pub(super) fn targets(&self) -> Result<Vec<Target>, Failure> {
        let ours = self.get("query", &[("query", OURS)])?;
        let ours = ours["result"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let ours: Vec<(String, String)> = ours
            .map(|one| {
                (
                    text(&one["metric"]["job"]),
                    text(&one["metric"]["instance"]),
                )
            })
            .collect();
        let data = self.get("targets", &[("state", "active")])?;
        self.lists_targets.set(true);
        let targets = data["activeTargets"].as_array().into_iter().flatten();
        Ok(targets.map(|target| Target::read(target, &ours)).collect())
    }
}

fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::StatusCode(status) => Failure::Status(status),
        error => {
            let text = shown(&error.to_string());
            match text.to_lowercase().contains("certificate") {
                true => Failure::Certificate(text),
                false => Failure::Other(text),
            }
        }
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate<'static>>, String> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    match certificates.is_empty() {
        true => Err("there are none".to_owned()),
        false => Ok(certificates),
    }
}

/// The name and the password of a URL, decoded, and the URL without them.
fn without_user(url: &str) -> (Option<String>, String) {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (None, url.to_owned());
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = if user.contains(':') {
                user.to_owned()
            } else {
                format!("{user}:")
            };
            (Some(decoded(&user)), format!("{scheme}://{host}{path}"))
        }
        None => (None, url.to_owned()),
    }
}

/// `%40` becomes `@`; what is no escape stays.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                out.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                out.push(b'%');
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text with URLs in it, without their credentials and parameters, which may be tokens.
pub(super) fn shown(text: &str) -> String {
    let patterns = [
        (r#"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/?#"']*@"#, "$1"),
        (
            r#"(?i)\b([a-z][a-z0-9+.\-]*://[^\s?#"']*)[?#][^\s"']*"#,
            "$1",
        ),
    ];
    let mut text = text.to_owned();
    for (pattern, instead) in patterns {
        if let Ok(pattern) = Regex::new(pattern) {
            text = pattern.replace_all(&text, instead).into_owned();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_used_and_never_shown() {
        let (user, base) = without_user("http://ann:p%40ss@prom:9090/x");
        assert_eq!(user.as_deref(), Some("ann:p@ss"));
        assert_eq!(base, "http://prom:9090/x");
        assert_eq!(without_user("http://prom:9090").0, None);
        for (text, expected) in [
            (
                "Get \"http://u:s3cret@h:1/metrics?token=s3cret\": refused",
                "Get \"http://h:1/metrics\": refused",
            ),
            ("http://a@b/c", "http://b/c"),
            ("no URL, but a@b?c", "no URL, but a@b?c"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }
}
