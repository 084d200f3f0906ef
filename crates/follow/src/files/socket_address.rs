//! Sockets as inputs: `unix:///run/x.sock`, `unixgram:///run/x.sock`, `tcp://HOST:PORT` and `udp://HOST:PORT`.

use std::fmt;
use std::path::PathBuf;

/// Where to listen for lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAddress {
    /// Connections over a socket in the file system.
    UnixStream(PathBuf),
    /// Datagrams over one.
    UnixDatagram(PathBuf),
    /// Connections to a host and port of this machine.
    Tcp(String),
    /// Datagrams to one.
    Udp(String),
}

const UNIX: &str = "a path, as in unix:///run/app.sock or unixgram:///run/app.sock";
const NETWORK: &str = "a host and a port, as in tcp://127.0.0.1:514 or udp://127.0.0.1:514";

impl SocketAddress {
    /// Reads an argument that begins as the address of a socket; none where it does not. An error is
    /// what was expected.
    pub fn parse(argument: &str) -> Option<Result<SocketAddress, &'static str>> {
        let (scheme, rest) = argument.split_once("://")?;
        let path = || match rest.is_empty() {
            true => Err(UNIX),
            false => Ok(PathBuf::from(rest)),
        };
        Some(match scheme {
            "unix" => path().map(SocketAddress::UnixStream),
            "unixgram" => path().map(SocketAddress::UnixDatagram),
            "tcp" => host_and_port(rest).map(SocketAddress::Tcp),
            "udp" => host_and_port(rest).map(SocketAddress::Udp),
            _ => return None,
        })
    }
}

/// As the argument has it, without the scheme: what programs call the file.
impl fmt::Display for SocketAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketAddress::UnixStream(path) | SocketAddress::UnixDatagram(path) => {
                path.display().fmt(formatter)
            }
            SocketAddress::Tcp(address) | SocketAddress::Udp(address) => address.fmt(formatter),
        }
    }
}

/// Without a host it is every address of this machine.
fn host_and_port(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let (host, port) = text.rsplit_once(':').ok_or(NETWORK)?;
    port.parse::<u16>().map_err(|_| NETWORK)?;
    Ok(match host {
        "" | "*" => format!("0.0.0.0:{port}"),
        _ => text.to_owned(),
    })
}
