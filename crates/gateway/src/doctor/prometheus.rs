//! Prometheus: is it there, does it scrape us, and does the metric grow?
//!
//! Its HTTP API, version 1: `query` and `targets`.

use std::time::Duration;

use serde_json::Value;

use super::{Finding, Link, count};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Asks the Prometheus at `base`, of which `metric` is the counter that should grow. `token` is sent
/// as a bearer token.
pub fn examine(base: &str, token: Option<&str>, metric: Option<&str>) -> Vec<Finding> {
    let prometheus = Prometheus::new(base, token);
    if let Err(error) = prometheus.number("vector(1)") {
        return vec![Finding::failed(
            Link::Prometheus,
            format!("{base} does not answer: {error}"),
            "is this Prometheus' address as seen from here? Its pages and its API have the same",
        )];
    }
    let mut findings = vec![Finding::ok(Link::Prometheus, format!("{base} answers"))];
    match prometheus.targets() {
        Ok(target) => findings.push(target),
        Err(error) => findings.push(Finding::warning(
            Link::Prometheus,
            format!("its targets cannot be listed: {error}"),
            format!("look at {base}/targets"),
        )),
    }
    if let Some(metric) = metric {
        findings.push(prometheus.metric(metric));
    }
    findings
}

struct Prometheus {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Prometheus {
    fn new(base: &str, token: Option<&str>) -> Prometheus {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .build()
            .into();
        Prometheus {
            agent,
            base: base.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        }
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, String> {
        let mut request = self
            .agent
            .get(format!("{}/api/v1/{path}", self.base))
            .query_pairs(query.iter().copied());
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|error| error.to_string())?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let answer: Value = body.read_json().map_err(|error| error.to_string())?;
        if answer["status"] == "success" {
            return Ok(answer["data"].clone());
        }
        let error = answer["error"]
            .as_str()
            .unwrap_or("no answer of Prometheus");
        Err(error.to_owned())
    }

    /// The first sample of a query's answer.
    fn number(&self, query: &str) -> Result<Option<f64>, String> {
        let data = self.get("query", &[("query", query)])?;
        let value = data["result"][0]["value"][1].as_str();
        Ok(value.and_then(|text| text.parse().ok()))
    }

    /// Whether a target serves our metrics, and whether it is up.
    fn targets(&self) -> Result<Finding, String> {
        let data = self.get("query", &[("query", "logmetrics_build_info")])?;
        let known = data["result"].as_array().map_or(0, Vec::len);
        let data = self.get("targets", &[("state", "active")])?;
        let targets = data["activeTargets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let is_ours = |target: &&Value| {
            let has = |text: &str| text.contains("logmetrics") || text.contains(":3903");
            let url = target["scrapeUrl"].as_str().unwrap_or_default();
            has(url) || has(target["labels"]["job"].as_str().unwrap_or_default())
        };
        let mut ours = targets.iter().filter(is_ours);
        let down = match known {
            0 => ours.next(),
            _ => ours.find(|target| target["health"] == "down"),
        };
        Ok(match down {
            None if known > 0 => {
                let count = count(known as u64, "target");
                Finding::ok(Link::Prometheus, format!("{count} of logmetrics up"))
            }
            Some(target) => {
                let url = target["scrapeUrl"].as_str().unwrap_or_default();
                let error = match target["lastError"].as_str().unwrap_or_default() {
                    "" => "it was not scraped yet",
                    error => error,
                };
                Finding::failed(
                    Link::Prometheus,
                    format!("the target {url} is down: {error}"),
                    "from the host or container of Prometheus: `curl URL`; is port 3903 bound to an address that it reaches (--listen)?",
                )
            }
            None => Finding::failed(
                Link::Prometheus,
                format!(
                    "none of its {} is logmetrics",
                    count(targets.len() as u64, "target")
                ),
                "add to prometheus.yml and reload it:\n  scrape_configs:\n    - job_name: logmetrics\n      \
                 static_configs: [{targets: [\"HOST:3903\"]}]",
            ),
        })
    }

    fn metric(&self, metric: &str) -> Finding {
        let series = match self.number(&format!("count({metric})")) {
            Ok(series) => series,
            Err(error) => {
                return Finding::failed(
                    Link::Prometheus,
                    format!("`{metric}` cannot be asked for: {error}"),
                    "see Prometheus' own log",
                );
            }
        };
        let Some(series) = series else {
            return Finding::failed(
                Link::Prometheus,
                format!("there is no `{metric}`"),
                "logmetrics has counted nothing yet, or Prometheus does not scrape it: `curl http://HOST:3903/metrics`",
            );
        };
        let grown = self.number(&format!("sum(increase({metric}[1h]))"));
        match grown {
            Ok(Some(grown)) if grown > 0.0 => Finding::ok(
                Link::Prometheus,
                format!("`{metric}` has {series} series and grew by {grown:.0} in an hour"),
            ),
            _ => Finding::warning(
                Link::Prometheus,
                format!("`{metric}` has {series} series and did not grow in an hour"),
                "send a request through the gateway and look again after two scrapes",
            ),
        }
    }
}
