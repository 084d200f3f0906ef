//! TLS: a certificate and its key from PEM files to handshakes. Knows no HTTP but the one answer to
//! somebody who speaks plain HTTP here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::Limits;
use super::connection_limit::Connection;
use crate::reloadable::ReloadableFiles;

/// The first byte of every TLS handshake (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;

/// What somebody hears who speaks plain HTTP here.
const PLAIN_REFUSAL: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 52\r\nconnection: close\r\n\r\n\
    this port speaks TLS; ask with https:// at its head\n";

/// Where the certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and the authority, PEM.
    pub certificate: PathBuf,
    /// The certificate's private key, PEM.
    pub key: PathBuf,
}

/// The certificate that is shown, read again when its files change.
#[derive(Debug)]
pub struct Certificate(ReloadableFiles<ServerConfig>);

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// When they cannot be read, are not PEM, or do not belong together.
    pub fn read(files: &TlsFiles) -> Result<Certificate, String> {
        let paths = vec![files.certificate.clone(), files.key.clone()];
        ReloadableFiles::open("certificate", paths, configuration).map(Certificate)
    }

    /// Looks whether the files have changed.
    pub fn look(&self) {
        self.0.look();
    }

    /// The handshake of one connection. None where it failed, took longer than a request's head may,
    /// or was asked to leave meanwhile.
    pub async fn shake_hands(
        &self,
        stream: TcpStream,
        connection: &Connection,
        limits: &Limits,
    ) -> Option<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.0.current());
        tokio::select! {
            () = connection.leave.notified() => None,
            result = tokio::time::timeout(limits.head_timeout, accept(stream, acceptor)) => match result {
                Ok(Ok(stream)) => Some(stream),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    None
                }
                Err(_) => {
                    tracing::debug!("a TLS handshake did not end in time");
                    None
                }
            },
        }
    }
}

async fn accept(mut stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<TlsStream<TcpStream>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first != [HANDSHAKE] {
        stream.write_all(PLAIN_REFUSAL).await?;
        stream.shutdown().await?;
        // What was sent is read, for a close with unread bytes would take the answer back.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
        return Err(io::Error::other("the other side speaks no TLS"));
    }
    acceptor.accept(stream).await
}

fn configuration(paths: &[PathBuf], bytes: &[Vec<u8>]) -> Result<ServerConfig, String> {
    let ([certificate_path, key_path], [certificate, key]) = (paths, bytes) else {
        return Err("expected a certificate and a key".to_owned());
    };
    let chain = certificates(certificate_path, certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| {
        format!(
            "expected a private key in PEM (`-----BEGIN PRIVATE KEY-----`) in `{}`, but found none",
            key_path.display()
        )
    })?;
    let unusable = |error: rustls::Error| match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "the key in `{}` does not belong to the certificate in `{}`",
            key_path.display(),
            certificate_path.display()
        ),
        error => format!(
            "cannot serve with the certificate in `{}`: {error}",
            certificate_path.display()
        ),
    };
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

/// The certificates of a PEM file, at least one.
fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(format!(
            "expected a certificate in PEM (`-----BEGIN CERTIFICATE-----`) in `{}`, but found none",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests;
