//! What is listened on: a port, or a socket in the file system, whose name goes with it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    bound: Bound,
    path: Option<PathBuf>,
}

#[derive(Debug)]
enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

/// A connection.
#[derive(Debug)]
pub enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener {
            bound: Bound::Tcp(listener),
            path: None,
        }
    }
}

impl Listener {
    /// Listens on a socket in the file system; one that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// When another program listens there, or the path cannot be had.
    #[cfg(unix)]
    pub fn unix(path: &Path) -> io::Result<Listener> {
        if let Ok(metadata) = std::fs::symlink_metadata(path) {
            let is_socket = metadata.file_type().is_socket();
            let is_used = is_socket && std::os::unix::net::UnixStream::connect(path).is_ok();
            if !is_socket || is_used {
                let text = match is_socket {
                    true => "another program listens there",
                    false => "there is a file of this name that is no socket",
                };
                return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
            }
            std::fs::remove_file(path)?;
        }
        Ok(Listener {
            bound: Bound::Unix(UnixListener::bind(path)?),
            path: Some(path.to_owned()),
        })
    }

    /// Only Unix has such sockets.
    ///
    /// # Errors
    /// Always.
    #[cfg(not(unix))]
    pub fn unix(_path: &Path) -> io::Result<Listener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Its address, where it has one.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.bound {
            Bound::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Bound::Unix(_) => None,
        }
    }

    /// The next connection and who it is from; all of this machine are one where there is no address.
    pub async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match &self.bound {
            Bound::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Socket::Tcp(stream), peer))
            }
            #[cfg(unix)]
            Bound::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Ok((Socket::Unix(stream), peer))
            }
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.address()) {
            (Some(path), _) => write!(formatter, "unix://{}", path.display()),
            (None, Some(address)) => address.fmt(formatter),
            (None, None) => formatter.write_str("an unknown address"),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            _ = std::fs::remove_file(path);
        }
    }
}
