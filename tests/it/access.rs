//! TLS, passwords and tokens, as scrapers and health checks meet them.

use std::io::Write;
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fixture::{Client, PATIENCE, Run, Scratch, repository, wait_for};

/// Writes a new certificate of this machine and its key as `tls.crt` and `tls.key`; gives the
/// certificate in PEM.
fn renew(scratch: &Scratch) -> String {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    // The key last: a pair whose halves do not fit yet must not be taken.
    scratch.write("tls.crt", made.cert.pem());
    close(&scratch.write("tls.key", made.signing_key.serialize_pem()));
    made.cert.pem()
}

/// Makes a file readable by its owner alone.
fn close(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// A daemon on the text sample.
fn daemon() -> Run {
    Run::new().arg(repository("tests/data/agentgateway/text.log"))
}

fn with_tls(run: Run, scratch: &Scratch) -> Run {
    run.arg("--tls-cert")
        .arg(scratch.path("tls.crt"))
        .arg("--tls-key")
        .arg(scratch.path("tls.key"))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The status of a request with this `Authorization`.
#[track_caller]
fn status(client: &Client, path: &str, authorization: &str) -> u16 {
    let header = [("authorization", authorization)];
    client.request("GET", path, &header).status
}

#[test]
fn tls_serves_and_shows_a_new_certificate() {
    let scratch = Scratch::new();
    let first = renew(&scratch);
    let daemon = with_tls(daemon(), &scratch).start();
    assert!(daemon.url.starts_with("https://"), "{}", daemon.url);
    let trusting_first = daemon.trusting(&first);
    let page = trusting_first.until(|page| page.sum("requests_by_user") == 398.0);
    assert!(page.0.contains("logmetrics_build_info"));

    let second = renew(&scratch);
    let trusting_second = || daemon.trusting(&second);
    let taken = wait_for(PATIENCE, || {
        let answer = trusting_second().try_request("GET", "/metrics", &[]);
        answer.ok().filter(|answer| answer.status == 200)
    });
    assert!(taken.is_some(), "{}", daemon.said());
    assert!(
        daemon
            .trusting(&first)
            .try_request("GET", "/", &[])
            .is_err()
    );

    // A broken one changes nothing and is told.
    scratch.write("tls.crt", "not a certificate");
    daemon.until_said("expected a certificate in PEM");
    daemon.until_said("keeping the previous certificate");
    assert_eq!(trusting_second().get("/healthz").status, 200);
    daemon.stop();
}

#[test]
fn plain_http_is_told_to_speak_tls() {
    let scratch = Scratch::new();
    renew(&scratch);
    let daemon = with_tls(daemon(), &scratch).start();
    let plain = Client::new(format!("http://{}", daemon.address()));
    let answer = plain.get("/metrics");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("https://"), "{}", answer.text());
    daemon.stop();
}

#[test]
fn the_health_check_speaks_tls_too() {
    let scratch = Scratch::new();
    let certificate = renew(&scratch);
    let daemon = with_tls(daemon(), &scratch).start();
    let check = || Run::new().arg("healthcheck");
    let own = check().variable("LOGMETRICS_TLS_CERT", scratch.path("tls.crt"));
    own.variable("LOGMETRICS_LISTEN", daemon.address())
        .go()
        .success();
    let url = format!("{}/healthz", daemon.url);
    check().arg("--url").arg(&url).go().success();
    let authorities = scratch.write("ca.pem", certificate);
    let verified = || check().arg("--url").arg(&url).arg("--ca");
    verified().arg(&authorities).go().success();
    // An authority that knows nothing of this certificate.
    let other = Scratch::new();
    renew(&other);
    verified().arg(other.path("tls.crt")).go().code(1);
    verified().arg(other.path("tls.key")).go().code(2);
    // Over plain HTTP it hears that it is wrong.
    let plain = url.replace("https", "http");
    let plain = check().arg("--url").arg(plain).go().code(1);
    plain.says(&["not well: 400"]);
    daemon.stop();
}

#[test]
fn passwords_and_tokens_open_all_but_health() {
    let scratch = Scratch::new();
    let hash = bcrypt::hash("opens", 4).unwrap();
    let users = scratch.write("users", format!("prometheus:{hash}\n"));
    let tokens = scratch.write("tokens", "first-token\nsecond-token\n");
    close(&users);
    close(&tokens);
    let daemon = daemon()
        .arg("--basic-auth-file")
        .arg(&users)
        .arg("--bearer-token-file")
        .arg(&tokens)
        .start();
    for path in ["/healthz", "/readyz"] {
        assert_ne!(daemon.get(path).status, 401, "{path}");
    }
    for path in ["/metrics", "/", "/nothing", "/favicon.ico"] {
        let refused = daemon.get(path);
        assert_eq!(refused.status, 401, "{path}");
        let challenges = refused.headers.get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.map(|c| c.to_str().unwrap()).collect();
        assert_eq!(challenges.len(), 2, "{challenges:?}");
        assert!(challenges[0].starts_with("Basic realm="), "{challenges:?}");
        assert!(challenges[1].starts_with("Bearer"), "{challenges:?}");
        assert!(!refused.text().contains("requests_by_user"), "{path}");
    }
    for (authorization, expected) in [
        (basic("prometheus", "opens"), 200),
        (basic("prometheus", "opens "), 401),
        (basic("nobody", "opens"), 401),
        ("Bearer first-token".into(), 200),
        ("Bearer second-token".into(), 200),
        ("Bearer third-token".into(), 401),
        ("Bearer".into(), 401),
    ] {
        let found = status(&daemon, "/metrics", &authorization);
        assert_eq!(found, expected, "{authorization}");
    }
    // A token that is taken away opens nothing any more, without a restart.
    scratch.write("tokens", "third-token\n");
    let taken = wait_for(PATIENCE, || {
        (status(&daemon, "/metrics", "Bearer third-token") == 200).then_some(())
    });
    assert!(taken.is_some(), "{}", daemon.said());
    assert_eq!(status(&daemon, "/metrics", "Bearer first-token"), 401);
    let said = daemon.stop();
    assert!(!said.contains("can read"), "{said}");
    assert!(!said.contains("token\n") && !said.contains(&hash), "{said}");
}

#[test]
fn a_token_in_the_environment_is_shown_nowhere() {
    let daemon = daemon()
        .variable("LOGMETRICS_BEARER_TOKEN", "5ecret-token")
        .variable("LOGMETRICS_LOG_LEVEL", "trace")
        .start();
    assert_eq!(status(&daemon, "/metrics", "Bearer 5ecret-token"), 200);
    assert_eq!(status(&daemon, "/metrics", "Bearer another"), 401);
    let said = daemon.stop();
    assert!(!said.contains("5ecret"), "{said}");
    let help = Run::new()
        .variable("LOGMETRICS_BEARER_TOKEN", "5ecret-token")
        .arg("--help");
    let help = help.go().success();
    assert!(!help.stdout.contains("5ecret"), "{}", help.stdout);
}

#[test]
fn what_is_missing_or_wrong_is_said_before_anything_is_read() {
    let scratch = Scratch::new();
    renew(&scratch);
    let cert = daemon().arg("--tls-cert").arg(scratch.path("tls.crt"));
    cert.go().code(2).says(&["--tls-key FILE"]);
    let key = daemon().arg("--tls-key").arg(scratch.path("tls.key"));
    key.go().code(2).says(&["--tls-cert FILE"]);
    let missing = daemon().arg("--basic-auth-file").arg("/no/such/file");
    missing
        .go()
        .code(2)
        .says(&["cannot read `/no/such/file`: "]);
    let users = scratch.write("users", "ann:5ecret\n");
    let users = daemon().arg("--basic-auth-file").arg(users).go().code(2);
    let users = users.says(&["line 1: expected a bcrypt hash", "htpasswd -B"]);
    assert!(!users.stderr.contains("5ecret"), "{}", users.stderr);
    let token = daemon().variable("LOGMETRICS_BEARER_TOKEN", "two words");
    token.go().code(2).says(&["LOGMETRICS_BEARER_TOKEN: "]);
}

#[test]
fn a_secret_that_others_can_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let tokens = scratch.write("tokens", "abc\n");
    std::fs::set_permissions(&tokens, PermissionsExt::from_mode(0o644)).unwrap();
    let daemon = daemon().arg("--bearer-token-file").arg(&tokens).start();
    daemon.until_said(&format!("chmod 600 {}", tokens.display()));
    daemon.stop();
}

#[test]
fn silent_handshakes_keep_nobody_out() {
    let scratch = Scratch::new();
    let certificate = renew(&scratch);
    let daemon = with_tls(daemon(), &scratch).start();
    // More than there are places, half of them stuck within the handshake.
    let mut silent = Vec::new();
    for number in 0..600 {
        let mut stream = TcpStream::connect(daemon.address()).unwrap();
        if number % 2 == 0 {
            stream.write_all(&[22, 3, 1]).unwrap();
        }
        silent.push(stream);
    }
    let client = daemon.trusting(&certificate);
    assert_eq!(client.get("/healthz").status, 200);
    assert_eq!(client.metrics().sum("requests_by_user"), 398.0);
    daemon.stop();
}
