//! A stream that knows when bytes last moved on it, those too that were written and are still on their way.
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::{Net, Stream};
use crate::recording::Time;
use crate::services::ahead::Ahead;

/// RFC 9113 §3.4: what a client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Whether the other end begins as HTTP/2 does. Waits for no more than is needed to know.
pub(super) async fn begins_http2(stream: &mut Ahead<impl AsyncRead + Unpin>) -> io::Result<bool> {
    while stream.seen().len() < PREFACE.len() && PREFACE.starts_with(stream.seen()) {
        if stream.look(PREFACE.len() - stream.seen().len()).await? == 0 {
            break;
        }
    }
    Ok(stream.seen().starts_with(PREFACE))
}

/// A stream under a server's connection.
pub(super) struct Watched<N, S> {
    net: N,
    stream: Rc<RefCell<Ahead<S>>>,
    moved: Rc<Cell<Time>>,
}

/// Who watches a stream that is in other hands.
pub(super) struct Watch<N, S> {
    net: N,
    stream: Rc<RefCell<Ahead<S>>>,
    moved: Rc<Cell<Time>>,
    /// What the socket held at the last look.
    held: Cell<u32>,
}

/// A stream, and who watches it.
pub(super) fn watched<N: Net, S>(net: &N, stream: Ahead<S>) -> (Watched<N, S>, Watch<N, S>) {
    let (stream, moved) = (Rc::new(RefCell::new(stream)), Rc::new(Cell::new(net.now())));
    let watch = Watch { net: net.clone(), stream: Rc::clone(&stream), moved: Rc::clone(&moved), held: Cell::new(0) };
    (Watched { net: net.clone(), stream, moved }, watch)
}

impl<N: Net, S: Stream> Watch<N, S> {
    /// When a byte last moved, as far as calls and looks have shown.
    pub(super) fn moved(&self) -> Time {
        self.moved.get()
    }

    /// Looks at what the socket still holds for the other end. Where that is another amount than at the last look, the other end
    /// takes what was written: bytes move, although no call says so. A system that does not tell holds nothing.
    pub(super) fn look(&self) {
        let held = self.stream.borrow().get_ref().info().ok().and_then(|it| it.send_queue).unwrap_or(0);
        if self.held.replace(held) != held {
            self.moved.set(self.net.now());
        }
    }
}

impl<N: Net, S> Watched<N, S> {
    /// Does something at the stream; bytes moved where it comes to an end.
    fn at<T>(&self, does: impl FnOnce(Pin<&mut Ahead<S>>) -> Poll<T>) -> Poll<T>
    where
        S: Unpin,
    {
        let polled = does(Pin::new(&mut *self.stream.borrow_mut()));
        if polled.is_ready() {
            self.moved.set(self.net.now());
        }
        polled
    }
}

impl<N: Net, S: AsyncRead + Unpin> AsyncRead for Watched<N, S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.at(|it| it.poll_read(cx, buffer))
    }
}

impl<N: Net, S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<N, S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.at(|it| it.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(cx)
    }
}

impl<N: Net, S> Unpin for Watched<N, S> {}
