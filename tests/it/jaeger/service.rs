//! A Jaeger query service with the recorded traces, as good or as bad as a test wants it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use tokio_rustls::rustls;

use crate::fixture::repository;

/// How the service behaves.
#[derive(Clone)]
pub struct Manner {
    /// Whether `/api/v3/traces` is there.
    pub v3: bool,
    /// Whether `/api/traces` is there.
    pub v1: bool,
    /// Never more traces than this, whatever is asked for.
    pub cap: usize,
    /// What stands before `/api`.
    pub base: &'static str,
    /// The header that is wanted.
    pub authorization: Option<&'static str>,
    /// Every so many requests one goes wrong, each time in another way.
    pub fault_every: usize,
    /// So many requests at first are answered with: come back in a second.
    pub busy: usize,
    /// Every answer takes so long.
    pub delay: Duration,
    /// The services that it knows.
    pub services: &'static [&'static str],
    /// A text that all answers have in the place of another.
    pub instead: (&'static str, &'static str),
    /// The folder of the recorded traces.
    pub recording: &'static str,
    /// Whether the lists of services are there.
    pub lists_services: bool,
    /// What is answered under a path that is not there: status and body.
    pub unknown: (u16, &'static str),
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            v3: true,
            v1: true,
            cap: usize::MAX,
            base: "",
            authorization: None,
            fault_every: usize::MAX,
            busy: 0,
            delay: Duration::ZERO,
            services: &["jaeger", "agentgateway"],
            instead: ("", ""),
            lists_services: true,
            recording: "tests/data/jaeger",
            // As Jaeger does: its page under every other path.
            unknown: (200, "<!doctype html><title>Jaeger UI</title>"),
        }
    }
}

/// A trace: a request's span, and of some requests a second one within it.
struct Trace {
    /// When each span began.
    starts_us: Vec<u64>,
    v3: Vec<Value>,
    v1: Value,
}

/// A running service.
pub struct Jaeger {
    /// `http://127.0.0.1:PORT` with the base path.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    manner: Mutex<Manner>,
    traces: Vec<Trace>,
    /// How many of the traces, in a mixed order, are there already.
    visible: AtomicUsize,
    asked: AtomicUsize,
}

impl Jaeger {
    /// Begins to serve; the traces are moved to the last minute.
    pub fn start(manner: Manner) -> Jaeger {
        Jaeger::serve(manner, None)
    }

    /// The same by TLS, with a certificate of an authority of its own; gives that authority's, in PEM.
    pub fn start_closed(manner: Manner) -> (Jaeger, String) {
        let (config, authority) = certified();
        (Jaeger::serve(manner, Some(Arc::new(config))), authority)
    }

    fn serve(manner: Manner, tls: Option<Arc<ServerConfig>>) -> Jaeger {
        let traces = recorded(manner.recording);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = listener.local_addr().unwrap();
        let url = format!("{scheme}://{address}{}", manner.base);
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            visible: AtomicUsize::new(traces.len()),
            traces,
            asked: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (served, stream, tls) = (Arc::clone(&served), stream.unwrap(), tls.clone());
                // A client that goes away is no fault of the test.
                std::thread::spawn(move || match tls {
                    None => _ = served.answer(stream),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        _ = served.answer(StreamOwned::new(connection, stream));
                    }
                });
            }
        });
        Jaeger { url, shared }
    }

    /// Shows only so many of the 398 traces from now on; the others come late.
    pub fn show(&self, traces: usize) {
        self.shared.visible.store(traces, Ordering::SeqCst);
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.shared.manner.lock().unwrap());
    }

    /// Its spans as one of the interfaces gives them.
    pub fn spans(&self, v3: bool) -> Vec<Value> {
        let traces = self.shared.traces.iter();
        let spans = traces.flat_map(|trace| match v3 {
            true => trace.v3.clone(),
            false => trace.v1["spans"].as_array().unwrap().clone(),
        });
        spans.collect()
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn answer(&self, stream: impl Read + Write) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut first, mut line, mut authorization) = (String::new(), String::new(), None);
        reader.read_line(&mut first)?;
        while reader.read_line(&mut line)? > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("authorization:") {
                authorization = Some(line[line.len() - value.len()..].trim().to_owned());
            }
            line.clear();
        }
        let mut stream = reader.into_inner();
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let manner = self.manner.lock().unwrap().clone();
        if number <= manner.busy {
            let headers = "retry-after: 1\r\ncontent-length: 0\r\nconnection: close";
            return write!(stream, "HTTP/1.1 429 X\r\n{headers}\r\n\r\n");
        }
        std::thread::sleep(manner.delay);
        let target = first.split(' ').nth(1).unwrap_or_default();
        let is_wanted = |wanted: &str| authorization.as_deref() == Some(wanted);
        let (status, body) = if manner
            .authorization
            .is_some_and(|wanted| !is_wanted(wanted))
        {
            (401, "who are you?".to_owned())
        } else {
            let (status, body) = self.page(&manner, target);
            let (text, instead) = manner.instead;
            match text {
                "" => (status, body),
                text => (status, body.replace(text, instead)),
            }
        };
        let fault = number.is_multiple_of(manner.fault_every);
        let (status, sent) = match number / manner.fault_every % 3 {
            // The connection is cut before the answer, in the midst of it, or the answer is an error.
            0 if fault => return Ok(()),
            1 if fault => (status, &body[..body.len() / 2]),
            2 if fault => (503, "overloaded"),
            _ => (status, body.as_str()),
        };
        let length = if fault && status == 503 {
            sent.len()
        } else {
            body.len()
        };
        write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{sent}"
        )?;
        stream.flush()
    }

    fn page(&self, manner: &Manner, target: &str) -> (u16, String) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(key, _)| *key == name)?;
            Some(found.1.replace("%3A", ":").replace("%20", " "))
        };
        let number = |name: &str| value(name).unwrap().parse::<u64>().unwrap();
        match path.strip_prefix(manner.base) {
            Some("/api/v3/traces") if manner.v3 => {
                let time = |name: &str| {
                    let time: jiff::Timestamp = value(name).unwrap().parse().unwrap();
                    time.as_microsecond() as u64
                };
                let found = self.search(
                    &value("query.serviceName").unwrap(),
                    (time("query.startTimeMin"), time("query.startTimeMax")),
                    (number("query.searchDepth") as usize).min(manner.cap),
                );
                if found.is_empty() {
                    let message = json!({"error": {"httpCode": 404, "message": "No traces found"}});
                    return (404, message.to_string());
                }
                let spans: Vec<_> = found.iter().flat_map(|trace| &trace.v3).collect();
                let service =
                    json!({"key": "service.name", "value": {"stringValue": "agentgateway"}});
                let resource = json!({"resource": {"attributes": [service]}, "scopeSpans": [{"spans": spans}]});
                (
                    200,
                    json!({"result": {"resourceSpans": [resource]}}).to_string(),
                )
            }
            Some("/api/traces") if manner.v1 => {
                let found = self.search(
                    &value("service").unwrap(),
                    (number("start"), number("end")),
                    (number("limit") as usize).min(manner.cap),
                );
                let traces: Vec<_> = found.iter().map(|trace| &trace.v1).collect();
                (
                    200,
                    json!({"data": traces, "total": 0, "errors": null}).to_string(),
                )
            }
            Some("/api/v3/services") if manner.v3 && manner.lists_services => {
                (200, json!({"services": manner.services}).to_string())
            }
            Some("/api/services") if manner.v1 && manner.lists_services => (
                200,
                json!({"data": manner.services, "errors": null}).to_string(),
            ),
            Some(_) => (manner.unknown.0, manner.unknown.1.to_owned()),
            None => (404, "404 page not found".to_owned()),
        }
    }

    fn search(&self, service: &str, (start, end): (u64, u64), limit: usize) -> Vec<&Trace> {
        let visible = self.visible.load(Ordering::SeqCst);
        let mut found: Vec<_> = self.traces[..visible].iter().collect();
        found.retain(|trace| {
            service == "agentgateway" && trace.starts_us.iter().any(|at| (start..=end).contains(at))
        });
        found.sort_by_key(|trace| std::cmp::Reverse(trace.starts_us[0]));
        found.truncate(limit);
        found
    }
}

/// A server's side of TLS for the loopback address, and the authority to trust.
fn certified() -> (ServerConfig, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = names.signed_by(&key, &issuer).unwrap();
    let chain = vec![CertificateDer::from(certificate)];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (config, pem)
}

/// The recorded traces in a mixed order, the last of them as if begun ten seconds ago.
fn recorded(folder: &str) -> Vec<Trace> {
    let (v3, v1) = (
        answer_of(folder, "api-v3-traces"),
        answer_of(folder, "api-traces"),
    );
    let mut traces: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for resource in v3["result"]["resourceSpans"].as_array().unwrap() {
        for span in resource["scopeSpans"][0]["spans"].as_array().unwrap() {
            let trace = span["traceId"].as_str().unwrap().to_owned();
            traces.entry(trace).or_default().push(span.clone());
        }
    }
    let number = |value: &Value| -> u64 { value.as_str().unwrap().parse().unwrap() };
    let start = |span: &Value| number(&span["startTimeUnixNano"]);
    let last = traces.values().flatten().map(start).max().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // Whole microseconds, so that both forms still agree. It may be to the past.
    let by_us = now.as_micros() as i64 - 10_000_000 - (last / 1_000) as i64;
    let v1 = v1["data"].as_array().unwrap();
    assert_eq!(traces.len(), v1.len());
    let moved = |mut trace: Value| {
        let mut spans = traces[trace["traceID"].as_str().unwrap()].clone();
        for span in &mut spans {
            for key in ["startTimeUnixNano", "endTimeUnixNano"] {
                let moved = number(&span[key]) as i64 + by_us * 1_000;
                span[key] = json!(moved.to_string());
            }
            let same = trace["spans"].as_array_mut().unwrap().iter_mut();
            for old in same.filter(|old| old["spanID"] == span["spanId"]) {
                old["startTime"] = json!(start(span) / 1_000);
            }
        }
        Trace {
            starts_us: spans.iter().map(|span| start(span) / 1_000).collect(),
            v3: spans,
            v1: trace,
        }
    };
    let mut traces: Vec<_> = v1.iter().cloned().map(moved).collect();
    traces.sort_by_key(|trace| trace.v3[0]["spanId"].to_string());
    traces
}

/// A recorded answer; a newer recording is compressed.
fn answer_of(folder: &str, name: &str) -> Value {
    let plain = repository(&format!("{folder}/{name}.json"));
    if plain.exists() {
        return serde_json::from_slice(&std::fs::read(plain).unwrap()).unwrap();
    }
    let packed = std::fs::File::open(repository(&format!("{folder}/{name}.json.gz"))).unwrap();
    serde_json::from_reader(flate2::read::GzDecoder::new(packed)).unwrap()
}
