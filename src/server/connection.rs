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

use super::Limits;
use super::body::Body;
use super::connections::{Connection, Permit};
use super::routes::Routes;

/// Most of a response that is buffered before the other side takes it.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Serves one connection until it ends, breaks a limit, or is asked to leave.
pub async fn run<S>(stream: S, peer: IpAddr, ticket: Permit, routes: Arc<Routes>, limits: &Limits)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seat = ticket.seat.clone();
    let service = service_fn(|request: Request<Incoming>| {
        let (routes, running) = (routes.clone(), Running::start(seat.clone()));
        async move {
            let response = routes.answer(&request, peer).await;
            running.seat.progress().response = Some(Instant::now());
            Ok::<_, io::Error>(response.map(|body| Counted {
                body,
                _running: running,
            }))
        }
    });
    let watched = Watched {
        stream,
        seat: ticket.seat.clone(),
    };
    let mut connection = pin!(builder(limits).serve_connection(TokioIo::new(watched), service));

    let mut leave = pin!(ticket.seat.leave.notified());
    let mut leaving = false;
    let mut alarm = pin!(tokio::time::sleep(limits.head_timeout));
    let end = std::future::poll_fn(|context| {
        // Before anybody is sent away, what has arrived is read: a request then counts as running.
        if let Poll::Ready(result) = connection.as_mut().poll(context) {
            return Poll::Ready(End::Closed(result));
        }
        if !leaving && leave.as_mut().poll(context).is_ready() {
            leaving = true;
            connection.as_mut().graceful_shutdown();
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                return Poll::Ready(End::Closed(result));
            }
        }
        let progress = *ticket.seat.progress();
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
        End::Closed(Err(error)) => tracing::debug!(%peer, %error, "a connection broke"),
        End::Late(true) => tracing::debug!(%peer, "a connection sent no request in time"),
        End::Late(false) => tracing::debug!(%peer, "a response was not taken in time"),
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
struct Running {
    seat: Arc<Connection>,
}

impl Running {
    fn start(seat: Arc<Connection>) -> Self {
        let mut progress = seat.progress();
        progress.waiting = None;
        progress.head = None;
        progress.response = None;
        drop(progress);
        Self { seat }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.seat.progress().waiting = Some(Instant::now());
    }
}

/// A body whose end is the end of its [`Running`].
struct Counted {
    body: Body,
    _running: Running,
}

impl http_body::Body for Counted {
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

/// A stream that writes down when a request begins to arrive and when writing stands still.
struct Watched<S> {
    stream: S,
    seat: Arc<Connection>,
}

impl<S> Watched<S> {
    fn note_write<T>(&self, result: &Poll<io::Result<T>>) {
        let mut progress = self.seat.progress();
        match result {
            Poll::Ready(_) => progress.blocked = None,
            Poll::Pending => {
                progress.blocked.get_or_insert_with(Instant::now);
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            let mut progress = self.seat.progress();
            if progress.waiting.is_some() {
                progress.head.get_or_insert_with(Instant::now);
            }
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
