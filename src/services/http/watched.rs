//! A stream that knows when bytes last moved on it, and whether HTTP/2 begins on it.
use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::Net;
use crate::recording::Time;
use crate::services::ahead::Ahead;

/// RFC 9113 §3.4: what a client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream under a server's connection.
pub(super) struct Watched<N, S> {
    net: N,
    stream: Ahead<S>,
    moved: Rc<Cell<Time>>,
}

impl<N: Net, S: AsyncRead + Unpin> Watched<N, S> {
    pub(super) fn new(net: &N, stream: S) -> Self {
        Self { net: net.clone(), stream: Ahead::new(stream), moved: Rc::new(Cell::new(net.now())) }
    }

    /// When a byte last moved, kept up to date.
    pub(super) fn moved(&self) -> Rc<Cell<Time>> {
        Rc::clone(&self.moved)
    }

    /// Whether the other end begins as HTTP/2 does. Waits for no more than is needed to know.
    pub(super) async fn begins_http2(&mut self) -> io::Result<bool> {
        while self.stream.seen().len() < PREFACE.len() && PREFACE.starts_with(self.stream.seen()) {
            if self.stream.look(PREFACE.len() - self.stream.seen().len()).await? == 0 {
                break;
            }
        }
        Ok(self.stream.seen().starts_with(PREFACE))
    }

    fn touch(&self) {
        self.moved.set(self.net.now());
    }
}

impl<N: Net, S: AsyncRead + Unpin> AsyncRead for Watched<N, S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            self.touch();
        }
        polled
    }
}

impl<N: Net, S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<N, S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if polled.is_ready() {
            self.touch();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<N: Net, S> Unpin for Watched<N, S> {}
