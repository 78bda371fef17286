//! A TCP connection of this machine whose calls are written down as they begin and return.
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::LiveNet;
use crate::lab::errno;
use crate::net::host::HostStream;
use crate::net::{Net, Stream, TcpInfo};

/// A socket call that has not returned. Dropping it writes down that the program gave it up.
pub(super) struct Call {
    net: LiveNet,
    number: Option<u64>,
    /// What is written down: a call that makes a socket learns its number only when it returns.
    pub(super) text: String,
}

impl Call {
    pub(super) fn begin(net: LiveNet, text: String) -> Self {
        let number = net.shared.log.borrow_mut().begin(net.now(), net.node, &text);
        Self { net, number: Some(number), text }
    }

    pub(super) fn end<T>(self, outcome: &io::Result<T>, result: impl FnOnce(&T) -> String) {
        match outcome {
            Ok(value) => self.returned(format!("= {}", result(value))),
            Err(error) => self.returned(format!("= -1 {}", errno(error))),
        }
    }

    fn returned(mut self, result: String) {
        if let Some(number) = self.number.take() {
            let now = self.net.now();
            self.net.shared.log.borrow_mut().returned(now, number, std::mem::take(&mut self.text), result);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            let (now, text) = (self.net.now(), std::mem::take(&mut self.text));
            self.net.shared.log.borrow_mut().returned(now, number, text, "given up by the program".to_owned());
        }
    }
}

/// A TCP connection of this machine, in a live run.
pub struct LiveStream {
    net: LiveNet,
    /// `None` once it is closed.
    inner: Option<HostStream>,
    fd: i32,
    /// Calls that wait.
    reading: Option<Call>,
    writing: Option<Call>,
    shut: bool,
}

impl LiveStream {
    pub(super) fn new(net: LiveNet, inner: HostStream) -> Self {
        let fd = inner.as_raw_fd();
        Self { net, inner: Some(inner), fd, reading: None, writing: None, shut: false }
    }

    fn inner(&self) -> &HostStream {
        self.inner.as_ref().expect("only a drop and an abort take it, and both end this stream")
    }

    fn socket(&mut self) -> Pin<&mut HostStream> {
        Pin::new(self.inner.as_mut().expect("only a drop and an abort take it, and both end this stream"))
    }

    fn close(&mut self, how: &str, close: impl FnOnce(HostStream)) {
        let Some(inner) = self.inner.take() else { return };
        (self.reading, self.writing) = (None, None);
        let call = self.net.begin(format!("close(fd {}){how}", self.fd));
        close(inner);
        call.end(&Ok(()), |()| "0".to_owned());
        self.net.shared.sample(self.net.now());
    }
}

impl Stream for LiveStream {
    fn local(&self) -> io::Result<SocketAddr> {
        self.inner().local()
    }

    fn peer(&self) -> io::Result<SocketAddr> {
        self.inner().peer()
    }

    fn info(&self) -> io::Result<TcpInfo> {
        self.inner().info()
    }

    fn abort(mut self) {
        self.close(" with SO_LINGER 0", Stream::abort);
    }
}

impl Drop for LiveStream {
    fn drop(&mut self) {
        self.close("", drop);
    }
}

impl AsyncRead for LiveStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (fd, room, before) = (self.fd, buffer.remaining(), buffer.filled().len());
        let waiting = self.reading.take();
        let call = waiting.unwrap_or_else(|| self.net.begin(format!("recv(fd {fd}, {room})")));
        let Poll::Ready(outcome) = self.socket().poll_read(cx, buffer) else {
            self.reading = Some(call);
            return Poll::Pending;
        };
        call.end(&outcome, |()| match buffer.filled().len() - before {
            0 if room > 0 => "0 (end of stream)".to_owned(),
            bytes => bytes.to_string(),
        });
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for LiveStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (waiting, fd) = (self.writing.take(), self.fd);
        let length: usize = buffers.iter().map(|it| it.len()).sum();
        let call = waiting.unwrap_or_else(|| self.net.begin(format!("send(fd {fd}, {length} bytes)")));
        let Poll::Ready(outcome) = self.socket().poll_write_vectored(cx, buffers) else {
            self.writing = Some(call);
            return Poll::Pending;
        };
        call.end(&outcome, ToString::to_string);
        Poll::Ready(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.shut, true) {
            return Poll::Ready(Ok(()));
        }
        let call = self.net.begin(format!("shutdown(fd {}, SHUT_WR)", self.fd));
        let Poll::Ready(outcome) = self.socket().poll_shutdown(cx) else {
            // A socket's shutdown does not wait.
            self.shut = false;
            return Poll::Pending;
        };
        call.end(&outcome, |()| "0".to_owned());
        self.net.shared.sample(self.net.now());
        Poll::Ready(outcome)
    }
}
