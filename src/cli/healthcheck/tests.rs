//! Which address is asked, and what is made of the answers.

use std::io::Read;
use std::net::TcpListener;

use super::*;

fn args(url: Option<&str>, listen: Option<&str>, port: Option<u16>) -> HealthcheckArgs {
    HealthcheckArgs {
        url: url.map(Into::into),
        listen: listen.map(|listen| parse_listen(listen).unwrap()),
        port,
        tls_cert: None,
        ca: None,
    }
}

/// A server that answers one request so, and the address it answers at.
fn answering(answer: &'static [u8]) -> (Target, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
            request.extend(byte);
        }
        stream.write_all(answer).unwrap();
        request
    });
    let address = Listen {
        host: "127.0.0.1".into(),
        port,
    };
    (
        Target {
            scheme: "http",
            address,
            path: "/healthz".into(),
        },
        server,
    )
}

fn told(answer: &'static [u8]) -> String {
    let (target, server) = answering(answer);
    let result = check(&target, TlsConfig::default(), TIMEOUT);
    server.join().unwrap();
    result.map_or_else(|error| error.to_string(), |()| "well".into())
}

#[test]
fn where_it_asks() {
    let shown = |args| target(&args).map_or_else(|error| error.to_string(), |t| t.to_string());
    assert_eq!(
        shown(args(None, None, None)),
        "http://127.0.0.1:3903/healthz"
    );
    assert_eq!(
        shown(args(None, None, Some(80))),
        "http://127.0.0.1:80/healthz"
    );
    assert_eq!(
        shown(args(None, Some("[::]:9000"), None)),
        "http://[::1]:9000/healthz"
    );
    assert_eq!(
        shown(args(None, Some("10.0.0.1:1"), Some(2))),
        "http://10.0.0.1:2/healthz"
    );
    let url = |url| shown(args(Some(url), Some("10.0.0.1:1"), Some(2)));
    assert_eq!(
        url("http://127.0.0.1:3903/readyz"),
        "http://127.0.0.1:3903/readyz"
    );
    assert_eq!(url("HTTP://gateway"), "http://gateway:80/");
    assert_eq!(url("http://[::1]/x?y=1#z"), "http://[::1]:80/x?y=1");
    assert_eq!(url("http://h:1?y"), "http://h:1/?y");
    for broken in [
        "localhost",
        "http://",
        "http:///x",
        "http://80/",
        "http://h:x/",
        "http://h/ x",
        "ftp://h/",
    ] {
        let expected =
            format!("expected a URL such as `http://127.0.0.1:3903/healthz`, but found `{broken}`");
        assert_eq!(url(broken), expected);
    }
    assert_eq!(url("https://h/"), "https://h:443/");
    let tls = HealthcheckArgs {
        tls_cert: Some("tls.crt".into()),
        ..args(None, None, None)
    };
    assert_eq!(shown(tls), "https://127.0.0.1:3903/healthz");
}

#[test]
fn what_it_asks() {
    let (target, server) = answering(b"HTTP/1.1 200 OK\r\n\r\nok\n");
    check(&target, TlsConfig::default(), TIMEOUT).unwrap();
    let request = String::from_utf8(server.join().unwrap()).unwrap();
    let request = request.to_lowercase();
    assert!(
        request.starts_with("get /healthz http/1.1\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nhost: 127.0.0.1:"), "{request}");
}

#[test]
fn what_it_makes_of_answers() {
    assert_eq!(told(b"HTTP/1.1 200 OK\r\n\r\n"), "well");
    assert_eq!(told(b"HTTP/1.0 200 OK\r\n\r\nok"), "well");
    assert_eq!(
        told(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
        "not well: 503"
    );
    // It is not followed.
    assert_eq!(
        told(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"),
        "not well: 302"
    );
    for foreign in [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], &[b'x'; 4096]] {
        assert_eq!(told(foreign), "this does not speak HTTP");
    }
    assert_ne!(told(b""), "well");
    assert_ne!(told(b"HTTP/1.1 200 OK\r\n"), "well");
}

#[test]
fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(
        execute(args(None, Some("127.0.0.1"), Some(port))),
        Exit::Failed
    );
    assert_eq!(execute(args(Some("ftp://x"), None, None)), Exit::Usage);
}

#[test]
fn nobody_answers() {
    // The system takes the connection; nobody ever looks at it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = Listen {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
    };
    let target = Target {
        scheme: "http",
        address,
        path: "/".into(),
    };
    let error = check(&target, TlsConfig::default(), Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, CheckError::Late), "{error}");
    assert_eq!(error.to_string(), "no answer within 3 seconds");
}

#[test]
fn options() {
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Whole {
        #[command(flatten)]
        healthcheck: HealthcheckArgs,
        #[command(flatten)]
        _log: crate::logging::LogOptions,
    }

    Whole::command().debug_assert();
    let parsed = Whole::try_parse_from(["healthcheck", "-l", ":9000", "-p", "80"]).unwrap();
    let asked = target(&parsed.healthcheck).unwrap();
    assert_eq!(asked.to_string(), "http://127.0.0.1:80/healthz");
    let error = Whole::try_parse_from(["healthcheck", "-l", "::1"])
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("expected an IPv6 address in brackets"),
        "{error}"
    );
}
