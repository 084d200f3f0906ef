//! The name `mtail`, sockets as logs and as the door, and collectors that metrics are pushed to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};

use crate::fixture::{PATIENCE, Run, Scratch, wait_for};

const COUNT: &str = "counter lines by k\n/^(\\S+)/ {\n  lines[$1]++\n}\n";

#[test]
fn called_by_the_name_of_mtail_it_is_mtail() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", COUNT);
    let log = scratch.write("a.log", "x\n");
    let link = scratch.path("mtail");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_logmetrics"), &link).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(&link)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        output.unwrap()
    };
    let version = run(&["-version"]);
    let text = String::from_utf8_lossy(&version.stdout).into_owned();
    assert!(
        version.status.success() && text.contains("as mtail"),
        "{text}"
    );
    // Without programs, and with a flag of ours alone, it is still mtail.
    let none = run(&["-logs", "x"]);
    assert_eq!(none.status.code(), Some(1));
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("-progs"), "{said}");
    let counted = run(&[
        "-one_shot",
        "-one_shot_format=prometheus",
        &format!("-logs={}", log.display()),
        &format!("-progs={}", program.display()),
    ]);
    let page = String::from_utf8_lossy(&counted.stdout).into_owned();
    assert!(page.contains("lines{k=\"x\",prog=\"p.mtail\"} 1"), "{page}");
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn sockets_are_logs() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", COUNT.replace("\\S+)", "\\S+) end$"));
    let (stream, datagrams) = (scratch.path("s.sock"), scratch.path("d.sock"));
    let (tcp, udp) = (free_port(), free_port());
    let logs = format!(
        "unix://{},unixgram://{},tcp://127.0.0.1:{tcp},udp://127.0.0.1:{udp}",
        stream.display(),
        datagrams.display()
    );
    let daemon = Run::new()
        .args("-address 127.0.0.1 -port 0 -progs")
        .arg(&program)
        .arg("-logs")
        .arg(&logs)
        .start();
    daemon.until_ready();
    let mut one = UnixStream::connect(&stream).unwrap();
    let mut other = UnixStream::connect(&stream).unwrap();
    one.write_all(b"stream en").unwrap();
    other.write_all(b"stream end").unwrap();
    drop(other);
    one.write_all(b"d\nhalf").unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to(b"unixgram end", &datagrams).unwrap();
    sender
        .send_to(b"unixgram end\nunixgram end\n", &datagrams)
        .unwrap();
    let mut connection = TcpStream::connect(("127.0.0.1", tcp)).unwrap();
    connection.write_all(b"tcp end\r\n").unwrap();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"udp end", ("127.0.0.1", udp)).unwrap();
    for (name, count) in [
        ("stream", 2.0),
        ("unixgram", 3.0),
        ("tcp", 1.0),
        ("udp", 1.0),
    ] {
        let series = format!("lines{{k=\"{name}\",prog=\"p.mtail\"}}");
        daemon.until(|page| page.value(&series) == Some(count));
    }
    daemon.stop();
    assert!(!stream.exists() && !datagrams.exists());
}

#[test]
fn rules_read_sockets_too() {
    let scratch = Scratch::new();
    let rules = scratch.write(
        "r.toml",
        "[[rule]]\nmatch = 'user=(?P<user>\\S+)'\nmetric = [{ counter = 'seen', by = ['user'] }]\n",
    );
    let socket = scratch.path("x.sock");
    let address = format!("unix://{}", socket.display());
    let daemon = Run::new().rules(&rules).arg(&address).start();
    daemon.until_ready();
    UnixStream::connect(&socket)
        .unwrap()
        .write_all(b"user=ann\n")
        .unwrap();
    daemon.until(|page| page.value("seen{user=\"ann\"}") == Some(1.0));
    daemon.stop();
    let once = Run::new().rules(&rules).arg("--once").arg(&address).go();
    assert_ne!(once.status, Some(0));
    once.calm().says(&["a socket has no end"]);
    Run::new()
        .rules(&rules)
        .arg("tcp://nowhere")
        .go()
        .code(2)
        .says(&["tcp://127.0.0.1:514"]);
}

#[test]
fn a_socket_is_the_door_where_that_is_asked() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", COUNT);
    let log = scratch.write("a.log", "x\n");
    let door = scratch.path("door.sock");
    // As a killed program leaves it.
    drop(UnixListener::bind(&door).unwrap());
    let daemon = Run::new()
        .arg("-unix_socket")
        .arg(&door)
        .args("--from start -progs")
        .arg(&program)
        .arg("-logs")
        .arg(&log)
        .start();
    let ask = || {
        let mut stream = UnixStream::connect(&door).ok()?;
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer
            .contains("lines{k=\"x\",prog=\"p.mtail\"} 1")
            .then_some(answer)
    };
    let answer = wait_for(PATIENCE, ask).unwrap_or_else(|| panic!("{}", daemon.said()));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    daemon.stop();
    assert!(!door.exists());
}

#[test]
fn metrics_are_pushed_to_collectors() {
    let scratch = Scratch::new();
    let program = scratch.write("p.mtail", COUNT);
    let log = scratch.write("a.log", "x\nx\n");
    let collectd = UnixListener::bind(scratch.path("collectd.sock")).unwrap();
    let graphite = TcpListener::bind("127.0.0.1:0").unwrap();
    let statsd = UdpSocket::bind("127.0.0.1:0").unwrap();
    statsd.set_read_timeout(Some(PATIENCE)).unwrap();
    let daemon = Run::new()
        .args("-address 127.0.0.1 -port 0 --from start -metric_push_interval 100ms")
        .args("-graphite_prefix all. -statsd_prefix s. -collectd_prefix c- -progs")
        .arg(&program)
        .arg("-logs")
        .arg(&log)
        .arg("-collectd_socketpath")
        .arg(scratch.path("collectd.sock"))
        .arg(format!(
            "-graphite_host_port={}",
            graphite.local_addr().unwrap()
        ))
        .arg(format!("-statsd_hostport={}", statsd.local_addr().unwrap()))
        .start();
    let mut seen = String::new();
    while !seen.contains("mtail-p.mtail/counter-lines-k-x\" interval=0 ") {
        let (mut stream, _) = collectd.accept().unwrap();
        stream.read_to_string(&mut seen).unwrap();
    }
    assert!(
        seen.starts_with("PUTVAL \"") && seen.contains("/c-mtail-") && seen.contains(":2\n"),
        "{seen}"
    );
    let mut seen = String::new();
    while !seen.contains("all.p.mtail.lines.k.x 2 ") {
        let (mut stream, _) = graphite.accept().unwrap();
        stream.read_to_string(&mut seen).unwrap();
    }
    let mut datagram = [0; 1024];
    let length = statsd.recv(&mut datagram).unwrap();
    assert_eq!(&datagram[..length], b"s.p.mtail.lines.k.x:2|c");
    // Nobody is there any more: it is said once, counted, and reading goes on.
    drop(collectd);
    let errors = "logmetrics_push_errors_total{target=\"collectd\"}";
    daemon.until(|page| page.value(errors).is_some_and(|count| count >= 3.0));
    scratch.append("a.log", "x\n");
    daemon.until(|page| page.value("lines{k=\"x\",prog=\"p.mtail\"}") == Some(3.0));
    let page = daemon.metrics();
    let sent = page.value("logmetrics_pushed_samples_total{target=\"statsd\"}");
    assert!(sent.is_some_and(|count| count >= 1.0), "{sent:?}");
    let said = daemon.stop();
    assert_eq!(said.matches("cannot push to collectd").count(), 1, "{said}");
}
