//! The whole server over real sockets, as bytes.

use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::*;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Scrapes whose pieces come when a test says so.
struct Stepped {
    scrapes: Mutex<Vec<std::sync::mpsc::Receiver<bytes::Bytes>>>,
    begun: mpsc::UnboundedSender<()>,
}

impl Backend for Stepped {
    fn scrape(&self, _: Scrape) -> PendingPieces<'_> {
        _ = self.begun.send(());
        let pieces: Pieces = match self.scrapes.lock().unwrap().pop() {
            // An empty piece, where there is none yet, asks to be called again.
            Some(pieces) => Box::new(std::iter::from_fn(move || match pieces.try_recv() {
                Ok(piece) => Some(piece),
                Err(std::sync::mpsc::TryRecvError::Empty) => Some(bytes::Bytes::new()),
                Err(std::sync::mpsc::TryRecvError::Disconnected) => None,
            })),
            None => Box::new(std::iter::once(bytes::Bytes::from_static(b"up 1\n"))),
        };
        Box::pin(std::future::ready(pieces))
    }

    fn status_page(&self) -> String {
        panic!("the page is broken");
    }

    fn reload(&self) -> Reloaded {
        Reloaded::Done("reloaded\n".into())
    }
}

struct Fixture {
    address: SocketAddr,
    /// Hears of each scrape that begins.
    begun: mpsc::UnboundedReceiver<()>,
    /// The pieces of the first scrape; the scrape ends when it is dropped.
    pieces: Option<std::sync::mpsc::Sender<bytes::Bytes>>,
    drain: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Fixture {
    fn start(limits: Limits) -> Self {
        let listener = bind(&parse_listen("127.0.0.1:0").unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (begins, begun) = mpsc::unbounded_channel();
        let (pieces, scrape) = std::sync::mpsc::channel();
        let backend = Arc::new(Stepped {
            scrapes: Mutex::new(vec![scrape]),
            begun: begins,
        });
        let (drain, drained) = oneshot::channel();
        let server = tokio::spawn(serve(
            listener,
            backend,
            Readiness::ready(),
            limits,
            Access::default(),
            drained,
        ));
        Self {
            address,
            begun,
            pieces: Some(pieces),
            drain: Some(drain),
            server,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The whole answer to one request on a connection of its own.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }
}

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it must come in time")
}

/// All bytes until the server closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    patiently(stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The head of the next answer, and a body of that many bytes.
async fn answer(stream: &mut TcpStream, body_bytes: usize) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(patiently(stream.read_u8()).await.unwrap());
    }
    let mut body = vec![0; body_bytes];
    patiently(stream.read_exact(&mut body)).await.unwrap();
    bytes.extend(body);
    String::from_utf8(bytes).unwrap()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
const HEALTH_CLOSE: &str = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n";

/// Without the date, which is another each time.
fn dateless(answer: &str) -> String {
    answer
        .split("\r\n")
        .filter(|line| !line.starts_with("date: "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn answers_as_bytes() {
    let mut fixture = Fixture::start(Limits::default());
    drop(fixture.pieces.take());
    patiently(async { fixture.ask("GET /metrics HTTP/1.0\r\n\r\n").await }).await;
    let close = "HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let get = fixture.ask(&format!("GET /metrics {close}")).await;
    insta::assert_snapshot!(dateless(&get), @"
    HTTP/1.1 200 OK
    content-type: text/plain; version=0.0.4; charset=utf-8
    cache-control: no-store
    x-content-type-options: nosniff
    vary: Accept, Accept-Encoding
    connection: close
    transfer-encoding: chunked

    5
    up 1

    0
    ");
    let head = fixture.ask(&format!("HEAD /metrics {close}")).await;
    insta::assert_snapshot!(dateless(&head), @"
    HTTP/1.1 200 OK
    content-type: text/plain; version=0.0.4; charset=utf-8
    cache-control: no-store
    x-content-type-options: nosniff
    vary: Accept, Accept-Encoding
    connection: close
    ");
    let health = fixture.ask(&format!("HEAD /healthz {close}")).await;
    insta::assert_snapshot!(dateless(&health), @"
    HTTP/1.1 200 OK
    content-type: text/plain; charset=utf-8
    cache-control: no-store
    x-content-type-options: nosniff
    content-length: 3
    connection: close
    ");
    let icon = fixture.ask(&format!("GET /favicon.ico {close}")).await;
    insta::assert_snapshot!(dateless(&icon), @"
    HTTP/1.1 204 No Content
    cache-control: max-age=86400
    connection: close
    ");
    assert!(
        fixture
            .ask(&format!("GET /x {close}"))
            .await
            .starts_with("HTTP/1.1 404 Not Found\r\n")
    );
    let post = fixture.ask(&format!("POST / {close}")).await;
    assert!(
        post.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"),
        "{post}"
    );
    assert!(post.contains("\r\nallow: GET, HEAD\r\n"), "{post}");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let fixture = Fixture::start(Limits::default());
    let mut stream = fixture.connect().await;
    for _ in 0..3 {
        stream.write_all(HEALTH.as_bytes()).await.unwrap();
        assert!(answer(&mut stream, 3).await.ends_with("ok\n"));
    }
}

#[tokio::test]
async fn silent_connections_keep_no_health_check_out() {
    let fixture = Fixture::start(Limits {
        connections_max: 4,
        ..Limits::default()
    });
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(fixture.connect().await);
    }
    for asked in 1..=10 {
        let health = fixture.ask(HEALTH_CLOSE).await;
        assert!(
            health.starts_with("HTTP/1.1 200 OK\r\n"),
            "{asked}: {health}"
        );
    }
    // The one that had waited longest gave way.
    assert_eq!(rest(&mut silent[0]).await, "");
}

#[tokio::test]
async fn where_all_are_busy_the_next_is_told() {
    let mut fixture = Fixture::start(Limits {
        connections_max: 1,
        ..Limits::default()
    });
    let mut busy = fixture.connect().await;
    busy.write_all(SCRAPE.as_bytes()).await.unwrap();
    patiently(fixture.begun.recv()).await.unwrap();
    let refused = fixture.ask(HEALTH_CLOSE).await;
    insta::assert_snapshot!(refused.replace('\r', ""), @"
    HTTP/1.1 503 Service Unavailable
    content-type: text/plain; charset=utf-8
    content-length: 42
    retry-after: 1
    connection: close

    too many connections; try again in a while
    ");
    drop(fixture.pieces.take());
    assert!(answer(&mut busy, 5).await.ends_with("\r\n\r\n0\r\n\r\n"));
    // Its connection is kept alive, so it can give way now.
    let health = fixture.ask(HEALTH_CLOSE).await;
    assert!(health.starts_with("HTTP/1.1 200 OK\r\n"), "{health}");
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn the_refusal_tells_its_length() {
    let refusal = std::str::from_utf8(REFUSAL).unwrap();
    let (head, body) = refusal.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())));
}

#[tokio::test]
async fn draining_ends_running_responses_and_closes_the_rest() {
    let mut fixture = Fixture::start(Limits::default());
    let mut idle = fixture.connect().await;
    idle.write_all(HEALTH.as_bytes()).await.unwrap();
    answer(&mut idle, 3).await;
    let mut running = fixture.connect().await;
    running.write_all(SCRAPE.as_bytes()).await.unwrap();
    patiently(fixture.begun.recv()).await.unwrap();

    fixture.drain.take().unwrap().send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    let refused = patiently(TcpStream::connect(fixture.address)).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    assert!(!fixture.server.is_finished());

    let pieces = fixture.pieces.take().unwrap();
    pieces.send(bytes::Bytes::from_static(b"up 1\n")).unwrap();
    drop(pieces);
    let scrape = rest(&mut running).await;
    assert!(
        scrape.ends_with("\r\n\r\n5\r\nup 1\n\r\n0\r\n\r\n"),
        "{scrape}"
    );
    patiently(fixture.server).await.unwrap();
}

#[tokio::test]
async fn draining_has_a_deadline() {
    let limits = Limits {
        drain_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let mut fixture = Fixture::start(limits);
    let mut running = fixture.connect().await;
    running.write_all(SCRAPE.as_bytes()).await.unwrap();
    patiently(fixture.begun.recv()).await.unwrap();
    fixture.drain.take().unwrap().send(()).unwrap();
    patiently(fixture.server).await.unwrap();
    let cut = rest(&mut running).await;
    assert!(!cut.ends_with("0\r\n\r\n"), "{cut}");
}

#[tokio::test]
async fn content_that_fails_ends_its_own_connection_only() {
    let fixture = Fixture::start(Limits::default());
    assert_eq!(fixture.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await, "");
    assert!(
        fixture
            .ask(HEALTH_CLOSE)
            .await
            .starts_with("HTTP/1.1 200 OK\r\n")
    );
}

#[test]
fn errors_of_accept_never_make_it_spin() {
    let exhausted = || io::Error::other("too many open files");
    let mut pause = Duration::ZERO;
    let mut pauses_ms = Vec::new();
    for _ in 0..9 {
        pause = pause_after(&exhausted(), pause);
        pauses_ms.push(pause.as_millis());
    }
    assert_eq!(pauses_ms, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    let aborted = io::ErrorKind::ConnectionAborted.into();
    assert_eq!(pause_after(&aborted, pause), Duration::ZERO);
}
