//! The options that say how Jaeger is asked, for every subcommand that can.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::settings::{JaegerSettings, Since};
use logmetrics_gateway::jaeger::{Address, Credentials, Query, Schedule};
use logmetrics_gateway::report::moment;

/// Which Jaeger to ask, and how to authenticate.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Jaeger")]
pub struct JaegerServer {
    /// Jaeger's query service, such as http://jaeger:16686, with its base path: the gateway's spans
    /// there are read as if they were lines of its log
    #[arg(
        id = "jaeger",
        long = "jaeger",
        value_name = "URL",
        env = "LOGMETRICS_JAEGER",
        hide_env_values = true
    )]
    url: Option<String>,

    /// The service whose server spans are requests
    #[arg(
        id = "jaeger_service",
        long = "jaeger-service",
        alias = "service",
        value_name = "NAME",
        env = "LOGMETRICS_JAEGER_SERVICE",
        default_value = "agentgateway"
    )]
    service: String,

    /// The name for basic authentication
    #[arg(
        id = "jaeger_user",
        long = "jaeger-user",
        value_name = "NAME",
        env = "LOGMETRICS_JAEGER_USER"
    )]
    user: Option<String>,

    /// A file with the password (or LOGMETRICS_JAEGER_PASSWORD)
    #[arg(
        id = "jaeger_password_file",
        long = "jaeger-password-file",
        value_name = "FILE",
        env = "LOGMETRICS_JAEGER_PASSWORD_FILE"
    )]
    password_file: Option<PathBuf>,

    /// A file with a bearer token (or LOGMETRICS_JAEGER_TOKEN)
    #[arg(
        id = "jaeger_token_file",
        long = "jaeger-token-file",
        value_name = "FILE",
        env = "LOGMETRICS_JAEGER_TOKEN_FILE"
    )]
    token_file: Option<PathBuf>,

    /// Certificates in PEM form to trust instead of the public ones
    #[arg(
        id = "jaeger_ca",
        long = "jaeger-ca",
        value_name = "FILE",
        env = "LOGMETRICS_JAEGER_CA"
    )]
    authorities: Option<PathBuf>,

    /// How long one answer may take
    #[arg(id = "jaeger_timeout", long = "jaeger-timeout", value_name = "TIME", env = "LOGMETRICS_JAEGER_TIMEOUT",
          default_value = "60s", value_parser = duration)]
    timeout: Duration,
}

/// Jaeger as an input that is followed.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Jaeger")]
pub struct JaegerArgs {
    #[command(flatten)]
    server: JaegerServer,

    /// Count spans that start at or after TIME: a time ago (1h), a moment (2026-10-08T00:00Z), or now
    #[arg(id = "jaeger_since", long = "jaeger-since", value_name = "TIME", env = "LOGMETRICS_JAEGER_SINCE",
          default_value = "now", value_parser = since)]
    since: Since,

    /// Time between two polls
    #[arg(id = "jaeger_interval", long = "jaeger-interval", value_name = "TIME", env = "LOGMETRICS_JAEGER_INTERVAL",
          default_value = "15s", value_parser = duration)]
    interval: Duration,

    /// Accept spans arriving this late after their start; the request's duration is part of it
    #[arg(id = "jaeger_late", long = "jaeger-late", value_name = "TIME", env = "LOGMETRICS_JAEGER_LATE",
          default_value = "10m", value_parser = duration)]
    late: Duration,
}

impl JaegerServer {
    /// As if no Jaeger were named.
    pub fn forget(&mut self) {
        self.url = None;
    }

    /// Whether there is a Jaeger to ask.
    pub fn is_given(&self) -> bool {
        let url = self.url.as_deref().unwrap_or_default();
        !url.trim().is_empty()
    }

    /// The service whose server spans are requests.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Whom to ask; nothing without `--jaeger`.
    ///
    /// # Errors
    /// What is wrong with the URL, a file, or two ways to get in.
    pub fn query(self) -> Result<Option<Query>, String> {
        // An empty variable is none: compose files write `LOGMETRICS_JAEGER=${JAEGER:-}`.
        let Some(url) = self.url.filter(|url| !url.trim().is_empty()) else {
            return Ok(None);
        };
        let address = Address::parse(&url).map_err(|error| error.to_string())?;
        let token = secret(self.token_file.as_deref(), "LOGMETRICS_JAEGER_TOKEN")?;
        let password = secret(self.password_file.as_deref(), "LOGMETRICS_JAEGER_PASSWORD")?;
        let user = self.user.filter(|user| !user.is_empty());
        let credentials = match (user, password, token) {
            (None, None, None) => Credentials::None,
            (None, None, Some(token)) => Credentials::Bearer(token),
            (Some(user), password, None) => Credentials::Basic(user, password.unwrap_or_default()),
            (None, Some(password), None) => match address.user() {
                Some((user, _)) => Credentials::Basic(user.to_owned(), password),
                None => {
                    return Err("a password for jaeger needs a name: `--jaeger-user`".to_owned());
                }
            },
            (_, _, Some(_)) => {
                return Err("jaeger takes a token or a name and a password, not both: \
                            leave out `--jaeger-token-file` or `--jaeger-user`"
                    .to_owned());
            }
        };
        let authorities = self.authorities.map(|path| read(&path)).transpose()?;
        Ok(Some(Query {
            address,
            credentials,
            authorities,
            service: self.service,
            timeout: self.timeout,
        }))
    }
}

impl JaegerArgs {
    /// What was typed; nothing without `--jaeger`.
    ///
    /// # Errors
    /// As [`JaegerServer::query`].
    pub fn settings(self) -> Result<Option<JaegerSettings>, String> {
        let (interval, late, since) = (self.interval, self.late, self.since);
        let query = self.server.query()?;
        Ok(query.map(|query| JaegerSettings {
            query,
            schedule: Schedule { interval, late },
            since,
        }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The first line of a file, or what a variable holds.
fn secret(file: Option<&Path>, variable: &str) -> Result<Option<String>, String> {
    let text = match file {
        Some(path) => Some(String::from_utf8_lossy(&read(path)?).into_owned()),
        None => std::env::var(variable).ok(),
    };
    let text = text.map(|text| text.lines().next().unwrap_or_default().to_owned());
    let text = text.filter(|text| !text.is_empty());
    if file.is_some() && text.is_none() {
        return Err(format!("the file that stands for {variable} is empty"));
    }
    Ok(text)
}

/// `15s`, `1h30m`, `7d`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a time such as `15s`, `10m` or `1h30m`".to_owned();
    let span: jiff::Span = text.trim().parse().map_err(|_| wrong())?;
    let duration = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| wrong())?;
    let duration = Duration::try_from(duration).map_err(|_| wrong())?;
    if duration.is_zero() {
        return Err(wrong());
    }
    Ok(duration)
}

/// `now`, a time ago, or a moment; one without a zone is in UTC.
fn since(text: &str) -> Result<Since, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(Since::Now);
    }
    if let Ok(ago) = duration(text) {
        return Ok(Since::Ago(ago));
    }
    moment(text)
        .and_then(|moment| u64::try_from(moment.as_microsecond()).ok())
        .map(Since::At)
        .ok_or_else(|| {
            "expected `now`, a time ago such as `1h`, or a moment such as `2026-10-08T00:00Z`"
                .to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_read() {
        assert_eq!(since("now"), Ok(Since::Now));
        assert_eq!(since("1h30m"), Ok(Since::Ago(Duration::from_secs(5_400))));
        assert_eq!(since("7d"), Ok(Since::Ago(Duration::from_secs(604_800))));
        for moment in [
            "2026-11-23T15:18:32Z",
            "2026-11-23T15:18:32",
            "2026-11-23T16:18:32+01:00",
            "2026-11-23T16:18:32[Europe/Berlin]",
        ] {
            assert_eq!(
                since(moment),
                Ok(Since::At(1_795_447_112_000_000)),
                "{moment}"
            );
        }
        assert_eq!(since("2026-11-23"), since("2026-11-23T00:00Z"));
        for wrong in [
            "",
            "yesterday",
            "0s",
            "-1h",
            "1",
            "1969-01-01",
            "2026-11-23T16:18[Europe/Nowhere]",
        ] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
