//! A server's connection that takes early data: it can be read, and answered, before the handshake is over (RFC 8446 §2.3).
//!
//! tokio-rustls finishes the handshake first, and the round trip that early data saves is lost; so rustls is driven here.
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection of a server that takes early data.
pub(super) struct Early<S> {
    stream: S,
    session: ServerConnection,
    /// Whether early data came and was taken.
    taken: bool,
}

impl<S> Early<S> {
    pub(super) const fn get_ref(&self) -> (&S, &ServerConnection) {
        (&self.stream, &self.session)
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }

    pub(super) const fn is_taken(&self) -> bool {
        self.taken
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Early<S> {
    /// Shakes hands until there is early data, or to the end; gives the stream back where that fails.
    pub(super) async fn accept(config: Arc<ServerConfig>, stream: S) -> Result<Self, (io::Error, S)> {
        let session = match ServerConnection::new(config) {
            Ok(session) => session,
            Err(error) => return Err((io::Error::other(error), stream)),
        };
        let mut own = Self { stream, session, taken: false };
        match poll_fn(|cx| own.poll_handshake(cx)).await {
            Ok(()) => Ok(own),
            Err(error) => Err((error, own.stream)),
        }
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let sent = self.poll_send(cx)?;
            self.taken |= self.session.early_data().is_some();
            if self.taken || (!self.session.is_handshaking() && sent.is_ready()) {
                return Poll::Ready(Ok(()));
            }
            if !self.session.is_handshaking() {
                ready!(sent);
            } else if ready!(self.poll_take(cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Sends all that is ready to go.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.session.wants_write() {
            let mut adapter = Adapter { stream: &mut self.stream, cx };
            match self.session.write_tls(&mut adapter) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// Takes what has come; 0 is the end.
    fn poll_take(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut adapter = Adapter { stream: &mut self.stream, cx };
        let taken = match self.session.read_tls(&mut adapter) {
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        };
        if let Err(error) = self.session.process_new_packets() {
            // The alert that says why is worth the try.
            let _ = self.poll_send(cx);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        Poll::Ready(Ok(taken))
    }

    /// What is there to be read: early data first. `None` when nothing is.
    fn taken(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if let Some(mut early) = self.session.early_data()
            && let length @ 1.. = early.read(buffer)?
        {
            return Ok(Some(length));
        }
        match self.session.reader().read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Early<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(length) = self.taken(buffer.initialize_unfilled())? {
                buffer.advance(length);
                return Poll::Ready(Ok(()));
            }
            // What could not be sent now goes out with the next call: it must not keep what has come.
            let _ = self.poll_send(cx)?;
            if ready!(self.poll_take(cx))? == 0 {
                let broken = self.session.is_handshaking();
                return Poll::Ready(if broken { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) });
            }
            let _ = self.poll_send(cx)?;
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Early<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = self.poll_send(cx)?;
        let length = self.session.writer().write(bytes)?;
        // rustls keeps up to its limit; once that is full, what is kept has to go first.
        if length == 0 && !bytes.is_empty() {
            ready!(sent);
        }
        let _ = self.poll_send(cx)?;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.writer().flush()?;
        self.poll_send(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.send_close_notify();
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A stream as rustls reads and writes it: what has to wait is `WouldBlock`, and wakes the task.
struct Adapter<'a, 'b, S> {
    stream: &'a mut S,
    cx: &'a mut Context<'b>,
}

fn blocking<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(it) => it,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<S: AsyncRead + Unpin> Read for Adapter<'_, '_, S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(bytes);
        blocking(Pin::new(&mut *self.stream).poll_read(self.cx, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Adapter<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.stream).poll_write(self.cx, bytes))
    }

    fn write_vectored(&mut self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.stream).poll_write_vectored(self.cx, buffers))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
