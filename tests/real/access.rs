//! The README's Prometheus configuration for a closed door: promtool takes it, and Prometheus comes in.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::fixture::{Client, PATIENCE, Run, Scratch, repository, text, wait_for};

/// The README's configuration, with this target.
fn configuration(target: &str) -> String {
    let readme = text("README.md");
    let mut fences = readme.split("```yaml\n").skip(1);
    let fence = fences.find(|fence| fence.contains("basic_auth:")).unwrap();
    let configuration = fence.split("```").next().unwrap();
    let scraping = "global: {scrape_interval: 1s, scrape_timeout: 1s}\n";
    scraping.to_owned() + &configuration.replace("localhost:3903", target)
}

#[test]
#[ignore = "needs Prometheus and promtool"]
fn prometheus_comes_in_by_tls_with_a_password() {
    let scratch = Scratch::new();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    scratch.write("ca.crt", made.cert.pem());
    scratch.write("tls.key", made.signing_key.serialize_pem());
    scratch.write("password", "opens");
    let hash = bcrypt::hash("opens", 10).unwrap();
    scratch.write("users", format!("prometheus:{hash}\n"));
    let daemon = Run::new()
        .arg("--tls-cert")
        .arg(scratch.path("ca.crt"))
        .arg("--tls-key")
        .arg(scratch.path("tls.key"))
        .arg("--basic-auth-file")
        .arg(scratch.path("users"))
        .arg(repository("tests/data/agentgateway/text.log"))
        .start();

    let file = scratch.write("prometheus.yml", configuration(daemon.address()));
    let checked = Command::new("promtool")
        .args(["check", "config"])
        .arg(&file)
        .status();
    assert!(checked.unwrap().success());

    // Prometheus does not say which port it got, so one is found for it.
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let mut prometheus = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            scratch.path("tsdb").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let client = Client::new(format!("http://{address}"));
    let found = wait_for(PATIENCE, || {
        let query = "/api/v1/query?query=sum(requests_by_user)";
        let answer = client.try_request("GET", query, &[]).ok()?;
        answer.text().contains("\"398\"").then_some(())
    });
    prometheus.kill().unwrap();
    prometheus.wait().unwrap();
    assert!(found.is_some(), "{}", daemon.said());
    daemon.stop();
}
