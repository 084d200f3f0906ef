//! One connection from its first byte to its end: HTTP/1 by hyper, and the deadlines that hyper
//! leaves to others. Knows no routes and no other connection.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::body::Body;
use super::connection_limit::{Connection, Permit};
use super::routes::Routes;
use super::{Limits, Peer};

/// Most of a response that is buffered before the other side takes it.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Serves one connection until it ends, breaks a limit, or is asked to leave.
pub async fn run<S>(
    stream: S,
    address: IpAddr,
    permit: Permit,
    routes: Arc<Routes>,
    limits: &Limits,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = permit.connection.clone();
    let is_open = Arc::new(());
    let peer = Peer {
        address,
        connection: Arc::downgrade(&is_open),
    };
    let service = service_fn(|request: Request<Incoming>| {
        let (routes, peer) = (routes.clone(), peer.clone());
        let running = RunningRequest::start(connection.clone());
        async move {
            let response = routes.answer(&request, &peer).await;
            running.connection.progress().response = Some(Instant::now());
            Ok::<_, io::Error>(response.map(|body| CountedBody {
                body,
                _running: running,
            }))
        }
    });
    let watched = WatchedStream {
        stream,
        connection: permit.connection.clone(),
    };
    let mut served = pin!(builder(limits).serve_connection(TokioIo::new(watched), service));

    let mut leave = pin!(permit.connection.leave.notified());
    let mut leaving = false;
    let mut alarm = pin!(tokio::time::sleep(limits.head_timeout));
    let end = std::future::poll_fn(|context| {
        // Before anybody is sent away, what has arrived is read: a request then counts as running.
        if let Poll::Ready(result) = served.as_mut().poll(context) {
            return Poll::Ready(End::Closed(result));
        }
        if !leaving && leave.as_mut().poll(context).is_ready() {
            leaving = true;
            served.as_mut().graceful_shutdown();
            if let Poll::Ready(result) = served.as_mut().poll(context) {
                return Poll::Ready(End::Closed(result));
            }
        }
        let progress = *permit.connection.progress();
        if leaving && progress.is_waiting() {
            return Poll::Ready(End::Left);
        }
        if let Some(deadline) = progress.deadline(limits) {
            if alarm.deadline() != deadline {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(context));
            return Poll::Ready(End::Late(progress.is_waiting()));
        }
        Poll::Pending
    });
    match end.await {
        End::Closed(Ok(())) | End::Left => {}
        End::Closed(Err(error)) => tracing::debug!(peer = %address, %error, "a connection broke"),
        End::Late(true) => tracing::debug!(peer = %address, "a connection sent no request in time"),
        End::Late(false) => tracing::debug!(peer = %address, "a response was not taken in time"),
    }
}

/// How a connection ended.
enum End {
    /// By itself.
    Closed(hyper::Result<()>),
    /// It was asked to leave and had nothing running.
    Left,
    /// At a deadline; whether that was one for the request.
    Late(bool),
}

fn builder(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_bytes_max)
        .max_buf_size(BUFFER_BYTES_MAX)
        // Kept here instead: hyper's own counts the time between two requests as well.
        .header_read_timeout(None);
    builder
}

/// The time from a request's head to its response's last byte.
struct RunningRequest {
    connection: Arc<Connection>,
}

impl RunningRequest {
    fn start(connection: Arc<Connection>) -> Self {
        let mut progress = connection.progress();
        progress.waiting = None;
        progress.head = None;
        progress.response = None;
        drop(progress);
        Self { connection }
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.connection.progress().waiting = Some(Instant::now());
    }
}

/// A body whose end is the end of its [`RunningRequest`].
struct CountedBody {
    body: Body,
    _running: RunningRequest,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that writes down when a request begins to arrive and when nothing is written any more.
struct WatchedStream<S> {
    stream: S,
    connection: Arc<Connection>,
}

impl<S> WatchedStream<S> {
    fn note_write<T>(&self, result: &Poll<io::Result<T>>) {
        let mut progress = self.connection.progress();
        match result {
            Poll::Ready(_) => progress.blocked = None,
            Poll::Pending => {
                progress.blocked.get_or_insert_with(Instant::now);
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            let mut progress = self.connection.progress();
            if progress.waiting.is_some() {
                progress.head.get_or_insert_with(Instant::now);
            }
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note_write(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note_write(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS takes what is written and may keep it; only the flush tells that nobody takes it.
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.note_write(&result);
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
