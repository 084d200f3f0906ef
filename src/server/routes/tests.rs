//! Requests as values, without a socket.

use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::Mutex;

use http_body_util::BodyExt;

use super::*;
use crate::server::{Latch, PendingPieces, Pieces};
use logmetrics_core::exposition::Format;
use std::net::IpAddr;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

/// Content that writes down what it was asked.
#[derive(Default)]
struct Fixed {
    asked: Mutex<Vec<Scrape>>,
    reloads: Mutex<u32>,
    troubles: Mutex<Vec<String>>,
}

impl Backend for Fixed {
    fn scrape(&self, request: Scrape) -> PendingPieces<'_> {
        self.asked.lock().unwrap().push(request);
        let pieces = ["requests_by_user 1\n", "", "up 1\n"];
        let pieces: Pieces = Box::new(
            pieces
                .into_iter()
                .map(|piece| Bytes::from_static(piece.as_bytes())),
        );
        Box::pin(std::future::ready(pieces))
    }

    fn status_page(&self) -> String {
        "<!doctype html>".into()
    }

    fn troubles(&self) -> Vec<String> {
        self.troubles.lock().unwrap().clone()
    }

    fn reload(&self) -> Reloaded {
        let mut reloads = self.reloads.lock().unwrap();
        *reloads += 1;
        match *reloads {
            1 => Reloaded::Done("rules reloaded: 2 rules\n".into()),
            2 => Reloaded::Wrong("error: unknown key `metrix`\n".into()),
            _ => panic!("the reload is broken"),
        }
    }
}

fn peer(address: IpAddr) -> Peer {
    Peer {
        address,
        connection: std::sync::Weak::new(),
    }
}

struct Fixture {
    backend: Arc<Fixed>,
    routes: Arc<Routes>,
    latch: Option<Latch>,
}

impl Fixture {
    /// There was one scrape, in this format, by this scraper.
    #[track_caller]
    fn assert_asked(&self, format: Format, scraper: Option<IpAddr>) {
        let asked = self.backend.asked.lock().unwrap();
        let [asked] = &asked[..] else {
            panic!("{asked:?}");
        };
        let by = asked.scraper.as_ref().map(|scraper| scraper.address);
        assert_eq!((asked.format, by), (format, scraper));
    }

    fn new() -> Self {
        Self::with(&Limits::default())
    }

    fn with(limits: &Limits) -> Self {
        Self::behind(limits, Access::default())
    }

    fn behind(limits: &Limits, access: Access) -> Self {
        let backend = Arc::new(Fixed::default());
        let (readiness, latch) = Readiness::new();
        let routes = Arc::new(Routes::new(
            backend.clone(),
            readiness,
            limits,
            Arc::new(access),
        ));
        Self {
            backend,
            routes,
            latch: Some(latch),
        }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.routes
            .answer(&request.body(()).unwrap(), &peer(PEER))
            .await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
        self.ask(Method::GET, path, headers).await
    }
}

async fn bytes(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(bytes(response).await.into()).unwrap()
}

/// Status and headers, one a line, in the order of their names.
fn head(response: &Response<Body>) -> String {
    let mut lines: Vec<String> = response
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    format!("{}\n{}", response.status().as_u16(), lines.join("\n"))
}

#[tokio::test]
async fn a_scrape() {
    let fixture = Fixture::new();
    let response = fixture.get("/metrics?debug=1", &[]).await;
    insta::assert_snapshot!(head(&response), @"
    200
    cache-control: no-store
    content-type: text/plain; version=0.0.4; charset=utf-8
    vary: Accept, Accept-Encoding
    x-content-type-options: nosniff
    ");
    assert_eq!(text(response).await, "requests_by_user 1\nup 1\n");
    fixture.assert_asked(Format::Text, None);
}

#[tokio::test]
async fn a_scrape_by_prometheus() {
    let fixture = Fixture::new();
    let response = fixture
        .get(
            "/metrics",
            &[
                ("Accept", "text/plain;q=0.1"),
                ("Accept", "application/openmetrics-text;version=1.0.0"),
                ("Accept-Encoding", "gzip"),
                ("X-Prometheus-Scrape-Timeout-Seconds", "10"),
            ],
        )
        .await;
    insta::assert_snapshot!(head(&response), @"
    200
    cache-control: no-store
    content-encoding: gzip
    content-type: application/openmetrics-text; version=1.0.0; charset=utf-8
    vary: Accept, Accept-Encoding
    x-content-type-options: nosniff
    ");
    let mut plain = String::new();
    let body = bytes(response).await;
    flate2::read::GzDecoder::new(&body[..])
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, "requests_by_user 1\nup 1\n");
    fixture.assert_asked(Format::OpenMetrics, Some(PEER));
}

#[tokio::test]
async fn a_scraper_has_one_address_however_it_is_written() {
    let fixture = Fixture::new();
    let request = Request::builder()
        .uri("/metrics")
        .header(SCRAPE_TIMEOUT, "10")
        .body(())
        .unwrap();
    let mapped = Ipv4Addr::new(10, 0, 0, 7).to_ipv6_mapped();
    fixture.routes.answer(&request, &peer(mapped.into())).await;
    fixture.assert_asked(Format::Text, Some(PEER));
}

#[tokio::test]
async fn several_lines_of_one_header_are_one_list() {
    let fixture = Fixture::new();
    let headers = [
        ("Accept-Encoding", "gzip;q=0.5"),
        ("Accept-Encoding", "zstd"),
    ];
    let response = fixture.get("/metrics", &headers).await;
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "zstd");
    assert_eq!(
        zstd::stream::decode_all(&bytes(response).await[..]).unwrap(),
        b"requests_by_user 1\nup 1\n"
    );
}

#[tokio::test]
async fn head_is_get_without_a_body_and_scrapes_nothing() {
    let mut fixture = Fixture::new();
    drop(fixture.latch.take());
    let headers = [("Accept-Encoding", "gzip")];
    for path in [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/favicon.ico",
        "/nowhere",
    ] {
        let get = fixture.get(path, &headers).await;
        fixture.backend.asked.lock().unwrap().clear();
        let response = fixture.ask(Method::HEAD, path, &headers).await;
        assert_eq!(head(&response), head(&get), "{path}");
        assert_eq!(bytes(response).await, "", "{path}");
        assert!(fixture.backend.asked.lock().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn health_and_readiness() {
    let mut fixture = Fixture::new();
    insta::assert_snapshot!(head(&fixture.get("/healthz", &[]).await), @"
    200
    cache-control: no-store
    content-length: 3
    content-type: text/plain; charset=utf-8
    x-content-type-options: nosniff
    ");
    assert_eq!(text(fixture.get("/healthz", &[]).await).await, "ok\n");
    let response = fixture.get("/readyz", &[]).await;
    assert_eq!(response.status(), 503);
    assert_eq!(
        text(response).await,
        "not ready: reading existing content\n"
    );
    drop(fixture.latch.take());
    let response = fixture.get("/readyz", &[]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "ok\n");
}

#[tokio::test]
async fn the_status_page() {
    let response = Fixture::new()
        .get("/", &[("Accept-Encoding", "gzip")])
        .await;
    insta::assert_snapshot!(head(&response), @"
    200
    cache-control: no-store
    content-length: 15
    content-security-policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    content-type: text/html; charset=utf-8
    referrer-policy: no-referrer
    x-content-type-options: nosniff
    ");
    assert_eq!(text(response).await, "<!doctype html>");
}

#[tokio::test]
async fn nothing_else_is_there() {
    let fixture = Fixture::new();
    for path in ["/metrics/", "/Metrics", "/-/quit", "//", "*", "/%6detrics"] {
        assert_eq!(fixture.get(path, &[]).await.status(), 404, "{path}");
    }
    insta::assert_snapshot!(text(fixture.get("/nowhere", &[]).await).await, @"
    nothing is here; logmetrics serves
      /metrics  the metrics, for Prometheus
      /         the status page, for people
      /healthz  whether it runs
      /readyz   whether it has read what existed when it started
    and with --enable-lifecycle
      POST /-/reload  reads the rules again
    ");
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let fixture = Fixture::new();
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ] {
        for path in ["/", "/metrics", "/healthz", "/readyz"] {
            let response = fixture.ask(method.clone(), path, &[]).await;
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
            assert_eq!(
                text(response).await,
                "only GET and HEAD are answered here\n"
            );
        }
    }
    assert!(fixture.backend.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn scrapes_stand_in_line_and_the_line_has_an_end() {
    let limits = Limits {
        scrapes_max: 1,
        scrapes_waiting_max: 1,
        ..Limits::default()
    };
    let fixture = Arc::new(Fixture::with(&limits));
    let first = fixture.get("/metrics", &[]).await;
    let second = tokio::spawn({
        let fixture = fixture.clone();
        async move { fixture.get("/metrics", &[]).await }
    });
    while fixture.routes.waiting.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let third = fixture.get("/metrics", &[]).await;
    assert_eq!(third.status(), 503);
    assert_eq!(third.headers()[header::RETRY_AFTER], "1");
    assert_eq!(text(third).await, "too many scrapes at once; try again\n");
    assert_eq!(fixture.get("/healthz", &[]).await.status(), 200);
    assert!(!second.is_finished());
    assert_eq!(text(first).await, "requests_by_user 1\nup 1\n");
    assert_eq!(
        text(second.await.unwrap()).await,
        "requests_by_user 1\nup 1\n"
    );
    assert_eq!(fixture.routes.waiting.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn whoever_leaves_the_line_gives_the_place_back() {
    let limits = Limits {
        scrapes_max: 1,
        scrapes_waiting_max: 1,
        ..Limits::default()
    };
    let fixture = Fixture::with(&limits);
    let first = fixture.get("/metrics", &[]).await;
    let second = tokio::time::timeout(std::time::Duration::ZERO, fixture.get("/metrics", &[]));
    assert!(second.await.is_err());
    assert_eq!(fixture.routes.waiting.load(Ordering::Relaxed), 0);
    drop(first);
    assert_eq!(fixture.get("/metrics", &[]).await.status(), 200);
}

#[tokio::test]
async fn readiness_says_what_does_not_go_well() {
    let mut fixture = Fixture::new();
    let trouble = "/logs/a.log: nothing is there to read";
    fixture
        .backend
        .troubles
        .lock()
        .unwrap()
        .push(trouble.into());
    let early = fixture.get("/readyz", &[]).await;
    assert_eq!(early.status(), StatusCode::SERVICE_UNAVAILABLE);
    let said = format!("not ready: reading existing content\nwarning: {trouble}\n");
    assert_eq!(text(early).await, said);
    drop(fixture.latch.take());
    let ready = fixture.get("/readyz", &[]).await;
    assert_eq!(ready.status(), StatusCode::OK);
    assert_eq!(text(ready).await, format!("ok\nwarning: {trouble}\n"));
}

#[tokio::test]
async fn a_reload_is_for_those_who_may() {
    let closed = Fixture::new();
    let refused = closed.ask(Method::POST, "/-/reload", &[]).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(text(refused).await.contains("--enable-lifecycle"));
    assert_eq!(*closed.backend.reloads.lock().unwrap(), 0);

    let access = Access {
        lifecycle: true,
        ..Access::default()
    };
    let open = Fixture::behind(&Limits::default(), access);
    let get = open.get("/-/reload", &[]).await;
    assert_eq!(get.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get.headers()[header::ALLOW], "POST");
    for (status, said) in [
        (200, "rules reloaded: 2 rules\n"),
        (422, "error: unknown key `metrix`\n"),
        (500, "the reload failed\n"),
    ] {
        let response = open.ask(Method::POST, "/-/reload", &[]).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(text(response).await, said);
    }
}

#[tokio::test]
async fn a_reload_is_not_for_other_sites() {
    let access = Access {
        lifecycle: true,
        ..Access::default()
    };
    let fixture = Fixture::behind(&Limits::default(), access);
    for origin in [
        "https://evil.example",
        "null",
        "http://logs:3903.evil.example",
        "logs:3903",
    ] {
        let headers = [("host", "logs:3903"), ("origin", origin)];
        let refused = fixture.ask(Method::POST, "/-/reload", &headers).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    assert_eq!(*fixture.backend.reloads.lock().unwrap(), 0);
    let headers = [("host", "logs:3903"), ("origin", "http://logs:3903")];
    let own = fixture.ask(Method::POST, "/-/reload", &headers).await;
    assert_eq!(own.status(), StatusCode::OK);
}

#[test]
fn few_reloads_begin_within_a_second() {
    let mut recent = RecentReloads::default();
    let start = Instant::now();
    let mut begun = 0;
    for ms in 0..3000 {
        begun += usize::from(recent.take_turn(start + Duration::from_millis(ms)));
    }
    assert_eq!(begun, 3 * RELOADS_PER_SECOND);
}

#[tokio::test]
async fn strangers_hear_where_they_may_come_in() {
    let token = crate::server::Token::new("abc").unwrap();
    let access = Access::new(&crate::server::Protection {
        tokens: Some(crate::server::TokenSource::Value(token)),
        lifecycle: true,
        ..Default::default()
    });
    let fixture = Fixture::behind(&Limits::default(), access.unwrap());
    for path in ["/", "/metrics", "/-/reload", "/nothing", "/favicon.ico"] {
        let response = fixture.ask(Method::POST, path, &[]).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        let challenge = &response.headers()[header::WWW_AUTHENTICATE];
        assert_eq!(challenge, "Bearer realm=\"logmetrics\"");
    }
    assert_eq!(*fixture.backend.reloads.lock().unwrap(), 0);
    assert!(fixture.backend.asked.lock().unwrap().is_empty());
    for path in ["/healthz", "/readyz"] {
        let response = fixture.get(path, &[]).await;
        assert_ne!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let known = [("authorization", "Bearer abc")];
    assert_eq!(fixture.get("/metrics", &known).await.status(), 200);
}
