//! Where to listen: the text of `--listen` to an address, the address to a bound listener. All
//! wording of what can go wrong there is here.

use std::fmt;
use std::io;
use std::net::Ipv6Addr;
use std::str::FromStr;

use tokio::net::TcpListener;

/// The port in mtail's and our documentation.
pub const PORT: u16 = 3903;

/// All IPv4 interfaces.
const HOST: &str = "0.0.0.0";

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// An address or a name; an IPv6 address without brackets.
    pub host: String,
    /// The port; 0 takes any free one.
    pub port: u16,
}

/// Why a text is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Nothing is there.
    #[error("expected an address such as `0.0.0.0:3903` or `:3903`, but found nothing")]
    Empty,
    /// A URL.
    #[error("expected an address such as `{}`, but found a URL", .0)]
    Url(String),
    /// What is written where the port should be.
    #[error("expected a port from 0 to 65535, but found `{}`", .0.escape_debug())]
    Port(String),
    /// An IPv6 address whose end cannot be told from a port.
    #[error("expected an IPv6 address in brackets, as in `[::1]:3903`, but found `{}`", .0.escape_debug())]
    Brackets(String),
    /// Neither an address nor a name.
    #[error("expected a host name or an IP address, but found `{}`", .0.escape_debug())]
    Host(String),
}

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {}", reason(.source))]
pub struct BindError {
    /// The address.
    pub listen: Listen,
    /// What the system says. Its text is part of this error's own and not told again.
    pub source: io::Error,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: HOST.into(),
            port: PORT,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        parse_listen(text)
    }
}

/// Reads `HOST:PORT`, `[IPV6]:PORT`, `:PORT`, `PORT` or `HOST`. What is left out is taken from the
/// default, 0.0.0.0:3903.
pub fn parse_listen(text: &str) -> Result<Listen, ListenError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ListenError::Empty);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let authority: String = rest.chars().take_while(|&c| c != '/').collect();
        let address = parse_listen(&authority).unwrap_or_default();
        return Err(ListenError::Url(address.to_string()));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Listen {
            host: HOST.into(),
            port: parse_port(text)?,
        });
    }
    if let Some(inner) = text.strip_prefix('[') {
        return parse_bracketed(text, inner);
    }
    if text.parse::<Ipv6Addr>().is_ok() || text.matches(':').count() > 1 {
        return Err(ListenError::Brackets(text.into()));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, parse_port(port)?),
        None => (text, PORT),
    };
    let host = if host.is_empty() || host == "*" {
        HOST
    } else {
        host
    };
    if !host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    {
        return Err(ListenError::Host(host.into()));
    }
    Ok(Listen {
        host: host.into(),
        port,
    })
}

/// `inner` is `text` without its first bracket.
fn parse_bracketed(text: &str, inner: &str) -> Result<Listen, ListenError> {
    let Some((host, port)) = inner.split_once(']') else {
        return Err(ListenError::Brackets(text.into()));
    };
    if host.parse::<Ipv6Addr>().is_err() {
        return Err(ListenError::Host(host.into()));
    }
    let port = match port.strip_prefix(':') {
        Some(port) => parse_port(port)?,
        None if port.is_empty() => PORT,
        None => return Err(ListenError::Port(port.into())),
    };
    Ok(Listen {
        host: host.into(),
        port,
    })
}

fn parse_port(text: &str) -> Result<u16, ListenError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ListenError::Port(text.into()));
    }
    text.parse().map_err(|_| ListenError::Port(text.into()))
}

/// Opens the port. Names are looked up; must be called inside the runtime that will serve.
pub fn bind(listen: &Listen) -> Result<TcpListener, BindError> {
    let open = || {
        let listener = std::net::TcpListener::bind((listen.host.as_str(), listen.port))?;
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener)
    };
    open().map_err(|source| BindError {
        listen: listen.clone(),
        source,
    })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is in use (another logmetrics or mtail?); choose another with --port".into()
        }
        io::ErrorKind::PermissionDenied => {
            "this user may not open that port; choose one above 1023 with --port".into()
        }
        io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; 0.0.0.0 listens on all it has".into()
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match parse_listen(text) {
            Ok(listen) => listen.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn addresses() {
        check("0.0.0.0:3903", "0.0.0.0:3903");
        check(" :3903 ", "0.0.0.0:3903");
        check("*:80", "0.0.0.0:80");
        check("9000", "0.0.0.0:9000");
        check("0", "0.0.0.0:0");
        check("localhost:3903", "localhost:3903");
        check("127.0.0.1", "127.0.0.1:3903");
        check("log_metrics-1.example", "log_metrics-1.example:3903");
        check("[::]:3903", "[::]:3903");
        check("[::1]", "[::1]:3903");
    }

    #[test]
    fn what_is_no_address() {
        check(
            "",
            "expected an address such as `0.0.0.0:3903` or `:3903`, but found nothing",
        );
        check(
            "http://localhost:80/metrics",
            "expected an address such as `localhost:80`, but found a URL",
        );
        check(
            "://",
            "expected an address such as `0.0.0.0:3903`, but found a URL",
        );
        check(
            "70000",
            "expected a port from 0 to 65535, but found `70000`",
        );
        check("host:", "expected a port from 0 to 65535, but found ``");
        check(
            "host:+80",
            "expected a port from 0 to 65535, but found `+80`",
        );
        check("[::]x", "expected a port from 0 to 65535, but found `x`");
        check(
            "::1",
            "expected an IPv6 address in brackets, as in `[::1]:3903`, but found `::1`",
        );
        check(
            "[::1",
            "expected an IPv6 address in brackets, as in `[::1]:3903`, but found `[::1`",
        );
        check(
            "[host]:1",
            "expected a host name or an IP address, but found `host`",
        );
        check(
            "a b:1",
            "expected a host name or an IP address, but found `a b`",
        );
        check(
            "\u{1b}[31m",
            "expected a host name or an IP address, but found `\\u{1b}[31m`",
        );
    }

    #[test]
    fn what_the_system_says_is_told_with_the_way_out() {
        let told = |kind: io::ErrorKind| {
            BindError {
                listen: Listen::default(),
                source: kind.into(),
            }
            .to_string()
        };
        insta::assert_snapshot!(told(io::ErrorKind::AddrInUse), @"cannot listen on 0.0.0.0:3903: the port is in use (another logmetrics or mtail?); choose another with --port");
        insta::assert_snapshot!(told(io::ErrorKind::PermissionDenied), @"cannot listen on 0.0.0.0:3903: this user may not open that port; choose one above 1023 with --port");
        insta::assert_snapshot!(told(io::ErrorKind::AddrNotAvailable), @"cannot listen on 0.0.0.0:3903: this machine does not have that address; 0.0.0.0 listens on all it has");
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same_address(text in ".{0,40}|[a-z0-9:.\\[\\]*]{0,20}") {
            match parse_listen(&text) {
                Ok(listen) => assert_eq!(parse_listen(&listen.to_string()), Ok(listen)),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }

    #[tokio::test]
    async fn a_port_is_opened_once() {
        let any = parse_listen("127.0.0.1:0").unwrap();
        let listener = bind(&any).unwrap();
        let taken = Listen {
            port: listener.local_addr().unwrap().port(),
            ..any
        };
        let error = bind(&taken).unwrap_err();
        assert_eq!(error.source.kind(), io::ErrorKind::AddrInUse);
    }
}
