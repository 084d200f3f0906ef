//! Prometheus: is it there, does it scrape us, and does the metric grow?
//!
//! Whether a target is ours is what Prometheus has from it (`logmetrics_build_info`), not its port:
//! mtail has the same one.

use serde_json::Value;

use super::{Finding, Link, count};

mod client;
#[cfg(test)]
mod tests;

use client::{Failure, Prometheus, shown};

/// The variable from which the token is read.
pub const TOKEN_VARIABLE: &str = "LOGMETRICS_PROMETHEUS_TOKEN";

/// The port on which logmetrics serves unless it is told otherwise.
const PORT: &str = "3903";

/// How to get in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Access<'a> {
    /// Sent as a bearer token.
    pub token: Option<&'a str>,
    /// Certificates in PEM form to trust instead of the public ones.
    pub authorities: Option<&'a [u8]>,
}

/// Asks the Prometheus at `base`, of which `metric` is the counter that should grow.
pub fn examine(base: &str, access: Access<'_>, metric: Option<&str>) -> Vec<Finding> {
    let prometheus = match Prometheus::new(base, access) {
        Ok(prometheus) => prometheus,
        Err(finding) => return vec![*finding],
    };
    if let Err(failure) = prometheus.number("vector(1)") {
        return vec![closed(&prometheus, &failure)];
    }
    let answers = format!("{} answers", prometheus.base);
    let mut findings = vec![Finding::ok(Link::Prometheus, answers)];
    let targets = match prometheus.targets() {
        Ok(targets) => targets,
        Err(failure) => {
            findings.push(Finding::warning(
                Link::Prometheus,
                format!("its targets cannot be listed: {failure}"),
                prometheus.curl("targets?state=active"),
            ));
            Vec::new()
        }
    };
    findings.extend(judged(&targets, &prometheus));
    if let Some(metric) = metric {
        findings.push(grows(metric, &targets, &prometheus));
    }
    findings
}

/// Why there is no answer, and what opens the door.
fn closed(prometheus: &Prometheus, failure: &Failure) -> Finding {
    let base = &prometheus.base;
    let (saw, next) = match failure {
        Failure::Status(status @ (401 | 403)) => {
            let has = if prometheus.has_credentials() {
                "what was sent"
            } else {
                "nothing"
            };
            (
                format!("{base} answers {status}: it does not let in who shows {has}"),
                format!(
                    "give a token, or a name and a password:\n  \
                     {TOKEN_VARIABLE}=… logmetrics doctor --prometheus {base}\n  \
                     logmetrics doctor --prometheus {}",
                    base.replacen("://", "://NAME:PASSWORD@", 1)
                ),
            )
        }
        Failure::Status(status) => (
            format!("{base} answers {status}"),
            format!(
                "is it Prometheus, with its path where it has one (--web.external-url)? This must answer:\n  {}",
                prometheus.curl("query?query=vector(1)")
            ),
        ),
        Failure::Certificate(error) => (
            format!("{base} shows a certificate that is not trusted: {error}"),
            format!(
                "give the certificate of the authority that signed it:\n  \
                 logmetrics doctor --prometheus {base} --prometheus-ca ca.crt"
            ),
        ),
        Failure::Other(error) => (
            format!("{base} does not answer: {error}"),
            format!(
                "is this Prometheus' address as seen from here? This must answer:\n  {}",
                prometheus.curl("query?query=vector(1)")
            ),
        ),
    };
    Finding::failed(Link::Prometheus, saw, next)
}

/// One target of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    job: String,
    instance: String,
    /// Without credentials and parameters.
    url: String,
    is_up: bool,
    /// Whether it was scraped yet.
    is_known: bool,
    error: String,
    /// Whether Prometheus has, or had within a day, what only logmetrics serves.
    is_ours: bool,
}

impl Target {
    fn read(value: &Value, ours: &[(String, String)]) -> Target {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (job, instance) = (
            text(&value["labels"]["job"]),
            text(&value["labels"]["instance"]),
        );
        let is_ours = ours.iter().any(|(a, b)| *a == job && *b == instance);
        Target {
            url: shown(&text(&value["scrapeUrl"])),
            is_up: value["health"] == "up",
            is_known: value["health"] != "unknown",
            error: shown(&text(&value["lastError"])),
            is_ours,
            job,
            instance,
        }
    }

    /// Whether its name says that it is to be logmetrics.
    fn is_called_so(&self) -> bool {
        self.job.contains("logmetrics") || host_and_port(&self.url).0.contains("logmetrics")
    }

    fn is_on_our_port(&self) -> bool {
        host_and_port(&self.url).1 == PORT
    }

    fn trouble(&self) -> &str {
        match self.error.as_str() {
            "" if !self.is_known => "it was not scraped yet",
            "" => "it does not answer",
            error => error,
        }
    }
}

/// The host and the port of a URL.
fn host_and_port(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (authority, ""),
    }
}

/// Which targets are ours, and whether they are up.
fn judged(targets: &[Target], prometheus: &Prometheus) -> Vec<Finding> {
    let down = |target: &&Target| !target.is_up;
    let ours = || targets.iter().filter(|target| target.is_ours);
    let mut findings: Vec<Finding> = ours().filter(down).map(fallen).collect();
    let up = ours().filter(|target| target.is_up).count() as u64;
    if up > 0 {
        let saw = format!("{} of logmetrics up", count(up, "target"));
        findings.insert(0, Finding::ok(Link::Prometheus, saw));
    }
    // What has never been ours may become so.
    let called = |target: &&Target| !target.is_ours && target.is_called_so();
    findings.extend(targets.iter().filter(called).filter(down).map(fallen));
    if !findings.is_empty() || targets.is_empty() && !prometheus.lists_targets() {
        return findings;
    }
    let seen = targets.iter().find(called).or_else(|| {
        let mut on_port = targets.iter().filter(|target| target.is_on_our_port());
        on_port.next()
    });
    vec![nobody(targets, seen, prometheus)]
}

fn fallen(target: &Target) -> Finding {
    let url = &target.url;
    Finding::failed(
        Link::Prometheus,
        format!("the target {url} is down: {}", target.trouble()),
        format!(
            "where Prometheus runs, this must answer (is the port bound to an address that it reaches? --listen 0.0.0.0:3903):\n  \
             curl -sS {url}"
        ),
    )
}

/// No target is ours; `seen` is one that may have been meant.
fn nobody(targets: &[Target], seen: Option<&Target>, prometheus: &Prometheus) -> Finding {
    let mut saw = format!(
        "none of its {} is logmetrics",
        count(targets.len() as u64, "target")
    );
    let mut next = String::new();
    if let Some(Target { url, is_up, .. }) = seen {
        saw += &match (is_up, seen.map(Target::trouble)) {
            (false, Some(trouble)) => {
                format!("; {url} is down ({trouble}), and was never known as logmetrics")
            }
            _ => format!("; {url} answers, but as another program"),
        };
        next = format!("what answers there?\n  curl -sS {url} | grep logmetrics_build_info\n");
    }
    next += &format!(
        "add to prometheus.yml, with the host that Prometheus reaches, and reload it:\n  \
         scrape_configs:\n    - job_name: logmetrics\n      static_configs: [{{targets: [\"logmetrics:3903\"]}}]\n  \
         kill -HUP $(pidof prometheus)    # or: curl -X POST {}/-/reload",
        prometheus.base
    );
    Finding::failed(Link::Prometheus, saw, next)
}

/// Whether the counter is there and grows.
fn grows(metric: &str, targets: &[Target], prometheus: &Prometheus) -> Finding {
    let mut ours = targets.iter().filter(|target| target.is_ours);
    let page = match ours.next() {
        Some(target) => target.url.as_str(),
        None => "http://localhost:3903/metrics",
    };
    let series = match prometheus.number(&format!("count({metric})")) {
        Ok(series) => series,
        Err(error) => {
            return Finding::failed(
                Link::Prometheus,
                format!("`{metric}` cannot be asked for: {error}"),
                prometheus.curl(&format!("query?query=count({metric})")),
            );
        }
    };
    let Some(series) = series else {
        return Finding::failed(
            Link::Prometheus,
            format!("there is no `{metric}`"),
            format!(
                "logmetrics has counted nothing yet, or Prometheus does not scrape it:\n  curl -sS {page} | grep {metric}"
            ),
        );
    };
    match prometheus.number(&format!("sum(increase({metric}[1h]))")) {
        Ok(Some(grown)) if grown > 0.0 => Finding::ok(
            Link::Prometheus,
            format!("`{metric}` has {series} series and grew by {grown:.0} in an hour"),
        ),
        _ => Finding::warning(
            Link::Prometheus,
            format!("`{metric}` has {series} series and did not grow in an hour"),
            format!(
                "send a request through the gateway, and look after two scrapes:\n  {}",
                prometheus.curl(&format!("query?query=sum({metric})"))
            ),
        ),
    }
}
