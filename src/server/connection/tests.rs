//! One connection over a pipe in memory, with a clock that is turned by hand: deadlines to the
//! millisecond, and what malformed requests get.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::*;
use crate::server::connection_limit::Connections;
use crate::server::{Backend, PendingPieces, Pieces, Readiness, Scrape};

/// Scrapes of this many pieces of this many bytes.
struct Pages {
    pieces: usize,
    piece_bytes: usize,
}

impl Backend for Pages {
    fn scrape(&self, _: Scrape) -> PendingPieces<'_> {
        let piece = Bytes::from(vec![b'x'; self.piece_bytes]);
        let pieces: Pieces = Box::new(std::iter::repeat_n(piece, self.pieces));
        Box::pin(std::future::ready(pieces))
    }

    fn status_page(&self) -> String {
        "page".into()
    }

    fn reload(&self) -> crate::server::Reloaded {
        crate::server::Reloaded::Done("reloaded\n".into())
    }
}

/// The far end of a connection that is being served.
struct Client {
    stream: DuplexStream,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    server: JoinHandle<()>,
    opened: Instant,
}

impl Client {
    fn connect(limits: Limits) -> Self {
        Self::connect_to(
            Pages {
                pieces: 64,
                piece_bytes: 16 * 1024,
            },
            limits,
        )
    }

    fn connect_to(backend: Pages, limits: Limits) -> Self {
        let (stream, far) = tokio::io::duplex(4096);
        let connections = Connections::new(1);
        let permit = connections.admit().unwrap();
        let connection = permit.connection.clone();
        let routes = Arc::new(Routes::new(
            Arc::new(backend),
            Readiness::ready(),
            &limits,
            Arc::default(),
        ));
        let server = tokio::spawn(async move {
            run(far, Ipv4Addr::LOCALHOST.into(), permit, routes, &limits).await;
        });
        Self {
            stream,
            connection,
            connections,
            server,
            opened: Instant::now(),
        }
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a request and reads its answer, which has a known length.
    async fn ask(&mut self, request: &str) -> String {
        self.send(request).await;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(self.stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(answer).unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        head + &String::from_utf8(body).unwrap()
    }

    /// All bytes until the server closes, and after how long it did.
    async fn rest(mut self) -> (Vec<u8>, Duration) {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).await.unwrap();
        self.server.await.unwrap();
        (rest, self.opened.elapsed())
    }

    async fn rest_text(self) -> String {
        String::from_utf8(self.rest().await.0).unwrap()
    }

    /// Until the server's task has nothing to do without more from here.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";

/// Deadlines are kept to the millisecond.
fn assert_at(elapsed: Duration, expected: Duration) {
    let late = elapsed.checked_sub(expected).unwrap_or(Duration::MAX);
    assert!(
        late <= Duration::from_millis(2),
        "{elapsed:?}, expected {expected:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_is_cut() {
    let (answer, elapsed) = Client::connect(Limits::default()).rest().await;
    assert_eq!(answer, b"");
    assert_at(elapsed, Limits::default().head_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_cut_however_steadily_it_trickles() {
    let mut client = Client::connect(Limits::default());
    client.send("GET /metrics HTTP/1.1\r\nX: ").await;
    for _ in 0..9 {
        tokio::time::advance(Duration::from_secs(1)).await;
        client.send("x").await;
    }
    assert!(!client.server.is_finished());
    let (answer, elapsed) = client.rest().await;
    assert_eq!(answer, b"");
    assert_at(elapsed, Limits::default().head_timeout);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_outlives_a_scrape_interval_but_not_for_ever() {
    let limits = Limits::default();
    let mut client = Client::connect(limits.clone());
    for _ in 0..3 {
        assert!(client.ask(HEALTH).await.ends_with("\r\n\r\nok\n"));
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    let (answer, elapsed) = client.rest().await;
    assert_eq!(answer, b"");
    assert_at(elapsed, Duration::from_secs(120) + limits.idle_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_slow_second_head_is_cut_too() {
    let limits = Limits::default();
    let mut client = Client::connect(limits.clone());
    client.ask(HEALTH).await;
    tokio::time::advance(Duration::from_secs(60)).await;
    client.send("GET /").await;
    let (_, elapsed) = client.rest().await;
    assert_at(elapsed, Duration::from_secs(60) + limits.head_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stalls_is_cut() {
    let limits = Limits::default();
    let mut client = Client::connect(limits.clone());
    client.send(SCRAPE).await;
    (&mut client.server).await.unwrap();
    assert_at(client.opened.elapsed(), limits.stall_timeout);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_trickles_is_cut_in_the_end() {
    let limits = Limits::default();
    let mut client = Client::connect(limits.clone());
    client.send(SCRAPE).await;
    while !client.server.is_finished() {
        tokio::time::advance(Duration::from_secs(5)).await;
        client.settle().await;
        _ = client.stream.read_u8().await;
    }
    let elapsed = client.opened.elapsed();
    assert!(elapsed >= limits.response_timeout, "{elapsed:?}");
    assert!(
        elapsed <= limits.response_timeout + Duration::from_secs(5),
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_goes_on_gets_everything() {
    let mut client = Client::connect(Limits::default());
    client.send("GET /metrics HTTP/1.0\r\n\r\n").await;
    let mut answer = Vec::new();
    let mut chunk = vec![0; 256 * 1024];
    loop {
        tokio::time::advance(Duration::from_millis(200)).await;
        client.settle().await;
        match client.stream.read(&mut chunk).await.unwrap() {
            0 => break,
            read => answer.extend_from_slice(&chunk[..read]),
        }
    }
    assert!(client.opened.elapsed() > Limits::default().stall_timeout);
    let body = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert_eq!(answer.len() - body, 64 * 16 * 1024);
}

#[tokio::test(start_paused = true)]
async fn asked_to_leave_an_idle_connection_goes_at_once() {
    for sent in ["", "GET / HT"] {
        let mut client = Client::connect(Limits::default());
        client.send(sent).await;
        client.settle().await;
        client.connections.evict_all();
        let (answer, elapsed) = client.rest().await;
        assert_eq!(
            (answer.as_slice(), elapsed),
            (b"".as_slice(), Duration::ZERO),
            "{sent:?}"
        );
    }
    let mut client = Client::connect(Limits::default());
    client.ask(HEALTH).await;
    client.connections.evict_all();
    assert_eq!(client.rest().await.1, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn asked_to_leave_a_running_response_ends_first() {
    // The second content ends while its last bytes still wait to be taken.
    for (pieces, piece_bytes) in [(64, 16 * 1024), (1, 20 * 1024)] {
        let backend = Pages {
            pieces,
            piece_bytes,
        };
        let mut client = Client::connect_to(backend, Limits::default());
        client.send(SCRAPE).await;
        client.settle().await;
        assert!(!client.connection.progress().is_waiting());
        client.connections.evict_all();
        client.settle().await;
        let (answer, _) = client.rest().await;
        assert!(
            answer.ends_with(b"\r\n0\r\n\r\n"),
            "whole to its last chunk"
        );
        let body_bytes = answer.iter().filter(|&&byte| byte == b'x').count();
        assert!(body_bytes >= pieces * piece_bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_arrived_is_answered_before_leaving() {
    let mut client = Client::connect(Limits::default());
    client.send(HEALTH).await;
    client.connections.evict_all();
    let answer = client.rest_text().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn requests_in_a_row_are_answered_in_a_row() {
    let mut client = Client::connect(Limits::default());
    let close = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    client
        .send(format!(
            "{HEALTH}GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n{close}"
        ))
        .await;
    let answer = client.rest_text().await;
    let statuses: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.split_once("HTTP/1.1 "))
        .map(|(_, s)| s)
        .collect();
    assert_eq!(statuses, ["200 OK", "404 Not Found", "200 OK"], "{answer}");
    assert!(answer.ends_with("page"));
}

#[tokio::test(start_paused = true)]
async fn malformed_requests_are_told_so() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101));
    let wide = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(20_000));
    let endless = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(20_000));
    for (request, status) in [
        (
            "\x16\x03\x01\x02\0\x01\0\x01\u{1}\x03\x03",
            "400 Bad Request",
        ),
        ("GET\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/3.0\r\n\r\n", "400 Bad Request"),
        ("GET / HTTP/1.1\r\nA b\r\n\r\n", "400 Bad Request"),
        (
            "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "400 Bad Request",
        ),
        (long.as_str(), "431 Request Header Fields Too Large"),
        (many.as_str(), "431 Request Header Fields Too Large"),
        (wide.as_str(), "431 Request Header Fields Too Large"),
        (endless.as_str(), "431 Request Header Fields Too Large"),
    ] {
        let Client { stream, server, .. } = Client::connect(Limits::default());
        let (mut read, mut write) = tokio::io::split(stream);
        // The server may stop reading before it has everything.
        let request_bytes = request.to_owned().into_bytes();
        let sent = tokio::spawn(async move { write.write_all(&request_bytes).await });
        let mut answer = String::new();
        read.read_to_string(&mut answer).await.unwrap();
        let shown = request.get(..40).unwrap_or(request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{shown:?}: {answer}"
        );
        server.await.unwrap();
        _ = sent.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_of_requests_are_not_waited_for() {
    let mut client = Client::connect(Limits::default());
    client
        .send("POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nx")
        .await;
    let (answer, elapsed) = client.rest().await;
    assert!(answer.starts_with(b"HTTP/1.1 405 Method Not Allowed\r\n"));
    assert_eq!(elapsed, Duration::ZERO);
    let mut client = Client::connect(Limits::default());
    let expecting = "GET /healthz HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\
                     Expect: 100-continue\r\n\r\n";
    assert!(
        client
            .ask(expecting)
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
}
