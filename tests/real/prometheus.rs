//! A real Prometheus scrapes logmetrics, and its query API gives what the log says.

use std::process::{Child, Command, Stdio};

use crate::fixture::{Client, Daemon, PATIENCE, Run, Scratch, repository, wait_for};

/// A running Prometheus, killed when the test ends.
pub struct Prometheus {
    child: Child,
    client: Client,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Scrapes `target` every second, and evaluates the rules of the folder as often.
    #[track_caller]
    pub fn start(scratch: &Scratch, target: &Daemon, flags: &[&str]) -> Self {
        let configuration = scratch.write(
            "prometheus.yml",
            format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
                 rule_files: ['*.rules.yml']\n\
                 scrape_configs:\n\
                 - job_name: logmetrics\n  \
                   static_configs: [{{targets: ['{}']}}]\n",
                target.address()
            ),
        );
        // Prometheus does not say which port it got, so one is found for it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = port.local_addr().unwrap();
        drop(port);
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                scratch.path("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .args(flags)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let prometheus = Prometheus {
            child,
            client: Client::new(format!("http://{address}")),
        };
        let ready = wait_for(PATIENCE, || {
            let answer = prometheus.client.try_request("GET", "/-/ready", &[]).ok()?;
            (answer.status == 200).then_some(())
        });
        assert!(ready.is_some(), "Prometheus does not start");
        prometheus
    }

    /// The result of an instant query.
    #[track_caller]
    pub fn query(&self, query: &str) -> serde_json::Value {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = self.client.get(&format!("/api/v1/query?query={encoded}"));
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["status"], "success", "{answer}");
        answer["data"]["result"].clone()
    }

    /// Waits until a query gives one sample with this value.
    #[track_caller]
    pub fn until(&self, query: &str, value: &str) {
        let mut last = serde_json::Value::Null;
        let found = wait_for(PATIENCE, || {
            last = self.query(query);
            (last[0]["value"][1] == value).then_some(())
        });
        assert!(found.is_some(), "{query}: {last}, not {value}");
    }
}

/// What every Prometheus must say of the text sample.
#[track_caller]
fn assert_scraped(flags: &[&str]) {
    let scratch = Scratch::new();
    let sample = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    let log = scratch.write("gateway.log", sample);
    let daemon = Run::new().arg(log).start();
    daemon.until_ready();
    let prometheus = Prometheus::start(&scratch, &daemon, flags);
    prometheus.until("sum(requests_by_user)", "398");
    prometheus.until(
        "requests_by_user{user_email='alice@example.com',route='default/openai-gpt',status='200'}",
        "48",
    );
    prometheus.until("up{job='logmetrics'}", "1");
    prometheus.until("sum(ai_gateway_request_duration_seconds_count)", "398");

    // A user seen for the first time at 7 has grown by 7, because the series is shown at 0 first.
    let line = "2026-11-23T15:19:33.229071Z\tinfo\trequest gateway=default/default \
                route=default/openai-gpt http.status=200 duration=4ms \
                http.header.x-user-email=\"new@example.com\"\n";
    scratch.append("gateway.log", line.repeat(7));
    prometheus.until("requests_by_user{user_email='new@example.com'}", "7");
    let samples = prometheus.query("requests_by_user{user_email='new@example.com'}[1m]");
    assert_eq!(samples[0]["values"][0][1], "0", "{samples}");
    daemon.stop();
}

#[test]
#[ignore = "needs Prometheus"]
fn prometheus_scrapes_openmetrics() {
    assert_scraped(&[]);
}

#[test]
#[ignore = "needs Prometheus"]
fn prometheus_scrapes_protobuf() {
    assert_scraped(&["--enable-feature=native-histograms"]);
}

#[test]
#[ignore = "needs Prometheus"]
fn the_doctor_sees_whether_prometheus_scrapes_and_the_metric_grows() {
    let scratch = Scratch::new();
    let sample = std::fs::read(repository("tests/data/agentgateway/text.log")).unwrap();
    let log = scratch.write("gateway.log", "");
    let daemon = Run::new().arg(&log).start();
    let prometheus = Prometheus::start(&scratch, &daemon, &[]);
    prometheus.until("up{job='logmetrics'}", "1");
    let url = format!("http://{}", prometheus.client.address());
    let doctor = || Run::new().arg("doctor").arg("--prometheus").arg(&url);

    let run = doctor().go().code(1);
    assert!(
        run.stdout.contains("1 target of logmetrics up"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("there is no `requests_by_user`"),
        "{}",
        run.stdout
    );

    scratch.append("gateway.log", sample);
    prometheus.until("sum(requests_by_user)", "398");
    prometheus.until("sum(increase(requests_by_user[1h])) > bool 0", "1");
    let run = doctor().go().success();
    assert!(
        run.stdout
            .contains("`requests_by_user` has 86 series and grew by"),
        "{}",
        run.stdout
    );

    daemon.stop();
    prometheus.until("up{job='logmetrics'}", "0");
    let run = doctor().go().code(1);
    assert!(run.stdout.contains("is down: "), "{}", run.stdout);
}

#[test]
#[ignore = "needs promtool"]
fn promtool_finds_nothing_but_the_promised_name() {
    let daemon = Run::new()
        .arg(repository("tests/data/agentgateway/text-edge.log"))
        .start();
    daemon.until_ready();
    let scratch = Scratch::new();
    let page = scratch.write("page", daemon.metrics().0);
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::fs::File::open(page).unwrap())
        .output()
        .unwrap();
    let said =
        String::from_utf8_lossy(&promtool.stderr) + String::from_utf8_lossy(&promtool.stdout);
    // The name is what dashboards of our users already ask for.
    let known = "requests_by_user counter metrics should have \"_total\" suffix";
    let complaints: Vec<_> = said.lines().filter(|line| *line != known).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(said.contains(known), "promtool read nothing: {said}");
    daemon.stop();
}
