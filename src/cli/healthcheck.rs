//! `logmetrics healthcheck`: asks a running logmetrics whether it is well, for containers that have
//! no curl. One plain request; no TLS, no redirects.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use clap::Args;

use super::exit::Exit;
use crate::server::listen::{Listen, PORT, parse_listen};

/// How long the whole check may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// No more of an answer is read, in bytes; its first line says all.
const ANSWER_BYTES_MAX: usize = 1024;

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
}

/// Asks, says on standard error what is wrong, and nothing where all is well.
pub fn execute(args: &HealthcheckArgs) -> Exit {
    let (told, exit) = match target(args) {
        Ok(target) => match check(&target, TIMEOUT) {
            Ok(()) => return Exit::Done,
            Err(error) => (format!("http://{target}: {error}"), Exit::Failed),
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
    address: Listen,
    path: String,
}

impl std::fmt::Display for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}{}", self.address, self.path)
    }
}

/// Why a URL cannot be asked.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum UrlError {
    #[error("expected a URL such as `http://127.0.0.1:{PORT}/healthz`, but found `{}`", .0.escape_debug())]
    Form(String),
    #[error("expected a URL that begins with `http://` (a health check speaks no TLS), but found `{}`", .0.escape_debug())]
    Scheme(String),
}

/// Why an answer is not a good one.
#[derive(Debug, thiserror::Error)]
enum CheckError {
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Late,
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    #[error("not well: {}", .0.escape_debug())]
    Status(String),
    #[error("this does not speak HTTP")]
    Foreign,
}

fn target(args: &HealthcheckArgs) -> Result<Target, UrlError> {
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
    Ok(Target {
        address,
        path: "/healthz".into(),
    })
}

fn parse_url(url: &str) -> Result<Target, UrlError> {
    let form = || UrlError::Form(url.into());
    let (scheme, rest) = url.split_once("://").ok_or_else(form)?;
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(UrlError::Scheme(url.into()));
    }
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
        address.port = 80;
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(Target {
        address,
        path: format!("{slash}{path}"),
    })
}

fn check(target: &Target, timeout: Duration) -> Result<(), CheckError> {
    let deadline = Instant::now() + timeout;
    let mut stream = connect(target, deadline)?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: logmetrics-healthcheck\r\n\
         Connection: close\r\n\r\n",
        target.path, target.address,
    );
    let mut answer = Vec::new();
    let talk = exchange(&mut stream, request.as_bytes(), &mut answer, deadline);
    // What has arrived counts, even where the connection broke behind it.
    if let Some(verdict) = verdict(&answer) {
        return verdict;
    }
    match talk {
        Ok(()) => Err(CheckError::Foreign),
        Err(error) => Err(late_or(error, CheckError::Broken)),
    }
}

/// Tries every address of the name; the error is that of the last.
fn connect(target: &Target, deadline: Instant) -> Result<TcpStream, CheckError> {
    let Listen { host, port } = &target.address;
    let addresses: Vec<SocketAddr> = (host.as_str(), *port)
        .to_socket_addrs()
        .map_err(CheckError::Connect)?
        .collect();
    let mut result = Err(CheckError::Connect(io::ErrorKind::NotFound.into()));
    for address in addresses {
        let Some(left) = left(deadline) else {
            return Err(CheckError::Late);
        };
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => result = Err(late_or(error, CheckError::Connect)),
        }
    }
    result
}

/// Sends the request and reads until the status line is whole, the answer long, or the end.
fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    answer: &mut Vec<u8>,
    deadline: Instant,
) -> io::Result<()> {
    stream.set_write_timeout(left(deadline))?;
    stream.write_all(request)?;
    let mut chunk = [0; 256];
    while answer.len() < ANSWER_BYTES_MAX && !answer.contains(&b'\n') {
        let left = left(deadline).ok_or(io::ErrorKind::TimedOut)?;
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => answer.extend(chunk.iter().take(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the status line says (RFC 9112, 4); none where there is no whole one.
fn verdict(answer: &[u8]) -> Option<Result<(), CheckError>> {
    let line = answer
        .split(|&byte| byte == b'\n')
        .next()
        .filter(|line| line.len() < answer.len())?;
    let line = String::from_utf8_lossy(line);
    let Some((version, status)) = line.trim_end().split_once(' ') else {
        return Some(Err(CheckError::Foreign));
    };
    if !version.starts_with("HTTP/") {
        return Some(Err(CheckError::Foreign));
    }
    Some(match status.split(' ').next() {
        Some("200") => Ok(()),
        _ => Err(CheckError::Status(status.into())),
    })
}

fn left(deadline: Instant) -> Option<Duration> {
    deadline
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
}

fn late_or(error: io::Error, other: impl Fn(io::Error) -> CheckError) -> CheckError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => CheckError::Late,
        _ => other(error),
    }
}

#[cfg(test)]
mod tests;
