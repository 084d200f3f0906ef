//! Thousands of connections that are slow, silent or say nonsense, and many scrapes at once: reading
//! goes on, health answers, and nothing is left of it afterwards.
//!
//! The suite's crowd is small. `LOGMETRICS_TEST_CONNECTIONS=10000 cargo test --test it crowd` brings a
//! large one; `ulimit -n` must allow it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::fixture::{Daemon, PATIENCE, Run, Scratch, wait_for};

/// More than the server has places for.
const CONNECTIONS: usize = 700;

const SCRAPES: usize = 100;

/// What is said on a connection; none of it is a whole request that is answered 200.
const NONSENSE: &[&[u8]] = &[
    b"",
    b"G",
    b"GET /metrics HTTP/1.1\r\nHost: h\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"\0\0\0\0\0\0\0\0\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http:// HTTP/1.1\r\n\r\n",
    b"POST /-/reload HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"GET /metrics HTTP/1.1\r\nHost h\r\n: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nAuthorization: Basic \xff\xfe\r\nAccept-Encoding: ,,,;q=q\r\n\r\n",
];

fn connections() -> usize {
    let asked = std::env::var("LOGMETRICS_TEST_CONNECTIONS");
    asked.map_or(CONNECTIONS, |count| count.parse().unwrap())
}

/// What of the process could grow: open descriptors and resident bytes.
fn size(daemon: &Daemon) -> (f64, f64) {
    let page = daemon.metrics();
    let of = |name| page.value(name).unwrap();
    (of("process_open_fds"), of("process_resident_memory_bytes"))
}

/// Requests that are as they should be, for those that are made of them.
const SENSE: &[&[u8]] = &[
    b"GET /metrics HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip;q=0.5, zstd\r\n\r\n",
    b"GET /metrics HTTP/1.0\r\nAccept: application/openmetrics-text; version=1.0.0\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic dXNlcjpwYXNz\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody",
    b"GET /readyz?a=b%20c HTTP/1.1\r\nHost: h\r\nConnection: close, upgrade\r\n\r\n",
];

/// What changes a request's meaning.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b":",
    b" ",
    b"\t",
    b"%00",
    b"\xff\xfe",
    b"HTTP/1.1",
    b"Content-Length: 18446744073709551616\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n",
    b"Accept-Encoding: zstd;q=1e999\r\n",
    b"GET /metrics HTTP/1.1\r\n",
    &[b'a'; 9000],
];

/// A request that nobody wrote by hand, made of others with this seed as fuzzers make them: bytes
/// changed, left out and doubled, tokens put in, two halves joined.
fn mutated(seed: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = |below: usize| {
        // xorshift64, by George Marsaglia.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize % below.max(1)
    };
    // Seeds that follow each other begin alike.
    (0..8).for_each(|_| _ = next(1));
    let corpus = [SENSE, NONSENSE].concat();
    let mut bytes = corpus[next(corpus.len())].to_vec();
    for _ in 0..=next(5) {
        let place = next(bytes.len() + 1);
        let end = (place + next(24)).min(bytes.len());
        match next(6) {
            0 if place < bytes.len() => bytes[place] = next(256) as u8,
            1 => _ = bytes.drain(place..end),
            2 => {
                let doubled = bytes[place..end].repeat(1 + next(40));
                bytes.splice(place..place, doubled);
            }
            3 => {
                let other = corpus[next(corpus.len())];
                bytes.truncate(place);
                bytes.extend_from_slice(&other[next(other.len() + 1).min(other.len())..]);
            }
            4 => bytes.extend((0..next(256)).map(|_| next(256) as u8).collect::<Vec<_>>()),
            _ => _ = bytes.splice(place..place, TOKENS[next(TOKENS.len())].iter().copied()),
        }
    }
    bytes
}

/// A daemon with some series, and what of it could grow once it has done everything once.
fn daemon(scratch: &Scratch) -> (Daemon, (f64, f64)) {
    scratch.write("app.log", "");
    let rules = "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\n\
                 metric = [{ counter = 'seen_total', by = ['user'] }]\n";
    let daemon = Run::new()
        .rules(scratch.write("rules.toml", rules))
        .arg(scratch.path("app.log"))
        .start();
    daemon.until_ready();
    let users: String = (0..2000).map(|n| format!("user=u{n}\n")).collect();
    scratch.append("app.log", users);
    daemon.until(|page| page.sum("seen_total") == 2000.0);
    assert!(scrape_at_once(&daemon).contains(&200));
    let size = size(&daemon);
    (daemon, size)
}

/// The statuses of many scrapes at once.
fn scrape_at_once(daemon: &Daemon) -> Vec<u16> {
    std::thread::scope(|scope| {
        let ask = || {
            let answer = daemon.try_request("GET", "/metrics", &[]);
            answer.map_or(0, |answer| answer.status)
        };
        let scrapes: Vec<_> = (0..SCRAPES).map(|_| scope.spawn(ask)).collect();
        let scrapes = scrapes.into_iter().map(|scrape| scrape.join().unwrap());
        scrapes.collect()
    })
}

/// Connects as often as asked for, says nonsense, and looks at the health meanwhile.
fn gather(daemon: &Daemon) -> Vec<TcpStream> {
    let connect = |number: usize| {
        let mut stream = TcpStream::connect(daemon.address()).unwrap();
        let said = match number % 3 {
            0 => NONSENSE[number / 3 % NONSENSE.len()].to_vec(),
            _ => mutated(number),
        };
        // It may be sent away before it has said all.
        _ = stream.write_all(&said);
        if number % 100 == 99 {
            let asked = Instant::now();
            assert_eq!(daemon.get("/healthz").status, 200);
            let took = asked.elapsed();
            assert!(took < Duration::from_secs(5), "health took {took:?}");
        }
        stream
    };
    (0..connections()).map(connect).collect()
}

/// What was answered at all was answered by HTTP.
fn assert_answers(mut stream: TcpStream) {
    let timeout = Some(Duration::from_millis(1));
    stream.set_read_timeout(timeout).unwrap();
    let mut answer = [0; 64];
    if let Ok(read) = stream.read(&mut answer)
        && read > 0
    {
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1."), "{answer}");
    }
}

#[cfg(target_os = "linux")] // elsewhere the program's own size is not shown
#[test]
fn a_crowd_holds_up_nobody_and_leaves_nothing() {
    let scratch = Scratch::new();
    let (daemon, (descriptors, bytes)) = daemon(&scratch);
    let seen = "seen_total{user=\"writer\"}";
    let done = AtomicBool::new(false);
    let lines = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut log = scratch.writer("app.log");
            let mut lines = 0;
            while !done.load(Ordering::Relaxed) {
                log.write_all(b"user=writer\n").unwrap();
                lines += 1;
                // As fast as a busy gateway, not as fast as a disk.
                std::thread::sleep(Duration::from_micros(200));
            }
            lines
        });
        let crowd = gather(&daemon);
        // A scrape is answered or told to come again; it is never left alone.
        let answers = scrape_at_once(&daemon);
        let is_known = |status: &u16| [200, 503].contains(status);
        assert!(answers.iter().all(is_known), "{answers:?}");
        assert!(answers.contains(&200), "{answers:?}");
        // Those who are still connected and say nothing do not hold up reading either.
        let before = daemon.metrics().value(seen).unwrap_or(0.0);
        daemon.until(|page| page.value(seen).is_some_and(|now| now > before));
        crowd.into_iter().for_each(assert_answers);
        done.store(true, Ordering::Relaxed);
        writer.join().unwrap()
    });
    daemon.until(|page| page.value(seen) == Some(f64::from(lines)));
    let mut last = size(&daemon);
    let small = wait_for(PATIENCE, || {
        last = size(&daemon);
        (last.0 <= descriptors + 8.0 && last.1 <= bytes + f64::from(16 << 20)).then_some(())
    });
    assert!(
        small.is_some(),
        "from {:?} to {last:?}",
        (descriptors, bytes)
    );
    daemon.stop();
}
