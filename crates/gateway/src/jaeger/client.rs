//! Asks Jaeger's query service over HTTP, and asks again where that may help.

use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ureq::Agent;
use ureq::http::{HeaderMap, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use super::Query;
use super::address::{Address, encoded};
use super::response::{Answer, Interface, Unreadable, parse, parse_keeping, reported};
use super::search::{Server, Window};

/// The largest answer that is held in memory, in bytes, unpacked. A larger one is asked in halves.
const BODY_BYTES_MAX: u64 = 32 << 20;

/// The longest message of a server that is read.
const MESSAGE_BYTES_MAX: u64 = 64 << 10;

/// How long building a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Waits between attempts. Then it is a failure.
const WAITS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// A URL without an interface that is known.
pub(super) const NO_INTERFACE: &str =
    "has neither /api/v3/traces nor /api/traces; is its base path missing in the URL?";

/// The longest wait that a server may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);

/// What Jaeger, or rather what is before it, wants to see. Never printed.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing, or what is in the URL.
    #[default]
    None,
    /// Name and password.
    Basic(String, String),
    /// A bearer token.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials")
    }
}

/// Why a search ended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// An answer for the least window is larger than may be held.
    #[error("more than {} MiB of traces began within one microsecond", BODY_BYTES_MAX >> 20)]
    TooLarge,
    /// Asking again later may help.
    #[error("cannot ask jaeger at {address}: {why}")]
    Away {
        /// Whom.
        address: String,
        /// What happened.
        why: String,
    },
    /// Asking again will not help; something has to be changed first.
    #[error("jaeger at {address} {why}")]
    Refused {
        /// Who.
        address: String,
        /// What it said, and the next step.
        why: String,
    },
    /// The certificates cannot be read.
    #[error("expected certificates in PEM form in the file of `--jaeger-ca`: {0}")]
    Authorities(String),
    /// What was found cannot be kept.
    #[error("cannot write `{}`: {why}", path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// What happened.
        why: String,
    },
    /// The search was abandoned.
    #[error("stopped")]
    Stopped,
}

/// The result of one attempt.
pub(super) enum Attempt {
    Done(Answer),
    /// What v3 answers where it finds no traces, and what another server may answer where it has no
    /// such route.
    NothingFound,
    /// This interface is not there.
    NoRoute,
    Failed(Failure),
    /// May go better next time, after a wait the server named.
    Again(String, Option<Duration>),
}

/// A blocking client of one query service.
pub struct Client {
    agent: Agent,
    pub(super) address: Address,
    authorization: Option<String>,
    service: String,
    /// The interface that has answered.
    pub(super) form: Option<Interface>,
    keeps: bool,
    /// Waits between attempts.
    pub(super) waits: &'static [Duration],
}

impl Client {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// [`Failure::Authorities`].
    pub fn new(query: &Query) -> Result<Client, Failure> {
        let tls = match &query.authorities {
            None => TlsConfig::default(),
            Some(pem) => TlsConfig::builder()
                .root_certs(RootCerts::Specific(Arc::new(authorities(pem)?)))
                .build(),
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(query.timeout))
            .user_agent(concat!("logmetrics/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build()
            .new_agent();
        let basic = |name: &str, password: &str| {
            format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
        };
        let authorization = match &query.credentials {
            Credentials::Basic(name, password) => Some(basic(name, password)),
            Credentials::Bearer(token) => Some(format!("Bearer {token}")),
            Credentials::None => query
                .address
                .user()
                .map(|(name, password)| basic(name, password)),
        };
        Ok(Client {
            agent,
            address: query.address.clone(),
            authorization,
            service: query.service.clone(),
            form: None,
            keeps: false,
            waits: &WAITS,
        })
    }

    /// Whether answers have every span as it came, too.
    pub fn keep_spans(&mut self, keeps: bool) {
        self.keeps = keeps;
    }

    /// Asks each question once: somebody waits for what comes of it.
    pub fn without_patience(mut self) -> Client {
        self.waits = &[];
        self
    }

    /// A search by one interface.
    pub(super) fn search(&self, form: Interface, window: Window, limit: u32) -> Attempt {
        let Some(url) = self.url(form, window, limit) else {
            return Attempt::Failed(self.refused("cannot be asked for times so far away"));
        };
        match self.get(&url) {
            Ok((status, headers, body)) => self.judge(form, status, &headers, &body),
            Err(attempt) => attempt,
        }
    }

    /// Status, headers and body of an answer.
    pub(super) fn get(&self, url: &str) -> Result<(u16, HeaderMap, Vec<u8>), Attempt> {
        let mut request = self
            .agent
            .get(url)
            .header(header::ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let mut response = match request.call() {
            Ok(response) => response,
            Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                let failure = self.refused(&format!("cannot be asked: {error}"));
                return Err(Attempt::Failed(failure));
            }
            Err(error) if is_distrust(&error) => {
                let failure = self.refused(&format!(
                    "shows a certificate that is not trusted ({error}); see `--jaeger-ca`"
                ));
                return Err(Attempt::Failed(failure));
            }
            Err(error) => return Err(Attempt::Again(error.to_string(), None)),
        };
        let status = response.status().as_u16();
        let most = if status == 200 {
            BODY_BYTES_MAX
        } else {
            MESSAGE_BYTES_MAX
        };
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        if let Err(error) = reader.take(most + 1).read_to_end(&mut body) {
            let why = format!("the answer was cut short: {error}");
            return Err(Attempt::Again(why, None));
        }
        if status == 200 && body.len() as u64 > most {
            return Err(Attempt::Failed(Failure::TooLarge));
        }
        Ok((status, response.headers().clone(), body))
    }

    fn parse(&self, body: &[u8], form: Interface) -> Result<Answer, Unreadable> {
        let parse = if self.keeps { parse_keeping } else { parse };
        parse(body, form, &self.service)
    }

    pub(super) fn judge(
        &self,
        form: Interface,
        status: u16,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Attempt {
        // Jaeger answers with its page under every path that it does not know.
        let is_page = body.trim_ascii_start().starts_with(b"<");
        let error = error_of(body);
        match status {
            200 if is_page => Attempt::NoRoute,
            200 => match self.parse(body, form) {
                Ok(answer) => Attempt::Done(answer),
                Err(Unreadable::Foreign) => Attempt::NoRoute,
                Err(error) => Attempt::Again(error.to_string(), None),
            },
            404 if form == Interface::V3 && is_v3_error(body) => Attempt::NothingFound,
            404 | 405 | 410 | 501 => Attempt::NoRoute,
            401 | 403 => Attempt::Failed(self.refused(&format!(
                "answers {status}: it wants other credentials; see `--jaeger-user` and `--jaeger-token-file`"
            ))),
            408 | 429 | 500.. => {
                let wait = headers.get(header::RETRY_AFTER);
                let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse().ok());
                let why = format!("it answers {status} {}", error.unwrap_or_default());
                Attempt::Again(why.trim_end().to_owned(), wait.map(Duration::from_secs))
            }
            // A server that speaks the older interface only need not say 404.
            400 if form == Interface::V3 && error.is_none() => Attempt::NoRoute,
            _ => {
                let why = format!("answers {status} {}", error.unwrap_or_default());
                Attempt::Failed(self.refused(why.trim_end()))
            }
        }
    }

    /// Raw traces: Jaeger would otherwise move spans in time, to hide differences of clocks.
    fn url(&self, form: Interface, window: Window, limit: u32) -> Option<String> {
        let service = encoded(&self.service);
        Some(match form {
            Interface::V3 => {
                let time = |us: u64| {
                    let us = i64::try_from(us).ok()?;
                    let time = jiff::Timestamp::from_microsecond(us).ok()?;
                    Some(encoded(&format!("{time:.9}")))
                };
                let (start, end) = (time(window.start_us)?, time(window.end_us)?);
                self.address.join(&format!(
                    "/api/v3/traces?query.serviceName={service}&query.startTimeMin={start}\
                     &query.startTimeMax={end}&query.searchDepth={limit}&query.rawTraces=true"
                ))
            }
            Interface::V1 => self.address.join(&format!(
                "/api/traces?service={service}&start={}&end={}&limit={limit}&raw=true",
                window.start_us, window.end_us
            )),
        })
    }

    /// Waits before the next attempt, as long as the server said or as is our way.
    pub(super) fn wait(
        &self,
        waits: &mut std::slice::Iter<'_, Duration>,
        (why, named): (String, Option<Duration>),
    ) -> Result<(), Failure> {
        let Some(&wait) = waits.next() else {
            return Err(Failure::Away {
                address: self.address.to_string(),
                why,
            });
        };
        tracing::debug!("jaeger at {}: {why}; asking again", self.address);
        std::thread::sleep(named.map_or(wait, |named| named.min(RETRY_AFTER_MAX)));
        Ok(())
    }

    pub(super) fn refused(&self, why: &str) -> Failure {
        Failure::Refused {
            address: self.address.to_string(),
            why: why.to_owned(),
        }
    }
}

impl Server for Client {
    fn ask(&mut self, window: Window, limit: u32) -> Result<Answer, Failure> {
        let mut waits = self.waits.iter();
        loop {
            let why = match self.attempt(window, limit) {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Failed(failure) => return Err(failure),
                Attempt::Again(why, named) => (why, named),
                Attempt::NothingFound => return Ok(Answer::default()),
                Attempt::NoRoute => return Err(self.refused(NO_INTERFACE)),
            };
            self.wait(&mut waits, why)?;
        }
    }
}

/// Whether the server showed a certificate that is not good enough: the next time it will, too.
fn is_distrust(error: &ureq::Error) -> bool {
    use tokio_rustls::rustls;
    let ureq::Error::Io(error) = error else {
        return false;
    };
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
}

/// What a JSON error says: `{"error":{…}}` of v3, `{"errors":[…]}` of the older interface.
fn error_of(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error").or_else(|| body.get("errors"))?;
    Some(reported(&error.to_string()))
}

/// Whether a body is an error as v3 writes it: `{"error":{"httpCode":404,"message":"…"}}`.
fn is_v3_error(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) else {
        return false;
    };
    let error = body.get("error").and_then(|error| error.as_object());
    let keys = ["httpCode", "grpcCode", "message"];
    error.is_some_and(|error| keys.iter().any(|key| error.contains_key(*key)))
}

fn authorities(pem: &[u8]) -> Result<Vec<ureq::tls::Certificate<'static>>, Failure> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(Failure::Authorities(error.to_string())),
        }
    }
    if certificates.is_empty() {
        return Err(Failure::Authorities("there are none".to_owned()));
    }
    Ok(certificates)
}
