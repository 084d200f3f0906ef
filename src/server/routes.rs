//! Request in, whole response out. No sockets, no limits of connections; what is said comes from
//! [`Backend`].
//!
//! | path | methods | answer |
//! | --- | --- | --- |
//! | `/` | GET, HEAD | the status page |
//! | `/metrics` | GET, HEAD | one scrape, in the form `Accept` and the coding `Accept-Encoding` asks for |
//! | `/healthz` | GET, HEAD | 200 `ok` |
//! | `/readyz` | GET, HEAD | 200 `ok`, or 503 until the content that existed at the start is read; then what does not go well, a line each |
//! | `/-/reload` | POST | reloads the rules: 200, or 422 with what is wrong; 403 unless it is allowed, and for pages of other sites; 429 for more than a few a second |
//! | `/favicon.ico` | GET, HEAD | 204, so that browsers log no 404 |
//!
//! As mtail there are also `/json`, `/varz`, `/graphite` and `/progz`. Everything else is 404; another method is 405. A request's body is never read. Where passwords or
//! tokens are asked for, all but `/healthz` and `/readyz` is 401 without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;

use super::auth::Verdict;
use super::body::Body;

use super::{Access, Backend, Limits, Peer, Readiness, Reloaded, Scrape, Scraper};
use logmetrics_core::exposition;
use logmetrics_core::exposition::content_encoding::{self, Encoding};

/// Prometheus says by this header that it is Prometheus, and how long it waits, in seconds.
const SCRAPE_TIMEOUT: HeaderName = HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The page has no script, loads nothing, sends nothing and is shown in no frame. Its style is in it,
/// and what comes from logs is escaped.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                           form-action 'none'; frame-ancestors 'none'";

const NO_LIFECYCLE: &str = "\
reloading by HTTP is off; start logmetrics with --enable-lifecycle (a changed rules file is noticed without it)
";

const OTHER_SITE: &str = "\
a page of another site may not reload the rules
";

/// Reloads by HTTP that may begin within a second: each compiles all rules.
const RELOADS_PER_SECOND: usize = 3;

const NOT_FOUND: &str = "\
nothing is here; logmetrics serves
  /metrics  the metrics, for Prometheus
  /         the status page, for people
  /healthz  whether it runs
  /readyz   whether it has read what existed when it started
and with --enable-lifecycle
  POST /-/reload  reads the rules again
";

/// Answers requests.
pub struct Routes {
    backend: Arc<dyn Backend>,
    readiness: Readiness,
    access: Arc<Access>,
    /// Held while a reload runs.
    reloading: tokio::sync::Mutex<RecentReloads>,
    scrapes: Arc<Semaphore>,
    /// Scrapes that wait.
    waiting: AtomicUsize,
    waiting_max: usize,
}

impl Routes {
    /// Routes to this content.
    pub fn new(
        backend: Arc<dyn Backend>,
        readiness: Readiness,
        limits: &Limits,
        access: Arc<Access>,
    ) -> Self {
        Self {
            backend,
            readiness,
            access,
            reloading: tokio::sync::Mutex::default(),
            scrapes: Arc::new(Semaphore::new(limits.scrapes_max)),
            waiting: AtomicUsize::new(0),
            waiting_max: limits.scrapes_waiting_max,
        }
    }

    /// The answer to one request from `peer`. Waits only where other scrapes are served first, or while a
    /// password is checked.
    pub async fn answer<B>(&self, request: &Request<B>, peer: &Peer) -> Response<Body> {
        let path = request.uri().path();
        // An orchestrator has no password; these two say nothing of what is counted.
        if !matches!(path, "/healthz" | "/readyz") {
            match self
                .access
                .auth
                .admits(request.headers(), peer.address)
                .await
            {
                Verdict::Allowed => {}
                Verdict::Unauthorized => return self.unauthorized(request.method()),
                Verdict::Busy => return busy("too many passwords to check; try again\n"),
            }
        }
        if path == "/-/reload" {
            return self.reload(request.method(), request.headers()).await;
        }
        if !matches!(
            path,
            "/" | "/metrics" | "/healthz" | "/readyz" | "/favicon.ico"
        ) {
            return self.other_page(request);
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return method_not_allowed(request.method(), "GET, HEAD");
        }
        match path {
            "/metrics" => self.metrics(request, peer).await,
            "/readyz" => self.readyz(request.method()),
            "/healthz" => plain(request.method(), StatusCode::OK, "ok\n"),
            "/favicon.ico" => favicon(),
            _ => self.status_page(request.method()),
        }
    }

    /// Readiness does not depend on what goes wrong outside, but is the place where people look.
    fn readyz(&self, method: &Method) -> Response<Body> {
        let (status, mut text) = match self.readiness.is_ready() {
            true => (StatusCode::OK, "ok\n".to_owned()),
            false => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not ready: reading existing content\n".to_owned(),
            ),
        };
        for trouble in self.backend.troubles() {
            text.push_str(&format!("warning: {trouble}\n"));
        }
        whole(method, status, PLAIN, text.into())
    }

    fn other_page<B>(&self, request: &Request<B>) -> Response<Body> {
        let (method, uri) = (request.method(), request.uri());
        match self.backend.other_page(uri.path(), uri.query()) {
            None => plain(method, StatusCode::NOT_FOUND, NOT_FOUND),
            Some(_) if !matches!(*method, Method::GET | Method::HEAD) => {
                method_not_allowed(method, "GET, HEAD")
            }
            Some(page) => whole(method, StatusCode::OK, page.content_type, page.text.into()),
        }
    }

    async fn metrics<B>(&self, request: &Request<B>, peer: &Peer) -> Response<Body> {
        let headers = request.headers();
        let format = exposition::negotiate(joined(headers, &header::ACCEPT).as_deref());
        let encoding =
            content_encoding::negotiate(joined(headers, &header::ACCEPT_ENCODING).as_deref());
        let body = if request.method() == Method::HEAD {
            Body::empty()
        } else {
            let Some(line) = Line::enter(self) else {
                return busy("too many scrapes at once; try again\n");
            };
            // The semaphore is never closed; without a permit the scrape just runs.
            let permit = self.scrapes.clone().acquire_owned().await.ok();
            drop(line);
            let scraper = headers.contains_key(SCRAPE_TIMEOUT).then(|| Scraper {
                address: peer.address.to_canonical(),
                connection: peer.connection.clone(),
            });
            let pieces = self.backend.scrape(Scrape { format, scraper }).await;
            match Body::streamed(pieces, encoding, permit) {
                Ok(body) => body,
                Err(error) => return failed(&error),
            }
        };
        let mut response = response(StatusCode::OK, format.content_type(), body);
        let headers = response.headers_mut();
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Encoding"),
        );
        if let Some(name) = Encoding::name(encoding) {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }

    async fn reload(&self, method: &Method, headers: &HeaderMap) -> Response<Body> {
        if *method != Method::POST {
            return method_not_allowed(method, "POST");
        }
        if !self.access.lifecycle {
            return plain(method, StatusCode::FORBIDDEN, NO_LIFECYCLE);
        }
        if is_of_another_site(headers) {
            return plain(method, StatusCode::FORBIDDEN, OTHER_SITE);
        }
        let mut last = self.reloading.lock().await;
        if !last.take_turn(Instant::now()) {
            let text = "too many reloads at once; try again\n";
            return retry_later(StatusCode::TOO_MANY_REQUESTS, text);
        }
        let backend = Arc::clone(&self.backend);
        let (status, text) = match tokio::task::spawn_blocking(move || backend.reload()).await {
            Ok(Reloaded::Done(text)) => (StatusCode::OK, text),
            Ok(Reloaded::Wrong(text)) => (StatusCode::UNPROCESSABLE_ENTITY, text),
            Err(error) => {
                tracing::error!(%error, "a reload failed; this is a mistake in logmetrics");
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                return plain(method, status, "the reload failed\n");
            }
        };
        whole(method, status, PLAIN, text.into())
    }

    fn unauthorized(&self, method: &Method) -> Response<Body> {
        let status = StatusCode::UNAUTHORIZED;
        let text = "a password or token is missing or wrong; /healthz and /readyz need none\n";
        let mut response = plain(method, status, text);
        for challenge in self.access.auth.challenges() {
            response
                .headers_mut()
                .append(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn status_page(&self, method: &Method) -> Response<Body> {
        let mut response = whole(
            method,
            StatusCode::OK,
            HTML,
            self.backend.status_page().into(),
        );
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(PAGE_POLICY),
        );
        headers.insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        );
        response
    }
}

/// When the last reloads began.
#[derive(Default)]
struct RecentReloads([Option<Instant>; RELOADS_PER_SECOND]);

impl RecentReloads {
    /// Whether another may begin now.
    fn take_turn(&mut self, now: Instant) -> bool {
        let is_over = |began: &Instant| now.duration_since(*began) >= Duration::from_secs(1);
        let free = (self.0.iter_mut()).find(|began| began.as_ref().is_none_or(is_over));
        match free {
            Some(began) => *began = Some(now),
            None => return false,
        }
        true
    }
}

/// Whether a browser sends this for a page that is not this server's. Other clients send no `Origin`.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok();
    let authority = origin.and_then(|origin| origin.split_once("://"));
    authority.is_none_or(|(_, authority)| host != Some(authority))
}

/// A place in the line of scrapes, held while waiting for a permit.
struct Line<'a>(&'a AtomicUsize);

impl<'a> Line<'a> {
    /// None where the line is full: as many wait as may, and none could run at once.
    fn enter(routes: &'a Routes) -> Option<Self> {
        let before = routes.waiting.fetch_add(1, Ordering::Relaxed);
        let line = Line(&routes.waiting);
        (before < routes.waiting_max || routes.scrapes.available_permits() > 0).then_some(line)
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All lines of one header as one list (RFC 9110, 5.3). Lines that are no text are left out.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut lines = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut all = lines.next()?.to_owned();
    for line in lines {
        all.push(',');
        all.push_str(line);
    }
    Some(all)
}

fn response(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A response whose length is known; for HEAD the length alone.
fn whole(
    method: &Method,
    status: StatusCode,
    content_type: &'static str,
    bytes: Bytes,
) -> Response<Body> {
    let length = HeaderValue::from(bytes.len());
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        Body::Whole(bytes)
    };
    let mut response = response(status, content_type, body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

fn plain(method: &Method, status: StatusCode, text: &'static str) -> Response<Body> {
    whole(method, status, PLAIN, Bytes::from_static(text.as_bytes()))
}

fn method_not_allowed(method: &Method, allowed: &'static str) -> Response<Body> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let text = match allowed {
        "POST" => "only POST is answered here\n",
        _ => "only GET and HEAD are answered here\n",
    };
    let mut response = plain(method, status, text);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

fn favicon() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=86400"),
    );
    response
}

fn busy(text: &'static str) -> Response<Body> {
    retry_later(StatusCode::SERVICE_UNAVAILABLE, text)
}

fn retry_later(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = plain(&Method::GET, status, text);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn failed(error: &std::io::Error) -> Response<Body> {
    tracing::error!(%error, "cannot compress a scrape");
    plain(
        &Method::GET,
        StatusCode::INTERNAL_SERVER_ERROR,
        "cannot compress the metrics\n",
    )
}

#[cfg(test)]
mod tests;
