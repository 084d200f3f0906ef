//! Standard error that fails or that nobody reads: counting goes on.

use std::fs::OpenOptions;
use std::io::{Read, Write, pipe};
use std::process::{Command, Stdio};

use crate::fixture::{PATIENCE, Scratch, wait_for};

/// Runs with this standard error, writes `lines` and waits until they are counted.
fn counts_with(stderr: Stdio) {
    let scratch = Scratch::new();
    scratch.write(
        "rules.toml",
        "[[rule]]\nmatch = 'a'\nmetric = [{ counter = 'seen' }]\n",
    );
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap().to_string();
    drop(port);
    let mut child = Command::new(env!("CARGO_BIN_EXE_logmetrics"))
        .args(["--log-level", "trace", "--listen", &address, "--rules"])
        .arg(scratch.path("rules.toml"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"a\na\n").unwrap();
    let counted = wait_for(PATIENCE, || {
        let mut stream = std::net::TcpStream::connect(&address).ok()?;
        let request = "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).ok()?;
        page.contains("\nseen 2\n").then_some(())
    });
    let still_runs = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(counted.is_some() && still_runs, "{counted:?} {still_runs}");
}

#[test]
fn a_full_disk_ends_nothing() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    counts_with(full.into());
}

#[test]
fn a_closed_pipe_ends_nothing() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    counts_with(writer.into());
}

#[test]
fn a_pipe_that_nobody_reads_blocks_nothing() {
    let (_reader, mut writer) = pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::empty()).unwrap();
    counts_with(writer.into());
}
