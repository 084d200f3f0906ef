//! `logmetrics healthcheck`: asks a running logmetrics whether it is well, for containers that have
//! no curl. One request; no redirects, no proxy.

use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::exit::Exit;
use crate::secret_file;
use crate::server::listen_address::{Listen, PORT, parse_listen};

/// How long the whole check may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Ask a running logmetrics whether it is well; exit 0 if so, 1 if not
#[derive(Debug, Clone, Args)]
pub struct HealthcheckArgs {
    /// What to ask; without it /healthz at the address that logmetrics listens on
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The address that logmetrics listens on
    #[arg(short, long, value_name = "ADDR", env = "LOGMETRICS_LISTEN", value_parser = parse_listen)]
    pub listen: Option<Listen>,
    /// The port that logmetrics listens on
    #[arg(short, long, value_name = "PORT", env = "LOGMETRICS_PORT")]
    pub port: Option<u16>,
    /// The certificate that logmetrics serves with: without a URL, ask by https
    #[arg(long, value_name = "FILE", env = "LOGMETRICS_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// The authorities (PEM) that the server's certificate must come from. Without it the certificate
    /// is not looked at where logmetrics itself or this machine is asked; others must have a public one
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// Asks, says on standard error what is wrong, and nothing where all is well.
pub fn execute(args: HealthcheckArgs) -> Exit {
    let args = &args;
    let (told, exit) = match target(args).and_then(|target| Ok((trust(args, &target)?, target))) {
        Ok((trust, target)) => match check(&target, trust, TIMEOUT) {
            Ok(()) => return Exit::Done,
            Err(error) => (format!("{target}: {error}"), Exit::Failed),
        },
        Err(error) => (error.to_string(), Exit::Usage),
    };
    // Nobody is left to tell where standard error is gone.
    _ = writeln!(io::stderr(), "logmetrics: {told}");
    exit
}

/// Where to ask what.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    scheme: &'static str,
    address: Listen,
    path: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}://{}{}", self.scheme, self.address, self.path)
    }
}

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
enum ArgsError {
    #[error("expected a URL such as `http://127.0.0.1:{PORT}/healthz`, but found `{}`", .0.escape_debug())]
    Form(String),
    #[error("cannot read `{}`: {source}", .path.display())]
    Authorities { path: PathBuf, source: io::Error },
    #[error("expected certificates in PEM (`-----BEGIN CERTIFICATE-----`) in `{}`, but found none", .0.display())]
    NoAuthorities(PathBuf),
}

/// Why an answer is not a good one.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Late,
    #[error("{0}")]
    Broken(String),
    #[error("not well: {0}")]
    Status(u16),
    #[error("this does not speak HTTP")]
    Foreign,
}

fn target(args: &HealthcheckArgs) -> Result<Target, ArgsError> {
    if let Some(url) = &args.url {
        return parse_url(url);
    }
    let mut address = args.listen.clone().unwrap_or_default();
    if let Some(port) = args.port {
        address.port = port;
    }
    // Listening on all addresses includes the machine's own.
    match address.host.as_str() {
        "0.0.0.0" => address.host = "127.0.0.1".into(),
        "::" => address.host = "::1".into(),
        _ => {}
    }
    let tls_cert = args.tls_cert.as_ref();
    let is_tls = tls_cert.is_some_and(|path| !path.as_os_str().is_empty());
    Ok(Target {
        scheme: if is_tls { "https" } else { "http" },
        address,
        path: "/healthz".into(),
    })
}

/// Which certificates are taken.
fn trust(args: &HealthcheckArgs, target: &Target) -> Result<TlsConfig, ArgsError> {
    let config = TlsConfig::builder();
    let Some(path) = &args.ca else {
        // Nothing secret is sent, and who can listen on the loopback interface can do worse.
        let is_own = args.url.is_none()
            || target.address.host == "localhost"
            || matches!(target.address.host.parse(), Ok(ip) if IpAddr::is_loopback(&ip));
        return Ok(config.disable_verification(is_own).build());
    };
    let bytes = secret_file::read(path).map_err(|source| ArgsError::Authorities {
        path: path.clone(),
        source,
    })?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(ArgsError::NoAuthorities(path.clone()));
    }
    Ok(config.root_certs(RootCerts::from(certificates)).build())
}

fn parse_url(url: &str) -> Result<Target, ArgsError> {
    let form = || ArgsError::Form(url.into());
    let (scheme, rest) = url.split_once("://").ok_or_else(form)?;
    let (scheme, port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => ("http", 80),
        "https" => ("https", 443),
        _ => return Err(form()),
    };
    let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let path = path.split('#').next().unwrap_or_default();
    if authority.is_empty() || path.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(form());
    }
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'));
    let mut address = parse_listen(authority).map_err(|_| form())?;
    if !has_port {
        if authority.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        address.port = port;
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(Target {
        scheme,
        address,
        path: format!("{slash}{path}"),
    })
}

fn check(target: &Target, trust: TlsConfig, timeout: Duration) -> Result<(), CheckError> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent("logmetrics-healthcheck")
        .tls_config(trust)
        .build()
        .new_agent();
    match agent.get(target.to_string()).call() {
        Ok(response) if response.status() == 200 => Ok(()),
        Ok(response) => Err(CheckError::Status(response.status().as_u16())),
        Err(ureq::Error::Timeout(_)) => Err(CheckError::Late),
        Err(ureq::Error::Protocol(_)) => Err(CheckError::Foreign),
        Err(ureq::Error::Io(error)) => Err(CheckError::Broken(error.to_string())),
        Err(error) => Err(CheckError::Broken(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
