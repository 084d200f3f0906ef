//! Handshakes over real sockets, with certificates made on the spot.

use std::time::Duration;

use rcgen::CertifiedKey;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::server::connection_limit::{Connections, Permit};

struct Files {
    folder: tempfile::TempDir,
    files: TlsFiles,
}

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("tls.crt"),
            key: folder.path().join("tls.key"),
        };
        Files { folder, files }
    }

    /// Writes a new certificate; gives its bytes as a client sees them.
    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&self.files.certificate, cert.pem()).unwrap();
        std::fs::write(&self.files.key, signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }

    fn told(&self) -> String {
        let error = Certificate::read(&self.files).unwrap_err();
        error.replace(&self.folder.path().display().to_string(), "F")
    }
}

struct Server {
    listener: TcpListener,
    certificate: Certificate,
    permit: Permit,
    limits: Limits,
}

impl Server {
    async fn new(files: &Files, limits: Limits) -> Server {
        Server {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            certificate: Certificate::read(&files.files).unwrap(),
            permit: Connections::new(1).admit().unwrap(),
            limits,
        }
    }

    /// A connection's far end, and what becomes of it here.
    async fn connect(
        &self,
    ) -> (
        TcpStream,
        impl Future<Output = Option<TlsStream<TcpStream>>>,
    ) {
        let address = self.listener.local_addr().unwrap();
        let far = TcpStream::connect(address).await.unwrap();
        let (near, _) = self.listener.accept().await.unwrap();
        let connection = &self.permit.connection;
        (
            far,
            self.certificate.shake_hands(near, connection, &self.limits),
        )
    }

    /// The certificate that a client that trusts only `trusted` takes.
    async fn is_trusted(&self, trusted: &CertificateDer<'static>) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (far, near) = self.connect().await;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let (far, near) = tokio::join!(connector.connect(name, far), near);
        assert!(far.is_err() || near.is_some());
        far.is_ok()
    }
}

#[tokio::test]
async fn a_new_pair_is_shown_and_a_bad_one_is_not() {
    let files = Files::new();
    let first = files.renew();
    let server = Server::new(&files, Limits::default()).await;
    assert!(server.is_trusted(&first).await);
    let second = files.renew();
    assert!(server.is_trusted(&first).await);
    server.certificate.look();
    server.certificate.look();
    assert!(server.is_trusted(&second).await);
    assert!(!server.is_trusted(&first).await);
    // The key of another certificate.
    let key = std::fs::read(&files.files.key).unwrap();
    let third = files.renew();
    std::fs::write(&files.files.key, key).unwrap();
    for _ in 0..3 {
        server.certificate.look();
    }
    assert!(server.is_trusted(&second).await);
    assert!(!server.is_trusted(&third).await);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_is_cut() {
    let files = Files::new();
    files.renew();
    let limits = Limits {
        head_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::new(&files, limits).await;
    for said in [&b""[..], &[HANDSHAKE], &[HANDSHAKE, 3, 1, 2, 0, 1]] {
        let (mut far, near) = server.connect().await;
        far.write_all(said).await.unwrap();
        assert!(near.await.is_none());
    }
}

#[tokio::test]
async fn who_is_asked_to_leave_leaves_during_the_handshake() {
    let files = Files::new();
    files.renew();
    let server = Server::new(&files, Limits::default()).await;
    let (_far, near) = server.connect().await;
    server.permit.connection.leave.notify_one();
    let patience = Duration::from_secs(5);
    let left = tokio::time::timeout(patience, near).await;
    assert!(left.unwrap().is_none());
}

#[tokio::test]
async fn who_speaks_plain_http_is_told() {
    let files = Files::new();
    files.renew();
    let server = Server::new(&files, Limits::default()).await;
    let (mut far, near) = server.connect().await;
    let ask = async move {
        far.write_all(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, near) = tokio::join!(ask, near);
    assert!(near.is_none());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 "), "{answer}");
    let length = format!("content-length: {}\r\n", body.len());
    assert!(head.contains(&length), "{answer}");
}

#[test]
fn what_is_wrong_is_told_by_name() {
    let files = Files::new();
    assert!(files.told().starts_with("cannot read `F/tls.crt`: "));
    files.renew();
    let (certificate, key) = (&files.files.certificate, &files.files.key);
    let (right_certificate, right_key) = (
        std::fs::read(certificate).unwrap(),
        std::fs::read(key).unwrap(),
    );
    std::fs::write(certificate, "5ecret").unwrap();
    assert_eq!(
        files.told(),
        "expected a certificate in PEM (`-----BEGIN CERTIFICATE-----`) in `F/tls.crt`, but found none"
    );
    std::fs::write(certificate, right_certificate).unwrap();
    std::fs::write(key, "5ecret").unwrap();
    assert_eq!(
        files.told(),
        "expected a private key in PEM (`-----BEGIN PRIVATE KEY-----`) in `F/tls.key`, but found none"
    );
    let other = Files::new();
    other.renew();
    std::fs::copy(&other.files.key, key).unwrap();
    assert_eq!(
        files.told(),
        "the key in `F/tls.key` does not belong to the certificate in `F/tls.crt`"
    );
    std::fs::write(key, right_key).unwrap();
    Certificate::read(&files.files).unwrap();
}
